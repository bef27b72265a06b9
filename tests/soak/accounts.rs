//! Accounts of all calls: what the load made, what another BPF object counted, the daemon's counters over all of its
//! lives, and the entries in the journal. They are compared in quiet times, when nothing is on its way.

use std::time::Instant;

use crate::books::Books;
use crate::entries::Entries;
use crate::load::Made;
use crate::outside::Outside;
use crate::process::{DEADLINE, eventually, trigger};
use crate::routes::{Kind, Routes};
use crate::service::Service;

pub struct Accounts {
    numbers: Vec<u64>,
    outside: Outside,
    pub entries: Entries,
    made: Made,
    /// Events that were written and are not in the journal, in the last quiet time.
    missing: i64,
    /// Events that are in the journal more or less often than anything explains.
    pub unexplained: u64,
    /// Events that journald had accepted and not stored when it was killed, of all times and the most of one.
    pub in_flight: u64,
    pub most_in_flight: u64,
    /// Quiet times in which a call was not accounted for.
    pub unbalanced: u64,
}

impl Accounts {
    pub fn new(routes: &Routes) -> Self {
        let numbers: Vec<u64> = routes.numbers().collect();
        Self {
            outside: Outside::new(numbers.iter().copied()),
            numbers,
            entries: Entries::default(),
            made: Made::new(),
            missing: 0,
            unexplained: 0,
            in_flight: 0,
            most_in_flight: 0,
            unbalanced: 0,
        }
    }

    /// Adds calls of the load.
    pub fn add(&mut self, made: Made) {
        for (number, calls) in made {
            *self.made.entry(number).or_default() += calls;
        }
    }

    /// Waits until all events are written and the journal has them. Those that are there twice are known one by one: a
    /// marked copy must not stand for an event that is still on its way.
    pub fn settle(&mut self, service: &Service) {
        eventually("no event waits", || self.books(service).sum().waiting == 0);
        self.unbalanced += u64::from(!service.is_balanced());
        let begin = Instant::now();
        let missing = loop {
            self.entries.read(&service.journald);
            let missing = self.missing(service);
            if missing == self.missing || begin.elapsed() > DEADLINE {
                break missing;
            }
        };
        if missing != self.missing {
            self.unexplained += missing.abs_diff(self.missing);
            self.print_missing(service, missing - self.missing);
        }
        self.missing = missing;
    }

    /// Prints for each number how many events were written and are not in the journal, since the beginning.
    fn print_missing(&self, service: &Service, difference: i64) {
        println!(
            "{difference} events are missing that nothing explains, of all since the beginning:"
        );
        let books = self.books(service);
        for number in &self.numbers {
            let count = books.of(*number);
            println!("{number}: {} in the journal, {count:?}", self.entries.events_of(&[*number]));
        }
    }

    /// Waits until all events are written, and counts those that the journal does not have: only events that are
    /// recorded at once may be on their way.
    pub fn settle_after_kill_of_journald(&mut self, service: &Service, routes: &Routes) {
        let marker = routes.number(Kind::Marker);
        trigger(&["native", marker]);
        let number = marker.parse().unwrap();
        self.add([(number, 1)].into());
        let calls = self.made[&number];
        eventually("the journal has the last event", || {
            self.entries.read(&service.journald);
            self.entries.events_of(&[number]) == calls
        });
        self.unbalanced += u64::from(!service.is_balanced());
        let missing = self.missing(service);
        let in_flight = u64::try_from(missing - self.missing).expect("no event is there twice");
        self.in_flight += in_flight;
        self.most_in_flight = self.most_in_flight.max(in_flight);
        self.missing = missing;
    }

    fn missing(&self, service: &Service) -> i64 {
        let written = i64::try_from(self.books(service).sum().written).unwrap();
        written - i64::try_from(self.entries.events_of(&self.numbers)).unwrap()
    }

    /// Returns the daemon's counters, which go on over its lives.
    pub fn books(&self, service: &Service) -> Books {
        Books::read(&service.stats(), &self.numbers)
    }

    /// Returns the number of calls that the load made.
    pub fn made(&self) -> u64 {
        self.made.values().sum()
    }

    /// Returns the number of calls that the other object counted.
    pub fn counted_outside(&self) -> u64 {
        self.numbers.iter().map(|number| self.outside.calls(*number)).sum()
    }

    /// Returns the number of routes for which the load, the other object and the daemon have different counts.
    pub fn differing(&self, books: &Books) -> u64 {
        let differs = |number: &&u64| {
            let made = self.made.get(number).copied().unwrap_or_default();
            let count = books.of(**number);
            made != self.outside.calls(**number) || made != count.seen || !count.is_balanced()
        };
        self.numbers.iter().filter(differs).count() as u64
    }
}
