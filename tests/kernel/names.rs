//! Paths of the executable, the working directory, the root, and those that a call passes.

use std::fs;
use std::path::Path;
use std::process::Command;

use syscalls::{Abi, Status};
use tailcalld::decode::{Event, JoinedPath, KernelPath};
use tailcalld::load;

use crate::folder::{Folder, word};
use crate::rig::{Rig, copy_program, routes, slot, trigger_path};

const CALLS: [&str; 4] = ["openat", "unlinkat", "renameat2", "getsid"];

/// Returns a rig whose events have names.
fn named() -> Rig {
    let handlers = load::handlers().expect("the object opens");
    let mut plan = routes(&handlers, &CALLS.map(|name| (slot(Abi::Native, name), "args")));
    let rules = plan.routes.values_mut().flat_map(|route| &mut route.rules);
    rules.for_each(|rule| rule.names = true);
    Rig::new(&plan)
}

/// Returns the words for a call of the trigger.
fn call<'w>(before: &[&'w str], nr: &'w str, arguments: &[&'w str]) -> Vec<&'w str> {
    [before, &["native", nr], arguments].concat()
}

fn nr(name: &str) -> String {
    slot(Abi::Native, name).nr().to_string()
}

fn text(path: Option<KernelPath<'_>>) -> Option<String> {
    let mut text = Vec::new();
    path?.append(&mut text);
    Some(String::from_utf8(text).expect("names of this test"))
}

/// Returns the paths that a call passes.
fn paths(event: &Event<'_>) -> Vec<(String, JoinedPath)> {
    let path = |argument| {
        let mut text = Vec::new();
        let known = event.append_path(argument, &mut text);
        (String::from_utf8(text).expect("names of this test"), known)
    };
    event.paths().map(path).collect()
}

fn whole(path: impl AsRef<Path>) -> (String, JoinedPath) {
    (path.as_ref().display().to_string(), JoinedPath::Whole)
}

/// Checks the event of a trigger's call, which is its last one.
fn check(rig: &Rig, words: &[&str], expected: impl Fn(&Event<'_>)) {
    let records = rig.trigger(words);
    expected(&rig.event(records.last().expect("an event")));
}

#[test]
fn names_join_relative_path_with_working_directory() {
    needs_root!();
    let (rig, folder) = (named(), Folder::new());
    let from = ["from", word(&folder.path)];
    let absolute = format!("text:{}", word(&folder.path.join("missing")));
    for (name, dirfd, path) in [
        ("openat", "-100", "text:missing"),
        ("unlinkat", "-100", "text:missing"),
        ("openat", "77", &*absolute),
    ] {
        check(&rig, &call(&from, &nr(name), &[dirfd, path, "0"]), |event| {
            assert_eq!(paths(event), [whole(folder.path.join("missing"))], "{name} {path}");
            let cwd = (dirfd == "-100").then(|| word(&folder.path).to_owned());
            assert_eq!(text(event.names.cwd), cwd);
            assert_eq!(text(event.names.exe), Some(word(&trigger_path()).to_owned()));
            assert_eq!(event.names.root, None);
        });
    }
}

#[test]
fn names_join_relative_path_with_directory_of_descriptor() {
    needs_root!();
    let (rig, folder) = (named(), Folder::new());
    let (one, other) = (folder.with("one"), folder.with("two/other"));
    let before = ["from", word(&other), "at", word(&one)];
    let rename = ["9", "text:a/b", "-100", "text:../c", "0"];
    check(&rig, &call(&before, &nr("renameat2"), &rename), |event| {
        assert_eq!(paths(event), [whole(one.join("a/b")), whole(folder.path.join("two/c"))]);
        assert_eq!(text(event.names.cwd), Some(word(&other).to_owned()));
    });
    let not_open = ["77", "text:a", "0"];
    check(&rig, &call(&before, &nr("openat"), &not_open), |event| {
        assert_eq!(paths(event), [(String::new(), JoinedPath::Absent)]);
    });
}

#[test]
fn names_of_call_without_path_are_executable_only() {
    needs_root!();
    let rig = named();
    check(&rig, &call(&[], &nr("getsid"), &[]), |event| {
        assert_eq!(text(event.names.exe), Some(word(&trigger_path()).to_owned()));
        assert_eq!((event.names.cwd, event.names.root), (None, None));
        assert!(event.captures.is_empty() && paths(event).is_empty());
    });
}

#[test]
fn names_in_chroot_begin_at_its_root() {
    needs_root!();
    let (rig, folder) = (named(), Folder::new());
    folder.with("etc/deep");
    let before = ["root", word(&folder.path), "from", "/etc/deep"];
    check(&rig, &call(&before, &nr("openat"), &["-100", "text:../x", "0"]), |event| {
        assert_eq!(paths(event), [whole("/etc/x")]);
        assert_eq!(text(event.names.cwd).as_deref(), Some("/etc/deep"));
        assert_eq!(text(event.names.root), Some(word(&folder.path).to_owned()));
        assert_eq!(text(event.names.exe), Some(word(&trigger_path()).to_owned()));
    });
    let outside = ["from", "/", "root", word(&folder.path)];
    check(&rig, &call(&outside, &nr("openat"), &["-100", "text:x", "0"]), |event| {
        assert_eq!(paths(event), [whole("(unreachable)/x")]);
        assert_eq!(text(event.names.cwd).as_deref(), Some("(unreachable)/"));
    });
}

#[test]
fn names_of_deleted_files_say_so() {
    needs_root!();
    let (rig, folder) = (named(), Folder::new());
    let (program, gone) = (folder.path.join("program"), folder.with("gone"));
    copy_program(&trigger_path(), &program);
    let before = ["from", word(&gone), "remove", word(&gone), "remove", word(&program)];
    let open = nr("openat");
    let words = call(&before, &open, &["-100", "text:x", "0"]);
    let records = rig.trigger_by(|name| {
        let mut command = Command::new(&program);
        command.args(words).env("TRIGGER_NAME", name);
        assert!(command.status().expect("the copy starts").success());
    });
    let event = rig.event(records.last().expect("an event"));
    let deleted = |path: &Path| format!("{} (deleted)", path.display());
    assert_eq!(text(event.names.exe), Some(deleted(&program)));
    assert_eq!(text(event.names.cwd), Some(deleted(&gone)));
    assert_eq!(paths(&event), [whole(format!("{}/x", deleted(&gone)))]);
}

#[test]
fn names_of_bind_mount_are_those_of_mount_point() {
    needs_root!();
    let (rig, folder) = (named(), Folder::new());
    let (source, point) = (folder.with("source"), folder.with("point"));
    let program = source.join("program");
    copy_program(&trigger_path(), &program);
    fs::create_dir(source.join("inner")).expect("a folder");
    let inner = point.join("inner");
    let script = format!(
        "mount --bind {} {} && exec {} from {} native {} -100 text:x 0",
        word(&source),
        word(&point),
        word(&point.join("program")),
        word(&inner),
        nr("openat")
    );
    let records = rig.trigger_by(|name| {
        let mut command = Command::new("unshare");
        command.args(["-m", "sh", "-c", &script]).env("TRIGGER_NAME", name);
        assert!(command.status().expect("unshare starts").success());
    });
    let event = rig.event(records.last().expect("an event"));
    assert_eq!(text(event.names.exe), Some(word(&point.join("program")).to_owned()));
    assert_eq!(paths(&event), [whole(inner.join("x"))]);
    assert_eq!(event.names.root, None);
}

#[test]
fn names_of_symbolic_link_are_those_of_text() {
    needs_root!();
    let (rig, folder) = (named(), Folder::new());
    let real = folder.with("real/inner");
    let link = folder.path.join("link");
    std::os::unix::fs::symlink(&real, &link).expect("a link");
    let absolute = format!("text:{}/../x", word(&link));
    check(
        &rig,
        &call(&["from", word(&link)], &nr("openat"), &["-100", "text:../x", "0"]),
        |event| {
            assert_eq!(paths(event), [whole(folder.path.join("real/x"))]);
        },
    );
    check(&rig, &call(&[], &nr("openat"), &["-100", &absolute, "0"]), |event| {
        assert_eq!(paths(event), [whole(link.join("../x"))]);
    });
}

#[test]
fn names_of_deep_directory_are_cut_visibly() {
    needs_root!();
    let (rig, folder) = (named(), Folder::new());
    let depth = folder.path.components().count() - 1;
    for (levels, is_cut) in [(40 - depth, false), (60, true)] {
        let deep = folder.with(&vec!["directory"; levels].join("/"));
        let open = nr("openat");
        let words = call(&["from", word(&deep)], &open, &["-100", "text:x", "0"]);
        check(&rig, &words, |event| {
            let [(path, known)] = &paths(event)[..] else { panic!("one path") };
            let cwd = event.names.cwd.expect("a directory");
            assert_eq!(cwd.status.is_truncated(), is_cut);
            assert_eq!(*known, if is_cut { JoinedPath::Truncated } else { JoinedPath::Whole });
            if is_cut {
                assert!(path.starts_with(".../directory/") && path.ends_with("/directory/x"));
                assert_eq!(cwd.names.iter().filter(|byte| **byte == 0).count(), 48);
            } else {
                assert_eq!(*path, word(&deep.join("x")));
            }
        });
    }
}

#[test]
fn names_of_long_components_are_whole() {
    needs_root!();
    let (rig, folder) = (named(), Folder::new());
    for length in [1, 7, 8, 15, 16, 31, 32, 39, 40, 41, 255] {
        let long = folder.with(&"n".repeat(length));
        let open = nr("openat");
        let words = call(&["from", word(&long)], &open, &["-100", "text:x", "0"]);
        check(&rig, &words, |event| {
            assert_eq!(event.names.cwd.map(|cwd| cwd.status), Some(Status::Ok));
            assert_eq!(paths(event), [whole(long.join("x"))], "{length}");
        });
    }
}
