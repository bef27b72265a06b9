//! What the programs know of cgroups: the names that filters and exclusions ask for, and which cgroups
//! have them. Those that are born later the programs learn of themselves.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::atomic::Ordering::Relaxed;

use anyhow::{Context as _, Result};
use libbpf_rs::{MapCore as _, MapFlags};

use super::Bpf;
use crate::bpf::types::{tag_bit, tag_name, tag_size};
use crate::bpf::{EXCLUDED_CGROUPS, spread};
use crate::filter::NameKind;
use crate::units::{CgroupTags, Units};

/// The bit of each name.
pub type NameBits = BTreeMap<(NameKind, String), u8>;

const NAME_SIZE: usize = size_of::<tag_name>();
const NAME_AT: usize = std::mem::offset_of!(tag_name, text);
const PROBES: usize = tag_size::EXCLUDED_PROBES.0 as usize;
/// A place in the list of excluded cgroups that was somebody's.
const GONE: u64 = 1;

/// What the kernel was told last.
#[derive(Debug, Default)]
pub(super) struct TaggedNames {
    names: Option<NameBits>,
}

impl Bpf<'_> {
    /// Makes the programs tell cgroups of these names apart. Those that are born from here on are known at
    /// once; then the tree is read for those that were there before.
    ///
    /// # Errors
    /// When the kernel has no room for them.
    pub fn tag_cgroups(&mut self, names: &NameBits) -> Result<()> {
        if self.tagged.names.as_ref() == Some(names) {
            return Ok(());
        }
        self.write_names(names)?;
        self.tagged.names = Some(names.clone());
        self.retag_cgroups()
    }

    /// Reads the tree of cgroups and tells the programs what they are: at the start, and where the kernel
    /// could not tell of some.
    ///
    /// # Errors
    /// When the kernel has no room for them.
    pub fn retag_cgroups(&self) -> Result<()> {
        let Some(names) = &self.tagged.names else { return Ok(()) };
        let mut units = Units::new();
        units.read();
        let (mut known, mut excluded) = (BTreeSet::new(), BTreeSet::new());
        for (id, path) in units.all() {
            let place = CgroupTags::of(&path, |kind, name| bit(names, kind, name));
            self.write_place(id, place)
                .with_context(|| format!("no room for the cgroup {path}"))?;
            known.insert(id);
            if place.bits & 1 << tag_bit::TAG_EXCLUDED.0 != 0 {
                excluded.insert(id);
            }
        }
        self.exclude_cgroups(&known, &excluded)
    }

    /// Bits and stage of a cgroup as the programs have it; `None` if they do not know it.
    pub fn cgroup_tags(&self, id: u64) -> Option<(u64, u64)> {
        let value =
            self.skeleton.maps.cgroup_tags.lookup(&id.to_ne_bytes(), MapFlags::ANY).ok()??;
        let word = |at: usize| Some(u64::from_ne_bytes(value.get(at..at + 8)?.try_into().ok()?));
        Some((word(0)?, word(8)?))
    }

    fn write_names(&self, names: &NameBits) -> Result<()> {
        let map = &self.skeleton.maps.tag_names;
        let keys: BTreeSet<Vec<u8>> = names.keys().map(|(kind, name)| key(*kind, name)).collect();
        for key in map.keys().filter(|key| !keys.contains(key)) {
            let _ = map.delete(&key);
        }
        for (kind, name) in names.keys() {
            let bits = bit(names, *kind, name).to_ne_bytes();
            map.update(&key(*kind, name), &bits, MapFlags::ANY)
                .with_context(|| format!("no room for the name {name}"))?;
        }
        Ok(())
    }

    fn write_place(&self, id: u64, place: CgroupTags) -> libbpf_rs::Result<()> {
        let mut value = Vec::from(place.bits.to_ne_bytes());
        value.extend(u64::from(place.state.number()).to_ne_bytes());
        self.skeleton.maps.cgroup_tags.update(&id.to_ne_bytes(), &value, MapFlags::ANY)
    }

    /// Cgroups that were born meanwhile are not known here; the kernel has put them where they belong.
    fn exclude_cgroups(&self, known: &BTreeSet<u64>, excluded: &BTreeSet<u64>) -> Result<()> {
        for place in (0..).map_while(|index| self.shared.excluded_cgroup(index)) {
            let id = place.load(Relaxed);
            if known.contains(&id) && !excluded.contains(&id) {
                place.store(GONE, Relaxed);
            }
        }
        excluded.iter().try_for_each(|&id| self.exclude_cgroup(id))
    }

    /// As `cgroup_exclude` in `bpf/cgroup_tags.h`.
    fn exclude_cgroup(&self, id: u64) -> Result<()> {
        let hash = (spread(id) >> 56) as usize;
        let at = |probe| self.shared.excluded_cgroup((hash + probe) % EXCLUDED_CGROUPS);
        let mut places = (0..PROBES).filter_map(at);
        if places.clone().any(|place| place.load(Relaxed) == id) {
            return Ok(());
        }
        let free = places.find(|place| place.load(Relaxed) <= GONE);
        free.context("too many cgroups are excluded")?.store(id, Relaxed);
        Ok(())
    }
}

/// The bits that stand for that name.
fn bit(names: &NameBits, kind: NameKind, name: &str) -> u64 {
    if kind == NameKind::Excluded {
        let is_there = names.contains_key(&(kind, name.to_owned()));
        return if is_there { 1 << tag_bit::TAG_EXCLUDED.0 } else { 0 };
    }
    names.get(&(kind, name.to_owned())).map_or(0, |bit| 1 << bit)
}

/// `struct tag_name`.
fn key(kind: NameKind, name: &str) -> Vec<u8> {
    let mut key = Vec::from(kind.number().to_ne_bytes());
    debug_assert_eq!(key.len(), NAME_AT);
    key.extend(name.bytes().take(NAME_SIZE - NAME_AT - 1));
    key.resize(NAME_SIZE, 0);
    key
}
