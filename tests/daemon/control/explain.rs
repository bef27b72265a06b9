//! `tailcalld explain`: the line of a route, its rules, and the verdict on a process.

use std::process;

use syscalls::{Abi, number};

use super::{ask, started};
use crate::number::unused_number;
use crate::rig::Setup;

#[test]
fn explain_names_line_rule_and_option_that_decide() {
    let pid = process::id().to_string();
    let rules = format!(
        "{{ handler = \"args\", uid = 4242 }}, {{ handler = \"args\", pid_tree = {pid}, path = \"/x\" }}, \"count\""
    );
    let Some(setup) = Setup::new(&format!("[routes]\nswapoff = [{rules}]\n")) else { return };
    let daemon = setup.start();
    let comm = std::fs::read_to_string("/proc/self/comm").unwrap();
    let who = format!("     {} (pid {pid}):", comm.trim());
    let (code, out, err) = ask(&daemon.setup, &["explain", "swapoff", "--pid", &pid]);
    assert_eq!((code, &*err), (0, ""));
    let config = daemon.setup.config();
    let known = Abi::BOTH.into_iter().filter(|abi| number(*abi, "swapoff").is_some());
    let expected = known.map(|abi| {
        format!(
            "swapoff ({}) is routed by swapoff at {}:2\n  1. args, for uid 4242\n{who} no, uid: it is 0\n  \
             2. args, for path /x; pid_tree {pid}\n{who} depends on path, which each call decides\n  \
             3. count, for all calls\n{who} yes\n  now: 0 calls/s\n",
            abi.name(),
            config.display()
        )
    });
    assert_eq!(out, expected.collect::<String>());
    daemon.stop();
}

#[test]
fn explain_of_unit_without_rule_says_that_calls_are_filtered() {
    let number = unused_number();
    let entry = format!("{} = {{ handler = \"args\", unit = \"nginx\" }}", &*number);
    let Some(setup) = Setup::new(&format!("[routes]\n{entry}\n")) else { return };
    let daemon = setup.start();
    for (unit, answer) in [("nginx", "yes\n"), ("ssh.service", "no, unit: it is ssh.service\n")] {
        let (code, out, _) = ask(&daemon.setup, &["explain", &number, "--unit", unit]);
        assert!(code == 0 && out.contains(answer), "{out}");
        assert_eq!(out.contains("counted as filtered"), unit != "nginx", "{out}");
    }
    daemon.stop();
}

#[test]
fn explain_of_other_syscalls_leads_on() {
    let number = unused_number();
    let Some(daemon) = started(&number, "args") else { return };
    let (code, out, _) = ask(&daemon.setup, &["explain", "getppid"]);
    assert!(
        code == 0
            && out
                .contains("is not routed; to record it for a while: tailcalld route add 'getppid"),
        "{out}"
    );
    let (code, _, err) = ask(&daemon.setup, &["explain", "getpidd"]);
    assert!(code == 1 && err.contains("did you mean \"getpid\"?"), "{err}");
    let (code, _, err) = ask(&daemon.setup, &["explain", &number, "--pid", "4194305"]);
    assert!(code == 1 && err.contains("there is no process 4194305"), "{err}");
    daemon.stop();
}
