//! The control socket: bytes of clients in, calls out; replies in, bytes out. It speaks Varlink: JSON
//! objects, each ended by a NUL. It never waits for a client, never keeps more for one than a call and
//! a reply, and knows nothing of what is called: `daemon::answers` does.

mod connection;
mod frames;
mod interface;
mod listener;
mod message;
mod server;
mod service;

use std::path::PathBuf;

pub use frames::{CALL_MAX, frame};
pub use interface::{
    Books, Cpu, Difference, Fault, OddNumbers, Output, Refused, RefusedReload, Reloaded, Route,
    Routes, Rule, Stats, Status,
};
pub use message::{Call, Parameters, Refusal, Reply, Response};
pub use server::{Client, Server};

/// The name of the interface, and of the socket.
pub const INTERFACE: &str = "io.tailcalld";

/// The interface, as clients are told it.
pub const DESCRIPTION: &str = include_str!("io.tailcalld.varlink");

/// Where the daemon keeps what lives as long as it does: `$RUNTIME_DIRECTORY`, which systemd sets
/// (`RuntimeDirectory=`), or `/run/tailcalld`.
pub fn runtime_folder() -> PathBuf {
    std::env::var_os("RUNTIME_DIRECTORY").map_or_else(|| "/run/tailcalld".into(), PathBuf::from)
}

/// Where the daemon listens if nobody says otherwise.
pub fn default_socket() -> PathBuf {
    runtime_folder().join(INTERFACE)
}
