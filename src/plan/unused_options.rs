//! Options that have no effect: only the whole configuration shows it, since `[defaults]` may come from any file.

use std::collections::BTreeSet;

use syscalls::Abi;

use super::resolve::{abis, covered, takes_path};
use super::{is_exec, uring_operations};
use crate::bpf::BOX_BYTES_PER_CALL;
use crate::config::{Config, Entry, Fault, Keep, Mark, Marks, Novel, Options, Results, Target};

/// Returns a fault for each entry, alternative and option without an effect.
pub(super) fn faults(config: &Config) -> Vec<Fault> {
    let mut faults: Vec<Fault> =
        config.entries.iter().filter_map(|entry| idle(config, entry)).collect();
    faults.extend(config.entries.iter().flat_map(|entry| unreachable(config, entry)));
    faults.extend(config.entries.iter().flat_map(of_returns));
    faults.extend(config.entries.iter().flat_map(of_executions));
    faults.extend(config.entries.iter().flat_map(|entry| of_boxes(config, entry)));
    faults.extend(large_boxes(config));
    faults.extend(needless(config));
    faults.extend(config.entries.iter().flat_map(|entry| of_first_times(config, entry)));
    faults
}

/// Returns the faults of options beside `novel`.
fn of_first_times<'a>(config: &'a Config, entry: &'a Entry) -> impl Iterator<Item = Fault> + 'a {
    let has_path = entry.slots.iter().any(|slot| takes_path(*slot));
    entry.targets.iter().flat_map(move |target| {
        let options = target.options.or(&config.defaults);
        let is_novel = options.novel.flatten().is_some();
        let by = |name: &str| options.by.iter().flatten().any(|one| one == name);
        let lacks_result = options.result.as_ref().is_none_or(|result| *result == Results::None);
        let cases = [
            ("aggregate", options.aggregate.flatten().is_some(), AGGREGATED),
            (
                "by",
                by(Novel::PATH) && !has_path,
                "by = \"path\" has no effect: no path is passed; remove it",
            ),
            ("by", by(Novel::ERROR) && lacks_result, NO_ERROR),
        ];
        let marks = cases.into_iter().filter(move |(_, is_one, _)| is_novel && *is_one);
        marks.filter_map(|(option, _, reason)| Some(Fault::at(target.marks.get(option)?, reason)))
    })
}

/// Fault of an aggregate of first times.
const AGGREGATED: &str = "aggregate has no effect with novel: a first time has a record of its own, and what is known \
                          is counted; remove one of them";

/// Fault of errors that no event has.
const NO_ERROR: &str = "by = \"error\" has no effect without result; set result, or remove it";

/// Returns the fault of an entry that decides nothing, because none of its syscalls is in an ABI that it names.
fn idle(config: &Config, entry: &Entry) -> Option<Fault> {
    let is_used = covered(entry, &config.defaults).next().is_some();
    if is_used || uring_operations::concerns(entry, &config.defaults) {
        return None;
    }
    let of: BTreeSet<&str> = entry.slots.iter().map(|slot| slot.abi().name()).collect();
    let of: Vec<_> = of.into_iter().collect();
    let (key, of) = (&entry.key, of.join(" and "));
    Some(Fault::at(
        &entry.mark,
        format!(
            "\"{key}\" is of {of} only, which abi excludes; add it to abi, or remove the entry"
        ),
    ))
}

/// Returns the faults of options about what operations of `io_uring` and probes do not have: a return, and for probes several
/// ABIs.
fn of_returns(entry: &Entry) -> impl Iterator<Item = Fault> {
    let all = |is_one: fn(Abi) -> bool| entry.slots.iter().all(|slot| is_one(slot.abi()));
    let (reason, options): (_, &[&str]) = if all(|abi| abi == Abi::IoUring) {
        let reason =
            "an operation of io_uring does not return, its result is in the completion queue";
        (reason, &RETURNS)
    } else if all(Abi::is_probe) {
        ("a probe is passed, it does not return, and its key says what it is", &OF_CALLS)
    } else {
        ("", &[])
    };
    let targets = entry.targets.iter();
    let marks =
        targets.flat_map(|target| options.iter().map(|&option| (option, target.marks.get(option))));
    marks.filter_map(move |(option, mark)| {
        Some(Fault::at(mark?, format!("{option} has no effect: {reason}; remove {option}")))
    })
}

/// Options that only a call has.
const OF_CALLS: [&str; 3] = ["result", "paths", "abi"];

/// Options about the return of a call.
const RETURNS: [&str; 2] = ["result", "paths"];

/// Returns the faults of an option about the program that a call executes, where none does.
fn of_executions(entry: &Entry) -> impl Iterator<Item = Fault> {
    let has_exec = executes(entry);
    let targets = entry.targets.iter().filter(move |_| !has_exec);
    targets.filter_map(|target| target.marks.get("exe_sha256")).map(|mark| {
        Fault::at(
            mark,
            "exe_sha256 has no effect: only execve and execveat execute a program; remove exe_sha256",
        )
    })
}

/// Returns the faults of options about records, where the calls go into black boxes.
fn of_boxes<'a>(config: &'a Config, entry: &'a Entry) -> impl Iterator<Item = Fault> + 'a {
    let is_boxed =
        |target: &&Target| target.options.keep.or(config.defaults.keep) == Some(Keep::Blackbox);
    let targets = entry.targets.iter().filter(is_boxed);
    let marks = targets.flat_map(|target| {
        OF_RECORDS.iter().map(|&(option, why)| (option, why, target.marks.get(option)))
    });
    marks.filter_map(|(option, why, mark)| {
        let message =
            format!("{option} has no effect with keep = \"blackbox\": {why}; remove {option}");
        Some(Fault::at(mark?, message))
    })
}

/// Options without an effect on a call in a black box, and the reasons.
const OF_RECORDS: [(&str, &str); 4] = [
    ("aggregate", "a dump has a record for each call"),
    ("novel", "a dump has every call, whatever was made before"),
    ("limit", "a black box overwrites its oldest call, so nothing can flood it"),
    ("exe_sha256", "the file may be another one when the call is dumped"),
];

/// Returns the fault of black boxes that are too large together.
fn large_boxes(config: &Config) -> Option<Fault> {
    let bytes = u64::from(config.box_units) * u64::from(config.box_calls) * BOX_BYTES_PER_CALL;
    let mark = config.marks.get("calls").or_else(|| config.marks.get("boxes"))?;
    let (units, calls) = (config.box_units, config.box_calls);
    (bytes > BOX_BYTES_MAX).then(|| {
        let (mib, most) = (bytes.div_ceil(1 << 20), BOX_BYTES_MAX >> 20);
        let message = format!(
            "{units} black boxes of {calls} calls take {mib} MiB, at most {most} MiB: lower calls or boxes"
        );
        Fault::at(mark, message)
    })
}

/// Most memory of all black boxes: it is never swapped out, and belongs to the service.
const BOX_BYTES_MAX: u64 = 256 << 20;

/// Returns whether some syscall of the entry executes a program.
fn executes(entry: &Entry) -> bool {
    entry.slots.iter().any(|slot| is_exec(*slot))
}

/// Returns the faults of alternatives behind one that takes every call.
fn unreachable<'a>(config: &'a Config, entry: &'a Entry) -> impl Iterator<Item = Fault> + 'a {
    let reached = |at: usize, target: &Target| {
        let before = entry.targets.iter().take(at);
        let is_open = |abi| {
            let taken =
                |one: &Target| takes_all(one, config) && abis(one, &config.defaults).contains(abi);
            abis(target, &config.defaults).contains(abi) && !before.clone().any(taken)
        };
        let of_rings = uring_operations::concerns(entry, &config.defaults);
        Abi::BOTH.into_iter().any(is_open) || (of_rings && is_open(Abi::IoUring))
    };
    let targets = entry.targets.iter().enumerate();
    targets.filter(move |(at, target)| !reached(*at, target)).map(|(_, target)| {
        Fault::at(
            &target.mark,
            "this alternative is never reached: one before it has no filter and takes all calls",
        )
    })
}

/// Returns whether an alternative takes every call. A filter with a fault is not known, so it does not.
fn takes_all(target: &Target, config: &Config) -> bool {
    let has_filter = |marks: &Marks| marks.keys().any(|key| Options::is_filter(key));
    target.options.or(&config.defaults).filter.is_empty()
        && !has_filter(&target.marks)
        && !has_filter(&config.marks)
}

/// Options, and the one without which each has no effect.
const NEEDS: [(&str, &str); 4] =
    [("burst", "limit"), ("per", "limit"), ("by", "aggregate or novel"), ("exe_sha256", "result")];

fn needless(config: &Config) -> Vec<Fault> {
    let mut faults = Vec::new();
    for (option, needed) in NEEDS {
        // Where no program is executed, that is the fault.
        let is_meant = move |entry: &&Entry| option != "exe_sha256" || executes(entry);
        let targets = || config.entries.iter().filter(is_meant).flat_map(|entry| &entry.targets);
        let fault = |mark: &Mark| needs(mark, option, needed);
        let default = is_on(needed, &config.defaults, &config.marks);
        let has = |target: &Target| {
            is_on(needed, &target.options, &target.marks).or(default) == Some(true)
        };
        let without = targets().filter(|target| !has(target));
        faults.extend(without.filter_map(|target| target.marks.get(option)).map(fault));
        let is_used = default == Some(true) || targets().any(has);
        faults.extend(config.marks.get(option).filter(|_| !is_used).map(fault));
    }
    let burst = config.marks.get("per_uid_burst").filter(|_| config.per_uid.is_none());
    faults.extend(burst.map(|mark| needs(mark, "per_uid_burst", "per_uid")));
    let is_alone = !config.marks.contains_key("textfile");
    let every = config.marks.get("every").filter(|_| is_alone);
    faults.extend(every.map(|mark| needs(mark, "every", "textfile")));
    faults
}

fn needs(mark: &Mark, option: &str, needed: &str) -> Fault {
    Fault::at(
        mark,
        format!("{option} has no effect without {needed}; set {needed}, or remove {option}"),
    )
}

/// Returns whether `needed` is set; `None` if it is not mentioned. A value that could not be read was meant to be on.
fn is_on(needed: &str, options: &Options, marks: &Marks) -> Option<bool> {
    let said = match needed {
        "limit" => options.limit.map(|limit| limit.is_some()),
        "result" => options.result.as_ref().map(|results| *results != Results::None),
        _ => merges(options),
    };
    let mut needed = needed.split(" or ");
    said.or(needed.any(|needed| marks.contains_key(needed)).then_some(true))
}

/// Returns whether events are aggregated, or told the first time only; `None` if neither is mentioned.
fn merges(options: &Options) -> Option<bool> {
    let aggregate = options.aggregate.map(|aggregate| aggregate.is_some());
    let novel = options.novel.map(|novel| novel.is_some());
    [aggregate, novel].into_iter().flatten().reduce(|one, other| one || other)
}
