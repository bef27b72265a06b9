//! Readings from the running daemon.

use std::time::Duration;

use anyhow::{Result, bail};
use serde_json::{Map, Value};

use super::TopOptions;
use super::sample::Sample;
use super::user_names::UserNumbers;
use crate::cli::ClientOptions;
use crate::cli::live::client::{Answer, REPLY_TIMEOUT, call_within};
use crate::rpc::{Activity, MILLISECONDS};

/// Time within which the daemon has to reply while keys are waited for, which are not read meanwhile.
const SOON: Duration = Duration::from_secs(2);

/// Time for which the daemon counts on without another reading, beyond two intervals.
const GRACE: Duration = Duration::from_secs(5);

/// Daemon to ask.
#[derive(Debug)]
pub struct ActivitySource {
    client: ClientOptions,
    parameters: Map<String, Value>,
    users: UserNumbers,
}

impl ActivitySource {
    /// Prepares the call; nothing is asked yet.
    ///
    /// # Errors
    /// Fails if the interval is too long.
    pub fn new(options: &TopOptions) -> Result<Self> {
        let time = u64::try_from((2 * options.interval + GRACE).as_millis())?;
        Ok(Self {
            client: ClientOptions { json: false, socket: options.socket.clone() },
            parameters: Map::from_iter([(MILLISECONDS.to_owned(), time.into())]),
            users: UserNumbers::read(),
        })
    }

    /// Reads the counts of now.
    ///
    /// # Errors
    /// Fails if nobody answers, or not with counts.
    pub fn sample(&self) -> Result<Sample> {
        self.sample_within(REPLY_TIMEOUT)
    }

    /// Reads the counts of now while keys are waited for.
    ///
    /// # Errors
    /// Fails if nobody answers, not with counts, or not soon.
    pub fn sample_soon(&self) -> Result<Sample> {
        self.sample_within(SOON)
    }

    fn sample_within(&self, time: Duration) -> Result<Sample> {
        let parameters = self.parameters.clone();
        match call_within::<Activity>(&self.client, "Activity", parameters, time)? {
            Answer::Done(reply) => Ok(Sample::of(&reply, &self.users)),
            Answer::Refused(error, _) if error == "org.varlink.service.MethodNotFound" => bail!(
                "the daemon is an earlier version, which does not count for `tailcalld top`: restart it"
            ),
            Answer::Refused(error, parameters) => {
                bail!("the daemon replied with the error {error} {parameters}")
            }
        }
    }
}
