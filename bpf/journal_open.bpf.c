// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/*
 * Finds out whether a process has a file of the journal open. The daemon runs it on demand, because
 * it may not read /proc/PID/fd of other users' processes: that needs CAP_SYS_PTRACE, and the unit
 * hides other processes (ProtectProc=).
 */
#include "maps.h"
#include "task.h"

#define FORMAT_MASK 0170000 /* S_IFMT */
#define REGULAR_FILE 0100000 /* S_IFREG */

/* The last bytes of the name of a journal file, as one word. */
#define SUFFIX ".journal"

static __always_inline bool is_regular(const struct file *file)
{
	return (BPF_CORE_READ(file, f_inode, i_mode) & FORMAT_MASK) == REGULAR_FILE;
}

static __always_inline bool is_named_journal(const struct file *file)
{
	const struct dentry *dentry = BPF_CORE_READ(file, f_path.dentry);
	__u32 length = BPF_CORE_READ(dentry, d_name.len);
	const unsigned char *name = BPF_CORE_READ(dentry, d_name.name);
	__u64 end = 0, suffix;

	__builtin_memcpy(&suffix, SUFFIX, sizeof(suffix));
	return length >= sizeof(end) &&
	       !bpf_probe_read_kernel(&end, sizeof(end), name + length - sizeof(end)) &&
	       end == suffix;
}

/* Visits each open file of each task that the daemon's pid namespace knows. Linux 5.10 cannot
 * restrict the visit to one process, so all others are skipped here. */
SEC("iter/task_file")
int journal_open(struct bpf_iter__task_file *ctx)
{
	const struct task_struct *task = ctx->task;
	const struct file *file = ctx->file;

	if (!task || !file)
		return 0;
	__u32 tgid = BPF_CORE_READ(task, tgid);
	if (tgid != journal_query.tgid)
		return 0;
	if (BPF_CORE_READ(task, group_leader, start_boottime) != journal_query.start_ns)
		return 0;
	if (is_regular(file) && is_named_journal(file))
		journal_query.is_open = 1;
	return 0;
}
