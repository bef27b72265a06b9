//! Records that were taken out of a black box, which keeps the first bytes of each.

use std::mem::{offset_of, size_of};

use super::encoded_captures::Encoded;
use super::reader::Reader;
use crate::bpf::types::{self, event_kind};

/// Place of an event in a dump of a black box.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Boxed<'a> {
    /// Id of the dump.
    pub dump: &'a str,
    /// Number of the call in the dump, from 1.
    pub position: u64,
    /// The event was longer than what a black box keeps of one.
    pub is_cut: bool,
}

/// Makes a record of an element of a black box, which has as many bytes whatever the record has: leaves out the captures
/// that are not there as a whole. Returns whether any is missing.
pub fn restore(element: &mut Vec<u8>) -> bool {
    let reader = Reader(element);
    let number = |at| reader.u16(at).unwrap_or_default();
    let size = reader.u32(offset_of!(types::event, size)).unwrap_or_default() as usize;
    if size <= element.len() {
        element.truncate(size);
        return false;
    }
    let (head, place) = match event_kind(number(offset_of!(types::event, kind)).into()) {
        event_kind::EVENT_RESULT => {
            (size_of::<types::result_event>(), offset_of!(types::result_event, captures))
        }
        _ => (size_of::<types::event>(), offset_of!(types::event, captures)),
    };
    let captures = Encoded::new(element, head, number(place)).decode();
    let whole = captures.take_while(Result::is_ok).count();
    let whole = u16::try_from(whole).unwrap_or_default().to_ne_bytes();
    if let Some(count) = element.get_mut(place..place + whole.len()) {
        count.copy_from_slice(&whole);
    }
    true
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::bpf::types::wire_size;

    const CAPTURE: usize = size_of::<types::capture>();

    /// An event with captures of 8 bytes each, cut to that many bytes.
    fn element(captures: u16, bytes: usize) -> Vec<u8> {
        let head = size_of::<types::event>();
        let size = head + usize::from(captures) * (CAPTURE + 8);
        let mut record = vec![0; size];
        record[..2].copy_from_slice(&(wire_size::EVENT_VERSION.0 as u16).to_ne_bytes());
        record[2..4].copy_from_slice(&(event_kind::EVENT_SYSCALL.0 as u16).to_ne_bytes());
        record[4..8].copy_from_slice(&(size as u32).to_ne_bytes());
        let at = offset_of!(types::event, captures);
        record[at..at + 2].copy_from_slice(&captures.to_ne_bytes());
        for capture in record[head..].chunks_exact_mut(CAPTURE + 8) {
            capture[offset_of!(types::capture, kind)] =
                u8::try_from(types::capture_kind::CAPTURE_TEXT.0).unwrap();
            let at = offset_of!(types::capture, stored);
            capture[at..at + 4].copy_from_slice(&8_u32.to_ne_bytes());
        }
        record.resize(bytes, 0xff);
        record
    }

    fn count(record: &[u8]) -> u16 {
        Reader(record).u16(offset_of!(types::event, captures)).unwrap()
    }

    #[test]
    fn restore_leaves_out_what_is_behind_a_short_record() {
        let mut record = element(2, 512);
        assert!(!restore(&mut record));
        assert_eq!((record.len(), count(&record)), (size_of::<types::event>() + 48, 2));
    }

    #[test]
    fn restore_keeps_whole_captures_of_a_long_record() {
        let mut record = element(20, 512);
        assert!(restore(&mut record));
        let whole = (512 - size_of::<types::event>()) / (CAPTURE + 8);
        assert_eq!((record.len(), usize::from(count(&record))), (512, whole));
    }

    #[test]
    fn restore_of_garbage_never_panics() {
        for bytes in 0..300 {
            restore(&mut vec![0xff; bytes]);
            restore(&mut vec![2; bytes]);
        }
    }
}
