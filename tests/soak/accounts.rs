//! Accounts of all calls: what the load made, what another BPF object counted, the daemon's counters over all of its
//! lives, and the entries in the journal. They are compared in quiet times, when nothing is on its way.

use crate::books::{Books, Count};
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
    /// Counters of the lives that have ended.
    ended: Books,
    made: Made,
    /// Calls that were made while no daemon ran.
    pub in_gaps: u64,
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
            ended: Books::default(),
            made: Made::new(),
            in_gaps: 0,
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

    /// Adds calls that no daemon could see.
    pub fn add_in_gap(&mut self, made: Made) {
        self.in_gaps += made.values().sum::<u64>();
        self.add(made);
    }

    /// Waits until all events are written and the journal has them.
    pub fn settle(&mut self, service: &Service) {
        eventually("no event waits", || self.live(service).sum().waiting == 0);
        self.unbalanced += u64::from(!service.is_balanced());
        eventually("the journal has all events", || {
            self.entries.read(&service.journald);
            self.missing(service) == self.in_flight
        });
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
        self.most_in_flight = self.most_in_flight.max(missing - self.in_flight);
        self.in_flight = missing;
    }

    /// Adds the counters of a life that is about to end.
    pub fn close(&mut self, service: &Service) {
        let live = self.live(service);
        self.ended.add(&live);
    }

    /// Returns the number of events that were written and are not in the journal.
    fn missing(&self, service: &Service) -> u64 {
        let mut books = self.ended.clone();
        books.add(&self.live(service));
        books.sum().written.checked_sub(self.entries.events_of(&self.numbers)).unwrap()
    }

    fn live(&self, service: &Service) -> Books {
        Books::read(&service.stats(), &self.numbers)
    }

    /// Returns the counters of all lives that have ended.
    pub fn total(&self) -> Count {
        self.ended.sum()
    }

    /// Returns the number of calls that the load made.
    pub fn made(&self) -> u64 {
        self.made.values().sum()
    }

    /// Returns the number of calls that the other object counted.
    pub fn counted_outside(&self) -> u64 {
        self.numbers.iter().map(|number| self.outside.calls(*number)).sum()
    }

    /// Returns the numbers of which the load, the other object and the daemon have different counts, apart from
    /// those that a gap concerns.
    pub fn differing(&self, in_gaps: u64) -> u64 {
        let differs = |number: &&u64| {
            let made = self.made.get(number).copied().unwrap_or_default();
            let gap = if **number == in_gaps { self.in_gaps } else { 0 };
            let seen = self.ended.of(**number);
            made != self.outside.calls(**number) || made != seen.seen + gap || !seen.is_balanced()
        };
        self.numbers.iter().filter(differs).count() as u64
    }
}
