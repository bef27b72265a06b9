//! Parser of `signatures.tsv`: lines of functions and of cases, and the signature that they describe.

use std::collections::HashMap;

use super::parse::INNER_CALL;
use super::types::{Case, InnerCall, Prototype, Signature};
use crate::constants::Sets;

/// Lines of one ABI, by function.
pub struct Rows {
    functions: HashMap<&'static str, &'static str>,
    /// Tests and columns of each case, in the order of the file.
    pub(super) cases: HashMap<&'static str, Vec<(&'static str, &'static str)>>,
}

impl Rows {
    /// Reads the lines that `abi` has.
    pub fn read(text: &'static str, abi: &str) -> Self {
        let mut rows = Self { functions: HashMap::new(), cases: HashMap::new() };
        for (head, columns) in lines(text) {
            match head.split_once('(') {
                Some((functions, tests)) => {
                    let functions = functions.split(',').filter_map(|one| function_of(one, abi));
                    functions
                        .for_each(|one| rows.cases.entry(one).or_default().push((tests, columns)));
                }
                None => rows.function(head, columns, abi),
            }
        }
        rows
    }

    /// Adds the line of a function. A line of one ABI follows the line of all ABIs, and replaces it.
    fn function(&mut self, head: &'static str, columns: &'static str, abi: &str) {
        if let Some(function) = function_of(head, abi) {
            self.functions.insert(function, columns);
        }
    }

    /// Parses the signature of `function`; `None` if it has no line or a malformed one.
    pub fn signature(&self, function: &str, sets: &'static Sets) -> Option<Signature> {
        let columns = self.functions.get(function)?;
        let mut prototype = Prototype::parse(columns, 0, &Prototype::default(), sets)?;
        prototype.inner = self.inner(columns, &prototype, sets)?;
        let rows = self.cases.get(function).into_iter().flatten();
        let cases = rows.map(|(tests, columns)| self.case(tests, columns, &prototype, sets));
        Some(Signature { cases: cases.collect::<Option<_>>()?, prototype })
    }

    fn case(
        &self,
        tests: &'static str,
        columns: &'static str,
        base: &Prototype,
        sets: &'static Sets,
    ) -> Option<Case> {
        let mut case = Case::parse(tests, columns, base, sets)?;
        case.prototype.inner = self.inner(columns, &case.prototype, sets)?;
        Some(case)
    }

    /// Parses the inner call in some columns; the outer `None` means that it is malformed.
    #[allow(clippy::option_option)]
    fn inner(
        &self,
        columns: &'static str,
        prototype: &Prototype,
        sets: &'static Sets,
    ) -> Option<Option<InnerCall>> {
        let inner = columns.split('\t').find_map(|one| one.strip_prefix(INNER_CALL));
        let signature = |function: &str| self.signature(function, sets);
        match inner {
            Some(inner) => InnerCall::parse(inner, prototype, signature).map(Some),
            None => Some(None),
        }
    }
}

/// Returns the lines without comments, each split at its first tab.
pub fn lines(text: &'static str) -> impl Iterator<Item = (&'static str, &'static str)> {
    let rows = text.lines().filter(|line| !line.starts_with('#'));
    rows.map(|line| line.split_once('\t').unwrap_or((line, "")))
}

/// Returns the function of a line, if `abi` has that line.
pub fn function_of(head: &'static str, abi: &str) -> Option<&'static str> {
    match head.split_once('/') {
        Some((line_abi, function)) => (line_abi == abi).then_some(function),
        None => Some(head),
    }
}
