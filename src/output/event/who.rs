//! Fields that tell who made a call: ids, login, terminal, and the process and its parent as names that never
//! repeat. The mark that the sentence has of other effective ids.

use std::ops::RangeInclusive;

use syscalls::printable::{self, NO_LIMIT};

use super::capabilities;
use crate::decode::{Device, Event};
use crate::output::fields::Fields;
use crate::output::key::Key;
use crate::output::scratch::Scratch;
use crate::output::users::UserNames;

/// `loginuid` and session of a task that nobody logged in for.
const UNSET: u32 = u32::MAX;

/// Writes effective ids, the saved ones that differ from them, and capabilities.
pub fn ids(event: &Event, scratch: &mut Scratch, out: &mut impl Fields) {
    let ids = event.credentials;
    for (key, id) in [(Key::Euid, ids.euid), (Key::Egid, ids.egid)] {
        out.unsigned(key, id.into());
    }
    for (key, saved, effective) in
        [(Key::Suid, ids.suid, ids.euid), (Key::Sgid, ids.sgid, ids.egid)]
    {
        if saved != effective {
            out.unsigned(key, saved.into());
        }
    }
    if let Some(capabilities) = ids.capabilities {
        capabilities::write(capabilities, scratch, out);
    }
}

/// Writes user and session of the login, and the controlling terminal.
pub fn login(event: &Event, scratch: &mut Scratch, out: &mut impl Fields) {
    for (key, number) in [(Key::Loginuid, event.loginuid), (Key::Session, event.session)] {
        if number != UNSET {
            out.unsigned(key, number.into());
        }
    }
    if let Some(device) = event.process.tty {
        out.text(Key::Tty, scratch.text(|text| terminal(device, text)));
    }
}

/// Writes the process and its parent, each as `pid:start`.
pub fn processes(event: &Event, scratch: &mut Scratch, out: &mut impl Fields) {
    let process = &event.process;
    for (key, pid, start_ns) in [
        (Key::Process, event.pid, process.start_ns),
        (Key::Parent, event.ppid, process.parent_start_ns),
    ] {
        out.text(key, scratch.text(|text| identity(pid, start_ns, text)));
    }
}

/// Appends the name of a process that no other process of the same boot has: `812:5120034`.
pub fn identity(pid: u32, start_ns: u64, out: &mut String) {
    pair(pid.into(), start_ns, out);
}

/// Appends the number of a user, and the name if there is one: `1000 alice`.
pub fn user(uid: u32, users: &UserNames, out: &mut String) {
    out.push_str(itoa::Buffer::new().format(uid));
    if let Some(name) = users.name(uid) {
        out.push(' ');
        printable::quoted_if_needed(name.as_bytes(), NO_LIMIT, out);
    }
}

/// Appends the effective ids that differ from the real ones, to a list in a sentence: `, euid 0`.
pub fn effective(event: &Event, users: &UserNames, out: &mut String) {
    let ids = event.credentials;
    if ids.euid != event.uid {
        out.push_str(", euid ");
        user(ids.euid, users, out);
    }
    if ids.egid != event.gid {
        out.push_str(", egid ");
        out.push_str(itoa::Buffer::new().format(ids.egid));
    }
}

/// Devices with fixed names: major number, range of minor numbers, the minor number of number 0, and the name. As in
/// Documentation/admin-guide/devices.txt of the kernel.
const TERMINALS: [(u32, RangeInclusive<u32>, u32, &str); 6] = [
    (4, 1..=63, 0, "tty"),
    (4, 64..=255, 64, "ttyS"),
    (136, 0..=u32::MAX, 0, "pts/"),
    (166, 0..=u32::MAX, 0, "ttyACM"),
    (188, 0..=u32::MAX, 0, "ttyUSB"),
    (229, 0..=u32::MAX, 0, "hvc"),
];

/// Appends the name of a terminal below /dev: `pts/3`, or its numbers if it has none that is fixed: `204:64`.
fn terminal(device: Device, out: &mut String) {
    let (major, minor) = (device.major(), device.minor());
    let is_of = |(of, minors, ..): &&(u32, RangeInclusive<u32>, u32, &str)| {
        *of == major && minors.contains(&minor)
    };
    match TERMINALS.iter().find(is_of) {
        Some((_, _, zero, name)) => {
            out.push_str(name);
            out.push_str(itoa::Buffer::new().format(minor - zero));
        }
        None => pair(major.into(), minor.into(), out),
    }
}

/// Appends two numbers with a colon between them.
pub fn pair(first: u64, second: u64, out: &mut String) {
    out.push_str(itoa::Buffer::new().format(first));
    out.push(':');
    out.push_str(itoa::Buffer::new().format(second));
}

#[cfg(test)]
mod tests {
    use super::{effective, terminal};
    use crate::decode::{Credentials, Device};
    use crate::output::samples;
    use crate::output::users::UserNames;

    #[test]
    fn terminal_has_name_below_dev_or_numbers() {
        for (major, minor, expected) in [
            (4, 1, "tty1"),
            (4, 63, "tty63"),
            (4, 64, "ttyS0"),
            (4, 95, "ttyS31"),
            (4, 0, "4:0"),
            (136, 0, "pts/0"),
            (136, 1_048_575, "pts/1048575"),
            (188, 2, "ttyUSB2"),
            (229, 0, "hvc0"),
            (204, 64, "204:64"),
        ] {
            let mut text = String::new();
            terminal(Device(major << 20 | minor), &mut text);
            assert_eq!(text, expected, "{major}:{minor}");
        }
    }

    #[test]
    fn effective_names_only_differing_ids() {
        let handler = samples::handler();
        let mut event = samples::event(&handler, vec![]);
        for (euid, egid, expected) in [
            (1000, 100, ""),
            (0, 100, ", euid 0"),
            (1000, 5, ", egid 5"),
            (0, 0, ", euid 0, egid 0"),
        ] {
            event.credentials = Credentials { euid, egid, ..Credentials::default() };
            let mut text = String::new();
            effective(&event, &UserNames::default(), &mut text);
            assert_eq!(text, expected);
        }
    }
}
