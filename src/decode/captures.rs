//! The memory that was captured for an event, in order of its fields.

use std::ops::{Deref, Range};

use syscalls::{Capture, Value};

use super::list::List;

/// Captures of one event in the order of their fields or arguments; those of one field are in the order in
/// which they were read.
#[derive(Debug, Clone)]
pub struct Captures<'a> {
    list: List<'a>,
    /// Number of captures up to those of each of the first fields, inclusive.
    ends: [u32; FIELDS],
}

/// Fields whose captures are found without a search: more than any handler declares, or any syscall has arguments.
const FIELDS: usize = 8;

impl<'a> Captures<'a> {
    /// Sorts by field.
    pub(super) fn new(mut list: List<'a>) -> Self {
        // Handlers write them in this order, unless something is added at the exit.
        if !list.is_sorted_by_key(|capture| capture.index) {
            list.sort_by_key(|capture| capture.index);
        }
        let mut ends = [0; FIELDS];
        for (end, capture) in (1..).zip(list.iter()) {
            if let Some(place) = ends.get_mut(usize::from(capture.index)) {
                *place = end;
            }
        }
        let mut before = 0;
        for end in &mut ends {
            before = before.max(*end);
            *end = before;
        }
        Self { list, ends }
    }

    /// Returns the positions of the captures of one field.
    pub fn positions(&self, index: u8) -> Range<usize> {
        let end = |index: u8| self.ends.get(usize::from(index)).map(|&end| end as usize);
        match (index.checked_sub(1).map_or(Some(0), end), end(index)) {
            (Some(start), Some(end)) => start..end,
            _ => {
                let start = self.partition_point(|capture| capture.index < index);
                start..self.partition_point(|capture| capture.index <= index)
            }
        }
    }

    /// Returns the captures of one field, or of one argument where the handler declares no fields.
    pub fn of(&self, index: u8) -> &[Capture<'a>] {
        self.get(self.positions(index)).unwrap_or_default()
    }

    /// Replaces the text of the capture at `position`; returns its field.
    pub fn replace(&mut self, position: usize, text: &'a [u8]) -> Option<u8> {
        let capture = self.list.get_mut(position)?;
        capture.value = Value::Text(text);
        Some(capture.index)
    }
}

impl<'a> FromIterator<Capture<'a>> for Captures<'a> {
    fn from_iter<I: IntoIterator<Item = Capture<'a>>>(captures: I) -> Self {
        Self::new(captures.into_iter().collect())
    }
}

impl PartialEq for Captures<'_> {
    fn eq(&self, other: &Self) -> bool {
        **self == **other
    }
}

impl Eq for Captures<'_> {}

impl<'a> Deref for Captures<'a> {
    type Target = [Capture<'a>];

    fn deref(&self) -> &Self::Target {
        &self.list
    }
}

#[cfg(test)]
mod tests {
    use syscalls::{Moment, Part, Status};

    use super::*;

    const NUMBER: Capture<'static> = Capture {
        index: 0,
        part: Part::Whole,
        moment: Moment::Entry,
        value: Value::Number(0),
        status: Status::Ok,
    };

    #[test]
    fn of_returns_captures_of_one_field_in_order_of_reading() {
        let all = [(2, 20), (0, 1), (200, 70), (2, 21), (8, 60), (5, 50), (200, 71), (0, 2)];
        let capture = |(index, n)| Capture { index, value: Value::Number(n), ..NUMBER };
        let captures: Captures = all.map(capture).into_iter().collect();
        let of = |index| captures.of(index).iter().map(|one| one.value).collect::<Vec<_>>();
        assert_eq!(of(0), [1, 2].map(Value::Number));
        assert_eq!(of(2), [20, 21].map(Value::Number));
        assert_eq!(of(5), [Value::Number(50)]);
        assert_eq!(of(8), [Value::Number(60)]);
        assert_eq!(of(200), [70, 71].map(Value::Number));
        assert!([1, 6, 7, 9, 199, 255].into_iter().all(|index| of(index).is_empty()));
    }
}
