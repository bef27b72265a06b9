//! Names of errors, as strace prints them.

use std::fmt::Write;

use nix::errno::Errno;

/// Errors within the kernel (`include/linux/errno.h`): a signal came, and the process will never see
/// this. Either the kernel makes the call again or it turns the error into EINTR.
const RESTARTS: [(i32, &str); 4] = [
    (512, "ERESTARTSYS"),
    (513, "ERESTARTNOINTR"),
    (514, "ERESTARTNOHAND"),
    (516, "ERESTART_RESTARTBLOCK"),
];

/// Returns whether the process receives something other than this positive errno.
pub fn is_restart(errno: i32) -> bool {
    restart(errno).is_some()
}

/// Appends the name of a positive errno; of one that has none the number, `unnamed` before it.
pub fn append(errno: i32, unnamed: &str, out: &mut String) {
    let _ = match (restart(errno), Errno::from_raw(errno)) {
        (Some(name), _) => write!(out, "{name}"),
        (None, Errno::UnknownErrno) => write!(out, "{unnamed}{errno}"),
        (None, known) => write!(out, "{known:?}"),
    };
}

fn restart(errno: i32) -> Option<&'static str> {
    RESTARTS.iter().find(|(number, _)| *number == errno).map(|(_, name)| *name)
}

#[cfg(test)]
mod tests {
    use super::append;

    #[test]
    fn append_has_name_or_number() {
        for (errno, expected) in [
            (2, "ENOENT"),
            (11, "EAGAIN"),
            (95, "EOPNOTSUPP"),
            (133, "EHWPOISON"),
            (512, "ERESTARTSYS"),
            (513, "ERESTARTNOINTR"),
            (514, "ERESTARTNOHAND"),
            (515, "errno 515"),
            (516, "ERESTART_RESTARTBLOCK"),
            (4095, "errno 4095"),
        ] {
            let mut name = String::new();
            append(errno, "errno ", &mut name);
            assert_eq!(name, expected);
        }
    }
}
