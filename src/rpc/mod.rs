//! The interface of the control socket: its description, its types, and where it is. The protocol is
//! the crate `varlink_server`; the calls are answered by `daemon`.

mod interface;

use std::path::PathBuf;

use varlink_server::Service;

pub use interface::{
    CONSISTENT, Cpu, Fault, GapStatus, IN_RING, Imbalance, OutputStatus, PENDING, PER_CPU,
    RefusedReload, ReloadRefused, Reloaded, Route, RouteStats, Routes, Rule, Stats, Status,
    Unroutable,
};

/// The name of the interface, and of the socket.
pub const INTERFACE: &str = "io.tailcalld";

/// The daemon, as it describes itself to clients of the control socket.
pub const SERVICE: Service = Service {
    interface: INTERFACE,
    description: include_str!("io.tailcalld.varlink"),
    vendor: "tailcalld",
    product: "tailcalld",
    version: env!("CARGO_PKG_VERSION"),
    url: "man:tailcalld(8)",
};

/// Returns the runtime directory of the daemon: `$RUNTIME_DIRECTORY`, which systemd sets
/// (`RuntimeDirectory=`), or `/run/tailcalld`.
pub fn runtime_folder() -> PathBuf {
    std::env::var_os("RUNTIME_DIRECTORY").map_or_else(|| "/run/tailcalld".into(), PathBuf::from)
}

/// Returns the default path of the control socket.
pub fn default_socket() -> PathBuf {
    runtime_folder().join(INTERFACE)
}
