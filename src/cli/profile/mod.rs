//! `tailcalld profile`: a hardening drop-in for a unit, from the first times that a route has recorded of it.

mod drop_in;
mod evidence;
mod verdict;

use std::fs;
use std::io::Write as _;
use std::path::Path;

use anyhow::{Context as _, bail};

use self::evidence::Evidence;
pub use self::verdict::{Denial, DropInSettings};
use super::{ProfileOptions, exit, standard_output};
use crate::pipeline::novel::told_keys;
use crate::rpc::state_folder;

/// Drop-in of a unit.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct UnitDropIn {
    /// Name of the unit, with its suffix.
    pub unit: String,
    /// Text.
    pub text: String,
}

/// Prints the drop-in, or what one would deny. Returns the exit code.
///
/// # Errors
/// Fails if nothing is known of the unit, or a file cannot be read.
pub fn profile(options: &ProfileOptions) -> anyhow::Result<u8> {
    let (mut out, _) = standard_output();
    let Some(file) = &options.check else {
        write!(out, "{}", learned(options)?.text)?;
        out.flush()?;
        return Ok(exit::OK);
    };
    let denied = verdict::denied(&read(file)?, &evidence(options)?);
    denied.iter().try_for_each(|one| writeln!(out, "{one}"))?;
    out.flush()?;
    Ok(if denied.is_empty() { exit::OK } else { exit::FAILURE })
}

/// Returns the drop-in whose denials are watched: that of the file, or the one of what the unit has done.
///
/// # Errors
/// Fails as `profile`.
pub fn watched(options: &ProfileOptions) -> anyhow::Result<UnitDropIn> {
    match &options.check {
        Some(file) => Ok(UnitDropIn { unit: with_suffix(&options.unit), text: read(file)? }),
        None => learned(options),
    }
}

fn learned(options: &ProfileOptions) -> anyhow::Result<UnitDropIn> {
    let unit = with_suffix(&options.unit);
    let text = drop_in::drop_in(&unit, &evidence(options)?);
    Ok(UnitDropIn { unit, text })
}

fn evidence(options: &ProfileOptions) -> anyhow::Result<Evidence> {
    let unit = with_suffix(&options.unit);
    let evidence = Evidence::of(&unit, &told_keys(&state_folder())?);
    if evidence.calls.is_empty() {
        bail!(
            "nothing is known of {unit}: to learn what it does, route \"@known\" = {{ handler = \"args\", novel = \
             \"unit\", unit = \"{unit}\", exe = \"!/usr/lib/systemd/systemd*\" }}, restart the unit and let it do all its work; \
             see profile in tailcalld(8)"
        );
    }
    Ok(evidence)
}

fn read(file: &Path) -> anyhow::Result<String> {
    fs::read_to_string(file).with_context(|| format!("failed to read {}", file.display()))
}

/// Returns the name of a unit; without a suffix it is a service, as for systemctl(1).
fn with_suffix(unit: &str) -> String {
    if unit.contains('.') { unit.to_owned() } else { format!("{unit}.service") }
}
