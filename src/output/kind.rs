//! The kinds of record and their ids. Each id was drawn at random once and never changes: it is
//! what a rule or a dashboard asks for. `systemd/tailcalld.catalog` and `docs/events.md` have an
//! entry for each.

/// One kind of record.
#[derive(Debug, PartialEq, Eq)]
pub struct Kind {
    /// `record` in JSON, and the heading in `docs/events.md`.
    pub name: &'static str,
    /// `MESSAGE_ID`.
    pub id: &'static str,
}

/// A syscall was made; its level is the route's.
pub const SYSCALL: Kind = Kind { name: "syscall", id: "397d4d90fa9b406c956a9759375c2e15" };
/// Many events of one kind were counted together.
pub const AGGREGATE: Kind = Kind { name: "aggregate", id: "aaa45f601037482f8436e36430dd4579" };
/// The daemon is attached and reads.
pub const STARTED: Kind = Kind { name: "started", id: "d46abc6256004c59b29eaafb3f940864" };
/// A new table judges.
pub const RELOADED: Kind = Kind { name: "reloaded", id: "8fb7b533292e4869979be20537d7ac8d" };
/// A new configuration had faults; the old table stays.
pub const RELOAD_REFUSED: Kind =
    Kind { name: "reload_refused", id: "721c8c0188254a80987bc73224551a10" };
/// Events that were due are not recorded.
pub const LOST: Kind = Kind { name: "lost", id: "7b1b889327f14078b13a9eb4b84566de" };
/// Limits refused events.
pub const SUPPRESSED: Kind = Kind { name: "suppressed", id: "2ed5f600ac9c4603a3939b39fa77646a" };
/// A process makes most of the events and has the journal open.
pub const FEEDBACK: Kind = Kind { name: "feedback", id: "3ac128b3e4174269983b1edb8c617791" };
/// The kernel did not run the dispatcher for some calls.
pub const MISSED: Kind = Kind { name: "missed", id: "1a26c9ce61254f7b8f6731bf5c265a90" };
/// The kernel shows no calls any more.
pub const TRACING_OFF: Kind = Kind { name: "tracing_off", id: "7d7b5b5ee645419e9ef8e2320ab7e82f" };
/// The kernel shows calls again.
pub const TRACING_ON: Kind = Kind { name: "tracing_on", id: "568a62c36e1c438e856e5c60edd4c1fe" };
/// The output takes records again.
pub const OUTPUT_RESTORED: Kind =
    Kind { name: "output_restored", id: "58afba8d9b3c45b5903cfa5c0c122343" };
/// More came than may be written in a second.
pub const SHED: Kind = Kind { name: "shed", id: "671c13590c8e4c8586d550dd91f6487f" };
/// The rate limit of the daemon's unit lets journald drop records.
pub const JOURNAL_RATE_LIMIT: Kind =
    Kind { name: "journal_rate_limit", id: "e92f97d494cb40c3a1b241432bfe8350" };
/// The books, every now and then.
pub const STATS: Kind = Kind { name: "stats", id: "ca68221bd554419f9d2bb8d33b378799" };
/// The daemon ends, with its books.
pub const STOPPED: Kind = Kind { name: "stopped", id: "4731d5e09b8b41e4bfeae0a025b3413a" };

/// All of them.
pub const ALL: [&Kind; 16] = [
    &SYSCALL,
    &AGGREGATE,
    &STARTED,
    &RELOADED,
    &RELOAD_REFUSED,
    &LOST,
    &SUPPRESSED,
    &FEEDBACK,
    &MISSED,
    &TRACING_OFF,
    &TRACING_ON,
    &OUTPUT_RESTORED,
    &SHED,
    &JOURNAL_RATE_LIMIT,
    &STATS,
    &STOPPED,
];
