//! The environment variables that a route of `exec` names: those, and no others.

use std::collections::BTreeSet;
use std::process::Command;

use syscalls::{Abi, Slot, Status, Value};
use tailcalld::decode::Event;
use tailcalld::plan::Plan;

use crate::rig::{Rig, routes, slot, trigger_path};

/// Routes of `exec` with these variables.
fn plan(wanted: &[(Slot, &[&str])]) -> Plan {
    let handlers = tailcalld::load::handlers().expect("the object opens");
    let pairs: Vec<_> = wanted.iter().map(|(slot, _)| (*slot, "exec")).collect();
    let mut plan = routes(&handlers, &pairs);
    for (slot, names) in wanted {
        let route = plan.routes.get_mut(slot).expect("a route");
        route.rules[0].env = names.iter().map(|&name| name.to_owned()).collect();
    }
    plan
}

fn env<'a>(event: &'a Event<'_>) -> Vec<(&'a str, Status)> {
    let index = event.handler.fields.iter().position(|known| known.name == "env");
    let parts = event.captures.of(index.expect("a declared field") as u8).iter();
    let text = |value| match value {
        Value::Text(bytes) => std::str::from_utf8(bytes).expect("the test's own text"),
        other => panic!("{other:?}"),
    };
    parts.map(|part| (text(part.value), part.status)).collect()
}

/// Calls execve of a program that does not exist, in that environment; what the event has of it.
fn check_env(rig: &Rig, environment: &str, check: impl Fn(&[(&str, Status)])) {
    let nr = slot(Abi::Native, "execve").nr().to_string();
    let records = rig.trigger(&["native", &nr, "text:/nonexistent", "argv:1", environment]);
    let [record] = records.as_slice() else { panic!("{} records", records.len()) };
    check(&env(&rig.event(record)));
}

const CUT: Status = Status::Truncated { length: None };

#[test]
fn env_records_variables_of_exact_name() {
    needs_root!();
    let calls = [
        (Abi::Native, "execve", "native", "strings", vec![]),
        (Abi::Compat, "execve", "compat", "strings32", vec![]),
        (Abi::Native, "execveat", "native", "strings", vec!["-100"]),
    ];
    for (abi, name, word, vector, first) in calls {
        let call = slot(abi, name);
        let rig = Rig::new(&plan(&[(call, &["LD_PRELOAD", "PATH"])]));
        let environment = format!(
            "{vector}:LD_PRELOAD=/x.so,LD_PRELOADS=1,XPATH=2,PATH,,PATHS=3,PAT=4,path=5,PATH=/a=b"
        );
        let nr = call.nr().to_string();
        let argv = if abi == Abi::Compat { "argv32:1" } else { "argv:1" };
        let words = [&[word, &*nr][..], &first, &["text:/nonexistent", argv, &environment]];
        let records = rig.trigger(&words.concat());
        let [record] = records.as_slice() else { panic!("{} records", records.len()) };
        let expected = [("LD_PRELOAD=/x.so", Status::Ok), ("PATH=/a=b", Status::Ok)];
        assert_eq!(env(&rig.event(record)), expected, "{call}");
    }
}

#[test]
fn env_accepts_most_and_longest_names() {
    needs_root!();
    let names: Vec<_> = (10..26).map(|n| format!("{n}_A_NAME_OF_THIRTY_ONE_BYTES__")).collect();
    let names: Vec<&str> = names.iter().map(String::as_str).collect();
    assert_eq!((names.len(), names[0].len()), (16, 31));
    let rig = Rig::new(&plan(&[(slot(Abi::Native, "execve"), &names)]));
    let variables: Vec<_> = names.iter().map(|name| format!("{name}=v")).collect();
    check_env(&rig, &format!("strings:{},Z=1", variables.join(",")), |env| {
        assert_eq!(env.iter().map(|(text, _)| *text).collect::<Vec<_>>(), variables);
    });
    // One more than there are names: one of them is there twice.
    check_env(&rig, &format!("strings:{},{}", variables.join(","), variables[0]), |env| {
        assert_eq!((env.len(), env.last()), (17, Some(&("", CUT))));
    });
}

#[test]
fn env_names_differ_by_route() {
    needs_root!();
    let [execve, execveat] = ["execve", "execveat"].map(|name| slot(Abi::Native, name));
    let rig = Rig::new(&plan(&[(execve, &["HOME"]), (execveat, &[])]));
    let environment = "strings:HOME=/root,PATH=/bin";
    check_env(&rig, environment, |env| assert_eq!(env, [("HOME=/root", Status::Ok)]));
    let nr = execveat.nr().to_string();
    let words = ["native", &nr, "-100", "text:/nonexistent", "argv:1", environment];
    let records = rig.trigger(&words);
    assert_eq!(env(&rig.event(&records[0])), []);
}

#[test]
fn env_long_value_is_marked_truncated() {
    needs_root!();
    let rig = Rig::new(&plan(&[(slot(Abi::Native, "execve"), &["A", "B", "C"])]));
    let [a, b] = [4000, 200].map(|length| "x".repeat(length));
    check_env(&rig, &format!("strings:A={a},B={b},C=1"), |env| {
        let (a, b) = (format!("A={a}"), format!("B={}", &b[..92]));
        let cut = Status::Truncated { length: Some(202) };
        assert_eq!(env, [(&*a, Status::Ok), (&*b, cut), ("", CUT)]);
    });
    check_env(&rig, &format!("strings:A={}", "x".repeat(5000)), |env| {
        let kept = format!("A={}", "x".repeat(4094));
        assert_eq!(env, [(&*kept, CUT)]);
    });
}

#[test]
fn env_unread_rest_is_marked_truncated() {
    needs_root!();
    let rig = Rig::new(&plan(&[(slot(Abi::Native, "execve"), &["A"])]));
    check_env(&rig, "argv:128", |env| assert_eq!(env, []));
    check_env(&rig, "argv:129", |env| assert_eq!(env, [("", CUT)]));
    let unreadable = [("", Status::Unreadable { errno: 14 })];
    check_env(&rig, "0x10", |env| assert_eq!(env, unreadable));
    check_env(&rig, "words:0x10,0", |env| assert_eq!(env, unreadable));
    check_env(&rig, "0", |env| assert_eq!(env, []));
}

/// The names flip with the routes: no call is judged by the names of another table. Few calls, because
/// other tests see them too.
#[test]
fn env_reload_never_mixes_names() {
    needs_root!();
    let execve = slot(Abi::Native, "execve");
    let tables = [plan(&[(execve, &["FIRST"])]), plan(&[(execve, &["SECOND"])])];
    let mut rig = Rig::new(&tables[1]);
    let nr = execve.nr().to_string();
    let words = ["native", &nr, "text:/nonexistent", "argv:1", "strings:FIRST=1,SECOND=2"];
    let mut seen = BTreeSet::new();
    for turn in 0..40 {
        let mut command = Command::new(trigger_path());
        command.args(["times", "200"]).args(words).env("TRIGGER_NAME", "torn");
        let mut child = command.spawn().expect("the trigger starts");
        rig.table.apply(&mut rig.bpf, &tables[turn % 2]).expect("wired");
        child.wait().expect("the trigger ends");
        for bytes in rig.events() {
            let event = rig.event(&bytes);
            if event.comm == b"torn" {
                let expected = if event.generation % 2 == 0 { "FIRST=1" } else { "SECOND=2" };
                assert_eq!(env(&event), [(expected, Status::Ok)], "{}", event.generation);
                seen.insert(event.generation);
            }
        }
    }
    assert!(seen.len() > 20, "only {} generations saw a call", seen.len());
}
