//! Comparison of the manual pages with the program: command line, configuration, records. Anything
//! that a page does not document fails here.
#![allow(clippy::unwrap_used)] // helpers of tests are tests

use std::fs;
use std::io::Write;
use std::path::Path;
use std::process::{Command, Stdio};

use clap::Parser as _;
use tailcalld::cli::Cli;
use tailcalld::config::{Config, Keep, Paths, Per, Results, level_name, size_name, time_name};
use tailcalld::output::key::Key;

const COMMANDS: &str = "docs/man/tailcalld.8";
const CONFIGURATION: &str = "docs/man/tailcalld.toml.5";
const OVERVIEW: &str = "docs/man/tailcalld.7";

/// Key that does not exist, and is too different from all others to get a suggestion.
const UNKNOWN: &str = "qqqqqqqqqqqq";

fn page(path: &str) -> String {
    fs::read_to_string(path).unwrap()
}

/// Output of the binary on both streams.
fn tailcalld(arguments: &[&str]) -> String {
    let mut command = Command::new(env!("CARGO_BIN_EXE_tailcalld"));
    let output = command.args(arguments).stdin(Stdio::null()).output().unwrap();
    String::from_utf8([output.stdout, output.stderr].concat()).unwrap()
}

/// Lines below one heading, up to the next heading.
fn section<'p>(page: &'p str, heading: &str) -> &'p str {
    let (_, rest) = page.split_once(&format!("\n{heading}\n")).expect(heading);
    let ends = ["\n.Sh ", "\n.Ss "].into_iter().filter_map(|macro_| rest.find(macro_));
    &rest[..ends.min().unwrap_or(rest.len())]
}

/// Returns whether a line of the page introduces the word with the macro: `.It Fl v , Fl -verbose`.
fn introduces(page: &str, macro_: &str, word: &str) -> bool {
    page.lines().filter(|line| line.starts_with(".It ")).any(|line| {
        let words: Vec<_> = line.split_whitespace().collect();
        words.windows(2).any(|pair| pair == [macro_, word])
    })
}

/// Options of a help text, without their first dash: `-v, --verbose` is `v` and `-verbose`.
fn options(help: &str) -> Vec<String> {
    let lines = help.lines().map(str::trim_start).filter(|line| line.starts_with('-'));
    let words = lines.flat_map(|line| line.split_whitespace().take(2));
    let options = words.filter_map(|word| word.trim_end_matches(',').strip_prefix('-'));
    options.filter(|option| !option.is_empty()).map(str::to_owned).collect()
}

/// Commands of the main help text.
fn commands() -> Vec<String> {
    let help = tailcalld(&["--help"]);
    let (_, rest) = help.split_once("Commands:\n").unwrap();
    let lines = rest.lines().take_while(|line| !line.is_empty());
    lines.map(|line| line.split_whitespace().next().unwrap().to_owned()).collect()
}

#[test]
fn man_documents_every_command_and_option() {
    let text = page(COMMANDS);
    let commands = commands();
    assert!(commands.len() >= 5, "{commands:?}");
    let named = section(&text, ".Ss Commands");
    for command in &commands {
        assert!(introduces(named, "Cm", command), "the command {command}");
    }
    let both = section(&text, ".Ss Options of every command");
    let mut seen = 0;
    for command in commands.iter().filter(|command| *command != "help") {
        let named = |line: &&str| {
            let of = line.strip_prefix(".Ss Options of ");
            of.is_some_and(|of| of.split([',', ' ']).any(|word| word == command))
        };
        let own = text.lines().find(named).map_or("", |heading| section(&text, heading));
        for option in options(&tailcalld(&[command.as_str(), "--help"])) {
            let is_documented = introduces(own, "Fl", &option) || introduces(both, "Fl", &option);
            assert!(is_documented, "-{option} of {command}");
            seen += 1;
        }
    }
    assert!(seen >= 26, "only {seen} options were found in the help texts");
    for option in options(&tailcalld(&["--help"])) {
        assert!(introduces(&text, "Fl", &option), "-{option}");
    }
}

/// Command lines below `Examples:`, each as the shell splits it.
fn command_lines(help: &str) -> Vec<Vec<String>> {
    let Some((_, rest)) = help.split_once("Examples:\n") else { return Vec::new() };
    let lines = rest.lines().take_while(|line| !line.is_empty()).map(str::trim);
    lines.filter(|line| line.starts_with("tailcalld ")).map(words_of_shell).collect()
}

fn words_of_shell(line: &str) -> Vec<String> {
    let script = format!("printf '%s\\n' {line}");
    let output = Command::new("sh").args(["-c", &script]).output().unwrap();
    String::from_utf8(output.stdout).unwrap().lines().map(str::to_owned).collect()
}

#[test]
fn examples_of_help_texts_are_valid_command_lines_and_entries() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("entry.toml");
    let (mut lines, mut entries) = (0, 0);
    for command in commands().iter().map(String::as_str).chain(["route add"]) {
        let words = command.split(' ').chain(["--help"]).collect::<Vec<_>>();
        for example in command_lines(&tailcalld(&words)) {
            let parsed = Cli::try_parse_from(&example);
            assert!(parsed.is_ok(), "{example:?}: {}", parsed.unwrap_err());
            lines += 1;
            for entry in example.iter().filter(|word| word.contains(" = ")) {
                fs::write(&file, format!("[routes]\n{entry}\n")).unwrap();
                let told = tailcalld(&["check", file.to_str().unwrap()]);
                assert!(told.contains(": ok, "), "{told}");
                entries += 1;
            }
        }
    }
    assert_eq!((lines, entries), (21, 4));
}

#[test]
fn man_documents_every_value_and_exit_status() {
    let text = page(COMMANDS);
    let help = tailcalld(&["--help"]);
    let values: Vec<_> = help.lines().filter_map(|line| line.trim().strip_prefix("- ")).collect();
    assert_eq!(values.len(), 5 + 3, "{help}");
    for value in values.iter().filter_map(|value| value.split(':').next()) {
        assert!(introduces(&text, "Cm", value), "{value}");
    }
    let statuses = section(&text, ".Sh EXIT STATUS");
    let codes = help.split_once("Exit codes: ").unwrap().1.split([',', '\n']).map(str::trim);
    for code in codes.filter_map(|code| code.split(' ').next()).filter(|code| !code.is_empty()) {
        assert!(statuses.contains(&format!(".It {code}\n")), "exit status {code}");
    }
}

#[test]
fn man_documents_every_field_and_record_kind() {
    let text = page(COMMANDS);
    let words = || text.split_whitespace();
    let spelled = Key::ALL.iter().map(|key| key.journal().to_string());
    for name in spelled.filter(|name| !name.is_empty()) {
        assert!(words().any(|word| word == name), "{name}");
    }
    let catalog = fs::read_to_string("systemd/tailcalld.catalog").unwrap();
    let ids: Vec<_> = catalog.lines().filter_map(|line| line.strip_prefix("-- ")).collect();
    assert_eq!(ids.len(), tailcalld::output::record::Kind::ALL.len());
    for id in ids {
        assert!(introduces(&text, "Li", id), "{id}");
    }
}

/// Output of `check` for a file with this content.
fn checked(content: &str) -> String {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("c.toml");
    fs::write(&path, content).unwrap();
    tailcalld(&["check", path.to_str().unwrap()])
}

/// Words after "expected" in the fault about an unknown word.
fn expected(content: &str) -> Vec<String> {
    let faults = checked(content);
    let line = faults.lines().next().unwrap();
    let (_, list) = line.split_once(", expected ").unwrap_or_else(|| panic!("{faults}"));
    list.split(", ").map(str::to_owned).collect()
}

#[test]
fn man_documents_every_table_and_key() {
    let text = page(CONFIGURATION);
    let tables = expected(&format!("[{UNKNOWN}]\n"));
    assert!(tables.len() >= 5, "{tables:?}");
    for table in tables {
        let about = section(&text, &format!(".Ss [{table}]"));
        let keys = match table.as_str() {
            // Keys of these tables are names of handlers and of probes.
            "handlers" | "probes" => continue,
            // Its keys are syscalls; of an entry's own keys, the options stand in [defaults].
            "routes" => vec!["handler".to_owned()],
            _ => expected(&format!("[{table}]\n{UNKNOWN} = 1\n")),
        };
        for key in keys {
            assert!(introduces(about, "Ic", &key), "{key} in [{table}]");
        }
    }
    let defaults = section(&text, ".Ss [defaults]");
    for key in expected(&format!("[routes]\nopen = {{ handler = \"args\", {UNKNOWN} = 1 }}\n")) {
        assert!(key == "handler" || introduces(defaults, "Ic", &key), "{key} of a route");
    }
}

#[test]
fn man_documents_every_handler() {
    let text = page(CONFIGURATION);
    let routes = section(&text, ".Ss [routes]");
    let handlers = tailcalld::load::handlers().unwrap();
    for name in handlers.iter().map(|handler| handler.name.as_str()).chain(["none"]) {
        assert!(introduces(routes, "Cm", name), "{name}");
    }
}

#[test]
fn man_documents_every_word_of_an_option() {
    let text = page(CONFIGURATION);
    let defaults = section(&text, ".Ss [defaults]");
    for paths in Paths::ALL {
        assert!(introduces(defaults, "Cm", paths.name()), "{}", paths.name());
    }
    for name in Per::ALL.map(Per::name).iter().chain(&Keep::ALL.map(Keep::name)) {
        assert!(introduces(defaults, "Cm", name), "{name}");
    }
    for results in [Results::None, Results::All, Results::failed()] {
        assert!(introduces(defaults, "Cm", &results.summary()), "{}", results.summary());
    }
}

#[test]
fn man_documents_every_value_of_abi() {
    let text = page(CONFIGURATION);
    let defaults = section(&text, ".Ss [defaults]");
    for word in expected("[defaults]\nabi = \"qqqqqqqqqqqq\"\n") {
        let is_documented =
            introduces(defaults, "Cm", &word) || defaults.contains(&format!("\n.Cm {word}"));
        assert!(is_documented, "{word}");
    }
}

#[test]
fn man_defaults_match_the_program() {
    let text = page(CONFIGURATION);
    let Config { defaults, ring_bytes, ring_cpus, exclude, socket, attach, .. } = Config::default();
    let Config {
        exclude_units,
        per_uid,
        stats_interval,
        read_back,
        self_test,
        metrics_interval,
        ..
    } = Config::default();
    let assert_has = |table: &str, what: &str| {
        let about = section(&text, &format!(".Ss [{table}]"));
        assert!(about.replace('\n', " ").contains(what), "{what} in [{table}]");
    };
    let level = level_name(defaults.priority.unwrap());
    assert_has("defaults", &format!("The default is .Cm {level} ."));
    let argv_bytes = size_name(defaults.argv_bytes.unwrap().into());
    assert_has("defaults", &format!("The default is {argv_bytes}."));
    let ancestors = defaults.ancestors.unwrap();
    assert_has("defaults", &format!("The default is {ancestors} ancestors."));
    let buffer_bytes = defaults.buffer_bytes.unwrap();
    assert_has("defaults", &format!("The default is {buffer_bytes}B."));
    assert_has("defaults", &format!("The default is .Cm {} .", defaults.paths.unwrap().name()));
    let argv = defaults.argv.unwrap().name();
    assert_has("defaults", &format!("The default is .Cm {argv} ."));
    let result = defaults.result.unwrap().summary();
    assert_has("defaults", &format!("The default is .Cm {result} ."));
    assert_has("ring", &format!("The default is {},", size_name(ring_bytes.into())));
    assert_has("ring", &format!("The default is {ring_cpus} CPUs."));
    assert_has("exclude", &format!("The default is .Pa {} alone", exclude[0].display()));
    assert_has("kernel", &format!("The default is .Cm {} .", attach.name()));
    assert_has("journal", &format!("The default is .Pa {} .", socket.display()));
    assert_has("journal", &format!("The default is {}.", time_name(stats_interval.unwrap())));
    assert_has("journal", &format!("The default is {}.", time_name(read_back.unwrap())));
    assert_has("kernel", &format!("The default is {}.", time_name(self_test.unwrap())));
    assert_has("metrics", &format!("The default is {}.", time_name(metrics_interval)));
    assert_has("limits", &format!("The default is {}.", per_uid.unwrap()));
    let keep = defaults.keep.unwrap().name();
    assert_has("defaults", &format!("The default is .Cm {keep} ."));
    for unit in exclude_units {
        assert_has("exclude", &format!(".Ql {} ", unit.strip_suffix(".service").unwrap()));
    }
}

/// Literal displays of a page.
fn examples(page: &str) -> Vec<&str> {
    let displays = page.split(".Bd -literal").skip(1);
    displays.filter_map(|rest| rest.split_once('\n')?.1.split_once(".Ed\n")).map(|d| d.0).collect()
}

#[test]
fn man_examples_pass_check() {
    let text = page(CONFIGURATION);
    let examples = examples(&text);
    assert!(examples.len() >= 7);
    for example in examples {
        assert!(!example.contains('\\'), "roff would change it: {example}");
        // As drop-ins: an example need not have a route.
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("c.toml");
        fs::write(&file, "[routes]\nexecve = \"exec\"\n").unwrap();
        fs::create_dir(folder.path().join("c.d")).unwrap();
        fs::write(folder.path().join("c.d/10.toml"), example).unwrap();
        assert_eq!(tailcalld(&["check", "--quiet", file.to_str().unwrap()]), "", "{example}");
    }
}

#[test]
fn man_overview_has_every_handler_and_words_of_glossary() {
    let text = page(OVERVIEW);
    let listed = tailcalld(&["handlers"]);
    let handlers = listed.lines().skip(1).filter_map(|line| line.split_whitespace().next());
    let handlers: Vec<_> = handlers.collect();
    assert!(handlers.contains(&"args"), "{listed}");
    let own = section(&text, ".Ss Handlers");
    for handler in handlers {
        assert!(introduces(own, "Cm", handler), "the handler {handler}");
    }
    let architecture = fs::read_to_string("docs/architecture.md").unwrap();
    let (_, glossary) = architecture.split_once("\n## Glossary\n").unwrap();
    let words = section(&text, ".Ss Words").lines().filter_map(|line| line.strip_prefix(".It Li "));
    let words: Vec<_> = words.collect();
    assert!(words.len() >= 14, "{words:?}");
    for word in words {
        assert!(glossary.contains(&format!("\n| {word} | ")), "{word}");
    }
}

#[test]
fn man_passes_mandoc_lint() {
    if Command::new("mandoc").arg("-V").stderr(Stdio::null()).status().is_err() {
        assert_ne!(std::env::var("CI").as_deref(), Ok("true"), "this test needs mandoc");
        // print! would be captured, and a skip would look like a success
        std::io::stderr().write_all(b"SKIPPED: needs mandoc\n").unwrap();
        return;
    }
    for page in [COMMANDS, CONFIGURATION, OVERVIEW] {
        assert!(Path::new(page).exists(), "{page}");
        let mut command = Command::new("mandoc");
        let lint = command.args(["-T", "lint", "-W", "warning", page]).output().unwrap();
        assert_eq!(String::from_utf8_lossy(&lint.stdout), "", "{page}");
        assert!(lint.status.success(), "{page}");
    }
}
