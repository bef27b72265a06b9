//! Properties of systemd's objects, asked over its private D-Bus socket: without a program, which the seccomp filter
//! refuses, and without a bus daemon.

mod message;

use std::io::{Error, ErrorKind, Read as _, Result, Write as _};
use std::os::unix::net::UnixStream;
use std::path::Path;
use std::time::Duration;

use message::{Property, get, number, variant};

/// Socket of the manager, which only root may use.
pub const SOCKET: &str = "/run/systemd/private";

/// Time that the manager has for each part of an answer.
const ANSWER_MAX: Duration = Duration::from_secs(2);
/// Longest answer: a property is some dozens of bytes.
const MESSAGE_MAX: usize = 64 << 10;

const METHOD_RETURN: u8 = 2;
const ERROR: u8 = 3;
/// Header up to the length of the array of fields.
const HEADER_BYTES: usize = 16;

/// A connection to the manager.
#[derive(Debug)]
pub struct ManagerBus {
    stream: UnixStream,
    serial: u32,
}

impl ManagerBus {
    /// Connects as root.
    ///
    /// # Errors
    /// Fails if nobody listens at the socket, or this process is not root.
    pub fn connect(socket: &Path) -> Result<Self> {
        let mut stream = UnixStream::connect(socket)?;
        stream.set_read_timeout(Some(ANSWER_MAX))?;
        stream.set_write_timeout(Some(ANSWER_MAX))?;
        // The user id 0 as text, in hexadecimal digits. All in one: a call that arrives together with BEGIN would
        // wait in systemd's buffer for the next one.
        stream.write_all(b"\0AUTH EXTERNAL 30\r\nBEGIN\r\n")?;
        let mut line = Vec::new();
        while !line.ends_with(b"\r\n") && line.len() < MESSAGE_MAX {
            let mut byte = [0];
            stream.read_exact(&mut byte)?;
            line.extend(byte);
        }
        if !line.starts_with(b"OK ") {
            return Err(ErrorKind::PermissionDenied.into());
        }
        Ok(Self { stream, serial: 0 })
    }

    /// Returns the number of descriptors that the manager keeps for a service.
    ///
    /// # Errors
    /// Fails if the manager does not answer in time.
    pub fn stored_descriptors(&mut self, unit: &str) -> Result<u32> {
        let path = unit_path(unit);
        match self.property(&path, "org.freedesktop.systemd1.Service", "NFileDescriptorStore")? {
            Some(Property::Number(count)) => Ok(count),
            _ => Err(ErrorKind::InvalidData.into()),
        }
    }

    /// Returns the type of the job that the manager has for a unit: `stop`, or `restart` also while the unit stops;
    /// `None` without a job.
    ///
    /// # Errors
    /// Fails if the manager does not answer in time.
    pub fn job(&mut self, unit: &str) -> Result<Option<String>> {
        let path = unit_path(unit);
        let job = match self.property(&path, "org.freedesktop.systemd1.Unit", "Job")? {
            Some(Property::Object(0, _)) => return Ok(None),
            Some(Property::Object(_, job)) => job,
            _ => return Err(ErrorKind::InvalidData.into()),
        };
        match self.property(&job, "org.freedesktop.systemd1.Job", "JobType")? {
            Some(Property::Text(kind)) => Ok(Some(kind)),
            _ => Err(ErrorKind::InvalidData.into()),
        }
    }

    /// Returns a property of the object at `path`; `None` if it has another type.
    fn property(&mut self, path: &str, interface: &str, name: &str) -> Result<Option<Property>> {
        self.serial += 1;
        self.stream.write_all(&get(path, interface, name, self.serial))?;
        loop {
            let (kind, body) = self.message()?;
            match kind {
                METHOD_RETURN => return Ok(variant(&body)),
                ERROR => return Err(ErrorKind::NotFound.into()),
                _ => {} // a signal
            }
        }
    }

    /// Reads a message and returns its type and its body.
    fn message(&mut self) -> Result<(u8, Vec<u8>)> {
        let mut header = [0; HEADER_BYTES];
        self.stream.read_exact(&mut header)?;
        let [b'l', kind, ..] = header else { return Err(ErrorKind::InvalidData.into()) };
        let word = |at| number(&header, at).ok_or(Error::from(ErrorKind::InvalidData));
        let (body, fields) = (word(4)? as usize, word(12)? as usize);
        if body.max(fields) > MESSAGE_MAX {
            return Err(ErrorKind::InvalidData.into());
        }
        let mut rest = vec![0; fields.next_multiple_of(8) + body];
        self.stream.read_exact(&mut rest)?;
        Ok((kind, rest.split_off(fields.next_multiple_of(8))))
    }
}

/// Returns the path of the object of a unit.
fn unit_path(unit: &str) -> String {
    let mut path = "/org/freedesktop/systemd1/unit/".to_owned();
    for (at, byte) in unit.bytes().enumerate() {
        match byte {
            b'0'..=b'9' if at == 0 => path += &format!("_{byte:02x}"),
            b'a'..=b'z' | b'A'..=b'Z' | b'0'..=b'9' => path.push(char::from(byte)),
            _ => path += &format!("_{byte:02x}"),
        }
    }
    path
}

#[cfg(test)]
mod tests {
    use std::os::unix::net::UnixListener;
    use std::thread::{JoinHandle, spawn};

    use super::*;

    #[test]
    fn unit_path_escapes_all_but_letters_and_digits() {
        let path = unit_path("7a-b@c.service");
        assert_eq!(path, "/org/freedesktop/systemd1/unit/_37a_2db_40c_2eservice");
    }

    /// Accepts a client and answers each of its messages with one or more.
    fn manager(socket: &Path, answers: &'static [&[(u8, &[u8])]]) -> JoinHandle<()> {
        let listener = UnixListener::bind(socket).expect("a socket");
        spawn(move || {
            let stream = listener.accept().expect("a client").0;
            let mut bus = ManagerBus { stream, serial: 0 };
            let mut hello = [0; b"\0AUTH EXTERNAL 30\r\n".len()];
            bus.stream.read_exact(&mut hello).expect("authentication");
            bus.stream.write_all(b"OK 0123\r\n").expect("a client");
            let mut begin = [0; b"BEGIN\r\n".len()];
            bus.stream.read_exact(&mut begin).expect("the beginning");
            for answers in answers {
                bus.message().expect("a call");
                for (kind, body) in *answers {
                    let mut message = vec![b'l', *kind, 0, 1];
                    message.extend((body.len() as u32).to_le_bytes());
                    // One field of 5 bytes, which is padded.
                    message.extend([1, 0, 0, 0, 5, 0, 0, 0, 5, 1, b'u', 0, 1, 0, 0, 0]);
                    message.extend(*body);
                    bus.stream.write_all(&message).expect("a client");
                }
            }
        })
    }

    const JOB: &[u8] = b"\x04(uo)\0\0\0\x07\0\0\0\x05\0\0\0/j/71\0";
    const NO_JOB: &[u8] = b"\x04(uo)\0\0\0\0\0\0\0\x01\0\0\0/\0";
    const RESTART: &[u8] = b"\x01s\0\0\x07\0\0\0restart\0";
    const SIGNAL: u8 = 4;

    #[test]
    fn answers_are_those_of_manager() {
        let folder = tempfile::tempdir().expect("a temporary folder");
        let socket = folder.path().join("private");
        let manager = manager(
            &socket,
            &[
                &[(METHOD_RETURN, b"\x01u\0\0\x09\0\0\0")],
                &[(SIGNAL, b"\x01u\0\0\x01\0\0\0"), (METHOD_RETURN, JOB)],
                &[(METHOD_RETURN, RESTART)],
                &[(METHOD_RETURN, NO_JOB)],
                &[(ERROR, b"")],
                &[(METHOD_RETURN, RESTART)],
            ],
        );
        let mut bus = ManagerBus::connect(&socket).expect("a manager");
        assert_eq!(bus.stored_descriptors("a.service").expect("an answer"), 9);
        assert_eq!(bus.job("a.service").expect("an answer").as_deref(), Some("restart"));
        assert_eq!(bus.job("a.service").expect("an answer"), None);
        let error = bus.job("a.service").expect_err("an error");
        assert_eq!(error.kind(), ErrorKind::NotFound);
        let error = bus.stored_descriptors("a.service").expect_err("another type");
        assert_eq!(error.kind(), ErrorKind::InvalidData);
        manager.join().expect("the manager");
        assert!(bus.job("a.service").is_err(), "the manager is gone");
    }
}
