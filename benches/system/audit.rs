//! auditd with one rule, on a machine that has no auditing of its own. Once auditing was on, every
//! new task carries an audit context for life, so this comes last.

use std::fs::{self, Permissions};
use std::os::unix::fs::PermissionsExt as _;
use std::process::{ChildStdin, Command, Stdio};

use anyhow::{Context as _, Result, bail};

use crate::bench::Bench;
use crate::peers::{find, unpacked};
use crate::running::{PATIENCE, Running, pinned, wait_until};

/// Waits until we let go of its input, however we end, and then puts auditing back.
const PUT_BACK: &str = r#"
trap '' INT TERM
cat >/dev/null
"$1" -D >/dev/null
"$1" -e 0 >/dev/null
"#;

/// auditd, and auditing on, until dropped.
pub struct Audit {
    pub daemon: Running,
    let_go: Option<ChildStdin>,
    keeper: std::process::Child,
}

impl Audit {
    /// With a rule in auditctl's words.
    pub fn start(bench: &Bench, rule: &[&str]) -> Result<Self> {
        let auditctl = find("auditctl")?;
        unused()?;
        let mut keeper = unpacked(&mut Command::new("sh"))
            .args(["-c", PUT_BACK, "sh"])
            .arg(&auditctl)
            .stdin(Stdio::piped())
            .spawn()?;
        let let_go = keeper.stdin.take();
        let daemon = Running::spawn(&mut auditd(bench)?);
        let audit = Self { daemon: daemon?, let_go, keeper };
        if !wait_until(|| status("pid").is_ok_and(|pid| pid != "0"), PATIENCE) {
            bail!("auditd did not come up");
        }
        auditctl_do(&["-e", "1"])?;
        auditctl_do(rule)?;
        Ok(audit)
    }
}

impl Drop for Audit {
    fn drop(&mut self) {
        self.daemon.stop();
        self.let_go.take();
        let _ = self.keeper.wait();
    }
}

/// A daemon, rules or switched-on auditing of the machine's own are not ours to take away.
fn unused() -> Result<()> {
    if status("pid")? != "0" || status("enabled")? != "0" {
        bail!("auditing is in use on this machine");
    }
    if auditctl_do(&["-l"])?.trim() != "No rules" {
        bail!("this machine has audit rules");
    }
    Ok(())
}

/// Its own configuration: the log in memory, the rest as the distribution has it.
fn auditd(bench: &Bench) -> Result<Command> {
    let folder = bench.folder().join("audit");
    fs::create_dir_all(folder.join("plugins.d"))?;
    let shown = folder.display();
    let configuration = format!(
        "local_events = yes\nwrite_logs = yes\nlog_file = {shown}/audit.log\nlog_group = root\n\
         log_format = ENRICHED\nflush = INCREMENTAL_ASYNC\nfreq = 50\nmax_log_file = 64\n\
         num_logs = 5\npriority_boost = 4\nmax_log_file_action = ROTATE\n\
         plugin_dir = {shown}/plugins.d\nq_depth = 2000\n"
    );
    fs::write(folder.join("auditd.conf"), configuration)?;
    fs::set_permissions(folder.join("auditd.conf"), Permissions::from_mode(0o640))?;
    let mut command = pinned(bench.tool_cpu, find("auditd")?);
    command.args(["-n", "-c"]).arg(folder).stdout(Stdio::null()).stderr(Stdio::null());
    unpacked(&mut command);
    Ok(command)
}

/// One value of `auditctl -s`.
fn status(name: &str) -> Result<String> {
    let text = auditctl_do(&["-s"])?;
    let mut lines = text.lines().filter_map(|line| line.split_once(' '));
    let found = lines.find(|(key, _)| *key == name);
    Ok(found.context("auditctl tells no status")?.1.to_owned())
}

fn auditctl_do(words: &[&str]) -> Result<String> {
    let mut command = Command::new(find("auditctl")?);
    let output = unpacked(&mut command).args(words).output()?;
    if !output.status.success() {
        bail!("auditctl: {}", String::from_utf8_lossy(&output.stderr).trim());
    }
    Ok(String::from_utf8_lossy(&output.stdout).into_owned())
}
