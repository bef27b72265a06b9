//! Words that a shell offers for a line: the real shell with the real completions, and a systemctl that knows two units.

use std::env;
use std::fs;
use std::os::unix::fs::{PermissionsExt as _, symlink};
use std::path::Path;
use std::process::Command;

use clap_complete::Shell;

const SYSTEMCTL: &str = "#!/bin/sh
echo nginx.service loaded
echo postgresql@15-main.service loaded
";

/// Returns what the shell offers for the last word of a line, in the order of the alphabet.
pub fn offered(shell: Shell, line: &str) -> Vec<String> {
    let folder = tempfile::tempdir().unwrap();
    add_programs(folder.path());
    let path = format!("{}:{}", folder.path().display(), env::var("PATH").unwrap());
    let mut command = match shell {
        Shell::Bash => program("bash", &["--norc", "tests/completions/offered.bash"]),
        Shell::Zsh => program("zsh", &["-f", "tests/completions/offered.zsh"]),
        Shell::Fish => program("fish", &["--no-config", "tests/completions/offered.fish"]),
        other => panic!("there are no completions for {other}"),
    };
    command.arg(line).env("PATH", path).env("RUNTIME_DIRECTORY", folder.path());
    let output = command.env("HOME", folder.path()).output().unwrap();
    assert_eq!(String::from_utf8_lossy(&output.stderr), "", "{shell}: {line}");
    let text = String::from_utf8(output.stdout).unwrap();
    let mut words: Vec<String> =
        text.lines().filter(|it| !it.is_empty()).map(str::to_owned).collect();
    words.sort();
    words
}

fn program(name: &str, arguments: &[&str]) -> Command {
    let mut command = Command::new(name);
    command.args(arguments);
    command
}

fn add_programs(folder: &Path) {
    let systemctl = folder.join("systemctl");
    fs::write(&systemctl, SYSTEMCTL).unwrap();
    fs::set_permissions(&systemctl, fs::Permissions::from_mode(0o755)).unwrap();
    symlink(env!("CARGO_BIN_EXE_tailcalld"), folder.join("tailcalld")).unwrap();
}
