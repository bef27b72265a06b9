//! Rate limits (GCRA): the bucket of an event, the limits that the daemon enforces itself, and the refusals that
//! are still to be reported. Pure.

mod refusals;
mod user_limiter;

use std::rc::Rc;

pub use refusals::{Refusals, Refused};
pub use user_limiter::UserLimiter;

use syscalls::Slot;

use crate::bpf::types::tag_layout;
use crate::bpf::{OWNER_MASK, hash_u64};
use crate::config::Per;
use crate::decode::Event;
use crate::pipeline::owner::UserOwner;
use crate::table::LimitKey;

/// Key of a bucket: a limit and one of the owners that it bounds.
#[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct BucketKey {
    /// Limit of the bucket.
    pub limit: Rc<LimitKey>,
    /// Syscall, if the limit holds for each by itself. `None` also for all owners that share a bucket.
    pub slot: Option<Slot>,
    /// Owner: a user, a cgroup, a process with its start time, or a hash of a name; 0 for a route. `None`: all
    /// owners that share the bucket because the table is full.
    pub owner: Option<u64>,
}

impl BucketKey {
    /// Returns the bucket in which a limit counts an event.
    pub fn of(limit: &Rc<LimitKey>, event: &Event<'_>) -> Self {
        let owner = owner(limit.limit.per, event);
        let slot = limit.is_by_slot().then_some(event.slot);
        Self { limit: Rc::clone(limit), slot, owner: Some(owner) }
    }
}

/// Returns the owner in 46 bits, like `bucket_owner()` of `bpf/limit.h`.
fn owner(per: Per, event: &Event<'_>) -> u64 {
    match per {
        Per::Route => 0,
        Per::Uid => UserOwner::of(event).encoded(),
        Per::Cgroup => event.cgroup & OWNER_MASK,
        Per::Pid => {
            (u64::from(event.pid) | (event.process.start_ns >> 20) << PID_BITS) & OWNER_MASK
        }
        Per::Comm => comm(event.comm),
    }
}

const PID_BITS: u32 = tag_layout::OWNER_PID_BITS.0;

/// Returns the number of the process that owns a bucket of a limit per process.
pub fn pid_of(owner: u64) -> u64 {
    owner & ((1 << PID_BITS) - 1)
}

fn comm(name: &[u8]) -> u64 {
    let padded = |at: usize| {
        let mut bytes = [0; 8];
        let from = name.get(at..).unwrap_or_default();
        bytes.iter_mut().zip(from).for_each(|(to, from)| *to = *from);
        u64::from_ne_bytes(bytes)
    };
    (hash_u64(padded(0)) ^ hash_u64(padded(8).wrapping_add(1))) >> OWNER_MASK.leading_zeros()
}

#[cfg(test)]
mod tests;
