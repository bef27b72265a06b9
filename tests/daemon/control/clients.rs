//! Clients that do not behave: nobody else notices them.

use std::io::Read as _;

use super::{Client, ask, started, works};
use crate::number::unused_number;

#[test]
fn half_a_call_and_a_call_without_end() {
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

/// It asks ten thousand times and reads nothing.
#[test]
fn a_client_that_does_not_read_holds_nobody_up() {
    let number = unused_number();
    let Some(mut daemon) = started(&number, "args") else { return };
    let mut deaf = Client::of(&daemon.setup);
    let calls = b"{\"method\": \"io.tailcalld.Stats\", \"parameters\": {\"per_cpu\": true}}\0";
    let sending = std::thread::spawn(move || (deaf.send(&calls.repeat(10_000)), deaf));
    works(&mut daemon, &number);
    assert_eq!(ask(&daemon.setup, &["status"]).0, 0);
    works(&mut daemon, &number);
    // At last it is given up.
    let (sent, mut deaf) = sending.join().unwrap();
    assert!(sent.is_err());
    let _ = deaf.0.read_to_end(&mut vec![]);
    works(&mut daemon, &number);
    assert_eq!(daemon.stop().len(), 1);
}

#[test]
fn who_holds_connections_keeps_nobody_out() {
    let number = unused_number();
    let Some(mut daemon) = started(&number, "args") else { return };
    let idle: Vec<Client> = (0..100).map(|_| Client::of(&daemon.setup)).collect();
    assert_eq!(ask(&daemon.setup, &["status"]).0, 0);
    works(&mut daemon, &number);
    drop(idle);
    assert_eq!(ask(&daemon.setup, &["status"]).0, 0);
    assert_eq!(daemon.stop().len(), 1);
}
