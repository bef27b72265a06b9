// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/* `hello_exec`: says that a program is executed. */
#include <tailcalld/handler.h>

TAILCALLD_HANDLER(hello_exec) = {
	.abi = TAILCALLD_ABI,
	.name = "hello_exec",
	.summary = "execve: that a program is executed",
	.syscalls = {"execve"},
	.messages = {"Executing a program"},
};

SEC("tailcalld")
int handle(void *ctx)
{
	return tailcalld_next(ctx);
}

char LICENSE[] SEC("license") = "GPL";
