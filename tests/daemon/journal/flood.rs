//! A user floods, with the shipped configuration: the records of others and the entries of other services are all
//! in the journal afterwards, whose size is limited.

use std::fs;
use std::os::unix::net::UnixDatagram;
use std::os::unix::process::CommandExt as _;
use std::process::{Child, Command, Stdio};

use serde_json::Value;
use tailcalld::output::record::{Aggregate, Lost, RecordBody, Suppressed, Syscall};

use super::run::{OTHER, Run};
use crate::process::trigger_path;

const MAKER: u32 = 65_532;
const VICTIM: u32 = 65_533;
/// Ids of a user namespace of the flooder, as newuidmap(1) gives each user.
const IDS: u32 = 64;

/// A user namespace of the flooder with many ids, which ends with the test.
struct Namespace(Child);

impl Namespace {
    fn new() -> Self {
        let mut maker = Command::new("unshare");
        maker.uid(MAKER).args(["-U", "cat"]).stdin(Stdio::piped());
        let maker = Self(maker.spawn().expect("unshare starts"));
        let own = fs::read_link("/proc/self/ns/user").expect("our namespace");
        let theirs = || fs::read_link(format!("/proc/{}/ns/user", maker.0.id())).ok();
        while theirs().is_none_or(|theirs| theirs == own) {
            std::thread::yield_now();
        }
        for map in ["uid_map", "gid_map"] {
            let path = format!("/proc/{}/{map}", maker.0.id());
            fs::write(path, format!("0 100000 {IDS}\n")).expect("root may");
        }
        maker
    }

    /// Starts a process that calls as each of the ids in turn until its input ends.
    fn flood(&self, call: &[&str]) -> Child {
        let ids: Vec<String> = (0..IDS).map(|id| id.to_string()).collect();
        let mut member = Command::new("nsenter");
        member.args(["-t", &self.0.id().to_string(), "-U", "-S", "0", "-G", "0"]);
        member.arg(trigger_path()).args(["each-again", &ids.join("|"), "native"]).args(call);
        member.stdin(Stdio::piped()).spawn().expect("nsenter starts")
    }
}

impl Drop for Namespace {
    fn drop(&mut self) {
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

#[test]
fn flood_of_user_leaves_records_and_entries_of_others() {
    let Some(run) = Run::shipped() else { return };
    let journal = UnixDatagram::unbound().expect("a socket");
    let entry = format!("MESSAGE=marker\n{OTHER}\n");
    journal.send_to(entry.as_bytes(), run.journald.socket()).expect("journald listens");

    let namespace = Namespace::new();
    let longest = format!("text:/{}", "x".repeat(4_000));
    let execve = nix::libc::SYS_execve.to_string();
    let timer = nix::libc::SYS_timer_gettime.to_string();
    let dear = namespace.flood(&[&execve, &longest, "0", "0"]);
    let cheap = namespace.flood(&[&timer, "0", "0"]);
    run.wait_for_any(&format!("MESSAGE_ID={}", Suppressed::KIND.id));
    let script = "i=0; while [ $i -lt 1000 ]; do /bin/true of-victim; i=$((i+1)); done";
    let mut victim = Command::new("sh");
    assert!(victim.args(["-c", script]).uid(VICTIM).status().expect("sh starts").success());
    for mut flood in [dear, cheap] {
        drop(flood.stdin.take());
        flood.wait().expect("it ends");
    }

    let entries = run.finish();
    let all = entries.of(&Syscall::KIND);
    let victim_uid = VICTIM.to_string();
    let of_victim = all.iter().filter(|entry| {
        entry["SYSCALL_UID"] == *victim_uid && entry["SYSCALL_ARGV"][1] == "of-victim"
    });
    let lost = entries.of(&Lost::KIND);
    assert_eq!(of_victim.count(), 1000, "{lost:?}");
    assert_eq!(entries.others(), 1);
    // The flood was one: above the limit of its user, and above the bytes of the journal.
    let line = format!("route=timer_gettime limit=10000/s per=uid owner={MAKER} ");
    let is_there = |entry: &&Value| entry["TAILCALLD_SUPPRESSION"].to_string().contains(&line);
    let suppressed = entries.of(&Suppressed::KIND);
    assert!(suppressed.iter().any(is_there), "{suppressed:?}");
    assert!(!entries.of(&Aggregate::KIND).is_empty());
}
