//! Programs that a daemon cannot start without.

use std::collections::BTreeSet;

use libbpf_rs::skel::OpenSkel as _;

use super::attach::Attach;
use super::attach_mode::AttachMode;
use super::programs::{Names, handler_program};
use crate::bpf::OpenTailcalldSkel;
use crate::config::{Fds, Paths, Results};
use crate::handlers::Handlers;
use crate::plan::{Plan, Rule};

/// Programs that a load waits for.
#[derive(Debug, Clone, Copy)]
pub enum Wanted<'a> {
    /// Programs of the whole object.
    All,
    /// Programs that this table needs, or, if it is live already, that the daemon needs for itself.
    Table(&'a Plan),
}

/// Returns the names of the programs that a load waits for. `is_live`: the table is that of the previous daemon.
pub(super) fn needed(
    wanted: Wanted<'_>,
    is_live: bool,
    open: &OpenTailcalldSkel<'_>,
    handlers: &Handlers,
    choice: &AttachMode,
) -> Names {
    let (names, of_handlers) = match wanted {
        Wanted::All => return all(open),
        Wanted::Table(_) if is_live => (OF_DAEMON.to_vec(), Names::new()),
        Wanted::Table(plan) => (
            [&OF_DAEMON[..], &OF_TABLE, &of_plan(plan, choice)].concat(),
            handlers_of(plan, handlers),
        ),
    };
    names.into_iter().map(str::to_owned).chain(of_handlers).collect()
}

/// Programs that the daemon runs before it makes a call that could be recorded.
const OF_DAEMON: [&str; 1] = ["self_identify"];
/// Programs of every table. `argv_copy` is what handlers of programs and of any syscall continue with.
const OF_TABLE: [&str; 5] = ["sys_enter", "selftest", "cgroup_mkdir", "cgroup_rmdir", "argv_copy"];
/// Programs of a table with filters, and of one that waits for the return of calls.
const OF_FILTERS: [&str; 3] = ["filter", "filter_match", "filter_resume"];
const OF_RETURNS: [&str; 2] = ["sys_exit", "task_exit"];

/// Programs of a table whose filters compare paths of files.
const OF_PATHS: [&str; 2] = ["filter_path", "filter_walk"];

/// Programs of a table whose events have names.
const OF_NAMES: [&str; 1] = ["names"];
/// Programs of a table whose events have the files behind descriptors.
const OF_FILES: [&str; 1] = ["descriptors"];
const OF_RESULT_FILES: [&str; 1] = ["result_descriptor"];

fn of_plan(plan: &Plan, choice: &AttachMode) -> Vec<&'static str> {
    let are_returns_free = choice.return_hooks().exit == Attach::Function;
    let mut rules = plan.routes.values().flat_map(|route| &route.rules);
    let has_filter = plan.routes.values().any(|route| route.unfiltered().is_none());
    let has_paths = rules.clone().any(|rule| rule.filter.asks_for_path());
    let has_names = rules.clone().any(|rule| rule.names && rule.records);
    let has_files = rules.clone().any(|rule| rule.fds == Fds::Names && rule.records);
    let has_result_files = rules
        .clone()
        .any(|rule| rule.fds == Fds::Names && rule.records && rule.results != Results::None);
    let has_return = rules.any(|rule| awaits_return(rule, are_returns_free));
    let filters = has_filter.then_some(OF_FILTERS).into_iter().flatten();
    let paths = has_paths.then_some(OF_PATHS).into_iter().flatten();
    let names = has_names.then_some(OF_NAMES).into_iter().flatten();
    let files = has_files.then_some(OF_FILES).into_iter().flatten();
    let result_files = has_result_files.then_some(OF_RESULT_FILES).into_iter().flatten();
    let returns = has_return.then_some(OF_RETURNS).into_iter().flatten();
    filters.chain(paths).chain(names).chain(files).chain(result_files).chain(returns).collect()
}

fn handlers_of(plan: &Plan, handlers: &Handlers) -> Names {
    let rules = plan.routes.values().flat_map(|route| &route.rules);
    let ids: BTreeSet<u16> = rules.map(|rule| rule.handler).collect();
    let routed = handlers.iter().filter(|handler| ids.contains(&handler.id));
    routed.map(|handler| handler_program(&handler.name)).collect()
}

fn awaits_return(rule: &Rule, are_returns_free: bool) -> bool {
    let is_reread = match rule.paths {
        Paths::Auto => are_returns_free,
        Paths::Entry => false,
        Paths::Exact => true,
    };
    is_reread || rule.results != Results::None
}

fn all(open: &OpenTailcalldSkel<'_>) -> Names {
    open.open_object()
        .progs()
        .map(|program| program.name().to_string_lossy().into_owned())
        .collect()
}
