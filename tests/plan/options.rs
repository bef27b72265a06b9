//! Options of routes and their defaults.

use std::fs;

use syscalls::{Abi, Slot, number};
use tailcalld::config::{Redact, Results, SecretPattern};
use tailcalld::plan;

use super::config::plan_of;
use super::fixture::handlers as fixture_handlers;
use super::slot_name;

/// Returns the options of `exec` for the native execve: bytes of argv, and variables.
fn kept(options: &str) -> (u32, Vec<String>) {
    let defaults = "[defaults]\nargv_bytes = 100\nenv = [\"HOME\"]\n";
    let plan = plan_of(&format!("{defaults}[routes]\nexecve = {{ handler = \"exec\"{options} }}"));
    let native = Slot::new(Abi::Native, number(Abi::Native, "execve").unwrap()).unwrap();
    let route = plan.routes.get(&native).unwrap();
    (route.rules[0].argv_bytes, route.rules[0].env.iter().cloned().collect())
}

#[test]
fn read_argv_and_env_of_route_override_defaults() {
    let of = |bytes, names: &[&str]| (bytes, names.iter().map(|&name| name.to_owned()).collect());
    assert_eq!(kept(""), of(100, &["HOME"]));
    assert_eq!(kept(", argv = \"none\", argv_bytes = 7"), of(0, &["HOME"]));
    assert_eq!(kept(", argv = \"full\", env = []"), of(100, &[]));
    assert_eq!(kept(", env = \"PATH\""), of(100, &["PATH"]));
    assert_eq!(kept(", env = [\"PATH\", \"A\", \"PATH\"]"), of(100, &["A", "PATH"]));
    let plan = plan_of("[defaults]\nenv = [\"HOME\"]\n[routes]\nkill = \"args\"");
    assert!(plan.routes.values().all(|route| route.rules[0].env.is_empty()));
}

#[test]
fn read_redact_of_route_overrides_defaults() {
    let redact = |defaults: &str, route: &str| {
        let text = format!(
            "[defaults]\nredact = {defaults}\n[routes]\ntimer_create = \"timer\"\nexecve = {{ handler = \"exec\"{route} }}"
        );
        let plan = plan_of(&text);
        let native = |name| Slot::new(Abi::Native, number(Abi::Native, name).unwrap()).unwrap();
        let of = |name| plan.routes.get(&native(name)).unwrap().rules[0].redact.clone();
        assert_eq!(of("timer_create"), Redact::Obvious);
        of("execve")
    };
    let also = |pattern: &str| Redact::Also(vec![SecretPattern::parse(pattern)].into());
    assert_eq!(redact("true", ""), Redact::Obvious);
    assert_eq!(redact("false", ""), Redact::Off);
    assert_eq!(redact("false", ", redact = true"), Redact::Obvious);
    assert_eq!(redact("[\"--pin\"]", ""), also("--pin"));
    assert_eq!(redact("[\"--pin\"]", ", redact = \"*_PIN\""), also("*_PIN"));
    assert_eq!(redact("[\"--pin\"]", ", redact = false"), Redact::Off);
}

#[test]
fn read_too_many_variables_of_all_routes_is_fault() {
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
        let faults = plan::read(&path, &fixture_handlers()).err();
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
    let plan = plan_of(lines);
    let native = |name| Slot::new(Abi::Native, number(Abi::Native, name).unwrap()).unwrap();
    names
        .iter()
        .map(|name| plan.routes.get(&native(name)).unwrap().rules[0].results.summary())
        .collect()
}

#[test]
fn read_result_of_route_overrides_defaults() {
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
fn read_syscalls_that_never_return_await_no_result() {
    let routes = "[defaults]\nresult = true\n[routes]\nkill = \"args\"\nexit = \"args\"\n\
                  exit_group = { handler = \"exec\", result = \"failed\" }\n\
                  rt_sigreturn = { handler = \"args\", result = true }\nopenat = \"count\"\n";
    let names = ["kill", "exit", "exit_group", "rt_sigreturn", "openat"];
    let none = "false";
    assert_eq!(results(routes, &names), ["true", none, none, none, none]);
}

#[cfg(target_arch = "x86_64")]
#[test]
fn read_default_group_awaits_results_except_of_exit_and_sigreturn() {
    let plan = plan_of("[routes]\n\"@default\" = { handler = \"args\", result = true }");
    let calls = plan.routes.iter().filter(|(slot, _)| slot.abi() != Abi::IoUring);
    let at_once = calls.filter(|(_, route)| route.rules[0].results == Results::None);
    let names: Vec<_> = at_once.map(|(slot, _)| slot_name(*slot)).collect();
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
