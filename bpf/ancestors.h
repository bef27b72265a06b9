/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
#ifndef TAILCALLD_ANCESTORS_H
#define TAILCALLD_ANCESTORS_H

#include "capture.h"
#include "task.h"
#include <bpf/bpf_core_read.h>

/*
 * The ancestors of the current process: its parent, the parent of that, and so on, the first
 * process (pid 1) included. Programs run within an RCU read section, so that no task on the way is
 * freed; but a process that ends meanwhile has its children adopted. Each entry was a process, and
 * the next one its parent, when they were read; the whole need not have been so at one moment.
 *
 * The way is followed by probe reads, five a process: the state of the loop is in memory, for the
 * verifier's sake, where a pointer has no type.
 */

/* Moves the walk to the parent of its process and stores it. False at the first process, whose
 * parent is the task 0. */
static __always_inline bool ancestor_read(struct ancestor *to, volatile struct ancestor_walk *walk)
{
	const struct task_struct *of = (const struct task_struct *)walk->task;
	const struct task_struct *process = BPF_CORE_READ(of, real_parent, group_leader);

	to->pid = BPF_CORE_READ(process, tgid);
	if (!to->pid)
		return false;
	to->reserved = 0;
	to->start_ns = BPF_CORE_READ(process, start_boottime);
	bpf_probe_read_kernel(to->comm, COMM_SIZE, process->comm);
	walk->task = (__u64)process;
	return true;
}

/* Captures `levels` ancestors at most. */
static __always_inline void emit_ancestors(struct scratch *scratch, __u8 field, __u32 levels)
{
	volatile struct ancestor_walk *walk = &scratch->ancestor_walk;
	__u8 *room = capture_room(scratch);

	if (!room)
		return;
	volatile struct capture *capture =
		capture_header(room, (struct capture_id){.field = field}, CAPTURE_BYTES);
	struct ancestor *to = (struct ancestor *)(room + CAPTURE_SIZE);

	walk->task = (__u64)task_untyped();
	walk->left = levels;
	capture->stored = 0;
	for (int i = 0; i < ANCESTORS_MAX; i++) {
		if (!walk->left || !ancestor_read(to + i, walk))
			break;
		walk->left--;
		capture->stored += sizeof(*to);
		scratch->ancestor_tasks[i] = walk->task;
		scratch->ancestors = i + 1;
	}
	capture->status = CAPTURE_OK;
	capture->error = 0;
	capture->length = capture->stored;
	capture_end(scratch, room, capture);
}

#endif
