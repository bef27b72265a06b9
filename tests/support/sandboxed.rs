//! Enters the daemon's seccomp filter, makes one call and prints its outcome: `EPERM`, another error, or `ok`.
//!
//!     sandboxed NAME|NUMBER [ARG...]
//!     sandboxed perf NAME [ARG...]    the filter of a daemon that opens perf events
//!     sandboxed fentry NAME [ARG...]  the filter of a daemon that loads programs
//!     sandboxed thread                starts a thread instead of a call
#![allow(unsafe_code)]

use std::thread;

use nix::errno::Errno;
use nix::libc;
use syscalls::{Abi, number};
use tailcalld::sandbox::{self, LaterAttachments};

fn main() {
    let words: Vec<String> = std::env::args().skip(1).collect();
    let words: Vec<&str> = words.iter().map(String::as_str).collect();
    let none = LaterAttachments::default();
    let (attachments, words) = match words.as_slice() {
        ["perf", rest @ ..] => (LaterAttachments { open_perf_events: true, ..none }, rest),
        ["fentry", rest @ ..] => (LaterAttachments { load_programs: true, ..none }, rest),
        all => (none, all),
    };
    sandbox::close_process().expect("closed");
    sandbox::filter_calls(attachments).expect("a filter");
    let outcome = match words {
        ["thread"] => thread::Builder::new()
            .spawn(|| ())
            .map(drop)
            .map_err(|error| error.raw_os_error().map_or(Errno::UnknownErrno, Errno::from_raw)),
        [name, arguments @ ..] => call(name, arguments),
        [] => panic!("usage: sandboxed [perf|fentry] NAME [ARG...]"),
    };
    match outcome {
        Ok(()) => println!("ok"),
        Err(errno) => println!("{errno:?}"),
    }
}

fn call(name: &str, arguments: &[&str]) -> Result<(), Errno> {
    let nr = number(Abi::Native, name).or_else(|| name.parse().ok());
    let nr = nr.unwrap_or_else(|| panic!("no call {name}"));
    let word =
        |at: usize| arguments.get(at).map_or(0, |word| word.parse::<i64>().expect("a number"));
    // SAFETY: the tests pass numbers only, no addresses of memory that is in use.
    let result = unsafe {
        libc::syscall(i64::from(nr), word(0), word(1), word(2), word(3), word(4), word(5))
    };
    Errno::result(result).map(drop)
}
