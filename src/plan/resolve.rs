//! An entry and the defaults in, the route of a slot out.

use std::collections::BTreeSet;

use syscalls::{Abi, Slot};

use super::{Route, Rule, is_exec};
use crate::config::{
    Abis, Aggregate, Argv, Config, Entry, Fds, Limit, Novel, Options, Paths, Per, Rate, Redact,
    Results, Target,
};
use crate::handlers::{Field, FieldKind, Handler, Handlers, Role};

/// Syscalls that never return: their events would wait in vain. After a signal's handler the thread
/// goes on where the signal met it, and the kernel has forgotten that it was in a call.
const NEVER_RETURN: [&str; 4] = ["exit", "exit_group", "rt_sigreturn", "sigreturn"];

/// Returns the route of a slot by that entry; `None` if the slot is taken out of the table.
pub(super) fn route(
    slot: Slot,
    entry: &Entry,
    defaults: &Options,
    handlers: &Handlers,
) -> Option<Route> {
    let targets = targets(slot, entry, defaults);
    let rules = targets.map(|target| {
        let rule = rule(slot, target.handler, target.options.or(defaults), handlers)?;
        Some(Rule { chain: target.chain.clone(), ..rule })
    });
    let rules: Vec<Rule> = rules.collect::<Option<_>>()?;
    rules.iter().any(|rule| rule.handler != 0).then_some(Route { rules })
}

/// Returns the alternatives that a slot has, one for each rule.
pub(super) fn targets<'a>(
    slot: Slot,
    entry: &'a Entry,
    defaults: &Options,
) -> impl Iterator<Item = &'a Target> {
    entry.targets.iter().filter(move |target| abis(target, defaults).contains(slot.abi()))
}

/// Returns the rule of a slot for a handler without any option; `None` if the handler is not for that slot.
pub fn plain_rule(slot: Slot, handler: u16, handlers: &Handlers) -> Option<Rule> {
    rule(slot, Some(handler), Config::default().defaults, handlers)
}

fn rule(slot: Slot, handler: Option<u16>, options: Options, handlers: &Handlers) -> Option<Rule> {
    let limit = limit(&options);
    let (aggregate, novel) = (aggregate(&options), novel(&options));
    let Options { priority, argv, argv_bytes, buffer_bytes, env, redact, result, paths, .. } =
        options;
    let Options { filter, sample, keep, ancestors, names, fds, .. } = options;
    let Options { capabilities, exe_sha256, .. } = options;
    let Some(id) = handler else { return Some(Rule { filter, ..Rule::nothing() }) };
    let handler = handlers.by_id(id)?;
    let records = handler.records();
    let novel = novel.filter(|_| records);
    let needs_names = novel.as_ref().is_some_and(Novel::needs_names);
    let results = if has_result(slot, handler) { result? } else { Results::None };
    Some(Rule {
        filter,
        limit: limit.filter(|_| records),
        sample: sample.filter(|_| records).unwrap_or(1),
        aggregate: aggregate.filter(|_| records && novel.is_none()),
        novel,
        keep: keep.filter(|_| records).unwrap_or_default(),
        handler: id,
        chain: Vec::new(),
        records: handler.records(),
        variant: handler.variant(slot)?,
        priority: priority?,
        argv_bytes: if argv? == Argv::None { 0 } else { argv_bytes? },
        env: if handler.has(Role::Env) { env? } else { BTreeSet::new() },
        ancestors: if handler.has(Role::Ancestors) { ancestors? } else { 0 },
        redact: if has_strings(handler) { redact? } else { Redact::default() },
        buffer_bytes: buffer_bytes?,
        paths: kept(paths?, slot, handler),
        names: needs_names || names.unwrap_or_else(|| takes_path(slot)),
        fds: described(fds?, slot, handler, &results),
        capabilities: capabilities? && records,
        exe_sha256: exe_sha256? && is_exec(slot) && results != Results::None,
        results,
    })
}

/// Returns whether an event may have the arguments of a program, which may have secrets in them.
fn has_strings(handler: &Handler) -> bool {
    handler.has(Role::Argv) || handler.captures_any_syscall()
}

/// Returns the rate limit. Without `burst`, as many events at once as in a second.
fn limit(options: &Options) -> Option<Limit> {
    let rate = options.limit.flatten()?;
    Some(bounded(rate, options.burst, options.per.unwrap_or_default()))
}

fn bounded(rate: Rate, burst: Option<u32>, per: Per) -> Limit {
    let in_a_second = u64::from(rate.count).saturating_mul(SECOND_NS) / rate.period_ns.max(1);
    let burst = burst.unwrap_or(u32::try_from(in_a_second.max(1)).unwrap_or(u32::MAX));
    Limit { rate, burst, per }
}

/// Returns the rate limit of each user's events.
pub(super) fn per_uid(config: &Config) -> Option<Limit> {
    Some(bounded(config.per_uid?, config.per_uid_burst, Per::Uid))
}

fn aggregate(options: &Options) -> Option<Aggregate> {
    let every = options.aggregate.flatten()?;
    Some(Aggregate { every, by: options.by.clone().unwrap_or_default() })
}

fn novel(options: &Options) -> Option<Novel> {
    let subject = options.novel.flatten()?;
    Some(Novel { subject, by: options.by.clone().unwrap_or_default() })
}

const SECOND_NS: u64 = 1_000_000_000;

/// Returns the effort for paths. A handler that does not ask for exact paths has them only on request.
fn kept(paths: Paths, slot: Slot, handler: &Handler) -> Paths {
    match paths {
        _ if !has_result(slot, handler) => Paths::Entry,
        Paths::Auto if !handler.exact => Paths::Entry,
        paths => paths,
    }
}

/// Returns whether an argument is a path: names belong to the events of these, unless an option says otherwise.
pub(super) fn takes_path(slot: Slot) -> bool {
    syscalls::path_arguments(slot).next().is_some()
}

/// Returns how descriptors are recorded: there are none in most calls, nor in the fields of most handlers.
fn described(fds: Fds, slot: Slot, handler: &Handler, results: &Results) -> Fds {
    let is_field = |field: &Field| field.kind == FieldKind::Dirfd;
    let has_place = handler.fields.is_empty() || handler.fields.iter().any(is_field);
    let members = syscalls::descriptor_members(slot);
    let is_passed = syscalls::descriptor_arguments(slot).next().is_some()
        || members.iter().any(|one| one.at_entry);
    let is_new = syscalls::may_return_descriptor(slot) || members.iter().any(|one| one.at_return);
    let is_returned = *results != Results::None && is_new;
    let is_one = handler.records() && has_place && (is_passed || is_returned);
    if is_one { fds } else { Fds::Number }
}

/// Returns the slots that an entry decides: those of the ABIs that it or `[defaults]` names. "none" takes out of
/// both.
pub(super) fn covered(entry: &Entry, defaults: &Options) -> impl Iterator<Item = Slot> {
    let all: Vec<Abis> = entry.targets.iter().map(|target| abis(target, defaults)).collect();
    let is_covered =
        move |slot: &Slot| all.is_empty() || all.iter().any(|abis| abis.contains(slot.abi()));
    entry.slots.iter().copied().filter(is_covered)
}

pub(super) fn abis(target: &Target, defaults: &Options) -> Abis {
    target.options.abi.or(defaults.abi).unwrap_or_default()
}

/// Returns whether there is a result to wait for, and an event that can wait.
fn has_result(slot: Slot, handler: &Handler) -> bool {
    // The result of an operation of io_uring is in the completion queue, which no return shows. Of a probe, nobody sees
    // the return.
    let returns = slot.abi() != Abi::IoUring && !slot.abi().is_probe();
    handler.records() && returns && !slot.name().is_some_and(|name| NEVER_RETURN.contains(&name))
}
