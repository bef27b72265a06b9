// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/* `members`: finds the descriptors in the memory that a call passes, for `descriptors`, which has
 * tail-called it and goes on. It is not attached, and in no slot of the table. */
#include "emit.h"
#include "members.h"

TABLE_PROGRAM(members)
{
	struct scratch *scratch = scratch_continued();

	if (!scratch)
		return 0;
	if (members_continue(scratch, scratch->event.slot, 1 << MOMENT_ENTRY))
		bpf_tail_call(ctx, &continuations, CONTINUE_MEMBERS);
	bpf_tail_call(ctx, &continuations, CONTINUE_DESCRIPTORS);
	emit_continued(ctx, scratch); /* the kernel allows no further jump */
	return 0;
}
