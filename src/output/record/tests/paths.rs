//! Paths in the sentence of a call.

use syscalls::{Abi, Capture, Moment, Part, Slot, Status, Value, number};

use super::sentence;
use crate::decode::{Captures, Event, KernelPath, KernelPaths};
use crate::output::samples;

const BY: &str = " by bash (pid 1234, uid 1000)";
const CWD: KernelPath<'static> = KernelPath {
    names: b"app\0srv\0",
    status: Status::Ok,
    is_deleted: false,
    is_unreachable: false,
    is_pseudo: false,
};
const AT_FDCWD: u64 = -100i64 as u64;

fn text(index: u8, text: &str) -> Capture<'_> {
    let (part, moment, value) = (Part::Whole, Moment::Entry, Value::Text(text.as_bytes()));
    Capture { index, part, moment, value, status: Status::Ok }
}

fn in_cwd(cwd: KernelPath<'static>) -> KernelPaths<'static> {
    KernelPaths { cwd: Some(cwd), ..KernelPaths::new(true) }
}

fn printed(name: &str, args: [u64; 6], names: KernelPaths<'_>, captures: &[Capture<'_>]) -> String {
    let handler = samples::plain_handler();
    let slot = Slot::new(Abi::Native, number(Abi::Native, name).unwrap()).unwrap();
    let captures = Captures::from_iter(captures.iter().copied());
    let event = Event { slot, args, names, captures, ..samples::openat(&handler) };
    sentence(&event).strip_suffix(BY).expect("the task is named").to_owned()
}

#[test]
fn message_of_relative_path_has_absolute_one() {
    let etc = KernelPath { names: b"etc\0", ..CWD };
    let names = KernelPaths { directories: [Some((2, etc)), None], ..in_cwd(CWD) };
    let args = [AT_FDCWD, 1, 5, 2, 0, 0];
    let renamed = printed("renameat2", args, names, &[text(1, "../a \"b\""), text(3, "passwd")]);
    assert_eq!(renamed, r#"renameat2(AT_FDCWD, "/srv/a \"b\"", 5, "/etc/passwd", 0)"#);
}

#[test]
fn message_of_path_that_is_not_resolved_has_it_as_passed() {
    let args = [AT_FDCWD, 1, 0, 0, 0, 0];
    let opened = |names, path| printed("openat", args, names, &[text(1, path)]);
    let passed = r#"openat(AT_FDCWD, "a", O_RDONLY)"#;
    assert_eq!(opened(KernelPaths::default(), "a"), passed);
    assert_eq!(opened(in_cwd(KernelPath { is_pseudo: true, ..CWD }), "a"), passed);
    let status = Status::Truncated { length: None };
    assert_eq!(opened(in_cwd(KernelPath { status, ..CWD }), "a"), passed);
    let absolute = opened(in_cwd(CWD), "//etc/./passwd");
    assert_eq!(absolute, r#"openat(AT_FDCWD, "//etc/./passwd", O_RDONLY)"#);
}

#[test]
fn message_of_relative_program_has_absolute_one() {
    let handler = samples::handler();
    let captures = [
        samples::capture(&handler, "filename", Value::Text(b"./run")),
        samples::capture(&handler, "argv", Value::Text(b"run")),
    ];
    let execve = Slot::new(Abi::Native, number(Abi::Native, "execve").unwrap()).unwrap();
    let event = samples::event(&handler, captures.to_vec());
    let event = Event { slot: execve, names: in_cwd(CWD), ..event };
    let expected = format!(r#"Executing a program: /srv/app/run ["run"]{BY}"#);
    assert_eq!(sentence(&event), expected);
}
