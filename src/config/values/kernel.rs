//! Values about the kernel, and paths of files: `abi`, `paths`, `[kernel] attach`, `[exclude] exe`,
//! `[journal] socket`.

use std::path::{Path, PathBuf};

use syscalls::Abi;
use toml::de::DeValue;

use super::{NONE, expected, one_of};
use crate::config::attach::AttachTo;
use crate::config::fault::Problem;
use crate::config::fds::Fds;
use crate::config::paths::Paths;
use crate::config::text::quoted;

/// Words for an ABI: its role, or its own name.
const ABIS: [(&str, Abi); 5] = [
    (Abi::Native.generic_name(), Abi::Native),
    (Abi::Compat.generic_name(), Abi::Compat),
    (Abi::Native.name(), Abi::Native),
    (Abi::Compat.name(), Abi::Compat),
    (Abi::IoUring.name(), Abi::IoUring),
];

/// A socket's address holds 108 bytes, and one is the NUL.
const SOCKET_MAX_BYTES: usize = 107;

/// Parses an ABI: the machine's own, the 32-bit one beside it, or that of operations of `io_uring`.
pub(in crate::config) fn abi(value: &DeValue<'_>) -> Result<Abi, Problem> {
    one_of(value, "ABI", &ABIS, |(name, _)| name).map(|(_, abi)| abi)
}

/// Parses `fds`.
pub(in crate::config) fn fds(value: &DeValue<'_>) -> Result<Fds, Problem> {
    one_of(value, "fds", &Fds::ALL, Fds::name)
}

/// Parses `paths`.
pub(in crate::config) fn paths(value: &DeValue<'_>) -> Result<Paths, Problem> {
    one_of(value, "paths", &Paths::ALL, Paths::name)
}

/// Parses the attach mode.
pub(in crate::config) fn attach(value: &DeValue<'_>) -> Result<AttachTo, Problem> {
    one_of(value, "attach mode", &AttachTo::ALL, AttachTo::name)
}

/// Parses an absolute path.
pub(in crate::config) fn path(value: &DeValue<'_>) -> Result<PathBuf, Problem> {
    let DeValue::String(text) = value else {
        return Err(expected(value, "a path in quotes"));
    };
    match Path::new(&**text) {
        _ if text.contains('\0') => {
            Err(format!("path {} contains a NUL byte", quoted(text)).into())
        }
        path if !path.is_absolute() => {
            Err(format!("path {} is not absolute, it must begin with \"/\"", quoted(text)).into())
        }
        path => Ok(path.to_owned()),
    }
}

/// Parses the file of the metrics; `None` for none.
pub(in crate::config) fn metrics_file(value: &DeValue<'_>) -> Result<Option<PathBuf>, Problem> {
    if matches!(value, DeValue::String(word) if word == NONE) {
        return Ok(None);
    }
    let path = path(value)?;
    let name = path.file_name().unwrap_or_default().as_encoded_bytes();
    if name.ends_with(METRICS_END.as_bytes()) {
        return Ok(Some(path));
    }
    let text = quoted(&path.to_string_lossy());
    Err(format!("textfile {text} does not end in \"{METRICS_END}\", and the node exporter reads no other files").into())
}

/// End of the names of the files that the node exporter reads.
const METRICS_END: &str = ".prom";

/// Parses the path of a socket.
pub(in crate::config) fn socket(value: &DeValue<'_>) -> Result<PathBuf, Problem> {
    let path = path(value)?;
    match path.as_os_str().len() {
        0..=SOCKET_MAX_BYTES => Ok(path),
        long => {
            let why = format!("a socket address holds at most {SOCKET_MAX_BYTES}");
            Err(format!("the socket's path is {long} bytes long, {why}").into())
        }
    }
}
