//! Room for items in memory, shared by their owners: whoever makes many items leaves room for others.

use std::collections::HashMap;
use std::hash::Hash;

/// Factor by which the free room must exceed what an owner has for another item of that owner: each owner gets at
/// most a quarter of the room that others leave.
const FREE: usize = 3;

/// Items and bytes, of all owners together and of each.
#[derive(Debug)]
pub(super) struct Room<O> {
    taken: Taken,
    max: Taken,
    owners: HashMap<O, Taken>,
}

#[derive(Debug, Clone, Copy, Default)]
struct Taken {
    items: usize,
    bytes: usize,
}

impl<O: Eq + Hash + Clone> Room<O> {
    /// Makes free room for so many items of so many bytes.
    pub fn new(items: usize, bytes: usize) -> Self {
        Self { taken: Taken::default(), max: Taken { items, bytes }, owners: HashMap::new() }
    }

    /// Takes room for one item; false if its owner has too much already.
    pub fn take(&mut self, owner: O, bytes: usize) -> bool {
        let has_room = self.has_room(&owner, bytes);
        if has_room {
            self.add(owner, bytes);
        }
        has_room
    }

    /// Returns whether there is room for an item, whoever owns it.
    pub fn fits(&self, bytes: usize) -> bool {
        self.taken.items < self.max.items
            && self.taken.bytes.saturating_add(bytes) <= self.max.bytes
    }

    /// Returns whether there is room for one more item of an owner.
    pub fn has_room(&self, owner: &O, bytes: usize) -> bool {
        let free = Taken {
            items: self.max.items.saturating_sub(self.taken.items),
            bytes: self.max.bytes.saturating_sub(self.taken.bytes),
        };
        let own = self.owners.get(owner).copied().unwrap_or_default();
        own.items.saturating_mul(FREE) < free.items
            && own.bytes.saturating_mul(FREE) < free.bytes
            && bytes <= free.bytes
    }

    /// Takes room for an item that there is room for, or that replaces a larger one of the same owner.
    pub fn add(&mut self, owner: O, bytes: usize) {
        self.taken.add(bytes);
        self.owners.entry(owner).or_default().add(bytes);
    }

    /// Gives back the room of one item.
    pub fn give_back(&mut self, owner: O, bytes: usize) {
        self.taken.remove(bytes);
        let own = self.owners.entry(owner.clone()).or_default();
        own.remove(bytes);
        if own.items == 0 {
            self.owners.remove(&owner);
        }
    }

    /// Returns the items and bytes that are taken.
    #[cfg(test)]
    pub fn taken(&self) -> (usize, usize) {
        (self.taken.items, self.taken.bytes)
    }
}

impl Taken {
    fn add(&mut self, bytes: usize) {
        self.items += 1;
        self.bytes += bytes;
    }

    fn remove(&mut self, bytes: usize) {
        self.items = self.items.saturating_sub(1);
        self.bytes = self.bytes.saturating_sub(bytes);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Returns how many items the owner gets.
    fn items_of(room: &mut Room<u32>, owner: u32, bytes: usize) -> usize {
        (0..10_000).take_while(|_| room.take(owner, bytes)).count()
    }

    #[test]
    fn take_of_one_owner_is_a_quarter() {
        let mut room = Room::new(8_192, usize::MAX);
        assert_eq!(items_of(&mut room, 1, 1), 2_048);
        assert_eq!(items_of(&mut room, 2, 1), 1_536);
        let mut room = Room::new(usize::MAX, 8_192);
        assert_eq!(items_of(&mut room, 1, 1), 2_048);
    }

    #[test]
    fn take_of_some_owners_leaves_room_for_another() {
        let mut room = Room::new(8_192, usize::MAX);
        for uid in 0..8 {
            items_of(&mut room, uid, 1);
        }
        assert!(items_of(&mut room, 1_000, 1) > 200);
    }

    #[test]
    fn give_back_makes_room() {
        let mut room = Room::new(8, 80);
        assert_eq!(items_of(&mut room, 1, 10), 2);
        for _ in 0..2 {
            room.give_back(1, 10);
        }
        assert!(room.taken() == (0, 0) && room.owners.is_empty());
        assert_eq!(items_of(&mut room, 1, 10), 2);
    }
}
