//! The child that makes the calls to be measured. It is a process of its own, because the daemon
//! leaves its own calls out. A line on standard input is a task, a line on standard output its result.
#![allow(unsafe_code)]

use std::ffi::CString;
use std::fs::File;
use std::io::{BufRead as _, Write as _, stdin, stdout};
use std::os::fd::AsRawFd as _;
use std::process::{Command, Stdio};
use std::ptr::null;
use std::sync::atomic::{AtomicBool, Ordering::Relaxed};
use std::time::{Duration, Instant};

use anyhow::{Context as _, Result, bail};
use nix::libc::{self, c_char, c_long};
use tempfile::TempDir;

/// Syscall that a task makes.
enum Call {
    /// A syscall by its number, without arguments.
    Number(c_long),
    /// faccessat of a path that does not exist.
    Path(CString),
    /// faccessat of a relative path that does not exist, from a folder of eight components.
    Deep { path: CString, _folder: TempDir },
    /// read of no bytes of a file.
    Read(File),
    /// execve of a file that does not exist, with so many arguments.
    Exec { path: CString, _args: Vec<CString>, argv: Vec<*const c_char> },
}

/// Reads tasks until there are no more.
pub fn serve() -> Result<()> {
    let mut line = String::new();
    while stdin().lock().read_line(&mut line)? > 0 {
        let answer = answer(&line.split_whitespace().collect::<Vec<_>>())?;
        writeln!(stdout(), "{answer}")?;
        line.clear();
    }
    Ok(())
}

fn answer(words: &[&str]) -> Result<String> {
    match words {
        ["time", call, batches, calls] => {
            let call = Call::parse(call)?;
            let (batches, calls) = (batches.parse::<u64>()?, calls.parse::<u64>()?);
            let times: Vec<String> = (0..batches).map(|_| time(&call, calls)).collect();
            Ok(times.join(" "))
        }
        ["flood", call, milliseconds, rate] => {
            let lasting = Duration::from_millis(milliseconds.parse()?);
            Ok(flood(&Call::parse(call)?, lasting, rate.parse()?).to_string())
        }
        ["start", milliseconds, rate] => {
            start_programs(Duration::from_millis(milliseconds.parse()?), rate.parse()?)
        }
        ["until", call] => until_told(&Call::parse(call)?),
        ["as", uid] => {
            be(uid.parse()?)?;
            Ok(String::new())
        }
        ["audited"] => Ok(u8::from(crate::program::is_audited()?).to_string()),
        _ => bail!("not a task: {words:?}"),
    }
}

impl Call {
    fn parse(word: &str) -> Result<Self> {
        if word == "path" {
            return Ok(Self::Path(CString::new("/nonexistent/file/of/thirty/bytes")?));
        }
        if word == "relative" {
            std::env::set_current_dir("/usr/share/doc")?;
            return Ok(Self::Path(CString::new("nonexistent/file/of/29/bytes")?));
        }
        if word == "deep" {
            let folder = tempfile::tempdir_in("/tmp")?;
            let eighth = folder.path().join("1/2/3/4/5/6");
            std::fs::create_dir_all(&eighth)?;
            std::env::set_current_dir(&eighth)?;
            return Ok(Self::Deep { path: CString::new("nonexistent")?, _folder: folder });
        }
        if word == "read" {
            return Ok(Self::Read(File::open("/etc/passwd")?));
        }
        let Some(count) = word.strip_prefix("exec") else {
            return Ok(Self::Number(word.parse()?));
        };
        let path = CString::new("/nonexistent/program")?;
        let args: Result<Vec<CString>, _> =
            (0..count.parse()?).map(|n: u32| CString::new(format!("--argument={n}"))).collect();
        let args = args?;
        let argv = args.iter().map(|arg| arg.as_ptr()).chain([null()]).collect();
        Ok(Self::Exec { path, _args: args, argv })
    }

    fn make(&self) {
        // SAFETY: the numbers that the benchmarks use take no pointers; path and vector live as
        // long as `self`, and the vector ends with a null pointer.
        unsafe {
            match self {
                Self::Number(number) => {
                    libc::syscall(*number);
                }
                Self::Path(path) | Self::Deep { path, .. } => {
                    libc::syscall(libc::SYS_faccessat, libc::AT_FDCWD, path.as_ptr(), 0);
                }
                Self::Read(file) => {
                    libc::syscall(libc::SYS_read, file.as_raw_fd(), null::<u8>(), 0);
                }
                Self::Exec { path, argv, .. } => {
                    libc::execve(path.as_ptr(), argv.as_ptr(), [null()].as_ptr());
                }
            }
        }
    }
}

/// The real user, by which events are counted; what the process may do stays as it is.
fn be(uid: u32) -> Result<()> {
    let same = u32::MAX;
    // SAFETY: the call takes three numbers.
    let failed = unsafe { libc::setresuid(uid, same, same) };
    if failed == 0 { Ok(()) } else { Err(std::io::Error::last_os_error().into()) }
}

/// Nanoseconds a call.
fn time(call: &Call, calls: u64) -> String {
    let start = Instant::now();
    (0..calls).for_each(|_| call.make());
    (start.elapsed().as_secs_f64() * 1e9 / calls as f64).to_string()
}

/// Calls for so long, so many a second or as fast as it can (0). Returns how many.
fn flood(call: &Call, lasting: Duration, rate: u64) -> u64 {
    let start = Instant::now();
    let mut made = 0;
    while start.elapsed() < lasting {
        let due = (start.elapsed().as_secs_f64() * rate as f64) as u64;
        let next = if rate == 0 { 100 } else { due.saturating_sub(made) };
        (0..next).for_each(|_| call.make());
        made += next;
        if rate != 0 {
            std::thread::sleep(Duration::from_micros(100));
        }
    }
    made
}

/// Programs, so many a second. One that is late is made up for.
fn start_programs(lasting: Duration, rate: u32) -> Result<String> {
    let start = Instant::now();
    let mut started = 0;
    while start.elapsed() < lasting {
        let mut child = Command::new("/bin/true").stdin(Stdio::null()).spawn()?;
        child.wait()?;
        started += 1;
        let next = Duration::from_secs(1) * started / rate;
        std::thread::sleep(next.saturating_sub(start.elapsed()));
    }
    Ok(started.to_string())
}

/// Calls until the next line comes.
fn until_told(call: &Call) -> Result<String> {
    let is_told = AtomicBool::new(false);
    std::thread::scope(|scope| {
        scope.spawn(|| {
            let _ = stdin().lock().read_line(&mut String::new());
            is_told.store(true, Relaxed);
        });
        let mut made = 0u64;
        while !is_told.load(Relaxed) {
            (0..100).for_each(|_| call.make());
            made += 100;
        }
        Some(made.to_string())
    })
    .context("no calls were made")
}
