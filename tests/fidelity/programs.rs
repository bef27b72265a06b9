//! Programs that run under strace. Each is a script of `programs/` in a folder of its own.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use crate::observed::{Threads, by_strace};
use crate::rig::Setup;

/// A script, and what it cannot do without.
#[derive(Debug)]
pub struct Program {
    pub name: &'static str,
    runs_by: &'static str,
    needs: &'static [&'static str],
}

const PROGRAMS: &[Program] = &[
    Program { name: "sh.sh", runs_by: "sh", needs: &[] },
    Program { name: "bash.sh", runs_by: "bash", needs: &["bash"] },
    Program { name: "coreutils.sh", runs_by: "sh", needs: &["ls", "find"] },
    Program { name: "python.py", runs_by: "/usr/bin/python3", needs: &["/usr/bin/python3"] },
    Program { name: "descriptors.py", runs_by: "/usr/bin/python3", needs: &["/usr/bin/python3"] },
    Program { name: "git.sh", runs_by: "sh", needs: &["git"] },
    Program { name: "curl.sh", runs_by: "sh", needs: &["curl", "/usr/bin/python3"] },
    Program { name: "compiler.sh", runs_by: "sh", needs: &["cc"] },
    Program { name: "tour.sh", runs_by: "sh", needs: &["cc"] },
    Program { name: "compat.sh", runs_by: "sh", needs: &["cc"] },
];

/// Programs whose descriptors are compared by name: files, sockets of each family, pipes, files of the kernel.
const NAMED: [&str; 5] = ["descriptors.py", "python.py", "sh.sh", "curl.sh", "tour.sh"];

/// Returns those programs.
pub fn named() -> impl Iterator<Item = &'static Program> {
    programs().filter(|program| NAMED.contains(&program.name))
}

/// All of this machine. One that lacks something is left out, which is said, and fails under `CI=true`.
pub fn programs() -> impl Iterator<Item = &'static Program> {
    PROGRAMS.iter().filter(|program| program.is_there())
}

/// The file that `strace` is: that of `TAILCALLD_STRACE`, or the first in `PATH`.
pub fn strace() -> PathBuf {
    let asked_for = std::env::var_os("TAILCALLD_STRACE").map(PathBuf::from);
    let found = asked_for
        .or_else(|| find("strace"))
        .expect("strace is installed: sudo sh scripts/setup.sh test");
    fs::canonicalize(found).unwrap()
}

fn find(name: &str) -> Option<PathBuf> {
    let path = std::env::var_os("PATH").unwrap_or_default();
    std::env::split_paths(&path).map(|folder| folder.join(name)).find(|file| file.is_file())
}

impl Program {
    fn is_there(&self) -> bool {
        let missing: Vec<_> = self.needs.iter().filter(|name| find(name).is_none()).collect();
        if !missing.is_empty() {
            assert_ne!(std::env::var("CI").as_deref(), Ok("true"), "{}: {missing:?}", self.name);
            eprintln!("SKIPPED: {} needs {missing:?}", self.name);
        }
        missing.is_empty()
    }

    /// Runs it to its end under strace with `options`; what strace saw.
    pub fn run(&'static self, setup: &Setup, options: &[&str]) -> (&'static Self, Threads) {
        let (traces, work) = (setup.path(&format!("{}.d", self.name)), setup.path(self.name));
        for folder in [&traces, &work] {
            fs::create_dir(folder).unwrap();
        }
        let scripts = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/fidelity/programs");
        let mut command = Command::new(strace());
        command.args(options).args(["-ff", "-s", "32", "-o"]).arg(traces.join("out"));
        command.arg(self.runs_by).arg(scripts.join(self.name)).arg(&scripts);
        let silent = fs::File::create(setup.path("output")).unwrap();
        let errors = silent.try_clone().unwrap();
        command.current_dir(&work).stdin(Stdio::null()).stdout(silent).stderr(errors);
        command.env("HOME", &work).env_remove("LD_LIBRARY_PATH");
        let status = command.status().unwrap();
        let said = || fs::read_to_string(setup.path("output")).unwrap();
        assert!(status.success(), "{} {status}:\n{}", self.name, said());
        (self, by_strace(&traces))
    }
}
