//! Syscall numbers that nothing else on the machine calls, so that a test can account for every call.

use std::fmt;
use std::ops::Deref;
use std::sync::{Mutex, PoisonError};

/// Numbers without a name that no test holds. The gap, 510 and 511 belong to the kernel's tests and
/// to configurations whose calls nobody makes.
static FREE: Mutex<Vec<u16>> = Mutex::new(Vec::new());
const NUMBERS: [std::ops::Range<u16>; 2] = [473..480, 490..510];

/// A number of one test alone, for as long as it lives.
pub struct Number(String);

/// Reserves a number.
pub fn unused_number() -> Number {
    static FILL: std::sync::Once = std::sync::Once::new();
    FILL.call_once(|| free().extend(NUMBERS.into_iter().flatten()));
    Number(free().pop().expect("fewer tests at once than numbers").to_string())
}

fn free() -> std::sync::MutexGuard<'static, Vec<u16>> {
    FREE.lock().unwrap_or_else(PoisonError::into_inner)
}

impl Drop for Number {
    fn drop(&mut self) {
        free().push(self.0.parse().unwrap());
    }
}

impl Deref for Number {
    type Target = str;

    fn deref(&self) -> &str {
        &self.0
    }
}

impl fmt::Display for Number {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}
