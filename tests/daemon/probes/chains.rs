//! Handlers of objects behind a probe: the stack, one's own, and as many as may follow one another.

use serde_json::{Value, json};

use super::{RAW, passes, rename};
use crate::handler_object::{folder, install};
use crate::rig::Setup;

fn setup(chain: &str, name: &str, variants: &[String]) -> Option<Setup> {
    let setup = Setup::new("")?;
    for variant in variants {
        install(variant, &folder(&setup.config()));
    }
    setup.write(&format!(
        "[probes]\n\"{RAW}\" = {{ handler = {chain}, argument = \"comm = {name}\", names = true }}\n"
    ));
    Some(setup)
}

/// Lets a process pass the probe twice and returns the records of that.
fn events(setup: Setup, name: &str) -> Vec<Value> {
    let daemon = setup.start();
    rename(2, name);
    let records = daemon.stop();
    let events: Vec<_> =
        passes(&records, "task_rename", ("comm", name)).into_iter().cloned().collect();
    assert_eq!(events.len(), 2, "{records:#?}");
    events
}

#[test]
fn stack_of_probe_begins_where_it_is_passed() {
    let Some(setup) = setup("[\"args\", \"stack\"]", "stacked", &[]) else { return };
    for event in events(setup, "stacked") {
        assert_eq!(event["chain"], json!(["stack"]));
        let kernel = event["args"]["kernel_stack"].as_array().unwrap();
        let has = |name: &str| {
            let begin = format!("{name}+0x");
            kernel.iter().any(|frame| frame.as_str().unwrap().starts_with(&begin))
        };
        assert!(has("__set_task_comm") && has("do_syscall_64"), "{kernel:?}");
        assert!(!event["args"]["user_stack"].as_array().unwrap().is_empty(), "{event}");
    }
}

#[test]
fn own_handler_has_arguments_of_probe() {
    let chain = "[\"args\", \"any\"]";
    let Some(setup) = setup(chain, "mine", &["of_probes".to_owned()]) else { return };
    for event in events(setup, "mine") {
        let args = &event["args"];
        // The text in the kernel's memory, and the kind of the probe.
        let expected = json!({
            "task": args["task"], "comm": "mine", "at": args["at"], "file": "mine", "version": 5,
        });
        // Half of an address.
        assert_ne!(args["at"], "0");
        assert_eq!((args, &event["chain"]), (&expected, &json!(["any"])));
    }
}

#[test]
fn chain_of_ten_behind_probe_reaches_each_handler() {
    let names: Vec<_> = (1..=10).map(|number| format!("plain_{number}")).collect();
    let chain = format!("[\"args\", \"{}\"]", names.join("\", \""));
    let Some(setup) = setup(&chain, "ten", &names) else { return };
    for event in events(setup, "ten") {
        assert_eq!((&event["chain"], event.get("truncated")), (&json!(names), None), "{event}");
        assert!(event["exe"].is_string(), "{event}");
    }
}
