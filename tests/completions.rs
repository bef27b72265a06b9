//! Comparison of `completions/` with the command line. `ACCEPT=1` writes the files anew.
#![allow(clippy::unwrap_used)] // helpers of tests are tests

use std::env;
use std::fs;
use std::os::unix::fs::PermissionsExt as _;
use std::process::Command as Process;

use clap::{Command, CommandFactory};
use clap_complete::{Shell, generate};
use tailcalld::cli::Cli;

#[path = "completions/live.rs"]
mod live;

/// Shells with the names of their files, by which they find them.
const FILES: [(Shell, &str); 3] = [
    (Shell::Bash, "completions/tailcalld.bash"),
    (Shell::Zsh, "completions/_tailcalld"),
    (Shell::Fish, "completions/tailcalld.fish"),
];

/// Returns the command without what is hidden: the generator leaves only some of that out.
fn visible(command: &Command) -> Command {
    let name: &str = command.get_name().to_owned().leak(); // Command wants it for good
    let about = command.get_about().cloned().unwrap_or_default();
    let arguments = command.get_arguments().filter(|argument| !argument.is_hide_set());
    let commands = command.get_subcommands().filter(|command| !command.is_hide_set());
    Command::new(name)
        .about(about)
        .version("") // adds the option, whose value nothing shows
        .args(arguments.cloned())
        .subcommands(commands.map(visible))
}

fn script(shell: Shell) -> String {
    let mut text = Vec::new();
    let mut command = visible(&<Cli as CommandFactory>::command());
    generate(shell, &mut command, "tailcalld", &mut text);
    live::add(shell, String::from_utf8(text).unwrap())
}

#[test]
fn completions_are_those_of_the_command_line() {
    for (shell, file) in FILES {
        if env::var_os("ACCEPT").is_some() {
            fs::write(file, script(shell)).unwrap();
        }
        let written = fs::read_to_string(file).unwrap_or_default();
        assert!(written == script(shell), "{file} is old: ACCEPT=1 cargo test --test completions");
    }
}

#[test]
fn completions_have_nothing_hidden() {
    for (shell, file) in FILES {
        let script = script(shell);
        let found = ["drain", "end-with-parent", "hold"].map(|word| script.contains(word));
        assert_eq!(found, [false; 3], "{file}");
    }
}

/// Returns what bash offers for a line, of which the last word is not complete, with programs that are named in it.
fn offered(line: &str) -> Vec<String> {
    let folder = tempfile::tempdir().unwrap();
    let systemctl = folder.path().join("systemctl");
    fs::write(
        &systemctl,
        "#!/bin/sh\necho nginx.service loaded\necho postgresql@15-main.service loaded\n",
    )
    .unwrap();
    fs::set_permissions(&systemctl, fs::Permissions::from_mode(0o755)).unwrap();
    std::os::unix::fs::symlink(env!("CARGO_BIN_EXE_tailcalld"), folder.path().join("tailcalld"))
        .unwrap();
    // Splits the line into words and calls the function in the way of bash.
    let program = "source completions/tailcalld.bash
        COMP_LINE=$1 COMP_POINT=${#1} COMP_WORDS=() rest=$1
        while [[ $rest =~ ^[[:space:]]*([^@=:[:space:]]+|[@=:]+)(.*)$ ]]; do
            COMP_WORDS+=(\"${BASH_REMATCH[1]}\") rest=${BASH_REMATCH[2]}
        done
        [[ $1 != *[[:space:]] ]] || COMP_WORDS+=('')
        COMP_CWORD=$((${#COMP_WORDS[@]} - 1))
        current=${COMP_WORDS[COMP_CWORD]}
        [[ $current != [@=:] ]] || current=
        function=$(complete -p tailcalld) function=${function##*-F } function=${function%% *}
        $function tailcalld \"$current\" \"${COMP_WORDS[COMP_CWORD - 1]}\"
        printf '%s\\n' \"${COMPREPLY[@]}\"";
    let path = format!("{}:{}", folder.path().display(), env::var("PATH").unwrap());
    let mut bash = Process::new("bash");
    let bash = bash.args(["--norc", "-c", program, "bash", line]).env("PATH", path);
    let output = bash.env("RUNTIME_DIRECTORY", folder.path()).output().unwrap();
    let errors = String::from_utf8_lossy(&output.stderr);
    assert_eq!(errors, "", "{line}");
    let text = String::from_utf8(output.stdout).unwrap();
    text.lines().filter(|line| !line.is_empty()).map(str::to_owned).collect()
}

#[test]
fn bash_offers_commands_options_and_values() {
    assert_eq!(offered("tailcalld sta"), ["stats", "status"]);
    assert_eq!(offered("tailcalld stats --c"), ["--check"]);
    assert_eq!(offered("tailcalld --output j"), ["journal", "json"]);
}

#[test]
fn bash_offers_names_that_exist() {
    assert_eq!(offered("tailcalld trace renameat"), ["renameat", "renameat2"]);
    assert_eq!(offered("tailcalld trace openat renameat"), ["renameat", "renameat2"]);
    assert_eq!(offered("tailcalld explain epoll_cr"), ["epoll_create", "epoll_create1"]);
    for (line, expected) in [
        ("tailcalld trace --unit ng", "nginx.service"),
        ("tailcalld trace read -u ng", "nginx.service"),
        ("tailcalld trace --unit=ng", "nginx.service"),
        ("tailcalld explain read --unit ng", "nginx.service"),
        ("tailcalld profile ng", "nginx.service"),
        // The shell completes what is behind a character that separates words.
        ("tailcalld profile postgresql@", "15-main.service"),
        ("tailcalld profile postgresql@15", "15-main.service"),
        ("tailcalld trace @network-", "network-io"),
        ("tailcalld syscalls @moun", "mount"),
    ] {
        assert_eq!(offered(line), [expected], "{line}");
    }
    for line in ["tailcalld trace --unit none", "tailcalld dump x", "tailcalld route remove 1"] {
        assert_eq!(offered(line), [""; 0], "{line}");
    }
    assert_eq!(offered("tailcalld trace --fai"), ["--failed"]);
}
