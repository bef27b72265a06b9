//! `top --once`: counts of one interval, and the errors of `top`.

use std::thread;

use serde_json::{Value, json};

use super::{Client, ask, started};
use crate::number::unused_number;
use crate::process::{eventually, trigger};
use crate::rig::{Daemon, Setup};

/// Returns what `top --once` prints, and the name of a process that makes `calls` calls meanwhile.
fn printed(daemon: &Daemon, words: &[&str], number: &str, calls: &str) -> (String, String) {
    let setup = &daemon.setup;
    let mut client = Client::of(setup);
    let mut live = || client.call("io.tailcalld.Routes", json!({}))["parameters"].clone();
    let before = live();
    let written = |live: &Value| {
        let routes = live["routes"].as_array().unwrap().iter();
        routes.map(|route| route["written"].as_u64().unwrap()).sum::<u64>()
    };
    let words = [&["top", "--once", "--interval", "6"], words].concat();
    let (printed, name) = thread::scope(|scope| {
        let top = scope.spawn(|| ask(setup, &words));
        // Counting and measurement begin together.
        eventually("the counting begins", || live()["measured_since"] != before["measured_since"]);
        let name = trigger(&["times", calls, "native", number, "nth"]);
        let all = written(&before) + calls.parse::<u64>().unwrap();
        eventually("all calls are written", || written(&live()) == all);
        assert!(!top.is_finished());
        (top.join().unwrap(), name)
    });
    let (code, out, err) = printed;
    assert_eq!((code, err.as_str()), (0, ""), "{out}");
    (out, name)
}

/// Returns the words of the line that begins with a name.
fn row<'o>(out: &'o str, name: &str) -> Vec<&'o str> {
    let rows = out.lines().map(|line| line.split_whitespace().collect::<Vec<_>>());
    let found: Vec<_> = rows.filter(|words| words.first() == Some(&name)).collect();
    let [one] = &found[..] else { panic!("one line of {name}: {out}") };
    one.clone()
}

#[test]
fn top_once_prints_exact_counts_of_routes() {
    let [number, idle] = [(); 2].map(|()| unused_number());
    let config = format!(
        "[routes]\n{number} = {{ handler = \"args\", result = true }}\n{idle} = \"count\"\n"
    );
    let Some(setup) = Setup::new(&config) else { return };
    let daemon = setup.start();
    // Calls before the interval are not part of it.
    trigger(&["times", "7", "native", &number, "nth"]);
    let (out, _) = printed(&daemon, &[], &number, "50");
    let head = ["ROUTE", "SEEN", "EVENTS", "BYTES", "ERRORS", "LOST", "NS/CALL", "CPU%"];
    assert_eq!(row(&out, "ROUTE"), head);
    let counted = row(&out, &format!("#{number}"));
    assert_eq!([1, 2, 4, 5].map(|column| counted[column]), ["50", "50", "50", "0"], "{out}");
    assert!(counted[3].parse::<u64>().unwrap() > 0, "{out}");
    assert!(counted[6].parse::<u64>().unwrap() > 0, "{out}");
    assert_eq!(row(&out, &format!("#{idle}"))[1..6], ["0", "0", "0", "-", "0"], "{out}");
    // The busy one is first, and the line at the end has the time.
    assert!(out.lines().nth(1).unwrap().starts_with(&format!("#{number} ")), "{out}");
    assert!(out.contains("\n2 routes, counted for 6."), "{out}");
    daemon.stop();
}

#[test]
fn top_once_prints_exact_counts_of_commands() {
    let number = unused_number();
    let Some(daemon) = started(&number, "args") else { return };
    let (out, name) = printed(&daemon, &["--view", "commands"], &number, "60");
    assert_eq!(row(&out, "COMMAND"), ["COMMAND", "EVENTS", "BYTES", "ERRORS", "LOST"]);
    let counted = row(&out, &name);
    assert_eq!([counted[1], counted[3], counted[4]], ["60", "0", "0"], "{out}");
    assert!(out.contains("\n1 command, counted for "), "{out}");
    daemon.stop();
}

#[test]
fn top_once_prints_exact_counts_of_users() {
    let number = unused_number();
    let Some(daemon) = started(&number, "args") else { return };
    let (out, _) = printed(&daemon, &["--view", "users", "--sort", "name"], &number, "40");
    assert_eq!(row(&out, "root")[1], "40", "{out}");
    daemon.stop();
}

#[test]
fn top_without_terminal_names_once() {
    let number = unused_number();
    let Some(daemon) = started(&number, "count") else { return };
    let expected = "tailcalld: standard output is not a terminal: use `tailcalld top --once`, which prints one table\n";
    assert_eq!(ask(&daemon.setup, &["top"]), (1, String::new(), expected.to_owned()));
    // Nothing was counted for it.
    let live = super::ask_json(&daemon.setup, &["routes", "--json"]);
    assert_eq!(live["measured_since"], Value::Null);
    daemon.stop();
}

#[test]
fn top_with_impossible_interval_is_usage_error() {
    let Some(setup) = Setup::new("") else { return };
    for interval in ["0", "0.09", "20.1", "-1", "NaN", "inf", "1s", ""] {
        let (code, out, err) = ask(&setup, &["top", "--once", &format!("--interval={interval}")]);
        assert_eq!((code, out.as_str()), (2, ""), "{interval}");
        assert!(err.contains("expected seconds from 0.1 to 20"), "{interval}: {err}");
    }
}
