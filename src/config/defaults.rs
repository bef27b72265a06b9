//! Values of the settings that no file sets.

use std::collections::BTreeSet;
use std::time::Duration;

use super::{
    Abis, Argv, AttachTo, ByteLimit, Config, Fds, Keep, Marks, Options, Paths, Pins, Rate, Redact,
    Results,
};

/// journald's own socket for structured entries.
const SOCKET: &str = "/run/systemd/journal/socket";
/// Executable of journald, which works whenever we write a record: its syscalls would cause records without end.
const JOURNALD: &str = "/usr/lib/systemd/systemd-journald";
/// Services that read the journal as it grows, or receive its entries from journald: their calls would cause
/// records that cause their calls. Instances of journald for namespaces are recognized by their executable.
const LOG_SHIPPERS: [&str; 14] = [
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
/// CPUs that share a ring: by published figures, one of 8 CPUs takes a third of the events of one of a single CPU, one
/// of 52 CPUs a fifth.
const RING_CPUS: u32 = 8;

/// Size of a ring: seconds of a busy host while journald restarts, or 37,000 events without captures.
const RING_BYTES: u32 = 8 << 20;
/// Black boxes: services whose last calls somebody wants to see, and some that have ended.
const BOX_UNITS: u32 = 16;
/// Calls that a black box keeps: the last second of a busy service, in 1.5 MiB.
const BOX_CALLS: u32 = 512;
/// Priority `info`: a normal event that is worth keeping.
const PRIORITY: u8 = 6;
/// Bytes of argv, enough for nearly every command line; more costs room in the ring for each event.
const ARGV_BYTES: u32 = 4096;
/// Bytes of a buffer, as many as strace shows: enough to recognize the contents.
const BUFFER_BYTES: u32 = 32;
/// Ancestors of the process in an `exec` event: each makes a record some 70 bytes longer.
const ANCESTORS: u8 = 0;
/// Rate of one user's events of a syscall: the journal accepts 44,000 entries a second at least,
/// so some users may do that at once.
const PER_UID: Rate = Rate { count: 10_000, period_ns: 1_000_000_000 };
/// Interval of `stats` records: often enough to see when something began, seldom enough to be no noise.
const STATS_INTERVAL: Duration = Duration::from_secs(300);
/// Interval in which a record is looked for in the journal.
const READ_BACK: Duration = Duration::from_secs(10);
/// Interval of the self-test: what is not recorded is reported within two seconds.
const SELF_TEST: Duration = Duration::from_secs(1);
/// Interval in which the metrics are written: as often as Prometheus reads those of most hosts.
const METRICS_INTERVAL: Duration = Duration::from_secs(15);

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
                ancestors: Some(ANCESTORS),
                redact: Some(Redact::default()),
                result: Some(Results::default()),
                paths: Some(Paths::default()),
                fds: Some(Fds::default()),
                capabilities: Some(false),
                exe_sha256: Some(false),
                keep: Some(Keep::default()),
                ..Options::default()
            },
            ring_bytes: RING_BYTES,
            ring_cpus: RING_CPUS,
            box_units: BOX_UNITS,
            box_calls: BOX_CALLS,
            exclude: vec![JOURNALD.into()],
            exclude_units: LOG_SHIPPERS.map(str::to_owned).to_vec(),
            socket: SOCKET.into(),
            attach: AttachTo::default(),
            per_uid: Some(PER_UID),
            per_uid_burst: None,
            max_per_second: None,
            max_bytes_per_second: ByteLimit::default(),
            stats_interval: Some(STATS_INTERVAL),
            read_back: Some(READ_BACK),
            self_test: Some(SELF_TEST),
            metrics_file: None,
            metrics_interval: METRICS_INTERVAL,
            pins: Pins::new(),
            marks: Marks::new(),
        }
    }
}
