/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
#ifndef TAILCALLD_EMIT_H
#define TAILCALLD_EMIT_H

#include "blackbox.h"
#include "capture.h"
#include "maps.h"
#include "namespaces.h"
#include "pending.h"
#include "ring_room.h"
#include "route.h"
#include "wake.h"

/* Fills in an event but for its size; it has no captures yet. */
static __always_inline void event_fill(struct event *event, void *ctx, const struct call *call)
{
	const struct task_struct *task = call->task;
	__u64 ids = task_ids(task);
	__u64 user = task_user(call->cred);

	event->version = EVENT_VERSION;
	event->kind = EVENT_SYSCALL;
	event->boottime_ns = call->boottime_ns;
	event->cgroup = call->cgroup;
	event->generation = call->route->generation;
	event->slot = call->slot;
	event->handler = call->route->handler;
	event->message = 0;
	event->priority = call->route->priority;
	event->captures = 0;
	event->pid = ids >> 32;
	event->tid = ids;
	task_parent(task, &event->ppid, &event->parent_start_ns);
	event->uid = user;
	event->gid = user >> 32;
	cred_effective(call->cred, &event->euid, &event->egid);
	cred_saved(call->cred, &event->suid, &event->sgid);
	event->loginuid = task_loginuid(task);
	event->session = task_session(task);
	event->tty = task_tty(task);
	event->flags = 0;
	event->rule = call->route->rule;
	event->reserved = 0;
	event->charged_uid = call->charged_uid;
	event->reserved_word = 0;
	task_comm(task, event->comm);
	event->start_ns = call->start_ns;
	mm_exe(call->mm, &event->exe_inode, &event->exe_device);
	task_namespaces(task, event->namespaces, call->cred, call->user_ns);
	if (is_slot_in_row(call->slot)) {
		event->flags = call->current->flags;
		current_args(call->current, event->args);
	} else {
		call_args(ctx, call->compat, event->args);
	}
}

/* Wakes the daemon for an event that is in the ring, and counts it. */
static __always_inline void event_sent(const struct call *call)
{
	consumer_wake();
	stats_count(call->counters, COUNTER_SUBMITTED);
}

/* Counts an event that the ring refused, by the reason. */
static __always_inline void event_lost(const struct call *call, __u64 size)
{
	if (ring_fill() + size + 8 > ring_bytes)
		stats_count(call->counters, COUNTER_LOST_RING_FULL);
	else
		stats_count(call->counters, COUNTER_LOST_RING_BUSY);
}

/* Emits an event without captures, and without names. Its size is known, so it is built in the ring
 * itself: 10 ns faster than in scratch memory. */
static __always_inline void emit_plain(void *ctx, const struct call *call)
{
	struct event *event;

	if (!ring_has_room_for_plain(call)) {
		stats_count(call->counters, COUNTER_LOST_RING_FULL);
		return;
	}
	event = ring_reserve(sizeof(*event));
	if (!event) {
		event_lost(call, sizeof(*event));
		return;
	}
	event_fill(event, ctx, call);
	event->size = sizeof(*event);
	pending_begin(event, call, NULL);
	bpf_ringbuf_submit(event, BPF_RB_NO_WAKEUP);
	event_sent(call);
}

/* Whether the call's event goes into a black box, not into the ring. */
static __always_inline bool call_is_boxed(const struct call *call)
{
	return box_units && call->route->flags & CALL_BLACKBOX;
}

/* Begins an event in this CPU's scratch memory. NULL, and counted, if the CPU has none. */
static __always_inline struct scratch *emit_begin(void *ctx, const struct call *call)
{
	struct scratch *scratch = scratch_of_cpu();

	if (!call_is_boxed(call) && !ring_has_room(call)) {
		stats_count(call->counters, COUNTER_LOST_RING_FULL);
		return NULL;
	}
	if (!scratch) {
		stats_count(call->counters, COUNTER_LOST_SCRATCH);
		return NULL;
	}
	captures_begin(scratch);
	/* The rows behind those of the slots are chosen by filters. */
	scratch->jumps = call->row < BANK_SLOTS ? JUMPS_TO_HANDLER : scratch->jumps + 1;
	scratch->chained = 0;
	scratch->pending.mm = (__u64)call->mm;
	scratch->pending.box = 0;
	event_fill(&scratch->event, ctx, call);
	scratch->wants = call->route->flags;
	/* The index of a registered file is no descriptor of the process. */
	if (scratch->event.flags & (CALL_REGISTERED | CALL_REGISTERED_INPUT))
		scratch->wants &= ~CALL_FILES;
	return scratch;
}

/* Notes the black box of the event, before its call waits for its return. Returns whether there is
 * one. */
static __always_inline bool box_choose(struct scratch *scratch)
{
	scratch->pending.box = box_find(scratch->event.cgroup);
	return scratch->pending.box;
}

/* Puts the event into the black box that was noted, or counts that it is not there. */
static __always_inline void box_submit(struct scratch *scratch, const struct call *call)
{
	if (box_put_call(scratch->pending.box, &scratch->event)) {
		stats_count(call->counters, COUNTER_BLACKBOX);
	} else {
		pending_cancel(&scratch->event);
		stats_count(call->counters, COUNTER_LOST_BLACKBOX);
	}
}

/* Puts the event into the ring or into a black box, or counts the reason why not. */
static __always_inline void emit_submit(struct scratch *scratch, const struct call *call)
{
	__u64 size = EVENT_SIZE + scratch->end;

	if (size > EVENT_SIZE + CAPTURES_MAX_BYTES + CAPTURE_SIZE + TEXT_MAX_BYTES)
		return; /* not reached: no capture begins beyond that */
	scratch->event.size = size;
	scratch->event.captures = scratch->count;
	if (call_is_boxed(call) && !box_choose(scratch)) {
		stats_count(call->counters, COUNTER_LOST_BLACKBOX);
		return;
	}
	pending_begin(&scratch->event, call, scratch);
	if (box_units && scratch->pending.box) {
		box_submit(scratch, call);
	} else if (ring_output(scratch, size)) {
		event_sent(call);
	} else {
		pending_cancel(&scratch->event);
		event_lost(call, size);
	}
}

/* Sets the call of an event that other programs than its handler add to. Returns false if there is
 * no such row, which does not happen: the handler was in that slot. */
static __always_inline bool call_of_event(const struct scratch *scratch, struct call *call)
{
	call->slot = scratch->event.slot;
	call->counters = stats_row(call->slot);
	return call->counters && call_set_route(call, scratch->names.route);
}

/* What programs add to an event that its handler has finished. */
#define CALL_ADDED (CALL_NAMES | CALL_FILES | CALL_CAPABILITIES | CALL_CHAIN)

/* Leaves an event to the first of the programs that are to add to it. Returns if there is none, or
 * no jump is left: then the event lacks what they would add. */
static __always_inline void emit_added(void *ctx, __u16 left)
{
	if (left & CALL_CAPABILITIES)
		bpf_tail_call(ctx, &continuations, CONTINUE_CAPABILITIES);
	if (left & CALL_FILES)
		bpf_tail_call(ctx, &continuations, CONTINUE_DESCRIPTORS);
	if (left & CALL_NAMES)
		bpf_tail_call(ctx, &continuations, CONTINUE_NAMES);
	if (left & CALL_CHAIN)
		bpf_tail_call(ctx, &continuations, CONTINUE_CHAIN);
}

/* Leaves an event to the handlers of its chain, the last that add to it, or submits it. */
static __always_inline void emit_continued(void *ctx, struct scratch *scratch)
{
	struct call call = {};

	emit_added(ctx, scratch->wants & CALL_CHAIN);
	if (call_of_event(scratch, &call))
		emit_submit(scratch, &call);
}

/* Finishes an event: leaves it to programs that add to it, as far as the route asks for that, or
 * submits it. */
static __always_inline void emit_finish(void *ctx, struct scratch *scratch, const struct call *call)
{
	__u16 wanted = scratch->wants & CALL_ADDED;

	if (wanted) {
		scratch->event.flags |= wanted;
		scratch->names.route = route_reference(call->bank, call->row);
		scratch->names.todo = NAMES_PLAN;
		scratch->names.descriptor = DESCRIPTORS_PLAN;
		emit_added(ctx, wanted);
	}
	emit_submit(scratch, call);
}

/* Emits an event without captures. */
static __always_inline void emit_event(void *ctx, const struct call *call)
{
	struct scratch *scratch;

	if (!(call->route->flags & CALL_ADDED) && !call_is_boxed(call))
		emit_plain(ctx, call);
	else if ((scratch = emit_begin(ctx, call)))
		emit_finish(ctx, scratch, call);
}

#endif
