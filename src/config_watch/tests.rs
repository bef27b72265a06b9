use std::fs;
use std::os::unix::fs::symlink;

use super::*;

fn watched(name: &str) -> (tempfile::TempDir, PathBuf, ConfigWatch) {
    let folder = tempfile::tempdir().expect("a temporary folder");
    let file = folder.path().join(name);
    fs::write(&file, "old").expect("the file");
    let watch = ConfigWatch::new(&file, &file.with_extension("d")).expect("inotify");
    (folder, file, watch)
}

#[test]
fn editors_are_seen_however_they_write() {
    let (folder, file, mut watch) = watched("a.toml");
    assert!(!watch.changed(), "nothing happened yet");
    fs::write(&file, "truncated and written").expect("write");
    assert!(watch.changed());
    let temporary = folder.path().join("a.toml~");
    fs::write(&temporary, "new").expect("write");
    assert!(!watch.changed(), "a temporary file is ignored");
    fs::rename(&temporary, &file).expect("rename");
    assert!(watch.changed());
    fs::remove_file(&file).expect("remove");
    assert!(watch.changed());
    fs::write(&file, "back").expect("write");
    assert!(watch.changed());
}

#[test]
fn changed_reports_first_and_last_drop_in() {
    let (_folder, file, mut watch) = watched("a.toml");
    let drop_ins = file.with_extension("d");
    fs::create_dir(&drop_ins).expect("a folder");
    assert!(watch.changed());
    fs::write(drop_ins.join("10.toml"), "x").expect("write");
    assert!(watch.changed());
    fs::write(drop_ins.join("README"), "x").expect("write");
    assert!(!watch.changed());
    fs::remove_file(drop_ins.join("10.toml")).expect("remove");
    assert!(watch.changed());
}

/// Points a link to another target, at once.
fn swap(link: &Path, target: &str) {
    let fresh = link.with_extension("fresh");
    symlink(target, &fresh).expect("a link");
    fs::rename(&fresh, link).expect("rename");
}

/// A folder with the file of a configuration in each of `places`.
fn tree(places: &[&str]) -> tempfile::TempDir {
    let folder = tempfile::tempdir().expect("a temporary folder");
    for place in places {
        let place = folder.path().join(place);
        fs::create_dir_all(&place).expect("a folder");
        fs::write(place.join("a.toml"), "x").expect("a file");
    }
    folder
}

fn watch(file: &Path) -> ConfigWatch {
    let mut watch = ConfigWatch::new(file, &file.with_extension("d")).expect("inotify");
    assert!(!watch.changed(), "nothing happened yet");
    watch
}

#[test]
fn changed_follows_links_and_their_replacement() {
    let folder = tree(&["1", "2"]);
    let link = folder.path().join("link.toml");
    symlink("1/a.toml", &link).expect("a link");
    let mut watch = watch(&link);
    fs::write(folder.path().join("1/a.toml"), "edited").expect("write");
    assert!(watch.changed(), "the target was edited");
    swap(&link, "2/a.toml");
    assert!(watch.changed(), "the link was swapped");
    fs::write(folder.path().join("2/a.toml"), "edited").expect("write");
    assert!(watch.changed(), "the new target was edited");
    fs::write(folder.path().join("1/a.toml"), "edited").expect("write");
    assert!(!watch.changed(), "the old target no longer matters");
}

/// Links as on NixOS: /etc/tailcalld.toml -> static/tailcalld.toml, /etc/static -> /nix/store/...
#[test]
fn changed_follows_folder_link_in_the_middle() {
    let folder = tree(&["store/1", "store/2"]);
    let root = folder.path();
    fs::create_dir(root.join("etc")).expect("a folder");
    symlink("../store/1", root.join("etc/static")).expect("a link");
    symlink("static/a.toml", root.join("etc/a.toml")).expect("a link");
    symlink("static/a.d", root.join("etc/a.d")).expect("a link");
    let mut watch = watch(&root.join("etc/a.toml"));
    for target in ["2", "1", "2"] {
        swap(&root.join("etc/static"), &format!("../store/{target}"));
        assert!(watch.changed(), "the link to {target}");
        fs::create_dir_all(root.join("store").join(target).join("a.d")).expect("a folder");
        fs::write(root.join("store").join(target).join("a.d/1.toml"), "x").expect("write");
        assert!(watch.changed(), "a drop-in behind the link to {target}");
    }
}

/// Link of deployment tools: current -> releases/7.
#[test]
fn changed_follows_link_to_release() {
    let folder = tree(&["releases/7/config", "releases/8/config"]);
    let current = folder.path().join("current");
    symlink("releases/7", &current).expect("a link");
    let mut watch = watch(&current.join("config/a.toml"));
    swap(&current, "releases/8");
    assert!(watch.changed(), "the release was swapped");
    fs::write(folder.path().join("releases/8/config/a.toml"), "y").expect("write");
    assert!(watch.changed(), "the new release was edited");
    fs::remove_dir_all(folder.path().join("releases/7")).expect("the old release");
    assert!(!watch.changed(), "the old release was cleaned up");
}

#[test]
fn changed_reports_replaced_folder_at_any_depth() {
    let folder = tree(&["a/b/c", "new/b/c", "new/c"]);
    let root = folder.path();
    let mut watch = watch(&root.join("a/b/c/a.toml"));
    for (old, new) in [("a", "new"), ("a/b", "new")] {
        fs::rename(root.join(old), root.join("old")).expect("rename");
        fs::create_dir_all(root.join(new)).expect("a folder");
        fs::rename(root.join(new), root.join(old)).expect("rename");
        assert!(watch.changed(), "{old} was replaced");
        fs::remove_dir_all(root.join("old")).expect("the old folder");
        assert!(!watch.changed(), "the old {old} was removed");
        fs::create_dir_all(root.join("a/b/c")).expect("a folder");
        watch.changed();
        fs::write(root.join("a/b/c/a.toml"), "y").expect("write");
        assert!(watch.changed(), "edited in the new {old}");
    }
}

#[test]
fn changed_follows_drop_in_that_is_link() {
    let folder = tree(&["etc/a.d", "shared/1", "shared/2"]);
    let root = folder.path();
    let drop_in = root.join("etc/a.d/50.toml");
    symlink("../../shared/current/a.toml", &drop_in).expect("a link");
    fs::write(root.join("etc/a.toml"), "x").expect("write");
    let mut watch = watch(&root.join("etc/a.toml"));
    symlink("1", root.join("shared/current")).expect("a link");
    assert!(watch.changed(), "the missing target came");
    fs::write(root.join("shared/1/a.toml"), "y").expect("write");
    assert!(watch.changed(), "the target was edited");
    swap(&root.join("shared/current"), "2");
    assert!(watch.changed(), "a link in the middle was swapped");
    fs::write(root.join("shared/2/a.toml"), "y").expect("write");
    assert!(watch.changed(), "the new target was edited");
    fs::remove_file(&drop_in).expect("the link");
    assert!(watch.changed(), "the drop-in was removed");
    fs::write(root.join("shared/2/a.toml"), "z").expect("write");
    assert!(!watch.changed(), "its target no longer matters");
}

#[test]
fn renew_without_change_keeps_watches_and_is_no_change() {
    let (folder, file, mut watch) = watched("a.toml");
    for _ in 0..3 {
        watch.renew();
        assert!(!watch.changed());
    }
    fs::write(folder.path().join("other"), "x").expect("write");
    assert!(!watch.changed());
    fs::write(&file, "x").expect("write");
    assert!(watch.changed());
}
