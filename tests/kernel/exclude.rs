//! Executables that are not recorded, by what the kernel knows of their file.

use std::fs;
use std::path::Path;
use std::process::Command;

use tailcalld::exclude::Excluded;

use crate::rig::{Rig, own_slot, rig, trigger_path};

const NUMBER: u16 = 481;

fn make_calls(program: &Path, times: &str) {
    let nr = own_slot(NUMBER).nr().to_string();
    let status = Command::new(program).args(["times", times, "native", &nr]).status();
    assert!(status.expect("the copy runs").success());
}

fn counters(rig: &Rig) -> (u64, u64, u64) {
    let counters = rig.counters(own_slot(NUMBER));
    (counters.seen, counters.excluded_exe, counters.submitted)
}

#[test]
fn exclude_exe_counts_and_does_not_record() {
    needs_root!();
    needs_unknown_syscalls!();
    let folder = tempfile::tempdir().expect("a temporary folder");
    let [sink, other] = ["sink", "other"].map(|name| folder.path().join(name));
    for copy in [&sink, &other] {
        fs::copy(trigger_path(), copy).expect("a copy");
    }
    let rig = rig(&[(own_slot(NUMBER), "args")]);
    let mut excluded = Excluded::default();
    let paths = [sink.clone(), folder.path().join("not there")];
    excluded.replace(&rig.bpf, &paths);

    make_calls(&sink, "100");
    assert_eq!(counters(&rig), (100, 100, 0));
    make_calls(&other, "10");
    assert_eq!(counters(&rig), (110, 100, 10));

    // The file is replaced, as in an upgrade: the new one counts as soon as it is looked up, and
    // the old one still does.
    let old = folder.path().join("old");
    fs::rename(&sink, &old).expect("rename");
    fs::copy(trigger_path(), &sink).expect("a copy");
    excluded.refresh(&rig.bpf, &paths);
    make_calls(&sink, "1");
    make_calls(&old, "1");
    assert_eq!(counters(&rig), (112, 102, 10));

    excluded.replace(&rig.bpf, &[]);
    make_calls(&sink, "3");
    assert_eq!(counters(&rig), (115, 102, 13));
}
