//! State of the recording: what the last check found amiss, since when, and the records about a change.

use crate::output::record::{TracingCause, TracingChange, TracingOff, TracingOn};

/// Result of the last check.
#[derive(Debug, Default)]
pub struct TracingWatch {
    /// Time of the last check that found nothing amiss, ns since 1970 UTC.
    seen_ns: u64,
    fault: Option<TracingCause>,
}

/// Change to be recorded.
#[derive(Debug, PartialEq, Eq)]
pub enum TracingEvent {
    /// Calls are not recorded from now on.
    Off(TracingOff),
    /// Calls are recorded again.
    On(TracingOn),
}

impl TracingWatch {
    /// Starts with nothing amiss.
    pub fn begin(&mut self, now_ns: u64) {
        self.seen_ns = now_ns;
    }

    /// Takes the result of a check, `None` for nothing amiss, and returns a change. `attached` names the attach
    /// point. Of several causes, one after the other, the first one counts.
    pub fn check(
        &mut self,
        fault: Option<TracingCause>,
        attached: String,
        now_ns: u64,
    ) -> Option<TracingEvent> {
        let (from_ns, to_ns) = (self.seen_ns, now_ns);
        let change = |cause| TracingChange { from_ns, to_ns, attached, cause };
        let is_on = fault.is_none();
        if is_on {
            self.seen_ns = now_ns;
        }
        match (self.fault.take(), fault) {
            (None, Some(cause)) => {
                self.fault = Some(cause.clone());
                Some(TracingEvent::Off(TracingOff(change(cause))))
            }
            (Some(cause), None) => Some(TracingEvent::On(TracingOn(change(cause)))),
            (cause, _) => {
                self.fault = cause;
                None
            }
        }
    }

    /// Returns whether calls are not recorded.
    pub fn is_off(&self) -> bool {
        self.fault.is_some()
    }

    /// Returns the part of the status line.
    pub fn status(&self) -> String {
        match &self.fault {
            None => String::new(),
            Some(TracingCause::Sysctl(sysctl)) => format!("; TRACING OFF until {sysctl} is 1"),
            Some(cause) => format!("; TRACING OFF ({})", cause.name()),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn check_reports_change_with_first_cause_and_last_time_that_was_right() {
        let mut watch = TracingWatch::default();
        watch.begin(10);
        let mut check = |fault, now_ns| watch.check(fault, "x".to_owned(), now_ns);
        assert_eq!(check(None, 20), None);
        let change = |to_ns| TracingChange {
            from_ns: 20,
            to_ns,
            attached: "x".to_owned(),
            cause: TracingCause::Ring,
        };
        let off = TracingEvent::Off(TracingOff(change(30)));
        assert_eq!(check(Some(TracingCause::Ring), 30), Some(off));
        assert_eq!(check(Some(TracingCause::Dispatcher), 40), None);
        assert_eq!(check(None, 50), Some(TracingEvent::On(TracingOn(change(50)))));
        assert_eq!(check(None, 60), None);
    }
}
