//! Every program through the verifier of the running kernel, and how many instructions it looked at:
//! it gives up at a million, and a small change of the source can cost it a hundred times more. The
//! figures are compared with those of tests/matrix/verifier.tsv. Needs root.

#[macro_use]
#[path = "common/root.rs"]
mod root;

use std::collections::BTreeMap;
use std::mem::MaybeUninit;
use std::sync::Mutex;

use libbpf_rs::skel::OpenSkel as _;
use libbpf_rs::{PrintLevel, set_print};
use tailcalld::config::AttachTo;
use tailcalld::load::{self, Attach, AttachMode, Boxes, Rings};
use tailcalld::plan::Routes;

/// Kernel, program, instructions: the most that any compiler and way to attach came to.
const KNOWN: &str = include_str!("matrix/verifier.tsv");
const RING_BYTES: u32 = 8 * 1024 * 1024;
/// Only the statistics: BPF_LOG_STATS of linux/bpf_verifier.h.
const LOG_STATISTICS: u32 = 4;

/// Messages of libbpf while it loads, with the statistics of the verifier.
static SAID: Mutex<Vec<String>> = Mutex::new(Vec::new());

#[test]
fn verifier_accepts_every_program_at_known_cost() {
    needs_root!();
    let kernel = kernel();
    let mut grown = Vec::new();
    let tracepoints = [Attach::RawTracepoint, Attach::Tracepoint];
    let of_tracepoint = |attach| AttachMode::with_tracepoint(attach, String::new());
    let mut choices = Vec::from(tracepoints.map(of_tracepoint));
    choices.extend(AttachMode::choose(AttachTo::Function, &Routes::new()));
    choices.extend(AttachMode::with_sessions());
    choices.extend(AttachMode::with_fentry());
    // One, whose programs are the shorter ones, and several with black boxes.
    let boxes = Boxes { units: 16, calls: 512 };
    let rings = [Rings::one(RING_BYTES), Rings::of_machine(RING_BYTES, 8, 32).with_boxes(boxes)];
    for choice in choices {
        let attach = choice.attach;
        for (program, cost) in rings.iter().flat_map(|rings| costs(*rings, &choice)) {
            println!("{kernel}\t{program}\t{cost}");
            match known(&kernel, &program) {
                Some(known) if cost > known + known / 5 => {
                    grown.push(format!("{program} ({attach}): {cost}, was {known}"));
                }
                None if is_recorded(&kernel) => grown.push(format!("{program}: {cost}, no row")),
                _ => {}
            }
        }
    }
    let accepted = std::env::var_os("TAILCALLD_ACCEPT").is_some();
    assert!(
        accepted || grown.is_empty(),
        "more than a fifth more work for the verifier of Linux {kernel}: {grown:#?}\n\
         if that is as it must be: make matrix ACCEPT=1"
    );
}

/// Returns the first two numbers of the version: figures of 5.10.223 apply to 5.10. The programs of ARM are others.
fn kernel() -> String {
    let names = nix::sys::utsname::uname().expect("a kernel");
    let release = names.release().to_string_lossy().into_owned();
    let version = release.split(['.', '-', '+']).take(2).collect::<Vec<_>>().join(".");
    if cfg!(target_arch = "aarch64") { format!("arm64-{version}") } else { version }
}

/// Returns whether there are figures of a kernel.
fn is_recorded(kernel: &str) -> bool {
    KNOWN.lines().any(|line| line.split('\t').next() == Some(kernel))
}

fn known(kernel: &str, program: &str) -> Option<u64> {
    let rows = KNOWN.lines().filter(|line| !line.starts_with('#'));
    let mut rows = rows.map(|line| line.split('\t').collect::<Vec<_>>());
    let row = rows.find(|row| row[..2] == [kernel, program])?;
    Some(row[2].parse().expect("a number in verifier.tsv"))
}

/// Loads all programs; the instructions of each.
fn costs(rings: Rings, choice: &AttachMode) -> BTreeMap<String, u64> {
    let mut object = MaybeUninit::uninit();
    let open = load::prepare(&mut object, rings, choice);
    let mut open = open.expect("the object opens");
    for mut program in open.open_object_mut().progs_mut() {
        program.set_log_level(LOG_STATISTICS);
    }
    SAID.lock().expect("one thread").clear();
    set_print(Some((PrintLevel::Debug, |_, text| SAID.lock().expect("one thread").push(text))));
    let loaded = open.load().map(drop);
    set_print(None);
    let said = SAID.lock().expect("one thread");
    assert!(loaded.is_ok(), "{}: {}", choice.attach, said[said.len().saturating_sub(5)..].concat());
    let costs: BTreeMap<String, u64> = said.iter().filter_map(|text| cost(text)).collect();
    assert!(costs.contains_key("sys_enter"), "no statistics: {said:#?}");
    costs
}

/// Out of `prog 'NAME': -- BEGIN PROG LOAD LOG -- ... processed NUMBER insns ...`.
fn cost(text: &str) -> Option<(String, u64)> {
    let (before, log) = text.split_once("-- BEGIN PROG LOAD LOG --")?;
    let program = before.split('\'').nth(1)?;
    let number = log.lines().find_map(|line| line.strip_prefix("processed "))?;
    eprintln!(
        "{program} {} {number}",
        log.lines().find_map(|line| line.strip_prefix("verification time ")).unwrap_or("?")
    );
    Some((program.to_owned(), number.split(' ').next()?.parse().ok()?))
}
