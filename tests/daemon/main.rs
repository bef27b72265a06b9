//! End-to-end tests of the daemon's binary. They need root: without it each test prints that it is
//! skipped, and fails under `CI=true`. Run `cargo build --examples` first.
#![allow(clippy::unwrap_used)] // helpers of tests are tests

mod black_box;
mod builds;
mod control;
mod cost;
mod exe_sha256;
mod executions;
mod export;
mod faults;
mod fd_store;
mod filters;
mod gap;
#[path = "../common/handler_object.rs"]
mod handler_object;
mod handler_objects;
mod journal;
#[path = "../common/journald.rs"]
#[allow(dead_code)] // shared with tests/journal.rs
mod journald;
mod json;
mod kernel_objects;
mod kill;
mod kill_in_call;
mod known_calls;
mod lines_at_kill;
mod load;
mod long_cgroup_paths;
mod memory_group;
mod namespace;
mod notify;
mod novel;
mod number;
mod output;
mod pins;
mod probes;
mod process;
mod records;
mod redact;
mod reload;
mod results;
mod rig;
#[path = "../common/root.rs"]
mod root;
mod sandbox;
mod schemas;
mod self_test;
mod start;
mod starting;
mod trace;
mod untracked;
mod uring;
mod volume;
