//! Calls of the control socket in, replies out. Everything is read when it is asked for: nobody who does
//! not ask pays for it.

mod state;
mod stats;

use std::path::PathBuf;
use std::time::Duration;

use anyhow::Result;
use serde::Serialize;
use serde_json::{Value, json};
use varlink_server::{Call, CallError, Parameters, Reply, Server};

use super::Daemon;
use super::black_boxes::DumpOutcome;
use super::reload::{ReloadCause, ReloadOutcome};
use super::temporary_routes::{self, Addition};
use crate::rpc::{
    CONFIG, CONSISTENT, ENTRY, LONGEST_ROUTE, MILLISECONDS, NUMBER, PER_CPU, REASON, REASON_MAX,
    Reloaded, SECONDS, UNIT,
};

/// Reason of a dump whose client gives none.
const REQUESTED: &str = "requested";

/// Time after which a client that measures has to ask again.
const LONGEST_MEASUREMENT: Duration = Duration::from_secs(60);

impl Daemon<'_> {
    /// Takes one turn at the control socket: answers at most one call and disconnects clients that read no
    /// reply.
    pub(super) fn answer(&mut self) -> Result<()> {
        let called = self.control.as_mut().and_then(Server::process);
        let Some((client, call)) = called else { return Ok(()) };
        let reply = self.reply(&call)?;
        if let Some(control) = &mut self.control {
            control.reply(client, &call, reply);
        }
        Ok(())
    }

    fn reply(&mut self, call: &Call) -> Result<Reply> {
        let parameters = Parameters::new(call);
        Ok(match call.name().1 {
            "Stats" => self.reply_with_stats(parameters),
            "Status" => parameters.finish().and_then(|()| result(&self.status())),
            "Routes" => parameters.finish().and_then(|()| self.reply_with_routes()),
            "Measure" => self.reply_to_measure(parameters),
            "Activity" => self.reply_with_activity(parameters),
            "Reload" => match parameters.finish() {
                Ok(()) => reply_with(self.reload(ReloadCause::Client)?),
                Err(refusal) => Err(refusal),
            },
            "DryRun" => self.reply_to_dry_run(parameters),
            "Try" => self.reply_to_try(parameters),
            "AddRoute" => self.reply_to_add_route(parameters),
            "RemoveRoute" => self.reply_to_remove_route(parameters),
            "Dump" => self.reply_to_dump(parameters)?,
            "BlackBoxes" => parameters.finish().and_then(|()| result(&self.black_boxes())),
            "TemporaryRoutes" => {
                parameters.finish().and_then(|()| result(&self.temporary_routes()))
            }
            method => Err(CallError::MethodNotFound(method.to_owned())),
        })
    }

    fn reply_with_routes(&self) -> Reply {
        result(&self.live_table().map_err(|error| failed(&error))?)
    }

    fn reply_to_measure(&mut self, parameters: Parameters) -> Reply {
        self.measure(measured_time(parameters)?);
        Ok(json!({}))
    }

    fn reply_with_activity(&mut self, parameters: Parameters) -> Reply {
        result(&self.activity(measured_time(parameters)?))
    }

    fn reply_to_dry_run(&self, mut parameters: Parameters) -> Reply {
        let config = config_path(&mut parameters)?;
        parameters.finish()?;
        reply_with(self.dry_run(&config))
    }

    fn reply_to_try(&mut self, mut parameters: Parameters) -> Reply {
        let config = config_path(&mut parameters)?;
        let time = limited_time(&mut parameters)?;
        parameters.finish()?;
        let mut reply =
            reply_with(self.begin_trial(&config, time).map_err(|error| failed(&error))?)?;
        if let (Some(members), Some(trial)) = (reply.as_object_mut(), &self.trial) {
            members.insert("trial".to_owned(), result(&trial.wire())?);
        }
        Ok(reply)
    }

    fn reply_to_add_route(&mut self, mut parameters: Parameters) -> Reply {
        let entry = parameters.text(ENTRY)?;
        let time = limited_time(&mut parameters)?;
        parameters.finish()?;
        match self.add_route(&entry, time).map_err(|error| failed(&error))? {
            Addition::Refused(outcome) => reply_with(outcome),
            Addition::Done(route, outcome) => {
                let mut reply = reply_with(outcome)?;
                if let Some(members) = reply.as_object_mut() {
                    members.insert("route".to_owned(), result(&temporary_routes::wire(&route))?);
                }
                Ok(reply)
            }
        }
    }

    fn reply_to_remove_route(&mut self, mut parameters: Parameters) -> Reply {
        let number = parameters.number(NUMBER)?;
        parameters.finish()?;
        let known = u32::try_from(number).ok();
        let removed = known.map(|number| self.remove_route(number)).transpose();
        match removed.map_err(|error| failed(&error))?.flatten() {
            Some(outcome) => reply_with(outcome),
            None => Err(CallError::Custom("NoSuchRoute", json!({ NUMBER: number }))),
        }
    }

    fn reply_to_dump(&mut self, parameters: Parameters) -> Result<Reply> {
        let (unit, reason) = match unit_and_reason(parameters) {
            Ok(both) => both,
            Err(refusal) => return Ok(Err(refusal)),
        };
        Ok(match self.dump(&unit, reason)? {
            DumpOutcome::Done(dump) => result(&dump),
            DumpOutcome::Unused => Err(CallError::Custom("NoBlackBoxes", json!({}))),
            DumpOutcome::Unknown(known, near) => Err(CallError::Custom(
                "NoSuchBlackBox",
                json!({ UNIT: unit, "known": known, "near": near }),
            )),
        })
    }

    fn reply_with_stats(&mut self, mut parameters: Parameters) -> Reply {
        let (per_cpu, consistent) = (parameters.flag(PER_CPU)?, parameters.flag(CONSISTENT)?);
        parameters.finish()?;
        result(&self.stats(per_cpu, consistent).map_err(|error| failed(&error))?)
    }
}

/// Returns the path of a configuration.
fn config_path(parameters: &mut Parameters) -> Result<PathBuf, CallError> {
    let config = PathBuf::from(parameters.text(CONFIG)?);
    if config.is_absolute() {
        Ok(config)
    } else {
        Err(CallError::InvalidParameter(CONFIG.to_owned()))
    }
}

/// Returns the time that a route or a configuration is live.
fn limited_time(parameters: &mut Parameters) -> Result<Duration, CallError> {
    let time = Duration::from_secs(parameters.number(SECONDS)?);
    let is_possible = !time.is_zero() && time <= LONGEST_ROUTE;
    if is_possible { Ok(time) } else { Err(CallError::InvalidParameter(SECONDS.to_owned())) }
}

/// Returns the parameters of `Dump`.
fn unit_and_reason(mut parameters: Parameters) -> Result<(String, String), CallError> {
    let (unit, reason) = (parameters.text(UNIT)?, parameters.optional_text(REASON)?);
    parameters.finish()?;
    let reason = reason.unwrap_or_else(|| REQUESTED.to_owned());
    let is_plain = |c: char| c.is_ascii_graphic() || c == ' ';
    if reason.is_empty() || reason.len() > REASON_MAX || !reason.chars().all(is_plain) {
        return Err(CallError::InvalidParameter(REASON.to_owned()));
    }
    Ok((unit, reason))
}

/// Returns the only parameter of the methods that measure.
fn measured_time(mut parameters: Parameters) -> Result<Duration, CallError> {
    let time = Duration::from_millis(parameters.number(MILLISECONDS)?);
    parameters.finish()?;
    let is_possible = !time.is_zero() && time <= LONGEST_MEASUREMENT;
    if is_possible { Ok(time) } else { Err(CallError::InvalidParameter(MILLISECONDS.to_owned())) }
}

fn reply_with(verdict: ReloadOutcome) -> Reply {
    match verdict {
        ReloadOutcome::Done(done) => result(&Reloaded {
            generation: done.generation,
            added: done.added,
            changed: done.changed,
            removed: done.removed,
            unattached_routes: done.unattached_routes,
        }),
        ReloadOutcome::Refused(refused) => {
            Err(CallError::Custom("ReloadRefused", result(&refused)?))
        }
    }
}

fn result(reply: &impl Serialize) -> Result<Value, CallError> {
    serde_json::to_value(reply).map_err(|error| failed(&error.into()))
}

fn failed(error: &anyhow::Error) -> CallError {
    CallError::Custom("Failed", json!({ "reason": format!("{error:#}") }))
}
