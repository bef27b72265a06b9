//! Rate limit of journald for our unit, above which journald drops entries without a word to the sender: the unit's
//! settings as the service manager leaves them for journald, or else journald's own. Reads files.
//!
//! journald counts the entries of a unit by level: from the first one on for an interval, and then anew. It
//! takes more than its setting says where the disk has much room (`burst_modulate()` in
//! `journald-rate-limit.c`: 1 to 6 times), which cannot be seen from outside. The limit here is where dropping
//! *may* begin.

mod files;
mod room;

pub use files::{Ends, JournalFiles};
pub use room::JournalRoom;

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};
use std::time::Duration;

use crate::units;

/// Number of entries that journald accepts in an interval.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Allowance {
    /// Length of the interval, which starts with its first entry.
    pub interval: Duration,
    /// Entries that one interval may have.
    pub burst: u64,
}

/// Limit of journald if nothing is configured (systemd 236 and later).
const DEFAULT: Allowance = Allowance { interval: Duration::from_secs(30), burst: 10_000 };

/// Folders of configurations, the strongest last.
const FOLDERS: [&str; 4] =
    ["usr/lib/systemd", "usr/local/lib/systemd", "run/systemd", "etc/systemd"];

/// Returns the unit of this process, if it is in one.
pub fn own_unit() -> Option<String> {
    units::own(&fs::read_to_string("/proc/self/cgroup").ok()?)
}

impl Allowance {
    /// Returns the limit of a unit; `None` if there is none.
    pub fn of_unit(unit: &str) -> Option<Self> {
        Self::of(unit, Path::new("/"))
    }

    fn of(unit: &str, root: &Path) -> Option<Self> {
        let journald = Self::of_journald(root);
        let interval = setting(root, "interval", unit).map(Duration::from_micros);
        let burst = setting(root, "burst", unit);
        Some(Self {
            interval: interval.unwrap_or(journald.interval),
            burst: burst.unwrap_or(journald.burst),
        })
        .filter(|allowance| allowance.burst > 0 && allowance.interval > SHORT)
    }

    fn of_journald(root: &Path) -> Self {
        let mut found = DEFAULT;
        for text in configurations(root) {
            text.lines().for_each(|line| found.read(line));
        }
        found
    }

    fn read(&mut self, line: &str) {
        let Some((key, value)) = line.split_once('=') else { return };
        match key.trim() {
            "RateLimitIntervalSec" | "RateLimitInterval" => {
                self.interval = time(value).unwrap_or(self.interval);
            }
            "RateLimitBurst" => self.burst = value.trim().parse().unwrap_or(self.burst),
            _ => {}
        }
    }
}

/// Shortest interval that limits anything: the shipped unit's 1 us turns the limit off.
const SHORT: Duration = Duration::from_millis(1);

/// Reads a setting that the service manager leaves for journald: a link whose target is the number.
fn setting(root: &Path, what: &str, unit: &str) -> Option<u64> {
    let link = root.join(format!("run/systemd/units/log-rate-limit-{what}:{unit}"));
    fs::read_link(link).ok()?.to_str()?.parse().ok()
}

/// Returns the configuration files of journald, the strongest last.
fn configurations(root: &Path) -> impl Iterator<Item = String> {
    let main = FOLDERS.iter().rev().map(|folder| root.join(folder).join("journald.conf"));
    let main = main.filter_map(|path| fs::read_to_string(path).ok()).take(1);
    let more: Vec<_> = drop_ins(root).filter_map(|path| fs::read_to_string(path).ok()).collect();
    main.collect::<Vec<_>>().into_iter().chain(more)
}

/// Returns the drop-ins in the order of their names; of two with the same name, that of the stronger folder.
fn drop_ins(root: &Path) -> impl Iterator<Item = PathBuf> {
    let mut files = BTreeMap::new();
    for folder in FOLDERS {
        let entries = fs::read_dir(root.join(folder).join("journald.conf.d"));
        for entry in entries.into_iter().flatten().flatten() {
            if entry.path().extension().is_some_and(|extension| extension == "conf") {
                files.insert(entry.file_name(), entry.path());
            }
        }
    }
    files.into_values()
}

/// Parses a time span: `30s`, `1min 30s`, `500ms`, `30`.
fn time(text: &str) -> Option<Duration> {
    let mut sum = Duration::ZERO;
    for word in text.split_whitespace() {
        let digits = word.find(|c: char| !c.is_ascii_digit()).unwrap_or(word.len());
        let (number, unit) = word.split_at(digits);
        let us: u64 = match unit {
            "us" | "usec" => 1,
            "ms" | "msec" => 1_000,
            "" | "s" | "sec" | "second" | "seconds" => 1_000_000,
            "m" | "min" | "minute" | "minutes" => 60_000_000,
            "h" | "hr" | "hour" | "hours" => 3_600_000_000,
            "d" | "day" | "days" => 86_400_000_000,
            _ => return None,
        };
        sum += Duration::from_micros(number.parse::<u64>().ok()?.checked_mul(us)?);
    }
    (!text.trim().is_empty()).then_some(sum)
}

#[cfg(test)]
mod tests {
    use std::os::unix::fs::symlink;

    use super::*;

    fn write(root: &Path, path: &str, text: &str) {
        let path = root.join(path);
        fs::create_dir_all(path.parent().expect("a folder")).expect("made");
        fs::write(path, text).expect("written");
    }

    fn allowance(seconds: u64, burst: u64) -> Option<Allowance> {
        Some(Allowance { interval: Duration::from_secs(seconds), burst })
    }

    #[test]
    fn allowance_prefers_setting_of_unit_to_that_of_journald() {
        let folder = tempfile::tempdir().expect("a folder");
        let root = folder.path();
        let of = |unit| Allowance::of(unit, root);
        assert_eq!(of("a.service"), allowance(30, 10_000));
        write(root, "usr/lib/systemd/journald.conf", "[Journal]\nRateLimitBurst=7\n");
        write(root, "etc/systemd/journald.conf", "[Journal]\n#RateLimitBurst=8\n");
        assert_eq!(of("a.service"), allowance(30, 10_000));
        write(root, "usr/lib/systemd/journald.conf.d/a.conf", "RateLimitBurst=20\n");
        write(root, "run/systemd/journald.conf.d/b.conf", "RateLimitIntervalSec = 1min 5s\n");
        write(root, "etc/systemd/journald.conf.d/a.conf", "RateLimitBurst=30\n");
        write(root, "etc/systemd/journald.conf.d/c.old", "RateLimitBurst=40\n");
        assert_eq!(of("a.service"), allowance(65, 30));
        write(root, "run/systemd/units/x", "");
        let link = |what: &str, to: &str| {
            symlink(to, root.join(format!("run/systemd/units/log-rate-limit-{what}")))
                .expect("a link");
        };
        link("burst:a.service", "50");
        assert_eq!(of("a.service"), allowance(65, 50));
        assert_eq!(of("b.service"), allowance(65, 30));
        link("interval:a.service", "1");
        assert_eq!(of("a.service"), None, "as the shipped unit has it");
        write(root, "etc/systemd/journald.conf.d/d.conf", "RateLimitIntervalSec=0\n");
        assert_eq!(of("b.service"), None);
    }

    #[test]
    fn time_reads_spans_as_systemd_writes_them() {
        let ms = |text| time(text).map(|time| time.as_millis());
        assert_eq!(
            ["30", "2s 500ms", " 1min ", "0"].map(ms).map(Option::unwrap),
            [30_000, 2_500, 60_000, 0]
        );
        assert_eq!(["", "x", "5 fortnights", "s"].map(ms), [None; 4]);
    }
}
