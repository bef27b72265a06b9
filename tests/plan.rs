//! Tests of the entry that decides a slot, and of the changes of a reload.
#![allow(clippy::unwrap_used)] // helpers of tests are tests

use std::collections::BTreeMap;
use std::fs;
use std::path::Path;

use proptest::prelude::*;
use syscalls::{Abi, Slot, group, number};
use tailcalld::config::{AttachTo, Redact, Results, SecretPattern};
use tailcalld::plan::{self, ChangeSummary, Difference, Plan, Route, Rule, difference};

#[path = "fixtures/handlers.rs"]
mod handlers;
use handlers::handlers;

const ARGS: u16 = 2;
const EXEC: u16 = 3;
const TIMER: u16 = 4;

fn read(path: &str) -> Plan {
    plan::read(Path::new(path), &handlers()).unwrap()
}

fn written(text: &str) -> Plan {
    let directory = tempfile::tempdir().unwrap();
    let path = directory.path().join("c.toml");
    fs::write(&path, text).unwrap();
    plan::read(&path, &handlers()).unwrap()
}

/// `[routes]` with these lines: the slots by name, and the handler's number.
fn routed(lines: &str) -> Vec<(String, u16)> {
    let plan = written(&format!("[routes]\n{lines}\n"));
    plan.routes.iter().map(|(slot, route)| (word(*slot), route.rules[0].handler)).collect()
}

/// `kill/x86_64`.
fn word(slot: Slot) -> String {
    format!("{slot}/{}", slot.abi().name())
}

fn route(handler: u16, priority: u8, argv_bytes: u32) -> Route {
    Route::from(Rule { handler, priority, argv_bytes, buffer_bytes: 32, ..Rule::nothing() })
}

#[cfg(target_arch = "x86_64")]
#[test]
fn the_shipped_file_is_the_tutorials_table_and_a_look_at_io_uring() {
    let plan = read("config/tailcalld.toml");
    let numbers = |abi| -> Vec<_> {
        let of_abi = plan.routes.iter().filter(|(slot, _)| slot.abi() == abi);
        of_abi.map(|(slot, route)| (slot.nr(), route.rules[0].handler)).collect()
    };
    let timers = |from: u16| (from..from + 5).map(|nr| (nr, TIMER));
    let native: Vec<_> =
        [(59, EXEC)].into_iter().chain(timers(222)).chain([(322, EXEC), (425, ARGS)]).collect();
    let compat: Vec<_> =
        [(11, EXEC)].into_iter().chain(timers(259)).chain([(358, EXEC), (425, ARGS)]).collect();
    assert_eq!(numbers(Abi::Native), native);
    assert_eq!(numbers(Abi::Compat), compat);
    assert!(plan.routes.values().all(|found| *found == route(found.rules[0].handler, 6, 4096)));
    assert_eq!(plan.ring_bytes, 8 << 20);
    assert_eq!(plan.exclude, [Path::new("/usr/lib/systemd/systemd-journald")]);
    assert_eq!(plan.socket, Path::new("/run/systemd/journal/socket"));
    assert_eq!(plan.attach, AttachTo::Auto);
    assert_eq!(plan.files, [Path::new("config/tailcalld.toml")]);
}

/// The shipped file with the lines uncommented that begin so, an array with all of its lines; each must be
/// there once.
fn uncommented(beginnings: &[&str]) -> String {
    let mut shipped = fs::read_to_string("config/tailcalld.toml").unwrap();
    for beginning in beginnings {
        let commented = format!("\n#{beginning}");
        assert_eq!(shipped.matches(&commented).count(), 1, "{beginning}");
        let (before, rest) = shipped.split_once(&commented).unwrap();
        let is_open = rest.lines().next().unwrap().ends_with('[');
        let end = if is_open { rest.find("\n#]").unwrap() + "\n#]".len() } else { 0 };
        let array = rest[..end].replace("\n#", "\n");
        shipped = format!("{before}\n{beginning}{array}{}", &rest[end..]);
    }
    shipped
}

#[test]
fn the_shipped_file_shows_the_defaults() {
    let shown = [
        "abi = ",
        "priority = ",
        "argv = ",
        "argv_bytes = ",
        "env = ",
        "redact = ",
        "result = ",
        "uid = ",
        "gid = ",
        "loginuid = ",
        "unit = ",
        "slice = ",
        "user_unit = ",
        "comm = ",
        "exe = []",
        "parent_comm = ",
        "pid_tree = ",
        "argument = ",
        "limit = ",
        "sample = ",
        "aggregate = ",
        "keep = ",
        "size = ",
        "exe = [\"",
        "units = ",
        "per_uid = ",
        "per_uid_burst = ",
        "socket = ",
        "max_per_second = ",
        "max_bytes_per_second = ",
        "stats_interval = ",
        "attach = ",
    ];
    let plain = |plan: Plan| Plan { files: Vec::new(), origins: BTreeMap::new(), ..plan };
    let (with, without) = (written(&uncommented(&shown)), written(&uncommented(&[])));
    assert_eq!(plain(with), plain(without));
}

#[test]
fn the_examples_of_the_shipped_file_work() {
    let examples = [
        "\"@mount\" = ",
        "umount2 = ",
        "462 = ",
        "ptrace = ",
        "\"@clock\" = ",
        "socketcall = ",
        "openat = ",
        "connect = ",
    ];
    let plan = written(&uncommented(&examples));
    let of = |name| plan.origins.keys().filter(|slot| slot.name() == Some(name)).count();
    assert_eq!([of("move_mount"), of("umount2"), of("ptrace")], [2, 0, 2]);
    assert_eq!([of("openat"), of("connect")], [2, 2]);
    assert_eq!(plan.routes.get(&Slot::new(Abi::Native, 462).unwrap()), Some(&route(ARGS, 6, 4096)));
    let failed =
        plan.routes.iter().filter(|(_, route)| route.rules[0].results == Results::failed());
    let clock: Vec<_> = group("@clock").unwrap().slots().into_iter().collect();
    assert_eq!(failed.map(|(&slot, _)| slot).collect::<Vec<_>>(), clock);
}

#[cfg(target_arch = "x86_64")]
#[test]
fn a_name_means_both_abis_and_a_number_one() {
    let pair = |name: &str, handler| (name.to_owned(), handler);
    assert_eq!(routed("kill = \"args\""), [pair("kill/x86_64", ARGS), pair("kill/i386", ARGS)]);
    assert_eq!(routed("umount = \"args\""), [pair("umount/i386", ARGS)]);
    assert_eq!(routed("arch_prctl = \"args\"").len(), 2);
    assert_eq!(routed("226 = \"args\""), [pair("timer_delete/x86_64", ARGS)]);
    assert_eq!(routed("511 = \"args\""), [pair("#511/x86_64", ARGS)]);
}

#[test]
fn one_syscall_beats_its_group_wherever_it_stands() {
    let swap = group("@swap").unwrap().slots().len();
    assert_eq!(routed("\"@swap\" = \"args\"").len(), swap);
    for lines in
        ["swapon = \"none\"\n\"@swap\" = \"args\"", "\"@swap\" = \"args\"\nswapon = \"none\""]
    {
        let left = routed(lines);
        assert_eq!(left.len(), swap - 2);
        assert!(left.iter().all(|(name, _)| name.starts_with("swapoff/")), "{left:?}");
    }
}

#[test]
fn groups_that_agree_may_overlap() {
    let default =
        "\"@timer\" = \"args\"\n\"@system-service\" = { handler = \"args\", priority = \"info\" }";
    assert_eq!(routed(default).len(), group("@system-service").unwrap().slots().len());
}

#[test]
fn an_own_entry_settles_what_groups_disagree_about() {
    let quarrel = "\"@swap\" = \"args\"\n\"@privileged\" = \"exec\"\n";
    let settled = routed(&format!("{quarrel}swapon = \"timer\"\nswapoff = \"none\""));
    let swap: Vec<_> = settled.iter().filter(|(name, _)| name.starts_with("swap")).collect();
    assert_eq!(swap.len(), 2);
    assert!(swap.iter().all(|(name, handler)| name.starts_with("swapon/") && *handler == TIMER));
}

#[cfg(target_arch = "x86_64")]
#[test]
fn drop_ins_override_in_name_order() {
    let plan = read("tests/fixtures/drop-ins/main.toml");
    let at = |abi, nr| plan.routes.get(&Slot::new(abi, nr).unwrap()).cloned();
    let from = |abi, nr| {
        let origin = plan.origins.get(&Slot::new(abi, nr).unwrap()).unwrap();
        let file = origin.path.file_name().unwrap().to_str().unwrap();
        format!("{file}:{} {}", origin.line, origin.entry)
    };
    // A number in a drop-in takes over the native half of the name before it.
    assert_eq!(at(Abi::Native, 59), Some(route(ARGS, 3, 100)));
    assert_eq!(at(Abi::Compat, 11), Some(route(EXEC, 5, 100)));
    assert_eq!(from(Abi::Native, 59), "10-site.toml:5 59");
    assert_eq!(from(Abi::Compat, 11), "main.toml:5 execve");
    // mount has an entry of its own, umount2 keeps the one of the first file.
    assert_eq!(at(Abi::Native, 165), Some(route(EXEC, 5, 1024)));
    assert_eq!(at(Abi::Native, 166), None);
    // The rest of the group follows the drop-in.
    assert_eq!(at(Abi::Native, 155), Some(route(1, 5, 100)));
    assert_eq!(from(Abi::Native, 155), "10-site.toml:6 @mount");
    assert_eq!(at(Abi::Native, 222), None);
    assert_eq!(plan.ring_bytes, 1 << 20);
    assert_eq!(plan.exclude, Vec::<&Path>::new());
    let names: Vec<_> = plan.files.iter().map(|file| file.file_name().unwrap()).collect();
    assert_eq!(names, ["main.toml", "10-site.toml", "20-host.toml", "30-empty.toml"]);
}

#[cfg(target_arch = "x86_64")]
#[test]
fn a_difference_in_words() {
    let old = written("[routes]\nexecve = \"exec\"\nkill = \"args\"\n511 = \"args\"");
    let new = written(
        "[routes]\nexecve = { handler = \"exec\", priority = 7, argv_bytes = 0 }\n\
         62 = \"exec\"\nopenat = \"args\"\numount = \"args\"",
    );
    let told = difference(&old, &new).summary(&handlers());
    assert_eq!(told.added, ["openat=args", "umount=args"]);
    assert_eq!(
        told.changed,
        ["execve (priority info -> debug, argv_bytes 4096 -> 0)", "kill(x86_64) (args -> exec)"]
    );
    assert_eq!(told.removed, ["#511(x86_64)", "kill(i386)"]);
    assert_eq!(difference(&old, &old).summary(&handlers()), ChangeSummary::default());
}

#[cfg(target_arch = "x86_64")]
#[test]
fn a_changed_result_in_words() {
    let by = |result: &str| {
        written(&format!("[routes]\nkill = {{ handler = \"args\", result = {result} }}"))
    };
    let told = |from, to| difference(&by(from), &by(to)).summary(&handlers()).changed;
    assert_eq!(told("false", "true"), ["kill (result false -> true)"]);
    assert_eq!(told("true", "\"failed\""), ["kill (result true -> failed)"]);
    assert_eq!(told("false", "false"), Vec::<String>::new());
}

/// An ABI that is left out is left to other entries: to the group, to an earlier file, to nobody.
#[cfg(target_arch = "x86_64")]
#[test]
fn a_route_may_be_of_one_abi() {
    let pair = |name: &str, handler| (name.to_owned(), handler);
    for native in ["\"native\"", "[\"x86_64\"]", "[\"native\", \"x86_64\"]"] {
        let line = format!("kill = {{ handler = \"args\", abi = {native} }}");
        assert_eq!(routed(&line), [pair("kill/x86_64", ARGS)], "{native}");
    }
    let compat = "kill = { handler = \"args\", abi = \"i386\" }";
    assert_eq!(routed(compat), [pair("kill/i386", ARGS)]);
    let both = [pair("kill/x86_64", ARGS), pair("kill/i386", ARGS)];
    assert_eq!(routed("kill = { handler = \"args\", abi = [\"compat\", \"native\"] }"), both);
    let split = "kill = { handler = \"args\", abi = \"compat\" }\n62 = \"exec\"";
    assert_eq!(routed(split), [pair("kill/x86_64", EXEC), pair("kill/i386", ARGS)]);
    let below = "\"@swap\" = \"args\"\nswapon = { handler = \"timer\", abi = \"native\" }";
    let swapon: Vec<_> =
        routed(below).into_iter().filter(|(name, _)| name.starts_with("swapon")).collect();
    assert_eq!(swapon, [pair("swapon/x86_64", TIMER), pair("swapon/i386", ARGS)]);
}

#[cfg(target_arch = "x86_64")]
#[test]
fn the_abi_of_the_defaults_is_overruled_by_routes_and_not_that_of_none() {
    let pair = |name: &str, handler| (name.to_owned(), handler);
    let native = "[defaults]\nabi = \"native\"\n[routes]\n\"@swap\" = \"args\"\n";
    let routes = |more: &str| -> Vec<_> {
        let plan = written(&format!("{native}{more}\n"));
        plan.routes.iter().map(|(slot, route)| (word(*slot), route.rules[0].handler)).collect()
    };
    assert_eq!(routes(""), [pair("swapon/x86_64", ARGS), pair("swapoff/x86_64", ARGS)]);
    let compat = "swapon = { handler = \"exec\", abi = \"compat\" }";
    let three =
        [pair("swapon/x86_64", ARGS), pair("swapoff/x86_64", ARGS), pair("swapon/i386", EXEC)];
    assert_eq!(routes(compat), three);
    let none = "swapon = \"none\"\nkill = { handler = \"args\", abi = [\"native\", \"compat\"] }";
    let left = [pair("kill/x86_64", ARGS), pair("swapoff/x86_64", ARGS), pair("kill/i386", ARGS)];
    assert_eq!(routes(none), left);
}

/// Returns the options of `exec` for the native execve: bytes of argv, and variables.
fn kept(options: &str) -> (u32, Vec<String>) {
    let defaults = "[defaults]\nargv_bytes = 100\nenv = [\"HOME\"]\n";
    let plan = written(&format!("{defaults}[routes]\nexecve = {{ handler = \"exec\"{options} }}"));
    let native = Slot::new(Abi::Native, number(Abi::Native, "execve").unwrap()).unwrap();
    let route = plan.routes.get(&native).unwrap();
    (route.rules[0].argv_bytes, route.rules[0].env.iter().cloned().collect())
}

#[test]
fn programs_are_told_as_the_route_or_the_defaults_say() {
    let of = |bytes, names: &[&str]| (bytes, names.iter().map(|&name| name.to_owned()).collect());
    assert_eq!(kept(""), of(100, &["HOME"]));
    assert_eq!(kept(", argv = \"none\", argv_bytes = 7"), of(0, &["HOME"]));
    assert_eq!(kept(", argv = \"full\", env = []"), of(100, &[]));
    assert_eq!(kept(", env = \"PATH\""), of(100, &["PATH"]));
    assert_eq!(kept(", env = [\"PATH\", \"A\", \"PATH\"]"), of(100, &["A", "PATH"]));
    let plan = written("[defaults]\nenv = [\"HOME\"]\n[routes]\nkill = \"args\"");
    assert!(plan.routes.values().all(|route| route.rules[0].env.is_empty()));
}

#[test]
fn what_is_hidden_is_said_by_the_route_or_the_defaults() {
    let redact = |defaults: &str, route: &str| {
        let text = format!(
            "[defaults]\nredact = {defaults}\n[routes]\nkill = \"args\"\nexecve = {{ handler = \"exec\"{route} }}"
        );
        let plan = written(&text);
        let native = |name| Slot::new(Abi::Native, number(Abi::Native, name).unwrap()).unwrap();
        let of = |name| plan.routes.get(&native(name)).unwrap().rules[0].redact.clone();
        assert_eq!(of("kill"), Redact::Obvious);
        of("execve")
    };
    let also = |pattern: &str| Redact::Also(vec![SecretPattern::parse(pattern)]);
    assert_eq!(redact("true", ""), Redact::Obvious);
    assert_eq!(redact("false", ""), Redact::Off);
    assert_eq!(redact("false", ", redact = true"), Redact::Obvious);
    assert_eq!(redact("[\"--pin\"]", ""), also("--pin"));
    assert_eq!(redact("[\"--pin\"]", ", redact = \"*_PIN\""), also("*_PIN"));
    assert_eq!(redact("[\"--pin\"]", ", redact = false"), Redact::Off);
}

#[test]
fn all_routes_together_name_so_many_variables() {
    let names =
        |range: std::ops::Range<u32>| -> Vec<_> { range.map(|n| format!("\"V{n}\"")).collect() };
    let directory = tempfile::tempdir().unwrap();
    let path = directory.path().join("c.toml");
    let faults = |second: std::ops::Range<u32>| {
        let entry = |name, names: Vec<String>| {
            format!("{name} = {{ handler = \"exec\", env = [{}] }}\n", names.join(","))
        };
        let routes = entry("execve", names(0..10)) + &entry("execveat", names(second));
        fs::write(&path, format!("[routes]\n{routes}")).unwrap();
        let faults = plan::read(&path, &handlers()).err();
        faults.map(|faults| {
            faults.iter().map(tailcalld::config::Fault::line).collect::<Vec<_>>().join("\n")
        })
    };
    assert_eq!(faults(5..16), None);
    let many = "17 environment variables are too many, all routes together may use 16";
    assert_eq!(faults(5..17), Some(format!("{}:3:1: {many}", path.display())));
}

/// Returns the results that the native route of each syscall waits for.
fn results(lines: &str, names: &[&str]) -> Vec<String> {
    let plan = written(lines);
    let native = |name| Slot::new(Abi::Native, number(Abi::Native, name).unwrap()).unwrap();
    names
        .iter()
        .map(|name| plan.routes.get(&native(name)).unwrap().rules[0].results.summary())
        .collect()
}

#[test]
fn results_are_those_of_the_route_or_the_defaults() {
    let routes = "[routes]\nkill = { handler = \"args\", result = true }\n\
                  mkdirat = { handler = \"args\", result = \"failed\" }\n\
                  ptrace = { handler = \"args\", result = false }\nopenat = \"args\"\n";
    let names = ["kill", "mkdirat", "ptrace", "openat"];
    let (none, all, failed) = ("false", "true", "failed");
    assert_eq!(results(routes, &names), [all, failed, none, none]);
    let with = |default: &str| format!("{routes}[defaults]\nresult = {default}\n");
    assert_eq!(results(&with("true"), &names), [all, failed, none, all]);
    assert_eq!(results(&with("\"failed\""), &names), [all, failed, none, failed]);
}

#[test]
fn nobody_waits_for_what_never_comes() {
    let routes = "[defaults]\nresult = true\n[routes]\nkill = \"args\"\nexit = \"args\"\n\
                  exit_group = { handler = \"exec\", result = \"failed\" }\n\
                  rt_sigreturn = { handler = \"args\", result = true }\nopenat = \"count\"\n";
    let names = ["kill", "exit", "exit_group", "rt_sigreturn", "openat"];
    let none = "false";
    assert_eq!(results(routes, &names), ["true", none, none, none, none]);
}

#[cfg(target_arch = "x86_64")]
#[test]
fn the_other_abi_has_a_syscall_more_that_never_returns() {
    let plan = written("[routes]\n\"@default\" = { handler = \"args\", result = true }");
    let at_once = plan.routes.iter().filter(|(_, route)| route.rules[0].results == Results::None);
    let names: Vec<_> = at_once.map(|(slot, _)| word(*slot)).collect();
    assert_eq!(
        names,
        [
            "rt_sigreturn/x86_64",
            "exit/x86_64",
            "exit_group/x86_64",
            "exit/i386",
            "sigreturn/i386",
            "rt_sigreturn/i386",
            "exit_group/i386",
        ]
    );
}

#[test]
fn only_count_records_nothing() {
    let handlers = tailcalld::load::handlers().unwrap();
    let silent = handlers.iter().filter(|handler| !handler.records());
    let silent: Vec<_> = silent.map(|handler| handler.name.as_str()).collect();
    assert_eq!(silent, ["count"]);
}

#[test]
fn groups_that_want_other_results_disagree() {
    let directory = tempfile::tempdir().unwrap();
    let path = directory.path().join("c.toml");
    let result = "\"@privileged\" = { handler = \"args\", result = true }";
    fs::write(&path, format!("[routes]\n\"@swap\" = \"args\"\n{result}\n")).unwrap();
    let faults = plan::read(&path, &handlers()).unwrap_err();
    let lines: Vec<String> = faults.iter().map(|fault| fault.message.clone()).collect();
    assert_eq!(
        lines,
        ["\"@privileged\" and \"@swap\" (line 2) disagree about swapoff, swapon; give each of \
          these an entry of its own, or move one group to a drop-in"]
    );
}

/// `exec` would read the flags of openat as a vector of strings.
#[test]
fn a_handler_takes_only_what_it_understands() {
    let handlers = tailcalld::load::handlers().unwrap();
    let directory = tempfile::tempdir().unwrap();
    let path = directory.path().join("c.toml");
    fs::write(&path, "[routes]\nopenat = \"exec\"\n\"@timer\" = \"timer\"\n59 = \"exec\"\n")
        .unwrap();
    let faults = plan::read(&path, &handlers).unwrap_err();
    let lines: Vec<String> = faults.iter().map(|fault| fault.message.clone()).collect();
    assert_eq!(
        lines,
        [
            "handler \"exec\" does not support openat, only execve, execveat",
            "handler \"timer\" does not support getitimer, only timer_create, \
             timer_settime, timer_settime64, timer_gettime, timer_gettime64, timer_getoverrun, \
             timer_delete",
        ]
    );
    fs::write(&path, "[routes]\nexecveat = \"exec\"\ntimer_settime64 = \"timer\"\n").unwrap();
    let plan = plan::read(&path, &handlers).unwrap();
    let variants: Vec<_> = plan
        .routes
        .iter()
        .map(|(slot, route)| (slot.to_string(), slot.abi(), route.rules[0].variant))
        .collect();
    assert_eq!(
        variants,
        [
            ("execveat".to_owned(), Abi::Native, 1),
            ("execveat".to_owned(), Abi::Compat, 1),
            ("timer_settime64".to_owned(), Abi::Compat, 2),
        ]
    );
}

fn any_plan() -> impl Strategy<Value = Plan> {
    // Few slots and few settings, so that two plans have some in common.
    let results = prop::sample::select(vec![Results::None, Results::All, Results::failed()]);
    let route = (1..3_u16, 6..8_u8, results).prop_map(|(handler, priority, results)| {
        let mut route = route(handler, priority, 0);
        route.rules[0].results = results;
        route
    });
    let slot = (0..40_u16).prop_map(|at| Slot::from_index(at * 25).unwrap());
    prop::collection::btree_map(slot, route, 0..30)
        .prop_map(|routes| Plan { routes, ..Plan::default() })
}

proptest! {
    #[test]
    fn a_difference_leads_from_one_table_to_the_other(a in any_plan(), b in any_plan()) {
        let difference = difference(&a, &b);
        let mut routes = a.routes.clone();
        difference.apply(&mut routes);
        prop_assert_eq!(&routes, &b.routes);
        prop_assert_eq!(difference.is_empty(), a.routes == b.routes);
        let Difference { added, changed, removed } = difference;
        prop_assert!(changed.values().all(|change| change.from != change.to));
        prop_assert_eq!(a.routes.len() + added.len(), b.routes.len() + removed.len());
    }

    #[test]
    fn equal_tables_have_no_difference(a in any_plan()) {
        prop_assert!(difference(&a, &a).is_empty());
    }
}
