//! Places of cgroups that were removed, for calls that are written later than they were made. The oldest are forgotten
//! first.

use std::collections::{HashMap, VecDeque};
use std::rc::Rc;

use super::{CgroupInfo, bytes_of};

/// Bytes of all of them: some 3,000 with usual paths, and 200 with the longest.
const BYTES_MAX: usize = 1 << 20;

/// Places by the id of their cgroup.
#[derive(Debug, Default)]
pub struct GonePlaces {
    places: HashMap<u64, Rc<CgroupInfo>>,
    /// Ids in the order of the removals. One of which there is no place has come back.
    ages: VecDeque<u64>,
    bytes: usize,
}

impl GonePlaces {
    /// Keeps a place.
    pub fn insert(&mut self, id: u64, place: Rc<CgroupInfo>) {
        self.remove(id);
        self.bytes += bytes_of(&Some(Rc::clone(&place)));
        self.places.insert(id, place);
        self.ages.push_back(id);
        while self.bytes > BYTES_MAX {
            let Some(oldest) = self.ages.pop_front() else { return };
            self.forget(oldest);
        }
    }

    /// Returns a place, if it is kept.
    pub fn get(&self, id: u64) -> Option<Rc<CgroupInfo>> {
        self.places.get(&id).cloned()
    }

    /// Returns whether the place of a cgroup is kept.
    pub fn has(&self, id: u64) -> bool {
        self.places.contains_key(&id)
    }

    /// Forgets a place: there is a cgroup with that id again.
    pub fn remove(&mut self, id: u64) {
        if self.forget(id) {
            self.ages.retain(|known| *known != id);
        }
    }

    fn forget(&mut self, id: u64) -> bool {
        let place = self.places.remove(&id);
        self.bytes -= place.as_ref().map_or(0, |place| bytes_of(&Some(Rc::clone(place))));
        place.is_some()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn place(bytes: usize) -> Rc<CgroupInfo> {
        Rc::new(CgroupInfo { cgroup: "x".repeat(bytes), ..CgroupInfo::default() })
    }

    #[test]
    fn insert_forgets_the_oldest_beyond_the_limit() {
        let mut gone = GonePlaces::default();
        for id in 0..1000 {
            gone.insert(id, place(4096));
            assert!(gone.bytes <= BYTES_MAX);
        }
        assert!(gone.get(0).is_none());
        assert_eq!(gone.places.len(), gone.ages.len());
        let kept = gone.places.len() as u64;
        assert!((200..300).contains(&kept), "{kept}");
        assert!((1000 - kept..1000).all(|id| gone.get(id).is_some()));
    }

    #[test]
    fn remove_and_insert_keep_the_count_of_bytes() {
        let mut gone = GonePlaces::default();
        gone.insert(1, place(10));
        let one = gone.bytes;
        gone.insert(1, place(10));
        assert_eq!((gone.bytes, gone.ages.len()), (one, 1));
        gone.remove(1);
        gone.remove(1);
        assert_eq!((gone.bytes, gone.ages.len()), (0, 0));
        assert!(gone.get(1).is_none());
    }
}
