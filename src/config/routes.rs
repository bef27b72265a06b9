//! The tables `[routes]` and `[probes]`: a syscall, its number, a group or a probe on the left, its handlers on the right.

mod chain;
mod target;

use syscalls::Slot;
use toml::Spanned;
use toml::de::{DeTable, DeValue};

use super::fault::Problem;
use super::options::{Marks, Options};
use super::reader::FileReader;
use super::source::Mark;
use super::subject::{ReadKey, Subject};
use super::text::quoted;
use crate::handlers::{HandlerObject, Handlers};
use crate::probes;

/// Takes syscalls out of the table. It is no handler, so no handler may have this name.
pub const NONE: &str = "none";

/// One line of `[routes]` or `[probes]`.
#[derive(Debug, Clone)]
pub struct Entry {
    /// The left side as it was written: `openat`, `226`, `@mount`.
    pub key: String,
    /// One syscall, or a set of them.
    pub subject: Subject,
    /// Slots that the left side covers in both ABIs; `abi` may leave out some of them.
    pub slots: Vec<Slot>,
    /// Alternatives, of which the first whose filter a call passes handles it. None takes the slots out of the table.
    pub targets: Vec<Target>,
    /// Mark of the left side.
    pub mark: Mark,
}

/// One of the alternatives on the right side of an entry.
#[derive(Debug, Clone)]
pub struct Target {
    /// Number of the first handler; `None`: these calls are not recorded.
    pub handler: Option<u16>,
    /// Handlers in objects of their own that follow it.
    pub chain: Vec<HandlerObject>,
    /// Options that the entry itself sets.
    pub options: Options,
    /// Marks of these options.
    pub marks: Marks,
    /// Mark of the alternative: that of the entry if it is the only one.
    pub mark: Mark,
}

/// Reads the table, in the order in which its entries stand in the file.
pub(super) fn read(
    reader: &mut FileReader<'_>,
    table: &DeTable<'_>,
    read_key: ReadKey,
) -> Vec<Entry> {
    let mut rows: Vec<_> = table.iter().collect();
    rows.sort_by_key(|(key, _)| key.span().start);
    let read =
        |(key, value)| if reader.full() { None } else { entry(reader, read_key, key, value) };
    rows.into_iter().filter_map(read).collect()
}

/// Reads both sides of an entry even if one is faulty: all faults are reported.
fn entry(
    reader: &mut FileReader<'_>,
    read_key: ReadKey,
    key: &Spanned<std::borrow::Cow<'_, str>>,
    value: &Spanned<DeValue<'_>>,
) -> Option<Entry> {
    let mark = reader.mark(key.span());
    let left = read_key(key.get_ref());
    let targets = target::all(reader, key.get_ref(), &mark, value);
    match left {
        Ok((subject, slots)) => {
            let targets = targets?;
            for target in &targets {
                if let Some(problem) = misfit(reader.handlers, target, &slots) {
                    let span = if targets.len() > 1 { target.mark.span() } else { value.span() };
                    reader.refuse(span, problem);
                }
            }
            Some(Entry { key: key.get_ref().to_string(), subject, slots, targets, mark })
        }
        Err(problem) => {
            reader.refuse(key.span(), problem);
            None
        }
    }
}

/// Returns the fault of a handler that does not support these syscalls: it would read other arguments than there are.
fn misfit(handlers: &Handlers, target: &Target, slots: &[Slot]) -> Option<Problem> {
    let first = handlers.by_id(target.handler?)?;
    let all = std::iter::once(first).chain(target.chain.iter().map(|object| &object.handler));
    let mut unsupported = all.filter_map(|handler| {
        let foreign = slots.iter().find(|slot| handler.variant(**slot).is_none())?;
        Some(format!(
            "handler {} does not support {foreign}, only {}",
            quoted(&handler.name),
            handler.syscalls.join(", ")
        ))
    });
    unsupported.next().map(Problem::from).or_else(|| chain::doubled(first, target, slots))
}

fn for_whom(key: &str) -> String {
    match key.chars().next() {
        Some('@') => format!("set {}", quoted(key)),
        _ if probes::parse(key).is_some() => format!("probe {}", quoted(key)),
        _ => format!("syscall {}", quoted(key)),
    }
}
