/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
#ifndef TAILCALLD_LIMIT_H
#define TAILCALLD_LIMIT_H

#include "hash.h"
#include "owner.h"
#include "route.h"

/*
 * Limits the rate of events by token buckets. A bucket gets one token each interval, and each event
 * spends one. The state is one word, as in the generic cell rate algorithm (GCRA, ITU-T I.371): the
 * time up to which all tokens are spent. An event advances it by one interval, and it never passes
 * the clock. Tokens older than the burst expire: a new bucket, or one without events for a time,
 * has as many as fit into the burst. That may be before the start of the machine, so that times are
 * compared by their difference. One CPU at a time spends tokens of a bucket, see bucket_spend.
 */

_Static_assert(BANK_SLOTS <= 1 << (TAG_NUMBER_SHIFT - TAG_SLOT_SHIFT), "a slot has its bits");

#define OWNER_MASK ((1ULL << TAG_SLOT_SHIFT) - 1)
#define OWNER_IS_CGROUP (1ULL << OWNER_CGROUP_BIT)

#define BUCKET_SHIFT 50 /* leaves as many bits as BUCKETS has */
_Static_assert(1ULL << (64 - BUCKET_SHIFT) == BUCKETS, "the hash is an index");

/* Attempts of a CPU to lock a bucket. Each costs the verifier some 200 instructions in each
 * handler. */
#define LOCK_TRIES 8

/* Returns the user, or the cgroup for root: its services and containers do not pay for each
 * other. */
static __always_inline __u64 user_owner(const struct call *call)
{
	return call->charged_uid ? call->charged_uid
				 : OWNER_IS_CGROUP | (call->cgroup & (OWNER_IS_CGROUP - 1));
}

/* Returns the owner whose events the limit counts together. */
static __always_inline __u64 bucket_owner(const struct call *call, __u32 per)
{
	__u64 comm[2];

	switch (per) {
	case PER_UID:
		return user_owner(call);
	case PER_CGROUP:
		return call->cgroup & OWNER_MASK;
	case PER_PID:
		/* The start time too, because of PID reuse. */
		return (task_ids(call->task) >> 32 | (call->start_ns >> 20) << OWNER_PID_BITS) &
		       OWNER_MASK;
	case PER_COMM:
		task_comm(call->task, (__u8 *)comm);
		return (hash_u64(comm[0]) ^ hash_u64(comm[1] + 1)) >> (64 - TAG_SLOT_SHIFT);
	}
	return 0;
}

/* Finds the owner's bucket, or gives it a free one; without either, it is the limit's bucket that
 * all owners without their own share. Two CPUs may give the same bucket to different owners: the
 * later one keeps it, and the other owner gets another bucket with its next call. The index is
 * written to memory, for the verifier: in a register, each index would be a state of its own. */
static __always_inline void bucket_find(volatile __u64 *index, __u32 number, __u64 tag,
					const struct task_struct *task)
{
	__u64 hash = hash_u64(tag) >> BUCKET_SHIFT;

	*index = BUCKETS + number;
	for (__u32 i = 0; i < BUCKET_PROBES; i++) {
		__u64 at = (hash + i) & (BUCKETS - 1);
		volatile struct bucket *bucket = &buckets[at];

		if (bucket->tag && bucket->tag != tag)
			continue;
		if (!bucket->tag)
			task_comm(task, (__u8 *)bucket->comm);
		bucket->tag = tag;
		*index = at;
		break;
	}
}

/* Returns the time up to which the bucket's tokens are spent or expired: at least `earliest`, one
 * burst ago. A new bucket has zero. `earliest` is negative while the machine has not run for one
 * burst. */
static __always_inline __u64 bucket_spent_until(const volatile struct bucket *bucket,
						__u64 earliest)
{
	__u64 spent_until = bucket->spent_until;

	return !spent_until || (__s64)(spent_until - earliest) < 0 ? earliest : spent_until;
}

static __always_inline bool has_token(__u64 spent_until, const volatile struct limit *limit,
				      __u64 now)
{
	return (__s64)(spent_until + limit->interval_ns - now) <= 0;
}

/* Spends a token if the bucket has one, and returns whether it had. The first test, without the
 * lock, spares a flood of refused events the atomic instructions. `lock` is a lock that is only
 * tried: a tracing program may not use bpf_spin_lock (6.18 included), and 5.10 has no atomic
 * exchange. The CPU that adds one and then reads one holds it; CPUs that come before it leaves read
 * more. The additions are relaxed, and thus instructions without a result: clang 22 makes
 * a stricter order one with a result, which 5.10 rejects. x86_64 orders them with the accesses
 * around them all the same, and volatile keeps the compiler from moving those; aarch64 may let one
 * event too many through. If the last try fails, because the CPU that holds the lock was
 * interrupted, the event is refused, so that the limit holds. The result is written to memory, for
 * the verifier. */
static __always_inline bool bucket_spend(volatile struct bucket *bucket, volatile __u64 *is_allowed,
					 const volatile struct limit *limit, __u64 now)
{
	__u64 spent_until, earliest = now - limit->burst_ns;

	*is_allowed = false;
	for (__u32 i = 0; i < LOCK_TRIES; i++) {
		if (!has_token(bucket_spent_until(bucket, earliest), limit, now))
			break;
		if (bucket->lock) {
			bpf_ktime_get_boot_ns(); /* a pause of 20 ns */
			continue;
		}
		__atomic_fetch_add(&bucket->lock, 1, __ATOMIC_RELAXED);
		if (bucket->lock == 1) {
			spent_until = bucket_spent_until(bucket, earliest);
			*is_allowed = has_token(spent_until, limit, now);
			if (*is_allowed)
				bucket->spent_until = spent_until + limit->interval_ns;
			i = LOCK_TRIES;
		}
		__atomic_fetch_add(&bucket->lock, -1, __ATOMIC_RELAXED);
	}
	return *is_allowed;
}

/* Returns whether more than 1/64 of the burst is spent, or what is left of it is not yet refilled,
 * and more than 64 events: an owner that floods does so after a moment, others never. */
static __always_inline bool bucket_is_heavy(const volatile struct bucket *bucket,
					    const volatile struct limit *limit, __u64 now)
{
	__u64 threshold = limit->burst_ns >> 6, least = limit->interval_ns << 6;
	__s64 spent = bucket->spent_until - (now - limit->burst_ns);

	return spent > (__s64)(threshold > least ? threshold : least);
}

/* Whether the limit allows one more event. A refused event is counted in its owner's bucket. A
 * `slot` other than 0 has buckets of its own. */
static __always_inline bool limit_allows(struct call *call, __u32 number, __u64 slot)
{
	const volatile struct limit *limit = &limits[number & (LIMITS - 1)];
	__u64 tag = (__u64)number << TAG_NUMBER_SHIFT | slot << TAG_SLOT_SHIFT |
		    bucket_owner(call, limit->per);

	bucket_find(&call->counters->state.bucket, number & (LIMITS - 1), tag, call->task);
	__u64 at = *(volatile __u64 *)&call->counters->state.bucket;
	barrier_var(at);
	if (at >= BUCKETS_ALL)
		return true; /* not reached: bucket_find stays in range */
	volatile struct bucket *bucket = &buckets[at];
	if (bucket_spend(bucket, &call->counters->state.bucket, limit, call->boottime_ns)) {
		call->is_heavy = bucket_is_heavy(bucket, limit, call->boottime_ns);
		return true;
	}
	__atomic_fetch_add(&bucket->limited, 1, __ATOMIC_RELAXED);
	return false;
}

#endif
