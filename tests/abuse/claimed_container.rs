//! A user makes a cgroup below their own service manager that bears the name of a container, and calls from there: to
//! escape a rule for processes outside of containers, or through one that drops what runs in a container.

use syscalls::Slot;
use tailcalld::config::Filter;
use tailcalld::plan::{Plan, Rule};

use crate::cgroups::{Cgroups, call_in, mount};
use crate::rig::{Rig, own_slot, routes, trigger_path};

const ID: &str = "0a1b2c3d4e5f60718293a4b5c6d7e8f90a1b2c3d4e5f60718293a4b5c6d7e8f9";

fn container(wanted: bool) -> Filter {
    Filter { container: Some(wanted), ..Filter::default() }
}

/// A plan that records the calls that the filter selects.
fn recording(call: Slot, filter: &Filter) -> Plan {
    let handlers = tailcalld::load::handlers().expect("the object opens");
    let mut plan = routes(&handlers, &[(call, "args")]);
    plan.routes.values_mut().for_each(|route| route.rules[0].filter = filter.clone());
    plan
}

/// A plan that drops the calls that the filter selects, and records the others.
fn dropping(call: Slot, filter: &Filter) -> Plan {
    let handlers = tailcalld::load::handlers().expect("the object opens");
    let mut plan = routes(&handlers, &[(call, "args")]);
    let drop = Rule { filter: filter.clone(), ..Rule::nothing() };
    plan.routes.values_mut().for_each(|route| route.rules.insert(0, drop.clone()));
    plan
}

#[test]
fn container_that_user_claims_neither_excludes_nor_drops_call() {
    needs_root!();
    needs_unknown_syscalls!();
    let call = own_slot(486);
    let mut existing = Cgroups::new();
    let manager = existing.make(mount().join("user@65534.service"));
    let claimed = existing.make(manager.join(format!("docker-{ID}.scope")));
    for (plan, of_container) in [
        (recording(call, &container(false)), 0),
        (recording(call, &container(true)), 1),
        (dropping(call, &container(true)), 0),
        (dropping(call, &container(false)), 1),
    ] {
        let rig = Rig::new(&plan);
        let mut made = Cgroups::new();
        let app = made.make(manager.join("app.service"));
        let claimed_later = made.make(app.join(ID));
        for claim in [&claimed, &claimed_later] {
            let before = rig.counters(call).submitted;
            call_in(claim, &trigger_path(), call.nr());
            assert_eq!(rig.counters(call).submitted, before + 1, "{plan:?}");
        }
        let real = made.make(mount().join(format!("docker-{ID}.scope")));
        call_in(&real, &trigger_path(), call.nr());
        assert_eq!(rig.counters(call).submitted, 2 + of_container, "{plan:?}");
    }
}
