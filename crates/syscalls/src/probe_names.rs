//! Names of probes, each in its slot. They are there as long as the process runs.

use std::sync::OnceLock;

use crate::Abi;

/// Names of all kinds, each at the distance of its slot from the first.
static NAMES: [OnceLock<&'static str>; Abi::PROBE_SLOTS] =
    [const { OnceLock::new() }; Abi::PROBE_SLOTS];

/// Returns the number of the probe with that name among those of its kind; `None` if it has no slot.
pub(super) fn number(abi: Abi, wanted: &str) -> Option<u16> {
    numbers(abi).find(|nr| name(abi, *nr) == Some(wanted))
}

/// Returns the name of the probe with that number; `None` if none has it.
pub(super) fn name(abi: Abi, nr: u16) -> Option<&'static str> {
    place(abi, nr)?.get().copied()
}

/// Returns the first number of a kind that no probe has; `None` if all are taken.
pub(super) fn free(abi: Abi) -> Option<u16> {
    numbers(abi).find(|nr| name(abi, *nr).is_none())
}

/// Gives a number to a probe, if no other one has it.
pub(super) fn set(abi: Abi, nr: u16, name: &str) {
    let Some(place) = place(abi, nr) else { return };
    // The name stays as long as its slot: to the end of the process.
    place.get_or_init(|| Box::leak(name.to_owned().into_boxed_str()));
}

fn numbers(abi: Abi) -> std::ops::Range<u16> {
    0..if abi.is_probe() { abi.slots() } else { 0 }
}

fn place(abi: Abi, nr: u16) -> Option<&'static OnceLock<&'static str>> {
    numbers(abi).contains(&nr).then_some(())?;
    NAMES.get(usize::from(abi.first() - Abi::Kprobe.first() + nr))
}
