// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/* `stack`: the way to a call, in the kernel by name, in the process by build id and offset. An
 * object of its own, built as others build theirs, and part of the daemon's binary. */
#include "tailcalld/handler.h"

enum {
	KERNEL_STACK,
	USER_STACK
};

enum {
	KERNEL_FRAMES = 16,
	USER_FRAMES = 32,
	BUILD_ID_FRAME = 32, /* bytes of struct bpf_stack_build_id */
	FRAME_TEXT = 128,
};

TAILCALLD_HANDLER(stack) = {
	.abi = TAILCALLD_ABI,
	.name = "stack",
	.summary = "in a chain: the stack of the call, of the kernel and of the process",
	.fields = {[KERNEL_STACK] = {"kernel_stack", TAILCALLD_TEXTS},
		   [USER_STACK] = {"user_stack", TAILCALLD_USER_STACK}},
};

/* Helpers of the kernel by number, see include/uapi/linux/bpf.h. */
enum bpf_func_id {
	BPF_FUNC_snprintf = 165, /* Linux 5.13 */
};
static long (*const bpf_snprintf)(char *to, __u32 size, const char *format, const __u64 *values,
				  __u32 bytes) = (void *)165;

#define HAS_SNPRINTF                                                                               \
	__builtin_preserve_enum_value(*(typeof(enum bpf_func_id) *)BPF_FUNC_snprintf, 0)

/* Captures a frame of the kernel by name. */
static __always_inline void frame_capture(struct tailcalld_call *call, __u64 address)
{
	static const char by_name[] = "%pB";
	volatile struct tailcalld_capture *capture = tailcalld_begin(call, KERNEL_STACK, 2);
	long got;

	if (!capture)
		return;
	got = bpf_snprintf((char *)(capture + 1), FRAME_TEXT, by_name, &address, sizeof(address));
	tailcalld_end(call, capture, got > 0 ? got - 1 : got);
}

SEC("tailcalld")
int handle(void *ctx)
{
	struct tailcalld_call *call = tailcalld_call();
	volatile struct tailcalld_capture *capture;
	__u64 addresses[KERNEL_FRAMES] = {};

	if (!call)
		return 0;
	if (HAS_SNPRINTF && bpf_get_stack(ctx, addresses, sizeof(addresses), 0) > 0) {
		for (int i = 0; i < KERNEL_FRAMES && addresses[i]; i++)
			frame_capture(call, addresses[i]);
	}
	capture = tailcalld_begin(call, USER_STACK, 3);
	if (capture) {
		long got = bpf_get_stack(ctx, (void *)(capture + 1), USER_FRAMES * BUILD_ID_FRAME,
					 BPF_F_USER_STACK | BPF_F_USER_BUILD_ID);
		tailcalld_end(call, capture, got);
	}
	return tailcalld_next(ctx);
}

char LICENSE[] SEC("license") = "Dual BSD/GPL";
