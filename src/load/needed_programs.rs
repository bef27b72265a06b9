//! Programs that a daemon, or a table of it, cannot start without.

use std::collections::BTreeSet;

use libbpf_rs::skel::OpenSkel as _;
use syscalls::{Abi, DescriptorMembers, Slot};

use super::copies::Names;
use super::object::shares_the_table;
use super::programs::handler_program;
use super::recipes::{has_entries, has_inner, has_vector, recipe};
use crate::bpf::OpenTailcalldSkel;
use crate::config::{Fds, Keep, Paths, Results};
use crate::handlers::Handlers;
use crate::plan::{Plan, Route, Rule};

/// Programs that a load waits for.
#[derive(Debug, Clone, Copy)]
pub enum Wanted<'a> {
    /// Programs of the whole object.
    All,
    /// Programs that this table needs, or, if it is live already, that the daemon needs for itself. A thread loads
    /// the others.
    Table(&'a Plan),
    /// Programs that these tables need. The others are loaded by the first that asks for one of them.
    OnDemand(&'a [&'a Plan]),
}

/// Returns the names of the programs that a load waits for. `is_live`: the table is that of the previous daemon.
pub(super) fn needed(
    wanted: Wanted<'_>,
    is_live: bool,
    open: &OpenTailcalldSkel<'_>,
    handlers: &Handlers,
    are_returns_free: bool,
) -> Names {
    match wanted {
        Wanted::All => all(open),
        Wanted::Table(_) if is_live => owned(&OF_DAEMON),
        Wanted::Table(plan) => of_tables(&[plan], handlers, are_returns_free),
        Wanted::OnDemand(plans) => of_tables(plans, handlers, are_returns_free),
    }
}

fn of_tables(plans: &[&Plan], handlers: &Handlers, are_returns_free: bool) -> Names {
    let of_tables = plans.iter().flat_map(|plan| needed_by(plan, handlers, are_returns_free));
    of_tables.chain(owned(&OF_DAEMON)).collect()
}

/// Returns the names of the programs of a table.
pub(super) fn needed_by(plan: &Plan, handlers: &Handlers, are_returns_free: bool) -> Names {
    let mut names = handlers_of(plan, handlers);
    names.append(&mut owned(&OF_TABLE));
    names.append(&mut of_rules(plan, are_returns_free));
    names
}

/// Returns the names of the programs that a table needs for this route.
pub(super) fn of_route(
    slot: Slot,
    route: &Route,
    handlers: &Handlers,
    are_returns_free: bool,
) -> Names {
    let plan = Plan { routes: [(slot, route.clone())].into(), ..Plan::default() };
    let mut names = handlers_of(&plan, handlers);
    names.append(&mut of_rules(&plan, are_returns_free));
    names
}

/// Returns the names of the programs that the probes of a kind need, whose programs are of a type of their own.
pub(super) fn of_kind(plan: &Plan, kind: Abi, handlers: &Handlers) -> Names {
    let routes = plan.routes.iter().filter(|(slot, _)| slot.abi() == kind);
    let routes = routes.map(|(slot, route)| (*slot, route.clone())).collect();
    let plan = Plan { routes, ..Plan::default() };
    let mut names = handlers_of(&plan, handlers);
    names.append(&mut of_rules(&plan, false));
    names.retain(|name| shares_the_table(name));
    names
}

fn owned(names: &[&str]) -> Names {
    names.iter().map(|&name| name.to_owned()).collect()
}

/// Programs that the daemon runs before it makes a call that could be recorded.
const OF_DAEMON: [&str; 1] = ["self_identify"];
/// Programs of every table.
const OF_TABLE: [&str; 4] = ["sys_enter", "selftest", "cgroup_mkdir", "cgroup_rmdir"];

/// Programs of a table that has a rule of some kind.
const OF_RULES: [(IsNeeded, &[&str]); 21] = [
    (|one| one.rule.keep == Keep::Blackbox, &["box_serve"]),
    (|one| one.slot.abi() == Abi::IoUring, &["uring_submit"]),
    (|one| one.slot.abi().is_probe(), &["probe"]),
    (|one| one.route.unfiltered().is_none(), &["filter", "filter_match", "filter_resume"]),
    (|one| one.rule.filter.asks_for_path(), &["filter_path", "filter_walk"]),
    (
        |one| one.rule.filter.pid_tree.is_some(),
        &["proc_tree_exit", "proc_tree_fork", "proc_tree_seed"],
    ),
    (|one| one.rule.records && recipe(one.slot).strings != 0, &["argv_copy"]),
    (|one| one.rule.records && has_inner(one.slot), &["inner_args"]),
    (|one| one.rule.records && has_vector(one.slot), &["vectors"]),
    (|one| one.rule.records && has_vector(one.slot) && one.awaits_return(), &["result_vectors"]),
    (|one| one.rule.records && has_entries(one.slot) && one.awaits_return(), &["result_entries"]),
    (|one| one.rule.records && one.rule.names, &["names"]),
    (|one| one.rule.records && one.rule.names && one.rule.ancestors != 0, &["ancestor_exe"]),
    (|one| one.rule.records && one.rule.capabilities, &["capabilities"]),
    (|one| !one.rule.chain.is_empty(), &["chain"]),
    (|one| one.names_descriptors(), &["descriptors"]),
    (|one| one.names_descriptors() && one.has_members(|one| one.at_entry), &["members"]),
    (|one| one.names_new_descriptors(), &["result_descriptor"]),
    (
        |one| one.names_new_descriptors() && one.has_members(|one| one.at_return),
        &["result_members"],
    ),
    (|one| one.awaits_return(), &["sys_exit", "task_exit"]),
    (|one| one.rule.awaits_execution(one.slot), &["task_exec", "exec_unrouted", "task_exit"]),
];

type IsNeeded = fn(&RuleInTable<'_>) -> bool;

/// A rule and its place.
struct RuleInTable<'a> {
    slot: Slot,
    route: &'a Route,
    rule: &'a Rule,
    /// Returns can be seen at no cost to other calls.
    are_returns_free: bool,
}

impl RuleInTable<'_> {
    fn names_descriptors(&self) -> bool {
        self.rule.records && self.rule.fds == Fds::Names
    }

    fn names_new_descriptors(&self) -> bool {
        self.names_descriptors() && self.rule.awaits_result(self.slot)
    }

    fn has_members(&self, is_one: impl Fn(&DescriptorMembers) -> bool) -> bool {
        syscalls::descriptor_members(self.slot).iter().any(is_one)
    }

    fn awaits_return(&self) -> bool {
        let is_reread = match self.rule.paths {
            Paths::Auto => self.are_returns_free,
            Paths::Entry => false,
            Paths::Exact => true,
        };
        let is_asked_for = is_reread || self.rule.results != Results::None;
        is_asked_for && !self.rule.awaits_execution(self.slot)
    }
}

fn of_rules(plan: &Plan, are_returns_free: bool) -> Names {
    let rules = plan.routes.iter().flat_map(|(&slot, route)| {
        route.rules.iter().map(move |rule| RuleInTable { slot, route, rule, are_returns_free })
    });
    let rules = Vec::from_iter(rules);
    let needed = OF_RULES.iter().filter(|(is_needed, _)| rules.iter().any(is_needed));
    needed.flat_map(|(_, programs)| owned(programs)).collect()
}

fn handlers_of(plan: &Plan, handlers: &Handlers) -> Names {
    let rules = plan.routes.values().flat_map(|route| &route.rules);
    let ids: BTreeSet<u16> = rules.map(|rule| rule.handler).collect();
    let routed = handlers.iter().filter(|handler| ids.contains(&handler.id));
    routed.map(|handler| handler_program(&handler.name)).collect()
}

fn all(open: &OpenTailcalldSkel<'_>) -> Names {
    open.open_object()
        .progs()
        .map(|program| program.name().to_string_lossy().into_owned())
        .collect()
}

#[cfg(test)]
mod tests {
    use syscalls::number;

    use super::*;
    use crate::load;

    fn needed(name: &str, change: impl Fn(&mut Rule)) -> Names {
        let handlers = load::handlers().unwrap();
        let handler = handlers.named("args").unwrap().id;
        let mut rule = Rule { handler, records: true, ..Rule::nothing() };
        change(&mut rule);
        let slot = Slot::new(Abi::Native, number(Abi::Native, name).unwrap()).unwrap();
        let plan = Plan { routes: [(slot, rule.into())].into(), ..Plan::default() };
        let mut names = needed_by(&plan, &handlers, false);
        owned(&OF_TABLE).iter().for_each(|name| assert!(names.remove(name), "{name}"));
        assert!(names.remove("handle_args"));
        names
    }

    #[test]
    fn needed_by_has_programs_of_what_rules_ask_for_and_no_others() {
        let filters = ["filter", "filter_match", "filter_resume"];
        assert_eq!(needed("getpid", |_| {}), Names::new());
        assert_eq!(needed("execve", |_| {}), owned(&["argv_copy"]));
        assert_eq!(needed("execve", |rule| rule.records = false), Names::new());
        assert_eq!(needed("writev", |_| {}), owned(&["vectors"]));
        assert_eq!(needed("pselect6", |_| {}), owned(&["inner_args"]));
        let vectors = owned(&["result_vectors", "sys_exit", "task_exit", "vectors"]);
        assert_eq!(needed("recvmsg", |rule| rule.results = Results::All), vectors);
        let entries = owned(&["result_entries", "sys_exit", "task_exit"]);
        assert_eq!(needed("getdents64", |rule| rule.results = Results::All), entries);
        assert_eq!(needed("getdents64", |_| {}), Names::new());
        assert_eq!(needed("getpid", |rule| rule.names = true), owned(&["names"]));
        assert_eq!(needed("execve", |rule| rule.ancestors = 1), owned(&["argv_copy"]));
        let with_paths = needed("execve", |rule| (rule.names, rule.ancestors) = (true, 1));
        assert_eq!(with_paths, owned(&["ancestor_exe", "argv_copy", "names"]));
        assert_eq!(needed("getpid", |rule| rule.capabilities = true), owned(&["capabilities"]));
        let described =
            |name: &str| needed(name, |rule| (rule.fds, rule.results) = (Fds::Names, Results::All));
        let returns = ["descriptors", "result_descriptor", "sys_exit", "task_exit"];
        assert_eq!(described("openat"), owned(&returns));
        assert_eq!(described("poll"), owned(&[&returns[..], &["members"]].concat()));
        assert_eq!(described("pipe"), owned(&[&returns[..], &["result_members"]].concat()));
        let returns = owned(&["sys_exit", "task_exit"]);
        assert_eq!(needed("getpid", |rule| rule.paths = Paths::Exact), returns);
        let of_successes = |results: Results| {
            needed("execve", move |rule| {
                (rule.results, rule.paths) = (results.clone(), Paths::Exact);
            })
        };
        let executed = ["argv_copy", "exec_unrouted", "task_exec", "task_exit"];
        assert_eq!(of_successes(Results::Within(vec![0..=i64::MAX])), owned(&executed));
        let at_return = owned(&["argv_copy", "sys_exit", "task_exit"]);
        assert_eq!(of_successes(Results::All), at_return);
        assert_eq!(of_successes(Results::failed()), at_return);
        let trees = ["proc_tree_exit", "proc_tree_fork", "proc_tree_seed"];
        let in_tree = needed("getpid", |rule| rule.filter.pid_tree = Some(vec![1]));
        assert_eq!(in_tree, owned(&[&filters[..], &trees].concat()));
    }
}
