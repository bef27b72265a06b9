//! Capabilities of a task, by name.

use syscalls::{Abi, constant_set};

use crate::output::fields::Fields;
use crate::output::key::Key;
use crate::output::scratch::Scratch;

/// Writes the capabilities: `all`, `none`, or one after the other, by number where the name is unknown.
pub fn write(capabilities: u64, scratch: &mut Scratch, out: &mut impl Fields) {
    let ((), names) = scratch.texts(|texts, ends| {
        append_names(capabilities, |name| {
            texts.extend_from_slice(name.as_bytes());
            ends.push(texts.len());
        });
    });
    out.list(Key::Capabilities, names);
}

fn append_names(capabilities: u64, mut append: impl FnMut(&str)) {
    let set = constant_set(Abi::Native, "capability");
    let name = |bit: u64| set.and_then(|set| set.symbol(bit));
    let has = |bit: &u64| capabilities >> bit & 1 != 0;
    if capabilities == 0 {
        append("none");
    } else if (0..64).filter(|bit| name(*bit).is_some()).all(|bit| has(&bit)) {
        append("all");
    } else {
        for bit in (0..64).filter(has) {
            append(name(bit).unwrap_or(itoa::Buffer::new().format(bit)));
        }
    }
}

#[cfg(test)]
mod tests {
    use super::append_names;

    #[test]
    fn append_names_has_each_capability_unless_all_or_none_is_there() {
        let names = |capabilities| {
            let mut names = Vec::new();
            append_names(capabilities, |name| names.push(name.to_owned()));
            names.join(" ")
        };
        assert_eq!(names(0), "none");
        assert_eq!(names((1 << 41) - 1), "all");
        assert_eq!(names(u64::MAX), "all");
        assert_eq!(names(1 << 40 | 1 << 13 | 1), "CAP_CHOWN CAP_NET_RAW CAP_CHECKPOINT_RESTORE");
        assert_eq!(names(1 << 63 | 1 << 21), "CAP_SYS_ADMIN 63");
    }
}
