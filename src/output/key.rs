//! The one table of names: what each field is called in the journal, and in JSON. No other place
//! spells a field's name, so the two outputs cannot differ. `docs/events.md` explains each.

/// A field of a record.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Name<'a> {
    /// One of the table.
    Key(Key),
    /// An argument: `SYSCALL_ARG_<NAME>`, or `<name>` in the object `args`. It comes from a
    /// handler's declaration or is the argument's position; never from a process.
    Arg(&'a str),
}

impl From<Key> for Name<'_> {
    fn from(key: Key) -> Self {
        Self::Key(key)
    }
}

/// Prefix of the name of an argument in the journal.
pub const ARG_PREFIX: &str = "SYSCALL_ARG_";

/// The object of the arguments in JSON.
pub const ARGS: &str = "args";

/// A line a field: its name here, in the journal, in JSON. An empty name: not in that output.
macro_rules! keys {
    ($($key:ident $journal:literal $json:literal)*) => {
        /// The fields whose names are fixed.
        #[derive(Debug, Clone, Copy, PartialEq, Eq)]
        #[allow(missing_docs)] // docs/events.md says what each is; a test compares the two
        pub enum Key { $($key,)* }

        impl Key {
            /// All, in the order of the table.
            pub const ALL: &'static [Self] = &[$(Self::$key,)*];

            /// The journal's name; empty where the journal has no such field.
            pub const fn journal(self) -> &'static str {
                match self { $(Self::$key => $journal,)* }
            }

            /// JSON's key; empty where JSON has no such field.
            pub const fn json(self) -> &'static str {
                match self { $(Self::$key => $json,)* }
            }
        }
    };
}

keys! {
    Schema        ""                         "schema"
    Record        ""                         "record"
    Message       "MESSAGE"                  "message"
    MessageId     "MESSAGE_ID"               "message_id"
    Priority      "PRIORITY"                 "priority"
    Identifier    "SYSLOG_IDENTIFIER"        ""
    Time          "SYSCALL_TIME"             "time"
    Generation    "SYSCALL_GENERATION"       "generation"
    Unit          "OBJECT_SYSTEMD_UNIT"      "unit"
    UserUnit      "OBJECT_SYSTEMD_USER_UNIT" "user_unit"
    Syscall       "SYSCALL_NAME"             "syscall"
    Call          "SYSCALL_CALL"             "call"
    Nr            "SYSCALL_NR"               "nr"
    Abi           "SYSCALL_ABI"              "abi"
    Handler       "SYSCALL_HANDLER"          "handler"
    BoottimeNs    "SYSCALL_BOOTTIME_NS"      "boottime_ns"
    Result        "SYSCALL_RESULT"           "result"
    Errno         "SYSCALL_ERRNO"            "errno"
    DurationNs    "SYSCALL_DURATION_NS"      "duration_ns"
    RunningNs     "SYSCALL_RUNNING_NS"       "running_ns"
    Suppressed    "SYSCALL_SUPPRESSED"       "suppressed"
    MayBeDuplicate "SYSCALL_MAY_BE_DUPLICATE" "may_be_duplicate"
    Pid           "SYSCALL_PID"              "pid"
    Tid           "SYSCALL_TID"              "tid"
    Ppid          "SYSCALL_PPID"             "ppid"
    Uid           "SYSCALL_UID"              "uid"
    Gid           "SYSCALL_GID"              "gid"
    Loginuid      "SYSCALL_LOGINUID"         "loginuid"
    Comm          "SYSCALL_COMM"             "comm"
    Cgroup        "SYSCALL_CGROUP"           "cgroup"
    CgroupId      "SYSCALL_CGROUP_ID"        "cgroup_id"
    ContainerId   "SYSCALL_CONTAINER_ID"     "container_id"
    ClaimedContainerId "SYSCALL_CLAIMED_CONTAINER_ID" "claimed_container_id"
    StartNs       "SYSCALL_START_BOOTTIME_NS" "start_boottime_ns"
    ExeDevice     "SYSCALL_EXE_DEVICE"       "exe_device"
    ExeInode      "SYSCALL_EXE_INODE"        "exe_inode"
    NsCgroup      "SYSCALL_NS_CGROUP"        "ns_cgroup"
    NsIpc         "SYSCALL_NS_IPC"           "ns_ipc"
    NsMnt         "SYSCALL_NS_MNT"           "ns_mnt"
    NsNet         "SYSCALL_NS_NET"           "ns_net"
    NsPid         "SYSCALL_NS_PID"           "ns_pid"
    NsUser        "SYSCALL_NS_USER"          "ns_user"
    NsUts         "SYSCALL_NS_UTS"           "ns_uts"
    Argv          "SYSCALL_ARGV"             "argv"
    Cmdline       "SYSCALL_CMDLINE"          ""
    Registers     "SYSCALL_REGISTERS"        "registers"
    Env           "SYSCALL_ENV"              "env"
    Truncated     "SYSCALL_TRUNCATED"        "truncated"
    Unreadable    "SYSCALL_UNREADABLE"       "unreadable"
    Redacted      "SYSCALL_REDACTED"         "redacted"
    Count         "TAILCALLD_COUNT"          "count"
    Cause         "TAILCALLD_CAUSE"          "cause"
    Overflow      "TAILCALLD_OVERFLOW"       "overflow"
    Example       "TAILCALLD_EXAMPLE"        "example"
    Unknown       "TAILCALLD_UNKNOWN"        "unknown"
    Failed        "TAILCALLD_FAILED"         "failed"
    Errors        "TAILCALLD_ERROR"          "errors"
    Latency       "TAILCALLD_LATENCY"        "latency"
    P50           "TAILCALLD_P50_NS"         "p50_ns"
    P90           "TAILCALLD_P90_NS"         "p90_ns"
    P99           "TAILCALLD_P99_NS"         "p99_ns"
    MaxNs         "TAILCALLD_MAX_NS"         "max_ns"
    Version       "TAILCALLD_VERSION"        "version"
    Kernel        "TAILCALLD_KERNEL"         "kernel"
    Attached      "TAILCALLD_ATTACHED"       "attached"
    AttachReason  "TAILCALLD_ATTACH_REASON"  "attach_reason"
    Routes        "TAILCALLD_ROUTES"         "routes"
    Added         "TAILCALLD_ADDED"          "added"
    Changed       "TAILCALLD_CHANGED"        "changed"
    Removed       "TAILCALLD_REMOVED"        "removed"
    UnattachedRoutes "TAILCALLD_UNATTACHED_ROUTE" "unattached_routes"
    ChangedRoutes "TAILCALLD_CHANGED_ROUTE"  "changed_routes"
    Faults        "TAILCALLD_FAULT"          "faults"
    Output        "TAILCALLD_OUTPUT"         "output"
    From          "TAILCALLD_FROM"           "from"
    To            "TAILCALLD_TO"             "to"
    Lost          "TAILCALLD_LOST"           "lost"
    Events        "TAILCALLD_EVENTS"         "events"
    Unread        "TAILCALLD_UNREAD"         "unread"
    Replaced      "TAILCALLD_REPLACED"       "replaced"
    BlindSpots    "TAILCALLD_BLIND_SPOT"     "blind_spots"
    Suppressions  "TAILCALLD_SUPPRESSION"    "suppressions"
    Level         "TAILCALLD_LEVEL"          "level"
    LevelBefore   "TAILCALLD_LEVEL_BEFORE"   "level_before"
    MaxRecords    "TAILCALLD_MAX_PER_SECOND" "max_per_second"
    MaxBytes      "TAILCALLD_MAX_BYTES_PER_SECOND" "max_bytes_per_second"
    Written       "TAILCALLD_WRITTEN"        "written"
    Aggregated    "TAILCALLD_AGGREGATED"     "aggregated"
    Dropped       "TAILCALLD_DROPPED"        "dropped"
    Burst         "TAILCALLD_BURST"          "burst"
    IntervalNs    "TAILCALLD_INTERVAL_NS"    "interval_ns"
    Missed        "TAILCALLD_MISSED"         "missed"
    Misses        "TAILCALLD_MISSES"         "misses"
    UntrackedCgroups   "TAILCALLD_UNTRACKED_CGROUPS"   "untracked_cgroups"
    UntrackedProcesses "TAILCALLD_UNTRACKED_PROCESSES" "untracked_processes"
    Sysctl        "TAILCALLD_SYSCTL"         "sysctl"
    Losses        "TAILCALLD_LOSS"           "losses"
    Reason        "TAILCALLD_REASON"         "reason"
    Totals        "TAILCALLD_TOTAL"          "totals"
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::{ARG_PREFIX, ARGS, Key};

    #[test]
    fn names_of_keys_are_valid_and_unique() {
        let journal: Vec<_> = Key::ALL.iter().map(|key| key.journal()).collect();
        let json: Vec<_> = Key::ALL.iter().map(|key| key.json()).collect();
        for name in journal.iter().filter(|name| !name.is_empty()) {
            assert!(name.len() <= 64, "{name}");
            assert!(name.starts_with(|c: char| c.is_ascii_uppercase()), "{name}");
            let valid = |b: u8| b.is_ascii_uppercase() || b.is_ascii_digit() || b == b'_';
            assert!(name.bytes().all(valid), "{name}");
            assert!(!name.starts_with(ARG_PREFIX), "an argument could be taken for {name}");
        }
        for names in [journal, json] {
            let named: Vec<_> = names.into_iter().filter(|name| !name.is_empty()).collect();
            assert_eq!(named.iter().collect::<BTreeSet<_>>().len(), named.len());
            assert!(!named.contains(&ARGS));
        }
    }
}
