// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/* `result_descriptor`: captures the files behind the descriptors that a call has returned or
 * written, for `sys_exit`, which has tail-called it with the rest of the record, and sends the
 * record. One descriptor a jump. */
#include "descriptors.h"
#include "returns.h"

/* Aims at the result, if that is a descriptor. */
static __always_inline void result_aim(struct scratch *scratch)
{
	volatile struct name_walk *walk = &scratch->names;
	__s64 result = result_of(scratch);

	walk->fd = result <= 0x7fffffff ? result : -1;
	walk->field = RESULT_POSITION;
	walk->part = PART_FILE;
}

/* Aims at the descriptor of that number: memory first, then the result. */
static __always_inline void descriptor_aim(struct scratch *scratch,
					   const volatile struct descriptors_of_call *known,
					   __u64 number)
{
	volatile struct name_walk *walk = &scratch->names;

	walk->fd = -1;
	if (number < walk->members.count)
		member_aim(walk, number);
	else if (known->is_result)
		result_aim(scratch);
}

SEC("raw_tp")
int result_descriptor(void *ctx)
{
	struct scratch *scratch = scratch_of_cpu();

	if (!scratch)
		return 0;
	volatile struct name_walk *walk = &scratch->names;
	const volatile struct descriptors_of_call *known = descriptors_known(scratch->pending.slot);
	if (walk->descriptor == DESCRIPTORS_PLAN) {
		members_begin(scratch);
		if (known->moments & 1 << MOMENT_RETURN)
			bpf_tail_call(ctx, &return_continuations, RETURN_MEMBERS);
	}
	__u64 number = walk->descriptor;
	walk->descriptor = number + 1;
	walk_plan(walk);
	descriptor_aim(scratch, known, number);
	if (walk->fd >= 0)
		descriptor_capture(scratch);
	if (walk->descriptor < walk->members.count + known->is_result)
		bpf_tail_call(ctx, &return_continuations, RETURN_DESCRIPTOR);
	if (!result_send_with_memory(scratch))
		result_count_lost(&scratch->pending);
	return 0;
}
