//! State directory, of which only first times make use.

use std::fs::DirBuilder;
use std::io::ErrorKind;
use std::os::unix::fs::DirBuilderExt as _;

use super::Daemon;
use crate::plan::Plan;
use crate::rpc::state_folder;

impl Daemon<'_> {
    /// Keeps first times in the state directory. The service manager makes that; a daemon that is started by hand makes its
    /// own if a route needs it.
    pub(super) fn prepare_state_folder(&self, plan: &Plan) {
        let folder = state_folder();
        let mut rules = plan.routes.values().flat_map(|route| &route.rules);
        if rules.any(|rule| rule.novel.is_some()) {
            match DirBuilder::new().mode(0o700).create(&folder) {
                Err(error) if error.kind() != ErrorKind::AlreadyExists => {
                    tracing::warn!("failed to create {}: {error}", folder.display());
                }
                _ => {}
            }
        }
        self.pipeline.borrow_mut().delivery.first_times.keep_in(folder);
    }
}
