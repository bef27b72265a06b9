// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/* `result_vectors`: captures the buffers of a vector, or messages, that a call has filled, for
 * `sys_exit`, which has tail-called it with the rest of the record, and sends the record. */
#include "returns.h"

SEC("raw_tp")
int result_vectors(void *ctx)
{
	struct scratch *scratch = scratch_of_cpu();

	if (!scratch)
		return 0;
	if (vector_continue(scratch))
		bpf_tail_call(ctx, &return_continuations, RETURN_VECTORS);
	vector_finish(scratch);
	result_finish(ctx, scratch);
	return 0;
}
