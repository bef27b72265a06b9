//! (h) What each way to attach costs, in guests whose kernels have all of them.

use std::path::Path;
use std::process::{Command, Stdio};
use std::thread::{self, ScopedJoinHandle};

use anyhow::{Context as _, Result, bail, ensure};

use crate::bench::Bench;
use crate::report::{Claim, Part, Table};
use crate::statistics::Series;

const KERNELS: [&str; 2] = ["6.12", "7"];

/// A line of `ways.rs`.
struct Line {
    contender: String,
    handler: String,
    added: f64,
}

pub fn run(bench: &Bench) -> Result<Part> {
    let (mut tables, mut claims) = (Vec::new(), Vec::new());
    bench.go_on()?;
    for (kernel, lines) in KERNELS.into_iter().zip(measured()?) {
        let column = format!("Linux {kernel}");
        tables.push(table(&column, &lines));
        let noise = series(&lines, "nothing", "unrouted").greatest();
        let functions = contenders(&lines).into_iter().filter(|name| name.starts_with("function"));
        let worst = functions
            .map(|name| series(&lines, name, "unrouted"))
            .max_by(|a, b| a.median().total_cmp(&b.median()))
            .unwrap_or_default();
        let what = if kernel == KERNELS[0] { WHAT[0] } else { WHAT[1] };
        claims.push(Claim::at_most(what, noise, "ns, the noise of the measurement", &worst));
    }
    Ok(Part { title: "(h) Attach modes", meaning: MEANING.to_owned(), tables, claims })
}

const WHAT: [&str; 2] = [
    "unrouted, attached to functions, worst of 2 to 300 routes, Linux 6.12",
    "unrouted, attached to functions, worst of 2 to 300 routes, Linux 7",
];

const MEANING: &str = "Measured in emulated guests, because the kernel of the other sections may lack \
    kprobe.multi. Nanoseconds are many times those of a real processor; only ratios are \
    meaningful. Each row: ns added to `getppid` when it is unrouted, routed to `count`, and \
    routed to `args` with its event in the ring (consumed between the measurements), each \
    also as a multiple of what raw_tp adds; and the duration of the reload that routes this \
    number of syscalls in an empty table.";

/// Boots all guests at once, because each takes minutes and has one thread: their own clocks tell the ratios.
fn measured() -> Result<Vec<Vec<Line>>> {
    thread::scope(|scope| {
        let guests = KERNELS.map(|kernel| scope.spawn(move || measured_in(kernel)));
        let join = |guest: ScopedJoinHandle<'_, _>| {
            guest.join().unwrap_or_else(|_| bail!("the thread of a guest panicked"))
        };
        guests.into_iter().map(join).collect()
    })
}

/// Boots the guest and reads what it says.
fn measured_in(kernel: &str) -> Result<Vec<Line>> {
    let script = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/matrix/bench.sh");
    let mut command = Command::new("sh");
    let output = command.arg(script).arg(kernel).stderr(Stdio::inherit()).output()?;
    ensure!(output.status.success(), "the guest with Linux {kernel} failed");
    let text = String::from_utf8_lossy(&output.stdout);
    let lines: Option<Vec<Line>> = text.lines().map(line).collect();
    let lines = lines.filter(|lines| !lines.is_empty());
    lines.with_context(|| format!("the guest with Linux {kernel} said: {text}"))
}

fn line(text: &str) -> Option<Line> {
    let mut columns = text.split('\t');
    let [contender, handler, added] = [columns.next()?, columns.next()?, columns.next()?];
    let added = added.trim().parse().ok()?;
    Some(Line { contender: contender.to_owned(), handler: handler.to_owned(), added })
}

/// In the order in which they were measured.
fn contenders(lines: &[Line]) -> Vec<&str> {
    let mut names: Vec<&str> = Vec::new();
    for line in lines {
        if !names.contains(&line.contender.as_str()) {
            names.push(&line.contender);
        }
    }
    names
}

fn series(lines: &[Line], contender: &str, handler: &str) -> Series {
    let wanted = |line: &&Line| line.contender == contender && line.handler == handler;
    lines.iter().filter(wanted).map(|line| line.added).collect()
}

fn table(column: &str, lines: &[Line]) -> Table {
    let mut table = Table::new(&[
        "",
        "unrouted",
        "x raw_tp",
        "`count`",
        "x raw_tp",
        "`args`",
        "x raw_tp",
        "ms to route",
    ]);
    for contender in contenders(lines) {
        let mut cells = vec![format!("{column}: {contender}")];
        for handler in ["unrouted", "count", "args"] {
            let added = series(lines, contender, handler);
            let over = added.over(&series(lines, "raw_tp", handler));
            cells.extend([added.show(0).to_string(), over.show(2).to_string()]);
        }
        cells.push(series(lines, contender, "attach").show(0).to_string());
        table.row(cells);
    }
    table
}
