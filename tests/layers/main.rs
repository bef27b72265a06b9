//! Layers of `src/`: the modules that each module may use, and no circle between modules or files.
//! Tests within `src/` are free to use what they like.
#![allow(clippy::unwrap_used)] // helpers of tests are tests

mod source;

use std::collections::{BTreeMap, BTreeSet};

use source::{Reference, references};

/// Every module of `src/lib.rs` in flow order, with the modules that it may use.
const LAYERS: &[(&str, &[&str])] = &[
    // What every module may use: these use nothing, or little.
    ("error", &[]),
    ("bpf", &[]),
    ("btf", &[]),
    ("probes", &["bpf", "btf"]),
    ("clock", &[]),
    ("log", &[]),
    ("sandbox", &["bpf"]),
    ("instance_lock", &["error"]),
    ("notify_socket", &[]),
    ("pin_dir", &["bpf", "error"]),
    ("fd_store", &["bpf", "notify_socket", "pin_dir"]),
    ("handlers", &["bpf"]),
    ("temporary", &["probes"]),
    // From the configuration to the table in the kernel.
    ("config", &["bpf", "handlers", "probes"]),
    ("config_watch", &["config"]),
    ("filter", &["bpf", "config"]),
    ("plan", &["bpf", "config", "filter", "handlers"]),
    ("blind_spots", &["plan"]),
    ("stats", &["bpf", "clock"]),
    (
        "load",
        &[
            "bpf", "btf", "clock", "config", "error", "fd_store", "filter", "handlers", "plan",
            "probes", "sandbox", "stats", "units",
        ],
    ),
    ("table", &["bpf", "config", "filter", "handlers", "load", "plan", "probes", "units"]),
    ("exclude", &["bpf", "config", "load"]),
    // From the kernel to the output.
    ("ring", &["bpf", "load"]),
    ("decode", &["bpf", "handlers"]),
    ("units", &["bpf", "decode", "filter"]),
    ("journald", &["units"]),
    (
        "pipeline",
        &[
            "bpf", "clock", "config", "decode", "handlers", "output", "plan", "ring", "stats",
            "table", "units",
        ],
    ),
    ("digest", &["decode", "pipeline", "sandbox"]),
    ("output", &["clock", "config", "decode", "error", "handlers", "stats", "units"]),
    // Around the stages.
    ("rpc", &["sandbox"]),
    (
        "cli",
        &[
            "blind_spots",
            "config",
            "error",
            "exclude",
            "filter",
            "handlers",
            "journald",
            "load",
            "log",
            "output",
            "pipeline",
            "plan",
            "probes",
            "rpc",
            "units",
        ],
    ),
    ("trace", &["bpf", "cli", "config", "error", "journald", "load", "plan", "rpc", "temporary"]),
    ("daemon", EVERYTHING),
];

/// The daemon knows all modules.
const EVERYTHING: &[&str] = &["*"];

#[test]
fn modules_use_only_what_their_layer_allows() {
    let allowed: BTreeMap<&str, &[&str]> = LAYERS.iter().copied().collect();
    let is_allowed = |from: &str, to: &str| {
        let row = allowed.get(from).unwrap_or_else(|| panic!("{from} is not in LAYERS"));
        *row == EVERYTHING || row.contains(&to)
    };
    let all = references();
    let forbidden: BTreeSet<String> = all
        .iter()
        .filter(|reference| reference.from[0] != reference.to[0])
        .filter(|reference| !is_allowed(&reference.from[0], &reference.to[0]))
        .map(|Reference { from, to, file }| format!("{file}: {} uses {}", from[0], to.join("::")))
        .collect();
    assert!(forbidden.is_empty(), "arrows that tests/layers/main.rs forbids: {forbidden:#?}");
}

#[test]
fn modules_and_files_form_no_circle() {
    let circles: Vec<String> = arrows_by_folder()
        .iter()
        .filter_map(|(folder, arrows)| Some((folder, circle(arrows)?)))
        .map(|(folder, circle)| format!("{folder}: {}", circle.join(" -> ")))
        .collect();
    assert!(circles.is_empty(), "modules that use each other: {circles:#?}");
}

#[test]
fn circle_finds_modules_that_use_each_other() {
    let arrow = |from: &str, to: &str| (from.to_owned(), BTreeSet::from([to.to_owned()]));
    let line = BTreeMap::from([arrow("a", "b"), arrow("b", "c")]);
    assert_eq!(circle(&line), None);
    let ring = BTreeMap::from([arrow("a", "b"), arrow("b", "c"), arrow("c", "b")]);
    assert_eq!(circle(&ring), Some(vec!["b".to_owned(), "c".to_owned()]));
}

/// Modules of one folder, with the siblings that each of them uses.
type Arrows = BTreeMap<String, BTreeSet<String>>;

fn arrows_by_folder() -> BTreeMap<String, Arrows> {
    let mut folders: BTreeMap<String, Arrows> = BTreeMap::new();
    for Reference { from, to, .. } in references() {
        let common = from.iter().zip(&to).take_while(|(from, to)| from == to).count();
        // A parent and its child may know each other.
        let (Some(user), Some(used)) = (from.get(common), to.get(common)) else { continue };
        let folder = ["src"].into_iter().chain(from[..common].iter().map(String::as_str));
        let folder = folder.collect::<Vec<_>>().join("/");
        folders.entry(folder).or_default().entry(user.clone()).or_default().insert(used.clone());
    }
    folders
}

/// Returns the modules that are left when those are removed, one after the other, that use nothing or
/// that nothing uses.
fn circle(arrows: &Arrows) -> Option<Vec<String>> {
    let mut left = arrows.clone();
    loop {
        let users: BTreeSet<String> = left.keys().cloned().collect();
        let used: BTreeSet<String> = left.values().flatten().cloned().collect();
        let before: usize = left.values().map(BTreeSet::len).sum();
        left.retain(|user, _| used.contains(user));
        left.values_mut().for_each(|uses| uses.retain(|used| users.contains(used)));
        left.retain(|_, uses| !uses.is_empty());
        if left.values().map(BTreeSet::len).sum::<usize>() == before {
            return (!left.is_empty()).then(|| left.into_keys().collect());
        }
    }
}
