/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
#ifndef TAILCALLD_MATCH_H
#define TAILCALLD_MATCH_H

#include <bpf/bpf_core_read.h>
#include "dentry.h"
#include "filter.h"

/*
 * Matches the patterns of a filter with the texts that it needs, one text after the other. A text
 * is read into the scratch memory where captures are built later. As with argv, values that change
 * from round to round are in memory, for the verifier.
 */

enum {
	PATH_BYTES = 4096, /* PATH_MAX */
	PATH_AT = 8192, /* where the path of an executable ends, built backwards */
};

static __always_inline __u8 *text_room(struct scratch *scratch)
{
	return scratch->captures;
}

/* Sets the length of the text from the result of its read: bytes with the NUL, or a negative
 * errno. */
static __always_inline void text_set_length(struct scratch *scratch, long got)
{
	volatile struct filtering *filtering = &scratch->filtering;

	filtering->is_readable = got >= 0;
	filtering->length = got > 0 ? got - 1 : 0;
}

static __always_inline void text_comm(struct scratch *scratch)
{
	const struct task_struct *task = task_untyped();

	text_set_length(scratch,
			bpf_probe_read_kernel_str(text_room(scratch), COMM_SIZE,
						  __builtin_preserve_access_index(&task->comm)));
}

/* Reads the comm of the parent's main thread. */
static __always_inline void text_parent_comm(struct scratch *scratch)
{
	const struct task_struct *parent = BPF_CORE_READ(task_untyped(), real_parent, group_leader);

	text_set_length(scratch,
			bpf_probe_read_kernel_str(text_room(scratch), COMM_SIZE,
						  __builtin_preserve_access_index(&parent->comm)));
}

static __always_inline void text_argument(struct scratch *scratch, __u8 position)
{
	__u64 at = OPERAND_ARGUMENT + position;

	barrier_var(at);
	if (at >= OPERANDS)
		return;
	text_set_length(scratch,
			bpf_probe_read_user_str(text_room(scratch), PATH_BYTES,
						(const void *)scratch->filtering.operands[at]));
}

/* Goes from the root of a mount to its mount point; at the topmost mount the path is whole. */
static __always_inline void path_leave_mount(volatile struct path_walk *walk)
{
	const struct mount *mount =
		(const void *)(walk->mount - bpf_core_field_offset(struct mount, mnt));
	const struct mount *above = BPF_CORE_READ(mount, mnt_parent);

	walk->is_whole = above == mount;
	walk->dentry = (__u64)BPF_CORE_READ(mount, mnt_mountpoint);
	walk->mount = (__u64)__builtin_preserve_access_index(&above->mnt);
}

/* Prepends a slash and the name of a dentry to the path, if the buffer has room. */
static __always_inline void path_add(struct scratch *scratch, volatile struct path_walk *walk,
				     const struct dentry *dentry)
{
	__u64 length = BPF_CORE_READ(dentry, d_name.len) & (NAME_BYTES - 1);
	__u64 start = walk->start - length - 1;

	barrier_var(start);
	if (start < NAME_BYTES || start >= PATH_BYTES) {
		walk->is_cut = true;
		return;
	}
	__u8 *to = scratch->captures + PATH_AT + start;
	to[0] = '/';
	bpf_probe_read_kernel(to + 1, length, BPF_CORE_READ(dentry, d_name.name));
	walk->start = start;
}

/* Goes from a dentry to its parent. */
static __always_inline void path_step(struct scratch *scratch, volatile struct path_walk *walk)
{
	const struct dentry *dentry = (const struct dentry *)walk->dentry;
	const struct vfsmount *mount = (const struct vfsmount *)walk->mount;
	const struct dentry *parent = BPF_CORE_READ(dentry, d_parent);

	if (dentry == BPF_CORE_READ(mount, mnt_root) || dentry == parent) {
		path_leave_mount(walk);
	} else {
		walk->dentry = (__u64)parent;
		path_add(scratch, walk, dentry);
	}
}

/* Reads the path of the executable in the mount namespace that the file was opened in. */
static __always_inline void text_exe(struct scratch *scratch)
{
	volatile struct path_walk *walk = &scratch->filtering.path;
	const struct file *file = BPF_CORE_READ(task_untyped(), mm, exe_file);

	walk->dentry = (__u64)BPF_CORE_READ(file, f_path.dentry);
	walk->mount = (__u64)BPF_CORE_READ(file, f_path.mnt);
	walk->start = PATH_BYTES - 1;
	walk->is_whole = false;
	walk->is_cut = false;
	scratch->captures[PATH_AT + PATH_BYTES - 1] = 0;
	for (__u32 i = 0; i < PATH_PARTS_MAX; i++) {
		if (walk->is_whole || walk->is_cut)
			break;
		path_step(scratch, walk);
	}
	__u64 start = walk->start;
	barrier_var(start);
	if (!file || !walk->is_whole || walk->is_cut || start >= PATH_BYTES)
		text_set_length(scratch, -1);
	else
		text_set_length(scratch,
				bpf_probe_read_kernel_str(text_room(scratch), PATH_BYTES,
							  scratch->captures + PATH_AT + start));
}

/* Whether the text has the pattern's bytes from `start` on. */
static __always_inline bool text_has_pattern(struct scratch *scratch, __u64 start,
					     const volatile struct pattern *pattern)
{
	volatile struct filtering *filtering = &scratch->filtering;

	barrier_var(start);
	if (start > PATH_BYTES)
		return false;
	bpf_probe_read_kernel(scratch->filtering.window, PATTERN_BYTES, text_room(scratch) + start);
	filtering->differing = 0;
	for (__u32 i = 0; i < PATTERN_WORDS; i++)
		filtering->differing |=
			(filtering->window[i] ^ pattern->words[i]) & pattern->masks[i];
	return !filtering->differing;
}

static __always_inline bool text_matches(struct scratch *scratch,
					 const volatile struct pattern *pattern)
{
	__u32 length = scratch->filtering.length, wanted = pattern->length;

	if (wanted > length || (pattern->anchor == ANCHOR_BOTH && wanted != length))
		return false;
	return text_has_pattern(scratch, pattern->anchor == ANCHOR_END ? length - wanted : 0,
				pattern);
}

/* Compares the current text with the filter's patterns of its kind. */
static __always_inline void text_compare(struct scratch *scratch, __u8 kind,
					 const volatile struct filter *filter)
{
	volatile struct filtering *filtering = &scratch->filtering;
	const volatile struct bank *bank = bank_at(filtering->bank);

	for (__u32 i = 0; i < PATTERNS_PER_FILTER; i++) {
		__u64 at = (filter->patterns + i) & (PATTERNS_PER_BANK - 1);

		if (i >= filter->pattern_count)
			break;
		const volatile struct pattern *pattern = &bank->patterns[at];
		if (pattern->kind != kind)
			continue;
		if (filtering->is_readable ? text_matches(scratch, pattern) != pattern->is_negated
					   : pattern->holds_unknown)
			filtering->operands[OPERAND_PATTERNS] |= 1ULL << i;
	}
}

#endif
