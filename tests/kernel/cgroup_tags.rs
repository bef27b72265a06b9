//! Filters by cgroup: units, slices, units of users, containers.

use tailcalld::config::{Filter, UnitName};
use tailcalld::units::{CgroupTags, Units};

use crate::cgroup::Cgroup;
use crate::counts::Counts;
use crate::filtered_call::{
    alone, apply, assert_counts, assert_filtered, assert_recorded, plan, run, trigger,
};
use crate::rig::{Rig, trigger_path};

/// Returns the names of a filter; `!` before a name excludes it.
pub fn names(names: &[&str]) -> Option<Vec<UnitName>> {
    let name = |text: &&str| UnitName {
        text: text.trim_start_matches('!').to_owned(),
        is_excluded: text.starts_with('!'),
    };
    Some(names.iter().map(name).collect())
}

#[test]
fn filter_unit_matches_cgroup_from_its_first_call() {
    let Some(_alone) = alone() else { return };
    let slice = Cgroup::new("tailcalldtest.slice");
    let existing = Cgroup::new("tailcalldtest.slice/tailcalld-a.service");
    let unit = names(&["tailcalld-a.service", "tailcalld-b.service"]);
    let rig = Rig::new(&plan(Filter { unit, ..Filter::default() }));
    assert_recorded(&rig, || existing.make_call());
    for _ in 0..20 {
        let created = Cgroup::new("tailcalldtest.slice/tailcalld-b.service");
        assert_recorded(&rig, || created.make_call());
        let worker = Cgroup::new("tailcalldtest.slice/tailcalld-b.service/worker");
        assert_recorded(&rig, || worker.make_call());
        let other = Cgroup::new("tailcalldtest.slice/tailcalld-c.service");
        assert_filtered(&rig, || other.make_call());
        assert_filtered(&rig, || slice.make_call());
    }
}

#[test]
fn filter_slice_matches_existing_and_new_cgroups_after_reload() {
    let Some(_alone) = alone() else { return };
    let slice = Cgroup::new("tailcalldtest.slice");
    let excluded = Cgroup::new("tailcalldtest.slice/tailcalld-a.service");
    let unit = names(&["tailcalld-a.service", "tailcalld-b.service"]);
    let mut rig = Rig::new(&plan(Filter { unit, ..Filter::default() }));
    let filter = Filter {
        slice: names(&["tailcalldtest.slice"]),
        unit: names(&["!tailcalld-a.service"]),
        ..Filter::default()
    };
    apply(&mut rig, &plan(filter));
    assert_filtered(&rig, || excluded.make_call());
    assert_recorded(&rig, || slice.make_call());
    let worker = Cgroup::new("tailcalldtest.slice/tailcalld-a.service/worker");
    assert_filtered(&rig, || worker.make_call());
    let other = Cgroup::new("tailcalldtest.slice/tailcalld-d.service");
    assert_recorded(&rig, || other.make_call());
    assert_filtered(&rig, || run(trigger(&trigger_path())));
}

/// The service manager of a user and one of its units. The fields are in the order of removal.
struct UserManager {
    mail: Cgroup,
    _app: Cgroup,
    manager: Cgroup,
    _slice: Cgroup,
}

impl UserManager {
    fn new() -> Self {
        let slice = Cgroup::new("tailcalldtest-1000.slice");
        let manager = Cgroup::new("tailcalldtest-1000.slice/user@1000.service");
        let app = Cgroup::new("tailcalldtest-1000.slice/user@1000.service/app.slice");
        let mail = Cgroup::new("tailcalldtest-1000.slice/user@1000.service/app.slice/mail.service");
        Self { mail, _app: app, manager, _slice: slice }
    }
}

#[test]
fn filter_user_unit_matches_only_units_of_user_manager() {
    let Some(_alone) = alone() else { return };
    let user_unit = names(&["mail.service"]);
    let rig = Rig::new(&plan(Filter { user_unit, ..Filter::default() }));
    let user = UserManager::new();
    assert_recorded(&rig, || user.mail.make_call());
    assert_filtered(&rig, || user.manager.make_call());
    let of_system = Cgroup::new("tailcalldtest-1000.slice/mail.service");
    assert_filtered(&rig, || of_system.make_call());
}

#[test]
fn filter_container_matches_container_and_its_descendants() {
    let Some(_alone) = alone() else { return };
    let id = "0a1b2c3d4e5f60718293a4b5c6d7e8f90a1b2c3d4e5f60718293a4b5c6d7e8f9";
    let is_container = |container| Filter { container: Some(container), ..Filter::default() };
    let mut rig = Rig::new(&plan(is_container(true)));
    let user = UserManager::new();
    let two_containers = || {
        let container = Cgroup::new(&format!("tailcalldtest-1000.slice/docker-{id}.scope"));
        container.make_call();
        Cgroup::new(&format!("tailcalldtest-1000.slice/docker-{id}.scope/inner")).make_call();
    };
    assert_counts(&rig, two_containers, Counts { recorded: 2, ..Counts::default() });
    assert_filtered(&rig, || user.mail.make_call());

    apply(&mut rig, &plan(is_container(false)));
    assert_counts(&rig, two_containers, Counts { filtered: 2, ..Counts::default() });
    assert_recorded(&rig, || user.mail.make_call());
}

/// The program tags a new cgroup from its name and its parent, the daemon an existing one from its path.
#[test]
fn cgroup_tags_of_new_cgroup_equal_those_of_its_path() {
    let Some(_alone) = alone() else { return };
    let id = "ffeeddccbbaa99887766554433221100ffeeddccbbaa99887766554433221100";
    let rig = Rig::new(&plan(Filter { unit: names(&["nginx.service"]), ..Filter::default() }));
    let _root = Cgroup::new("tailcalldtest");
    let parts = [
        "nginx.service".to_owned(),
        "_nginx.service".to_owned(),
        "user@1000.service".to_owned(),
        "user@1000.slice".to_owned(),
        "x.slice".to_owned(),
        ".slice".to_owned(),
        "a".to_owned(),
        id.to_owned(),
        format!("{id}0"),
        id.to_uppercase(),
        format!("docker-{id}.scope"),
        format!("docker-{id}"),
        format!("docke-{id}.scope"),
        format!("cri-containerd-{id}.scope"),
        format!("kubepods-besteffort.slice:cri-containerd:{id}"),
        format!("{id}:"),
        format!("a:b{id}"),
        format!("libpod-payload-{id}"),
        format!("libpod-conmon-{id}.scope"),
        format!("containerd-{id}.scope"),
        format!("nerdctl-{id}.scope"),
        format!("crio-{id}"),
        r"machine-web\x2d1.scope".to_owned(),
        "machine-.scope".to_owned(),
        "machine-web.service".to_owned(),
        r"machine-qemu\x2d1.scope".to_owned(),
        "machine-qemu-1.scope".to_owned(),
        "systemd-nspawn@web.service".to_owned(),
        "systemd-nspawn@.service".to_owned(),
        "lxc.payload.web".to_owned(),
        "lxc.payload.web.scope".to_owned(),
        "lxc.payload.".to_owned(),
        "x".repeat(255),
    ];
    let top: Vec<Cgroup> = ["tailcalldtest.slice", "tailcalldtest/x"].map(Cgroup::new).into();
    let mut made = Vec::new();
    for folder in ["", "tailcalldtest.slice/", "tailcalldtest/"] {
        let below = |part: &String| Cgroup::new(&format!("{folder}{part}"));
        made.extend(parts.iter().filter(|part| !(folder.is_empty() && *part == "a")).map(below));
    }
    let mut units = Units::new();
    units.read();
    let named = |kind, name: &str| {
        let is_it = kind == tailcalld::filter::NameKind::Unit && name == "nginx.service";
        u64::from(is_it)
    };
    let mut compared = 0;
    for (id, tags) in units.tags(named) {
        let Some(value) = rig.bpf.cgroup_tags(id) else { continue };
        let path = units.place(id).expect("a known cgroup").cgroup.clone();
        assert_eq!(value, (tags.bits, tags.state.number().into()), "{path}");
        assert_eq!(tags, CgroupTags::of(&path, named), "{path}");
        compared += 1;
    }
    assert!(compared >= made.len() + top.len(), "{compared} of {}", made.len());
}
