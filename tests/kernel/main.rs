//! The real object in the running kernel. Needs root; says so otherwise, and fails under `CI=true`.

mod args;
mod attach;
mod books;
mod contention;
mod count;
mod env;
mod exclude;
mod exec;
mod filter;
mod functions;
mod handlers;
mod inner;
mod limit;
mod memory;
mod numbers;
mod place;
mod process;
mod reload;
mod results;
mod rig;
#[path = "../common/root.rs"]
mod root;
mod timer;
mod wake;
