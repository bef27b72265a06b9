//! Writes a plan into the kernel's table, which is double-buffered: it has two banks, and one of them is live.
//! A reload fills the idle bank, flips the word that names the live one, and waits for a grace period, after
//! which no program reads the old bank any more. Each call is decided by one bank, never by a mixture, and on
//! any error the old bank stays live. None of the bpf(2) calls here makes the kernel skip programs, see
//! `counters` in bpf/maps.h.

mod bank;
mod end;
mod env;
mod flip;
mod known;
mod limits;
mod numbers;
mod program;
mod selftest;
mod settings;
mod state;

use std::collections::BTreeMap;
use std::os::fd::RawFd;

use anyhow::Result;
use syscalls::{Abi, Slot};

use crate::bpf::types::{limit_size, table_size, tag_bit, tag_size};
use crate::bpf::{CHAINED_MAX, LIMITS};
use crate::filter::NameKind;
use crate::handlers::{HandlerObject, ProgramKey};
use crate::load::{Bpf, ChainKey};
use crate::plan::{Awaited, Plan};

pub use state::{SavedTables, TableFile, TableState};

use bank::programs;
pub use known::SettledCall;
pub use limits::{LimitKey, Owner, gcra_params, of_rule as limit_of_rule};
use numbers::Numbers;

const BANK_SLOTS: usize = table_size::BANK_SLOTS.0 as usize;

/// The table in the kernel.
#[derive(Debug)]
pub struct Table {
    /// Generation of the live bank; 0 is the empty table, and the one of the self-test.
    generation: u32,
    /// Programs of the live bank by slot.
    programs: BTreeMap<Slot, RawFd>,
    /// Ids by which the kernel knows them.
    ids: BTreeMap<Slot, u32>,
    /// Slot of the live bank that answers the self-test.
    selftest: Option<Slot>,
    /// Slots whose results the live bank records.
    results: Awaited,
    /// Slots whose returns are attached: those, and the ones that calls of the previous table wait for.
    returns: Awaited,
    /// Banks that nothing was written to since they were made.
    unused: [bool; 2],
    /// True while programs may still read the idle bank: a grace period has to end before it is written.
    overlaps: bool,
    limits: Numbers<LimitKey>,
    names: Numbers<(NameKind, String)>,
    trees: Numbers<u32>,
    chained: Numbers<ProgramKey>,
    /// File in which the next daemon finds the table, and what it has of the live one.
    file: Option<TableFile>,
    state: TableState,
    /// Generation of the predecessor's table; 0 without one.
    taken_over: u32,
    /// Tables of a predecessor whose ring is not empty yet.
    previous: Option<Box<SavedTables>>,
}

/// The first number of a limit that a route may have.
const FIRST_LIMIT: u8 = limit_size::LIMIT_NONE.0 as u8 + 1;
const LAST_LIMIT: u8 = (LIMITS - 1) as u8;
/// The last bit of a name, and of a tree.
const LAST_NAME: u8 = tag_bit::TAG_NAMES.0 as u8 - 1;
const LAST_TREE: u8 = tag_size::TREES_MAX.0 as u8 - 1;

impl Default for Table {
    fn default() -> Self {
        Self {
            generation: 0,
            programs: BTreeMap::new(),
            ids: BTreeMap::new(),
            selftest: None,
            results: Awaited::default(),
            returns: Awaited::default(),
            unused: [true; 2],
            overlaps: false,
            limits: Numbers::new(FIRST_LIMIT..=LAST_LIMIT),
            names: Numbers::new(0..=LAST_NAME),
            trees: Numbers::new(0..=LAST_TREE),
            chained: Numbers::new(1..=CHAINED_MAX - 1),
            file: None,
            state: TableState::default(),
            taken_over: 0,
            previous: None,
        }
    }
}

impl Table {
    /// The table as it is after a load: empty.
    pub fn new() -> Self {
        Self::default()
    }

    /// Writes each table into a file, for the next daemon.
    pub fn save_in(&mut self, file: TableFile) {
        self.file = Some(file);
    }

    /// Takes over from the table of a predecessor: the next generation follows its. A daemon that follows this one before
    /// `forget_predecessor` finds it.
    pub fn take_over(&mut self, previous: SavedTables) {
        self.taken_over = previous.last_generation();
        self.previous = Some(Box::new(previous));
    }

    /// Forgets the predecessor, of which nothing is left.
    ///
    /// # Errors
    /// Fails if the file cannot be written.
    pub fn forget_predecessor(&mut self, bpf: &Bpf<'_>) -> Result<()> {
        self.previous = None;
        self.save(bpf, None)
    }

    /// Goes on with the live table of the previous daemon, whose programs stay in its slots until `replace_programs`.
    ///
    /// # Errors
    /// Fails if the kernel refuses a slot or an attachment.
    pub fn adopt(
        &mut self,
        bpf: &mut Bpf<'_>,
        state: &TableState,
        previous: Option<Box<SavedTables>>,
    ) -> Result<()> {
        let live = bpf.shared.live_bank();
        self.generation = state.generation;
        self.selftest = state.selftest;
        self.results = state.results.clone();
        self.returns = state.returns.clone();
        // The previous daemon may have ended right after a flip, and calls of its other bank may go on.
        self.overlaps = true;
        self.unused = [false; 2];
        // Keys of the file may have been removed since.
        [live, live.other()].into_iter().for_each(|bank| known::clear(bpf, bank));
        self.limits.begin(state.limits.iter().cloned().collect());
        self.names.begin(state.names.iter().cloned().collect());
        self.trees.begin(state.trees.iter().copied().collect());
        self.chained.begin(state.chained.iter().cloned().collect());
        self.state = state.clone();
        self.taken_over = previous.as_ref().map_or(0, |older| older.last_generation());
        self.previous = previous;
        bpf.adopt_process_trees(self.trees.live());
        bpf.tag_cgroups(self.names.live())?;
        bpf.attach_slots(state.plan.routes.keys().chain(&state.selftest))?;
        bpf.attach_returns(&self.returns)?;
        self.save(bpf, None)
    }

    /// Puts programs of this daemon into all slots of the live bank. Those of the previous one are the same; nothing
    /// needs them any more.
    ///
    /// # Errors
    /// Fails if the kernel refuses a slot.
    pub fn replace_programs(&mut self, bpf: &mut Bpf<'_>) -> Result<()> {
        bpf.complete_kinds(&self.state.plan)?;
        self.programs = programs(bpf, &self.state.plan, self.selftest)?;
        self.ids = selftest::ids(&self.programs)?;
        let slots: Vec<Slot> = self.programs.keys().copied().collect();
        self.restore(bpf, &slots)
    }

    /// Writes the live table, and the next one, before that goes live. The next daemon can only adopt what is written.
    fn save(&self, bpf: &Bpf<'_>, next: Option<&TableState>) -> Result<()> {
        let Some(file) = &self.file else { return Ok(()) };
        file.write(&SavedTables {
            version: env!("CARGO_PKG_VERSION").to_owned(),
            kernel: bpf.kernel_state()?,
            tables: std::iter::once(&self.state).chain(next).cloned().collect(),
            previous: self.previous.clone(),
        })
    }

    /// Returns the generation of the live bank.
    pub fn generation(&self) -> u32 {
        self.generation
    }

    /// Has the kernel count calls of a subject that the live table knows, from the next one on.
    pub fn note_known(&self, bpf: &Bpf<'_>, call: SettledCall) {
        if call.generation == self.generation {
            known::note(bpf, bpf.shared.live_bank(), call);
        }
    }

    /// Returns whether results of a slot's calls arrive; for a while also those of calls that the previous table
    /// decided about.
    pub fn awaits(&self, slot: Slot) -> bool {
        self.returns.contains(slot)
    }

    /// Detaches from returns that only the previous table asked for. `false` if there are none.
    pub fn forget_old_results(&mut self, bpf: &mut Bpf<'_>) -> bool {
        if self.returns == self.results {
            return false;
        }
        self.returns.clone_from(&self.results);
        bpf.detach_unused_returns(&self.returns);
        true
    }

    /// Makes the plan the live table, as the next generation, and waits until the previous one decides about no
    /// call any more. If the kernel refuses the wait, the plan is live all the same, and the next change waits first.
    ///
    /// # Errors
    /// Fails if the kernel refuses a slot; the table that was live before still is.
    pub fn apply(&mut self, bpf: &mut Bpf<'_>, plan: &Plan) -> Result<()> {
        self.go_live(bpf, plan)?;
        match self.wait_for_grace(bpf) {
            Ok(()) => self.detach_unused(bpf),
            Err(error) => tracing::warn!("calls may still go by the previous table: {error:#}"),
        }
        Ok(())
    }

    /// Makes the plan the live table without the wait, which the next change makes up for: at a start there is
    /// no previous table.
    ///
    /// # Errors
    /// Fails if the kernel refuses a slot.
    pub fn apply_at_once(&mut self, bpf: &mut Bpf<'_>, plan: &Plan) -> Result<()> {
        self.go_live(bpf, plan)?;
        self.detach_unused(bpf);
        Ok(())
    }

    fn go_live(&mut self, bpf: &mut Bpf<'_>, plan: &Plan) -> Result<()> {
        bpf.complete_for(plan)?;
        let selftest = plan.self_test.and_then(|_| selftest::slot(bpf, plan));
        let programs = programs(bpf, plan, selftest)?;
        let generation = self.generation.max(self.taken_over) + 1;
        self.flip(bpf, programs, plan, (generation, selftest))?;
        self.overlaps = true;
        Ok(())
    }

    /// Makes a table live whose only slot answers the self-test. Only as the first table: then no program is
    /// reading one.
    ///
    /// # Errors
    /// Fails if the kernel refuses a slot.
    pub fn apply_selftest(&mut self, bpf: &mut Bpf<'_>, slot: Slot) -> Result<()> {
        let programs = BTreeMap::from([(slot, bpf.selftest_program()?)]);
        self.flip(bpf, programs, &Plan::default(), (0, None))
    }

    /// Returns the limits of the live table by number.
    pub fn limits(&self) -> impl Iterator<Item = (u8, &LimitKey)> {
        self.limits.live().iter().map(|(key, number)| (*number, key))
    }

    /// Returns the handlers in chains of the live table, by the type of their programs, with their numbers.
    fn live_chains(&self, bpf: &Bpf<'_>) -> BTreeMap<ChainKey, u8> {
        let numbers = self.chained.live();
        let of = chained_by_kind(bpf, &self.state.plan).map(|(kind, object)| (kind, object.key()));
        of.filter_map(|key| Some((key.clone(), *numbers.get(&key.1)?))).collect()
    }

    fn detach_unused(&self, bpf: &mut Bpf<'_>) {
        bpf.keep_chained(&self.live_chains(bpf));
        bpf.detach_unused(self.programs.keys());
        bpf.detach_unused_returns(&self.returns);
    }

    fn wait_for_grace(&mut self, bpf: &Bpf<'_>) -> Result<()> {
        if self.overlaps {
            bpf.wait_for_grace()?;
            self.overlaps = false;
        }
        Ok(())
    }
}

/// Returns the objects in the chains of a table, each as often as it occurs.
fn chained_objects(plan: &Plan) -> impl Iterator<Item = &HandlerObject> + Clone {
    plan.routes.values().flat_map(|route| &route.rules).flat_map(|rule| &rule.chain)
}

/// Returns them with the kind of probes that they are for, if its programs are of a type of their own.
fn chained_by_kind<'p>(
    bpf: &Bpf<'_>,
    plan: &'p Plan,
) -> impl Iterator<Item = (Option<Abi>, &'p HandlerObject)> {
    plan.routes.iter().flat_map(|(slot, route)| {
        let kind = bpf.own_kind(*slot);
        route.rules.iter().flat_map(|rule| &rule.chain).map(move |object| (kind, object))
    })
}
