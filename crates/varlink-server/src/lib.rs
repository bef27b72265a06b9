//! A [Varlink](https://varlink.org) server for a program that has its own event loop: calls come out
//! of [`Server::turn`], replies go in through [`Server::answer`], and one descriptor tells the loop
//! when to take a turn. It never blocks on a client, keeps at most one call and one reply for each,
//! and needs neither threads nor an async runtime.
//!
//! The messages of the protocol are JSON objects, each followed by a NUL byte.

mod connection;
mod frames;
mod listener;
mod message;
mod server;
mod service;

pub use frames::{CALL_MAX, frame};
pub use listener::InUse;
pub use message::{Call, Parameters, Refusal, Reply, Response};
pub use server::{Client, Server};
pub use service::Service;
