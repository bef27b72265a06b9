//! Changes of folders and links on the way to the configuration.

use std::fs;
use std::os::unix::fs::symlink;
use std::path::Path;
use std::process::Command;

use super::{ends, reloaded, routes, slot, works};
use crate::number::unused_number;
use crate::rig::{Setup, reload_by_client};

/// Points a link to another target, at once.
fn swap(link: &Path, target: &str) {
    let fresh = link.with_extension("fresh");
    symlink(target, &fresh).unwrap();
    fs::rename(fresh, link).unwrap();
}

/// The configuration is reached as on NixOS (`/etc/static`), a drop-in as deployment tools do it
/// (`current -> releases/7`).
#[test]
fn swapped_link_in_the_middle_is_one_reload() {
    let [a, b] = [(); 2].map(|()| unused_number());
    let Some(setup) = Setup::new("") else { return };
    for (store, handler) in [("store/1", "args"), ("store/2", "count")] {
        fs::create_dir_all(setup.path(store)).unwrap();
        fs::write(setup.path(store).join("a.toml"), routes(&[(&a, handler)])).unwrap();
    }
    for (release, handler) in [("releases/7", "count"), ("releases/8", "args")] {
        fs::create_dir_all(setup.path(release)).unwrap();
        fs::write(setup.path(release).join("b.toml"), routes(&[(&b, handler)])).unwrap();
    }
    fs::remove_file(setup.config()).unwrap();
    symlink("store/1", setup.path("static")).unwrap();
    symlink("static/a.toml", setup.config()).unwrap();
    symlink("releases/7", setup.path("current")).unwrap();
    fs::create_dir(setup.path("tailcalld.d")).unwrap();
    symlink("../current/b.toml", setup.path("tailcalld.d/50.toml")).unwrap();

    let mut daemon = setup.start();
    swap(&daemon.setup.path("static"), "store/2");
    let change = format!("{} (args -> count)", slot(&a));
    reloaded(&mut daemon.records, 2, [&[], &[&change], &[]]);
    // Watched by then, although a client has asked for a reload meanwhile.
    reload_by_client(&daemon.setup);
    reloaded(&mut daemon.records, 3, [&[], &[], &[]]);
    swap(&daemon.setup.path("current"), "releases/8");
    let change = format!("{} (count -> args)", slot(&b));
    reloaded(&mut daemon.records, 4, [&[], &[&change], &[]]);
    works(&mut daemon, &b);
    let target = daemon.setup.path("releases/8/b.toml");
    fs::write(target, routes(&[(&b, "count")])).unwrap();
    let change = format!("{} (args -> count)", slot(&b));
    reloaded(&mut daemon.records, 5, [&[], &[&change], &[]]);
    ends(daemon, 5);
}

#[test]
fn replaced_folder_is_one_reload() {
    let number = unused_number();
    let Some(setup) = Setup::new("") else { return };
    for (folder, handler) in [("a/b", "args"), ("new/b", "count")] {
        fs::create_dir_all(setup.path(folder)).unwrap();
        fs::write(setup.path(folder).join("x.toml"), routes(&[(&number, handler)])).unwrap();
    }
    fs::remove_file(setup.config()).unwrap();
    symlink("a/b/x.toml", setup.config()).unwrap();
    let mut daemon = setup.start();
    fs::rename(daemon.setup.path("a"), daemon.setup.path("old")).unwrap();
    fs::rename(daemon.setup.path("new"), daemon.setup.path("a")).unwrap();
    let change = format!("{} (args -> count)", slot(&number));
    reloaded(&mut daemon.records, 2, [&[], &[&change], &[]]);
    fs::write(daemon.setup.path("a/b/x.toml"), routes(&[(&number, "args")])).unwrap();
    let change = format!("{} (count -> args)", slot(&number));
    reloaded(&mut daemon.records, 3, [&[], &[&change], &[]]);
    works(&mut daemon, &number);
    ends(daemon, 3);
}

/// No event reports a mount; a reload finds it and watches what is there from then on.
#[test]
fn mounted_folder_is_watched_after_reload() {
    let [a, b] = [(); 2].map(|()| unused_number());
    let Some(setup) = Setup::new(&routes(&[(&a, "args")])) else { return };
    let drop_ins = setup.path("tailcalld.d");
    fs::create_dir(&drop_ins).unwrap();
    let command = setup.command(&["unshare", "-m"], "json");
    let mut daemon = setup.spawn(command);
    daemon.records.next("started");
    let mut mount = Command::new("nsenter");
    mount.args(["-t", &daemon.pid().to_string(), "-m", "mount", "-t", "tmpfs", "-o", "mode=0755"]);
    assert!(mount.arg("tmpfs").arg(&drop_ins).status().unwrap().success());
    reload_by_client(&daemon.setup);
    reloaded(&mut daemon.records, 2, [&[], &[], &[]]);
    let root = format!("/proc/{}/root", daemon.pid());
    let inside = Path::new(&root).join(drop_ins.strip_prefix("/").unwrap());
    fs::write(inside.join("50.toml"), routes(&[(&b, "args")])).unwrap();
    reloaded(&mut daemon.records, 3, [&[&format!("{}=args", slot(&b))], &[], &[]]);
    works(&mut daemon, &b);
    ends(daemon, 3);
}
