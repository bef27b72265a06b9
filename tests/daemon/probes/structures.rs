//! Structures that arguments of a probe point to.

use std::process::Command;

use super::of_kind;
use crate::rig::Setup;

const EXEC: &str = "raw_tracepoint:sched_process_exec";

#[test]
fn structure_behind_argument_has_its_members() {
    let config =
        format!("[probes]\n\"{EXEC}\" = {{ handler = \"args\", comm = \"structured\" }}\n");
    let Some(setup) = Setup::new(&config) else { return };
    let program = setup.path("structured");
    assert!(Command::new("cp").arg("/bin/true").arg(&program).status().unwrap().success());
    let daemon = setup.start();
    let mut command = Command::new(&program);
    assert!(command.args(["a", "b"]).env_clear().env("ONE", "1").status().unwrap().success());
    let records = daemon.stop();
    let [event] = of_kind(&records, "syscall")[..] else { panic!("one record: {records:#?}") };

    let binary = event["args"]["bprm"].as_str().unwrap();
    // Numbers of 32 bits, bits of a word, and addresses.
    for member in ["argc=3", "envc=1", "have_execfd=0", "filename=0xffff", "interp=0xffff"] {
        let is_there = [", ", "{"].iter().any(|begin| binary.contains(&format!("{begin}{member}")));
        assert!(is_there, "{member}: {binary}");
    }
    let task = event["args"]["p"].as_str().unwrap();
    assert!(task.starts_with('{') && task.contains(", ptrace=0, "), "{task}");
    assert!(task.ends_with(", ...}"), "{task}");
    assert_eq!((event.get("unreadable"), event.get("truncated")), (None, None), "{event}");
    // The sentence has it as well.
    assert!(event["message"].as_str().unwrap().contains("argc=3"), "{event}");
}
