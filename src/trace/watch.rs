//! `tailcalld profile --watch`: the calls of a unit that a drop-in would deny, told as they are made. A daemon of its own
//! records the complement of what the drop-in allows, beside one that runs.

use std::collections::BTreeSet;
use std::fmt::Write as _;
use std::io::{BufRead as _, BufReader, Write};
use std::path::Path;
use std::process::{ChildStdout, ExitCode, Stdio};
use std::thread::{self, JoinHandle};
use std::time::{Duration, Instant};

use anyhow::{Context as _, Result, anyhow};
use serde::Deserialize;
use syscalls::{Abi, Group, Slot, group};

use super::recorder::Recorder;
use super::signals::EndSignals;
use super::snippet::quoted;
use super::waiting::{TraceEvent, wait};
use crate::cli::{Denial, DropInSettings, ProfileOptions, UnitDropIn, exit, watched};

/// Executables of systemd, which do in the unit what no filter applies to before they execute its program.
const SYSTEMD: [&str; 2] = ["!/usr/lib/systemd/systemd", "!/usr/lib/systemd/systemd-executor"];

/// Calls with an address family.
const SOCKETS: [&str; 2] = ["socket", "socketpair"];

/// Watches until a signal comes or the time is over. Returns the exit code.
///
/// # Errors
/// Fails without privileges, if nothing is known of the unit, and if the recording cannot be started.
pub fn watch(options: &ProfileOptions) -> Result<ExitCode> {
    let drop_in = watched(options)?;
    let signals = EndSignals::register()?;
    let text = configuration(&drop_in).context("the drop-in denies no system call")?;
    let mut recorder = Recorder::start(&text, "json", Stdio::piped())?;
    let pipe = recorder.stdout().context("the recording has no output")?;
    let denials = DenialReader::read(pipe, drop_in.clone(), place(options.check.as_deref()));
    if !until_end(&mut recorder, &signals, &drop_in.unit, options.time)? {
        return Ok(recorder.wait()?.into());
    }
    let code = recorder.stop()?;
    let count = denials.finish()?;
    let code = if code == exit::OK && count > 0 { exit::FAILURE } else { code };
    Ok(code.into())
}

/// Returns the beginning of a place in the drop-in, to which the line is added.
fn place(file: Option<&Path>) -> String {
    file.map_or_else(|| "line ".to_owned(), |file| format!("{}:", file.display()))
}

/// Waits for the end; returns `false` if the recording ended by itself.
fn until_end(
    recorder: &mut Recorder,
    signals: &EndSignals,
    unit: &str,
    time: Option<Duration>,
) -> Result<bool> {
    let mut begin: Option<Instant> = None;
    loop {
        let left = begin.zip(time).map(|(begin, time)| time.saturating_sub(begin.elapsed()));
        match wait(recorder, None, signals, left)? {
            TraceEvent::RecorderEnded => return Ok(false),
            TraceEvent::Message if recorder.is_ready()? && begin.is_none() => {
                begin = Some(Instant::now());
                eprintln!("watching {unit} for calls that the drop-in would deny");
            }
            TraceEvent::Message | TraceEvent::CommandEnded => {}
            TraceEvent::Signal(_) | TraceEvent::TimeOver => return Ok(true),
        }
    }
}

/// Returns the routes of all calls that the drop-in denies, or may deny; `None` if there are none.
fn configuration(drop_in: &UnitDropIn) -> Option<String> {
    let settings = DropInSettings::parse(&drop_in.text);
    let abis = Abi::BOTH.map(Abi::name);
    let (denied, allowed): (Vec<_>, Vec<_>) =
        abis.into_iter().partition(|abi| settings.denial_of_abi(abi).is_some());
    let mut text =
        format!("[defaults]\nunit = {}\nexe = {:?}\n[routes]\n", quoted(&drop_in.unit), SYSTEMD);
    let names = group("@known").into_iter().flat_map(Group::members);
    for name in names.collect::<BTreeSet<_>>() {
        let is_socket = SOCKETS.contains(&name) && settings.restricts_families();
        let is_filtered = settings.denial_of_call(name).is_some() || is_socket;
        let mut abis = denied.clone();
        if is_filtered {
            abis.extend(&allowed);
        }
        abis.retain(|abi| {
            Abi::BOTH
                .into_iter()
                .any(|one| one.name() == *abi && syscalls::number(one, name).is_some())
        });
        if !abis.is_empty() {
            let _ = writeln!(text, "{} = {{ handler = \"args\", abi = {abis:?} }}", quoted(name));
        }
    }
    for number in nameless(&settings) {
        let _ = writeln!(text, "{number} = \"args\"");
    }
    if text.ends_with("[routes]\n") {
        return None;
    }
    // Nobody else's records are displaced, and nothing is written to the journal.
    text.push_str("[limits]\nper_uid = \"none\"\n[exclude]\nexe = []\nunits = []\n");
    Some(text)
}

/// Returns the numbers without a name that are denied, of the native ABI: routes of others need a name.
fn nameless(settings: &DropInSettings<'_>) -> impl Iterator<Item = u16> {
    let slots = (0..).map_while(|number| Slot::new(Abi::Native, number));
    let nameless = slots.filter(|slot| slot.name().is_none());
    let is_abi_denied = settings.denial_of_abi(Abi::Native.name()).is_some();
    let denied = nameless.filter(move |slot| {
        is_abi_denied || settings.denial_of_call(&format!("#{}", slot.nr())).is_some()
    });
    denied.map(Slot::nr)
}

/// Part of a record.
#[derive(Debug, Default, Deserialize)]
struct WatchedLine {
    record: String,
    #[serde(default)]
    message: String,
    /// Absent for a number without a name.
    syscall: Option<String>,
    nr: Option<u16>,
    #[serde(default)]
    abi: String,
    unit: Option<String>,
    #[serde(default)]
    args: serde_json::Value,
    lost: Option<u64>,
}

/// Returns the line of the drop-in that denies a call of the unit. Calls are recorded of which the kernel side does not
/// know the unit, as those of processes outside of a container.
fn denial(settings: &DropInSettings<'_>, unit: &str, line: &WatchedLine) -> Option<Denial> {
    if line.record != "syscall" || line.unit.as_deref() != Some(unit) {
        return None;
    }
    let name = line.syscall.clone().or_else(|| Some(format!("#{}", line.nr?)))?;
    let family = line.args.get("family").and_then(serde_json::Value::as_str);
    let family = family.filter(|_| SOCKETS.contains(&&*name));
    settings
        .denial_of_abi(&line.abi)
        .or_else(|| settings.denial_of_call(&name))
        .or_else(|| settings.denial_of_family(family?))
}

/// Thread that prints denials.
#[derive(Debug)]
struct DenialReader(JoinHandle<Result<u64>>);

impl DenialReader {
    /// Begins to print. `place` begins each line.
    fn read(records: ChildStdout, drop_in: UnitDropIn, place: String) -> Self {
        Self(thread::spawn(move || {
            let settings = DropInSettings::parse(&drop_in.text);
            let (mut count, mut out) = (0, std::io::stdout());
            for line in BufReader::new(records).lines() {
                let line = line.context("failed to read what was recorded")?;
                count += u64::from(print(&line, (&settings, &drop_in.unit), &place, &mut out)?);
            }
            Ok(count)
        }))
    }

    /// Returns the number of denials once the recording has ended.
    fn finish(self) -> Result<u64> {
        self.0.join().map_err(|_| anyhow!("the thread that prints denials ended"))?
    }
}

/// Prints the denial that a record means, if it means one.
fn print(
    line: &str,
    (settings, unit): (&DropInSettings<'_>, &str),
    place: &str,
    out: &mut impl Write,
) -> Result<bool> {
    let line: WatchedLine =
        serde_json::from_str(line).context("the recording wrote an unknown line")?;
    if let ("lost", Some(lost)) = (&*line.record, line.lost) {
        eprintln!("{lost} calls were lost and are not told");
    }
    let Some(Denial { setting, line: at }) = denial(settings, unit, &line) else {
        return Ok(false);
    };
    writeln!(out, "{place}{at}: {setting}= would deny {}", line.message)?;
    out.flush()?;
    Ok(true)
}

#[cfg(test)]
mod tests {
    use super::*;

    const TEXT: &str = "[Service]\nSystemCallArchitectures=native\nSystemCallFilter=@default @network-io @basic-io\n\
                        RestrictAddressFamilies=AF_UNIX\n";

    fn printed(record: &str) -> String {
        let (settings, mut out) = (DropInSettings::parse(TEXT), Vec::new());
        print(record, (&settings, "a.service"), "/a:", &mut out).expect("a record");
        String::from_utf8(out).expect("text")
    }

    #[test]
    fn print_tells_line_that_denies_and_nothing_else() {
        let abi = Abi::Native.name();
        let record = |call: &str, more: &str| {
            format!(
                r#"{{"record":"syscall","message":"m","unit":"a.service","abi":"{abi}",{call}{more}}}"#
            )
        };
        let family = |family: &str| {
            record(r#""syscall":"socket""#, &format!(r#","args":{{"family":"{family}"}}"#))
        };
        for (record, expected) in [
            (record(r#""syscall":"chroot""#, ""), "/a:3: SystemCallFilter= would deny m\n"),
            (record(r#""nr":509"#, ""), "/a:3: SystemCallFilter= would deny m\n"),
            (record(r#""syscall":"read""#, ""), ""),
            (family("AF_UNIX"), ""),
            (family("AF_INET"), "/a:4: RestrictAddressFamilies= would deny m\n"),
            (
                r#"{"record":"syscall","message":"m","unit":"a.service","abi":"x32","syscall":"read"}"#.to_owned(),
                "/a:2: SystemCallArchitectures= would deny m\n",
            ),
            (r#"{"record":"syscall","message":"m","abi":"x32","syscall":"read"}"#.to_owned(), ""),
            (record(r#""syscall":"chroot""#, "").replace("a.service", "b.service"), ""),
            (r#"{"record":"stopped","message":"m"}"#.to_owned(), ""),
        ] {
            assert_eq!(printed(&record), expected, "{record}");
        }
    }

    #[test]
    fn configuration_routes_complement() {
        let drop_in = UnitDropIn { unit: "a.service".to_owned(), text: TEXT.to_owned() };
        let text = configuration(&drop_in).expect("routes");
        let routes = |name: &str| {
            let begin = format!("\"{name}\" = ");
            text.lines()
                .find_map(|line| line.strip_prefix(&begin))
                .map(|line| line.matches(Abi::Native.name()).count())
        };
        assert_eq!([routes("chroot"), routes("socket")], [Some(1); 2]);
        assert!(routes("read").is_none_or(|native| native == 0), "{text}");
        assert!(text.contains("unit = \"a.service\""));
        assert!(text.contains("\n511 = \"args\"\n"), "{text}");
        let only = |text: &str| UnitDropIn { text: text.to_owned(), ..drop_in.clone() };
        let text = configuration(&only("SystemCallFilter=~mount\n")).expect("routes");
        assert!(!text.contains("511"), "a list of what is denied has no numbers: {text}");
        let nothing = only("[Service]\n");
        assert_eq!(configuration(&nothing), None);
    }
}
