/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
#ifndef TAILCALLD_RING_H
#define TAILCALLD_RING_H

#include "maps.h"

/*
 * The ring of this CPU. One ring has one lock and one position of its producers: the more CPUs use
 * it, the longer each waits for the cache lines of both. So CPUs beyond a group have rings of their
 * own, which the daemon reads in the order of the events' times.
 *
 * With a single ring, the verifier removes all but the first line of `ring_of_cpu`. A program stays
 * on its CPU, so it may ask several times.
 */
static __always_inline void *ring_of_cpu(void)
{
	__u32 ring;

	if (ring_count < 2)
		return &events;
	ring = ring_of[bpf_get_smp_processor_id() & (RING_CPUS - 1)];
	return bpf_map_lookup_elem(&rings, &ring);
}

/* Returns how full the ring is, in bytes. */
static __always_inline __u64 ring_fill(void)
{
	void *ring = ring_of_cpu();

	return ring ? bpf_ringbuf_query(ring, BPF_RB_AVAIL_DATA) : ring_bytes;
}

/* Reserves room for a record of a constant size; NULL if there is none. */
static __always_inline void *ring_reserve(__u64 size)
{
	void *ring = ring_of_cpu();

	return ring ? bpf_ringbuf_reserve(ring, size, 0) : NULL;
}

/* Copies a record into the ring; returns whether there was room. */
static __always_inline bool ring_output(void *record, __u64 size)
{
	void *ring = ring_of_cpu();

	return ring && !bpf_ringbuf_output(ring, record, size, BPF_RB_NO_WAKEUP);
}

#endif
