//! Plans that fill a table of the kernel, and plans with one entry more.
#![allow(clippy::unwrap_used)] // helpers of tests are tests

#[path = "common/config.rs"]
mod config;
#[path = "fixtures/handlers.rs"]
mod fixture;

use config::faults;

/// Builds a file with `count` things in routes, `each` of them per route; `route` makes the right side.
fn spread(count: u32, each: u32, route: impl Fn(std::ops::Range<u32>) -> String) -> String {
    let first = (0..count).step_by(each as usize);
    let routes = (0..).zip(first).map(|(nr, first): (u32, u32)| {
        format!("{nr} = {}\n", route(first..count.min(first + each)))
    });
    format!("[routes]\n{}", routes.collect::<String>())
}

fn list(range: std::ops::Range<u32>, one: impl Fn(u32) -> String) -> String {
    range.map(one).collect::<Vec<_>>().join(", ")
}

/// Checks that a configuration may have `most` things and that one more is a fault, which says `bound`.
fn at_most(most: u32, bound: u32, what: &str, made: impl Fn(u32) -> String) {
    assert_eq!(faults(&made(most)), [""; 0]);
    let many = format!("{} {what} are too many, all routes together may use {bound}", bound + 1);
    assert_eq!(faults(&made(most + 1)), [many]);
}

/// Two of them are excluded.
#[test]
fn read_too_many_units_and_slices_is_fault() {
    at_most(58, 60, "units and slices", |count| {
        let units = |range| list(range, |n| format!("\"u{n}\""));
        let routes =
            spread(count, 9, |some| format!("{{ handler = \"args\", unit = [{}] }}", units(some)));
        format!("{routes}[exclude]\nunits = [\"a\", \"b\"]\n")
    });
}

#[test]
fn read_too_many_process_trees_is_fault() {
    at_most(63, 63, "trees of processes", |count| {
        spread(count, 9, |some| {
            format!(
                "{{ handler = \"args\", pid_tree = [{}] }}",
                list(some, |n| (n + 1).to_string())
            )
        })
    });
}

/// One is that of each user.
#[test]
fn read_too_many_limits_is_fault() {
    at_most(254, 255, "limits", |count| {
        spread(count, 1, |_| "{ handler = \"args\", limit = \"9/s\" }".to_owned())
    });
}

#[test]
fn read_too_many_filters_is_fault() {
    at_most(256, 256, "different filters", |count| {
        spread(count, 1, |some| format!("{{ handler = \"count\", uid = {} }}", some.start))
    });
}

#[test]
fn read_too_many_rules_is_fault() {
    at_most(512, 512, "rules in routes with a filter", |count| {
        let one = |n| format!("{{ handler = \"args\", uid = {n}, buffer_bytes = {n} }}");
        spread(count, 3, |some| format!("[{}]", list(some, one)))
    });
}

/// The numbers do not touch, so each is a condition of its own.
#[test]
fn read_too_many_conditions_is_fault() {
    at_most(2048, 2048, "conditions", |count| {
        spread(count, 50, |some| {
            format!("{{ handler = \"count\", uid = [{}] }}", list(some, |n| (2 * n).to_string()))
        })
    });
}

#[test]
fn read_too_many_patterns_is_fault() {
    at_most(256, 256, "patterns", |count| {
        spread(count, 10, |some| {
            format!("{{ handler = \"count\", comm = [{}] }}", list(some, |n| format!("\"c{n}\"")))
        })
    });
}

/// Tests that things shared by several routes count once.
#[test]
fn read_shared_entries_are_counted_once() {
    let options = "handler = \"args\", uid = 0, unit = \"a\", pid_tree = 1, comm = \"c\"";
    assert_eq!(faults(&spread(500, 1, |_| format!("{{ {options} }}"))), [""; 0]);
}

#[test]
fn read_too_many_conditions_of_one_route_is_fault() {
    let uids = |count| list(0..count, |n| (2 * n).to_string());
    let of = |count| {
        faults(&format!("[routes]\n257 = {{ handler = \"args\", uid = [{}] }}", uids(count)))
    };
    assert_eq!(of(64), [""; 0]);
    assert_eq!(of(65), ["65 conditions are too many for one route, at most 64"]);
}
