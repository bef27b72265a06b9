//! Screen out of model and state.

use ratatui::Frame;
use ratatui::layout::{Alignment, Constraint, Layout, Rect};
use ratatui::style::{Color, Modifier, Style};
use ratatui::text::{Line, Span};
use ratatui::widgets::{Cell, Paragraph, Row, Table, TableState};

use super::column::{TopColumn, TopView};
use super::figures::{Glyphs, figure};
use super::keys::HELP;
use super::layout::TableLayout;
use super::model::{Basis, TopModel};
use super::rows::{TopRow, rows};
use super::state::{KeyMode, TopState};

/// Appearance of the screen.
#[derive(Debug, Clone, Copy)]
pub struct Look {
    /// Characters that the terminal knows.
    pub glyphs: Glyphs,
    /// Colours may be used.
    pub is_coloured: bool,
}

/// Everything that the screen shows.
#[derive(Debug)]
pub struct TopScreen<'a> {
    /// Rates and totals.
    pub model: &'a TopModel,
    /// State of the screen.
    pub state: &'a TopState,
    /// Message that stands for the sums: the daemon does not answer, or is another one.
    pub message: Option<&'a str>,
    /// Appearance.
    pub look: Look,
}

const BOLD: Style = Style::new().add_modifier(Modifier::BOLD);
const REVERSED: Style = Style::new().add_modifier(Modifier::REVERSED);

impl TopScreen<'_> {
    /// Draws the screen.
    pub fn draw(&self, frame: &mut Frame<'_>) {
        let lines = [Constraint::Length(1), Constraint::Length(1), Constraint::Min(0)];
        let parts = lines.into_iter().chain([Constraint::Length(1)]);
        let [views, sums, table, keys] = Layout::vertical(parts).areas(frame.area());
        frame.render_widget(self.views(), views);
        frame.render_widget(self.sums(), sums);
        if self.state.mode == KeyMode::Help {
            frame.render_widget(help(), table);
        } else {
            self.draw_table(frame, table);
        }
        frame.render_widget(self.keys(), keys);
    }

    fn coloured(&self, style: Style, colour: Color) -> Style {
        if self.look.is_coloured { style.fg(colour) } else { style }
    }

    fn views(&self) -> Line<'static> {
        let mut spans = Vec::new();
        for (view, key) in TopView::ALL.into_iter().zip('1'..) {
            let style = if view == self.state.view { REVERSED } else { Style::new() };
            spans.extend([Span::styled(format!("{key} {}", view.name()), style), Span::raw(" ")]);
        }
        Line::from(spans)
    }

    /// Returns the line of sums, or what is wrong.
    fn sums(&self) -> Line<'static> {
        let wrong = self.message.or(self.model.warning.as_deref());
        if let Some(wrong) = wrong {
            return Line::styled(wrong.to_owned(), self.coloured(BOLD, Color::Red));
        }
        let basis = self.state.order.basis;
        let sum = |column| {
            let sum = self.model.sum(TopView::Routes, column, basis);
            figure(column, Some(sum), basis)
        };
        let per = if basis == Basis::Rate { "/s" } else { "" };
        let all = [
            ("seen", TopColumn::Seen),
            ("events", TopColumn::Events),
            ("lost", TopColumn::Lost),
            ("bytes", TopColumn::Bytes),
        ];
        let parts = all.map(|(name, column)| format!("{name} {}{per}", sum(column)));
        let paused = if self.state.is_paused { "PAUSED  " } else { "" };
        let paused = Span::styled(paused, self.coloured(BOLD, Color::Yellow));
        Line::from(vec![paused, Span::raw(parts.join("  "))])
    }

    fn keys(&self) -> Line<'static> {
        let filter = &self.state.order.filter;
        match self.state.mode {
            KeyMode::Filter => Line::styled(format!("/{filter}_"), BOLD),
            KeyMode::Help => Line::raw("any key: back"),
            KeyMode::Commands if filter.is_empty() => {
                Line::raw("q quit ? help / filter s sort p pause")
            }
            KeyMode::Commands => Line::raw(format!("filter: {filter}  (Esc clears it)")),
        }
    }

    fn draw_table(&self, frame: &mut Frame<'_>, area: Rect) {
        let state = self.state;
        let rows = rows(self.model, state.view, &state.order);
        let longest = rows.iter().map(|row| Span::raw(&*row.name).width()).max();
        let sort = state.order.column(state.view);
        let layout = TableLayout::new(
            area.width.into(),
            state.view.columns(),
            sort,
            longest.unwrap_or_default(),
        );
        let numbers = layout.numbers.iter().map(|column| column.width());
        let spark = (layout.sparkline > 0).then_some(layout.sparkline);
        let widths = [layout.name].into_iter().chain(numbers).chain(spark);
        let widths =
            widths.map(|width| Constraint::Length(u16::try_from(width).unwrap_or(u16::MAX)));
        let table = Table::new(rows.iter().map(|row| self.row(row, &layout)), widths)
            .header(self.head(sort, &layout))
            .row_highlight_style(REVERSED);
        let last = rows.len().saturating_sub(1);
        let mut selected = TableState::new().with_selected(state.selected.min(last));
        frame.render_stateful_widget(table, area, &mut selected);
    }

    fn head(&self, sort: TopColumn, layout: &TableLayout) -> Row<'static> {
        let (view, order) = (self.state.view, &self.state.order);
        let mark = self.look.glyphs.order[usize::from(order.is_reversed)];
        let text = |column: TopColumn| {
            let head = column.head(view, order.basis == Basis::Rate);
            if column == sort { format!("{head}{mark}") } else { head.to_owned() }
        };
        let name = Cell::from(text(TopColumn::Name));
        let numbers = layout.numbers.iter().map(|&column| right(text(column)));
        let spark = Cell::from("LAST READINGS");
        let style = self.coloured(BOLD, Color::Cyan);
        Row::new([name].into_iter().chain(numbers).chain([spark])).style(style)
    }

    fn row(&self, row: &TopRow, layout: &TableLayout) -> Row<'static> {
        let columns = self.state.view.columns().iter().skip(1).zip(&row.values);
        let shown = columns.filter(|(column, _)| layout.numbers.contains(column));
        let numbers = shown.map(|(&column, &value)| {
            let is_bad = matches!(column, TopColumn::Lost | TopColumn::Errors);
            let is_bad = is_bad && value.is_some_and(|value| value > 0.0);
            let style = if is_bad { self.coloured(Style::new(), Color::Red) } else { Style::new() };
            right(figure(column, value, self.state.order.basis)).style(style)
        });
        let spark = self.look.glyphs.sparkline(&row.history, layout.sparkline);
        let cells = [Cell::from(row.name.clone())].into_iter().chain(numbers);
        Row::new(cells.chain([Cell::from(spark)]))
    }
}

fn right(text: String) -> Cell<'static> {
    Cell::from(Line::raw(text).alignment(Alignment::Right))
}

fn help() -> Paragraph<'static> {
    Paragraph::new(Vec::from(HELP.map(|(keys, what)| Line::raw(format!("{keys:13} {what}")))))
}

#[cfg(test)]
mod tests;
