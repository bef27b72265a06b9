// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/*
 * Never attached: the daemon runs it in its own context (BPF_PROG_TEST_RUN) to see whether another
 * program has changed the table. Any process with CAP_BPF can empty a slot of it. A lookup by
 * bpf(2) is not used, because during it the kernel skips programs on its CPU, see `counters` in
 * maps.h.
 */
#include "dentry.h"
#include "maps.h"

/* Returns the id of the program in the entry at an address, 0 for an empty one. Global, so that the
 * verifier looks at it once, not once for each entry. */
__noinline __u32 entry_program(__u64 entry)
{
	const struct bpf_prog *program = NULL;

	bpf_probe_read_kernel(&program, sizeof(program), (const void *)entry);
	return program ? BPF_CORE_READ(program, aux, id) : 0;
}

/* args[0]: a file descriptor of the caller, of an array of programs; args[1], args[2]: the entries
 * to read, from the first one on, and their number. */
SEC("raw_tp")
int table_check(struct bpf_raw_tracepoint_args *ctx)
{
	const struct file *file =
		(const struct file *)file_of(bpf_get_current_task(), ctx->args[0]);
	__u64 array = (__u64)BPF_CORE_READ(file, private_data);
	__u64 entries = array + bpf_core_field_offset(struct bpf_array, ptrs);
	__u32 first = ctx->args[1], count = ctx->args[2];

	for (__u32 i = 0; i < SLOTS && i < count; i++)
		table_programs[i] = entry_program(entries + (first + i) * sizeof(void *));
	return 0;
}
