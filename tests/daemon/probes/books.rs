//! Limits and books of probes: each pass has one outcome, exactly as many as the route says.

use serde_json::{Value, json};

use super::{RAW, passes, prctl, rename, total};
use crate::control::{ask, ask_json};
use crate::process::{Steady, Trigger};
use crate::records::of_kind;
use crate::rig::Setup;

/// A limit for each process, which two of them exceed.
#[test]
fn limit_of_probe_lets_burst_of_each_owner_pass() {
    let config = format!(
        "[probes]\n\"{RAW}\" = {{ handler = \"args\", argument = \"comm = bounded\", limit = \"1/d\", burst = 7, per = \"pid\" }}\n"
    );
    let Some(setup) = Setup::new(&config) else { return };
    let daemon = setup.start();
    rename(40, "bounded");
    rename(20, "bounded");
    let records = daemon.stop();

    assert_eq!(passes(&records, "task_rename", ("comm", "bounded")).len(), 14);
    let total = total(&records, "task_rename");
    assert_eq!((total.written, total.limited, total.lost), (14, 46, 0), "{total:?}");
    let [suppressed] = of_kind(&records, "suppressed")[..] else { panic!("one record") };
    let lines = suppressed["suppressions"].as_array().unwrap();
    let mut counts: Vec<_> = lines.iter().map(|line| line["count"].as_u64().unwrap()).collect();
    counts.sort_unstable();
    assert_eq!(counts, [13, 33]);
    assert!(lines.iter().all(|line| line["route"] == RAW && line["limit"] == "1/d"), "{lines:?}");
}

/// The limit of each user, which no route names: the same for calls and passes.
#[test]
fn limit_of_each_user_counts_passes_of_probe() {
    let config = format!(
        "[probes]\n\"{RAW}\" = {{ handler = \"args\", argument = \"comm = peruser\" }}\n\
         [limits]\nper_uid = \"100/h\"\nper_uid_burst = 100\n"
    );
    let Some(setup) = Setup::new(&config) else { return };
    let daemon = setup.start();
    let prctl = prctl();
    let words = ["times", "150", "native", &prctl, "15", "text:peruser"];
    let both = [4713, 4714].map(|user| Trigger::start_as(user, &words));
    assert!(both.map(Trigger::end).iter().all(|name| name.starts_with("trigger")));
    let records = daemon.stop();

    assert_eq!(passes(&records, "task_rename", ("comm", "peruser")).len(), 200);
    assert_eq!(total(&records, "task_rename").limited, 100);
}

#[test]
fn probe_has_no_number_in_routes_and_stats() {
    let config = format!("[routes]\ngetpgrp = \"count\"\n[probes]\n\"{RAW}\" = \"count\"\n");
    let Some(setup) = Setup::new(&config) else { return };
    let daemon = setup.start();
    for command in ["routes", "stats"] {
        let answer = ask_json(&daemon.setup, &[command, "--json"]);
        let routes = answer["routes"].as_array().unwrap();
        let of = |name: &str| routes.iter().find(|route| route["syscall"] == name).unwrap();
        assert_eq!(of("task_rename")["nr"], Value::Null, "{answer}");
        assert!(of("getpgrp")["nr"].is_u64(), "{answer}");
    }
    let (_, out, _) = ask(&daemon.setup, &["routes"]);
    let line = out.lines().find(|line| line.starts_with("task_rename ")).expect("a line");
    let words: Vec<_> = line.split_whitespace().collect();
    assert_eq!(words[..4], ["task_rename", "raw_tracepoint", "-", "count"], "{out}");
    daemon.stop();
}

/// Checks the balance while four threads pass a probe as fast as they can. A limit keeps the records few.
#[test]
fn stats_check_balances_while_threads_pass_probe() {
    for handler in ["count\"", "args\", limit = \"1/d\", burst = 500"] {
        let config = format!(
            "[probes]\n\"{RAW}\" = {{ handler = \"{handler}, argument = \"comm = balanced\" }}\n"
        );
        let Some(setup) = Setup::new(&config) else { return };
        let daemon = setup.start();
        let passing = Steady::with(&["endless", "native", &prctl(), "15", "text:balanced"]);
        for _ in 0..10 {
            let (code, out, _) = ask(&daemon.setup, &["stats", "--check"]);
            assert_eq!(code, 0, "{handler}: {out}");
        }
        let (_, passed) = passing.end();
        let checked = ask_json(&daemon.setup, &["stats", "--check", "--json"]);
        assert_eq!(checked, json!({"balanced": true, "differences": []}));
        let stats = ask_json(&daemon.setup, &["stats", "--json"]);
        let route = &stats["routes"][0];
        let of = |outcome: &str| route["outcomes"][outcome].as_u64().unwrap();
        let reached = of("submitted") + of("counted") + of("limited");
        assert_eq!((&route["syscall"], reached), (&json!("task_rename"), passed), "{route}");
        daemon.stop();
    }
}
