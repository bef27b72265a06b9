//! Types of the running kernel that the programs touch. libbpf searches all types of the kernel for each that a program
//! names, 100,000 and more, in each copy of the object. So they are read once, and libbpf gets an excerpt.

mod excerpt;
#[cfg(test)]
mod tests;

use std::collections::HashMap;
use std::fs::{self, File};
use std::io::Write as _;
use std::os::fd::AsRawFd as _;
use std::path::PathBuf;
use std::sync::{Mutex, PoisonError};
use std::thread;

use anyhow::{Context as _, Result};
use memchr::memmem::Finder;
use nix::sys::memfd::{MFdFlags, memfd_create};

use crate::bpf::ConstantFile;
use crate::btf::{TypeId, TypeKind, Types};
use excerpt::Excerpt;

/// Names of the types of the object, one a line; written by build.rs.
const NAMES: &str = include_str!(concat!(env!("OUT_DIR"), "/types.txt"));

/// Types that only the daemon asks for.
const OF_DAEMON: [&str; 2] = ["bpf_attach_type", "fprobe"];

/// File with the kernel's types.
const SOURCE: &str = ConstantFile::KERNEL_TYPES;

/// Types that the programs touch, as this kernel has them.
#[derive(Debug)]
pub(super) struct KernelTypes {
    /// File without a name that contains the excerpt, for libbpf.
    file: File,
    /// Numbers of structures.
    structures: HashMap<&'static str, TypeId>,
}

/// Types that were read already: those of a kernel do not change.
static READ: Mutex<Option<&'static KernelTypes>> = Mutex::new(None);

impl KernelTypes {
    /// Returns the types, which are read once.
    ///
    /// # Errors
    /// Fails if the kernel's types cannot be read.
    pub fn get() -> Result<&'static Self> {
        let mut read = READ.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(types) = *read {
            return Ok(types);
        }
        let types = Self::read().with_context(|| format!("failed to read {SOURCE}"))?;
        Ok(*read.insert(Box::leak(Box::new(types))))
    }

    /// Reads the types in a thread, for whoever asks for them later.
    pub fn prefetch() {
        let read = || drop(Self::get());
        // Without the thread, the first one that asks reads them.
        let _ = thread::Builder::new().name("tailcalld-types".to_owned()).spawn(read);
    }

    /// Returns the path of the excerpt.
    pub fn path(&self) -> PathBuf {
        PathBuf::from(format!("/proc/self/fd/{}", self.file.as_raw_fd()))
    }

    /// Returns the number of a structure; 0 if the kernel does not have it.
    pub fn structure(&self, name: &str) -> TypeId {
        self.structures.get(name).copied().unwrap_or_default()
    }

    fn read() -> Result<Self> {
        match ConstantFile::kernel_types() {
            Ok(mapped) => Self::of(&mapped),
            Err(_) => Self::of(&fs::read(SOURCE)?), // 5 MB, which takes 5 ms
        }
    }

    fn of(bytes: &[u8]) -> Result<Self> {
        let types = Types::read(bytes)?;
        let (named, structures) = named(&types);
        let excerpt = Excerpt::of(&types, &named).write();
        let mut file = File::from(memfd_create(c"tailcalld-types", MFdFlags::MFD_CLOEXEC)?);
        file.write_all(&excerpt)?;
        Ok(Self { file, structures })
    }
}

/// Returns the types that have one of the names, and the first structures of these names.
fn named(types: &Types<'_>) -> (Vec<TypeId>, HashMap<&'static str, TypeId>) {
    let wanted = NAMES.lines().chain(OF_DAEMON).map(essential);
    let wanted: HashMap<&[u8], &'static str> = wanted.map(|name| (name.as_bytes(), name)).collect();
    let variants = Finder::new(VARIANT);
    let (mut named, mut structures) = (Vec::new(), HashMap::new());
    for (id, one) in types.all() {
        if !matches!(one.kind(), TypeKind::Composite | TypeKind::Enum | TypeKind::Alias)
            || one.name == 0
        {
            continue;
        }
        let name = types.text(one.name);
        let name = variants.find(name).map_or(name, |end| name.split_at(end).0);
        let Some(&name) = wanted.get(name) else { continue };
        named.push(id);
        if one.kind() == TypeKind::Composite {
            structures.entry(name).or_insert(id);
        }
    }
    (named, structures)
}

/// Precedes the part of a name that tells several declarations of one type apart.
const VARIANT: &str = "___";

/// Returns a name without that part.
fn essential(name: &str) -> &str {
    name.split_once(VARIANT).map_or(name, |(name, _)| name)
}
