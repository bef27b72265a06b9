//! Plans that fill a table of the kernel's, and plans with one thing more.
#![allow(clippy::unwrap_used)] // helpers of tests are tests

use std::fs;

use tailcalld::plan;

#[path = "fixtures/handlers.rs"]
mod handlers;
use handlers::handlers;

/// Returns the faults of a file with this text.
fn faults(text: &str) -> Vec<String> {
    let directory = tempfile::tempdir().unwrap();
    let path = directory.path().join("c.toml");
    fs::write(&path, text).unwrap();
    let faults = plan::read(&path, &handlers()).err();
    faults
        .map(|faults| faults.iter().map(|fault| fault.message.clone()).collect())
        .unwrap_or_default()
}

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

/// Finds no fault with so many things, and this one with one more.
fn at_most(most: u32, told: u32, what: &str, made: impl Fn(u32) -> String) {
    assert_eq!(faults(&made(most)), [""; 0]);
    let many = format!("{} {what} are too many, all routes together may use {told}", told + 1);
    assert_eq!(faults(&made(most + 1)), [many]);
}

/// Two of them are excluded.
#[test]
fn units_and_slices() {
    at_most(60, 62, "units and slices", |count| {
        let units = |range| list(range, |n| format!("\"u{n}\""));
        let routes =
            spread(count, 9, |some| format!("{{ handler = \"args\", unit = [{}] }}", units(some)));
        format!("{routes}[exclude]\nunits = [\"a\", \"b\"]\n")
    });
}

#[test]
fn trees_of_processes() {
    at_most(64, 64, "trees of processes", |count| {
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
fn limits() {
    at_most(254, 255, "limits", |count| {
        spread(count, 1, |_| "{ handler = \"args\", limit = \"9/s\" }".to_owned())
    });
}

#[test]
fn filters() {
    at_most(256, 256, "different filters", |count| {
        spread(count, 1, |some| format!("{{ handler = \"count\", uid = {} }}", some.start))
    });
}

#[test]
fn rules() {
    at_most(512, 512, "rules in routes with a filter", |count| {
        let one = |n| format!("{{ handler = \"args\", uid = {n}, buffer_bytes = {n} }}");
        spread(count, 3, |some| format!("[{}]", list(some, one)))
    });
}

/// The numbers do not touch, so each is a condition of its own.
#[test]
fn conditions() {
    at_most(2048, 2048, "conditions", |count| {
        spread(count, 50, |some| {
            format!("{{ handler = \"count\", uid = [{}] }}", list(some, |n| (2 * n).to_string()))
        })
    });
}

#[test]
fn patterns() {
    at_most(256, 256, "patterns", |count| {
        spread(count, 10, |some| {
            format!("{{ handler = \"count\", comm = [{}] }}", list(some, |n| format!("\"c{n}\"")))
        })
    });
}

/// Tests that things shared by several routes count once.
#[test]
fn what_is_shared_is_counted_once() {
    let options = "handler = \"args\", uid = 0, unit = \"a\", pid_tree = 1, comm = \"c\"";
    assert_eq!(faults(&spread(500, 1, |_| format!("{{ {options} }}"))), [""; 0]);
}

#[test]
fn one_route_has_less_room() {
    let uids = |count| list(0..count, |n| (2 * n).to_string());
    let of = |count| {
        faults(&format!("[routes]\n257 = {{ handler = \"args\", uid = [{}] }}", uids(count)))
    };
    assert_eq!(of(64), [""; 0]);
    assert_eq!(of(65), ["65 conditions are too many for one route, at most 64"]);
}
