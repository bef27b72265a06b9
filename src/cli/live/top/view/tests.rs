use ratatui::Terminal;
use ratatui::backend::TestBackend;

use super::super::model::TopModel;
use super::super::sample::{Counting, RowCounts, Sample};
use super::super::user_names::UserNumbers;
use super::*;
use crate::rpc::{Activity, OutputStatus, OwnerActivity, Owners, RouteActivity};

const PLAIN: Look = Look { glyphs: Glyphs::ASCII, is_coloured: false };

fn route(seen: u64, events: u64) -> RowCounts {
    RowCounts {
        seen: Some(seen),
        events: Some(events),
        bytes: Some(300 * events),
        errors: Some(u64::from(events > 0)),
        lost: Some(0),
        calls: Some(seen),
        ns: Some(100 * seen),
    }
}

/// Returns a model of two readings within a second.
fn model() -> TopModel {
    let mut model = TopModel::default();
    for (time_ns, factor) in [(0, 0), (1_000_000_000, 1)] {
        let command = RowCounts { events: Some(120 * factor), ..RowCounts::NOTHING };
        let rows = [
            vec![
                ("execve".to_owned(), route(2 * factor, 2 * factor)),
                ("openat".to_owned(), route(5_000 * factor, 120 * factor)),
                ("openat(i386)".to_owned(), RowCounts { errors: None, ..route(0, 0) }),
            ],
            vec![],
            vec![("nginx".to_owned(), command)],
            vec![],
        ];
        model.update(Sample { counting: Counting::default(), time_ns, warning: None, rows });
    }
    model
}

fn state() -> TopState {
    TopState::new(TopView::Routes, TopColumn::Events)
}

fn drawn(width: u16, height: u16, screen: &TopScreen<'_>) -> TestBackend {
    let mut terminal = Terminal::new(TestBackend::new(width, height)).unwrap();
    terminal.draw(|frame| screen.draw(frame)).unwrap();
    terminal.backend().clone()
}

/// Returns the lines of the screen without spaces at their ends.
fn lines(width: u16, height: u16, state: &TopState) -> Vec<String> {
    let model = model();
    let screen = TopScreen { model: &model, state, message: None, look: PLAIN };
    let backend = drawn(width, height, &screen);
    let cells = backend.buffer().content().chunks(width.into());
    let line = |cells: &[ratatui::buffer::Cell]| {
        cells.iter().map(ratatui::buffer::Cell::symbol).collect::<String>().trim_end().to_owned()
    };
    cells.map(line).collect()
}

#[test]
fn draw_of_80_columns() {
    assert_eq!(
        lines(80, 8, &state()),
        [
            "1 routes 2 units 3 commands 4 users",
            "seen 5002/s  events 122/s  lost 0/s  bytes 35.7K/s",
            "ROUTE              SEEN/S EVENTS/Sv  BYTES/S  ERRORS/S   LOST/S  NS/CALL    CPU%",
            "openat               5000       120    35.2K         1        0      100    0.05",
            "execve                  2         2      600         1        0      100    0.00",
            "openat(i386)            0         0        0         -        0        -    0.00",
            "",
            "q quit ? help / filter s sort p pause",
        ]
    );
}

#[test]
fn draw_of_40_columns_and_10_lines() {
    let mut state = TopState { is_paused: true, ..state() };
    state.order.sort = TopColumn::Lost;
    assert_eq!(
        lines(40, 10, &state),
        [
            "1 routes 2 units 3 commands 4 users",
            "PAUSED  seen 5002/s  events 122/s  lost",
            "ROUTE          SEEN/S  EVENTS/S  LOST/Sv",
            "execve              2         2        0",
            "openat           5000       120        0",
            "openat(i386)        0         0        0",
            "",
            "",
            "",
            "q quit ? help / filter s sort p pause",
        ]
    );
}

#[test]
fn draw_of_owners_with_sparkline_and_totals() {
    let mut state = TopState { view: TopView::Commands, ..state() };
    state.order.basis = Basis::Total;
    let lines = lines(100, 6, &state);
    let head = "COMMAND";
    assert!(lines[2].starts_with(head) && lines[2].ends_with("LAST READINGS"), "{lines:?}");
    let words: Vec<_> = lines[3].split_whitespace().collect();
    assert_eq!(words, ["nginx", "120", "0", "0", "0", "@"]);
    assert!(lines[1].starts_with("seen 5002  events 122  lost 0"), "{lines:?}");
}

#[test]
fn draw_of_filter_shows_matching_names() {
    let mut state = state();
    state.order.filter = "OPEN".to_owned();
    state.mode = KeyMode::Filter;
    let lines = lines(80, 8, &state);
    let names: Vec<_> =
        lines[3..6].iter().map(|line| line.split(' ').next().unwrap_or_default()).collect();
    assert_eq!(names, ["openat", "openat(i386)", ""]);
    assert_eq!(lines[7], "/OPEN_");
}

#[test]
fn draw_of_help_has_each_key() {
    let state = TopState { mode: KeyMode::Help, ..state() };
    let lines = lines(60, 14, &state);
    assert!(HELP.iter().all(|(keys, _)| lines.iter().any(|line| line.starts_with(keys))));
}

#[test]
fn draw_of_any_size_is_no_fault() {
    for (width, height) in [(0, 0), (1, 1), (5, 3), (12, 4), (21, 5), (300, 2), (3, 100)] {
        for view in TopView::ALL {
            lines(width.max(1), height.max(1), &TopState { view, selected: 7, ..state() });
        }
    }
}

#[test]
fn draw_without_colour_has_no_colour() {
    let model = model();
    let state = TopState { is_paused: true, ..state() };
    let look = |is_coloured| Look { is_coloured, ..PLAIN };
    let colours = |is_coloured| {
        let message = Some("no daemon");
        let screen = TopScreen { model: &model, state: &state, message, look: look(is_coloured) };
        let backend = drawn(80, 8, &screen);
        backend.buffer().content().iter().filter(|cell| cell.fg != Color::Reset).count()
    };
    assert_eq!(colours(false), 0);
    assert!(colours(true) > 0);
}

/// ratatui does not drop what steers the terminal; the daemon escapes names, and so does the client.
#[test]
fn draw_has_no_control_characters() {
    let name = "\u{1b}[2Jx\u{7}\u{202e}\u{9b}";
    let owner = OwnerActivity { name: name.to_owned(), ..OwnerActivity::default() };
    let owners = || Owners { rows: vec![owner.clone()], ..Owners::default() };
    let reply = Activity {
        routes: vec![RouteActivity { syscall: name.to_owned(), ..RouteActivity::default() }],
        units: owners(),
        commands: owners(),
        users: owners(),
        output: OutputStatus { name: name.to_owned(), state: name.to_owned() },
        ..Activity::default()
    };
    let mut model = TopModel::default();
    model.update(Sample::of(&reply, &UserNumbers::default()));
    for view in TopView::ALL {
        let state = TopState { view, ..state() };
        let screen = TopScreen { model: &model, state: &state, message: None, look: PLAIN };
        let backend = drawn(100, 8, &screen);
        let symbols: String =
            backend.buffer().content().iter().map(ratatui::buffer::Cell::symbol).collect();
        let is_unsafe = |c: char| c.is_control() || c == '\u{202e}';
        assert!(symbols.contains("[2Jx") && !symbols.contains(is_unsafe), "{symbols:?}");
    }
}
