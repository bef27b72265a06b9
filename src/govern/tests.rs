use super::*;

const MS: u64 = 1_000_000;
const SHIPPER: Process = (7, 70);
const READER: Process = (8, 80);
const BUSY: Process = (9, 90);

/// A machine with programs that make calls: some by themselves, some for each record that is written.
struct Machine {
    governor: Governor,
    /// Events a ms, by itself.
    busy: u64,
    /// Who follows the output, and how many calls it makes for ten records.
    followers: Vec<(Process, u64)>,
    /// What journald takes of each in a ms.
    most: u64,
    /// Records that were written and of which followers have not been told yet; that is every so many ms.
    written: u64,
    every: u64,
    held: u64,
}

impl Machine {
    fn new(busy: u64, followers: &[(Process, u64)]) -> Self {
        let (governor, followers) = (Governor::default(), followers.to_vec());
        Self { governor, busy, followers, most: 40, written: 20, every: 1, held: 0 }
    }

    /// Runs from one ms to another; who was found guilty, and when.
    fn run(&mut self, ms: std::ops::Range<u64>) -> Vec<(u64, Guilty)> {
        let mut guilty = Vec::new();
        for at in ms {
            let mut calls = vec![(BUSY, self.busy)];
            let is_told = at % self.every == 0;
            let records = if is_told { std::mem::take(&mut self.written) } else { 0 };
            calls.extend(self.followers.iter().map(|(who, gain)| (*who, records * gain / 10)));
            for (process, count) in calls {
                for _ in 0..count.min(self.most) {
                    match self.governor.note(process, at * MS, Name::default) {
                        Fate::Write => self.written += 1,
                        Fate::Hold => self.held += 1,
                    }
                }
            }
            guilty.extend(self.governor.judge(at * MS, false).into_iter().map(|one| (at, one)));
            if !self.governor.is_trying() {
                self.written += std::mem::take(&mut self.held);
            }
        }
        guilty
    }
}

fn who(guilty: &[(u64, Guilty)]) -> Vec<Process> {
    guilty.iter().map(|(_, one)| one.process).collect()
}

#[test]
fn who_follows_our_output_is_found() {
    let mut machine = Machine::new(0, &[(SHIPPER, 10)]);
    let guilty = machine.run(1000..7000);
    assert_eq!(who(&guilty), [SHIPPER]);
    let (at, one) = &guilty[0];
    assert!((5490..5530).contains(at), "{at}");
    assert_eq!(one.during, 0);
    assert!(one.before > 10_000, "{one:?}");
}

/// journald tells them of new entries four times a second.
#[test]
fn who_follows_in_bursts_is_found() {
    let mut machine = Machine::new(0, &[(SHIPPER, 20)]);
    (machine.every, machine.written, machine.most) = (250, 200, 500);
    assert_eq!(who(&machine.run(1000..9000)), [SHIPPER]);
}

/// Each of them keeps the other going.
#[test]
fn two_who_follow_are_found_together() {
    let mut machine = Machine::new(0, &[(SHIPPER, 20), (READER, 10)]);
    assert_eq!(who(&machine.run(1000..7000)), [SHIPPER, READER]);
}

#[test]
fn who_is_busy_by_itself_is_not_guilty() {
    let mut machine = Machine::new(4, &[]);
    assert_eq!(machine.run(1000..70_000), []);
    let mut machine = Machine::new(4, &[(SHIPPER, 10)]);
    assert_eq!(who(&machine.run(1000..7000)), [SHIPPER]);
}

/// What ends by itself while it is tried was not ended by the trial.
#[test]
fn who_just_ends_is_not_guilty() {
    for end in (2000..2700).step_by(50) {
        let mut machine = Machine::new(10, &[]);
        let mut guilty = machine.run(1000..end);
        machine.busy = 0;
        guilty.extend(machine.run(end..5000));
        assert_eq!(guilty, [], "{end}");
    }
}

#[test]
fn few_events_and_pauses_are_nobodys_harm() {
    let mut governor = Governor::default();
    for at in (0..100_000).step_by(6) {
        assert_eq!(governor.note(SHIPPER, at * MS, Name::default), Fate::Write);
    }
    let mut governor = Governor::default();
    for second in 0..20 {
        for at in 0..400 {
            let at_ns = (second * 1000 + at) * MS;
            assert_eq!(governor.note(SHIPPER, at_ns, Name::default), Fate::Write);
        }
    }
}

#[test]
fn who_was_found_innocent_is_tried_ever_more_seldom() {
    let mut machine = Machine::new(4, &[]);
    let (mut trials, mut is_trying) = (Vec::new(), false);
    for at in 1000..100_000 {
        machine.run(at..at + 1);
        if machine.governor.is_trying() && !is_trying {
            trials.push(at);
        }
        is_trying = machine.governor.is_trying();
    }
    let between: Vec<u64> = trials.windows(2).map(|pair| (pair[1] - pair[0]) / 1000).collect();
    assert_eq!(between, [13, 23, 43], "{trials:?}");
}

/// One busy process after the other, each of which lives for two seconds, holds up little.
#[test]
fn whoever_is_busy_events_flow() {
    let mut governor = Governor::default();
    let (mut held, mut all) = (0, 0);
    for at in 0..100_000_u64 {
        let process = (u32::try_from(at / 2000).unwrap(), at / 2000);
        for _ in 0..4 {
            all += 1;
            held += u64::from(governor.note(process, at * MS, Name::default) == Fate::Hold);
        }
        assert_eq!(governor.judge(at * MS, false), []);
    }
    assert!(held > 0 && held * 4 < all, "{held} of {all}");
}

#[test]
fn many_who_are_busy_are_not_tried() {
    let mut governor = Governor::default();
    for at in 0..5000 {
        for process in 0..20 {
            assert_eq!(governor.note((process, 1), at * MS, Name::default), Fate::Write);
        }
    }
}

#[test]
fn a_trial_that_holds_too_much_finds_nobody_guilty() {
    let mut machine = Machine::new(4, &[]);
    machine.run(1000..2100);
    assert!(machine.governor.is_trying());
    assert_eq!(machine.governor.judge(2100 * MS, true), []);
    assert!(!machine.governor.is_trying());
}
