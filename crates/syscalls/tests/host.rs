//! Compares the tables with this host: its kernel, the kernel's headers and its systemd. If the host is newer
//! than a table, a difference is not an error of the table: it is reported as a skip.
#![allow(clippy::unwrap_used)] // clippy sees that a helper is for tests only below #[test]

mod common;

use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Debug;
use std::process::Command;
use std::{env, fs};

use common::skip;
use syscalls::{Abi, Slot, functions, group, groups, is_known, name, names, number, signature};

/// Groups, each with its members.
type Sets = BTreeMap<String, BTreeSet<String>>;
/// Version, as `[262, 1]`; an unknown one is empty, and so never newer.
type Version = Vec<u32>;

/// Members of groups in systemd 252 to 257 that moved to another group: `open_tree` is in `@file-system`
/// now.
const MOVED: [(&str, &str); 1] = [("@mount", "open_tree")];

#[test]
fn native_numbers_equal_those_of_headers() {
    headers_agree(Abi::Native, "unistd_64.h");
}

#[test]
#[cfg(target_arch = "x86_64")]
fn compat_numbers_equal_those_of_headers() {
    headers_agree(Abi::Compat, "unistd_32.h");
}

#[test]
fn groups_equal_those_of_systemd() {
    let (Some(version), Some(listing)) = (analyze("--version"), analyze("syscall-filter")) else {
        return;
    };
    let (host, theirs) = (version_after(&version, "("), flat(&listed(&listing)));
    let ours = groups().map(|set| (set.name.into(), set.members().map(Into::into).collect()));
    let (table, ours) = (version_after(GROUPS, "systemd "), ours.collect());
    let mut differ = missing(&theirs, &ours);
    if host == table {
        differ.extend(missing(&ours, &theirs));
    } else {
        differ.retain(|(set, member)| !MOVED.contains(&(set, member)));
    }
    judge("systemd", &host, &table, &differ);
}

/// Names of the arguments in the kernel's trace events. They change now and then, so those of the table
/// are of one kernel.
#[test]
#[cfg(target_arch = "x86_64")]
fn signatures_equal_those_of_trace_events() {
    let mut compared = 0;
    let mut differ = vec![];
    for (nr, syscall) in names(Abi::Native) {
        let slot = Slot::new(Abi::Native, nr).unwrap();
        let Some(theirs) = functions(slot).find_map(|function| traced(&function)) else { continue };
        let ours = signature(slot).map(|known| known.parameters().to_vec()).unwrap_or_default();
        let ours: Vec<_> = ours.iter().map(|parameter| parameter.name).collect();
        compared += 1;
        if ours != theirs {
            differ.push((syscall, theirs));
        }
    }
    if compared == 0 {
        return skip(&format!("no events of syscalls in {EVENTS} (tracefs, and root to read it)"));
    }
    assert!(compared > 300, "only {compared} syscalls in {EVENTS}");
    let release = fs::read_to_string("/proc/sys/kernel/osrelease").unwrap();
    let (host, table) = (version_after(&release, ""), version_after(SIGNATURES, "running "));
    if host.get(..2) != table.get(..2) && !differ.is_empty() {
        return skip(&format!("Linux {host:?} is not the table's {table:?}: {differ:?}"));
    }
    assert!(differ.is_empty(), "Linux {host:?}: {differ:?}");
}

#[test]
fn name_and_number_of_every_slot_are_inverse() {
    for abi in Abi::BOTH {
        for (nr, syscall) in names(abi) {
            assert_eq!((number(abi, syscall), name(abi, nr)), (Some(nr), Some(syscall)));
            assert_eq!(Slot::new(abi, nr).and_then(Slot::name), Some(syscall));
            assert!(is_known(syscall));
        }
    }
    assert!(!is_known("no_such_call") && !is_known("@mount"));
}

#[test]
fn known_group_has_every_syscall_but_one() {
    let whole = group("@known").unwrap();
    let syscalls: BTreeSet<_> =
        Abi::BOTH.into_iter().flat_map(names).map(|(_, name)| name).collect();
    let left: Vec<_> = syscalls.into_iter().filter(|name| !whole.contains(name)).collect();
    // Removed in Linux 3.1, except for its number; systemd still has it in @privileged.
    assert_eq!(left, ["nfsservctl"]);
}

const GROUPS: &str = include_str!("../tables/groups.txt");
const TABLE: &str = include_str!("../tables/x86_64.tsv");
const SIGNATURES: &str = include_str!("../tables/signatures.tsv");
const EVENTS: &str = "/sys/kernel/tracing/events/syscalls";

/// Returns the names of a function's arguments in its trace event, in the form of the table.
fn traced(function: &str) -> Option<Vec<String>> {
    let syscall = function.strip_prefix("__x64_sys_")?;
    let format = fs::read_to_string(format!("{EVENTS}/sys_enter_{syscall}/format")).ok()?;
    let fields = format.lines().filter_map(|line| line.trim().strip_prefix("field:"));
    let declared = fields.filter_map(|field| field.split(';').next()?.rsplit([' ', '*']).next());
    let own = declared.skip_while(|name| *name != "__syscall_nr").skip(1);
    Some(own.map(|name| name.trim_start_matches('_').to_lowercase()).collect())
}

fn headers_agree(abi: Abi, file: &str) {
    // The path of Debian, then that of other distributions.
    let triple = format!("/usr/include/{}-linux-gnu/asm/{file}", env::consts::ARCH);
    let other = format!("/usr/include/asm/{file}");
    let Ok(header) = fs::read_to_string(triple).or_else(|_| fs::read_to_string(other)) else {
        return skip(&format!("no kernel header asm/{file} (package linux-libc-dev)"));
    };
    let defined = header.lines().filter_map(|line| line.strip_prefix("#define __NR_"));
    let defined: Vec<_> = defined.filter_map(|line| line.split_once(' ')).collect();
    assert!(defined.len() > 300, "{file} has only {} syscalls", defined.len());
    let differ: Vec<_> = defined
        .into_iter()
        .filter(|(name, nr)| number(abi, name).map(|nr| nr.to_string()).as_deref() != Some(nr))
        .collect();
    judge("headers of Linux", &linux_of_the_headers(), &version_after(TABLE, "Linux "), &differ);
}

fn linux_of_the_headers() -> Version {
    let text = fs::read_to_string("/usr/include/linux/version.h").unwrap_or_default();
    ["MAJOR ", "PATCHLEVEL "].iter().flat_map(|key| version_after(&text, key)).collect()
}

/// Returns the output of `systemd-analyze`.
fn analyze(command: &str) -> Option<String> {
    let output = match Command::new("systemd-analyze").arg(command).output() {
        Ok(output) if output.status.success() => output.stdout,
        Ok(output) => {
            skip(&format!("systemd-analyze: {}", String::from_utf8_lossy(&output.stderr)));
            return None;
        }
        Err(error) => {
            skip(&format!("systemd-analyze: {error} (package systemd)"));
            return None;
        }
    };
    Some(String::from_utf8_lossy(&output).into_owned())
}

/// Parses groups as printed: a name at the margin, members below it, comments behind `#`.
fn listed(text: &str) -> Sets {
    let mut sets = Sets::new();
    let mut current = String::new();
    for line in text.lines().filter(|line| !line.trim_start().starts_with('#')) {
        if line.starts_with('@') {
            current = line.to_owned();
        } else if !line.is_empty() {
            sets.entry(current.clone()).or_default().insert(line.trim().to_owned());
        }
    }
    sets
}

/// Replaces nested groups by their members. Each round resolves one level; there cannot be more levels
/// than groups.
fn flat(listed: &Sets) -> Sets {
    let opened = |member: &String| listed.get(member).cloned().unwrap_or([member.clone()].into());
    let mut sets = listed.clone();
    for _ in 0..listed.len() {
        for members in sets.values_mut() {
            *members = members.iter().flat_map(opened).collect();
        }
    }
    sets
}

/// Returns the members of groups in `all` that the same groups in `some` do not have.
fn missing<'a>(all: &'a Sets, some: &Sets) -> Vec<(&'a str, &'a str)> {
    let pairs = all.iter().flat_map(|(set, members)| members.iter().map(move |m| (set, m)));
    let absent = pairs.filter(|(set, member)| !some.get(*set).is_some_and(|s| s.contains(*member)));
    absent.map(|(set, member)| (set.as_str(), member.as_str())).collect()
}

fn judge<T: Debug>(what: &str, host: &Version, table: &Version, differ: &[T]) {
    if host > table && !differ.is_empty() {
        return skip(&format!("{what} {host:?} is newer than the table's {table:?}: {differ:?}"));
    }
    assert!(differ.is_empty(), "{what} {host:?}, the table's {table:?}: {differ:?}");
}

/// Returns the version, such as `[6, 1]`, behind the first `key`.
fn version_after(text: &str, key: &str) -> Version {
    let rest = text.split_once(key).map_or("", |(_, rest)| rest);
    let end = rest.find(|c: char| !c.is_ascii_digit() && c != '.').unwrap_or(rest.len());
    rest[..end].split('.').map_while(|part| part.parse().ok()).collect()
}
