//! The binary: one command, one exit code.

use std::process::ExitCode;

use clap::Parser;
use tailcalld::cli::{self, Cli, Command, exit};
use tailcalld::{daemon, trace};

fn main() -> ExitCode {
    match dispatch(Cli::parse().command()) {
        Ok(code) => code,
        // The reader of our output has closed it.
        Err(error) if cli::broken_pipe(&error) => exit::OK.into(),
        Err(error) => cli::report(&error).into(),
    }
}

fn dispatch(command: Command) -> anyhow::Result<ExitCode> {
    match command {
        Command::Run(options) => daemon::run(&options),
        Command::Check(options) => Ok(cli::check(&options)?.into()),
        Command::Syscalls { group } => {
            cli::syscalls(group)?;
            Ok(exit::OK.into())
        }
        Command::Handlers => {
            cli::handlers()?;
            Ok(exit::OK.into())
        }
        Command::Stats(options) => Ok(cli::stats(&options)?.into()),
        Command::Status(options) => Ok(cli::status(&options)?.into()),
        Command::Explain(options) => Ok(cli::explain(&options)?.into()),
        Command::Route(command) => Ok(cli::route(&command)?.into()),
        Command::Routes(options) => Ok(cli::routes(&options)?.into()),
        Command::Profile(options) if options.watch => trace::watch(&options),
        Command::Profile(options) => Ok(cli::profile(&options)?.into()),
        Command::Metrics(options) => Ok(cli::metrics(&options)?.into()),
        Command::Top(options) => Ok(cli::top(&options)?.into()),
        Command::Trace(options) => trace::run(&options),
        Command::Cost(options) => trace::cost(&options),
        Command::Hold(options) => match trace::hold(&options)? {},
        Command::Dump(options) => Ok(cli::dump(&options)?.into()),
        Command::CompleteNames { kind } => {
            cli::complete_names(kind)?;
            Ok(exit::OK.into())
        }
        Command::Drain => daemon::drain::run(),
        Command::Reload(options) => Ok(cli::reload(&options)?.into()),
    }
}
