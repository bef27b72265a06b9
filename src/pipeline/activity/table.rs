//! Counts by name, in bounded memory.

use std::borrow::Borrow;
use std::collections::HashMap;
use std::hash::Hash;
use std::time::{Duration, Instant};

use super::ActivityCounts;
use crate::pipeline::owner::UserOwner;
use crate::pipeline::room::Room;

/// Time after which a name without events gives its room to others: longer than any client waits between two requests.
pub(super) const IDLE: Duration = Duration::from_secs(120);

/// Counts by name.
#[derive(Debug)]
pub struct ActivityTable<K> {
    rows: HashMap<K, NamedCounts>,
    room: Room<UserOwner>,
    /// Counts of all names that had no room.
    pub others: ActivityCounts,
    /// Counts of the names that were forgotten.
    pub forgotten: ActivityCounts,
}

/// Counts of one name.
#[derive(Debug)]
struct NamedCounts {
    counts: ActivityCounts,
    /// Time of the last event.
    last: Instant,
    /// Owner of the room, and its bytes.
    payer: UserOwner,
    bytes: usize,
}

impl<K: Eq + Hash> ActivityTable<K> {
    /// Makes an empty table with room for so many names of so many bytes.
    pub fn bounded(names: usize, bytes: usize) -> Self {
        Self {
            rows: HashMap::new(),
            room: Room::new(names, bytes),
            others: ActivityCounts::default(),
            forgotten: ActivityCounts::default(),
        }
    }

    /// Adds counts of a name, whose room the payer pays for.
    pub fn add<Q>(
        &mut self,
        name: &Q,
        bytes: usize,
        payer: UserOwner,
        counts: &ActivityCounts,
        now: Instant,
    ) where
        K: Borrow<Q>,
        Q: Eq + Hash + ToOwned<Owned = K> + ?Sized,
    {
        if let Some(row) = self.rows.get_mut(name) {
            row.counts.add(counts);
            row.last = now;
        } else if self.room.take(payer, bytes) {
            let row = NamedCounts { counts: *counts, last: now, payer, bytes };
            self.rows.insert(name.to_owned(), row);
        } else {
            self.others.add(counts);
        }
    }

    /// Forgets names that had no events for a while.
    pub fn forget_idle(&mut self, now: Instant) {
        let Self { rows, room, forgotten, .. } = self;
        rows.retain(|_, row| {
            let is_idle = now.saturating_duration_since(row.last) > IDLE;
            if is_idle {
                forgotten.add(&row.counts);
                room.give_back(row.payer, row.bytes);
            }
            !is_idle
        });
    }

    /// Returns the counts of each name, in no order.
    pub fn rows(&self) -> impl Iterator<Item = (&K, &ActivityCounts)> {
        self.rows.iter().map(|(name, row)| (name, &row.counts))
    }
}
