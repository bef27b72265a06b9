/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
#ifndef TAILCALLD_RING_ROOM_H
#define TAILCALLD_RING_ROOM_H

#include "ring.h"
#include "route.h"

/*
 * Decides who may use the room that is left in the ring. An owner that floods has half of it for
 * events, whatever it calls. The last eighth is reserved for calls of keep = "always", and the last
 * sixteenth for the events of these: a result belongs to an event that the ring has taken, but any
 * number of calls may wait for their results and return at the same time.
 *
 * To ask the kernel for the fill costs as much as a tenth of an event. While the ring is less than
 * half full, a CPU is therefore granted several events at once, of the smallest size. All grants of
 * all CPUs of a ring are 1/32 of it, and this much less has everybody else: so a grant never takes
 * away what is promised to others, however late it is used.
 *
 * Of several rings, each is divided in this way.
 */

/* Returns how full the ring may be for what is not kept. */
static __always_inline __u32 ring_common_room(void)
{
	return ring_bytes - ring_bytes / 8 - ring_bytes / RING_GRANTS;
}

/* Returns how full the ring may be for one more event of the call. */
static __always_inline __u32 ring_room(const struct call *call)
{
	if (call->is_heavy)
		return ring_bytes / 2 - ring_bytes / RING_GRANTS;
	return call->route->flags & CALL_KEEP ? ring_bytes : ring_common_room();
}

static __always_inline bool ring_has_room(const struct call *call)
{
	return ring_fill() < ring_room(call);
}

/* Whether the ring has room for an event without captures. */
static __always_inline bool ring_has_room_for_plain(const struct call *call)
{
	struct counters *row = stats_row(RING_ROW);
	__u64 fill;

	if (row && row->state.bucket) {
		row->state.bucket--;
		return true;
	}
	fill = ring_fill();
	if (row && fill < ring_bytes / 2 - ring_bytes / RING_GRANTS)
		row->state.bucket = ring_grant_events;
	return fill < ring_room(call);
}

/* Whether the ring has room for a result of that size. */
static __always_inline bool ring_has_room_for_result(const struct pending *pending, __u64 size)
{
	__u32 reserved = pending->is_kept ? ring_bytes / 16 : ring_bytes / 8;

	return ring_fill() + size <= ring_bytes - reserved;
}

#endif
