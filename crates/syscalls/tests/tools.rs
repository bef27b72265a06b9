//! Runs the scripts of `tools/` on the tables themselves, which they must not change.
#![allow(clippy::unwrap_used)] // clippy sees that a helper is for tests only below #[test]

use std::io::Write as _;
use std::process::{Command, Stdio};

const GROUPS: &str = include_str!("../tables/groups.txt");

/// Returns the output of a script in `tools/`.
fn run(arguments: &[&str], input: &str) -> String {
    let mut sh = Command::new("sh");
    sh.args(arguments).current_dir(env!("CARGO_MANIFEST_DIR"));
    let mut child = sh.stdin(Stdio::piped()).stdout(Stdio::piped()).spawn().unwrap();
    child.stdin.take().unwrap().write_all(input.as_bytes()).unwrap();
    let output = child.wait_with_output().unwrap();
    assert!(output.status.success(), "{arguments:?}");
    String::from_utf8(output.stdout).unwrap()
}

#[test]
fn groups_script_of_own_groups_changes_nothing() {
    // As `systemd-analyze syscall-filter` lists them, in another order of members.
    let mut listing = String::new();
    for line in GROUPS.lines().filter(|line| !line.starts_with('#')) {
        match line.split_once(": ") {
            Some((name, _)) => listing += &format!("{name}\n    # Description of systemd.\n"),
            None => {
                let members = line.split_whitespace().rev();
                members.for_each(|member| listing += &format!("    {member}\n"));
            }
        }
    }
    assert_eq!(run(&["tools/groups.sh", "tables/groups.txt"], &listing), GROUPS);
}

#[test]
fn groups_script_of_new_group_has_description_of_systemd() {
    let listing = "@new\n    # What is new\n    read\n    @swap\n";
    let text = run(&["tools/groups.sh", "tables/groups.txt"], listing);
    assert!(text.ends_with("\n\n@new: What is new\n    @swap read\n"), "{text}");
}

#[test]
fn numbers_script_keeps_rows_and_adds_new_ones() {
    let folder = tempfile::tempdir().unwrap();
    let header = folder.path().join("unistd.h");
    std::fs::write(&header, "#define __NR_openat 257\n#define __NR_new 500\n").unwrap();
    let text = run(&["tools/numbers.sh", header.to_str().unwrap(), "tables/x86_64.tsv"], "");
    let table = include_str!("../tables/x86_64.tsv");
    assert_eq!(text, format!("{table}500\tnew\tsys_new\n"));
}
