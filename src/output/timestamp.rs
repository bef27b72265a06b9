//! Times as text. The second's text is kept, because thousands of events share it.

use jiff::Timestamp;
use jiff::tz::TimeZone;

/// Writes points in time as one zone reads them.
#[derive(Debug)]
pub struct Stamp {
    zone: TimeZone,
    second: Option<i64>,
    date: String,
    clock: String,
}

impl Stamp {
    /// For machines: UTC.
    pub fn utc() -> Self {
        Self::new(TimeZone::UTC)
    }

    /// For a person in front of this machine.
    pub fn local() -> Self {
        Self::new(TimeZone::system())
    }

    fn new(zone: TimeZone) -> Self {
        Self { zone, second: None, date: String::new(), clock: String::new() }
    }

    /// RFC 3339 with nanoseconds, of a `utc` stamp: `2026-01-02T03:04:05.000000006Z`.
    pub fn rfc3339(&mut self, time_ns: u64, out: &mut String) {
        let ns = self.seek(time_ns);
        out.push_str(&self.date);
        out.push('T');
        out.push_str(&self.clock);
        fraction(ns, 9, out);
        out.push('Z');
    }

    /// `03:04:05.000006`.
    pub fn micros(&mut self, time_ns: u64, out: &mut String) {
        let ns = self.seek(time_ns);
        out.push_str(&self.clock);
        fraction(ns / 1_000, 6, out);
    }

    /// Makes the kept text that of the time's second; gives the nanoseconds within it.
    fn seek(&mut self, time_ns: u64) -> u64 {
        let second = i64::try_from(time_ns / 1_000_000_000).unwrap_or(0);
        if self.second != Some(second) {
            let time = Timestamp::from_second(second).unwrap_or(Timestamp::UNIX_EPOCH);
            let time = self.zone.to_datetime(time);
            self.date = time.date().to_string();
            self.clock = time.time().to_string();
            self.second = Some(second);
        }
        time_ns % 1_000_000_000
    }
}

fn fraction(mut number: u64, digits: usize, out: &mut String) {
    let mut text = [b'0'; 9];
    for digit in text.iter_mut().take(digits).rev() {
        *digit = b'0' + (number % 10) as u8;
        number /= 10;
    }
    out.push('.');
    out.extend(text.iter().take(digits).map(|digit| char::from(*digit)));
}

#[cfg(test)]
mod tests {
    use super::Stamp;
    use jiff::tz::TimeZone;

    #[test]
    fn utc_has_all_digits() {
        let mut stamp = Stamp::utc();
        for (ns, expected) in [
            (0, "1970-01-01T00:00:00.000000000Z"),
            (1_767_323_045_000_000_006, "2026-01-02T03:04:05.000000006Z"),
            (1_767_323_045_999_999_999, "2026-01-02T03:04:05.999999999Z"),
            (1_767_323_046_000_000_000, "2026-01-02T03:04:06.000000000Z"),
            (u64::MAX, "2554-07-21T23:34:33.709551615Z"),
        ] {
            let mut out = String::new();
            stamp.rfc3339(ns, &mut out);
            assert_eq!(out, expected);
        }
    }

    #[test]
    fn local_time_has_microseconds() {
        let zone = TimeZone::fixed(jiff::tz::offset(2));
        let mut out = String::new();
        Stamp::new(zone).micros(1_767_323_045_000_006_999, &mut out);
        assert_eq!(out, "05:04:05.000006");
    }

    #[test]
    fn local_time_is_that_of_named_zone() {
        if !std::path::Path::new("/usr/share/zoneinfo/Asia/Kolkata").exists() {
            return;
        }
        let zone = TimeZone::get("Asia/Kolkata").unwrap();
        let mut out = String::new();
        Stamp::new(zone).micros(1_767_323_045_000_006_999, &mut out);
        assert_eq!(out, "08:34:05.000006");
    }
}
