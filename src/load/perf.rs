//! Permission to open perf events. Classic tracepoints are attached through one; raw tracepoints and functions
//! are not.

use std::fs;
use std::io::{Error, ErrorKind};

use super::errors::has_sys_admin;
use crate::bpf;
use crate::error::Failure;

/// Sysctl that restricts perf events.
const PARANOID: &str = "/proc/sys/kernel/perf_event_paranoid";

/// Highest value at which `CAP_PERFMON` is sufficient. The kernel itself knows no higher one; Debian (3) and
/// Ubuntu (4) have patched one in, and made it the default.
const PERFMON_MAX: i64 = 2;

/// Cause of the refusal of perf events.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum PerfRefusal {
    /// Value of the sysctl that asks for a capability that this process lacks.
    Paranoid(i64),
    /// Denied by something else.
    Denied,
    /// No perf events in this kernel, with its error.
    Absent(String),
}

impl PerfRefusal {
    /// Opens a perf event and returns the cause where the kernel refuses it.
    pub fn probe() -> Option<Self> {
        let error = bpf::open_perf_event().err()?;
        let paranoid =
            fs::read_to_string(PARANOID).ok().and_then(|value| value.trim().parse().ok());
        Some(Self::of(&error, paranoid, has_sys_admin()))
    }

    fn of(error: &Error, paranoid: Option<i64>, has_sys_admin: bool) -> Self {
        match paranoid {
            _ if error.kind() != ErrorKind::PermissionDenied => Self::Absent(error.to_string()),
            Some(value) if value > PERFMON_MAX && !has_sys_admin => Self::Paranoid(value),
            _ => Self::Denied,
        }
    }

    /// Returns the cause as a clause.
    pub fn cause(&self) -> String {
        match self {
            Self::Paranoid(value) => format!(
                "kernel.perf_event_paranoid is {value}, at which this kernel requires CAP_SYS_ADMIN for perf events"
            ),
            Self::Denied => {
                "a seccomp filter or a security module denies perf_event_open".to_owned()
            }
            Self::Absent(error) => format!("this kernel has no perf events ({error})"),
        }
    }

    /// Returns the failure of what requires a perf event, with the cause and what can be done about it.
    pub fn failure(&self, action: &str, alternative: &str) -> Failure {
        let action = format!("failed to {action}, which requires a perf event: {}", self.cause());
        match self {
            Self::Paranoid(_) => Failure::Permission(format!(
                "{action}; run `sysctl kernel.perf_event_paranoid={PERFMON_MAX}`, or add CapabilityBoundingSet=CAP_SYS_ADMIN to the service with `systemctl edit tailcalld`, or {alternative}"
            )),
            Self::Denied => Failure::Permission(format!("{action}; allow it, or {alternative}")),
            Self::Absent(_) => Failure::Unavailable(format!("{action}; {alternative}")),
        }
    }
}

#[cfg(test)]
mod tests {
    use nix::libc::{EACCES, ENOENT, EPERM};

    use super::*;

    fn of(errno: i32, paranoid: Option<i64>, has_sys_admin: bool) -> PerfRefusal {
        PerfRefusal::of(&Error::from_raw_os_error(errno), paranoid, has_sys_admin)
    }

    #[test]
    fn cause_is_sysctl_only_above_two_and_without_sys_admin() {
        assert_eq!(of(EACCES, Some(3), false), PerfRefusal::Paranoid(3));
        assert_eq!(of(EPERM, Some(4), false), PerfRefusal::Paranoid(4));
        assert_eq!(of(EPERM, Some(4), true), PerfRefusal::Denied);
        assert_eq!(of(EPERM, Some(2), false), PerfRefusal::Denied);
        assert_eq!(of(EPERM, None, false), PerfRefusal::Denied);
        assert!(matches!(of(ENOENT, Some(3), false), PerfRefusal::Absent(_)));
    }

    #[test]
    fn failure_names_value_capability_and_three_ways_out() {
        let failure = PerfRefusal::Paranoid(3).failure("attach", "set attach = \"auto\"");
        let Failure::Permission(text) = failure else { panic!("not a lack of privileges") };
        for part in [
            "kernel.perf_event_paranoid is 3",
            "sysctl kernel.perf_event_paranoid=2",
            "CapabilityBoundingSet=CAP_SYS_ADMIN",
            "or set attach = \"auto\"",
        ] {
            assert!(text.contains(part), "{part}: {text}");
        }
    }

    #[test]
    fn failure_without_perf_events_is_unavailable() {
        let failure = PerfRefusal::Absent("no".to_owned()).failure("attach", "use another kernel");
        assert!(matches!(failure, Failure::Unavailable(_)), "{failure}");
    }
}
