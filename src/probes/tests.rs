//! Probes of the kernel that runs the tests. Each test passes where its kernel does not tell what it looks for.

use syscalls::{Kind, Width};

use super::pattern::matches;
use super::*;

/// Returns names and kinds of the arguments of a probe; `None` where the kernel lacks it.
fn arguments(kind: Abi, name: &str) -> Option<Vec<(&'static str, Kind)>> {
    let slots = find(kind, name).ok()?;
    let [slot] = slots.as_slice() else { panic!("{slots:?}") };
    assert_eq!(slot.name(), Some(name));
    let signature = syscalls::signature(*slot).expect("a signature");
    Some(signature.parameters().iter().map(|one| (one.name, one.kind)).collect())
}

#[test]
fn matches_stars_and_nothing_else() {
    for (pattern, name) in [
        ("vfs_*", "vfs_read"),
        ("*", "x"),
        ("a*b*c", "a1b2b3c"),
        ("vfs_read", "vfs_read"),
        ("a*a", "aa"),
    ] {
        assert!(matches(pattern, name), "{pattern} {name}");
    }
    for (pattern, name) in
        [("vfs_*", "do_vfs_read"), ("vfs_r", "vfs_read"), ("a*b*c", "acb"), ("a*a", "a"), ("", "a")]
    {
        assert!(!matches(pattern, name), "{pattern} {name}");
    }
}

#[test]
fn arguments_of_function_are_those_of_its_prototype() {
    let Some(found) = arguments(Abi::Kprobe, "vfs_read") else { return };
    let expected =
        [("buf", Kind::String), ("count", Kind::Unsigned(Width::Long)), ("pos", Kind::Address)];
    assert_eq!(found[1..], expected);
    assert!(matches!(found[0], ("file", Kind::Struct(_))), "{found:?}");
    let layout = layout(syscalls::probe_slot(Abi::Kprobe, "vfs_read").unwrap()).unwrap();
    assert_eq!(layout.pointers, 0b11);
    assert!((1..=256).contains(&layout.structures[0]) && layout.structures[1..] == [0; 5]);
    if cfg!(target_arch = "x86_64") {
        let offsets = layout.arguments.map(|one| (one.offset, one.size));
        assert_eq!(offsets, [(112, 8), (104, 8), (96, 8), (88, 8), (0, 0), (0, 0)]);
    }
}

#[test]
fn arguments_of_raw_tracepoint_are_those_of_its_call() {
    let Some(found) = arguments(Abi::RawTracepoint, "sched_process_exec") else { return };
    let [task, (old_pid, kind), binary] = found.as_slice() else { panic!("{found:?}") };
    let Kind::Struct(of_task) = task.1 else { panic!("{found:?}") };
    let Kind::Struct(of_binary) = binary.1 else { panic!("{found:?}") };
    assert_eq!((task.0, binary.0), ("p", "bprm"));
    let members = |name| syscalls::structure(Abi::Native, name).unwrap().members();
    assert!(members(of_task).iter().any(|one| one.name == "ptrace"));
    assert!(members(of_binary).iter().any(|one| one.name == "argc" && one.width == 4));
    assert_eq!((*old_pid, *kind), ("old_pid", Kind::Signed(Width::Int)));
}

#[test]
fn arguments_of_tracepoint_are_fields_of_its_record() {
    let Some(found) = arguments(Abi::Tracepoint, "sched:sched_process_exec") else { return };
    let number = Kind::Signed(Width::Int);
    assert_eq!(found, [("filename", Kind::String), ("pid", number), ("old_pid", number)]);
    let layout = layout(syscalls::probe_slot(Abi::Tracepoint, "sched:sched_process_exec").unwrap());
    let first = layout.unwrap().arguments[0];
    assert_eq!((first.offset, u32::from(first.form)), (8, types::probe_form::PROBE_OFFSET.0));
}

#[test]
fn enumeration_has_names_of_its_values() {
    let Some(found) = arguments(Abi::RawTracepoint, "signal_generate") else { return };
    assert_eq!(found.iter().map(|one| one.0).next(), Some("sig"));
    let Some(found) = arguments(Abi::Kprobe, "kill_pid_info") else { return };
    assert_eq!(found.first(), Some(&("sig", Kind::Signed(Width::Int))));
    // A value of an enumeration that every kernel has.
    let Some(found) = arguments(Abi::Kprobe, "hrtimer_start_range_ns") else { return };
    let Some((_, Kind::Number(_, set))) = found.last() else { panic!("{found:?}") };
    assert_eq!(set.value("HRTIMER_MODE_REL"), Some(1));
}

/// Returns the layout of a structure of the kernel; `None` where the kernel does not tell.
fn structure(name: &str) -> Option<&'static syscalls::Structure> {
    let bytes = std::fs::read("/sys/kernel/btf/vmlinux").ok()?;
    let types = crate::btf::Types::read(&bytes).unwrap();
    let is_it = |one: &(_, crate::btf::Type<'_>)| {
        one.1.number() == crate::btf::kinds::STRUCT && types.text(one.1.name) == name.as_bytes()
    };
    let (id, one) = types.all().find(is_it)?;
    let (name, bytes) = structures::structure(&types, id, one)?;
    let found = syscalls::structure(Abi::Native, name);
    assert_eq!(found.map(syscalls::Structure::size), Some(bytes.into()));
    found
}

#[test]
fn structure_has_members_that_fit_and_says_that_there_are_more() {
    use syscalls::{Format, MemberKind};
    let Some(names) = structure("new_utsname") else { return };
    let members: Vec<_> =
        names.members().iter().map(|one| (one.name, one.offset, one.count)).collect();
    let text = Some(65);
    let expected = [("sysname", 0, text), ("nodename", 65, text), ("release", 130, text)];
    assert_eq!((members, names.has_more()), (expected.to_vec(), true));
    assert!(names.members().iter().all(|one| one.kind == MemberKind::Plain(Format::Text)));
    let map = structure("bpf_map").unwrap();
    let kind = |name: &str| map.members().iter().find(|one| one.name == name).map(|one| &one.kind);
    let Some(MemberKind::Name(set)) = kind("map_type") else { panic!("{map:?}") };
    assert_eq!(set.value("BPF_MAP_TYPE_ARRAY"), Some(2));
    assert_eq!(kind("key_size"), Some(&MemberKind::Plain(Format::Unsigned)));
    assert_eq!(kind("ops"), Some(&MemberKind::Plain(Format::Address)));
    let Some(MemberKind::Bits { count: 1, .. }) = structure("linux_binprm")
        .and_then(|one| one.members().iter().find(|one| one.name == "have_execfd"))
        .map(|one| one.kind.clone())
    else {
        panic!("a bit")
    };
}

#[test]
fn pattern_stands_for_bounded_number_of_functions() {
    let Ok(slots) = find(Abi::Kprobe, "do_unlink*") else { return };
    assert!(slots.iter().all(|slot| slot.name().unwrap().starts_with("do_unlink")));
    let all = find(Abi::Kprobe, "*").unwrap_err();
    assert!(all.reason.contains("at most 128"), "{all:?}");
}

#[test]
fn unknown_or_refused_names_have_reasons() {
    let reason = |kind, name| find(kind, name).unwrap_err();
    let unknown = reason(Abi::RawTracepoint, "sched_proces_exit");
    if unknown.reason.contains("looked up") {
        return;
    }
    assert!(unknown.names.contains(&"raw_tracepoint:sched_process_exit".to_owned()));
    assert!(reason(Abi::RawTracepoint, "sys_enter").reason.contains("[routes]"));
    let within = reason(Abi::RawTracepoint, "page_fault_kernel").reason;
    assert!(within.contains("themselves") || within.contains("no tracepoint"), "{within}");
    assert!(!reason(Abi::Kprobe, "").reason.is_empty());
    assert!(!reason(Abi::Tracepoint, "../../../../etc:passwd").reason.is_empty());
}

#[test]
fn restored_probe_keeps_slot() {
    let slot = Slot::new(Abi::RawTracepoint, 63).unwrap();
    let probes = BTreeMap::from([(slot, "sched_process_hang".to_owned())]);
    assert!(restore(&probes));
    assert_eq!(slot.name(), Some("sched_process_hang"));
    let other = BTreeMap::from([(slot, "sched_process_fork".to_owned())]);
    assert!(!restore(&other));
}

#[test]
fn module_that_is_not_loaded_is_told() {
    let reason = |name| find(Abi::Kprobe, name).unwrap_err().reason;
    if std::fs::metadata("/sys/kernel/btf/vmlinux").is_err() {
        return;
    }
    let missing = reason("no_such_module:some_function");
    assert!(missing.contains("no_such_module, which is not loaded"), "{missing}");
    for name in ["../vmlinux:vfs_read", "vmlinux:vfs_read", ":vfs_read"] {
        assert!(reason(name).contains("names no module"), "{name}: {}", reason(name));
    }
}

#[test]
fn symbol_of_function_is_without_module() {
    let slot = |name| syscalls::give_slot(Abi::Kprobe, name, Vec::new()).unwrap();
    assert_eq!(symbol(slot("a_module:a_function")), "a_function");
    assert_eq!(symbol(slot("a_function_alone")), "a_function_alone");
}

/// Types as they are in a file: the words of each, and the strings.
fn file(types: &[u32], strings: &[u8]) -> Vec<u8> {
    let length = u32::try_from(types.len() * 4).unwrap();
    let header = [24, 0, length, length, u32::try_from(strings.len()).unwrap()];
    let words = header.iter().chain(types).flat_map(|word| word.to_ne_bytes());
    [0x9f, 0xeb, 1, 0].into_iter().chain(words).chain(strings.iter().copied()).collect()
}

#[test]
fn function_of_module_has_types_of_kernel() {
    use crate::btf::{Types, joined, kinds};
    // An `int`; a prototype with it as parameter `id`, and a function of that, which refer to the kernel's by numbers.
    let kernel = file(&[1, kinds::INT << 24, 4, 1 << 24 | 32], b"\0int\0");
    let prototype = [0, 13 << 24 | 1, 0, 8, 1];
    let function = [5, kinds::FUNCTION << 24, 2];
    let module = file(&[&prototype[..], &function[..]].concat(), b"fn\0id\0");
    let (both, first) = joined(&kernel, &module).unwrap();
    let types = Types::read(&both).unwrap().with_module("some", first);
    assert_eq!((first, types.key(1), types.key(2)), (2, "1".to_owned(), "some 2".to_owned()));
    let function = types.get(3).unwrap();
    assert_eq!(types.text(function.name), b"fn");
    let prototype = types.get(2).unwrap();
    let [parameter] = &ProbeArguments::of_prototype(&types, prototype, Abi::Kprobe).parameters[..]
    else {
        panic!("one parameter")
    };
    assert_eq!((parameter.name, parameter.kind), ("id", Kind::Signed(Width::Int)));
    assert!(joined(&kernel, &module[..40]).is_err());
}
