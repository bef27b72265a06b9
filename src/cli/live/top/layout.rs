//! Columns that fit into a width. Pure.

use super::column::TopColumn;

/// Least width of names, and the greatest of those that other columns give way to.
const NAME: [usize; 2] = [12, 32];
/// Space before a column.
const SPACE: usize = 1;
/// Widths of a sparkline.
const SPARKLINE: [usize; 2] = [10, super::model::HISTORY];

/// Columns of a table, and their widths.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TableLayout {
    /// Width of the names.
    pub name: usize,
    /// Other columns, from left to right.
    pub numbers: Vec<TopColumn>,
    /// Width of the sparkline; 0 if there is no room.
    pub sparkline: usize,
}

impl TableLayout {
    /// Chooses columns: the one that rows are sorted by first, then from the left. `longest` is the width of the longest
    /// name.
    pub fn new(width: usize, columns: &[TopColumn], sort: TopColumn, longest: usize) -> Self {
        let [least, most] = NAME;
        let name = longest.clamp(least, most).min((width / 5).max(least));
        let mut left = width.saturating_sub(name);
        let in_order = columns.iter().filter(|one| **one == sort);
        let in_order = in_order.chain(columns.iter().filter(|one| **one != sort));
        let mut chosen = Vec::new();
        for &column in in_order.filter(|one| **one != TopColumn::Name) {
            let taken = column.width() + SPACE;
            if left < taken {
                break;
            }
            left -= taken;
            chosen.push(column);
        }
        let numbers = columns.iter().copied().filter(|one| chosen.contains(one)).collect();
        let [narrow, wide] = SPARKLINE;
        let sparkline = if left > narrow { (left - SPACE).min(wide) } else { 0 };
        let taken = if sparkline > 0 { sparkline + SPACE } else { 0 };
        Self { name: name + left - taken, numbers, sparkline }
    }
}

#[cfg(test)]
mod tests {
    use super::super::column::TopView;
    use super::*;

    fn layout(width: usize, sort: TopColumn) -> TableLayout {
        TableLayout::new(width, TopView::Routes.columns(), sort, 20)
    }

    #[test]
    fn new_fills_the_width() {
        for width in 20..300 {
            let TableLayout { name, numbers, sparkline } = layout(width, TopColumn::Cpu);
            let spark = if sparkline > 0 { sparkline + 1 } else { 0 };
            let numbers_width: usize = numbers.iter().map(|one| one.width() + 1).sum();
            assert_eq!(name + numbers_width + spark, width);
            assert!(numbers.contains(&TopColumn::Cpu), "{width}");
        }
    }

    #[test]
    fn new_of_40_columns_has_sorted_and_first_columns() {
        let narrow = layout(40, TopColumn::Lost);
        assert_eq!(narrow.numbers, [TopColumn::Seen, TopColumn::Events, TopColumn::Lost]);
        assert_eq!((narrow.name, narrow.sparkline), (12, 0));
    }

    #[test]
    fn new_of_80_columns_has_all_numbers() {
        let usual = layout(80, TopColumn::Name);
        assert_eq!((usual.name, usual.numbers.len(), usual.sparkline), (16, 7, 0));
    }

    #[test]
    fn new_of_160_columns_has_all_and_a_sparkline() {
        let wide = layout(160, TopColumn::Name);
        assert_eq!((wide.numbers.len(), wide.sparkline), (7, 60));
    }

    #[test]
    fn new_without_room_has_names_only() {
        assert_eq!(layout(0, TopColumn::Seen).numbers, []);
        let names = TableLayout { name: 15, numbers: vec![], sparkline: 0 };
        assert_eq!(layout(15, TopColumn::Seen), names);
    }
}
