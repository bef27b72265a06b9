/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
#ifndef TAILCALLD_ANCESTOR_FILES_H
#define TAILCALLD_ANCESTOR_FILES_H

#include "names.h"

/*
 * The paths of the executables of the ancestors that `emit_ancestors` has found. The tasks cannot
 * be freed meanwhile, see ancestors.h, but an ancestor may end or execute another program. A path
 * is kept if the ancestor has the same memory, program and file after it was read as before: these
 * hold the file's names and mounts.
 */

/* Returns the address of the executable of a memory at an address; 0 if there is none. */
static __always_inline __u64 exe_file(__u64 mm)
{
	return mm ? KERNEL_READ(mm, mm_struct, exe_file) : 0;
}

/* Prepares for the first one. */
static __always_inline void ancestor_files_begin(volatile struct name_walk *walk)
{
	walk->ancestors.next = 0;
	walk->ancestors.are_done = false;
	walk->is_done = true;
}

/* Begins a path without names. */
static __always_inline void ancestor_has_none(volatile struct name_walk *walk)
{
	walk->status = CAPTURE_UNREADABLE;
	walk->error = ENOENT;
	walk->flags = 0;
	walk->at = 0;
	walk->is_done = true;
}

/* Begins with the executable of a task; one of the kernel has none. */
static __always_inline void ancestor_begin(volatile struct name_walk *walk, __u64 task)
{
	volatile struct ancestor_files *files = &walk->ancestors;

	walk->task = task;
	files->parts = ANCESTOR_PARTS_MAX;
	files->executions = KERNEL_READ(task, task_struct, self_exec_id);
	files->mm = KERNEL_READ(task, task_struct, mm);
	walk->file = exe_file(files->mm);
	if (walk->file)
		file_begin(walk, walk->file, false);
	else
		ancestor_has_none(walk);
}

/* Whether the task still has that executable, and has had it all the time. */
static __always_inline bool ancestor_is_same(const volatile struct name_walk *walk)
{
	const volatile struct ancestor_files *files = &walk->ancestors;
	__u64 task = walk->task;

	barrier();
	return files->mm == KERNEL_READ(task, task_struct, mm) &&
	       files->executions == KERNEL_READ(task, task_struct, self_exec_id) &&
	       walk->file == exe_file(files->mm);
}

/* Captures the path that was read. Returns false if the event has no room for it. */
static __always_inline bool ancestor_capture(struct scratch *scratch)
{
	volatile struct name_walk *walk = &scratch->names;
	__u8 *room = capture_room(scratch);

	if (!room)
		return false;
	volatile struct capture *capture =
		capture_header(room, (struct capture_id){.part = PART_ANCESTOR}, CAPTURE_PATH);
	if (!ancestor_is_same(walk))
		walk_discard(walk);
	if (walk->status == CAPTURE_UNREADABLE)
		walk->at = 0;
	capture->field = walk->ancestors.next - 1;
	capture->path = walk->flags;
	capture->status = walk->status;
	capture->error = walk->error;
	capture->stored = walk->at;
	capture->length = 0;
	capture_end(scratch, room, capture);
	return true;
}

/* Captures the path that is done, and begins with the next one, if there is one. */
static __always_inline void ancestor_next(struct scratch *scratch)
{
	volatile struct name_walk *walk = &scratch->names;
	__u64 next = walk->ancestors.next;

	if (next && !ancestor_capture(scratch))
		next = ANCESTORS_MAX;
	barrier_var(next);
	if (next >= scratch->ancestors || next >= ANCESTORS_MAX) {
		walk->ancestors.are_done = true;
		return;
	}
	walk->ancestors.next = next + 1;
	ancestor_begin(walk, scratch->ancestor_tasks[next]);
}

/* Stores one name of the path, or goes on to the next mount. */
static __always_inline void ancestor_step(struct scratch *scratch)
{
	volatile struct name_walk *walk = &scratch->names;
	__u64 here = walk->dentry;
	const struct dentry *dentry = dentry_readable(scratch, here);
	__u8 *room = capture_room(scratch);
	struct dentry_head head;

	dentry_load(&head, dentry);
	if (walk_is_at_edge(walk, here, head.parent) && !walk_edge(walk, here, head.parent))
		return;
	if (!room || !walk->ancestors.parts) {
		walk->status = CAPTURE_TRUNCATED;
		walk->is_done = true;
		return;
	}
	walk_add(scratch, room + CAPTURE_SIZE, here, dentry, &head);
	walk->ancestors.parts--;
	walk->dentry = head.parent;
}

#endif
