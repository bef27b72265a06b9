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

SEC("raw_tp")
int result_descriptor(void *ctx)
{
	__u32 zero = 0;
	struct scratch *scratch = bpf_map_lookup_elem(&scratches, &zero);

	if (!scratch)
		return 0;
	volatile struct name_walk *walk = &scratch->names;
	const volatile struct descriptors_of_call *known = descriptors_known(scratch->pending.slot);
	__u64 number = walk->descriptor;
	walk->descriptor = number + 1;
	walk_plan(walk);
	if (scratch->members)
		member_aim(walk, known, scratch->members, number);
	else
		result_aim(scratch);
	if (walk->fd >= 0)
		descriptor_capture(scratch);
	if (scratch->members && walk->descriptor < known->count)
		bpf_tail_call(ctx, &return_continuations, RETURN_DESCRIPTOR);
	if (!result_send_with_memory(scratch))
		result_count_lost(&scratch->pending);
	return 0;
}
