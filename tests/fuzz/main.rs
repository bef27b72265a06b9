//! Properties that fuzzing checks, on mutated samples: `make fuzz` runs the same bodies for long.
#![allow(clippy::unwrap_used)] // helpers of tests are tests

use proptest::prelude::*;
use proptest::sample::{Index, select};

mod bodies;

/// Change of a sample.
#[derive(Debug, Clone)]
enum Mutation {
    Replace(Index, u8),
    Insert(Index, Vec<u8>),
    Remove(Index, Index),
    Repeat(Index, Index, usize),
}

/// Pieces that decide on something in one of the formats.
const PIECES: [&[u8]; 16] = [
    b"\0",
    b"\n",
    b"\xff",
    b"\"",
    b"'''",
    b"[",
    b"]",
    b"{",
    b"}",
    b"=",
    b".",
    b"\\",
    b"\xe2\x80\xae",
    b"--token=",
    b"://u:p@h/",
    b"{\"method\":\"org.varlink.service.GetInfo\"}\0",
];

fn mutation() -> impl Strategy<Value = Mutation> {
    let index = any::<Index>;
    prop_oneof![
        (index(), any::<u8>()).prop_map(|(at, byte)| Mutation::Replace(at, byte)),
        (index(), select(&PIECES[..])).prop_map(|(at, text)| Mutation::Insert(at, text.to_vec())),
        (index(), prop::collection::vec(any::<u8>(), 1..9))
            .prop_map(|(at, text)| Mutation::Insert(at, text)),
        (index(), index()).prop_map(|(from, to)| Mutation::Remove(from, to)),
        (index(), index(), 1..20_usize)
            .prop_map(|(from, to, times)| Mutation::Repeat(from, to, times)),
    ]
}

/// Applies a mutation; the sample stays below 16 KiB.
fn mutate(mut sample: Vec<u8>, mutation: Mutation) -> Vec<u8> {
    let place = |index: Index| index.index(sample.len() + 1);
    let range = |from: Index, to: Index| {
        let (from, to) = (place(from), place(to));
        from.min(to)..from.max(to)
    };
    match mutation {
        Mutation::Replace(at, byte) => {
            let at = place(at);
            sample.iter_mut().skip(at).take(1).for_each(|old| *old = byte);
        }
        Mutation::Insert(at, text) => {
            let at = place(at);
            drop(sample.splice(at..at, text));
        }
        Mutation::Remove(from, to) => drop(sample.drain(range(from, to))),
        Mutation::Repeat(from, to, times) => {
            let range = range(from, to);
            let copy = sample[range.clone()].repeat(times);
            drop(sample.splice(range, copy));
        }
    }
    sample.truncate(16 << 10);
    sample
}

/// Returns a sample with some mutations, or any bytes.
fn input(samples: Vec<Vec<u8>>) -> impl Strategy<Value = Vec<u8>> {
    let mutated = (select(samples), prop::collection::vec(mutation(), 0..6))
        .prop_map(|(sample, mutations)| mutations.into_iter().fold(sample, mutate));
    prop_oneof![4 => mutated, 1 => prop::collection::vec(any::<u8>(), 0..600)]
}

/// Returns the files of a folder, and of the folders in it.
fn files(folder: &str) -> Vec<Vec<u8>> {
    let root = std::path::Path::new(env!("CARGO_MANIFEST_DIR"));
    let entries = std::fs::read_dir(root.join(folder)).unwrap().map(|entry| entry.unwrap().path());
    let mut paths: Vec<_> = entries.filter(|path| path.is_file()).collect();
    paths.sort();
    assert!(!paths.is_empty(), "{folder}");
    paths.iter().map(|path| std::fs::read(path).unwrap()).collect()
}

#[test]
fn samples_of_events_decode() {
    for sample in files("fuzz/seeds/event") {
        assert!(bodies::event::decoded(&bodies::event::entry(&sample), None).is_some());
    }
}

proptest! {
    #[test]
    fn config_any_text_is_plan_or_has_faults_within_text(
        text in input([files("tests/fixtures"), files("config"), files("fuzz/seeds/config")].concat()),
    ) {
        bodies::config(&text);
    }

    #[test]
    fn decode_any_bytes_is_event_of_these_bytes_or_error(bytes in input(files("fuzz/seeds/event"))) {
        bodies::decode(&bytes);
    }

    #[test]
    fn journal_entry_of_any_event_reads_back(bytes in input(files("fuzz/seeds/event"))) {
        bodies::journal(&bytes);
    }

    #[test]
    fn json_line_of_any_event_reads_back(bytes in input(files("fuzz/seeds/event"))) {
        bodies::json(&bytes);
    }

    #[test]
    fn varlink_any_messages_have_one_reply_each(bytes in input(files("fuzz/seeds/varlink"))) {
        bodies::varlink(&bytes);
    }
}
