//! The binary, as an administrator calls it: output and exit codes.
#![allow(clippy::unwrap_used)] // helpers of tests are tests

use std::process::{Command, Output, Stdio};

const OK: i32 = 0;
const USAGE: i32 = 2;
const CONFIG: i32 = 78;

fn tailcalld(arguments: &[&str]) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_tailcalld"));
    command.args(arguments).stdin(Stdio::null());
    command
}

/// Exit code, standard output, standard error.
fn called(arguments: &[&str]) -> (i32, String, String) {
    let Output { status, stdout, stderr } = tailcalld(arguments).output().unwrap();
    let text = |bytes| String::from_utf8(bytes).unwrap();
    (status.code().unwrap(), text(stdout), text(stderr))
}

#[cfg(target_arch = "x86_64")]
#[test]
fn check_valid_file_prints_one_line() {
    let ok = "config/tailcalld.toml: ok, 16 routes (args 2, exec 4, timer 10)\n";
    assert_eq!(called(&["check", "config/tailcalld.toml"]), (OK, ok.into(), String::new()));
    let same = called(&["check", "--config", "config/tailcalld.toml"]);
    assert_eq!(same, (OK, ok.into(), String::new()));
    let quiet = called(&["check", "--quiet", "config/tailcalld.toml"]);
    assert_eq!(quiet, (OK, String::new(), String::new()));
}

#[test]
fn output_that_cannot_be_written_is_named() {
    for arguments in [&["check", "config/tailcalld.toml"][..], &["syscalls"], &["handlers"]] {
        let full = std::fs::File::options().write(true).open("/dev/full").unwrap();
        let output = tailcalld(arguments).stdout(full).stderr(Stdio::piped()).output().unwrap();
        let expected = "tailcalld: failed to write to standard output: No space left on device (os error 28)\n";
        assert_eq!(String::from_utf8(output.stderr).unwrap(), expected, "{arguments:?}");
        assert_eq!(output.status.code(), Some(1));
    }
}

#[test]
fn routes_with_impossible_time_is_usage_error() {
    for (time, expected) in [
        ("5", "expected a time span such as 5s or 1min"),
        ("many s", "expected a time span such as 5s or 1min"),
        ("0s", "expected 1s to 1min"),
        ("2min", "expected 1s to 1min"),
    ] {
        let (code, out, err) = called(&["routes", "--measure", time]);
        assert_eq!((code, out.as_str()), (USAGE, ""), "{time}");
        assert!(err.contains(expected), "{err}");
    }
}

#[cfg(target_arch = "x86_64")]
#[test]
fn check_verbose_prints_resolved_table() {
    let (code, out, err) = called(&["check", "-v", "config/tailcalld.toml"]);
    assert_eq!((code, err.as_str()), (OK, ""));
    let lines: Vec<_> =
        out.lines().map(|line| line.split_whitespace().collect::<Vec<_>>()).collect();
    assert_eq!(lines[0], ["SYSCALL", "ABI", "NUMBER", "HANDLER", "PRIORITY", "RESULT", "FROM"]);
    assert_eq!(lines[1][..6], ["execve", "x86_64", "59", "exec", "info", ">="]);
    assert_eq!(lines[15][..6], ["execveat", "i386", "358", "exec", "info", ">="]);
    let shipped = std::fs::read_to_string("config/tailcalld.toml").unwrap();
    let line = shipped.lines().position(|line| line.starts_with("execveat")).unwrap() + 1;
    assert_eq!(lines[15][6..], ["0".to_owned(), format!("config/tailcalld.toml:{line}")]);
    assert!(
        out.contains(
            "\nring size        8MiB\nCPUs per ring    8\nlimit per uid    10000/s, burst 10000\n"
        ),
        "{out}"
    );
    let attach = out.lines().find_map(|line| line.strip_prefix("attach ")).unwrap();
    let ways = ["kprobe.multi (", "raw_tp/sys_enter (", "tp/raw_syscalls/sys_enter (", "auto ("];
    assert!(ways.iter().any(|way| attach.trim_start().starts_with(way)), "{attach}");
    assert!(out.contains("\nBLIND SPOTS\noperations submitted through io_uring"), "{out}");
    assert!(out.ends_with(": ok, 16 routes (args 2, exec 4, timer 10)\n"), "{out}");
}

/// The result option of a route may differ from the configured one.
#[cfg(target_arch = "x86_64")]
#[test]
fn check_verbose_marks_missing_excluded_executable() {
    let directory = tempfile::tempdir().unwrap();
    let file = directory.path().join("c.toml");
    let text = "[routes]\nexecve = \"exec\"\n[exclude]\nexe = [\"/nonexistent/x\", \"/bin/sh\"]\n";
    std::fs::write(&file, text).unwrap();
    let (code, out, _) = called(&["check", "-v", file.to_str().unwrap()]);
    assert_eq!(code, OK);
    assert!(
        out.contains("exclude exe") && out.contains("/nonexistent/x (does not exist)\n"),
        "{out}"
    );
    assert!(out.contains("/bin/sh\n"), "{out}");
}

/// A condition that never holds is valid: what is noted about it depends on the machine.
#[cfg(target_arch = "x86_64")]
#[test]
fn check_notes_conditions_that_never_hold() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("c.toml");
    let text = "[routes]\n\
                execve = { handler = \"exec\", exe = \"/usr//x\", env = [\"LD_*\"] }\n\
                openat = { handler = \"args\", unit = \"nginx.services\" }\n\
                stat = \"args\"\n\
                socket = { handler = \"args\", argument = \"type = SOCK_CLOEXEC\" }\n";
    std::fs::write(&file, text).unwrap();
    let file = file.to_str().unwrap();
    let (code, out, err) = called(&["check", file]);
    assert_eq!((code, out.contains(": ok, ")), (OK, true), "{out}");
    let expected = [
        (2, "env \"LD_*\" names one variable"),
        (2, "exe \"/usr//x\" never holds: "),
        (3, "no unit is called \"nginx.services.service\""),
        (4, "stat is what old or static programs call"),
        (5, "\"type = SOCK_CLOEXEC\" compares the whole of type"),
    ];
    let lines: Vec<_> = err.lines().collect();
    assert_eq!(lines.len(), expected.len(), "{err}");
    for (line, (nth, text)) in lines.into_iter().zip(expected) {
        assert!(line.starts_with(&format!("{file}:{nth}: note: {text}")), "{line}");
    }
    assert_eq!(called(&["check", "-q", file]), (OK, String::new(), String::new()));
}

/// A file of metrics that the service could not write is valid: the folder may be made later.
#[test]
fn check_notes_folder_of_metrics_that_service_cannot_write() {
    let folder = tempfile::tempdir().unwrap();
    let (file, prom) = (folder.path().join("c.toml"), folder.path().join("none/a.prom"));
    let text =
        format!("[routes]\nexecve = \"exec\"\n[metrics]\ntextfile = \"{}\"\n", prom.display());
    std::fs::write(&file, text).unwrap();
    let file = file.to_str().unwrap();
    let (code, _, err) = called(&["check", file]);
    let folder = prom.parent().unwrap().display();
    let expected = format!(
        "{file}: note: [metrics] textfile: {folder}: No such file or directory (os error 2)\n\
         {file}: note: [metrics] textfile: the sandbox of the service makes {folder} read-only; run \
         `systemctl edit tailcalld`, add ReadWritePaths={folder} below [Service], and restart it\n"
    );
    assert_eq!((code, err), (OK, expected));
    let (_, out, _) = called(&["check", "-v", file]);
    assert!(out.contains(&format!("{} each 15s\n", prom.display())), "{out}");
}

#[test]
fn check_verbose_prints_results_of_routes() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("c.toml");
    let routes = "0 = { handler = \"args\", result = \"failed\" }\n1 = \"args\"\n2 = \"count\"\n";
    let content = format!("[defaults]\nresult = true\n[routes]\n{routes}60 = \"args\"\n");
    std::fs::write(&file, content).unwrap();
    let (code, out, _) = called(&["check", "-v", file.to_str().unwrap()]);
    let cells = |line: &str| line.split_whitespace().map(str::to_owned).collect::<Vec<_>>();
    let rows: Vec<_> = out.lines().skip(1).take(4).map(cells).collect();
    let rows: Vec<_> = rows.iter().map(|cells| [&*cells[0], &*cells[3], &*cells[5]]).collect();
    assert_eq!(code, OK);
    assert_eq!(
        rows,
        [
            ["read", "args", "failed"],
            ["write", "args", "true"],
            ["open", "count", "false"],
            ["exit", "args", "false"],
        ]
    );
}

/// The table has a line for each ABI that a route is of.
#[cfg(target_arch = "x86_64")]
#[test]
fn check_verbose_prints_abis_of_routes() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("c.toml");
    let routes = "kill = { handler = \"args\", abi = \"compat\" }\nsync = \"args\"\n";
    std::fs::write(&file, format!("[defaults]\nabi = \"native\"\n[routes]\n{routes}")).unwrap();
    let (code, out, _) = called(&["check", "-v", file.to_str().unwrap()]);
    let cells = |line: &str| line.split_whitespace().take(3).collect::<Vec<_>>().join(" ");
    let rows: Vec<_> = out.lines().skip(1).take(3).map(cells).collect();
    assert_eq!(
        (code, rows),
        (OK, vec!["sync x86_64 162".into(), "kill i386 37".into(), "".into()])
    );
}

/// A table more, of the routes that choose: each of their rules in a line.
#[cfg(target_arch = "x86_64")]
#[test]
fn check_verbose_prints_filters_and_limits() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("c.toml");
    let plain = "[routes]\n0 = \"args\"\n";
    let rules = "0 = { handler = \"args\", fds = \"names\", capabilities = true }\n\
                 1 = [{ handler = \"none\", uid = 0 }, { handler = \"args\", comm = \"a*\", gid = 7 }, \"count\"]\n\
                 2 = { handler = \"args\", limit = \"9/s\", per = \"uid\", sample = \"1/2\", keep = \"low\" }\n";
    let rules_of = |content: &str| {
        std::fs::write(&file, content).unwrap();
        let (code, out, _) = called(&["check", "-v", file.to_str().unwrap()]);
        assert_eq!(code, OK);
        let (table, rest) = out.split_once("\n\n").unwrap();
        let none = table.lines().find(|line| line.contains(" none ")).unwrap_or_default();
        assert!(none.is_empty() || none.contains("none     -         -       "), "{none}");
        rest.split_once("\n\n").unwrap().0.to_owned()
    };
    assert!(rules_of(plain).starts_with("SETTING"), "{}", rules_of(plain));
    assert_eq!(
        rules_of(&format!("[routes]\n{rules}")),
        "SYSCALL  ABI     HANDLER  VOLUME                                             OPTIONS                       FILTER\n\
         read     x86_64  args     all                                                fds names; capabilities true  all\n\
         write    x86_64  none     none                                               -                             uid 0\n\
         write    x86_64  args     all                                                -                             gid 7; comm a*\n\
         write    x86_64  count    none                                               -                             all others\n\
         open     x86_64  args     limit 9/s, burst 9, per uid; sample 1/2; keep low  -                             all"
    );
}

#[test]
fn check_faulty_file_prints_every_fault() {
    let file = "tests/fixtures/faults/settings.toml";
    let expected = std::fs::read_to_string("tests/fixtures/faults/settings.txt").unwrap();
    for arguments in [vec!["check", file], vec!["check", "-q", file], vec!["check", "-v", file]] {
        assert_eq!(called(&arguments), (CONFIG, String::new(), expected.clone()));
    }
}

#[test]
fn check_in_journal_marks_each_line_as_error() {
    let faults = |stream: fn(u64, u64) -> String| {
        let (reader, writer) = nix::unistd::pipe().unwrap();
        let about = nix::sys::stat::fstat(&writer).unwrap();
        let mut command = tailcalld(&["check", "tests/fixtures/faults/settings.toml"]);
        command.env("JOURNAL_STREAM", stream(about.st_dev, about.st_ino)).stderr(writer);
        assert_eq!(command.status().unwrap().code(), Some(CONFIG));
        drop(command);
        let mut text = String::new();
        std::io::Read::read_to_string(&mut std::fs::File::from(reader), &mut text).unwrap();
        text
    };
    let plain = std::fs::read_to_string("tests/fixtures/faults/settings.txt").unwrap();
    let marked: String = plain.lines().map(|line| format!("<3>{line}\n")).collect();
    assert_eq!(faults(|device, inode| format!("{device}:{inode}")), marked);
    assert_eq!(faults(|device, inode| format!("{device}:{}", inode + 1)), plain);
}

#[test]
fn check_missing_file_is_configuration_fault() {
    let fault =
        "nowhere.toml: does not exist; create it, or name another file on the command line\n";
    assert_eq!(called(&["check", "nowhere.toml"]), (CONFIG, String::new(), fault.into()));
}

#[cfg(target_arch = "x86_64")]
#[test]
fn syscalls_of_set_prints_members_with_numbers() {
    let about = syscalls::group("@swap").unwrap().about;
    let width = "@swap".len();
    let expected = format!(
        "{:width$}  ABOUT\n@swap  {about}\n\nSYSCALL  x86_64  i386\n\
         swapoff  168     115\nswapon   167     87\n",
        "SET"
    );
    assert_eq!(called(&["syscalls", "@swap"]), (OK, expected, String::new()));
}

#[test]
fn syscalls_without_set_prints_everything() {
    use syscalls::{Abi, groups, names};
    let (code, out, err) = called(&["syscalls"]);
    assert_eq!((code, err.as_str()), (OK, ""));
    let (sets, syscalls) = out.split_once("\n\n").unwrap();
    assert_eq!(sets.lines().count(), 1 + groups().count());
    let both = Abi::BOTH.into_iter().flat_map(names).map(|(_, name)| name);
    let expected: Vec<_> = both.collect::<std::collections::BTreeSet<_>>().into_iter().collect();
    let first = |line: &str| line.split_whitespace().next().unwrap().to_owned();
    let (syscalls, operations) = syscalls.split_once("\n\n").unwrap();
    assert_eq!(syscalls.lines().skip(1).map(first).collect::<Vec<_>>(), expected);
    let expected: Vec<_> = names(Abi::IoUring).map(|(_, name)| format!("uring:{name}")).collect();
    assert_eq!(operations.lines().skip(1).map(first).collect::<Vec<_>>(), expected);
    assert!(
        operations.contains("\nuring:openat            18      openat, open\n"),
        "{operations}"
    );
}

#[test]
fn syscalls_unknown_set_is_usage_error() {
    let (code, out, err) = called(&["syscalls", "@mout"]);
    assert_eq!((code, out.as_str()), (USAGE, ""));
    assert!(err.contains("no such set of syscalls (did you mean \"@mount\"?)"), "{err}");
}

#[test]
fn handlers_prints_each_handler_and_none() {
    let (code, out, err) = called(&["handlers"]);
    assert_eq!((code, err.as_str()), (OK, ""));
    let first = |line: &str| line.split_whitespace().next().unwrap().to_owned();
    let names: Vec<_> = out.lines().map(first).collect();
    let all = tailcalld::load::handlers().unwrap();
    let built_in = all.iter().map(|handler| handler.name.as_str());
    let expected: Vec<_> =
        ["HANDLER"].into_iter().chain(built_in).chain(["stack", "none"]).collect();
    assert_eq!(names, expected);
}

#[test]
fn wrong_command_line_is_usage_error() {
    for arguments in [
        vec!["chekc"],
        vec!["--output", "xml"],
        vec!["check", "-q", "-v"],
        vec!["check", "a", "--config", "b"],
        vec!["--config", "x", "check"],
        vec!["check", "a", "b"],
    ] {
        let (code, out, err) = called(&arguments);
        assert_eq!((code, out.as_str()), (USAGE, ""), "{arguments:?}");
        assert!(err.starts_with("error: "), "{err}");
    }
}

#[test]
fn closed_pipe_is_not_a_failure() {
    for command in [&["syscalls"][..], &["handlers"], &["check", "config/tailcalld.toml"]] {
        let (reader, writer) = nix::unistd::pipe().unwrap();
        drop(reader);
        let output = tailcalld(command).stdout(writer).stderr(Stdio::piped()).output().unwrap();
        assert_eq!((output.status.code(), output.stderr.as_slice()), (Some(OK), &[][..]));
    }
}

#[test]
fn full_output_is_a_failure() {
    let full = std::fs::File::options().write(true).open("/dev/full").unwrap();
    let Output { status, stderr, .. } =
        tailcalld(&["syscalls"]).stdout(full).stderr(Stdio::piped()).output().unwrap();
    assert_eq!(status.code(), Some(1));
    assert!(stderr.starts_with(b"tailcalld: "));
}

/// Returns the places and messages that `check` prints for a configuration.
fn faults_of(text: &str) -> String {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("c.toml");
    std::fs::write(&path, text).unwrap();
    let path = path.to_str().unwrap();
    let (code, out, err) = called(&["check", path]);
    assert_eq!((code, &*out), (CONFIG, ""), "{text}");
    let begin = format!("{path}:");
    let faults = err.lines().filter_map(|line| line.strip_prefix(&begin));
    faults.map(|fault| format!("{fault}\n")).collect()
}

#[test]
fn check_leads_to_mend_of_mistakes_in_the_field() {
    let cases = include_str!("fixtures/field.txt").split("=== ").skip(1);
    let mut count = 0;
    for case in cases {
        let (name, case) = case.split_once('\n').unwrap();
        let (text, expected) = case.split_once("---\n").unwrap();
        assert_eq!(faults_of(text), expected, "{name}");
        count += 1;
    }
    assert_eq!(count, 69);
}
