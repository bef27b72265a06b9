//! Misbehaving clients, which must not affect other clients or the events.

use std::io::Read as _;

use super::{Client, ask, started, works};
use crate::number::unused_number;

#[test]
fn partial_and_endless_calls_leave_other_clients_served() {
    let number = unused_number();
    let Some(mut daemon) = started(&number, "args") else { return };
    let mut half = Client::of(&daemon.setup);
    half.send(b"{\"method\": \"io.tailcalld.Sta").unwrap();
    let mut endless = Client::of(&daemon.setup);
    // The daemon hangs up in the middle.
    assert!(endless.send(&vec![b' '; 1 << 20]).is_err());
    let mut other = Client::of(&daemon.setup);
    other.send(b"not JSON\0").unwrap();
    assert_eq!(other.reply(), None);
    works(&mut daemon, &number);
    assert_eq!(ask(&daemon.setup, &["status"]).0, 0);
    half.send(b"tus\"}\0").unwrap();
    assert_eq!(half.reply().expect("a reply")["parameters"]["generation"], 1);
    assert_eq!(daemon.stop().len(), 1);
}

/// Sends ten thousand calls from one client that reads no reply.
#[test]
fn client_that_does_not_read_is_dropped_and_others_are_served() {
    let number = unused_number();
    let Some(mut daemon) = started(&number, "args") else { return };
    let mut silent = Client::of(&daemon.setup);
    let calls = b"{\"method\": \"io.tailcalld.Stats\", \"parameters\": {\"per_cpu\": true}}\0";
    let sending = std::thread::spawn(move || (silent.send(&calls.repeat(10_000)), silent));
    works(&mut daemon, &number);
    assert_eq!(ask(&daemon.setup, &["status"]).0, 0);
    works(&mut daemon, &number);
    // The daemon closes the connection in the end.
    let (sent, mut silent) = sending.join().unwrap();
    assert!(sent.is_err());
    let _ = silent.0.read_to_end(&mut vec![]);
    works(&mut daemon, &number);
    assert_eq!(daemon.stop().len(), 1);
}

#[test]
fn hundred_idle_connections_leave_other_clients_served() {
    let number = unused_number();
    let Some(mut daemon) = started(&number, "args") else { return };
    let idle: Vec<Client> = (0..100).map(|_| Client::of(&daemon.setup)).collect();
    assert_eq!(ask(&daemon.setup, &["status"]).0, 0);
    works(&mut daemon, &number);
    drop(idle);
    assert_eq!(ask(&daemon.setup, &["status"]).0, 0);
    assert_eq!(daemon.stop().len(), 1);
}
