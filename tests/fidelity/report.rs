//! Tables of docs/fidelity.md, made from the counts of a run.

use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::fs;
use std::path::Path;

use crate::causes::Cause;
use crate::compare::{Comparison, Counts};

const BEGIN: &str = "<!-- figures: written by tests/fidelity -->\n";
const END: &str = "<!-- end of figures -->\n";

/// Returns the table of programs, and every cause with an example.
pub fn report(rows: &BTreeMap<&str, Counts>, all: &Comparison<'_>, causes: &[Cause]) -> String {
    let mut out = String::from(
        "| program | calls | arguments | equal | differ |\n| --- | --- | --- | --- | --- |\n",
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
pub fn write(report: &str) {
    if std::env::var_os("TAILCALLD_WRITE_FIDELITY").is_none() {
        return;
    }
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("docs/fidelity.md");
    let text = fs::read_to_string(&path).unwrap();
    let (head, rest) = text.split_once(BEGIN).expect("where the figures begin");
    let (_, tail) = rest.split_once(END).expect("where the figures end");
    fs::write(path, format!("{head}{BEGIN}\n{report}\n{END}{tail}")).unwrap();
}
