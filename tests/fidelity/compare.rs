//! Two lists of calls of one thread in, counts and differences out.

use crate::call::Call;
use crate::causes::{Cause, cause_of};
use crate::names;

/// Numbers of compared calls and arguments.
#[derive(Debug, Clone, Default)]
pub struct Counts {
    pub calls: usize,
    pub args: usize,
    pub equal: usize,
    /// By cause, in the order of the causes.
    pub differ: Vec<usize>,
}

impl Counts {
    /// Returns the difference to earlier counts.
    pub fn since(&self, before: &Self) -> Self {
        let differ = self.differ.iter().zip(&before.differ);
        Self {
            calls: self.calls - before.calls,
            args: self.args - before.args,
            equal: self.equal - before.equal,
            differ: differ.map(|(now, before)| now - before).collect(),
        }
    }
}

/// Everything found so far.
pub struct Comparison<'c> {
    causes: &'c [Cause],
    pub counts: Counts,
    /// First pair of texts of each cause.
    pub examples: Vec<Option<(String, String)>>,
    /// Differences without a cause.
    pub faults: Vec<String>,
}

/// For an argument, a result or a call that only one side tells.
const NOTHING: &str = "-";

impl<'c> Comparison<'c> {
    pub fn new(causes: &'c [Cause]) -> Self {
        let counts = Counts { differ: vec![0; causes.len()], ..Counts::default() };
        Self { causes, counts, examples: vec![None; causes.len()], faults: vec![] }
    }

    /// Adds the calls of one thread.
    pub fn thread(&mut self, ours: &[Call], theirs: &[Call]) {
        for (ours, theirs) in pairs(ours, theirs) {
            match (ours, theirs) {
                (Some(ours), Some(theirs)) => self.call(ours, theirs),
                (Some(call), None) => self.lacks(call, &call.line(), NOTHING),
                (None, Some(call)) => self.lacks(call, NOTHING, &call.line()),
                (None, None) => {}
            }
        }
    }

    /// Adds the descriptors of one thread's calls: those that either side names. The rest of the calls is not compared.
    pub fn names_of_thread(&mut self, ours: &[Call], theirs: &[Call]) {
        for (ours, theirs) in pairs(ours, theirs) {
            if let (Some(ours), Some(theirs)) = (ours, theirs) {
                self.names(ours, &ours.line(), &theirs.line());
            }
        }
    }

    fn names(&mut self, call: &Call, ours: &str, theirs: &str) {
        let pairs = names::pairs(ours, theirs);
        self.counts.calls += usize::from(!pairs.is_empty());
        for (ours, theirs) in pairs {
            self.counts.args += 1;
            if ours == theirs {
                self.counts.equal += 1;
            } else {
                self.differs(&call.name, call, ours.unwrap_or(NOTHING), theirs.unwrap_or(NOTHING));
            }
        }
    }

    fn call(&mut self, ours: &Call, theirs: &Call) {
        self.counts.calls += 1;
        let most = if theirs.is_cut { 0 } else { ours.args.len() };
        for at in 0..theirs.args.len().max(most) {
            let text = |call: &Call| call.args.get(at).map_or(NOTHING, String::as_str).to_owned();
            self.counts.args += 1;
            let (our_text, their_text) = (text(ours), text(theirs));
            if our_text == their_text {
                self.counts.equal += 1;
            } else {
                self.differs(&ours.name, ours, &our_text, &their_text);
            }
        }
        if ours.result != theirs.result {
            let text = |call: &Call| format!("= {}", call.result);
            self.differs(&ours.name, ours, &text(ours), &text(theirs));
        }
    }

    /// Records a call that one side lacks. The prefix keeps a cause of an argument from matching a whole call,
    /// and a cause of a call from matching the end of a task.
    fn lacks(&mut self, call: &Call, ours: &str, theirs: &str) {
        let what = if call.name.starts_with("exit") { "end" } else { "call" };
        self.differs(&format!("{what} {}", call.name), call, ours, theirs);
    }

    fn differs(&mut self, what: &str, call: &Call, ours: &str, theirs: &str) {
        match cause_of(self.causes, what, ours, theirs) {
            Some(cause) => {
                self.counts.differ[cause] += 1;
                let example = || (format!("{what}: {ours}"), theirs.to_owned());
                self.examples[cause].get_or_insert_with(example);
            }
            None => {
                self.faults.push(format!("{}\n    {ours}\n    {theirs}", call.line()));
            }
        }
    }
}

/// Number of calls that are searched on the other side for one that a side lacks.
const AHEAD: usize = 16;

type Pair<'c> = (Option<&'c Call>, Option<&'c Call>);

/// strace calls what is multiplexed by its own name: `socketcall(SYS_BIND, ...)` is `bind`.
fn is_one(ours: &Call, theirs: &Call) -> bool {
    let meant = ours.args.first().map(|arg| arg.trim_start_matches("SYS_").to_lowercase());
    let is_multiplexed = ["socketcall", "ipc"].contains(&ours.name.as_str());
    ours.name == theirs.name || is_multiplexed && meant.as_deref() == Some(&theirs.name)
}

/// Calls of the same name and order; what only one side has stands alone.
fn pairs<'c>(mut ours: &'c [Call], mut theirs: &'c [Call]) -> Vec<Pair<'c>> {
    let mut pairs = vec![];
    while let ([our, our_rest @ ..], [their, their_rest @ ..]) = (ours, theirs) {
        let in_ours = ours.iter().take(AHEAD).position(|our| is_one(our, their));
        let in_theirs = theirs.iter().take(AHEAD).position(|their| is_one(our, their));
        if is_one(our, their) {
            pairs.push((Some(our), Some(their)));
            (ours, theirs) = (our_rest, their_rest);
        } else if in_theirs.is_some() && (in_ours.is_none() || in_theirs <= in_ours) {
            pairs.push((None, Some(their)));
            theirs = their_rest;
        } else {
            pairs.push((Some(our), None));
            ours = our_rest;
        }
    }
    pairs.extend(ours.iter().map(|our| (Some(our), None)));
    pairs.extend(theirs.iter().map(|their| (None, Some(their))));
    pairs
}

#[test]
fn pairs_of_missing_call_have_one_side() {
    let calls = |names: &str| -> Vec<Call> {
        names.split(' ').map(|name| Call::parse(&format!("{name}() = 0")).unwrap()).collect()
    };
    let (ours, theirs) = (calls("b c x d"), calls("a b c d e"));
    let name = |call: Option<&Call>| call.map_or("-".to_owned(), |call| call.name.clone());
    let names: Vec<String> =
        pairs(&ours, &theirs).into_iter().map(|(our, their)| name(our) + &name(their)).collect();
    assert_eq!(names, ["-a", "bb", "cc", "x-", "dd", "-e"]);
}
