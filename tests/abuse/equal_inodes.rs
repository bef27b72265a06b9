//! A file has the inode number of an excluded program, on the same filesystem: each subvolume of btrfs has inode numbers
//! of its own, and users may create subvolumes. The file is another one.

use std::fs;
use std::os::unix::fs::MetadataExt as _;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::slice;

use tempfile::TempDir;

use crate::borrowed_exclusion::{copy, counts, excluding, run};
use crate::rig::own_slot;
use crate::root::needs;

/// Size of a filesystem with room for two copies of the program; btrfs requires 109 MiB.
const BYTES: u64 = 256 << 20;

/// A new btrfs on a loop device, which goes with its directory.
struct Btrfs {
    folder: TempDir,
}

impl Btrfs {
    /// Returns `None` where this machine cannot have one.
    fn mount() -> Option<Self> {
        let folder = tempfile::tempdir().expect("a temporary folder");
        let (image, root) = (folder.path().join("image"), folder.path().join("root"));
        let file = fs::File::create(&image).expect("a file");
        file.set_len(BYTES).expect("a sparse file");
        fs::create_dir(&root).expect("a directory");
        let is_there = succeeds(Command::new("mkfs.btrfs").arg("-q").arg(&image))
            && succeeds(
                Command::new("mount").args(["-t", "btrfs", "-o", "loop"]).args([&image, &root]),
            );
        needs(is_there, "mkfs.btrfs, btrfs and a loop device").then_some(Self { folder })
    }

    fn root(&self) -> PathBuf {
        self.folder.path().join("root")
    }

    /// Returns the path of a new subvolume.
    fn subvolume(&self, name: &str) -> PathBuf {
        let path = self.root().join(name);
        assert!(succeeds(Command::new("btrfs").args(["subvolume", "create"]).arg(&path)), "{name}");
        path
    }
}

impl Drop for Btrfs {
    fn drop(&mut self) {
        succeeds(Command::new("umount").arg("--lazy").arg(self.root()));
    }
}

fn succeeds(command: &mut Command) -> bool {
    command.output().is_ok_and(|output| output.status.success())
}

fn inode_number(path: &Path) -> u64 {
    fs::metadata(path).expect("a file").ino()
}

#[test]
fn file_with_inode_number_of_excluded_one_in_other_subvolume_is_recorded() {
    needs_root!();
    needs_unknown_syscalls!();
    let Some(btrfs) = Btrfs::mount() else { return };
    let call = own_slot(485);
    let [program, other] = ["system", "user"].map(|name| copy(&btrfs.subvolume(name), "journald"));
    assert_eq!(inode_number(&program), inode_number(&other));
    let (rig, _excluded) = excluding(call, slice::from_ref(&program));
    run(&mut Command::new(&program), call);
    assert_eq!(counts(&rig, call), (1, 0));
    run(&mut Command::new(&other), call);
    assert_eq!(counts(&rig, call), (1, 1));
    // A snapshot has the content, too.
    let snapshot = btrfs.root().join("snapshot");
    let mut create = Command::new("btrfs");
    create.args(["subvolume", "snapshot"]).args([&btrfs.root().join("system"), &snapshot]);
    assert!(succeeds(&mut create), "a snapshot");
    let other = snapshot.join("journald");
    assert_eq!(inode_number(&program), inode_number(&other));
    run(&mut Command::new(&other), call);
    assert_eq!(counts(&rig, call), (1, 2));
}
