//! The programs' global variables.

use std::marker::PhantomData;
use std::os::fd::AsFd as _;
use std::ptr::NonNull;
use std::sync::atomic::Ordering::SeqCst;
use std::sync::atomic::{AtomicU8, AtomicU32, AtomicU64};

use super::NAMESPACES;
use super::elements::{at, set};
use super::mapping::map_over;
use super::{TailcalldSkel, types};

/// Executables that can be excluded.
pub const EXCLUDED_FILES: usize = types::wire_size::EXCLUDED_FILES.0 as usize;

/// Environment variables that all routes together may name.
pub const ENV_NAMES: usize = types::wire_size::ENV_NAMES.0 as usize;

/// `struct env_name` in words: a name's bytes, then their mask.
pub const ENV_NAME_WORDS: usize = size_of::<types::env_name>() / size_of::<u64>();

/// Number of banks.
pub const BANKS: usize = types::table_size::BANKS.0 as usize;
/// Number of rows of a bank: one for each slot, then one for each rule behind a filter.
pub const ROUTES_PER_BANK: usize = types::table_size::ROUTES_PER_BANK.0 as usize;
/// Number of rules behind filters that a bank has room for.
pub const RULES_PER_BANK: usize = types::table_size::RULES_PER_BANK.0 as usize;
/// Number of filters that a bank has room for.
pub const FILTERS_PER_BANK: usize = types::filter_size::FILTERS_PER_BANK.0 as usize;
/// Number of instructions of filters that a bank has room for.
pub const INSNS_PER_BANK: usize = types::filter_size::INSNS_PER_BANK.0 as usize;
/// Number of patterns that a bank has room for.
pub const PATTERNS_PER_BANK: usize = types::filter_size::PATTERNS_PER_BANK.0 as usize;
/// Number of chains that a bank has room for.
pub const CHAINS_PER_BANK: usize = types::table_size::CHAINS_PER_BANK.0 as usize;
/// Handlers that may follow the first one of a chain.
pub const CHAIN_HANDLERS: usize = types::table_size::CHAIN_HANDLERS.0 as usize;
/// Numbers of handlers in chains; 0 is none.
pub const CHAINED_MAX: u8 = types::table_size::CHAINED_MAX.0 as u8;
/// Number of limits.
pub const LIMITS: usize = types::limit_size::LIMITS.0 as usize;
/// Bits of a bucket's tag that are the owner.
pub const OWNER_MASK: u64 = (1 << types::tag_layout::TAG_SLOT_SHIFT.0) - 1;
/// Number of owners of events that limits can keep apart.
pub const BUCKETS: usize = types::limit_size::BUCKETS.0 as usize;
/// Number of cgroups that can be excluded.
pub const EXCLUDED_CGROUPS: usize = types::tag_size::EXCLUDED_CGROUPS.0 as usize;

/// Known calls that a bank has room for.
pub const KNOWN_CALLS: usize = types::known_size::KNOWN_CALLS.0 as usize;

/// Probes that the programs have arguments of.
const PROBES: usize = types::table_size::PROBES.0 as usize;

/// Numbers of syscalls that the dispatcher looks up.
const NUMBERS: usize = types::table_size::ABI_SLOTS.0 as usize;

/// Entries of an array of programs that `table_check` reads at once.
pub const TABLE_CHECK_ENTRIES: usize = types::table_size::SLOTS.0 as usize;

/// Slots whose run time can be measured.
const RUN_TIMES: usize = types::table_size::BANK_SLOTS.0 as usize;
/// `struct run_time` in words.
const RUN_TIME_WORDS: usize = size_of::<types::run_time>() / size_of::<u64>();

/// Bytes that a black box takes for each call that it keeps.
pub const BOX_BYTES_PER_CALL: u64 = types::box_size::BOX_CALL_BYTES.0 as u64
    + types::box_size::BOX_RESULTS.0 as u64 * types::box_size::BOX_RESULT_BYTES.0 as u64;

/// `box_element` in words.
const BOX_WORDS: usize = types::box_size::BOX_CALL_BYTES.0 as usize / size_of::<u64>();

/// Returns the length of an array of a structure.
#[allow(dead_code)] // to Rust 1.85, what only constants without a name use is unused
const fn length<S, T, const N: usize>(_: fn(&S) -> &[T; N]) -> usize {
    N
}

/// The lengths by which indices are checked are those of the arrays: behind them is other memory, or none.
const _: () = {
    use types::{bank, bss};
    assert!(length(|globals: &bss| &globals.routed_numbers) == NUMBERS);
    assert!(length(|globals: &bss| &globals.run_times) == RUN_TIMES);
    assert!(length(|globals: &bss| &globals.table_programs) == TABLE_CHECK_ENTRIES);
    assert!(length(|globals: &bss| &globals.excluded_files) == EXCLUDED_FILES);
    assert!(length(|globals: &bss| &globals.excluded_cgroups) == EXCLUDED_CGROUPS);
    assert!(length(|globals: &bss| &globals.known_calls) == BANKS * KNOWN_CALLS);
    assert!(length(|globals: &bss| &globals.limits) == LIMITS);
    assert!(length(|globals: &bss| &globals.box_element) == BOX_WORDS);
    assert!(length(|globals: &bss| &globals.probes) == PROBES);
    assert!(length(|globals: &bss| &globals.buckets) == BUCKETS + LIMITS);
    assert!(length(|globals: &bss| &globals.banks) == BANKS);
    assert!(length(|bank: &bank| &bank.env_names) == ENV_NAMES);
    assert!(length(|bank: &bank| &bank.routes) == ROUTES_PER_BANK);
    assert!(length(|bank: &bank| &bank.filters) == FILTERS_PER_BANK);
    assert!(length(|bank: &bank| &bank.insns) == INSNS_PER_BANK);
    assert!(length(|bank: &bank| &bank.patterns) == PATTERNS_PER_BANK);
    assert!(length(|bank: &bank| &bank.chains) == CHAINS_PER_BANK);
};

/// Hashes a number as `hash_u64` in `bpf/hash.h` does; the highest bits are the best.
pub const fn hash_u64(key: u64) -> u64 {
    let factor = types::hash_factor::HASH_FACTOR_HIGH.0 as u64;
    key.wrapping_mul(factor << 32 | types::hash_factor::HASH_FACTOR_LOW.0 as u64)
}

/// The first element of an array among the globals.
macro_rules! array {
    ($shared:expr, $member:ident, $element:ty) => {
        (&raw mut (*$shared.globals.as_ptr()).$member).cast::<$element>()
    };
}

/// The first element of an array of a bank.
macro_rules! bank_array {
    ($shared:expr, $bank:expr, $member:ident, $element:ty) => {
        (&raw mut (*array!($shared, banks, types::bank).add($bank.0)).$member).cast::<$element>()
    };
}

/// One of the two banks.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Bank(usize);

impl Bank {
    /// Returns the bank whose slots begin at that index of the program array.
    pub fn at(base: u32) -> Self {
        Self((base / types::table_size::BANK_SLOTS.0) as usize % BANKS)
    }

    /// Returns the index of its first slot in the program array.
    pub fn base(self) -> u32 {
        self.0 as u32 * types::table_size::BANK_SLOTS.0
    }

    /// Returns its number, 0 or 1.
    pub fn index(self) -> usize {
        self.0
    }

    /// Returns the other one.
    #[must_use]
    pub fn other(self) -> Self {
        Self(BANKS - 1 - self.0)
    }
}

/// The programs' global variables, as both sides see them at once. The kernel writes them while we
/// read, so they are reached through atomics only, never through a reference to the structure.
#[derive(Debug, Clone, Copy)]
pub struct Shared<'obj> {
    globals: NonNull<types::bss>,
    object: PhantomData<&'obj types::bss>,
}

impl<'obj> Shared<'obj> {
    /// Takes the mapping out of a loaded skeleton; `None` if it was taken before.
    pub fn take(skeleton: &mut TailcalldSkel<'obj>) -> Option<Self> {
        let globals = NonNull::from(skeleton.maps.bss_data.take()?);
        Some(Self { globals, object: PhantomData })
    }

    /// Takes the mapping out of a skeleton whose globals are a map of another object; `None` if it was taken before.
    ///
    /// # Errors
    /// Fails if the kernel refuses to map them.
    pub fn take_reused(skeleton: &mut TailcalldSkel<'obj>) -> std::io::Result<Option<Self>> {
        let Some(shared) = Self::take(skeleton) else { return Ok(None) };
        map_over(shared.globals, skeleton.maps.bss.as_fd())?;
        Ok(Some(shared))
    }

    /// Returns the bank that the programs read.
    pub fn live_bank(&self) -> Bank {
        Bank::at(self.live_base().load(SeqCst))
    }

    /// Flips to that bank.
    pub fn set_live_bank(&self, bank: Bank) {
        self.live_base().store(bank.base(), SeqCst);
    }

    /// Index in the program array of the live bank's first slot: the word that a flip changes.
    pub fn live_base(&self) -> &AtomicU32 {
        // SAFETY: the mapping lives as long as the object ('obj); the member is an aligned u32, and
        // no reference to the structure exists any more, so all accesses here are atomic.
        unsafe { AtomicU32::from_ptr(&raw mut (*self.globals.as_ptr()).live_base) }
    }

    /// 1 for each number whose calls come to the table.
    pub fn routed_numbers(&self) -> &[AtomicU8; NUMBERS] {
        // SAFETY: as in `live_base`; as many bytes.
        unsafe { &*(&raw mut (*self.globals.as_ptr()).routed_numbers).cast() }
    }

    /// `CLOCK_BOOTTIME` from which calls are measured, in ns; 0 while none is.
    pub fn timed_since_ns(&self) -> &AtomicU64 {
        // SAFETY: as in `live_base`, with an aligned u64.
        unsafe { AtomicU64::from_ptr(&raw mut (*self.globals.as_ptr()).timed_since_ns) }
    }

    /// Run time of the calls of a slot that were measured: ns and calls; `None` beyond the slots.
    pub fn run_time(&self, slot: usize) -> Option<&[AtomicU64; RUN_TIME_WORDS]> {
        // SAFETY: as in `bucket`.
        unsafe { at(array!(self, run_times, [AtomicU64; RUN_TIME_WORDS]), RUN_TIMES, slot) }
    }

    /// `enum consumer_state`.
    pub fn consumer(&self) -> &AtomicU32 {
        // SAFETY: as in `live_base`.
        unsafe { AtomicU32::from_ptr(&raw mut (*self.globals.as_ptr()).consumer) }
    }

    /// Our own thread group in the initial pid namespace; 0 before `self_identify` ran.
    pub fn self_tgid(&self) -> &AtomicU32 {
        // SAFETY: as in `live_base`.
        unsafe { AtomicU32::from_ptr(&raw mut (*self.globals.as_ptr()).self_tgid) }
    }

    /// Cgroup events that the ring had no room for.
    pub fn cgroups_lost(&self) -> &AtomicU64 {
        // SAFETY: as in `live_base`, with an aligned u64.
        unsafe { AtomicU64::from_ptr(&raw mut (*self.globals.as_ptr()).cgroups_lost) }
    }

    /// Address of the inode that `self_identify` was last asked about.
    pub fn identified_file(&self) -> &AtomicU64 {
        // SAFETY: as in `live_base`.
        unsafe { AtomicU64::from_ptr(&raw mut (*self.globals.as_ptr()).identified_file) }
    }

    /// Time at which `self_identify` last ran, by the clock of the programs.
    pub fn identified_ns(&self) -> &AtomicU64 {
        // SAFETY: as in `live_base`.
        unsafe { AtomicU64::from_ptr(&raw mut (*self.globals.as_ptr()).identified_ns) }
    }

    /// Entry that `table_check` has read; `None` beyond the last one.
    pub fn table_program(&self, index: usize) -> Option<&AtomicU32> {
        // SAFETY: as in `bucket`.
        unsafe { at(array!(self, table_programs, AtomicU32), TABLE_CHECK_ENTRIES, index) }
    }

    /// File that `file_identify` has identified, a `struct executable`.
    pub fn identified_executable(&self) -> [u8; size_of::<types::executable>()] {
        let mut bytes = [0; size_of::<types::executable>()];
        // SAFETY: as in `live_base`; as many aligned u64 as the structure has room for.
        let words = unsafe {
            let executable = &raw mut (*self.globals.as_ptr()).identified_executable;
            &*executable.cast::<[AtomicU64; size_of::<types::executable>() / size_of::<u64>()]>()
        };
        for (to, word) in bytes.chunks_exact_mut(size_of::<u64>()).zip(words) {
            to.copy_from_slice(&word.load(SeqCst).to_ne_bytes());
        }
        bytes
    }

    /// First bytes of what `box_serve` took out of a black box.
    pub fn box_element(&self, bytes: usize) -> Vec<u8> {
        // SAFETY: as in `live_base`; the array has that length.
        let words = unsafe {
            let element = &raw mut (*self.globals.as_ptr()).box_element;
            &*element.cast::<[AtomicU64; BOX_WORDS]>()
        };
        let words = words.iter().take(bytes / size_of::<u64>());
        words.flat_map(|word| word.load(SeqCst).to_ne_bytes()).collect()
    }

    /// Result of `box_serve`: 1 if it did what it was asked for.
    pub fn box_served(&self) -> &AtomicU32 {
        // SAFETY: as in `live_base`.
        unsafe { AtomicU32::from_ptr(&raw mut (*self.globals.as_ptr()).box_served) }
    }

    /// Question to `journal_open` about a process, and its answer.
    pub fn journal_query(&self) -> JournalQuery<'_> {
        // SAFETY: as in `bank`; an aligned u64 and two aligned u32.
        unsafe {
            let query = &raw mut (*self.globals.as_ptr()).journal_query;
            JournalQuery {
                start_ns: AtomicU64::from_ptr(&raw mut (*query).start_ns),
                tgid: AtomicU32::from_ptr(&raw mut (*query).tgid),
                is_open: AtomicU32::from_ptr(&raw mut (*query).is_open),
            }
        }
    }

    /// Inode numbers of the namespaces that the machine began with, by `enum namespace`.
    pub fn initial_namespaces(&self) -> &[AtomicU32; NAMESPACES] {
        // SAFETY: as in `live_base`; as many aligned u32.
        unsafe {
            let initial = &raw mut (*self.globals.as_ptr()).initial_namespaces;
            &*(&raw mut (*initial).ids).cast::<[AtomicU32; NAMESPACES]>()
        }
    }

    /// Address of the inode of each excluded executable; `None` past the end of the list.
    pub fn excluded_file(&self, index: usize) -> Option<&AtomicU64> {
        // SAFETY: as in `live_base`; the array has that length.
        unsafe {
            let files = (&raw mut (*self.globals.as_ptr()).excluded_files).cast::<AtomicU64>();
            at(files, EXCLUDED_FILES, index)
        }
    }

    /// Returns an entry for the name of an environment variable; `None` beyond the bank's.
    pub fn env_name(&self, bank: Bank, index: usize) -> Option<&[AtomicU64; ENV_NAME_WORDS]> {
        // SAFETY: as in `live_base`; the structure is as large and as aligned as these words.
        unsafe {
            at(bank_array!(self, bank, env_names, [AtomicU64; ENV_NAME_WORDS]), ENV_NAMES, index)
        }
    }

    /// Sets a row of a bank's routes; `false` beyond them.
    pub fn set_route(&self, bank: Bank, row: usize, route: &types::route) -> bool {
        // SAFETY: as in `live_base`; a `Bank` is one of the two, and the array has that length.
        unsafe { set(bank_array!(self, bank, routes, types::route), ROUTES_PER_BANK, row, route) }
    }

    /// Sets a filter of a bank; `false` beyond them.
    pub fn set_filter(&self, bank: Bank, at: usize, filter: &types::filter) -> bool {
        // SAFETY: as in `set_route`.
        unsafe {
            set(bank_array!(self, bank, filters, types::filter), FILTERS_PER_BANK, at, filter)
        }
    }

    /// Sets an instruction of a bank's filters; `false` beyond them.
    pub fn set_insn(&self, bank: Bank, at: usize, insn: &types::filter_insn) -> bool {
        // SAFETY: as in `set_route`.
        unsafe { set(bank_array!(self, bank, insns, types::filter_insn), INSNS_PER_BANK, at, insn) }
    }

    /// Sets a pattern of a bank's filters; `false` beyond them.
    pub fn set_pattern(&self, bank: Bank, at: usize, pattern: &types::pattern) -> bool {
        // SAFETY: as in `set_route`.
        unsafe {
            set(bank_array!(self, bank, patterns, types::pattern), PATTERNS_PER_BANK, at, pattern)
        }
    }

    /// Sets a chain of a bank; `false` beyond them.
    pub fn set_chain(&self, bank: Bank, at: usize, chain: &types::chain) -> bool {
        // SAFETY: as in `set_route`.
        unsafe { set(bank_array!(self, bank, chains, types::chain), CHAINS_PER_BANK, at, chain) }
    }

    /// Sets the limit of that number; `false` beyond them.
    pub fn set_limit(&self, number: u8, limit: &types::limit) -> bool {
        // SAFETY: as in `set_route`.
        unsafe { set(array!(self, limits, types::limit), LIMITS, number.into(), limit) }
    }

    /// Sets the arguments of the probe in a slot; `false` for other slots.
    pub fn set_probe(&self, slot: u16, probe: &types::probe) -> bool {
        let Some(at) = slot.checked_sub(types::table_size::PROBE_SLOT.0 as u16) else {
            return false;
        };
        // SAFETY: as in `set_route`.
        unsafe { set(array!(self, probes, types::probe), PROBES, at.into(), probe) }
    }

    /// 1 once any probe has been attached.
    pub fn has_probes(&self) -> &AtomicU32 {
        // SAFETY: as in `live_base`.
        unsafe { AtomicU32::from_ptr(&raw mut (*self.globals.as_ptr()).has_probes) }
    }

    /// BucketWords of one owner of a limit; `None` beyond the table.
    pub fn bucket(&self, index: usize) -> Option<&BucketWords> {
        // SAFETY: as in `live_base`; the structure is as large and as aligned as these words.
        unsafe { at(array!(self, buckets, BucketWords), BUCKETS + LIMITS, index) }
    }

    /// BucketWords of all owners that found no bucket of their own, by the number of the limit.
    pub fn shared_bucket(&self, number: u8) -> Option<&BucketWords> {
        self.bucket(BUCKETS + usize::from(number))
    }

    /// A place for a call that rules of a bank know; `None` beyond the bank's.
    pub fn known_call(&self, bank: Bank, index: usize) -> Option<&AtomicU64> {
        let place = bank.index() * KNOWN_CALLS + index;
        // SAFETY: as in `bucket`.
        let all = unsafe { at(array!(self, known_calls, AtomicU64), BANKS * KNOWN_CALLS, place) };
        all.filter(|_| index < KNOWN_CALLS)
    }

    /// A place in the list of cgroups that are excluded; `None` beyond it.
    pub fn excluded_cgroup(&self, index: usize) -> Option<&AtomicU64> {
        // SAFETY: as in `bucket`.
        unsafe { at(array!(self, excluded_cgroups, AtomicU64), EXCLUDED_CGROUPS, index) }
    }

    /// Question of a pass of `proc_tree_seed`, and its answer.
    pub fn tree_pass(&self) -> TreePass<'_> {
        // SAFETY: as in `live_base`; aligned u64.
        unsafe {
            let pass = &raw mut (*self.globals.as_ptr()).tree_pass;
            TreePass {
                number: AtomicU64::from_ptr(&raw mut (*pass).number),
                mask: AtomicU64::from_ptr(&raw mut (*pass).mask),
                since_ns: AtomicU64::from_ptr(&raw mut (*pass).since_ns),
                changes: AtomicU64::from_ptr(&raw mut (*pass).changes),
                unplaced: AtomicU64::from_ptr(&raw mut (*pass).unplaced),
            }
        }
    }

    /// Root of the cgroups that the daemon sees.
    pub fn cgroup_view(&self) -> &AtomicU64 {
        // SAFETY: as in `live_base`.
        unsafe { AtomicU64::from_ptr(&raw mut (*self.globals.as_ptr()).cgroup_view) }
    }

    /// Number of new cgroups for whose tags there was no room.
    pub fn cgroup_tags_lost(&self) -> &AtomicU64 {
        // SAFETY: as in `live_base`.
        unsafe { AtomicU64::from_ptr(&raw mut (*self.globals.as_ptr()).cgroup_tags_lost) }
    }

    /// Number of new processes for which there was no room in the process trees.
    pub fn process_trees_lost(&self) -> &AtomicU64 {
        // SAFETY: as in `live_base`.
        unsafe { AtomicU64::from_ptr(&raw mut (*self.globals.as_ptr()).process_trees_lost) }
    }

    /// Part of `process_trees_lost` that has found room since.
    pub fn process_trees_found(&self) -> &AtomicU64 {
        // SAFETY: as in `live_base`.
        unsafe { AtomicU64::from_ptr(&raw mut (*self.globals.as_ptr()).process_trees_found) }
    }
}

/// `struct tree_pass`.
#[derive(Debug, Clone, Copy)]
pub struct TreePass<'a> {
    /// Number of the pass.
    pub number: &'a AtomicU64,
    /// Bits that members keep and pass on.
    pub mask: &'a AtomicU64,
    /// Start of the first process that may have been missed, in ns of CLOCK_BOOTTIME.
    pub since_ns: &'a AtomicU64,
    /// Processes whose bits the pass changed.
    pub changes: &'a AtomicU64,
    /// Processes that the pass found no room for.
    pub unplaced: &'a AtomicU64,
}

/// `struct journal_query`.
#[derive(Debug, Clone, Copy)]
pub struct JournalQuery<'a> {
    /// Start of the process, in ns of CLOCK_BOOTTIME.
    pub start_ns: &'a AtomicU64,
    /// Process id in the initial pid namespace.
    pub tgid: &'a AtomicU32,
    /// Answer of the program: 1 if the process has a file of the journal open.
    pub is_open: &'a AtomicU32,
}

/// `struct bucket`: tag, spent_until, limited, comm in two words, the rest.
pub type BucketWords = [AtomicU64; size_of::<types::bucket>() / size_of::<u64>()];
