/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
#ifndef TAILCALLD_PATH_TEXT_H
#define TAILCALLD_PATH_TEXT_H

#include "match.h"

/*
 * The text of a path argument, as src/decode/join.rs normalises it for records: parts that are
 * empty or `.` are left out, `..` in front are counted, and a `..` behind a name stays.
 */

#define EACH_BYTE(byte) (0x0101010101010101ULL * (byte))

/* Returns a word with the highest bit of each byte that is zero. */
static __always_inline __u64 zero_bytes(__u64 word)
{
	const __u64 low = EACH_BYTE(0x7f);

	return ~(((word & low) + low) | word | low);
}

/* Returns the bits of slashes in `word` that a slash or a dot in `next` follows: they differ in one
 * bit. */
static __always_inline __u64 empty_or_dot(__u64 word, __u64 next)
{
	return zero_bytes(word ^ EACH_BYTE('/')) &
	       zero_bytes((next | EACH_BYTE(1)) ^ EACH_BYTE('/'));
}

/* Looks for parts that are empty or begin with a dot. Most texts have none, and are taken as they
 * are. */
static __always_inline void path_text_look(const __u8 *text, volatile struct path_text *path)
{
	__u64 last = path->length - 1;

	barrier_var(last);
	if (last >= PATH_TEXT_MAX)
		return;
	path->needs_normalising = text[0] == '.' || text[last] == '/';
	for (__u32 at = 0; at < PATH_TEXT_MAX; at += sizeof(__u64)) {
		if (at > last)
			break;
		if (empty_or_dot(*(const __u64 *)(text + at), *(const __u64 *)(text + at + 1)))
			path->needs_normalising = true;
	}
}

/* Finishes a part, which a slash follows. */
static __always_inline void path_part_end(__u8 *to, volatile struct path_text *path)
{
	__u64 begin = path->begin, end = path->end, size = end - begin - 1;

	barrier_var(begin);
	barrier_var(end);
	if (begin > PATH_NORMALISED_MAX || end > PATH_NORMALISED_MAX + 1)
		return;
	if (!size || (size == 1 && to[begin + 1] == '.')) {
		path->end = begin + 1;
	} else if (!begin && size == 2 && to[1] == '.' && to[2] == '.') {
		path->levels++;
		path->end = 1;
	} else {
		to[end] = '/';
		path->begin = end;
		path->end = end + 1;
	}
}

/* Copies the text normalised, with a slash in front of each part. */
static __always_inline void path_text_normalise(struct scratch *scratch)
{
	volatile struct path_text *path = &scratch->filtering.path;
	__u8 *text = scratch->captures + TEXT_AT, *to = scratch->captures + NORMAL_AT;

	to[0] = '/';
	path->begin = 0;
	path->end = 1;
	for (__u32 i = 0; i <= PATH_NORMALISED_MAX; i++) {
		if (i > path->length)
			break;
		__u8 byte = text[i];
		__u64 end = path->end;

		barrier_var(end);
		if (byte == '/' || i == path->length) {
			path_part_end(to, path);
		} else if (end <= PATH_NORMALISED_MAX + 1) {
			to[end] = byte;
			path->end = end + 1;
		}
	}
	path->at = NORMAL_AT;
	path->length = path->begin;
}

/* Reads the text. Returns false if not all of it is known. */
static __always_inline bool path_text_read(struct scratch *scratch)
{
	volatile struct path_text *path = &scratch->filtering.path;
	volatile __s64 *got = &scratch->got;
	__u8 *text = scratch->captures + TEXT_AT;

	/* One byte for the NUL and one more, to distinguish a text that just fits from a longer
	 * one. 0 is an empty text in Linux 6.12 and older. */
	*got = bpf_probe_read_user_str(text, PATH_TEXT_MAX + 2, (const void *)path->address);
	if (*got < 0 || *got > PATH_TEXT_MAX + 1)
		return false;
	path->length = *got > 0 ? *got - 1 : 0;
	return true;
}

/* Brings the text into a form with a slash in front of each name. Returns false if it is too long
 * for that. */
static __always_inline bool path_text_prepare(struct scratch *scratch)
{
	volatile struct path_text *path = &scratch->filtering.path;
	__u8 *text = scratch->captures + TEXT_AT;

	if (!path->length)
		return true;
	path->is_absolute = text[0] == '/';
	path_text_look(text, path);
	if (path->needs_normalising) {
		if (path->length > PATH_NORMALISED_MAX)
			return false;
		path_text_normalise(scratch);
	} else if (!path->is_absolute) {
		text[-1] = '/';
		path->at = TEXT_AT - 1;
		path->length++;
	}
	return true;
}

#endif
