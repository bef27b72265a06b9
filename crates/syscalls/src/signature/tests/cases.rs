//! Cases, conditions and inner calls.

use std::collections::BTreeSet;

use super::*;

#[test]
fn arguments_of_open_have_mode_only_with_o_creat() {
    let open = rows("x86_64").signature("sys_open", sets_of("x86_64")).unwrap();
    let names = |flags| -> Vec<_> {
        open.arguments([1, flags, 0o644, 4, 5, 6]).map(|(one, n)| (one.name, n)).collect()
    };
    assert_eq!(names(0x41), [("filename", 1), ("flags", 0x41), ("mode", 0o644)]);
    assert_eq!(names(0x41_0001), [("filename", 1), ("flags", 0x41_0001), ("mode", 0o644)]);
    assert_eq!(names(0x1_0000), [("filename", 1), ("flags", 0x1_0000)]);
}

#[test]
#[cfg(target_arch = "x86_64")]
fn arguments_are_those_of_first_matching_case() {
    let signature = signature(Slot::new(Abi::Native, 157).unwrap()).unwrap();
    let names = |registers| -> Vec<_> {
        signature.arguments(registers).map(|(one, n)| (one.name, n)).collect()
    };
    // PR_SET_SECCOMP: strict, with a filter, unknown.
    assert_eq!(names([22, 1, 7, 8, 9, 0]), [("option", 22), ("arg2", 1)]);
    assert_eq!(names([22, 2, 7, 8, 9, 0]), [("option", 22), ("arg2", 2), ("arg3", 7)]);
    assert_eq!(names([22, 3, 7, 8, 9, 0]).len(), 5);
    // The kernel ignores the upper half of the register.
    assert_eq!(names([1 << 32 | 7, 1, 7, 8, 9, 0]), [("option", 1 << 32 | 7)]);
}

#[test]
#[cfg(target_arch = "x86_64")]
fn memory_of_pointers_depends_on_case() {
    use Direction::{In, InOut, Out};
    let last = |syscall, registers| {
        let nr = crate::number(Abi::Native, syscall).unwrap();
        let known = signature(Slot::new(Abi::Native, nr).unwrap()).unwrap();
        let (parameter, _) = known.arguments(registers).last().unwrap();
        parameter.memory.map(|memory| (memory.direction, parameter.kind))
    };
    let fcntl = |command| last("fcntl", [3, command, 0x1000, 0, 0, 0]);
    assert_eq!(fcntl(5), Some((InOut, Kind::Struct("flock"))));
    assert_eq!(fcntl(6), Some((In, Kind::Struct("flock"))));
    assert_eq!(fcntl(4), None);
    let ioctl = |command| last("ioctl", [3, command, 0x1000, 0, 0, 0]);
    assert_eq!(ioctl(0x5401), Some((Out, Kind::Struct("termios"))));
    assert_eq!(ioctl(0x5402), Some((In, Kind::Struct("termios"))));
    assert_eq!(ioctl(0xdead), None);
    let option = |level, name, length| {
        let nr = crate::number(Abi::Native, "setsockopt").unwrap();
        let known = signature(Slot::new(Abi::Native, nr).unwrap()).unwrap();
        let arguments: Vec<_> = known.arguments([3, level, name, 0x1000, length, 0]).collect();
        (arguments[3].0.kind, arguments[3].0.memory.unwrap().count)
    };
    let int = Kind::Pointer(&Kind::Signed(Width::Int));
    assert_eq!(option(1, 2, 4), (int, Count::One));
    assert_eq!(option(1, 2, 16), (Kind::Bytes, Count::Argument(4)));
    assert_eq!(option(1, 13, 8), (Kind::Sized("linger"), Count::Argument(4)));
    assert_eq!(option(999, 1, 4), (int, Count::One));
    assert_eq!(option(999, 1, 5), (Kind::Bytes, Count::Argument(4)));
}

/// `compat_ksys_old_semctl` and its like (ipc/sem.c, ipc/msg.c, ipc/shm.c) take `IPC_64` out of the command: without it
/// the structures are those of old, which are not described.
#[test]
fn control_of_ipc_on_arm_has_structure_with_ipc_64() {
    use Direction::{In, Out};
    let last = |function, registers| {
        let known = rows("arm").signature(function, sets_of("arm")).unwrap();
        let (parameter, register) = known.arguments(registers).last().unwrap();
        assert_eq!(register, 0x1000, "{function}");
        (parameter.kind, parameter.memory.map(|memory| memory.direction))
    };
    let semctl = |command| last("compat_sys_old_semctl", [1, 2, command, 0x1000, 0, 0]);
    let shmctl = |command| last("compat_sys_old_shmctl", [1, command, 0x1000, 0, 0, 0]);
    let msgctl = |command| last("compat_sys_old_msgctl", [1, command, 0x1000, 0, 0, 0]);
    for [sem, shm, msg] in [[2, 2, 2], [18, 13, 11], [20, 15, 13]] {
        assert_eq!(semctl(0x100 | sem), (Kind::Struct("compat_semid_ds"), Some(Out)));
        assert_eq!(shmctl(0x100 | shm), (Kind::Struct("compat_shmid_ds"), Some(Out)));
        assert_eq!(msgctl(0x100 | msg), (Kind::Struct("compat_msqid_ds"), Some(Out)));
        for old in [semctl(sem), shmctl(shm), msgctl(msg)] {
            assert_eq!(old, (Kind::Address, None));
        }
    }
    assert_eq!(semctl(0x101), (Kind::Struct("compat_semid_ds"), Some(In)));
    assert_eq!(shmctl(0x101), (Kind::Struct("compat_shmid_ds"), Some(In)));
    assert_eq!(msgctl(0x101), (Kind::Struct("compat_msqid_ds"), Some(In)));
    let removals = [semctl(0x100), shmctl(0x100), msgctl(0x100)];
    assert_eq!(removals, [(Kind::Address, None); 3]);
    // SETVAL takes a number, SETALL is not described.
    assert_eq!([16, 17].map(semctl), [(Kind::Hex(Width::Long), None); 2]);
}

#[test]
fn case_may_omit_parameter_and_replace_tested_one() {
    let sets = sets_of("x86_64");
    let text = "f\top:flags:futex\tval:uint\ttime:struct:timespec\nf(op=FUTEX_LOCK_PI)\t-\ttime:path\n\
        f(op=7)\top:hex\n";
    let signature = Rows::read(text, "x86_64").signature("f", sets).unwrap();
    let arguments = |registers| -> Vec<_> {
        signature.arguments(registers).map(|(one, n)| (one.name, one.kind, n)).collect()
    };
    let [op, val, time] = [0, 1, 2].map(|n| signature.parameters()[n]);
    assert_eq!(
        arguments([0, 2, 3, 4, 5, 6]),
        [(op.name, op.kind, 0), (val.name, val.kind, 2), (time.name, time.kind, 3)]
    );
    assert_eq!(arguments([6, 2, 3, 4, 5, 6]), [("op", op.kind, 6), ("time", Kind::Path, 3)]);
    assert_eq!(arguments([7, 2, 3, 4, 5, 6]), [("op", Kind::Hex(Width::Long), 7)]);
}

#[test]
fn condition_compares_bits_or_values() {
    let prototype = |test: &str| {
        let text = format!("mode:modes:filetype\tflags:flags:open\tx:int if {test}");
        Prototype::parse(text.leak(), 0, &Prototype::default(), sets_of("x86_64")).unwrap()
    };
    let passes = |test, mode, flags| {
        let registers = [mode, flags, 0, 0, 0, 0];
        prototype(test).with_positions(registers).count() == 3
    };
    assert!(passes("mode=S_IFCHR,S_IFBLK", 0o020_666, 0));
    assert!(passes("mode=S_IFCHR,S_IFBLK", 0o060_000, 0));
    assert!(!passes("mode=S_IFCHR,S_IFBLK", 0o100_666, 0));
    assert!(passes("flags&O_CREAT,O_TMPFILE", 0, 0x41));
    // The bits of O_DIRECTORY are in those of O_TMPFILE.
    assert!(!passes("flags&O_CREAT,O_TMPFILE", 0, 0x1_0000));
    assert!(passes("flags!O_CREAT,O_TMPFILE", 0, 0x1_0000));
    assert!(!passes("flags!O_CREAT,O_TMPFILE", 0, 0x40));
    assert!(!passes("never", 0, 0));
}

#[test]
fn inner_call_in_memory_has_count_of_its_signature() {
    let (rows, sets) = (rows("i386"), sets_of("i386"));
    let calls = |function| {
        let signature = rows.signature(function, sets).unwrap();
        let inner_calls = signature.cases.into_iter().map(|case| case.prototype.inner.unwrap());
        inner_calls.collect::<Vec<_>>()
    };
    let socketcalls = calls("compat_sys_socketcall");
    assert_eq!(socketcalls.len(), 20);
    for inner in socketcalls {
        let ArgumentSource::Memory(source) = inner.source else { panic!("{}", inner.name) };
        let parameters = source.signature.parameters().len();
        assert_eq!((source.position, usize::from(source.count)), (1, parameters), "{}", inner.name);
    }
    let names: BTreeSet<_> = calls("compat_sys_ipc").into_iter().map(|inner| inner.name).collect();
    assert_eq!(names.len(), 12);
}

#[test]
fn signature_with_malformed_inner_call_is_none() {
    let sets = sets_of("i386");
    let signature = |inner: &str| {
        let text = format!(
            "f\tcall:int\targs:address\nsys_g\ta:int\tb:int\nf(call=1)\targs:*uint[2]\t{inner}"
        );
        Rows::read(text.leak(), "i386").signature("f", sets)
    };
    for inner in ["as g(*args) sys_g", "as g(args)", "as g(args,call)"] {
        assert!(signature(inner).unwrap().cases()[0].prototype().inner().is_some(), "{inner}");
    }
    for inner in ["as g", "as g(x)", "as g(*args)", "as g(*args) sys_h", "as g(*call) sys_g"] {
        assert_eq!(signature(inner), None, "{inner}");
    }
}
