// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/* `removal`: the file that unlinkat removes, as a structure. */
#include <tailcalld/handler.h>

struct removal {
	__u64 boottime_ns;
	__u32 thread;
	__s32 dirfd;
	char filename[256];
};

TAILCALLD_EVENT(struct removal);

TAILCALLD_HANDLER(removal) = {
	.abi = TAILCALLD_ABI,
	.name = "removal",
	.summary = "unlinkat: the file that is removed, as a structure",
	.syscalls = {"unlinkat"},
	.event = "removal",
	.messages = {"Removing {filename}"},
};

SEC("tailcalld")
int handle(void *ctx)
{
	struct tailcalld_call *call = tailcalld_call();

	if (!call)
		return 0;
	struct removal *removal = tailcalld_event(call, struct removal);
	removal->boottime_ns = call->boottime_ns;
	removal->thread = call->tid;
	removal->dirfd = call->args[0];
	/* Memory that cannot be read becomes an empty text. */
	bpf_probe_read_user_str(removal->filename, sizeof(removal->filename),
				(const void *)call->args[1]);
	return tailcalld_next(ctx);
}

char LICENSE[] SEC("license") = "GPL";
