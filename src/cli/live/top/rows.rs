//! Rows as they are shown: filtered, in order, with their values.

use std::cmp::Ordering;

use super::column::{TopColumn, TopView};
use super::model::{Basis, TopModel};

/// Choice and order of the rows.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RowOrder {
    /// Column to sort by, the highest values first.
    pub sort: TopColumn,
    /// The lowest values first.
    pub is_reversed: bool,
    /// Part of the names that are shown, in any case.
    pub filter: String,
    /// Values that are shown.
    pub basis: Basis,
}

/// Row of a view.
#[derive(Debug, Clone, PartialEq)]
pub struct TopRow {
    /// Name.
    pub name: String,
    /// Values of the other columns.
    pub values: Vec<Option<f64>>,
    /// Calls or events per second, the oldest first.
    pub history: Vec<u64>,
}

impl RowOrder {
    /// Returns the column by which a view is sorted: not all have all columns.
    pub fn column(&self, view: TopView) -> TopColumn {
        let is_there = view.columns().contains(&self.sort);
        if is_there { self.sort } else { TopColumn::Events }
    }
}

/// Returns the rows of a view.
pub fn rows(model: &TopModel, view: TopView, order: &RowOrder) -> Vec<TopRow> {
    let filter = order.filter.to_lowercase();
    let is_shown = |name: &str| filter.is_empty() || name.to_lowercase().contains(&filter);
    let column = order.column(view);
    let shown = model.rows(view).filter(|(name, _)| is_shown(name));
    let mut shown: Vec<_> = shown
        .map(|(name, series)| (model.value(series, column, order.basis), name, series))
        .collect();
    shown.sort_by(|(a, name, _), (b, other, _)| {
        let by_value = b.partial_cmp(a).unwrap_or(Ordering::Equal).then_with(|| name.cmp(other));
        if order.is_reversed { by_value.reverse() } else { by_value }
    });
    let row = |(_, name, series): (_, &String, _)| TopRow {
        name: name.clone(),
        values: values(model, view, series, order.basis),
        history: Vec::from_iter(series.history.iter().copied()),
    };
    shown.into_iter().map(row).collect()
}

fn values(
    model: &TopModel,
    view: TopView,
    series: &super::model::Series,
    basis: Basis,
) -> Vec<Option<f64>> {
    let columns = view.columns().iter().skip(1);
    columns.map(|column| model.value(series, *column, basis)).collect()
}
