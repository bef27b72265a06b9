//! Judgement of a filter on the calls of a process, as far as the process decides it.

use super::process::{CgroupNames, ProcessFacts};
use crate::config::{Filter, Ids, Part, Pattern, UnitName};

/// Judgement on a process.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Judgement {
    /// The filter accepts each call.
    Accepts,
    /// The filter refuses each call, for this reason.
    Refuses(String),
    /// These options look at the call itself, or at what is not known here.
    Depends(Vec<&'static str>),
}

/// OptionOutcome of one option: `None` if it is not known.
type OptionOutcome = Option<Result<(), String>>;

/// Judges the calls of a process.
pub fn judge(filter: &Filter, subject: &ProcessFacts) -> Judgement {
    let mut unknown = Vec::new();
    for (option, outcome) in outcomes(filter, subject) {
        match outcome {
            Some(Ok(())) => {}
            Some(Err(reason)) => return Judgement::Refuses(format!("{option}: {reason}")),
            None => unknown.push(option),
        }
    }
    if unknown.is_empty() { Judgement::Accepts } else { Judgement::Depends(unknown) }
}

/// Returns the outcome of each option that the filter has.
fn outcomes(filter: &Filter, subject: &ProcessFacts) -> Vec<(&'static str, OptionOutcome)> {
    let cgroup = subject.cgroup.as_ref();
    let named = |of: fn(&CgroupNames) -> Vec<&str>| cgroup.map(of);
    let slices = cgroup.filter(|names| !names.slices.is_empty());
    let slices = slices.map(|names| names.slices.iter().map(String::as_str).collect());
    let all = [
        ("uid", ids(&filter.uid, subject.uid)),
        ("gid", ids(&filter.gid, subject.gid)),
        ("euid", ids(&filter.euid, subject.euid)),
        ("egid", ids(&filter.egid, subject.egid)),
        ("loginuid", ids(&filter.loginuid, subject.loginuid)),
        ("unit", units(&filter.unit, named(|names| names.unit.as_deref().into_iter().collect()))),
        ("slice", units(&filter.slice, slices)),
        (
            "user_unit",
            units(
                &filter.user_unit,
                named(|names| names.user_unit.as_deref().into_iter().collect()),
            ),
        ),
        ("container", container(filter.container, cgroup)),
        ("comm", texts(&filter.comm, subject.comm.as_deref())),
        ("exe", texts(&filter.exe, subject.exe.as_deref())),
        ("parent_comm", texts(&filter.parent_comm, subject.parent_comm.as_deref())),
        ("pid_tree", tree(&filter.pid_tree, subject.ancestry.as_deref())),
        ("path", filter.path.as_ref().map(|_| None)),
        ("fd_path", filter.fd_path.as_ref().map(|_| None)),
        ("argument", filter.argument.as_ref().map(|_| None)),
    ];
    all.into_iter().filter_map(|(option, outcome)| Some((option, outcome?))).collect()
}

/// Judges a list: none of the excluded values may match, and one of the others must, if there are any.
fn list<T: std::fmt::Display>(
    values: &[T],
    is_excluded: impl Fn(&T) -> bool,
    matches: impl Fn(&T) -> bool,
    found: &str,
) -> Result<(), String> {
    if let Some(value) = values.iter().find(|value| is_excluded(value) && matches(value)) {
        return Err(format!("{value} excludes {found}"));
    }
    let mut wanted = values.iter().filter(|value| !is_excluded(value)).peekable();
    if wanted.peek().is_none() || wanted.any(matches) {
        return Ok(());
    }
    Err(format!("it is {found}"))
}

fn ids(values: &Option<Vec<Ids>>, id: Option<u32>) -> Option<OptionOutcome> {
    let values = values.as_ref()?;
    Some(id.map(|id| {
        let found = if id == u32::MAX { "unset".to_owned() } else { id.to_string() };
        list(values, |one| one.is_excluded, |one| one.range.contains(&id), &found)
    }))
}

fn units(values: &Option<Vec<UnitName>>, names: Option<Vec<&str>>) -> Option<OptionOutcome> {
    let values = values.as_ref()?;
    Some(names.map(|names| {
        let found = if names.is_empty() { "none".to_owned() } else { names.join(", ") };
        list(values, |one| one.is_excluded, |one| names.contains(&&*one.text), &found)
    }))
}

fn container(wanted: Option<bool>, cgroup: Option<&CgroupNames>) -> Option<OptionOutcome> {
    let wanted = wanted?;
    let known = cgroup.and_then(|names| names.is_container);
    Some(known.map(|is_one| match is_one == wanted {
        true => Ok(()),
        false => Err(format!("it is {}", if is_one { "in one" } else { "in none" })),
    }))
}

fn texts(patterns: &Option<Vec<Pattern>>, text: Option<&[u8]>) -> Option<OptionOutcome> {
    let patterns = patterns.as_ref()?;
    Some(text.map(|text| {
        let found = crate::config::printable(&String::from_utf8_lossy(text)).clone();
        list(patterns, |one| one.is_excluded, |one| matches(one, text), &found)
    }))
}

fn matches(pattern: &Pattern, text: &[u8]) -> bool {
    let wanted = pattern.text.as_bytes();
    match pattern.part {
        Part::Whole => text == wanted,
        Part::Begin => text.starts_with(wanted),
        Part::End => text.ends_with(wanted),
    }
}

fn tree(roots: &Option<Vec<u32>>, ancestry: Option<&[u32]>) -> Option<OptionOutcome> {
    let roots = roots.as_ref()?;
    Some(ancestry.map(|ancestry| match ancestry.iter().any(|pid| roots.contains(pid)) {
        true => Ok(()),
        false => Err("it does not descend from one of them".to_owned()),
    }))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn subject() -> ProcessFacts {
        let cgroup = CgroupNames {
            unit: Some("nginx.service".into()),
            slices: vec!["system.slice".into()],
            user_unit: None,
            is_container: Some(false),
        };
        ProcessFacts {
            uid: Some(33),
            loginuid: Some(u32::MAX),
            comm: Some(b"nginx".to_vec()),
            exe: Some(b"/usr/sbin/nginx".to_vec()),
            cgroup: Some(cgroup),
            ancestry: Some(vec![12, 7, 1]),
            ..ProcessFacts::default()
        }
    }

    fn pattern(text: &str, part: Part, is_excluded: bool) -> Pattern {
        Pattern { text: text.into(), part, is_excluded }
    }

    #[track_caller]
    fn assert_judged(filter: Filter, expected: &str) {
        let text = match judge(&filter, &subject()) {
            Judgement::Accepts => "yes".to_owned(),
            Judgement::Refuses(reason) => reason,
            Judgement::Depends(options) => options.join(" "),
        };
        assert_eq!(text, expected);
    }

    #[test]
    fn judge_names_first_option_that_refuses() {
        let ids = |range, is_excluded| Some(vec![Ids { range, is_excluded }]);
        let unit =
            |text: &str, is_excluded| Some(vec![UnitName { text: text.into(), is_excluded }]);
        let filter = Filter::default;
        assert_judged(filter(), "yes");
        assert_judged(Filter { uid: ids(0..=0, false), ..filter() }, "uid: it is 33");
        assert_judged(Filter { uid: ids(0..=99, true), ..filter() }, "uid: !0-99 excludes 33");
        assert_judged(Filter { uid: ids(1..=9, true), ..filter() }, "yes");
        let unset = ids(u32::MAX..=u32::MAX, true);
        assert_judged(Filter { loginuid: unset, ..filter() }, "loginuid: !unset excludes unset");
        assert_judged(Filter { gid: ids(0..=0, false), ..filter() }, "gid");
        assert_judged(Filter { unit: unit("nginx.service", false), ..filter() }, "yes");
        let other = Filter { unit: unit("sshd.service", false), ..filter() };
        assert_judged(other, "unit: it is nginx.service");
        assert_judged(Filter { slice: unit("system.slice", false), ..filter() }, "yes");
        let user = Filter { user_unit: unit("mail.service", false), ..filter() };
        assert_judged(user, "user_unit: it is none");
        assert_judged(Filter { container: Some(true), ..filter() }, "container: it is in none");
        assert_judged(Filter { pid_tree: Some(vec![7]), ..filter() }, "yes");
        let tree = Filter { pid_tree: Some(vec![8]), ..filter() };
        assert_judged(tree, "pid_tree: it does not descend from one of them");
    }

    #[test]
    fn judge_compares_patterns_and_leaves_the_call_open() {
        let exe = |pattern| Filter { exe: Some(vec![pattern]), ..Filter::default() };
        assert_judged(exe(pattern("/usr/", Part::Begin, false)), "yes");
        assert_judged(
            exe(pattern("nginx", Part::End, true)),
            "exe: !*nginx excludes /usr/sbin/nginx",
        );
        assert_judged(exe(pattern("nginx", Part::Whole, false)), "exe: it is /usr/sbin/nginx");
        let path = Some(vec![pattern("/etc/", Part::Begin, false)]);
        assert_judged(Filter { path: path.clone(), ..Filter::default() }, "path");
        let both = Filter {
            path,
            comm: Some(vec![pattern("x", Part::Whole, false)]),
            ..Filter::default()
        };
        assert_judged(both, "comm: it is nginx");
    }
}
