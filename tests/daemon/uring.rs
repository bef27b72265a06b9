//! Operations of io_uring from the configuration to the record.

use crate::process::trigger;
use crate::records::events_of;
use crate::rig::Setup;

#[test]
fn operation_is_recorded_by_route_of_syscall_and_not_after_reload_without_it() {
    let Some(setup) = Setup::new("[routes]\nopenat = { handler = \"args\", path = \"/etc/**\" }\n")
    else {
        return;
    };
    let mut daemon = setup.start();
    let entries = [
        "at",
        "/etc",
        "uring",
        "18",
        "fd=9",
        "addr=text:hosts",
        "flags=0x80000",
        "|",
        "18",
        "fd=-100",
        "addr=text:/usr",
        "|",
        "28",
        "fd=-100",
        "addr=text:/etc/hosts",
        "off=words:0,0,0",
        "len=24",
    ];
    let first = trigger(&entries);
    daemon.setup.write("[routes]\nopenat = { handler = \"args\", abi = \"native\" }\n");
    let records = daemon.records.until("reloaded");
    let second = trigger(&entries);

    let events = events_of(&records, &first);
    let of_ring: Vec<_> = events.iter().filter(|event| event["abi"] == "io_uring").collect();
    let [event] = of_ring.as_slice() else { panic!("{} events", of_ring.len()) };
    assert_eq!((&event["syscall"], &event["nr"]), (&"openat".into(), &18.into()), "{event}");
    assert_eq!(event["args"]["filename"], "hosts", "{event}");
    assert_eq!(event["paths"][0], "/etc/hosts", "{event}");
    let records = daemon.stop();
    let of_second = events_of(&records, &second);
    assert!(of_second.iter().all(|event| event["abi"] != "io_uring"));
}
