// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/* `result_entries`: counts the entries of a directory that a call has written, for `sys_exit`,
 * which has tail-called it with the rest of the record, and sends the record. A chunk a jump. */
#include "returns.h"

SEC("raw_tp")
int result_entries(void *ctx)
{
	struct scratch *scratch = scratch_of_cpu();

	if (!scratch)
		return 0;
	if (entries_continue(scratch))
		bpf_tail_call(ctx, &return_continuations, RETURN_ENTRIES);
	entries_finish(scratch);
	result_finish(ctx, scratch);
	return 0;
}
