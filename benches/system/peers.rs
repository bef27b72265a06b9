//! The tools that are measured beside ours: where they are, which version, how they are started.

use std::fs::{self, File};
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use anyhow::{Context as _, Result, bail};

use crate::bench::Bench;
use crate::running::{Running, TIMEOUT, pinned, wait_until};

/// Directory in which `scripts/peers.sh` unpacks what it does not install.
const UNPACKED: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/target/peers");

/// A Debian kernel's headers there, for BCC on a machine without its own.
const HEADERS: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/target/peers/headers");

/// The tools look for tracefs in the usual places. In a mount namespace of their own, so that
/// nothing stays mounted.
const WITH_TRACEFS: &str = "
mount -t debugfs debugfs /sys/kernel/debug 2>/dev/null
mount -t tracefs tracefs /sys/kernel/tracing 2>/dev/null
exec \"$@\"
";

/// A peer that runs, and where it writes to.
pub struct Peer {
    pub running: Running,
    pub output: PathBuf,
}

/// Every peer by name: what it says of itself, or why it is absent.
pub fn versions() -> Vec<(&'static str, Result<String>)> {
    let bcc = "import bcc; print(bcc.__version__)";
    let asked: [(&str, &[&str]); 6] = [
        ("bpftrace", &["bpftrace", "--version"]),
        ("perf", &["perf", "--version"]),
        ("strace", &["strace", "--version"]),
        ("auditd", &["auditctl", "-v"]),
        ("BCC", &["/usr/bin/python3", "-c", bcc]),
        ("clang", &["clang", "--version"]),
    ];
    asked.map(|(name, words)| (name, version(words))).into()
}

fn version(words: &[&str]) -> Result<String> {
    let output = unpacked(&mut Command::new(find(words[0])?)).args(&words[1..]).output()?;
    if !output.status.success() {
        bail!(last_line(&String::from_utf8_lossy(&output.stderr)));
    }
    Ok(String::from_utf8_lossy(&output.stdout).lines().next().unwrap_or_default().to_owned())
}

/// Starts one, and waits until it has attached what it attaches.
pub fn start(bench: &Bench, words: &[&str], is_ready: impl Fn(&Peer) -> bool) -> Result<Peer> {
    let output = bench.folder().join("output");
    let errors = bench.folder().join("errors");
    let mut command = tracer(bench, words)?;
    command.stdin(Stdio::null()).stdout(File::create(&output)?).stderr(File::create(&errors)?);
    let mut peer = Peer { running: Running::spawn(&mut command)?, output };
    let mut has_ended = false;
    let is_done = wait_until(
        || {
            has_ended = peer.running.check().is_err();
            has_ended || is_ready(&peer)
        },
        TIMEOUT,
    );
    if has_ended || !is_done {
        bail!("{}", last_line(&fs::read_to_string(errors)?));
    }
    Ok(peer)
}

/// A command on the tools' CPU.
pub fn tracer(bench: &Bench, words: &[&str]) -> Result<Command> {
    let mut command = pinned(&bench.tool_cpus, "unshare");
    command.args(["-m", "sh", "-c", WITH_TRACEFS, "sh"]).arg(find(words[0])?).args(&words[1..]);
    if Path::new(HEADERS).exists() && std::env::var_os("BCC_KERNEL_SOURCE").is_none() {
        command.env("BCC_KERNEL_SOURCE", HEADERS);
    }
    unpacked(&mut command);
    Ok(command)
}

/// It wrote a line that says so.
pub fn says_ready(peer: &Peer) -> bool {
    fs::read(&peer.output).is_ok_and(|text| text.windows(5).any(|word| word == b"ready"))
}

/// It has opened perf events, and no more for a while: the last thing that it does before it waits.
pub fn has_attached(peer: &Peer) -> bool {
    let before = perf_events(peer.running.pid());
    std::thread::sleep(std::time::Duration::from_millis(200));
    before > 0 && before == perf_events(peer.running.pid())
}

fn perf_events(pid: u32) -> usize {
    let Ok(entries) = fs::read_dir(format!("/proc/{pid}/fd")) else { return 0 };
    let links = entries.flatten().filter_map(|entry| fs::read_link(entry.path()).ok());
    links.filter(|link| link.to_string_lossy().contains("perf_event")).count()
}

/// In the search path, or among what was unpacked.
pub fn find(program: &str) -> Result<PathBuf> {
    let path = std::env::var("PATH").unwrap_or_default();
    let unpacked = ["sbin", "usr/sbin"].map(|folder| Path::new(UNPACKED).join(folder));
    let system = ["/usr/sbin", "/sbin"].map(PathBuf::from);
    let folders = std::env::split_paths(&path).chain(system).chain(unpacked);
    let mut files = folders.map(|folder| folder.join(program));
    match files.find(|file| file.is_file()) {
        Some(file) => Ok(file),
        None => bail!("not installed"),
    }
}

/// A file of the system, or of what was unpacked.
pub fn find_file(path: &str) -> Result<PathBuf> {
    let mut files = ["/", UNPACKED].map(|folder| Path::new(folder).join(path)).into_iter();
    files.find(|file| file.is_file()).with_context(|| format!("there is no {path}"))
}

/// With the libraries that were unpacked, if the program was.
pub fn unpacked(command: &mut Command) -> &mut Command {
    let machine = std::env::consts::ARCH;
    let folders = ["lib", "usr/lib"].map(|lib| format!("{UNPACKED}/{lib}/{machine}-linux-gnu"));
    if folders.iter().any(|folder| Path::new(folder).exists()) {
        command.env("LD_LIBRARY_PATH", folders.join(":"));
    }
    command
}

fn last_line(text: &str) -> String {
    let mut lines = text.lines().filter(|line| !line.trim().is_empty());
    lines.next_back().unwrap_or("it did not get ready in time").trim().to_owned()
}
