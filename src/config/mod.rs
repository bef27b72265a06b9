//! A TOML file and its drop-ins in, the configuration and every fault of it out. Reads the files
//! that it is given and does nothing else: no BPF, no logging, no privileges.
//!
//! ```toml
//! [routes]
//! execve = "exec"
//! "@mount" = { handler = "args", priority = "warning" }
//! ```
//!
//! Drop-ins are `*.toml` in the directory named as the file, with the extension `.d`. They are read
//! after it, in name order, and a later file overrides an earlier one: entry by entry in
//! `[routes]`, key by key elsewhere.

mod abis;
mod attach;
mod byte_limit;
mod byte_size;
mod defaults;
mod exec;
mod fault;
mod faults;
mod fds;
mod file;
mod filter;
mod keep;
mod limit;
mod lookup;
mod metrics_file;
mod mistakes;
mod novel;
mod options;
mod paths;
mod pins;
mod position;
mod reader;
mod results;
mod routes;
mod secret;
mod secret_set;
mod settings;
mod snippet;
mod source;
mod subject;
mod suggest;
mod syntax;
mod text;
mod trust;
mod values;

use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

pub use abis::Abis;
pub use attach::AttachTo;
pub use byte_limit::ByteLimit;
pub use byte_size::name as size_name;
pub use exec::{Argv, Redact};
pub use fault::{Fault, Palette};
pub use faults::Faults;
pub use fds::Fds;
pub use file::{drop_in_dir, handler_folders, handler_in, is_drop_in};
pub use filter::{Comparison, Condition, Filter, Ids, Part, Pattern, UnitName, Word};
pub use keep::{Aggregate, Keep, time_name};
pub use limit::{Limit, Per, Rate};
pub use lookup::{Lookup, lookups};
pub use metrics_file::MetricsFile;
pub use novel::{Novel, NovelSubject};
pub use options::{Marks, Options};
pub use paths::Paths;
pub use pins::{Pins, misfit as misfit_of_pin};
pub use position::Position;
pub use results::{FAILURES, Results};
pub use routes::{Entry, NONE, Target};
pub use secret::{Candidate, Hidden, SecretPattern};
pub use secret_set::{SecretSet, Verdict};
pub use source::Mark;
pub use subject::{Subject, URING_PREFIX};
pub(crate) use suggest::closest;
pub(crate) use text::printable;
pub use trust::Trust;
pub use values::{level_name, time_span};

use self::reader::FileReader;
use self::source::SourceFile;
use crate::handlers::Handlers;

/// Returns the condition that a valid text describes.
#[cfg(test)]
pub(crate) fn condition(text: &str) -> Condition {
    values::condition(&toml::de::DeValue::String(text.into())).expect("a valid condition")
}

/// Path of the configuration unless the command line names another one.
pub const DEFAULT_PATH: &str = "/etc/tailcalld.toml";

/// Contents of all files together.
#[derive(Debug, Clone)]
pub struct Config {
    /// The lines of `[routes]`, in the order in which they were read.
    pub entries: Vec<Entry>,
    /// Options of the routes that do not set them; none is `None`.
    pub defaults: Options,
    /// Size of each ring buffer, a power of two.
    pub ring_bytes: u32,
    /// CPUs that share one.
    pub ring_cpus: u32,
    /// Black boxes, if rules fill some.
    pub box_units: u32,
    /// Calls that a black box keeps.
    pub box_calls: u32,
    /// Executables whose processes are excluded in the kernel.
    pub exclude: Vec<PathBuf>,
    /// Units of the system whose processes are excluded in the kernel.
    pub exclude_units: Vec<String>,
    /// Socket of journald.
    pub socket: PathBuf,
    /// Attach mode.
    pub attach: AttachTo,
    /// Rate limit of each user's events of each syscall; `None` for no limit.
    pub per_uid: Option<Rate>,
    /// Events of a user and a syscall at once; `None` for as many as in a second.
    pub per_uid_burst: Option<u32>,
    /// Records that may be written in a second, to any output; `None` for any number.
    pub max_per_second: Option<u32>,
    /// Bytes of records that may be written in a second.
    pub max_bytes_per_second: ByteLimit,
    /// Interval of `stats` records while something happens; `None` for one at the end only.
    pub stats_interval: Option<Duration>,
    /// Interval in which a record is looked for in the journal; `None` for never.
    pub read_back: Option<Duration>,
    /// Interval of the self-test; `None` for none after the start.
    pub self_test: Option<Duration>,
    /// File that the metrics are written to; `None` for none.
    pub metrics_file: Option<PathBuf>,
    /// Interval in which they are.
    pub metrics_interval: Duration,
    /// Versions that objects of handlers have to be of.
    pub pins: Pins,
    /// Marks of the options that may turn out to have no effect.
    pub marks: Marks,
}

/// Result of reading. With faults, the configuration is what remained without them.
#[derive(Debug)]
pub struct Loaded {
    /// Configuration as far as it could be read.
    pub config: Config,
    /// Faults of all files.
    pub faults: Vec<Fault>,
    /// The files that were read, in order.
    pub files: Vec<PathBuf>,
}

/// Reads a file and its drop-ins, and then those of temporary routes, if `trust` accepts who can change them. Never fails:
/// everything that is wrong is in [`Loaded::faults`].
pub fn load(path: &Path, temporary: &[PathBuf], trust: &Trust, handlers: &Handlers) -> Loaded {
    let mut loaded = Loaded { config: Config::default(), faults: Vec::new(), files: Vec::new() };
    loaded.add(path, 0, trust, handlers);
    let directory = drop_in_dir(path);
    match file::drop_ins(&directory, trust) {
        // A file that is named like its own directory has none.
        _ if directory == path => {}
        Ok(files) => {
            for (rank, file) in (2..).zip(files) {
                loaded.add(&file, rank, trust, handlers);
            }
        }
        Err(reason) => loaded.faults.push(Fault::new(&directory, 1, reason.into())),
    }
    for (rank, file) in (loaded.files.len() + 1..).zip(temporary) {
        loaded.add(file, rank, trust, handlers);
    }
    loaded
}

impl Loaded {
    /// Reads one file on top of the earlier ones. The main file has rank 0 and must not be empty.
    fn add(&mut self, path: &Path, rank: usize, trust: &Trust, handlers: &Handlers) {
        self.files.push(path.to_owned());
        let text = match file::read(path, trust).and_then(syntax::text) {
            Ok(text) => text,
            Err(reason) => return self.faults.push(Fault::new(path, rank, reason.into())),
        };
        let source = Arc::new(SourceFile::new(path, rank, text));
        let (table, syntax) = syntax::parse(&source);
        if rank == 0 && table.is_empty() && syntax.is_empty() {
            let reason = "is empty, expected at least one route: [routes] and execve = \"exec\"";
            self.faults.push(Fault::whole(path, reason));
        }
        let mut reader = FileReader::new(&source, handlers, syntax);
        settings::read(&mut self.config, &mut reader, &table);
        self.faults.extend(reader.into_faults());
    }
}
