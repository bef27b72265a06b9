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
 * generic cell rate algorithm (ITU-T I.371) with one word, so that adding is enough where events
 * come close together: an exchange that compares would do, but came with 5.12. After a time without
 * events the word is set, not added to, and two CPUs that do so at the same moment may each let one
 * event through for one payment.
 */

#define BUCKET_SHIFT 52 /* leaves as many bits as BUCKETS has */
_Static_assert(1ULL << (64 - BUCKET_SHIFT) == BUCKETS, "the hash is an index");

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
		return (spread(comm[0]) ^ spread(comm[1] + 1)) >> 16;
	}
	return 0;
}

/* Looks for the owner's bucket, or a free one, which is its own from now on; without either, it is
 * the one that all share who have none. Two CPUs may take the same for different owners: the later
 * one keeps it, and the other looks for another with its next call. Where it is stands in memory,
 * for the verifier: in a register, each place would be a state of its own. */
static __always_inline void bucket_look(volatile __u64 *place, __u32 number, __u64 tag)
{
	__u64 hash = spread(tag) >> BUCKET_SHIFT;

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

/* Whether the bucket has room for one more event, which is in it then. Asking before adding keeps a
 * flood from adding and taking back all the time; asking after it keeps two CPUs from taking one
 * place both. A new bucket is empty, also where the burst is longer than the machine runs: then
 * `until` lies before its start, below zero. */
static __always_inline bool bucket_takes(volatile struct bucket *bucket,
					 const volatile struct limit *limit, __u64 now)
{
	__u64 interval = limit->interval_ns;
	__u64 earliest = now - limit->burst_ns;

	if (!bucket->until || (__s64)(bucket->until - earliest) < 0)
		bucket->until = earliest;
	if ((__s64)(bucket->until + interval - now) > 0)
		return false;
	__atomic_fetch_add(&bucket->until, interval, __ATOMIC_RELAXED);
	if ((__s64)(bucket->until - now) <= 0)
		return true;
	__atomic_fetch_add(&bucket->until, -interval, __ATOMIC_RELAXED);
	return false;
}

/* Whether there may be one event more by that limit. What is refused is counted by its owner. */
static __always_inline bool limit_allows(const struct call *call, __u32 number)
{
	const volatile struct limit *limit = &limits[number & (LIMITS - 1)];
	__u64 tag = (__u64)number << 48 | bucket_owner(call, limit->per);

	bucket_look(&call->counters->state.bucket, number & (LIMITS - 1), tag);
	__u64 at = *(volatile __u64 *)&call->counters->state.bucket;
	barrier_var(at);
	if (at >= BUCKETS_ALL)
		return true; /* not reached: that is where it was put */
	volatile struct bucket *bucket = &buckets[at];
	if (bucket_takes(bucket, limit, call->boottime_ns))
		return true;
	__atomic_fetch_add(&bucket->limited, 1, __ATOMIC_RELAXED);
	return false;
}

#endif
