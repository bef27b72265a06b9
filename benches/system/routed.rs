//! (b) What a syscall costs that is routed, with the real daemon consuming.

use anyhow::{Result, ensure};
use syscalls::{Abi, Slot, number};

use crate::bench::Bench;
use crate::caller::{CHEAP, Caller, beside_empty, number_of};
use crate::daemon::{Daemon, Output, UNLIMITED};
use crate::report::{Claim, Part, Table};
use crate::statistics::Series;

/// A route, the call that it gets, and how many of them a batch has: what all batches bring must
/// fit into the ring, so that a full ring's short path is not what is measured.
struct Contender {
    name: &'static str,
    route: &'static str,
    syscall: &'static str,
    /// `exec2`: an execve that fails, with two arguments; `path`: a call with a path of 33 bytes that
    /// fails. None: the syscall itself.
    call: Option<&'static str>,
    calls: u64,
    /// Sections of the configuration behind the routes.
    settings: &'static str,
    alone: Series,
    added: Series,
}

const fn contender(
    name: &'static str,
    route: &'static str,
    call: (&'static str, Option<&'static str>),
    calls: u64,
) -> Contender {
    of_settings(name, route, call, calls, UNLIMITED)
}

const fn of_settings(
    name: &'static str,
    route: &'static str,
    (syscall, call): (&'static str, Option<&'static str>),
    calls: u64,
    settings: &'static str,
) -> Contender {
    let alone = Series::new();
    Contender { name, route, syscall, call, calls, settings, alone, added: Series::new() }
}

/// A route of the cheap syscall to `args`, with more or fewer checks of the caller.
const fn checked(name: &'static str, route: &'static str, settings: &'static str) -> Contender {
    of_settings(name, route, (CHEAP, None), 20_000, settings)
}

const WITH_RESULT: &str = "{ handler = 'args', result = true }";

const UNNAMED: &str = "{ handler = 'args', names = false }";

const CONTENDERS: [Contender; 11] = [
    contender("`count`", "'count'", (CHEAP, None), 30_000),
    contender("`args`", "'args'", (CHEAP, None), 20_000),
    contender("`exec`, 2 arguments", "'exec'", ("execve", Some("exec2")), 8_000),
    contender("`exec`, 8 arguments", "'exec'", ("execve", Some("exec8")), 8_000),
    contender("`args` with the result", WITH_RESULT, (CHEAP, None), 20_000),
    contender("`args` with a path, `names = false`", UNNAMED, ("faccessat", Some("path")), 8_000),
    contender("`args` with a path", "'args'", ("faccessat", Some("path")), 8_000),
    contender(
        "`args` with a relative path, from a folder of 8 components",
        "'args'",
        ("faccessat", Some("deep")),
        8_000,
    ),
    contender("`args` with a path and the result", WITH_RESULT, ("faccessat", Some("path")), 8_000),
    contender("`args` with a descriptor", "'args'", ("read", Some("read")), 8_000),
    contender(
        "`args` with a descriptor, `fds = \"names\"`",
        "{ handler = 'args', fds = 'names' }",
        ("read", Some("read")),
        8_000,
    ),
];

/// A limit that no caller of a batch reaches.
const LIMITED: &str = "[limits]\nper_uid = \"10000000/s\"\n";
const UNCHECKED: &str = "[exclude]\nexe = []\nunits = []\n[limits]\nper_uid = \"none\"\n";
const KEPT: &str = "{ handler = 'args', keep = 'always' }";

/// Checks of the caller, each with those in front of it.
const CHECKED: [Contender; 4] = [
    checked("no exclusion, no limit", "'args'", UNCHECKED),
    checked("excluded executables and units", "'args'", UNLIMITED),
    checked("a limit for each owner and syscall", "'args'", LIMITED),
    checked("room in the ring that is reserved (`keep`)", KEPT, LIMITED),
];

pub fn run(bench: &Bench) -> Result<Part> {
    let (mut contenders, mut checked) = (CONTENDERS, CHECKED);
    let empty = beside_empty(bench, |caller| {
        let mut all = contenders.iter_mut().chain(&mut checked);
        all.try_for_each(|contender| contender.measure(bench, caller))
    })?;
    Ok(part(&contenders, &checked, &empty))
}

impl Contender {
    fn measure(&mut self, bench: &Bench, caller: &mut Caller) -> Result<()> {
        let call = self.call.map_or_else(|| number_of(self.syscall), |call| Ok(call.to_owned()))?;
        let before = caller.ns_per_call(bench, &call, self.calls)?;
        let with = self.with_daemon(bench, caller, &call)?;
        let after = caller.ns_per_call(bench, &call, self.calls)?;
        let alone = f64::midpoint(before, after);
        self.alone.push(alone);
        self.added.push(with - alone);
        Ok(())
    }

    fn with_daemon(&self, bench: &Bench, caller: &mut Caller, call: &str) -> Result<f64> {
        let routes = format!("[routes]\n{} = {}\n", self.syscall, self.route);
        let configuration = format!("{routes}[ring]\nsize = \"64MiB\"\n{}", self.settings);
        let daemon = Daemon::start(bench, &configuration, Output::unread())?;
        let counters = daemon.counters()?;
        let with = caller.ns_per_call(bench, call, self.calls)?;
        let slot = number(Abi::Native, self.syscall).and_then(|nr| Slot::new(Abi::Native, nr));
        let counts = counters.read(slot.expect("a syscall of the tables"))?;
        let lost = counts.lost();
        ensure!(counts.seen >= self.calls, "{}: the calls were not seen", self.name);
        ensure!(lost == 0, "{}: {lost} events were lost, so the figure means nothing", self.name);
        Ok(with)
    }
}

/// Returns the table of what each check adds to a routed call.
fn checks(checked: &[Contender; 4]) -> Table {
    let mut table = Table::new(&["checks of the caller of `args`", "ns added", "ns more"]);
    let mut before = &checked[0].added;
    for it in checked {
        let more = it.added.minus(before);
        table.row([it.name.to_owned(), it.added.show(0).to_string(), more.show(1).to_string()]);
        before = &it.added;
    }
    table
}

fn part(contenders: &[Contender; 11], checked: &[Contender; 4], empty: &Series) -> Part {
    let mut table = Table::new(&["routed to", "ns alone", "ns added", "times the empty program"]);
    for it in contenders {
        let ratio = it.added.over(empty);
        let cells = [it.alone.show(0), it.added.show(0), ratio.show(2)].map(|it| it.to_string());
        table.row([it.name.to_owned()].into_iter().chain(cells));
    }
    let ratio = |index: usize| contenders[index].added.over(empty);
    let names =
        |without: usize, with: usize| contenders[with].added.minus(&contenders[without].added);
    Part {
        title: "(b) A syscall that is routed",
        meaning: format!(
            "The daemon runs with `--output json` to `/dev/null` and consumes on another \
             CPU. `count` and `args` are measured with `{CHEAP}`, paths with `faccessat` \
             of a path that does not exist (its records have the name of the executable, \
             and of a relative path also that of the working directory), descriptors with `read` of no bytes of `/etc/passwd`, `exec` with `execve` of a path that does not \
             exist. The empty program adds {} ns to `{CHEAP}` in the same rounds. No \
             event was lost in any round: a run that loses one is rejected. The second table has \
             the checks that keep a caller from hiding, each with those of the rows above it; a \
             syscall that is not routed meets none of them.",
            empty.show(1)
        ),
        tables: vec![table, checks(checked)],
        claims: vec![
            Claim::at_most("the name of the executable", 60.0, "ns a call", &names(5, 6))
                .otherwise(WHY_NAMES),
            Claim::at_most("the name of a folder of 8 components", 60.0, "ns a call", &names(6, 7))
                .otherwise(WHY_NAMES),
            Claim::at_most("routed to `count`", 2.0, "times the empty program", &ratio(0))
                .otherwise(WHY_COUNT),
            Claim::at_most("routed to `args`", 8.0, "times the empty program", &ratio(1)),
        ],
    }
}

const WHY_NAMES: &str = "A name is a walk from the file to the root, with six dependent loads for each \
    folder, and the sequence number of each entry is read twice, so that no path is of two times.";

const WHY_COUNT: &str = "`count` does what every handler does first: it finds its route and its counters, and \
    checks that the caller is neither tailcalld nor an excluded executable, whose inode is \
    four dependent loads away from the task. The check stays, because without it a route for \
    `write` would record the calls that recording causes.";
