//! Identity of a process beyond its PID: start time, parent, ids, terminal, executable and namespaces.

pub use crate::bpf::NAMESPACES;
use crate::bpf::types::namespace;

/// Start times, terminal, executable and namespaces of a process.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Process {
    /// Start time, `CLOCK_BOOTTIME` in ns. Two processes that had the same PID one after the other
    /// differ in this.
    pub start_ns: u64,
    /// Start time of its parent.
    pub parent_start_ns: u64,
    /// Device of its controlling terminal, if it has one.
    pub tty: Option<Device>,
    /// The program that it executes, if it has one.
    pub exe: Option<Exe>,
    /// Inode numbers of its namespaces in the order of `enum namespace`: cgroup, ipc, mnt, net, pid,
    /// user, uts. 0: the one that the machine began with.
    pub namespaces: [u32; NAMESPACES],
}

impl Process {
    /// Returns whether the process sees the mounts that the machine began with.
    pub fn is_in_initial_mounts(&self) -> bool {
        self.namespaces.get(namespace::NAMESPACE_MNT.0 as usize) == Some(&0)
    }
}

/// Effective and saved ids of a task, as numbered in the initial user namespace, and its capabilities.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Credentials {
    /// Effective user: the one that permissions are checked for.
    pub euid: u32,
    /// Effective group.
    pub egid: u32,
    /// Saved user: one that the task may become again.
    pub suid: u32,
    /// Saved group.
    pub sgid: u32,
    /// Effective capabilities, a bit each, if the rule asks for them. They hold in the user namespace of the task.
    pub capabilities: Option<u64>,
}

/// A file as the kernel knows it, which on overlay and btrfs is not what stat(2) tells.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Exe {
    /// The file system's device.
    pub device: Device,
    /// Number within it.
    pub inode: u64,
}

/// A device number as the kernel has it inside: 12 bits major, 20 bits minor.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub struct Device(pub u32);

const MINOR_BITS: u32 = 20;

impl Device {
    /// Returns the major number: the driver.
    pub fn major(self) -> u32 {
        self.0 >> MINOR_BITS
    }

    /// Returns the minor number: the device of the driver.
    pub fn minor(self) -> u32 {
        self.0 & ((1 << MINOR_BITS) - 1)
    }
}
