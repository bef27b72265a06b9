//! The programs' global variables.

use std::marker::PhantomData;
use std::ptr::NonNull;
use std::sync::atomic::{AtomicU32, AtomicU64};

use super::{TailHelloSkel, types};
use crate::decode::NAMESPACES;

/// How many executables can be excluded.
pub const EXCLUDED_FILES: usize = types::wire_size::EXCLUDED_FILES.0 as usize;

/// How many environment variables all routes together may name.
pub const ENV_NAMES: usize = types::wire_size::ENV_NAMES.0 as usize;

/// `struct env_name` in words: a name's bytes, then their mask.
pub const ENV_NAME_WORDS: usize = size_of::<types::env_name>() / size_of::<u64>();

/// `struct route` in words.
pub const ROUTE_WORDS: usize = size_of::<types::route>() / size_of::<u32>();

/// The programs' global variables, as both sides see them at once. The kernel writes them while we
/// read, so they are reached through atomics only, never through a reference to the structure.
#[derive(Debug, Clone, Copy)]
pub struct Shared<'obj> {
    globals: NonNull<types::bss>,
    object: PhantomData<&'obj types::bss>,
}

impl<'obj> Shared<'obj> {
    /// Takes the mapping out of a loaded skeleton; `None` if it was taken before.
    pub fn take(skeleton: &mut TailHelloSkel<'obj>) -> Option<Self> {
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

    /// Our own thread group in the initial pid namespace; 0 before `identify` ran.
    pub fn self_tgid(&self) -> &AtomicU32 {
        // SAFETY: as in `bank`.
        unsafe { AtomicU32::from_ptr(&raw mut (*self.globals.as_ptr()).self_tgid) }
    }

    /// Cgroup events that the ring had no room for.
    pub fn cgroups_lost(&self) -> &AtomicU64 {
        // SAFETY: as in `bank`, with an aligned u64.
        unsafe { AtomicU64::from_ptr(&raw mut (*self.globals.as_ptr()).cgroups_lost) }
    }

    /// Device and inode of the file that `identify` was last asked about.
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

    /// The settings of a slot of the table; `None` beyond it.
    pub fn route(&self, index: u32) -> Option<&[AtomicU32; ROUTE_WORDS]> {
        if index >= types::table_size::TABLE_SLOTS.0 {
            return None;
        }
        // SAFETY: as in `bank`; the index was checked against the array's length, and the structure
        // is as large and as aligned as these words.
        unsafe {
            let routes = &raw mut (*self.globals.as_ptr()).routes;
            Some(&*routes.cast::<[AtomicU32; ROUTE_WORDS]>().add(index as usize))
        }
    }
}
