//! A list of captures that needs no allocation while it is short. Unlike a `SmallVec` it is covariant in the
//! lifetime of the captures, so an event may borrow from something that lives less long than its record.

use std::ops::{Deref, DerefMut};

use syscalls::{Capture, Moment, Part, Status, Value};

/// Number of captures that need no allocation: a path and what a call writes. Room for more would cost every event
/// the time to initialize and to move it.
const INLINE: usize = 2;

/// Fills the places that are not used.
const UNUSED: Capture<'static> = Capture {
    index: 0,
    part: Part::Whole,
    moment: Moment::Entry,
    value: Value::Number(0),
    status: Status::Ok,
};

/// Captures in the order in which they were pushed.
#[derive(Debug, Clone)]
pub(super) struct List<'a> {
    inline: [Capture<'a>; INLINE],
    used: usize,
    /// All captures, once there are more than `INLINE`.
    heap: Vec<Capture<'a>>,
}

impl<'a> List<'a> {
    pub const fn new() -> Self {
        Self { inline: [UNUSED; INLINE], used: 0, heap: Vec::new() }
    }

    pub fn push(&mut self, capture: Capture<'a>) {
        if !self.heap.is_empty() {
            return self.heap.push(capture);
        }
        match self.inline.get_mut(self.used) {
            Some(unused) => {
                *unused = capture;
                self.used += 1;
            }
            None => {
                self.heap.reserve(8 * INLINE);
                self.heap.extend_from_slice(&self.inline);
                self.heap.push(capture);
            }
        }
    }
}

impl<'a> Deref for List<'a> {
    type Target = [Capture<'a>];

    fn deref(&self) -> &Self::Target {
        let inline = self.inline.get(..self.used).unwrap_or_default();
        if self.heap.is_empty() { inline } else { &self.heap }
    }
}

impl DerefMut for List<'_> {
    fn deref_mut(&mut self) -> &mut Self::Target {
        let inline = self.inline.get_mut(..self.used).unwrap_or_default();
        if self.heap.is_empty() { inline } else { &mut self.heap }
    }
}

impl<'a> FromIterator<Capture<'a>> for List<'a> {
    fn from_iter<I: IntoIterator<Item = Capture<'a>>>(captures: I) -> Self {
        let mut list = Self::new();
        captures.into_iter().for_each(|capture| list.push(capture));
        list
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn push_beyond_inline_places_keeps_all_in_order() {
        let numbered = |n| Capture { value: Value::Number(n), ..UNUSED };
        for count in 0..12 {
            let list: List = (0..count).map(numbered).collect();
            assert!(list.iter().copied().eq((0..count).map(numbered)), "{count}");
        }
    }
}
