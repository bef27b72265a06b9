//! Black boxes: dumps of those of a unit, and boxes of removed cgroups that others need.

use std::collections::BTreeMap;
use std::time::{Duration, Instant};

use anyhow::Result;

use super::{Daemon, Timer};
use crate::clock;
use crate::config::closest;
use crate::load::BoxState;
use crate::output::record::Dumped;
use crate::pipeline::BoxDump;
use crate::plan::Plan;
use crate::ring::Rest;
use crate::rpc::{BlackBox, BlackBoxes, Dump, NO_UNIT};
use crate::units::CgroupInfo;

/// Time for which the box of a removed cgroup stays as it is: the dump that its failure causes comes within moments.
const KEPT_FOR: Duration = Duration::from_secs(10);

/// Turns at the ring before a dump: cgroups that were created just now are in it.
const TURNS_MAX: usize = 256;

/// Part of the boxes, at least one, that new cgroups find free.
const RESERVE: u32 = 4;

/// Boxes of cgroups that are gone.
#[derive(Debug, Default)]
pub struct RemovedBoxes {
    /// First time at which each was found to be gone, by cgroup.
    since: BTreeMap<u64, Instant>,
    /// Time of the last dump, ns since 1970 UTC.
    last_dump_ns: u64,
}

/// Outcome of a dump.
pub enum DumpOutcome {
    /// Written, or being written.
    Done(Dump),
    /// No black box has the name; those that there are, and the one that is near.
    Unknown(Vec<String>, Option<String>),
    /// No rule fills black boxes.
    Unused,
}

impl Daemon<'_> {
    /// Writes what is in the black boxes of a unit, and empties them.
    pub(super) fn dump(&mut self, unit: &str, reason: String) -> Result<DumpOutcome> {
        if self.bpf.black_boxes().units == 0 {
            return Ok(DumpOutcome::Unused);
        }
        for _ in 0..TURNS_MAX {
            if self.consume()? != Rest::None {
                break;
            }
        }
        let boxes: Vec<BoxState> =
            self.bpf.boxes_in_use().filter(|one| self.box_name(one) == unit).collect();
        if boxes.is_empty() {
            let mut known: Vec<_> =
                self.bpf.boxes_in_use().map(|one| self.box_name(&one)).collect();
            known.sort();
            known.dedup();
            let near = closest(unit, known.iter().map(String::as_str));
            return Ok(DumpOutcome::Unknown(known, near));
        }
        self.dump_boxes(unit, reason, &boxes).map(DumpOutcome::Done)
    }

    fn dump_boxes(&mut self, unit: &str, reason: String, boxes: &[BoxState]) -> Result<Dump> {
        let (mut entries, mut results, mut overwritten) = (Vec::new(), Vec::new(), 0);
        for one in boxes {
            overwritten += self.empty_box(one, &mut entries, &mut results)?;
        }
        let place = boxes.first().and_then(|one| self.place_of(one));
        let system_unit = place.as_ref().and_then(|place| place.unit.clone());
        let dump = self.next_dump_id();
        let summary = Dumped {
            dump,
            unit: unit.to_owned(),
            system_unit,
            reason,
            overwritten,
            ..Dumped::default()
        };
        let most = self.bpf.black_boxes().calls as usize;
        let dump = BoxDump::new(entries, results, most, summary);
        let Dumped { dump: id, unit, overwritten, .. } = dump.summary().clone();
        let reply = Dump { dump: id, unit, calls: dump.waiting(), overwritten };
        self.pipeline.borrow_mut().dump(dump);
        Ok(reply)
    }

    /// Takes everything out of a box. Returns the number of calls that were overwritten since the last dump.
    fn empty_box(
        &self,
        state: &BoxState,
        entries: &mut Vec<Vec<u8>>,
        results: &mut Vec<Vec<u8>>,
    ) -> Result<u64> {
        // A unit that still runs may fill the box faster than this empties it.
        let most = 2 * self.bpf.black_boxes().calls as usize;
        for _ in 0..most {
            let Some(call) = self.bpf.take_call(state.index)? else { break };
            entries.push(call);
        }
        for _ in 0..2 * most {
            let Some(result) = self.bpf.take_result(state.index)? else { break };
            results.push(result);
        }
        let Some(after) = self.bpf.box_at(state.index) else { return Ok(0) };
        let overwritten = after.calls.saturating_sub(after.taken);
        self.bpf.report_box(state.index, overwritten)?;
        Ok(overwritten.saturating_sub(state.reported))
    }

    /// Returns an id that no other dump has: its time.
    fn next_dump_id(&mut self) -> String {
        let now_ns = clock::real_now_ns().max(self.removed_boxes.last_dump_ns + 1);
        self.removed_boxes.last_dump_ns = now_ns;
        format!("{now_ns:016x}")
    }

    /// Returns the black boxes, for clients.
    pub(super) fn black_boxes(&self) -> BlackBoxes {
        let most = self.bpf.black_boxes();
        let of = |one: BoxState| {
            let place = self.place_of(&one);
            BlackBox {
                unit: self.box_name(&one),
                cgroup: place.map_or_else(String::new, |place| place.cgroup.clone()),
                removed: self.is_removed(&one),
                calls: one.calls,
                held: one.held(most.calls),
            }
        };
        let boxes = self.bpf.boxes_in_use().map(of).collect();
        BlackBoxes { units: most.units, calls: most.calls, boxes }
    }

    fn place_of(&self, one: &BoxState) -> Option<std::rc::Rc<CgroupInfo>> {
        self.pipeline.borrow_mut().delivery.units.place(one.cgroup)
    }

    /// Returns the name of the unit whose calls a box has, as `top` has it.
    fn box_name(&self, one: &BoxState) -> String {
        let place = self.place_of(one);
        let unit = place.as_ref().and_then(|place| place.unit.as_deref());
        match (unit, place.as_ref().and_then(|place| place.user_unit.as_deref())) {
            (Some(manager), Some(unit)) => format!("{manager}/{unit}"),
            (unit, _) => unit.unwrap_or(NO_UNIT).to_owned(),
        }
    }

    fn is_removed(&self, one: &BoxState) -> bool {
        self.pipeline.borrow().delivery.units.was_removed(one.cgroup)
    }

    /// Offers boxes of removed cgroups to others, the longest removed ones first, while few are free.
    pub(super) fn reclaim_boxes(&mut self) -> Result<()> {
        let most = self.bpf.black_boxes().units;
        let boxes: Vec<BoxState> = self.bpf.boxes_in_use().collect();
        let now = Instant::now();
        let mut removed: Vec<_> = boxes
            .iter()
            .filter(|one| self.is_removed(one) || self.place_of(one).is_none())
            .copied()
            .collect();
        let known = &mut self.removed_boxes.since;
        known.retain(|cgroup, _| removed.iter().any(|one| one.cgroup == *cgroup));
        for one in &removed {
            known.entry(one.cgroup).or_insert(now);
        }
        let since = known.clone();
        let since = |one: &BoxState| since.get(&one.cgroup).copied().unwrap_or(now);
        removed.sort_by_key(since);
        let free = most.saturating_sub(u32::try_from(boxes.len())?);
        let missing = (most / RESERVE).max(1).saturating_sub(free) as usize;
        for one in removed.iter().take(missing) {
            let due = since(one) + KEPT_FOR;
            if due > now {
                self.timers.arm(Timer::Counters, due);
                break;
            }
            self.empty_box(one, &mut Vec::new(), &mut Vec::new())?;
            self.bpf.release_box(one.index)?;
        }
        Ok(())
    }

    /// Returns the reason why a plan cannot go live: its rules fill black boxes, which are made at the start.
    pub(super) fn lack_of_boxes(&self, plan: &Plan) -> Option<&'static str> {
        let is_lacking = plan.fills_boxes() && self.bpf.black_boxes().units == 0;
        is_lacking.then_some(
            "keep = \"blackbox\" needs black boxes, which the daemon makes when it starts with a rule that fills \
             them: restart it (systemctl restart tailcalld)",
        )
    }
}
