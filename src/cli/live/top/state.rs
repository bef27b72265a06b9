//! State of the screen, as the keys change it.

use super::column::{TopColumn, TopView};
use super::rows::RowOrder;

/// Use of the keys.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum KeyMode {
    /// Each key is a command.
    Commands,
    /// Keys are the text of the filter.
    Filter,
    /// The help is shown until the next key.
    Help,
}

/// State of the screen.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TopState {
    /// View that is shown.
    pub view: TopView,
    /// Choice and order of the rows.
    pub order: RowOrder,
    /// Use of the keys.
    pub mode: KeyMode,
    /// Nothing changes on the screen while it is paused.
    pub is_paused: bool,
    /// Number of the selected row.
    pub selected: usize,
}

impl TopState {
    /// Begins with a view and a column to sort by.
    pub fn new(view: TopView, sort: TopColumn) -> Self {
        let order =
            RowOrder { sort, is_reversed: false, filter: String::new(), basis: Default::default() };
        Self { view, order, mode: KeyMode::Commands, is_paused: false, selected: 0 }
    }

    /// Shows a view from its first row on.
    pub fn show(&mut self, view: TopView) {
        self.view = view;
        self.selected = 0;
    }

    /// Sorts by the column that many places to the right, behind the last one by the first.
    pub fn sort_by_neighbour(&mut self, places: usize) {
        let columns = self.view.columns();
        let column = self.order.column(self.view);
        let at = columns.iter().position(|one| *one == column).unwrap_or_default();
        let next = columns.iter().cycle().nth(at + places);
        self.order.sort = next.copied().unwrap_or(column);
    }
}
