//! Load: a thread for each kind of calls, which runs one trigger after the other.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering::SeqCst};
use std::thread::{self, JoinHandle};
use std::time::Duration;

use crate::process::Trigger;
use crate::routes::{Kind, Routes, USER};

/// One kind of calls.
struct Part {
    kind: Kind,
    /// Words of the trigger, and the number of calls that it makes.
    words: [&'static str; 2],
    calls: u64,
    /// Users that run it, in turns.
    users: &'static [u32],
    pause: Duration,
}

const fn part(kind: Kind, words: [&'static str; 2], calls: u64, pause_ms: u64) -> Part {
    Part { kind, words, calls, users: &[0], pause: Duration::from_millis(pause_ms) }
}

/// Parts that run at once: 1,000 calls a second that are recorded, and bursts of the others.
const PARTS: [Part; 7] = [
    part(Kind::Recorded, ["paced", "1000"], 1000, 0),
    part(Kind::Aggregated, ["threads", "500"], 2000, 300),
    part(Kind::Limited, ["times", "500"], 500, 200),
    part(Kind::Sampled, ["times", "1000"], 1000, 200),
    part(Kind::Results, ["times", "200"], 200, 200),
    part(Kind::Counted, ["threads", "2500"], 10_000, 500),
    Part { users: &[0, USER], ..part(Kind::Filtered, ["times", "100"], 100, 200) },
];

/// Number of calls by number.
pub type Made = BTreeMap<u64, u64>;

/// Running load.
pub struct Load {
    is_over: Arc<AtomicBool>,
    threads: Vec<(u64, JoinHandle<u64>)>,
}

impl Load {
    /// Starts the load of these kinds.
    pub fn start(routes: &Routes, is_in: impl Fn(Kind) -> bool) -> Self {
        let is_over = Arc::new(AtomicBool::new(false));
        let start = |part: &'static Part| {
            let number = routes.number(part.kind).to_owned();
            let (key, is_over) = (number.parse().unwrap(), Arc::clone(&is_over));
            (key, thread::spawn(move || call(part, &number, &is_over)))
        };
        let threads = PARTS.iter().filter(|part| is_in(part.kind)).map(start).collect();
        Self { is_over, threads }
    }

    /// Ends the load and returns what it called.
    pub fn end(self) -> Made {
        self.is_over.store(true, SeqCst);
        self.threads.into_iter().map(|(number, thread)| (number, thread.join().unwrap())).collect()
    }
}

/// Makes calls until it is over; returns their number.
fn call(part: &Part, number: &str, is_over: &AtomicBool) -> u64 {
    let [kind, times] = part.words;
    let mut calls = 0;
    for user in part.users.iter().cycle() {
        Trigger::start_as(*user, &[kind, times, "native", number, "nth"]).end();
        calls += part.calls;
        if is_over.load(SeqCst) {
            break;
        }
        thread::sleep(part.pause);
    }
    calls
}

/// Makes calls of one number at once, in four threads.
pub fn burst(number: &str, each: u64) -> Made {
    Trigger::start(&["threads", &each.to_string(), "native", number, "nth"]).end();
    [(number.parse().unwrap(), 4 * each)].into()
}
