//! Units whose processes are not recorded.

use tailcalld::config::Filter;
use tailcalld::plan::{Plan, Rule};

use crate::cgroup::Cgroup;
use crate::cgroup_tags::names;
use crate::counts::Counts;
use crate::filtered_call::{alone, apply, assert_counts, assert_recorded, unfiltered_plan};
use crate::rig::Rig;

const SINK: &str = "tailcalld-sink.service";
const OTHER: &str = "tailcalld-other.service";

fn plan_without_sink(handler: &str) -> Plan {
    let mut plan = unfiltered_plan(handler);
    plan.exclude_units = vec![SINK.to_owned()];
    plan
}

/// Puts a rule with a filter first, which rejects calls outside of containers.
fn add_filter(plan: &mut Plan) {
    plan.routes.values_mut().for_each(|route| route.rules.insert(0, Rule::nothing()));
    plan.routes.values_mut().for_each(|route| route.rules[0].filter.container = Some(true));
}

#[track_caller]
fn assert_excluded(rig: &Rig, make_calls: impl FnOnce()) {
    assert_counts(rig, make_calls, Counts { excluded_unit: 1, ..Counts::default() });
}

#[test]
fn exclude_units_counts_calls_of_existing_and_new_cgroups() {
    let Some(_alone) = alone() else { return };
    let existing = Cgroup::new(SINK);
    let rig = Rig::new(&plan_without_sink("args"));
    assert_excluded(&rig, || existing.make_call());
    for _ in 0..5 {
        let worker = Cgroup::new("tailcalld-sink.service/worker");
        assert_excluded(&rig, || worker.make_call());
    }
    drop(existing);
    assert_excluded(&rig, || Cgroup::new(SINK).make_call());
    assert_recorded(&rig, || Cgroup::new(OTHER).make_call());
}

#[test]
fn exclude_units_applies_to_route_that_gets_filter() {
    let Some(_alone) = alone() else { return };
    let mut plan = plan_without_sink("args");
    let mut rig = Rig::new(&plan);
    add_filter(&mut plan);
    apply(&mut rig, &plan);
    assert_excluded(&rig, || Cgroup::new(SINK).make_call());
    assert_recorded(&rig, || Cgroup::new(OTHER).make_call());
}

#[test]
fn exclude_units_without_unit_after_reload_records_again() {
    let Some(_alone) = alone() else { return };
    let mut plan = plan_without_sink("args");
    add_filter(&mut plan);
    let mut rig = Rig::new(&plan);
    plan.exclude_units.clear();
    let sink = Cgroup::new(SINK);
    apply(&mut rig, &plan);
    // The table before still named the unit; the next one frees its tag.
    apply(&mut rig, &plan);
    assert_recorded(&rig, || sink.make_call());
}

/// A call of an excluded unit is neither counted by its rule nor filtered.
#[test]
fn exclude_units_comes_before_filter() {
    let Some(_alone) = alone() else { return };
    let mut plan = plan_without_sink("count");
    let filter = Filter { slice: names(&["tailcalldtest.slice"]), ..Filter::default() };
    plan.routes.values_mut().for_each(|route| route.rules[0].filter = filter.clone());
    let rig = Rig::new(&plan);
    let _slice = Cgroup::new("tailcalldtest.slice");
    for (folder, times) in [("tailcalldtest.slice/", 3), ("", 5)] {
        let sink = Cgroup::new(&format!("{folder}{SINK}"));
        (0..times).for_each(|_| assert_excluded(&rig, || sink.make_call()));
    }
    let in_slice = Cgroup::new(&format!("tailcalldtest.slice/{OTHER}"));
    let counted = Counts { counted: 1, ..Counts::default() };
    assert_counts(&rig, || in_slice.make_call(), counted);
    let filtered = Counts { filtered: 1, ..Counts::default() };
    assert_counts(&rig, || Cgroup::new(OTHER).make_call(), filtered);
}
