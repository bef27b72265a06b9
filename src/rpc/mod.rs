//! The interface of the control socket: its description, its types, and where it is. The protocol is
//! the crate `varlink_server`; the calls are answered by `daemon`.

mod activity;
mod exposition;
mod interface;
mod metrics_file;

use std::ffi::OsStr;
use std::os::unix::ffi::OsStrExt as _;
use std::path::PathBuf;

use varlink_server::Service;

pub use activity::{Activity, NO_UNIT, OwnerActivity, OwnerCounts, Owners, RouteActivity};
pub use exposition::{Format, exposition};
pub use interface::{
    AddedRoute, BlackBox, BlackBoxes, CONFIG, CONSISTENT, Cpu, Dump, ENTRY, Fault, GapStatus,
    IN_RING, Imbalance, LONGEST_ROUTE, MILLISECONDS, NUMBER, OutputStatus, PENDING, PER_CPU,
    ProgramStatus, REASON, REASON_MAX, RefusedReload, ReloadRefused, Reloaded, Route, RouteStats,
    Routes, Rule, RunTime, SECONDS, SelfTests, Stats, Status, TemporaryRoute, TemporaryRoutes,
    Trial, Tried, UNIT, Unroutable,
};
pub use metrics_file::replace_metrics;

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

/// Returns the runtime directory of the daemon: the first of `$RUNTIME_DIRECTORY`, which systemd sets
/// (`RuntimeDirectory=`), or `/run/tailcalld`.
pub fn runtime_folder() -> PathBuf {
    folder("RUNTIME_DIRECTORY", "/run/tailcalld")
}

/// Returns the state directory of the daemon: the first of `$STATE_DIRECTORY`, which systemd sets (`StateDirectory=`), or
/// `/var/lib/tailcalld`.
pub fn state_folder() -> PathBuf {
    folder("STATE_DIRECTORY", "/var/lib/tailcalld")
}

fn folder(variable: &str, default: &str) -> PathBuf {
    let list = std::env::var_os(variable).unwrap_or_default();
    first_folder(list.as_bytes()).unwrap_or_else(|| default.into())
}

/// Returns the first of several directories with colons between them. A drop-in of the unit may add some.
fn first_folder(list: &[u8]) -> Option<PathBuf> {
    let first = list.split(|&byte| byte == b':').find(|folder| !folder.is_empty());
    first.map(|folder| OsStr::from_bytes(folder).into())
}

/// Returns the default path of the control socket.
pub fn default_socket() -> PathBuf {
    runtime_folder().join(INTERFACE)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn first_folder_of_list_is_taken() {
        for (list, first) in [
            ("", None),
            (":", None),
            ("/run/a", Some("/run/a")),
            ("/run/a:/run/b", Some("/run/a")),
            (":/run/a:/run/b:", Some("/run/a")),
        ] {
            assert_eq!(first_folder(list.as_bytes()), first.map(PathBuf::from), "{list}");
        }
    }
}
