//! Look-up of names in the files passwd(5) and group(5), which begin with the same fields.

use std::io::ErrorKind;

use nix::errno::Errno;

/// Returns the number of a user; `None` if there is none of that name.
pub fn user(name: &str) -> nix::Result<Option<u32>> {
    look_up("/etc/passwd", name)
}

/// Returns the number of a group; `None` if there is none of that name.
pub fn group(name: &str) -> nix::Result<Option<u32>> {
    look_up("/etc/group", name)
}

fn look_up(path: &str, name: &str) -> nix::Result<Option<u32>> {
    match std::fs::read(path) {
        Ok(file) => Ok(number(&file, name)),
        Err(error) if error.kind() == ErrorKind::NotFound => Ok(None),
        Err(error) => Err(error.raw_os_error().map_or(Errno::EIO, Errno::from_raw)),
    }
}

/// Returns the number in the first line with this name.
fn number(file: &[u8], name: &str) -> Option<u32> {
    String::from_utf8_lossy(file).lines().find_map(|line| {
        let mut fields = line.split(':');
        let (found, _, id) = (fields.next()?, fields.next()?, fields.next()?);
        if found == name { id.parse().ok() } else { None }
    })
}

#[cfg(test)]
mod tests {
    use super::{group, number, user};

    #[test]
    fn number_is_that_of_first_line_with_name() {
        let file =
            b"root:x:0:0:root:/root:/bin/sh\nbad\nadm:x:x\nalice:x:1000:\nalice:x:1001:\n\xff:x:7:";
        let of = ["root", "alice", "adm", "ali", "bad", "x"].map(|name| number(file, name));
        assert_eq!(of, [Some(0), Some(1000), None, None, None, None]);
    }

    #[test]
    fn user_and_group_root_have_number_0() {
        assert_eq!((user("root"), group("root")), (Ok(Some(0)), Ok(Some(0))));
    }
}
