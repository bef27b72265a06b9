//! Entries in the journal export format in, their number and size by system call out.

use std::collections::BTreeMap;
use std::io::{BufRead, BufReader, Read as _};
use std::process::ChildStdout;
use std::thread::{self, JoinHandle};

use anyhow::{Context as _, Result, anyhow, bail};

/// Entries and their size.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Volume {
    /// Number of entries.
    pub entries: u64,
    /// Bytes that journald would get.
    pub bytes: u64,
}

/// Volume of the calls by name, or `#` and number, and ABI.
pub type Volumes = BTreeMap<(String, String), Volume>;

/// Volume of the calls that were recorded.
#[derive(Debug, Default, PartialEq, Eq)]
pub struct Measured {
    /// Calls of all processes but those of `own`.
    pub others: Volumes,
    /// Calls of the processes that measure, or record: without the measurement, they would not be there.
    pub own: Volumes,
}

/// Thread that counts what the recording writes.
#[derive(Debug)]
pub struct EntryReader(JoinHandle<Result<Measured>>);

impl EntryReader {
    /// Begins to count. `own` has the numbers of the processes whose calls are counted apart.
    pub fn read(pipe: ChildStdout, own: Vec<String>) -> Self {
        Self(thread::spawn(move || count(&mut BufReader::new(pipe), &own)))
    }

    /// Returns the volumes once the recording has ended.
    ///
    /// # Errors
    /// Fails if the entries could not be read.
    pub fn finish(self) -> Result<Measured> {
        self.0.join().map_err(|_| anyhow!("the thread that counts entries ended"))?
    }
}

/// Fields that identify the call of an entry.
#[derive(Debug, Default)]
struct CallFields {
    name: Option<String>,
    number: Option<String>,
    abi: String,
    pid: String,
    bytes: u64,
}

impl CallFields {
    fn take(&mut self, field: &[u8], value: &[u8]) {
        let text = || String::from_utf8_lossy(value).into_owned();
        match field {
            b"SYSCALL_NAME" => self.name = Some(text()),
            b"SYSCALL_NR" => self.number = Some(text()),
            b"SYSCALL_ABI" => self.abi = text(),
            b"SYSCALL_PID" => self.pid = text(),
            _ => {}
        }
    }

    /// Adds the entry that ends here, if it is that of a call.
    fn end(self, measured: &mut Measured, own: &[String]) {
        let number = self.number.map(|number| format!("#{number}"));
        let Some(name) = self.name.or(number) else { return };
        let is_own = own.contains(&self.pid);
        let volumes = if is_own { &mut measured.own } else { &mut measured.others };
        let volume = volumes.entry((name, self.abi)).or_default();
        volume.entries += 1;
        volume.bytes += self.bytes;
    }
}

/// Reads all entries. Fields that begin with `_` are those that journald adds.
fn count(source: &mut impl BufRead, own: &[String]) -> Result<Measured> {
    let (mut measured, mut entry) = (Measured::default(), CallFields::default());
    let mut line = Vec::new();
    loop {
        line.clear();
        let size = source.read_until(b'\n', &mut line).context("failed to read an entry")?;
        if size == 0 {
            return Ok(measured);
        }
        let text = line.strip_suffix(b"\n").unwrap_or(&line);
        if text.is_empty() {
            std::mem::take(&mut entry).end(&mut measured, own);
            continue;
        }
        let with_length = match text.iter().position(|byte| *byte == b'=') {
            Some(at) => {
                let (field, value) = (text.get(..at), text.get(at + 1..));
                entry.take(field.unwrap_or_default(), value.unwrap_or_default());
                0
            }
            None => {
                let (value, size) = value_of_length(source)?;
                entry.take(text, &value);
                size
            }
        };
        if text.first() != Some(&b'_') {
            entry.bytes += size as u64 + with_length;
        }
    }
}

/// Returns a value with its length in front, and the bytes that both take, with the line break behind them.
fn value_of_length(source: &mut impl BufRead) -> Result<(Vec<u8>, u64)> {
    let mut length = [0; 8];
    source.read_exact(&mut length).context("failed to read the length of a field")?;
    let length = u64::from_le_bytes(length);
    let mut value = Vec::new();
    source.take(length + 1).read_to_end(&mut value).context("failed to read a field")?;
    if value.pop() != Some(b'\n') || value.len() as u64 != length {
        bail!("the recording wrote an entry that does not end");
    }
    Ok((value, length + 9))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn with_length(field: &str, value: &[u8]) -> Vec<u8> {
        let length = (value.len() as u64).to_le_bytes();
        [field.as_bytes(), b"\n", &length, value, b"\n"].concat()
    }

    #[test]
    fn count_adds_entries_of_each_call() {
        let plain = b"__REALTIME_TIMESTAMP=1\n_PID=7\nSYSCALL_NAME=read\nSYSCALL_ABI=x86_64\n\n";
        let hostile = with_length("SYSCALL_PATH", b"a\n\nSYSCALL_NAME=write\n=");
        let call = [b"SYSCALL_NR=9\nSYSCALL_ABI=i386\n", &hostile[..], b"\n"].concat();
        let started = b"_PID=7\nMESSAGE=Started\n\n";
        let own = b"SYSCALL_NAME=read\nSYSCALL_PID=8\n\n";
        let all = [&plain[..], &call, started, own, plain].concat();
        let measured = count(&mut &all[..], &["8".to_owned()]).unwrap();
        let volumes = &measured.others;
        let of = |name: &str, abi: &str| volumes[&(name.to_owned(), abi.to_owned())];
        assert_eq!(of("read", "x86_64"), Volume { entries: 2, bytes: 2 * (18 + 19) });
        let bytes = (13 + 17 + hostile.len()) as u64;
        assert_eq!(of("#9", "i386"), Volume { entries: 1, bytes });
        assert_eq!(volumes.len(), 2);
        let own: Vec<_> = measured.own.into_values().collect();
        assert_eq!(own, [Volume { entries: 1, bytes: 18 + 14 }]);
    }

    #[test]
    fn count_of_cut_entry_is_error() {
        let cut = with_length("SYSCALL_PATH", b"abc");
        for end in 1..cut.len() - "SYSCALL_PATH\n".len() {
            assert!(count(&mut &cut[..cut.len() - end], &[]).is_err(), "{end}");
        }
    }
}
