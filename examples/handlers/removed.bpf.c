// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/* `removed`: the file that unlinkat removes. The example of tailcalld/handler.h. */
#include <tailcalld/handler.h>

enum {
	DIRFD,
	FILENAME
};

TAILCALLD_HANDLER(removed) = {
	.abi = TAILCALLD_ABI,
	.name = "removed",
	.summary = "unlinkat: the file that is removed",
	.syscalls = {"unlinkat"},
	.fields = {[DIRFD] = {"dirfd", TAILCALLD_DIRFD}, [FILENAME] = {"filename", TAILCALLD_TEXT}},
	.messages = {"Removing {filename}"},
};

SEC("tailcalld")
int handle(void *ctx)
{
	struct tailcalld_call *call = tailcalld_call();

	if (!call)
		return 0;
	tailcalld_number(call, DIRFD, call->args[0]);
	tailcalld_text(call, FILENAME, (const void *)call->args[1]);
	return tailcalld_next(ctx);
}

char LICENSE[] SEC("license") = "GPL";
