//! Each kind of edit is one reload, and a fault changes nothing.

mod bursts;
mod paths;

use std::fs;
use std::os::unix::fs::symlink;

use nix::sys::signal::Signal;
use serde_json::{Value, json};
use syscalls::Abi;

use crate::number::unused_number;
use crate::process::trigger;
use crate::records::{Records, counted, events_of};
use crate::rig::{Daemon, Setup};

/// Returns a configuration with one route a line.
fn routes(wanted: &[(&str, &str)]) -> String {
    let line = |(number, handler): &(&str, &str)| format!("{number} = \"{handler}\"\n");
    format!("[routes]\n{}", wanted.iter().map(line).collect::<String>())
}

/// Returns the name that records use for a number without a name.
fn slot(number: &str) -> String {
    format!("#{number}({})", Abi::Native.name())
}

/// Replaces the configuration atomically.
fn rename(setup: &Setup, config: &str) {
    let new = setup.path("tailcalld.toml~");
    fs::write(&new, config).unwrap();
    fs::rename(new, setup.config()).unwrap();
}

/// Asserts that the next record is the reload of `generation` with these changes.
fn reloaded(records: &mut Records, generation: u64, [added, changed, removed]: [&[&str]; 3]) {
    let record = records.next("reloaded");
    assert_eq!(record["generation"], generation, "{record}");
    assert_eq!(record["added"], json!(added), "{record}");
    assert_eq!(record["changed"], json!(changed), "{record}");
    assert_eq!(record["removed"], json!(removed), "{record}");
}

/// Asserts that the route is live: each call of `number` is one event.
fn works(daemon: &mut Daemon, number: &str) {
    let name = trigger(&["times", "50", "native", number, "nth"]);
    let events: Vec<Value> = (0..50).map(|_| daemon.records.next("syscall")).collect();
    assert_eq!(counted(&events_of(&events, &name), "0"), (0..50).collect());
}

/// Stops the daemon and asserts that no other record was left.
fn ends(daemon: Daemon, generation: u64) {
    let records = daemon.stop();
    assert_eq!(records.len(), 1, "{records:?}");
    assert_eq!(records[0]["record"], "stopped");
    assert_eq!(records[0]["generation"], generation);
}

#[test]
fn edit_of_any_kind_is_one_reload() {
    let [a, b, c] = [(); 3].map(|()| unused_number());
    let Some(setup) = Setup::new(&routes(&[(&a, "args")])) else { return };
    let mut daemon = setup.start();

    daemon.signal(Signal::SIGHUP);
    reloaded(&mut daemon.records, 2, [&[], &[], &[]]);

    daemon.setup.write(&routes(&[(&a, "args"), (&b, "args")]));
    reloaded(&mut daemon.records, 3, [&[&format!("{}=args", slot(&b))], &[], &[]]);
    works(&mut daemon, &b);

    // As editors do it.
    rename(&daemon.setup, &routes(&[(&a, "args"), (&b, "count")]));
    reloaded(&mut daemon.records, 4, [&[], &[&format!("{} (args -> count)", slot(&b))], &[]]);

    // The folder of drop-ins comes into being with its first file.
    let folder = daemon.setup.path("tailcalld.d");
    fs::create_dir(&folder).unwrap();
    let drop_in = daemon.setup.path("50.toml~");
    fs::write(&drop_in, routes(&[(&c, "args")])).unwrap();
    fs::rename(drop_in, folder.join("50.toml")).unwrap();
    reloaded(&mut daemon.records, 5, [&[&format!("{}=args", slot(&c))], &[], &[]]);
    works(&mut daemon, &c);

    fs::remove_file(folder.join("50.toml")).unwrap();
    reloaded(&mut daemon.records, 6, [&[], &[], &[&slot(&c)]]);

    daemon.setup.write(&routes(&[(&a, "count")]));
    let changed = format!("{} (args -> count)", slot(&a));
    reloaded(&mut daemon.records, 7, [&[], &[&changed], &[&slot(&b)]]);
    ends(daemon, 7);
}

#[test]
fn reload_reports_name_once_for_both_abis() {
    let number = unused_number();
    let Some(setup) = Setup::new(&routes(&[(&number, "args")])) else { return };
    let mut daemon = setup.start();
    daemon.setup.write(&routes(&[(&number, "args"), ("mlockall", "args")]));
    reloaded(&mut daemon.records, 2, [&["mlockall=args"], &[], &[]]);
    ends(daemon, 2);
}

/// Updates as a ConfigMap mount does: FILE links to ..data/FILE, and a rename swaps the link ..data.
#[test]
fn swapped_symlink_is_one_reload() {
    let [a, b] = [(); 2].map(|()| unused_number());
    let Some(setup) = Setup::new("") else { return };
    for (folder, handler) in [("1", "args"), ("2", "count")] {
        fs::create_dir(setup.path(folder)).unwrap();
        let text = routes(&[(&a, "args"), (&b, handler)]);
        fs::write(setup.path(folder).join("tailcalld.toml"), text).unwrap();
    }
    fs::remove_file(setup.config()).unwrap();
    symlink("1", setup.path("..data")).unwrap();
    symlink("..data/tailcalld.toml", setup.config()).unwrap();
    let mut daemon = setup.start();
    for (generation, folder, change) in [(2, "2", "args -> count"), (3, "1", "count -> args")] {
        symlink(folder, daemon.setup.path("..data_tmp")).unwrap();
        fs::rename(daemon.setup.path("..data_tmp"), daemon.setup.path("..data")).unwrap();
        reloaded(
            &mut daemon.records,
            generation,
            [&[], &[&format!("{} ({change})", slot(&b))], &[]],
        );
    }
    works(&mut daemon, &b);
    ends(daemon, 3);
}

#[test]
fn reload_of_faulty_file_keeps_table_until_file_is_corrected() {
    let number = unused_number();
    let good = routes(&[(&number, "args")]);
    let Some(setup) = Setup::new(&good) else { return };
    let path = setup.config();
    let mut daemon = setup.start();
    let broken = format!("# a comment\n[routes]\n{number} = \"agrs\"\n");
    let fault =
        format!("unknown handler \"agrs\" for syscall \"{number}\" (did you mean \"args\"?)");
    let edits: [(&str, &dyn Fn(), String); 3] = [
        ("broken", &|| fs::write(&path, &broken).unwrap(), format!(":3:7: {fault}")),
        (
            "emptied",
            &|| fs::write(&path, "").unwrap(),
            ": is empty, expected at least one route: [routes] and execve = \"exec\"".to_owned(),
        ),
        (
            "removed",
            &|| fs::remove_file(&path).unwrap(),
            ": does not exist; create it, or name another file on the command line".to_owned(),
        ),
    ];
    for (what, edit, expected) in edits {
        edit();
        let refused = daemon.records.next("reload_refused");
        assert_eq!(refused["generation"], 1, "{what}");
        assert_eq!(refused["faults"], json!([format!("{}{expected}", path.display())]), "{what}");
        works(&mut daemon, &number);
    }
    fs::write(&path, &good).unwrap();
    reloaded(&mut daemon.records, 2, [&[], &[], &[]]);
    works(&mut daemon, &number);
    ends(daemon, 2);
}
