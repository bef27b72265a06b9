//! Spells a record in the journal export format (<https://systemd.io/JOURNAL_EXPORT_FORMATS/>), which
//! systemd-journal-remote reads. Its fields are those of the native protocol; before them come the fields that journald
//! would add, as far as a reader on another machine needs them.

use std::fs;

use anyhow::{Context as _, Result};

use crate::clock;
use crate::output::journal;
use crate::output::number;
use crate::output::record::Record;
use crate::output::scratch::Scratch;

/// Origin of the entries: the fields that are the same in all of them.
#[derive(Debug)]
pub struct Exporter {
    origin: Vec<u8>,
}

impl Exporter {
    /// Reads the boot, the machine and its name.
    ///
    /// # Errors
    /// Fails if the kernel does not report the boot or the name. A machine without `/etc/machine-id` has no such field.
    pub fn new() -> Result<Self> {
        let boot_file = "/proc/sys/kernel/random/boot_id";
        let boot = fs::read_to_string(boot_file);
        let boot = boot.with_context(|| format!("failed to read {boot_file}"))?;
        let host = nix::sys::utsname::uname().context("failed to read the name of this host")?;
        let machine = fs::read_to_string("/etc/machine-id").unwrap_or_default();
        Ok(Self {
            origin: origin(&boot, &machine, &host.nodename().to_string_lossy()).into_bytes(),
        })
    }

    /// Appends the entry of `record`, with the times of its export: readers want them in order.
    pub fn encode(&self, record: &Record, scratch: &mut Scratch, buffer: &mut Vec<u8>) {
        time("__REALTIME_TIMESTAMP=", clock::real_now_ns() / 1_000, buffer);
        time("__MONOTONIC_TIMESTAMP=", clock::monotonic_us().unsigned_abs(), buffer);
        buffer.extend_from_slice(&self.origin);
        journal::encode(record, scratch, buffer);
        buffer.push(b'\n');
    }
}

/// Appends a time in µs.
fn time(field: &str, time_us: u64, buffer: &mut Vec<u8>) {
    buffer.extend_from_slice(field.as_bytes());
    number::append(time_us, buffer);
    buffer.push(b'\n');
}

/// Returns the fields that all entries have. The numbers of boot and machine have no hyphens in the journal.
fn origin(boot: &str, machine: &str, host: &str) -> String {
    let fields = [
        ("_BOOT_ID", boot.trim().replace('-', "")),
        ("_MACHINE_ID", machine.trim().to_owned()),
        ("_HOSTNAME", host.replace(char::is_control, "?")),
        ("_TRANSPORT", "journal".to_owned()),
        ("_PID", std::process::id().to_string()),
    ];
    let known = fields.iter().filter(|(_, value)| !value.is_empty());
    known.map(|(field, value)| format!("{field}={value}\n")).collect()
}

#[cfg(test)]
mod tests {
    use super::origin;

    #[test]
    fn origin_has_one_line_for_each_known_field() {
        let pid = std::process::id();
        let text = origin("0123-45\n", "", "a\nMESSAGE=forged");
        let lines: Vec<_> = text.lines().collect();
        assert_eq!(
            lines,
            [
                "_BOOT_ID=012345",
                "_HOSTNAME=a?MESSAGE=forged",
                "_TRANSPORT=journal",
                &format!("_PID={pid}"),
            ]
        );
    }
}
