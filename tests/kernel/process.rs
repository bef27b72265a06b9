//! Tests of what an event says about its process, compared with /proc.

use std::os::unix::fs::MetadataExt as _;
use std::path::Path;
use std::sync::atomic::Ordering::SeqCst;

use nix::libc;
use nix::sys::statfs::{BTRFS_SUPER_MAGIC, OVERLAYFS_SUPER_MAGIC, statfs};
use syscalls::Abi;
use tailcalld::decode::NAMESPACES;

use crate::rig::{Rig, rig, slot, trigger_path};

/// In the order of `enum namespace`, with the flag that makes a new one.
const KINDS: [(&str, i32); NAMESPACES] = [
    ("cgroup", libc::CLONE_NEWCGROUP),
    ("ipc", libc::CLONE_NEWIPC),
    ("mnt", libc::CLONE_NEWNS),
    ("net", libc::CLONE_NEWNET),
    ("pid", libc::CLONE_NEWPID),
    ("user", libc::CLONE_NEWUSER),
    ("uts", libc::CLONE_NEWUTS),
];

/// Start in ticks and namespaces, as the trigger prints them before its call; 0 for a kind that
/// this kernel does not have.
struct Said {
    ticks: u64,
    namespaces: [u32; NAMESPACES],
}

impl Said {
    fn parse(text: &str) -> Self {
        let (ticks, links) = text.split_once('\n').expect("two parts");
        let id = |(kind, _): (&str, i32)| {
            let begin = format!("{kind} {kind}:[");
            let link = links.lines().find_map(|line| line.strip_prefix(&begin)?.strip_suffix(']'));
            link.map_or(0, |id| id.parse().expect("a number"))
        };
        Self { ticks: ticks.parse().expect("a number"), namespaces: KINDS.map(id) }
    }
}

fn initial(rig: &Rig) -> [u32; NAMESPACES] {
    rig.bpf.shared.initial_namespaces().each_ref().map(|id| id.load(SeqCst))
}

/// Returns the namespaces of a process in new namespaces: those of its event and those that it printed.
fn namespaces(rig: &Rig, flags: i32) -> ([u32; NAMESPACES], [u32; NAMESPACES]) {
    let nr = slot(Abi::Native, "getpgid").nr().to_string();
    let (records, said) =
        rig.trigger_with_output(&["within", &flags.to_string(), "native", &nr, "0"]);
    let [record] = records.as_slice() else { panic!("{} records: {said}", records.len()) };
    let (process, said) = (rig.event(record).process, Said::parse(&said));
    assert_eq!(process.start_ns / ns_per_tick(), said.ticks);
    (process.namespaces, said.namespaces)
}

fn ns_per_tick() -> u64 {
    let ticks = nix::unistd::sysconf(nix::unistd::SysconfVar::CLK_TCK).expect("a clock");
    1_000_000_000 / u64::try_from(ticks.expect("ticks")).expect("a frequency")
}

fn kinds_here() -> impl Iterator<Item = (usize, i32)> {
    let here = |kind: &str| Path::new("/proc/self/ns").join(kind).exists();
    (0..).zip(KINDS).filter(move |(_, (kind, _))| here(kind)).map(|(nth, (_, flag))| (nth, flag))
}

#[test]
fn initial_namespaces_are_those_of_first_process() {
    needs_root!();
    let initial = initial(&rig(&[]));
    // include/linux/proc_ns.h; the numbers of the other two are given at boot before Linux 6.18.
    let known = [0xefff_fffb, 0xefff_ffff, 0, 0, 0xefff_fffc, 0xefff_fffd, 0xefff_fffe];
    for (nth, _) in kinds_here().filter(|(nth, _)| known[*nth] != 0) {
        assert_eq!(initial[nth], known[nth], "{}", KINDS[nth].0);
    }
    for (nth, _) in kinds_here().filter(|_| is_ours_initial(initial[4])) {
        // A process that may not trace it may not see them.
        let Ok(link) = Path::new("/proc/1/ns").join(KINDS[nth].0).read_link() else { continue };
        let expected = format!("{}:[{}]", KINDS[nth].0, initial[nth]);
        assert_eq!(link.to_str(), Some(&*expected));
    }
}

/// Returns whether /proc/1 of the test is the machine's first process.
fn is_ours_initial(pid_namespace: u32) -> bool {
    let link = Path::new("/proc/self/ns/pid").read_link().expect("a link");
    link.to_str() == Some(&format!("pid:[{pid_namespace}]"))
}

#[test]
fn event_has_namespaces_that_are_not_initial() {
    needs_root!();
    let rig = rig(&[(slot(Abi::Native, "getpgid"), "args")]);
    let initial = initial(&rig);
    let all = kinds_here().fold(0, |all, (_, flag)| all | flag);
    let each = kinds_here().map(|(_, flag)| flag);
    for flags in [0, all].into_iter().chain(each) {
        let (recorded, said) = namespaces(&rig, flags);
        let mut expected = said;
        for (id, initial) in expected.iter_mut().zip(initial) {
            *id = if *id == initial { 0 } else { *id };
        }
        assert_eq!(recorded, expected, "{flags:#x}");
        for (nth, flag) in kinds_here().filter(|(_, flag)| flags & flag != 0) {
            assert!(recorded[nth] != 0 && recorded[nth] != initial[nth], "{flag:#x} of {flags:#x}");
        }
    }
}

/// The trigger is in the initial pid namespace still, its children will be in another.
#[test]
fn event_pid_namespace_is_not_that_of_children() {
    needs_root!();
    let unshare = slot(Abi::Native, "unshare");
    let rig = rig(&[(unshare, "args"), (slot(Abi::Native, "wait4"), "args")]);
    let flags = libc::CLONE_NEWPID.to_string();
    let nr = slot(Abi::Native, "getpgid").nr().to_string();
    let records = rig.trigger(&["within", &flags, "native", &nr, "0"]);
    let own = |bytes: &Vec<u8>| rig.event(bytes).process.namespaces;
    let namespaces: Vec<_> = records.iter().map(own).collect();
    assert_eq!(namespaces.len(), 2);
    assert_eq!(namespaces[0], namespaces[1]);
}

#[test]
fn event_exe_is_running_file() {
    needs_root!();
    let rig = rig(&[(slot(Abi::Native, "getpgid"), "args")]);
    let nr = slot(Abi::Native, "getpgid").nr().to_string();
    let records = rig.trigger(&["native", &nr, "0"]);
    let [record] = records.as_slice() else { panic!("{} records", records.len()) };
    let exe = rig.event(record).process.exe.expect("an executable");
    let path = trigger_path();
    // These make numbers up.
    let magic = statfs(&path).expect("a file system").filesystem_type();
    if [OVERLAYFS_SUPER_MAGIC, BTRFS_SUPER_MAGIC].contains(&magic) {
        return;
    }
    let about = path.metadata().expect("the trigger is there");
    let (major, minor) = (libc::major(about.dev()), libc::minor(about.dev()));
    assert_eq!((exe.device.major(), exe.device.minor(), exe.inode), (major, minor, about.ino()));
}
