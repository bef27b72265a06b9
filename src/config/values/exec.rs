//! Values of the options of `exec`: `argv`, `env`, `redact`.

use toml::de::DeValue;

use super::{expected, one_of};
use crate::config::exec::Argv;
use crate::config::fault::Problem;
use crate::config::secret::SecretPattern;
use crate::config::text::quoted;

/// `ENV_NAME_WORDS` in `bpf/event.h`, without the `=`.
const ENV_NAME_MAX: usize = 31;

/// Longest pattern: comparing costs the product of both lengths, for each argument of each event.
const PATTERN_MAX: usize = 64;

/// Parses `argv`.
pub(in crate::config) fn argv(value: &DeValue<'_>) -> Result<Argv, Problem> {
    one_of(value, "argv", &Argv::ALL, Argv::name)
}

/// Parses the name of an environment variable.
pub(in crate::config) fn env_name(value: &DeValue<'_>) -> Result<String, Problem> {
    let DeValue::String(name) = value else {
        return Err(expected(value, "the name of an environment variable in quotes"));
    };
    if name.is_empty() || name.contains(['=', '\0']) {
        return Err(format!("{} is not the name of an environment variable", quoted(name)).into());
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

/// Parses a pattern of secrets: a word, in which `*` stands for any characters.
pub(in crate::config) fn secret(value: &DeValue<'_>) -> Result<SecretPattern, Problem> {
    let DeValue::String(text) = value else {
        return Err(expected(value, "true, false or patterns such as \"--pin\""));
    };
    if matches!(&**text, "true" | "false") {
        return Err(
            format!("redact {} is a string; write {text} without quotes", quoted(text)).into()
        );
    }
    let is_word = !text.contains(|c: char| c.is_whitespace() || c.is_control() || c == '=');
    let says_something = text.contains(|c: char| c.is_alphanumeric());
    match text.len() {
        _ if !(is_word && says_something) => {
            let why = "a pattern is one word: --OPTION, -X*, NAME or !NAME";
            Err(format!("{} is not a pattern; {why}", quoted(text)).into())
        }
        0..=PATTERN_MAX => Ok(SecretPattern::parse(text)),
        long => Err(format!("a pattern of {long} bytes is too long, at most {PATTERN_MAX}").into()),
    }
}
