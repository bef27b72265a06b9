//! Files behind descriptors that are renamed, removed or closed during calls: a name is one that the file had, or absent.

use std::ffi::OsStr;
use std::fs::{self, File};
use std::path::Path;
use std::process::{Command, Stdio};
use std::sync::atomic::{AtomicBool, Ordering::Relaxed};
use std::thread;

use syscalls::Abi;
use tailcalld::config::Fds;
use tailcalld::decode::render;
use tailcalld::load;

use crate::folder::{Folder, word};
use crate::rig::{Rig, routes, scaled, slot, trigger_path};

/// Calls that are made at once, and one a millisecond.
const MANY: u64 = 6_000;
const SOME: u64 = 300;

/// Returns a rig whose events of `fadvise64` have the file behind the descriptor.
fn described() -> Rig {
    let handlers = load::handlers().expect("the object opens");
    let mut plan = routes(&handlers, &[(slot(Abi::Native, "fadvise64"), "args")]);
    let rules = plan.routes.values_mut().flat_map(|route| &mut route.rules);
    rules.for_each(|rule| rule.fds = Fds::Names);
    Rig::with_ring(&plan, 64 << 20)
}

/// Returns the files of calls of the trigger, one a call: `None` where a record has the number alone.
fn files(rig: &Rig, words: &[impl AsRef<OsStr>], input: Stdio) -> Vec<Option<String>> {
    let records = rig.trigger_by(|name| {
        let mut command = Command::new(trigger_path());
        command.args(words).env("TRIGGER_NAME", name).stdin(input);
        assert!(command.status().expect("the trigger starts").success());
    });
    let file = |record: &Vec<u8>| {
        let event = rig.event(record);
        let mut text = String::new();
        render::open_file(event.files.of(0)?, &mut text);
        Some(text)
    };
    records.iter().map(file).collect()
}

fn nr() -> String {
    slot(Abi::Native, "fadvise64").nr().to_string()
}

/// Returns the words for many calls: at once, so that some are made in the moment of a change, and over some time, so
/// that both states are seen on a busy machine.
fn calls(before: &[&str], fd: &str) -> Vec<String> {
    let call = |pace: &str, count: u64| {
        let rest = [pace, &scaled(count).to_string(), "native", &nr(), fd, "0", "0", "0"];
        before.iter().copied().chain(rest).map(str::to_owned).collect::<Vec<_>>()
    };
    [call("times", MANY), vec!["then".to_owned()], call("paced", SOME)].concat()
}

/// Returns the files of many calls with descriptor 0, while something is done again and again.
fn files_during(rig: &Rig, file: File, act: impl Fn() + Sync) -> Vec<Option<String>> {
    let is_done = AtomicBool::new(false);
    thread::scope(|scope| {
        scope.spawn(|| {
            while !is_done.load(Relaxed) {
                act();
            }
        });
        let files = files(rig, &calls(&[], "0"), file.into());
        is_done.store(true, Relaxed);
        files
    })
}

/// Asserts that there was a race. Emulated guests, which make fewer calls, run one processor at a time.
fn are_all_seen(expected: &[Option<String>], files: &[Option<String>]) {
    for one in expected {
        assert!(scaled(2) < 2 || files.contains(one), "{one:?} is never seen");
    }
}

/// A name that is read while it changes would be a part of each.
#[test]
fn descriptor_of_file_that_is_renamed_meanwhile_has_one_of_both_names() {
    needs_root!();
    let (rig, folder) = (described(), Folder::new());
    let names = ["a".repeat(30), "b".repeat(5)];
    // Once the file, once a directory above it.
    for (above, rest) in [("of-file", ""), ("of-directory", "/inner/file")] {
        let above = folder.with(above);
        let [old, new] = names.each_ref().map(|name| above.join(name));
        let path = format!("{}{rest}", word(&old));
        let parent = Path::new(&path).parent().expect("a parent");
        fs::create_dir_all(parent).expect("a folder");
        let file = File::create(&path).expect("a file");
        let files = files_during(&rig, file, || {
            fs::rename(&old, &new).and_then(|()| fs::rename(&new, &old)).expect("a rename");
        });
        let expected = [&old, &new].map(|path| Some(format!("<{}{rest}>", word(path))));
        let others = files.iter().filter(|file| file.is_some() && !expected.contains(file));
        assert_eq!(others.collect::<Vec<_>>(), [&None; 0]);
        are_all_seen(&expected, &files);
    }
}

/// The name of a file has its end marked from the moment in which it is removed.
#[test]
fn descriptor_of_file_that_is_removed_meanwhile_has_its_name_marked_then() {
    needs_root!();
    let (rig, folder) = (described(), Folder::new());
    let mut removed = 0;
    for round in 0..20 {
        let path = folder.path.join(format!("file{round}"));
        let file = File::create(&path).expect("a file");
        let files = thread::scope(|scope| {
            scope.spawn(|| fs::remove_file(&path).expect("a file"));
            files(&rig, &["times", "300", "native", &nr(), "0", "0", "0", "0"], file.into())
        });
        let there = Some(format!("<{}>", word(&path)));
        let gone = Some(format!("<{}>(deleted)", word(&path)));
        let first_gone = files.iter().position(|file| *file == gone).unwrap_or(files.len());
        let (before, after) = files.split_at(first_gone);
        assert!(before.iter().all(|file| file.is_none() || *file == there), "{before:?}");
        assert!(after.iter().all(|file| file.is_none() || *file == gone), "{after:?}");
        removed += after.len();
    }
    assert!(removed > 0, "no name is ever marked");
}

/// The descriptor is that of one file, that of another, and none.
#[test]
fn descriptor_that_is_closed_meanwhile_has_a_file_that_it_had() {
    needs_root!();
    let (rig, folder) = (described(), Folder::new());
    let paths = ["a".repeat(30), "b".repeat(5)].map(|name| folder.path.join(name));
    for path in &paths {
        fs::write(path, "").expect("a file");
    }
    let [one, other] = paths.each_ref().map(|path| word(path));
    let files = files(&rig, &calls(&["swapping", one, other], "9"), Stdio::null());
    assert_eq!(files.len() as u64, scaled(MANY) + scaled(SOME));
    let expected = [one, other].map(|path| Some(format!("<{path}>")));
    let others = files.iter().filter(|file| file.is_some() && !expected.contains(file));
    assert_eq!(others.collect::<Vec<_>>(), [&None; 0]);
    are_all_seen(&[expected.as_slice(), &[None]].concat(), &files);
}
