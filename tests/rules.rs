//! Rules of slots, from the filters, limits and alternatives of a file.
#![allow(clippy::unwrap_used)] // helpers of tests are tests

use std::time::Duration;

use proptest::prelude::*;
use syscalls::{Abi, Slot, number};
use tailcalld::config::{
    Aggregate, ByteLimit, Comparison, Condition, Fds, Filter, Ids, Keep, Limit, Part, Pattern, Per,
    Rate, Results, UnitName, Word,
};
use tailcalld::plan::{Plan, Rule, difference};

#[path = "common/config.rs"]
mod config;
#[path = "fixtures/handlers.rs"]
mod fixture;

use config::plan_of;
use fixture::handlers;

/// Returns the rules of a syscall in an ABI.
fn rules_of(plan: &Plan, abi: Abi, name: &str) -> Vec<Rule> {
    let slot = number(abi, name).and_then(|nr| Slot::new(abi, nr)).unwrap();
    plan.routes.get(&slot).map(|route| route.rules.clone()).unwrap_or_default()
}

fn rules(text: &str) -> Vec<Rule> {
    rules_of(&plan_of(text), Abi::Native, "openat")
}

/// Returns the rule of `openat = { handler = "args", ... }`.
fn rule(options: &str) -> Rule {
    rules(&format!("[routes]\nopenat = {{ handler = \"args\", {options} }}")).remove(0)
}

fn ids(range: std::ops::RangeInclusive<u32>, is_excluded: bool) -> Ids {
    Ids { range, is_excluded }
}

fn name(text: &str, is_excluded: bool) -> UnitName {
    UnitName { text: text.to_owned(), is_excluded }
}

fn pattern(text: &str, part: Part, is_excluded: bool) -> Pattern {
    Pattern { text: text.to_owned(), part, is_excluded }
}

#[test]
fn read_filter_has_every_part() {
    let rule = rule(
        "user = [0, \"!root\", \"1000-1999\", \"! 1500\"], group = \"root\", euid = 0, egid = \"!0\", loginuid = [\"!unset\"], \
         unit = [\"nginx\", \"!a.scope\"], slice = \"machine\", user_unit = \"gnome@1\", \
         container = false, comm = [\"nginx\", \"!kworker*\"], exe = \"*/python3\", path = [\"!/etc/**\", \"**/x\", \"*/../x\"], fd_path = [\"/etc\", \"/\", \"/etc/.*\"], \
         parent_comm = \"sh\", pid_tree = 1, argument = [\"flags & O_CREAT\", \"dfd = AT_FDCWD\"]",
    );
    let condition =
        |argument: &str, test| Condition { argument: argument.to_owned(), comparison: test };
    let word = |text: &str| Word::Name(text.to_owned());
    let bits = Comparison::Masks { bits: vec![word("O_CREAT")], is_negated: false };
    let equals = Comparison::Equals { value: word("AT_FDCWD"), is_negated: false };
    let expected = Filter {
        uid: Some(vec![
            ids(0..=0, false),
            ids(0..=0, true),
            ids(1000..=1999, false),
            ids(1500..=1500, true),
        ]),
        gid: Some(vec![ids(0..=0, false)]),
        euid: Some(vec![ids(0..=0, false)]),
        egid: Some(vec![ids(0..=0, true)]),
        loginuid: Some(vec![ids(u32::MAX..=u32::MAX, true)]),
        unit: Some(vec![name("nginx.service", false), name("a.scope", true)]),
        slice: Some(vec![name("machine.slice", false)]),
        user_unit: Some(vec![name("gnome@1.service", false)]),
        container: Some(false),
        comm: Some(vec![
            pattern("nginx", Part::Whole, false),
            pattern("kworker", Part::Begin, true),
        ]),
        exe: Some(vec![pattern("/python3", Part::End, false)]),
        path: Some(vec![
            pattern("/etc/", Part::Begin, true),
            pattern("/x", Part::End, false),
            pattern("/../x", Part::End, false),
        ]),
        fd_path: Some(vec![
            pattern("/etc", Part::Whole, false),
            pattern("/", Part::Whole, false),
            pattern("/etc/.", Part::Begin, false),
        ]),
        parent_comm: Some(vec![pattern("sh", Part::Whole, false)]),
        pid_tree: Some(vec![1]),
        argument: Some(vec![condition("flags", bits), condition("dfd", equals)]),
    };
    assert_eq!(rule.filter, expected);
}

fn limit(count: u32, period_s: u64, burst: u32, per: Per) -> Option<Limit> {
    Some(Limit { rate: Rate { count, period_ns: period_s * 1_000_000_000 }, burst, per })
}

#[test]
fn read_limit_options_become_one_limit() {
    assert_eq!(rule("priority = 6").limit, None);
    assert_eq!(rule("limit = \"100/s\"").limit, limit(100, 1, 100, Per::Route));
    assert_eq!(rule("limit = \"90/min\"").limit, limit(90, 60, 1, Per::Route));
    let more = "limit = \"7/d\", burst = 200, per = \"cgroup\"";
    assert_eq!(rule(more).limit, limit(7, 86_400, 200, Per::Cgroup));
    assert_eq!([rule("sample = \"1/1\"").sample, rule("sample = \"1/100\"").sample], [1, 100]);
    let aggregate = |seconds, by: &[&str]| {
        let by = by.iter().map(|&name| name.to_owned()).collect();
        Some(Aggregate { every: Duration::from_secs(seconds), by })
    };
    assert_eq!(rule("aggregate = \"1h\"").aggregate, aggregate(3600, &[]));
    let by = "aggregate = \"10s\", by = [\"filename\", \"flags\"]";
    assert_eq!(rule(by).aggregate, aggregate(10, &["filename", "flags"]));
    assert_eq!(
        [rule("keep = \"low\"").keep, rule("sample = \"1/2\"").keep],
        [Keep::Low, Keep::High]
    );
}

/// A route takes back what the defaults say, or leaves it.
#[test]
fn read_filter_of_route_overrides_defaults() {
    let defaults =
        "[defaults]\nuid = 0\ncomm = \"a\"\nlimit = \"5/s\"\nper = \"uid\"\nby = \"dfd\"\n";
    let of = |options: &str| {
        let route = format!("openat = {{ handler = \"args\", {options} }}");
        rules(&format!("{defaults}aggregate = \"1s\"\n[routes]\n{route}")).remove(0)
    };
    let plain = of("priority = 6");
    assert_eq!(plain.filter.uid, Some(vec![ids(0..=0, false)]));
    assert_eq!(plain.limit, limit(5, 1, 5, Per::Uid));
    let other = of("uid = [], limit = \"none\", aggregate = \"none\"");
    assert_eq!((other.filter.uid, other.filter.comm.is_some()), (None, true));
    assert_eq!((other.limit, other.aggregate), (None, None));
    assert_eq!(of("burst = 9").limit, limit(5, 1, 9, Per::Uid));
    assert_eq!(of("by = \"mode\"").aggregate.unwrap().by, ["mode"]);
}

#[test]
fn read_rule_without_records_has_no_limit() {
    let defaults =
        "[defaults]\nlimit = \"5/s\"\nsample = \"1/2\"\naggregate = \"1s\"\nkeep = \"low\"\n";
    let rule = rules(&format!("{defaults}[routes]\nopenat = \"count\"\nread = \"args\"")).remove(0);
    assert_eq!((rule.limit, rule.sample, rule.aggregate), (None, 1, None));
    assert_eq!(rule.keep, Keep::High);
}

#[test]
fn read_alternatives_keep_their_order() {
    let all = rules(
        "[routes]\nopenat = [{ handler = \"none\", uid = 0 }, { handler = \"args\", comm = \"a\" }, \"count\"]",
    );
    let summaries: Vec<_> = all.iter().map(|rule| (rule.handler, rule.filter.summary())).collect();
    let summary_of = |option, value: &str| vec![(option, value.to_owned())];
    assert_eq!(summaries, [(0, summary_of("uid", "0")), (2, summary_of("comm", "a")), (5, vec![])]);
}

/// One that takes all calls of one ABI hides the next in that ABI alone.
#[test]
fn read_alternatives_apply_to_their_abi() {
    let plan = plan_of(
        "[routes]\nkill = [{ handler = \"args\", abi = \"native\" }, { handler = \"count\", abi = \"compat\" }]",
    );
    let of = |abi| rules_of(&plan, abi, "kill").iter().map(|rule| rule.handler).collect::<Vec<_>>();
    assert_eq!([of(Abi::Native), of(Abi::Compat)], [[2], [5]]);
}

#[test]
fn read_alternatives_without_records_make_no_route() {
    let plan =
        plan_of("[routes]\nread = \"args\"\nopenat = [{ handler = \"none\", uid = 0 }, \"none\"]");
    assert!(rules_of(&plan, Abi::Native, "openat").is_empty());
}

#[test]
fn read_result_accepts_every_form() {
    let of = |result: &str| rule(&format!("result = {result}")).results;
    assert_eq!(of("[\"EACCES\", \"EPERM\"]"), Results::Within(vec![-13..=-13, -1..=-1]));
    assert_eq!(of("\">= 0\""), Results::Within(vec![0..=i64::MAX]));
    assert_eq!(of("[\"failed\", \"!= -2\"]"), Results::Within(vec![-4095..=-3, -1..=-1]));
    assert_eq!(of("[\"failed\", \">= 0\", \"< -4095\"]"), Results::All);
}

#[test]
fn read_settings_beside_routes() {
    let of = |tables: &str| plan_of(&format!("[routes]\nread = \"args\"\n{tables}"));
    let plan = of("");
    assert_eq!(plan.per_uid, limit(10_000, 1, 10_000, Per::Uid));
    assert_eq!((plan.max_per_second, plan.max_bytes_per_second), (None, ByteLimit::ByOutput));
    assert_eq!(plan.stats_interval, Some(Duration::from_secs(300)));
    assert_eq!(plan.exclude_units.len(), 14);
    let plan = of("[limits]\nper_uid = \"60/min\"\n[exclude]\nunits = [\"a\", \"b.scope\"]\n\
                   [journal]\nmax_per_second = 5000\nmax_bytes_per_second = \"5MiB\"\nstats_interval = \"none\"");
    assert_eq!(plan.per_uid, limit(60, 60, 1, Per::Uid));
    assert_eq!(plan.exclude_units, ["a.service", "b.scope"]);
    assert_eq!(
        (plan.max_per_second, plan.max_bytes_per_second),
        (Some(5000), ByteLimit::Bytes(5 << 20))
    );
    assert_eq!(plan.stats_interval, None);
    assert_eq!(plan.self_test, Some(Duration::from_secs(1)));
    assert_eq!(plan.read_back, Some(Duration::from_secs(10)));
    assert_eq!(of("[journal]\nread_back = \"none\"").read_back, None);
    assert_eq!(of("[kernel]\nself_test = \"2min\"").self_test, Some(Duration::from_secs(120)));
    assert_eq!(of("[kernel]\nself_test = \"none\"").self_test, None);
    assert_eq!(of("").metrics, None);
    let metrics = of("[metrics]\ntextfile = \"/run/a.prom\"").metrics.unwrap();
    assert_eq!((metrics.path, metrics.interval), ("/run/a.prom".into(), Duration::from_secs(15)));
    assert_eq!(of("[metrics]\ntextfile = \"none\"\nevery = \"1min\"").metrics, None);
    assert_eq!(of("[limits]\nper_uid = \"none\"").per_uid, None);
    assert_eq!(of("[limits]\nper_uid_burst = 7").per_uid, limit(10_000, 1, 7, Per::Uid));
    let none = of("[journal]\nmax_per_second = 0\nmax_bytes_per_second = 0");
    assert_eq!((none.max_per_second, none.max_bytes_per_second), (None, ByteLimit::Unlimited));
}

/// Returns the changes that a reload reports for `openat`.
fn changes(from: &str, to: &str) -> Vec<String> {
    let of = |target: &str| plan_of(&format!("[routes]\n257 = {target}"));
    difference(&of(from), &of(to)).summary(&handlers()).changed
}

#[cfg(target_arch = "x86_64")]
#[test]
fn summary_describes_changed_filters() {
    let args = |options: &str| format!("{{ handler = \"args\", {options} }}");
    let told_of = |from: &str, to: &str| changes(&args(from), &args(to));
    let openat = |what: &str| [format!("openat(x86_64) ({what})")];
    let to = "uid = [0, \"!1-9\"], argument = [\"flags & O_CREAT|1\", \"mode <= 7\"]";
    let filter =
        "argument any -> flags & O_CREAT|1 and mode <= 7, comm a* -> any, uid any -> 0,!1-9";
    assert_eq!(told_of("comm = \"a*\"", to), openat(filter));
    let to = "limit = \"5/min\", per = \"pid\", sample = \"1/9\", aggregate = \"90s\", by = [\"dfd\", \"mode\"], keep = \"low\"";
    let bounds = "limit none -> 5/min, burst 1, per pid, sample 1/1 -> 1/9, \
                  aggregate none -> 90s by dfd, mode, keep high -> low";
    assert_eq!(told_of("priority = 6", to), openat(bounds));
    let two = |uid: u32, last: &str| format!("[{}, \"{last}\"]", args(&format!("uid = {uid}")));
    assert_eq!(
        changes(&two(0, "args"), &two(7, "count"))[..],
        openat("1: uid 0 -> 7, 2: args -> count")
    );
    let none = changes("[{ handler = \"none\", uid = 0 }, \"args\"]", &two(0, "args"));
    assert_eq!(none, openat("1: none -> args"));
    assert_eq!(changes(&two(0, "args"), "\"args\"")[..], openat("args|args -> args"));
    assert_eq!(changes(&two(0, "args"), &two(0, "args")), Vec::<String>::new());
}

/// A filter with one value of each option, of which all can be asked of `openat`.
fn any_filter() -> impl Strategy<Value = Filter> {
    let range = || (0..9_u32, 0..9_u32, any::<bool>());
    let ids = || range().prop_map(|(first, more, not)| vec![ids(first..=first + more, not)]);
    let part = prop::sample::select(vec![Part::Whole, Part::Begin, Part::End]);
    let text = ("[a-z/]{1,9}", part, any::<bool>());
    let text = text.prop_map(|(text, part, not)| pattern(&text, part, not));
    let test = (0..5_u8, -9..9_i128, any::<bool>(), text.clone());
    let condition = test.prop_map(|(kind, number, is_negated, pattern)| {
        let value =
            if number < 0 { Word::Number(number) } else { Word::Name("O_CREAT".to_owned()) };
        let bits = vec![Word::Number(1), Word::Name("O_EXCL".to_owned())];
        let (argument, test) = match kind {
            0 => ("flags", Comparison::Equals { value, is_negated }),
            1 => ("flags", Comparison::Masks { bits, is_negated }),
            2 => ("dfd", Comparison::Compares { range: i128::MIN..=number }),
            3 => ("dfd", Comparison::Compares { range: number..=i128::MAX }),
            _ => ("filename", Comparison::Matches(pattern)),
        };
        vec![Condition { argument: argument.to_owned(), comparison: test }]
    });
    let names = || ("[a-z]{1,9}", any::<bool>());
    let some = (ids(), ids(), names(), any::<bool>(), text, 1..9_u32, condition);
    some.prop_map(|(uid, loginuid, (unit, not), container, text, pid, argument)| Filter {
        uid: Some(uid.clone()),
        gid: Some(uid),
        euid: Some(loginuid.clone()),
        egid: Some(loginuid.clone()),
        loginuid: Some(loginuid),
        unit: Some(vec![name(&format!("{unit}.service"), not)]),
        slice: Some(vec![name(&format!("{unit}.slice"), not)]),
        user_unit: None,
        container: Some(container),
        comm: Some(vec![text.clone()]),
        exe: None,
        path: None,
        fd_path: None,
        parent_comm: Some(vec![text]),
        pid_tree: Some(vec![pid]),
        argument: Some(argument),
    })
}

proptest! {
    /// A summary is written like the configuration.
    #[test]
    fn summary_of_any_filter_is_read_as_same_filter(filter in any_filter()) {
        let options = filter.summary().into_iter().map(|(option, value)| match option {
            "container" | "pid_tree" => format!("{option} = {value}"),
            _ => format!("{option} = '''{value}'''"),
        });
        prop_assert_eq!(rule(&options.collect::<Vec<_>>().join(", ")).filter, filter);
    }
}

#[test]
fn names_are_on_where_syscall_takes_path_unless_an_option_says_otherwise() {
    let names = |defaults: &str, syscall: &str, handler: &str| {
        let text = format!("{defaults}\n[routes]\n{syscall} = {handler}");
        rules_of(&plan_of(&text), Abi::Native, syscall)[0].names
    };
    assert!(names("", "openat", "\"args\""));
    assert!(names("", "execve", "\"exec\""));
    assert!(!names("", "getppid", "\"args\""));
    assert!(!names("[defaults]\nnames = false", "openat", "\"args\""));
    assert!(names("[defaults]\nnames = true", "getppid", "\"args\""));
    assert!(!names("[defaults]\nnames = true", "getppid", "{ handler = \"args\", names = false }"));
}

#[test]
fn fds_are_named_where_calls_pass_or_return_descriptors() {
    let fds = |option: &str, syscall: &str, handler: &str| {
        let text = format!("[defaults]\n{option}\n[routes]\n{syscall} = {handler}");
        rules_of(&plan_of(&text), Abi::Native, syscall)[0].fds
    };
    let on = "fds = \"names\"";
    assert_eq!(fds("", "read", "\"args\""), Fds::Number);
    assert_eq!(fds("", "read", "{ handler = \"args\", fds = \"names\" }"), Fds::Names);
    assert_eq!(fds(on, "read", "{ handler = \"args\", fds = \"number\" }"), Fds::Number);
    for (syscall, handler, expected) in [
        ("read", "\"args\"", Fds::Names),
        ("execve", "\"exec\"", Fds::Number),
        ("read", "\"count\"", Fds::Number),
        ("getppid", "\"args\"", Fds::Number),
        ("socket", "\"args\"", Fds::Number),
        ("socket", "{ handler = \"args\", result = true }", Fds::Names),
        ("getppid", "{ handler = \"args\", result = true }", Fds::Number),
        ("select", "\"args\"", Fds::Names),
        ("sendmsg", "\"args\"", Fds::Names),
        ("pipe2", "\"args\"", Fds::Number),
        ("clone", "{ handler = \"args\", result = true }", Fds::Names),
    ] {
        assert_eq!(fds(on, syscall, handler), expected, "{syscall} = {handler}");
    }
}
