//! Direction of reading: no name that a process chose can reorder the line or imitate a bare word.

use proptest::prelude::{any, proptest};
use syscalls::Value;
use unicode_bidi::{BidiClass, bidi_class};

use super::{message, sentence};
use crate::output::record::Body;
use crate::output::samples;

/// Characters of interest are rare among all, so half of the names are made of them.
const NAMES: &str = "[\\PC]*|[a א\u{5d1}ش١\u{10a00}\u{202e}\u{2066}\u{200f}ѕé\u{301}\"”]*";

fn check(text: &str) {
    use BidiClass::{CS, EN, ES, ET, L, NSM, ON, WS};
    for c in text.chars().filter(|c| !c.is_ascii()) {
        assert!(matches!(bidi_class(c), L | EN | ES | ET | CS | NSM | ON | WS), "{text}");
    }
    let outside = text.replace("\\\\", "").replace("\\\"", "");
    let outside = outside.split('"').step_by(2);
    assert!(outside.into_iter().all(str::is_ascii), "{text}");
}

proptest! {
    #[test]
    fn message_of_any_names_reads_left_to_right(
        comm in NAMES, path in NAMES, words in [NAMES, NAMES], all in any::<String>(),
    ) {
        let handler = samples::handler();
        let mut captures = vec![samples::capture(&handler, "filename", Value::Text(path.as_bytes()))];
        captures.extend(
            words.iter().chain([&all]).map(|word| samples::capture(&handler, "argv", Value::Text(word.as_bytes()))),
        );
        let mut event = samples::event(&handler, captures);
        event.comm = comm.as_bytes();
        check(&sentence(&event));
        let mut feedback = samples::feedback();
        feedback.comm = comm.into_bytes();
        feedback.unit = Some(path);
        check(&message(&Body::Feedback(&feedback)));
    }
}
