//! The programs' global variables.

use std::marker::PhantomData;
use std::ptr::NonNull;
use std::sync::atomic::Ordering::Relaxed;
use std::sync::atomic::{AtomicU32, AtomicU64};

use super::{TailcalldSkel, types};
use crate::decode::NAMESPACES;

/// How many executables can be excluded.
pub const EXCLUDED_FILES: usize = types::wire_size::EXCLUDED_FILES.0 as usize;

/// How many environment variables all routes together may name.
pub const ENV_NAMES: usize = types::wire_size::ENV_NAMES.0 as usize;

/// `struct env_name` in words: a name's bytes, then their mask.
pub const ENV_NAME_WORDS: usize = size_of::<types::env_name>() / size_of::<u64>();

/// How many alternatives one table may have.
pub const RULES_MAX: usize = types::table_size::RULES_MAX.0 as usize;
/// How many filters one table may have, and how many tests and patterns these.
pub const FILTERS_MAX: usize = types::filter_size::FILTERS_MAX.0 as usize;
/// See `FILTERS_MAX`.
pub const TESTS_MAX: usize = types::filter_size::TESTS_MAX.0 as usize;
/// See `FILTERS_MAX`.
pub const TEXTS_MAX: usize = types::filter_size::TEXTS_MAX.0 as usize;
/// How many limits there may be.
pub const LIMITS: usize = types::limit_size::LIMITS.0 as usize;
/// How many owners of events limits can tell apart.
pub const BUCKETS: usize = types::limit_size::BUCKETS.0 as usize;
/// How many cgroups can be excluded.
pub const EXCLUDED_CGROUPS: usize = types::place_size::EXCLUDED_CGROUPS.0 as usize;

/// The first element of an array among the globals.
macro_rules! array {
    ($shared:expr, $member:ident, $element:ty) => {
        (&raw mut (*$shared.globals.as_ptr()).$member).cast::<$element>()
    };
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

    /// First slot of the live bank.
    pub fn bank(&self) -> &AtomicU32 {
        // SAFETY: the mapping lives as long as the object ('obj); the member is an aligned u32, and
        // no reference to the structure exists any more, so all accesses here are atomic.
        unsafe { AtomicU32::from_ptr(&raw mut (*self.globals.as_ptr()).bank) }
    }

    /// `enum consumer_state`.
    pub fn consumer(&self) -> &AtomicU32 {
        // SAFETY: as in `bank`.
        unsafe { AtomicU32::from_ptr(&raw mut (*self.globals.as_ptr()).consumer) }
    }

    /// Our own thread group in the initial pid namespace; 0 before `self_identify` ran.
    pub fn self_tgid(&self) -> &AtomicU32 {
        // SAFETY: as in `bank`.
        unsafe { AtomicU32::from_ptr(&raw mut (*self.globals.as_ptr()).self_tgid) }
    }

    /// Cgroup events that the ring had no room for.
    pub fn cgroups_lost(&self) -> &AtomicU64 {
        // SAFETY: as in `bank`, with an aligned u64.
        unsafe { AtomicU64::from_ptr(&raw mut (*self.globals.as_ptr()).cgroups_lost) }
    }

    /// Device and inode of the file that `self_identify` was last asked about.
    pub fn identified_file(&self) -> [&AtomicU64; 2] {
        // SAFETY: as in `bank`; two aligned u64.
        unsafe {
            let file = &raw mut (*self.globals.as_ptr()).identified_file;
            [
                AtomicU64::from_ptr(&raw mut (*file).device),
                AtomicU64::from_ptr(&raw mut (*file).inode),
            ]
        }
    }

    /// Inode numbers of the namespaces that the machine began with, by `enum namespace`.
    pub fn initial_namespaces(&self) -> &[AtomicU32; NAMESPACES] {
        // SAFETY: as in `bank`; as many aligned u32.
        unsafe {
            let initial = &raw mut (*self.globals.as_ptr()).initial_namespaces;
            &*(&raw mut (*initial).ids).cast::<[AtomicU32; NAMESPACES]>()
        }
    }

    /// Device and inode of each excluded executable; `None` past the end of the list.
    pub fn excluded_file(&self, index: usize) -> Option<[&AtomicU64; 2]> {
        if index >= EXCLUDED_FILES {
            return None;
        }
        // SAFETY: as in `bank`; the index was checked against the array's length.
        unsafe {
            let files = &raw mut (*self.globals.as_ptr()).excluded_files;
            let file = files.cast::<types::file_id>().add(index);
            let device = AtomicU64::from_ptr(&raw mut (*file).device);
            Some([device, AtomicU64::from_ptr(&raw mut (*file).inode)])
        }
    }

    /// A name of an environment variable of one of the two banks; `None` beyond them.
    pub fn env_name(&self, bank: usize, index: usize) -> Option<&[AtomicU64; ENV_NAME_WORDS]> {
        if bank >= 2 || index >= ENV_NAMES {
            return None;
        }
        // SAFETY: as in `bank`; both indices were checked, and the structure is as large and as
        // aligned as these words.
        unsafe {
            let names = &raw mut (*self.globals.as_ptr()).env_names;
            let names = names.cast::<[AtomicU64; ENV_NAME_WORDS]>();
            Some(&*names.add(bank * ENV_NAMES + index))
        }
    }

    /// Sets what a row of `routes` says; `false` beyond them.
    pub fn set_route(&self, row: usize, route: &types::route) -> bool {
        // SAFETY: as in `bank`; the array is as long as it is told to be.
        unsafe {
            set(
                array!(self, routes, types::route),
                types::table_size::ROUTES.0 as usize,
                row,
                route,
            )
        }
    }

    /// Sets a filter of both banks' list; `false` beyond it.
    pub fn set_filter(&self, at: usize, filter: &types::filter) -> bool {
        // SAFETY: as in `set_route`.
        unsafe { set(array!(self, filters, types::filter), 2 * FILTERS_MAX, at, filter) }
    }

    /// Sets a test of both banks' list; `false` beyond it.
    pub fn set_test(&self, at: usize, test: &types::test) -> bool {
        // SAFETY: as in `set_route`.
        unsafe { set(array!(self, tests, types::test), 2 * TESTS_MAX, at, test) }
    }

    /// Sets a pattern of both banks' list; `false` beyond it.
    pub fn set_text_test(&self, at: usize, test: &types::text_test) -> bool {
        // SAFETY: as in `set_route`.
        unsafe { set(array!(self, text_tests, types::text_test), 2 * TEXTS_MAX, at, test) }
    }

    /// Sets the limit of that number; `false` beyond them.
    pub fn set_limit(&self, number: u8, limit: &types::limit) -> bool {
        // SAFETY: as in `set_route`.
        unsafe { set(array!(self, limits, types::limit), LIMITS, number.into(), limit) }
    }

    /// Who has used how much of a limit; `None` beyond the table.
    pub fn bucket(&self, index: usize) -> Option<&Bucket> {
        // SAFETY: as in `bank`; the structure is as large and as aligned as these words.
        unsafe { at(array!(self, buckets, Bucket), BUCKETS + LIMITS, index) }
    }

    /// The bucket of all who found no place of their own, by the limit's number.
    pub fn shared_bucket(&self, number: u8) -> Option<&Bucket> {
        self.bucket(BUCKETS + usize::from(number))
    }

    /// A place in the list of cgroups that are excluded; `None` beyond it.
    pub fn excluded_cgroup(&self, index: usize) -> Option<&AtomicU64> {
        // SAFETY: as in `bucket`.
        unsafe { at(array!(self, excluded_cgroups, AtomicU64), EXCLUDED_CGROUPS, index) }
    }

    /// Bits of the trees that are asked for.
    pub fn tree_asked(&self) -> &AtomicU64 {
        // SAFETY: as in `bank`.
        unsafe { AtomicU64::from_ptr(&raw mut (*self.globals.as_ptr()).tree_asked) }
    }

    /// How often the daemon was told of a process that is in other trees than was known.
    pub fn tree_changes(&self) -> &AtomicU64 {
        // SAFETY: as in `bank`.
        unsafe { AtomicU64::from_ptr(&raw mut (*self.globals.as_ptr()).tree_changes) }
    }

    /// Cgroups that were born and found no room in what filters look into.
    pub fn places_lost(&self) -> &AtomicU64 {
        // SAFETY: as in `bank`.
        unsafe { AtomicU64::from_ptr(&raw mut (*self.globals.as_ptr()).places_lost) }
    }

    /// Processes that were born and found no room in the trees.
    pub fn trees_lost(&self) -> &AtomicU64 {
        // SAFETY: as in `bank`.
        unsafe { AtomicU64::from_ptr(&raw mut (*self.globals.as_ptr()).trees_lost) }
    }
}

/// `struct bucket`: whose, paid until, refused, the name in two words, the rest.
pub type Bucket = [AtomicU64; size_of::<types::bucket>() / size_of::<u64>()];

/// Settings that are written as a whole, word by word, while nobody relies on them.
///
/// # Safety
/// The type has no padding and consists of numbers, and its size is a multiple of four.
unsafe trait Settings: Copy {}
// SAFETY: bpf/settings.h names every byte of these.
unsafe impl Settings for types::route {}
// SAFETY: as above.
unsafe impl Settings for types::filter {}
// SAFETY: as above.
unsafe impl Settings for types::test {}
// SAFETY: as above.
unsafe impl Settings for types::text_test {}
// SAFETY: as above.
unsafe impl Settings for types::limit {}

/// # Safety
/// `array` points to as many elements of shared memory as are told.
unsafe fn set<T: Settings>(array: *mut T, length: usize, index: usize, value: &T) -> bool {
    if index >= length {
        return false;
    }
    let from = (&raw const *value).cast::<u32>();
    for word in 0..size_of::<T>() / size_of::<u32>() {
        // SAFETY: the index was checked, the words lie within the element, and both are aligned.
        unsafe {
            let to = AtomicU32::from_ptr(array.add(index).cast::<u32>().add(word));
            to.store(*from.add(word), Relaxed);
        }
    }
    true
}

/// # Safety
/// `array` points to as many elements of shared memory as are told, and these may be read as `T`, which
/// is made of atomics.
unsafe fn at<'a, T>(array: *mut T, length: usize, index: usize) -> Option<&'a T> {
    if index >= length {
        return None;
    }
    // SAFETY: the index was checked, and the memory lives as long as the object.
    Some(unsafe { &*array.add(index) })
}
