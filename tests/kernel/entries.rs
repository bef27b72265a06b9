//! Entries of directories: all that a call returns are counted, though the event has the first ones only.

use std::fs::File;

use syscalls::{Abi, Slot};

use crate::folder::{Folder, word};
use crate::memory::{event_of, route_of, with_result};
use crate::pointers::text;
use crate::rig::{Rig, slot};

/// Returns a folder with so many files, whose names have 4, 12 and 20 bytes.
fn folder(files: usize) -> Folder {
    let folder = Folder::new();
    for number in 0..files {
        let name = format!("{number:04}{}", "x".repeat(number % 3 * 8));
        File::create(folder.path.join(name)).expect("a file");
    }
    folder
}

/// Checks the text of a call with so much room.
fn check(rig: &Rig, call: Slot, folder: &Folder, (room, expected): (usize, &str)) {
    let abi = if call.abi() == Abi::Native { "native" } else { "compat" };
    let (nr, memory, room) = (call.nr().to_string(), format!("room:{room}"), room.to_string());
    event_of(rig, &["at", word(&folder.path), abi, &nr, "9", &memory, &room], |event| {
        let text = text(event, "");
        let begin = format!(" /* {expected}");
        assert!(text.contains(&begin), "{text}: {:?} bytes", event.result());
    });
}

/// The directory itself and the one above are entries.
fn in_all(files: usize) -> String {
    format!("{} entries */", files + 2)
}

#[test]
fn args_counts_all_entries_of_directory() {
    needs_root!();
    let getdents = slot(Abi::Native, "getdents64");
    let rig = Rig::new(&route_of(getdents, with_result));
    for files in [0, 100, 125, 126, 127, 128, 500, 1_000] {
        check(&rig, getdents, &folder(files), (32_768, &in_all(files)));
    }
    check(&rig, getdents, &folder(4_000), (262_144, "at least "));
}

#[test]
#[cfg(target_arch = "x86_64")]
fn args_counts_all_entries_of_32_bit_call() {
    needs_root!();
    let getdents = slot(Abi::Compat, "getdents");
    let rig = Rig::new(&route_of(getdents, with_result));
    check(&rig, getdents, &folder(1_300), (32_768, &in_all(1_300)));
}
