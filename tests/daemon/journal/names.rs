//! One match of `journalctl` that finds every call which names a file.

use crate::journal::run::Run;
use crate::process::trigger;
use crate::rig::UNLIMITED;
use syscalls::{Abi, number};

#[test]
fn match_of_path_finds_every_call_that_names_it() {
    let calls = ["openat", "open", "unlinkat", "renameat2"];
    let routes = calls.map(|name| format!("{name} = \"args\"\n")).concat();
    let config = format!("[routes]\n{routes}[ring]\nsize = \"64MiB\"\n{UNLIMITED}");
    let Some(run) = Run::start(&config) else { return };
    let folder = tempfile::tempdir().unwrap();
    let folder = folder.path().canonicalize().unwrap();
    let folder = folder.to_str().unwrap();
    let nr = |name| number(Abi::Native, name).unwrap().to_string();
    let (absolute, inner) = (format!("text:{folder}/file"), format!("{folder}/inner"));
    std::fs::create_dir(&inner).unwrap();
    for words in [
        &["from", folder, "native", &nr("openat"), "-100", "text:file", "0"][..],
        &["native", &nr("open"), &absolute, "0"],
        &["at", folder, "native", &nr("unlinkat"), "9", "text:./file", "0"],
        &[
            "from",
            &inner,
            "native",
            &nr("renameat2"),
            "-100",
            "text:../file",
            "-100",
            "text:x",
            "0",
        ],
        &["at", folder, "native", &nr("renameat2"), "-100", "text:/y", "9", "text:file", "0"],
    ] {
        trigger(words);
    }
    let matched = format!("SYSCALL_PATH={folder}/file");
    run.wait_for(&matched, 5);
    let found = run.journald.query(&["-o", "json", &matched]);
    let mut names: Vec<_> = found.iter().map(|entry| entry["SYSCALL_NAME"].clone()).collect();
    names.sort_by_key(ToString::to_string);
    assert_eq!(names, ["open", "openat", "renameat2", "renameat2", "unlinkat"]);
    let of_open = found.iter().find(|entry| entry["SYSCALL_NAME"] == "openat").unwrap();
    assert_eq!(of_open["SYSCALL_CWD"], folder);
    // In the order in which the journal's file met them first, in whatever record of this machine.
    let arguments = of_open["SYSCALL_ARG"].as_array().expect("several");
    assert!(arguments.contains(&"filename=file".into()), "{arguments:?}");
    assert_eq!(of_open["SYSCALL_EXE"], crate::process::trigger_path().to_str().unwrap());
}
