/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
#ifndef TAILCALLD_BLACKBOX_H
#define TAILCALLD_BLACKBOX_H

#include "maps.h"

/*
 * Black boxes: the last calls of each cgroup, in memory that nobody reads until it is dumped. A box
 * is two queues of the kernel that overwrite their oldest element: one of events, which has as many
 * as a box keeps calls, and one of results. An event that goes into a box takes no room in the ring
 * and wakes nobody. 5.10 has no atomic addition that returns a value, with which a program could
 * claim a slot of an array for itself; the queues have a lock of their own, so that no element is
 * half of one event and half of another.
 *
 * A cgroup gets a box with its first call that goes into one, from the queue of free ones. The
 * daemon offers a box again when its cgroup is gone and others need it.
 *
 * Without boxes the verifier removes all of this.
 */

/* Returns the number, from 1, of the box of a cgroup, which may be a new one. 0: none is free. */
static __always_inline __u32 box_find(__u64 cgroup)
{
	__u32 *known = bpf_map_lookup_elem(&box_of_cgroup, &cgroup);
	__u32 at = 0;

	if (known)
		return *known + 1;
	if (bpf_map_pop_elem(&free_boxes, &at))
		return 0;
	struct black_box *box = bpf_map_lookup_elem(&boxes, &at);
	if (!box)
		return 0; /* not reached */
	box->cgroup = cgroup;
	if (!bpf_map_update_elem(&box_of_cgroup, &cgroup, &at, BPF_NOEXIST))
		return at + 1;
	/* Another CPU was faster. */
	box->cgroup = 0;
	bpf_map_push_elem(&free_boxes, &at, BPF_ANY);
	known = bpf_map_lookup_elem(&box_of_cgroup, &cgroup);
	return known ? *known + 1 : 0;
}

/* Copies an event into the box of that number. Returns whether it is there. */
static __always_inline bool box_put_call(__u32 number, const struct event *event)
{
	__u32 at = number - 1;
	void *calls = bpf_map_lookup_elem(&box_calls, &at);
	struct black_box *box = bpf_map_lookup_elem(&boxes, &at);

	if (!calls || !box || bpf_map_push_elem(calls, event, BPF_EXIST))
		return false;
	/* Relaxed, as in limit.h. */
	__atomic_fetch_add(&box->calls, 1, __ATOMIC_RELAXED);
	return true;
}

/* Copies a result into the box of its event. Returns whether it is there. */
static __always_inline bool box_put_result(__u32 number, const struct result_event *result)
{
	__u32 at = number - 1;
	void *results = bpf_map_lookup_elem(&box_results, &at);

	return results && !bpf_map_push_elem(results, result, BPF_EXIST);
}

#endif
