//! Names of users by their numbers.

use std::collections::HashMap;

use crate::config::printable;

/// Database of local users: those of a network are left out, since asking for them could block.
const PASSWD: &str = "/etc/passwd";

/// Names of the users of this machine.
#[derive(Debug, Default)]
pub struct UserNumbers(HashMap<String, String>);

impl UserNumbers {
    /// Reads the names; none if there is no such file.
    pub fn read() -> Self {
        Self::parse(&std::fs::read(PASSWD).unwrap_or_default())
    }

    /// Parses the format of passwd(5). Of several users with a number, the first counts.
    fn parse(file: &[u8]) -> Self {
        let mut names = HashMap::new();
        for line in String::from_utf8_lossy(file).lines() {
            let mut fields = line.split(':');
            if let (Some(name), Some(_), Some(number)) =
                (fields.next(), fields.next(), fields.next())
            {
                names.entry(number.to_owned()).or_insert_with(|| printable(name));
            }
        }
        Self(names)
    }

    /// Returns the name of a user, or the number.
    pub fn name(&self, number: &str) -> String {
        self.0.get(number).cloned().unwrap_or_else(|| printable(number))
    }
}

#[cfg(test)]
mod tests {
    use super::UserNumbers;

    #[test]
    fn name_is_first_of_number_and_printable() {
        let names = UserNumbers::parse(b"root:x:0:0::/:\ntoor:x:0:0::/:\nbad\n\x1b[2J:x:7:\n");
        let of = ["0", "7", "1000"].map(|number| names.name(number));
        assert_eq!(of, ["root", "\\u{1b}[2J", "1000"]);
    }
}
