// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/* `count`: counts the calls and records nothing. */
#include "handler.h"

HANDLER(count) = {
	.name = "count",
	.summary = "any syscall: counted, not recorded",
};

TABLE_PROGRAM(handle_count)
{
	struct call call;

	if (!call_begin(ctx, count_handler.id, &call))
		return 0;
	call_settle(&call);
	stats_count(call.counters, COUNTER_COUNTED);
	return 0;
}
