//! Markdown report of the sections, on the terminal and, for a whole run, in
//! `docs/benchmarks.md`.

use std::fmt::{self, Write as _};
use std::fs;
use std::path::Path;

use anyhow::{Context as _, Result, bail};

use crate::statistics::Series;

/// Result of a section.
pub struct Part {
    pub title: &'static str,
    /// Explanation of the figures and of the method.
    pub meaning: String,
    pub tables: Vec<Table>,
    pub claims: Vec<Claim>,
}

/// Text in rows. The first column is left-aligned, the others hold figures.
pub struct Table {
    pub columns: Vec<&'static str>,
    pub rows: Vec<Vec<String>>,
}

/// A figure of the design beside the measured one.
pub struct Claim {
    what: &'static str,
    to_hold: String,
    measured: String,
    is_met: bool,
    /// For the case that it does not hold.
    why: &'static str,
    /// A run without it is not published.
    is_required: bool,
}

impl Claim {
    /// Reason why the target is not met; printed only then.
    pub fn otherwise(self, why: &'static str) -> Self {
        Self { why, ..self }
    }

    /// Condition of a publication; what to do where it is not met.
    pub fn required(self, why: &'static str) -> Self {
        Self { why, is_required: true, ..self }
    }

    /// Holds where the median is at most `limit`.
    pub fn at_most(what: &'static str, limit: f64, unit: &str, series: &Series) -> Self {
        Self::new(what, ("at most", limit), unit, series, series.median() <= limit)
    }

    /// Holds where the median is at least `limit`.
    pub fn at_least(what: &'static str, limit: f64, unit: &str, series: &Series) -> Self {
        Self::new(what, ("at least", limit), unit, series, series.median() >= limit)
    }

    fn new(
        what: &'static str,
        (word, limit): (&str, f64),
        unit: &str,
        series: &Series,
        is_met: bool,
    ) -> Self {
        let decimals = if limit >= 100.0 { 0 } else { 2 };
        let limit = crate::statistics::grouped(limit, if limit.fract() == 0.0 { 0 } else { 2 });
        let to_hold = format!("{word} {limit} {unit}").trim_end().to_owned();
        let measured = format!("{} {unit}", series.show(decimals));
        Self { what, to_hold, measured, is_met, why: "", is_required: false }
    }
}

impl Table {
    pub fn new(columns: &[&'static str]) -> Self {
        Self { columns: columns.to_vec(), rows: Vec::new() }
    }

    pub fn row(&mut self, cells: impl IntoIterator<Item = String>) {
        self.rows.push(cells.into_iter().collect());
    }

    /// A peer that is not here, or does not work on this kernel.
    pub fn absent(&mut self, name: &str, reason: &str) {
        let reason = reason.trim().replace('|', "/").replace('\n', "; ");
        let mut cells = vec![name.to_owned(), format!("absent: {reason}")];
        cells.resize(self.columns.len(), String::new());
        self.rows.push(cells);
    }
}

impl fmt::Display for Table {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        writeln!(f, "| {} |", self.columns.join(" | "))?;
        let rest = self.columns.len().saturating_sub(1);
        writeln!(f, "| --- |{}", " ---: |".repeat(rest))?;
        self.rows.iter().try_for_each(|row| writeln!(f, "| {} |", row.join(" | ")))
    }
}

impl fmt::Display for Part {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        writeln!(f, "### {}\n\n{}", self.title, self.meaning.trim())?;
        self.tables.iter().try_for_each(|table| write!(f, "\n{table}"))
    }
}

/// On the terminal, and into the documentation if nothing was left out. There the run takes the place of that of the
/// same maker's CPUs.
pub fn publish(maker: &str, machine: &Table, parts: &[Part], is_whole: bool) -> Result<()> {
    let text = text(maker, machine, parts)?;
    if is_whole {
        return write_page(maker, &text, parts);
    }
    print!("{text}");
    Ok(())
}

/// Fails if a section shows that the machine is not fit to measure on.
pub fn refuse(part: &Part) -> Result<()> {
    match part.claims.iter().find(|claim| claim.is_required && !claim.is_met) {
        Some(claim) => bail!("not published: {}: {}. {}", claim.what, claim.measured, claim.why),
        None => Ok(()),
    }
}

fn write_page(maker: &str, run: &str, parts: &[Part]) -> Result<()> {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("docs/benchmarks.md");
    let failed = |what| format!("failed to {what} {}", path.display());
    let old = fs::read_to_string(&path).with_context(|| failed("read"))?;
    fs::write(&path, page(&old, maker, run)).with_context(|| failed("write"))?;
    println!("{}\nwritten to {}", targets(parts), path.display());
    Ok(())
}

/// Returns the page with a run in front of those of other makers.
fn page(old: &str, maker: &str, run: &str) -> String {
    let title = title(maker);
    let others = old.split(RUN).skip(1).map(|rest| format!("{RUN}{rest}"));
    let others = others.filter(|other| !other.starts_with(&title));
    format!("{HEAD}\n{MANY_CPUS}\n{run}")
        + &others.map(|other| format!("\n{}\n", other.trim())).collect::<String>()
}

const HEAD: &str = "\
# Benchmarks

`make bench` measures all of this in one run and writes it to this page, which has the last run for each maker
of CPUs. Compare ratios, not nanoseconds, which
depend on the machine. Figures are medians over the rounds, with minimum and maximum in parentheses. Rounds
are interleaved: within a round each contender is measured in turn, so that a machine that slows down slows
down all of them. \"Added\" means: minus the same calls with nothing attached, measured before and after.
Measurements with auditing on come last and are not interleaved. A run in which the same calls with nothing attached
differ by more than a tenth of the cost of an empty program is not published.
";

/// Model of machines that no run is of.
const MANY_CPUS: &str = include_str!("many_cpus.md");

/// Begin of a run.
const RUN: &str = "## Run on ";

fn title(maker: &str) -> String {
    format!("{RUN}{maker}\n")
}

fn text(maker: &str, machine: &Table, parts: &[Part]) -> Result<String> {
    let mut text = format!("{}\n{machine}\n### Targets\n\n{}", title(maker), targets(parts));
    let claims = parts.iter().flat_map(|part| &part.claims);
    for claim in claims.filter(|claim| !claim.is_met && !claim.why.is_empty()) {
        write!(text, "\nNot met: {}. {}\n", claim.what, claim.why)?;
    }
    for part in parts {
        write!(text, "\n{part}")?;
    }
    Ok(text)
}

fn targets(parts: &[Part]) -> Table {
    let mut table = Table::new(&["what", "target", "measured", "met"]);
    for claim in parts.iter().flat_map(|part| &part.claims) {
        let is_met = if claim.is_met { "yes" } else { "**no**" };
        let cells = [claim.what, &claim.to_hold, &claim.measured, is_met];
        table.row(cells.map(str::to_owned));
    }
    table
}
