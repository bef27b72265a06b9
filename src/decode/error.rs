//! Errors of decoding: the bytes are not what this version of the daemon reads.

use thiserror::Error;

use crate::bpf::types::wire_size;

/// `EVENT_VERSION`.
pub(super) const VERSION: u16 = wire_size::EVENT_VERSION.0 as u16;

/// Reason why a record could not be decoded. It is counted, and the next record is read.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Error)]
pub enum Error {
    /// The record ends before its own contents do.
    #[error("the record ends after {0} bytes")]
    TooShort(usize),
    /// The record has another version than this daemon.
    #[error("the record has version {0}, this daemon reads {version}", version = VERSION)]
    Version(u16),
    /// The kind of the record is unknown.
    #[error("the record has the unknown kind {0}")]
    Kind(u16),
    /// No handler has that number.
    #[error("the event is of the unknown handler {0}")]
    Handler(u16),
    /// The slot lies beyond the table.
    #[error("the event is of slot {0}, beyond the table")]
    Slot(u16),
    /// The handler has no such field, or the capture has an unknown form.
    #[error("the event has a malformed capture of field {0}")]
    Capture(u8),
}
