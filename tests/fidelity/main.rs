//! Comparison of one run under strace and the daemon, call by call. docs/fidelity.md explains the purpose and
//! holds the figures; `TAILCALLD_WRITE_FIDELITY=1` writes them there. Needs root; says so otherwise, and fails
//! under `CI=true`. Wants `cargo build --examples` beforehand.
#![allow(clippy::unwrap_used)] // helpers of tests are tests

mod call;
mod causes;
mod compare;
mod names;
mod observed;
#[path = "../daemon/process.rs"]
#[allow(dead_code)] // shared with tests/daemon, as are the next two
mod process;
mod programs;
#[path = "../daemon/records.rs"]
#[allow(dead_code)]
mod records;
mod report;
#[path = "../daemon/rig.rs"]
#[allow(dead_code)]
mod rig;
#[path = "../common/root.rs"]
mod root;

use std::collections::{BTreeMap, BTreeSet};
use std::fs::{self, File};
use std::process::Command;

use nix::sys::signal::Signal;

use call::Call;
use causes::{Cause, OF_CALLS, OF_NAMES, causes};
use compare::Comparison;
use observed::Threads;
use process::{Process, eventually};
use programs::{Program, named, programs, strace};
use report::Place;
use rig::{Setup, UNLIMITED};

/// The calls of this process and those below it, whatever else the machine does. strace is excluded: it makes several
/// calls for each one of the program. `more` are further defaults.
fn config(more: &str) -> String {
    let (strace, own) = (strace().display().to_string(), std::process::id());
    format!(
        "[routes]\n\"@known\" = \"args\"\n\
         [defaults]\nresult = true\nnames = false\npaths = \"exact\"\nbuffer_bytes = 32\n\
         pid_tree = {own}\n{more}\
         [ring]\nsize = \"512MiB\"\n\
         [exclude]\nexe = [\"/usr/lib/systemd/systemd-journald\", {strace:?}]\n\
         [kernel]\nattach = \"tracepoint\"\n{UNLIMITED}"
    )
}

/// Comparison of the records of strace and the daemon, per program.
type Seen = Vec<(&'static Program, Threads, Threads)>;

fn observe(
    setup: Setup,
    programs: impl Iterator<Item = &'static Program>,
    options: &[&str],
) -> Seen {
    let output = setup.path("records");
    let mut command = setup.command(&[], "json");
    let mut daemon = Process::spawn(command.stdout(File::create(&output).unwrap()));
    eventually("the daemon starts", || fs::metadata(&output).unwrap().len() > 0);
    let ran: Vec<_> = programs.map(|program| program.run(&setup, options)).collect();
    // A process that ends after all of them: when it is written, they are.
    let mut last = Process::spawn(&mut Command::new("true"));
    last.wait();
    observed::wait_for_end_of(last.id(), &output);
    daemon.signal(Signal::SIGTERM);
    assert!(daemon.wait().success(), "{}", fs::read_to_string(setup.path("stderr")).unwrap());
    let tids: BTreeSet<u32> = ran.iter().flat_map(|(_, threads)| threads.keys().copied()).collect();
    let (mut ours, own) = observed::by_us(&output, &tids);
    nothing_is_lost(&own);
    let of = |theirs: &Threads, ours: &mut Threads| -> Threads {
        theirs.keys().map(|tid| (*tid, ours.remove(tid).unwrap_or_default())).collect()
    };
    ran.into_iter().map(|(program, theirs)| (program, of(&theirs, &mut ours), theirs)).collect()
}

/// Counts all losses, because a lost call may belong to a program.
fn nothing_is_lost(own: &[serde_json::Value]) {
    for record in own {
        let kind = record["record"].as_str().unwrap();
        assert!(["started", "stopped"].contains(&kind), "{record}");
    }
    let stopped = own.last().unwrap();
    assert_eq!(stopped["record"], "stopped");
    let sum = |key: &str| -> u64 {
        let totals = stopped["totals"].as_array().unwrap().iter();
        totals.map(|total| total[key].as_u64().unwrap()).sum()
    };
    assert_eq!(sum("lost"), 0);
}

#[test]
fn records_equal_output_of_strace() {
    // strace prints PIDs of its own namespace.
    if !root::in_first_pid_namespace() {
        return;
    }
    let Some(setup) = Setup::alone(&config("")) else { return };
    let seen = observe(setup, programs(), &[]);
    compare(seen, OF_CALLS, report::CALLS, Comparison::thread);
}

#[test]
fn names_of_descriptors_equal_output_of_strace() {
    if !root::in_first_pid_namespace() {
        return;
    }
    let Some(setup) = Setup::alone(&config("fds = \"names\"\n")) else { return };
    let seen = observe(setup, named(), &["-yy"]);
    compare(seen, OF_NAMES, report::NAMES, Comparison::names_of_thread);
}

/// Compares the calls of each thread, reports, and fails unless enough is equal and each difference has a cause of
/// the table.
fn compare(
    seen: Seen,
    table: &'static str,
    place: Place,
    add: impl Fn(&mut Comparison<'static>, &[Call], &[Call]),
) {
    let causes: &'static [Cause] = causes(table).leak();
    let mut rows = BTreeMap::new();
    let mut all = Comparison::new(causes);
    for (program, ours, theirs) in seen {
        let before = all.counts.clone();
        for (tid, theirs) in &theirs {
            add(&mut all, &ours[tid], theirs);
        }
        rows.insert(program.name, all.counts.since(&before));
    }
    let report = report::report(place, &rows, &all, causes);
    eprintln!("{report}");
    report::write(place, &report);
    assert!(
        all.faults.is_empty(),
        "without a cause: {}\n{}",
        all.faults.len(),
        all.faults.join("\n")
    );
    let equal = 100.0 * all.counts.equal as f64 / all.counts.args as f64;
    assert!(equal >= place.least, "{equal:.2} % are equal");
}
