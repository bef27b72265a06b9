//! Outcome of a call, as fields and as the end of a sentence. Only events that waited for it have
//! any of this.

use std::fmt::Write as _;

use syscalls::{Kind, notation};

use crate::decode::{Event, Outcome, render};
use crate::output::errno;
use crate::output::fields::Fields;
use crate::output::key::Key;
use crate::output::scratch::Scratch;

/// Hands result, error and duration to `out`, as far as there are any.
pub fn fields(event: &Event, outcome: Outcome, scratch: &mut Scratch, out: &mut impl Fields) {
    let Outcome::Returned { result, duration_ns } = outcome else {
        out.unknown(Key::Result);
        if let Outcome::Running { for_ns } = outcome {
            out.unsigned(Key::RunningNs, for_ns);
        }
        return;
    };
    match event.result_kind().filter(|_| outcome.errno().is_none()) {
        Some(kind @ (Kind::Hex(_) | Kind::Address)) => {
            let write =
                |text: &mut String| notation::result(kind, result as u64, event.slot.abi(), text);
            out.text(Key::Result, scratch.text(write));
        }
        _ => match event.file_of_result().filter(|_| !out.has(Key::Fds)) {
            Some(file) => out.text(
                Key::Result,
                scratch.text(|text| {
                    let _ = write!(text, "{result}");
                    render::open_file(file, text);
                }),
            ),
            None => out.signed(Key::Result, result),
        },
    }
    if let Some(errno) = outcome.errno() {
        out.text(Key::Errno, scratch.text(|text| errno::append(errno, "", text)));
    }
    out.unsigned(Key::DurationNs, duration_ns);
}

/// Appends ` = 3` or ` = -1 ENOENT`: what the process gets. What it does not is a question mark.
pub fn sentence(event: &Event, outcome: Outcome, out: &mut String) {
    let Outcome::Returned { result, .. } = outcome else {
        out.push_str(" = ?");
        if let Outcome::Running { for_ns } = outcome {
            let _ = write!(out, " (still running after {} s)", for_ns / 1_000_000_000);
        }
        return;
    };
    let Some(errno) = outcome.errno() else {
        out.push_str(" = ");
        match event.result_kind() {
            Some(kind) => notation::result(kind, result as u64, event.slot.abi(), out),
            None => out.push_str(itoa::Buffer::new().format(result)),
        }
        if let Some(file) = event.file_of_result() {
            render::open_file(file, out);
        }
        return;
    };
    out.push_str(if errno::is_restart(errno) { " = ? " } else { " = -1 " });
    errno::append(errno, "errno ", out);
}

#[cfg(test)]
mod tests {
    use super::sentence;
    use crate::decode::Outcome;
    use crate::output::samples;

    #[test]
    fn sentence_ends_as_printed_by_strace() {
        let returned = |result| Outcome::Returned { result, duration_ns: 7 };
        for (outcome, expected) in [
            (returned(0), " = 0"),
            (returned(3), " = 3"),
            (returned(-2), " = -1 ENOENT"),
            (returned(-600), " = -1 errno 600"),
            (returned(-4095), " = -1 errno 4095"),
            (returned(-512), " = ? ERESTARTSYS"),
            // Of calls that do not fail, such as an address.
            (returned(-4096), " = -4096"),
            (returned(0x7fff_0000_0000), " = 140733193388032"),
            (returned(i64::MIN), " = -9223372036854775808"),
            (Outcome::Died, " = ?"),
            (Outcome::Running { for_ns: 10_900_000_000 }, " = ? (still running after 10 s)"),
            (Outcome::Unknown, " = ?"),
        ] {
            let mut out = String::new();
            sentence(&samples::event(&samples::handler(), vec![]), outcome, &mut out);
            assert_eq!(out, expected);
        }
    }
}
