// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/* `unlinked`: the file that a call of unlink or unlinkat removes, at the function do_unlinkat. */
#include <tailcalld/handler.h>

TAILCALLD_HANDLER(unlinked) = {
	.abi = TAILCALLD_ABI,
	.name = "unlinked",
	.summary = "kprobe:do_unlinkat: the file that is removed",
	.fields = {{"unlinked", TAILCALLD_TEXT}},
	.messages = {"Removing {unlinked}"},
};

SEC("tailcalld")
int handle(void *ctx)
{
	struct tailcalld_call *call = tailcalld_call();
	const void *name = 0;

	if (!call)
		return 0;
	/* The second argument is a struct filename, which begins with a pointer to the text. */
	bpf_probe_read_kernel(&name, sizeof(name), (const void *)call->args[1]);
	tailcalld_kernel_text(call, 0, name);
	return tailcalld_next(ctx);
}

char LICENSE[] SEC("license") = "GPL";
