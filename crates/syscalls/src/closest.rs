//! Suggestions for misspelled names ("did you mean").

use strsim::{jaro_winkler, osa_distance};

use super::{Abi, groups, names};

/// Letters that a name must have for each typing error that is tolerated: a letter wrong, missing, doubled,
/// or swapped with its neighbour. Measured on all names: with 3, a name with two errors is still
/// found nine times in ten, and 10 % of 1484 libc functions that are not syscalls get a suggestion. With 2,
/// 38 % of those do; with 4, every seventh name with two errors finds nothing.
const LETTERS_PER_ERROR: usize = 3;

/// Prefixes of a syscall's number in C, in lower case.
const C_PREFIXES: [&str; 2] = ["__nr_", "sys_"];

/// Returns the syscall or group whose name is most similar to `written`; otherwise the shortest name
/// that begins with it, as `execve` does with `exec`. `None` if there is no such name.
pub fn closest(written: &str) -> Option<&'static str> {
    let lower = written.to_ascii_lowercase();
    let bare = C_PREFIXES.iter().find_map(|prefix| lower.strip_prefix(prefix)).unwrap_or(&lower);
    nearest(bare).or_else(|| shortest_beginning_with(bare))
}

fn nearest(written: &str) -> Option<&'static str> {
    let length = written.chars().count();
    let errors = length.max(LETTERS_PER_ERROR) / LETTERS_PER_ERROR;
    // Among equal distances, prefer a common beginning: this halves the wrong suggestions.
    let similarity = |name| jaro_winkler(written, name);
    candidates()
        .filter(|name| name.len().abs_diff(length) <= errors)
        .map(|name| (osa_distance(written, name), name))
        .filter(|(distance, _)| *distance <= errors)
        .min_by(|(near, a), (far, b)| {
            near.cmp(far).then_with(|| similarity(b).total_cmp(&similarity(a)))
        })
        .map(|(_, name)| name)
}

fn shortest_beginning_with(written: &str) -> Option<&'static str> {
    let is_long_enough = written.len() >= LETTERS_PER_ERROR;
    candidates()
        .filter(|name| is_long_enough && name.starts_with(written))
        .min_by_key(|name| name.len())
}

/// Returns all names, native ones first: among equals, the first is taken.
fn candidates() -> impl Iterator<Item = &'static str> {
    let syscalls = Abi::BOTH.into_iter().flat_map(names).map(|(_, name)| name);
    syscalls.chain(groups().map(|group| group.name))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn closest_name_with_typing_errors_is_found() {
        let pairs = [
            ("opnat", "openat"),
            ("openta", "openat"),
            ("exeve", "execve"),
            ("sched_yeild", "sched_yield"),
            ("epollctl", "epoll_ctl"),
            ("kil", "kill"),
            ("sokcte", "socket"),
            ("@mout", "@mount"),
            ("@filesytem", "@file-system"),
        ];
        assert_eq!(pairs.map(|(written, _)| closest(written)), pairs.map(|(_, meant)| Some(meant)));
    }

    #[test]
    fn closest_prefers_common_beginning() {
        assert_eq!(closest("pread"), Some("preadv")); // and not `read`
    }

    #[test]
    fn closest_finds_group_without_at_and_syscall_with_it() {
        assert_eq!(closest("network-io"), Some("@network-io"));
        assert_eq!(closest("@openat"), Some("openat"));
    }

    #[test]
    fn closest_accepts_prefixes_of_c() {
        assert_eq!(closest("SYS_openat"), Some("openat"));
        assert_eq!(closest("__NR_execve"), Some("execve"));
    }

    #[test]
    fn closest_completes_beginning_of_name() {
        assert_eq!(
            ["exec", "send", "recv"].map(closest),
            [Some("execve"), Some("sendto"), Some("recvmsg")]
        );
    }

    #[test]
    fn closest_unrelated_name_is_none() {
        assert_eq!(["", "@", "x", "ex", "printf", "malloc", "öäüß"].map(closest), [None; 7]);
        assert_eq!(closest(&"openat".repeat(100_000)), None);
    }

    #[test]
    fn closest_with_two_letters_swapped_is_some() {
        for (_, name) in names(Abi::Native) {
            let mut letters: Vec<char> = name.chars().collect();
            letters.swap(0, 1);
            let written: String = letters.into_iter().collect();
            assert!(closest(&written).is_some(), "{written}");
        }
    }
}
