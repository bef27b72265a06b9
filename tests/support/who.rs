//! Calls of processes that differ in who makes them: logins, terminals, parents.

use std::fs;
use std::os::fd::{AsRawFd as _, OwnedFd};

use nix::fcntl::{OFlag, open};
use nix::libc;
use nix::sys::stat::Mode;

use super::Call;

/// Makes this process a login, which begins a session of its own.
pub fn log_in(uid: &str) {
    fs::write("/proc/self/loginuid", uid).expect("another login user (CAP_AUDIT_CONTROL)");
    println!("{}", fs::read_to_string("/proc/self/sessionid").expect("audit is built in"));
}

/// Makes a new pseudo-terminal the controlling one, which is not the first. It hangs up with the descriptors.
pub fn take_terminal() -> [OwnedFd; 3] {
    let open = |path: &str| open(path, OFlag::O_RDWR, Mode::empty()).expect("a pseudo-terminal");
    let (first, controller) = (open("/dev/ptmx"), open("/dev/ptmx"));
    let (mut number, mut unlocked): (libc::c_int, libc::c_int) = (0, 0);
    // SAFETY: each request takes a pointer to an int, or none.
    unsafe {
        let fd = controller.as_raw_fd();
        assert_eq!(libc::ioctl(fd, libc::TIOCSPTLCK, &raw mut unlocked), 0, "unlocked");
        assert_eq!(libc::ioctl(fd, libc::TIOCGPTN, &raw mut number), 0, "a number");
        assert!(libc::setsid() > 0, "a session");
    }
    let terminal = open(&format!("/dev/pts/{number}"));
    // SAFETY: no memory is passed.
    let failed = unsafe { libc::ioctl(terminal.as_raw_fd(), libc::TIOCSCTTY, 0) };
    assert_eq!(failed, 0, "a controlling terminal");
    println!("{number}");
    [first, controller, terminal]
}

/// Enters a user namespace without a map, in which each id is the overflow one.
pub fn leave_users() {
    // SAFETY: no memory is passed.
    assert_eq!(unsafe { libc::unshare(libc::CLONE_NEWUSER) }, 0, "a user namespace");
    // SAFETY: as above.
    assert_ne!(unsafe { libc::geteuid() }, 0, "another number");
}

/// Makes the call, then once in a child of the first thread and once in a child of another.
pub fn with_children(call: &Call) {
    call.make(0);
    in_child(call);
    std::thread::scope(|scope| drop(scope.spawn(|| in_child(call))));
}

fn in_child(call: &Call) {
    // SAFETY: the child only makes the call and ends; no status is asked for.
    unsafe {
        match libc::fork() {
            0 => {
                call.make(0);
                libc::_exit(0);
            }
            child => libc::waitpid(child, std::ptr::null_mut(), 0),
        };
    }
}
