//! Files behind the descriptors that a call passes.

use std::fs::{self, File};
use std::net::{Ipv4Addr, Ipv6Addr, SocketAddr, TcpListener, TcpStream, UdpSocket};
use std::os::fd::{AsFd, AsRawFd, OwnedFd};
use std::os::linux::net::SocketAddrExt as _;
use std::os::unix::fs::{MetadataExt as _, OpenOptionsExt as _};
use std::os::unix::net::{UnixListener, UnixStream};
use std::process::{Command, Stdio};

use nix::fcntl::OFlag;
use nix::sys::epoll::{Epoll, EpollCreateFlags};
use nix::sys::eventfd::EventFd;
use nix::sys::inotify::{InitFlags, Inotify};
use nix::sys::memfd::{MFdFlags, memfd_create};
use nix::sys::signalfd::{SigSet, SignalFd};
use nix::sys::socket::{
    AddressFamily, NetlinkAddr, SockFlag, SockProtocol, SockType, bind, getsockname, socket,
};
use nix::sys::timerfd::{ClockId, TimerFd, TimerFlags};
use nix::unistd::pipe;
use syscalls::Abi;
use tailcalld::config::{Fds, Results};
use tailcalld::decode::{Event, OpenFile, RingRecord, render};
use tailcalld::load;

use crate::folder::{Folder, word};
use crate::rig::{Rig, routes, slot, trigger_path};

const CALLS: [&str; 11] = [
    "fsync",
    "openat2",
    "dup3",
    "openat",
    "renameat2",
    "mmap",
    "getsid",
    "eventfd2",
    "fcntl",
    "ppoll",
    "pipe2",
];

/// Returns a rig whose events have the files behind descriptors.
fn described() -> Rig {
    let handlers = load::handlers().expect("the object opens");
    let mut plan = routes(&handlers, &CALLS.map(|name| (slot(Abi::Native, name), "args")));
    plan.routes.extend(routes(&handlers, &[(slot(Abi::Compat, "fsync"), "args")]).routes);
    let rules = plan.routes.values_mut().flat_map(|route| &mut route.rules);
    rules.for_each(|rule| (rule.fds, rule.results) = (Fds::Names, Results::All));
    Rig::new(&plan)
}

/// Returns the files of an event by position, as text.
fn files(event: &Event<'_>) -> Vec<Option<String>> {
    (0..5).map(|position| event.files.of(position).map(text)).collect()
}

fn text(file: &OpenFile<'_>) -> String {
    let mut text = String::new();
    render::open_file(file, &mut text);
    text
}

/// Returns the files of a call of the trigger, whose descriptor 0 is `fd`.
fn files_of_call(rig: &Rig, fd: OwnedFd, words: &[&str]) -> Vec<Option<String>> {
    let records = rig.trigger_by(|name| {
        let mut command = Command::new(trigger_path());
        command.args(words).env("TRIGGER_NAME", name).stdin(Stdio::from(fd));
        assert!(command.status().expect("the trigger starts").success());
    });
    files(&rig.event(records.last().expect("an event")))
}

/// Returns the file of the descriptor 0 in a call of fsync.
fn file_of(rig: &Rig, fd: impl Into<OwnedFd>) -> String {
    let nr = slot(Abi::Native, "fsync").nr().to_string();
    let files = files_of_call(rig, fd.into(), &["native", &nr, "0"]);
    assert!(files[1..].iter().all(Option::is_none));
    files[0].clone().expect("a file")
}

/// Returns the link of a descriptor in /proc, in the notation of strace.
fn link(fd: &impl AsRawFd) -> String {
    let link = fs::read_link(format!("/proc/self/fd/{}", fd.as_raw_fd())).expect("a link");
    let link = link.to_str().expect("a name of this test");
    match link.strip_suffix(" (deleted)") {
        Some(path) => format!("<{path}>(deleted)"),
        None => format!("<{link}>"),
    }
}

/// Returns the inode of a descriptor.
fn inode(fd: &impl AsRawFd) -> u64 {
    fs::metadata(format!("/proc/self/fd/{}", fd.as_raw_fd())).expect("a file").ino()
}

/// Returns an open file, and its path as an event has it.
fn known_file() -> (File, String) {
    let path = trigger_path().canonicalize().expect("a path");
    (File::open(&path).expect("a file"), format!("<{}>", path.display()))
}

/// Returns a copy of a descriptor.
fn copy(fd: impl AsFd) -> OwnedFd {
    fd.as_fd().try_clone_to_owned().expect("a descriptor")
}

#[test]
fn descriptor_of_file_has_path() {
    needs_root!();
    let (rig, folder) = (described(), tempfile::tempdir().expect("a folder"));
    let (known, path) = known_file();
    assert_eq!(file_of(&rig, known), path);
    let (only_path, etc) = (OFlag::O_PATH.bits(), "/dev");
    let directory = File::options().read(true).custom_flags(only_path).open(etc).expect("/dev");
    assert_eq!(file_of(&rig, directory), "</dev>");
    assert_eq!(file_of(&rig, File::open("/").expect("the root")), "</>");
    assert_eq!(file_of(&rig, File::open("/dev/null").expect("a device")), "</dev/null<char 1:3>>");
    let path = folder.path().canonicalize().expect("a path").join("gone");
    let gone = File::create(&path).expect("a file");
    fs::remove_file(&path).expect("a file");
    assert_eq!(file_of(&rig, gone), format!("<{}>(deleted)", path.display()));
}

#[test]
fn descriptor_of_file_with_hostile_name_is_escaped() {
    needs_root!();
    let (rig, folder) = (described(), tempfile::tempdir().expect("a folder"));
    let folder = folder.path().canonicalize().expect("a path");
    let file = File::create(folder.join("a>\n\u{202e}")).expect("a file");
    assert_eq!(file_of(&rig, file), format!("<{}/a\\76\\n\\342\\200\\256>", folder.display()));
}

#[test]
fn descriptor_without_path_has_name_of_kernel() {
    needs_root!();
    let rig = described();
    let made = [
        memfd_create(c"of test", MFdFlags::empty()).expect("a memfd"),
        copy(EventFd::new().expect("an eventfd")),
        Epoll::new(EpollCreateFlags::empty()).expect("an epoll").0,
        copy(Inotify::init(InitFlags::empty()).expect("an inotify")),
        copy(TimerFd::new(ClockId::CLOCK_REALTIME, TimerFlags::empty()).expect("a timerfd")),
        copy(SignalFd::new(&SigSet::empty()).expect("a signalfd")),
    ];
    for fd in made {
        let expected = link(&fd);
        assert_eq!(file_of(&rig, fd), expected);
    }
    let (reader, _writer) = pipe().expect("a pipe");
    let expected = link(&reader);
    assert_eq!(file_of(&rig, reader), expected);
    for kind in ["net", "mnt", "pid", "user"] {
        let namespace = File::open(format!("/proc/self/ns/{kind}")).expect("a namespace");
        let expected = link(&namespace);
        assert_eq!(file_of(&rig, namespace), expected);
    }
}

#[test]
fn descriptor_of_process_has_its_number_until_it_ends() {
    needs_root!();
    let rig = described();
    let nr = slot(Abi::Native, "fsync").nr().to_string();
    for state in ["own", "ended"] {
        let records = rig.trigger(&["pidfd", state, "native", &nr, "9"]);
        let event = rig.event(records.last().expect("an event"));
        let expected = match state {
            "own" => format!("<pid:{}>", event.pid),
            _ => "<anon_inode:[pidfd]>".to_owned(),
        };
        assert_eq!(files(&event)[0], Some(expected));
    }
}

fn open(family: AddressFamily, kind: SockType, protocol: Option<SockProtocol>) -> OwnedFd {
    socket(family, kind, SockFlag::SOCK_CLOEXEC, protocol).expect("a socket")
}

#[test]
fn descriptor_of_ip_socket_has_addresses() {
    needs_root!();
    let rig = described();
    for address in [Ipv4Addr::LOCALHOST.into(), Ipv6Addr::LOCALHOST.into()] {
        let any = SocketAddr::new(address, 0);
        let version = if any.is_ipv6() { "v6" } else { "" };
        let listener = TcpListener::bind(any).expect("an address");
        let listens = listener.local_addr().expect("an address");
        let client = TcpStream::connect(listens).expect("a connection");
        let from = client.local_addr().expect("an address");
        let (server, _) = listener.accept().expect("a connection");
        assert_eq!(file_of(&rig, listener), format!("<TCP{version}:[{listens}]>"));
        assert_eq!(file_of(&rig, client), format!("<TCP{version}:[{from}->{listens}]>"));
        assert_eq!(file_of(&rig, server), format!("<TCP{version}:[{listens}->{from}]>"));
        let udp = UdpSocket::bind(any).expect("an address");
        let bound = udp.local_addr().expect("an address");
        assert_eq!(file_of(&rig, udp), format!("<UDP{version}:[{bound}]>"));
    }
    let unbound = open(AddressFamily::Inet, SockType::Stream, None);
    let expected = format!("<TCP:[{}]>", inode(&unbound));
    assert_eq!(file_of(&rig, unbound), expected);
}

#[test]
fn descriptor_of_unix_socket_has_inodes_and_address() {
    needs_root!();
    let (rig, folder) = (described(), tempfile::tempdir().expect("a folder"));
    let stream = |text: String| {
        let name = if crate::rig::kernel() >= (5, 15) { "UNIX-STREAM" } else { "UNIX" };
        format!("<{name}:[{text}]>")
    };
    let (one, other) = UnixStream::pair().expect("a pair");
    let expected = stream(format!("{}->{}", inode(&one), inode(&other)));
    assert_eq!(file_of(&rig, one), expected);
    let path = folder.path().join("a\"b");
    let listener = UnixListener::bind(&path).expect("a path");
    let client = UnixStream::connect(&path).expect("a connection");
    let waits = stream(inode(&client).to_string());
    assert_eq!(file_of(&rig, client.try_clone().expect("a copy")), waits);
    let (server, _) = listener.accept().expect("a connection");
    let text = path.display().to_string().replace('"', "\\\"");
    let expected = stream(format!("{}->{},\"{text}\"", inode(&server), inode(&client)));
    assert_eq!(file_of(&rig, server), expected);
    let expected = stream(format!("{},\"{text}\"", inode(&listener)));
    assert_eq!(file_of(&rig, listener), expected);
    let name = format!("tailcalld-{}\u{1}", std::process::id());
    let address = std::os::unix::net::SocketAddr::from_abstract_name(&name).expect("a name");
    let listener = UnixListener::bind_addr(&address).expect("a free name");
    let text = name.replace('\u{1}', "\\1");
    let expected = stream(format!("{},@\"{text}\"", inode(&listener)));
    assert_eq!(file_of(&rig, listener), expected);
}

#[test]
fn descriptor_of_other_socket_has_protocol_or_inode() {
    needs_root!();
    let rig = described();
    let (raw, route) = (SockType::Raw, Some(SockProtocol::NetlinkRoute));
    let netlink = open(AddressFamily::Netlink, raw, route);
    let expected = format!("<NETLINK:[{}]>", inode(&netlink));
    assert_eq!(file_of(&rig, copy(&netlink)), expected);
    bind(netlink.as_raw_fd(), &NetlinkAddr::new(0, 0)).expect("a port");
    let port = getsockname::<NetlinkAddr>(netlink.as_raw_fd()).expect("an address").pid();
    assert_eq!(file_of(&rig, netlink), format!("<NETLINK:[ROUTE:{port}]>"));
    let packet = open(AddressFamily::Packet, raw, None);
    let expected = format!("<socket:[{}]>", inode(&packet));
    assert_eq!(file_of(&rig, packet), expected);
}

#[test]
fn descriptors_of_call_are_by_position() {
    needs_root!();
    let rig = described();
    let (known, path) = known_file();
    let name = Some(path);
    let none = || None::<String>;
    let cwd = || Some(cwd());
    for (call, arguments, expected) in [
        ("dup3", &["0", "77", "0"][..], vec![name.clone(), none()]),
        ("dup3", &["0", "0", "0"], vec![name.clone(), name.clone()]),
        ("dup3", &["77", "0", "0"], vec![none(), name.clone()]),
        ("fsync", &["-1"], vec![none()]),
        ("fsync", &["-100"], vec![none()]),
        ("openat", &["-100", "text:x", "0"], vec![cwd()]),
        ("openat", &["-100", "text:/x", "0"], vec![cwd()]),
        ("openat", &["-101", "text:x", "0"], vec![none()]),
        ("renameat2", &["0", "text:x", "-100", "text:/y", "0"], vec![name.clone(), none(), cwd()]),
        ("openat", &["0", "text:x", "0"], vec![name.clone()]),
        (
            "renameat2",
            &["0", "text:x", "0", "text:y", "0"],
            vec![name.clone(), none(), name.clone()],
        ),
        (
            "mmap",
            &["0", "4096", "0", "1", "0", "0"],
            vec![none(), none(), none(), none(), name.clone()],
        ),
        ("getsid", &[], vec![]),
    ] {
        let nr = slot(Abi::Native, call).nr().to_string();
        let words = [&["native", &nr], arguments].concat();
        let mut expected = expected;
        expected.resize(5, None);
        assert_eq!(files_of_call(&rig, copy(&known), &words), expected, "{call} {arguments:?}");
    }
}

/// Returns the working directory of this test and its trigger.
fn cwd() -> String {
    format!("<{}>", std::env::current_dir().expect("a folder").display())
}

#[test]
fn working_directory_that_names_have_is_captured_once() {
    needs_root!();
    let handlers = load::handlers().expect("the object opens");
    let mut plan = routes(&handlers, &[(slot(Abi::Native, "openat"), "args")]);
    let rules = plan.routes.values_mut().flat_map(|route| &mut route.rules);
    rules.for_each(|rule| (rule.fds, rule.names) = (Fds::Names, true));
    let (rig, nr) = (Rig::new(&plan), slot(Abi::Native, "openat").nr().to_string());
    let folder = tempfile::Builder::new().prefix("working-directory").tempdir().expect("a folder");
    let folder = folder.path().canonicalize().expect("a path");
    for (text, has_base) in [("text:x", true), ("text:/x", false)] {
        let records = rig.trigger_by(|name| {
            let mut command = Command::new(trigger_path());
            command.args(["native", &nr, "-100", text, "0"]).current_dir(&folder);
            assert!(command.env("TRIGGER_NAME", name).status().expect("a trigger").success());
        });
        let record = records.last().expect("an event");
        let event = rig.event(record);
        assert_eq!(files(&event)[0], Some(format!("<{}>", folder.display())), "{text}");
        assert_eq!(event.names.cwd.is_some(), has_base, "{text}");
        let name = &b"working-directory"[..];
        assert_eq!(record.windows(name.len()).filter(|bytes| bytes == &name).count(), 1, "{text}");
    }
}

/// Returns the event of the last call that has returned.
fn last_returned<'r>(rig: &'r Rig, records: &'r [Vec<u8>]) -> Event<'r> {
    let mut exits = records.iter().filter_map(|bytes| match RingRecord::decode(bytes) {
        Ok(RingRecord::Exit(exit)) => Some(exit),
        _ => None,
    });
    let exit = exits.next_back().expect("a return");
    let is_entry = |bytes: &&Vec<u8>| matches!(RingRecord::decode(bytes), Ok(RingRecord::Syscall(header)) if header.boottime_ns == exit.entry_ns);
    let entry = records.iter().find(is_entry).expect("its entry");
    rig.completed(entry, Some(&exit))
}

#[test]
fn descriptors_in_memory_have_files_up_to_their_bound() {
    needs_root!();
    let rig = described();
    let (known, path) = known_file();
    let members = |call: &str, arguments: &[&str]| {
        let nr = slot(Abi::Native, call).nr().to_string();
        let words = [&["native", &nr], arguments].concat();
        let records = rig.trigger_all_with(&words, copy(&known).into());
        let event = last_returned(&rig, &records);
        event
            .files
            .members(|index| index == 0)
            .map(|(fd, file)| (fd, text(file)))
            .collect::<Vec<_>>()
    };
    let (zero, at_once) = ((0, path.clone()), "words:0,0");
    assert_eq!(
        members("ppoll", &["words:0,77,0", "3", at_once, "0"]),
        [zero.clone(), zero.clone()]
    );
    assert_eq!(members("ppoll", &["words:0,0", "1", at_once, "0"]), std::slice::from_ref(&zero));
    assert_eq!(members("ppoll", &["words:0", "0", at_once, "0"]), []);
    assert_eq!(members("ppoll", &["0x1000", "1", at_once, "0"]), []);
    let ten = ["words:0,0,0,0,0,0,0,0,0,0", "10", at_once, "0"];
    assert_eq!(members("ppoll", &ten), vec![zero; 8]);
    let pair = members("pipe2", &["room:8", "0"]);
    assert_eq!(pair.len(), 2);
    assert_eq!(pair[0].1, pair[1].1);
    assert!(pair[0].0 < pair[1].0 && pair[0].1.starts_with("<pipe:["), "{pair:?}");
    assert_eq!(members("pipe2", &["room:8", "-1"]), []);
}

#[test]
fn descriptor_that_call_returns_has_file() {
    needs_root!();
    let rig = described();
    let (known, path) = known_file();
    let name = Some(path.clone());
    let open = format!("text:{}", path.trim_matches(['<', '>']));
    for (call, arguments, expected) in [
        ("openat", &["-100", &open, "0"][..], (Some(cwd()), name.clone())),
        ("openat", &["-100", "text:/proc/self/fd/0", "0"], (Some(cwd()), name.clone())),
        ("openat", &["-100", "text:/missing", "0"], (Some(cwd()), None)),
        ("dup3", &["0", "77", "0"], (name.clone(), name.clone())),
        ("eventfd2", &["0", "0"], (None, Some("<anon_inode:[eventfd]>".to_owned()))),
        ("fcntl", &["0", "0", "77"], (name.clone(), name.clone())),
        // The flags of the descriptor, a number that may be another one's.
        ("fcntl", &["0", "1"], (name.clone(), None)),
        ("fsync", &["0"], (name, None)),
    ] {
        let nr = slot(Abi::Native, call).nr().to_string();
        let words = [&["native", &nr], arguments].concat();
        let records = rig.trigger_all_with(&words, copy(&known).into());
        let event = last_returned(&rig, &records);
        let result = event.file_of_result().map(text);
        assert_eq!((files(&event)[0].clone(), result), expected, "{call} {arguments:?}");
    }
}

/// The table of docs/events.md: a file in a directory, opened in each way that its text may go.
#[test]
fn descriptor_of_opened_file_has_real_path_whatever_text_it_had() {
    needs_root!();
    let (rig, folder) = (described(), Folder::new());
    let etc = folder.with("etc");
    let file = etc.join("passwd");
    fs::write(&file, "root").expect("a file");
    std::os::unix::fs::symlink(&etc, folder.path.join("link")).expect("a link");
    let (etc, link) = (word(&etc), folder.name("link"));
    let jailed = ["root", word(&folder.path), "at", "/etc"];
    let in_root = "words:0,0,0x10";
    for (before, call, path, how, expected) in [
        (vec!["from", etc], "openat", "passwd", "0", word(&file)),
        (vec!["from", &link], "openat", "./passwd", "0", word(&file)),
        (vec!["at", &link], "openat", "passwd", "0", word(&file)),
        (vec![], "openat", &folder.name("link/passwd"), "0", word(&file)),
        (vec!["at", etc], "openat", "/proc/self/fd/9/passwd", "0", word(&file)),
        (vec!["from", etc], "openat", "/proc/self/cwd/passwd", "0", word(&file)),
        (jailed.to_vec(), "openat", "passwd", "0", "/etc/passwd"),
        (jailed.to_vec(), "openat", "/etc/passwd", "0", "/etc/passwd"),
        (vec!["at", etc], "openat2", "/passwd", in_root, word(&file)),
        (vec!["at", etc], "openat2", "../passwd", in_root, word(&file)),
        (vec!["at", etc], "openat2", "passwd", "words:0,0,8", word(&file)),
    ] {
        let (nr, text) = (slot(Abi::Native, call).nr().to_string(), format!("text:{path}"));
        let at = if before.contains(&"at") { "9" } else { "-100" };
        let words = [&before[..], &["native", &nr, at, &text, how, "24"]].concat();
        let records = rig.trigger_all_with(&words, Stdio::null());
        let event = last_returned(&rig, &records);
        let opened = event.file_of_result().map(self::text);
        assert_eq!(opened, Some(format!("<{expected}>")), "{before:?} {call} {path}");
    }
}

#[test]
fn descriptor_of_32_bit_call_has_path() {
    needs_root!();
    let rig = described();
    let nr = slot(Abi::Compat, "fsync").nr().to_string();
    let (known, path) = known_file();
    let files = files_of_call(&rig, known.into(), &["compat", &nr, "0"]);
    assert_eq!(files[0], Some(path));
}
