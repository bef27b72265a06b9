//! Identity of the file that a call executes, in the record of its return.

use std::fs::{self, File};
use std::os::fd::AsFd as _;
use std::os::unix::fs::{MetadataExt as _, PermissionsExt as _};
use std::path::Path;

use syscalls::Abi;
use tailcalld::config::Results;
use tailcalld::decode::{Executable, RingRecord};
use tailcalld::plan::Plan;

use crate::rig::{Rig, routes, slot};

fn plan(handler: &str, results: &Results) -> Plan {
    let execve = slot(Abi::Native, "execve");
    let mut plan =
        routes(&tailcalld::load::handlers().expect("the object opens"), &[(execve, handler)]);
    let rule = &mut plan.routes.get_mut(&execve).expect("a route").rules[0];
    (rule.results, rule.exe_sha256) = (results.clone(), true);
    plan
}

/// Returns the files that the trigger executes, in order, without its own; `None` for a call that executes none.
fn executables(rig: &Rig, path: &str) -> Vec<Option<Executable>> {
    let nr = slot(Abi::Native, "execve").nr().to_string();
    let words = ["native", &nr, path, "argv0:true", "0", "0"];
    let exits = rig.trigger_all(&words).into_iter().filter_map(|bytes| {
        match RingRecord::decode(&bytes).expect("the kernel writes what can be decoded") {
            RingRecord::Exit(exit) => Some(exit.executable()),
            _ => None,
        }
    });
    exits.skip(1).collect()
}

fn identity(rig: &Rig, path: &Path) -> Executable {
    let file = File::open(path).expect("the file opens");
    Executable::decode(&rig.bpf.identify_file(file.as_fd()).expect("an identity"))
        .expect("the kernel writes what can be decoded")
}

fn of_stat(path: &Path) -> (u64, u64, u64) {
    let about = fs::metadata(path).expect("the file is there");
    let changed_ns = about.ctime() * 1_000_000_000 + about.ctime_nsec();
    (about.ino(), about.size(), changed_ns.unsigned_abs())
}

fn successes() -> Results {
    Results::Within(vec![0..=i64::MAX])
}

#[test]
fn executable_is_that_of_the_file_whatever_reports_the_success() {
    needs_root!();
    for (handler, results) in [
        ("exec", successes()),
        ("exec", Results::All),
        ("args", Results::All),
        ("args", successes()),
    ] {
        let rig = Rig::new(&plan(handler, &results));
        let found = executables(&rig, "text:/bin/true");
        let [Some(file)] = found[..] else { panic!("{handler}: {found:?}") };
        let path = Path::new("/bin/true");
        assert_eq!(file, identity(&rig, path), "{handler}");
        assert_eq!((file.inode, file.size, file.changed_ns), of_stat(path), "{handler}");
    }
}

#[test]
fn executable_of_script_is_its_interpreter() {
    needs_root!();
    let folder = tempfile::tempdir().expect("a folder");
    let script = folder.path().join("script");
    fs::write(&script, "#!/bin/true\n").expect("written");
    fs::set_permissions(&script, fs::Permissions::from_mode(0o755)).expect("executable");
    let rig = Rig::new(&plan("exec", &successes()));
    let found = executables(&rig, &format!("text:{}", script.display()));
    assert_eq!(found, [Some(identity(&rig, Path::new("/bin/true")))]);
    assert_ne!(found, [Some(identity(&rig, &script))]);
}

#[test]
fn call_that_fails_has_no_executable() {
    needs_root!();
    let rig = Rig::new(&plan("exec", &Results::All));
    assert_eq!(executables(&rig, "text:/nonexistent/true"), [None]);
}

#[test]
fn identify_file_of_changed_file_differs() {
    needs_root!();
    let folder = tempfile::tempdir().expect("a folder");
    let path = folder.path().join("file");
    fs::write(&path, "abc").expect("written");
    let rig = Rig::new(&plan("exec", &successes()));
    let before = identity(&rig, &path);
    fs::write(&path, "abcd").expect("written");
    let after = identity(&rig, &path);
    assert_eq!((before.inode, before.size, after.size), (after.inode, 3, 4));
    assert_ne!(before, identity(&rig, Path::new("/bin/true")));
}
