//! Comparison of `completions/` with the command line. `ACCEPT=1` writes the files anew.
#![allow(clippy::unwrap_used)] // helpers of tests are tests

use std::env;
use std::fs;
use std::process::Command as Process;

use clap::{Command, CommandFactory};
use clap_complete::{Shell, generate};
use tailcalld::cli::Cli;

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
    String::from_utf8(text).unwrap()
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

/// Returns what bash offers for the words, of which the last is not complete.
fn offered(words: &[&str]) -> Vec<String> {
    let program = format!(
        "source completions/tailcalld.bash; COMP_WORDS=({}); COMP_CWORD={}; _tailcalld tailcalld '{}' '{}'; \
         printf '%s\\n' \"${{COMPREPLY[@]}}\"",
        words.join(" "),
        words.len() - 1,
        words[words.len() - 1],
        words[words.len() - 2],
    );
    let output = Process::new("bash").args(["-c", &program]).output().unwrap();
    String::from_utf8(output.stdout).unwrap().lines().map(str::to_owned).collect()
}

#[test]
fn bash_offers_commands_options_and_values() {
    assert_eq!(offered(&["tailcalld", "sta"]), ["stats", "status"]);
    assert_eq!(offered(&["tailcalld", "stats", "--c"]), ["--check"]);
    assert_eq!(offered(&["tailcalld", "--output", "j"]), ["journal", "json"]);
}
