//! Rate limits (GCRA): the bucket of an event, the limits that the daemon enforces itself, and the refusals that
//! are still to be reported. Pure.

mod refusals;
mod user_limiter;

use std::rc::Rc;

pub use refusals::{Refusals, Refused};
pub use user_limiter::UserLimiter;

use crate::bpf::hash_u64;
use crate::config::Per;
use crate::decode::Event;
use crate::table::LimitKey;

/// Key of a bucket: a limit and one of the owners that it bounds.
#[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct BucketKey {
    /// Limit of the bucket.
    pub limit: Rc<LimitKey>,
    /// Owner: a user, a cgroup, a process with its start time, or a hash of a name; 0 for a route. `None`: all
    /// owners that share the bucket because the table is full.
    pub owner: Option<u64>,
}

impl BucketKey {
    /// Returns the bucket in which a limit counts an event.
    pub fn of(limit: &Rc<LimitKey>, event: &Event<'_>) -> Self {
        let owner = owner(limit.limit.per, event);
        Self { limit: Rc::clone(limit), owner: Some(owner) }
    }
}

/// Returns the owner in 48 bits, like `bucket_owner()` of `bpf/limit.h`.
fn owner(per: Per, event: &Event<'_>) -> u64 {
    match per {
        Per::Route => 0,
        Per::Uid => event.uid.into(),
        Per::Cgroup => event.cgroup & MASK,
        Per::Pid => (u64::from(event.pid) | (event.process.start_ns >> 20) << 32) & MASK,
        Per::Comm => comm(event.comm),
    }
}

const MASK: u64 = (1 << 48) - 1;

fn comm(name: &[u8]) -> u64 {
    let padded = |at: usize| {
        let mut bytes = [0; 8];
        let from = name.get(at..).unwrap_or_default();
        bytes.iter_mut().zip(from).for_each(|(to, from)| *to = *from);
        u64::from_ne_bytes(bytes)
    };
    (hash_u64(padded(0)) ^ hash_u64(padded(8).wrapping_add(1))) >> 16
}

#[cfg(test)]
mod tests;
