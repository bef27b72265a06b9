//! The counters as text, in the format of OpenMetrics 1.0, or that of Prometheus for its node exporter.

use std::collections::BTreeMap;
use std::fmt::Write as _;

use super::{IN_RING, PENDING, RouteStats, Stats, Status};

/// Format of the text.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Format {
    /// OpenMetrics 1.0, for those who ask for it.
    OpenMetrics,
    /// Text format 0.0.4 of Prometheus, which the textfile collector of its node exporter reads: it refuses a file with a
    /// type that it does not know.
    Prometheus,
}

/// Text of all metrics.
struct Exposition {
    format: Format,
    text: String,
}

impl Exposition {
    /// Begins a family: its samples follow. `kind` is `counter`, `gauge` or `info`.
    fn family(&mut self, name: &str, kind: &str, help: &str) {
        let (suffix, kind) = match (self.format, kind) {
            (Format::OpenMetrics, kind) => ("", kind),
            (Format::Prometheus, "counter") => ("_total", kind),
            (Format::Prometheus, "info") => ("_info", "gauge"),
            (Format::Prometheus, kind) => ("", kind),
        };
        let name = format!("tailcalld_{name}{suffix}");
        let _ = writeln!(self.text, "# TYPE {name} {kind}\n# HELP {name} {help}");
    }

    /// Adds a sample with its labels.
    fn sample(&mut self, name: &str, labels: &[(&str, &str)], value: u64) {
        let labels: Vec<_> =
            labels.iter().map(|(label, value)| format!("{label}=\"{}\"", escaped(value))).collect();
        let labels =
            if labels.is_empty() { String::new() } else { format!("{{{}}}", labels.join(",")) };
        let _ = writeln!(self.text, "tailcalld_{name}{labels} {value}");
    }

    /// Adds a family of one sample without labels.
    fn single(&mut self, name: &str, kind: &str, help: &str, value: u64) {
        self.family(name, kind, help);
        let suffix = if kind == "counter" { "_total" } else { "" };
        self.sample(&format!("{name}{suffix}"), &[], value);
    }

    /// Adds a counter of each route, with a sample for each count that `of` returns, named by the label `what`.
    fn by_route(
        &mut self,
        name: &str,
        help: &str,
        routes: &[RouteStats],
        what: &str,
        of: impl Fn(&RouteStats) -> Vec<(&str, u64)>,
    ) {
        self.family(name, "counter", help);
        for route in routes {
            let named = named(route);
            for (value, count) in of(route) {
                let labels: Vec<_> = named.iter().copied().chain([(what, value)]).collect();
                self.sample(&format!("{name}_total"), &labels, count);
            }
        }
    }
}

fn named(route: &RouteStats) -> [(&str, &str); 3] {
    [("syscall", &route.syscall), ("abi", &route.abi), ("handler", &route.handler)]
}

/// Returns the text with what ends a label's value escaped.
fn escaped(text: &str) -> String {
    text.replace('\\', "\\\\").replace('"', "\\\"").replace('\n', "\\n")
}

fn is_place(name: &str) -> bool {
    name == IN_RING || name == PENDING
}

fn pairs(counts: &BTreeMap<String, u64>) -> impl Iterator<Item = (&str, u64)> {
    counts.iter().map(|(name, count)| (name.as_str(), *count))
}

/// Returns the text of all metrics.
pub fn exposition(format: Format, stats: &Stats, status: &Status) -> String {
    let mut all = Exposition { format, text: String::new() };
    of_routes(&stats.routes, &mut all);
    of_losses(stats, &mut all);
    of_status(status, &mut all);
    if format == Format::OpenMetrics {
        all.text.push_str("# EOF\n");
    }
    all.text
}

fn of_routes(routes: &[RouteStats], all: &mut Exposition) {
    let help = "Calls that reached the handler of their route, by outcome.";
    all.by_route("calls", help, routes, "outcome", |route| pairs(&route.outcomes).collect());
    let help = "Events that were put into the ring, by what became of them.";
    all.by_route("events", help, routes, "result", |route| {
        pairs(&route.events).filter(|(name, _)| !is_place(name)).collect()
    });
    all.family("events_in_flight", "gauge", "Events that wait in the ring or for their result.");
    for route in routes {
        for (place, count) in pairs(&route.events).filter(|(name, _)| is_place(name)) {
            let labels: Vec<_> = named(route).into_iter().chain([("place", place)]).collect();
            all.sample("events_in_flight", &labels, count);
        }
    }
    all.family("results_lost", "counter", "Events without the result that was asked for.");
    for route in routes {
        all.sample("results_lost_total", &named(route), route.results_lost);
    }
}

fn of_losses(stats: &Stats, all: &mut Exposition) {
    let help = "Calls for which the kernel did not run the dispatcher.";
    all.single("missed_calls", "counter", help, stats.missed);
    all.family("program_misses", "counter", "Runs of programs that the kernel skipped.");
    for (program, count) in &stats.misses {
        all.sample("program_misses_total", &[("program", program)], *count);
    }
    all.family("unroutable_calls", "counter", "Calls with a number outside of the table.");
    let unroutable = &stats.unroutable;
    for (kind, count) in [
        ("minus_one", unroutable.minus_one),
        ("x32", unroutable.x32),
        ("out_of_range", unroutable.out_of_range),
    ] {
        all.sample("unroutable_calls_total", &[("kind", kind)], count);
    }
    let help = "Records of the ring that could not be decoded.";
    all.single("undecodable_records", "counter", help, stats.undecodable);
}

fn of_status(status: &Status, all: &mut Exposition) {
    let labels = [
        ("version", &*status.version),
        ("kernel", &status.kernel),
        ("attached", &status.attached),
        ("output", &status.output.name),
    ];
    all.family("daemon", "info", "Version of the daemon, and where it is attached.");
    all.sample("daemon_info", &labels, 1);
    all.single("routes", "gauge", "Routes of the live table.", status.routes);
    let help = "Routes without a function in this kernel.";
    all.single("unattached_routes", "gauge", help, status.unattached_routes.len() as u64);
    let help = "Generation of the live table; a reload that changes it adds one.";
    all.single("table_generation", "gauge", help, status.generation.into());
    let help = "1 if the last reload was refused.";
    all.single("reload_refused", "gauge", help, status.refused_reload.is_some().into());
    let help = "1 while calls are not recorded.";
    all.single("tracing_off", "gauge", help, status.tracing_off.into());
    let help = "1 while the output accepts records.";
    all.single("output_open", "gauge", help, (status.output.state == "open").into());
    all.single("self_tests", "counter", "Calls of the self-test.", status.self_tests.made);
    let help = "Calls of the self-test that came back.";
    all.single("self_tests_answered", "counter", help, status.self_tests.answered);
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn exposition_escapes_values_of_labels() {
        let route = RouteStats { handler: "a\"b\\c\nd".to_owned(), ..RouteStats::default() };
        let stats = Stats { routes: vec![route], ..Stats::default() };
        let text = exposition(Format::OpenMetrics, &stats, &Status::default());
        let expected = r#"tailcalld_results_lost_total{syscall="",abi="",handler="a\"b\\c\nd"} 0"#;
        assert!(text.lines().any(|line| line == expected), "{text}");
    }
}
