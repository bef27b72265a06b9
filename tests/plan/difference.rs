//! Differences between tables.

use proptest::prelude::*;
use syscalls::Slot;
use tailcalld::config::Results;
use tailcalld::plan::{ChangeSummary, Difference, Plan, difference};

use super::config::plan_of;
use super::fixture::handlers as fixture_handlers;
use super::route;

#[cfg(target_arch = "x86_64")]
#[test]
fn summary_lists_added_changed_and_removed_syscalls() {
    let old = plan_of("[routes]\nexecve = \"exec\"\nkill = \"args\"\n511 = \"args\"");
    let new = plan_of(
        "[routes]\nexecve = { handler = \"exec\", priority = 7, argv_bytes = 0 }\n\
         62 = \"exec\"\nopenat = \"args\"\numount = \"args\"",
    );
    let summary = difference(&old, &new).summary(&fixture_handlers());
    assert_eq!(summary.added, ["openat=args", "umount=args"]);
    assert_eq!(
        summary.changed,
        ["execve (priority info -> debug, argv_bytes 4096 -> 0)", "kill(x86_64) (args -> exec)"]
    );
    assert_eq!(summary.removed, ["#511(x86_64)", "kill(i386)"]);
    assert_eq!(difference(&old, &old).summary(&fixture_handlers()), ChangeSummary::default());
}

#[cfg(target_arch = "x86_64")]
#[test]
fn summary_describes_changed_result() {
    let by = |result: &str| {
        plan_of(&format!("[routes]\nkill = {{ handler = \"args\", result = {result} }}"))
    };
    let changes = |from, to| difference(&by(from), &by(to)).summary(&fixture_handlers()).changed;
    assert_eq!(changes("false", "true"), ["kill (result false -> true)"]);
    assert_eq!(changes("true", "\"failed\""), ["kill (result true -> failed)"]);
    assert_eq!(changes("false", "false"), Vec::<String>::new());
}

fn any_plan() -> impl Strategy<Value = Plan> {
    // Few slots and few settings, so that two plans have some in common.
    let results = prop::sample::select(vec![Results::None, Results::All, Results::failed()]);
    let route = (1..3_u16, 6..8_u8, results).prop_map(|(handler, priority, results)| {
        let mut route = route(handler, priority, 0);
        route.rules[0].results = results;
        route
    });
    let slot = (0..40_u16).prop_map(|at| Slot::from_index(at * 25).unwrap());
    prop::collection::btree_map(slot, route, 0..30)
        .prop_map(|routes| Plan { routes, ..Plan::default() })
}

proptest! {
    #[test]
    fn apply_difference_turns_old_table_into_new(a in any_plan(), b in any_plan()) {
        let difference = difference(&a, &b);
        let mut routes = a.routes.clone();
        difference.apply(&mut routes);
        prop_assert_eq!(&routes, &b.routes);
        prop_assert_eq!(difference.is_empty(), a.routes == b.routes);
        let Difference { added, changed, removed } = difference;
        prop_assert!(changed.values().all(|change| change.from != change.to));
        prop_assert_eq!(a.routes.len() + added.len(), b.routes.len() + removed.len());
    }

    #[test]
    fn difference_of_equal_tables_is_empty(a in any_plan()) {
        prop_assert!(difference(&a, &a).is_empty());
    }
}
