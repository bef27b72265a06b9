//! `tailcalld top`: routes, units, commands and users by what they do now.

mod column;
mod figures;
mod input;
mod keys;
mod layout;
mod model;
mod once;
mod rows;
mod sample;
mod source;
mod state;
mod terminal;
mod user_names;
mod view;

use std::io;
use std::time::{Duration, Instant};

use anyhow::Result;
pub use column::{TopColumn, TopView};

use self::figures::Glyphs;
use self::input::{TerminalInput, Wake};
use self::keys::{KeyAction, press};
use self::model::TopModel;
use self::source::ActivitySource;
use self::state::TopState;
use self::terminal::Screen;
use self::view::{Look, TopScreen};
use crate::cli::print::coloured;
use crate::cli::{TopOptions, exit};
use crate::config::printable;

/// Shortest and longest interval, in seconds.
const INTERVALS: std::ops::RangeInclusive<f64> = 0.1..=20.0;

/// Time for which a message is shown about something that is over.
const NOTICE: Duration = Duration::from_secs(5);

/// Exit status of a process that a signal ended, without the number of the signal.
const BY_SIGNAL: usize = 128;

/// Parses the time between two readings.
///
/// # Errors
/// With what is expected.
pub fn interval(text: &str) -> Result<Duration, String> {
    let seconds = text.parse().ok().filter(|seconds| INTERVALS.contains(seconds));
    let expected = "expected seconds from 0.1 to 20, such as 0.5";
    seconds.map(Duration::from_secs_f64).ok_or_else(|| expected.to_owned())
}

/// Shows the activity until a key ends it, or prints one table. Returns the exit code.
///
/// # Errors
/// Fails if nobody answers at first, there is no terminal, or the output cannot be written.
pub fn top(options: &TopOptions) -> Result<u8> {
    let source = ActivitySource::new(options)?;
    if options.once {
        once::print_once(options, &source)?;
        return Ok(exit::OK);
    }
    terminal::require()?;
    let mut model = TopModel::default();
    model.update(source.sample()?);
    let input = TerminalInput::register()?;
    let screen = Screen::open()?;
    Top {
        state: TopState::new(options.view, options.sort),
        paused: None,
        message: None,
        notice: Instant::now(),
        next: Instant::now() + options.interval,
        look: look(),
        interval: options.interval,
        source,
        model,
        screen,
    }
    .run(&input)
}

fn look() -> Look {
    let locale = ["LC_ALL", "LC_CTYPE", "LANG"].map(|name| std::env::var(name).ok());
    let glyphs = Glyphs::of_locale(locale.iter().map(Option::as_deref));
    Look { glyphs, is_coloured: coloured(&io::stdout()) }
}

/// A running screen.
struct Top {
    source: ActivitySource,
    interval: Duration,
    model: TopModel,
    /// Model that is shown while the screen is paused.
    paused: Option<TopModel>,
    state: TopState,
    message: Option<String>,
    /// Time until which a message is shown although the daemon replies.
    notice: Instant,
    /// Time of the next reading.
    next: Instant,
    look: Look,
    screen: Screen,
}

impl Top {
    fn run(mut self, input: &TerminalInput) -> Result<u8> {
        loop {
            self.draw()?;
            match input.wait(self.next)? {
                Wake::Time => self.read(),
                Wake::Signal(number) => return Ok(u8::try_from(BY_SIGNAL + number)?),
                Wake::Closed => return Ok(exit::OK),
                Wake::Keys(keys) => {
                    for key in keys {
                        let rows = rows::rows(self.shown(), self.state.view, &self.state.order);
                        match press(&mut self.state, key, rows.len()) {
                            KeyAction::Draw => self.pause(),
                            KeyAction::Quit => return Ok(exit::OK),
                            KeyAction::Suspend => self.screen.suspend()?,
                        }
                    }
                }
            }
        }
    }

    fn shown(&self) -> &TopModel {
        self.paused.as_ref().unwrap_or(&self.model)
    }

    fn draw(&mut self) -> Result<()> {
        let shown = TopScreen {
            model: self.paused.as_ref().unwrap_or(&self.model),
            state: &self.state,
            message: self.message.as_deref(),
            look: self.look,
        };
        self.screen.draw(|frame| shown.draw(frame))
    }

    /// Keeps what is shown, or shows what has been read meanwhile.
    fn pause(&mut self) {
        if !self.state.is_paused {
            self.paused = None;
        } else if self.paused.is_none() {
            self.paused = Some(self.model.clone());
        }
    }

    fn read(&mut self) {
        match self.source.sample_soon() {
            Ok(sample) => {
                let is_other = self.model.update(sample);
                if is_other {
                    self.message = Some("the daemon has been started again".to_owned());
                    self.notice = Instant::now() + NOTICE;
                } else if self.notice <= Instant::now() {
                    self.message = None;
                }
            }
            Err(error) => self.message = Some(printable(&format!("{error:#}"))),
        }
        self.next = (self.next + self.interval).max(Instant::now());
    }
}
