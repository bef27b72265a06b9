/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
#ifndef TAILCALLD_RETURNS_H
#define TAILCALLD_RETURNS_H

#include "capture.h"
#include "pending.h"
#include "task.h"
#include "vector.h"

/* The memory that a call's return is awaited for. */

/* Within these functions the result is taken from the record each time: in a variable, what is
 * known of it in each branch would be a state of its own for the verifier. */
static __always_inline __s64 result_of(const struct scratch *emit)
{
	return ((const volatile struct scratch *)emit)->result.result;
}

static __always_inline struct subject later_subject(const struct later *later)
{
	return (struct subject){.field = later->field, .moment = later->moment};
}

/* How many bytes of that memory the kernel has written, or was to read. */
static __always_inline void later_size(struct scratch *emit, const struct later *later)
{
	volatile struct target *target = &emit->target;
	__u32 length = 0;

	target->length = later->room;
	if (later->moment == MOMENT_RETURN && later->element)
		target->length = result_of(emit) * later->element + later->extra;
	if (later->length_at) {
		bpf_probe_read_user(&length, sizeof(length), (const void *)later->length_at);
		target->length = length;
	}
	target->room = least(later->room, target->length);
}

static __always_inline void later_read(struct scratch *emit, const struct later *later)
{
	const volatile struct target *target = &emit->target;

	if (later->op == LATER_TEXT || later->op == LATER_PROGRAM) {
		capture_text(emit, later_subject(later), (const void *)later->address,
			     TEXT_MAX_BYTES);
	} else if (later->op == LATER_BYTES || later->op == LATER_SOME) {
		later_size(emit, later);
		capture_bytes(emit, later_subject(later), later->address, target->room,
			      later->op == LATER_SOME ? 0 : target->length);
	}
}

static __always_inline void later_vector(struct scratch *emit, const struct pending *pending,
					 const struct later *later)
{
	volatile struct target *target = &emit->target;

	vector_begin(emit, later->field, later->moment, pending->buffer_bytes,
		     pending->slot >= ABI_SLOTS);
	target->address = later->address;
	target->count = later->room;
	if (later->moment == MOMENT_RETURN) {
		emit->vector.left = result_of(emit);
		emit->vector.tells = later->op == LATER_MESSAGES;
	}
	if (later->op == LATER_MESSAGES && later->moment == MOMENT_RETURN)
		target->count = result_of(emit);
	vectors_walk(emit, later->op == LATER_VECTOR);
}

/* A call that fails writes nothing. */
static __always_inline bool is_due(const struct scratch *emit, const struct later *later)
{
	return later->moment != MOMENT_RETURN || result_of(emit) >= 0;
}

static __always_inline void laters_read(struct scratch *emit, const struct pending *pending)
{
	emit->target.vector = 0;
	for (__u32 i = 0; i < LATER_MAX; i++) {
		const struct later *later = &pending->laters[i];

		if (i >= pending->later_count)
			break;
		if (!is_due(emit, later))
			continue;
		if (later->op >= LATER_VECTOR)
			emit->target.vector = i + 1;
		else
			later_read(emit, later);
	}
	__u64 at = emit->target.vector - 1;
	barrier_var(at);
	if (at < LATER_MAX)
		later_vector(emit, pending, &pending->laters[at]);
}

/* Where the later read of that kind stands, in `target`, from 1; 0 if there is none. */
static __always_inline void later_find(struct scratch *emit, const struct pending *pending, __u8 op)
{
	emit->target.vector = 0;
	for (__u32 i = 0; i < LATER_MAX; i++) {
		if (i >= pending->later_count)
			break;
		if (pending->laters[i].op == op)
			emit->target.vector = i + 1;
	}
}

/* The read of that kind; NULL if there is none. */
static __always_inline const struct later *later_of(struct scratch *emit,
						    const struct pending *pending, __u8 op)
{
	later_find(emit, pending, op);
	__u64 at = emit->target.vector - 1;
	barrier_var(at);
	return at < LATER_MAX ? &pending->laters[at] : NULL;
}

/* A program was executed, and the memory of the call's arguments is gone. The new program's has its
 * path behind the environment (fs/exec.c, copy_string_kernel of bprm->filename, the first that is
 * put on the new stack), and its arguments. */
static __always_inline void laters_read_of_program(struct scratch *emit,
						   const struct pending *pending)
{
	const struct mm_struct *mm = BPF_CORE_READ(task_untyped(), mm);
	const struct later *path = later_of(emit, pending, LATER_PROGRAM);

	if (path)
		capture_text(emit, later_subject(path), (const void *)BPF_CORE_READ(mm, env_end),
			     TEXT_MAX_BYTES);
	const struct later *area = later_of(emit, pending, LATER_AREA);
	if (area) {
		__u64 start = BPF_CORE_READ(mm, arg_start);
		__u64 size = BPF_CORE_READ(mm, arg_end) - start;

		struct subject of = {
			.field = area->field, .part = PART_AREA, .moment = MOMENT_AGAIN};

		capture_bytes(emit, of, start, size, size);
	}
}

/* The result and the memory, in one record. */
static __always_inline bool result_sent_with_memory(struct scratch *emit, __s64 result)
{
	const struct pending *pending = &emit->pending;

	result_fill(&emit->result, pending, result, false);
	if ((__u64)task_mm() == pending->mm)
		laters_read(emit, pending);
	else
		laters_read_of_program(emit, pending);
	__u64 size = RESULT_SIZE + emit->end;
	if (size > RESULT_SIZE + CAPTURES_MAX_BYTES + CAPTURE_SIZE + TEXT_MAX_BYTES)
		return false;
	emit->result.size = size;
	emit->result.captures = emit->count;
	if (bpf_ringbuf_output(&events, &emit->result, size, BPF_RB_NO_WAKEUP))
		return false;
	consumer_wake();
	return true;
}

/* What the call waited for is moved to scratch memory first: it may come from either of two maps,
 * and the verifier would go through all of the above once for each. */
static __always_inline void call_returned_with_memory(struct pending *pending, __s64 result)
{
	__u32 zero = 0;
	struct scratch *emit = bpf_map_lookup_elem(&scratches, &zero);

	if (!emit) {
		pending_ended(pending, false);
		return;
	}
	captures_begin(emit);
	emit->pending = *pending;
	pending_clear(pending);
	if (!result_sent_with_memory(emit, result))
		result_lost(&emit->pending);
}

/* The current task's call has returned, if one was waiting. */
static __always_inline void call_returned(__s64 result)
{
	struct pending *pending = pending_find();

	if (!pending)
		return;
	if (pending->later_count)
		call_returned_with_memory(pending, result);
	else
		pending_ended(pending, result_sent(pending, result, false));
}

/* The current task has ended in its call. */
static __always_inline void call_died(void)
{
	struct pending *pending = pending_find();

	if (pending)
		pending_ended(pending, result_sent(pending, 0, true));
}

#endif
