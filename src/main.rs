//! The binary: one command, one exit code.

use std::io::{self, Write};
use std::process::ExitCode;

use clap::Parser;
use tailcalld::cli::{self, Cli, Command, exit};
use tailcalld::config::Faults;
use tailcalld::daemon;
use tailcalld::load::{self, Failure};

fn main() -> ExitCode {
    match dispatch(Cli::parse().command()) {
        Ok(code) => code,
        // Whoever reads our output has seen enough.
        Err(error) if cli::broken_pipe(&error) => exit::OK.into(),
        Err(error) => {
            // Nobody is left to tell if this fails.
            let _ = writeln!(io::stderr(), "tailcalld: {error:#}");
            exit_code(&error).into()
        }
    }
}

/// Tells a service manager, and who reads its status, what kind of failure it is.
fn exit_code(error: &anyhow::Error) -> u8 {
    if error.is::<Faults>() {
        return exit::CONFIG;
    }
    match error.downcast_ref() {
        Some(Failure::Permission(_)) => exit::NO_PERMISSION,
        Some(Failure::Unavailable(_)) => exit::UNAVAILABLE,
        None => exit::FAILURE,
    }
}

fn dispatch(command: Command) -> anyhow::Result<ExitCode> {
    match command {
        Command::Run(options) => daemon::run(&options),
        Command::Check(options) => Ok(cli::check(&options, &load::handlers()?)?.into()),
        Command::Syscalls { group } => {
            cli::syscalls(group)?;
            Ok(exit::OK.into())
        }
        Command::Handlers => {
            cli::handlers(&load::handlers()?)?;
            Ok(exit::OK.into())
        }
    }
}
