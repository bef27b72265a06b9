use std::rc::Rc;

use proptest::prelude::*;

use super::{BucketKey, Refusals, UserLimiter, owner};
use crate::config::{Limit, Per, Rate};
use crate::decode::{Event, Process};
use crate::output::samples;
use crate::table::LimitKey;

const SECOND: u64 = 1_000_000_000;

fn limit(count: u32, burst: u32, per: Per) -> Rc<LimitKey> {
    let rate = Rate { count, period_ns: SECOND };
    Rc::new(LimitKey::of_users(Limit { rate, burst, per }))
}

fn key(limit: &Rc<LimitKey>, owner: u64) -> BucketKey {
    BucketKey { limit: Rc::clone(limit), slot: None, owner: Some(owner) }
}

fn allowed(limiter: &mut UserLimiter, key: &BucketKey, count: u32, now_ns: u64) -> usize {
    (0..count).filter(|_| limiter.admit(key.clone(), now_ns).is_ok()).count()
}

#[test]
fn bucket_key_owner_equals_that_of_kernel() {
    let handler = samples::handler();
    let process = Process { start_ns: 5 << 20, ..samples::event(&handler, vec![]).process };
    let event = Event { process, ..samples::event(&handler, vec![]) };
    let owners = Per::ALL.map(|per| owner(per, &event));
    // The last by hand: bash is 0x68736162 and zeros.
    let bash = 0x6873_6162_u64.wrapping_mul(0x9e37_79b9_7f4a_7c15) ^ 0x9e37_79b9_7f4a_7c15;
    assert_eq!(owners, [0, 1000, 77, 5 << 22 | 1234, bash >> 19]);
    let far = Event { cgroup: u64::MAX, ..event.clone() };
    assert_eq!(owner(Per::Cgroup, &far), (1 << 45) - 1);
    let root = Event { charged_uid: 0, ..event };
    assert_eq!(owner(Per::Uid, &root), 1 << 44 | 77);
}

#[test]
fn admit_allows_burst_then_rate() {
    let (mut limiter, limit) = (UserLimiter::default(), limit(10, 5, Per::Uid));
    let start = 100 * SECOND;
    assert_eq!(allowed(&mut limiter, &key(&limit, 1), 100, start), 5);
    assert_eq!(allowed(&mut limiter, &key(&limit, 2), 100, start), 5);
    assert_eq!(allowed(&mut limiter, &key(&limit, 1), 100, start + SECOND / 5), 2);
    assert_eq!(allowed(&mut limiter, &key(&limit, 1), 100, start + 9 * SECOND), 5);
    // A moment after the boot, with a burst that reaches back before it.
    assert_eq!(allowed(&mut limiter, &key(&limit, 3), 100, 7), 5);
}

#[test]
fn admit_without_room_uses_shared_bucket() {
    let (mut limiter, limit) = (UserLimiter::default(), limit(1, 1, Per::Pid));
    let now = 100 * SECOND;
    for owner in 0..16_384 {
        assert_eq!(limiter.admit(key(&limit, owner), now), Ok(()));
    }
    assert_eq!(limiter.admit(key(&limit, 90_000), now), Ok(()));
    let shared = BucketKey { limit: Rc::clone(&limit), slot: None, owner: None };
    assert_eq!(limiter.admit(key(&limit, 90_001), now), Err(shared));
    assert_eq!(limiter.admit(key(&limit, 7), now), Err(key(&limit, 7)));
    // Later all are idle, and there is room again.
    for owner in 90_000..90_010 {
        assert_eq!(limiter.admit(key(&limit, owner), now + 2 * SECOND), Ok(()));
    }
}

#[test]
fn refusals_are_reported_once_in_each_way() {
    let (mut suppressed, limit) = (Refusals::default(), limit(1, 1, Per::Uid));
    let (first, second) = (key(&limit, 1), key(&limit, 2));
    suppressed.read(first.clone(), b"a", 5);
    suppressed.read(first.clone(), b"b", 7);
    suppressed.add(second.clone(), b"c", 100);
    assert!(suppressed.is_read(&first, 7) && !suppressed.is_read(&first, 8));
    assert_eq!(suppressed.take_unreported(|| first.clone()), 7);
    assert_eq!(suppressed.take_unreported(|| first.clone()), 0);
    let taken = suppressed.take();
    let taken = taken.iter().map(|(key, refused)| (key, refused.count, &refused.comm[..]));
    let expected = [(&second, 100, &b"c"[..]), (&first, 7, b"a")];
    assert_eq!(taken.collect::<Vec<_>>(), expected);
    assert!(suppressed.is_empty());
    assert_eq!(suppressed.take_unreported(|| second), 100);
}

#[test]
fn read_lower_total_counts_from_zero() {
    let (mut suppressed, limit) = (Refusals::default(), limit(1, 1, Per::Uid));
    suppressed.read(key(&limit, 1), b"", 9);
    suppressed.read(key(&limit, 1), b"", 4);
    assert_eq!(suppressed.take_unreported(|| key(&limit, 1)), 13);
    suppressed.forget(|_| true);
    suppressed.read(key(&limit, 1), b"", 6);
    assert_eq!(suppressed.take_unreported(|| key(&limit, 1)), 6);
}

#[test]
fn take_sums_owners_beyond_maximum() {
    let (mut suppressed, limit) = (Refusals::default(), limit(1, 1, Per::Uid));
    for owner in 0..5000 {
        suppressed.add(key(&limit, owner), b"", 1);
    }
    let taken = suppressed.take();
    assert_eq!(taken.iter().map(|(_, refused)| refused.count).sum::<u64>(), 5000);
    assert_eq!((taken[0].0.owner, taken[0].1.count, taken.len()), (None, 904, 4097));
}

/// Processes that have ended leave their refusals unreported.
#[test]
fn refusals_of_new_owner_are_reported_after_thousands_that_ended() {
    let (mut suppressed, limit) = (Refusals::default(), limit(1, 1, Per::Pid));
    for round in 0..10_000 {
        suppressed.add(key(&limit, round), b"", 1);
        suppressed.add(key(&limit, 1_000_000), b"", 1);
    }
    assert_eq!(suppressed.take_unreported(|| key(&limit, 9_999)), 1);
    assert_eq!(suppressed.take_unreported(|| key(&limit, 1_000_000)), 10_000);
    let mut is_known = |owner| suppressed.take_unreported(|| key(&limit, owner)) > 0;
    assert!(!is_known(0) && (1..10_000).filter(|owner| is_known(*owner)).count() < 4096);
}

/// A process can rename itself for each call.
#[test]
fn refusals_by_name_leave_room_for_those_of_users() {
    let mut suppressed = Refusals::default();
    let (names, users) = (limit(1, 1, Per::Comm), limit(1, 1, Per::Uid));
    let flood = |suppressed: &mut Refusals| {
        (0..10_000).for_each(|name| suppressed.add(key(&names, name), b"", 1));
    };
    suppressed.add(key(&users, 1), b"", 3);
    flood(&mut suppressed);
    suppressed.add(key(&users, 2), b"", 4);
    let taken = suppressed.take();
    let of = |owner| taken.iter().find(|(key, _)| key.owner == owner && key.limit == users);
    assert_eq!(
        [1, 2].map(|user| of(Some(user)).map(|(_, refused)| refused.count)),
        [Some(3), Some(4)]
    );
    assert_eq!(taken.iter().map(|(_, refused)| refused.count).sum::<u64>(), 10_007);
    assert_eq!(taken.len(), 2 + 1_024 + 1);
    flood(&mut suppressed);
    assert_eq!([1, 2].map(|user| suppressed.take_unreported(|| key(&users, user))), [3, 4]);
    assert_eq!(suppressed.take().len(), 1_024 + 1, "the room is free again");
}

proptest! {
    /// No window has more events than the rate brings in it and the burst, and one more for its begin.
    #[test]
    fn admit_never_exceeds_limit_in_any_window(
        rate in 1_u32..50, burst in 1_u32..50,
        events in prop::collection::vec((0_u64..SECOND / 4, 0_u32..30), 1..60),
    ) {
        let (mut limiter, limit) = (UserLimiter::default(), limit(rate, burst, Per::Route));
        let (mut now, mut passed) = (3600 * SECOND, Vec::new());
        for &(later, count) in &events {
            now += later;
            passed.push((now, allowed(&mut limiter, &key(&limit, 0), count, now)));
        }
        for (at, (from, _)) in passed.iter().enumerate() {
            let mut sum = 0;
            for (to, count) in &passed[at..] {
                sum += *count as u64;
                prop_assert!(sum <= (to - from) * u64::from(rate) / SECOND + u64::from(burst));
            }
        }
    }
}
