use super::*;

#[test]
fn mount_point_finds_cgroup2() {
    let mounts = "22 1 0:20 / /proc rw - proc proc rw\n\
                  30 22 0:26 / /sys/fs/cgroup ro - tmpfs tmpfs rw\n\
                  31 30 0:27 / /sys/fs/cgroup/my\\040own rw shared:4 - cgroup2 cgroup2 rw\n";
    assert_eq!(mount_point(mounts), Some(PathBuf::from("/sys/fs/cgroup/my own")));
    assert_eq!(mount_point("22 1 0:20 / /proc rw - proc proc rw\n"), None);
}

fn tree() -> (tempfile::TempDir, Units) {
    let folder = tempfile::tempdir().expect("a temporary folder");
    fs::create_dir_all(folder.path().join("system.slice/nginx.service")).expect("folders");
    let mut units = Units::at(Some(folder.path().to_owned()));
    units.read();
    (folder, units)
}

#[test]
fn read_finds_existing_cgroups() {
    let (folder, mut units) = tree();
    let path = folder.path().join("system.slice/nginx.service");
    let id = fs::metadata(path).expect("the folder").ino();
    let place = units.place(id).expect("a known cgroup");
    assert_eq!(place.cgroup, "/system.slice/nginx.service");
    assert_eq!(place.unit.as_deref(), Some("nginx.service"));
}

#[test]
fn follow_adds_cgroups_and_remembers_removed_ones() {
    let (_folder, mut units) = tree();
    let parent = units.tree.root;
    assert_eq!(units.place(7), None);
    units.follow(&CgroupEvent::Born { id: 7, parent, name: b"cron.service" });
    assert_eq!(units.place(7).and_then(|place| place.unit.clone()), Some("cron.service".into()));
    units.follow(&CgroupEvent::Gone { id: 7 });
    // Calls from a removed cgroup may be written later.
    assert_eq!(units.place(7).and_then(|place| place.unit.clone()), Some("cron.service".into()));
    let no_bits = |_, _: &str| 0;
    assert!(units.tags(no_bits).iter().all(|(id, _)| *id != 7));
    // The number is used again by another.
    units.follow(&CgroupEvent::Born { id: 7, parent, name: b"ssh.service" });
    assert_eq!(units.place(7).and_then(|place| place.unit.clone()), Some("ssh.service".into()));
}

#[test]
fn read_again_keeps_removed_cgroups() {
    let (folder, mut units) = tree();
    let path = folder.path().join("system.slice/nginx.service");
    let gone = fs::metadata(&path).expect("the folder").ino();
    let fresh = folder.path().join("system.slice/cron.service");
    fs::create_dir(&fresh).expect("a folder");
    let born = fs::metadata(&fresh).expect("the folder").ino();
    fs::remove_dir(&path).expect("removed");
    units.read();
    let unit = |id, units: &mut Units| units.place(id).and_then(|place| place.unit.clone());
    assert_eq!(unit(gone, &mut units).as_deref(), Some("nginx.service"));
    assert_eq!(unit(born, &mut units).as_deref(), Some("cron.service"));
}

#[test]
fn read_again_bounds_removed_cgroups() {
    let (_folder, mut units) = tree();
    let (parent, living) = (units.tree.root, units.tree.len());
    for id in 0..=GONE_MAX as u64 {
        units.follow(&CgroupEvent::Born { id: u64::MAX - id, parent, name: b"x.service" });
    }
    units.read();
    assert_eq!(units.tree.len(), living);
}

/// A path of a cgroup may be much longer than PATH_MAX, and deeper than there are descriptors.
#[test]
fn read_finds_cgroups_deeper_than_path_max() {
    let (folder, mut units) = tree();
    let root = units.tree.root;
    let (depth, name) = (1_200, "n".repeat(20));
    let mut at = fs::File::open(folder.path()).expect("the folder");
    for _ in 0..depth {
        let below = format!("/proc/self/fd/{}/{name}", at.as_raw_fd());
        fs::create_dir(&below).expect("a folder");
        at = fs::File::open(below).expect("the folder");
    }
    let leaf = at.metadata().expect("the folder").ino();
    units.read();
    assert_eq!(units.tree.root, root);
    let place = units.place(leaf).expect("a known cgroup");
    assert!(place.is_cut && place.cgroup.len() <= 4_096);
    assert_eq!(units.tree.components(leaf).map(|components| components.len()), Some(depth));
}

#[test]
fn memory_for_places_is_bounded() {
    let (_folder, mut units) = tree();
    let mut parent = units.tree.root;
    units.follow(&CgroupEvent::Born { id: 1_u64 << 40, parent, name: b"user@1000.service" });
    parent = 1 << 40;
    let name = "n".repeat(250);
    for id in (1_u64 << 40) + 1..(1 << 40) + 5_000 {
        units.follow(&CgroupEvent::Born { id, parent, name: name.as_bytes() });
        parent = if parent < (1 << 40) + 40 { id } else { parent };
        let place = units.place(id).expect("a known cgroup");
        assert_eq!(place.unit.as_deref(), Some("user@1000.service"));
    }
    let bytes: usize = units.places.values().map(bytes_of).sum();
    assert!(bytes <= PLACES_MAX && bytes == units.places_bytes, "{bytes}");
    for id in 1 << 40..(1 << 40) + 5_000 {
        units.follow(&CgroupEvent::Gone { id });
    }
    assert!(units.places_bytes == 0 && units.tree.len() == 2);
}

#[test]
fn place_in_loop_of_parents_is_none() {
    let (_folder, mut units) = tree();
    units.follow(&CgroupEvent::Born { id: 8, parent: 9, name: b"a" });
    units.follow(&CgroupEvent::Born { id: 9, parent: 8, name: b"b" });
    assert_eq!(units.place(8), None);
}

#[test]
fn is_there_without_hierarchy_is_false() {
    assert!(tree().1.is_there() && !Units::at(None).is_there());
}

#[test]
fn place_of_root_has_no_unit() {
    let (_folder, mut units) = tree();
    let place = units.place(units.tree.root).expect("the root");
    assert_eq!((place.cgroup.as_str(), &place.unit, &place.user_unit), ("/", &None, &None));
}
