//! Filters by the paths that a call passes and by those behind its descriptors: they see what records have.

use std::fs::{self, File};
use std::os::fd::OwnedFd;
use std::os::unix::net::UnixStream;
use std::process::{Command, Stdio};
use std::sync::atomic::{AtomicBool, Ordering::Relaxed};
use std::thread;

use syscalls::{Abi, Slot};
use tailcalld::config::{Filter, Part, Pattern};
use tailcalld::decode::Event;
use tailcalld::plan::{Plan, Rule};

use crate::folder::{Folder, word};
use crate::rig::{Rig, routes, scaled, slot, trigger_path};

const CALLS: [&str; 10] = [
    "openat",
    "openat2",
    "unlinkat",
    "renameat2",
    "statx",
    "mount",
    "fsync",
    "dup3",
    "execve",
    "name_to_handle_at",
];
/// Bytes of a path that the kernel resolves.
const TEXT_MAX: usize = 1024;
/// Slashes in a row that it leaves one of.
const STEPS_MAX: usize = 60;

/// Returns a plan whose rule 0 has the filter, and rule 1 none, of each call that takes it.
fn plan(filter: &Filter, takes: impl Fn(Slot) -> bool) -> Plan {
    let handlers = tailcalld::load::handlers().expect("the object opens");
    let native = CALLS.map(|name| (slot(Abi::Native, name), "args"));
    let mut plan = routes(&handlers, &native);
    plan.routes.extend(routes(&handlers, &[(slot(Abi::Compat, "openat"), "args")]).routes);
    for (call, route) in &mut plan.routes {
        let rest = Rule { names: true, ..route.rules[0].clone() };
        let first = Rule { filter: filter.clone(), ..rest.clone() };
        route.rules = if takes(*call) { vec![first, rest] } else { vec![rest] };
    }
    plan
}

struct Filtered {
    rig: Rig,
    /// Descriptor 0 of the trigger.
    input: Option<OwnedFd>,
}

impl Filtered {
    fn new() -> Self {
        Self { rig: Rig::new(&plan(&paths(whole("/nowhere/first")), has_path)), input: None }
    }

    /// Makes a call under a filter and passes its event on, which is the last one of the trigger.
    fn call<T>(&mut self, filter: &Filter, words: &[&str], read: impl Fn(&Event<'_>) -> T) -> T {
        let takes = if filter.path.is_some() { has_path } else { has_descriptor };
        let table = plan(filter, takes);
        self.rig.table.apply(&mut self.rig.bpf, &table).expect("the filter is wired");
        read(&self.rig.event(self.records(words).last().expect("an event")))
    }

    /// Returns the records of a process that makes calls.
    fn records(&self, words: &[&str]) -> Vec<Vec<u8>> {
        let input = self.input.as_ref().map(|fd| fd.try_clone().expect("a descriptor"));
        self.rig.trigger_by(|name| {
            let mut command = Command::new(trigger_path());
            command.args(words).env("TRIGGER_NAME", name);
            input.map(|fd| command.stdin(Stdio::from(fd)));
            assert!(command.status().expect("the trigger starts").success());
        })
    }

    fn holds(&mut self, filter: &Filter, words: &[&str]) -> bool {
        self.call(filter, words, |event| event.rule) == 0
    }

    /// Checks that filters see these paths of a call, and no others, and that its record has them.
    #[track_caller]
    fn check(&mut self, words: &[&str], expected: &[&str]) {
        let recorded = self.call(&paths(whole("/nowhere/none")), words, recorded);
        assert_eq!(recorded, expected, "{words:?}");
        self.check_seen(paths, words, expected);
    }

    #[track_caller]
    fn check_seen(&mut self, of: fn(Pattern) -> Filter, words: &[&str], expected: &[&str]) {
        for path in expected {
            let (middle, longer) = (path.len() / 2, format!("{path}x"));
            for (pattern, is_like) in [
                (whole(path), true),
                (whole(&longer), false),
                (pattern(&path[..=middle], Part::Begin), true),
                (pattern(&path[middle..], Part::End), true),
            ] {
                assert_eq!(
                    self.holds(&of(pattern.clone()), words),
                    is_like,
                    "{words:?} {pattern:?}"
                );
                let other = Pattern { is_excluded: true, ..pattern };
                assert_eq!(self.holds(&of(other.clone()), words), !is_like, "{words:?} {other:?}");
            }
        }
        if expected.is_empty() {
            let any = pattern("/", Part::Begin);
            assert!(!self.holds(&of(any.clone()), words), "{words:?}");
            assert!(self.holds(&of(Pattern { is_excluded: true, ..any }), words), "{words:?}");
        }
    }

    /// Checks that the paths of a call are unknown: a rule that records takes it whatever its pattern is, and one
    /// that drops does not.
    #[track_caller]
    fn check_unknown(&mut self, words: &[&str]) {
        for is_excluded in [false, true] {
            let filter = paths(Pattern { is_excluded, ..pattern("/", Part::Begin) });
            assert!(self.holds(&filter, words), "{words:?} {is_excluded}");
            let mut table = plan(&filter, has_path);
            let routes = table.routes.values_mut().filter(|route| route.rules.len() > 1);
            let rules = routes.filter_map(|route| route.rules.first_mut());
            rules.for_each(|rule| (rule.handler, rule.records) = (0, false));
            self.rig.table.apply(&mut self.rig.bpf, &table).expect("the filter is wired");
            assert!(!self.rig.trigger(words).is_empty(), "{words:?} {is_excluded}");
        }
    }
}

fn has_path(slot: Slot) -> bool {
    tailcalld::filter::has_path(slot)
}

fn has_descriptor(slot: Slot) -> bool {
    tailcalld::filter::has_descriptor(slot)
}

fn pattern(text: &str, part: Part) -> Pattern {
    Pattern { text: text.to_owned(), part, is_excluded: false }
}

fn whole(text: &str) -> Pattern {
    pattern(text, Part::Whole)
}

fn paths(pattern: Pattern) -> Filter {
    Filter { path: Some(vec![pattern]), ..Filter::default() }
}

fn fd_paths(pattern: Pattern) -> Filter {
    Filter { fd_path: Some(vec![pattern]), ..Filter::default() }
}

/// Returns the paths of a record that are known.
fn recorded(event: &Event<'_>) -> Vec<String> {
    let path = |argument| {
        let mut text = Vec::new();
        event.append_path(argument, &mut text);
        String::from_utf8(text).expect("names of this test")
    };
    event.paths().map(path).filter(|path| !path.is_empty()).collect()
}

/// Returns the words for a call of the trigger.
fn call<'w>(before: &[&'w str], nr: &'w str, arguments: &[&'w str]) -> Vec<&'w str> {
    [before, &["native", nr], arguments].concat()
}

fn nr(name: &str) -> String {
    slot(Abi::Native, name).nr().to_string()
}

#[test]
fn filter_path_joins_relative_path_with_working_directory() {
    needs_root!();
    let (mut filtered, folder, open) = (Filtered::new(), Folder::new(), nr("openat"));
    let deep = folder.with("a/directory-with-a-name-of-more-than-forty-bytes/c");
    let above = word(deep.parent().expect("a folder"));
    let from = ["from", word(&deep)];
    for (text, expected) in [
        ("x", format!("{}/x", word(&deep))),
        ("a/.b/..c/d.", format!("{}/a/.b/..c/d.", word(&deep))),
        ("./x//y/.", format!("{}/x/y", word(&deep))),
        ("x/", format!("{}/x", word(&deep))),
        (".", word(&deep).to_owned()),
        ("..", above.to_owned()),
        ("../../x", folder.name("a/x")),
        (".././..//x/../y", folder.name("a/x/../y")),
        ("../../../../../../../../../../x", "/x".to_owned()),
        ("../../../../../../../../..", "/".to_owned()),
    ] {
        let text = format!("text:{text}");
        filtered.check(&call(&from, &open, &["-100", &text, "0"]), &[&expected]);
    }
}

#[test]
fn filter_path_takes_absolute_path_by_text() {
    needs_root!();
    let (mut filtered, open) = (Filtered::new(), nr("openat"));
    for (text, expected) in [
        ("/nowhere/x", "/nowhere/x"),
        ("//nowhere/./x/", "/nowhere/x"),
        ("/nowhere/../x", "/nowhere/../x"),
        ("/../x", "/x"),
        ("/", "/"),
        ("/.", "/"),
        ("/proc/self/fd/77", "/proc/self/fd/77"),
        ("/dev/fd/77", "/dev/fd/77"),
        ("/proc/self/cwd/x", "/proc/self/cwd/x"),
        ("/proc/self/root/x", "/proc/self/root/x"),
    ] {
        let text = format!("text:{text}");
        for dirfd in ["-100", "77"] {
            filtered.check(&call(&[], &open, &[dirfd, &text, "0"]), &[expected]);
        }
    }
}

/// RESOLVE_IN_ROOT makes the descriptor the root, of which paths know nothing; the others change no path.
#[test]
fn filter_path_of_openat2_does_not_consider_its_flags() {
    needs_root!();
    let (mut filtered, folder, open) = (Filtered::new(), Folder::new(), nr("openat2"));
    let etc = folder.with("etc");
    let at = ["at", word(&etc)];
    for resolve in ["0x1", "0x2", "0x4", "0x8", "0x10", "0x20"] {
        let how = format!("words:0,0,{resolve}");
        for (text, expected) in [
            ("passwd", folder.name("etc/passwd")),
            ("../passwd", folder.name("passwd")),
            ("/passwd", "/passwd".to_owned()),
        ] {
            let text = format!("text:{text}");
            filtered.check(&call(&at, &open, &["9", &text, &how, "24"]), &[&expected]);
        }
    }
}

#[test]
fn filter_path_sees_every_path_of_call() {
    needs_root!();
    let (mut filtered, folder, rename) = (Filtered::new(), Folder::new(), nr("renameat2"));
    let (one, other) = (folder.with("one"), folder.with("two/other"));
    let before = ["from", word(&other), "at", word(&one)];
    let words = call(&before, &rename, &["9", "text:a", "-100", "text:../c", "0"]);
    let (from, to) = (folder.name("one/a"), folder.name("two/c"));
    let recorded = filtered.call(&paths(whole("/nowhere/none")), &words, recorded);
    assert_eq!(recorded, [from.as_str(), to.as_str()]);
    let not = |text: &str| Pattern { is_excluded: true, ..whole(text) };
    for (patterns, holds) in [
        (vec![whole(&from)], true),
        (vec![whole(&to)], true),
        (vec![whole("/nowhere/x"), whole(&to)], true),
        (vec![not(&from)], false),
        (vec![not(&to)], false),
        (vec![whole(&from), not(&to)], false),
        (vec![whole(&from), not("/nowhere/x")], true),
        (vec![whole("/nowhere/x")], false),
    ] {
        let filter = Filter { path: Some(patterns), ..Filter::default() };
        assert_eq!(filtered.holds(&filter, &words), holds, "{filter:?}");
    }
    // One of two is unknown: the other one decides where it can.
    let words = call(&before, &rename, &["9", "1", "-100", "text:../c", "0"]);
    assert!(
        filtered.holds(&paths(whole(&to)), &words) && filtered.holds(&paths(whole("/x")), &words)
    );
    assert!(!filtered.holds(&paths(not(&to)), &words) && filtered.holds(&paths(not("/x")), &words));
}

#[test]
fn filter_path_begins_at_descriptor() {
    needs_root!();
    let (mut filtered, folder, open) = (Filtered::new(), Folder::new(), nr("openat"));
    let (one, stat) = (folder.with("one"), nr("statx"));
    let at = ["at", word(&one)];
    filtered.check(&call(&at, &open, &["9", "text:x", "0"]), &[&folder.name("one/x")]);
    filtered.check(&call(&at, &open, &["77", "text:x", "0"]), &[]);
    filtered.check(&call(&at, &open, &["9", "text:", "0"]), &[]);
    filtered.check(&call(&at, &open, &["9", "0", "0"]), &[]);
    let empty = |fd| [fd, "text:", "0x1000", "0", "room:256"];
    filtered.check(&call(&at, &stat, &empty("9")), &[word(&one)]);
    filtered.check(&call(&["from", word(&one)], &stat, &empty("-100")), &[word(&one)]);
    filtered.check(&call(&at, &stat, &empty("77")), &[]);
    filtered.check(&call(&["bound"], &stat, &empty("9")), &[]);
    let mount = nr("mount");
    filtered.check(&call(&[], &mount, &["text:tmpfs", "text:/nowhere/x"]), &["/nowhere/x"]);
    let both = ["text:/nowhere/a", "text:/nowhere/x"];
    filtered.check_seen(paths, &call(&[], &mount, &both[..1]), &["/nowhere/a"]);
    assert!(filtered.holds(&paths(whole("/nowhere/x")), &call(&[], &mount, &both)));
}

#[test]
fn filter_path_of_compat_call_is_joined() {
    needs_root!();
    let (mut filtered, folder) = (Filtered::new(), Folder::new());
    let nr = slot(Abi::Compat, "openat").nr().to_string();
    let words = ["from", word(&folder.path), "compat", &nr, "-100", "text:x", "0"];
    filtered.check(&words, &[&folder.name("x")]);
}

#[test]
fn filter_path_follows_directories_not_links() {
    needs_root!();
    let (mut filtered, folder, open) = (Filtered::new(), Folder::new(), nr("openat"));
    let (real, gone) = (folder.with("real/inner"), folder.with("gone"));
    let link = folder.path.join("link");
    std::os::unix::fs::symlink(&real, &link).expect("a link");
    let relative = ["-100", "text:../x", "0"];
    filtered.check(&call(&["from", word(&link)], &open, &relative), &[&folder.name("real/x")]);
    let deep = folder.with("root/etc/deep");
    let root = folder.name("root");
    let inside = ["root", root.as_str(), "from", "/etc/deep"];
    filtered.check(&call(&inside, &open, &relative), &["/etc/x"]);
    let outside = ["from", word(&real), "root", root.as_str()];
    let unreachable = format!("(unreachable){}", folder.name("real/x"));
    filtered.check(&call(&outside, &open, &relative), &[&unreachable]);
    assert!(deep.is_dir());
    for (text, expected) in
        [("x", format!("{} (deleted)/x", word(&gone))), ("../x", folder.name("x"))]
    {
        fs::create_dir_all(&gone).expect("a folder");
        let text = format!("text:{text}");
        let before = ["from", word(&gone), "remove", word(&gone)];
        let words = call(&before, &open, &["-100", &text, "0"]);
        for (pattern, holds) in [(whole(&expected), true), (pattern("y", Part::End), false)] {
            assert_eq!(filtered.holds(&paths(pattern), &words), holds, "{words:?}");
            fs::create_dir_all(&gone).expect("a folder");
        }
    }
}

#[test]
fn filter_path_goes_through_mount_points() {
    needs_root!();
    let (mut filtered, folder) = (Filtered::new(), Folder::new());
    let (source, point) = (folder.with("source/inner"), folder.with("point"));
    let script = format!(
        "mount --bind {} {} && exec {} from {} native {} -100 text:x 0",
        folder.name("source"),
        word(&point),
        word(&trigger_path()),
        word(&point.join("inner")),
        nr("openat")
    );
    assert!(source.is_dir());
    for (path, rule) in [(point.join("inner/x"), 0), (source.join("x"), 1)] {
        let table = plan(&paths(whole(word(&path))), has_path);
        filtered.rig.table.apply(&mut filtered.rig.bpf, &table).expect("the filter is wired");
        let records = filtered.rig.trigger_by(|name| {
            let mut command = Command::new("unshare");
            command.args(["-m", "sh", "-c", &script]).env("TRIGGER_NAME", name);
            assert!(command.status().expect("unshare starts").success());
        });
        assert_eq!(filtered.rig.event(records.last().expect("an event")).rule, rule, "{path:?}");
    }
}

/// A name that is read while it changes would be a part of each.
#[test]
fn filter_path_of_directory_that_is_renamed_meanwhile_is_one_of_both() {
    needs_root!();
    let (mut filtered, folder, open) = (Filtered::new(), Folder::new(), nr("openat"));
    // Both are stored at the same place; the length is read first.
    let names = ["a".repeat(30), "b".repeat(5)];
    let [old, new] = names.each_ref().map(|name| folder.path.join(name));
    let inner = folder.with(&format!("{}/inner", names[0]));
    filtered.input = Some(File::open(inner).expect("a directory").into());
    let either = names.map(|name| pattern(&folder.name(&format!("{name}/")), Part::Begin));
    let table = plan(&Filter { path: Some(either.into()), ..Filter::default() }, has_path);
    filtered.rig.table.apply(&mut filtered.rig.bpf, &table).expect("the filter is wired");
    // The ring has room for no more events.
    let (times, is_done) = (scaled(6_000), AtomicBool::new(false));
    let number = times.to_string();
    let words = call(&["times", &number], &open, &["0", "text:x", "0"]);
    let records = thread::scope(|scope| {
        scope.spawn(|| {
            while !is_done.load(Relaxed) {
                fs::rename(&old, &new).and_then(|()| fs::rename(&new, &old)).expect("a rename");
            }
        });
        let records = filtered.records(&words);
        is_done.store(true, Relaxed);
        records
    });
    let events = records.iter().map(|record| filtered.rig.event(record));
    let own: Vec<_> = events.filter(|event| event.args[2] == 0).collect();
    assert_eq!(own.len() as u64, times);
    assert_eq!(own.iter().filter(|event| event.rule != 0).count(), 0);
    let ends = [&old, &new].map(|directory| format!("{}/inner/x", word(directory)));
    let others = own.iter().flat_map(recorded).filter(|path| !ends.contains(path));
    assert_eq!(others.collect::<Vec<_>>(), [""; 0]);
}

#[test]
fn filter_path_beyond_bounds_is_unknown() {
    needs_root!();
    let (mut filtered, folder, open) = (Filtered::new(), Folder::new(), nr("openat"));
    let fits = format!("/{}", "n/".repeat(TEXT_MAX / 2 - 1));
    for text in [format!("{fits}x"), format!("{}/x", &fits[..fits.len() - 1])] {
        assert_eq!(text.len(), TEXT_MAX);
        let words = format!("text:{text}");
        let words = call(&[], &open, &["-100", &words, "0"]);
        assert!(filtered.holds(&paths(pattern("/n/x", Part::End)), &words));
        assert!(!filtered.holds(&paths(pattern("/n/y", Part::End)), &words));
    }
    let normalised = format!("text:./{}.", &"n/".repeat(TEXT_MAX / 2 - 2));
    let words = call(&["from", "/"], &open, &["-100", &normalised, "0"]);
    assert!(filtered.holds(&paths(pattern("/n/n", Part::End)), &words));
    assert!(!filtered.holds(&paths(pattern("/", Part::End)), &words));
    for slashes in [STEPS_MAX, STEPS_MAX + 1] {
        let text = format!("text:{}x", "/".repeat(slashes));
        let words = call(&[], &open, &["-100", &text, "0"]);
        assert!(filtered.holds(&paths(whole("/x")), &words), "{slashes}");
        let is_known = slashes == STEPS_MAX;
        assert_eq!(filtered.holds(&paths(whole("/y")), &words), !is_known, "{slashes}");
    }
    let long = format!("text:{fits}xy");
    filtered.check_unknown(&call(&[], &open, &["-100", &long, "0"]));
    filtered.check_unknown(&call(&[], &open, &["-100", "1", "0"]));
    filtered.check_unknown(&call(&[], &open, &["-100", "cliff:/x", "0"]));
    let depth = folder.path.components().count() - 1;
    let known = folder.with(&vec!["directory"; 40 - depth].join("/"));
    let from = ["from", word(&known)];
    let words = call(&from, &open, &["-100", "text:x", "0"]);
    assert!(filtered.holds(&paths(pattern("/directory/x", Part::End)), &words));
    assert!(!filtered.holds(&paths(pattern("/directory/y", Part::End)), &words));
    let deep = folder.with(&vec!["directory"; 60].join("/"));
    filtered.check_unknown(&call(&["from", word(&deep)], &open, &["-100", "text:x", "0"]));
}

#[test]
fn filter_fd_path_is_that_of_open_file() {
    needs_root!();
    let (mut filtered, folder, sync) = (Filtered::new(), Folder::new(), nr("fsync"));
    let path = folder.name("file");
    filtered.input = Some(File::create(&path).expect("a file").into());
    let words = call(&[], &sync, &["0"]);
    filtered.check_seen(fd_paths, &words, &[&path]);
    let at = ["at", word(&folder.path)];
    let dup = nr("dup3");
    let both = call(&at, &dup, &["9", "0", "0"]);
    for path in [word(&folder.path), &path] {
        assert!(filtered.holds(&fd_paths(whole(path)), &both), "{path}");
        let not = Pattern { is_excluded: true, ..whole(path) };
        assert!(!filtered.holds(&fd_paths(not), &both), "{path}");
    }
    assert!(!filtered.holds(&fd_paths(whole("/nowhere/x")), &both));
    fs::remove_file(&path).expect("the file");
    filtered.check_seen(fd_paths, &words, &[&format!("{path} (deleted)")]);
}

#[test]
fn filter_fd_path_of_no_file_is_absent() {
    needs_root!();
    let (mut filtered, sync) = (Filtered::new(), nr("fsync"));
    let words = call(&[], &sync, &["0"]);
    filtered.input = Some(nix::unistd::pipe().expect("a pipe").0);
    filtered.check_seen(fd_paths, &words, &[]);
    filtered.input = Some(UnixStream::pair().expect("sockets").0.into());
    filtered.check_seen(fd_paths, &words, &[]);
    let eventfd = nix::sys::eventfd::EventFd::new().expect("an eventfd");
    filtered.input = Some(eventfd.into());
    filtered.check_seen(fd_paths, &words, &[]);
    for fd in ["77", "-1", "-100"] {
        filtered.check_seen(fd_paths, &call(&[], &sync, &[fd]), &[]);
    }
}
