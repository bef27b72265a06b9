//! Names of users by their numbers, printable.

use crate::config::printable;
use crate::output::UserNames;

/// Names of the users of this machine.
#[derive(Debug, Default)]
pub struct UserNumbers(UserNames);

impl UserNumbers {
    /// Reads the names; none if there is no file of them.
    pub fn read() -> Self {
        Self(UserNames::read())
    }

    /// Returns the name of a user, or the number.
    pub fn name(&self, number: &str) -> String {
        let known = number.parse().ok().and_then(|uid| self.0.name(uid));
        printable(known.unwrap_or(number))
    }
}

#[cfg(test)]
mod tests {
    use super::UserNumbers;
    use crate::output::UserNames;

    #[test]
    fn name_is_first_of_number_and_printable() {
        let names =
            UserNumbers(UserNames::parse(b"root:x:0:0::/:\ntoor:x:0:0::/:\nbad\n\x1b[2J:x:7:\n"));
        let of = ["0", "7", "1000"].map(|number| names.name(number));
        assert_eq!(of, ["root", "\\u{1b}[2J", "1000"]);
    }
}
