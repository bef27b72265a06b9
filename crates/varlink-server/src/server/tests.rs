use std::io::{BufRead as _, BufReader, Read as _, Write as _};
use std::os::unix::net::UnixStream;

use proptest::collection::vec;
use proptest::prelude::{ProptestConfig, any, proptest};
use serde_json::Value;

use super::*;
use crate::CALL_MAX;
use crate::service::tests::SERVICE;

/// Server that replies to each call with the name of its method.
struct Echo {
    server: Server,
    folder: tempfile::TempDir,
}

impl Echo {
    fn new() -> Self {
        let folder = tempfile::tempdir().expect("a temporary folder");
        let server = Server::open(&folder.path().join("socket"), SERVICE).expect("a server");
        Self { server, folder }
    }

    fn connect(&self) -> UnixStream {
        UnixStream::connect(self.folder.path().join("socket")).expect("a connection")
    }

    /// Serves as a loop does, until there is nothing to do; returns the methods that were called.
    fn serve(&mut self) -> Vec<String> {
        let mut called = vec![];
        let is_readable = |server: &Server| {
            let mut polled = [nix::poll::PollFd::new(server.fd(), nix::poll::PollFlags::POLLIN)];
            nix::poll::poll(&mut polled, 0_u8).expect("poll") > 0
        };
        loop {
            let now = Instant::now();
            let is_due = self.server.deadline(now).is_some_and(|at| at <= now);
            if !is_due && !is_readable(&self.server) {
                return called;
            }
            if let Some((client, call)) = self.server.process() {
                let reply = Ok(json!({ "called": call.method }));
                self.server.reply(client, &call, reply);
                called.push(call.method);
            }
        }
    }
}

fn call(method: &str) -> Vec<u8> {
    frame(&json!({ "method": method })).expect("JSON")
}

fn replies(stream: &UnixStream, count: usize) -> Vec<Value> {
    let parts = BufReader::new(stream).split(0).take(count);
    parts.map(|part| serde_json::from_slice(&part.expect("a reply")).expect("JSON")).collect()
}

fn has_ended(mut stream: &UnixStream) -> bool {
    stream.set_nonblocking(true).expect("a stream");
    let ended = match stream.read(&mut [0; 1]) {
        Ok(count) => count == 0,
        Err(error) => error.kind() != std::io::ErrorKind::WouldBlock,
    };
    stream.set_nonblocking(false).expect("a stream");
    ended
}

#[test]
fn calls_of_one_client_are_answered_in_order() {
    let mut echo = Echo::new();
    let mut stream = echo.connect();
    let three: Vec<u8> = ["org.example.A", "org.varlink.service.GetInfo", "org.example.B"]
        .iter()
        .flat_map(|method| call(method))
        .collect();
    stream.write_all(&three).expect("a call");
    assert_eq!(echo.serve(), ["org.example.A", "org.example.B"]);
    let replies = replies(&stream, 3);
    assert_eq!(replies[0], json!({"parameters": {"called": "org.example.A"}}));
    assert_eq!(replies[1]["parameters"]["product"], "example");
    assert_eq!(replies[2], json!({"parameters": {"called": "org.example.B"}}));
}

#[test]
fn call_in_pieces_is_answered_and_oneway_is_not() {
    let mut echo = Echo::new();
    let mut stream = echo.connect();
    let oneway = frame(&json!({"method": "org.example.A", "oneway": true})).expect("JSON");
    let bytes = [oneway, call("org.example.B")].concat();
    let (first, rest) = bytes.split_at(bytes.len() - 9);
    stream.write_all(first).expect("most of it");
    assert_eq!(echo.serve(), ["org.example.A"]);
    stream.write_all(rest).expect("the rest");
    assert_eq!(echo.serve(), ["org.example.B"]);
    assert_eq!(replies(&stream, 1)[0]["parameters"]["called"], "org.example.B");
    assert!(!has_ended(&stream));
}

#[test]
fn oneway_call_of_disconnected_client_is_returned() {
    let mut echo = Echo::new();
    let mut stream = echo.connect();
    let oneway = json!({"method": "org.example.A", "oneway": true});
    stream.write_all(&frame(&oneway).expect("JSON")).expect("a call");
    drop(stream);
    assert_eq!(echo.serve(), ["org.example.A"]);
    assert!(echo.server.clients.is_empty());
}

#[test]
fn message_that_is_not_a_call_disconnects_client() {
    for bytes in [&b"\0"[..], b"{}\0", b"hello\0", b"\xff\xfe\0", b"[[[[\0"] {
        let mut echo = Echo::new();
        let mut stream = echo.connect();
        stream.write_all(bytes).expect("bytes");
        assert_eq!(echo.serve(), [""; 0]);
        assert!(has_ended(&stream), "{bytes:?}");
        assert!(echo.server.clients.is_empty());
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]

    #[test]
    fn any_bytes_of_one_client_do_not_affect_another(pieces in vec(vec(any::<u8>(), 0..300), 0..8)) {
        let mut echo = Echo::new();
        let mut hostile = echo.connect();
        for bytes in pieces {
            // The server may have disconnected it.
            let _ = hostile.write_all(&bytes);
            echo.serve();
        }
        let mut other = echo.connect();
        other.write_all(&call("org.example.A")).expect("a call");
        assert_eq!(echo.serve(), ["org.example.A"]);
        assert_eq!(replies(&other, 1).len(), 1);
    }
}

#[test]
fn call_beyond_limit_disconnects_client() {
    let mut echo = Echo::new();
    let mut stream = echo.connect();
    stream.write_all(&vec![b' '; CALL_MAX - 1]).expect("bytes");
    echo.serve();
    assert!(!has_ended(&stream));
    stream.write_all(b" ").expect("one byte more");
    echo.serve();
    assert!(has_ended(&stream));
}

/// The server keeps at most one call and one reply of a client that does not read, and serves others.
#[test]
fn client_that_does_not_read_blocks_only_itself() {
    let mut echo = Echo::new();
    let mut stalled = echo.connect();
    stalled.set_nonblocking(true).expect("a stream");
    let calls = call(&format!("org.example.{}", "A".repeat(900))).repeat(60);
    let mut answered = 0;
    // Until the socket is full.
    while stalled.write(&calls).is_ok() {
        answered += echo.serve().len();
    }
    assert!(answered > 1, "{answered}");
    let mut other = echo.connect();
    other.write_all(&call("org.example.B")).expect("a call");
    assert_eq!(echo.serve(), ["org.example.B"]);
    assert_eq!(replies(&other, 1).len(), 1);
    // The loop wakes up to disconnect it.
    let (_, connection) = &echo.server.clients[0];
    let deadline = connection.deadline().expect("a deadline");
    assert_eq!(echo.server.deadline(Instant::now()), Some(deadline));
}

#[test]
fn client_beyond_limit_replaces_idlest() {
    let mut echo = Echo::new();
    let mut clients: Vec<_> = (0..CLIENTS_MAX)
        .map(|_| {
            let client = echo.connect();
            echo.serve();
            client
        })
        .collect();
    clients[0].write_all(&call("org.example.A")).expect("a call");
    echo.serve();
    let last = echo.connect();
    echo.serve();
    assert_eq!(echo.server.clients.len(), CLIENTS_MAX);
    assert!(has_ended(&clients[1]));
    assert!(
        clients.iter().enumerate().all(|(nth, client)| nth == 1 || nth == 0 || !has_ended(client))
    );
    assert_eq!(replies(&clients[0], 1).len(), 1);
    assert!(!has_ended(&last));
}

#[test]
fn reply_beyond_limit_is_error() {
    let reply = encode("org.example", Ok(json!("x".repeat(REPLY_MAX))));
    let reply: Value = serde_json::from_slice(reply.split_last().expect("a NUL").1).expect("JSON");
    assert_eq!(reply["error"], "org.example.ReplyTooLarge");
    assert!(reply["parameters"]["bytes"].as_u64().expect("a count") > REPLY_MAX as u64);
}
