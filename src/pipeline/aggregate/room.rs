//! Room for groups, shared by their owners: whoever makes many groups leaves room for others.

use std::collections::HashMap;

use crate::output::record::aggregate::GroupOwner;

/// Factor by which the free room must exceed what an owner has for another group of that owner: each owner gets at
/// most a quarter of the room that others leave.
const FREE: usize = 3;

/// Groups and bytes, of all owners together and of each.
#[derive(Debug)]
pub(super) struct Room {
    taken: Taken,
    max: Taken,
    owners: HashMap<GroupOwner, Taken>,
}

#[derive(Debug, Clone, Copy, Default)]
struct Taken {
    groups: usize,
    bytes: usize,
}

impl Room {
    pub fn new(groups: usize, bytes: usize) -> Self {
        Self { taken: Taken::default(), max: Taken { groups, bytes }, owners: HashMap::new() }
    }

    /// Takes room for one group; false if its owner has too much already.
    pub fn take(&mut self, owner: GroupOwner, bytes: usize) -> bool {
        let free = Taken {
            groups: self.max.groups - self.taken.groups,
            bytes: self.max.bytes - self.taken.bytes,
        };
        let own = self.owners.get(&owner).copied().unwrap_or_default();
        let has_room = own.groups.saturating_mul(FREE) < free.groups
            && own.bytes.saturating_mul(FREE) < free.bytes
            && bytes <= free.bytes;
        if has_room {
            self.taken.add(bytes);
            self.owners.entry(owner).or_default().add(bytes);
        }
        has_room
    }

    /// Gives back the room of one group.
    pub fn give_back(&mut self, owner: GroupOwner, bytes: usize) {
        self.taken.remove(bytes);
        let own = self.owners.entry(owner.clone()).or_default();
        own.remove(bytes);
        if own.groups == 0 {
            self.owners.remove(&owner);
        }
    }

    /// Returns the groups and bytes that are taken.
    #[cfg(test)]
    pub fn taken(&self) -> (usize, usize) {
        (self.taken.groups, self.taken.bytes)
    }
}

impl Taken {
    fn add(&mut self, bytes: usize) {
        self.groups += 1;
        self.bytes += bytes;
    }

    fn remove(&mut self, bytes: usize) {
        self.groups = self.groups.saturating_sub(1);
        self.bytes = self.bytes.saturating_sub(bytes);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn owner(uid: u32) -> GroupOwner {
        GroupOwner { uid, unit: None }
    }

    fn groups_of(room: &mut Room, uid: u32, bytes: usize) -> usize {
        (0..10_000).take_while(|_| room.take(owner(uid), bytes)).count()
    }

    #[test]
    fn take_of_one_owner_is_a_quarter() {
        let mut room = Room::new(8_192, usize::MAX);
        assert_eq!(groups_of(&mut room, 1, 1), 2_048);
        assert_eq!(groups_of(&mut room, 2, 1), 1_536);
        let mut room = Room::new(usize::MAX, 8_192);
        assert_eq!(groups_of(&mut room, 1, 1), 2_048);
    }

    #[test]
    fn take_of_some_owners_leaves_room_for_another() {
        let mut room = Room::new(8_192, usize::MAX);
        for uid in 0..8 {
            groups_of(&mut room, uid, 1);
        }
        assert!(groups_of(&mut room, 1_000, 1) > 200);
    }

    #[test]
    fn give_back_makes_room() {
        let mut room = Room::new(8, 80);
        assert_eq!(groups_of(&mut room, 1, 10), 2);
        for _ in 0..2 {
            room.give_back(owner(1), 10);
        }
        assert!(room.taken() == (0, 0) && room.owners.is_empty());
        assert_eq!(groups_of(&mut room, 1, 10), 2);
    }
}
