//! Names of the arrays of programs that each type has of its own.

use syscalls::Abi;

/// Kinds of probes.
pub(super) const KINDS: [Abi; 3] = [Abi::Kprobe, Abi::Tracepoint, Abi::RawTracepoint];

/// Arrays that each type has of its own.
pub(super) const ARRAYS: [&str; 5] = [TABLE, CONTINUATIONS, HANDLERS, CHAIN_PROGRAMS, AFTER];

/// Array with the slots.
pub(super) const TABLE: &str = "syscalls";
/// Array of the programs that others continue with.
pub(super) const CONTINUATIONS: &str = "continuations";
/// Array of the handlers that filters call.
pub(super) const HANDLERS: &str = "handlers";
/// Array of the further handlers of chains.
pub(super) const CHAIN_PROGRAMS: &str = "chain_programs";
/// Array with the way back from these.
pub(super) const AFTER: &str = "tailcalld_after";

/// Returns the name of an array or a program of a kind.
pub(super) fn name_of(array: &str, kind: Abi) -> String {
    format!("{array}.{}", kind.name())
}

/// Splits the name of an array, or a program, into its kind, if it is of one, and the name without it.
pub(super) fn kind_of(name: &str) -> (Option<Abi>, &str) {
    let of = |kind: Abi| Some((Some(kind), name.strip_suffix(kind.name())?.strip_suffix('.')?));
    KINDS.into_iter().find_map(of).unwrap_or((None, name))
}

/// Returns whether a name is that of an array of a kind.
pub(super) fn is_of_kind(name: &str) -> bool {
    kind_of(name).0.is_some()
}

/// Returns the names of all arrays of these kinds.
pub(super) fn arrays_of(kinds: &[String]) -> impl Iterator<Item = String> {
    named(kinds).flat_map(|kind| ARRAYS.map(|array| name_of(array, kind)))
}

/// Returns the kinds that have these names.
pub(super) fn named(names: &[String]) -> impl Iterator<Item = Abi> {
    KINDS.into_iter().filter(|kind| names.iter().any(|name| name == kind.name()))
}
