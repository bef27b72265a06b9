//! Rings of groups of CPUs: their number, the ring of each CPU, and those behind the first one, which is in the object.

use std::fs;
use std::os::fd::{AsFd as _, AsRawFd as _, BorrowedFd, OwnedFd};
use std::thread;

use anyhow::{Context as _, Result, anyhow};
use libbpf_rs::{MapCore as _, MapFlags, MapHandle, MapType};

use super::boxes::Boxes;
use crate::bpf::types::ring_size;
use crate::bpf::{OpenTailcalldSkel, TailcalldSkel};

/// Most rings: they take memory, and the reader looks at all of them.
const RINGS_MAX: u32 = ring_size::RINGS_MAX.0;
/// CPUs that may have different rings.
const RING_CPUS: usize = ring_size::RING_CPUS.0 as usize;

const NO_BOXES: Boxes = Boxes { units: 0, calls: 0 };

/// List of the CPUs that are in use, such as `0-3,8`.
const ONLINE: &str = "/sys/devices/system/cpu/online";

/// Rings that an object is loaded with, and the black boxes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Rings {
    /// Size of each ring, in bytes.
    pub bytes: u32,
    /// Number of rings.
    pub count: u32,
    /// Black boxes beside them.
    pub boxes: Boxes,
    /// CPUs that share one; the last ring has all further ones.
    cpus: u32,
}

impl Rings {
    /// One ring for all CPUs.
    pub const fn one(bytes: u32) -> Self {
        Self { bytes, count: 1, boxes: NO_BOXES, cpus: u32::MAX }
    }

    /// Rings of an earlier daemon, whose CPUs do not matter any more.
    pub(super) const fn of_predecessor(bytes: u32, count: u32) -> Self {
        Self { bytes, count, boxes: NO_BOXES, cpus: u32::MAX }
    }

    /// A ring for each group of so many CPUs that are in use. A machine may have room for many more: one that is added
    /// later gets the last ring. More CPUs share one if there would be more than 32 rings.
    ///
    /// # Errors
    /// Fails if the kernel does not list the CPUs.
    pub fn of_groups(bytes: u32, cpus: u32) -> Result<Self> {
        let list =
            fs::read_to_string(ONLINE).with_context(|| format!("failed to read {ONLINE}"))?;
        let all = behind_last(&list).with_context(|| format!("no CPU in {ONLINE}: {list}"))?;
        Ok(Self::of_machine(bytes, cpus, all))
    }

    /// Rings of a machine with that many CPUs, `cpus` of which share one.
    pub fn of_machine(bytes: u32, cpus: u32, all: u32) -> Self {
        let cpus = cpus.max(all.div_ceil(RINGS_MAX)).max(1);
        Self { bytes, count: all.div_ceil(cpus).max(1), boxes: NO_BOXES, cpus }
    }

    /// Returns the rings with black boxes beside them.
    #[must_use]
    pub const fn with_boxes(self, boxes: Boxes) -> Self {
        Self { boxes, ..self }
    }

    /// Returns the number of the ring of a CPU.
    fn of_cpu(self, cpu: u32) -> u32 {
        (cpu / self.cpus).min(self.count - 1)
    }

    /// Returns the number of the ring of each CPU.
    pub(super) fn by_cpu(self) -> [u8; RING_CPUS] {
        let mut all = [0; RING_CPUS];
        for (ring, cpu) in all.iter_mut().zip(0..) {
            *ring = u8::try_from(self.of_cpu(cpu)).unwrap_or_default();
        }
        all
    }

    /// Returns the number of CPUs that share the ring with the most of them, of so many on the whole.
    pub(super) fn most_cpus(self, all: u32) -> u32 {
        let before_last = self.cpus.saturating_mul(self.count - 1);
        self.cpus.min(all).max(all.saturating_sub(before_last))
    }
}

/// Returns the number of CPUs up to the last one of a list of the kernel's.
fn behind_last(list: &str) -> Option<u32> {
    let last = list.trim().rsplit([',', '-']).next()?;
    last.parse::<u32>().ok()?.checked_add(1)
}

/// Makes the first ring and gives it to the object. No other thread may allocate memory meanwhile: near the limit of the
/// service's memory the kernel would end the process (OOM) because of that thread, instead of refusing the ring.
///
/// # Errors
/// Fails if the kernel refuses it.
pub(super) fn make_first(open: &mut OpenTailcalldSkel<'_>, rings: Rings) -> libbpf_rs::Result<()> {
    open.maps.events.reuse_fd(make(rings.bytes)?.as_fd())
}

/// Makes the rings behind the first one.
///
/// # Errors
/// Fails if the kernel refuses one.
pub(super) fn make_further(rings: Rings) -> libbpf_rs::Result<Vec<OwnedFd>> {
    let make = |_| Ok(make(rings.bytes)?.as_fd().try_clone_to_owned()?);
    (1..rings.count).map(make).collect()
}

fn make(bytes: u32) -> libbpf_rs::Result<MapHandle> {
    let options = libbpf_sys::bpf_map_create_opts {
        sz: size_of::<libbpf_sys::bpf_map_create_opts>() as libbpf_sys::size_t,
        ..Default::default()
    };
    MapHandle::create(MapType::RingBuf, Some("events"), 0, 0, bytes, &options)
}

/// Puts all rings where programs find them. An update of an array of maps takes a grace period: so all are made at the
/// same time.
///
/// # Errors
/// Fails if the kernel refuses.
pub(super) fn share(skeleton: &TailcalldSkel<'_>, further: &[OwnedFd]) -> Result<()> {
    let maps = &skeleton.maps;
    let by_number = MapHandle::try_from(&maps.rings).context(FAILED)?;
    let all: Vec<BorrowedFd<'_>> =
        std::iter::once(maps.events.as_fd()).chain(further.iter().map(OwnedFd::as_fd)).collect();
    let set = |number: u32, ring: BorrowedFd<'_>| {
        let ring = ring.as_raw_fd().to_ne_bytes();
        by_number.update(&number.to_ne_bytes(), &ring, MapFlags::ANY).context(FAILED)
    };
    thread::scope(|scope| {
        let threads: Vec<_> =
            (0..).zip(all).map(|(number, ring)| scope.spawn(move || set(number, ring))).collect();
        threads
            .into_iter()
            .try_for_each(|one| one.join().map_err(|_| anyhow!(FAILED)).and_then(|result| result))
    })
}

const FAILED: &str = "failed to give the programs their rings";

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn behind_last_is_number_of_cpus_up_to_last() {
        assert_eq!(behind_last("0-3\n"), Some(4));
        assert_eq!(behind_last("0"), Some(1));
        assert_eq!(behind_last("0,2-5,7\n"), Some(8));
        assert_eq!(behind_last("\n"), None);
    }

    #[test]
    fn of_machine_gives_each_group_a_ring_and_the_last_all_further_cpus() {
        let rings = Rings::of_machine(1, 8, 20);
        assert_eq!((rings.count, rings.most_cpus(20), rings.most_cpus(128)), (3, 8, 112));
        assert_eq!([0, 7, 8, 16, 19, 127].map(|cpu| rings.of_cpu(cpu)), [0, 0, 1, 2, 2, 2]);
        assert_eq!(rings.by_cpu()[127], 2);
    }

    #[test]
    fn of_machine_with_enough_cpus_for_all_is_one_ring() {
        for (cpus, all) in [(8, 2), (8, 8), (u32::MAX, 4_096)] {
            assert_eq!(Rings::of_machine(1, cpus, all).count, 1);
        }
        assert_eq!(Rings::one(1).most_cpus(128), 128);
    }

    #[test]
    fn of_machine_never_makes_more_than_32_rings() {
        let rings = Rings::of_machine(1, 1, 4_096);
        assert_eq!((rings.count, rings.most_cpus(4_096)), (32, 128));
    }
}
