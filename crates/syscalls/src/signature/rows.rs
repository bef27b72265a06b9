//! The lines of `signatures.tsv` in, the signature of a function out.

use std::collections::HashMap;

use super::{Case, Form, Inner, Kind, Signature, cell};
use crate::constants::Sets;

/// The lines of one ABI, by function.
pub struct Rows {
    functions: HashMap<&'static str, &'static str>,
    /// What precedes each case's cells, and these, in their order.
    pub(super) cases: HashMap<&'static str, Vec<(&'static str, &'static str)>>,
}

impl Rows {
    /// Those that an ABI has.
    pub fn read(text: &'static str, abi: &str) -> Self {
        let mut rows = Self { functions: HashMap::new(), cases: HashMap::new() };
        for (head, cells) in lines(text) {
            match head.split_once('(') {
                Some((functions, tests)) => {
                    let of = functions.split(',').filter_map(|one| own(one, abi));
                    of.for_each(|one| rows.cases.entry(one).or_default().push((tests, cells)));
                }
                None => rows.function(head, cells, abi),
            }
        }
        rows
    }

    /// What one ABI alone has follows what all have, and wins.
    fn function(&mut self, head: &'static str, cells: &'static str, abi: &str) {
        if let Some(function) = own(head, abi) {
            self.functions.insert(function, cells);
        }
    }

    /// `None` for a function without a line, and where one is not understood.
    pub fn signature(&self, function: &str, sets: &'static Sets) -> Option<Signature> {
        let form = form(self.functions.get(function)?, 0, &Form::default(), sets)?;
        let rows = self.cases.get(function).into_iter().flatten();
        let cases = rows.map(|(tests, cells)| self.case(tests, cells, &form, sets));
        Some(Signature { cases: cases.collect::<Option<_>>()?, form })
    }

    fn case(
        &self,
        tests: &'static str,
        cells: &'static str,
        base: &Form,
        sets: &'static Sets,
    ) -> Option<Case> {
        let mut case = Case::parse(tests, cells, base, sets)?;
        if let Some(inner) = cells.split('\t').find_map(|cell| cell.strip_prefix(STANDS_FOR)) {
            let of_function = |function: &str| self.signature(function, sets);
            case.form.inner = Some(Inner::parse(inner, &case.form, of_function)?);
        }
        Some(case)
    }
}

/// What begins a cell that names the call for which this one stands.
const STANDS_FOR: &str = "as ";

/// The lines without comments: what stands before the first tab, and what follows it.
pub fn lines(text: &'static str) -> impl Iterator<Item = (&'static str, &'static str)> {
    let rows = text.lines().filter(|line| !line.starts_with('#'));
    rows.map(|line| line.split_once('\t').unwrap_or((line, "")))
}

/// The function, if that ABI has the line.
pub fn own(head: &'static str, abi: &str) -> Option<&'static str> {
    match head.split_once('/') {
        Some((of, function)) => (of == abi).then_some(function),
        None => Some(head),
    }
}

/// The cells of a line, the last of which may be the result; those of a case follow the first `kept`
/// parameters of `base`.
pub fn form(cells: &'static str, kept: usize, base: &Form, sets: &'static Sets) -> Option<Form> {
    let is_parameter = |cell: &&str| !cell.is_empty() && !cell.starts_with(STANDS_FOR);
    let mut cells: Vec<_> = cells.split('\t').filter(is_parameter).collect();
    let mut result = base.result;
    if let Some(kind) = cells.last().and_then(|cell| cell.strip_prefix("= ")) {
        result = Kind::parse(kind, sets)?;
        cells.pop();
    }
    let mut names: Vec<_> = base.parameters.iter().take(kept).map(|one| one.name).collect();
    for cell in &cells {
        names.push(cell::name(cell)?);
    }
    let mut form = Form { result, ..base.clone() };
    form.parameters.truncate(kept);
    form.conditions.truncate(kept);
    for cell in &cells {
        form.parameters.push(cell::parse(cell, &names, sets)?);
    }
    for cell in &cells {
        form.conditions.push(cell::condition(cell, &form.parameters)?);
    }
    Some(form)
}
