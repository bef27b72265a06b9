/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
#ifndef TAILCALLD_PENDING_H
#define TAILCALLD_PENDING_H

#include "blackbox.h"
#include "maps.h"
#include "ring_room.h"
#include "stats.h"
#include "route.h"
#include "wake.h"

/* Connects an event with the return of its call. */

/* Fills in all but `in_table`. `scratch` is the memory in which the event is built; NULL for an
 * event without memory that is read at the return. */
static __always_inline void pending_fill(struct pending *pending, const struct event *event,
					 const struct call *call, const struct scratch *scratch)
{
	__u32 count = scratch ? scratch->pending.deferred_count : 0;

	pending->tid = event->tid;
	pending->slot = call->slot;
	pending->in_table = false;
	pending->is_kept = !!(call->route->flags & CALL_KEEP);
	pending->is_execution = !!(call->route->flags & CALL_EXECUTION);
	pending->interpreter = scratch ? scratch->pending.interpreter : 0;
	pending->has_executable = !!(call->route->flags & CALL_EXECUTABLE);
	pending->box = scratch ? scratch->pending.box : 0;
	pending->executions = task_executions(task_current());
	pending->deferred_count = count;
	pending->entry_ns = event->boottime_ns;
	if (!scratch)
		return;
	pending->mm = scratch->pending.mm;
	pending->buffer_bytes = call->route->buffer_bytes;
	for (__u32 i = 0; i < DEFERRED_MAX; i++) {
		if (i >= count)
			break;
		pending->deferred[i] = scratch->pending.deferred[i];
	}
}

static __always_inline bool pending_put_with_task(const struct event *event,
						  const struct call *call,
						  const struct scratch *scratch)
{
	if (!REGISTERS_ARE_TYPED)
		return false;
	struct pending *own = bpf_task_storage_get(&pending_tasks, bpf_get_current_task_btf(), NULL,
						   BPF_LOCAL_STORAGE_GET_F_CREATE);

	if (own)
		pending_fill(own, event, call, scratch);
	return own;
}

/* The map's value is built in scratch memory: the stack is too small. */
static __always_inline bool pending_put_in_table(const struct event *event, const struct call *call,
						 const struct scratch *scratch)
{
	__u64 task = bpf_get_current_task();
	__u32 zero = 0;
	struct scratch *room = bpf_map_lookup_elem(&scratches, &zero);

	if (!room)
		return false;
	pending_fill(&room->pending, event, call, scratch);
	room->pending.in_table = true;
	return !bpf_map_update_elem(&pending_calls, &task, &room->pending, BPF_ANY);
}

/* Returns the current task's call that waits for its return; NULL if it has none. */
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

enum {
	MAX_ERRNO = 4095, /* include/linux/err.h */
};

/* Returns the result as the caller gets it. A 32-bit one gets the low half: it is a failure even if
 * the kernel did not extend its sign, and a number without a sign otherwise. */
static __always_inline __s64 result_of_caller(const struct pending *pending, __s64 result)
{
	__u32 low = result;

	if (pending->slot / ABI_SLOTS != 1)
		return result;
	return low >= (__u32)-MAX_ERRNO ? (__s32)low : (__s64)low;
}

static __always_inline void result_fill(struct result_event *event, const struct pending *pending,
					__u64 boottime_ns, __s64 result, __u16 ended)
{
	event->version = EVENT_VERSION;
	event->kind = EVENT_RESULT;
	event->size = sizeof(*event);
	event->entry_ns = pending->entry_ns;
	event->tid = pending->tid;
	event->ended = ended;
	event->captures = 0;
	event->boottime_ns = boottime_ns;
	event->result = result_of_caller(pending, result);
}

/* Puts a result into the black box that has its event. It is built in scratch memory, where no
 * event is while a call returns, and none yet when a call begins. */
static __always_inline bool result_keep(const struct pending *pending, __u64 boottime_ns,
					__s64 result, __u16 ended)
{
	__u32 zero = 0;
	struct scratch *scratch = bpf_map_lookup_elem(&scratches, &zero);

	if (!scratch)
		return false;
	result_fill(&scratch->result, pending, boottime_ns, result, ended);
	return box_put_result(pending->box, &scratch->result);
}

static __always_inline bool result_send(const struct pending *pending, __s64 result, __u16 ended)
{
	__u64 boottime_ns = bpf_ktime_get_boot_ns();
	struct result_event *event;

	if (box_units && pending->box)
		return result_keep(pending, boottime_ns, result, ended);
	if (!ring_has_room_for_result(pending, sizeof(*event)))
		return false;
	event = ring_reserve(sizeof(*event));
	if (!event)
		return false;
	result_fill(event, pending, boottime_ns, result, ended);
	bpf_ringbuf_submit(event, BPF_RB_NO_WAKEUP);
	consumer_wake();
	return true;
}

static __always_inline void result_count_lost(const struct pending *pending)
{
	struct counters *row = stats_row(pending->slot);

	if (row)
		stats_count(row, COUNTER_RESULTS_LOST);
}

/* Ends the wait of a call. Counts its result as lost unless it was `sent`. */
static __always_inline void pending_finish(struct pending *pending, bool sent)
{
	if (!sent)
		result_count_lost(pending);
	pending_clear(pending);
}

/* Reports that an exec of the current task has executed no program. If a program was executed since
 * all the same, the kernel has skipped `task_exec`: then nothing is known. */
static __always_inline void execution_failed(struct pending *pending)
{
	bool is_known = task_executions(task_current()) == pending->executions;

	pending_finish(pending, is_known && result_send(pending, 0, CALL_NOT_EXECUTED));
}

/* Ends the wait for an earlier exec of the current task. The task makes another call, so the exec
 * has failed, or `task_exec` would have reported it. */
static __always_inline void execution_settle(void)
{
	struct pending *pending = pending_find();

	if (pending && pending->is_execution)
		execution_failed(pending);
}

/* Returns what the return is needed for, bits of enum call_flag; 0 for nothing. */
static __always_inline __u32 pending_flags(const struct call *call, const struct scratch *scratch)
{
	if (call->route->flags & CALL_RESULT)
		return CALL_RESULT;
	return scratch && scratch->pending.deferred_count ? CALL_MEMORY : 0;
}

/* Makes the event's call wait for its return, if the route needs that. */
static __always_inline void pending_begin(struct event *event, const struct call *call,
					  const struct scratch *scratch)
{
	__u32 flags = pending_flags(call, scratch);

	if (!flags)
		return;
	if (!pending_put_with_task(event, call, scratch) &&
	    !pending_put_in_table(event, call, scratch)) {
		stats_count(call->counters, COUNTER_RESULTS_LOST);
		flags |= CALL_RESULT_LOST;
	}
	event->flags |= flags | (call->route->flags & (CALL_EXECUTION | CALL_EXECUTABLE));
	context_await_return(!(call->route->flags & CALL_EXECUTION));
}

/* Cancels the wait of a call whose event the ring refused. */
static __always_inline void pending_cancel(const struct event *event)
{
	struct pending *pending =
		event->flags & (CALL_RESULT | CALL_MEMORY) ? pending_find() : NULL;

	if (pending)
		pending_clear(pending);
	context_await_return(false);
}

#endif
