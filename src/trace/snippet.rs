//! Configuration of a trace, from the options of the command line.

use std::fmt::Write as _;

use crate::cli::TraceOptions;

/// Set of all system calls.
const ALL: &str = "@known";

/// Returns the configuration. `pid` is the process whose calls are traced, with those that it starts.
pub fn configuration(options: &TraceOptions, pid: Option<u32>) -> String {
    let mut text = String::from("[defaults]\nfds = \"names\"\n");
    text.push_str(if options.failed { "result = \"failed\"\n" } else { "result = true\n" });
    if let Some(pid) = pid {
        let _ = writeln!(text, "pid_tree = {pid}");
    }
    let filters = [
        ("unit", &options.unit),
        ("user", &options.user),
        ("comm", &options.comm),
        ("exe", &options.exe),
        ("path", &options.path),
        ("fd_path", &options.fd_path),
    ];
    for (key, values) in filters.iter().filter(|(_, values)| !values.is_empty()) {
        let values: Vec<_> = values.iter().map(|value| quoted(value)).collect();
        let _ = writeln!(text, "{key} = [{}]", values.join(", "));
    }
    options.options.iter().for_each(|line| {
        let _ = writeln!(text, "{line}");
    });
    text.push_str("[routes]\n");
    let all = [ALL.to_owned()];
    let syscalls = if options.syscalls.is_empty() { &all[..] } else { &options.syscalls };
    for syscall in syscalls {
        let _ = writeln!(text, "{} = \"args\"", quoted(syscall));
    }
    // Nobody else's records are displaced, and nothing is written to the journal.
    text.push_str("[limits]\nper_uid = \"none\"\n[exclude]\nexe = []\n");
    text
}

/// Returns a string of TOML. JSON escapes the same characters, but for one.
pub fn quoted(text: &str) -> String {
    serde_json::Value::from(text).to_string().replace('\u{7f}', "\\u007f")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn configuration_has_values_as_they_are() {
        let text = "/a\"]\nresult = 1\\\u{7f}\u{1}\u{e9}";
        let options = TraceOptions { path: vec![text.to_owned()], ..TraceOptions::default() };
        let text_of_all = configuration(&options, Some(7));
        let table = toml::de::DeTable::parse(&text_of_all).expect("valid TOML");
        let defaults = table.get_ref().get("defaults").expect("defaults").get_ref();
        let paths = defaults.get("path").and_then(|paths| paths.get_ref().as_array());
        let [path] = &paths.expect("a list")[..] else { panic!("one path: {paths:?}") };
        assert_eq!(path.get_ref().as_str(), Some(text));
    }
}
