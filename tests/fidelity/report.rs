//! Tables of docs/fidelity.md, made from the counts of a run.

use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::fs;
use std::path::Path;

use crate::causes::Cause;
use crate::compare::{Comparison, Counts};

/// Place of a report in the document, what it counts, and how much of that must be equal.
#[derive(Debug, Clone, Copy)]
pub struct Place {
    begin: &'static str,
    end: &'static str,
    unit: &'static str,
    /// Percentage.
    pub least: f64,
}

pub const CALLS: Place = Place {
    begin: "<!-- figures: written by tests/fidelity -->\n",
    end: "<!-- end of figures -->\n",
    unit: "arguments",
    least: 99.8,
};
pub const NAMES: Place = Place {
    begin: "<!-- figures of names: written by tests/fidelity -->\n",
    end: "<!-- end of figures of names -->\n",
    unit: "descriptors",
    least: 99.0,
};

/// Returns the table of programs, and every cause with an example.
pub fn report(
    place: Place,
    rows: &BTreeMap<&str, Counts>,
    all: &Comparison<'_>,
    causes: &[Cause],
) -> String {
    let mut out = format!(
        "| program | calls | {} | equal | differ |\n| --- | --- | --- | --- | --- |\n",
        place.unit
    );
    for (name, counts) in rows {
        row(name, counts, &mut out);
    }
    row("all", &all.counts, &mut out);
    out.push_str(
        "\n| cause | count | tailcalld | strace | reason |\n| --- | --- | --- | --- | --- |\n",
    );
    for (at, cause) in causes.iter().enumerate() {
        let Some((ours, theirs)) = &all.examples[at] else { continue };
        let (times, ours, theirs) = (all.counts.differ[at], code(ours), code(theirs));
        let _ = writeln!(out, "| {} | {times} | {ours} | {theirs} | {} |", cause.name, cause.why);
    }
    out
}

fn row(name: &str, counts: &Counts, out: &mut String) {
    let (args, differ) = (counts.args, counts.args - counts.equal);
    let equal = 100.0 * counts.equal as f64 / args as f64;
    let _ = writeln!(out, "| {name} | {} | {args} | {equal:.2} % | {differ} |", counts.calls);
}

/// Short enough for a table, and with nothing that would end a cell.
fn code(text: &str) -> String {
    let short: String = text.chars().take(160).collect();
    let rest = if short.len() < text.len() { "…" } else { "" };
    format!("`{}{rest}`", short.replace('|', "\\|"))
}

/// Into the document, if that is asked for.
pub fn write(place: Place, report: &str) {
    if std::env::var_os("TAILCALLD_WRITE_FIDELITY").is_none() {
        return;
    }
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("docs/fidelity.md");
    let text = fs::read_to_string(&path).unwrap();
    let (head, rest) = text.split_once(place.begin).expect("where the figures begin");
    // Programs are called by their path in the tree, which is that of one machine.
    let report = report.replace(env!("CARGO_MANIFEST_DIR"), "/src/tailcalld");
    let (_, tail) = rest.split_once(place.end).expect("where the figures end");
    let Place { begin, end, .. } = place;
    fs::write(path, format!("{head}{begin}\n{report}\n{end}{tail}")).unwrap();
}
