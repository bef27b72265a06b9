//! Tables and colours of the output, for a terminal or a pipe.

use std::io::{self, ErrorKind, IsTerminal, Write};

use anstyle::Style;

/// Returns whether to colour a stream: a terminal, unless `NO_COLOR` is set or `TERM` is `dumb`.
pub(super) fn coloured(stream: &impl IsTerminal) -> bool {
    let refused = std::env::var_os("NO_COLOR").is_some_and(|value| !value.is_empty());
    let dumb = std::env::var_os("TERM").is_some_and(|value| value == "dumb");
    stream.is_terminal() && !refused && !dumb
}

/// Standard output, whose errors say so: the error of the kernel names no file.
pub(crate) struct StandardOutput(io::StdoutLock<'static>);

impl StandardOutput {
    pub fn lock() -> Self {
        Self(io::stdout().lock())
    }
}

impl Write for StandardOutput {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.0.write(bytes).map_err(|error| unwritable(&error))
    }

    fn flush(&mut self) -> io::Result<()> {
        self.0.flush().map_err(|error| unwritable(&error))
    }
}

fn unwritable(error: &io::Error) -> io::Error {
    io::Error::new(error.kind(), format!("failed to write to standard output: {error}"))
}

/// Returns standard output, buffered, and the style of a table's head.
pub(crate) fn standard_output() -> (impl Write, Style) {
    let out = StandardOutput::lock();
    let head = if coloured(&out.0) { Style::new().bold() } else { Style::new() };
    (io::BufWriter::new(out), head)
}

/// Prints rows under a head, in columns as wide as needed.
pub(super) fn table<const N: usize>(
    out: &mut impl Write,
    style: Style,
    head: [&str; N],
    rows: &[[String; N]],
) -> io::Result<()> {
    columns(out, style, &head, rows)
}

/// Writes rows under a head with any number of columns.
pub(crate) fn columns(
    out: &mut impl Write,
    style: Style,
    head: &[impl AsRef<str>],
    rows: &[impl AsRef<[String]>],
) -> io::Result<()> {
    let mut widths: Vec<usize> = head.iter().map(|name| name.as_ref().len()).collect();
    for row in rows {
        for (width, cell) in widths.iter_mut().zip(row.as_ref()) {
            *width = cell.chars().count().max(*width);
        }
    }
    writeln!(out, "{style}{}{style:#}", line(&widths, head))?;
    rows.iter().try_for_each(|row| writeln!(out, "{}", line(&widths, row.as_ref())))
}

fn line(widths: &[usize], cells: &[impl AsRef<str>]) -> String {
    let padded = widths.iter().zip(cells).map(|(&width, cell)| format!("{:width$}", cell.as_ref()));
    padded.collect::<Vec<_>>().join("  ").trim_end().to_owned()
}

/// Returns whether the error only means that the reader closed the pipe, as `head` does.
pub fn broken_pipe(error: &anyhow::Error) -> bool {
    let causes = error.chain().filter_map(|cause| cause.downcast_ref::<io::Error>());
    causes.into_iter().any(|cause| cause.kind() == ErrorKind::BrokenPipe)
}
