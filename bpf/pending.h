/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
#ifndef TAILCALLD_PENDING_H
#define TAILCALLD_PENDING_H

#include "maps.h"
#include "books.h"
#include "route.h"
#include "wake.h"

/* From an event to the result of its call. */

/* The call of this event waits for its result, if its route asks. */
static __always_inline void pending_begin(struct event *event, const struct call *call)
{
	__u32 flags = call->route->flags & (CALL_RESULT | CALL_ONLY_FAILED);

	if (!(flags & CALL_RESULT))
		return;
	__u64 task = bpf_get_current_task();
	struct pending pending = {
		.entry_ns = event->boottime_ns, .tid = event->tid, .slot = call->slot};

	if (bpf_map_update_elem(&pending_calls, &task, &pending, BPF_ANY)) {
		call->books->results_lost++;
		flags |= CALL_RESULT_LOST;
	}
	event->flags = flags;
}

/* Its event did not get into the ring. */
static __always_inline void pending_cancel(const struct event *event)
{
	__u64 task = bpf_get_current_task();

	if (event->flags)
		bpf_map_delete_elem(&pending_calls, &task);
}

static __always_inline bool result_sent(const struct pending *pending, __s64 result, bool ended)
{
	struct result_event *event = bpf_ringbuf_reserve(&events, sizeof(*event), 0);

	if (!event)
		return false;
	event->version = EVENT_VERSION;
	event->kind = EVENT_RESULT;
	event->size = sizeof(*event);
	event->entry_ns = pending->entry_ns;
	event->tid = pending->tid;
	event->ended = ended;
	event->boottime_ns = bpf_ktime_get_boot_ns();
	event->result = result;
	bpf_ringbuf_submit(event, BPF_RB_NO_WAKEUP);
	consumer_wake();
	return true;
}

/* The current task's call has come to its end, if one was waiting. */
static __always_inline void pending_end(__s64 result, bool ended)
{
	__u64 task = bpf_get_current_task();
	const struct pending *pending = bpf_map_lookup_elem(&pending_calls, &task);

	if (!pending)
		return;
	if (!result_sent(pending, result, ended)) {
		struct counters *row = books_row(pending->slot);

		if (row)
			row->results_lost++;
	}
	bpf_map_delete_elem(&pending_calls, &task);
}

#endif
