/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
#ifndef TAILCALLD_PENDING_H
#define TAILCALLD_PENDING_H

#include "maps.h"
#include "books.h"
#include "route.h"
#include "wake.h"

/* From an event to the result of its call. */

static __always_inline bool pending_put_with_task(const struct pending *pending)
{
	if (!REGISTERS_ARE_TYPED)
		return false;
	struct pending *own = bpf_task_storage_get(&pending_tasks, bpf_get_current_task_btf(), NULL,
						   BPF_LOCAL_STORAGE_GET_F_CREATE);

	if (own)
		*own = *pending;
	return own;
}

static __always_inline bool pending_put(struct pending *pending)
{
	__u64 task = bpf_get_current_task();

	if (pending_put_with_task(pending))
		return true;
	pending->in_table = true;
	return !bpf_map_update_elem(&pending_calls, &task, pending, BPF_ANY);
}

/* The current task's call that waits; NULL if there is none. */
static __always_inline struct pending *pending_find(void)
{
	__u64 task = bpf_get_current_task();

	if (REGISTERS_ARE_TYPED) {
		struct pending *own =
			bpf_task_storage_get(&pending_tasks, bpf_get_current_task_btf(), NULL, 0);

		if (own)
			return own->entry_ns ? own : NULL;
	}
	return bpf_map_lookup_elem(&pending_calls, &task);
}

static __always_inline void pending_clear(struct pending *pending)
{
	__u64 task = bpf_get_current_task();

	if (pending->in_table)
		bpf_map_delete_elem(&pending_calls, &task);
	else
		pending->entry_ns = 0;
}

/* The call of this event waits for its result, if its route asks. */
static __always_inline void pending_begin(struct event *event, const struct call *call)
{
	__u32 flags = call->route->flags & (CALL_RESULT | CALL_ONLY_FAILED);

	if (!(flags & CALL_RESULT))
		return;
	struct pending pending = {
		.entry_ns = event->boottime_ns, .tid = event->tid, .slot = call->slot};

	if (!pending_put(&pending)) {
		call->books->results_lost++;
		flags |= CALL_RESULT_LOST;
	}
	event->flags = flags;
}

/* Its event did not get into the ring. */
static __always_inline void pending_cancel(const struct event *event)
{
	struct pending *pending = event->flags ? pending_find() : NULL;

	if (pending)
		pending_clear(pending);
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
	struct pending *pending = pending_find();

	if (!pending)
		return;
	if (!result_sent(pending, result, ended)) {
		struct counters *row = books_row(pending->slot);

		if (row)
			row->results_lost++;
	}
	pending_clear(pending);
}

#endif
