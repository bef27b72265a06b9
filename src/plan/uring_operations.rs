//! Routes of operations of `io_uring` without an entry of their own: each has that of the syscall that it stands for.

use syscalls::{Abi, Slot, uring_operation};

use super::conflict::Winners;
use super::{Origin, Plan, check_arguments, resolve};
use crate::config::{Config, Entry, Options};
use crate::handlers::Handlers;

/// Adds the routes. An operation has none if the entry of the syscall excludes it by `abi`, or asks for an argument that it
/// does not have.
pub(super) fn add(config: &Config, winners: &Winners<'_>, plan: &mut Plan, handlers: &Handlers) {
    for slot in slots().filter(|slot| !winners.contains_key(slot)) {
        let Some(entry) = entry_of(slot, config) else { continue };
        let Some(route) = resolve::route(slot, entry, &config.defaults, handlers) else { continue };
        if check_arguments::fits(config, entry, (slot, &route), handlers) {
            plan.routes.insert(slot, route);
            plan.origins.insert(slot, Origin::of(entry));
        }
    }
}

/// Returns whether an entry may decide about operations that stand for its syscalls.
pub(super) fn concerns(entry: &Entry, defaults: &Options) -> bool {
    let is_of = |slot: &Slot| entry.slots.contains(slot);
    covers(entry, defaults) && slots().any(|slot| syscalls_of(slot).any(|syscall| is_of(&syscall)))
}

/// Returns the entry that decides about the first syscall that has one: as for syscalls, one for a syscall beats a set, and
/// a later one an earlier one.
fn entry_of(slot: Slot, config: &Config) -> Option<&Entry> {
    let of_syscall = |syscall: Slot| {
        let entries = config.entries.iter();
        let entries = entries.filter(|one| one.slots.contains(&syscall));
        entries
            .filter(|one| covers(one, &config.defaults))
            .max_by_key(|one| (one.subject, one.mark.rank()))
    };
    syscalls_of(slot).find_map(of_syscall)
}

fn slots() -> impl Iterator<Item = Slot> {
    (0..).map_while(|nr| Slot::new(Abi::IoUring, nr))
}

fn syscalls_of(slot: Slot) -> impl Iterator<Item = Slot> {
    uring_operation(slot).into_iter().flat_map(syscalls::UringOperation::syscalls)
}

/// Returns whether an entry is for rings, too: one for a number is for that number only.
fn covers(entry: &Entry, defaults: &Options) -> bool {
    let mut abis = entry.targets.iter().map(|target| resolve::abis(target, defaults));
    let is_named = !entry.key.starts_with(|c: char| c.is_ascii_digit());
    is_named && (entry.targets.is_empty() || abis.any(|abis| abis.contains(Abi::IoUring)))
}
