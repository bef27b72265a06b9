//! Properties of everything that reads bytes of others, or writes them. Each body panics if its property does not hold.
//! `tests/fuzz` runs the bodies on mutated samples, `fuzz/` under libFuzzer.

mod config;
mod decode;
mod encoders;
pub mod event;
mod readers;
mod varlink;

pub use config::config;
pub use decode::decode;
pub use encoders::{journal, json};
pub use varlink::varlink;
