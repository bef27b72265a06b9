//! Key of an event: ABI, syscall, subject, and the values that the rule asks for, with tabs in between.

use super::line::escape;
use crate::config::{Novel, NovelSubject};
use crate::decode::{Event, JoinedPath, Outcome};
use crate::output;
use crate::units::CgroupInfo;

/// Stands for what is not known, and for processes of no unit.
const NONE: &[u8] = b"-";
/// Stands for a number that differs each time.
const ANY: &[u8] = b"*";
/// Digits of an id in hexadecimal that systemd or a container engine makes up.
const ID_DIGITS: usize = 12;

/// Returns the key of an event.
pub fn key(event: &Event<'_>, place: Option<&CgroupInfo>, option: &Novel) -> Vec<u8> {
    let mut key = Vec::with_capacity(128);
    key.extend_from_slice(event.slot.abi().name().as_bytes());
    key.push(b'\t');
    escape(event.slot.to_string().as_bytes(), &mut key);
    if let Some(inner) = event.inner_name() {
        key.push(b':');
        key.extend_from_slice(inner.as_bytes());
    }
    value(option.subject.name(), &mut key);
    match option.subject {
        NovelSubject::Unit => unit(place, &mut key),
        NovelSubject::Exe => executable(event, &mut key),
        NovelSubject::Uid => key.extend(event.uid.to_string().into_bytes()),
    }
    for name in &option.by {
        by(event, name, &mut key);
    }
    key
}

fn value(name: &str, key: &mut Vec<u8>) {
    key.push(b'\t');
    key.extend_from_slice(name.as_bytes());
    key.push(b'=');
}

fn by(event: &Event<'_>, name: &str, key: &mut Vec<u8>) {
    match name {
        Novel::PATH => directories(event, key),
        Novel::ERROR => {
            value(name, key);
            key.extend_from_slice(error(event).as_bytes());
        }
        _ => {
            if let Some(text) = output::argument(event, name) {
                value(name, key);
                escape(text.as_bytes(), key);
            }
        }
    }
}

/// Returns the error of the call; `none` if it has succeeded, and `-` if that is not known.
fn error(event: &Event<'_>) -> String {
    let Some(outcome @ Outcome::Returned { .. }) = event.outcome else { return "-".to_owned() };
    outcome.errno().map_or_else(|| "none".to_owned(), output::errno_name)
}

/// Appends the unit, below a user's service manager with the unit of the user. Numbers in names that are made up for
/// one use mean nothing.
fn unit(place: Option<&CgroupInfo>, key: &mut Vec<u8>) {
    let names = place.map(|place| (place.unit.as_deref(), place.user_unit.as_deref()));
    let (system, user) = names.unwrap_or_default();
    if system.is_none() && user.is_none() {
        return key.extend_from_slice(NONE);
    }
    for (at, name) in [system, user].into_iter().flatten().enumerate() {
        key.extend_from_slice(if at > 0 { b"/" } else { b"" });
        unit_name(name, key);
    }
}

fn unit_name(name: &str, key: &mut Vec<u8>) {
    let is_made_up = name.ends_with(".scope") || name.starts_with("run-");
    let (stem, suffix) = name.rsplit_once('.').unwrap_or((name, ""));
    let mut rest = if is_made_up { stem } else { "" };
    while let Some((at, separator)) = rest.char_indices().find(|(_, c)| matches!(c, '-' | '@')) {
        let (part, behind) = rest.split_at(at);
        name_part(part, key);
        key.push(separator as u8);
        rest = behind.get(1..).unwrap_or_default();
    }
    if is_made_up {
        name_part(rest, key);
        key.push(b'.');
        escape(suffix.as_bytes(), key);
    } else {
        escape(name.as_bytes(), key);
    }
}

/// Appends a part of a name: that of a number, or of an id such as `u12` and `r0c4e...`, stands for any.
fn name_part(part: &str, key: &mut Vec<u8>) {
    let digits = part.strip_prefix(['u', 'r', 'p', 'i']).unwrap_or(part);
    let is_number = !digits.is_empty() && digits.bytes().all(|byte| byte.is_ascii_digit());
    let is_id = digits.len() >= ID_DIGITS && digits.bytes().all(|byte| byte.is_ascii_hexdigit());
    if is_number || is_id { key.extend_from_slice(ANY) } else { escape(part.as_bytes(), key) }
}

/// Appends the path of the executable; the name of the task if it is not known.
fn executable(event: &Event<'_>, key: &mut Vec<u8>) {
    let mut path = Vec::new();
    if let Some(exe) = event.names.exe.filter(|exe| exe.status.is_readable()) {
        exe.append(&mut path);
    }
    if path.is_empty() {
        path.extend_from_slice(b"comm:");
        path.extend_from_slice(event.comm);
    }
    escape(&path, key);
}

/// Appends the directory of each path that the call passes.
fn directories(event: &Event<'_>, key: &mut Vec<u8>) {
    let mut path = Vec::new();
    for argument in event.paths() {
        path.clear();
        value(Novel::PATH, key);
        if event.append_path(argument, &mut path) == JoinedPath::Absent {
            key.extend_from_slice(NONE);
        } else {
            directory(&path, key);
        }
    }
}

/// Appends the directory of a path. Processes in `/proc` are one.
fn directory(path: &[u8], key: &mut Vec<u8>) {
    let end = path.iter().rposition(|byte| *byte == b'/').unwrap_or_default();
    let parent = path.get(..end).unwrap_or_default();
    if parent.is_empty() {
        return key.push(b'/');
    }
    let is_of_processes = parent.starts_with(b"/proc/");
    for (at, part) in parent.split(|byte| *byte == b'/').enumerate() {
        key.extend_from_slice(if at > 0 { b"/" } else { b"" });
        let is_number = !part.is_empty() && part.iter().all(u8::is_ascii_digit);
        if is_of_processes && is_number { key.extend_from_slice(ANY) } else { escape(part, key) }
    }
}

#[cfg(test)]
mod tests {
    use syscalls::Abi;

    use super::*;
    use crate::output::samples;

    fn place(unit: Option<&str>, user_unit: Option<&str>) -> CgroupInfo {
        let name = |name: &str| name.to_owned();
        CgroupInfo {
            cgroup: "/".to_owned(),
            is_cut: false,
            unit: unit.map(name),
            user_unit: user_unit.map(name),
            container: None,
            claimed_container: None,
        }
    }

    fn of_unit(unit: Option<&str>, user_unit: Option<&str>) -> String {
        let mut key = Vec::new();
        super::unit(Some(&place(unit, user_unit)), &mut key);
        String::from_utf8(key).unwrap()
    }

    #[test]
    fn unit_that_is_made_up_for_one_use_has_no_number() {
        for (unit, expected) in [
            ("nginx.service", "nginx.service"),
            ("user@1000.service", "user@1000.service"),
            ("getty@tty1.service", "getty@tty1.service"),
            ("session-12.scope", "session-*.scope"),
            ("init.scope", "init.scope"),
            ("run-u12.service", "run-*.service"),
            ("run-p7-i8.scope", "run-*-*.scope"),
            ("run-r0c4e00d1a2b3c4d5e6f7.scope", "run-*.scope"),
            ("docker-0123456789abcdef0123456789abcdef.scope", "docker-*.scope"),
            ("a\tb.service", "a\\x09b.service"),
        ] {
            assert_eq!(of_unit(Some(unit), None), expected);
        }
        assert_eq!(of_unit(Some("user@7.service"), Some("a.service")), "user@7.service/a.service");
        assert_eq!(of_unit(None, None), "-");
    }

    #[test]
    fn directory_leaves_out_name_and_numbers_of_processes() {
        for (path, expected) in [
            ("/etc/passwd", "/etc"),
            ("/etc", "/"),
            ("/", "/"),
            ("/proc/12/status", "/proc/*"),
            ("/proc/12/task/13/comm", "/proc/*/task/*"),
            ("/proc/sys/net/a", "/proc/sys/net"),
            ("/srv/2026/a", "/srv/2026"),
            ("/a\nb/c", "/a\\x0ab"),
        ] {
            let mut key = Vec::new();
            directory(path.as_bytes(), &mut key);
            assert_eq!(String::from_utf8(key).unwrap(), expected);
        }
    }

    #[test]
    fn key_has_abi_call_subject_and_error() {
        let handler = samples::plain_handler();
        let by = vec![Novel::ERROR.to_owned(), "none".to_owned()];
        let option = Novel { subject: NovelSubject::Uid, by };
        let abi = Abi::Native.name();
        for (outcome, error) in [
            (Some(samples::returned(-2)), "ENOENT"),
            (Some(samples::returned(3)), "none"),
            (Some(Outcome::Running { for_ns: 1 }), "-"),
            (None, "-"),
        ] {
            let event = Event { outcome, uid: 7, ..samples::openat(&handler) };
            let expected = format!("{abi}\topenat\tuid=7\terror={error}");
            assert_eq!(String::from_utf8(key(&event, None, &option)).unwrap(), expected);
        }
    }
}
