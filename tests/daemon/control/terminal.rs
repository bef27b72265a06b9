//! `top` in a real terminal: keys are pressed, the screen is read, and the terminal is as before at the end.

use std::fs;
use std::process::{Command, Stdio};
use std::thread;
use std::time::Duration;

use nix::sys::signal::Signal;

use super::activity::spawn_into_file;
use super::tmux::Tmux;
use crate::number::{Number, unused_number};
use crate::process::{Process, eventually, send, trigger, trigger_path};
use crate::rig::Setup;

const TOP: &str = concat!(env!("CARGO_BIN_EXE_tailcalld"), " top --interval 0.2");

/// A daemon with two routes, and a terminal.
struct Rig {
    numbers: [Number; 2],
    terminal: Tmux,
    daemon: Process,
    setup: Setup,
}

impl Rig {
    fn new() -> Option<Self> {
        let numbers = [(); 2].map(|()| unused_number());
        let [a, b] = &numbers;
        let config =
            format!("[routes]\n{a} = {{ handler = \"args\", result = true }}\n{b} = \"args\"\n");
        let setup = Setup::new(&config)?;
        let terminal = Tmux::open(&setup)?;
        let daemon = spawn_into_file(&setup);
        Some(Self { numbers, terminal, daemon, setup })
    }

    /// Starts `top` with totals, and waits for its first screen.
    fn start(&self) {
        self.terminal.enter(&format!("clear; {TOP}; echo ended $?"));
        self.terminal.has("1 routes 2 units 3 commands 4 users");
        self.terminal.press(&["t"]);
        self.terminal.has("EVENTS▼");
    }

    fn name(&self, route: usize) -> String {
        format!("#{}", self.numbers[route])
    }

    fn call(&self, route: usize, times: &str) -> String {
        trigger(&["times", times, "native", &self.numbers[route], "nth"])
    }

    /// Waits until the rows begin with these words, in this order.
    fn has_rows(&self, rows: &[&[&str]]) {
        self.terminal.shows(&format!("{rows:?}"), |screen| self::rows(screen) == rows);
    }

    /// Asserts that the terminal is as it was.
    fn is_restored(&self, before: &str) {
        assert!(!self.terminal.is_alternate());
        assert_eq!(self.terminal.settings("after"), before);
    }
}

/// Returns the first words of each row of the table, up to the number of events.
fn rows(screen: &str) -> Vec<Vec<&str>> {
    let table = screen.lines().skip(3).take_while(|line| !line.is_empty());
    table.map(|line| line.split_whitespace().take(3).collect()).collect()
}

#[test]
fn top_sorts_filters_pauses_and_restores_terminal() {
    let Some(rig) = Rig::new() else { return };
    let before = rig.terminal.settings("before");
    rig.start();
    assert!(rig.terminal.is_alternate());
    let (a, b) = (rig.name(0), rig.name(1));
    rig.call(0, "50");
    rig.call(1, "70");
    let (row_a, row_b) = ([a.as_str(), "50", "50"], [b.as_str(), "70", "70"]);
    rig.has_rows(&[&row_b, &row_a]);

    rig.terminal.press(&["r"]);
    rig.has_rows(&[&row_a, &row_b]);
    rig.terminal.has("EVENTS▲");
    // By name, which needs two columns to the left: the order of the two numbers.
    rig.terminal.press(&["r", "<", "<"]);
    rig.terminal.has("ROUTE▼");
    let mut by_name = [&row_a[..], &row_b];
    by_name.sort_unstable();
    rig.has_rows(&by_name);

    rig.terminal.press(&["/", &a]);
    rig.has_rows(&[&row_a]);
    rig.terminal.has(&format!("/{a}_"));
    rig.terminal.press(&["Enter"]);
    rig.terminal.has(&format!("filter: {a}"));
    rig.terminal.press(&["Escape"]);
    rig.has_rows(&by_name);

    rig.terminal.press(&["p"]);
    rig.terminal.has("PAUSED");
    rig.call(0, "5");
    // Several readings later the screen is the same.
    thread::sleep(Duration::from_millis(700));
    assert!(rows(&rig.terminal.screen()).contains(&row_a.to_vec()));
    rig.terminal.press(&["Space"]);
    rig.terminal
        .shows("the calls of the pause", |screen| rows(screen).contains(&vec![&a, "55", "55"]));

    rig.terminal.press(&["?"]);
    rig.terminal.has("sort by the next column");
    rig.terminal.press(&["x", "q"]);
    rig.terminal.has("ended 0");
    rig.is_restored(&before);
}

#[test]
fn top_fits_into_small_terminal_and_shows_names_safely() {
    let Some(rig) = Rig::new() else { return };
    rig.start();
    rig.terminal.resize("40", "10");
    let screen = rig.terminal.has("q quit ? help / filter s sort p pause");
    assert_eq!(screen.lines().count(), 10, "{screen}");
    rig.terminal.press(&["3"]);
    let mut command = Command::new(trigger_path());
    command
        .args(["times", "3", "native", &rig.numbers[0], "1"])
        .env("TRIGGER_NAME", "\x1b[2J\x07a");
    assert!(command.stdout(Stdio::null()).status().unwrap().success());
    let screen = rig.terminal.has("\"\\x1b[2J\\x07a\"");
    assert_eq!(screen.lines().next(), Some("1 routes 2 units 3 commands 4 users"));
    rig.terminal.press(&["q"]);
    rig.terminal.has("ended 0");
}

#[test]
fn top_reports_daemon_that_stops_and_another_one() {
    let Some(mut rig) = Rig::new() else { return };
    rig.start();
    rig.call(0, "50");
    let a = rig.name(0);
    rig.terminal.shows("the calls", |screen| rows(screen).contains(&vec![&a, "50", "50"]));
    rig.daemon.signal(Signal::SIGTERM);
    assert_eq!(rig.daemon.wait().code(), Some(0));
    rig.terminal.has("no daemon listens at");
    rig.daemon = spawn_into_file(&rig.setup);
    rig.terminal.has("the daemon has been started again");
    // The next daemon counts from 0: no count went back.
    rig.call(0, "20");
    rig.terminal.shows("both", |screen| rows(screen).contains(&vec![&a, "70", "70"]));
    rig.terminal.press(&["q"]);
    rig.terminal.has("ended 0");
}

#[test]
fn top_restores_terminal_at_signal() {
    let Some(rig) = Rig::new() else { return };
    let before = rig.terminal.settings("before");
    for (signal, status) in [(Signal::SIGTERM, 143), (Signal::SIGINT, 130)] {
        let shell = format!("clear; sh -c 'echo $$ > pid; exec {TOP}'; echo ended $?");
        rig.terminal.enter(&shell);
        eventually("top has the terminal", || rig.terminal.is_alternate());
        rig.terminal.has("q quit");
        let pid = fs::read_to_string(rig.terminal.path("pid")).unwrap();
        send(pid.trim().parse().unwrap(), signal);
        rig.terminal.has(&format!("ended {status}"));
        rig.is_restored(&before);
    }
}

#[test]
fn top_is_suspended_and_goes_on() {
    let Some(rig) = Rig::new() else { return };
    rig.terminal.enter(TOP);
    rig.terminal.has("q quit");
    rig.terminal.press(&["C-z"]);
    rig.terminal.has("Stopped");
    assert!(!rig.terminal.is_alternate());
    rig.terminal.enter("fg");
    rig.terminal.has("q quit");
    assert!(rig.terminal.is_alternate());
    rig.terminal.press(&["q"]);
    rig.terminal.has("ready>");
    rig.terminal.enter("echo ended $?");
    rig.terminal.has("ended 0");
}

#[test]
fn top_has_colours_unless_refused() {
    let Some(rig) = Rig::new() else { return };
    // The head of the table is cyan.
    let has_colours = || rig.terminal.styled().contains("6mROUTE");
    for (variable, is_coloured) in [("", true), ("NO_COLOR=1 ", false)] {
        rig.terminal.enter(&format!("clear; {variable}{TOP}; echo ended $?"));
        rig.terminal.has("q quit");
        assert_eq!(has_colours(), is_coloured, "{:?}", rig.terminal.styled());
        rig.terminal.press(&["q"]);
        rig.terminal.has("ended 0");
    }
}
