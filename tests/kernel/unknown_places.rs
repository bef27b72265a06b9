//! Random filters by cgroup, of which the kernel's map lacks some at random: what a cgroup is that is not known there
//! decides for the record.

use tailcalld::config::{Filter, UnitName};
use tailcalld::filter::Effect;

use crate::cgroup::Cgroup;
use crate::filter::{Dice, expected_rule, plan_of, with_effect};
use crate::filtered_call::{alone, apply, call};
use crate::rig::{Rig, scaled};

const SLICE: &str = "tailcalldtest.slice";
const WEB: &str = "tailcalldtest.slice/tailcalld-web.service";
const WORKER: &str = "tailcalldtest.slice/tailcalld-web.service/worker";
const MANAGER: &str = "tailcalldtest.slice/user@65531.service";
const MAIL: &str = "tailcalldtest.slice/user@65531.service/mail.service";
const CONTAINER: &str = "tailcalldtest.slice/docker-0a1b2c3d4e5f60718293a4b5c6d7e8f90a1b2c3d4e5f60718293a4b5c6d7e8f9.scope";
const INNER: &str = "tailcalldtest.slice/docker-0a1b2c3d4e5f60718293a4b5c6d7e8f90a1b2c3d4e5f60718293a4b5c6d7e8f9.scope/inner";

/// A cgroup: its parent, the name that it has for filters, whether it is a container, and what is unknown below it.
struct Place {
    path: &'static str,
    parent: Option<usize>,
    name: Option<&'static str>,
    is_container: bool,
    hides_names: bool,
}

const fn place(path: &'static str, parent: Option<usize>, name: Option<&'static str>) -> Place {
    Place { path, parent, name, is_container: false, hides_names: false }
}

const PLACES: [Place; 7] = [
    Place { hides_names: true, ..place(SLICE, None, Some(SLICE)) },
    place(WEB, Some(0), Some("tailcalld-web.service")),
    place(WORKER, Some(1), None),
    Place { hides_names: true, ..place(MANAGER, Some(0), Some("user@65531.service")) },
    place(MAIL, Some(3), Some("mail.service")),
    Place { is_container: true, ..place(CONTAINER, Some(0), None) },
    place(INNER, Some(5), None),
];

/// The cgroups, removed when dropped: those below first.
struct Tree(Vec<Cgroup>);

impl Drop for Tree {
    fn drop(&mut self) {
        while self.0.pop().is_some() {}
    }
}

/// Properties of a cgroup that the kernel knows.
#[derive(Debug, Default)]
struct Known {
    names: Vec<&'static str>,
    is_container: bool,
    lacks_names: bool,
    lacks_container: bool,
}

/// Returns what is known by the nearest cgroup that is in the map, the number's own or one above it.
fn known(number: usize, forgotten: &[bool]) -> Known {
    let above = |of: &usize| PLACES[*of].parent;
    let mut upwards = std::iter::successors(Some(number), above).skip_while(|of| forgotten[*of]);
    let Some(nearest) = upwards.next() else {
        return Known { lacks_names: true, lacks_container: true, ..Known::default() };
    };
    let is_own = nearest == number;
    let all = || std::iter::successors(Some(nearest), above).map(|of| &PLACES[of]);
    Known {
        names: all().filter_map(|place| place.name).collect(),
        is_container: all().any(|place| place.is_container),
        lacks_names: !is_own && PLACES[nearest].hides_names,
        lacks_container: !is_own,
    }
}

/// A plain reading of a condition on names; `None` is unknown.
fn has_name(name: &UnitName, known: &Known) -> Option<bool> {
    let is_there = known.names.contains(&name.text.as_str());
    (is_there || !known.lacks_names).then_some(is_there)
}

fn is_among(names: &Option<Vec<UnitName>>, known: &Known, unknown: bool) -> bool {
    let Some(names) = names else { return true };
    let holds = |name: &UnitName| {
        has_name(name, known).map_or(unknown, |is_there| is_there != name.is_excluded)
    };
    let mut wanted = names.iter().filter(|name| !name.is_excluded).peekable();
    names.iter().filter(|name| name.is_excluded).all(holds)
        && (wanted.peek().is_none() || wanted.any(holds))
}

/// A plain reading of the filter; `unknown` says whether what is not known fulfils a condition.
fn passes(filter: &Filter, known: &Known, unknown: bool) -> bool {
    let is_container = (known.is_container || !known.lacks_container).then_some(known.is_container);
    is_among(&filter.unit, known, unknown)
        && is_among(&filter.slice, known, unknown)
        && is_among(&filter.user_unit, known, unknown)
        && filter.container.is_none_or(|wanted| {
            is_container.map_or(unknown, |is_container| is_container == wanted)
        })
}

fn random_filter(dice: &mut Dice) -> Filter {
    let names = |dice: &mut Dice, texts: [&str; 2]| {
        dice.several(|dice| UnitName {
            text: dice.pick(&texts).to_owned(),
            is_excluded: dice.below(2) == 0,
        })
    };
    let mut filter = Filter::default();
    for _ in 0..=dice.below(2) {
        match dice.below(4) {
            0 => {
                let units = ["tailcalld-web.service", "user@65531.service"];
                filter.unit = Some(names(dice, units));
            }
            1 => filter.slice = Some(names(dice, [SLICE, "absent.slice"])),
            2 => filter.user_unit = Some(names(dice, ["mail.service", "absent.service"])),
            _ => filter.container = Some(dice.below(2) == 0),
        }
    }
    filter
}

/// Returns the rule that the call in a cgroup went to; `None` if it was left out.
fn rule_of_call_in(cgroup: &Cgroup, rig: &Rig) -> Option<u8> {
    let before = rig.counters(call());
    cgroup.make_call();
    let (seen, events) = (rig.counters(call()).seen - before.seen, rig.events());
    assert!(seen == 1 && events.len() <= 1, "{seen} calls, {} events", events.len());
    events.first().map(|bytes| rig.event(bytes).rule)
}

#[test]
fn filter_sends_unknown_places_to_rule_that_records_most() {
    let Some(_alone) = alone() else { return };
    let mut dice = Dice(0xcafe);
    let mut rig = Rig::new(&plan_of(call(), Filter::default()));
    let cgroups = Tree(PLACES.iter().map(|place| Cgroup::new(place.path)).collect());
    let mut unknown = 0;
    for _ in 0..scaled(40) {
        let filter = random_filter(&mut dice);
        let effect = dice.pick(&[Effect::Record, Effect::Thin, Effect::Drop]);
        let has_rest = dice.below(2) == 0;
        let forgotten = PLACES.map(|_| dice.below(2) == 0);
        apply(&mut rig, &with_effect(plan_of(call(), filter.clone()), effect, has_rest));
        rig.bpf.retag_cgroups().expect("the kernel has room");
        for (cgroup, _) in cgroups.0.iter().zip(forgotten).filter(|(_, is_forgotten)| *is_forgotten)
        {
            rig.bpf.tagged_cgroups().delete(&cgroup.id().to_ne_bytes()).expect("it was known");
        }
        for (number, cgroup) in cgroups.0.iter().enumerate() {
            let known = known(number, &forgotten);
            unknown += usize::from(known.lacks_names);
            let expected =
                expected_rule(effect, has_rest, |unknown| passes(&filter, &known, unknown));
            let rule = rule_of_call_in(cgroup, &rig);
            let path = PLACES[number].path;
            assert_eq!(rule, expected, "{path} {known:?} {effect:?} {has_rest} {filter:#?}");
        }
    }
    assert!(unknown as u64 > scaled(40), "{unknown} unknown places say nothing");
}
