//! Events that rate limits refused: read from the kernel's buckets, reported in records.

use std::cell::RefCell;
use std::collections::BTreeMap;
use std::rc::Rc;
use std::time::Duration;

use syscalls::printable::{self, NO_LIMIT};
use syscalls::{Abi, Slot};

use crate::bpf::BUCKETS;
use crate::clock;
use crate::config::{Per, URING_PREFIX};

use crate::load::{Bpf, Full};
use crate::output::record::{Suppressed, Suppression};
use crate::pipeline::owner::UserOwner;
use crate::pipeline::ratelimit::{BucketKey, Refusals, Refused, pid_of};
use crate::table::{LimitKey, Owner, Table, gcra_params};
use crate::units::Units;

/// Interval between records while events are refused.
pub const EVERY: Duration = Duration::from_secs(10);

/// Lines of a record at most: journald drops entries with more than 1,024 fields.
const LINES_MAX: usize = 200;

/// Reader of the kernel's buckets.
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

impl SuppressedReader {
    /// Begins with a live table: the numbers of its limits mean the same until the next one.
    pub fn begin_table(&mut self, table: &Table, refusals: &mut Refusals) {
        let limits = table.limits().map(|(number, key)| (number, Rc::new(key.clone())));
        self.limits = limits.collect();
        self.read_ns = clock::real_now_ns();
        refusals.forget(|key| !self.limits.values().any(|limit| *limit == key.limit));
    }

    /// Passes over the refusals that the kernel has counted before this daemon started: the previous one has reported
    /// them, but for those of its last seconds.
    pub fn skip_reported(&mut self, bpf: &Bpf<'_>, refusals: &mut Refusals) {
        for full in bpf.full_buckets() {
            if let Some(key) = self.bucket_key(&full) {
                refusals.read(key, comm(&full.comm), full.refused);
            }
        }
        drop(refusals.take());
    }

    /// Reads the refusals of the kernel's buckets, if their sum `limited` has grown. The sum is read first, so
    /// that no refusal is missed.
    pub fn read(&mut self, bpf: &Bpf<'_>, limited: u64, refusals: &mut Refusals) {
        if std::mem::replace(&mut self.limited, limited) != limited {
            for full in bpf.full_buckets() {
                if let Some(key) = self.bucket_key(&full) {
                    refusals.read(key, comm(&full.comm), full.refused);
                }
            }
        }
        if !self.limits.is_empty() && bpf.buckets_taken() > BUCKETS / 2 {
            self.forget_idle(bpf, refusals);
        }
        let before_ns = std::mem::replace(&mut self.read_ns, clock::real_now_ns());
        if !refusals.is_empty() {
            self.from_ns.get_or_insert(before_ns);
        }
    }

    /// Returns the key of a bucket; `None` if no route has its limit any more.
    fn bucket_key(&self, full: &Full) -> Option<BucketKey> {
        let limit = Rc::clone(self.limits.get(&full.limit)?);
        let slot = limit.is_by_slot().then(|| Slot::from_index(full.slot)).flatten();
        Some(BucketKey { limit, slot: slot.filter(|_| full.owner.is_some()), owner: full.owner })
    }

    fn forget_idle(&self, bpf: &Bpf<'_>, refusals: &mut Refusals) {
        let bursts = self.limits.values().map(|limit| gcra_params(&limit.limit).1);
        let before_ns = clock::boot_now_ns().saturating_sub(bursts.max().unwrap_or_default());
        let forgotten = RefCell::new(Vec::new());
        bpf.forget_idle_buckets(before_ns, |full| {
            let key = self.bucket_key(full);
            let is_read = key.as_ref().is_none_or(|key| refusals.is_read(key, full.refused));
            forgotten.borrow_mut().extend(key.filter(|_| is_read));
            is_read
        });
        let forgotten = forgotten.into_inner();
        refusals.forget(|key| forgotten.contains(key));
    }

    /// Returns whether the kernel would refuse the next event of any bucket.
    pub fn is_any_exhausted(&self, bpf: &Bpf<'_>) -> bool {
        let interval = |number| self.limits.get(&number).map(|limit| gcra_params(&limit.limit).0);
        !self.limits.is_empty() && bpf.is_any_exhausted(clock::boot_now_ns(), interval)
    }

    /// Returns the record of the refusals since the last one, if there are any, and clears them.
    pub fn take_record(
        &mut self,
        refusals: &mut Refusals,
        units: &mut Units,
    ) -> Option<Suppressed> {
        let to_ns = clock::real_now_ns();
        let from_ns = self.from_ns.take().unwrap_or(to_ns);
        let mut lines: Vec<_> =
            refusals.take().iter().map(|(key, refused)| line(key, refused, units)).collect();
        let count = lines.iter().map(|line| line.count).sum();
        lines.truncate(LINES_MAX);
        (count > 0).then_some(Suppressed { from_ns, to_ns, count, lines })
    }
}

fn line(key: &BucketKey, refused: &Refused, units: &mut Units) -> Suppression {
    let limit = &key.limit.limit;
    Suppression {
        route: key.slot.map_or_else(|| route(&key.limit.owner), syscall),
        limit: limit.rate.to_string(),
        per: limit.per.name(),
        owner: owner(key, &refused.comm, units),
        comm: word(&refused.comm),
        count: refused.count,
    }
}

fn owner(key: &BucketKey, comm: &[u8], units: &mut Units) -> String {
    let Some(owner) = key.owner else { return "others".to_owned() };
    match key.limit.limit.per {
        Per::Route => "*".to_owned(),
        Per::Uid => match UserOwner::decode(owner) {
            UserOwner::User(uid) => uid.to_string(),
            UserOwner::Cgroup(id) => format!("0:{}", cgroup(id, units)),
        },
        Per::Pid => pid_of(owner).to_string(),
        Per::Comm => word(comm),
        Per::Cgroup => cgroup(owner, units),
    }
}

/// Returns the name of a cgroup; its id if that is all that is known.
fn cgroup(id: u64, units: &mut Units) -> String {
    units.place(id).map_or_else(|| id.to_string(), |place| word(place.name().as_bytes()))
}

fn route(owner: &Owner) -> String {
    match owner {
        Owner::Users => "*".to_owned(),
        Owner::Entry { entry, .. } => entry.clone(),
        Owner::Slot(slot, _) => syscall(*slot),
    }
}

/// Returns the syscall as one word, as the configuration names it; with the ABI if it is not the machine's own.
fn syscall(slot: Slot) -> String {
    match (slot.abi(), slot.name()) {
        (Abi::Native, Some(name)) => name.to_owned(),
        (Abi::Native, None) => slot.nr().to_string(),
        (Abi::IoUring, Some(name)) => format!("{URING_PREFIX}{name}"),
        (abi, Some(name)) if abi.is_probe() => format!("{}:{name}", abi.name()),
        _ => word(slot.with_abi().as_bytes()),
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
