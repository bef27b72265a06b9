// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/* `descriptors`: captures the files behind the descriptors that a call passes, for the handler that
 * has tail-called it, and leaves the event to `names` or submits it. One descriptor a jump. It is
 * not attached, and in no slot of the table. */
#include "descriptors.h"
#include "emit.h"

/* Returns the position, from 1, of a descriptor of the call; 0 if it has no more. */
static __always_inline __u64 descriptor_position(const struct scratch *scratch, __u64 number)
{
	__u64 slot = scratch->event.slot;

	barrier_var(slot);
	barrier_var(number);
	if (number >= DESCRIPTOR_ARGUMENTS)
		return 0;
	return descriptors_of[slot & (BANK_SLOTS - 1)].arguments[number];
}

/* Whether `names` captures the working directory, where a path begins. */
static __always_inline bool is_cwd_named(const struct scratch *scratch)
{
	__u32 todo = 0;

	for (__u32 i = 0; i < PATH_ARGUMENTS; i++)
		todo |= directory_of(scratch, path_argument(scratch, i), 0);
	return todo && scratch->wants & CALL_NAMES;
}

/* Whether the argument at a position is the working directory, and is to be captured here. */
static __always_inline bool is_cwd(const struct scratch *scratch, __u64 position, __s32 fd)
{
	__u64 slot = scratch->event.slot;

	barrier_var(slot);
	return fd == AT_FDCWD &&
	       descriptors_of[slot & (BANK_SLOTS - 1)].directories >> position & 1 &&
	       !is_cwd_named(scratch);
}

/* Captures one descriptor, unless it is a number below 0 that means nothing. */
static __always_inline void descriptor_argument(struct scratch *scratch, __u64 position)
{
	__s32 fd;

	barrier_var(position);
	if (position >= 6)
		return;
	fd = scratch->event.args[position];
	if (fd >= 0 || is_cwd(scratch, position, fd))
		descriptor_capture(scratch, position, fd);
}

/* Has the new descriptor described that the call returns, if its result is asked for. */
static __always_inline void descriptor_defer_result(struct scratch *scratch)
{
	__u64 slot = scratch->event.slot;
	volatile struct deferred_read *read;

	barrier_var(slot);
	if (!(scratch->wants & CALL_RESULT) || !descriptors_of[slot & (BANK_SLOTS - 1)].is_result)
		return;
	read = deferred_room(scratch);
	if (!read)
		return;
	read->address = 0;
	read->length_at = 0;
	read->room = 0;
	read->element = 0;
	read->op = DEFERRED_FILE;
	read->field = RESULT_POSITION;
	read->extra = 0;
	read->moment = MOMENT_RETURN;
}

SEC("raw_tp")
int descriptors(void *ctx)
{
	__u32 zero = 0;
	struct scratch *scratch = bpf_map_lookup_elem(&scratches, &zero);

	if (!scratch)
		return 0;
	volatile struct name_walk *walk = &scratch->names;
	__u32 number = walk->descriptor;
	walk->descriptor = number + 1;
	/* Also for a second one: a branch would cost the verifier more. */
	walk_plan(walk);
	descriptor_argument(scratch, descriptor_position(scratch, number) - 1);
	if (descriptor_position(scratch, walk->descriptor))
		bpf_tail_call(ctx, &continuations, CONTINUE_DESCRIPTORS);
	descriptor_defer_result(scratch);
	emit_added(ctx, scratch->wants & CALL_NAMES);
	emit_continued(scratch);
	return 0;
}
