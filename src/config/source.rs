//! The text of one file, and places in it.

use std::ops::Range;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use super::fault::{Fault, Problem};
use super::snippet;

/// One file as it was read.
#[derive(Debug)]
pub(super) struct Source {
    pub path: PathBuf,
    /// Position in the order of reading; a later file overrides an earlier one.
    pub rank: usize,
    pub text: String,
    /// Byte offset of each line's beginning.
    lines: Vec<usize>,
}

/// Line and column, both from 1; the column counts characters.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub struct Place {
    /// Line, from 1.
    pub line: usize,
    /// Character within the line, from 1.
    pub column: usize,
}

/// A piece of a file.
#[derive(Debug, Clone)]
pub struct Mark {
    source: Arc<Source>,
    span: Range<usize>,
}

impl Source {
    pub fn new(path: &Path, rank: usize, text: String) -> Self {
        let ends = text.bytes().enumerate().filter(|&(_, byte)| byte == b'\n');
        let lines = std::iter::once(0).chain(ends.map(|(at, _)| at + 1)).collect();
        Self { path: path.to_owned(), rank, text, lines }
    }

    /// Line of a byte offset, from 1. The empty line after the last newline is no line of the file.
    pub fn line_at(&self, offset: usize) -> usize {
        let after_last = self.lines.last().is_some_and(|&last| last == self.text.len());
        let lines = self.lines.len() - usize::from(after_last && self.lines.len() > 1);
        self.lines.partition_point(|&start| start <= offset).clamp(1, lines)
    }

    /// Byte range of a line without its terminator.
    fn line_span(&self, line: usize) -> Range<usize> {
        let start = self.lines.get(line - 1).copied().unwrap_or(self.text.len());
        let end = self.lines.get(line).copied().unwrap_or(self.text.len());
        let text = self.text.get(start..end).unwrap_or_default();
        let text = text.strip_suffix('\n').unwrap_or(text);
        start..start + text.strip_suffix('\r').unwrap_or(text).len()
    }
}

impl Mark {
    pub(super) fn new(source: &Arc<Source>, span: Range<usize>) -> Self {
        Self { source: Arc::clone(source), span }
    }

    /// The file.
    pub fn path(&self) -> &Path {
        &self.source.path
    }

    pub(super) fn span(&self) -> Range<usize> {
        self.span.clone()
    }

    /// Byte offset of its beginning.
    pub fn start(&self) -> usize {
        self.span.start
    }

    /// The line, from 1.
    pub fn line(&self) -> usize {
        self.source.line_at(self.span.start)
    }

    /// Position of the file in the order of reading.
    pub fn rank(&self) -> usize {
        self.source.rank
    }

    /// Reports a problem here.
    pub fn fault(&self, problem: impl Into<Problem>) -> Fault {
        let (source, line) = (&*self.source, self.line());
        let within = source.line_span(line);
        let start = self.span.start.clamp(within.start, within.end);
        let end = self.span.end.clamp(start, within.end);
        let before = source.text.get(within.start..start).unwrap_or_default().chars().count();
        let text = source.text.get(within.clone()).unwrap_or_default();
        let span = start - within.start..end - within.start;
        Fault::new(&source.path, source.rank, problem.into())
            .at(Place { line, column: before + 1 }, snippet::cut(text, &span))
    }
}
