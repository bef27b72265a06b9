// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/* `hello_timer`: says what happens to a timer, by the number of the call. */
#include <tailcalld/handler.h>

enum {
	CREATING,
	DELETING,
	OTHER
};

enum {
	TIMER_CREATE = 222, /* numbers of x86_64 */
	TIMER_DELETE = 226,
};

TAILCALLD_HANDLER(hello_timer) = {
	.abi = TAILCALLD_ABI,
	.name = "hello_timer",
	.summary = "POSIX timers: what happens to one",
	.syscalls = {"timer_create", "timer_settime", "timer_gettime", "timer_getoverrun",
		     "timer_delete"},
	.messages = {[CREATING] = "Creating a timer",
		     [DELETING] = "Deleting a timer",
		     [OTHER] = "Some other timer operation"},
};

SEC("tailcalld")
int handle(void *ctx)
{
	struct tailcalld_call *call = tailcalld_call();

	if (!call)
		return 0;
	switch (call->number) {
	case TIMER_CREATE:
		call->message = CREATING;
		break;
	case TIMER_DELETE:
		call->message = DELETING;
		break;
	default:
		call->message = OTHER;
	}
	return tailcalld_next(ctx);
}

char LICENSE[] SEC("license") = "GPL";
