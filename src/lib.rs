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
//! | where | why | counters |
//! | --- | --- | --- |
//! | kernel | it did not run the dispatcher | `missed` |
//! | `bpf/sys_enter.bpf.c` | the number is in no table | `unroutable` |
//! | `bpf/route.h`, the prologue of every handler | the daemon or an excluded executable makes the call | `excluded_self`, `excluded_exe` |
//! | `bpf/filter.bpf.c`, where a route has rules | no rule selects the call, or its unit is excluded | `filtered`, `excluded_unit` |
//! | `bpf/admit.h`, before a handler captures | the unit is excluded, not sampled, known already, above the rate limit of its rule or of its user | `excluded_unit`, `sampled`, `known_at_entry`, `limited`, `limited_uid` |
//! | `bpf/handlers/count.bpf.c` | the handler only counts | `counted` |
//! | `bpf/emit.h`, after a handler has captured | the ring is full or busy, or there is no scratch memory | `lost_ring_full`, `lost_ring_busy`, `lost_scratch` |
//! | `bpf/emit.h`, `bpf/blackbox.h` | the event goes into a black box; there is none for its cgroup | `blackbox`, `lost_blackbox` |
//! | `bpf/chain.bpf.c` | a handler of the chain did not give the call back, or captured too much | `lost_handler`, `lost_handler_full` |
//! | `bpf/route.h`, `filter.bpf.c`, `argv.h` | a tail call failed, because the table changed meanwhile | `lost_reroute` |
//! | `bpf/pending.h`, `bpf/returns.h`; [`pipeline`], pending | no room to wait for the result: only that is lost | `results_lost` |
//! | [`decode`] | the bytes are no event that this version knows | `undecodable` |
//! | [`pipeline`], pending | the call returned a result that the rule does not ask for, or executed no program | `filtered_by_result` |
//! | [`pipeline::ratelimit`] | above the limit of a rule that chooses by result | `limited_by_result` |
//! | [`pipeline::novel`] | the subject has done this before, of a rule that records first times only | `known` |
//! | [`pipeline::shed`] | above the limits of the output: aggregated first, then dropped | `aggregated`, `lost_shed` |
//! | [`pipeline::writer`] | the output refuses the record for good | `lost_output` |
//! | [`pipeline`], at the stop | the output has not accepted the event | `lost_stop` |
//!
//! Aggregation ([`pipeline::aggregate`]) drops nothing: it writes one record for many events.
//! An output that is slow drops nothing by itself: the daemon stops reading the ring (backpressure),
//! and the ring becomes full.

// What every module may use.
/// Failures that have an exit code of their own.
pub mod error;

// From the configuration to the table in the kernel.
/// Memory shared with the BPF programs, and their generated types; the only `unsafe` code.
pub mod bpf;
/// Type information of the running kernel.
pub(crate) mod btf;
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
/// Names of probes in, their slots and arguments in the running kernel out.
pub mod probes;
/// Plan in, the live bank of the kernel's table out.
pub mod table;
pub mod temporary;

// From the kernel to the output.
/// Bytes of a record in, an event out.
pub mod decode;
/// Executables in, their SHA-256 out.
pub mod digest;
/// Record in, a journal entry, a JSON line, or a line of text out.
pub mod output;
/// Event in, a record, a part of an aggregate, or a count out.
pub mod pipeline;
/// Ring buffer in, one record after the other out.
pub mod ring;
/// Cgroup ids in, systemd units and containers out.
pub mod trace;
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
/// Descriptors that are kept for the next daemon.
pub mod fd_store;
/// Lock that allows one daemon per machine.
pub mod instance_lock;
/// journald: its rate limit for the unit of the daemon, and entries that it has stored.
pub mod journald;
/// Diagnostics of the daemon on standard error.
pub mod log;
/// Socket of the service manager.
pub mod notify_socket;
/// Pins in a bpf file system, where no service manager keeps descriptors.
pub mod pin_dir;
/// Varlink interface of the control socket.
pub mod rpc;
/// Capabilities and system calls that the daemon gives up once it has started.
pub mod sandbox;
/// Counters of the kernel and of the daemon, and the proof that they add up.
pub mod stats;
