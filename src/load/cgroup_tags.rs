//! Tags of cgroups: the names that filters and exclusions ask for, and the cgroups that have them. The programs
//! tag cgroups that are created later themselves.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::atomic::Ordering::Relaxed;

use anyhow::{Context as _, Result};
use libbpf_rs::{MapCore as _, MapFlags};

use super::Bpf;
use crate::bpf::types::{tag_bit, tag_name, tag_size};
use crate::bpf::{EXCLUDED_CGROUPS, hash_u64};
use crate::filter::NameKind;
use crate::units::{CgroupTags, Units};

/// Bit of each name.
pub type NameBits = BTreeMap<(NameKind, String), u8>;

const NAME_SIZE: usize = size_of::<tag_name>();
const NAME_AT: usize = std::mem::offset_of!(tag_name, text);
const PROBES: usize = tag_size::EXCLUDED_PROBES.0 as usize;
/// Entry of the excluded cgroups that was used before.
const GONE: u64 = 1;

/// Times that all cgroups are read at most, while others are created.
const PASSES_MAX: usize = 3;

/// Names that the programs tag cgroups with.
#[derive(Debug, Default)]
pub(super) struct TaggedNames {
    names: Option<NameBits>,
}

impl Bpf<'_> {
    /// Makes the programs tag cgroups of these names. New cgroups are tagged at once; then the existing ones are
    /// read and tagged. Cgroups that the map has no room for are counted: filters go by their ancestors.
    ///
    /// # Errors
    /// Fails if the kernel has no room for the names.
    pub fn tag_cgroups(&mut self, names: &NameBits) -> Result<()> {
        if self.tagged.names.as_ref() == Some(names) {
            return Ok(());
        }
        self.write_names(names)?;
        let lost = self.shared.cgroup_tags_lost();
        if self.tagged.names.replace(names.clone()).is_none() {
            lost.store(0, Relaxed); // no cgroup is known before the first reading
        }
        let before = lost.load(Relaxed);
        let mut untagged = self.retag_cgroups()?;
        for _ in 1..PASSES_MAX {
            // Cgroups that were created meanwhile, below one that was not tagged yet.
            let meanwhile = lost.load(Relaxed).saturating_sub(before);
            if meanwhile == 0 {
                break;
            }
            lost.fetch_sub(meanwhile, Relaxed);
            untagged = self.retag_cgroups()?;
        }
        lost.fetch_add(untagged, Relaxed);
        Ok(())
    }

    /// Reads all cgroups and tags them: at the start, and when the programs missed some. Units come first, so that
    /// they have room however many cgroups a user creates below one. Returns how many have no room.
    ///
    /// # Errors
    /// Fails if too many cgroups are excluded.
    pub fn retag_cgroups(&self) -> Result<u64> {
        let Some(names) = &self.tagged.names else { return Ok(0) };
        let before: Vec<_> = self.skeleton.maps.cgroup_tags.keys().collect();
        let mut units = Units::new();
        units.read();
        self.shared.cgroup_view().store(units.root(), Relaxed);
        let tags = units.tags(|kind, name| bit(names, kind, name));
        self.untag_others(&before, &tags);
        let (mut known, mut excluded, mut untagged) = (BTreeSet::new(), BTreeSet::new(), 0);
        for (id, place) in tags {
            if self.write_place(id, place).is_err() {
                untagged += 1;
            }
            known.insert(id);
            if place.bits & 1 << tag_bit::TAG_EXCLUDED.0 != 0 {
                excluded.insert(id);
            }
        }
        self.exclude_cgroups(&known, &excluded)?;
        Ok(untagged)
    }

    /// Removes the entries of `before` that are not among the first of `tags`. Cgroups that were created since
    /// `before` was read keep their tags.
    fn untag_others(&self, before: &[Vec<u8>], tags: &[(u64, CgroupTags)]) {
        let first = tags.iter().take(tag_size::CGROUPS_MAX.0 as usize);
        let first: BTreeSet<_> = first.map(|(id, _)| id.to_ne_bytes().to_vec()).collect();
        for key in before.iter().filter(|key| !first.contains(*key)) {
            let _ = self.skeleton.maps.cgroup_tags.delete(key);
        }
    }

    /// Returns bits and state of a cgroup as the programs have them; `None` if they do not know it.
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

    /// Replaces the excluded cgroups. New ones that are not known here have been added by the programs.
    fn exclude_cgroups(&self, known: &BTreeSet<u64>, excluded: &BTreeSet<u64>) -> Result<()> {
        for place in (0..).map_while(|index| self.shared.excluded_cgroup(index)) {
            let id = place.load(Relaxed);
            if known.contains(&id) && !excluded.contains(&id) {
                place.store(GONE, Relaxed);
            }
        }
        excluded.iter().try_for_each(|&id| self.exclude_cgroup(id))
    }

    /// Adds a cgroup to the excluded ones, as `cgroup_exclude` of `bpf/cgroup_tags.h` does.
    fn exclude_cgroup(&self, id: u64) -> Result<()> {
        let hash = (hash_u64(id) >> 56) as usize;
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

/// Returns the bits of a name.
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
