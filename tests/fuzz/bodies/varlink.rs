//! A client that sends any bytes gets one reply to each call up to the first message that is no call, and is then
//! disconnected.

use std::cell::RefCell;
use std::io::{ErrorKind, Read, Write};
use std::net::Shutdown;
use std::os::unix::net::UnixStream;

use serde_json::Value;
use tailcalld::rpc::SERVICE;
use tempfile::TempDir;
use varlink_server::{CALL_MAX, Call, CallError, Parameters, Reply, Server};

/// Rounds of a loop that ends long before.
const ROUNDS_MAX: usize = 100_000;

thread_local! {
    static SERVER: RefCell<(TempDir, Server)> = RefCell::new(open());
}

fn open() -> (TempDir, Server) {
    let folder = TempDir::new().expect("a folder");
    let server = Server::open(&folder.path().join("socket"), SERVICE).expect("a server");
    (folder, server)
}

/// Sends the bytes to a server.
pub fn varlink(bytes: &[u8]) {
    let bytes = &bytes[..bytes.len().min(CALL_MAX)];
    let received = SERVER.with_borrow_mut(|(folder, server)| {
        let client = UnixStream::connect(folder.path().join("socket")).expect("a client");
        talk(client, server, bytes)
    });
    let replies: Vec<_> = received.split_inclusive(|&byte| byte == 0).collect();
    assert_eq!(replies.len(), calls(bytes).filter(|call| !call.is_oneway()).count());
    for reply in replies {
        let reply: Value =
            serde_json::from_slice(reply.strip_suffix(&[0]).expect("an end")).expect("JSON");
        assert!(reply["parameters"].is_object(), "{reply}");
        assert!(reply.get("error").is_none_or(Value::is_string), "{reply}");
    }
}

/// Returns the calls in front of the first message that is none.
fn calls(bytes: &[u8]) -> impl Iterator<Item = Call> {
    let messages = bytes.split_inclusive(|&byte| byte == 0);
    messages.map_while(|message| serde_json::from_slice(message.strip_suffix(&[0])?).ok())
}

/// Returns what the client receives until it is disconnected.
fn talk(mut client: UnixStream, server: &mut Server, bytes: &[u8]) -> Vec<u8> {
    client.set_nonblocking(true).expect("a mode");
    let (mut received, mut unsent, mut part) = (Vec::new(), bytes, [0; 65536]);
    for _ in 0..ROUNDS_MAX {
        match client.write(unsent) {
            Ok(count) => unsent = &unsent[count..],
            // The server has disconnected the client already.
            Err(error) if error.kind() == ErrorKind::BrokenPipe => unsent = &[],
            Err(error) => assert_eq!(error.kind(), ErrorKind::WouldBlock),
        }
        if unsent.is_empty() {
            let _ = client.shutdown(Shutdown::Write);
        }
        if let Some((id, call)) = server.process() {
            server.reply(id, &call, answer(&call));
        }
        match client.read(&mut part) {
            Ok(0) => return received,
            Ok(count) => received.extend_from_slice(&part[..count]),
            Err(error) if error.kind() == ErrorKind::ConnectionReset => return received,
            Err(error) => assert_eq!(error.kind(), ErrorKind::WouldBlock),
        }
    }
    panic!("the server does not end");
}

/// Answers a call of the service, with parameters of every type.
fn answer(call: &Call) -> Reply {
    let mut parameters = Parameters::new(call);
    let name = parameters.text("name")?;
    parameters.finish()?;
    Err(CallError::MethodNotFound(name))
}
