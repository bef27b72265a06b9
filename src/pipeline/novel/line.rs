//! One line of the file: status, check, receipt, owner, time and key, with tabs in between. Whatever a process has
//! chosen is escaped, so that a line is a line.

use std::fmt::Write as _;

use crate::stats::EventId;

/// KeyStatus of a key, the first byte of its line, which is written over.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum KeyStatus {
    /// The record may not be there.
    Open,
    /// The record is written.
    Known,
    /// The record was lost.
    Revoked,
}

/// Sign by which the next daemon finds out what became of the record of an open key.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Receipt {
    /// Event that came from the ring.
    Ring(EventId),
    /// Number of the record, which was saved before it was written.
    Saved(u64),
    /// None: only a settled key counts.
    Unsure,
}

/// Fate of the last record of the previous daemon, by its ledger.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Proof {
    /// Event from the ring whose delivery began last.
    pub delivering: EventId,
    /// The delivery has ended.
    pub is_done: bool,
    /// Number of the last record that was saved.
    pub saved: u64,
    /// Number of the last record that the output has refused.
    pub refused: u64,
    /// The last record is lost.
    pub is_lost: bool,
}

/// A line.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct KeyLine<'l> {
    pub status: KeyStatus,
    pub receipt: Receipt,
    /// User to whom the key is charged.
    pub owner: u32,
    /// Time of the first event, s since 1970 UTC.
    pub time_s: u64,
    pub key: &'l [u8],
}

impl KeyStatus {
    /// Returns the byte of the file.
    pub const fn byte(self) -> u8 {
        match self {
            Self::Open => b'?',
            Self::Known => b'+',
            Self::Revoked => b'-',
        }
    }

    fn of(byte: u8) -> Option<Self> {
        [Self::Open, Self::Known, Self::Revoked].into_iter().find(|one| one.byte() == byte)
    }
}

impl<'l> KeyLine<'l> {
    /// Parses a line without its end; `None` if it is damaged.
    pub fn parse(line: &'l [u8]) -> Option<Self> {
        let (&status, rest) = line.split_first()?;
        let (check, rest) = field(rest.strip_prefix(b"\t")?)?;
        if check.len() != CHECK_DIGITS || number(check, 16)? != u64::from(checksum(rest)) {
            return None;
        }
        let (receipt, rest) = field(rest)?;
        let (owner, rest) = field(rest)?;
        let (time, key) = field(rest)?;
        Some(Self {
            status: KeyStatus::of(status)?,
            receipt: Receipt::parse(receipt)?,
            owner: u32::try_from(number(owner, 10)?).ok()?,
            time_s: number(time, 10)?,
            key,
        })
    }

    /// Returns the line with its end.
    pub fn encode(&self) -> Vec<u8> {
        let mut rest = format!("{}\t{}\t{}\t", self.receipt.text(), self.owner, self.time_s);
        let mut rest = std::mem::take(&mut rest).into_bytes();
        rest.extend_from_slice(self.key);
        let mut line = vec![self.status.byte()];
        line.extend(format!("\t{:0CHECK_DIGITS$x}\t", checksum(&rest)).into_bytes());
        line.extend(rest);
        line.push(b'\n');
        line
    }

    /// Returns whether the record of the key is written, as far as the ledger of the daemon that wrote the line shows it.
    pub fn is_told(&self, proof: Option<&Proof>) -> bool {
        let is_proven = |proof: &Proof| {
            let is_there = match self.receipt {
                Receipt::Ring(id) => proof.is_done && id == proof.delivering,
                Receipt::Saved(number) => number <= proof.saved && number != proof.refused,
                Receipt::Unsure => false,
            };
            is_there && !proof.is_lost
        };
        match self.status {
            KeyStatus::Known => true,
            KeyStatus::Revoked => false,
            KeyStatus::Open => proof.is_some_and(is_proven),
        }
    }
}

impl Receipt {
    fn text(self) -> String {
        match self {
            Self::Ring(EventId { boottime_ns, tid }) => format!("r{boottime_ns}.{tid}"),
            Self::Saved(number) => format!("s{number}"),
            Self::Unsure => "u".to_owned(),
        }
    }

    fn parse(text: &[u8]) -> Option<Self> {
        match text.split_first()? {
            (b'r', id) => {
                let at = id.iter().position(|byte| *byte == b'.')?;
                let (time, tid) = id.split_at_checked(at)?;
                let tid = u32::try_from(number(tid.strip_prefix(b".")?, 10)?).ok()?;
                Some(Self::Ring(EventId { boottime_ns: number(time, 10)?, tid }))
            }
            (b's', digits) => Some(Self::Saved(number(digits, 10)?)),
            (b'u', b"") => Some(Self::Unsure),
            _ => None,
        }
    }
}

/// Digits of the checksum.
const CHECK_DIGITS: usize = 8;

/// Returns the lines behind the first one, each with its place. What has no end is a line, too: it is damaged.
pub fn lines(text: &[u8]) -> impl Iterator<Item = (u64, &[u8])> {
    let mut offset = 0_u64;
    let all = text.split_inclusive(|byte| *byte == b'\n').map(move |line| {
        let begin = offset;
        offset += line.len() as u64;
        (begin, line.strip_suffix(b"\n").unwrap_or_default())
    });
    all.skip(1)
}

/// Appends a text that a process has chosen.
pub fn escape(text: &[u8], out: &mut Vec<u8>) {
    for &byte in text {
        if byte < b' ' || byte == b'\\' || byte == 0x7f {
            let mut code = String::new();
            let _ = write!(code, "\\x{byte:02x}");
            out.extend(code.into_bytes());
        } else {
            out.push(byte);
        }
    }
}

/// Returns the text up to the next tab, and that behind it.
fn field(text: &[u8]) -> Option<(&[u8], &[u8])> {
    let at = text.iter().position(|byte| *byte == b'\t')?;
    let (field, rest) = text.split_at_checked(at)?;
    Some((field, rest.strip_prefix(b"\t")?))
}

fn number(digits: &[u8], radix: u32) -> Option<u64> {
    let is_plain = digits.first().is_some_and(u8::is_ascii_alphanumeric);
    let text = std::str::from_utf8(digits).ok().filter(|_| is_plain)?;
    u64::from_str_radix(text, radix).ok()
}

/// Returns the FNV-1a hash: lines are torn or damaged by accident, not by intent, because only root writes the file.
fn checksum(bytes: &[u8]) -> u32 {
    let step = |hash: u32, byte: &u8| (hash ^ u32::from(*byte)).wrapping_mul(0x0100_0193);
    bytes.iter().fold(0x811c_9dc5, step)
}
