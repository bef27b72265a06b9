//! The option `max_bytes_per_second`.

use std::fmt;

use serde::{Deserialize, Serialize};

use super::byte_size;

/// Default for the journal: two records of an average size each millisecond, 7 GiB an hour. What a busy host writes
/// in a normal minute is far below it.
const INTO_JOURNAL: u64 = 2 << 20;

/// Bytes of records that may be written in a second.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
pub enum ByteLimit {
    /// 2 MiB into the journal, where they displace the entries of others; any number to other outputs.
    #[default]
    ByOutput,
    /// Any number.
    Unlimited,
    /// A number of bytes, to any output.
    Bytes(u64),
}

impl ByteLimit {
    /// Returns the bytes per second for an output; `None` for any number.
    pub fn bytes(self, is_journal: bool) -> Option<u64> {
        match self {
            Self::ByOutput => is_journal.then_some(INTO_JOURNAL),
            Self::Unlimited => None,
            Self::Bytes(bytes) => Some(bytes),
        }
    }
}

impl fmt::Display for ByteLimit {
    /// `2MiB/s into the journal, unlimited elsewhere`.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::ByOutput => {
                let bytes = byte_size::name(INTO_JOURNAL);
                write!(f, "{bytes}/s into the journal, unlimited elsewhere")
            }
            Self::Unlimited => f.write_str("unlimited"),
            Self::Bytes(bytes) => write!(f, "{}/s", byte_size::name(*bytes)),
        }
    }
}
