// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/* `args`: any syscall, its six arguments as they were passed. It reads no user memory. */
#include "handler.h"

HANDLER(args) = {
	.name = "args",
	.summary = "any syscall: its arguments, as registers hold them",
	.messages = {"{syscall}({args})"},
};

SEC("raw_tp")
int handle_args(void *ctx)
{
	struct call call;

	if (call_begin(ctx, &args_handler, &call))
		emit_event(ctx, &call);
	return 0;
}
