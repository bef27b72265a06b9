//! The text of one file, and marks in it.

use std::ops::Range;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use super::position::Position;
use super::snippet::{self, Snippet};

/// One file as it was read.
#[derive(Debug)]
pub(super) struct SourceFile {
    pub path: PathBuf,
    /// Position in the order of reading; a later file overrides an earlier one.
    pub rank: usize,
    pub text: String,
    /// Byte offset of each line's beginning.
    lines: Vec<usize>,
}

/// A range of a file, such as a key or a value.
#[derive(Debug, Clone)]
pub struct Mark {
    source: Arc<SourceFile>,
    span: Range<usize>,
}

impl SourceFile {
    pub fn new(path: &Path, rank: usize, text: String) -> Self {
        let ends = text.bytes().enumerate().filter(|&(_, byte)| byte == b'\n');
        let lines = std::iter::once(0).chain(ends.map(|(at, _)| at + 1)).collect();
        Self { path: path.to_owned(), rank, text, lines }
    }

    /// Returns the line of a byte offset, from 1. The empty line after the last newline is no line of the file.
    pub fn line_at(&self, offset: usize) -> usize {
        let after_last = self.lines.last().is_some_and(|&last| last == self.text.len());
        let lines = self.lines.len() - usize::from(after_last && self.lines.len() > 1);
        self.lines.partition_point(|&start| start <= offset).clamp(1, lines)
    }

    /// Returns the byte range of a line without its terminator.
    fn line_span(&self, line: usize) -> Range<usize> {
        let start = self.lines.get(line - 1).copied().unwrap_or(self.text.len());
        let end = self.lines.get(line).copied().unwrap_or(self.text.len());
        let text = self.text.get(start..end).unwrap_or_default();
        let text = text.strip_suffix('\n').unwrap_or(text);
        start..start + text.strip_suffix('\r').unwrap_or(text).len()
    }
}

impl Mark {
    pub(super) fn new(source: &Arc<SourceFile>, span: Range<usize>) -> Self {
        Self { source: Arc::clone(source), span }
    }

    /// Returns the file.
    pub fn path(&self) -> &Path {
        &self.source.path
    }

    pub(super) fn span(&self) -> Range<usize> {
        self.span.clone()
    }

    /// Returns the byte offset of the beginning.
    pub fn start(&self) -> usize {
        self.span.start
    }

    /// Returns the line, from 1.
    pub fn line(&self) -> usize {
        self.source.line_at(self.span.start)
    }

    /// Returns the position of the file in the order of reading.
    pub fn rank(&self) -> usize {
        self.source.rank
    }

    /// Returns the position of the mark, and the snippet that shows it.
    pub(super) fn shown(&self) -> (Position, Snippet) {
        let (source, line) = (&*self.source, self.line());
        let within = source.line_span(line);
        let start = self.span.start.clamp(within.start, within.end);
        let end = self.span.end.clamp(start, within.end);
        let before = source.text.get(within.start..start).unwrap_or_default().chars().count();
        let text = source.text.get(within.clone()).unwrap_or_default();
        let span = start - within.start..end - within.start;
        (Position { line, column: before + 1 }, snippet::cut(text, &span))
    }
}
