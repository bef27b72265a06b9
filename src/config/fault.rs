//! Faults of a configuration: the message, its position, and what was probably meant.

use std::fmt;
use std::path::{Path, PathBuf};

use anstyle::{AnsiColor, Style};

use super::position::Position;
use super::snippet::Snippet;
use super::source::Mark;
use super::text::{printable, quoted};

/// One fault of a configuration, printed as `path:line:column: message`, then the line and a caret.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct Fault {
    /// Position of the file in the order of reading, so that faults sort by file and position.
    rank: usize,
    /// Line and column; `None` if the whole file is meant.
    pub position: Option<Position>,
    /// The file.
    pub path: PathBuf,
    /// Printable message on one line.
    pub message: String,
    /// Word that was probably meant.
    pub suggestion: Option<String>,
    snippet: Option<Snippet>,
}

/// A fault whose position is not known yet.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Problem {
    message: String,
    suggestion: Option<String>,
}

/// Colours of a printed fault.
#[derive(Debug, Clone, Copy, Default)]
pub struct Palette {
    place: Style,
    message: Style,
    gutter: Style,
    caret: Style,
}

impl Fault {
    pub(super) fn new(path: &Path, rank: usize, problem: Problem) -> Self {
        let Problem { message, suggestion } = problem;
        Self { rank, position: None, path: path.to_owned(), message, suggestion, snippet: None }
    }

    /// A fault at a mark.
    pub fn at(mark: &Mark, problem: impl Into<Problem>) -> Self {
        let (position, snippet) = mark.shown();
        let fault = Self::new(mark.path(), mark.rank(), problem.into());
        Self { position: Some(position), snippet: Some(snippet), ..fault }
    }

    /// A fault of the configuration as a whole, attributed to its main file.
    pub(crate) fn whole(path: &Path, message: &str) -> Self {
        Self::new(path, 0, message.into())
    }

    /// Returns the fault of a file as one of the command line: of the line with that number in what `name` stands for.
    pub fn on_command_line(&self, name: &str, line: usize) -> Self {
        let position = self.position.map(|position| Position { line, ..position });
        Self { path: name.into(), position, ..self.clone() }
    }

    /// Returns everything but the source line: one line, for `STATUS=` and `MESSAGE=`.
    pub fn line(&self) -> String {
        format!("{}{}", self.location(), self.sentence())
    }

    /// Returns the printed form in colours.
    pub fn paint(&self, palette: Palette) -> impl fmt::Display {
        Painted { fault: self, palette }
    }

    fn location(&self) -> String {
        let path = printable(&self.path.to_string_lossy());
        match self.position {
            Some(Position { line, column }) => format!("{path}:{line}:{column}: "),
            None => format!("{path}: "),
        }
    }

    fn sentence(&self) -> String {
        match &self.suggestion {
            Some(meant) => format!("{} (did you mean {}?)", self.message, quoted(meant)),
            None => self.message.clone(),
        }
    }

    fn print(&self, f: &mut fmt::Formatter<'_>, palette: Palette) -> fmt::Result {
        let Palette { place, message, gutter, caret } = palette;
        write!(f, "{place}{}{place:#}{message}{}{message:#}", self.location(), self.sentence())?;
        let (Some(Position { line, .. }), Some(snippet)) = (self.position, &self.snippet) else {
            return Ok(());
        };
        let number = line.to_string();
        let blank = " ".repeat(number.len());
        let indent = " ".repeat(snippet.indent);
        let carets = "^".repeat(snippet.carets);
        write!(f, "\n{gutter}{blank} |{gutter:#}")?;
        write!(f, "\n{gutter}{number} |{gutter:#} {}", snippet.text)?;
        write!(f, "\n{gutter}{blank} |{gutter:#} {indent}{caret}{carets}{caret:#}")
    }
}

struct Painted<'a> {
    fault: &'a Fault,
    palette: Palette,
}

impl fmt::Display for Painted<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.fault.print(f, self.palette)
    }
}

impl fmt::Display for Fault {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.print(f, Palette::default())
    }
}

impl Problem {
    /// Adds the word that was probably meant.
    pub(super) fn meant(self, suggestion: Option<String>) -> Self {
        Self { suggestion, ..self }
    }
}

impl<T: Into<String>> From<T> for Problem {
    fn from(message: T) -> Self {
        Self { message: message.into(), suggestion: None }
    }
}

impl Palette {
    /// Returns the colours for a terminal.
    pub fn colours() -> Self {
        Self {
            place: Style::new().bold(),
            message: AnsiColor::Red.on_default().bold(),
            gutter: AnsiColor::Blue.on_default(),
            caret: AnsiColor::Red.on_default().bold(),
        }
    }
}
