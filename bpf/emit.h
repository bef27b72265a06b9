/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
#ifndef TAILCALLD_EMIT_H
#define TAILCALLD_EMIT_H

#include "maps.h"
#include "pending.h"
#include "route.h"
#include "wake.h"

/* All of an event but its size and its captures, of which it has none yet. */
static __always_inline void event_fill(struct event *event, void *ctx, const struct call *call)
{
	__u64 ids = task_ids();
	__u64 user = task_user();

	event->version = EVENT_VERSION;
	event->kind = EVENT_SYSCALL;
	event->boottime_ns = bpf_ktime_get_boot_ns();
	event->cgroup = bpf_get_current_cgroup_id();
	event->generation = call->route->generation;
	event->slot = call->slot;
	event->handler = call->route->handler;
	event->message = 0;
	event->priority = call->route->priority;
	event->captures = 0;
	event->pid = ids >> 32;
	event->tid = ids;
	event->ppid = task_ppid();
	event->uid = user;
	event->gid = user >> 32;
	event->loginuid = task_loginuid();
	event->flags = 0;
	task_comm(event->comm);
	call_args(ctx, call->compat, event->args);
}

/* It is in the ring. */
static __always_inline void event_sent(const struct call *call)
{
	call->books->submitted++;
	consumer_wake();
}

/* The ring did not take it: why not. */
static __always_inline void event_lost(const struct call *call, __u64 size)
{
	if (bpf_ringbuf_query(&events, BPF_RB_AVAIL_DATA) + size + 8 >
	    bpf_ringbuf_query(&events, BPF_RB_RING_SIZE))
		call->books->lost[LOST_RING_FULL]++;
	else
		call->books->lost[LOST_RING_BUSY]++;
}

/* An event without captures, whole. Its size is known, so it is built in the ring itself: 10 ns
 * less than in scratch memory. */
static __always_inline void emit_event(void *ctx, const struct call *call)
{
	struct event *event = bpf_ringbuf_reserve(&events, sizeof(*event), 0);

	if (!event) {
		event_lost(call, sizeof(*event));
		return;
	}
	event_fill(event, ctx, call);
	event->size = sizeof(*event);
	pending_begin(event, call);
	bpf_ringbuf_submit(event, BPF_RB_NO_WAKEUP);
	event_sent(call);
}

/* Begins an event in this CPU's scratch memory. NULL if there is none, which is counted. */
static __always_inline struct scratch *emit_begin(void *ctx, const struct call *call)
{
	__u32 zero = 0;
	struct scratch *emit = bpf_map_lookup_elem(&scratches, &zero);

	if (!emit) {
		call->books->lost[LOST_SCRATCH]++;
		return NULL;
	}
	emit->end = 0;
	event_fill(&emit->event, ctx, call);
	return emit;
}

/* Where the next capture's header goes, its bytes behind it; NULL when the event is full, which
 * never happens to a handler that keeps to its budget. */
static __always_inline __u8 *emit_room(struct scratch *emit)
{
	__u64 end = emit->end;

	if (end > CAPTURES_MAX_BYTES)
		return NULL;
	barrier_var(end); /* or clang adds first and compares then, which the verifier refuses */
	return emit->captures + end;
}

/* Writes the header of the capture whose `stored` bytes are in place, and zeroes its padding. */
static __always_inline void emit_capture(struct scratch *emit, __u8 *room,
					 const struct capture *capture)
{
	volatile struct capture *written = (volatile struct capture *)room;

	*(struct capture *)room = *capture;
	/* Read back, so that neither clang nor the verifier knows where it came from. Clang would
	 * leave the test out, which verifiers up to 6.1 need; and with it, that of 5.10 follows
	 * branches that contradict each other and then refuses the address. */
	__u64 stored = written->stored;

	if (stored > TEXT_MAX_BYTES)
		return;
	*(__u64 *)(room + CAPTURE_SIZE + stored) = 0;
	emit->end += CAPTURE_SIZE + ((stored + 7) & ~7ULL);
	emit->event.captures++;
}

static __always_inline void emit_number(struct scratch *emit, __u8 field, __u64 value, __u8 status)
{
	struct capture capture = {.field = field, .kind = CAPTURE_NUMBER, .status = status};
	__u8 *room = emit_room(emit);

	if (!room)
		return;
	*(__u64 *)(room + CAPTURE_SIZE) = value;
	capture.stored = sizeof(value);
	capture.length = sizeof(value);
	emit_capture(emit, room, &capture);
}

static __always_inline void emit_unreadable(struct scratch *emit, __u8 *room, __u8 field, __u8 kind,
					    long error)
{
	struct capture capture = {
		.field = field, .kind = kind, .status = CAPTURE_UNREADABLE, .error = -error};

	emit_capture(emit, room, &capture);
}

/* A C string from user memory, of which `keep` bytes at most go into the event. It is read whole,
 * as far as TEXT_MAX_BYTES, so that its length is known. Returns the length as far as it was read,
 * more than TEXT_MAX_BYTES if it is longer than that, or a negative errno. */
static __always_inline long emit_text(struct scratch *emit, __u8 field, const void *user,
				      __u64 keep)
{
	struct capture capture = {.field = field, .kind = CAPTURE_TEXT};
	__u8 *room = emit_room(emit);

	if (!room)
		return 0;
	/* One byte for the NUL and one more, to tell a string that just fits from a longer one. */
	long got = bpf_probe_read_user_str(room + CAPTURE_SIZE, TEXT_MAX_BYTES + 2, user);
	__u64 length = got > 0 ? got - 1 : 0;

	capture.length = length <= TEXT_MAX_BYTES ? length : 0;
	capture.stored = length <= keep ? length : keep;
	capture.status = length <= keep ? CAPTURE_OK : CAPTURE_TRUNCATED;
	/* 0 is an empty string in Linux 6.12 and older, which forget to count its NUL. */
	if (got < 0) {
		capture.status = CAPTURE_UNREADABLE;
		capture.error = -got;
	}
	emit_capture(emit, room, &capture);
	return got > 0 ? got - 1 : got;
}

/* `size` bytes of user memory, whole or not at all; `size` is a constant. */
static __always_inline void emit_bytes(struct scratch *emit, __u8 field, const void *user,
				       __u32 size)
{
	struct capture capture = {
		.field = field, .kind = CAPTURE_BYTES, .stored = size, .length = size};
	__u8 *room = emit_room(emit);

	if (!room)
		return;
	long error = bpf_probe_read_user(room + CAPTURE_SIZE, size, user);
	if (error)
		emit_unreadable(emit, room, field, CAPTURE_BYTES, error);
	else
		emit_capture(emit, room, &capture);
}

/* Into the ring, or counted by the reason why not. */
static __always_inline void emit_submit(struct scratch *emit, const struct call *call)
{
	__u64 size = EVENT_SIZE + emit->end;

	if (size > EVENT_SIZE + CAPTURES_MAX_BYTES + CAPTURE_SIZE + TEXT_MAX_BYTES)
		return;
	emit->event.size = size;
	pending_begin(&emit->event, call);
	if (bpf_ringbuf_output(&events, emit, size, BPF_RB_NO_WAKEUP)) {
		pending_cancel(&emit->event);
		event_lost(call, size);
	} else {
		event_sent(call);
	}
}

#endif
