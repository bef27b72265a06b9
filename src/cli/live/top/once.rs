//! One table as text, for scripts: the counts of one interval, not rates.

use std::io::{self, Write};
use std::thread;

use anyhow::{Result, bail};

use super::TopOptions;
use super::column::{TopColumn, TopView};
use super::figures::figure;
use super::model::{Basis, TopModel};
use super::rows::{RowOrder, rows};
use super::source::ActivitySource;
use crate::cli::live::counted;
use crate::cli::print::{columns, standard_output};

/// Counts for one interval and prints a table.
///
/// # Errors
/// Fails if nobody answers, or the output cannot be written.
pub fn print_once(options: &TopOptions, source: &ActivitySource) -> Result<()> {
    let mut model = TopModel::default();
    model.update(source.sample()?);
    thread::sleep(options.interval);
    model.update(source.sample()?);
    if model.total_ns == 0 {
        bail!("the daemon has been started again meanwhile, so there is nothing to compare");
    }
    let (mut out, style) = standard_output();
    let order = RowOrder {
        sort: options.sort,
        is_reversed: false,
        filter: String::new(),
        basis: Basis::Total,
    };
    let (head, lines) = table(&model, options.view, &order);
    columns(&mut out, style, &head, &lines)?;
    end(&model, options.view, lines.len(), &mut out)?;
    Ok(out.flush()?)
}

fn end(model: &TopModel, view: TopView, rows: usize, out: &mut impl Write) -> io::Result<()> {
    if let Some(warning) = &model.warning {
        writeln!(out, "\n{warning}")?;
    }
    let seconds = model.total_ns as f64 / 1e9;
    let name = view.name().trim_end_matches('s');
    writeln!(out, "\n{}, counted for {seconds:.3} s", counted(rows as u64, name))
}

/// Returns the head of a view and its rows, with exact counts.
fn table(
    model: &TopModel,
    view: TopView,
    order: &RowOrder,
) -> (Vec<&'static str>, Vec<Vec<String>>) {
    let head = view.columns().iter().map(|column| column.head(view, false));
    let cell = |(&column, value): (&TopColumn, &Option<f64>)| match (column, value) {
        (TopColumn::Time | TopColumn::Cpu, _) | (_, None) => figure(column, *value, Basis::Total),
        (_, Some(count)) => format!("{count:.0}"),
    };
    let row = |row: super::rows::TopRow| {
        let values = view.columns().iter().skip(1).zip(&row.values).map(cell);
        [row.name.clone()].into_iter().chain(values).collect()
    };
    (head.collect(), rows(model, view, order).into_iter().map(row).collect())
}
