//! `tailcalld check`: reads a configuration as the daemon would, and prints the plan or the faults.

use std::collections::BTreeMap;
use std::io::{self, Write};

use nix::unistd::geteuid;
use syscalls::{Slot, name};

use super::displacement::displacement;
use super::metrics_file::metrics_notes;
use super::notes::notes;
use super::object_check::{attach_mode, load_objects};
use super::print::{StandardOutput, standard_output, table};
use super::report::{print_faults, remark};
use super::{CheckOptions, exit};
use crate::blind_spots::blind_spots;
use crate::config::{Keep, MetricsFile, NONE, Trust, level_name, printable, size_name, time_name};
use crate::exclude;
use crate::handlers::{Handler, Handlers};
use crate::load;
use crate::plan::{self, Origin, Plan, Route, Rule};
use crate::probes;

/// Prints every fault, or one line if there is none. Returns the exit code.
///
/// # Errors
///
/// Only if the output cannot be written.
pub fn check(options: &CheckOptions) -> anyhow::Result<u8> {
    // For root, whose configuration it may be, the verdict is that of the daemon.
    let trust = if geteuid().is_root() { Trust::of_daemon() } else { Trust::of_reader() };
    let handlers = &load::handlers_for(options.path(), &trust)?;
    let plan = match plan::read_trusted(options.path(), &trust, handlers) {
        Ok(plan) => plan,
        Err(faults) => {
            print_faults(&faults)?;
            return Ok(exit::CONFIG);
        }
    };
    if !options.quiet {
        notes(&plan).iter().try_for_each(|note| remark(note))?;
        let of_metrics = plan.metrics.iter().flat_map(metrics_notes);
        let file = printable(&options.path().to_string_lossy());
        of_metrics
            .map(|note| format!("{file}: note: {note}"))
            .try_for_each(|note| remark(&note))?;
    }
    if !options.quiet {
        let file = printable(&options.path().to_string_lossy());
        displacement(&plan, handlers)
            .map_or(Ok(()), |text| remark(&format!("{file}: note: {text}")))?;
    }
    if options.verbose {
        print_plan(&plan, handlers)?;
    }
    if options.load {
        load_objects(&plan)?;
    }
    if !options.quiet {
        let file = printable(&options.path().to_string_lossy());
        writeln!(StandardOutput::lock(), "{file}: ok, {}", summary(&plan, handlers))?;
    }
    Ok(exit::OK)
}

/// `14 routes (exec 4, timer 10)`.
fn summary(plan: &Plan, handlers: &Handlers) -> String {
    let mut counts: BTreeMap<String, usize> = BTreeMap::new();
    for route in plan.routes.values() {
        *counts.entry(route.handler_names(handlers)).or_default() += 1;
    }
    let parts = counts.iter().map(|(name, count)| format!("{name} {count}"));
    let parts = parts.collect::<Vec<_>>().join(", ");
    let plural = if plan.routes.len() == 1 { "" } else { "s" };
    format!("{} route{plural} ({parts})", plan.routes.len())
}

fn print_plan(plan: &Plan, handlers: &Handlers) -> io::Result<()> {
    let (mut out, style) = standard_output();
    let of_route = |(&slot, route): (&Slot, &Route)| -> Vec<_> {
        let origin = plan.origins.get(&slot).map(|origin| from(slot, origin)).unwrap_or_default();
        route.rules.iter().map(|rule| row(slot, rule, &origin, handlers)).collect()
    };
    let routes = plan.routes.iter().flat_map(of_route);
    let head = ["SYSCALL", "ABI", "NUMBER", "HANDLER", "PRIORITY", "RESULT", "FROM"];
    table(&mut out, style, head, &routes.collect::<Vec<_>>())?;
    let chosen = plan.routes.iter().flat_map(|(slot, route)| chosen(*slot, route, handlers));
    let chosen: Vec<_> = chosen.collect();
    if !chosen.is_empty() {
        writeln!(out)?;
        table(
            &mut out,
            style,
            ["SYSCALL", "ABI", "HANDLER", "VOLUME", "OPTIONS", "FILTER"],
            &chosen,
        )?;
    }
    writeln!(out)?;
    table(&mut out, style, ["SETTING", "VALUE"], &settings(plan))?;
    writeln!(out, "\n{style}BLIND SPOTS{style:#}")?;
    for blind_spot in blind_spots(plan) {
        writeln!(out, "{blind_spot}")?;
    }
    writeln!(out)?;
    out.flush()
}

fn row(slot: Slot, rule: &Rule, origin: &str, handlers: &Handlers) -> [String; 7] {
    let of_record = |text: String| if rule.handler == 0 { "-".to_owned() } else { text };
    [
        slot.to_string(),
        slot.abi().name().to_owned(),
        slot.known_nr().map_or_else(|| "-".to_owned(), |nr| nr.to_string()),
        rule.handler_name(handlers),
        of_record(level_name(rule.priority).to_owned()),
        of_record(rule.results.summary()),
        origin.to_owned(),
    ]
}

/// The rules of a route that does not just record every call: how many events there may be and what becomes of
/// them, what else they have, and which calls are meant.
fn chosen(slot: Slot, route: &Route, handlers: &Handlers) -> Vec<[String; 6]> {
    let texts = |rule| [events(rule), options(slot, rule, handlers), calls(rule)];
    let rows: Vec<_> = route.rules.iter().map(|rule| (rule, texts(rule))).collect();
    if rows.iter().all(|(_, texts)| texts.iter().all(String::is_empty)) {
        return Vec::new();
    }
    let or = |text: String, otherwise: &str| {
        if text.is_empty() { otherwise.to_owned() } else { text }
    };
    let row = |(at, (rule, [events, options, calls])): (usize, (&Rule, [String; 3]))| {
        let records = handlers.by_id(rule.handler).is_some_and(Handler::records);
        let (abi, handler) = (slot.abi().name().to_owned(), rule.handler_name(handlers));
        let events = or(events, if records { "all" } else { NONE });
        [
            slot.to_string(),
            abi,
            handler,
            events,
            or(options, "-"),
            or(calls, if at == 0 { "all" } else { "all others" }),
        ]
    };
    rows.into_iter().enumerate().map(row).collect()
}

/// `limit 100/s, burst 100, per uid; sample 1/10; aggregate 10s`; empty where nothing is said.
fn events(rule: &Rule) -> String {
    let options = [
        rule.limit.map(|limit| format!("limit {limit}")),
        (rule.sample > 1).then(|| format!("sample 1/{}", rule.sample)),
        rule.aggregate.as_ref().map(|aggregate| format!("aggregate {aggregate}")),
        rule.novel.as_ref().map(|novel| format!("novel {novel}")),
        (rule.keep != Keep::default()).then(|| format!("keep {}", rule.keep.name())),
    ];
    options.into_iter().flatten().collect::<Vec<_>>().join("; ")
}

/// Options that other columns have.
const SHOWN: [&str; 7] = ["priority", "result", "limit", "sample", "aggregate", "novel", "keep"];

/// `fds names; capabilities true`: the other options that are not as they are by themselves.
fn options(slot: Slot, rule: &Rule, handlers: &Handlers) -> String {
    let Some(plain) = plan::plain_rule(slot, rule.handler, handlers) else { return String::new() };
    let pairs = rule.options().into_iter().zip(plain.options());
    let changed =
        pairs.filter(|((name, value), (_, plain))| value != plain && !SHOWN.contains(name));
    changed.map(|((name, value), _)| format!("{name} {value}")).collect::<Vec<_>>().join("; ")
}

/// `uid 0; argument flags & O_CREAT`; empty for all.
fn calls(rule: &Rule) -> String {
    let parts = rule.filter.summary();
    let parts = parts.into_iter().map(|(option, value)| format!("{option} {value}"));
    parts.collect::<Vec<_>>().join("; ")
}

/// `/etc/tailcalld.toml:12`, and the entry where it does not have the syscall's own name.
fn from(slot: Slot, origin: &Origin) -> String {
    let place = format!("{}:{}", printable(&origin.path.to_string_lossy()), origin.line);
    match name(slot.abi(), slot.nr()) {
        Some(name) if name == origin.entry => place,
        _ if slot.abi().is_probe() && probes::key(slot) == origin.entry => place,
        _ => format!("{place} ({})", origin.entry),
    }
}

/// Attach point that the daemon would use, if the caller may query the kernel.
fn attached(plan: &Plan) -> [String; 2] {
    let attach_point = if load::preconditions().is_err() {
        format!("{} (run as root to see what this kernel would use)", plan.attach.name())
    } else {
        match attach_mode(plan) {
            Ok(choice) => format!("{} ({})", choice.attach, choice.reason),
            Err(error) => error.to_string(),
        }
    };
    ["attach".to_owned(), attach_point]
}

fn settings(plan: &Plan) -> Vec<[String; 2]> {
    let path =
        |what: &str, path: &std::path::Path| [what.to_owned(), printable(&path.to_string_lossy())];
    let row = |what: &str, value: Option<String>| {
        [what.to_owned(), value.unwrap_or_else(|| NONE.to_owned())]
    };
    let mut rows = vec![["ring size".to_owned(), size_name(plan.ring_bytes.into())]];
    rows.push(["CPUs per ring".to_owned(), plan.ring_cpus.to_string()]);
    rows.push(row(
        "limit per uid",
        plan.per_uid.map(|limit| format!("{}, burst {}", limit.rate, limit.burst)),
    ));
    rows.extend(plan.exclude.iter().map(|exe| {
        let [what, path] = path("exclude exe", exe);
        [what, exclude::fault(exe).map_or(path.clone(), |reason| format!("{path} ({reason})"))]
    }));
    rows.extend(plan.exclude_units.iter().map(|unit| row("exclude unit", Some(unit.clone()))));
    rows.push(attached(plan));
    rows.push(row("self-test", plan.self_test.map(time_name)));
    rows.push(path("journal socket", &plan.socket));
    let most = |what: &str, most: Option<String>| {
        [what.to_owned(), most.map_or_else(|| "unlimited".to_owned(), |most| format!("{most}/s"))]
    };
    rows.push(most("journal records", plan.max_per_second.map(|count| count.to_string())));
    rows.push(row("journal bytes", Some(plan.max_bytes_per_second.to_string())));
    let of_metrics =
        |file: &MetricsFile| format!("{} each {}", file.path.display(), time_name(file.interval));
    rows.push(row("metrics", plan.metrics.as_ref().map(of_metrics)));
    rows.push(row("read back", plan.read_back.map(time_name)));
    rows.push(row("stats interval", plan.stats_interval.map(time_name)));
    rows.extend(plan.files.iter().map(|file| path("read from", file)));
    rows
}
