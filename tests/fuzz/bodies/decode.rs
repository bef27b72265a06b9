//! Any bytes are a record or an error, and what a record has comes from its bytes.

use syscalls::{Capture, Value};
use tailcalld::decode::{Event, RingRecord};

use super::event::{decoded, entry, exit};

/// Decodes the bytes as they are, and as the content of an entry and of an exit.
pub fn decode(bytes: &[u8]) {
    if let Some(event) = decoded(bytes, None) {
        check(&event, &[bytes]);
    }
    let (first, second) = bytes.split_at(bytes.len() / 2);
    for end in [second.to_vec(), exit(second)] {
        let entry = entry(first);
        let decoded_exit = match RingRecord::decode(&end) {
            Ok(RingRecord::Exit(exit)) => Some(exit),
            _ => None,
        };
        if let Some(event) = decoded(&entry, decoded_exit.as_ref()) {
            check(&event, &[&entry, &end]);
        }
    }
}

fn check(event: &Event<'_>, records: &[&[u8]]) {
    assert!(event.comm.len() <= 16 && !event.comm.contains(&0));
    assert!(event.captures.is_sorted_by_key(|capture| capture.index));
    for capture in event.captures.iter() {
        assert!(records.iter().any(|record| is_within(capture, record)), "{capture:?}");
    }
    let copy = event.clone();
    assert_eq!(copy, *event);
}

/// Returns whether the text of a capture is a part of the record.
fn is_within(capture: &Capture<'_>, record: &[u8]) -> bool {
    let (Value::Text(text) | Value::Bytes(text)) = capture.value else { return true };
    let (text, record) = (text.as_ptr_range(), record.as_ptr_range());
    record.start <= text.start && text.end <= record.end
}
