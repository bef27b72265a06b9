//! Executables whose processes are not recorded, by the device and inode of their file.

use std::fs;
use std::path::Path;
use std::process::Command;

use tailcalld::exclude::Excluded;

use crate::counts::Counts;
use crate::rig::{copy_program, own_slot, rig, trigger_path};

const NUMBER: u16 = 481;

fn make_calls(program: &Path, times: &str) {
    let nr = own_slot(NUMBER).nr().to_string();
    let status = Command::new(program).args(["times", times, "native", &nr]).status();
    assert!(status.expect("the copy runs").success());
}

fn excluded(excluded_exe: u64) -> Counts {
    Counts { excluded_exe, ..Counts::default() }
}

fn recorded(recorded: u64) -> Counts {
    Counts { recorded, ..Counts::default() }
}

#[test]
fn exclude_exe_counts_and_does_not_record() {
    needs_root!();
    needs_unknown_syscalls!();
    let folder = tempfile::tempdir().expect("a temporary folder");
    let [sink, other] = ["sink", "other"].map(|name| folder.path().join(name));
    for copy in [&sink, &other] {
        copy_program(&trigger_path(), copy);
    }
    let rig = rig(&[(own_slot(NUMBER), "args")]);
    let mut exclusion = Excluded::default();
    let paths = [sink.clone(), folder.path().join("not there")];
    exclusion.replace(&rig.bpf, &paths);

    let counts_of = |program: &Path, times: &str| {
        Counts::during(&rig, own_slot(NUMBER), || make_calls(program, times))
    };
    assert_eq!(counts_of(&sink, "100"), excluded(100));
    assert_eq!(counts_of(&other, "10"), recorded(10));

    // The file is replaced, as in an upgrade: the new one is excluded from the refresh on, and
    // the old one still is.
    let old = folder.path().join("old");
    fs::rename(&sink, &old).expect("rename");
    copy_program(&trigger_path(), &sink);
    exclusion.refresh(&rig.bpf, &paths);
    assert_eq!(counts_of(&sink, "1"), excluded(1));
    assert_eq!(counts_of(&old, "1"), excluded(1));

    exclusion.replace(&rig.bpf, &[]);
    assert_eq!(counts_of(&sink, "3"), recorded(3));
}
