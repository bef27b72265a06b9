//! A [Varlink](https://varlink.org) server for a program with an event loop: it needs neither threads
//! nor an async runtime, and never blocks on a client.
//!
//! # Use in a loop
//!
//! [`Server::open`] listens on a socket. The loop waits until the descriptor [`Server::fd`] is readable
//! or [`Server::deadline`] has come, and then calls [`Server::process`], which returns at most one
//! call. The program passes its result to [`Server::reply`], at once or later.
//!
//! ```
//! use std::io::{BufRead, BufReader, Write};
//! use std::os::unix::net::UnixStream;
//! use std::time::Instant;
//!
//! use nix::poll::{PollFd, PollFlags, PollTimeout, poll};
//! use serde_json::json;
//! use varlink_server::{Call, CallError, Parameters, Reply, Server, Service};
//!
//! const SERVICE: Service = Service {
//!     interface: "org.example.greeter",
//!     description: "interface org.example.greeter\n\n\
//!                   method Greet(name: string) -> (text: string)\n",
//!     vendor: "Example",
//!     product: "Greeter",
//!     version: "1",
//!     url: "https://example.org",
//! };
//!
//! fn greet(call: &Call) -> Reply {
//!     let mut parameters = Parameters::new(call);
//!     match call.name().1 {
//!         "Greet" => {
//!             let name = parameters.text("name")?;
//!             parameters.finish()?;
//!             Ok(json!({ "text": format!("Hello, {name}!") }))
//!         }
//!         method => Err(CallError::MethodNotFound(method.to_owned())),
//!     }
//! }
//!
//! # fn main() -> anyhow::Result<()> {
//! # let folder = tempfile::tempdir()?;
//! # let path = folder.path().join("greeter");
//! let mut server = Server::open(&path, SERVICE)?;
//!
//! # let mut client = UnixStream::connect(&path)?;
//! # client.write_all(b"{\"method\":\"org.example.greeter.Greet\",\"parameters\":{\"name\":\"Ada\"}}\0")?;
//! # let mut is_done = false;
//! # while !is_done {
//! // One round of the loop; a real one waits for other descriptors, too.
//! let now = Instant::now();
//! let wait = server.deadline(now).map(|at| at.saturating_duration_since(now));
//! let timeout = wait.and_then(|wait| PollTimeout::try_from(wait).ok());
//! poll(&mut [PollFd::new(server.fd(), PollFlags::POLLIN)], timeout.unwrap_or(PollTimeout::NONE))?;
//! if let Some((client, call)) = server.process() {
//!     server.reply(client, &call, greet(&call));
//! #   is_done = true;
//! }
//! # }
//! # let mut response = vec![];
//! # BufReader::new(client).read_until(0, &mut response)?;
//! # assert_eq!(response, b"{\"parameters\":{\"text\":\"Hello, Ada!\"}}\0");
//! # Ok(())
//! # }
//! ```
//!
//! Calls of the interface `org.varlink.service`, and calls of unknown interfaces, are answered by the
//! server. It sends one reply to a call: `more` is ignored, and `upgrade` is an error.
//!
//! # Bounds
//!
//! | resource | bound | beyond it |
//! |---|---|---|
//! | clients | [`CLIENTS_MAX`] | the client that was idle for longest is disconnected |
//! | size of a call | [`CALL_MAX`] | the client is disconnected |
//! | calls of a client | one | the next one is read when the client has taken the reply to the last |
//! | size of a reply | [`REPLY_MAX`] | the client gets the error `ReplyTooLarge` of the service's interface |
//! | time without reading a reply | [`REPLY_TIMEOUT`] | the client is disconnected |
//!
//! # Access and errors
//!
//! Only root and the user of the server may connect; the server disconnects others without reading.
//! [`Server::open`] fails with [`AddressInUse`] if another server listens on the path, and replaces the
//! socket of a server that was killed. After that nothing fails: a client that sends anything but a
//! call, or that goes away, is disconnected, and a reply to it is dropped.
//!
//! Messages of the protocol are JSON objects, each followed by a NUL byte ([`frame`]).

/// Errors of calls.
mod error;

/// Calls and replies.
mod message;

/// Parameters of a call.
mod parameters;

/// Messages in a stream of bytes.
mod frames;

/// Listening socket.
mod listener;

/// Connections of clients.
mod connection;

/// Interface `org.varlink.service`.
mod service;

/// Server of all clients.
mod server;

pub use connection::REPLY_TIMEOUT;
pub use error::CallError;
pub use frames::{CALL_MAX, frame};
pub use listener::AddressInUse;
pub use message::{Call, Reply, Response};
pub use parameters::Parameters;
pub use server::{CLIENTS_MAX, ClientId, REPLY_MAX, Server};
pub use service::Service;
