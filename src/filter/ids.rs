//! Instructions about users and groups.

use super::build::Builder;
use super::{Next, Number, Op};
use crate::config::Ids;

/// Adds the instructions for one of the numbers that are not excluded, and none of the others.
pub(super) fn test(
    builder: &mut Builder,
    number: Number,
    ids: Option<&[Ids]>,
    yes: Next,
    no: Next,
) -> Next {
    let of = |is_excluded: bool| -> Vec<Op> {
        let ids = ids.into_iter().flatten().filter(|ids| ids.is_excluded == is_excluded);
        let range = |ids: &Ids| Op::Within {
            number,
            from: (*ids.range.start()).into(),
            to: (*ids.range.end()).into(),
        };
        ids.map(range).collect()
    };
    let next = builder.none_of(of(true), yes, no);
    let wanted = of(false);
    if wanted.is_empty() { next } else { builder.any_of(wanted, next, no) }
}
