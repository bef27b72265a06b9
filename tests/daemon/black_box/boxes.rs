//! Boxes of several units, and what becomes of them when a unit is gone or none is free.

use std::thread;
use std::time::Duration;

use serde_json::{Value, json};

use super::cgroup::UnitCgroup;
use super::{ask, boxes, config, dump, make_calls, numbers, refusal};
use crate::number::unused_number;
use crate::process::eventually;
use crate::records::{Total, declared_lost, of_kind};
use crate::rig::Setup;

#[test]
fn unit_that_was_killed_is_dumped_by_its_name_after_its_cgroup_is_gone() {
    let number = unused_number();
    let Some(setup) = Setup::new(&config(&number, "", 10, 4)) else { return };
    let Some(unit) = UnitCgroup::make("tailcalldtest-box.service") else { return };
    let Some(other) = UnitCgroup::make("tailcalldtest-other.service") else { return };
    let mut daemon = setup.start();
    unit.make_calls(&number, 25);
    other.make_calls(&number, 2);
    drop(unit);
    let is_removed =
        |one: &Value| one["unit"] == "tailcalldtest-box.service" && one["removed"] == true;
    eventually("the cgroup is gone", || boxes(&daemon.setup).iter().any(is_removed));
    let (calls, summary) = dump(&mut daemon, "tailcalldtest-box.service");
    assert_eq!(numbers(&calls), Vec::from_iter(15..25));
    assert!(calls.iter().all(|call| call["unit"] == "tailcalldtest-box.service"));
    assert_eq!(summary["unit"], "tailcalldtest-box.service");
    let held: Vec<_> = boxes(&daemon.setup).iter().map(|one| one["held"].clone()).collect();
    assert_eq!(held, [json!(0), json!(2)]);
}

/// A unit that is started again has a new cgroup: the dump has the last calls of all of them.
#[test]
fn dump_of_unit_with_two_cgroups_has_the_last_calls_of_both() {
    let number = unused_number();
    let Some(setup) = Setup::new(&config(&number, "", 10, 4)) else { return };
    let name = "tailcalldtest-twice.service";
    let Some(first) = UnitCgroup::make(name) else { return };
    let mut daemon = setup.start();
    first.make_calls(&number, 25);
    drop(first);
    let second = UnitCgroup::make(name).unwrap();
    second.make_calls(&number, 4);
    let (calls, summary) = dump(&mut daemon, name);
    assert_eq!(numbers(&calls), [Vec::from_iter(19..25), Vec::from_iter(0..4)].concat());
    assert_eq!(summary["overwritten"], 19);
}

#[test]
fn call_without_a_free_box_is_lost_and_reported() {
    let number = unused_number();
    let Some(setup) = Setup::new(&config(&number, "", 10, 1)) else { return };
    let Some(unit) = UnitCgroup::make("tailcalldtest-full.service") else { return };
    let daemon = setup.start();
    unit.make_calls(&number, 3);
    make_calls(&number, 7);
    assert_eq!(boxes(&daemon.setup).len(), 1);
    let records = daemon.stop();
    let total = Total::of(of_kind(&records, "stopped")[0], &format!("#{}", &*number));
    assert_eq!(total, Total { seen: 10, blackbox: 3, lost: 7, ..Total::default() });
    assert_eq!(declared_lost(&records), 7);
    let lost = of_kind(&records, "lost");
    assert_eq!(lost[0]["losses"][0]["reason"], "blackbox");
}

/// The box of a unit that is gone stays for ten seconds; then another unit may have it.
#[test]
fn box_of_removed_unit_goes_to_another_one_that_needs_it() {
    let number = unused_number();
    let Some(setup) = Setup::new(&config(&number, "", 10, 1)) else { return };
    let Some(unit) = UnitCgroup::make("tailcalldtest-gone.service") else { return };
    let mut daemon = setup.start();
    unit.make_calls(&number, 12);
    drop(unit);
    for _ in 0..40 {
        if boxes(&daemon.setup).is_empty() {
            break;
        }
        thread::sleep(Duration::from_millis(500));
    }
    assert_eq!(boxes(&daemon.setup), Vec::<Value>::new());
    let next = UnitCgroup::make("tailcalldtest-next.service").unwrap();
    next.make_calls(&number, 4);
    let (calls, summary) = dump(&mut daemon, "tailcalldtest-next.service");
    assert_eq!((numbers(&calls), &summary["overwritten"]), (vec![0, 1, 2, 3], &json!(0)));
}

#[test]
fn dump_of_unknown_unit_names_the_near_one() {
    let number = unused_number();
    let Some(setup) = Setup::new(&config(&number, "", 10, 2)) else { return };
    let Some(unit) = UnitCgroup::make("tailcalldtest-web.service") else { return };
    let daemon = setup.start();
    unit.make_calls(&number, 1);
    let said = refusal(&daemon.setup, &["dump", "tailcalldtest-wev.service"]);
    assert!(said.contains("did you mean tailcalldtest-web.service?"), "{said}");
    let said = refusal(&daemon.setup, &["dump", "x"]);
    assert!(said.contains("x has no black box") && said.contains("lists those"), "{said}");
}

#[test]
fn daemon_without_black_boxes_refuses_dump_and_reload() {
    let number = unused_number();
    let Some(setup) = Setup::new(&format!("[routes]\n{} = \"count\"\n", &*number)) else { return };
    let daemon = setup.start();
    for words in [&["dump"][..], &["dump", "x.service"]] {
        let said = refusal(&daemon.setup, words);
        assert!(said.contains("there are no black boxes"), "{said}");
    }
    daemon.setup.write(&config(&number, "", 10, 2));
    let said = super::client(&daemon.setup, &["reload"]);
    let text = String::from_utf8(said.stdout).unwrap() + &String::from_utf8(said.stderr).unwrap();
    assert!(!said.status.success() && text.contains("restart it"), "{text}");
    assert_eq!(ask(&daemon.setup, &["status"])["generation"], 1);
}
