//! What holds where no file says anything.

use std::collections::BTreeSet;
use std::time::Duration;

use super::{Abis, Argv, AttachTo, Config, Keep, Marks, Options, Paths, Rate, Redact, Results};

/// journald's own socket for structured entries.
const SOCKET: &str = "/run/systemd/journal/socket";
/// Works whenever we write a record, so its syscalls would beget records without end.
const JOURNALD: &str = "/usr/lib/systemd/systemd-journald";
/// What reads the journal as it grows, or is handed its entries by journald: their calls would beget
/// records that beget their calls. Instances of journald for namespaces are told by their executable.
const SINKS: [&str; 14] = [
    "rsyslog.service",
    "syslog-ng.service",
    "syslog.service",
    "systemd-journal-upload.service",
    "systemd-journal-remote.service",
    "fluent-bit.service",
    "fluentd.service",
    "vector.service",
    "promtail.service",
    "alloy.service",
    "filebeat.service",
    "journalbeat.service",
    "otelcol.service",
    "otelcol-contrib.service",
];
/// Seconds of a busy host, while journald is away: 45,000 events without captures.
const RING_BYTES: u32 = 8 << 20;
/// `info`: what happened is normal, and worth keeping.
const PRIORITY: u8 = 6;
/// Holds nearly every command line; more costs room in the ring for each event.
const ARGV_BYTES: u32 = 4096;
/// As strace: enough to know what it is.
const BUFFER_BYTES: u32 = 32;
/// What one user's events may come to, of all routes: the journal takes 44,000 entries a second at least,
/// so some users may do that at once.
const PER_UID: Rate = Rate { count: 10_000, period_ns: 1_000_000_000 };
/// Often enough to see when something began, seldom enough to be no noise.
const STATS_INTERVAL: Duration = Duration::from_secs(300);

impl Default for Config {
    fn default() -> Self {
        Self {
            entries: Vec::new(),
            defaults: Options {
                abi: Some(Abis::default()),
                priority: Some(PRIORITY),
                argv: Some(Argv::default()),
                argv_bytes: Some(ARGV_BYTES),
                buffer_bytes: Some(BUFFER_BYTES),
                env: Some(BTreeSet::new()),
                redact: Some(Redact::default()),
                result: Some(Results::default()),
                paths: Some(Paths::default()),
                keep: Some(Keep::default()),
                ..Options::default()
            },
            ring_bytes: RING_BYTES,
            exclude: vec![JOURNALD.into()],
            exclude_units: SINKS.map(str::to_owned).to_vec(),
            socket: SOCKET.into(),
            attach: AttachTo::default(),
            per_uid: Some(PER_UID),
            per_uid_burst: None,
            max_per_second: None,
            max_bytes_per_second: None,
            stats_interval: Some(STATS_INTERVAL),
            marks: Marks::new(),
        }
    }
}
