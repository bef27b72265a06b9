//! Keys in, changes of the state out. Pure.

use ratatui::crossterm::event::{KeyCode, KeyEvent, KeyModifiers};

use super::model::Basis;
use super::state::{KeyMode, TopState};

/// Rows of a page.
const PAGE: usize = 10;

/// Characters of a filter at most: no name is longer.
const FILTER_MAX: usize = 256;

/// Keys and what they do, for the help.
pub const HELP: [(&str, &str); 11] = [
    ("1-4, Tab", "routes, units, commands, users"),
    ("s, < >", "sort by the next column, by one to the left or right"),
    ("r", "reverse the order"),
    ("/", "filter by a part of the name; Esc clears it"),
    ("t", "counts since the start of top, or rates"),
    ("p, Space", "pause, or go on"),
    ("j k, arrows", "select a row"),
    ("g G", "first row, last row"),
    ("Ctrl-Z", "suspend"),
    ("?", "this help"),
    ("q", "quit"),
];

/// Consequence of a key.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum KeyAction {
    /// The screen is drawn anew.
    Draw,
    /// The program ends.
    Quit,
    /// The program stops, as by the terminal's key for that.
    Suspend,
}

/// Applies a key to the state, whose view has that many rows.
pub fn press(state: &mut TopState, key: KeyEvent, rows: usize) -> KeyAction {
    if key.modifiers.contains(KeyModifiers::CONTROL) {
        match key.code {
            KeyCode::Char('c') => return KeyAction::Quit,
            KeyCode::Char('z') => return KeyAction::Suspend,
            _ => return KeyAction::Draw,
        }
    }
    match state.mode {
        KeyMode::Help => state.mode = KeyMode::Commands,
        KeyMode::Filter => edit(state, key.code),
        KeyMode::Commands if key.code == KeyCode::Char('q') => return KeyAction::Quit,
        KeyMode::Commands => command(state, key.code, rows),
    }
    KeyAction::Draw
}

fn edit(state: &mut TopState, key: KeyCode) {
    let filter = &mut state.order.filter;
    match key {
        KeyCode::Char(c) if !c.is_control() && filter.len() < FILTER_MAX => filter.push(c),
        KeyCode::Backspace => {
            filter.pop();
        }
        KeyCode::Esc => {
            filter.clear();
            state.mode = KeyMode::Commands;
        }
        KeyCode::Enter => state.mode = KeyMode::Commands,
        _ => {}
    }
    state.selected = 0;
}

fn command(state: &mut TopState, key: KeyCode, rows: usize) {
    let last = rows.saturating_sub(1);
    let selected = state.selected.min(last);
    match key {
        KeyCode::Char(digit @ '1'..='4') => {
            let views = super::column::TopView::ALL.into_iter().zip('1'..);
            views.filter(|(_, key)| *key == digit).for_each(|(view, _)| state.show(view));
        }
        KeyCode::Tab => state.show(state.view.next()),
        KeyCode::BackTab => (0..3).for_each(|_| state.show(state.view.next())),
        KeyCode::Char('s' | '>') | KeyCode::Right => state.sort_by_neighbour(1),
        KeyCode::Char('<') | KeyCode::Left => {
            state.sort_by_neighbour(state.view.columns().len() - 1);
        }
        KeyCode::Char('r') => state.order.is_reversed = !state.order.is_reversed,
        KeyCode::Char('/') => state.mode = KeyMode::Filter,
        KeyCode::Esc => state.order.filter.clear(),
        KeyCode::Char('?' | 'h') => state.mode = KeyMode::Help,
        KeyCode::Char('p' | ' ') => state.is_paused = !state.is_paused,
        KeyCode::Char('t') => {
            state.order.basis = match state.order.basis {
                Basis::Rate => Basis::Total,
                Basis::Total => Basis::Rate,
            };
        }
        KeyCode::Char('j') | KeyCode::Down => state.selected = (selected + 1).min(last),
        KeyCode::Char('k') | KeyCode::Up => state.selected = selected.saturating_sub(1),
        KeyCode::PageDown => state.selected = (selected + PAGE).min(last),
        KeyCode::PageUp => state.selected = selected.saturating_sub(PAGE),
        KeyCode::Char('g') | KeyCode::Home => state.selected = 0,
        KeyCode::Char('G') | KeyCode::End => state.selected = last,
        _ => {}
    }
}

#[cfg(test)]
mod tests;
