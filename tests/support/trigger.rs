//! Makes one kind of syscall and exits, so that a test can tell its events by the process. Every
//! argument is a number, in any of C's notations, or `text:STRING`, which is put into memory that
//! both ABIs can address and passed as its address.
//!
//!     trigger native NUMBER [ARG...]      trigger compat NUMBER [ARG...]
//!     trigger times N native NUMBER [ARG...]
//!     trigger threads N native NUMBER [ARG...]    N calls in each of 4 threads, at once
//!     trigger joined M N native NUMBER [ARG...]   M calls alone, then as threads
//!     trigger endless native NUMBER [ARG...]      in 4 threads to the end of its input; says how many
//!     trigger shifting N native NUMBER [ARG...]   while a thread changes the vector of the second argument
//!     trigger crowd N native NUMBER [ARG...]      N calls in each of 8 threads, all on one CPU
//!     trigger on-cpu CPU ...              the rest on that CPU
//!     trigger on-cpu each N               N calls of sched_setaffinity that return on another CPU
//!     trigger interrupted N native NUMBER [ARG...]    as crowd, with a realtime task 5,000 times a second
//!     trigger families N native NUMBER [ARG...]       8 processes on one CPU: N children each, one call a child
//!     trigger from-a-thread native NUMBER [ARG...]    not by the process's first thread
//!     trigger random SEED N NAMES IDS native NUMBER [LIST...]     arguments, names and users by chance
//!     trigger as UID ...                  the rest as that real user
//!     trigger each IDS native NUMBER [ARG...]     one as each of these users, `|` between them
//!     trigger each-again IDS native NUMBER [ARG...]   the same again and again, to the end of its input
//!     trigger on-input N native NUMBER [ARG...]   one at once, N at the end of its input
//!     trigger paced N native NUMBER [ARG...]      one a millisecond
//!     trigger steady native NUMBER [ARG...]       the same to the end of its input; says how many
//!     trigger spaced N native NUMBER [ARG...]     two milliseconds or more after the return of the one before
//!     trigger set-exe PATH native NUMBER          with that file as its executable (set_exe.rs)
//!     trigger pass FDS COMMAND...                 becomes the command, with these descriptors from 3 on
//!     trigger bound ...                   the rest with descriptor 9, a socket called `@abcdefghij` that sent nine messages to itself
//!     trigger acting UID GID ...          the rest with that effective user and group
//!     trigger logged-in UID ...           the rest as a login of that user; says the number of its session
//!     trigger at-terminal ...             the rest at a pseudo-terminal of its own; says its number
//!     trigger unmapped ...                the rest in a user namespace that knows no user
//!     trigger with-children native NUMBER [ARG...]    one, then one in a child of each of two threads
//!     trigger from DIRECTORY ...          the rest from that working directory
//!     trigger root DIRECTORY ...          the rest with that root; the working directory stays
//!     trigger at DIRECTORY ...            the rest with descriptor 9, that directory
//!     trigger pidfd own|ended ...         the rest with descriptor 9, a pidfd of this process or of one that has ended
//!     trigger swapping PATH PATH ...      the rest while descriptor 9 is the one file, the other, and none, again and again
//!     trigger remove PATH ...             the rest without that file or directory
//!     trigger uring [setup=FLAGS] OPERATION [MEMBER=VALUE...] | ...     operations of io_uring, all at once; says the results
//!     trigger ... then ...                one after the other, if the first does not end the process
//!     trigger within FLAGS native NUMBER [ARG...]     says where it stands, in new namespaces
//!
//! `dropped:STRING` and `dropped-argv:STRING,STRING` lie on a page that is not there, of `dropped-vector:STRING,STRING` the pointers. The argument `dropped` is a path with the number of the call, on a page that is not there. The argument `nth` counts the calls from 0, over all threads, so that each of them is known.
#![allow(unsafe_code)]

use std::ffi::CString;
use std::io::ErrorKind::WouldBlock;
use std::io::Read as _;
use std::num::NonZeroUsize;
use std::os::fd::{AsFd as _, AsRawFd as _};
use std::os::unix::process::CommandExt as _;
use std::process::exit;
use std::sync::Barrier;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering::Relaxed};
use std::thread::Builder;
use std::time::Duration;

use nix::libc;
use nix::poll::{PollFd, PollFlags, PollTimeout, poll};
#[path = "cpu.rs"]
mod cpu;
#[path = "random.rs"]
mod random;
#[path = "set_exe.rs"]
mod set_exe;
#[path = "uring.rs"]
mod uring;
#[path = "who.rs"]
mod who;

use nix::sys::mman::{MapFlags, ProtFlags, mmap_anonymous};

fn main() {
    name_ourselves();
    let words: Vec<String> = std::env::args().skip(1).collect();
    let words: Vec<&str> = words.iter().map(String::as_str).collect();
    words.split(|word| *word == "then").for_each(make);
}

fn make(words: &[&str]) {
    match words {
        ["times", times, rest @ ..] => {
            let call = Call::parse(rest);
            (0..number(times)).for_each(|nth| call.make(nth));
        }
        ["threads", times, rest @ ..] => threads(number(times), &Call::parse(rest)),
        ["uring", rest @ ..] => uring::submit(rest),
        ["joined", first, times, rest @ ..] => {
            make(&[&["times", first], rest].concat());
            make(&[&["threads", times], rest].concat());
        }
        ["random", seed, times, names, ids, "native", nr, lists @ ..] => {
            random::random(number(seed), number(times), names, ids, number(nr), lists);
        }
        ["shifting", times, rest @ ..] => shifting(number(times), &Call::parse(rest)),
        ["as", uid, rest @ ..] => {
            let uid = u32::try_from(number(uid)).unwrap_or_else(|_| usage());
            random::be(uid, uid);
            make(rest);
        }
        ["each", ids, rest @ ..] => {
            let call = Call::parse(rest);
            for id in ids.split('|').map(number) {
                random::be(u32::try_from(id).unwrap_or_else(|_| usage()), 0);
                call.make(id);
            }
        }
        ["each-again", ids, rest @ ..] => {
            while has_input() {
                make(&[&["each", ids], rest].concat());
            }
        }
        ["pass", fds, command @ ..] => pass(fds, command),
        ["crowd", times, rest @ ..] => crowd(number(times), &Call::parse(rest)),
        ["families", times, rest @ ..] => families(number(times), &Call::parse(rest)),
        ["interrupted", times, rest @ ..] => {
            let (times, call) = (number(times), Call::parse(rest));
            cpu::stay();
            let ended = AtomicBool::new(false);
            std::thread::scope(|scope| {
                scope.spawn(|| interrupt(&ended));
                crowd(times, &call);
                ended.store(true, Relaxed);
            });
        }
        ["on-cpu", cpu, rest @ ..] => on_cpu(cpu, rest),
        ["from-a-thread", rest @ ..] => in_thread(&Call::parse(rest)),
        ["set-exe", path, "native", nr] => set_exe::set_exe(path, number(nr)),
        ["bound", rest @ ..] => make(bind(rest)),
        ["pidfd", state, rest @ ..] => {
            open_pidfd(*state == "own");
            make(rest);
        }
        [word @ ("from" | "root" | "at" | "remove"), path, rest @ ..] => {
            stand(word, path);
            make(rest);
        }
        ["within", flags, rest @ ..] => within(number(flags), &Call::parse(rest)),
        rest => make_as(rest),
    }
}

fn on_cpu(cpu: &str, rest: &[&str]) {
    match (cpu, rest) {
        ("each", [times]) => cpu::migrate(number(times)),
        _ => {
            cpu::go_to(number(cpu));
            make(rest);
        }
    }
}

/// Makes calls as somebody else.
fn make_as(words: &[&str]) {
    match words {
        ["acting", uid, gid, rest @ ..] => {
            let id = |word| u32::try_from(number(word)).unwrap_or_else(|_| usage());
            random::act_as(id(uid), id(gid));
            make(rest);
        }
        ["logged-in", uid, rest @ ..] => {
            who::log_in(uid);
            make(rest);
        }
        ["at-terminal", rest @ ..] => {
            let _terminal = who::take_terminal();
            make(rest);
        }
        ["unmapped", rest @ ..] => {
            who::leave_users();
            make(rest);
        }
        ["with-children", rest @ ..] => who::with_children(&Call::parse(rest)),
        rest => make_in_time(rest),
    }
}

/// Makes calls at a pace, or until something happens.
fn make_in_time(words: &[&str]) {
    match words {
        ["on-input", times, rest @ ..] => {
            let call = Call::parse(rest);
            call.make(0);
            std::io::stdin().read_to_end(&mut Vec::new()).expect("readable input");
            (0..number(times)).for_each(|nth| call.make(nth));
        }
        ["paced", times, rest @ ..] => {
            paced(&Call::parse(rest), |nth| nth < number(times));
        }
        ["steady", rest @ ..] => println!("{}", paced(&Call::parse(rest), |_| has_input())),
        ["spaced", times, rest @ ..] => {
            let call = Call::parse(rest);
            for nth in 0..number(times) {
                std::thread::sleep(Duration::from_millis(2));
                call.make(nth);
            }
        }
        ["swapping", one, other, rest @ ..] => swapping([one, other], rest),
        ["endless", rest @ ..] => println!("{}", make_until_eof(&Call::parse(rest))),
        rest => Call::parse(rest).make(0),
    }
}

/// Changes one of the places that paths begin at.
fn stand(word: &str, path: &str) {
    let done = match word {
        "from" => std::env::set_current_dir(path),
        "root" => std::os::unix::fs::chroot(path),
        "at" => std::fs::File::open(path).and_then(|directory| {
            // SAFETY: the call takes two numbers; nobody in this process uses descriptor 9.
            let copied = unsafe { libc::dup2(directory.as_raw_fd(), 9) };
            if copied == 9 { Ok(()) } else { Err(std::io::Error::last_os_error()) }
        }),
        _ if std::path::Path::new(path).is_dir() => std::fs::remove_dir(path),
        _ => std::fs::remove_file(path),
    };
    done.unwrap_or_else(|error| panic!("{word} {path}: {error}"));
}

/// Makes descriptor 9 a pidfd, of this process or of a child that has ended.
fn open_pidfd(is_own: bool) {
    let pid = if is_own { nix::unistd::getpid().as_raw() } else { fork(|| ()) };
    // SAFETY: the calls take numbers; nobody in this process uses descriptor 9.
    unsafe {
        let opened = libc::syscall(libc::SYS_pidfd_open, pid, 0);
        assert_eq!(libc::dup2(opened as libc::c_int, 9), 9, "a pidfd");
    }
    if !is_own {
        wait_for(pid);
    }
}

/// Makes descriptor 9 a socket with a name, to which it has sent two messages, for the `rest`.
fn bind<'w>(rest: &'w [&'w str]) -> &'w [&'w str] {
    let name = b"\x01\0\0abcdefghij";
    // SAFETY: the name is as long as the kernel is told, and it reads no more of it.
    unsafe {
        // Another test may use the name at the same time: names are those of a network namespace.
        assert_eq!(libc::unshare(libc::CLONE_NEWNET), 0, "a network namespace (CAP_SYS_ADMIN)");
        let socket = libc::socket(libc::AF_UNIX, libc::SOCK_DGRAM, 0);
        assert_eq!(libc::dup2(socket, 9), 9, "a descriptor");
        let (address, length) = (name.as_ptr().cast(), name.len() as libc::socklen_t);
        assert_eq!(libc::bind(9, address, length), 0, "a free name");
        let texts = ["one!", "two!", "3rd!", "4th!", "5th!", "6th!", "7th!", "8th!", "9th!"];
        for text in texts {
            let sent = libc::sendto(9, text.as_ptr().cast(), 4, 0, address, length);
            assert_eq!(sent, 4, "room in the socket");
        }
    }
    rest
}

/// Makes the call in a thread that is not the first one.
fn in_thread(call: &Call) {
    std::thread::scope(|scope| drop(scope.spawn(|| call.make(0))));
}

/// Makes `times` calls in each of four threads, or fewer if one of them executes a program meanwhile: the
/// kernel then refuses new ones (`copy_fs` in kernel/fork.c, up to Linux 7.3).
fn threads(times: u64, call: &Call) {
    std::thread::scope(|scope| {
        for first in (0..4).map(|thread| thread * times) {
            let make = move || (first..first + times).for_each(|nth| call.make(nth));
            match Builder::new().spawn_scoped(scope, make) {
                Err(error) if error.kind() == WouldBlock => break,
                started => drop(started.expect("a thread")),
            }
        }
    });
}

/// In a child, in new namespaces by the flags of unshare(2), if there are any: prints when the process
/// began, in ticks, and the links of its namespaces, then calls.
fn within(flags: u64, call: &Call) {
    // SAFETY: neither call touches memory of ours; the child has the only thread there is.
    let child = unsafe {
        let failed = libc::unshare(i32::try_from(flags).unwrap_or_else(|_| usage()));
        assert_eq!(
            failed,
            0,
            "new namespaces (CAP_SYS_ADMIN): {}",
            std::io::Error::last_os_error()
        );
        libc::fork()
    };
    if child == 0 {
        print_place();
        call.make(0);
    } else {
        // SAFETY: no status is asked for.
        unsafe { libc::waitpid(child, std::ptr::null_mut(), 0) };
    }
}

fn print_place() {
    let stat = std::fs::read_to_string("/proc/self/stat").expect("/proc shows us");
    // proc_pid_stat(5): the 22nd field; the second ends with the last parenthesis.
    let (_, fields) = stat.rsplit_once(") ").expect("a name in parentheses");
    println!("{}", fields.split(' ').nth(19).expect("starttime"));
    for entry in std::fs::read_dir("/proc/self/ns").expect("/proc shows our namespaces").flatten() {
        let link = std::fs::read_link(entry.path()).expect("a link");
        println!("{} {}", entry.file_name().to_string_lossy(), link.display());
    }
}

/// While another thread changes the memory that the second argument points to, word by word: between two
/// buffers, one of which is not there, and lengths that no buffer has.
fn shifting(times: u64, call: &Call) {
    let ended = AtomicBool::new(false);
    let [_, at, ..] = call.args;
    // SAFETY: the argument is a vector of buffers of this process, and both threads use whole words.
    let word = |index: u64| unsafe { AtomicU64::from_ptr((at + 8 * index) as *mut u64) };
    let (base, length) = (word(0).load(Relaxed), word(1).load(Relaxed));
    std::thread::scope(|scope| {
        scope.spawn(|| {
            for nth in (0_u64..).take_while(|_| !ended.load(Relaxed)) {
                word(0).store([base, 8, u64::MAX, 0][nth as usize % 4], Relaxed);
                word(1).store([length, u64::MAX, 0, 1 << 40][nth as usize / 4 % 4], Relaxed);
            }
        });
        (0..times).for_each(|nth| call.make(nth));
        ended.store(true, Relaxed);
    });
}

/// While another thread makes descriptor 9 one file, the other, and none. The kernel may use the memory of what is closed
/// for a file that never has this descriptor.
fn swapping(paths: [&str; 2], rest: &[&str]) {
    let ended = AtomicBool::new(false);
    std::thread::scope(|scope| {
        scope.spawn(|| {
            while !ended.load(Relaxed) {
                paths.iter().for_each(|path| stand("at", path));
                // SAFETY: nobody else in this process uses descriptor 9.
                unsafe { libc::close(9) };
                for _ in 0..2 {
                    std::fs::File::open("/").expect("the root");
                }
            }
        });
        make(rest);
        ended.store(true, Relaxed);
    });
}

/// One a millisecond, as far as the machine lets us: a call that is late is made at once. Returns how many.
fn paced(call: &Call, goes_on: impl Fn(u64) -> bool) -> u64 {
    let begin = std::time::Instant::now();
    let mut nth = 0;
    while goes_on(nth) {
        let due = begin + Duration::from_millis(nth);
        std::thread::sleep(due.saturating_duration_since(std::time::Instant::now()));
        call.make(nth);
        nth += 1;
    }
    nth
}

/// Returns whether the input has not ended yet.
fn has_input() -> bool {
    let stdin = std::io::stdin();
    let mut input = [PollFd::new(stdin.as_fd(), PollFlags::POLLIN)];
    poll(&mut input, PollTimeout::ZERO).expect("a pipe") == 0
}

/// Becomes a command that finds these descriptors of another process, `PID:FD,FD`, from 3 on, and `LISTEN_PID`
/// (sd_listen_fds(3)).
fn pass(fds: &str, command: &[&str]) {
    const ASIDE: i32 = 600;
    let (owner, fds) = fds.split_once(':').expect("PID:FD,FD");
    let fds: Vec<i32> = fds.split(',').filter_map(|fd| fd.parse().ok()).collect();
    let result = |result: i64| {
        assert!(result >= 0, "{}", std::io::Error::last_os_error());
        result as i32
    };
    let pid: i32 = owner.parse().expect("a process id");
    // SAFETY: the calls take numbers.
    let owner = unsafe { libc::syscall(libc::SYS_pidfd_open, pid, 0) };
    let owner = result(owner);
    let duplicate = |from: i32, to: i32| {
        // SAFETY: the call takes two numbers; nobody in this process uses the descriptors.
        let copied = unsafe { libc::dup2(from, to) };
        assert_eq!(copied, to, "{}", std::io::Error::last_os_error());
    };
    for (aside, &fd) in (ASIDE..).zip(&fds) {
        // SAFETY: as above.
        let got = result(unsafe { libc::syscall(libc::SYS_pidfd_getfd, owner, fd, 0) });
        duplicate(got, aside);
        // SAFETY: as above.
        unsafe { libc::close(got) };
    }
    for (to, aside) in (3..).zip((ASIDE..).take(fds.len())) {
        duplicate(aside, to);
        // SAFETY: as above.
        unsafe { libc::close(aside) };
    }
    let mut command_line = std::process::Command::new(command[0]);
    let pid = std::process::id().to_string();
    let error = command_line.args(&command[1..]).env("LISTEN_PID", pid).exec();
    panic!("{}: {error}", command[0]);
}

/// All on one CPU, and none before all are there.
fn crowd(times: u64, call: &Call) {
    cpu::stay();
    let start = Barrier::new(CROWD);
    std::thread::scope(|scope| {
        for _ in 0..CROWD {
            scope.spawn(|| {
                start.wait();
                (0..times).for_each(|nth| call.make(nth));
            });
        }
    });
}

const CROWD: usize = 8;

/// All on one CPU.
fn families(times: u64, call: &Call) {
    cpu::stay();
    let child = || call.make(0);
    let parent = || (0..times).for_each(|_| wait_for(fork(child)));
    let parents = [(); CROWD].map(|()| fork(parent));
    parents.into_iter().for_each(wait_for);
}

/// Starts a child that ends after `run`.
fn fork(run: impl Fn()) -> libc::pid_t {
    // SAFETY: this process has the only thread there is.
    let child = unsafe { libc::fork() };
    assert!(child >= 0, "{}", std::io::Error::last_os_error());
    if child == 0 {
        run();
        exit(0);
    }
    child
}

fn wait_for(child: libc::pid_t) {
    // SAFETY: no status is asked for.
    unsafe { libc::waitpid(child, std::ptr::null_mut(), 0) };
}

/// Wakes up over and over as a realtime task, which preempts whoever runs.
fn interrupt(ended: &AtomicBool) {
    let parameters = libc::sched_param { sched_priority: 10 };
    // SAFETY: the parameters are ours and live longer than the call.
    let failed = unsafe { libc::sched_setscheduler(0, libc::SCHED_FIFO, &raw const parameters) };
    assert_eq!(failed, 0, "realtime priority (CAP_SYS_NICE)");
    while !ended.load(Relaxed) {
        std::thread::sleep(Duration::from_micros(200));
    }
}

/// Returns how many calls were made.
fn make_until_eof(call: &Call) -> u64 {
    let ended = AtomicBool::new(false);
    let going = |_: &u64| !ended.load(Relaxed);
    let make = || (0..).take_while(going).inspect(|&nth| call.make(nth)).count() as u64;
    std::thread::scope(|scope| {
        let threads: Vec<_> = (0..4).map(|_| scope.spawn(make)).collect();
        std::io::stdin().read_to_end(&mut Vec::new()).expect("readable input");
        ended.store(true, Relaxed);
        threads.into_iter().map(|thread| thread.join().expect("no panic")).sum()
    })
}

/// The task's name tells whose events these are where a pid does not: in another pid namespace.
fn name_ourselves() {
    if let Some(name) = std::env::var_os("TRIGGER_NAME") {
        let name = CString::new(name.as_encoded_bytes()).expect("a name without NUL");
        nix::sys::prctl::set_name(&name).expect("a name");
    }
}

struct Call {
    compat: bool,
    /// Number and arguments as they were passed.
    words: Vec<String>,
    number: u64,
    args: [u64; 6],
    /// Positions of the arguments that count the calls.
    counters: [bool; 6],
    /// The memory of the argument `dropped`.
    dropped: Option<Dropped>,
}

impl Call {
    fn parse(words: &[&str]) -> Self {
        let [abi, nr, args @ ..] = words else { usage() };
        let mut call = Self {
            compat: *abi == "compat",
            words: words[1..].iter().map(|&word| word.to_owned()).collect(),
            number: number(nr),
            args: [0; 6],
            counters: [false; 6],
            dropped: None,
        };
        for (position, word) in args.iter().enumerate().take(6) {
            call.counters[position] = *word == "nth";
            call.args[position] = match *word {
                "nth" => 0,
                word if word.starts_with("dropped:") => dropped(&[&word["dropped:".len()..]])[0],
                word if word.starts_with("dropped-argv:") => {
                    let texts: Vec<_> = word["dropped-argv:".len()..].split(',').collect();
                    self::words(&[dropped(&texts), vec![0]].concat())
                }
                word if word.starts_with("dropped-vector:") => {
                    let texts = word["dropped-vector:".len()..].split(',');
                    let strings = texts.map(|text| low_text(format!("{text}\0").as_bytes()));
                    dropped_words(&[strings.collect(), vec![0]].concat())
                }
                "dropped" => call.dropped.insert(Dropped::new()).0 as u64,
                word => value_of(word),
            };
        }
        call
    }

    fn make(&self, nth: u64) {
        if let Some(dropped) = &self.dropped {
            dropped.fill(nth);
        }
        let mut args = self.args;
        for (arg, counts) in args.iter_mut().zip(self.counters) {
            *arg = if counts { nth } else { *arg };
        }
        let [a, b, c, d, e, f] = args;
        if self.compat {
            compat(&self.words, self.number, args);
            return;
        }
        // SAFETY: the caller of this program chose the call; memory arguments come from `low_text`.
        unsafe { libc::syscall(self.number as i64, a, b, c, d, e, f) };
    }
}

/// A call by the 32-bit ABI out of a 64-bit process: no 32-bit toolchain is needed.
#[cfg(target_arch = "x86_64")]
fn compat(_words: &[String], number: u64, [a, b, c, d, e, f]: [u64; 6]) {
    // SAFETY: as above. rbx and rbp cannot be named as operands, so they are set by hand.
    unsafe {
        std::arch::asm!(
            "push rbx", "push rbp",
            "mov rbx, r8", "mov rbp, r9",
            "int 0x80",
            "pop rbp", "pop rbx",
            inout("rax") number => _,
            in("r8") a, in("rcx") b, in("rdx") c, in("rsi") d, in("rdi") e, in("r9") f,
            lateout("r10") _, lateout("r11") _,
        );
    }
}

/// A call by the 32-bit ABI out of a 32-bit process, because a 64-bit process of ARM cannot make one: trigger32.c, which
/// tests/matrix/build.sh puts beside this program.
#[cfg(target_arch = "aarch64")]
fn compat(words: &[String], _number: u64, _args: [u64; 6]) {
    let own = std::env::current_exe().expect("our own path");
    let status = std::process::Command::new(own.with_file_name("trigger32")).args(words).status();
    assert!(status.is_ok(), "trigger32 starts: {status:?}");
}

fn value_of(word: &str) -> u64 {
    match word.split_once(':') {
        Some(("text", text)) => low_text(&[text.as_bytes(), b"\0"].concat()),
        // A string of N letters.
        Some(("long", length)) => {
            let length = usize::try_from(number(length)).unwrap_or_else(|_| usage());
            low_text(&[vec![b'x'; length], vec![0]].concat())
        }
        // A vector of N strings "arg", of 64-bit (argv) or 32-bit (argv32) pointers.
        Some(("argv", count)) => low_vector(&repeated("arg", count), 8),
        Some(("argv32", count)) => low_vector(&repeated("arg", count), 4),
        // A vector of that one.
        Some(("argv0", name)) => low_vector(&[name], 8),
        // A vector of strings with commas between them.
        Some(("strings", texts)) => low_vector(&texts.split(',').collect::<Vec<_>>(), 8),
        Some(("strings32", texts)) => low_vector(&texts.split(',').collect::<Vec<_>>(), 4),
        // Numbers of 64 bits each, side by side.
        Some(("words", words)) => {
            let bytes: Vec<u8> =
                words.split(',').flat_map(|word| number(word).to_ne_bytes()).collect();
            low_text(&bytes)
        }
        // Arguments with semicolons between them as numbers of 64 or 32 bits, side by side; with plus signs as
        // numbers of 32 bits within those.
        Some(("nested", values)) => words(&values.split(';').map(value_of).collect::<Vec<_>>()),
        Some(("nested32", values)) => halves(values.split(';')),
        Some(("inner32", values)) => halves(values.split('+')),
        // So many bytes to write to.
        Some(("room", bytes)) => low_text(&vec![0; number(bytes) as usize]),
        // A vector of buffers with these texts, and one of N buffers of a byte.
        Some(("buffers", texts)) => buffers(texts.split(',')),
        Some(("many", count)) => buffers((0..number(count)).map(|_| "x")),
        Some(("compat-buffers", texts)) => compat_buffers(texts),
        // Messages that each have a buffer of 8 bytes, and so much room for a name, followed by more of Z.
        Some(("received", rooms)) => {
            words(&rooms.split(',').flat_map(received).collect::<Vec<_>>())
        }
        // A message with a name and these texts.
        Some(("message", texts)) => message(texts),
        // A string that runs into a page that nobody can read.
        Some(("cliff", text)) => cliff(text.as_bytes()),
        _ => number(word),
    }
}

fn repeated<'t>(text: &'t str, count: &str) -> Vec<&'t str> {
    std::iter::repeat_n(text, usize::try_from(number(count)).unwrap_or_else(|_| usage())).collect()
}

fn low_vector(texts: &[&str], width: usize) -> u64 {
    let lengths = texts.iter().map(|text| text.len() as u64 + 1);
    let ends = lengths.scan(0, |end, length| Some(std::mem::replace(end, *end + length)));
    let begins: Vec<u64> = ends.collect();
    let strings = low_text(&[texts.join("\0").as_bytes(), b"\0"].concat());
    let addresses = begins.iter().map(|begin| (strings + begin).to_ne_bytes());
    let mut vector: Vec<u8> = addresses.flat_map(|bytes| bytes.into_iter().take(width)).collect();
    vector.extend(std::iter::repeat_n(0, width));
    low_text(&vector)
}

fn words(words: &[u64]) -> u64 {
    low_text(&words.iter().flat_map(|word| word.to_ne_bytes()).collect::<Vec<u8>>())
}

fn halves<'a>(values: impl Iterator<Item = &'a str>) -> u64 {
    let bytes = values.flat_map(|value| value_of(value).to_ne_bytes().into_iter().take(4));
    low_text(&bytes.collect::<Vec<u8>>())
}

fn buffers<'a>(texts: impl Iterator<Item = &'a str>) -> u64 {
    let mut last = (String::new(), 0);
    let elements = texts.flat_map(|text| {
        if last.0 != text {
            last = (text.to_owned(), low_text(text.as_bytes()));
        }
        [last.1, text.len() as u64]
    });
    words(&elements.collect::<Vec<_>>())
}

/// Builds a buffer vector with 32-bit pointers and lengths.
fn compat_buffers(texts: &str) -> u64 {
    let element = |text: &str| (text.len() as u64) << 32 | low_text(text.as_bytes());
    words(&texts.split(',').map(element).collect::<Vec<_>>())
}

fn message(texts: &str) -> u64 {
    let name = low_text(b"\x01\0/name");
    let control = low_text(b"control!");
    let count = texts.split(',').count() as u64;
    words(&[name, 7, buffers(texts.split(',')), count, control, 8, 0])
}

/// Returns a struct mmsghdr.
fn received(room: &str) -> [u64; 8] {
    let name = low_text(&[b'Z'; 128]);
    [name, number(room), words(&[low_text(&[0; 8]), 8]), 1, 0, 0, 0, 0]
}

/// The addresses of these strings, on a page that is dropped once.
fn dropped(texts: &[&str]) -> Vec<u64> {
    let page = Dropped::new();
    let mut at = page.0;
    let addresses = texts.iter().map(|text| {
        let address = at;
        // SAFETY: the page is ours, and larger than the texts of a test.
        unsafe {
            std::ptr::copy_nonoverlapping(text.as_ptr(), at, text.len());
            at = at.add(text.len() + 1);
        }
        address as u64
    });
    let addresses = addresses.collect();
    page.drop();
    addresses
}

/// The address of these words, on a page that is dropped once.
fn dropped_words(words: &[u64]) -> u64 {
    let page = Dropped::new();
    // SAFETY: the page is ours, aligned, and larger than the words of a test.
    unsafe { std::ptr::copy_nonoverlapping(words.as_ptr(), page.0.cast::<u64>(), words.len()) };
    page.drop();
    page.0 as u64
}

// SAFETY: threads that share a call only pass the address on; `dropped` is for calls of one thread.
unsafe impl Sync for Dropped {}

/// A path whose page is dropped before each call: what lies there is in the page cache, and comes back
/// when somebody touches it.
struct Dropped(*mut u8);

impl Dropped {
    const SIZE: usize = 4096;

    fn new() -> Self {
        let name = CString::new("path").expect("a name without NUL");
        // SAFETY: a new file without a name, and a new mapping of it.
        unsafe {
            let file = libc::memfd_create(name.as_ptr(), 0);
            assert_eq!(libc::ftruncate(file, Self::SIZE as i64), 0, "room");
            let protection = libc::PROT_READ | libc::PROT_WRITE;
            let flags = libc::MAP_SHARED | LOW;
            let memory = libc::mmap(std::ptr::null_mut(), Self::SIZE, protection, flags, file, 0);
            assert_ne!(memory, libc::MAP_FAILED, "memory");
            Self(memory.cast())
        }
    }

    fn fill(&self, nth: u64) {
        let text = format!("/nowhere/{nth:08}\0");
        // SAFETY: the mapping is ours, and larger than the text.
        unsafe { std::ptr::copy_nonoverlapping(text.as_ptr(), self.0, text.len()) };
        self.drop();
    }

    fn drop(&self) {
        // SAFETY: the mapping is ours.
        let failed = unsafe { libc::madvise(self.0.cast(), Self::SIZE, libc::MADV_DONTNEED) };
        assert_eq!(failed, 0, "the page goes");
    }
}

/// Below 4 GiB, where the 32-bit calls of this process reach.
#[cfg(target_arch = "x86_64")]
const LOW: libc::c_int = libc::MAP_32BIT;
#[cfg(not(target_arch = "x86_64"))]
const LOW: libc::c_int = 0;

/// Copies bytes to an address below 4 GiB, where the 32-bit ABI can reach them.
fn low_text(bytes: &[u8]) -> u64 {
    let size = NonZeroUsize::new(bytes.len().next_multiple_of(4096)).unwrap_or_else(|| usage());
    let flags = MapFlags::MAP_PRIVATE | MapFlags::from_bits_retain(LOW);
    let protection = ProtFlags::PROT_READ | ProtFlags::PROT_WRITE;
    // SAFETY: a new mapping of its own, as large as what is copied.
    unsafe {
        let memory = mmap_anonymous(None, size, protection, flags).expect("memory below 4 GiB");
        std::ptr::copy_nonoverlapping(bytes.as_ptr(), memory.as_ptr().cast(), bytes.len());
        memory.as_ptr() as u64
    }
}

fn cliff(text: &[u8]) -> u64 {
    let base = low_text(&[0; 8192]);
    // SAFETY: both pages are ours. The second one stays mapped, or another argument would get its place, but nobody can
    // read it; the first one ends with the text.
    unsafe {
        libc::mprotect((base + 4096) as *mut libc::c_void, 4096, libc::PROT_NONE);
        let at = base + 4096 - text.len() as u64;
        std::ptr::copy_nonoverlapping(text.as_ptr(), at as *mut u8, text.len());
        at
    }
}

fn number(word: &str) -> u64 {
    let parsed = match (word.strip_prefix("0x"), word.strip_prefix('-')) {
        (Some(hex), _) => u64::from_str_radix(hex, 16).ok(),
        (_, Some(negative)) => negative.parse::<u64>().ok().map(u64::wrapping_neg),
        _ => word.parse().ok(),
    };
    parsed.unwrap_or_else(|| usage())
}

fn usage() -> ! {
    eprintln!(
        "usage: trigger [times|threads|crowd|interrupted N | endless | from-a-thread | within FLAGS] native|compat NUMBER [ARG...]"
    );
    exit(2)
}
