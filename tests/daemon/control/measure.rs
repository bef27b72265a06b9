//! `routes --measure` and the method `Measure`: run time of the calls of each route.

use std::thread;

use serde_json::{Value, json};

use super::{Client, ask, ask_json, started};
use crate::number::unused_number;
use crate::process::{eventually, trigger};
use crate::rig::Daemon;

const MEASURE: &str = "io.tailcalld.Measure";

/// Returns the run time of the only route, and the time at which the measurement began.
fn measured(client: &mut Client) -> (Value, Value) {
    let reply = client.call("io.tailcalld.Routes", json!({}));
    let live = &reply["parameters"];
    (live["routes"][0]["run_time"].clone(), live["measured_since"].clone())
}

fn make_calls(number: &str) {
    trigger(&["times", "50", "native", number, "1"]);
}

fn begin(client: &mut Client, milliseconds: u64) {
    let reply = client.call(MEASURE, json!({ "milliseconds": milliseconds }));
    assert_eq!(reply, json!({ "parameters": {} }));
}

/// Waits until the clock is off: then calls change nothing.
fn end(client: &mut Client, number: &str) {
    eventually("the measurement ends", || {
        let before = measured(client);
        make_calls(number);
        measured(client) == before
    });
}

#[test]
fn measure_has_calls_until_it_ends_and_begins_anew() {
    let number = unused_number();
    let Some(daemon) = started(&number, "count") else { return };
    let mut client = Client::of(&daemon.setup);
    make_calls(&number);
    assert_eq!(measured(&mut client), (Value::Null, Value::Null));
    begin(&mut client, 2000);
    assert_eq!(measured(&mut client).0, json!({ "calls": 0, "ns": 0 }));
    make_calls(&number);
    // While one is running, this one is part of it.
    begin(&mut client, 1);
    make_calls(&number);
    let (run_time, since) = measured(&mut client);
    assert_eq!(run_time["calls"], 100);
    assert!(run_time["ns"].as_u64() > Some(0), "{run_time}");
    end(&mut client, &number);
    begin(&mut client, 2000);
    let (run_time, later) = measured(&mut client);
    assert_eq!(run_time["calls"], 0);
    assert!(later.as_str() > since.as_str(), "{since} {later}");
    assert_eq!(daemon.stop().len(), 1);
}

#[test]
fn measure_of_no_time_or_too_long_is_refused() {
    let number = unused_number();
    let Some(daemon) = started(&number, "count") else { return };
    let mut client = Client::of(&daemon.setup);
    for parameters in [json!({}), json!({"milliseconds": 0}), json!({"milliseconds": 60_001})] {
        let reply = client.call(MEASURE, parameters);
        assert_eq!(reply["error"], "org.varlink.service.InvalidParameter", "{reply}");
    }
    assert_eq!(measured(&mut client).1, Value::Null);
    assert_eq!(daemon.stop().len(), 1);
}

/// Returns the columns of the only route, while the number is called.
fn printed(daemon: &Daemon, number: &str) -> Vec<String> {
    let setup = &daemon.setup;
    let (code, out, err) = thread::scope(|scope| {
        let client = scope.spawn(|| ask(setup, &["routes", "--measure", "2s"]));
        while !client.is_finished() {
            make_calls(number);
        }
        client.join().unwrap()
    });
    assert_eq!((code, err.as_str()), (0, ""), "{out}");
    let line = out.lines().find(|line| line.starts_with(&format!("#{number} ")));
    line.expect("a line").split_whitespace().map(str::to_owned).collect()
}

#[test]
fn routes_with_measure_prints_calls_and_mean() {
    let number = unused_number();
    let Some(daemon) = started(&number, "count") else { return };
    let columns = printed(&daemon, &number);
    let live = ask_json(&daemon.setup, &["routes", "--json"]);
    let run_time = &live["routes"][0]["run_time"];
    let [calls, ns] = ["calls", "ns"].map(|key| run_time[key].as_u64().unwrap());
    assert!(calls > 0 && ns > 0, "{run_time}");
    let mean = (ns / calls).to_string();
    assert_eq!((&columns[9], &columns[10]), (&calls.to_string(), &mean), "{columns:?}");
    assert_eq!(daemon.stop().len(), 1);
}
