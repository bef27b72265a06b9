//! Calls of the control socket in, replies out. Everything is read when it is asked for: nobody who does
//! not ask pays for it.

mod books;
mod state;

use std::time::Instant;

use anyhow::Result;
use serde::Serialize;
use serde_json::{Value, json};
use varlink_server::{Call, CallError, Parameters, Reply, Server};

use super::Daemon;
use super::reload::Verdict;
use crate::rpc::Reloaded;

impl Daemon<'_> {
    /// Answers a call that has waited for its turn, and gives up clients that take no reply.
    pub(super) fn answer_if_due(&mut self) -> Result<()> {
        let now = Instant::now();
        let due = self.control.as_ref().and_then(|control| control.deadline(now));
        if due.is_some_and(|at| at <= now) { self.answer() } else { Ok(()) }
    }

    /// One turn at the control socket.
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
            "Routes" => parameters.finish().and_then(|()| result(&self.live_table())),
            "Reload" => match parameters.finish() {
                Ok(()) => reply_with(self.reload(true)?),
                Err(refusal) => Err(refusal),
            },
            method => Err(CallError::MethodNotFound(method.to_owned())),
        })
    }

    fn reply_with_stats(&mut self, mut parameters: Parameters) -> Reply {
        let (per_cpu, settled) = (parameters.flag("per_cpu")?, parameters.flag("consistent")?);
        parameters.finish()?;
        result(&self.stats(per_cpu, settled).map_err(|error| failed(&error))?)
    }
}

fn reply_with(verdict: Verdict) -> Reply {
    match verdict {
        Verdict::Done(done) => result(&Reloaded {
            generation: done.generation,
            added: done.added,
            changed: done.changed,
            removed: done.removed,
            unattached_routes: done.unattached_routes,
        }),
        Verdict::Refused(refused) => Err(CallError::Custom("ReloadRefused", result(&refused)?)),
    }
}

fn result(reply: &impl Serialize) -> Result<Value, CallError> {
    serde_json::to_value(reply).map_err(|error| failed(&error.into()))
}

fn failed(error: &anyhow::Error) -> CallError {
    CallError::Custom("Failed", json!({ "reason": format!("{error:#}") }))
}
