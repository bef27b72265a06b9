//! The table `[handlers]`: the version that an object of a handler has to be of.

use std::collections::BTreeMap;

use toml::Spanned;
use toml::de::{DeTable, DeValue};

use super::Config;
use super::fault::{Fault, Problem};
use super::reader::FileReader;
use super::source::Mark;
use super::text::{printable, quoted};
use super::values::expected;
use crate::handlers::HandlerObject;

/// Digests by the name of the handler, and where they stand.
pub type Pins = BTreeMap<String, (String, Mark)>;

/// Digits of a SHA-256.
const DIGITS: usize = 64;

/// Reads the table over what `config` holds already.
pub(super) fn read(config: &mut Config, reader: &mut FileReader<'_>, table: &DeTable<'_>) {
    for (name, value) in table.iter() {
        if let Some(digest) = pin(reader, name.get_ref(), value) {
            config.pins.insert(name.get_ref().to_string(), (digest, reader.mark(value.span())));
        }
    }
}

/// Reads `{ sha256 = "..." }`; `None` is a fault.
fn pin(reader: &mut FileReader<'_>, name: &str, value: &Spanned<DeValue<'_>>) -> Option<String> {
    let DeValue::Table(table) = value.get_ref() else {
        reader.refuse(value.span(), expected(value.get_ref(), "{ sha256 = \"...\" }"));
        return None;
    };
    let mut found = None;
    for (key, value) in table.iter() {
        match key.get_ref().as_ref() {
            "sha256" => reader.store(&mut found, value, |value| digest(value).map(Some)),
            other => reader.unknown_key(key.span(), other, "[handlers]", &["sha256"]),
        }
    }
    if table.is_empty() {
        let text =
            format!("handler {} is pinned to nothing, expected sha256 = \"...\"", quoted(name));
        reader.refuse(value.span(), text);
    }
    found
}

fn digest(value: &DeValue<'_>) -> Result<String, Problem> {
    let DeValue::String(text) = value else {
        return Err(expected(value, "the output of sha256sum, as text"));
    };
    let is_digest = text.len() == DIGITS && text.bytes().all(|byte| byte.is_ascii_hexdigit());
    match is_digest {
        true => Ok(text.to_ascii_lowercase()),
        false => {
            Err(format!("{} is no SHA-256, expected {DIGITS} hexadecimal digits", quoted(text))
                .into())
        }
    }
}

/// Returns the fault of an object that is not of the version that it is pinned to.
pub fn misfit(pins: &Pins, object: &HandlerObject) -> Option<Fault> {
    let (pinned, mark) = pins.get(&object.handler.name)?;
    (*pinned != object.sha256).then(|| {
        let path = printable(&object.path.to_string_lossy());
        let text = format!("{path} has the SHA-256 {}, another one than the pinned", object.sha256);
        Fault::at(mark, text)
    })
}
