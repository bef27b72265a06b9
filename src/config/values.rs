//! One TOML value in, one setting or the reason why not out.

use std::path::{Path, PathBuf};

use toml::de::{DeInteger, DeValue};

use super::attach::AttachTo;
use super::exec::Argv;
use super::fault::Problem;
use super::paths::Paths;
use super::results::Results;
use super::size::{self, GIB, KIB};
use super::suggest::{closest, list};
use super::text::{printable, quoted};
use crate::syscalls::Abi;

/// Syslog levels by number.
const LEVELS: [&str; 8] = ["emerg", "alert", "crit", "err", "warning", "notice", "info", "debug"];
/// journald syncs to disk for each entry of a lower number: the host would wait for its disk.
const LEVEL_MIN: u8 = 3;

/// What `abi` may be: a part that it plays, or its own name.
const ABIS: [(&str, Abi); 4] = [
    ("native", Abi::Native),
    ("compat", Abi::Compat),
    (Abi::Native.name(), Abi::Native),
    (Abi::Compat.name(), Abi::Compat),
];

/// What `result` may be.
const RESULTS: &str = "true, false or \"failed\"";
const FAILED: &str = "failed";

/// `ARGV_MAX_BYTES` in `bpf/event.h`.
const ARGV_MAX_BYTES: u64 = 16 * KIB;
/// `TEXT_MAX_BYTES` in `bpf/event.h`.
const BUFFER_MAX_BYTES: u64 = 4 * KIB;

/// `ENV_NAME_WORDS` in `bpf/event.h`, without the `=`.
const ENV_NAME_MAX: usize = 31;

/// Comparing costs the product of both lengths, for each argument of each event.
const PATTERN_MAX: usize = 64;

/// The largest page of any Linux: a power of two from here on is a multiple of every page size.
const RING_MIN_BYTES: u64 = 64 * KIB;
/// The ring is kernel memory, never swapped out: more than this is a slip of the pen.
const RING_MAX_BYTES: u64 = GIB;

/// A socket's address holds 108 bytes, and one is the NUL.
const SOCKET_MAX_BYTES: usize = 107;

/// The name of a syslog level, as in the configuration.
pub fn level_name(level: u8) -> &'static str {
    LEVELS.get(usize::from(level)).copied().unwrap_or("unknown")
}

/// A syslog level, 3 to 7, by number or name.
pub(super) fn priority(value: &DeValue<'_>) -> Result<u8, Problem> {
    let level = match value {
        DeValue::Integer(integer) => number(integer),
        DeValue::String(name) => Some(level_of(name)?),
        _ => return Err(expected(value, "a level from 3 to 7, or its name")),
    };
    let small = level.and_then(|level| u8::try_from(level).ok()).filter(|level| *level <= 7);
    match small {
        Some(level) if level >= LEVEL_MIN => Ok(level),
        Some(level) => Err(format!(
            "priority {level} ({}) would make journald sync to disk for each record; \
             use 3 (err) to 7 (debug)",
            level_name(level)
        )
        .into()),
        None => {
            Err(format!("priority {} is out of range, 3 (err) to 7 (debug)", shown(value)).into())
        }
    }
}

fn level_of(name: &str) -> Result<u64, Problem> {
    if let Some(level) = (0..).zip(LEVELS).find_map(|(nr, level)| (level == name).then_some(nr)) {
        return Ok(level);
    }
    let allowed = || LEVELS.into_iter().skip(LEVEL_MIN.into());
    let meant = match name.to_ascii_lowercase().as_str() {
        "error" => Some("err".to_owned()),
        "warn" => Some("warning".to_owned()),
        other => closest(other, allowed()),
    };
    let message = format!("unknown priority {}, expected {}", quoted(name), list(allowed()));
    Err(Problem::from(message).meant(meant))
}

/// By which ABI a call is made: the machine's own, or the 32-bit one beside it.
pub(super) fn abi(value: &DeValue<'_>) -> Result<Abi, Problem> {
    let words = || ABIS.iter().map(|(word, _)| *word);
    let DeValue::String(name) = value else {
        return Err(expected(value, &list(words())));
    };
    let known = ABIS.iter().find(|(word, _)| word == name);
    known.map(|(_, abi)| *abi).ok_or_else(|| {
        let message = format!("unknown ABI {}, expected {}", quoted(name), list(words()));
        Problem::from(message).meant(closest(name, words()))
    })
}

/// How many bytes of argv an event may carry.
pub(super) fn argv_bytes(value: &DeValue<'_>) -> Result<u32, Problem> {
    let bytes = bytes(value)?.filter(|bytes| *bytes <= ARGV_MAX_BYTES);
    let fits = bytes.and_then(|bytes| u32::try_from(bytes).ok());
    fits.ok_or_else(|| format!("argv_bytes {} is out of range, 0 to 16KiB", shown(value)).into())
}

/// How many bytes of a buffer an event may carry.
pub(super) fn buffer_bytes(value: &DeValue<'_>) -> Result<u32, Problem> {
    let bytes = bytes(value)?.filter(|bytes| *bytes <= BUFFER_MAX_BYTES);
    let fits = bytes.and_then(|bytes| u32::try_from(bytes).ok());
    fits.ok_or_else(|| format!("buffer_bytes {} is out of range, 0 to 4KiB", shown(value)).into())
}

/// What becomes of memory that cannot be read at entry.
pub(super) fn paths(value: &DeValue<'_>) -> Result<Paths, Problem> {
    let names = || Paths::ALL.map(Paths::name).into_iter();
    let DeValue::String(name) = value else {
        return Err(expected(value, &list(names())));
    };
    let known = Paths::ALL.into_iter().find(|known| known.name() == name);
    known.ok_or_else(|| {
        let message = format!("unknown paths {}, expected {}", quoted(name), list(names()));
        Problem::from(message).meant(closest(name, names()))
    })
}

/// Whether argv is recorded.
pub(super) fn argv(value: &DeValue<'_>) -> Result<Argv, Problem> {
    let names = || Argv::ALL.map(Argv::name).into_iter();
    let DeValue::String(name) = value else {
        return Err(expected(value, &list(names())));
    };
    let known = Argv::ALL.into_iter().find(|known| known.name() == name);
    known.ok_or_else(|| {
        let message = format!("unknown argv {}, expected {}", quoted(name), list(names()));
        Problem::from(message).meant(closest(name, names()))
    })
}

/// The name of an environment variable.
pub(super) fn env_name(value: &DeValue<'_>) -> Result<String, Problem> {
    let DeValue::String(name) = value else {
        return Err(expected(value, "the name of an environment variable, in quotes"));
    };
    if name.is_empty() || name.contains(['=', '\0']) {
        return Err(format!("{} is no name of an environment variable", quoted(name)).into());
    }
    match name.len() {
        0..=ENV_NAME_MAX => Ok(name.to_string()),
        long => Err(format!(
            "the name {} has {long} bytes, at most {ENV_NAME_MAX} are compared",
            quoted(name)
        )
        .into()),
    }
}

/// A pattern of what is hidden: a word, in which `*` stands for any characters.
pub(super) fn pattern(value: &DeValue<'_>) -> Result<String, Problem> {
    let DeValue::String(text) = value else {
        return Err(expected(value, "true, false or patterns such as \"--pin\""));
    };
    if matches!(&**text, "true" | "false") {
        return Err(format!("redact {} is text, write {text} without quotes", quoted(text)).into());
    }
    let is_word = !text.contains(|c: char| c.is_whitespace() || c.is_control() || c == '=');
    let says_something = text.contains(|c: char| c.is_alphanumeric());
    match text.len() {
        _ if !(is_word && says_something) => {
            let why = "a pattern is one word: --OPTION, -X*, NAME or !NAME";
            Err(format!("{} is no pattern, {why}", quoted(text)).into())
        }
        0..=PATTERN_MAX => Ok(text.to_string()),
        long => Err(format!("a pattern of {long} bytes is too long, at most {PATTERN_MAX}").into()),
    }
}

/// Which results a route waits for.
pub(super) fn result(value: &DeValue<'_>) -> Result<Results, Problem> {
    match value {
        DeValue::Boolean(true) => Ok(Results::All),
        DeValue::Boolean(false) => Ok(Results::None),
        DeValue::String(name) if name == FAILED => Ok(Results::failed()),
        DeValue::String(name) => Err(no_result(name)),
        _ => Err(expected(value, RESULTS)),
    }
}

fn no_result(name: &str) -> Problem {
    let meant = match name.to_ascii_lowercase().as_str() {
        word @ ("true" | "false") => {
            return format!("result {} is text, write {word} without quotes", quoted(name)).into();
        }
        "fail" | "fails" | "failure" | "failures" | "error" | "errors" => Some(FAILED.to_owned()),
        other => closest(other, [FAILED]),
    };
    Problem::from(format!("unknown result {}, expected {RESULTS}", quoted(name))).meant(meant)
}

/// Size of the ring buffer, bytes.
pub(super) fn ring_bytes(value: &DeValue<'_>) -> Result<u32, Problem> {
    let allowed = RING_MIN_BYTES..=RING_MAX_BYTES;
    let bytes = bytes(value)?.filter(|bytes| allowed.contains(bytes));
    let Some(bytes) = bytes.and_then(|bytes| u32::try_from(bytes).ok()) else {
        let why = "is out of range, 64KiB to 1GiB of memory that is never swapped out";
        return Err(format!("ring size {} {why}", shown(value)).into());
    };
    if bytes.is_power_of_two() {
        return Ok(bytes);
    }
    // No overflow: the largest size allowed is a power of two.
    let meant = size::name(u64::from(bytes).next_power_of_two());
    let why = "is no power of two, which the kernel wants of a ring buffer";
    Err(Problem::from(format!("ring size {} {why}", shown(value))).meant(Some(meant)))
}

/// An absolute path that can be one.
pub(super) fn path(value: &DeValue<'_>) -> Result<PathBuf, Problem> {
    let DeValue::String(text) = value else {
        return Err(expected(value, "a path in quotes"));
    };
    match Path::new(&**text) {
        _ if text.contains('\0') => Err(format!("path {} holds a NUL", quoted(text)).into()),
        path if !path.is_absolute() => {
            Err(format!("path {} is not absolute, it must begin with \"/\"", quoted(text)).into())
        }
        path => Ok(path.to_owned()),
    }
}

/// The path of a socket.
pub(super) fn socket(value: &DeValue<'_>) -> Result<PathBuf, Problem> {
    let path = path(value)?;
    match path.as_os_str().len() {
        0..=SOCKET_MAX_BYTES => Ok(path),
        long => {
            let why = format!("an address has room for {SOCKET_MAX_BYTES}");
            Err(format!("the socket's path is {long} bytes long, {why}").into())
        }
    }
}

/// What to attach to.
pub(super) fn attach(value: &DeValue<'_>) -> Result<AttachTo, Problem> {
    let names = || AttachTo::ALL.map(AttachTo::name).into_iter();
    let DeValue::String(name) = value else {
        return Err(expected(value, &list(names())));
    };
    let known = AttachTo::ALL.into_iter().find(|known| known.name() == name);
    known.ok_or_else(|| {
        let message = format!("unknown way to attach {}, expected {}", quoted(name), list(names()));
        Problem::from(message).meant(closest(name, names()))
    })
}

/// Bytes: an integer, or a string with a unit. `None` beyond every range.
fn bytes(value: &DeValue<'_>) -> Result<Option<u64>, Problem> {
    match value {
        DeValue::Integer(integer) => Ok(number(integer)),
        DeValue::String(text) => size::parse(text),
        _ => Err(expected(value, "a size such as \"8MiB\"")),
    }
}

/// `None` for a negative number and for one beyond 64 bits.
fn number(integer: &DeInteger<'_>) -> Option<u64> {
    u64::from_str_radix(integer.as_str(), integer.radix()).ok()
}

/// The value as it can stand in a message.
fn shown(value: &DeValue<'_>) -> String {
    match value {
        DeValue::Integer(integer) => printable(&integer.to_string()),
        DeValue::String(text) => quoted(text),
        _ => kind(value).to_owned(),
    }
}

/// A value of the wrong type.
pub(super) fn expected(value: &DeValue<'_>, what: &str) -> Problem {
    format!("found {}, expected {what}", kind(value)).into()
}

fn kind(value: &DeValue<'_>) -> &'static str {
    match value {
        DeValue::String(_) => "a string",
        DeValue::Integer(_) => "an integer",
        DeValue::Float(_) => "a fraction",
        DeValue::Boolean(_) => "a boolean",
        DeValue::Datetime(_) => "a date",
        DeValue::Array(_) => "an array",
        DeValue::Table(_) => "a table",
    }
}
