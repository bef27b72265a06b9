/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
#ifndef TAILCALLD_LIMIT_H
#define TAILCALLD_LIMIT_H

#include "hash.h"
#include "route.h"

/*
 * How many events there may be. A bucket holds one word: the time to which its events are paid for.
 * An event pays one interval, and may be paid for in advance of nothing: the word never runs ahead
 * of the clock. After a time without events, and in the beginning, it lags behind by the burst,
 * which may be before the machine was started: times are compared by their difference. This is the
 * generic cell rate algorithm (ITU-T I.371). One CPU at a time pays, see bucket_takes.
 */

#define BUCKET_SHIFT 52 /* leaves as many bits as BUCKETS has */
_Static_assert(1ULL << (64 - BUCKET_SHIFT) == BUCKETS, "the hash is an index");

/* How often a CPU tries to be the one that pays. Each try costs the verifier some 200 instructions
 * in each handler. */
#define PAY_TRIES 8

/* Whose events are counted together, in 48 bits. */
static __always_inline __u64 bucket_owner(const struct call *call, __u32 per)
{
	const __u64 mask = (1ULL << 48) - 1;
	__u64 comm[2];

	switch (per) {
	case PER_UID:
		return (__u32)task_user(call->cred);
	case PER_CGROUP:
		return call->cgroup & mask;
	case PER_PID:
		/* A number that is used again is another process. */
		return (task_ids() >> 32 | (call->start_ns >> 20) << 32) & mask;
	case PER_COMM:
		task_comm((__u8 *)comm);
		return (hash_u64(comm[0]) ^ hash_u64(comm[1] + 1)) >> 16;
	}
	return 0;
}

/* Looks for the owner's bucket, or a free one, which is its own from now on; without either, it is
 * the one that all share who have none. Two CPUs may take the same for different owners: the later
 * one keeps it, and the other looks for another with its next call. Where it is stands in memory,
 * for the verifier: in a register, each place would be a state of its own. */
static __always_inline void bucket_find(volatile __u64 *place, __u32 number, __u64 tag)
{
	__u64 hash = hash_u64(tag) >> BUCKET_SHIFT;

	*place = BUCKETS + number;
	for (__u32 i = 0; i < BUCKET_PROBES; i++) {
		__u64 at = (hash + i) & (BUCKETS - 1);
		volatile struct bucket *bucket = &buckets[at];

		if (bucket->tag && bucket->tag != tag)
			continue;
		if (!bucket->tag)
			task_comm((__u8 *)bucket->comm);
		bucket->tag = tag;
		*place = at;
		break;
	}
}

/* The time from which the next event is paid: the bucket's own, or where it lags behind by more
 * than the burst, as a new one does whose time is zero, `earliest`. That is before the machine's
 * start, below zero, where the burst is longer than the machine runs. */
static __always_inline __u64 bucket_time(const volatile struct bucket *bucket, __u64 earliest)
{
	__u64 until = bucket->until;

	return !until || (__s64)(until - earliest) < 0 ? earliest : until;
}

static __always_inline bool bucket_has_room(__u64 time, const volatile struct limit *limit,
					    __u64 now)
{
	return (__s64)(time + limit->interval_ns - now) <= 0;
}

/* Whether the bucket has room for one more event, which is paid for then. Asking first spares a
 * flood the atomic instructions. One CPU at a time pays: a tracing program may not take a lock
 * (6.18 included), and 5.10 has no exchange, but the CPU that adds one to `paying` and then reads
 * one is alone, as all that come before it leaves have added one, too. aarch64 does not order the
 * two words as x86_64 does, and may let one event too many through. After the last try, where the
 * CPU that pays was interrupted, the event is refused: there are never too many. The result stands
 * in memory, for the verifier. */
static __always_inline bool bucket_takes(volatile struct bucket *bucket, volatile __u64 *is_paid,
					 const volatile struct limit *limit, __u64 now)
{
	__u64 time, earliest = now - limit->burst_ns;

	*is_paid = false;
	for (__u32 i = 0; i < PAY_TRIES; i++) {
		if (!bucket_has_room(bucket_time(bucket, earliest), limit, now))
			break;
		if (bucket->paying) {
			bpf_ktime_get_boot_ns(); /* a pause of 20 ns */
			continue;
		}
		__atomic_fetch_add(&bucket->paying, 1, __ATOMIC_SEQ_CST);
		if (bucket->paying == 1) {
			time = bucket_time(bucket, earliest);
			*is_paid = bucket_has_room(time, limit, now);
			if (*is_paid)
				bucket->until = time + limit->interval_ns;
			i = PAY_TRIES;
		}
		__atomic_fetch_add(&bucket->paying, -1, __ATOMIC_SEQ_CST);
	}
	return *is_paid;
}

/* Whether there may be one event more by that limit. What is refused is counted by its owner. */
static __always_inline bool limit_allows(const struct call *call, __u32 number)
{
	const volatile struct limit *limit = &limits[number & (LIMITS - 1)];
	__u64 tag = (__u64)number << 48 | bucket_owner(call, limit->per);

	bucket_find(&call->counters->state.bucket, number & (LIMITS - 1), tag);
	__u64 at = *(volatile __u64 *)&call->counters->state.bucket;
	barrier_var(at);
	if (at >= BUCKETS_ALL)
		return true; /* not reached: that is where it was put */
	volatile struct bucket *bucket = &buckets[at];
	if (bucket_takes(bucket, &call->counters->state.is_paid, limit, call->boottime_ns))
		return true;
	__atomic_fetch_add(&bucket->limited, 1, __ATOMIC_RELAXED);
	return false;
}

#endif
