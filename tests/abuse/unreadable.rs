//! A call hides behind a rule that drops, by a text that the kernel cannot read: the path of an executable that is
//! too deep, or an argument that runs into a page that cannot be read.

use std::fs;
use std::process::Command;

use syscalls::{Abi, Slot};
use tailcalld::config::{Comparison, Condition, Filter, Part, Pattern};
use tailcalld::plan::{Plan, Rule};

use crate::rig::{Rig, copy_program, own_slot, routes, run_trigger, slot, trigger_path};

/// A plan whose first rule drops what the filter selects; the second one records the rest.
fn dropping(call: Slot, filter: Filter) -> Plan {
    let handlers = tailcalld::load::handlers().expect("the object opens");
    let mut plan = routes(&handlers, &[(call, "args")]);
    let drop = Rule { filter, ..Rule::nothing() };
    plan.routes.values_mut().for_each(|route| route.rules.insert(0, drop.clone()));
    plan
}

fn whole(text: &str) -> Pattern {
    Pattern { text: text.to_owned(), part: Part::Whole, is_excluded: false }
}

#[test]
fn call_of_executable_too_deep_to_name_is_not_dropped() {
    needs_root!();
    needs_unknown_syscalls!();
    let call = own_slot(484);
    let folder = tempfile::tempdir().expect("a temporary folder");
    let near = folder.path().join("backup");
    let deep = folder.path().join("x/".repeat(50));
    fs::create_dir_all(&deep).expect("folders");
    let far = deep.join("backup");
    for copy in [&near, &far] {
        copy_program(&trigger_path(), copy);
    }
    let exe = Some(vec![whole(&near.display().to_string())]);
    let rig = Rig::new(&dropping(call, Filter { exe, ..Filter::default() }));
    for program in [&near, &far] {
        let status = Command::new(program).args(["native", &call.nr().to_string()]).status();
        assert!(status.expect("the copy runs").success());
    }
    let counters = rig.counters(call);
    assert_eq!((counters.seen, counters.filtered, counters.submitted), (2, 1, 1));
}

#[test]
fn call_with_argument_that_cannot_be_read_is_not_dropped() {
    needs_root!();
    let call = slot(Abi::Native, "swapoff");
    let comparison = Comparison::Matches(whole("/nowhere/hidden"));
    let argument = Some(vec![Condition { argument: "specialfile".to_owned(), comparison }]);
    let rig = Rig::new(&dropping(call, Filter { argument, ..Filter::default() }));
    let nr = call.nr().to_string();
    for text in ["text:/nowhere/hidden", "text:/nowhere/other", "cliff:/nowhere/hidden"] {
        run_trigger(&["native", &nr, text]);
    }
    assert_eq!(rig.events().len(), 2);
    assert_eq!(rig.counters(call).filtered, 1);
}
