//! Surroundings of a daemon: the ring, journald, and what outlives a kill.

use std::cell::RefCell;
use std::fmt;
use std::io::Read as _;
use std::net::Shutdown;
use std::os::fd::AsFd as _;
use std::os::unix::fs::FileExt as _;
use std::os::unix::net::UnixDatagram;
use std::path::PathBuf;
use std::rc::Rc;

use tempfile::TempDir;

use super::super::*;
use crate::bpf::types::ledger_size;
use crate::stats::ledger_steps;

/// Call in the ring.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Call {
    /// A record each.
    Recorded,
    /// Part of an aggregate.
    Aggregated,
    /// A record once the result is there.
    WithResult,
    /// A record the first time.
    Novel,
    /// A record the first time, once the result is there.
    NovelWithResult,
}

/// Record of events in the journal.
#[derive(Debug, Clone)]
pub struct Written {
    /// Text that two copies share.
    pub identity: Vec<u8>,
    pub syscall: String,
    pub is_aggregate: bool,
    pub count: u64,
    pub is_marked: bool,
}

/// All that a daemon leaves that is killed.
#[derive(Debug, Clone, Default)]
pub struct Moment {
    /// Rows of the ledger.
    rows: Vec<Vec<u8>>,
    entry: Vec<u8>,
    /// File of the first times.
    first_times: Vec<u8>,
    /// Calls that came into the ring, with the interval of the aggregates.
    ring: Vec<(Call, u32)>,
    /// Records that were taken out of the ring.
    taken: usize,
    interval: u32,
    pub journal: Vec<Written>,
    pub kills: u64,
}

const ROW: usize = 8 * (ledger_size::LEDGER_COPIES.0 * ledger_size::LEDGER_WORDS.0) as usize;
const ROWS: usize = ledger_size::LEDGER_ROWS.0 as usize;
const ENTRY: &str = "waiting-event";
const FIRST_TIMES: &str = "first-times";
const MARK: &str = "SYSCALL_MAY_BE_DUPLICATE=yes\n";

const CALLS: [Call; 5] =
    [Call::Recorded, Call::Aggregated, Call::WithResult, Call::Novel, Call::NovelWithResult];

fn slots() -> [Slot; 5] {
    CALLS.map(slot_of)
}

/// Returns the slot of the calls of a kind.
pub fn slot_of(call: Call) -> Slot {
    Slot::new(Abi::Native, number(Abi::Native, name_of(call)).unwrap()).unwrap()
}

/// Returns the name of their syscall.
pub fn name_of(call: Call) -> &'static str {
    ["openat", "close", "dup", "getpid", "getppid"][call as usize]
}

/// Rows that are in use.
fn rows() -> [usize; 6] {
    let [a, b, c, d, e] = slots().map(|slot| slot.index().into());
    [a, b, c, d, e, ROWS - 1]
}

fn tid(index: u32) -> u32 {
    5_000 + index
}

impl fmt::Display for Moment {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        writeln!(f, "{} of {:?}", self.taken, self.ring)?;
        let mut journal = self.journal.iter();
        journal.try_for_each(|Written { is_aggregate, count, is_marked, .. }| {
            writeln!(f, "aggregate: {is_aggregate}, {count}, marked: {is_marked}")
        })
    }
}

impl Moment {
    /// Number of events so far.
    pub fn calls(&self) -> u64 {
        self.ring.len() as u64
    }

    /// Returns the number of copies of each record in the journal, and of those with a mark.
    pub fn copies(&self) -> BTreeMap<&[u8], (u64, u64)> {
        let mut copies: BTreeMap<&[u8], (u64, u64)> = BTreeMap::new();
        for record in &self.journal {
            let (copies, marked) = copies.entry(&record.identity).or_default();
            *copies += 1;
            *marked += u64::from(record.is_marked);
        }
        copies
    }

    /// Returns the events that the journal has in records of their own and in aggregates, each once.
    pub fn written(&self) -> [u64; 2] {
        let records: BTreeMap<_, _> =
            self.journal.iter().map(|record| (&record.identity, record)).collect();
        [false, true].map(|is_aggregate| {
            let of_kind = records.values().filter(|record| record.is_aggregate == is_aggregate);
            of_kind.map(|record| record.count).sum()
        })
    }

    /// Returns how many of the events that are written as soon as they are taken out of the ring the journal does not have.
    pub fn missing(&self) -> u64 {
        let recorded = (0_u32..).zip(&self.ring).filter(|(_, (call, _))| *call == Call::Recorded);
        let ids = recorded.map(|(index, _)| tid(index).to_string().into_bytes());
        let is_missing = |id: &Vec<u8>| !self.journal.iter().any(|record| record.identity == *id);
        ids.filter(is_missing).count() as u64
    }

    /// Returns the calls of a kind that the journal has.
    pub fn told(&self, call: Call) -> usize {
        let of_call = self.journal.iter().filter(|record| record.syscall == name_of(call));
        of_call.map(|record| &record.identity).collect::<std::collections::BTreeSet<_>>().len()
    }

    /// Returns whether nothing has happened since an earlier moment of the same life.
    fn is_same(&self, later: &Self) -> bool {
        let lengths = |moment: &Self| (moment.ring.len(), moment.taken, moment.journal.len());
        let files = |moment: &Self| (moment.entry.clone(), moment.first_times.clone());
        (&self.rows, files(self), lengths(self)) == (&later.rows, files(later), lengths(later))
    }

    /// Returns a text that differs where the next daemon may.
    pub fn key(&self) -> String {
        let journal: Vec<_> =
            self.journal.iter().map(|w| (w.is_aggregate, w.count, w.is_marked)).collect();
        let ledger = self.ledger(&tempfile::tempfile().unwrap());
        let rows = slots().map(|slot| ledger.read(slot));
        let head = self.entry.get(..16);
        let state = ledger.read_state();
        // Times differ.
        let first_times: Vec<_> = self.first_times.split(|byte| *byte == b'\n').collect();
        let first_times: Vec<_> =
            first_times.iter().map(|line| (line.first(), line.len())).collect();
        let (ring, taken) = (&self.ring, self.taken);
        format!("{rows:?} {state:?} {head:?} {ring:?} {taken} {journal:?} {first_times:?}")
    }

    fn ledger(&self, file: &File) -> Ledger {
        file.set_len((ROWS * ROW) as u64).unwrap();
        for (row, bytes) in rows().into_iter().zip(&self.rows) {
            file.write_all_at(bytes, (row * ROW) as u64).unwrap();
        }
        Ledger::open(file.as_fd()).unwrap()
    }

    /// Returns all records of the ring: a call with a result has two.
    fn records(&self) -> Vec<Vec<u8>> {
        let of = |(index, &(call, interval)): (u32, &(Call, u32))| {
            let ns = 100 + u64::from(index);
            let is_open = matches!(call, Call::WithResult | Call::NovelWithResult);
            let flag = call_flag(if is_open { call_flag::CALL_RESULT.0 } else { 0 });
            let mut begin = entry(tid(index), ns, flag);
            put(&mut begin, offset_of!(event, slot), &slot_of(call).index().to_ne_bytes());
            let is_novel = matches!(call, Call::Novel | Call::NovelWithResult);
            let uid = if is_novel { 7 } else { 10 * interval + index % 2 };
            put(&mut begin, offset_of!(event, uid), &uid.to_ne_bytes());
            let end = is_open.then(|| exit(tid(index), ns, ns + 1, 7));
            std::iter::once(begin).chain(end)
        };
        (0..).zip(&self.ring).flat_map(of).collect()
    }
}

/// The world of one daemon.
pub struct World(Rc<RefCell<Inner>>);

struct Inner {
    folder: TempDir,
    ledger: File,
    journald: Option<UnixDatagram>,
    /// Each record is refused: EPIPE.
    is_refusing: bool,
    now: Moment,
    moments: Vec<Moment>,
}

impl World {
    pub fn begin(moment: &Moment) -> (Self, Ledger, EntryFile) {
        let folder = tempfile::tempdir().unwrap();
        let file = tempfile::tempfile().unwrap();
        let ledger = moment.ledger(&file);
        std::fs::write(folder.path().join(ENTRY), &moment.entry).unwrap();
        std::fs::write(folder.path().join(FIRST_TIMES), &moment.first_times).unwrap();
        let entries = EntryFile::open(folder.path()).unwrap();
        let now = Moment { interval: moment.interval + 1, ..moment.clone() };
        let inner = Inner {
            folder,
            ledger: file,
            journald: None,
            is_refusing: false,
            now,
            moments: Vec::new(),
        };
        let world = Self(Rc::new(RefCell::new(inner)));
        world.listen();
        (world, ledger, entries)
    }

    pub fn pipeline(&self) -> Pipeline {
        self.pipeline_of(Destination::Journal(self.0.borrow().socket()))
    }

    /// Returns the journal, if journald is there.
    pub fn journal(&self) -> Option<Output> {
        Output::open(Destination::Journal(self.0.borrow().socket())).ok()
    }

    pub fn pipeline_of(&self, destination: Destination) -> Pipeline {
        let output = Output::open(destination).unwrap();
        let handlers = Handlers::new(vec![samples::plain_handler()]);
        let mut pipeline = Pipeline::new(handlers, Delivery::new(Units::new(), output));
        let every = std::time::Duration::from_secs(60);
        let aggregate = Some(Aggregate { every, by: Vec::new() });
        let novel = Some(Novel { subject: NovelSubject::Uid, by: Vec::new() });
        let rules = [
            Rule::nothing(),
            Rule { aggregate, ..Rule::nothing() },
            Rule { results: Results::All, ..Rule::nothing() },
            Rule { novel: novel.clone(), ..Rule::nothing() },
            Rule { novel, results: Results::All, ..Rule::nothing() },
        ];
        pipeline.delivery.first_times.keep_in(self.0.borrow().folder.path().to_owned());
        let routes = slots().into_iter().zip(rules.map(Into::into)).collect();
        pipeline.begin(GENERATION, &Plan { routes, ..Plan::default() });
        pipeline
    }

    /// Looks before and after each write to the ledger.
    pub fn watch(&self) {
        let inner = Rc::downgrade(&self.0);
        let look = move || inner.upgrade().iter().for_each(|inner| inner.borrow_mut().look());
        ledger_steps::watch(look);
        self.look();
    }

    pub fn look(&self) {
        self.0.borrow_mut().look();
    }

    pub fn listen(&self) {
        if std::mem::take(&mut self.0.borrow_mut().is_refusing) {
            self.leave();
        }
        let mut inner = self.0.borrow_mut();
        if inner.journald.is_none() {
            let journald = UnixDatagram::bind(inner.socket()).unwrap();
            journald.set_nonblocking(true).unwrap();
            inner.journald = Some(journald);
        }
    }

    pub fn refuse(&self) {
        self.leave();
        self.listen();
        let mut inner = self.0.borrow_mut();
        let journald = inner.journald.as_ref().unwrap();
        journald.shutdown(Shutdown::Read).unwrap();
        inner.is_refusing = true;
    }

    pub fn leave(&self) {
        let mut inner = self.0.borrow_mut();
        if inner.journald.is_some() {
            inner.read();
            inner.journald = None;
            std::fs::remove_file(inner.socket()).unwrap();
        }
    }

    pub fn add(&self, call: Call) {
        let mut inner = self.0.borrow_mut();
        let interval = inner.now.interval;
        inner.now.ring.push((call, interval));
    }

    pub fn end_interval(&self) {
        self.0.borrow_mut().now.interval += 1;
    }

    /// Returns the first record of the ring.
    pub fn first(&self) -> Option<Vec<u8>> {
        let now = &self.0.borrow().now;
        now.records().into_iter().nth(now.taken)
    }

    pub fn remove_first(&self) {
        self.0.borrow_mut().now.taken += 1;
        self.look();
    }

    pub fn moment(&self) -> Moment {
        self.0.borrow().now.clone()
    }

    pub fn moments(self) -> Vec<Moment> {
        std::mem::take(&mut self.0.borrow_mut().moments)
    }
}

impl Inner {
    fn socket(&self) -> PathBuf {
        self.folder.path().join("socket")
    }

    fn read(&mut self) {
        let mut buffer = [0; 1 << 14];
        let Some(journald) = self.journald.as_ref().filter(|_| !self.is_refusing) else { return };
        while let Ok(length) = journald.recv(&mut buffer) {
            self.now.journal.push(written(&buffer[..length]));
        }
    }

    /// Returns the file of the record that waits, without the room behind it.
    fn entry(&self) -> Vec<u8> {
        let mut file = File::open(self.folder.path().join(ENTRY)).unwrap();
        let mut header = [0; 16];
        file.read_exact(&mut header).unwrap();
        let length = u64::from_le_bytes(header[8..].try_into().unwrap());
        let mut bytes = header.to_vec();
        file.take(length).read_to_end(&mut bytes).unwrap();
        bytes
    }

    fn look(&mut self) {
        self.read();
        let mut bytes = [0; ROW];
        let mut row = |row: usize| {
            self.ledger.read_exact_at(&mut bytes, (row * ROW) as u64).unwrap();
            bytes.to_vec()
        };
        self.now.rows = rows().into_iter().map(&mut row).collect();
        self.now.entry = self.entry();
        self.now.first_times = std::fs::read(self.folder.path().join(FIRST_TIMES)).unwrap();
        let moment = Moment { kills: self.now.kills + 1, ..self.now.clone() };
        if !self.moments.last().is_some_and(|last| last.is_same(&moment)) {
            self.moments.push(moment);
        }
    }
}

fn written(datagram: &[u8]) -> Written {
    let text = String::from_utf8_lossy(datagram).into_owned();
    let value = |field: &str| {
        let line = text.lines().find_map(|line| line.strip_prefix(field));
        line.map(str::to_owned)
    };
    let is_marked = text.contains(MARK);
    let count = value("TAILCALLD_DETAIL=count=");
    let is_aggregate = count.is_some();
    let identity =
        if is_aggregate { text.replace(MARK, "") } else { value("SYSCALL_TID=").unwrap() };
    let count = count.map_or(1, |count| count.parse().unwrap());
    let syscall = value("SYSCALL_NAME=").unwrap_or_default();
    Written { syscall, identity: identity.into_bytes(), is_aggregate, count, is_marked }
}
