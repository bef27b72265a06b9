/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
#ifndef TAILCALLD_NAMES_H
#define TAILCALLD_NAMES_H

#include "capture.h"
#include "dentry.h"
#include "repeat.h"

#define EBADF 9
#define ENOENT 2

/*
 * Captures paths of the kernel: a walk from a file's dentry up to the root, whose names are stored
 * as they come, the last one first. The kernel holds no lock meanwhile, so the sequence number of
 * each dentry tells whether its name or its parent changed while they were read.
 */

/* The mount namespace of a task. */
static __always_inline __u64 task_mounts(__u64 task)
{
	__u64 namespaces = KERNEL_READ(task, task_struct, nsproxy);

	return KERNEL_READ(namespaces, nsproxy, mnt_ns);
}

/* Goes from the root of a mount to its mount point; at the topmost mount the walk is done. */
static __always_inline void walk_leave_mount(volatile struct name_walk *walk)
{
	__u64 whole = mount_whole(walk->mount);
	__u64 above = mount_parent(whole);

	if (above == whole) {
		walk->is_done = true;
		if (walk->end_dentry || mount_namespace(whole) != task_mounts(walk->task))
			walk->flags |= PATH_UNREACHABLE;
		return;
	}
	walk->dentry = mount_point(whole);
	walk->mount = above + bpf_core_field_offset(struct mount, mnt);
	walk->mount_root = mount_root(walk->mount);
}

/* Whether a dentry is the root of a mount, the end of the walk, or the top of its file system. */
static __always_inline bool walk_is_at_edge(const volatile struct name_walk *walk, __u64 dentry,
					    __u64 parent)
{
	return dentry == walk->mount_root || dentry == walk->end_dentry || dentry == parent;
}

/* Goes on from there. Returns whether the dentry has a name that belongs to the path. */
static __always_inline bool walk_edge(volatile struct name_walk *walk, __u64 dentry, __u64 parent)
{
	if (dentry == walk->end_dentry && walk->mount == walk->end_mount) {
		walk->is_done = true;
		return false;
	}
	if (dentry == walk->mount_root) {
		walk_leave_mount(walk);
		return false;
	}
	if (dentry != parent)
		return true; /* the task's root in another mount */
	walk->is_done = walk->flags & PATH_PSEUDO; /* its name is stored */
	walk->flags |= PATH_PSEUDO;
	return !walk->is_done;
}

/* Stores a name that is in the dentry itself, in whole words: names are short, and a loop over
 * bytes or a helper costs more. */
static __always_inline void name_copy_short(__u64 *to, const __u64 *from, __u64 length)
{
	to[0] = from[0];
	if (length >= 8)
		to[1] = from[1];
	if (length >= 16) {
		to[2] = from[2];
		to[3] = from[3];
	}
	if (length >= 32 && short_name_size() > 32)
		to[4] = from[4];
}

/* Stores a name and a NUL. `dentry` is a typed pointer or a copy. A name that fits into a dentry is
 * there (__d_alloc, and copy_name on a rename, in fs/dcache.c), with its NUL. */
static __always_inline void name_copy(__u8 *to, const struct dentry *dentry, __u64 length)
{
	if (length < short_name_size()) {
		name_copy_short((__u64 *)to,
				(const __u64 *)((const __u8 *)dentry + short_name_at()), length);
		return;
	}
	bpf_probe_read_kernel(to, length, dentry->d_name.name);
	barrier_var(length);
	to[length & (NAME_BYTES - 1)] = 0;
}

/* Returns the sequence number of the dentry at that address, after its members were read. */
static __always_inline __u32 dentry_sequence(const struct dentry *dentry, __u64 address)
{
	__u32 now = 0;

	barrier();
	if (HAS_CAST)
		now = *(const volatile __u32 *)&dentry->d_seq.seqcount.sequence;
	else
		bpf_probe_read_kernel(&now, sizeof(now),
				      (const __u8 *)address +
					      bpf_core_field_offset(struct dentry, d_seq));
	return now;
}

/* Whether it has another one than before, or is being renamed. */
static __always_inline bool dentry_is_renamed(const struct dentry *dentry, __u64 address,
					      __u32 before)
{
	return dentry_sequence(dentry, address) != before || before & 1;
}

/* Drops a path that was renamed while it was read: parts of it may be old and others new. */
static __always_inline void walk_discard(volatile struct name_walk *walk)
{
	const __u32 again = 11; /* EAGAIN */

	walk->status = CAPTURE_UNREADABLE;
	walk->error = again;
}

/* Stores the name of one dentry. */
static __always_inline void walk_add(struct scratch *scratch, __u8 *names, __u64 address,
				     const struct dentry *dentry, const struct dentry_head *head)
{
	volatile struct name_walk *walk = &scratch->names;
	__u64 at = walk->at;

	barrier_var(at);
	if (at > PATH_ROOM) {
		walk->status = CAPTURE_TRUNCATED;
		return;
	}
	name_copy(names + at, dentry, head->length);
	walk->at = at + head->length + 1;
	if (dentry_is_renamed(dentry, address, head->sequence))
		walk_discard(walk);
}

/* Stores the name of a dentry and goes on to its parent, or to the next mount. Returns whether the
 * walk goes on. */
static __always_inline bool walk_step(struct scratch *scratch, __u8 *names,
				      const struct dentry **at)
{
	volatile struct name_walk *walk = &scratch->names;
	const struct dentry *dentry = *at;
	__u64 here = (__u64)dentry;
	struct dentry_head head;

	if (!HAS_CAST) {
		bpf_probe_read_kernel(scratch->names.head, DENTRY_BYTES, dentry);
		dentry = (const struct dentry *)scratch->names.head;
	}
	dentry_load(&head, dentry);
	if (walk_is_at_edge(walk, here, head.parent) && !walk_edge(walk, here, head.parent)) {
		if (walk->is_done)
			return false;
		*at = dentry_typed(walk->dentry);
		return true;
	}
	walk_add(scratch, names, here, dentry, &head);
	*at = (const struct dentry *)head.parent;
	return true;
}

/* Walks up from a dentry, and stores the names of its path. */
static __always_inline void walk_up(struct scratch *scratch, __u8 *names)
{
	volatile struct name_walk *walk = &scratch->names;
	const struct dentry *dentry = dentry_typed(walk->dentry);

	REPEAT(PATH_PARTS_MAX, walk_step(scratch, names, &dentry));
	if (!walk->is_done && walk->status == CAPTURE_OK)
		walk->status = CAPTURE_TRUNCATED;
	if (walk->status == CAPTURE_UNREADABLE)
		walk->at = 0;
}

/* Begins at a file's place in the mounts, and ends at a root; `end_dentry` 0: at the topmost mount.
 */
static __always_inline void walk_begin(volatile struct name_walk *walk, __u64 dentry, __u64 mount,
				       bool ends_at_root)
{
	walk->dentry = dentry;
	walk->mount = mount;
	walk->mount_root = mount_root(mount);
	walk->end_dentry = ends_at_root ? walk->root_dentry : 0;
	walk->end_mount = walk->root_mount;
	walk->at = 0;
	walk->is_done = false;
	walk->status = CAPTURE_OK;
	walk->error = 0;
	walk->flags = dentry_is_deleted(dentry) ? PATH_DELETED : 0;
}

/* Begins at the path of an open file. */
static __always_inline void file_begin(volatile struct name_walk *walk, __u64 file,
				       bool ends_at_root)
{
	walk_begin(walk, KERNEL_READ(file, file, f_path.dentry),
		   KERNEL_READ(file, file, f_path.mnt), ends_at_root);
}

/* Notes the task and its root, for all walks of a call. */
static __always_inline void walk_plan(volatile struct name_walk *walk)
{
	__u64 task = bpf_get_current_task();
	__u64 fs = KERNEL_READ(task, task_struct, fs);

	walk->task = task;
	walk->fs = fs;
	walk->root_dentry = KERNEL_READ(fs, fs_struct, root.dentry);
	walk->root_mount = KERNEL_READ(fs, fs_struct, root.mnt);
}

#endif
