//! Output and exit codes of `stats`, `status`, `routes` and `reload`.

use std::fs;
use std::process::{Command, Stdio};

use nix::sys::signal::Signal;
use serde_json::{Value, json};
use syscalls::Abi;

use super::{SOCKET, ask, ask_json, output_of, started, works};
use crate::number::unused_number;
use crate::process::{Process, trigger};
use crate::records::Records;
use crate::rig::Setup;

const UNAVAILABLE: i32 = 69;
const NO_PERMISSION: i32 = 77;
const CONFIG: i32 = 78;

fn words(line: &str) -> Vec<&str> {
    line.split_whitespace().collect()
}

#[test]
fn status_returns_state_of_daemon() {
    let number = unused_number();
    let Some(daemon) = started(&number, "count") else { return };
    let status = ask_json(&daemon.setup, &["status", "--json"]);
    let expected = json!({
        "version": env!("CARGO_PKG_VERSION"),
        "pid": daemon.pid(),
        "generation": 1,
        "routes": 1,
        "unattached_routes": [],
        "config": daemon.setup.config(),
        "files": [daemon.setup.config()],
        "refused_reload": null,
        "tracing_off": false,
        "output": { "name": "stdout", "state": "open" },
    });
    for (key, value) in expected.as_object().unwrap() {
        assert_eq!(&status[key], value, "{key}");
    }
    let (code, out, err) = ask(&daemon.setup, &["status"]);
    assert_eq!((code, err.as_str()), (0, ""));
    let lines: Vec<_> = out.lines().map(words).collect();
    assert_eq!(lines[0], ["STATUS", "VALUE"]);
    assert_eq!(lines[1], ["version", env!("CARGO_PKG_VERSION")]);
    assert_eq!(lines[3], ["table", "1", "route,", "generation", "1"]);
    assert!(lines.contains(&vec!["tracing", "on"]), "{out}");
    assert_eq!(daemon.stop().len(), 1);
}

#[test]
fn routes_returns_live_table() {
    let [a, b] = [(); 2].map(|()| unused_number());
    let config = format!(
        "[routes]\n{a} = \"args\"\n{b} = {{ handler = \"count\", priority = \"debug\" }}\n"
    );
    let Some(setup) = Setup::new(&config) else { return };
    let mut daemon = setup.start();
    works(&mut daemon, &a);
    let live = ask_json(&daemon.setup, &["routes", "--json"]);
    assert_eq!(live["generation"], 1);
    let of = |number: &str| -> Value {
        let routes = live["routes"].as_array().unwrap();
        let found: Vec<_> =
            routes.iter().filter(|route| route["nr"].as_u64() == number.parse().ok()).collect();
        assert_eq!(found.len(), 1, "{live}");
        found[0].clone()
    };
    let (first, second) = (of(&a), of(&b));
    assert_eq!(first["syscall"], format!("#{a}"));
    assert_eq!(first["abi"], Abi::Native.name());
    assert_eq!(first["handler"], "args");
    assert_eq!(first["entry"], *a);
    assert_eq!((&first["file"], &first["line"]), (&json!(daemon.setup.config()), &json!(2)));
    let counts = ["seen", "submitted", "written", "lost"].map(|key| first[key].clone());
    assert_eq!(counts, [50, 50, 50, 0].map(Value::from));
    assert_eq!((&second["handler"], &second["line"]), (&json!("count"), &json!(3)));
    assert_eq!(second["rules"][0]["options"]["priority"], "debug");
    assert_eq!(second["seen"], 0);

    let (code, out, _) = ask(&daemon.setup, &["routes"]);
    assert_eq!(code, 0);
    let line = out.lines().find(|line| line.starts_with(&format!("#{a} "))).expect("a line");
    let place = format!("{}:2", daemon.setup.config().display());
    let entry = format!("({})", &*a);
    let syscall = format!("#{a}");
    let expected: [&str; 9] =
        [&syscall, Abi::Native.name(), &a, "args", "info", "false", "50", "50", "0"];
    let words = words(line);
    assert_eq!((&words[..9], &words[10..]), (&expected[..], &[place.as_str(), &entry][..]));
    assert!(out.ends_with("\n2 routes, generation 1\n"), "{out}");
    assert_eq!(daemon.stop().len(), 1);
}

/// Races with the daemon's own watch on the file: the first of the two reloads reports the change.
#[test]
fn reload_prints_changed_routes() {
    let [a, b] = [(); 2].map(|()| unused_number());
    let Some(mut daemon) = started(&a, "args") else { return };
    assert_eq!(
        ask(&daemon.setup, &["reload"]),
        (0, "generation 2, no route changed\n".into(), String::new())
    );
    daemon.records.next("reloaded");
    daemon.setup.write(&format!("[routes]\n{b} = \"args\"\n"));
    let (code, out, err) = ask(&daemon.setup, &["reload"]);
    assert_eq!((code, err.as_str()), (0, ""));
    let record = daemon.records.next("reloaded");
    assert_eq!(record["added"], json!([format!("#{b}({})=args", Abi::Native.name())]));
    if record["generation"] == 3 && out.starts_with("generation 3") {
        let abi = Abi::Native.name();
        assert_eq!(out, format!("generation 3\nadded  #{b}({abi})=args\nremoved  #{a}({abi})\n"));
    } else {
        assert_eq!(out, "generation 4, no route changed\n");
        daemon.records.next("reloaded");
    }
    works(&mut daemon, &b);
    assert_eq!(daemon.stop().len(), 1);
}

#[test]
fn dry_run_prints_changes_or_faults_and_keeps_table() {
    let [number, other] = [(); 2].map(|()| unused_number());
    let Some(mut daemon) = started(&number, "args") else { return };
    let (file, text) = (daemon.setup.path("next.toml"), format!("[routes]\n{other} = \"count\"\n"));
    fs::write(&file, text).unwrap();
    let dry_run = ["reload", "--dry-run", file.to_str().unwrap()];
    let (code, out, err) = ask(&daemon.setup, &dry_run);
    assert_eq!((code, &*err), (0, ""));
    let abi = Abi::Native.name();
    let changes = format!("added  #{}({abi})=count\nremoved  #{}({abi})\n", &*other, &*number);
    assert_eq!(out, format!("generation 1 stays; this would change:\n{changes}"));

    // Without a file: that of the daemon.
    let same = "generation 1 stays; nothing would change\n";
    assert_eq!(ask(&daemon.setup, &["reload", "--dry-run"]), (0, same.into(), String::new()));

    fs::write(&file, format!("[routes]\n{} = \"cuont\"\n", &*other)).unwrap();
    let (code, out, err) = ask(&daemon.setup, &dry_run);
    assert_eq!((code, &*out), (CONFIG, ""));
    assert!(err.contains("next.toml:2:") && err.contains("unknown handler \"cuont\""), "{err}");
    works(&mut daemon, &number);
    let status = ask_json(&daemon.setup, &["status", "--json"]);
    assert_eq!((&status["generation"], &status["refused_reload"]), (&json!(1), &Value::Null));
    // No record of a reload.
    assert_eq!(daemon.stop().len(), 1);
}

#[test]
fn reload_of_faulty_file_prints_faults_and_keeps_table() {
    let number = unused_number();
    let Some(daemon) = started(&number, "args") else { return };
    daemon.setup.write(&format!("[routes]\n{number} = \"agrs\"\nopennat = \"args\"\n"));
    let path = daemon.setup.config();
    let checked = ask(&daemon.setup, &["check", path.to_str().unwrap()]);
    assert_eq!(ask(&daemon.setup, &["reload"]), checked);
    assert_eq!((checked.0, checked.1.as_str()), (CONFIG, ""));
    assert_eq!(checked.2.matches("did you mean").count(), 2, "{}", checked.2);

    let (code, out, err) = ask(&daemon.setup, &["reload", "--json"]);
    assert_eq!((code, err.as_str()), (CONFIG, ""));
    let refused: Value = serde_json::from_str(&out).unwrap();
    assert_eq!(refused["generation"], 1);
    let texts: Vec<_> = refused["faults"]
        .as_array()
        .unwrap()
        .iter()
        .map(|fault| fault["text"].as_str().unwrap())
        .collect();
    assert_eq!(format!("{}\n", texts.join("\n")), checked.2);
    let last = &refused["faults"][1];
    assert_eq!(
        (&last["line"], &last["column"], &last["suggestion"]),
        (&json!(3), &json!(1), &json!("openat"))
    );
    assert_eq!(last["path"], json!(path));

    let status = ask_json(&daemon.setup, &["status", "--json"]);
    assert_eq!(status["generation"], 1);
    assert_eq!(status["refused_reload"]["faults"], refused["faults"]);
    let (_, out, _) = ask(&daemon.setup, &["status"]);
    assert!(out.contains("\nTHE LAST RELOAD WAS REFUSED") && out.ends_with(&checked.2), "{out}");
    let name = trigger(&["times", "50", "native", &number, "nth"]);
    let records = daemon.stop();
    assert_eq!(crate::records::events_of(&records, &name).len(), 50);
}

#[test]
fn command_without_daemon_is_unavailable() {
    let Some(setup) = Setup::new("") else { return };
    for command in ["stats", "status", "routes", "reload"] {
        let (code, out, err) = ask(&setup, &[command]);
        assert_eq!((code, out.as_str()), (UNAVAILABLE, ""));
        let expected = format!(
            "tailcalld: no daemon listens at {}: start the service with `systemctl start \
             tailcalld`, or name another socket with --socket\n",
            setup.path(SOCKET).display()
        );
        assert_eq!(err, expected);
    }
}

#[test]
fn socket_option_moves_socket() {
    let number = unused_number();
    let Some(setup) = Setup::new(&format!("[routes]\n{number} = \"count\"\n")) else { return };
    let path = setup.path("elsewhere");
    let path = path.to_str().unwrap().to_owned();
    let mut command = setup.command(&[], "json");
    command.args(["--socket", &path]);
    let mut daemon = setup.spawn(command);
    daemon.records.next("started");
    assert!(!daemon.setup.path(SOCKET).exists());
    for command in ["stats", "status", "routes", "reload"] {
        assert_eq!(ask(&daemon.setup, &[command]).0, UNAVAILABLE);
        assert_eq!(ask(&daemon.setup, &[command, "--socket", &path]).0, 0, "{command}");
    }
    assert_eq!(daemon.stop().len(), 2);
    assert!(!std::path::Path::new(&path).exists());
}

/// Checks the barriers: the modes of directory and socket and, where these were changed, the daemon's own check.
#[test]
fn command_of_other_user_is_refused() {
    use std::os::unix::fs::PermissionsExt as _;
    let number = unused_number();
    let Some(mut daemon) = started(&number, "args") else { return };
    let binary = daemon.setup.path("tailcalld");
    // By another process: see `copy_program` of the kernel tests.
    let copied = Command::new("cp").arg(env!("CARGO_BIN_EXE_tailcalld")).arg(&binary).status();
    assert!(copied.unwrap().success());
    let ask = |command: &str| {
        let mut nobody = Command::new("setpriv");
        nobody.args(["--reuid=65534", "--regid=65534", "--clear-groups"]).arg(&binary);
        output_of(nobody.arg(command).env("RUNTIME_DIRECTORY", daemon.setup.path("run")))
    };
    let path = daemon.setup.path(SOCKET);
    let (code, out, err) = ask("reload");
    assert_eq!((code, out.as_str()), (NO_PERMISSION, ""), "{err}");
    let set_mode =
        |path, mode| fs::set_permissions(path, fs::Permissions::from_mode(mode)).unwrap();
    set_mode(daemon.setup.path("run"), 0o755);
    assert_eq!(ask("reload").0, NO_PERMISSION);
    set_mode(path.clone(), 0o666);
    let (code, out, err) = ask("reload");
    assert_eq!((code, out.as_str()), (UNAVAILABLE, ""), "{err}");
    let expected = format!(
        "tailcalld: the daemon at {} closed the connection: it serves root only",
        path.display()
    );
    assert!(err.starts_with(&expected), "{err}");
    works(&mut daemon, &number);
    assert_eq!(daemon.stop().len(), 1);
}

#[test]
fn start_after_kill_replaces_stale_socket() {
    let number = unused_number();
    let Some(setup) = Setup::new(&format!("[routes]\n{number} = \"count\"\n")) else { return };
    let mut killed = Process::spawn(setup.command(&[], "json").stdout(Stdio::piped()));
    Records::read(killed.stdout()).next("started");
    // While it is there, a second one is refused, and its socket stays.
    let mut second = Process::spawn(setup.command(&[], "json").stdout(Stdio::null()));
    assert_eq!(second.wait().code(), Some(UNAVAILABLE));
    assert_eq!(ask_json(&setup, &["status", "--json"])["pid"], killed.id());
    killed.signal(Signal::SIGKILL);
    killed.wait();
    assert!(setup.path(SOCKET).exists());
    assert_eq!(ask(&setup, &["status"]).0, UNAVAILABLE);

    let command = setup.command(&[], "json");
    let mut daemon = setup.spawn(command);
    let gap = daemon.records.next("gap");
    daemon.records.next("started");
    assert_eq!(ask_json(&daemon.setup, &["status", "--json"])["pid"], daemon.pid());
    let expected = json!({ "from": gap["from"], "to": gap["to"], "reason": "crash" });
    assert_eq!(ask_json(&daemon.setup, &["stats", "--json"])["gap"], expected);
    assert!(ask(&daemon.setup, &["stats"]).1.contains("nothing was recorded from "));
    let path = daemon.setup.path(SOCKET);
    assert_eq!(daemon.stop().len(), 1);
    assert!(!path.exists());
}
