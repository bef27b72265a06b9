//! Filters by where a process stands and where it comes from: cgroups, executables, parents, trees.

use std::fs;
use std::io::Write as _;
use std::os::unix::process::CommandExt as _;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::sync::{Mutex, MutexGuard, PoisonError};

use syscalls::Slot;
use tailcalld::config::{Filter, Part, Pattern, UnitName};
use tailcalld::plan::{Plan, Rule};
use tailcalld::units::{CgroupTags, Units};

use crate::rig::{Rig, filtered, own_slot, privileged, routes, trigger_path};
use crate::root::in_first_pid_namespace;

/// One after the other: each counts all calls of the slot.
static ALONE: Mutex<()> = Mutex::new(());

fn alone() -> Option<MutexGuard<'static, ()>> {
    let is_possible = privileged() && !filtered();
    is_possible.then(|| ALONE.lock().unwrap_or_else(PoisonError::into_inner))
}

fn call() -> Slot {
    own_slot(485)
}

/// Only calls that pass are recorded.
fn plan(filter: Filter) -> Plan {
    let mut plan =
        routes(&tailcalld::load::handlers().expect("the object opens"), &[(call(), "args")]);
    plan.routes.values_mut().for_each(|route| route.rules[0].filter = filter.clone());
    plan
}

/// Returns how many calls passed and were filtered since the rig began.
fn judged(rig: &Rig) -> (u64, u64) {
    let counters = rig.counters(call());
    assert!(counters.balance(), "{counters:?}");
    (counters.submitted, counters.filtered)
}

fn trigger(program: &Path) -> Command {
    let mut command = Command::new(program);
    command.args(["native", &call().nr().to_string()]);
    command
}

fn run(mut command: Command) {
    assert!(command.status().expect("it starts").success());
}

/// A cgroup of the v2 hierarchy, gone when dropped.
struct Cgroup(PathBuf);

impl Cgroup {
    fn new(path: &str) -> Self {
        let made = mount().join(path);
        fs::create_dir(&made).unwrap_or_else(|error| panic!("{}: {error}", made.display()));
        Self(made)
    }

    /// A shell goes there, and becomes the trigger.
    fn run(&self) {
        let script = format!("echo $$ > {}/cgroup.procs && exec \"$@\"", self.0.display());
        let mut command = Command::new("sh");
        let nr = call().nr().to_string();
        command.args(["-c", &script, "sh"]).arg(trigger_path()).args(["native", &nr]);
        run(command);
    }
}

impl Drop for Cgroup {
    fn drop(&mut self) {
        let _ = fs::remove_dir(&self.0);
    }
}

fn mount() -> PathBuf {
    let mounts = fs::read_to_string("/proc/self/mountinfo").expect("our mounts");
    let of_v2 = |line: &&str| line.contains(" - cgroup2 ");
    let line = mounts.lines().find(of_v2).expect("cgroup2 is mounted");
    line.split(' ').nth(4).expect("a mount point").into()
}

fn names(names: &[&str]) -> Option<Vec<UnitName>> {
    let name = |text: &&str| UnitName {
        text: text.trim_start_matches('!').to_owned(),
        is_excluded: text.starts_with('!'),
    };
    Some(names.iter().map(name).collect())
}

/// Existing cgroups are known, and new ones from their first call on.
#[test]
fn cgroup_tags_know_new_units_and_slices_at_once() {
    let Some(_alone) = alone() else { return };
    let slice = Cgroup::new("tailcalldtest.slice");
    let before = Cgroup::new("tailcalldtest.slice/tailcalld-a.service");
    let unit = |unit: &[&str]| Filter { unit: names(unit), ..Filter::default() };
    let mut rig = Rig::new(&plan(unit(&["tailcalld-a.service", "tailcalld-b.service"])));
    before.run();
    assert_eq!(judged(&rig), (1, 0));
    for _ in 0..20 {
        let born = Cgroup::new("tailcalldtest.slice/tailcalld-b.service");
        born.run();
        Cgroup::new("tailcalldtest.slice/tailcalld-b.service/worker").run();
        Cgroup::new("tailcalldtest.slice/tailcalld-c.service").run();
        slice.run();
    }
    assert_eq!(judged(&rig), (41, 40));

    let filter = Filter {
        slice: names(&["tailcalldtest.slice"]),
        unit: names(&["!tailcalld-a.service"]),
        ..Filter::default()
    };
    rig.table.apply(&mut rig.bpf, &plan(filter)).expect("the filter is wired");
    before.run();
    slice.run();
    Cgroup::new("tailcalldtest.slice/tailcalld-a.service/worker").run();
    Cgroup::new("tailcalldtest.slice/tailcalld-d.service").run();
    run(trigger(&trigger_path()));
    assert_eq!(judged(&rig), (43, 43));
}

#[test]
fn cgroup_tags_know_containers_and_user_units() {
    let Some(_alone) = alone() else { return };
    let id = "0a1b2c3d4e5f60718293a4b5c6d7e8f90a1b2c3d4e5f60718293a4b5c6d7e8f9";
    let user_unit = Filter { user_unit: names(&["mail.service"]), ..Filter::default() };
    let mut rig = Rig::new(&plan(user_unit));
    let _user = Cgroup::new("tailcalldtest-1000.slice");
    let manager = Cgroup::new("tailcalldtest-1000.slice/user@1000.service");
    let _app = Cgroup::new("tailcalldtest-1000.slice/user@1000.service/app.slice");
    let mail = Cgroup::new("tailcalldtest-1000.slice/user@1000.service/app.slice/mail.service");
    mail.run();
    manager.run();
    Cgroup::new("tailcalldtest-1000.slice/mail.service").run();
    assert_eq!(judged(&rig), (1, 2));

    for (wanted, expected) in [(true, (3, 3)), (false, (4, 5))] {
        let filter = Filter { container: Some(wanted), ..Filter::default() };
        rig.table.apply(&mut rig.bpf, &plan(filter)).expect("the filter is wired");
        let container = Cgroup::new(&format!("tailcalldtest-1000.slice/docker-{id}.scope"));
        container.run();
        Cgroup::new(&format!("tailcalldtest-1000.slice/docker-{id}.scope/inner")).run();
        mail.run();
        assert_eq!(judged(&rig), expected);
    }
}

/// By the same rules as a path is read that is known as a whole.
#[test]
fn cgroup_tags_of_new_cgroup_equal_those_of_its_path() {
    let Some(_alone) = alone() else { return };
    let id = "ffeeddccbbaa99887766554433221100ffeeddccbbaa99887766554433221100";
    let rig = Rig::new(&plan(Filter { unit: names(&["nginx.service"]), ..Filter::default() }));
    let _root = Cgroup::new("tailcalldtest");
    let parts = [
        "nginx.service".to_owned(),
        "_nginx.service".to_owned(),
        "user@1000.service".to_owned(),
        "user@1000.slice".to_owned(),
        "x.slice".to_owned(),
        ".slice".to_owned(),
        "a".to_owned(),
        id.to_owned(),
        format!("{id}0"),
        id.to_uppercase(),
        format!("docker-{id}.scope"),
        format!("docker-{id}"),
        format!("docke-{id}.scope"),
        format!("cri-containerd-{id}.scope"),
        format!("libpod-payload-{id}"),
        format!("libpod-conmon-{id}.scope"),
        format!("containerd-{id}.scope"),
        format!("nerdctl-{id}.scope"),
        format!("crio-{id}"),
        r"machine-web\x2d1.scope".to_owned(),
        "machine-.scope".to_owned(),
        "machine-web.service".to_owned(),
        r"machine-qemu\x2d1.scope".to_owned(),
        "machine-qemu-1.scope".to_owned(),
        "systemd-nspawn@web.service".to_owned(),
        "systemd-nspawn@.service".to_owned(),
        "lxc.payload.web".to_owned(),
        "lxc.payload.web.scope".to_owned(),
        "lxc.payload.".to_owned(),
        "x".repeat(255),
    ];
    let top: Vec<Cgroup> = ["tailcalldtest.slice", "tailcalldtest/x"].map(Cgroup::new).into();
    let mut made = Vec::new();
    for folder in ["", "tailcalldtest.slice/", "tailcalldtest/"] {
        let below = |part: &String| Cgroup::new(&format!("{folder}{part}"));
        made.extend(parts.iter().filter(|part| !(folder.is_empty() && *part == "a")).map(below));
    }
    let mut units = Units::new();
    units.read();
    let named = |kind, name: &str| {
        let is_it = kind == tailcalld::filter::NameKind::Unit && name == "nginx.service";
        u64::from(is_it)
    };
    let mut compared = 0;
    for (id, path) in units.all() {
        let Some(value) = rig.bpf.cgroup_tags(id) else { continue };
        let standing = CgroupTags::of(&path, named);
        assert_eq!(value, (standing.bits, standing.state.number().into()), "{path}");
        compared += 1;
    }
    assert!(compared >= made.len() + top.len(), "{compared} of {}", made.len());
}

fn pattern(text: &str, part: Part, is_excluded: bool) -> Pattern {
    Pattern { text: text.to_owned(), part, is_excluded }
}

fn exe(patterns: Vec<Pattern>) -> Filter {
    Filter { exe: Some(patterns), ..Filter::default() }
}

#[test]
fn filter_exe_matches_path() {
    let Some(_alone) = alone() else { return };
    let folder = tempfile::tempdir().expect("a temporary folder");
    let deep = folder.path().join("a/b/c".repeat(12));
    fs::create_dir_all(&deep).expect("folders");
    let [tool, other, far] =
        [folder.path().join("tool.x"), folder.path().join("other"), deep.join("tool.y")];
    for copy in [&tool, &other, &far] {
        fs::copy(trigger_path(), copy).expect("a copy");
    }
    let path = |path: &Path| path.display().to_string();
    let runs = || [&tool, &other, &far].map(|program| run(trigger(program)));
    let mut rig = Rig::new(&plan(exe(vec![pattern(&path(&tool), Part::Whole, false)])));
    runs();
    assert_eq!(judged(&rig), (1, 2));
    let folder_of = format!("{}/", path(folder.path()));
    for (patterns, expected) in [
        (vec![pattern(&folder_of, Part::Begin, false)], (4, 2)),
        (vec![pattern("/other", Part::End, false)], (5, 4)),
        (vec![pattern("/tool.y", Part::End, false)], (6, 6)),
        (vec![pattern("/nowhere/", Part::Begin, false)], (6, 9)),
        (vec![pattern(&folder_of, Part::Begin, false), pattern(".x", Part::End, true)], (8, 10)),
    ] {
        rig.table.apply(&mut rig.bpf, &plan(exe(patterns))).expect("the filter is wired");
        runs();
        assert_eq!(judged(&rig), expected);
    }
    // Where it is mounted is where its own namespace has it.
    let mounted = format!("{}/", path(&deep));
    let patterns = vec![pattern(&format!("{mounted}tool.x"), Part::Whole, false)];
    rig.table.apply(&mut rig.bpf, &plan(exe(patterns))).expect("the filter is wired");
    let script = format!(
        "mount --bind {} {} && exec {}tool.x native {}",
        folder.path().display(),
        deep.display(),
        mounted,
        call().nr()
    );
    let mut command = Command::new("unshare");
    command.args(["-m", "sh", "-c", &script]);
    run(command);
    assert_eq!(judged(&rig), (9, 10));
}

#[test]
fn filter_parent_comm_matches_name() {
    let Some(_alone) = alone() else { return };
    let folder = tempfile::tempdir().expect("a temporary folder");
    let shell = folder.path().join("parent-shell");
    fs::copy("/bin/sh", &shell).expect("a copy");
    let parent_comm = Some(vec![pattern("parent-", Part::Begin, false)]);
    let rig = Rig::new(&plan(Filter { parent_comm, ..Filter::default() }));
    let script = format!("{} native {}; true", trigger_path().display(), call().nr());
    let mut command = Command::new(&shell);
    // Of busybox the first word says what it is to be.
    command.arg0("sh").args(["-c", &script]);
    run(command);
    run(trigger(&trigger_path()));
    assert_eq!(judged(&rig), (1, 1));
}

/// Shell that executes its standard input line by line.
fn shell() -> Child {
    let mut command = Command::new("sh");
    command.stdin(Stdio::piped()).stdout(Stdio::piped());
    command.spawn().expect("a shell")
}

fn run_line(shell: &mut Child, line: &str) {
    use std::io::{BufRead as _, BufReader};
    let input = shell.stdin.as_mut().expect("its input");
    writeln!(input, "{line}; echo done").expect("it reads");
    let mut said = String::new();
    let mut output = BufReader::new(shell.stdout.as_mut().expect("its output"));
    output.read_line(&mut said).expect("it answers");
    assert_eq!(said, "done\n");
}

/// Process whose parent has exited and that makes its call on request.
struct Orphan {
    folder: tempfile::TempDir,
}

impl Orphan {
    fn start(parent: &mut Child) -> Self {
        let folder = tempfile::tempdir().expect("a temporary folder");
        let path = |name: &str| folder.path().join(name).display().to_string();
        let [start, done] = ["start", "done"].map(path);
        let script = format!("cat {start}; {}; echo >{done}", call_it());
        run_line(parent, &format!("mkfifo {start} {done}; (sh -c '{script}' >/dev/null &)"));
        Self { folder }
    }

    fn calls(&self) {
        fs::write(self.folder.path().join("start"), "").expect("it reads");
        fs::read(self.folder.path().join("done")).expect("it answers");
    }
}

fn call_it() -> String {
    format!("{} native {}", trigger_path().display(), call().nr())
}

#[test]
fn filter_pid_tree_has_all_descendants() {
    let Some(_alone) = alone() else { return };
    let (mut inside, mut outside) = (shell(), shell());
    let before = Orphan::start(&mut inside);
    let filter = Filter { pid_tree: Some(vec![inside.id()]), ..Filter::default() };
    let mut rig = Rig::new(&plan(filter.clone()));
    run_line(&mut outside, &call_it());
    assert_eq!(judged(&rig), (0, 1));
    run_line(&mut inside, &call_it());
    let deep = format!("sh -c 'sh -c \"sh -c \\\"{}; true\\\"; true\"; true'", call_it());
    run_line(&mut inside, &deep);
    assert_eq!(judged(&rig), (2, 1));
    // Its parent has ended when it calls. Of the one whose parent had ended before anybody asked, nobody
    // knows whose child it was.
    Orphan::start(&mut inside).calls();
    assert_eq!(judged(&rig), (3, 1));
    before.calls();
    assert_eq!(judged(&rig), (3, 2));

    // Another table with the same tree keeps it; one without it forgets it.
    let mut orphan = Orphan::start(&mut inside);
    rig.table.apply(&mut rig.bpf, &plan(filter)).expect("the filter is wired");
    run_line(&mut inside, &call_it());
    orphan.calls();
    assert_eq!(judged(&rig), (5, 2));
    orphan = Orphan::start(&mut inside);
    let other = Filter { pid_tree: Some(vec![outside.id()]), ..Filter::default() };
    rig.table.apply(&mut rig.bpf, &plan(other)).expect("the filter is wired");
    run_line(&mut inside, &call_it());
    orphan.calls();
    run_line(&mut outside, &call_it());
    assert_eq!(judged(&rig), (6, 4));
    for mut shell in [inside, outside] {
        drop(shell.stdin.take());
        shell.wait().expect("it ends");
    }
}

/// A process that has the number of one that was in a tree is not in it.
#[test]
fn filter_pid_tree_lacks_reused_pid() {
    // In another one, its number in the first is not had again.
    if !in_first_pid_namespace() {
        return;
    }
    let Some(_alone) = alone() else { return };
    let mut root = shell();
    let filter = Filter { pid_tree: Some(vec![root.id()]), ..Filter::default() };
    let rig = Rig::new(&plan(filter));
    run_line(&mut root, &call_it());
    assert_eq!(judged(&rig), (1, 0));
    drop(root.stdin.take());
    root.wait().expect("it ends");
    // Other processes take numbers, too: it may take some tries.
    let tries = (1..1000).find(|_| {
        let last = "/proc/sys/kernel/ns_last_pid";
        fs::write(last, (root.id() - 1).to_string()).expect("the next number (CAP_SYS_ADMIN)");
        let mut next = trigger(&trigger_path()).spawn().expect("it starts");
        assert!(next.wait().expect("it ends").success());
        next.id() == root.id()
    });
    assert_eq!(judged(&rig), (1, tries.expect("the number was not had again")));
}

#[test]
fn exclude_units_counts_and_does_not_record() {
    let Some(_alone) = alone() else { return };
    let handlers = tailcalld::load::handlers().expect("the object opens");
    let mut plan = routes(&handlers, &[(call(), "args")]);
    plan.exclude_units = vec!["tailcalld-sink.service".to_owned()];
    let before = Cgroup::new("tailcalld-sink.service");
    let mut rig = Rig::new(&plan);
    before.run();
    for _ in 0..5 {
        Cgroup::new("tailcalld-sink.service/worker").run();
    }
    drop(before);
    Cgroup::new("tailcalld-sink.service").run();
    Cgroup::new("tailcalld-other.service").run();
    let excluded = |rig: &Rig| {
        let counters = rig.counters(call());
        assert!(counters.balance(), "{counters:?}");
        (counters.excluded_unit, counters.submitted)
    };
    assert_eq!(excluded(&rig), (7, 1));
    // The filter looks, too.
    plan.routes.values_mut().for_each(|route| route.rules.insert(0, Rule::nothing()));
    plan.routes.values_mut().for_each(|route| route.rules[0].filter.container = Some(true));
    rig.table.apply(&mut rig.bpf, &plan).expect("the filter is wired");
    Cgroup::new("tailcalld-sink.service").run();
    Cgroup::new("tailcalld-other.service").run();
    assert_eq!(excluded(&rig), (8, 2));
    plan.exclude_units.clear();
    let sink = Cgroup::new("tailcalld-sink.service");
    rig.table.apply(&mut rig.bpf, &plan).expect("the filter is wired");
    rig.table.apply(&mut rig.bpf, &plan).expect("and once more: the one before named it");
    sink.run();
    assert_eq!(excluded(&rig), (8, 3));
}

/// No rule is asked: neither one that would count the call nor none, which would refuse it.
#[test]
fn exclude_units_comes_before_filter() {
    let Some(_alone) = alone() else { return };
    let handlers = tailcalld::load::handlers().expect("the object opens");
    let mut plan = routes(&handlers, &[(call(), "count")]);
    plan.exclude_units = vec!["tailcalld-sink.service".to_owned()];
    let filter = Filter { slice: names(&["tailcalldtest.slice"]), ..Filter::default() };
    plan.routes.values_mut().for_each(|route| route.rules[0].filter = filter.clone());
    let rig = Rig::new(&plan);
    let _slice = Cgroup::new("tailcalldtest.slice");
    for (folder, times) in [("tailcalldtest.slice/", 3), ("", 5)] {
        let [sink, other] = ["tailcalld-sink.service", "tailcalld-other.service"]
            .map(|unit| Cgroup::new(&format!("{folder}{unit}")));
        (0..times).for_each(|_| sink.run());
        other.run();
    }
    let counters = rig.counters(call());
    assert!(counters.balance(), "{counters:?}");
    assert_eq!((counters.excluded_unit, counters.counted, counters.filtered), (8, 1, 1));
}
