//! Note of `check` on a table whose entries displace all others in the journal, by the rates of the daemon that runs: of
//! the routes that it has as the checked configuration has them, since it started.

use std::collections::BTreeMap;
use std::time::Duration;

use jiff::Timestamp;
use serde_json::Map;
use syscalls::Slot;

use super::ClientOptions;
use super::live::ask_within;
use crate::handlers::Handlers;
use crate::journald::JournalRoom;
use crate::plan::{Plan, Route, Rule};
use crate::rpc::{self, Routes, Stats};

/// Time that the daemon has to reply.
const PATIENCE: Duration = Duration::from_secs(1);

/// Shortest time from which a rate is concluded.
const LEAST: Duration = Duration::from_secs(60);

/// Bytes that an entry takes in the journal, about: docs/volume.md has those of the shipped routes.
const ENTRY_BYTES: f64 = 1024.0;

const DAY: f64 = 86_400.0;

/// Days below which the note is due.
const SOON_DAYS: f64 = 30.0;

/// Returns the note; `None` if the entries leave room for others, and without a daemon or a journal.
pub(super) fn displacement(plan: &Plan, handlers: &Handlers) -> Option<String> {
    let client = ClientOptions { json: false, socket: None };
    let stats: Stats = ask_within(&client, "Stats", Map::new(), PATIENCE).ok()?;
    let live: Routes = ask_within(&client, "Routes", Map::new(), PATIENCE).ok()?;
    let kept = kept(plan, handlers, &live.routes);
    note(&kept, time_of(&stats)?, JournalRoom::of_system()?.bytes)
}

/// Returns the events that were written, of each route that stays as it is.
fn kept(plan: &Plan, handlers: &Handlers, live: &[rpc::Route]) -> BTreeMap<String, u64> {
    let of_plan: BTreeMap<(String, &str), Vec<rpc::Rule>> =
        plan.routes.iter().map(|(slot, route)| (key(*slot), rules(route, handlers))).collect();
    let stays = |route: &&rpc::Route| {
        of_plan.get(&(route.syscall.clone(), &*route.abi)) == Some(&route.rules)
    };
    let mut kept = BTreeMap::new();
    for route in live.iter().filter(stays) {
        *kept.entry(route.syscall.clone()).or_default() += route.written;
    }
    kept
}

fn key(slot: Slot) -> (String, &'static str) {
    (slot.to_string(), slot.abi().name())
}

fn rules(route: &Route, handlers: &Handlers) -> Vec<rpc::Rule> {
    let wire = |rule: &Rule| rpc::Rule {
        handler: rule.handler_name(handlers),
        options: rule.effective_options(),
    };
    route.rules.iter().map(wire).collect()
}

/// Returns how long the daemon has counted.
fn time_of(stats: &Stats) -> Option<Duration> {
    let time = |text: &str| text.parse::<Timestamp>().ok();
    let span = time(&stats.time)?.duration_since(time(&stats.since)?);
    Duration::try_from(span).ok()
}

fn note(kept: &BTreeMap<String, u64>, time: Duration, room: u64) -> Option<String> {
    let written: u64 = kept.values().sum();
    let (most, count) = kept.iter().max_by_key(|(_, count)| **count)?;
    let per_second = written as f64 / time.as_secs_f64();
    let days = room as f64 / (per_second * ENTRY_BYTES * DAY);
    (time >= LEAST && days < SOON_DAYS).then(|| {
        format!(
            "the daemon wrote {per_second:.1} entries/s in the last {} for routes that this configuration has, too, {} % \
             of them for {most}; at 1 KiB each they displace all others in the journal in {}: run `tailcalld cost` to \
             measure, thin them with a filter, `sample`, `limit` or `aggregate`",
            span_in_words(time),
            100 * count / written.max(1),
            span_in_words(Duration::from_secs_f64(days * DAY)),
        )
    })
}

/// Returns a time in its largest unit.
pub fn span_in_words(time: Duration) -> String {
    match time.as_secs() {
        seconds @ ..120 => format!("{seconds} s"),
        seconds @ ..7_200 => format!("{} min", seconds / 60),
        seconds @ ..172_800 => format!("{} h", seconds / 3_600),
        seconds => format!("{} days", seconds / 86_400),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::output::samples;
    use crate::plan;
    use syscalls::Abi;

    #[test]
    fn kept_has_routes_that_stay_as_they_are() {
        let handlers = Handlers::new(vec![samples::plain_handler()]);
        let slot = |nr| Slot::new(Abi::Native, nr).unwrap();
        let route =
            |slot| Route { rules: vec![plan::plain_rule(slot, 1, &handlers).expect("a rule")] };
        let routes = [0, 1].map(|nr| (slot(nr), route(slot(nr)))).into_iter().collect();
        let plan = Plan { routes, ..Plan::default() };
        let live = |nr, change: fn(&mut rpc::Rule)| {
            let (syscall, abi) = key(slot(nr));
            let mut rules = rules(&route(slot(nr)), &handlers);
            change(&mut rules[0]);
            rpc::Route { syscall, abi: abi.to_owned(), rules, written: 7, ..rpc::Route::default() }
        };
        let other = |rule: &mut rpc::Rule| drop(rule.options.insert("uid".into(), "0".into()));
        let live = [live(0, |_| ()), live(1, other), live(2, |_| ())];
        assert_eq!(kept(&plan, &handlers, &live), [(key(slot(0)).0, 7)].into());
    }

    #[test]
    fn note_is_due_if_journal_lasts_less_than_a_month() {
        let kept = |count| BTreeMap::from([("read".to_owned(), count), ("openat".to_owned(), 25)]);
        let hour = Duration::from_secs(3_600);
        // 1,000 entries a second are 82.4 GiB a day.
        let text = note(&kept(3_599_975), hour, 4 << 30).expect("a note");
        assert!(text.contains("wrote 1000.0 entries/s in the last 60 min"), "{text}");
        assert!(
            text.contains(" 99 % of them for read; ") && text.contains(" in 69 min: "),
            "{text}"
        );
        assert_eq!(note(&kept(100), hour, 4 << 30), None);
        assert_eq!(note(&kept(3_599_975), Duration::from_secs(59), 4 << 30), None);
        assert_eq!(note(&BTreeMap::new(), hour, 4 << 30), None);
    }
}
