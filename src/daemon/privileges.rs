//! Privileges that the work of the daemon after its start takes.

use std::path::Path;

use nix::errno::Errno;
use nix::fcntl::{AT_FDCWD, AtFlags};
use nix::unistd::{AccessFlags, faccessat};

use super::{Daemon, output};
use crate::config::Trust;
use crate::load;
use crate::plan;
use crate::rpc::default_socket;
use crate::sandbox::{self, CapabilitySet, LaterAttachments, Needs, Operation};

impl Daemon<'_> {
    /// Gives up everything that the daemon does not need from now on. What the kernel refuses to take is a warning: the
    /// recording matters more.
    pub(super) fn drop_privileges(&self) {
        let dropped = sandbox::close_process()
            .and_then(|()| Ok(sandbox::drop_capabilities(&self.needs())?))
            .inspect(|kept| tracing::debug!("capabilities from now on: {kept:?}"));
        if let Err(error) = dropped {
            tracing::warn!("the daemon keeps its capabilities: {error:#}");
        }
        let attachments = LaterAttachments {
            open_perf_events: self.bpf.opens_perf_events(),
            load_programs: self.bpf.loads_programs(),
            load_objects: false,
        };
        if let Err(error) = sandbox::filter_calls(attachments) {
            tracing::warn!("the daemon may make any system call: {error:#}");
        }
    }

    fn needs(&self) -> Needs<'_> {
        let mut needs = Needs { always: CapabilitySet::empty(), operations: Vec::new() };
        let mut add = |candidates, is_permitted| {
            needs.operations.push(Operation { is_permitted, candidates });
        };
        add(&BPF, Box::new(|| self.bpf.may_change()));
        add(&READ, Box::new(|| self.may_read_configuration()));
        add(&WRITE, Box::new(|| self.may_remove_socket()));
        add(&CONNECT, Box::new(|| self.may_connect()));
        // The trial says nothing about another value of the sysctl, which may be set later.
        if load::is_bpf_unrestricted() {
            needs.always |= CapabilitySet::BPF;
        }
        if self.bpf.loads_programs() {
            needs.always |= CapabilitySet::BPF | CapabilitySet::PERFMON;
        }
        if self.bpf.opens_perf_events() {
            needs.always |= CapabilitySet::PERFMON;
            let is_permitted = Box::new(load::may_open_perf_events);
            needs.operations.push(Operation { is_permitted, candidates: &load::PERF });
        }
        needs
    }

    /// A daemon that is started by hand may have the configuration of a user, in a home directory that is closed to
    /// others.
    fn may_read_configuration(&self) -> bool {
        plan::read_trusted(&self.options.config, &Trust::of_daemon(), &self.bpf.handlers).is_ok()
    }

    /// journald's socket may be named by a path through `/proc/PID/root`, which is closed to processes with fewer
    /// capabilities than that one.
    fn may_connect(&self) -> bool {
        let is_journal = self.pipeline.borrow().delivery.output().is_journal();
        !is_journal || output::open(self.options.output, &self.plan).is_ok()
    }

    fn may_remove_socket(&self) -> bool {
        let path = self.options.socket.clone().unwrap_or_else(default_socket);
        let folder = path.parent().filter(|folder| !folder.as_os_str().is_empty());
        let access = AccessFlags::W_OK | AccessFlags::X_OK;
        let folder = folder.unwrap_or(Path::new("."));
        faccessat(AT_FDCWD, folder, access, AtFlags::AT_EACCESS) != Err(Errno::EACCES)
    }
}

/// Up to Linux 5.18, bpf(2) refuses every command without a capability if `kernel.unprivileged_bpf_disabled` is not 0.
const BPF: [CapabilitySet; 2] = [CapabilitySet::BPF, CapabilitySet::SYS_ADMIN];
const READ: [CapabilitySet; 2] = [CapabilitySet::DAC_READ_SEARCH, CapabilitySet::DAC_OVERRIDE];
const WRITE: [CapabilitySet; 1] = [CapabilitySet::DAC_OVERRIDE];
const CONNECT: [CapabilitySet; 2] = [CapabilitySet::DAC_OVERRIDE, CapabilitySet::SYS_PTRACE];
