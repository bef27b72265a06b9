//! Dumps of black boxes: calls and results that were taken out of the kernel, paired, and written in the order of the
//! calls, as far as the output accepts them. They are no events of the ring: the ledger does not have them.

use std::collections::{HashMap, VecDeque};

use super::{Pipeline, chain_of};
use crate::clock;
use crate::decode::{Boxed, Event, Header, Outcome, RingRecord, SyscallExit, restore};
use crate::output::record::{Body, Dumped};
use crate::pipeline::writer::WriterState;

/// Call as it was taken out of a black box.
#[derive(Debug, Clone, PartialEq, Eq)]
struct BoxedCall {
    header: Header,
    entry: Vec<u8>,
    /// Record of its return, if it has returned.
    exit: Option<Vec<u8>>,
    /// The box has not kept all of it.
    is_cut: bool,
}

/// Dump that is being written.
#[derive(Debug)]
pub struct BoxDump {
    calls: VecDeque<BoxedCall>,
    position: u64,
    summary: Dumped,
}

/// Outcome of one call of a dump.
enum Fate {
    Written,
    Filtered,
    Lost,
}

impl BoxDump {
    /// Pairs the elements of the boxes of a unit, of which the dump has the last `most` calls. `summary` says what is
    /// dumped and why; all older calls count as overwritten.
    pub fn new(entries: Vec<Vec<u8>>, results: Vec<Vec<u8>>, most: usize, summary: Dumped) -> Self {
        let mut exits = exits(results);
        let (mut calls, mut lost) = (Vec::new(), 0);
        for mut entry in entries {
            let is_cut = restore(&mut entry);
            let Ok(RingRecord::Syscall(header)) = RingRecord::decode(&entry) else {
                lost += 1;
                continue;
            };
            let exit = exits.remove(&(header.tid, header.boottime_ns));
            let is_cut = is_cut || exit.as_ref().is_some_and(|(_, is_cut)| *is_cut);
            let exit = exit.map(|(exit, _)| exit);
            calls.push(BoxedCall { header, entry, exit, is_cut });
        }
        // Calls of several CPUs may be in the box in another order than they were entered.
        calls.sort_by_key(|call| call.header.boottime_ns);
        let surplus = calls.len().saturating_sub(most);
        calls.drain(..surplus);
        let overwritten = summary.overwritten + surplus as u64;
        let lost = summary.lost + lost;
        Self { calls: calls.into(), position: 0, summary: Dumped { overwritten, lost, ..summary } }
    }

    /// Returns the number of calls that are still to be written.
    pub fn waiting(&self) -> u64 {
        self.calls.len() as u64
    }

    /// Returns what the dump is of, and its outcome so far.
    pub fn summary(&self) -> &Dumped {
        &self.summary
    }

    fn count(&mut self, fate: &Fate, time_ns: u64) {
        let count = match fate {
            Fate::Written => &mut self.summary.written,
            Fate::Filtered => &mut self.summary.filtered,
            Fate::Lost => &mut self.summary.lost,
        };
        *count += 1;
        if self.summary.from_ns == 0 {
            self.summary.from_ns = time_ns;
        }
        self.summary.to_ns = time_ns;
    }
}

/// Returns the results by thread and time of their calls, each with whether it is cut.
fn exits(results: Vec<Vec<u8>>) -> HashMap<(u32, u64), (Vec<u8>, bool)> {
    let mut exits = HashMap::new();
    for mut result in results {
        let is_cut = restore(&mut result);
        let key = match RingRecord::decode(&result) {
            Ok(RingRecord::Exit(exit) | RingRecord::Unexecuted(exit)) => (exit.tid, exit.entry_ns),
            _ => continue,
        };
        exits.insert(key, (result, is_cut));
    }
    exits
}

impl Pipeline {
    /// Writes a dump behind those that are not complete.
    pub fn dump(&mut self, dump: BoxDump) {
        self.dumps.push_back(dump);
        self.deliver_dumps();
    }

    /// Writes the calls of dumps, as far as the output accepts them.
    pub(super) fn deliver_dumps(&mut self) {
        while let Some(mut dump) = self.dumps.pop_front() {
            while self.delivery.writer_state() == WriterState::Open {
                let Some(call) = dump.calls.pop_front() else {
                    self.delivery.emit(Body::Dumped(&dump.summary));
                    break;
                };
                dump.position += 1;
                let fate = self.deliver_boxed(&call, &dump);
                dump.count(&fate, self.delivery.real_ns(call.header.boottime_ns));
            }
            if self.delivery.writer_state() != WriterState::Open {
                self.dumps.push_front(dump);
                return;
            }
        }
    }

    fn deliver_boxed(&mut self, call: &BoxedCall, dump: &BoxDump) -> Fate {
        let BoxedCall { header, entry, exit, is_cut } = call;
        let exit = match exit.as_ref().map(|exit| RingRecord::decode(exit)) {
            Some(Ok(RingRecord::Exit(exit))) => Some(exit),
            Some(Ok(RingRecord::Unexecuted(_))) => return Fate::Filtered,
            _ => running(header),
        };
        let outcome = exit.and_then(|exit| header.outcome(Some(exit.outcome)));
        let matched = self.rules.find(header);
        let wants = |result| matched.is_none_or(|matched| matched.rule.results.wants(result));
        if header.is_open() && !wants(outcome.and_then(Outcome::result)) {
            return Fate::Filtered;
        }
        match Event::decode(header, entry, exit.as_ref(), &self.handlers) {
            Ok(mut event) => {
                event.explain(chain_of(matched));
                let (dump, position) = (dump.summary.dump.as_str(), dump.position);
                event.boxed = Some(Boxed { dump, position, is_cut: *is_cut });
                let is_lost = self.delivery.deliver_boxed(&event, matched);
                if is_lost { Fate::Lost } else { Fate::Written }
            }
            Err(error) => {
                tracing::warn!("a call in a black box cannot be decoded: {error}");
                Fate::Lost
            }
        }
    }
}

/// Returns the exit of a call that has not returned, if its rule asks for one.
fn running(header: &Header) -> Option<SyscallExit<'static>> {
    let now_ns = clock::boot_now_ns();
    let for_ns = now_ns.saturating_sub(header.boottime_ns);
    let outcome = Outcome::Running { for_ns };
    let exit = SyscallExit::bare(header.tid, header.boottime_ns, now_ns, outcome);
    (header.is_open() && header.awaits_result).then_some(exit)
}
