//! Programs of the routes, as `routes` prints them and as the kernel has them.

use std::collections::{BTreeMap, BTreeSet};

use libbpf_rs::query::{ProgInfoIter, ProgramInfo};
use serde_json::Value;

use super::{ask, ask_json};
use crate::number::{Number, unused_number};
use crate::rig::{Daemon, Setup};

/// Starts a daemon with a route for a handler alone, and one with a filter and names.
fn started() -> Option<(Daemon, [Number; 2])> {
    let [plain, filtered] = [(); 2].map(|()| unused_number());
    let config = format!(
        "[routes]\n{plain} = \"count\"\n\
         {filtered} = {{ handler = \"args\", uid = 0, names = true, result = true }}\n"
    );
    Some((Setup::new(&config)?.start(), [plain, filtered]))
}

fn programs(route: &str, live: &Value) -> BTreeSet<String> {
    let routes = live["routes"].as_array().unwrap();
    let route = routes.iter().find(|one| one["nr"].as_u64() == route.parse().ok()).unwrap();
    let names = route["programs"].as_array().unwrap().iter();
    names.map(|name| name.as_str().unwrap().to_owned()).collect()
}

fn set(names: &[&str]) -> BTreeSet<String> {
    names.iter().map(|&name| name.to_owned()).collect()
}

/// Returns the programs in the kernel by id.
fn in_kernel() -> BTreeMap<u64, ProgramInfo> {
    ProgInfoIter::default().map(|program| (program.id.into(), program)).collect()
}

#[test]
fn routes_lists_programs_that_each_route_needs() {
    let Some((daemon, [plain, filtered])) = started() else { return };
    let live = ask_json(&daemon.setup, &["routes", "--json"]);
    assert_eq!(programs(&plain, &live), set(&["handle_count", "sys_enter"]));
    let needed = [
        "filter",
        "filter_match",
        "filter_resume",
        "handle_args",
        "names",
        "sys_enter",
        "sys_exit",
        "task_exit",
    ];
    assert_eq!(programs(&filtered, &live), set(&needed));
    let listed = live["programs"].as_array().unwrap().iter();
    let listed: Vec<_> = listed.map(|program| program["name"].as_str().unwrap()).collect();
    let all = programs(&plain, &live).into_iter().chain(programs(&filtered, &live));
    assert_eq!(listed, Vec::from_iter(all.collect::<BTreeSet<_>>()));
    assert_eq!(daemon.stop().len(), 1);
}

#[test]
fn routes_lists_programs_as_kernel_has_them() {
    let Some((daemon, _)) = started() else { return };
    let live = ask_json(&daemon.setup, &["routes", "--json"]);
    let in_kernel = in_kernel();
    for program in live["programs"].as_array().unwrap() {
        let name = program["name"].as_str().unwrap();
        let found = &in_kernel[&program["id"].as_u64().unwrap()];
        assert_eq!(found.name.to_str().unwrap(), &name[..name.len().min(15)]);
        assert_eq!(program["kernel_name"].as_str(), found.name.to_str());
        let verified = Some(found.verified_insns).filter(|&count| count > 0);
        assert_eq!(program["verified_insns"].as_u64(), verified.map(u64::from), "{name}");
    }
    assert_eq!(daemon.stop().len(), 1);
}

/// Kernels before 5.16 report none, and `-` is printed.
#[test]
fn routes_prints_sum_of_verified_instructions() {
    let Some((daemon, [plain, _])) = started() else { return };
    let live = ask_json(&daemon.setup, &["routes", "--json"]);
    let verified = |name: &str| {
        let listed = live["programs"].as_array().unwrap().iter();
        let program = listed.clone().find(|program| program["name"] == name).unwrap();
        program["verified_insns"].as_u64()
    };
    let text = |count: Option<u64>| count.map_or("-".to_owned(), |count| count.to_string());
    let (_, out, _) = ask(&daemon.setup, &["routes"]);
    let words = |begin: &str| {
        let line =
            out.lines().find(|line| line.starts_with(begin)).unwrap_or_else(|| panic!("{out}"));
        line.split_whitespace().map(str::to_owned).collect::<Vec<_>>()
    };
    let sum = verified("sys_enter").zip(verified("handle_count")).map(|(a, b)| a + b);
    // `count` has neither a priority nor results.
    assert_eq!(words(&format!("#{plain} "))[9], text(sum), "{out}");
    let line = words("sys_enter ");
    assert_eq!(
        (&line[1], &line[3], &line[4]),
        (&"sys_enter".to_owned(), &text(verified("sys_enter")), &"2".to_owned())
    );
    assert_eq!(daemon.stop().len(), 1);
}
