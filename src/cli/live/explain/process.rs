//! Facts about a process that filters ask for, as /proc has them now.

use std::fs;
use std::os::unix::ffi::OsStrExt as _;

use anyhow::{Context as _, Result, bail};

use crate::filter::NameKind;
use crate::units::{self, CgroupTags};

/// Process, or what is known of the processes of a unit. A fact that is `None` is not known.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct ProcessFacts {
    /// Name for people.
    pub name: String,
    /// Real user.
    pub uid: Option<u32>,
    /// Effective user.
    pub euid: Option<u32>,
    /// Real group.
    pub gid: Option<u32>,
    /// Effective group.
    pub egid: Option<u32>,
    /// Login user; `u32::MAX` is one that was not set.
    pub loginuid: Option<u32>,
    /// Name of the main thread.
    pub comm: Option<Vec<u8>>,
    /// Name of the parent's main thread.
    pub parent_comm: Option<Vec<u8>>,
    /// Path of the executable.
    pub exe: Option<Vec<u8>>,
    /// Unit of the system, slices above it, and unit of a user's manager.
    pub cgroup: Option<CgroupNames>,
    /// The process itself and those that it descends from.
    pub ancestry: Option<Vec<u32>>,
}

/// CgroupNames of a cgroup path.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct CgroupNames {
    /// Unit of the system.
    pub unit: Option<String>,
    /// Slices of the system, the outer ones first.
    pub slices: Vec<String>,
    /// Unit of a user's own manager.
    pub user_unit: Option<String>,
    /// State that it is a container; `None` where a user has chosen the name.
    pub is_container: Option<bool>,
}

impl ProcessFacts {
    /// Returns what is known of the processes of a unit of the system.
    pub fn of_unit(unit: &str) -> Self {
        let unit = if unit.contains('.') { unit.to_owned() } else { format!("{unit}.service") };
        let cgroup = CgroupNames { unit: Some(unit.clone()), ..CgroupNames::default() };
        Self { name: format!("a process of {unit}"), cgroup: Some(cgroup), ..Self::default() }
    }

    /// Reads the facts about a process.
    ///
    /// # Errors
    /// Fails if there is no such process.
    pub fn of_process(pid: u32) -> Result<Self> {
        let path = format!("/proc/{pid}/status");
        let status = fs::read_to_string(&path)
            .with_context(|| format!("there is no process {pid}: failed to read {path}"))?;
        let ids = |name: &str| -> [Option<u32>; 2] {
            let line = status.lines().find_map(|line| line.strip_prefix(name));
            let mut words = line.unwrap_or_default().split_whitespace();
            [(); 2].map(|()| words.next()?.parse().ok())
        };
        let ([uid, euid], [gid, egid]) = (ids("Uid:"), ids("Gid:"));
        let ancestry = ancestry(pid)?;
        let parent = ancestry.get(1).copied();
        let comm = comm(pid);
        let name = String::from_utf8_lossy(comm.as_deref().unwrap_or_default()).into_owned();
        Ok(Self {
            name: format!("{} (pid {pid})", crate::config::printable(&name)),
            uid,
            euid,
            gid,
            egid,
            loginuid: number_in(&format!("/proc/{pid}/loginuid")),
            comm,
            parent_comm: parent.and_then(self::comm),
            exe: exe(pid),
            cgroup: fs::read_to_string(format!("/proc/{pid}/cgroup")).ok().map(|text| names(&text)),
            ancestry: Some(ancestry),
        })
    }
}

fn comm(pid: u32) -> Option<Vec<u8>> {
    let mut comm = fs::read(format!("/proc/{pid}/comm")).ok()?;
    comm.truncate(comm.trim_ascii_end().len());
    Some(comm)
}

fn number_in(path: &str) -> Option<u32> {
    fs::read_to_string(path).ok()?.trim().parse().ok()
}

/// Returns the path of the executable, without the mark of one that was removed.
fn exe(pid: u32) -> Option<Vec<u8>> {
    let path = fs::read_link(format!("/proc/{pid}/exe")).ok()?;
    let bytes = path.as_os_str().as_bytes();
    Some(bytes.strip_suffix(b" (deleted)").unwrap_or(bytes).to_owned())
}

/// Most ancestors: a chain of them has no circle, but processes may change while it is read.
const DEPTH_MAX: usize = 4096;

/// Returns the process and those that it descends from.
fn ancestry(pid: u32) -> Result<Vec<u32>> {
    let (mut all, mut next) = (Vec::new(), pid);
    while next != 0 && all.len() < DEPTH_MAX {
        all.push(next);
        let Ok(status) = fs::read_to_string(format!("/proc/{next}/status")) else { break };
        let parent = status.lines().find_map(|line| line.strip_prefix("PPid:"));
        next = parent.and_then(|text| text.trim().parse().ok()).unwrap_or(0);
    }
    if all.is_empty() {
        bail!("process 0 makes no calls");
    }
    Ok(all)
}

/// Returns the names in the path of `/proc/PID/cgroup`.
fn names(text: &str) -> CgroupNames {
    let path = text.lines().find_map(|line| line.strip_prefix("0::")).unwrap_or_default();
    let found = std::cell::RefCell::new(CgroupNames::default());
    CgroupTags::of(path, |kind, name| {
        let (mut found, name) = (found.borrow_mut(), name.to_owned());
        match kind {
            NameKind::Slice => found.slices.push(name),
            NameKind::Unit => found.unit = Some(name),
            NameKind::UserUnit => found.user_unit = Some(name),
            NameKind::Excluded => {}
        }
        0
    });
    let container = units::container_of(path);
    CgroupNames { is_container: container, ..found.into_inner() }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_those_of_cgroup_path() {
        let service = names("1:cpu:/x\n0::/system.slice/nginx.service\n");
        let expected = CgroupNames {
            unit: Some("nginx.service".into()),
            slices: vec!["system.slice".into()],
            user_unit: None,
            is_container: Some(false),
        };
        assert_eq!(service, expected);
        let user = names("0::/user.slice/user-1.slice/user@1.service/app.slice/mail.service\n");
        assert_eq!(user.unit.as_deref(), Some("user@1.service"));
        assert_eq!(user.user_unit.as_deref(), Some("mail.service"));
        assert_eq!(user.slices, ["user.slice", "user-1.slice"]);
    }

    #[test]
    fn facts_of_this_process_are_its_own() {
        let facts = ProcessFacts::of_process(std::process::id()).unwrap();
        let own = std::env::current_exe().unwrap();
        assert_eq!(facts.exe.unwrap(), own.as_os_str().as_bytes());
        assert_eq!(facts.uid, Some(nix::unistd::getuid().as_raw()));
        assert_eq!(facts.ancestry.unwrap()[0], std::process::id());
        assert!(ProcessFacts::of_process(u32::MAX).is_err());
    }
}
