/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
#ifndef TAILCALLD_PATH_BUILD_H
#define TAILCALLD_PATH_BUILD_H

#include "match.h"
#include "names.h"

/*
 * The path of a directory, as one text, with the text of a path argument behind it. The walk of
 * names.h up to the root comes first and notes the directories; then their names are copied, from
 * the root down.
 */

static __always_inline struct path_part *path_parts(struct scratch *scratch)
{
	return (struct path_part *)(scratch->captures + PARTS_AT);
}

/* Notes a directory, as walk_add stores its name: up to the same length of all. */
static __always_inline void path_note(struct scratch *scratch, __u64 dentry,
				      const struct dentry_head *head)
{
	volatile struct name_walk *walk = &scratch->names;
	volatile struct path_text *path = &scratch->filtering.path;
	__u64 number = path->parts;

	barrier_var(number);
	if (walk->at > PATH_ROOM || number >= PATH_PARTS_MAX) {
		walk->status = CAPTURE_TRUNCATED;
		return;
	}
	struct path_part *part = path_parts(scratch) + number;
	part->dentry = dentry;
	part->sequence = head->sequence;
	part->length = head->length;
	walk->at += head->length + 1;
	path->parts++;
}

/* Returns a dentry whose members can be loaded: a typed pointer, or a copy. */
static __always_inline const struct dentry *dentry_readable(struct scratch *scratch, __u64 address)
{
	if (HAS_CAST)
		return dentry_typed(address);
	bpf_probe_read_kernel(scratch->names.head, DENTRY_BYTES, (const void *)address);
	return (const struct dentry *)scratch->names.head;
}

/* Walks up to the root and notes the directories, the last one first. Returns whether all are
 * known. */
static __always_inline bool path_walk_up(struct scratch *scratch)
{
	volatile struct name_walk *walk = &scratch->names;
	struct dentry_head head;

	scratch->filtering.path.parts = 0;
	for (__u32 i = 0; i < PATH_PARTS_MAX; i++) {
		__u64 here = walk->dentry;

		dentry_load(&head, dentry_readable(scratch, here));
		if (walk_is_at_edge(walk, here, head.parent) &&
		    !walk_edge(walk, here, head.parent)) {
			if (walk->is_done)
				break;
			continue;
		}
		path_note(scratch, here, &head);
		walk->dentry = head.parent;
	}
	return walk->is_done && walk->status == CAPTURE_OK;
}

/* Appends the name of a directory. */
static __always_inline void path_append(struct scratch *scratch, __u64 number)
{
	volatile struct name_walk *walk = &scratch->names;
	__u64 at = walk->at;

	barrier_var(at);
	barrier_var(number);
	if (number >= PATH_PARTS_MAX || at > PATH_ROOM + NAME_BYTES)
		return;
	const struct path_part *part = path_parts(scratch) + number;
	__u64 address = part->dentry, length = part->length & (NAME_BYTES - 1);
	const struct dentry *dentry = dentry_readable(scratch, address);
	__u8 *to = scratch->captures + PATH_AT + at;
	to[0] = '/';
	name_copy(to + 1, dentry, length);
	walk->at = at + length + 1;
	if (dentry_is_renamed(dentry, address, part->sequence))
		walk_discard(walk);
}

/* Copies the names of the directory but for so many of the last ones, which `..` take away. Returns
 * false if one was renamed meanwhile. */
static __always_inline bool path_copy(struct scratch *scratch)
{
	volatile struct name_walk *walk = &scratch->names;
	volatile struct path_text *path = &scratch->filtering.path;

	for (__u32 i = 0; i < PATH_PARTS_MAX; i++) {
		if (path->parts <= path->levels)
			break;
		__u64 first = --path->top;

		path_append(scratch, first);
		if (first <= path->levels)
			break;
	}
	return walk->status == CAPTURE_OK;
}

/* Appends a constant. */
#define PATH_APPEND(scratch, text)                                                                 \
	do {                                                                                       \
		volatile struct name_walk *names = &(scratch)->names;                              \
		__u64 end = names->at;                                                             \
		barrier_var(end);                                                                  \
		if (end <= PATH_ROOM + 2 * NAME_BYTES) {                                           \
			__builtin_memcpy((scratch)->captures + PATH_AT + end, text,                \
					 sizeof(text) - 1);                                        \
			names->at = end + sizeof(text) - 1;                                        \
		}                                                                                  \
	} while (0)

/* Appends the text of the path argument, which has a slash in front. */
static __always_inline void path_append_text(struct scratch *scratch)
{
	volatile struct name_walk *walk = &scratch->names;
	const volatile struct path_text *path = &scratch->filtering.path;
	__u64 end = walk->at, at = path->at, length = path->length;

	barrier_var(end);
	barrier_var(at);
	barrier_var(length);
	if (end > PATH_ROOM + 2 * NAME_BYTES || at > NORMAL_AT || length > PATH_TEXT_MAX + 1)
		return;
	bpf_probe_read_kernel(scratch->captures + PATH_AT + end, length, scratch->captures + at);
	walk->at = end + length;
}

/* Puts the path together, with the marks of kernel_path.rs: its directory, and the text behind it.
 * The executable has none, so that a filter still finds one that was replaced. Returns false if a
 * name is not known. */
static __always_inline bool path_join(struct scratch *scratch)
{
	volatile struct name_walk *walk = &scratch->names;
	const volatile struct path_text *path = &scratch->filtering.path;
	__u8 marks = path->is_exe ? 0 : walk->flags;
	__u64 length;

	walk->at = 0;
	scratch->filtering.path.top = path->parts;
	if (marks & PATH_UNREACHABLE)
		PATH_APPEND(scratch, "(unreachable)");
	if (!path_copy(scratch))
		return false;
	if (marks & PATH_DELETED && !path->levels)
		PATH_APPEND(scratch, " (deleted)");
	length = path->length;
	if (length)
		path_append_text(scratch);
	else if (path->parts <= path->levels)
		PATH_APPEND(scratch, "/");
	return true;
}

#endif
