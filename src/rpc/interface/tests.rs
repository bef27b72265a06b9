use std::collections::BTreeSet;

use serde_json::Value;
use varlink_parser::{IDL, VStruct, VStructOrEnum};

use super::*;
use crate::rpc::{Activity, OwnerActivity, OwnerCounts, Owners, RouteActivity, SERVICE};

fn keys(value: &impl Serialize) -> BTreeSet<String> {
    let value = serde_json::to_value(value).expect("JSON");
    value.as_object().expect("an object").keys().cloned().collect()
}

fn names(described: &VStruct<'_>) -> BTreeSet<String> {
    described.elts.iter().map(|element| element.name.to_owned()).collect()
}

#[test]
fn varlink_methods_take_described_parameters() {
    let idl = IDL::try_from(SERVICE.description).expect("an interface");
    for (method, described) in &idl.methods {
        let taken: &[&str] = match *method {
            "Stats" => &[PER_CPU, CONSISTENT],
            "Measure" | "Activity" => &[MILLISECONDS],
            "DryRun" => &[CONFIG],
            "Try" => &[CONFIG, SECONDS],
            "AddRoute" => &[ENTRY, SECONDS],
            "RemoveRoute" => &[NUMBER],
            "Dump" => &[UNIT, REASON],
            _ => &[],
        };
        let taken = taken.iter().map(|name| (*name).to_owned()).collect();
        assert_eq!(names(&described.input), taken, "parameters of {method}");
    }
}

#[test]
fn varlink_description_and_types_have_the_same_members() {
    let idl = IDL::try_from(SERVICE.description).expect("an interface");
    assert_eq!(idl.name, crate::rpc::INTERFACE);
    let cpus = Some(vec![]);
    for (method, members) in [
        ("Stats", keys(&Stats::default())),
        ("Status", keys(&Status::default())),
        ("Routes", keys(&Routes::default())),
        ("Activity", keys(&Activity::default())),
        ("Reload", keys(&Reloaded::default())),
        ("DryRun", keys(&Reloaded::default())),
        ("Try", keys(&Tried::default())),
        ("AddRoute", keys(&AddedRoute::default())),
        ("RemoveRoute", keys(&Reloaded::default())),
        ("TemporaryRoutes", keys(&TemporaryRoutes::default())),
        ("Dump", keys(&Dump::default())),
        ("BlackBoxes", keys(&BlackBoxes::default())),
    ] {
        assert_eq!(names(&idl.methods[method].output), members, "{method}");
    }
    assert_eq!(names(&idl.methods["Measure"].output), BTreeSet::new());
    assert_eq!(idl.methods.len(), 13);
    let types = [
        ("RouteStats", keys(&RouteStats { cpus, ..RouteStats::default() })),
        ("Cpu", keys(&Cpu::default())),
        ("Unroutable", keys(&Unroutable::default())),
        ("Fault", keys(&Fault::default())),
        ("Trial", keys(&Trial::default())),
        ("RefusedReload", keys(&RefusedReload::default())),
        ("Output", keys(&OutputStatus::default())),
        ("SelfTests", keys(&SelfTests::default())),
        ("Route", keys(&Route::default())),
        ("Rule", keys(&Rule::default())),
        ("RunTime", keys(&RunTime::default())),
        ("Program", keys(&ProgramStatus::default())),
        ("Gap", keys(&GapStatus::default())),
        ("TemporaryRoute", keys(&TemporaryRoute::default())),
        ("BlackBox", keys(&BlackBox::default())),
        ("RouteActivity", keys(&RouteActivity::default())),
        ("Owners", keys(&Owners::default())),
        ("OwnerActivity", keys(&OwnerActivity::default())),
        ("OwnerCounts", keys(&OwnerCounts::default())),
    ];
    assert_eq!(idl.typedefs.len(), types.len());
    for (name, members) in types {
        let VStructOrEnum::VStruct(described) = &idl.typedefs[name].elt else { panic!("{name}") };
        assert_eq!(names(described), members, "{name}");
    }
    assert_eq!(names(&idl.errors["ReloadRefused"].parm), keys(&ReloadRefused::default()));
}

#[test]
fn varlink_description_explains_every_method_type_and_error() {
    let idl = IDL::try_from(SERVICE.description).expect("an interface");
    assert!(!idl.doc.is_empty());
    assert!(idl.methods.values().all(|method| !method.doc.is_empty()));
    assert!(idl.errors.values().all(|error| !error.doc.is_empty()));
}

fn route(seen: u64, counted: u64, submitted: u64, written: u64) -> RouteStats {
    let map = |name: &str, count| BTreeMap::from([(name.to_owned(), count)]);
    let mut outcomes = map("counted", counted);
    outcomes.insert("submitted".into(), seen.min(submitted));
    RouteStats {
        seen,
        outcomes,
        submitted,
        events: map("written", written),
        ..RouteStats::default()
    }
}

fn found(stats: &Stats) -> Vec<(Option<usize>, &'static str, i128)> {
    let differences = stats.differences();
    differences.iter().map(|found| (found.cpu, found.what, found.count())).collect()
}

#[test]
fn differences_lists_each_equation_that_fails() {
    let stats = |route| Stats { routes: vec![RouteStats::default(), route], ..Stats::default() };
    assert_eq!(found(&stats(route(9, 6, 3, 3))), []);
    assert_eq!(found(&stats(route(9, 5, 3, 3))), [(None, "seen", 1)]);
    assert_eq!(found(&stats(route(9, 7, 3, 3))), [(None, "seen", -1)]);
    assert_eq!(found(&stats(route(9, 6, 3, 1))), [(None, "submitted", 2)]);
    assert_eq!(found(&stats(route(9, 6, 3, 4))), [(None, "submitted", -1)]);
}

/// A difference on one CPU is not cancelled out by the opposite one on another.
#[test]
fn differences_checks_each_cpu() {
    let cpu = |cpu, seen, counted| Cpu {
        cpu,
        seen,
        outcomes: BTreeMap::from([("counted".to_owned(), counted)]),
    };
    let cpus = Some(vec![cpu(0, 4, 5), cpu(1, 5, 4), cpu(2, 1, 1)]);
    let stats =
        Stats { routes: vec![RouteStats { cpus, ..route(10, 10, 0, 0) }], ..Stats::default() };
    assert_eq!(found(&stats), [(Some(0), "seen", -1), (Some(1), "seen", 1)]);
}

#[test]
fn differences_allows_one_event_per_undecodable_record() {
    let stats =
        |undecodable| Stats { routes: vec![route(9, 6, 3, 2)], undecodable, ..Stats::default() };
    assert_eq!(found(&stats(1)), []);
    assert_eq!(found(&stats(0)), [(None, "submitted", 1)]);
    assert_eq!(found(&stats(2)), [(None, "submitted", 1)]);
}

#[test]
fn types_survive_serialization() {
    let stats = Stats { routes: vec![route(9, 6, 3, 3)], ..Stats::default() };
    let value: Value = serde_json::to_value(&stats).expect("JSON");
    assert_eq!(serde_json::from_value::<Stats>(value).expect("the same"), stats);
}
