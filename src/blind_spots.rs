//! Blind spots of a plan, as sentences for people. `check -v` prints them, and the record of a start has them.

use syscalls::Abi;

use crate::plan::Plan;

/// Blind spots of every plan, each with the syscalls that it concerns; no syscall stands for all.
const ALWAYS: [(&[&str], &str); 2] = [
    (&[], "calls that seccomp refuses: they end before the dispatcher runs"),
    (
        &["clock_gettime", "clock_getres", "gettimeofday", "time", "getcpu"],
        "most calls of clock_gettime and the like: the vDSO serves them without entering the kernel",
    ),
];

/// Returns the blind spots of `plan`.
pub fn blind_spots(plan: &Plan) -> Vec<String> {
    let always = ALWAYS.iter().filter(|(names, _)| concerns(plan, names));
    let always = always.map(|(_, what)| (*what).to_owned());
    let rings = std::iter::once(rings(plan));
    let excluded = excluded_programs(plan).into_iter().chain(excluded_units(plan));
    let rings = rings.chain(probes(plan));
    rings.chain(always).chain(other_abi(plan)).chain(numbers()).chain(excluded).collect()
}

/// Describes what `[exclude] exe` leaves out.
fn excluded_programs(plan: &Plan) -> Option<String> {
    let paths: Vec<_> = plan.exclude.iter().map(|path| path.display().to_string()).collect();
    let paths = (!paths.is_empty()).then(|| paths.join(", "))?;
    Some(format!(
        "{paths}: excluded as services of the system, run by root, by [exclude] exe; only their execve \
         and execveat calls are recorded"
    ))
}

/// Describes what `[exclude] units` leaves out.
fn excluded_units(plan: &Plan) -> Option<String> {
    let units: Vec<_> = plan.exclude_units.iter().map(String::as_str).collect();
    let units = (!units.is_empty()).then(|| units.join(", "))?;
    Some(format!(
        "all processes of {units}: excluded by [exclude] units; only their execve and execveat calls are \
         recorded"
    ))
}

/// Describes the operations of io_uring that the table does not see: of rings in general, or those without a route.
fn rings(plan: &Plan) -> String {
    let setup = "io_uring_setup";
    let users = if concerns(plan, &[setup]) {
        format!("{setup}, which is routed, shows who uses it")
    } else {
        format!("route {setup} to see who uses it")
    };
    match plan.routes.keys().filter(|slot| slot.abi() == Abi::IoUring).count() {
        0 => format!("operations submitted through io_uring: no syscall is made for them; {users}"),
        count => format!(
            "results of the {count} operations of io_uring that are routed; operations that are not; {users}"
        ),
    }
}

/// Describes what probes do not see.
fn probes(plan: &Plan) -> Option<String> {
    let kinds: Vec<_> = plan.kinds_of_probes().into_iter().map(Abi::name).collect();
    let kinds = (!kinds.is_empty()).then(|| kinds.join(" or a "))?;
    Some(format!(
        "passes of a {kinds} while a CPU serves an interrupt: they are nobody's; a function or a tracepoint that one of \
         tailcalld's own programs passes is passed unseen"
    ))
}

fn concerns(plan: &Plan, names: &[&str]) -> bool {
    let is_routed = |name: &&str| plan.routes.keys().any(|slot| slot.name() == Some(name));
    names.is_empty() || names.iter().any(is_routed)
}

/// Syscalls that are routed in one ABI only, although the other has them, too.
fn other_abi(plan: &Plan) -> Option<String> {
    let is_alone = |abi: Abi, name: &str| {
        let other = match abi {
            Abi::Native => Abi::Compat,
            Abi::Compat => Abi::Native,
            _ => return None,
        };
        syscalls::number(other, name)
            .and_then(|nr| syscalls::Slot::new(other, nr))
            .filter(|slot| !plan.routes.contains_key(slot))
    };
    let mut missing = plan.routes.keys().filter_map(|slot| is_alone(slot.abi(), slot.name()?));
    let first = missing.next()?;
    let more = match missing.count() {
        0 => String::new(),
        more => format!(" and {more} more"),
    };
    let (first, abi) = (first.with_abi(), first.abi().name());
    Some(format!(
        "{first}{more}: routed in the other ABI only; calls of {abi} programs are not recorded"
    ))
}

/// Calls of the ABI that has no table.
fn numbers() -> Option<String> {
    let is_x86 = Abi::Native.name() == "x86_64";
    is_x86.then(|| "calls of the x32 ABI: they are counted, but not recorded".to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::plan::Rule;
    use syscalls::{Slot, number};

    fn plan(slots: &[(Abi, &str)]) -> Plan {
        let slot = |&(abi, name): &(Abi, &str)| Slot::new(abi, number(abi, name).unwrap()).unwrap();
        let routes = slots.iter().map(|one| (slot(one), Rule::nothing().into())).collect();
        Plan { routes, ..Plan::default() }
    }

    #[test]
    fn blind_spots_name_vdso_only_if_its_calls_are_routed() {
        let names_vdso = |name| {
            blind_spots(&plan(&[(Abi::Native, name)])).iter().any(|what| what.contains("vDSO"))
        };
        assert!(names_vdso("clock_gettime") && !names_vdso("openat"));
    }

    #[test]
    fn blind_spots_suggest_io_uring_setup_unless_routed() {
        let first = |name| blind_spots(&plan(&[(Abi::Native, name)])).swap_remove(0);
        assert!(first("openat").ends_with("; route io_uring_setup to see who uses it"));
        let expected = "; io_uring_setup, which is routed, shows who uses it";
        assert!(first("io_uring_setup").ends_with(expected));
    }

    #[cfg(target_arch = "x86_64")]
    #[test]
    fn blind_spots_name_syscalls_routed_in_one_abi_only() {
        let both = plan(&[(Abi::Native, "openat"), (Abi::Compat, "openat")]);
        assert!(!blind_spots(&both).iter().any(|what| what.contains("i386")));
        let one = blind_spots(&plan(&[(Abi::Native, "openat"), (Abi::Native, "kill")]));
        let expected = "kill (i386) and 1 more: routed in the other ABI only; calls of i386 programs are not recorded";
        assert!(one.iter().any(|what| what == expected), "{one:?}");
    }
}
