//! Starts that fail, each with its exit code, cause and advice; and a second start beside a daemon.

use std::fs;
use std::io::Read as _;
use std::os::unix::fs::{MetadataExt as _, PermissionsExt as _, chown};
use std::os::unix::process::CommandExt as _;
use std::path::Path;
use std::process::{Command, Stdio};

use crate::memory_group::Group;
use crate::number::unused_number;
use crate::process::{Process, trigger};
use crate::records::{counted, events_of};
use crate::rig::Setup;

const UNAVAILABLE: i32 = 69;
const NO_PERMISSION: i32 = 77;
const CONFIG: i32 = 78;

const GOOD: &str = "[routes]\n510 = \"count\"\n";

/// Starts a daemon behind `prefix`, which must fail, and returns its exit code and standard error.
fn failed(setup: &Setup, prefix: &[&str], output: &str) -> (i32, String) {
    let mut command = setup.command(prefix, output);
    let mut daemon = Process::spawn(command.stdout(Stdio::piped()));
    let written = std::io::read_to_string(daemon.stdout()).unwrap();
    let status = daemon.wait();
    assert_eq!(written, "", "a record of a daemon that never ran");
    let stderr = fs::read_to_string(setup.path("stderr")).unwrap();
    (status.code().unwrap_or_else(|| panic!("{status}: {stderr}")), stderr)
}

#[test]
fn start_with_faulty_file_reports_every_fault() {
    let Some(setup) = Setup::new("[routes]\n510 = \"cuont\"\n\n[rign]\n") else { return };
    let (code, stderr) = failed(&setup, &[], "json");
    let path = setup.config();
    let path = path.display();
    let first = format!("{path}:2:7: unknown handler \"cuont\" for syscall \"510\"");
    let second = format!("{path}:4:2: unknown table \"rign\" (did you mean \"ring\"?)");
    assert_eq!(code, CONFIG);
    assert!(stderr.contains(&first) && stderr.contains(&second), "{stderr}");
    // Nothing was taken: it ended before the lock.
    assert!(!setup.path("run").exists());
}

#[test]
fn start_without_capability_names_it() {
    let Some(setup) = Setup::new(GOOD) else { return };
    // Root without the rights, as in a container.
    for (bounds, missing) in
        [("-bpf,-sys_admin", "CAP_BPF"), ("-perfmon,-sys_admin", "CAP_PERFMON")]
    {
        let prefix = ["setpriv", &format!("--bounding-set={bounds}"), "--inh-caps=-all"];
        let (code, stderr) = failed(&setup, &prefix, "json");
        assert_eq!(code, NO_PERMISSION, "{stderr}");
        let expected = format!(
            "tailcalld: not allowed to load BPF programs ({missing} is missing): run tailcalld as root, \
             with sudo, or as the service\n"
        );
        assert_eq!(stderr, expected);
    }
}

#[test]
fn start_with_bpf_and_perfmon_only_succeeds() {
    let number = unused_number();
    let Some(setup) = Setup::new(&format!("[routes]\n{number} = \"args\"\n")) else { return };
    let caps = "--bounding-set=-all,+bpf,+perfmon";
    let command = setup.command(&["setpriv", caps, "--inh-caps=-all"], "json");
    let mut daemon = setup.spawn(command);
    daemon.records.next("started");
    let name = trigger(&["times", "50", "native", &number, "nth"]);
    assert_eq!(counted(&events_of(&daemon.stop(), &name), "0"), (0..50).collect());
}

#[test]
fn start_with_few_open_files_raises_limit_or_names_it() {
    let Some(setup) = Setup::new(GOOD) else { return };
    let (code, stderr) = failed(&setup, &["prlimit", "--nofile=16:16"], "json");
    assert_eq!(code, UNAVAILABLE, "{stderr}");
    let expected = "tailcalld: the limit of open files is 16, at least 160 are needed: set LimitNOFILE=160 or \
                    more in a drop-in of the unit, or run `ulimit -n 160` before\n";
    assert_eq!(stderr, expected);
    // At the limit itself it also answers.
    let command = setup.command(&["prlimit", "--nofile=16:160"], "json");
    let mut daemon = setup.spawn(command);
    daemon.records.next("started");
    let mut client = Command::new(env!("CARGO_BIN_EXE_tailcalld"));
    let client = client.arg("stats").env("RUNTIME_DIRECTORY", daemon.setup.path("run"));
    assert!(client.stdout(Stdio::null()).status().unwrap().success());
    daemon.stop();
}

#[test]
fn start_without_procfs_names_it() {
    let Some(setup) = Setup::new(GOOD) else { return };
    let prefix = [
        "unshare",
        "-m",
        "sh",
        "-c",
        "while umount -l /proc 2>/dev/null; do :; done; exec \"$@\"",
        "sh",
    ];
    let (code, stderr) = failed(&setup, &prefix, "json");
    assert_eq!(code, UNAVAILABLE, "{stderr}");
    let expected = "tailcalld: failed to read /proc/self/status (No such file or directory (os error 2)): \
                    mount procfs at /proc\n";
    assert_eq!(stderr, expected);
}

/// Returns a prefix that runs a script in a mount namespace of its own and then the daemon. The script finds the
/// directory of the test in `$0`.
fn in_namespace<'a>(directory: &'a str, script: &'a str) -> [&'a str; 6] {
    ["unshare", "-m", "sh", "-c", script, directory]
}

const OTHER_DIRECTORY: &str = "name another runtime directory with RUNTIME_DIRECTORY=";

#[test]
fn start_with_read_only_runtime_directory_names_it() {
    let Some(setup) = Setup::new(GOOD) else { return };
    let directory = setup.path("").to_string_lossy().trim_end_matches('/').to_owned();
    let script = "mount --bind \"$0\" \"$0\" && mount -o remount,bind,ro \"$0\" && exec \"$@\"";
    let (code, stderr) = failed(&setup, &in_namespace(&directory, script), "json");
    assert_eq!(code, UNAVAILABLE, "{stderr}");
    let expected = format!(
        "tailcalld: failed to create {directory}/run (Read-only file system (os error 30)): mount a file system \
         there that can be written, or {OTHER_DIRECTORY}\n"
    );
    assert_eq!(stderr, expected);
}

#[test]
fn start_with_full_runtime_directory_names_it() {
    let Some(setup) = Setup::new(GOOD) else { return };
    fs::create_dir(setup.path("run")).unwrap();
    let run = setup.path("run").to_string_lossy().into_owned();
    let script = "mount -t tmpfs -o size=4k,mode=0700 tmpfs \"$0\" && \
                  head -c 4096 /dev/zero >\"$0/full\" && exec \"$@\"";
    let (code, stderr) = failed(&setup, &in_namespace(&run, script), "json");
    assert_eq!(code, 1, "{stderr}");
    let expected = format!(
        "tailcalld: failed to write {run}/lock (No space left on device (os error 28)): free space there, or \
         {OTHER_DIRECTORY}: No space left on device (os error 28)\n"
    );
    assert_eq!(stderr, expected);
}

/// The service has no CAP_DAC_OVERRIDE: files of others, and those without permissions, are closed to it.
#[test]
fn start_with_closed_file_or_folder_names_it() {
    let caps = ["setpriv", "--bounding-set=-all,+bpf,+perfmon", "--inh-caps=-all"];
    for closed in ["tailcalld.toml", "tailcalld.d", "tailcalld.d/50.toml"] {
        let Some(setup) = Setup::new(GOOD) else { return };
        fs::create_dir(setup.path("tailcalld.d")).unwrap();
        fs::write(setup.path("tailcalld.d/50.toml"), GOOD).unwrap();
        let path = setup.path(closed);
        fs::set_permissions(&path, fs::Permissions::from_mode(0o000)).unwrap();
        let (code, stderr) = failed(&setup, &caps, "json");
        assert_eq!(code, CONFIG, "{stderr}");
        let path = path.display();
        let expected = format!(
            "{path}: cannot be read without CAP_DAC_OVERRIDE, which the service does not have; run: chown root \
             '{path}' && chmod u+rX '{path}'"
        );
        assert!(stderr.contains(&expected), "{stderr}");
    }
    let Some(setup) = Setup::new(GOOD) else { return };
    fs::create_dir(setup.path("run")).unwrap();
    fs::write(setup.path("run/lock"), "").unwrap();
    let closed = |name: &str| fs::Permissions::from_mode(if name == "run" { 0o000 } else { 0o600 });
    for name in ["run/lock", "run"] {
        fs::set_permissions(setup.path(name), closed(name)).unwrap();
    }
    let (code, stderr) = failed(&setup, &caps, "json");
    assert_eq!(code, NO_PERMISSION, "{stderr}");
    let expected = format!(
        "tailcalld: failed to examine {} (Permission denied (os error 13)): run tailcalld as root, or \
         {OTHER_DIRECTORY}\n",
        setup.path("run/lock").display()
    );
    assert_eq!(stderr, expected);
}

/// File systems that containers lack: records have less in them, none is missing.
#[test]
fn start_without_cgroups_or_tracefs_records_all_calls() {
    let number = unused_number();
    let no_units = "tailcalld: no cgroup2 file system is visible here, so records name no unit and no \
                    container: mount one at /sys/fs/cgroup\n";
    for (place, warning) in
        [("/sys/fs/cgroup", no_units), ("/sys/kernel/tracing", ""), ("/sys/kernel/debug", "")]
    {
        if !Path::new(place).exists() {
            continue;
        }
        let Some(setup) = Setup::new(&format!("[routes]\n{number} = \"args\"\n")) else { return };
        let script = "mount -t tmpfs tmpfs \"$0\" && exec \"$@\"";
        let command = setup.command(&in_namespace(place, script), "json");
        let mut daemon = setup.spawn(command);
        daemon.records.next("started");
        let stderr = fs::read_to_string(daemon.setup.path("stderr")).unwrap();
        assert_eq!(stderr, warning, "{place}");
        let name = trigger(&["times", "50", "native", &number, "nth"]);
        let records = daemon.stop();
        assert_eq!(counted(&events_of(&records, &name), "0"), (0..50).collect(), "{place}");
    }
}

#[test]
fn start_without_journald_is_error() {
    let Some(setup) = Setup::new(GOOD) else { return };
    let script = "mount -t tmpfs tmpfs /run && exec \"$@\"";
    let (code, stderr) = failed(&setup, &["unshare", "-m", "sh", "-c", script, "sh"], "journal");
    assert_eq!(code, UNAVAILABLE, "{stderr}");
    let expected = "tailcalld: failed to connect to journald at /run/systemd/journal/socket \
                    (is systemd-journald running? --output text and --output json do without it)";
    assert!(stderr.starts_with(expected), "{stderr}");
}

#[test]
fn start_without_btf_is_error() {
    let Some(setup) = Setup::new(GOOD) else { return };
    let script = "mount -t tmpfs tmpfs /sys/kernel/btf && exec \"$@\"";
    let (code, stderr) = failed(&setup, &["unshare", "-m", "sh", "-c", script, "sh"], "json");
    assert_eq!(code, UNAVAILABLE, "{stderr}");
    assert!(stderr.contains("/sys/kernel/btf/vmlinux is missing"), "{stderr}");
    assert!(stderr.contains("CONFIG_DEBUG_INFO_BTF=y"), "{stderr}");
}

/// Limits memory as `MemoryMax=` of a service does: the kernel refuses the ring and kills no process.
#[test]
fn start_with_refused_ring_is_error() {
    let Some(setup) = Setup::new(&format!("{GOOD}[ring]\nsize = \"1GiB\"\n")) else { return };
    let Some(group) = Group::new(256 << 20) else { return };
    let (code, stderr) = failed(&setup, &group.prefix(), "json");
    assert_eq!(code, UNAVAILABLE, "{stderr}");
    let expected = "tailcalld: the kernel refused a ring of 1048576 KiB: reduce `[ring] size`";
    assert!(stderr.starts_with(expected), "{stderr}");
}

#[test]
fn second_start_is_refused_and_first_daemon_continues() {
    let number = unused_number();
    let Some(setup) = Setup::new(&format!("[routes]\n{number} = \"args\"\n")) else { return };
    let daemon = setup.start();
    let (code, stderr) = failed(&daemon.setup, &[], "json");
    assert_eq!(code, UNAVAILABLE, "{stderr}");
    let expected = format!("tailcalld: tailcalld is already running (process {})", daemon.pid());
    assert!(stderr.starts_with(&expected), "{stderr}");
    let name = trigger(&["times", "50", "native", &number, "nth"]);
    let records = daemon.stop();
    assert_eq!(counted(&events_of(&records, &name), "0"), (0..50).collect());
    assert_eq!(records.len(), 51);
}

#[test]
fn configuration_that_group_can_write_is_refused_at_start_and_reload() {
    let Some(setup) = Setup::new(GOOD) else { return };
    let config = setup.config();
    let set_mode = |mode| fs::set_permissions(&config, fs::Permissions::from_mode(mode)).unwrap();
    let refused = "is writable by the group 0 (mode 0664, owner 0), whose members could change what is \
                   traced; run: chmod g-w ";
    set_mode(0o664);
    let (code, stderr) = failed(&setup, &[], "json");
    assert_eq!(code, CONFIG);
    assert!(stderr.contains(refused), "{stderr}");

    set_mode(0o644);
    let mut daemon = setup.start();
    set_mode(0o664);
    let refusal = daemon.records.next("reload_refused");
    assert!(refusal.to_string().contains(refused), "{refusal}");
    assert_eq!(daemon.stop().len(), 1);
}

/// Nobody may swap the configuration: not its directory, and not a link on the way to it either.
#[test]
fn configuration_below_directory_of_another_user_is_refused() {
    let Some(setup) = Setup::new(GOOD) else { return };
    chown(setup.path("."), Some(65534), None).unwrap();
    let (code, stderr) = failed(&setup, &[], "json");
    assert_eq!(code, CONFIG);
    assert!(stderr.contains("which belongs to user 65534 (mode 0755)"), "{stderr}");
    assert!(stderr.contains("; run: chown root '"), "{stderr}");
}

#[test]
fn missing_excluded_executable_is_warned_about_at_start_and_reload() {
    let exclude = |name: &str| format!("{GOOD}[exclude]\nexe = [\"/nonexistent/{name}\"]\n");
    let Some(setup) = Setup::new(&exclude("first")) else { return };
    let mut daemon = setup.start();
    let stderr = daemon.setup.path("stderr");
    let warning = |name: &str| {
        format!(
            "tailcalld: `[exclude] exe`: /nonexistent/{name} does not exist, so it excludes nothing\n"
        )
    };
    assert_eq!(fs::read_to_string(&stderr).unwrap(), warning("first"));
    daemon.setup.write(&exclude("second"));
    daemon.records.next("reloaded");
    assert_eq!(fs::read_to_string(&stderr).unwrap(), warning("first") + &warning("second"));
    assert_eq!(daemon.stop().len(), 1);
}

/// A lock file that everyone could read, as earlier runs by hand left it, in the hands of an unprivileged
/// process: flock(2) is content with a descriptor for reading.
#[test]
fn lock_held_by_unprivileged_process_does_not_prevent_start() {
    let Some(setup) = Setup::new(GOOD) else { return };
    let lock = setup.path("run/lock");
    fs::create_dir(setup.path("run")).unwrap();
    fs::write(&lock, "1\n").unwrap();
    fs::set_permissions(&lock, fs::Permissions::from_mode(0o644)).unwrap();
    let mut holder = Command::new("flock");
    holder.arg(&lock).args(["sh", "-c", "echo held && exec cat"]).uid(65534).gid(65534);
    let mut holder = Process::spawn(holder.stdin(Stdio::piped()).stdout(Stdio::piped()));
    let mut line = [0; 5];
    holder.stdout().read_exact(&mut line).unwrap();
    assert_eq!(&line, b"held\n");

    let daemon = setup.start();
    assert_eq!(fs::metadata(&lock).unwrap().mode() & 0o7777, 0o600);
    assert!(holder.is_running());
    assert_eq!(daemon.stop().len(), 1);
}

#[test]
fn start_does_not_mount_tracefs_below_debugfs() {
    let probe = "[probes]\n\"tracepoint:sched:sched_process_exit\" = \"count\"\n";
    for more in ["[kernel]\nattach = \"tracepoint\"\n", probe] {
        let config = format!("{GOOD}{more}");
        let Some(setup) = Setup::new(&config) else { return };
        // Whoever looks below /sys/kernel/debug/tracing has the kernel mount it there.
        let script = "mount -t debugfs debugfs \"$0\" && exec \"$@\"";
        let command = setup.command(&in_namespace("/sys/kernel/debug", script), "json");
        let mut daemon = setup.spawn(command);
        daemon.records.next("started");
        let mounts = fs::read_to_string(format!("/proc/{}/mountinfo", daemon.pid())).unwrap();
        assert!(mounts.contains(" /sys/kernel/debug "), "{mounts}");
        assert!(!mounts.contains(" /sys/kernel/debug/tracing "), "{more}: {mounts}");
        daemon.stop();
    }
}
