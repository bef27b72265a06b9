//! A syscall router: one BPF program on `sys_enter` tail-calls the handler that a TOML file assigns
//! to the number of the syscall, and what the handlers capture goes to the journal.
//!
//! # The way of an event
//!
//! The configuration goes through `config -> plan -> load -> table` into the kernel. There
//! `bpf/sys_enter.bpf.c` runs the handler that the table has for a call. The handler sends an event,
//! which goes through `ring -> decode -> pipeline -> output` into the journal. Nothing flows backwards;
//! a reload starts again at `config` and ends after `table`.
//!
//! # Where an event can be dropped
//!
//! In this order. Each place has a counter, which `tailcalld stats` prints ([`stats`]).
//!
//! | where | why |
//! | --- | --- |
//! | kernel | the dispatcher did not run: `missed` |
//! | `bpf/`, prologue of a handler | the call is excluded, filtered, not sampled, or above the rate limit of its route or user |
//! | `bpf/`, end of a handler | the ring is full, or the scratch memory of the CPU is in use: `lost` |
//! | [`decode`] | the bytes are no event that this version knows: `undecodable` |
//! | [`pipeline`], pending | the call ended with a result that the route does not ask for, or no memory was left to wait for it |
//! | [`pipeline`], rule lookup | the rule is of a generation of the table that is gone |
//! | [`pipeline::ratelimit`] | above the rate limit of a route that chooses by result |
//! | [`pipeline::aggregate`] | not dropped, but counted into one record of many events |
//! | [`pipeline::shed`] | the output is above its limits: aggregated, or dropped and counted in a `shed` record |
//! | [`output`] | the journal refuses the record, or the daemon stops before the record is written |
//!
//! An output that is slow drops nothing by itself: the daemon stops reading the ring (backpressure),
//! and the ring becomes full.

// What every module may use.
/// Failures that have an exit code of their own.
pub mod error;

// From the configuration to the table in the kernel.
/// Memory shared with the BPF programs, and their generated types; the only `unsafe` code.
pub mod bpf;
/// Command line, and the commands that read and print.
pub mod cli;
/// Configuration files in, the configuration and all of its faults out.
pub mod config;
/// Executables that are not recorded, as the kernel identifies them.
pub mod exclude;
/// Filters in, the instructions that the kernel runs out.
pub mod filter;
/// Handlers that the BPF object declares: names, syscalls, fields.
pub mod handlers;
/// BPF object in, programs loaded and attached out.
pub mod load;
/// Configuration in, the resolved table out: rules of each slot, and differences between tables.
pub mod plan;
/// Plan in, the live bank of the kernel's table out.
pub mod table;

// From the kernel to the output.
/// Bytes of a record in, an event out.
pub mod decode;
/// Record in, a journal entry, a JSON line, or a line of text out.
pub mod output;
/// Event in, a record, a part of an aggregate, or a count out.
pub mod pipeline;
/// Ring buffer in, one record after the other out.
pub mod ring;
/// Cgroup ids in, systemd units and containers out.
pub mod units;

// Around the stages.
/// Sentences about calls that no table can see.
pub mod blind_spots;
/// Wall-clock time of a boot time.
pub mod clock;
/// Changes of the configuration files.
pub mod config_watch;
/// Start, loop, reload, and stop; the only module that knows all stages.
pub mod daemon;
/// Lock that allows one daemon per machine.
pub mod instance_lock;
/// Rate limit that journald applies to the unit of the daemon.
pub mod journald;
/// Diagnostics of the daemon on standard error.
pub mod log;
/// Varlink interface of the control socket.
pub mod rpc;
/// Counters of the kernel and of the daemon, and the proof that they add up.
pub mod stats;
