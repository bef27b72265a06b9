//! Probes: places in the kernel that a process passes, by name. They have slots like syscalls, but which there are
//! depends on the running kernel. So whoever finds one there gives it a slot, which it keeps as long as the process runs.

use std::sync::{Mutex, PoisonError};

use crate::signature::{Parameter, set_parameters};
use crate::{Abi, Slot, probe_names};

/// Held by whoever gives a slot.
static GIVEN: Mutex<()> = Mutex::new(());

/// Returns the slot of a probe, which gets one if it has none: the first that is free. `None` if all slots of the kind are
/// taken.
pub fn give_slot(abi: Abi, name: &str, parameters: Vec<Parameter>) -> Option<Slot> {
    let _given = GIVEN.lock().unwrap_or_else(PoisonError::into_inner);
    if let Some(known) = probe_slot(abi, name) {
        return Some(known);
    }
    let free = Slot::new(abi, probe_names::free(abi)?)?;
    set(free, name, parameters);
    Some(free)
}

/// Gives a probe the slot that it has in another process. Returns false if another one has it, or if it is no slot of probes.
pub fn restore_slot(slot: Slot, name: &str, parameters: Vec<Parameter>) -> bool {
    let _given = GIVEN.lock().unwrap_or_else(PoisonError::into_inner);
    if probe_names::name(slot.abi(), slot.nr()).is_none() {
        set(slot, name, parameters);
    }
    probe_names::name(slot.abi(), slot.nr()) == Some(name)
}

/// Returns the slot of a probe that has one.
pub fn probe_slot(abi: Abi, name: &str) -> Option<Slot> {
    Slot::new(abi, probe_names::number(abi, name)?)
}

/// The name comes last: a probe that has one has its parameters.
fn set(slot: Slot, name: &str, parameters: Vec<Parameter>) {
    set_parameters(slot, parameters);
    probe_names::set(slot.abi(), slot.nr(), name);
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{Kind, Width};

    fn number(name: &'static str) -> Parameter {
        Parameter { name, kind: Kind::Signed(Width::Int), memory: None, label: None }
    }

    #[test]
    fn slot_of_probe_stays_and_has_its_name_and_parameters() {
        let give = |name| give_slot(Abi::Kprobe, name, vec![number("fd")]).unwrap();
        let first = give("do_first");
        assert_eq!((first.abi(), first.name()), (Abi::Kprobe, Some("do_first")));
        let second = give("do_second");
        assert_ne!(first, second);
        assert_eq!(give("do_first"), first);
        assert_eq!(crate::number(Abi::Kprobe, "do_second"), Some(second.nr()));
        let signature = crate::signature(first).unwrap();
        assert_eq!(signature.parameters(), [number("fd")]);
        assert_eq!(signature.arguments([7; 6]).count(), 1);
        assert_eq!(first.with_abi(), "do_first (kprobe)");
        // Kinds have names of their own.
        assert_eq!(probe_slot(Abi::Tracepoint, "do_first"), None);
    }

    #[test]
    fn restored_probe_has_its_old_slot_or_none() {
        let slot = Slot::new(Abi::Tracepoint, 40).unwrap();
        assert!(restore_slot(slot, "sched:old", Vec::new()));
        assert!(restore_slot(slot, "sched:old", Vec::new()));
        assert!(!restore_slot(slot, "sched:other", Vec::new()));
        assert_eq!(give_slot(Abi::Tracepoint, "sched:old", Vec::new()), Some(slot));
        let syscall = Slot::new(Abi::Native, 1).unwrap();
        assert!(!restore_slot(syscall, "sched:old", Vec::new()));
        assert_eq!(give_slot(Abi::Native, "write", Vec::new()), None);
    }

    #[test]
    fn slots_of_raw_tracepoints_end() {
        let give = |nr: u16| give_slot(Abi::RawTracepoint, &format!("raw_{nr}"), Vec::new());
        let all: Vec<_> = (0..Abi::RawTracepoint.slots()).map(give).collect();
        assert!(all.iter().all(Option::is_some));
        assert_eq!(give(1), *all.get(1).unwrap());
        assert_eq!(give(1000), None);
        let last = Slot::from_index(Abi::SLOTS - 1).unwrap();
        assert_eq!((last.abi(), last.nr()), (Abi::RawTracepoint, Abi::RawTracepoint.slots() - 1));
        assert_eq!(Slot::from_index(Abi::SLOTS), None);
    }
}
