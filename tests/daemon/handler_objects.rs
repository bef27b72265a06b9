//! Handlers in objects of their own, compiled with the SDK: what they add to records, and what becomes of those that fail.

use std::collections::BTreeMap;
use std::path::Path;
use std::process::{Command, Stdio};

use serde_json::{Value, json};

use crate::control::ask_json;
use crate::handler_object::{folder, install};
use crate::process::{eventually, trigger};
use crate::records::{Total, of_kind};
use crate::rig::{Daemon, Setup};

/// Puts a variant of the handler into the folder of a configuration.
fn put(setup: &Setup, variant: &str) {
    install(variant, &folder(&setup.config()));
}

/// Returns the digest of the handler's object.
fn sha256(setup: &Setup) -> String {
    let output = Command::new("sha256sum")
        .arg(folder(&setup.config()).join("removed.bpf.o"))
        .output()
        .unwrap();
    String::from_utf8(output.stdout).unwrap().split_whitespace().next().unwrap().to_owned()
}

/// Removes files that are not there, by unlinkat. The filter keeps other processes out.
fn remove(daemon: &Daemon, names: &[&str]) {
    for name in names {
        let status = Command::new("rm").arg("-f").arg(daemon.setup.path(name)).status().unwrap();
        assert!(status.success());
    }
}

fn config(setup: &Setup, handler: &str) -> String {
    let folder = setup.path("**");
    format!(
        "[routes]\nunlinkat = {{ handler = {handler}, comm = \"rm\", path = \"{}\" }}\n",
        folder.display()
    )
}

fn setup(handler: &str, variant: &str) -> Option<Setup> {
    let setup = Setup::new("")?;
    put(&setup, variant);
    setup.write(&config(&setup, handler));
    Some(setup)
}

fn removals(records: &[Value]) -> Vec<Value> {
    of_kind(records, "syscall").into_iter().cloned().collect()
}

#[test]
fn handler_of_object_adds_its_fields_and_its_sentence() {
    let Some(setup) = setup("\"removed\"", "good") else { return };
    let daemon = setup.start();
    remove(&daemon, &["a", "b c"]);
    let at = daemon.setup.path("b c");
    let records = removals(&daemon.stop());
    assert_eq!(records.len(), 2, "{records:#?}");
    assert_eq!(records[1]["handler"], "removed");
    assert_eq!(records[1].get("chain"), None);
    assert_eq!(records[1]["args"], json!({"at": "AT_FDCWD", "file": at, "version": -1}));
    let message = records[1]["message"].as_str().unwrap();
    assert!(
        message.starts_with(&format!("Removing \"{}\" in AT_FDCWD by rm", at.display())),
        "{message}"
    );
}

#[test]
fn handler_of_object_adds_to_what_args_has_captured() {
    let Some(setup) = setup("[\"args\", \"removed\"]", "good") else { return };
    let daemon = setup.start();
    remove(&daemon, &["a"]);
    let records = removals(&daemon.stop());
    assert_eq!(records.len(), 1, "{records:#?}");
    assert_eq!(
        (&records[0]["handler"], &records[0]["chain"]),
        (&json!("args"), &json!(["removed"]))
    );
    let args = &records[0]["args"];
    assert_eq!((&args["pathname"], &args["version"]), (&args["file"], &json!(-1)), "{args}");
    assert!(records[0]["message"].as_str().unwrap().starts_with("unlinkat(AT_FDCWD, "));
}

#[test]
fn handler_that_does_not_give_the_call_back_is_counted() {
    let Some(setup) = setup("\"removed\"", "forgetful") else { return };
    let daemon = setup.start();
    remove(&daemon, &["a", "b", "c"]);
    // The last one counts once no handler can take that long.
    eventually("three calls are counted", || {
        let stats = ask_json(&daemon.setup, &["stats", "--json"]);
        stats["routes"][0]["outcomes"]["lost_handler"] == 3
    });
    let records = daemon.stop();
    assert_eq!(removals(&records), Vec::<Value>::new());
    assert_eq!(lost(&records), BTreeMap::from([("handler".to_owned(), 3)]));
}

#[test]
fn handler_that_claims_too_much_is_counted() {
    let Some(setup) = setup("\"removed\"", "boastful") else {
        return;
    };
    let daemon = setup.start();
    remove(&daemon, &["a", "b", "c"]);
    let records = daemon.stop();
    assert_eq!(removals(&records), Vec::<Value>::new());
    assert_eq!(lost(&records), BTreeMap::from([("handler_full".to_owned(), 3)]));
}

#[test]
fn replaced_object_takes_over_and_the_record_names_both_versions() {
    let Some(setup) = setup("\"removed\"", "good") else { return };
    let mut daemon = setup.start();
    let before = sha256(&daemon.setup);
    remove(&daemon, &["a"]);
    put(&daemon.setup, "second");
    let read = daemon.records.until("reloaded");
    let change = format!("removed sha256 {before} -> {}", sha256(&daemon.setup));
    let changed = read.last().unwrap()["changed"][0].as_str().unwrap();
    assert!(changed.contains(&change), "{changed}, not {change}");
    remove(&daemon, &["a"]);
    let records = [read, daemon.stop()].concat();
    let version = |record: &Value| record["args"]["version"].clone();
    assert_eq!(Vec::from_iter(removals(&records).iter().map(version)), [json!(-1), json!(-2)]);
}

#[test]
fn object_that_the_verifier_refuses_leaves_the_table() {
    let Some(setup) = setup("\"removed\"", "good") else { return };
    let mut daemon = setup.start();
    put(&daemon.setup, "null");
    let refused = daemon.records.next("reload_refused");
    let fault = refused["faults"][0].as_str().unwrap();
    assert!(
        fault.contains("removed.bpf.o cannot be loaded: the kernel's verifier refuses it"),
        "{fault}"
    );
    remove(&daemon, &["a"]);
    assert_eq!(removals(&daemon.stop()).len(), 1);
}

/// Returns the number of events lost by reason, and checks that the books of the stopped daemon agree.
fn lost(records: &[Value]) -> BTreeMap<String, u64> {
    let mut by_reason = BTreeMap::new();
    for record in of_kind(records, "lost") {
        for loss in record["losses"].as_array().unwrap() {
            let reason = loss["reason"].as_str().unwrap().to_owned();
            *by_reason.entry(reason).or_default() += loss["count"].as_u64().unwrap();
        }
    }
    let stopped = of_kind(records, "stopped")[0];
    assert_eq!(Total::of(stopped, "unlinkat").lost, by_reason.values().sum::<u64>());
    by_reason
}

#[test]
fn stack_names_frames_of_the_kernel_and_files_of_the_process() {
    let Some(setup) = setup("[\"args\", \"stack\"]", "good") else { return };
    let daemon = setup.start();
    remove(&daemon, &["a"]);
    let records = removals(&daemon.stop());
    let args = &records[0]["args"];
    let frames = |name: &str| -> Vec<String> {
        let frames = args[name].as_array().unwrap().iter();
        frames.map(|frame| frame.as_str().unwrap().to_owned()).collect()
    };
    let kernel = frames("kernel_stack");
    assert!(kernel.iter().any(|frame| frame.starts_with("do_syscall_64+0x")), "{kernel:?}");
    let process = frames("user_stack");
    let (file, offset) = process[0].split_once("+0x").unwrap();
    assert_eq!((file.len(), u64::from_str_radix(offset, 16).is_ok()), (40, true), "{process:?}");
}

#[test]
fn handler_that_captures_what_it_does_not_declare_leaves_the_rest_of_the_record() {
    for variant in ["lying", "unlisted"] {
        let Some(setup) = setup("[\"args\", \"removed\"]", variant) else { return };
        let daemon = setup.start();
        remove(&daemon, &["a"]);
        let records = removals(&daemon.stop());
        assert_eq!(records[0]["unreadable"], json!(["removed"]), "{variant}: {records:#?}");
        assert!(records[0]["args"]["pathname"].is_string() && records[0]["args"]["file"].is_null());
    }
}

#[test]
fn handler_that_claims_too_many_captures_is_counted() {
    let Some(setup) = setup("\"removed\"", "crowded") else { return };
    let daemon = setup.start();
    remove(&daemon, &["a"]);
    assert_eq!(lost(&daemon.stop()), BTreeMap::from([("handler_full".to_owned(), 1)]));
}

#[test]
fn handler_whose_data_is_a_structure_has_its_members_as_fields() {
    let Some(setup) = setup("\"event\"", "event") else { return };
    let daemon = setup.start();
    remove(&daemon, &["a"]);
    let records = removals(&daemon.stop());
    let expected = json!({
        "text": "abc", "bytes": "<4 bytes: fe 00 00 00>", "small": -2, "byte": 200, "flag": 1,
        "outcome": "OUTCOME_SOME", "unnamed": 5, "number": -3, "address": "0x1234",
        "thread": records[0]["tid"],
    });
    assert_eq!(records[0]["args"], expected, "{records:#?}");
    let message = records[0]["message"].as_str().unwrap();
    assert!(message.starts_with("abc: OUTCOME_SOME -2 by rm"), "{message}");
}

/// The steps of docs/handlers.md, which begin with the handlers of BCC's example.
#[test]
fn tutorial_builds_wires_and_records_its_handlers() {
    let Some(setup) = Setup::new("") else { return };
    if std::env::consts::ARCH != "x86_64" {
        return println!("skipped: the numbers of the tutorial are those of x86_64");
    }
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let (examples, folder) = (setup.path("handlers"), folder(&setup.config()));
    let mut copy = Command::new("cp");
    assert!(
        copy.arg("-r")
            .arg(root.join("examples/handlers"))
            .arg(&examples)
            .status()
            .unwrap()
            .success()
    );
    let mut make = Command::new("make");
    make.arg("-C").arg(&examples).arg("install").stdout(Stdio::null());
    make.arg(format!("SDK={}", root.join("sdk").display()));
    assert!(make.arg(format!("HANDLERS={}", folder.display())).status().unwrap().success());

    let tutorial = std::fs::read_to_string(root.join("docs/handlers.md")).unwrap();
    let blocks = tutorial.split("```toml\n").skip(1).map(|rest| rest.split("```").next().unwrap());
    let wired = blocks.into_iter().find(|block| block.contains("hello_timer")).unwrap();
    // Other processes execute programs meanwhile.
    let program = setup.path("program");
    assert!(Command::new("cp").arg("/bin/true").arg(&program).status().unwrap().success());
    let only = format!("{{ handler = \"hello_exec\", path = \"{}\" }}", program.display());
    setup.write(&wired.replace("\"hello_exec\"", &only));
    let checked = Command::new(env!("CARGO_BIN_EXE_tailcalld"))
        .args(["check", "--load"])
        .arg(setup.config())
        .output()
        .unwrap();
    assert!(checked.status.success(), "{}", String::from_utf8_lossy(&checked.stderr));

    check_probes_of(&setup, &tutorial);
    let daemon = setup.start();
    for number in 222..=226 {
        trigger(&["times", "1", "native", &number.to_string()]);
    }
    assert!(Command::new(program).status().unwrap().success());
    let records = removals(&daemon.stop());
    let of = |handler: &str| -> Vec<String> {
        let records = records.iter().filter(|record| record["handler"] == handler);
        let message = |record: &Value| record["message"].as_str().unwrap().to_owned();
        records.map(message).map(|text| text.split(" by ").next().unwrap().to_owned()).collect()
    };
    assert_eq!(of("hello_exec"), ["Executing a program"]);
    let (creating, other) = ("Creating a timer", "Some other timer operation");
    assert_eq!(of("hello_timer"), [creating, other, other, other, "Deleting a timer"]);
    for block in tutorial.split("```c\n").skip(1) {
        let block = block.split("```").next().unwrap();
        let is_there =
            ["hello_exec", "hello_timer", "removed", "removal", "unlinked"].iter().any(|name| {
                let source = root.join(format!("examples/handlers/{name}.bpf.c"));
                squeezed(&std::fs::read_to_string(source).unwrap()).contains(&squeezed(block))
            });
        assert!(is_there, "no example has this code of docs/handlers.md:\n{block}");
    }
}

/// Checks the configuration of the document with a probe, beside that of the others: tests/matrix/daemon.sh runs it, on kernels
/// that have kprobes.
fn check_probes_of(setup: &Setup, tutorial: &str) {
    let blocks = tutorial.split("```toml\n").skip(1).map(|rest| rest.split("```").next().unwrap());
    let [probes] = blocks.filter(|block| block.contains("[probes]")).collect::<Vec<_>>()[..] else {
        panic!("one block with probes")
    };
    let symbols = std::fs::read_to_string("/proc/kallsyms").unwrap();
    if !symbols.lines().any(|line| line.ends_with(" do_unlinkat")) {
        return println!("skipped: the kernel has another name for do_unlinkat");
    }
    let config = setup.path("tailcalld.d/probes.toml");
    std::fs::create_dir_all(config.parent().unwrap()).unwrap();
    std::fs::write(&config, probes).unwrap();
    let mut check = Command::new(env!("CARGO_BIN_EXE_tailcalld"));
    let checked = check.args(["check", "-v"]).arg(setup.config()).output().unwrap();
    let text = String::from_utf8_lossy(&checked.stdout);
    let errors = String::from_utf8_lossy(&checked.stderr);
    assert!(checked.status.success() && text.contains("args+unlinked 1"), "{text}{errors}");
    std::fs::remove_file(config).unwrap();
}

/// Returns text without its white space.
fn squeezed(text: &str) -> String {
    text.split_whitespace().collect()
}
