//! Notes of `check` on a valid configuration: conditions that never hold on this machine, or that compare something
//! else than they seem to, and syscalls that current programs do not make.

use std::collections::BTreeSet;
use std::path::{Component, Path, PathBuf};

use syscalls::{Abi, ConstantSet, Slot, signature};

use crate::config::{
    Comparison, Condition, NONE, Part, Pattern, UnitName, Word, closest, printable,
};
use crate::plan::{Plan, Route, Rule};

/// Syscalls that current C libraries replace by another one.
const REPLACED: [(&str, &str); 8] = [
    ("open", "openat"),
    ("stat", "newfstatat"),
    ("lstat", "newfstatat"),
    ("fork", "clone"),
    ("getdents", "getdents64"),
    ("getrlimit", "prlimit64"),
    ("setrlimit", "prlimit64"),
    ("select", "pselect6"),
];

/// Suffixes of units that have processes, and of slices.
const UNIT_SUFFIXES: [&str; 6] = ["service", "scope", "socket", "mount", "swap", "slice"];

/// Returns the notes, each with the place of the entry that it is about.
pub(super) fn notes(plan: &Plan) -> BTreeSet<String> {
    let of_route = |(&slot, route): (&Slot, &Route)| {
        let origin = plan.origins.get(&slot);
        let place = origin.map(|one| format!("{}:{}", one.path.to_string_lossy(), one.line));
        let place = printable(&place.unwrap_or_default());
        let texts = route.rules.iter().flat_map(move |rule| of_rule(slot, rule));
        let texts = texts.chain(replaced(plan, slot, route));
        texts.map(move |text| format!("{place}: note: {}", printable(&text))).collect::<Vec<_>>()
    };
    plan.routes.iter().flat_map(of_route).collect()
}

fn of_rule(slot: Slot, rule: &Rule) -> Vec<String> {
    let filter = &rule.filter;
    let mut notes: Vec<String> = filter.exe.iter().flatten().filter_map(executable).collect();
    for units in [&filter.unit, &filter.user_unit, &filter.slice] {
        notes.extend(units.iter().flatten().filter_map(unit));
    }
    notes.extend(rule.env.iter().filter(|name| name.contains('*')).map(|name| {
        format!(
            "env \"{name}\" names one variable, the star is a part of its name; list the variables"
        )
    }));
    notes
        .extend(filter.argument.iter().flatten().filter_map(|condition| argument(slot, condition)));
    notes
}

/// Describes a route whose calls current programs do not make, unless what they make is routed as well.
fn replaced(plan: &Plan, slot: Slot, route: &Route) -> Option<String> {
    let (old, new) =
        REPLACED.iter().find(|(old, _)| slot.abi() != Abi::IoUring && slot.name() == Some(old))?;
    let other = syscalls::number(Abi::Native, new).and_then(|nr| Slot::new(Abi::Native, nr))?;
    let is_recorded = route.rules.iter().any(|rule| rule.handler != 0);
    let is_alone = slot.abi() == Abi::Native && !plan.routes.contains_key(&other);
    (is_recorded && is_alone).then(|| {
        format!(
            "{old} is what old or static programs call; current C libraries call {new}, which is not routed \
             (\"{NONE}\" says that this is meant)"
        )
    })
}

/// Describes a path that no executable has, with the path that it would have to be.
fn executable(pattern: &Pattern) -> Option<String> {
    let (fixed, rest) = match pattern.part {
        Part::End => {
            return (pattern.text.contains("//") || pattern.text.contains("/./"))
                .then(|| format!("exe \"*{}\" never holds: {PLAIN}", pattern.text));
        }
        Part::Whole => (pattern.text.as_str(), ""),
        // The name behind the last slash may go on.
        Part::Begin => pattern.text.split_at(pattern.text.rfind('/').unwrap_or_default()),
    };
    let plain = plain(fixed);
    let real = plain.canonicalize().unwrap_or_else(|_| plain.clone());
    let real = if real == Path::new("/") { String::new() } else { real.display().to_string() };
    if real == fixed {
        return None;
    }
    let star = if pattern.part == Part::Begin { "*" } else { "" };
    let why = if plain.display().to_string() == fixed || fixed.is_empty() {
        "the path of an executable has no links, and here this one has"
    } else {
        PLAIN
    };
    Some(format!(
        "exe \"{}{star}\" never holds: {why}; it would be \"{real}{rest}{star}\"",
        pattern.text
    ))
}

const PLAIN: &str =
    "the path of an executable has neither \"//\", \"/.\" nor \"/..\", and no slash at its end";

/// Returns the path without `//`, `.` and `..`.
fn plain(path: &str) -> PathBuf {
    let mut plain = PathBuf::new();
    for component in Path::new(path).components() {
        match component {
            Component::ParentDir => {
                plain.pop();
            }
            other => plain.push(other),
        }
    }
    plain
}

/// Describes a unit whose suffix is almost one that units have: it was taken for a part of the name.
fn unit(unit: &UnitName) -> Option<String> {
    let (stem, _) = unit.text.rsplit_once('.')?;
    let (name, suffix) = stem.rsplit_once('.')?;
    let meant = closest(suffix, UNIT_SUFFIXES)?;
    Some(format!(
        "no unit is called \"{}\", which \"{stem}\" stands for; is \"{name}.{meant}\" meant?",
        unit.text
    ))
}

/// Describes a condition that compares the whole of an argument, or both the number and the flags in it.
fn argument(slot: Slot, condition: &Condition) -> Option<String> {
    let name = condition.argument.as_str();
    let all = signature(slot)?.parameters();
    let set = all.iter().find(|one| one.name == name)?.kind.set()?;
    match &condition.comparison {
        Comparison::Equals { value: Word::Name(flag), .. } if is_flag(set, flag) => Some(format!(
            "\"{condition}\" compares the whole of {name}, so any other flag beside {flag} counts; \
             \"{name} & {flag}\" tests the flag alone"
        )),
        Comparison::Equals { value: Word::Number(number), .. } => {
            let symbol = set.symbol(u64::try_from(*number).ok()?)?;
            let within = set.number_within(symbol).filter(|within| within.value != 0)?;
            Some(format!(
                "\"{condition}\" compares the whole of {name}, flags included; \"{name} = {symbol}\" compares \
                 the bits {:#x} alone",
                within.mask
            ))
        }
        Comparison::Masks { bits, .. } => {
            let names = || {
                bits.iter().filter_map(|word| match word {
                    Word::Name(name) => Some(name.as_str()),
                    Word::Number(_) => None,
                })
            };
            let number = names().find(|name| set.number_within(name).is_some())?;
            let flag = names().find(|name| set.number_within(name).is_none())?;
            Some(format!(
                "\"{condition}\" holds for the number {number} and for the flag {flag}, each alone; \
                 two conditions ask for both"
            ))
        }
        _ => None,
    }
}

/// Returns whether a name is a flag beside a number in the same argument.
fn is_flag(set: &ConstantSet, name: &str) -> bool {
    set.mask() != 0 && set.value(name).is_some() && set.number_within(name).is_none()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn exe(text: &str, part: Part) -> Option<String> {
        executable(&Pattern { text: text.to_owned(), part, is_excluded: false })
    }

    #[test]
    fn executable_with_link_or_odd_path_has_other_path() {
        let folder = tempfile::tempdir().unwrap();
        let real = folder.path().canonicalize().unwrap();
        std::fs::create_dir(real.join("usr")).unwrap();
        std::fs::write(real.join("usr/true"), "").unwrap();
        std::os::unix::fs::symlink("usr", real.join("bin")).unwrap();
        let path = |rest: &str| format!("{}{rest}", real.display());
        let meant = |text: &str, part| {
            exe(&path(text), part)
                .map(|note| note.rsplit_once("it would be ").unwrap().1.to_owned())
        };
        let whole = Some(format!("\"{}\"", path("/usr/true")));
        assert_eq!(meant("/bin/true", Part::Whole), whole);
        assert_eq!(meant("/usr//true", Part::Whole), whole);
        assert_eq!(meant("/bin/../usr/./true", Part::Whole), whole);
        assert_eq!(meant("/bin/tr", Part::Begin), Some(format!("\"{}*\"", path("/usr/tr"))));
        assert_eq!(meant("/bin/", Part::Begin), Some(format!("\"{}*\"", path("/usr/"))));
        assert_eq!(meant("/usr/true", Part::Whole), None);
        assert_eq!(meant("/usr/tr", Part::Begin), None);
        // Nothing is known of another machine or of a container.
        assert_eq!(exe("/nowhere/at/all", Part::Whole), None);
        assert_eq!(exe("/", Part::Begin), None);
        assert!(exe("//x", Part::End).is_some() && exe("/x", Part::End).is_none());
    }

    #[test]
    fn unit_with_misspelled_suffix_is_noted() {
        let meant = |text: &str| {
            let note = unit(&UnitName { text: text.to_owned(), is_excluded: false });
            note.and_then(|note| Some(note.rsplit_once("; is ")?.1.to_owned()))
        };
        assert_eq!(meant("nginx.services.service").as_deref(), Some("\"nginx.service\" meant?"));
        assert_eq!(meant("session-2.scop.service").as_deref(), Some("\"session-2.scope\" meant?"));
        for fine in [
            "nginx.service",
            "dbus-org.freedesktop.login1.service",
            "php8.2-fpm.service",
            "a.b.slice",
        ] {
            assert_eq!(meant(fine), None, "{fine}");
        }
    }

    #[test]
    fn argument_that_mixes_number_and_flags_is_noted() {
        let note = |syscall: &str, condition: &str| {
            let number = syscalls::number(Abi::Native, syscall).unwrap();
            let slot = Slot::new(Abi::Native, number).unwrap();
            argument(slot, &crate::config::condition(condition))
        };
        for mixed in ["type = SOCK_CLOEXEC", "type = 3", "type & SOCK_RAW|SOCK_CLOEXEC"] {
            assert!(note("socket", mixed).is_some_and(|note| note.contains("SOCK_")), "{mixed}");
        }
        for plain in
            ["type = SOCK_RAW", "type & SOCK_RAW|SOCK_DGRAM", "type & SOCK_CLOEXEC", "family = 2"]
        {
            assert_eq!(note("socket", plain), None, "{plain}");
        }
        assert_eq!(note("openat", "flags & O_WRONLY|O_RDWR"), None);
        assert_eq!(note("openat", "flags = 0"), None);
    }
}
