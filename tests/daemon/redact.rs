//! Redaction of secrets before a record is written, unless the route disables it.

use serde_json::{Value, json};
use syscalls::{Abi, number};

use crate::process::trigger;
use crate::records::events_of;
use crate::rig::Setup;

const ARGV: &str = "strings:mysql,-phunter2,--token,hunter2,--pin=hunter2,http://u:hunter2@h/";
const ENV: &str = "strings:PATH=/bin,DB_PASSWORD=hunter2,HOME=/hunter2";

fn one<'r>(records: &'r [Value], name: &str, call: &str) -> &'r Value {
    let events = events_of(records, name).into_iter();
    let events: Vec<_> = events.filter(|event| event["syscall"] == call).collect();
    assert_eq!(events.len(), 1, "{call}");
    events[0]
}

/// Returns the hash of a hidden secret.
fn hash(text: &Value) -> &str {
    let (_, rest) = text.as_str().unwrap().split_once('#').unwrap();
    &rest[..8]
}

/// Returns a text without the hash of its hidden secret, which differs from run to run.
fn shape(text: &Value) -> String {
    let plain = text.as_str().unwrap();
    if plain.contains('#') { plain.replace(hash(text), "") } else { plain.to_owned() }
}

#[test]
fn redact_hides_secrets_unless_route_disables_it() {
    let config = "[defaults]\nenv = [\"DB_PASSWORD\", \"PATH\"]\n[routes]\n\
                  execve = { handler = \"exec\", redact = [\"--pin\"] }\n\
                  execveat = { handler = \"exec\", redact = false }\n";
    let Some(setup) = Setup::new(config) else { return };
    let daemon = setup.start();
    let nr = |name| number(Abi::Native, name).unwrap().to_string();
    let path = "text:/nonexistent";
    let hidden = trigger(&["native", &nr("execve"), path, ARGV, ENV]);
    let shown = trigger(&["native", &nr("execveat"), "-100", path, ARGV, ENV, "0"]);
    let records = daemon.stop();

    let event = one(&records, &hidden, "execve");
    assert!(!event.to_string().contains("hunter2"), "{event}");
    let argv: Vec<_> = event["argv"].as_array().unwrap().iter().map(shape).collect();
    let hidden = "[redacted 7 bytes #]";
    let [password, pin, address] =
        ["-p?", "--pin=?", "http://u:?@h/"].map(|text| text.replace('?', hidden));
    assert_eq!(argv, ["mysql", &password, "--token", hidden, &pin, &address]);
    let env: Vec<_> = event["env"].as_array().unwrap().iter().map(shape).collect();
    assert_eq!(env, ["PATH=/bin", &format!("DB_PASSWORD={hidden}")]);
    assert_eq!(hash(&event["argv"][1]), hash(&event["env"][1]), "the same secret");
    assert_eq!(event["redacted"], json!(["argv", "env"]));
    assert_eq!(event["args"], json!({"filename": "/nonexistent", "argc": 6, "argv_bytes": 60}));

    let event = one(&records, &shown, "execveat");
    assert_eq!(event["env"], json!(["PATH=/bin", "DB_PASSWORD=hunter2"]));
    assert_eq!(event["argv"][1], "-phunter2");
    assert_eq!(event.get("redacted"), None);
}

/// `args` records the arguments of a program, too.
#[test]
fn redact_of_route_with_args_hides_its_patterns() {
    let config = "[routes]\nexecve = { handler = \"args\", redact = [\"--pin\"] }\n";
    let Some(setup) = Setup::new(config) else { return };
    let daemon = setup.start();
    let nr = number(Abi::Native, "execve").unwrap().to_string();
    let name = trigger(&["native", &nr, "text:/nonexistent", "strings:tool,--pin=hunter2", ENV]);
    let event = one(&daemon.stop(), &name, "execve").to_string();
    assert!(event.contains("--pin=[redacted 7 bytes") && !event.contains("pin=hunter2"), "{event}");
}

#[test]
fn argv_none_records_only_count_and_length() {
    let config = "[routes]\nexecve = { handler = \"exec\", argv = \"none\" }\n";
    let Some(setup) = Setup::new(config) else { return };
    let daemon = setup.start();
    let nr = number(Abi::Native, "execve").unwrap().to_string();
    let name = trigger(&["native", &nr, "text:/nonexistent", "strings:one,three", ENV]);
    let records = daemon.stop();
    let event = one(&records, &name, "execve");
    let keys = ["argv", "env", "truncated", "unreadable", "redacted"];
    assert_eq!(keys.map(|key| event.get(key)), [None; 5]);
    assert_eq!(event["args"], json!({"filename": "/nonexistent", "argc": 2, "argv_bytes": 8}));
}
