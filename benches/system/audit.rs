//! auditd with one rule, on a machine that has no auditing of its own. Once auditing was on, every
//! new task carries an audit context for life, so this comes last.

use std::fs::{self, Permissions};
use std::os::unix::fs::PermissionsExt as _;
use std::process::{Child, ChildStdin, Command, Stdio};

use anyhow::{Context as _, Result, bail};

use crate::bench::Bench;
use crate::peers::{find, find_file, unpacked};
use crate::running::{Running, TIMEOUT, pinned, wait_until};

/// Waits until we let go of its input, however we end, and then puts auditing back.
const PUT_BACK: &str = r#"
trap '' INT TERM
cat >/dev/null
{ "$1" -D; "$1" -e 0; "$1" -b "$2"; } >/dev/null
"#;

/// Records that may wait for auditd; Debian's own rules set it so. With the kernel's 64 the processes
/// that are audited wait instead.
const BACKLOG: &str = "8192";

/// Auditing, changed until dropped.
struct Changed {
    let_go: Option<ChildStdin>,
    keeper: Child,
}

impl Changed {
    /// Refuses where auditing is the machine's own.
    fn begin() -> Result<Self> {
        unused()?;
        let mut keeper = Command::new("sh");
        keeper.args(["-c", PUT_BACK, "sh"]).arg(find("auditctl")?).arg(status("backlog_limit")?);
        let mut keeper = unpacked(&mut keeper).stdin(Stdio::piped()).spawn()?;
        Ok(Self { let_go: keeper.stdin.take(), keeper })
    }
}

impl Drop for Changed {
    fn drop(&mut self) {
        self.let_go.take();
        let _ = self.keeper.wait();
    }
}

/// auditd, and auditing on, until dropped.
pub struct Audit {
    pub daemon: Running,
    _changed: Changed,
}

impl Audit {
    /// With a rule in auditctl's words.
    pub fn start(bench: &Bench, rule: &[&str]) -> Result<Self> {
        let changed = Changed::begin()?;
        let audit = Self { daemon: Running::spawn(&mut auditd(bench)?)?, _changed: changed };
        if !wait_until(|| status("pid").is_ok_and(|pid| pid != "0"), TIMEOUT) {
            bail!("auditd did not come up");
        }
        auditctl(&["-b", BACKLOG])?;
        auditctl(&["-e", "1"])?;
        auditctl(rule)?;
        Ok(audit)
    }
}

/// New tasks without an audit context, until dropped, though auditing was on before in this boot.
pub struct Spared {
    _changed: Changed,
}

impl Spared {
    pub fn begin() -> Result<Self> {
        let changed = Changed::begin()?;
        auditctl(&["-a", "never,task"])?;
        Ok(Self { _changed: changed })
    }
}

/// A daemon, rules or switched-on auditing of the machine's own are not ours to take away.
fn unused() -> Result<()> {
    if status("pid")? != "0" || status("enabled")? != "0" {
        bail!("auditing is in use on this machine");
    }
    if auditctl(&["-l"])?.trim() != "No rules" {
        bail!("this machine has audit rules");
    }
    Ok(())
}

/// Returns auditd with the default configuration of the distribution, but with its log in memory.
fn auditd(bench: &Bench) -> Result<Command> {
    let folder = bench.folder().join("audit");
    fs::create_dir_all(folder.join("plugins.d"))?;
    let shown = folder.display().to_string();
    let ours = [
        ("log_file", format!("{shown}/audit.log")),
        ("log_group", "root".to_owned()),
        ("plugin_dir", format!("{shown}/plugins.d")),
    ];
    let theirs = fs::read_to_string(find_file("etc/audit/auditd.conf")?)?;
    let is_ours = |line: &&str| ours.iter().any(|(name, _)| line.starts_with(name));
    let mut text: String = theirs.lines().filter(|line| !is_ours(line)).map(line_of).collect();
    text.extend(ours.iter().map(|(name, value)| format!("{name} = {value}\n")));
    fs::write(folder.join("auditd.conf"), text)?;
    fs::set_permissions(folder.join("auditd.conf"), Permissions::from_mode(0o640))?;
    let mut command = pinned(&bench.tool_cpus, find("auditd")?);
    command.args(["-n", "-c"]).arg(folder).stdout(Stdio::null()).stderr(Stdio::null());
    unpacked(&mut command);
    Ok(command)
}

fn line_of(line: &str) -> String {
    format!("{line}\n")
}

/// Records that the kernel could not hand out since it was booted.
pub fn lost() -> Result<u64> {
    Ok(status("lost")?.parse()?)
}

/// Records that did not fit into the netlink socket of a process that listens to auditing.
pub fn dropped(pid: u32) -> Result<u64> {
    let text = fs::read_to_string("/proc/net/netlink")?;
    let lines = text.lines().map(|line| line.split_whitespace().collect::<Vec<_>>());
    // sk Eth Pid Groups Rmem Wmem Dump Locks Drops Inode
    let mut sockets =
        lines.filter(|it| it.get(1) == Some(&"9") && it.get(2) == Some(&&*pid.to_string()));
    let drops = sockets.next().and_then(|it| it.get(8)?.parse().ok());
    drops.context("the process does not listen to auditing")
}

/// One value of `auditctl -s`.
fn status(name: &str) -> Result<String> {
    let text = auditctl(&["-s"])?;
    let mut lines = text.lines().filter_map(|line| line.split_once(' '));
    let found = lines.find(|(key, _)| *key == name);
    Ok(found.context("auditctl tells no status")?.1.to_owned())
}

fn auditctl(words: &[&str]) -> Result<String> {
    let mut command = Command::new(find("auditctl")?);
    let output = unpacked(&mut command).args(words).output()?;
    if !output.status.success() {
        bail!("auditctl: {}", String::from_utf8_lossy(&output.stderr).trim());
    }
    Ok(String::from_utf8_lossy(&output.stdout).into_owned())
}
