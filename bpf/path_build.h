/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
#ifndef TAILCALLD_PATH_BUILD_H
#define TAILCALLD_PATH_BUILD_H

#include "match.h"
#include "names.h"

/*
 * The path of a file as one text: the walk of names.h up to the root puts each name in front of the
 * one before. The text of a path argument stands behind them already.
 */

/* Puts a slash and the name in front, unless a `..` takes it away. As long as the path has room the
 * mask changes nothing; that there was room is checked in the end, and without branches, of which
 * each would double the work of the verifier. */
static __always_inline void path_prepend(struct scratch *scratch, const struct dentry *dentry,
					 __u64 length)
{
	volatile struct filtering *filtering = &scratch->filtering;
	__u32 stays = value_is_zero(filtering->path.levels);
	__u64 at = filtering->text_at - 1;

	filtering->path.levels -= !stays;
	filtering->text_at -= (length + 1) * stays;
	barrier_var(at);
	at = PATH_AT - PATH_BYTES - length + (at & (PATH_BYTES - 1));
	barrier_var(at);
	__u8 *to = scratch->captures + at;
	to[0] = '/';
	bpf_probe_read_kernel(to + 1, length, dentry->d_name.name);
}

/* Notes a dentry that is renamed at this moment: parts of the path may be old and others new. */
static __always_inline void path_check(volatile struct path_text *path, const struct dentry *dentry,
				       __u64 address, __u32 before)
{
	__u32 now = dentry_sequence(dentry, address);

	path->renames |= (now ^ before) | (before & 1);
}

/* Goes from a file to its directory, or on to the next mount. Returns whether the walk goes on. */
static __always_inline bool path_step(struct scratch *scratch)
{
	volatile struct name_walk *walk = &scratch->names;
	__u64 here = walk->dentry;
	const struct dentry *dentry;
	struct dentry_head head;

	if (walk->is_done)
		return false;
	dentry = dentry_readable(scratch, here);
	dentry_load(&head, dentry);
	if (walk_is_at_edge(walk, here, head.parent) && !walk_edge(walk, here, head.parent))
		return true;
	path_prepend(scratch, dentry, head.length);
	walk->dentry = head.parent;
	path_check(&scratch->filtering.path, dentry, here, head.sequence);
	return true;
}

/* Walks up to the root. Returns whether all names are known. */
static __always_inline bool path_walk_up(struct scratch *scratch)
{
	const volatile struct name_walk *walk = &scratch->names;
	volatile struct filtering *filtering = &scratch->filtering;

	filtering->path.renames = 0;
	REPEAT(PATH_PARTS_MAX, path_step(scratch));
	return walk->is_done && !filtering->path.renames &&
	       PATH_AT - filtering->text_at <= PATH_ROOM;
}

/* Puts a constant in front. */
#define PATH_PREPEND(scratch, constant)                                                            \
	do {                                                                                       \
		volatile struct filtering *filtering = &(scratch)->filtering;                      \
		__u64 begin = filtering->text_at - (sizeof(constant) - 1);                         \
		barrier_var(begin);                                                                \
		if (begin <= PATH_AT) {                                                            \
			__builtin_memcpy((scratch)->captures + begin, constant,                    \
					 sizeof(constant) - 1);                                    \
			filtering->text_at = begin;                                                \
		}                                                                                  \
	} while (0)

/* Builds the path from where the walk begins, with the marks of kernel_path.rs. The executable has
 * none, so that a filter still finds one that was replaced. Returns enum text_state. */
static __always_inline __u32 path_build(struct scratch *scratch, bool is_exe)
{
	volatile struct filtering *filtering = &scratch->filtering;
	volatile struct name_walk *walk = &scratch->names;

	filtering->text_at = PATH_AT;
	if (walk->flags & PATH_DELETED && !filtering->path.levels && !is_exe)
		PATH_PREPEND(scratch, " (deleted)");
	if (!path_walk_up(scratch))
		return TEXT_UNKNOWN;
	if (walk->flags & PATH_PSEUDO && !is_exe)
		return TEXT_ABSENT; /* a socket, a pipe or the like */
	if (filtering->text_at == filtering->path.out)
		PATH_PREPEND(scratch, "/");
	if (walk->flags & PATH_UNREACHABLE && !is_exe)
		PATH_PREPEND(scratch, "(unreachable)");
	filtering->length = filtering->path.out - filtering->text_at;
	return TEXT_KNOWN;
}

#endif
