/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
#ifndef TAILCALLD_RETURNS_H
#define TAILCALLD_RETURNS_H

#include "capture.h"
#include "entries.h"
#include "executable.h"
#include "pending.h"
#include "task.h"
#include "vector.h"

/* Handles the return of a call that waits for it, and reads the memory that was deferred until
 * then. */

/* Loads the result from the record each time: for a variable, the verifier would keep what it knows
 * after each branch as a state of its own. */
static __always_inline __s64 result_of(const struct scratch *scratch)
{
	return ((const volatile struct scratch *)scratch)->result.result;
}

static __always_inline struct capture_id deferred_id(const struct deferred_read *read)
{
	return (struct capture_id){.field = read->field, .moment = read->moment};
}

/* Sets the target's length to the bytes that the kernel has written, or was to read: of a length
 * that it returns, at most the caller's room. */
static __always_inline void deferred_size(struct scratch *scratch, const struct deferred_read *read)
{
	volatile struct read_target *target = &scratch->target;
	__u32 length = 0;

	target->length = read->room;
	if (read->op == DEFERRED_ENTRIES)
		target->length = result_of(scratch);
	else if (read->moment == MOMENT_RETURN && read->element)
		target->length = result_of(scratch) * read->element + read->extra;
	if (read->length_at) {
		bpf_probe_read_user(&length, sizeof(length), (const void *)read->length_at);
		target->length = min_u64(length, read->element);
	}
	target->room = min_u64(read->room, target->length);
}

static __always_inline void deferred_read_one(struct scratch *scratch,
					      const struct deferred_read *read)
{
	const volatile struct read_target *target = &scratch->target;

	if (read->op == DEFERRED_TEXT || read->op == DEFERRED_PROGRAM) {
		capture_text(scratch, deferred_id(read), (const void *)read->address,
			     TEXT_MAX_BYTES);
	} else if (read->op == DEFERRED_BYTES || read->op == DEFERRED_SOME ||
		   read->op == DEFERRED_LEFT || read->op == DEFERRED_ENTRIES) {
		deferred_size(scratch, read);
		capture_bytes(scratch, deferred_id(read), read->address, target->room,
			      read->op == DEFERRED_SOME ? 0 : target->length);
	}
	if (read->op == DEFERRED_ENTRIES && target->length > target->room)
		entries_begin(scratch, read, target->length);
}

/* Prepares the reading of a vector, which `result_vectors` reads last. */
static __always_inline void deferred_vector(struct scratch *scratch, const struct pending *pending,
					    const struct deferred_read *read)
{
	volatile struct read_target *target = &scratch->target;

	target->count = read->room;
	if (read->op == DEFERRED_MESSAGES && read->moment == MOMENT_RETURN)
		target->count = result_of(scratch);
	vector_begin(scratch, deferred_id(read), read->op, read->address, target->count);
	vector_shape(scratch, pending->slot / ABI_SLOTS == 1 ? 4 : 8, read->extra,
		     pending->buffer_bytes);
	if (read->moment == MOMENT_RETURN) {
		scratch->vector.left = result_of(scratch);
		scratch->vector.name_rooms = read->length_at;
		scratch->vector.has_lengths = read->op == DEFERRED_MESSAGES;
	}
}

#define ERESTART_RESTARTBLOCK 516 /* include/linux/errno.h: a signal has interrupted a sleep */

/* Whether the memory is to be read: a call that fails has written nothing, but for the time that an
 * interrupted sleep had left. */
static __always_inline bool is_due(const struct scratch *scratch, const struct deferred_read *read)
{
	if (read->op == DEFERRED_LEFT)
		return result_of(scratch) == -ERESTART_RESTARTBLOCK;
	return read->moment != MOMENT_RETURN || result_of(scratch) >= 0;
}

/* Leaves the files behind new descriptors to the program that is last. */
static __always_inline void files_defer(struct scratch *scratch)
{
	scratch->wants = CALL_FILES;
}

static __always_inline void deferred_read_all(struct scratch *scratch,
					      const struct pending *pending)
{
	scratch->target.vector = 0;
	for (__u32 i = 0; i < DEFERRED_MAX; i++) {
		const struct deferred_read *read = &pending->deferred[i];

		if (i >= pending->deferred_count)
			break;
		if (!is_due(scratch, read))
			continue;
		if (read->op == DEFERRED_FILE)
			files_defer(scratch);
		else if (read->op >= DEFERRED_POINTERS)
			scratch->target.vector = i + 1;
		else
			deferred_read_one(scratch, read);
	}
	__u64 at = scratch->target.vector - 1;
	barrier_var(at);
	if (at < DEFERRED_MAX)
		deferred_vector(scratch, pending, &pending->deferred[at]);
}

/* Sets the target's `vector` to the position of the deferred read with that operation, from 1; 0 if
 * none has it. */
static __always_inline void deferred_find(struct scratch *scratch, const struct pending *pending,
					  __u8 op)
{
	scratch->target.vector = 0;
	for (__u32 i = 0; i < DEFERRED_MAX; i++) {
		if (i >= pending->deferred_count)
			break;
		if (pending->deferred[i].op == op)
			scratch->target.vector = i + 1;
	}
}

/* Returns the deferred read with that operation; NULL if none has it. */
static __always_inline const struct deferred_read *
deferred_of(struct scratch *scratch, const struct pending *pending, __u8 op)
{
	deferred_find(scratch, pending, op);
	__u64 at = scratch->target.vector - 1;
	barrier_var(at);
	return at < DEFERRED_MAX ? &pending->deferred[at] : NULL;
}

/* Reads the path and the arguments of a program from its own memory, after an exec that has
 * replaced the memory of the call's arguments. The path is behind the environment (fs/exec.c,
 * copy_string_kernel of bprm->filename, the first string on the new stack). */
static __always_inline void deferred_read_of_program(struct scratch *scratch,
						     const struct pending *pending)
{
	const struct mm_struct *mm = BPF_CORE_READ(task_untyped(), mm);
	const struct deferred_read *path = deferred_of(scratch, pending, DEFERRED_PROGRAM);

	if (path)
		capture_text(scratch, deferred_id(path), (const void *)BPF_CORE_READ(mm, env_end),
			     TEXT_MAX_BYTES);
	const struct deferred_read *area = deferred_of(scratch, pending, DEFERRED_AREA);
	if (area) {
		__u64 start = BPF_CORE_READ(mm, arg_start);
		__u64 size = BPF_CORE_READ(mm, arg_end) - start;

		struct capture_id of = {
			.field = area->field, .part = PART_AREA_BOUNDS, .moment = MOMENT_REREAD};

		/* Their number is at the start of the stack (fs/binfmt_elf.c, create_elf_tables).
		 */
		capture_number(scratch, of,
			       user_long(BPF_CORE_READ(mm, start_stack), 4) << 32 | area->room,
			       CAPTURE_OK);
		of.part = PART_AREA;
		capture_bytes(scratch, of, start, size, size);
	}
	if (((const volatile struct pending *)pending)->has_executable)
		executable_capture(scratch);
}

/* Makes the record of a return with its memory. */
static __always_inline void result_read_memory(struct scratch *scratch, __s64 result)
{
	const struct pending *pending = &scratch->pending;

	result_fill(&scratch->result, pending, bpf_ktime_get_boot_ns(), result, CALL_RETURNED);
	scratch->vector.stage = VECTOR_END;
	if ((__u64)task_mm(task_current()) == pending->mm)
		deferred_read_all(scratch, pending);
	else
		deferred_read_of_program(scratch, pending);
}

/* Sends the result and the memory in one record. Returns whether the ring, or the black box that
 * has the event, took it. */
static __always_inline bool result_send_with_memory(struct scratch *scratch)
{
	const struct pending *pending = &scratch->pending;
	__u64 size = RESULT_SIZE + scratch->end;
	if (size > RESULT_SIZE + CAPTURES_MAX_BYTES + CAPTURE_SIZE + TEXT_MAX_BYTES)
		return false;
	scratch->result.size = size;
	scratch->result.captures = scratch->count;
	if (box_units && pending->box)
		return box_put_result(pending->box, &scratch->result);
	if (!ring_has_room_for_result(pending, size) || !ring_output(&scratch->result, size))
		return false;
	consumer_wake();
	return true;
}

/* Leaves the record to the program that adds the files behind new descriptors, or sends it. */
static __always_inline void result_finish(void *ctx, struct scratch *scratch)
{
	scratch->names.descriptor = DESCRIPTORS_PLAN;
	if (scratch->wants & CALL_FILES)
		bpf_tail_call(ctx, &return_continuations, RETURN_DESCRIPTOR);
	if (!result_send_with_memory(scratch))
		result_count_lost(&scratch->pending);
}

/* The pending call is copied to scratch memory first: it may come from either of two maps, and the
 * verifier would process all of the code above once for each. */
static __always_inline void call_returned_with_memory(void *ctx, struct pending *pending,
						      __s64 result)
{
	struct scratch *scratch = scratch_of_cpu();

	if (!scratch) {
		pending_finish(pending, false);
		return;
	}
	captures_begin(scratch);
	scratch->wants = 0;
	scratch->pending = *pending;
	pending_clear(pending);
	result_read_memory(scratch, result);
	if (((volatile struct vector *)&scratch->vector)->stage != VECTOR_END) {
		bpf_tail_call(ctx, &return_continuations,
			      entries_are_counted(scratch) ? RETURN_ENTRIES : RETURN_VECTORS);
		/* The kernel allows no further jump. */
		if (!entries_are_counted(scratch))
			vector_finish(scratch);
	}
	result_finish(ctx, scratch);
}

/* Whether the call that waits is the one that returns. An exec that only its success is asked of
 * may have failed long ago. */
static __always_inline bool call_is_pending(const struct pending *pending, __u32 slot)
{
	return pending && (!pending->is_execution || pending->slot == slot);
}

/* Sends the result of the current task's call, if it waits for its return. */
static __always_inline void call_returned(void *ctx, __u32 slot, __s64 result)
{
	struct pending *pending = pending_find();

	if (!call_is_pending(pending, slot))
		return;
	if (pending->deferred_count || pending->has_executable)
		call_returned_with_memory(ctx, pending, result);
	else
		pending_finish(pending, result_send(pending, result, CALL_RETURNED));
}

/* Reports that the current task has ended during its call. An exec has failed before, or the task
 * was killed in it, before or after the memory of the new program took the place of the old one. */
static __always_inline void call_ended_with_task(void)
{
	struct pending *pending = pending_find();
	__u16 ended = CALL_ENDED_WITH_TASK;

	if (!pending)
		return;
	if (pending->is_execution && task_executions(task_current()) == pending->executions)
		ended = CALL_NOT_EXECUTED;
	pending_finish(pending, result_send(pending, 0, ended));
}

#endif
