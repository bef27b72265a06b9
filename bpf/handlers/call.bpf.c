// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/* `call`: records any syscall without its arguments. The handlers of a chain add what they capture.
 */
#include "handler.h"

HANDLER(call) = {
	.name = "call",
	.summary = "any syscall: that it was made, without its arguments",
	.messages = {"{syscall}"},
};

TABLE_PROGRAM(handle_call)
{
	struct call call;

	if (event_begin(ctx, &call_handler, &call))
		emit_event(ctx, &call);
	return 0;
}
