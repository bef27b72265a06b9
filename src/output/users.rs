//! Names of users, for lines that a person reads.

use std::collections::HashMap;

/// The database of local users. Names that only a network service knows are left out: asking it for each record could
/// block the daemon.
const PASSWD: &str = "/etc/passwd";

/// Names of the users of this machine, by number.
#[derive(Debug, Default)]
pub struct UserNames(HashMap<u32, String>);

impl UserNames {
    /// Reads the names that the machine has now; none if it has no such file. To be called before the daemon gives up
    /// what it needs to open files.
    pub fn read() -> Self {
        Self::parse(&std::fs::read(PASSWD).unwrap_or_default())
    }

    /// Parses the format of passwd(5). Of several users with a number, the first counts, as in getpwuid(3).
    pub(crate) fn parse(file: &[u8]) -> Self {
        let mut names = HashMap::new();
        for line in String::from_utf8_lossy(file).lines() {
            let mut fields = line.split(':');
            let (name, _, uid) = (fields.next(), fields.next(), fields.next());
            let name = name.filter(|name| !name.is_empty());
            if let (Some(name), Some(Ok(uid))) = (name, uid.map(str::parse)) {
                names.entry(uid).or_insert_with(|| name.to_owned());
            }
        }
        Self(names)
    }

    /// Returns the name of a user; `None` if it is not known.
    pub fn name(&self, uid: u32) -> Option<&str> {
        self.0.get(&uid).map(String::as_str)
    }
}

#[cfg(test)]
mod tests {
    use super::UserNames;

    #[test]
    fn parse_has_first_name_of_each_number() {
        let file = b"root:x:0:0:root:/root:/bin/sh\ntoor:x:0:0::/:\n# x\nbad\nalice:x:1000\nx:x:-1:0\n:\xff:1:";
        let names = UserNames::parse(file);
        let of = [0, 1000, 1, u32::MAX].map(|uid| names.name(uid));
        assert_eq!(of, [Some("root"), Some("alice"), None, None]);
    }
}
