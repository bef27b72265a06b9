//! A service manager that keeps descriptors for the next daemon, as systemd does (`FDSTORE=1`).

use std::io::IoSliceMut;
use std::os::fd::{AsRawFd as _, RawFd};
use std::os::unix::net::UnixDatagram;
use std::path::PathBuf;
use std::process::Command;
use std::sync::{Arc, Mutex, MutexGuard};
use std::thread;
use std::time::Duration;

use nix::sys::socket::{ControlMessageOwned, MsgFlags, recvmsg};

use crate::process::{eventually, trigger_path};
use crate::rig::Setup;

/// The manager; its thread ends with the test's process.
pub struct KeepingManager {
    path: PathBuf,
    state: Arc<Mutex<State>>,
}

#[derive(Default)]
struct State {
    kept: Vec<(String, RawFd)>,
    ready: usize,
    is_paused: bool,
}

impl KeepingManager {
    pub fn new(setup: &Setup) -> Self {
        let path = setup.path("keeping-notify");
        let socket = UnixDatagram::bind(&path).unwrap();
        let state = Arc::new(Mutex::new(State::default()));
        let shared = Arc::clone(&state);
        thread::spawn(move || receive(&socket, &shared));
        Self { path, state }
    }

    /// Prepares a command, which has the words of [`Self::prefix`] in front, to get what is kept.
    pub fn hand_over(&self, command: &mut Command) {
        let state = self.state();
        let names: Vec<&str> = state.kept.iter().map(|(name, _)| name.as_str()).collect();
        command.env("NOTIFY_SOCKET", &self.path);
        if !names.is_empty() {
            command.env("LISTEN_FDS", names.len().to_string());
            command.env("LISTEN_FDNAMES", names.join(":"));
        }
    }

    /// Returns the words of a command that gives the descriptors the numbers from 3 on and becomes the command behind it.
    pub fn prefix(&self) -> Vec<String> {
        let fds: Vec<String> = self.state().kept.iter().map(|(_, fd)| fd.to_string()).collect();
        let trigger = trigger_path().to_string_lossy().into_owned();
        vec![trigger, "pass".to_owned(), format!("{}:{}", std::process::id(), fds.join(","))]
    }

    /// Returns how many daemons have been ready.
    pub fn ready(&self) -> usize {
        self.state().ready
    }

    /// Waits until so many daemons have been ready.
    pub fn wait_for_ready(&self, count: usize) {
        eventually("the daemon is ready", || self.ready() == count);
    }

    /// Returns the names of what is kept.
    pub fn names(&self) -> Vec<String> {
        self.state().kept.iter().map(|(name, _)| name.clone()).collect()
    }

    /// Closes what is kept of which the name begins with that, as a manager does when the service is stopped.
    pub fn forget(&self, prefix: &str) {
        self.state().forget(|name| name.starts_with(prefix));
    }

    /// Makes the manager read no message from now on, or read them again.
    pub fn set_paused(&self, is_paused: bool) {
        self.state().is_paused = is_paused;
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap()
    }
}

impl State {
    fn forget(&mut self, is_gone: impl Fn(&str) -> bool) {
        let (gone, kept) = self.kept.drain(..).partition(|(name, _)| is_gone(name));
        self.kept = kept;
        let gone: Vec<(String, RawFd)> = gone;
        gone.into_iter().for_each(|(_, fd)| nix::unistd::close(fd).unwrap());
    }
}

impl Drop for KeepingManager {
    fn drop(&mut self) {
        self.forget("");
    }
}

fn receive(socket: &UnixDatagram, state: &Mutex<State>) {
    loop {
        while state.lock().unwrap().is_paused {
            thread::park_timeout(Duration::from_millis(1));
        }
        let mut bytes = [0; 4096];
        let mut space = nix::cmsg_space!([RawFd; 4]);
        let (size, fds) = {
            let mut buffers = [IoSliceMut::new(&mut bytes)];
            let received = recvmsg::<()>(
                socket.as_raw_fd(),
                &mut buffers,
                Some(&mut space),
                // Processes that other tests start meanwhile would keep them.
                MsgFlags::MSG_CMSG_CLOEXEC,
            );
            let received = received.unwrap();
            let fds: Vec<RawFd> = received
                .cmsgs()
                .unwrap()
                .flat_map(|message| match message {
                    ControlMessageOwned::ScmRights(fds) => fds,
                    _ => vec![],
                })
                .collect();
            (received.bytes, fds)
        };
        let text = String::from_utf8(bytes[..size].to_vec()).unwrap();
        let name = text.lines().find_map(|line| line.strip_prefix("FDNAME=")).map(str::to_owned);
        let has = |wanted: &str| text.lines().any(|line| line == wanted);
        let mut state = state.lock().unwrap();
        if has("BARRIER=1") {
            fds.into_iter().for_each(|fd| nix::unistd::close(fd).unwrap());
        } else if has("FDSTORE=1") {
            assert!(has("FDPOLL=0"), "{text}");
            let name = name.expect("a name");
            state.kept.extend(fds.into_iter().map(|fd| (name.clone(), fd)));
        } else if has("FDSTOREREMOVE=1") {
            let name = name.expect("a name");
            state.forget(|kept| kept == name);
        } else if has("READY=1") {
            state.ready += 1;
        }
    }
}
