//! `tailcalld dump`: the calls in the black boxes of a unit, or the list of black boxes.

use std::env;
use std::io::Write as _;

use anyhow::anyhow;
use serde_json::{Map, Value};

use super::client::{Answer, ask, call};
use super::{counted, print_json};
use crate::cli::print::{StandardOutput, standard_output, table};
use crate::cli::{ClientOptions, DumpOptions, exit};
use crate::config::printable;
use crate::rpc::{BlackBox, BlackBoxes, Dump, REASON, REASON_MAX, UNIT};

/// Asks and prints. Gives the exit code.
///
/// # Errors
/// Fails if nobody answers, the unit has no black box, or the output cannot be written.
pub fn dump(options: &DumpOptions) -> anyhow::Result<u8> {
    match &options.unit {
        Some(unit) => dump_unit(unit, &options.client),
        None => list(&options.client),
    }
}

fn dump_unit(unit: &str, options: &ClientOptions) -> anyhow::Result<u8> {
    let mut parameters = Map::from_iter([(UNIT.to_owned(), Value::from(unit))]);
    let reason = reason_of_failure(unit).map(|reason| (REASON.to_owned(), reason.into()));
    parameters.extend(reason);
    let dump: Dump = match call(options, "Dump", parameters)? {
        Answer::Done(dump) => dump,
        Answer::Refused(error, about) => return Err(refused(unit, &error, &about)),
    };
    if options.json {
        print_json(&dump)?;
        return Ok(exit::OK);
    }
    let Dump { dump, calls, overwritten, .. } = dump;
    let (calls, unit) = (counted(calls, "call"), printable(unit));
    let mut out = StandardOutput::lock();
    writeln!(out, "dumped {calls} of {unit}, {overwritten} before them were overwritten")?;
    writeln!(out, "journalctl _SYSTEMD_UNIT=tailcalld.service TAILCALLD_DETAIL=blackbox={dump}")?;
    Ok(exit::OK)
}

/// Returns the error of a unit that has no black box.
fn refused(unit: &str, error: &str, about: &Value) -> anyhow::Error {
    let unit = printable(unit);
    match error.rsplit('.').next() {
        Some("NoBlackBoxes") => anyhow!(NO_BOXES),
        Some("NoSuchBlackBox") => {
            let near = about.get("near").and_then(Value::as_str);
            let hint = near.map_or_else(
                || "tailcalld dump lists those that have one".to_owned(),
                |near| format!("did you mean {}?", printable(near)),
            );
            anyhow!(
                "{unit} has no black box: no call of it was routed to a rule with keep = \"blackbox\" since the \
                 unit was started; {hint}"
            )
        }
        _ => anyhow!("the daemon replied with the error {error} {about}"),
    }
}

const NO_BOXES: &str = "there are no black boxes: the daemon has started without a rule with keep = \"blackbox\", see \
                        tailcalld.toml(5)";

/// Returns the reason of the failure for which systemd starts this process, if it is that of the unit (systemd.exec(5),
/// 251 or newer): `signal`, `exit-code`, ...
fn reason_of_failure(unit: &str) -> Option<String> {
    let variable = |name: &str| env::var(name).ok().filter(|value| !value.is_empty());
    variable("MONITOR_UNIT").filter(|failed| failed == unit)?;
    let result = variable("MONITOR_SERVICE_RESULT")?;
    let status = variable("MONITOR_EXIT_STATUS").map(|status| format!(" {status}"));
    let reason = result + &status.unwrap_or_default();
    (reason.len() <= REASON_MAX).then_some(reason)
}

fn list(options: &ClientOptions) -> anyhow::Result<u8> {
    let all: BlackBoxes = ask(options, "BlackBoxes", Map::new())?;
    if options.json {
        print_json(&all)?;
        return Ok(exit::OK);
    }
    if all.units == 0 {
        return Err(anyhow!(NO_BOXES));
    }
    let (mut out, style) = standard_output();
    let row = |one: &BlackBox| {
        let removed = if one.removed { "yes" } else { "no" };
        [
            printable(&one.unit).to_string(),
            printable(&one.cgroup).to_string(),
            removed.to_owned(),
            one.calls.to_string(),
            one.held.to_string(),
        ]
    };
    let rows: Vec<_> = all.boxes.iter().map(row).collect();
    table(&mut out, style, ["UNIT", "CGROUP", "REMOVED", "CALLS", "HELD"], &rows)?;
    let (used, units) = (all.boxes.len(), u64::from(all.units));
    let (units, calls) = (counted(units, "black box"), counted(all.calls.into(), "call"));
    writeln!(out, "\n{used} of {units} used, each keeps {calls}")?;
    out.flush()?;
    Ok(exit::OK)
}
