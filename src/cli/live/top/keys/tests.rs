use super::super::column::{TopColumn, TopView};
use super::*;

fn state() -> TopState {
    TopState::new(TopView::Routes, TopColumn::Events)
}

/// Presses keys that change the state, in a view of five rows.
fn pressed(state: &mut TopState, keys: &str) {
    for c in keys.chars() {
        let code = match c {
            '\n' => KeyCode::Enter,
            '\u{1b}' => KeyCode::Esc,
            '\u{8}' => KeyCode::Backspace,
            '\t' => KeyCode::Tab,
            c => KeyCode::Char(c),
        };
        assert_eq!(press(state, code.into(), 5), KeyAction::Draw);
    }
}

#[test]
fn press_of_digit_or_tab_shows_view() {
    let mut state = state();
    for (keys, view) in [
        ("3", TopView::Commands),
        ("\t", TopView::Users),
        ("\t", TopView::Routes),
        ("2", TopView::Units),
        ("9", TopView::Units),
    ] {
        pressed(&mut state, keys);
        assert_eq!(state.view, view, "{keys}");
    }
    press(&mut state, KeyCode::BackTab.into(), 5);
    assert_eq!(state.view, TopView::Routes);
}

#[test]
fn press_of_s_and_arrows_sorts_by_neighbour() {
    let mut state = state();
    for (keys, column) in [
        ("s", TopColumn::Bytes),
        ("<<<", TopColumn::Name),
        ("<", TopColumn::Cpu),
        (">", TopColumn::Name),
    ] {
        pressed(&mut state, keys);
        assert_eq!(state.order.column(state.view), column, "{keys}");
    }
    pressed(&mut state, "<");
    // A view without that column begins at another.
    pressed(&mut state, "3");
    assert_eq!(state.order.column(state.view), TopColumn::Events);
    pressed(&mut state, "s");
    assert_eq!(state.order.sort, TopColumn::Bytes);
}

#[test]
fn press_of_slash_edits_filter_until_enter_or_escape() {
    let mut state = state();
    pressed(&mut state, "/opq\u{8}\n");
    assert_eq!((state.order.filter.as_str(), state.mode), ("op", KeyMode::Commands));
    pressed(&mut state, "/e");
    assert_eq!((state.order.filter.as_str(), state.mode), ("ope", KeyMode::Filter));
    pressed(&mut state, "\u{1b}");
    assert_eq!((state.order.filter.as_str(), state.mode), ("", KeyMode::Commands));
    pressed(&mut state, "/x\n\u{1b}");
    assert_eq!(state.order.filter, "");
}

#[test]
fn press_toggles_order_pause_and_basis() {
    let mut state = state();
    pressed(&mut state, "rpt");
    let toggled = (state.order.is_reversed, state.is_paused, state.order.basis);
    assert_eq!(toggled, (true, true, Basis::Total));
    pressed(&mut state, "r t");
    let toggled = (state.order.is_reversed, state.is_paused, state.order.basis);
    assert_eq!(toggled, (false, false, Basis::Rate));
}

#[test]
fn press_moves_selection_within_rows() {
    let mut state = state();
    for (keys, selected) in [("jj", 2), ("G", 4), ("j", 4), ("k", 3), ("g", 0), ("k", 0)] {
        pressed(&mut state, keys);
        assert_eq!(state.selected, selected, "{keys}");
    }
    press(&mut state, KeyCode::PageDown.into(), 5);
    assert_eq!(state.selected, 4);
    press(&mut state, KeyCode::PageUp.into(), 0);
    assert_eq!(state.selected, 0);
}

#[test]
fn press_quits_suspends_and_leaves_help() {
    let mut state = state();
    let control = |c| KeyEvent::new(KeyCode::Char(c), KeyModifiers::CONTROL);
    pressed(&mut state, "?");
    assert_eq!(state.mode, KeyMode::Help);
    pressed(&mut state, "q");
    assert_eq!(state.mode, KeyMode::Commands);
    assert_eq!(press(&mut state, KeyCode::Char('q').into(), 5), KeyAction::Quit);
    pressed(&mut state, "/q");
    assert_eq!(press(&mut state, control('c'), 5), KeyAction::Quit);
    assert_eq!(press(&mut state, control('z'), 5), KeyAction::Suspend);
}
