//! One call to the daemon, and its reply.

use std::io::{BufRead as _, BufReader, ErrorKind, Read as _, Write as _};
use std::os::unix::net::UnixStream;
use std::path::Path;
use std::time::Duration;

use anyhow::{Context as _, Result, bail};
use serde::de::DeserializeOwned;
use serde_json::{Map, Value};
use varlink_server::{Call, Response};

use crate::cli::ClientOptions;
use crate::error::Failure;
use crate::rpc::{self, INTERFACE};

/// Timeout of a reply: a consistent snapshot of the counters waits several times for the kernel.
pub const REPLY_TIMEOUT: Duration = Duration::from_secs(60);

/// Bytes of a reply at most: more than the daemon ever sends.
const REPLY_MAX: u64 = 64 << 20;

/// Reply of the daemon: the result, or an error with its parameters.
pub enum Answer<T> {
    /// Result of the method.
    Done(T),
    /// Error and its parameters.
    Refused(String, Value),
}

/// Calls a method that cannot be refused.
///
/// # Errors
/// As `call`, and with what the daemon says where it fails.
pub fn ask<T: DeserializeOwned>(
    options: &ClientOptions,
    method: &str,
    parameters: Map<String, Value>,
) -> Result<T> {
    ask_within(options, method, parameters, REPLY_TIMEOUT)
}

/// Calls a method that cannot be refused and has to reply within that time.
///
/// # Errors
/// Fails if nobody answers within that time, or not us, or if the daemon refuses the call.
pub fn ask_within<T: DeserializeOwned>(
    options: &ClientOptions,
    method: &str,
    parameters: Map<String, Value>,
    time: Duration,
) -> Result<T> {
    match call_within(options, method, parameters, time)? {
        Answer::Done(reply) => Ok(reply),
        Answer::Refused(error, parameters) => {
            bail!("the daemon replied with the error {error} {parameters}")
        }
    }
}

/// Returns parameters that set these flags.
pub fn flags(names: &[&str]) -> Map<String, Value> {
    names.iter().map(|&name| (name.to_owned(), Value::Bool(true))).collect()
}

/// Calls a method.
///
/// # Errors
/// `Failure` if nobody answers, or not us.
pub fn call<T: DeserializeOwned>(
    options: &ClientOptions,
    method: &str,
    parameters: Map<String, Value>,
) -> Result<Answer<T>> {
    call_within(options, method, parameters, REPLY_TIMEOUT)
}

/// Calls a method that has to reply within that time.
///
/// # Errors
/// `Failure` if nobody answers within that time, or not us.
pub fn call_within<T: DeserializeOwned>(
    options: &ClientOptions,
    method: &str,
    parameters: Map<String, Value>,
    time: Duration,
) -> Result<Answer<T>> {
    let path = options.socket.clone().unwrap_or_else(rpc::default_socket);
    let method = format!("{INTERFACE}.{method}");
    let bytes =
        varlink_server::frame(&Call { method, parameters: Some(parameters), ..Call::default() })?;
    let reply = exchange(&path, &bytes, time).map_err(|error| explain(&error, &path, time))?;
    let Response { error, parameters } = serde_json::from_slice(&reply).with_context(|| {
        format!(
            "failed to read the reply from {}: is it the control socket of tailcalld?",
            path.display()
        )
    })?;
    match error {
        Some(error) => Ok(Answer::Refused(error, parameters)),
        None => Ok(Answer::Done(serde_json::from_value(parameters).with_context(|| {
            format!("the daemon at {} has another version than this command", path.display())
        })?)),
    }
}

fn exchange(path: &Path, call: &[u8], time: Duration) -> std::io::Result<Vec<u8>> {
    let mut stream = UnixStream::connect(path)?;
    stream.set_read_timeout(Some(time))?;
    stream.set_write_timeout(Some(time))?;
    stream.write_all(call)?;
    let mut reply = Vec::new();
    BufReader::new(stream).take(REPLY_MAX).read_until(0, &mut reply)?;
    match reply.pop() {
        Some(0) => Ok(reply),
        _ => Err(ErrorKind::UnexpectedEof.into()),
    }
}

fn explain(error: &std::io::Error, path: &Path, time: Duration) -> Failure {
    let path = path.display();
    match error.kind() {
        ErrorKind::PermissionDenied => Failure::Permission(format!(
            "permission denied on the control socket {path}: run this command as root, or with sudo"
        )),
        ErrorKind::NotFound | ErrorKind::ConnectionRefused => Failure::Unavailable(format!(
            "no daemon listens at {path}: start the service with `systemctl start tailcalld`, or name another socket with --socket"
        )),
        ErrorKind::WouldBlock | ErrorKind::TimedOut => Failure::Unavailable(format!(
            "the daemon at {path} did not reply within {} s: see `systemctl status tailcalld`",
            time.as_secs()
        )),
        ErrorKind::UnexpectedEof | ErrorKind::ConnectionReset | ErrorKind::BrokenPipe => {
            Failure::Unavailable(format!(
                "the daemon at {path} closed the connection: it serves root only, or it has stopped; see `systemctl status tailcalld`"
            ))
        }
        _ => Failure::Unavailable(format!("failed to call the daemon at {path}: {error}")),
    }
}
