//! Calls that differ by chance, but are the same for the same seed: arguments, the names of the task, and
//! its real and effective user and group are drawn from lists, `|` between their members.

use std::ffi::CString;

use nix::libc;

/// `trigger random SEED TIMES NAMES IDS native NUMBER [LIST...]`
pub fn random(seed: u64, times: u64, names: &str, ids: &str, nr: u64, lists: &[&str]) {
    let mut dice = Dice(seed | 1);
    let names: Vec<CString> =
        names.split('|').map(|name| CString::new(name).expect("no NUL")).collect();
    let ids: Vec<u32> = ids.split('|').map(|id| id.parse().expect("a number")).collect();
    let lists: Vec<Vec<u64>> =
        lists.iter().map(|list| list.split('|').map(value).collect()).collect();
    for _ in 0..times {
        let name: &CString = dice.pick(&names);
        nix::sys::prctl::set_name(name).expect("a name");
        be(*dice.pick(&ids), *dice.pick(&ids));
        let mut args = [0; 6];
        args.iter_mut().zip(&lists).for_each(|(arg, list)| *arg = *dice.pick(list));
        let [a, b, c, d, e, f] = args;
        act_as(*dice.pick(&ids), *dice.pick(&ids));
        // SAFETY: the caller of this program chose the call and what it may be passed.
        unsafe { libc::syscall(nr as i64, a, b, c, d, e, f) };
        act_as(0, 0);
    }
}

fn value(word: &str) -> u64 {
    match word.strip_prefix("dropped:") {
        Some(text) => super::dropped(&[text])[0],
        None => super::value_of(word),
    }
}

/// The real ids only: the others stay root's, who may change them again.
pub fn be(uid: u32, gid: u32) {
    let same = u32::MAX;
    // SAFETY: neither call touches memory.
    let failed = unsafe { libc::setresgid(gid, same, same) | libc::setresuid(uid, same, same) };
    assert_eq!(failed, 0, "another user (CAP_SETUID, CAP_SETGID)");
}

/// The effective ids only: the user last and first, who may change the group. The saved ones stay root's.
pub fn act_as(uid: u32, gid: u32) {
    let (same, root) = (u32::MAX, 0);
    // SAFETY: none of the calls touches memory.
    let failed = unsafe {
        libc::setresuid(same, root, same)
            | libc::setresgid(same, gid, same)
            | libc::setresuid(same, uid, same)
    };
    assert_eq!(failed, 0, "other effective ids (CAP_SETUID, CAP_SETGID)");
}

/// Xorshift, as good as a test needs.
struct Dice(u64);

impl Dice {
    fn pick<'a, T>(&mut self, list: &'a [T]) -> &'a T {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        &list[(self.0 >> 16) as usize % list.len()]
    }
}
