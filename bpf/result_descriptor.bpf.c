// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/* `result_descriptor`: captures the file behind the descriptor that a call has returned, for
 * `sys_exit`, which has tail-called it with the rest of the record, and sends the record. */
#include "descriptors.h"
#include "returns.h"

SEC("raw_tp")
int result_descriptor(void *ctx)
{
	__u32 zero = 0;
	struct scratch *scratch = bpf_map_lookup_elem(&scratches, &zero);
	__s64 fd;

	if (!scratch)
		return 0;
	fd = result_of(scratch);
	if (fd >= 0 && fd <= 0x7fffffff) {
		walk_plan(&scratch->names);
		descriptor_capture(scratch, RESULT_POSITION, fd);
	}
	if (!result_send_with_memory(scratch))
		result_count_lost(&scratch->pending);
	return 0;
}
