//! The one table of names: what each field is called in the journal, and in JSON. No other place
//! spells a field's name, so the two outputs cannot differ. `docs/events.md` explains each.

use std::fmt;

/// A field of a record.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Name<'a> {
    /// One of the table.
    Key(Key),
    /// An argument: `SYSCALL_ARG=<name>=<value>`, or `<name>` in the object `args`. The name comes from a
    /// handler's declaration or is the argument's position; never from a process.
    Arg(&'a str),
}

impl From<Key> for Name<'_> {
    fn from(key: Key) -> Self {
        Self::Key(key)
    }
}

/// Field of all arguments in the journal: a name each would fill the table of names in journald's files, which has room
/// for some 250 (systemd 257) and makes journald begin a new file when it is full.
pub const ARG: &str = "SYSCALL_ARG";

/// The object of the arguments in JSON.
pub const ARGS: &str = "args";

/// Spelling of a field in the journal: `FIELD=value` or, where several share one field, `FIELD=label=value`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Spelling {
    /// Name of the field; empty if the journal has no such field.
    pub field: &'static str,
    /// Label in front of the value; empty if the field has no other values.
    pub label: &'static str,
}

impl Spelling {
    /// Splits `FIELD=label`.
    const fn parse(text: &'static str) -> Self {
        let bytes = text.as_bytes();
        let mut at = 0;
        while at < bytes.len() && bytes[at] != b'=' {
            at += 1;
        }
        let (field, label) = bytes.split_at(at);
        let label = if let [b'=', label @ ..] = label { label } else { label };
        match (std::str::from_utf8(field), std::str::from_utf8(label)) {
            (Ok(field), Ok(label)) => Self { field, label },
            _ => panic!("a name that is no text"),
        }
    }
}

impl fmt::Display for Spelling {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let separator = if self.label.is_empty() { "" } else { "=" };
        write!(f, "{}{separator}{}", self.field, self.label)
    }
}

/// A line a field: its name here, in the journal, in JSON. An empty name: not in that output. `FIELD=label` in the
/// journal: a field that others of the table share, see [`Spelling`].
macro_rules! keys {
    ($($key:ident $journal:literal $json:literal)*) => {
        /// The fields whose names are fixed.
        #[derive(Debug, Clone, Copy, PartialEq, Eq)]
        #[allow(missing_docs)] // docs/events.md says what each is; a test compares the two
        pub enum Key { $($key,)* }

        impl Key {
            /// All, in the order of the table.
            pub const ALL: &'static [Self] = &[$(Self::$key,)*];

            /// Returns the text in front of a value in the journal: `FIELD=` or `FIELD=label=`.
            #[inline(always)]
            pub const fn journal_line(self) -> &'static str {
                match self { $(Self::$key => concat!($journal, "="),)* }
            }

            /// Returns the spelling in the journal.
            #[inline(always)]
            pub const fn journal(self) -> Spelling {
                match self { $(Self::$key => const { Spelling::parse($journal) },)* }
            }

            /// JSON's key; empty where JSON has no such field.
            pub const fn json(self) -> &'static str {
                match self { $(Self::$key => $json,)* }
            }
        }
    };
}

keys! {
    Schema             ""                                         "schema"
    Record             ""                                         "record"
    Message            "MESSAGE"                                  "message"
    MessageId          "MESSAGE_ID"                               "message_id"
    Priority           "PRIORITY"                                 "priority"
    Identifier         "SYSLOG_IDENTIFIER"                        ""
    Time               "SYSCALL_TIME"                             "time"
    Generation         "SYSCALL_GENERATION"                       "generation"
    Unit               "OBJECT_SYSTEMD_UNIT"                      "unit"
    UserUnit           "OBJECT_SYSTEMD_USER_UNIT"                 "user_unit"
    Syscall            "SYSCALL_NAME"                             "syscall"
    Call               "SYSCALL_CALL"                             "call"
    Nr                 "SYSCALL_NR"                               "nr"
    Abi                "SYSCALL_ABI"                              "abi"
    Handler            "SYSCALL_HANDLER"                          "handler"
    Chain              ""                                         "chain"
    BoottimeNs         "SYSCALL_BOOTTIME_NS"                      "boottime_ns"
    Result             "SYSCALL_RESULT"                           "result"
    Errno              "SYSCALL_ERRNO"                            "errno"
    DurationNs         "SYSCALL_DURATION_NS"                      "duration_ns"
    RunningNs          "TAILCALLD_DETAIL=running_ns"              "running_ns"
    Suppressed         "SYSCALL_SUPPRESSED"                       "suppressed"
    MayBeDuplicate     "SYSCALL_MAY_BE_DUPLICATE"                 "may_be_duplicate"
    Novel              "TAILCALLD_DETAIL=novel"                   "novel"
    Blackbox           "TAILCALLD_DETAIL=blackbox"                "blackbox"
    Position           "TAILCALLD_DETAIL=position"                "position"
    Pid                "SYSCALL_PID"                              "pid"
    Tid                "SYSCALL_TID"                              "tid"
    Ppid               "SYSCALL_PPID"                             "ppid"
    Uid                "SYSCALL_UID"                              "uid"
    Gid                "SYSCALL_GID"                              "gid"
    Euid               "SYSCALL_EUID"                             "euid"
    Egid               "SYSCALL_EGID"                             "egid"
    Suid               "SYSCALL_CREDENTIAL=saved_uid"             "suid"
    Sgid               "SYSCALL_CREDENTIAL=saved_gid"             "sgid"
    Capabilities       "SYSCALL_CREDENTIAL=capability"            "capabilities"
    Loginuid           "SYSCALL_LOGINUID"                         "loginuid"
    Session            "SYSCALL_SESSION"                          "session"
    Tty                "SYSCALL_TTY"                              "tty"
    Comm               "SYSCALL_COMM"                             "comm"
    Cgroup             "SYSCALL_CGROUP"                           "cgroup"
    CgroupId           "SYSCALL_CGROUP_ID"                        "cgroup_id"
    ContainerId        "SYSCALL_CONTAINER_ID"                     "container_id"
    ClaimedContainerId "SYSCALL_CLAIMED_CONTAINER_ID"             "claimed_container_id"
    StartNs            ""                                         "start_boottime_ns"
    Process            "SYSCALL_PROCESS"                          "process"
    Parent             "SYSCALL_PARENT"                           "parent"
    Ancestors          ""                                         "ancestors"
    Ancestor           "SYSCALL_ANCESTOR"                         ""
    AncestorExe        "SYSCALL_ANCESTOR=executable_path"         ""
    Ancestry           "SYSCALL_ANCESTRY"                         ""
    ExeDevice          "SYSCALL_EXE_DEVICE"                       "exe_device"
    ExeInode           "SYSCALL_EXE_INODE"                        "exe_inode"
    Exe                "SYSCALL_EXE"                              "exe"
    ExeSha256          "SYSCALL_EXE_SHA256"                       "exe_sha256"
    Cwd                "SYSCALL_CWD"                              "cwd"
    Root               "SYSCALL_ROOT"                             "root"
    Path               "SYSCALL_PATH"                             "paths"
    NsCgroup           "SYSCALL_NS=cgroup"                        "ns_cgroup"
    NsIpc              "SYSCALL_NS=ipc"                           "ns_ipc"
    NsMnt              "SYSCALL_NS=mnt"                           "ns_mnt"
    NsNet              "SYSCALL_NS=net"                           "ns_net"
    NsPid              "SYSCALL_NS=pid"                           "ns_pid"
    NsUser             "SYSCALL_NS=user"                          "ns_user"
    NsUts              "SYSCALL_NS=uts"                           "ns_uts"
    Argv               "SYSCALL_ARGV"                             "argv"
    Cmdline            "SYSCALL_CMDLINE"                          ""
    Fds                ""                                         "fds"
    Registers          "SYSCALL_REGISTERS"                        "registers"
    Env                "SYSCALL_ENV"                              "env"
    Truncated          "SYSCALL_TRUNCATED"                        "truncated"
    Unreadable         "SYSCALL_UNREADABLE"                       "unreadable"
    Redacted           "SYSCALL_REDACTED"                         "redacted"
    Count              "TAILCALLD_DETAIL=count"                   "count"
    Cause              "TAILCALLD_CAUSE"                          "cause"
    Overflow           "TAILCALLD_DETAIL=overflow"                "overflow"
    Example            "TAILCALLD_DETAIL=example"                 "example"
    Unknown            "TAILCALLD_DETAIL=unknown"                 "unknown"
    Failed             "TAILCALLD_DETAIL=failed"                  "failed"
    Errors             "TAILCALLD_DETAIL=errors"                  "errors"
    Latency            "TAILCALLD_DETAIL=latency"                 "latency"
    P50                "TAILCALLD_DETAIL=p50_ns"                  "p50_ns"
    P90                "TAILCALLD_DETAIL=p90_ns"                  "p90_ns"
    P99                "TAILCALLD_DETAIL=p99_ns"                  "p99_ns"
    MaxNs              "TAILCALLD_DETAIL=max_ns"                  "max_ns"
    Version            "TAILCALLD_VERSION"                        "version"
    Kernel             "TAILCALLD_DETAIL=kernel"                  "kernel"
    Attached           "TAILCALLD_ATTACHED"                       "attached"
    AttachReason       "TAILCALLD_DETAIL=attach_reason"           "attach_reason"
    Routes             "TAILCALLD_DETAIL=routes"                  "routes"
    Added              "TAILCALLD_DETAIL=added"                   "added"
    Changed            "TAILCALLD_DETAIL=changed"                 "changed"
    Removed            "TAILCALLD_DETAIL=removed"                 "removed"
    UnattachedRoutes   "TAILCALLD_DETAIL=unattached_routes"       "unattached_routes"
    ChangedRoutes      "TAILCALLD_DETAIL=changed_routes"          "changed_routes"
    Faults             "TAILCALLD_FAULT"                          "faults"
    Output             "TAILCALLD_DETAIL=output"                  "output"
    From               "TAILCALLD_FROM"                           "from"
    To                 "TAILCALLD_TO"                             "to"
    Lost               "TAILCALLD_DETAIL=lost"                    "lost"
    Events             "TAILCALLD_DETAIL=events"                  "events"
    Unread             "TAILCALLD_DETAIL=unread"                  "unread"
    Replaced           "TAILCALLD_DETAIL=replaced"                "replaced"
    BlindSpots         "TAILCALLD_DETAIL=blind_spots"             "blind_spots"
    Suppressions       "TAILCALLD_SUPPRESSION"                    "suppressions"
    Level              "TAILCALLD_DETAIL=level"                   "level"
    LevelBefore        "TAILCALLD_DETAIL=level_before"            "level_before"
    MaxRecords         "TAILCALLD_DETAIL=max_per_second"          "max_per_second"
    MaxBytes           "TAILCALLD_DETAIL=max_bytes_per_second"    "max_bytes_per_second"
    Written            "TAILCALLD_DETAIL=written"                 "written"
    Filtered           "TAILCALLD_DETAIL=filtered"                "filtered"
    Overwritten        "TAILCALLD_DETAIL=overwritten"             "overwritten"
    Aggregated         "TAILCALLD_DETAIL=aggregated"              "aggregated"
    Dropped            "TAILCALLD_DETAIL=dropped"                 "dropped"
    Burst              "TAILCALLD_DETAIL=burst"                   "burst"
    IntervalNs         "TAILCALLD_DETAIL=interval_ns"             "interval_ns"
    Missed             "TAILCALLD_DETAIL=missed"                  "missed"
    Misses             "TAILCALLD_DETAIL=misses"                  "misses"
    UntrackedCgroups   "TAILCALLD_DETAIL=untracked_cgroups"       "untracked_cgroups"
    UntrackedProcesses "TAILCALLD_DETAIL=untracked_processes"     "untracked_processes"
    Sysctl             "TAILCALLD_DETAIL=sysctl"                  "sysctl"
    Losses             "TAILCALLD_LOSS"                           "losses"
    Reason             "TAILCALLD_REASON"                         "reason"
    Totals             "TAILCALLD_TOTAL"                          "totals"
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::{ARG, ARGS, Key, Spelling};

    /// Field names of our own that journald's table of names has to hold, the one of arguments included.
    const OWN_MAX: usize = 60;

    fn spellings() -> impl Iterator<Item = Spelling> {
        Key::ALL.iter().map(|key| key.journal()).filter(|name| !name.field.is_empty())
    }

    #[test]
    fn names_of_keys_are_valid_and_unique() {
        for Spelling { field, label } in spellings() {
            assert!(field.len() <= 64, "{field}");
            assert!(field.starts_with(|c: char| c.is_ascii_uppercase()), "{field}");
            let is_valid = |b: u8| b.is_ascii_uppercase() || b.is_ascii_digit() || b == b'_';
            assert!(field.bytes().all(is_valid), "{field}");
            let is_plain = |b: u8| b.is_ascii_lowercase() || b.is_ascii_digit() || b == b'_';
            assert!(label.bytes().all(is_plain), "{field}={label}");
            assert_ne!(field, ARG, "an argument could be taken for a field of ours");
        }
        let journal: Vec<_> = spellings().map(|name| name.to_string()).collect();
        assert_eq!(journal.iter().collect::<BTreeSet<_>>().len(), journal.len());
        let json = Key::ALL.iter().map(|key| key.json()).filter(|name| !name.is_empty());
        let json: Vec<_> = json.collect();
        assert_eq!(json.iter().collect::<BTreeSet<_>>().len(), json.len());
        assert!(!json.contains(&ARGS));
    }

    #[test]
    fn labels_of_details_are_keys_of_json() {
        for key in Key::ALL.iter().filter(|key| key.journal().field == "TAILCALLD_DETAIL") {
            assert_eq!(key.journal().label, key.json());
        }
    }

    /// The name of an ancestor, which it chooses itself, has at most 15 bytes.
    #[test]
    fn label_of_executables_is_longer_than_name_of_ancestor() {
        let Spelling { field, label } = Key::AncestorExe.journal();
        assert_eq!(field, Key::Ancestor.journal().field);
        assert!(label.len() + "=".len() > 15, "a name could be taken for an executable");
    }

    #[test]
    fn own_field_names_are_few() {
        let own = spellings().map(|name| name.field).chain([ARG]);
        let own: BTreeSet<_> = own.filter(|name| name.contains("CALL")).collect();
        assert!(own.len() <= OWN_MAX, "{} names: {own:?}", own.len());
    }

    #[test]
    fn field_with_and_without_label_spells_both() {
        assert_eq!(Key::NsMnt.journal(), Spelling { field: "SYSCALL_NS", label: "mnt" });
        assert_eq!(Key::Pid.journal(), Spelling { field: "SYSCALL_PID", label: "" });
        assert_eq!(Key::Schema.journal(), Spelling { field: "", label: "" });
    }
}
