//! Terminal in the state that the screen needs, and back.

use std::io::{self, IsTerminal as _, Stdout, stdin, stdout};
use std::panic;

use anyhow::{Context as _, Result, bail};
use nix::sys::signal::{Signal, raise};
use ratatui::backend::CrosstermBackend;
use ratatui::crossterm::cursor::Show;
use ratatui::crossterm::execute;
use ratatui::crossterm::terminal::{
    EnterAlternateScreen, LeaveAlternateScreen, disable_raw_mode, enable_raw_mode,
};
use ratatui::{Frame, Terminal};

/// Screen of its own on the terminal, which gets its state back when this is dropped.
#[derive(Debug)]
pub struct Screen(Terminal<CrosstermBackend<Stdout>>);

/// Fails if there is no terminal to draw on and to read keys from.
///
/// # Errors
/// With what to do instead.
pub fn require() -> Result<()> {
    let what = match (stdin().is_terminal(), stdout().is_terminal()) {
        (_, false) => "standard output is not a terminal",
        (false, true) => "standard input is not a terminal",
        (true, true) if std::env::var_os("TERM").is_some_and(|term| term == "dumb") => {
            "this terminal cannot move its cursor (TERM=dumb)"
        }
        (true, true) => return Ok(()),
    };
    bail!("{what}: use `tailcalld top --once`, which prints one table")
}

impl Screen {
    /// Takes the terminal.
    ///
    /// # Errors
    /// Fails if the terminal cannot be set or written to.
    pub fn open() -> Result<Self> {
        let before = panic::take_hook();
        panic::set_hook(Box::new(move |info| {
            restore();
            before(info);
        }));
        let terminal = Terminal::new(CrosstermBackend::new(stdout()));
        let mut screen = Self(terminal.context(FAILED)?);
        screen.take()?;
        Ok(screen)
    }

    fn take(&mut self) -> Result<()> {
        enable_raw_mode().context(FAILED)?;
        execute!(stdout(), EnterAlternateScreen).context(FAILED)?;
        self.0.clear().context(FAILED)
    }

    /// Draws what has changed.
    ///
    /// # Errors
    /// Fails if the terminal cannot be written to.
    pub fn draw(&mut self, draw: impl FnOnce(&mut Frame<'_>)) -> Result<()> {
        self.0.draw(draw).map(drop).context(FAILED)
    }

    /// Gives the terminal back and stops the process until it is continued.
    ///
    /// # Errors
    /// Fails if the terminal cannot be set or written to.
    pub fn suspend(&mut self) -> Result<()> {
        restore();
        raise(Signal::SIGTSTP).map_err(io::Error::from)?;
        self.take()
    }
}

impl Drop for Screen {
    fn drop(&mut self) {
        restore();
    }
}

const FAILED: &str = "failed to set or write to the terminal";

fn restore() {
    // A terminal that has gone needs no state.
    let _ = execute!(stdout(), LeaveAlternateScreen, Show);
    let _ = disable_raw_mode();
}
