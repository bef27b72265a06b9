//! Temporary routes of the live table: added and removed by clients of the control socket, and gone when their time is
//! over.

use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use anyhow::Result;

use super::reload::{ReloadCause, ReloadOutcome, wire_fault};
use super::{Daemon, Timer};
use crate::clock;
use crate::config::{Faults, Trust};
use crate::handlers::Handlers;
use crate::output::utc;
use crate::plan::{self, Plan};
use crate::rpc::{self, runtime_folder};
use crate::temporary::{self, RouteFile};

/// Longest sleep until the clock is read again: it may be set, and stands still for the loop while the machine sleeps.
const LOOK_AGAIN: Duration = Duration::from_secs(60);

/// Name of the entry on the command line, in its faults.
const ENTRY: &str = "ENTRY";

/// Outcome of adding a route.
pub enum Addition {
    /// The route is in the live table.
    Done(RouteFile, ReloadOutcome),
    /// The old table stays.
    Refused(ReloadOutcome),
}

fn now() -> u64 {
    clock::real_now_ns() / 1_000_000_000
}

fn live() -> Vec<RouteFile> {
    temporary::live(&runtime_folder(), now())
}

fn live_files() -> Vec<PathBuf> {
    live().into_iter().map(|route| route.path).collect()
}

/// Reads the configuration for the start. Temporary routes that have faults by now do not prevent it.
///
/// # Errors
/// Fails with the faults of the configuration itself.
pub fn read_first_plan(config: &Path, trust: &Trust, handlers: &Handlers) -> Result<Plan, Faults> {
    plan::read_with(config, &live_files(), trust, handlers).or_else(|faults| {
        let plan = plan::read_trusted(config, trust, handlers)?;
        tracing::warn!(
            "temporary routes are left out: {faults}; remove them with `tailcalld route remove NUMBER`"
        );
        Ok(plan)
    })
}

impl Daemon<'_> {
    /// Reads a configuration with the temporary routes.
    ///
    /// # Errors
    /// Fails with the faults of both.
    pub(super) fn read_plan(
        &self,
        config: &Path,
        trust: &Trust,
        handlers: &Handlers,
    ) -> Result<Plan, Faults> {
        plan::read_with(config, &live_files(), trust, handlers)
    }

    /// Sets the timer for the route that ends first.
    pub(super) fn await_end_of_temporary_routes(&mut self) {
        let first = live().iter().map(|route| route.until).min();
        let wait = first.map(|until| Duration::from_secs(until.saturating_sub(now())));
        let due = wait.map(|wait| Instant::now() + wait.min(LOOK_AGAIN));
        self.timers.set(Timer::TemporaryRoutes, due);
    }

    /// Removes the routes whose time is over.
    ///
    /// # Errors
    /// Fails if the table cannot be changed.
    pub(super) fn expire_temporary_routes(&mut self) -> Result<()> {
        self.reload_live_config(ReloadCause::Files).map(drop)
    }

    /// Adds a route for some time. A fault in it changes nothing.
    ///
    /// # Errors
    /// Fails if its file cannot be written, or the table cannot be changed.
    pub(super) fn add_route(&mut self, entry: &str, time: Duration) -> Result<Addition> {
        let route = temporary::add(&runtime_folder(), entry, now().saturating_add(time.as_secs()))?;
        // The file is gone by the time that someone reads about it.
        let tried = self.dry_run_with(self.live_config(), |fault| {
            let is_of_entry = fault.path == route.path;
            wire_fault(&if is_of_entry { fault.on_command_line(ENTRY, 1) } else { fault.clone() })
        });
        let is_sound = matches!(tried, ReloadOutcome::Done(_));
        let outcome = if is_sound { self.reload_live_config(ReloadCause::Client)? } else { tried };
        if let ReloadOutcome::Done(_) = outcome {
            return Ok(Addition::Done(route, outcome));
        }
        temporary::remove(&runtime_folder(), route.number)?;
        if is_sound {
            // The kernel refused it, which the status tells of until the next reload.
            self.reload_live_config(ReloadCause::Files)?;
        }
        Ok(Addition::Refused(outcome))
    }

    /// Removes a route before its time; returns `None` if there is none of that number.
    ///
    /// # Errors
    /// Fails if its file cannot be removed, or the table cannot be changed.
    pub(super) fn remove_route(&mut self, number: u32) -> Result<Option<ReloadOutcome>> {
        match temporary::remove(&runtime_folder(), number)? {
            true => Ok(Some(self.reload_live_config(ReloadCause::Client)?)),
            false => Ok(None),
        }
    }

    /// Returns the temporary routes.
    pub(super) fn temporary_routes(&self) -> rpc::TemporaryRoutes {
        rpc::TemporaryRoutes { routes: live().iter().map(wire).collect() }
    }
}

/// Returns a route as a client sees it.
pub fn wire(route: &RouteFile) -> rpc::TemporaryRoute {
    rpc::TemporaryRoute {
        number: route.number,
        until: utc(route.until.saturating_mul(1_000_000_000)),
        entry: route.entry().unwrap_or_default(),
    }
}
