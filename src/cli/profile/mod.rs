//! `tailcalld profile`: a hardening drop-in for a unit, from the first times that a route has recorded of it.

mod drop_in;
mod evidence;
mod verdict;

use std::fs;
use std::io::Write as _;

use anyhow::{Context as _, bail};

use self::evidence::Evidence;
use super::{ProfileOptions, exit, standard_output};
use crate::pipeline::novel::told_keys;
use crate::rpc::state_folder;

/// Prints the drop-in, or what one would deny. Returns the exit code.
///
/// # Errors
/// Fails if nothing is known of the unit, or a file cannot be read.
pub fn profile(options: &ProfileOptions) -> anyhow::Result<u8> {
    let unit = with_suffix(&options.unit);
    let evidence = Evidence::of(&unit, &told_keys(&state_folder())?);
    if evidence.calls.is_empty() {
        bail!(
            "nothing is known of {unit}: to learn what it does, route \"@known\" = {{ handler = \"args\", novel = \
             \"unit\", unit = \"{unit}\", exe = \"!/usr/lib/systemd/systemd*\" }}, see First times in docs/events.md, restart the unit and let it do all its work"
        );
    }
    let (mut out, _) = standard_output();
    let Some(file) = &options.check else {
        write!(out, "{}", drop_in::drop_in(&unit, &evidence))?;
        out.flush()?;
        return Ok(exit::OK);
    };
    let text =
        fs::read_to_string(file).with_context(|| format!("failed to read {}", file.display()))?;
    let denied = verdict::denied(&text, &evidence);
    denied.iter().try_for_each(|one| writeln!(out, "{one}"))?;
    out.flush()?;
    Ok(if denied.is_empty() { exit::OK } else { exit::FAILURE })
}

/// Returns the name of a unit; without a suffix it is a service, as for systemctl(1).
fn with_suffix(unit: &str) -> String {
    if unit.contains('.') { unit.to_owned() } else { format!("{unit}.service") }
}
