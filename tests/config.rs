//! Faults of configuration files, with their exact text.

#![allow(clippy::unwrap_used)] // helpers of tests are tests

use std::fs::{self, Permissions};
use std::os::unix::fs::{PermissionsExt, symlink};
use std::os::unix::net::UnixListener;
use std::path::{Path, PathBuf};

use nix::sys::stat::Mode;
use proptest::prelude::*;
use tailcalld::config::{self, Fault, Faults, Trust, drop_in_dir};
use tailcalld::plan;
use tempfile::TempDir;

#[path = "fixtures/handlers.rs"]
mod handlers;
use handlers::handlers;

/// Returns every fault of a file as it is printed, or nothing.
fn printed(path: impl AsRef<Path>) -> String {
    plan::read(path.as_ref(), &handlers())
        .err()
        .map(|faults| faults.to_string())
        .unwrap_or_default()
}

/// Returns the faults with the directory left out of the paths.
fn printed_in(directory: &TempDir, name: &str) -> String {
    let prefix = format!("{}/", directory.path().display());
    printed(directory.path().join(name)).replace(&prefix, "")
}

fn directory() -> TempDir {
    tempfile::tempdir().unwrap()
}

/// Creates a directory with a file `c.toml` of that content.
fn holding(content: impl AsRef<[u8]>) -> TempDir {
    let directory = directory();
    fs::write(directory.path().join("c.toml"), content).unwrap();
    directory
}

fn files_with(extension: &str) -> Vec<PathBuf> {
    let entries = fs::read_dir("tests/fixtures/faults").unwrap();
    let mut files: Vec<_> = entries.map(|entry| entry.unwrap().path()).collect();
    files.retain(|path| path.extension().is_some_and(|found| found == extension));
    files.sort();
    files
}

#[test]
fn read_fixtures_prints_expected_faults() {
    let files = files_with("toml");
    let expected: Vec<_> = files.iter().map(|file| file.with_extension("txt")).collect();
    assert_eq!(files_with("txt"), expected);
    for (file, expected) in files.iter().zip(expected) {
        let expected = fs::read_to_string(expected).unwrap();
        assert_eq!(printed(file) + "\n", expected, "{}", file.display());
    }
}

#[test]
fn read_drop_ins_reports_faults_in_order_of_reading() {
    let faults = plan::read("tests/fixtures/faulty.toml".as_ref(), &handlers()).unwrap_err();
    let lines: Vec<_> = faults.iter().map(Fault::line).collect();
    assert_eq!(
        lines,
        [
            "tests/fixtures/faulty.toml:2:10: unknown handler \"nobody\" for syscall \"execve\", \
             expected open, args, exec, timer, count, none",
            "tests/fixtures/faulty.d/a.toml:1:8: unclosed table, expected `]`",
            "tests/fixtures/faulty.d/b.toml:2:1: unknown syscall \"opeant\" \
             (did you mean \"openat\"?)",
        ]
    );
    assert_eq!(faults.line(), format!("{} (and 2 more faults)", lines[0]));
}

#[test]
fn read_ring_cpus_is_any_number_from_1_on() {
    let ring = |cpus: &str| {
        let directory = holding(format!("[routes]\nexecve = \"exec\"\n[ring]\ncpus = {cpus}\n"));
        let faults = plan::read(&directory.path().join("c.toml"), &handlers());
        let messages = |faults: Faults| faults.iter().map(|fault| fault.message.clone()).collect();
        faults.map(|plan| plan.ring_cpus).map_err(|faults| -> Vec<String> { messages(faults) })
    };
    let fault = |message: &str| Err(vec![message.to_owned()]);
    assert_eq!(ring("1"), Ok(1));
    assert_eq!(ring("100000"), Ok(100_000), "more than any machine has");
    assert_eq!(ring("0"), fault("ring cpus 0 is out of range, 1 or more"));
    assert_eq!(ring("-1"), fault("ring cpus -1 is out of range, 1 or more"));
    assert_eq!(ring("4294967296"), fault("ring cpus 4294967296 is out of range, 1 or more"));
    assert_eq!(ring("\"8\""), fault("found a string, expected a number of CPUs"));
}

#[test]
fn read_ring_size_out_of_range_is_fault() {
    let ring = |size: &str| {
        let directory = holding(format!("[routes]\nexecve = \"exec\"\n[ring]\nsize = {size}\n"));
        let faults = plan::read(&directory.path().join("c.toml"), &handlers());
        let messages = |faults: Faults| faults.iter().map(|fault| fault.message.clone()).collect();
        faults.map(|plan| plan.ring_bytes).map_err(|faults| -> Vec<String> { messages(faults) })
    };
    let fault = |message: &str| Err(vec![message.to_owned()]);
    let range = "is out of range, 64KiB to 1GiB";
    assert_eq!(ring("\"64KiB\""), Ok(65536));
    assert_eq!(ring("0x20000"), Ok(131_072));
    assert_eq!(ring("\"1GiB\""), Ok(1 << 30));
    assert_eq!(ring("\"32KiB\""), fault(&format!("ring size \"32KiB\" {range}")));
    assert_eq!(ring("\"2GiB\""), fault(&format!("ring size \"2GiB\" {range}")));
    assert_eq!(ring("\"17179869184GiB\""), fault(&format!("ring size \"17179869184GiB\" {range}")));
    assert_eq!(ring("-8"), fault(&format!("ring size -8 {range}")));
    assert_eq!(ring("\"lots\""), fault("\"lots\" is not a size, expected one such as \"8MiB\""));
    assert_eq!(
        ring("65537"),
        fault("ring size 65537 is not a power of two, which the kernel requires of a ring buffer")
    );
}

#[test]
fn read_unusual_file_is_fault() {
    let directory = directory();
    let at = |name: &str| directory.path().join(name);
    fs::create_dir(at("directory")).unwrap();
    nix::unistd::mkfifo(&at("fifo"), Mode::S_IRWXU).unwrap();
    let _listener = UnixListener::bind(at("socket")).unwrap();
    fs::File::create(at("large")).unwrap().set_len(1 << 30).unwrap();
    fs::write(at("nul"), "[routes]\nexecve = \"ex\0ec\"\n").unwrap();
    fs::write(at("latin"), b"[routes]\n# caf\xe9\n").unwrap();
    fs::write(at("open"), "[routes]\nexecve = \"exec\"\n").unwrap();
    fs::set_permissions(at("open"), Permissions::from_mode(0o646)).unwrap();
    symlink("nowhere", at("dangling")).unwrap();
    let printed = |name| printed_in(&directory, name);
    let missing = "does not exist; create it, or name another file on the command line";
    assert_eq!(printed("missing"), format!("missing: {missing}"));
    assert_eq!(
        printed("dangling"),
        "dangling: is a link to a file that does not exist; restore that file, or remove the link"
    );
    assert_eq!(printed("directory"), "directory: is a directory, expected a TOML file");
    assert_eq!(printed("fifo"), "fifo: is a FIFO, expected a TOML file");
    assert_eq!(printed("/dev/zero"), "/dev/zero: is a device, expected a TOML file");
    assert_eq!(printed("socket"), "socket: is a socket or an absent device, expected a TOML file");
    assert_eq!(printed("large"), "large: is larger than 1 MiB, the limit for a configuration file");
    assert_eq!(printed("nul"), "nul: has a NUL byte in line 2, expected a text file");
    assert_eq!(
        printed("latin"),
        "latin: is not UTF-8 in line 2; convert it, for instance with iconv -t UTF-8"
    );
    assert_eq!(
        printed("open"),
        format!(
            "open: is writable by everyone (mode 0646, owner {}), so anyone could change what is traced; \
             run: chmod o-w 'open'",
            nix::unistd::geteuid()
        )
    );
}

#[test]
fn read_file_above_one_mebibyte_is_fault() {
    let mut content = "[routes]\nexecve = \"exec\"\n#".to_owned();
    content.extend(std::iter::repeat_n('x', (1 << 20) - content.len()));
    assert_eq!(printed_in(&holding(&content), "c.toml"), "");
    content.push('x');
    let large = "c.toml: is larger than 1 MiB, the limit for a configuration file";
    assert_eq!(printed_in(&holding(&content), "c.toml"), large);
}

#[test]
fn read_byte_order_mark_and_carriage_returns_keep_positions() {
    let directory = holding("\u{feff}[routs]\r\n[routes]\r\nexecve = \"exec\"\r\nopen =\r\n");
    assert_eq!(
        printed_in(&directory, "c.toml"),
        "c.toml:1:2: unknown table \"routs\" (did you mean \"routes\"?)\n  |\n1 | [routs]\n  |  \
         ^^^^^\nc.toml:4:7: string values must be quoted, expected literal string\n  |\n4 | open =\n  |       ^"
    );
    assert_eq!(printed_in(&holding("\u{feff}[routes]\r\nexecve = \"exec\"\r\n"), "c.toml"), "");
}

#[test]
fn read_fault_at_end_is_in_last_line() {
    let directory = holding("[routes]\nexecve = \"\"\"exec\n");
    let printed = printed_in(&directory, "c.toml");
    assert_eq!(
        printed,
        "c.toml:2:17: invalid multi-line basic string, expected `\"`\n  |\n\
         2 | execve = \"\"\"exec\n  |                 ^"
    );
}

#[test]
fn read_fault_escapes_control_characters() {
    let directory = holding("[routes]\n\t\"日\\u001b\u{202e}本\" = \"args\"\n#\x7f\n");
    assert_eq!(
        printed_in(&directory, "c.toml"),
        "c.toml:2:2: unknown syscall \"日\\u{1b}\\u{202e}本\"; `tailcalld syscalls` lists all\n  |\
         \n2 |     \"日\\u001b\u{fffd}本\" = \"args\"\n  |     ^^^^^^^^^^^^^\n\
         c.toml:3:2: invalid comment character, expected printable characters\n  |\n3 | #\u{fffd}\n  |  ^"
    );
}

#[test]
fn read_many_faults_stops_at_limit() {
    let directory = holding((0..1000).map(|n| format!("x{n} = 1\n")).collect::<String>());
    let faults = plan::read(&directory.path().join("c.toml"), &handlers()).unwrap_err();
    assert_eq!(faults.iter().count(), 501);
    let first = faults.iter().next().unwrap();
    assert_eq!(
        (first.position, first.message.as_str()),
        (None, "has 500 faults or more; not all are shown")
    );
}

#[test]
fn read_unusual_drop_in_directory_is_fault() {
    assert_eq!(drop_in_dir("/etc/tailcalld.toml".as_ref()), Path::new("/etc/tailcalld.d"));
    let directory = holding("[routes]\nexecve = \"exec\"\n");
    let drop_ins = directory.path().join("c.d");
    fs::write(&drop_ins, "").unwrap();
    assert_eq!(
        printed_in(&directory, "c.toml"),
        "c.d: is not a directory; drop-ins are *.toml files in a directory of that name"
    );
    fs::remove_file(&drop_ins).unwrap();
    fs::create_dir(&drop_ins).unwrap();
    assert_eq!(printed_in(&directory, "c.toml"), "");
    fs::create_dir(drop_ins.join("a.toml")).unwrap();
    assert_eq!(
        printed_in(&directory, "c.toml"),
        "c.d/a.toml: is a directory, expected a TOML file"
    );
    fs::remove_dir(drop_ins.join("a.toml")).unwrap();
    fs::set_permissions(&drop_ins, Permissions::from_mode(0o777)).unwrap();
    assert_eq!(
        printed_in(&directory, "c.toml"),
        format!(
            "c.d: is writable by everyone (mode 0777, owner {}), so anyone could change what is traced; \
             run: chmod go-w 'c.d'",
            nix::unistd::geteuid()
        )
    );
}

#[test]
fn read_too_many_drop_ins_is_fault() {
    let directory = holding("[routes]\nexecve = \"exec\"\n");
    let drop_ins = directory.path().join("c.d");
    fs::create_dir(&drop_ins).unwrap();
    (0..257).for_each(|nth| fs::write(drop_ins.join(format!("{nth}.toml")), "").unwrap());
    assert_eq!(printed_in(&directory, "c.toml"), "c.d: holds 257 drop-ins, at most 256 are read");
}

/// Reads the bytes as a file; each fault must be where the file has something.
fn positions_are_in_the_file(bytes: &[u8]) {
    let directory = holding(bytes);
    let loaded =
        config::load(&directory.path().join("c.toml"), &[], &Trust::of_reader(), &handlers());
    let (_, conflicts) = plan::build(&loaded.config, &handlers());
    let text = String::from_utf8_lossy(bytes);
    let text = text.strip_prefix('\u{feff}').unwrap_or(&text);
    // An empty file has a first line too.
    let lines: Vec<&str> = if text.is_empty() { vec![""] } else { text.lines().collect() };
    for fault in loaded.faults.iter().chain(&conflicts) {
        let Some(position) = fault.position else { continue };
        let line = lines.get(position.line - 1).unwrap_or_else(|| panic!("{fault}"));
        assert!(position.column <= line.chars().count() + 1, "{fault}");
        let printed = fault.to_string();
        assert!(printed.chars().all(|c| c == '\n' || !c.is_control()), "{printed:?}");
        assert_eq!(printed.lines().count(), 4, "{printed}");
    }
}

const VALID: &str = include_str!("fixtures/valid.toml");

/// Fragments of TOML files, with typical mistakes.
const PIECES: &[&str] = &[
    "\"",
    "'",
    "\"\"\"",
    "[",
    "]",
    "[[",
    "{",
    "}",
    "=",
    ",",
    ".",
    "#",
    "\n",
    "\r\n",
    "\r",
    "\t",
    "@",
    "none",
    "0x",
    "-",
    "_",
    "\\",
    "\u{feff}",
    "\u{1b}",
    "日",
    "\n[routes]\n",
    "handler",
    "priority",
    "999999999999999999999",
    "KiB",
    "!",
    "*",
    " & ",
    "|",
    ">=",
    "1-",
    "/s",
    "'",
    "argument",
    "limit",
];

proptest! {
    #[test]
    fn read_random_bytes_reports_valid_positions(bytes in prop::collection::vec(any::<u8>(), 0..400)) {
        positions_are_in_the_file(&bytes);
    }

    #[test]
    fn read_random_text_reports_valid_positions(parts in prop::collection::vec(prop::sample::select(PIECES), 0..60)) {
        positions_are_in_the_file(parts.concat().as_bytes());
    }

    #[test]
    fn read_mutated_file_reports_valid_positions(
        changes in prop::collection::vec(
            (any::<prop::sample::Index>(), 0..8_usize, prop::sample::select(PIECES)), 1..6
        )
    ) {
        let mut text: Vec<char> = VALID.chars().collect();
        for (place, cut, insert) in changes {
            let at = place.index(text.len() + 1);
            let end = (at + cut).min(text.len());
            text.splice(at..end, insert.chars());
        }
        positions_are_in_the_file(text.iter().collect::<String>().as_bytes());
    }
}

#[test]
fn read_file_before_mutation_is_valid() {
    assert_eq!(printed("tests/fixtures/valid.toml"), "");
}
