//! The CPU that the trigger runs on.

use nix::libc;

/// This thread and those that it starts stay on the CPU that it is on.
pub fn stay() {
    // SAFETY: the call takes nothing.
    go_to(u64::try_from(unsafe { libc::sched_getcpu() }).unwrap_or_default());
}

/// This thread and those that it starts go to that CPU.
pub fn go_to(cpu: u64) {
    // SAFETY: the set is ours and lives longer than the call.
    let failed = unsafe {
        let mut set: libc::cpu_set_t = std::mem::zeroed();
        libc::CPU_SET(usize::try_from(cpu).unwrap_or_default(), &mut set);
        libc::sched_setaffinity(0, size_of_val(&set), &raw const set)
    };
    assert_eq!(failed, 0, "a CPU of our own choice");
}

/// Makes calls of `sched_setaffinity`, each of which begins on one CPU and returns on another one.
pub fn migrate(times: u64) {
    // SAFETY: the call takes a number.
    let cpus = u64::try_from(unsafe { libc::sysconf(libc::_SC_NPROCESSORS_ONLN) }).unwrap_or(1);
    (1..=times).for_each(|nth| go_to(nth % cpus));
}
