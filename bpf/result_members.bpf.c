// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/* `result_members`: finds the descriptors in the memory that a call has written, for
 * `result_descriptor`, which has tail-called it and goes on. */
#include "members.h"
#include "returns.h"

SEC("raw_tp")
int result_members(void *ctx)
{
	struct scratch *scratch = scratch_of_cpu();

	if (!scratch)
		return 0;
	if (members_continue(scratch, scratch->pending.slot, 1 << MOMENT_RETURN))
		bpf_tail_call(ctx, &return_continuations, RETURN_MEMBERS);
	bpf_tail_call(ctx, &return_continuations, RETURN_DESCRIPTOR);
	/* The kernel allows no further jump. */
	if (!result_send_with_memory(scratch))
		result_count_lost(&scratch->pending);
	return 0;
}
