//! Sums of the counters of routes, by column.

use super::table::{Column, Counted};

/// Sums by column.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Sums([u64; Column::ALL.len()]);

impl Sums {
    /// Returns the sums with those of the counters added.
    #[must_use]
    pub fn with(self, counters: &impl Counted) -> Self {
        Self(Column::ALL.map(|column| self[column].saturating_add(counters.column(column))))
    }

    /// Returns the sums over several routes.
    pub fn total<'s>(routes: impl Iterator<Item = &'s Self>) -> Self {
        let add = |sum: Self, route: &Self| {
            Self(Column::ALL.map(|column| sum[column].saturating_add(route[column])))
        };
        routes.fold(Self::default(), add)
    }

    /// Returns the columns that a sentence shows: some always, the others only if they are not 0.
    pub fn shown(&self) -> impl Iterator<Item = (Column, u64)> {
        let all = Column::ALL.into_iter().map(|column| (column, self[column]));
        all.filter(|(column, count)| *count > 0 || column.is_always_shown())
    }
}

impl std::ops::Index<Column> for Sums {
    type Output = u64;

    fn index(&self, column: Column) -> &u64 {
        &self.0[column as usize]
    }
}

impl std::ops::IndexMut<Column> for Sums {
    fn index_mut(&mut self, column: Column) -> &mut u64 {
        &mut self.0[column as usize]
    }
}
