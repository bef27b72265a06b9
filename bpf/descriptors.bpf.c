// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/* `descriptors`: captures the files behind the descriptors that a call passes, for the handler that
 * has tail-called it, and leaves the event to `names` or submits it. One descriptor a jump. It is
 * not attached, and in no slot of the table. */
#include "descriptors.h"
#include "emit.h"

/* Whether `names` captures the working directory, where a path begins. */
static __always_inline bool is_cwd_named(const struct scratch *scratch)
{
	__u32 todo = 0;

	for (__u32 i = 0; i < PATH_ARGUMENTS; i++)
		todo |= directory_of(scratch, path_argument(scratch, i), 0);
	return todo && scratch->wants & CALL_NAMES;
}

/* Aims at the argument at a position. AT_FDCWD is a descriptor where it means the working
 * directory, unless `names` captures that. */
static __always_inline void argument_aim(struct scratch *scratch,
					 const volatile struct descriptors_of_call *known,
					 __u64 position)
{
	volatile struct name_walk *walk = &scratch->names;
	__s32 fd;

	barrier_var(position);
	if (position >= 6)
		return;
	fd = scratch->event.args[position];
	walk->field = position;
	walk->part = PART_FILE;
	if (fd >= 0 ||
	    (fd == AT_FDCWD && known->directories >> position & 1 && !is_cwd_named(scratch)))
		walk->fd = fd;
}

/* Returns the number of the descriptor at or behind `number`: arguments first, then memory. */
static __always_inline __u64 descriptor_next(const volatile struct descriptors_of_call *known,
					     __u64 number)
{
	barrier_var(number);
	if (number < DESCRIPTOR_ARGUMENTS && !known->arguments[number])
		return DESCRIPTOR_ARGUMENTS;
	return number;
}

/* Whether the call has a descriptor of that number. */
static __always_inline bool descriptor_exists(const volatile struct name_walk *walk, __u64 number)
{
	return number < DESCRIPTOR_ARGUMENTS + (__u64)walk->members.count;
}

/* Aims at the descriptor of that number; at none if the call has no more. */
static __always_inline void descriptor_aim(struct scratch *scratch,
					   const volatile struct descriptors_of_call *known,
					   __u64 number)
{
	volatile struct name_walk *walk = &scratch->names;

	walk->fd = -1;
	if (!descriptor_exists(walk, number))
		return;
	barrier_var(number);
	if (number < DESCRIPTOR_ARGUMENTS)
		argument_aim(scratch, known, (__u64)known->arguments[number] - 1);
	else
		member_aim(walk, number - DESCRIPTOR_ARGUMENTS);
}

/* Has the new descriptors described that the call returns or writes, if its result is asked for. */
static __always_inline void descriptor_defer(struct scratch *scratch,
					     const volatile struct descriptors_of_call *known)
{
	volatile struct deferred_read *read;

	if (!(scratch->wants & CALL_RESULT) ||
	    !(known->is_result | (known->moments & 1 << MOMENT_RETURN)))
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

TABLE_PROGRAM(descriptors)
{
	struct scratch *scratch = scratch_continued();

	if (!scratch)
		return 0;
	volatile struct name_walk *walk = &scratch->names;
	const volatile struct descriptors_of_call *known = descriptors_known(scratch->event.slot);
	if (walk->descriptor == DESCRIPTORS_PLAN) {
		members_begin(scratch);
		if (known->moments & 1 << MOMENT_ENTRY)
			bpf_tail_call(ctx, &continuations, CONTINUE_MEMBERS);
	}
	__u64 number = descriptor_next(known, walk->descriptor);
	walk->descriptor = descriptor_next(known, number + 1);
	/* Also for a second one: a branch would cost the verifier more. */
	walk_plan(walk);
	descriptor_aim(scratch, known, number);
	if (walk->fd >= 0 || walk->fd == AT_FDCWD)
		descriptor_capture(scratch);
	if (descriptor_exists(walk, walk->descriptor))
		bpf_tail_call(ctx, &continuations, CONTINUE_DESCRIPTORS);
	descriptor_defer(scratch, known);
	emit_added(ctx, scratch->wants & CALL_NAMES);
	emit_continued(ctx, scratch);
	return 0;
}
