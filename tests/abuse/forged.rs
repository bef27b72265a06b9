//! An unprivileged process sends journal entries that look like records: no documented query shows them.

use std::io::Write;
use std::os::unix::net::UnixDatagram;
use std::process::{Command, Stdio};
use std::{env, fs};

use crate::journald::Journald;

/// Match of the documented alias.
const TRUSTED: &str = "_SYSTEMD_UNIT=tailcalld.service";

/// Texts that may contain queries, besides the help texts.
const FILES: [&str; 15] = [
    "README.md",
    "CONTRIBUTING.md",
    "Makefile",
    "config/tailcalld.toml",
    "docs/architecture.md",
    "docs/events.md",
    "docs/fidelity.md",
    "docs/man/tailcalld.8",
    "docs/man/tailcalld.toml.5",
    "docs/recipes.md",
    "docs/security.md",
    "docs/testing.md",
    "docs/volume.md",
    "systemd/tailcalld.catalog",
    "systemd/tailcalld.service",
];

/// Returns the arguments of each query in a text, with the alias replaced by what it stands for.
fn queries(text: &str) -> Vec<Vec<String>> {
    let text = text.replace("tailcalls ", &format!("journalctl {TRUSTED} "));
    let ends = |c: char| matches!(c, '\n' | '`' | '#' | '|' | '"' | '\'' | ';');
    let found = text.split("journalctl ").skip(1).filter_map(|rest| rest.split(ends).next());
    // A word that is neither an option nor a match is the value of an option, or prose.
    found.map(|line| line.split_whitespace().map(str::to_owned).collect()).collect()
}

fn help() -> Vec<String> {
    let commands = ["run", "check", "reload", "stats", "status", "routes", "syscalls", "handlers"];
    let of = |command: &str| {
        let mut help = Command::new(env!("CARGO_BIN_EXE_tailcalld"));
        let output = help.args([command, "--help"]).output().expect("it starts");
        String::from_utf8_lossy(&output.stdout).into_owned()
    };
    commands.map(of).into()
}

/// Returns the queries of all documents that match a field or an identifier.
fn documented() -> Vec<Vec<String>> {
    let files = FILES.map(|file| fs::read_to_string(file).expect(file));
    let all = files.into_iter().chain(help()).flat_map(|text| queries(&text));
    all.filter(|query| query.iter().any(|word| is_match(word) || word == "-t")).collect()
}

fn is_match(word: &str) -> bool {
    let name = word.split_once('=').map_or("", |(name, _)| name);
    !name.is_empty()
        && name.bytes().all(|c| c.is_ascii_uppercase() || matches!(c, b'_' | b'0'..=b'9'))
}

fn is_trusted(query: &[String]) -> bool {
    let has = |words: &[&str]| query.windows(words.len()).any(|window| window == words);
    has(&[TRUSTED])
        || has(&["-u", "tailcalld"])
        || has(&["_UID=0", "_EXE=/usr/local/bin/tailcalld"])
}

#[test]
fn documented_query_of_fields_has_trusted_match() {
    let documented = documented();
    assert!(documented.len() >= 10, "{documented:?}");
    for query in &documented {
        assert!(is_trusted(query), "journalctl {}", query.join(" "));
    }
}

/// An entry that each documented query would show if its own fields were all that counts.
fn entry(documented: &[Vec<String>], message: &str) -> String {
    let mut fields: Vec<&str> =
        documented.iter().flatten().map(String::as_str).filter(|word| is_match(word)).collect();
    fields.extend(["_UID=0", "_EXE=/usr/local/bin/tailcalld", "SYSLOG_IDENTIFIER=tailcalld"]);
    fields.sort_unstable();
    fields.dedup();
    format!("MESSAGE={message}\n{}\n", fields.join("\n"))
}

/// Sends an entry as uid 65534.
fn forge(journald: &Journald, entry: &str) {
    let mut command = journald.command("setpriv");
    let ids = ["--reuid=65534", "--regid=65534", "--clear-groups", "--no-new-privs"];
    command.args(ids).args(["logger", "--journald"]).stdin(Stdio::piped());
    let mut logger = command.spawn().expect("logger starts");
    logger.stdin.take().expect("a pipe").write_all(entry.as_bytes()).expect("it reads");
    assert!(logger.wait().expect("it ends").success());
}

/// No unit is in the rig, so the daemon is identified by its user and its executable, here those of the test.
fn in_rig(query: &[String]) -> Vec<String> {
    let exe = env::current_exe().expect("a path");
    let daemon =
        is_trusted(query).then(|| ["_UID=0".to_owned(), format!("_EXE={}", exe.display())]);
    let matches = query.iter().filter(|word| is_match(word) && !word.starts_with('_'));
    daemon.into_iter().flatten().chain(matches.cloned()).collect()
}

fn shown(journald: &Journald, query: &[String]) -> Vec<String> {
    let words: Vec<&str> =
        ["-o", "json"].into_iter().chain(query.iter().map(String::as_str)).collect();
    let entries = journald.query(&words);
    entries.iter().map(|entry| entry["MESSAGE"].as_str().unwrap_or_default().to_owned()).collect()
}

#[test]
fn documented_query_does_not_show_entry_of_unprivileged_process() {
    let Some(journald) = Journald::start() else { return };
    let documented = documented();
    forge(&journald, &entry(&documented, "forged"));
    let socket = UnixDatagram::unbound().expect("a socket");
    let genuine = entry(&documented, "genuine");
    socket.send_to(genuine.as_bytes(), journald.socket()).expect("journald listens");
    assert_eq!(journald.entries(2).len(), 2, "both have arrived");
    for query in &documented {
        let fields = query.iter().filter(|word| is_match(word) && !word.starts_with('_'));
        let untrusted: Vec<_> = fields.cloned().collect();
        let is_found = shown(&journald, &untrusted).contains(&"forged".to_owned());
        assert!(is_found, "{query:?}: its own fields match the forged entry");
        assert_eq!(shown(&journald, &in_rig(query)), ["genuine"], "{query:?}");
    }
    let unit = ["-u".to_owned(), "tailcalld".to_owned()];
    assert!(!shown(&journald, &unit).contains(&"forged".to_owned()));
}
