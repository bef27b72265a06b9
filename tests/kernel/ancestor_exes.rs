//! Executables of the ancestors of a process, in the events of `exec`, compared with /proc.

use std::collections::BTreeSet;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use syscalls::{Abi, Status};
use tailcalld::decode::Event;
use tailcalld::load;

use crate::folder::{Folder, word};
use crate::rig::{Rig, copy_program, routes, scaled, slot, trigger_path};

/// Names of a path that are recorded.
const PARTS_MAX: usize = 16;
const EAGAIN: i32 = 11;

fn named(levels: u8) -> Rig {
    let handlers = load::handlers().expect("the object opens");
    let mut plan = routes(&handlers, &[(slot(Abi::Native, "execve"), "exec")]);
    let rules = plan.routes.values_mut().flat_map(|route| &mut route.rules);
    rules.for_each(|rule| (rule.names, rule.ancestors) = (true, levels));
    Rig::new(&plan)
}

/// Returns the words of a call that executes nothing.
fn call() -> String {
    format!("native {} text:/nonexistent/program argv:1 0", slot(Abi::Native, "execve").nr())
}

/// Returns the executables that an event has, the parent's first: `None` for one that could not be read.
fn exes(event: &Event<'_>) -> Vec<(Option<String>, Status)> {
    let known = (0..).map_while(|place| event.names.ancestors.of(place));
    let exe = |path: &tailcalld::decode::KernelPath<'_>| {
        let mut text = Vec::new();
        path.append(&mut text);
        let text = String::from_utf8(text).expect("names of this test");
        (path.status.is_readable().then_some(text), path.status)
    };
    known.map(exe).collect()
}

/// Returns the executables of this process and all above it, as far as its pid namespace shows them; `None` for one
/// that this process may not see.
fn chain() -> Vec<Option<String>> {
    let mut chain = Vec::new();
    let mut pid = std::process::id().to_string();
    while pid != "0" {
        let exe = fs::read_link(format!("/proc/{pid}/exe")).ok();
        chain.push(exe.map(|exe| word(&exe).to_owned()));
        let stat = fs::read_to_string(format!("/proc/{pid}/stat")).expect("/proc shows all");
        let (_, after) = stat.rsplit_once(") ").expect("a name in parentheses");
        pid = after.split(' ').nth(1).expect("the parent").to_owned();
    }
    chain
}

fn whole(path: &Path) -> (Option<String>, Status) {
    (Some(word(path).to_owned()), Status::Ok)
}

#[test]
fn exec_has_executables_from_parent_to_first_process() {
    needs_root!();
    let words = call();
    let words: Vec<_> = words.split(' ').collect();
    for levels in [1, 2, 5, 8] {
        let rig = named(levels);
        let records = rig.trigger(&words);
        let exes = exes(&rig.event(&records[0]));
        let chain = chain();
        assert!(exes.len() == usize::from(levels) || exes.len() >= chain.len(), "{levels}");
        let known = exes.iter().zip(&chain).filter_map(|(exe, known)| Some((exe, known.clone()?)));
        let known: Vec<_> = known.collect();
        assert!(!known.is_empty());
        for (exe, expected) in known {
            assert_eq!(*exe, (Some(expected), Status::Ok));
        }
    }
}

#[test]
fn exec_without_names_has_no_executables_of_ancestors() {
    needs_root!();
    let handlers = load::handlers().expect("the object opens");
    let mut plan = routes(&handlers, &[(slot(Abi::Native, "execve"), "exec")]);
    plan.routes.values_mut().for_each(|route| route.rules[0].ancestors = 8);
    let rig = Rig::new(&plan);
    let words = call();
    let records = rig.trigger(&words.split(' ').collect::<Vec<_>>());
    assert_eq!(exes(&rig.event(&records[0])), []);
}

/// The parent is behind a bind mount that only it and its children see, the one before it was deleted, the one before
/// that is deeper than what is recorded.
#[test]
fn exec_has_executables_as_each_ancestor_sees_them() {
    needs_root!();
    let (rig, folder) = (named(4), Folder::new());
    let copy = |folder: PathBuf| {
        let shell = folder.join("sh");
        copy_program(&Path::new("/bin/sh").canonicalize().expect("a shell"), &shell);
        shell
    };
    let deep = copy(folder.with(&vec!["d"; 30].join("/")));
    let (gone, point) = (copy(folder.with("gone")), folder.with("point"));
    let source = copy(folder.with("source"));
    let bound = point.join("sh");
    let last = format!("{} {} && :", word(&trigger_path()), call());
    let inner = format!("rm {}; {} -c \"{last}\" && :", word(&gone), word(&bound));
    let mount = format!(
        "mount --bind {} {} && {} -c '{inner}' && :",
        word(source.parent().expect("a folder")),
        word(&point),
        word(&gone)
    );
    let mut command = Command::new("unshare");
    command.arg("-m").arg(&deep).args(["-c", &mount]);
    let records = rig.trigger_by(|name| {
        assert!(command.env("TRIGGER_NAME", name).status().expect("unshare starts").success());
    });
    let found = exes(&rig.event(records.last().expect("an event")));
    assert_eq!(found[0], whole(&bound));
    assert_eq!(found[1].0, Some(format!("{} (deleted)", word(&gone))));
    let cut = format!(".../{}/sh", vec!["d"; PARTS_MAX - 1].join("/"));
    assert_eq!(found[2], (Some(cut), Status::Truncated { length: None }));
    assert_eq!(found[3], whole(&std::env::current_exe().expect("this program")));
}

/// The parent of the caller's parent executes two programs in turn.
#[test]
fn exec_below_program_that_changes_has_one_that_it_was_or_none() {
    needs_root!();
    let (rig, folder) = (named(8), Folder::new());
    let shells = ["one", "two"].map(|name| folder.with(name).join("sh"));
    for shell in &shells {
        copy_program(&Path::new("/bin/sh").canonicalize().expect("a shell"), shell);
    }
    let [one, two] = shells.each_ref().map(|path| word(path));
    let (turn, end) = (folder.name("turn"), folder.name("end"));
    fs::write(&turn, format!("[ -e {end} ] || exec $2 {turn} $2 $1\n")).expect("a script");
    let (trigger, call) = (trigger_path(), call());
    let [many, some] = [1_000, 400].map(scaled);
    let calls = format!("{} times {many} {call} then paced {some} {call}", word(&trigger));
    let script = format!("({calls}; : > {end}) & exec {two} {turn} {one} {two}");
    let records = rig.trigger_by(|name| {
        let mut command = Command::new(one);
        command.args(["-c", &script]).env("TRIGGER_NAME", name);
        assert!(command.status().expect("the shell starts").success());
    });
    let mut seen = BTreeSet::new();
    for record in &records {
        match exes(&rig.event(record))[1].clone() {
            (Some(exe), _) => drop(seen.insert(exe)),
            (None, status) => assert_eq!(status, Status::Unreadable { errno: EAGAIN }),
        }
    }
    assert_eq!(Vec::from_iter(&seen), [one, two]);
}
