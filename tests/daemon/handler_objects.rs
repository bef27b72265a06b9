//! Handlers in objects of their own, compiled with the SDK: what they add to records, and what becomes of those that fail.

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use serde_json::{Value, json};

use crate::records::{Total, of_kind};
use crate::rig::{Daemon, Setup};

/// A handler of unlinkat that captures its arguments and ends with `LAST`.
const REMOVED: &str = r#"
#include <tailcalld/handler.h>
enum { DIRFD, FILENAME, VERSION };
TAILCALLD_HANDLER(removed) = {
    .abi = TAILCALLD_ABI,
    .name = "removed",
    .summary = "unlinkat: the file that is removed",
    .syscalls = {"unlinkat"},
    .fields = {[DIRFD] = {"at", TAILCALLD_DIRFD},
               [FILENAME] = {"file", TAILCALLD_TEXT},
               [VERSION] = {"version", TAILCALLD_LONG}},
    .messages = {"Removing {file} in {at}"},
};
#ifndef NUMBER
#define NUMBER 1
#endif
#ifndef LAST
#define LAST return tailcalld_next(ctx)
#endif
SEC("tailcalld")
int handle(void *ctx)
{
    struct tailcalld_call *call = tailcalld_call();
    if (!call)
        return 0;
    tailcalld_number(call, DIRFD, call->args[0]);
    tailcalld_text(call, FILENAME, (const void *)call->args[1]);
    tailcalld_number(call, VERSION, -NUMBER);
    LAST;
}
char LICENSE[] SEC("license") = "GPL";
"#;

/// Returns the folder of the handlers of a configuration.
fn folder(setup: &Setup) -> PathBuf {
    let folder = setup.path("tailcalld").join("handlers");
    fs::create_dir_all(&folder).unwrap();
    folder
}

/// Compiles a handler into the folder, under another name first: a daemon must not see half of it.
fn compile(setup: &Setup, name: &str, source: &str, defines: &[&str]) {
    let (text, new) = (setup.path("handler.bpf.c"), setup.path("handler.bpf.o"));
    fs::write(&text, source).unwrap();
    let sdk = Path::new(env!("CARGO_MANIFEST_DIR")).join("sdk");
    let mut clang = Command::new(std::env::var_os("CLANG").unwrap_or_else(|| "clang".into()));
    clang.args(["-O2", "-g", "-target", "bpf", "-Wall", "-I"]).arg(sdk);
    let done = clang.args(defines).arg("-c").arg(&text).arg("-o").arg(&new).status().unwrap();
    assert!(done.success());
    fs::rename(new, folder(setup).join(format!("{name}.bpf.o"))).unwrap();
}

/// Returns the digest of the handler's object.
fn sha256(setup: &Setup) -> String {
    let output =
        Command::new("sha256sum").arg(folder(setup).join("removed.bpf.o")).output().unwrap();
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

fn setup(handler: &str, defines: &[&str]) -> Option<Setup> {
    let setup = Setup::new("")?;
    compile(&setup, "removed", REMOVED, defines);
    setup.write(&config(&setup, handler));
    Some(setup)
}

fn removals(records: &[Value]) -> Vec<Value> {
    of_kind(records, "syscall").into_iter().cloned().collect()
}

#[test]
fn handler_of_object_adds_its_fields_and_its_sentence() {
    let Some(setup) = setup("\"removed\"", &[]) else { return };
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
    let Some(setup) = setup("[\"args\", \"removed\"]", &[]) else { return };
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
    let Some(setup) = setup("\"removed\"", &["-DLAST=return 0"]) else { return };
    let daemon = setup.start();
    remove(&daemon, &["a", "b", "c"]);
    // The last one counts once no handler can take that long.
    std::thread::sleep(std::time::Duration::from_millis(1100));
    let records = daemon.stop();
    assert_eq!(removals(&records), Vec::<Value>::new());
    assert_eq!(lost(&records), BTreeMap::from([("handler".to_owned(), 3)]));
}

#[test]
fn handler_that_claims_too_much_is_counted() {
    let Some(setup) =
        setup("\"removed\"", &["-DLAST=call->used = 4104; return tailcalld_next(ctx)"])
    else {
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
    let Some(setup) = setup("\"removed\"", &[]) else { return };
    let mut daemon = setup.start();
    let before = sha256(&daemon.setup);
    remove(&daemon, &["a"]);
    compile(&daemon.setup, "removed", REMOVED, &["-DNUMBER=2"]);
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
    let Some(setup) = setup("\"removed\"", &[]) else { return };
    let mut daemon = setup.start();
    compile(&daemon.setup, "removed", REMOVED, &["-DLAST=return *(volatile int *)8"]);
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
