//! Course of the soak: rounds of load and faults, and lives that are killed.

use std::thread::sleep;
use std::time::{Duration, Instant};

use nix::sys::signal::Signal;

use crate::accounts::Accounts;
use crate::cgroups::Churn;
use crate::figures::Figures;
use crate::load::{Load, burst};
use crate::routes::{Kind, Routes};
use crate::service::Service;
use crate::watch::{Descriptors, Usage};

/// Most that resident memory may grow after the warm-up.
const GROWTH_KIB: u64 = 1024;

/// Calls of each of four threads while the ring has no room for all.
const BURST: u64 = 5_000;

/// Lives between two quiet times.
const LIVES: u64 = 4;

pub struct Run {
    pub service: Service,
    pub routes: Routes,
    pub accounts: Accounts,
    pub begin: Instant,
    pub usage: Option<Usage>,
    pub descriptors: Descriptors,
    pub cgroups: u64,
    pub reloads: u64,
    pub kills: u64,
    pub kills_of_journald: u64,
    pub figures: Figures,
}

impl Run {
    /// Starts everything; returns `None`, and prints so, without root.
    pub fn start() -> Option<Self> {
        let routes = Routes::new();
        let service = Service::start(&routes)?;
        let accounts = Accounts::new(&routes);
        Some(Self {
            service,
            routes,
            accounts,
            begin: Instant::now(),
            usage: None,
            descriptors: Descriptors::default(),
            cgroups: 0,
            reloads: 0,
            kills: 0,
            kills_of_journald: 0,
            figures: Figures::default(),
        })
    }

    /// Runs rounds until that time, at least one.
    pub fn rounds(&mut self, until: Instant) {
        self.round();
        while Instant::now() < until {
            self.round();
        }
    }

    /// Runs one round: reloads, a journald that sleeps until the ring is full, and one that is killed.
    fn round(&mut self) {
        let churn = Churn::start(self.routes.number(Kind::Recorded));
        let load = Load::start(&self.routes, |_| true);
        self.reload(4);
        self.service.journald.signal(Signal::SIGSTOP);
        sleep(Duration::from_millis(500));
        self.accounts.add(burst(self.routes.number(Kind::Recorded), BURST));
        sleep(Duration::from_secs(2));
        self.service.journald.signal(Signal::SIGCONT);
        self.reload(2);
        self.end_load(load, churn);
        self.accounts.settle(&self.service);
        // Each event is a record of its own, so that those in the queue of a journald that is killed can be counted.
        let load = Load::start(&self.routes, |kind| kind == Kind::Recorded);
        sleep(Duration::from_millis(1500));
        self.service.journald.kill();
        sleep(Duration::from_millis(1500));
        self.service.journald.restart();
        self.kills_of_journald += 1;
        sleep(Duration::from_secs(1));
        self.accounts.add(load.end());
        self.accounts.settle_after_kill_of_journald(&self.service, &self.routes);
        self.descriptors.look(self.service.pid());
        self.usage.iter_mut().for_each(Usage::look);
    }

    fn reload(&mut self, times: u64) {
        for _ in 0..times {
            sleep(Duration::from_secs(1));
            self.service.reload(&self.routes);
        }
        self.reloads += times;
    }

    fn end_load(&mut self, load: Load, churn: Churn) {
        self.accounts.add(load.end());
        let cgroups = churn.end();
        let number = self.routes.number(Kind::Recorded).parse().unwrap();
        self.accounts.add([(number, cgroups)].into());
        self.cgroups += cgroups;
    }

    /// Takes the memory from now on as that which does not grow.
    pub fn end_warm_up(&mut self) {
        self.usage = Some(Usage::begin(self.service.pid()));
    }

    /// Ends the measurement of the life without kills.
    pub fn end_long_life(&mut self) {
        let usage = self.usage.take().unwrap();
        self.figures.note("life without kills, s", self.begin.elapsed().as_secs());
        self.figures.note("resident memory after the warm-up, KiB", usage.first_kib);
        self.figures.at_most("growth of resident memory, KiB", usage.growth_kib(), GROWTH_KIB);
        self.figures.note("CPU share, %", format!("{:.1}", 100.0 * usage.cpu_share()));
    }

    /// Kills the daemon again and again under load until that time.
    pub fn short_lives(&mut self, until: Instant) {
        self.descriptors.begin();
        while self.kills < 2 * LIVES || Instant::now() < until {
            let churn = Churn::start(self.routes.number(Kind::Recorded));
            let load = Load::start(&self.routes, |_| true);
            for _ in 0..LIVES {
                self.reload(1);
                self.service.kill();
                self.kills += 1;
            }
            self.end_load(load, churn);
            self.accounts.settle(&self.service);
            self.descriptors.look(self.service.pid());
        }
    }
}
