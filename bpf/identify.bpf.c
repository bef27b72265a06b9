// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/*
 * Never attached: the daemon runs it once in its own context (BPF_PROG_TEST_RUN) to learn how the
 * kernel knows it and its files. Our own /proc would tell the pid of our own pid namespace, and
 * stat() tells device numbers that overlay and btrfs make up.
 */
#include "maps.h"
#include "task.h"

/* args[0]: a file descriptor of the caller, or -1 for none. */
SEC("raw_tp")
int identify(struct bpf_raw_tracepoint_args *ctx)
{
	__s32 fd = ctx->args[0];
	struct file_id id = {};

	self_tgid = task_ids() >> 32;
	if (fd < 0)
		return 0;
	struct file **files = BPF_CORE_READ(task_untyped(), files, fdt, fd);
	struct file *file = NULL;

	bpf_probe_read_kernel(&file, sizeof(file), files + fd);
	inode_id(BPF_CORE_READ(file, f_inode), &id);
	identified_file.device = id.device;
	identified_file.inode = id.inode;
	return 0;
}
