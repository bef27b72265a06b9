//! Events that rate limits refused: read from the kernel's buckets, reported in records.

use std::cell::RefCell;
use std::collections::BTreeMap;
use std::rc::Rc;
use std::time::Duration;

use syscalls::printable::{self, NO_LIMIT};

use super::Daemon;
use crate::bpf::BUCKETS;
use crate::clock;
use crate::config::Per;
use crate::load::Full;
use crate::output::record::{Body, Suppressed, Suppression};
use crate::pipeline::ratelimit::{BucketKey, Refused};
use crate::table::{LimitKey, Owner, gcra_params};

/// Interval between records while events are refused.
pub const EVERY: Duration = Duration::from_secs(10);

/// Lines of a record at most: journald drops entries with more than 1,024 fields.
const LINES_MAX: usize = 200;

/// State of the reader of the kernel's buckets.
#[derive(Debug, Default)]
pub struct SuppressedReader {
    /// Limits of the live table by number.
    limits: BTreeMap<u8, Rc<LimitKey>>,
    /// The kernel's sum when its buckets were read last.
    limited: u64,
    /// Time of the last reading, ns since 1970 UTC.
    read_ns: u64,
    from_ns: Option<u64>,
}

impl Daemon<'_> {
    /// A table is live: the numbers of its limits are known until the next one.
    pub(super) fn remember_limits(&mut self) {
        let limits = self.table.limits().map(|(number, key)| (number, Rc::new(key.clone())));
        self.suppressed.limits = limits.collect();
        self.suppressed.read_ns = clock::real_now_ns();
        let live = &self.suppressed.limits;
        let is_live = |who: &BucketKey| live.values().any(|limit| *limit == who.limit);
        self.pipeline.borrow_mut().delivery.suppressed.forget(|who| !is_live(who));
    }

    /// Reads the refusals of the kernel's buckets, if the counters have grown. The counters are read first, so
    /// that no refusal is missed.
    pub(super) fn read_suppressed(&mut self) {
        let counters = self.counters.kernel.values();
        let limited = counters.map(|counters| counters.limited + counters.limited_uid).sum();
        if std::mem::replace(&mut self.suppressed.limited, limited) != limited {
            let mut pipeline = self.pipeline.borrow_mut();
            for full in self.bpf.full_buckets() {
                if let Some(who) = self.bucket_key(&full) {
                    pipeline.delivery.suppressed.read(who, comm(&full.comm), full.refused);
                }
            }
        }
        if !self.suppressed.limits.is_empty() && self.bpf.buckets_taken() > BUCKETS / 2 {
            self.forget_idle();
        }
        let before_ns = std::mem::replace(&mut self.suppressed.read_ns, clock::real_now_ns());
        if self.has_refusals() {
            self.suppressed.from_ns.get_or_insert(before_ns);
        }
    }

    /// Returns the key of a bucket; `None` if no route has its limit any more.
    fn bucket_key(&self, full: &Full) -> Option<BucketKey> {
        let limit = Rc::clone(self.suppressed.limits.get(&full.limit)?);
        Some(BucketKey { limit, owner: full.owner })
    }

    fn forget_idle(&self) {
        let bursts = self.suppressed.limits.values().map(|limit| gcra_params(&limit.limit).1);
        let before_ns = clock::boot_now_ns().saturating_sub(bursts.max().unwrap_or_default());
        let mut pipeline = self.pipeline.borrow_mut();
        let suppressed = &mut pipeline.delivery.suppressed;
        let forgotten = RefCell::new(Vec::new());
        self.bpf.forget_idle_buckets(before_ns, |full| {
            let who = self.bucket_key(full);
            let is_told = who.as_ref().is_none_or(|who| suppressed.is_read(who, full.refused));
            forgotten.borrow_mut().extend(who.filter(|_| is_told));
            is_told
        });
        let forgotten = forgotten.into_inner();
        suppressed.forget(|who| forgotten.contains(who));
    }

    /// Returns whether the kernel would refuse the next event of any bucket.
    pub(super) fn is_anyone_limited(&self) -> bool {
        let limits = &self.suppressed.limits;
        let interval = |number| limits.get(&number).map(|limit| gcra_params(&limit.limit).0);
        !limits.is_empty() && self.bpf.is_any_exhausted(clock::boot_now_ns(), interval)
    }

    /// Returns whether the next record has something to report.
    pub(super) fn has_refusals(&self) -> bool {
        !self.pipeline.borrow().delivery.suppressed.is_empty()
    }

    /// Writes the record, if there is something for it.
    pub(super) fn report_suppressed(&mut self) {
        let to_ns = clock::real_now_ns();
        let from_ns = self.suppressed.from_ns.take().unwrap_or(to_ns);
        let refused = self.pipeline.borrow_mut().delivery.suppressed.take();
        let mut lines: Vec<_> =
            refused.iter().map(|(who, refused)| self.line(who, refused)).collect();
        let count = lines.iter().map(|line| line.count).sum();
        lines.truncate(LINES_MAX);
        if count > 0 {
            self.emit(Body::Suppressed(&Suppressed { from_ns, to_ns, count, lines }));
        }
    }

    fn line(&self, who: &BucketKey, refused: &Refused) -> Suppression {
        let limit = &who.limit.limit;
        Suppression {
            route: route(&who.limit.owner),
            limit: limit.rate.to_string(),
            per: limit.per.name(),
            owner: self.owner(who, &refused.comm),
            comm: word(&refused.comm),
            count: refused.count,
        }
    }

    fn owner(&self, who: &BucketKey, comm: &[u8]) -> String {
        let Some(owner) = who.owner else { return "others".to_owned() };
        match who.limit.limit.per {
            Per::Route => "*".to_owned(),
            Per::Uid => owner.to_string(),
            Per::Pid => (owner as u32).to_string(),
            Per::Comm => word(comm),
            Per::Cgroup => {
                let place = self.pipeline.borrow_mut().delivery.units.place(owner);
                place.map_or_else(|| owner.to_string(), |place| word(place.name().as_bytes()))
            }
        }
    }
}

fn route(owner: &Owner) -> String {
    match owner {
        Owner::Users => "*".to_owned(),
        Owner::Entry { entry, .. } => entry.clone(),
        Owner::Slot(slot, _) => slot.with_abi(),
    }
}

/// The kernel fills names up with NULs.
fn comm(name: &[u8; 16]) -> &[u8] {
    name.split(|byte| *byte == 0).next().unwrap_or_default()
}

fn word(name: &[u8]) -> String {
    let mut text = String::new();
    printable::quoted_if_needed(name, NO_LIMIT, &mut text);
    text
}
