//! Configuration of a measurement: that of the daemon, with its routes or with other ones.

use std::collections::BTreeSet;
use std::fmt::Write as _;
use std::fs;
use std::io::ErrorKind;
use std::path::Path;

use anyhow::{Context as _, Result};

use crate::cli::CostOptions;
use crate::config::{Faults, NONE, Trust, drop_in_dir, handler_folders};
use crate::load;
use crate::plan::{self, Plan};
use crate::temporary::table_of;
use crate::trace::recorder::{CONFIGURATION, TraceFolder};
use crate::trace::snippet::quoted;

/// Drop-in that takes the routes of the configuration out of the table. Its name is behind those of most drop-ins.
const WITHOUT: &str = "~1-without.toml";
/// Drop-in with the entries.
const ENTRIES: &str = "~2-if.toml";

/// Option of the entries, in their faults.
const OPTION: &str = "--if";

/// Makes the folder of the measurement, with its configuration.
///
/// # Errors
/// Fails without privileges, and with the faults of the configuration.
pub fn prepare(options: &CostOptions) -> Result<TraceFolder> {
    let folder = TraceFolder::make()?;
    fs::create_dir_all(folder.path("trace.d")).context("failed to make a folder for drop-ins")?;
    fs::create_dir_all(folder.path("trace")).context("failed to make a folder for handlers")?;
    let is_absent =
        fs::metadata(&options.config).is_err_and(|error| error.kind() == ErrorKind::NotFound);
    if is_absent && !options.entries.is_empty() {
        folder.write(CONFIGURATION, "[routes]\n[exclude]\n")?;
    } else {
        copy(&folder, options)?;
    }
    if let Some(text) = table(&options.entries) {
        folder.write(&format!("trace.d/{ENTRIES}"), text)?;
        check(&folder, &options.entries)?;
    }
    Ok(folder)
}

/// Reports the faults of the entries as those of the command line: the folder is gone by the time that someone reads
/// about them.
fn check(folder: &TraceFolder, entries: &[String]) -> Result<()> {
    let (config, trust) = (folder.path(CONFIGURATION), Trust::of_daemon());
    let handlers = load::handlers_for(&config, &trust)?;
    let Err(faults) = plan::read_trusted(&config, &trust, &handlers) else { return Ok(()) };
    let file = folder.path(&format!("trace.d/{ENTRIES}"));
    let text = table(entries).unwrap_or_default();
    let lines: Vec<_> =
        text.lines().map(|line| entries.iter().position(|entry| entry == line)).collect();
    let shown = faults.iter().map(|fault| {
        let line =
            fault.position.and_then(|position| lines.get(position.line - 1).copied().flatten());
        let entry = line.filter(|_| fault.path == file);
        entry.map_or_else(|| fault.clone(), |entry| fault.on_command_line(OPTION, entry + 1))
    });
    match Faults::new(shown.collect()) {
        Some(faults) => Err(faults.into()),
        None => Ok(()),
    }
}

/// Copies the files of the configuration, and takes out its routes if there are others.
fn copy(folder: &TraceFolder, options: &CostOptions) -> Result<()> {
    let trust = Trust::of_daemon();
    let handlers = load::handlers_for(&options.config, &trust)?;
    let plan = plan::read_trusted(&options.config, &trust, &handlers)?;
    let drop_ins = drop_in_dir(&options.config);
    for file in &plan.files {
        let text = fs::read(file).with_context(|| format!("failed to read {}", file.display()))?;
        let name = file.file_name().filter(|_| file.parent() == Some(&drop_ins));
        let name = name.map(|name| format!("trace.d/{}", name.to_string_lossy()));
        folder.write(name.as_deref().unwrap_or(CONFIGURATION), text)?;
    }
    link_handlers(folder, &options.config)?;
    if !options.entries.is_empty() {
        folder.write(&format!("trace.d/{WITHOUT}"), without(&plan))?;
    }
    Ok(())
}

/// Links to the handlers in objects of their own that belong to the configuration.
fn link_handlers(folder: &TraceFolder, config: &Path) -> Result<()> {
    let [own, _] = handler_folders(config);
    let [link, _] = handler_folders(&folder.path(CONFIGURATION));
    match own.canonicalize() {
        Ok(own) => std::os::unix::fs::symlink(&own, &link)
            .with_context(|| format!("failed to link to {}", own.display())),
        Err(_) => Ok(()),
    }
}

/// Returns lines that take all routes of a plan out of the table.
fn without(plan: &Plan) -> String {
    let entries: BTreeSet<_> = plan.origins.values().map(|origin| &origin.entry).collect();
    let entries: Vec<_> =
        entries.into_iter().map(|key| format!("{} = {NONE:?}", quoted(key))).collect();
    table(&entries).unwrap_or_default()
}

/// Returns a configuration with these entries, each in its table.
fn table(entries: &[String]) -> Option<String> {
    let mut text = String::new();
    for of in ["[routes]", "[probes]"] {
        let mut entries = entries.iter().filter(|entry| table_of(entry) == of).peekable();
        if entries.peek().is_some() {
            let _ = writeln!(text, "{of}");
        }
        entries.for_each(|entry| {
            let _ = writeln!(text, "{entry}");
        });
    }
    Some(text).filter(|text| !text.is_empty())
}
