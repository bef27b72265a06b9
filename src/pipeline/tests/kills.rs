//! Daemons that are killed before and after each write to the ledger, while events, aggregates and calls with results
//! come in all orders and the output comes and goes. Each event is in the journal or counted as lost, never both.

mod world;

use std::collections::BTreeSet;

use world::{Call, Moment, World};

use super::*;

/// Event in the life of a daemon.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Action {
    /// A call is in the ring.
    Call(Call),
    /// The intervals of the aggregates end.
    Close,
    /// The output goes away.
    Leave,
    /// The output is back.
    Return,
    /// The output is there and refuses each record.
    Refuse,
}

const ACTIONS: [Action; 7] = [
    Action::Call(Call::Recorded),
    Action::Call(Call::Aggregated),
    Action::Call(Call::WithResult),
    Action::Close,
    Action::Leave,
    Action::Return,
    Action::Refuse,
];

/// Actions about first times. The lives that follow have the calls only: an output that refuses a record which was written
/// before the kill would be another story.
const FIRST_TIMES: [Action; 5] = [
    Action::Call(Call::Novel),
    Action::Call(Call::NovelWithResult),
    Action::Leave,
    Action::Return,
    Action::Refuse,
];

/// Returns whether an action changes the output.
fn is_of_output(action: Action) -> bool {
    matches!(action, Action::Leave | Action::Return | Action::Refuse)
}

/// Returns all orders of that many actions, but for changes of the output right after one another.
fn scripts(actions: &'static [Action], length: usize) -> Vec<Vec<Action>> {
    let Some(length) = length.checked_sub(1) else { return vec![Vec::new()] };
    let longer = |script: Vec<Action>| {
        let is_changed = script.last().copied().is_some_and(is_of_output);
        let next =
            actions.iter().copied().filter(move |action| !(is_changed && is_of_output(*action)));
        next.map(move |action| [script.clone(), vec![action]].concat())
    };
    scripts(actions, length).into_iter().flat_map(longer).collect()
}

/// A daemon with its world.
struct Life {
    pipeline: Pipeline,
    world: World,
}

impl Life {
    /// Begins with what the previous daemon left.
    fn begin(moment: &Moment, is_away: bool) -> Self {
        Self::in_world(World::begin(moment), moment, is_away)
    }

    /// Begins with a file system in which nothing can be saved.
    fn begin_full(moment: &Moment) -> Self {
        let (world, ledger, mut entries) = World::begin(moment);
        entries.fill();
        Self::in_world((world, ledger, entries), moment, false)
    }

    fn in_world(
        (world, ledger, entries): (World, Ledger, EntryFile),
        moment: &Moment,
        is_away: bool,
    ) -> Self {
        let mut pipeline = world.pipeline();
        if is_away {
            world.leave();
        }
        world.watch();
        if moment.kills == 0 {
            pipeline.open_ledger(ledger, entries, None);
        } else {
            pipeline.adopt(ledger, entries, Vec::new(), None, None);
        }
        Self { pipeline, world }
    }

    fn act(&mut self, action: Action) {
        match action {
            Action::Call(call) => self.world.add(call),
            Action::Close => {
                self.world.end_interval();
                self.pipeline.delivery.close_intervals();
            }
            Action::Leave => self.world.leave(),
            Action::Return => self.world.listen(),
            Action::Refuse => self.world.refuse(),
        }
        self.turn();
    }

    /// Takes from the ring what the output accepts.
    fn turn(&mut self) {
        self.pipeline.flush();
        while self.pipeline.delivery.writer_state() == WriterState::Open {
            let Some(record) = self.world.first() else { break };
            let _ = self.pipeline.receive(&record);
            self.world.remove_first();
        }
        self.pipeline.end_turn(true);
        self.world.look();
    }

    /// Ends with all that waits written. Returns the moments at which the daemon could have been killed.
    fn end(mut self, story: &str) -> Vec<Moment> {
        self.act(Action::Return);
        self.act(Action::Close);
        self.act(Action::Close);
        assert_eq!(self.pipeline.delivery.writer_state(), WriterState::Open, "{story}");
        self.check(story);
        self.world.moments()
    }

    /// Compares the books with the journal.
    fn check(&self, story: &str) {
        let end = self.world.moment();
        let mut total = crate::stats::EventOutcomes::default();
        for outcomes in self.pipeline.delivery.tally.slots.values() {
            total.written += outcomes.written;
            total.aggregated += outcomes.aggregated;
            total.lost_crash += outcomes.lost_crash;
            total.lost_output += outcomes.lost_output;
            total.known += outcomes.known;
        }
        let books = [total.written, total.aggregated];
        assert_eq!(books, end.written(), "in the books, in the journal: {story}\n{end}");
        let all = total.written + total.aggregated + total.lost_crash + total.lost_output;
        let all = all + total.known;
        assert_eq!(all, end.calls(), "{story}\n{end}");
        for call in [Call::Novel, Call::NovelWithResult] {
            let known = self.pipeline.delivery.tally.of(world::slot_of(call)).known;
            let told = end.told(call);
            assert!(told <= 1, "{told} first times of {call:?}: {story}\n{end}");
            assert!(told == 1 || known == 0, "{call:?} known and never told: {story}\n{end}");
        }
        let copies = end.copies();
        let is_marked = |(copies, marked): &(u64, u64)| *marked >= copies - 1;
        assert!(copies.values().all(is_marked), "twice without a mark: {story}\n{end}");
        let doubles: u64 = copies.values().map(|(copies, _)| copies - 1).sum();
        assert!(doubles <= end.kills, "{doubles} doubles: {story}\n{end}");
        let refused = self.pipeline.delivery.tally.of(world::slot_of(Call::Recorded)).lost_output;
        assert_eq!(end.missing(), refused, "lost although it was in the ring: {story}\n{end}");
    }
}

/// Lives on from a moment in each way, and from each moment of these lives.
fn explore(moment: &Moment, lengths: &[usize], story: &str, seen: &mut BTreeSet<String>) {
    let lives: Vec<_> = lengths.iter().map(|&length| (&ACTIONS[..], length)).collect();
    explore_with(moment, &lives, story, seen);
}

/// Does the same with some actions of each life, and their number.
fn explore_with(
    moment: &Moment,
    lives: &[(&'static [Action], usize)],
    story: &str,
    seen: &mut BTreeSet<String>,
) {
    let Some((&(actions, length), rest)) = lives.split_first() else { return };
    for script in (0..=length).flat_map(|length| scripts(actions, length)) {
        for is_away in [false, true].into_iter().take(1 + moment.kills.min(1) as usize) {
            let story = format!("{story}\n{script:?}, away at first: {is_away}");
            let mut life = Life::begin(moment, is_away);
            script.iter().for_each(|&action| life.act(action));
            for (step, moment) in life.end(&story).into_iter().enumerate() {
                if seen.insert(format!("{} {}", rest.len(), moment.key())) {
                    let story = format!("{story}, killed at step {step}");
                    explore_with(&moment, rest, &story, seen);
                }
            }
        }
    }
}

#[test]
fn each_event_is_written_or_counted_after_a_kill_at_any_step() {
    explore(&Moment::default(), &[3, 0], "", &mut BTreeSet::new());
}

#[test]
fn each_event_is_written_or_counted_after_kills_of_daemons_that_went_on() {
    explore(&Moment::default(), &[1, 0, 0], "", &mut BTreeSet::new());
}

#[test]
fn first_time_is_told_once_after_a_kill_at_any_step() {
    let lives = [(&FIRST_TIMES[..], 3), (&FIRST_TIMES[..2], 1)];
    explore_with(&Moment::default(), &lives, "", &mut BTreeSet::new());
}

#[test]
fn first_time_is_told_once_after_kills_of_daemons_that_went_on() {
    let lives = [(&FIRST_TIMES[..], 1), (&FIRST_TIMES[..2], 1), (&FIRST_TIMES[..2], 0)];
    explore_with(&Moment::default(), &lives, "", &mut BTreeSet::new());
}

/// Records that could not be saved have numbers that no later record gets.
#[test]
fn each_event_is_written_or_counted_after_a_record_without_room_was_refused() {
    let mut life = Life::begin_full(&Moment::default());
    for action in [Action::Leave, Action::Call(Call::Recorded), Action::Refuse] {
        life.act(action);
    }
    let refused = life.world.moments().pop().unwrap();
    explore(&refused, &[2, 0], "without room", &mut BTreeSet::new());
}

#[test]
fn record_that_ended_daemon_left_is_marked_after_a_kill() {
    let mut life = Life::begin(&Moment::default(), false);
    life.act(Action::Leave);
    life.act(Action::Call(Call::Recorded));
    life.pipeline.leave();
    let left = life.world.moments().pop().unwrap();
    explore(&left, &[0, 0], "left", &mut BTreeSet::new());
}

/// Returns the books of a daemon that writes lines and goes on for one that was killed while a record waited for journald,
/// and the copies of that record in the journal. With `is_there`, journald is there again.
fn after_change_of_output(is_there: bool) -> (crate::stats::EventOutcomes, Vec<(u64, u64)>) {
    let mut life = Life::begin(&Moment::default(), false);
    life.act(Action::Leave);
    life.act(Action::Call(Call::Recorded));
    let killed = life.world.moments().pop().unwrap();
    let (world, ledger, entries) = World::begin(&killed);
    if !is_there {
        world.leave();
    }
    let mut pipeline = world
        .pipeline_of(Destination::Stream(tempfile::tempfile().unwrap().into(), StreamChoice::Text));
    pipeline.adopt(ledger, entries, Vec::new(), None, world.journal());
    world.look();
    let copies = world.moment().copies().into_values().collect();
    (pipeline.delivery.tally.of(world::slot_of(Call::Recorded)), copies)
}

#[test]
fn record_that_waits_goes_to_journal_although_next_daemon_has_another_output() {
    let (books, copies) = after_change_of_output(true);
    assert_eq!((books.written, books.lost_crash), (1, 0));
    assert_eq!(copies, [(1, 1)]);
}

#[test]
fn record_that_waits_is_lost_if_next_daemon_has_another_output_and_there_is_no_journal() {
    let (books, copies) = after_change_of_output(false);
    assert_eq!((books.written, books.lost_crash), (0, 1));
    assert_eq!(copies, []);
}
