//! Kills of a daemon in the middle of what it does: as it begins a chosen syscall, which is not made any more, or when
//! that has been made.

use std::fs::{self, File};
use std::os::unix::fs::FileExt as _;

use nix::sys::ptrace::{self, Options};
use nix::sys::signal::Signal;
use nix::sys::wait::{WaitPidFlag, WaitStatus, waitpid};
use nix::unistd::Pid;
use syscalls::{Abi, number};

use crate::process::eventually;

/// Moment of a kill.
#[derive(Clone, Copy, PartialEq, Eq)]
pub enum Moment {
    Before,
    After,
}

/// A process that stops at each syscall.
pub struct Traced(Pid);

impl Traced {
    pub fn attach(pid: u32) -> Self {
        let pid = Pid::from_raw(i32::try_from(pid).unwrap());
        ptrace::attach(pid).unwrap();
        waitpid(pid, None).unwrap();
        ptrace::setoptions(pid, Options::PTRACE_O_TRACESYSGOOD).unwrap();
        Self(pid)
    }

    /// Lets the process go on and kills it before or after the `nth` call, counted from 1, that passes a buffer with that
    /// text to a descriptor. The process makes none of its calls after that.
    pub fn kill_at(self, moment: Moment, name: &str, text: &str, nth: usize) {
        let wanted = number(Abi::Native, name).unwrap();
        let (mut signal, mut is_entry, mut left) = (None, false, nth);
        let is_reached =
            |left: usize, is_entry: bool| left == 0 && (moment == Moment::Before || !is_entry);
        while !is_reached(left, is_entry) {
            ptrace::syscall(self.0, signal).unwrap();
            signal = None;
            match self.next_stop() {
                WaitStatus::PtraceSyscall(_) => {
                    is_entry = !is_entry;
                    left -= usize::from(left > 0 && is_entry && self.passes(wanted.into(), text));
                }
                WaitStatus::Stopped(_, delivered) => signal = Some(delivered),
                status => panic!("{status:?}"),
            }
        }
        nix::sys::signal::kill(self.0, Signal::SIGKILL).unwrap();
    }

    fn next_stop(&self) -> WaitStatus {
        let mut status = WaitStatus::StillAlive;
        eventually("the process stops at a call", || {
            status = waitpid(self.0, Some(WaitPidFlag::WNOHANG)).unwrap();
            status != WaitStatus::StillAlive
        });
        status
    }

    /// Returns whether the process is in that call and its second argument points to bytes with that text.
    fn passes(&self, wanted: u64, text: &str) -> bool {
        let call = fs::read_to_string(format!("/proc/{}/syscall", self.0)).unwrap();
        let word =
            |word: &str| word.strip_prefix("0x").map_or(Ok(0), |hex| u64::from_str_radix(hex, 16));
        let mut words = call.split(' ');
        if words.next() != Some(&wanted.to_string()) {
            return false;
        }
        let args: Vec<u64> = words.map_while(|text| word(text).ok()).collect();
        let mut bytes = vec![0; usize::try_from(args[2]).unwrap()];
        let memory = File::open(format!("/proc/{}/mem", self.0)).unwrap();
        memory.read_exact_at(&mut bytes, args[1]).unwrap();
        String::from_utf8_lossy(&bytes).contains(text)
    }
}
