//! What was due and is not recorded.

use syscalls::Slot;

use crate::stats::KERNEL_REASONS;

/// Events are missing, or results of events.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Lost {
    /// Begin of the time in which they were lost, ns since 1970 UTC.
    pub from_ns: u64,
    /// Its end.
    pub to_ns: u64,
    /// By route and reason.
    pub losses: Vec<Loss>,
}

/// What one route lost for one reason.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Loss {
    /// The route's syscall; `None` if the record in the ring did not tell.
    pub slot: Option<Slot>,
    /// The route's handler.
    pub handler: String,
    /// Why.
    pub reason: Reason,
    /// Events, or results.
    pub count: u64,
}

/// Why an event that was due, or its result, is not recorded. `docs/events.md` says what to do about each.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Reason {
    /// The ring was full: the daemon, or what it writes to, was slower than the producers.
    RingFull,
    /// The ring had room but refused: NMI, or its lock was contended.
    RingBusy,
    /// The table flipped in between and the new slot's program did not start.
    Reroute,
    /// No scratch memory in the kernel.
    Scratch,
    /// The end of the call was not told: its event is recorded without a result.
    Result,
    /// The bytes in the ring are not an event of this version.
    Undecodable,
    /// The output refused the record for good.
    Output,
    /// More came than may be written in a second.
    Shed,
}

impl Reason {
    /// All.
    pub const ALL: [Self; 8] = [
        Self::RingFull,
        Self::RingBusy,
        Self::Reroute,
        Self::Scratch,
        Self::Result,
        Self::Undecodable,
        Self::Output,
        Self::Shed,
    ];

    /// Returns the reason at that place in `LOSSES`; the kernel's are the first of these.
    pub fn of_kernel(number: usize) -> Option<Self> {
        Self::ALL.get(number).copied().filter(|_| number < KERNEL_REASONS)
    }

    /// As in `TAILCALLD_LOSS=`.
    pub const fn name(self) -> &'static str {
        match self {
            Self::RingFull => "ring_full",
            Self::RingBusy => "ring_busy",
            Self::Reroute => "reroute",
            Self::Scratch => "scratch",
            Self::Result => "result",
            Self::Undecodable => "undecodable",
            Self::Output => "output",
            Self::Shed => "shed",
        }
    }
}

impl Lost {
    /// Events in all. One without its result is not lost.
    pub fn events(&self) -> u64 {
        self.sum(|reason| reason != Reason::Result)
    }

    /// Results of events that are recorded.
    pub fn results(&self) -> u64 {
        self.sum(|reason| reason == Reason::Result)
    }

    fn sum(&self, is_meant: impl Fn(Reason) -> bool) -> u64 {
        let meant = self.losses.iter().filter(|loss| is_meant(loss.reason));
        meant.fold(0, |sum, loss| sum.saturating_add(loss.count))
    }
}

#[cfg(test)]
mod tests {
    use super::Reason;
    use crate::stats::KERNEL_REASONS;

    #[test]
    fn of_kernel_has_four_reasons() {
        let reasons = [Reason::RingFull, Reason::RingBusy, Reason::Reroute, Reason::Scratch];
        for (number, reason) in reasons.into_iter().enumerate() {
            assert_eq!(Reason::of_kernel(number), Some(reason));
        }
        assert_eq!(Reason::of_kernel(KERNEL_REASONS), None);
    }
}
