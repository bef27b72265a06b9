//! The `feedback` record for a process that makes most events and has the journal open. `tests/kernel/journal_open.rs`
//! has who has not.

use std::time::{Duration, Instant};

use tailcalld::output::record::{Feedback, RecordBody};

use super::run::Run;
use crate::journald::detail;
use crate::process::{DEADLINE, Process};

/// Script that opens the journal and makes a few hundred calls a second.
const SCRIPT: &str = "
for journal in /run/log/journal/*/system.journal; do exec 4<$journal; done
exec 3<> <(:)
while true; do
    kill -0 $$
    read -r -t 0.003 -u 3
done";

#[test]
fn feedback_reports_busiest_process_that_has_journal_open() {
    let Some(run) = Run::start("[routes]\nkill = \"args\"\n") else { return };
    let mut command = run.journald.command("bash");
    let loud = Process::spawn(command.args(["-c", SCRIPT]));
    let reports = || {
        let id = format!("MESSAGE_ID={}", Feedback::KIND.id);
        run.journald.query(&["-o", "json", "--output-fields=SYSCALL_PID", &id]).len()
    };
    let begin = Instant::now();
    while reports() == 0 {
        assert!(begin.elapsed() < 2 * DEADLINE, "nobody is reported");
        std::thread::park_timeout(Duration::from_millis(250));
    }
    let pid = loud.id().to_string();
    drop(loud);
    let entries = run.finish();
    let found = entries.of(&Feedback::KIND);
    assert_eq!(found.len(), 1, "{found:?}");
    assert_eq!(
        (&found[0]["SYSCALL_PID"], &found[0]["SYSCALL_COMM"]),
        (&pid.into(), &"bash".into())
    );
    let count = |name: &str| detail(found[0], name).unwrap().parse::<u64>().unwrap();
    let (made, all) = (count("count"), count("events"));
    assert!(made > all / 2 && made <= all, "{made} of {all}");
}
