//! The objects of handlers, in folders beside the configuration. A file that is not to be trusted, or that is no object of a
//! handler, is refused with a reason; whether that matters, the routes decide.

use std::collections::BTreeMap;
use std::fs::{self, File, OpenOptions};
use std::io::{self, ErrorKind, Read as _};
use std::os::unix::fs::OpenOptionsExt as _;
use std::path::{Path, PathBuf};

use nix::libc::{O_NOCTTY, O_NONBLOCK};
use sha2::{Digest as _, Sha256};

use super::{embedded, manifest};
use crate::config::{Trust, handler_folders, handler_in, printable};
use crate::handlers::{HandlerObject, Handlers, RefusedObject};
use crate::load;

/// Largest object, in bytes: that of the daemon itself is half as large.
const SIZE_MAX: u64 = 4 << 20;

/// Most objects that are read.
const OBJECTS_MAX: usize = 256;

/// Returns all handlers for a configuration: those in this binary, and those in objects.
///
/// # Errors
/// Fails if the object inside this binary is damaged.
pub fn handlers_for(config: &Path, trust: &Trust) -> anyhow::Result<Handlers> {
    let mut handlers = load::handlers()?;
    read_objects(config, &mut handlers, trust);
    Ok(handlers)
}

/// Reads the objects that belong to a configuration into `handlers`.
pub fn read_objects(config: &Path, handlers: &mut Handlers, trust: &Trust) {
    let (mut objects, mut refused) = (Vec::new(), Vec::new());
    for (name, bytes) in embedded::all() {
        match object(name, Path::new(""), bytes) {
            Ok(object) => objects.push(object),
            Err(reason) => tracing::error!("the handler \"{name}\" of this binary {reason}"),
        }
    }
    for (name, path) in files(config) {
        match read(&name, &path, handlers, trust) {
            Ok(object) => objects.push(object),
            Err(reason) => refused.push(RefusedObject { name, path, reason }),
        }
    }
    let [own, _] = handler_folders(config);
    handlers.set_objects(objects, refused, own);
}

/// Returns the files by the names of their handlers.
fn files(config: &Path) -> BTreeMap<String, PathBuf> {
    let mut files = BTreeMap::new();
    for folder in handler_folders(config) {
        let Ok(entries) = fs::read_dir(folder) else { continue };
        let entries = entries.filter_map(Result::ok);
        let objects = entries
            .filter_map(|entry| Some((handler_in(&entry.file_name())?.to_owned(), entry.path())));
        for (name, path) in objects.take(OBJECTS_MAX) {
            files.entry(name).or_insert(path);
        }
    }
    files
}

fn read(
    name: &str,
    path: &Path,
    handlers: &Handlers,
    trust: &Trust,
) -> Result<HandlerObject, String> {
    if handlers.named(name).is_some() || embedded::object(name).is_some() {
        return Err("has the name of a handler of tailcalld itself; give it another one".to_owned());
    }
    object(name, path, &read_file(path, trust)?)
}

fn object(name: &str, path: &Path, bytes: &[u8]) -> Result<HandlerObject, String> {
    let (handler, members) = manifest::read(bytes, name)?;
    Ok(HandlerObject { handler, path: path.to_owned(), sha256: digest(bytes), members })
}

/// Returns the bytes of an object that is still the one that was read.
///
/// # Errors
/// The reason why it cannot be used, as a clause.
pub(super) fn read_again(object: &HandlerObject) -> Result<Vec<u8>, String> {
    if let Some(bytes) = embedded::object(&object.handler.name) {
        return Ok(bytes.to_vec());
    }
    let bytes = read_file(&object.path, &Trust::of_daemon())?;
    match digest(&bytes) == object.sha256 {
        true => Ok(bytes),
        false => Err("has changed since the configuration was read; reload again".to_owned()),
    }
}

/// Returns the bytes of a file that is trusted.
fn read_file(path: &Path, trust: &Trust) -> Result<Vec<u8>, String> {
    let failed = |error: io::Error| match error.kind() {
        ErrorKind::NotFound => "does not exist any more".to_owned(),
        _ => format!("cannot be read: {error}"),
    };
    let file = open(path).map_err(failed)?;
    let about = file.metadata().map_err(failed)?;
    if !about.is_file() {
        return Err("is not a regular file".to_owned());
    }
    trust.check(path, &about)?;
    let mut bytes = Vec::new();
    file.take(SIZE_MAX + 1).read_to_end(&mut bytes).map_err(failed)?;
    match bytes.len() as u64 > SIZE_MAX {
        true => Err(format!("is larger than {} MiB, the limit for an object", SIZE_MAX >> 20)),
        false => Ok(bytes),
    }
}

/// Opens a file without waiting for the writer of a FIFO.
fn open(path: &Path) -> io::Result<File> {
    OpenOptions::new().read(true).custom_flags(O_NONBLOCK | O_NOCTTY).open(path)
}

fn digest(bytes: &[u8]) -> String {
    let digest = Sha256::digest(bytes);
    digest.iter().map(|byte| format!("{byte:02x}")).collect()
}

/// Returns a file as a sentence names it.
pub(super) fn shown(path: &Path) -> String {
    printable(&path.to_string_lossy())
}
