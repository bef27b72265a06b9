//! A syscall router: one BPF program on `sys_enter` tail-calls the handler that a TOML file wires
//! to the syscall's number, and what the handlers see goes to the journal.
//!
//! The stages, in the order in which data passes them:
//! `config -> plan -> load -> table | ring -> decode -> pipeline -> output`.
//! Nothing flows backwards; a reload enters again at `config` and ends after `table`.

pub mod bpf;
pub mod cli;
pub mod clock;
pub mod config;
pub mod daemon;
pub mod decode;
pub mod error;
pub mod exclude;
pub mod filter;
pub mod handlers;
pub mod journald;
pub mod load;
pub mod lock;
pub mod log;
pub mod output;
pub mod pipeline;
pub mod plan;
pub mod ring;
pub mod rpc;
pub mod stats;
pub mod table;
pub mod units;
pub mod unseen;
pub mod watch;
