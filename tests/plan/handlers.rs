//! Handlers of the BPF object in routes.

use std::fs;

use syscalls::Abi;
use tailcalld::plan;

#[test]
fn handlers_except_count_record() {
    let handlers = tailcalld::load::handlers().unwrap();
    let silent = handlers.iter().filter(|handler| !handler.records());
    let silent: Vec<_> = silent.map(|handler| handler.name.as_str()).collect();
    assert_eq!(silent, ["count"]);
}

/// `exec` would read the flags of openat as a vector of strings.
#[test]
fn read_handler_of_unsupported_syscall_is_fault() {
    let handlers = tailcalld::load::handlers().unwrap();
    let directory = tempfile::tempdir().unwrap();
    let path = directory.path().join("c.toml");
    fs::write(&path, "[routes]\nopenat = \"exec\"\n\"@timer\" = \"timer\"\n59 = \"exec\"\n")
        .unwrap();
    let faults = plan::read(&path, &handlers).unwrap_err();
    let lines: Vec<String> = faults.iter().map(|fault| fault.message.clone()).collect();
    assert_eq!(
        lines,
        [
            "handler \"exec\" does not support openat, only execve, execveat",
            "handler \"timer\" does not support getitimer, only timer_create, \
             timer_settime, timer_settime64, timer_gettime, timer_gettime64, timer_getoverrun, \
             timer_delete",
        ]
    );
    fs::write(&path, "[routes]\nexecveat = \"exec\"\ntimer_settime64 = \"timer\"\n").unwrap();
    let plan = plan::read(&path, &handlers).unwrap();
    let variants: Vec<_> = plan
        .routes
        .iter()
        .map(|(slot, route)| (slot.to_string(), slot.abi(), route.rules[0].variant))
        .collect();
    assert_eq!(
        variants,
        [
            ("execveat".to_owned(), Abi::Native, 1),
            ("execveat".to_owned(), Abi::Compat, 1),
            ("timer_settime64".to_owned(), Abi::Compat, 2),
        ]
    );
}
