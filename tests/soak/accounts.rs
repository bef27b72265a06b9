//! Accounts of all calls: what the load made, what another BPF object counted, the daemon's counters over all of its
//! lives, and the entries in the journal. They are compared in quiet times, when nothing is on its way.

use crate::books::Books;
use crate::entries::Entries;
use crate::load::Made;
use crate::outside::Outside;
use crate::process::{eventually, trigger};
use crate::routes::{Kind, Routes};
use crate::service::Service;

pub struct Accounts {
    numbers: Vec<u64>,
    outside: Outside,
    pub entries: Entries,
    made: Made,
    /// Events that were written and are not in the journal, less those that are there twice; in the last quiet time.
    missing: i64,
    /// Events with a mark by then.
    marked: u64,
    /// Events that are in the journal twice.
    pub duplicates: u64,
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
            marked: 0,
            duplicates: 0,
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

    /// Waits until all events are written and the journal has them, more than once only if they are marked.
    pub fn settle(&mut self, service: &Service) {
        eventually("no event waits", || self.books(service).sum().waiting == 0);
        self.unbalanced += u64::from(!service.is_balanced());
        let mut missing = self.missing;
        eventually("the journal has all events", || {
            self.entries.read(&service.journald);
            missing = self.missing(service);
            let marks = i64::try_from(self.entries.marked - self.marked).unwrap();
            (self.missing - marks..=self.missing).contains(&missing)
        });
        self.duplicates += missing.abs_diff(self.missing);
        (self.missing, self.marked) = (missing, self.entries.marked);
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
