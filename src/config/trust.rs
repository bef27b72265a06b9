//! Permissions of the configuration's files in, the reason why they must not be used out. Whoever can change one of
//! them decides what root traces, and so what is not recorded.

use std::collections::BTreeSet;
use std::fs::{self, Metadata};
use std::os::unix::fs::MetadataExt;
use std::path::{Path, PathBuf};

use super::lookup::lookups;
use super::text::printable;

const EVERYONE_WRITES: u32 = 0o002;
const GROUP_WRITES: u32 = 0o020;
const STICKY: u32 = 0o1000;

/// Owners whose files this process accepts as its configuration.
#[derive(Debug)]
pub struct Trust {
    /// User of the daemon; `None` for a reader that only examines the content.
    daemon: Option<u32>,
    /// Owner of the working directory: root that starts the daemon in a user's checkout trusts
    /// that user, whose build it runs. Under systemd it is `/`, so a service trusts root alone.
    host: Option<u32>,
}

impl Trust {
    /// Accepts what nobody but root, the user of this process and the host can change.
    pub fn of_daemon() -> Self {
        let host = fs::metadata(".").ok().map(|directory| directory.uid());
        Self { daemon: Some(nix::unistd::geteuid().as_raw()), host }
    }

    /// Accepts files of any owner: for a user who examines a configuration.
    pub fn of_reader() -> Self {
        Self { daemon: None, host: None }
    }

    /// Checks an open file that is not part of the configuration, and the way to it.
    ///
    /// # Errors
    /// The reason why it must not be used, as a clause about the file.
    pub fn check(&self, path: &Path, about: &Metadata) -> Result<(), String> {
        self.refuse(path, about)?;
        self.refuse_parents(path)
    }

    /// Returns the reason why a file of the configuration, or the directory of its drop-ins, must not be used.
    pub(super) fn refuse(&self, path: &Path, about: &Metadata) -> Result<(), String> {
        self.judge(path, &Permissions::of(about))
    }

    /// Returns the reason why a path must not be used: a directory or a link on the way to it that others could
    /// change, so that the same name meant another file.
    pub(super) fn refuse_parents(&self, path: &Path) -> Result<(), String> {
        if self.daemon.is_none() {
            return Ok(());
        }
        for step in steps(path) {
            // A missing file is reported when it is opened.
            let Ok(about) = fs::symlink_metadata(&step) else { continue };
            self.judge_parent(&step, about.is_symlink(), &Permissions::of(&about))?;
        }
        Ok(())
    }

    /// In a sticky directory, such as `/tmp`, others can neither remove nor replace the files of their owner. A
    /// link has no permissions of its own.
    fn judge_parent(&self, step: &Path, is_link: bool, found: &Permissions) -> Result<(), String> {
        let is_protected = is_link || found.mode & STICKY != 0;
        let bits = if is_protected { !(EVERYONE_WRITES | GROUP_WRITES) } else { !0 };
        let found = Permissions { mode: found.mode & bits, ..*found };
        let what = if is_link { "is reached by the link" } else { "is below the directory" };
        self.judge(step, &found)
            .map_err(|reason| format!("{what} '{}', which {reason}", shown(step)))
    }

    fn judge(&self, path: &Path, found: &Permissions) -> Result<(), String> {
        let Permissions { mode, owner, group } = *found;
        let (path, about) = (shown(path), format!("(mode {mode:04o}, owner {owner})"));
        if mode & EVERYONE_WRITES != 0 {
            let which = if mode & GROUP_WRITES != 0 { "go" } else { "o" };
            return Err(format!(
                "is writable by everyone {about}, so anyone could change what is traced; \
                 run: chmod {which}-w '{path}'"
            ));
        }
        let Some(daemon) = self.daemon else { return Ok(()) };
        if owner != 0 && self.host == Some(owner) {
            return Ok(());
        }
        if owner != 0 && owner != daemon {
            return Err(format!(
                "belongs to user {owner} (mode {mode:04o}), who could change what is traced; \
                 run: chown root '{path}'"
            ));
        }
        if mode & GROUP_WRITES != 0 {
            return Err(format!(
                "is writable by the group {group} {about}, whose members could change what is traced; \
                 run: chmod g-w '{path}'"
            ));
        }
        Ok(())
    }
}

/// Permissions of one file.
#[derive(Debug, Clone, Copy)]
struct Permissions {
    mode: u32,
    owner: u32,
    group: u32,
}

impl Permissions {
    fn of(about: &Metadata) -> Self {
        Self { mode: about.mode() & 0o7777, owner: about.uid(), group: about.gid() }
    }
}

fn shown(path: &Path) -> String {
    printable(&path.to_string_lossy())
}

/// Returns the directories in which the kernel looks a name up on its way to the file, and the links that it
/// follows.
fn steps(path: &Path) -> BTreeSet<PathBuf> {
    let mut steps = BTreeSet::new();
    for lookup in lookups(path) {
        steps.extend(lookup.is_link.then(|| lookup.path()));
        steps.insert(lookup.folder);
    }
    steps
}

#[cfg(test)]
mod tests {
    use std::os::unix::fs::symlink;

    use super::*;

    fn judged(daemon: Option<u32>, host: Option<u32>, mode: u32, owner: u32) -> Result<(), String> {
        Trust { daemon, host }.judge(Path::new("/etc/x"), &Permissions { mode, owner, group: 27 })
    }

    fn judged_parent(mode: u32, owner: u32) -> Result<(), String> {
        let trust = Trust { daemon: Some(0), host: Some(0) };
        trust.judge_parent(Path::new("/srv"), false, &Permissions { mode, owner, group: 27 })
    }

    #[test]
    fn judge_for_daemon_accepts_files_of_root_daemon_and_host_only() {
        assert_eq!(judged(Some(0), Some(0), 0o644, 0), Ok(()));
        assert_eq!(judged(Some(0), Some(1000), 0o664, 1000), Ok(()));
        assert_eq!(judged(Some(1000), None, 0o644, 1000), Ok(()));
        assert_eq!(judged(Some(1000), None, 0o644, 0), Ok(()));
        let refused = "belongs to user 1001 (mode 0600), who could change what is traced; \
                       run: chown root '/etc/x'";
        assert_eq!(judged(Some(0), Some(0), 0o600, 1001), Err(refused.into()));
        assert_eq!(judged(Some(0), None, 0o600, 1001), Err(refused.into()));
        assert_eq!(judged(Some(1000), None, 0o600, 1001), Err(refused.into()));
    }

    #[test]
    fn judge_for_daemon_refuses_files_that_others_write() {
        for group in [0, 27] {
            let trust = Trust { daemon: Some(0), host: Some(0) };
            let found = Permissions { mode: 0o664, owner: 0, group };
            let reason = format!(
                "is writable by the group {group} (mode 0664, owner 0), whose members could change \
                 what is traced; run: chmod g-w '/etc/x'"
            );
            assert_eq!(trust.judge(Path::new("/etc/x"), &found), Err(reason));
        }
        let everyone = "is writable by everyone (mode 0666, owner 0), so anyone could change what is \
                        traced; run: chmod go-w '/etc/x'";
        assert_eq!(judged(Some(0), Some(0), 0o666, 0), Err(everyone.into()));
    }

    #[test]
    fn judge_for_reader_accepts_any_owner_unless_writable_by_everyone() {
        assert_eq!(judged(None, None, 0o664, 1001), Ok(()));
        let refused = "is writable by everyone (mode 0646, owner 1000), so anyone could change what \
                       is traced; run: chmod o-w '/etc/x'";
        assert_eq!(judged(None, None, 0o646, 1000), Err(refused.into()));
    }

    #[test]
    fn judge_parent_accepts_what_others_write_only_if_sticky() {
        assert_eq!(judged_parent(0o755, 0), Ok(()));
        assert_eq!(judged_parent(0o1777, 0), Ok(()));
        let refused = "is below the directory '/srv', which is writable by everyone (mode 0777, owner 0), \
                       so anyone could change what is traced; run: chmod go-w '/srv'";
        assert_eq!(judged_parent(0o777, 0), Err(refused.into()));
        assert!(
            judged_parent(0o775, 0).is_err_and(|reason| reason.contains("run: chmod g-w '/srv'"))
        );
        assert!(
            judged_parent(0o1777, 1000)
                .is_err_and(|reason| reason.contains("belongs to user 1000"))
        );
    }

    #[test]
    fn steps_are_directories_and_links_of_every_link_on_the_way() {
        let folder = tempfile::tempdir().expect("a temporary folder");
        let root = folder.path().canonicalize().expect("it exists");
        for name in ["etc", "middle", "end"] {
            fs::create_dir(root.join(name)).expect("a folder");
        }
        symlink("../middle/link", root.join("etc/a.toml")).expect("a link");
        symlink(root.join("end/a.toml"), root.join("middle/link")).expect("a link");
        let names = ["etc", "etc/a.toml", "middle", "middle/link", "end"];
        let mut expected: BTreeSet<_> = root.ancestors().map(Path::to_owned).collect();
        expected.extend(names.map(|name| root.join(name)));
        assert_eq!(steps(&root.join("etc/../etc/./a.toml")), expected);
    }
}
