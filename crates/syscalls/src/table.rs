//! Syscall table of one ABI: parses a `.tsv` file, looks up numbers, names and functions. Parsing never
//! fails: a line that is not a row is skipped, and a test proves that the files have no such line.

use std::collections::HashMap;

use crate::abi::ABI_SLOTS;

/// Syscalls, or operations, of one ABI.
#[derive(Debug)]
pub(super) struct Table {
    /// Rows by number. It is looked up for every event, so it is a plain array.
    by_nr: [Option<Row>; ABI_SLOTS as usize],
    by_name: HashMap<&'static str, u16>,
}

/// Row of one syscall.
#[derive(Debug, Clone, Copy)]
struct Row {
    name: &'static str,
    /// Kernel functions, separated by commas.
    functions: &'static str,
}

/// Entry in the column of functions if no kernel has one.
const NONE: &str = "-";

impl Table {
    /// Parses lines of `number<TAB>name<TAB>functions`; further columns are ignored.
    pub(super) fn parse(text: &'static str) -> Self {
        let by_name: HashMap<_, _> = rows(text).map(|(nr, row)| (row.name, nr)).collect();
        let mut by_nr = [None; ABI_SLOTS as usize];
        for (nr, row) in rows(text) {
            if let Some(entry) = by_nr.get_mut(usize::from(nr)) {
                *entry = Some(row);
            }
        }
        Self { by_nr, by_name }
    }

    pub(super) fn number(&self, name: &str) -> Option<u16> {
        self.by_name.get(name).copied()
    }

    pub(super) fn name(&self, nr: u16) -> Option<&'static str> {
        self.row(nr).map(|row| row.name)
    }

    /// Returns the functions of a number, the preferred one first.
    pub(super) fn functions(&self, nr: u16) -> impl Iterator<Item = &'static str> {
        let functions = self.row(nr).map_or(NONE, |row| row.functions);
        functions.split(',').filter(|function| *function != NONE)
    }

    /// Returns number and name of each syscall, sorted by number.
    pub(super) fn rows(&self) -> impl Iterator<Item = (u16, &'static str)> {
        (0..).zip(&self.by_nr).filter_map(|(nr, row)| Some((nr, row.as_ref()?.name)))
    }

    fn row(&self, nr: u16) -> Option<Row> {
        self.by_nr.get(usize::from(nr)).copied().flatten()
    }
}

fn rows(text: &'static str) -> impl Iterator<Item = (u16, Row)> {
    text.lines().filter(|line| !line.starts_with('#')).filter_map(row)
}

fn row(line: &'static str) -> Option<(u16, Row)> {
    let mut columns = line.split('\t');
    let [nr, name, functions] = [columns.next()?, columns.next()?, columns.next()?];
    Some((nr.parse().ok()?, Row { name, functions }))
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::*;

    /// Each file, and the number of `execve`.
    const FILES: [(&str, u16); 4] = [
        (include_str!("../tables/x86_64.tsv"), 59),
        (include_str!("../tables/i386.tsv"), 11),
        (include_str!("../tables/aarch64.tsv"), 221),
        (include_str!("../tables/arm.tsv"), 11),
    ];

    #[test]
    fn row_parses_every_line_of_tables() {
        for (text, _) in FILES {
            let mut lines = text.lines().filter(|line| !line.starts_with('#'));
            assert_eq!(lines.find(|line| row(line).is_none()), None);
            assert!(rows(text).count() > 300);
        }
    }

    #[test]
    fn rows_of_tables_are_sorted_and_in_range() {
        for (text, _) in FILES {
            let numbers: Vec<u16> = rows(text).map(|(nr, _)| nr).collect();
            assert!(numbers.is_sorted_by(|a, b| a < b));
            assert!(numbers.iter().all(|&nr| nr < ABI_SLOTS));
        }
    }

    #[test]
    fn names_of_tables_are_unique_and_lower_case() {
        let plain = |c: char| c.is_ascii_lowercase() || c.is_ascii_digit() || c == '_';
        for (text, _) in FILES {
            let names: BTreeSet<&str> = rows(text).map(|(_, row)| row.name).collect();
            assert_eq!(names.len(), rows(text).count());
            assert!(names.iter().all(|name| !name.is_empty() && name.chars().all(plain)));
        }
    }

    #[test]
    fn number_and_name_are_inverse() {
        for (text, execve) in FILES {
            let table = Table::parse(text);
            assert_eq!(
                (table.number("execve"), table.name(execve)),
                (Some(execve), Some("execve"))
            );
            assert_eq!(table.rows().count(), rows(text).count());
            for (nr, name) in table.rows() {
                assert_eq!((table.number(name), table.name(nr)), (Some(nr), Some(name)));
            }
        }
    }

    #[test]
    fn number_of_newest_syscall_is_in_every_table() {
        for (text, _) in FILES {
            assert_eq!(Table::parse(text).number("fchroot"), Some(472));
        }
    }

    #[test]
    fn name_of_missing_number_is_none() {
        let table = Table::parse("0\tread\t-\n511\tlast\t-\n512\tbeyond\t-");
        assert_eq!(
            [0, 1, 511, 512, u16::MAX].map(|nr| table.name(nr)),
            [Some("read"), None, Some("last"), None, None]
        );
    }

    #[test]
    fn parse_ignores_comments_and_further_columns() {
        let table = Table::parse("# 1\tcomment\n7\tpoll\tsys_poll\tmore\nseven\tx\t-\n\n8\tlseek");
        assert_eq!(table.rows().collect::<Vec<_>>(), [(7, "poll")]);
    }

    #[test]
    fn functions_are_names_of_entry_points() {
        for (text, _) in FILES {
            let table = Table::parse(text);
            for (nr, name) in table.rows() {
                for function in table.functions(nr) {
                    let stem = function.strip_prefix("compat_").unwrap_or(function);
                    assert!(
                        stem.strip_prefix("sys_").is_some_and(|stem| !stem.is_empty()),
                        "{name}"
                    );
                }
            }
        }
        let i386 = Table::parse(include_str!("../tables/i386.tsv"));
        let functions = |nr| i386.functions(nr).collect::<Vec<_>>();
        assert_eq!(functions(11), ["compat_sys_execve"]);
        assert_eq!(functions(384), ["compat_sys_arch_prctl", "sys_arch_prctl"]);
        assert_eq!(functions(17), Vec::<&str>::new());
        assert_eq!(functions(511), Vec::<&str>::new());
    }
}
