//! Comparison of `completions/` with the command line. `ACCEPT=1` writes the files anew.
#![allow(clippy::unwrap_used)] // helpers of tests are tests

use std::env;
use std::fs;

use clap::{Command, CommandFactory};
use clap_complete::{Shell, generate};
use tailcalld::cli::Cli;

#[path = "completions/live.rs"]
mod live;
#[path = "completions/offered.rs"]
mod offered;

use offered::offered;

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

/// Lines, and the only word that all shells offer for each.
const NAMES: [(&str, &str); 12] = [
    ("tailcalld stats --c", "--check"),
    ("tailcalld run --output te", "text"),
    ("tailcalld trace --fai", "--failed"),
    ("tailcalld trace --unit ng", "nginx.service"),
    ("tailcalld trace read -u ng", "nginx.service"),
    ("tailcalld explain read --unit ng", "nginx.service"),
    ("tailcalld explain timer_cr", "timer_create"),
    ("tailcalld profile ng", "nginx.service"),
    ("tailcalld profile postgresql@", "postgresql@15-main.service"),
    ("tailcalld profile postgresql@15", "postgresql@15-main.service"),
    ("tailcalld trace @network-", "@network-io"),
    ("tailcalld syscalls @moun", "@mount"),
];

#[test]
fn every_shell_offers_commands_options_and_names_that_exist() {
    for (shell, _) in FILES {
        let is =
            |line, expected: &[&str]| assert_eq!(offered(shell, line), expected, "{shell}: {line}");
        is("tailcalld sta", &["stats", "status"]);
        is("tailcalld trace renameat", &["renameat", "renameat2"]);
        is("tailcalld trace openat renameat", &["renameat", "renameat2"]);
        is("tailcalld explain epoll_cr", &["epoll_create", "epoll_create1"]);
        for (line, expected) in NAMES {
            is(line, &[expected]);
        }
    }
}

/// A value behind an equals sign is a word of its own for bash, and a part of the option for fish.
#[test]
fn every_shell_offers_values_behind_equals_signs() {
    for (shell, expected) in [
        (Shell::Bash, "nginx.service"),
        (Shell::Zsh, "nginx.service"),
        (Shell::Fish, "--unit=nginx.service"),
    ] {
        assert_eq!(offered(shell, "tailcalld trace --unit=ng"), [expected], "{shell}");
    }
}

#[test]
fn no_shell_offers_names_that_do_not_exist() {
    for (shell, _) in FILES {
        for line in ["tailcalld trace --unit none", "tailcalld dump x", "tailcalld route remove 1"]
        {
            assert_eq!(offered(shell, line), [""; 0], "{shell}: {line}");
        }
    }
}
