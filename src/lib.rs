//! A syscall router: one BPF program on `sys_enter` tail-calls the handler that a TOML file wires
//! to the syscall's number, and what the handlers see goes to the journal.
//!
//! The stages, in the order in which data passes them:
//! `config -> plan -> load -> wire -> consume -> decode -> sink`.
//! Nothing flows backwards; a reload enters again at `config` and ends after `wire`.

pub mod books;
pub mod bpf;
pub mod budget;
pub mod cli;
pub mod clock;
pub mod config;
pub mod consume;
pub mod daemon;
pub mod decode;
pub mod exclude;
pub mod feedback;
pub mod filter;
pub mod gather;
pub mod handlers;
pub mod journald;
pub mod limit;
pub mod load;
pub mod lock;
pub mod log;
pub mod plan;
pub mod redact;
pub mod rpc;
pub mod sink;
pub mod units;
pub mod unseen;
pub mod watch;
pub mod wire;
