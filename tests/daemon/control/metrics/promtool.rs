//! Prometheus' own judgement: `promtool` reads the file that the daemon writes, and the expressions of the dashboard and
//! of the documented alerts.

use std::fs::{self, File};
use std::path::{Path, PathBuf};
use std::process::{Command, Output};

use super::dashboard::expressions;
use super::textfile::started;
use crate::number::unused_number;
use crate::process::eventually;
use crate::root::needs;

/// Copy that scripts/setup.sh unpacks.
const UNPACKED: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/target/tools/usr/bin/promtool");

fn promtool() -> Option<PathBuf> {
    let mut found = ["promtool", UNPACKED].iter().map(PathBuf::from);
    let found = found.find(|tool| Command::new(tool).arg("--version").output().is_ok());
    needs(found.is_some(), "promtool: sudo sh scripts/setup.sh test").then_some(found?)
}

/// Asserts that promtool is content, and has nothing to remark.
fn assert_content(output: &Output) {
    let text = |bytes: &[u8]| String::from_utf8_lossy(bytes).into_owned();
    assert!(output.status.success() && output.stderr.is_empty(), "{}", text(&output.stderr));
}

fn assert_rules(promtool: &Path, rules: &str) {
    let file = tempfile::NamedTempFile::new().unwrap();
    fs::write(&file, rules).unwrap();
    let output = Command::new(promtool).args(["check", "rules"]).arg(file.path()).output().unwrap();
    assert_content(&output);
    let rules = rules.matches("expr: ").count();
    let found = format!("SUCCESS: {rules} rules found");
    assert!(String::from_utf8_lossy(&output.stdout).contains(&found), "{found}: {output:?}");
}

#[test]
fn promtool_accepts_textfile_of_daemon() {
    let Some(promtool) = promtool() else { return };
    let Some(daemon) = started(&unused_number(), "a.prom") else { return };
    let file = daemon.setup.path("a.prom");
    eventually("the file", || file.exists());
    let mut command = Command::new(promtool);
    command.args(["check", "metrics"]).stdin(File::open(&file).unwrap());
    assert_content(&command.output().unwrap());
    assert_eq!(daemon.stop().len(), 1);
}

#[test]
fn promtool_accepts_expressions_of_dashboard() {
    let Some(promtool) = promtool() else { return };
    let mut rules = "groups:\n- name: dashboard\n  rules:\n".to_owned();
    for (number, query) in expressions().iter().enumerate() {
        // Grafana fills it in.
        let query = query.replace("$__rate_interval", "5m");
        rules += &format!("  - record: r{number}\n    expr: {}\n", serde_json::json!(query));
    }
    assert_rules(&promtool, &rules);
}

#[test]
fn promtool_accepts_documented_alerts() {
    let Some(promtool) = promtool() else { return };
    let text = include_str!("../../../../docs/metrics/README.md");
    let (_, rest) = text.split_once("```yaml\n").unwrap();
    let (rules, _) = rest.split_once("```").unwrap();
    assert!(rules.matches("alert: ").count() >= 3, "{rules}");
    assert_rules(&promtool, rules);
}
