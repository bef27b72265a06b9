//! The text of one `.tsv` in, lookups by number and by name out. Never fails: a line that is not a
//! row is left out, and a test holds that the data has no such line.

use std::collections::HashMap;

use super::slot::ABI_SLOTS;

/// The syscalls of one ABI.
#[derive(Debug)]
pub(super) struct Table {
    /// By number. Every event asks this one, so it is a plain array.
    by_nr: [Option<Row>; ABI_SLOTS as usize],
    by_name: HashMap<&'static str, u16>,
}

/// One syscall.
#[derive(Debug, Clone, Copy)]
struct Row {
    name: &'static str,
    /// Separated by commas.
    functions: &'static str,
}

/// In place of functions: there is none.
const NONE: &str = "-";

impl Table {
    /// From lines of `number<TAB>name<TAB>functions`; further columns are not looked at.
    pub(super) fn parse(text: &'static str) -> Self {
        let by_name: HashMap<_, _> = rows(text).map(|(nr, row)| (row.name, nr)).collect();
        let mut by_nr = [None; ABI_SLOTS as usize];
        for (nr, row) in rows(text) {
            if let Some(place) = by_nr.get_mut(usize::from(nr)) {
                *place = Some(row);
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

    /// The functions of a number, the one to prefer first; none for a number without a name.
    pub(super) fn functions(&self, nr: u16) -> impl Iterator<Item = &'static str> {
        let functions = self.row(nr).map_or(NONE, |row| row.functions);
        functions.split(',').filter(|function| *function != NONE)
    }

    /// In the order of their numbers.
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

    /// Each file, with how many syscalls it has and the number of its `execve`.
    const FILES: [(&str, usize, u16); 3] = [
        (include_str!("../tables/x86_64.tsv"), 386, 59),
        (include_str!("../tables/i386.tsv"), 462, 11),
        (include_str!("../tables/aarch64.tsv"), 328, 221),
    ];

    #[test]
    fn every_line_is_a_comment_or_a_row() {
        for (text, syscalls, _) in FILES {
            let lines = text.lines().filter(|line| !line.starts_with('#'));
            assert_eq!(lines.filter_map(row).count(), syscalls);
            assert_eq!(text.lines().filter(|line| line.starts_with('#')).count(), 4);
            assert_eq!(text.lines().count(), syscalls + 4);
        }
    }

    #[test]
    fn numbers_rise_and_fit_the_table() {
        for (text, ..) in FILES {
            let numbers: Vec<u16> = rows(text).map(|(nr, _)| nr).collect();
            assert!(numbers.is_sorted_by(|a, b| a < b));
            assert!(numbers.iter().all(|&nr| nr < ABI_SLOTS));
        }
    }

    #[test]
    fn names_are_unique_and_plain() {
        let plain = |c: char| c.is_ascii_lowercase() || c.is_ascii_digit() || c == '_';
        for (text, syscalls, _) in FILES {
            let names: BTreeSet<&str> = rows(text).map(|(_, row)| row.name).collect();
            assert_eq!(names.len(), syscalls);
            assert!(names.iter().all(|name| !name.is_empty() && name.chars().all(plain)));
        }
    }

    #[test]
    fn both_ways_agree() {
        for (text, syscalls, execve) in FILES {
            let table = Table::parse(text);
            assert_eq!(
                (table.number("execve"), table.name(execve)),
                (Some(execve), Some("execve"))
            );
            assert_eq!(table.rows().count(), syscalls);
            for (nr, name) in table.rows() {
                assert_eq!((table.number(name), table.name(nr)), (Some(nr), Some(name)));
            }
        }
    }

    #[test]
    fn the_newest_is_there() {
        for (text, ..) in FILES {
            assert_eq!(Table::parse(text).number("fchroot"), Some(472));
        }
    }

    #[test]
    fn what_no_table_has_has_no_name() {
        let table = Table::parse("0\tread\t-\n511\tlast\t-\n512\tbeyond\t-");
        assert_eq!(
            [0, 1, 511, 512, u16::MAX].map(|nr| table.name(nr)),
            [Some("read"), None, Some("last"), None, None]
        );
    }

    #[test]
    fn later_columns_and_other_lines_are_ignored() {
        let table = Table::parse("# 1\tcomment\n7\tpoll\tsys_poll\tmore\nseven\tx\t-\n\n8\tlseek");
        assert_eq!(table.rows().collect::<Vec<_>>(), [(7, "poll")]);
    }

    #[test]
    fn functions_are_names_of_entry_points() {
        for (text, ..) in FILES {
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
