//! The daemon's own diagnostics, to standard error. What an administrator must know is a record,
//! not a line here.

use std::fmt;
use std::io;
use std::os::fd::AsFd;

use nix::sys::stat::fstat;
use tracing::level_filters::LevelFilter;
use tracing::{Event, Level, Subscriber};
use tracing_subscriber::fmt::FmtContext;
use tracing_subscriber::fmt::format::{FormatEvent, FormatFields, Writer};
use tracing_subscriber::registry::LookupSpan;

/// Starts to log: warnings, or everything.
pub fn init(verbose: bool) {
    let level = if verbose { LevelFilter::DEBUG } else { LevelFilter::WARN };
    let journal = is_journal(io::stderr());
    let lines = tracing_subscriber::fmt().with_max_level(level).with_writer(io::stderr);
    lines.event_format(Line { journal }).init();
}

/// Returns whether systemd connected the stream to the journal. It then passes device and inode of the
/// socket (systemd.exec(5), `$JOURNAL_STREAM`).
pub fn is_journal(stream: impl AsFd) -> bool {
    let Ok(journal) = std::env::var("JOURNAL_STREAM") else { return false };
    fstat(stream).is_ok_and(|stream| journal == format!("{}:{}", stream.st_dev, stream.st_ino))
}

/// Format of one line per event. Lines for the journal begin with the syslog level, which it removes again
/// (sd-daemon(3)).
struct Line {
    journal: bool,
}

impl<S, N> FormatEvent<S, N> for Line
where
    S: Subscriber + for<'a> LookupSpan<'a>,
    N: for<'a> FormatFields<'a> + 'static,
{
    fn format_event(
        &self,
        context: &FmtContext<'_, S, N>,
        mut writer: Writer<'_>,
        event: &Event<'_>,
    ) -> fmt::Result {
        let level = *event.metadata().level();
        if self.journal {
            write!(writer, "<{}>", syslog_level(level))?;
        }
        write!(writer, "tailcalld: ")?;
        context.format_fields(writer.by_ref(), event)?;
        writeln!(writer)
    }
}

fn syslog_level(level: Level) -> u8 {
    match level {
        Level::ERROR => 3,
        Level::WARN => 4,
        Level::INFO => 6,
        Level::DEBUG | Level::TRACE => 7,
    }
}
