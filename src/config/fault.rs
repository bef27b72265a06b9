//! What is wrong with the configuration, where, and what might be meant.

use std::fmt;
use std::path::{Path, PathBuf};

use anstyle::{AnsiColor, Style};

use super::snippet::Snippet;
use super::source::Place;
use super::text::{printable, quoted};

/// One thing that is wrong. Printed as `path:line:column: what`, then the line and a caret.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct Fault {
    /// Position of the file in the order of reading, so that faults sort by file and place.
    rank: usize,
    /// Where; `None` if the whole file is meant.
    pub place: Option<Place>,
    /// The file.
    pub path: PathBuf,
    /// What is wrong, printable, on one line.
    pub message: String,
    /// What was probably meant.
    pub suggestion: Option<String>,
    snippet: Option<Snippet>,
}

/// What is wrong, before it is known where.
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
        Self { rank, place: None, path: path.to_owned(), message, suggestion, snippet: None }
    }

    pub(super) fn at(self, place: Place, snippet: Snippet) -> Self {
        Self { place: Some(place), snippet: Some(snippet), ..self }
    }

    /// A fault of the configuration as a whole, told of its main file.
    pub(crate) fn whole(path: &Path, message: &str) -> Self {
        Self::new(path, 0, message.into())
    }

    /// Everything but the source line: one line, for `STATUS=` and `MESSAGE=`.
    pub fn line(&self) -> String {
        format!("{}{}", self.location(), self.sentence())
    }

    /// The printed form in colours.
    pub fn paint(&self, palette: Palette) -> impl fmt::Display {
        Painted { fault: self, palette }
    }

    fn location(&self) -> String {
        let path = printable(&self.path.to_string_lossy());
        match self.place {
            Some(Place { line, column }) => format!("{path}:{line}:{column}: "),
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
        let (Some(Place { line, .. }), Some(snippet)) = (self.place, &self.snippet) else {
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
    /// Adds what was probably meant.
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
    /// For a terminal.
    pub fn colours() -> Self {
        Self {
            place: Style::new().bold(),
            message: AnsiColor::Red.on_default().bold(),
            gutter: AnsiColor::Blue.on_default(),
            caret: AnsiColor::Red.on_default().bold(),
        }
    }
}
