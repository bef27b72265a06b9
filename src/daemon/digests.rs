//! Digests of executables: requests of the pipeline go to the thread that reads files, its answers back.

use std::os::fd::BorrowedFd;

use anyhow::Result;
use rustix::thread::capabilities;

use super::Daemon;
use crate::clock::Clock;
use crate::decode::Executable;
use crate::digest::{CAPABILITIES, Digester};

impl Daemon<'_> {
    /// Starts the thread, if the table asks for digests. Before privileges are dropped, it keeps those that it needs.
    pub(super) fn start_digests(&mut self, is_closed: bool) -> Result<()> {
        let rules = self.plan.routes.values().flat_map(|route| &route.rules);
        if self.digester.is_some() || !rules.into_iter().any(|rule| rule.exe_sha256) {
            return Ok(());
        }
        let has_all = || capabilities(None).is_ok_and(|own| own.effective.contains(CAPABILITIES));
        if is_closed || !has_all() {
            tracing::warn!(
                "exe_sha256: executables that the daemon does not see under their path, or may not read, get no digest; \
                 for these the service needs CapabilityBoundingSet=CAP_SYS_PTRACE CAP_DAC_READ_SEARCH and a restart, see \
                 tailcalld.toml(5)"
            );
        }
        let digester = Digester::start(is_closed)?;
        self.poll.add_digests(digester.fd())?;
        self.digester = Some(digester);
        self.pipeline.borrow_mut().open_digests();
        Ok(())
    }

    /// Takes the answer of the thread.
    pub(super) fn take_digest(&mut self) {
        let Some(digester) = &mut self.digester else { return };
        let bpf = &self.bpf;
        let identify = |file: BorrowedFd<'_>| Ok(Executable::decode(&bpf.identify_file(file)?)?);
        if let Some(digest) = digester.advance(identify) {
            self.pipeline.borrow_mut().learn(&digest);
        }
    }

    /// Gives the thread the next file, if it has none.
    pub(super) fn request_digests(&mut self) {
        let Some(digester) = &mut self.digester else { return };
        while digester.is_idle() {
            let request = self.pipeline.borrow_mut().take_digest_request();
            let Some(request) = request else { return };
            let executed_ns = Clock::now().real_ns(request.executed_ns);
            if let Some(digest) = digester.begin(request, executed_ns) {
                self.pipeline.borrow_mut().learn(&digest);
            }
        }
    }
}
