//! A user makes more cgroups than the map of their tags has room for, so that cgroups that are created afterwards are
//! not in it: filters by unit go on working through the ancestors, and the daemon starts.
//!
//! A target of its own: the records of so many cgroups fill the rings of all tests that run beside it.

#[macro_use]
#[path = "../common/root.rs"]
mod root;
#[macro_use]
#[path = "../kernel/rig.rs"]
#[allow(dead_code, unused_imports, unused_macros)] // the tests of the kernel use all of it
mod rig;

mod cgroups;

use std::fs;
use std::os::unix::fs::MetadataExt as _;
use std::path::PathBuf;

use tailcalld::bpf::types::tag_size;
use tailcalld::config::{Filter, UnitName};
use tailcalld::plan::{Plan, Rule};
use tailcalld::units::Units;

use crate::cgroups::{Cgroups, call_in, mount};
use crate::rig::{Rig, filtered, own_slot, privileged, routes, trigger_path};

fn unit(name: &str, is_excluded: bool) -> Filter {
    let name = UnitName { text: name.to_owned(), is_excluded };
    Filter { unit: Some(vec![name]), ..Filter::default() }
}

#[test]
fn unit_filter_and_start_survive_more_cgroups_than_map_has_room_for() {
    if !privileged() || filtered() || !Units::new().is_there() {
        return;
    }
    let call = own_slot(483);
    let handlers = tailcalld::load::handlers().expect("the object opens");
    let with = |rules: Vec<Rule>| -> Plan {
        let mut plan = routes(&handlers, &[(call, "args")]);
        let records = plan.routes[&call].rules[0].clone();
        let rules = rules.into_iter().map(|rule| match rule.handler {
            0 => rule,
            _ => Rule { filter: rule.filter, ..records.clone() },
        });
        let rules = rules.collect();
        plan.routes.get_mut(&call).expect("the route").rules = rules;
        plan
    };
    let recording = |filter: Filter| Rule { filter, handler: 1, ..Rule::nothing() };
    let dropping = |filter: Filter| Rule { filter, ..Rule::nothing() };
    let wanted = with(vec![recording(unit("tailcalldtest-web.service", false))]);
    let rig = Rig::with_ring(&wanted, 64 << 20); // also for a record of each cgroup

    let mut cgroups = Cgroups::new();
    let slice = cgroups.make(mount().join("tailcalldtest.slice"));
    let manager = cgroups.make(slice.join("user@1000.service"));
    for number in 0..=tag_size::CGROUPS_MAX.0 {
        cgroups.make(manager.join(format!("c{number}")));
    }
    let web = cgroups.make(slice.join("tailcalldtest-web.service"));
    let worker = cgroups.make(web.join("worker"));
    let other = cgroups.make(manager.join("c0/other"));
    assert!(rig.bpf.cgroup_tags_lost() > 0, "the map has room for all");
    for (cgroup, recorded) in [(&web, 1), (&worker, 2), (&other, 2)] {
        call_in(cgroup, &trigger_path(), call.nr());
        assert_eq!(rig.counters(call).submitted, recorded, "{}", cgroup.display());
    }
    // The next look at the map makes room for units, and for what lies flat.
    let id = |cgroup: &PathBuf| fs::metadata(cgroup).expect("a cgroup").ino();
    assert_eq!(rig.bpf.cgroup_tags(id(&web)), None);
    rig.bpf.retag_cgroups().expect("the kernel has room for units");
    assert!(rig.bpf.cgroup_tags(id(&web)).is_some(), "web");
    assert!(rig.bpf.cgroup_tags(id(&worker)).is_some(), "worker");
    drop(rig);

    // A rule that drops does not take a cgroup whose unit is unknown.
    let others =
        with(vec![dropping(unit("tailcalldtest-web.service", true)), recording(Filter::default())]);
    let rig = Rig::with_ring(&others, 64 << 20);
    for (cgroup, recorded) in [(&web, 1), (&worker, 2), (&other, 2)] {
        call_in(cgroup, &trigger_path(), call.nr());
        assert_eq!(rig.counters(call).submitted, recorded, "{}", cgroup.display());
    }
}
