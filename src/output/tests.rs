use std::fs::File;
use std::io::{self, Read};
use std::os::fd::{AsFd, OwnedFd};
use std::os::unix::net::UnixDatagram;
use std::path::Path;

use nix::errno::Errno;
use nix::fcntl::{FcntlArg, OFlag};
use nix::poll::{PollFd, PollFlags, PollTimeout};

use super::{Destination, Output, StreamChoice, WriteOutcome};
use crate::output::record::{Aggregate, Body, Started, Syscall};
use crate::output::samples;
use crate::output::users::UserNames;
use crate::stats::Column;
use crate::units::CgroupInfo;

/// Socket that receives entries in place of journald.
struct Listener {
    socket: UnixDatagram,
}

impl Listener {
    fn at(path: &Path) -> Self {
        let _ = std::fs::remove_file(path);
        let socket = UnixDatagram::bind(path).unwrap();
        socket.set_nonblocking(true).unwrap();
        Self { socket }
    }

    /// The generations of the entries that have arrived.
    fn generations(&self) -> Vec<u32> {
        let mut buffer = vec![0; 1 << 16];
        let mut found = vec![];
        while let Ok(size) = self.socket.recv(&mut buffer) {
            found.push(generation(&buffer[..size]));
        }
        found
    }
}

fn generation(entry: &[u8]) -> u32 {
    let text = String::from_utf8_lossy(entry);
    let (_, after) = text.split_once("SYSCALL_GENERATION=").unwrap();
    after.lines().next().unwrap().parse().unwrap()
}

fn journal(directory: &Path) -> (Listener, Output) {
    let path = directory.join("socket");
    let listener = Listener::at(&path);
    (listener, Output::open(Destination::Journal(path)).unwrap())
}

fn write_event(output: &mut Output, generation: u32) -> WriteOutcome {
    let handler = samples::handler();
    let mut event = samples::event(&handler, vec![]);
    event.generation = generation;
    output.write(&samples::record(&event, None))
}

fn write_own(output: &mut Output, generation: u32) -> WriteOutcome {
    let started = Started { generation, ..samples::started() };
    output.write(&samples::own(Body::Started(&started)))
}

/// Writes events numbered from 0 until one is kept back; returns how many were written.
fn fill(output: &mut Output) -> u32 {
    (0..100_000)
        .find(|generation| write_event(output, *generation) != WriteOutcome::Written)
        .unwrap()
}

fn is_writable(output: &Output) -> bool {
    let mut fds = [PollFd::new(output.as_fd(), PollFlags::POLLOUT)];
    nix::poll::poll(&mut fds, PollTimeout::ZERO).unwrap() > 0
}

#[test]
fn full_journald_holds_one_event_and_all_own_records() {
    let directory = tempfile::tempdir().unwrap();
    let (listener, mut output) = journal(directory.path());
    let held = fill(&mut output);
    assert!(!is_writable(&output));
    assert_eq!(output.flush(), WriteOutcome::Blocked);
    for own in 1..=20 {
        assert_eq!(write_own(&mut output, held + own), WriteOutcome::Blocked);
    }
    assert_eq!(write_event(&mut output, 1_000_000), WriteOutcome::Lost(Errno::EAGAIN));

    let mut arrived = vec![];
    while output.flush() != WriteOutcome::Written {
        arrived.extend(listener.generations());
        assert!(is_writable(&output), "the descriptor is writable while there is room");
    }
    arrived.extend(listener.generations());
    assert_eq!(arrived, (0..=held + 20).collect::<Vec<_>>(), "each once, in order");
    assert_eq!(output.counts().written, u64::from(held) + 21);
    assert_eq!(output.counts().lost, 1);
    assert_eq!(write_event(&mut output, 7), WriteOutcome::Written);
}

#[test]
fn absent_journald_is_found_after_its_return() {
    let directory = tempfile::tempdir().unwrap();
    let (listener, mut output) = journal(directory.path());
    assert_eq!(write_event(&mut output, 0), WriteOutcome::Written);
    assert_eq!(listener.generations(), [0]);
    drop(listener);
    assert_eq!(write_event(&mut output, 1), WriteOutcome::Away);
    assert_eq!(write_own(&mut output, 2), WriteOutcome::Away);
    assert_eq!(output.flush(), WriteOutcome::Away);
    std::fs::remove_file(directory.path().join("socket")).unwrap();
    assert_eq!(output.flush(), WriteOutcome::Away);
    let listener = Listener::at(&directory.path().join("socket"));
    assert_eq!(output.flush(), WriteOutcome::Written);
    assert_eq!(write_event(&mut output, 3), WriteOutcome::Written);
    assert_eq!(listener.generations(), [1, 2, 3]);
    assert_eq!((output.counts().written, output.counts().away), (4, 4));
}

#[test]
fn restarted_journald_is_found_at_next_write() {
    let directory = tempfile::tempdir().unwrap();
    let (listener, mut output) = journal(directory.path());
    drop(listener);
    let listener = Listener::at(&directory.path().join("socket"));
    assert_eq!(write_event(&mut output, 5), WriteOutcome::Written);
    assert_eq!(listener.generations(), [5]);
}

#[test]
fn open_without_journald_is_error() {
    let directory = tempfile::tempdir().unwrap();
    let path = directory.path().join("none");
    let error = Output::open(Destination::Journal(path.clone())).unwrap_err();
    let expected = format!(
        "failed to connect to journald at {} (is systemd-journald running? \
         --output text and --output json do without it): \
         No such file or directory (os error 2)",
        path.display()
    );
    assert_eq!(format!("{error:#}"), expected);
}

fn pipe() -> (File, OwnedFd) {
    let (reader, writer) = nix::unistd::pipe().unwrap();
    nix::fcntl::fcntl(&reader, FcntlArg::F_SETFL(OFlag::O_NONBLOCK)).unwrap();
    (File::from(reader), writer)
}

fn read_all(reader: &mut File, into: &mut Vec<u8>) {
    let error = reader.read_to_end(into).unwrap_err();
    assert_eq!(error.kind(), io::ErrorKind::WouldBlock);
}

#[test]
fn full_pipe_delays_lines_and_loses_none() {
    let (mut reader, writer) = pipe();
    let flags = nix::fcntl::fcntl(&writer, FcntlArg::F_GETFL).unwrap();
    let shared = writer.try_clone().unwrap();
    let mut output = Output::open(Destination::Stream(writer, StreamChoice::Json)).unwrap();
    let held = fill(&mut output);
    assert_eq!(output.flush(), WriteOutcome::Blocked);
    let mut bytes = vec![];
    while output.flush() != WriteOutcome::Written {
        read_all(&mut reader, &mut bytes);
    }
    read_all(&mut reader, &mut bytes);
    let lines = String::from_utf8(bytes).unwrap();
    let generations: Vec<u64> = lines
        .lines()
        .map(|line| serde_json::from_str::<serde_json::Value>(line).unwrap()["generation"].as_u64())
        .map(Option::unwrap)
        .collect();
    assert_eq!(generations, (0..=u64::from(held)).collect::<Vec<_>>());
    assert_eq!(output.counts().written, u64::from(held) + 1);
    let after = nix::fcntl::fcntl(&shared, FcntlArg::F_GETFL).unwrap();
    assert_eq!(after, flags, "others who share the pipe see no change");
}

/// A socket cannot be opened a second time, so it is polled before each piece.
#[test]
fn full_socket_delays_lines_and_loses_none() {
    let (mut reader, writer) = std::os::unix::net::UnixStream::pair().unwrap();
    let mut output =
        Output::open(Destination::Stream(OwnedFd::from(writer), StreamChoice::Text)).unwrap();
    let held = fill(&mut output);
    assert_eq!(output.flush(), WriteOutcome::Blocked);
    assert!(!is_writable(&output));
    reader.set_nonblocking(true).unwrap();
    let mut bytes = vec![];
    while output.flush() != WriteOutcome::Written {
        let error = reader.read_to_end(&mut bytes).unwrap_err();
        assert_eq!(error.kind(), io::ErrorKind::WouldBlock);
    }
    drop(output);
    reader.read_to_end(&mut bytes).unwrap();
    assert_eq!(String::from_utf8(bytes).unwrap().lines().count(), held as usize + 1);
}

#[test]
fn flush_to_closed_pipe_is_closed() {
    let (reader, writer) = pipe();
    drop(reader);
    let mut output = Output::open(Destination::Stream(writer, StreamChoice::Json)).unwrap();
    assert_eq!(write_event(&mut output, 0), WriteOutcome::Written);
    assert_eq!(output.flush(), WriteOutcome::Closed(Errno::EPIPE));
}

#[test]
fn flush_to_full_disk_is_away() {
    let full = File::options().write(true).open("/dev/full").unwrap();
    let mut output = Output::open(Destination::Stream(full.into(), StreamChoice::Json)).unwrap();
    assert_eq!(write_event(&mut output, 0), WriteOutcome::Written);
    assert_eq!(output.flush(), WriteOutcome::Away);
}

#[test]
fn write_to_regular_file_appends() {
    let mut file = tempfile::tempfile().unwrap();
    io::Write::write_all(&mut file, b"before\n").unwrap();
    let mut output = Output::open(Destination::Stream(
        file.as_fd().try_clone_to_owned().unwrap(),
        StreamChoice::Text,
    ))
    .unwrap();
    assert_eq!(write_own(&mut output, 1), WriteOutcome::Written);
    assert_eq!(output.flush(), WriteOutcome::Written);
    let mut text = String::new();
    io::Seek::rewind(&mut file).unwrap();
    file.read_to_string(&mut text).unwrap();
    assert!(text.starts_with("before\n"), "{text}");
    assert!(text.ends_with(" -: Started: 34 routes, generation 1, attached to raw_tp/sys_enter on Linux 6.18.0, tailcalld 0.1.0\n"), "{text}");
}

fn text(is_coloured: bool, body: Body) -> String {
    text_with(UserNames::default(), is_coloured, body)
}

fn text_with(users: UserNames, is_coloured: bool, body: Body) -> String {
    let mut buffer = vec![];
    super::text::Lines::new(is_coloured, users, super::text::LineChoice::All)
        .encode(&samples::own(body), &mut buffer);
    String::from_utf8(buffer).unwrap()
}

#[test]
fn line_of_event_has_time_handler_message_and_unit() {
    let handler = samples::handler();
    let mut event = samples::event(&handler, vec![]);
    event.message = 1;
    let unit = Some("ng\u{1b}inx.service".into());
    let place = CgroupInfo { cgroup: "/".into(), unit, ..CgroupInfo::default() };
    let line = text(
        false,
        Body::Syscall(Syscall {
            event: &event,
            place: Some(&place),
            suppressed: 0,
            may_be_duplicate: false,
            novel: None,
        }),
    );
    let (time, rest) = line.split_at(15);
    assert!(time.ends_with(":05.000000"), "{time}");
    assert_eq!(
        rest,
        " exec: #511(0, 0x1, 0xffffffffffffffff, 0x3, 0x4, 0x5) by bash (pid 1234, uid 1000) \
         in \"ng\\x1binx.service\"\n"
    );
}

#[test]
fn line_of_event_has_names_of_known_users() {
    let handler = samples::handler();
    let mut event = samples::event(&handler, vec![]);
    event.credentials.euid = 0;
    let users = UserNames::parse(b"root:x:0:0:::\nal ice:x:1000:100:::\n");
    let (place, suppressed, may_be_duplicate) = (None, 0, false);
    let novel = None;
    let body = Body::Syscall(Syscall { event: &event, place, suppressed, may_be_duplicate, novel });
    let line = text_with(users, false, body);
    assert!(line.ends_with(" by bash (pid 1234, uid 1000 \"al ice\", euid 0 root)\n"), "{line}");
}

#[test]
fn line_in_colour_escapes_controls() {
    let refused = samples::reload_refused();
    let line = text(true, Body::ReloadRefused(&refused));
    let (_, rest) = line.split_once("\u{1b}[1m-\u{1b}[0m: ").unwrap();
    let red = "\u{1b}[1m\u{1b}[31mReload refused, generation 3 stays live: a.toml:1:2: unknown handler \
               \"o\\np\"; a.toml:3:4: x\u{1b}[0m\n";
    assert_eq!(rest, red);
}

#[test]
fn line_of_aggregate_has_handler_and_unit() {
    let aggregated = samples::aggregated();
    let body = Body::Aggregate(Aggregate {
        aggregated: &aggregated,
        from_ns: samples::TIME_NS,
        to_ns: samples::TIME_NS,
    });
    let line = text(false, body);
    assert!(line.contains(" args: openat 3 times by cat (uid 1000)"), "{line}");
    assert!(line.ends_with(" in mail.service\n"), "{line}");
}

#[test]
fn lines_of_stopped_are_a_table() {
    let mut stopped = samples::stopped();
    let sums = &mut stopped.totals[0].sums;
    (sums[Column::Written], sums[Column::Filtered]) = (900, 99);
    let line = text(false, Body::Stopped(&stopped));
    let abi = syscalls::Abi::Native.name();
    let (_, table) = line.split_once("0 lost\n").unwrap();
    let pad = " ".repeat(abi.len() - 3);
    let expected = [
        format!("  syscall  abi{pad}  handler  seen  written  filtered  excluded  lost\n"),
        format!("  #511     {abi}  exec     1000      900        99         1     0\n"),
        format!("  #510     {abi}  exec        2        1         0         1     0\n"),
    ];
    assert_eq!(table, expected.concat());
}
