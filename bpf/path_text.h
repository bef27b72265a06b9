/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
#ifndef TAILCALLD_PATH_TEXT_H
#define TAILCALLD_PATH_TEXT_H

#include "match.h"

/*
 * The text of a path argument, as src/decode/join.rs normalises it for records: parts that are
 * empty or `.` are left out, `..` in front are counted, and a `..` behind a name stays. What lies
 * between the parts that are left out is copied in pieces to where the names of directories end.
 */

#define EACH_BYTE(byte) (0x0101010101010101ULL * (byte))

/* Returns a word with the highest bit of each byte that is zero. */
static __always_inline __u64 zero_bytes(__u64 word)
{
	const __u64 low = EACH_BYTE(0x7f);

	return ~(((word & low) + low) | word | low);
}

/* Returns the bits of slashes in `word` that a slash, a dot or the end of the text follows: in
 * `next` is the byte behind each. A slash and a dot differ in one bit. */
static __always_inline __u64 slashes_to_check(__u64 word, __u64 next)
{
	return zero_bytes(word ^ EACH_BYTE('/')) &
	       (zero_bytes((next | EACH_BYTE(1)) ^ EACH_BYTE('/')) | zero_bytes(next));
}

/* Returns the number of the first byte that has its bit. */
static __always_inline __u64 first_byte(__u64 bits)
{
	__u64 below = ((bits & -bits) - 1) & EACH_BYTE(1);

	return ((below * EACH_BYTE(1)) >> 56) - 1;
}

/* Returns the bits of the bytes of `word` that end a part: slashes and the NUL. */
static __always_inline __u64 ends_of_part(__u64 word)
{
	return zero_bytes(word ^ EACH_BYTE('/')) | zero_bytes(word);
}

/* Returns the bit of a byte, as a number. */
static __always_inline __u64 byte_bit(__u64 bits, __u32 number)
{
	return bits >> (8 * number + 7) & 1;
}

/* Notes the bytes to leave out at a slash: none if a name follows. Without branches, of which each
 * would double the work of the verifier. */
static __always_inline void empty_part_find(volatile struct path_text *path, const __u8 *slash)
{
	__u64 next = *(const __u32 *)(slash + 1);
	__u64 ends = ends_of_part(next), dots = zero_bytes(next ^ EACH_BYTE('.'));
	__u64 is_first = value_is_zero((path->out ^ PATH_AT) | (path->piece ^ path->at));
	__u64 is_dot = byte_bit(dots, 0);
	__u64 is_up = is_first & is_dot & byte_bit(dots, 1) & byte_bit(ends, 2);

	path->levels += is_up;
	path->skip = byte_bit(ends, 0) | (is_dot & byte_bit(ends, 1)) << 1 | is_up * 3;
}

/* Copies what follows the last part that was left out, up to here. */
static __always_inline void piece_copy(struct scratch *scratch)
{
	volatile struct path_text *path = &scratch->filtering.path;
	__u64 piece = path->piece, out = path->out, length = path->at - piece;

	barrier_var(piece);
	barrier_var(out);
	barrier_var(length);
	bpf_probe_read_kernel(scratch->captures + (out & PATH_MASK), length & TEXT_MASK,
			      scratch->captures + (piece & TEXT_MASK));
	path->out = out + length;
}

/* Goes on over at most PATH_TEXT_WORDS to a word that has a slash to check, and notes it. */
static __always_inline void words_skip(struct scratch *scratch)
{
	volatile struct path_text *path = &scratch->filtering.path;
	__u64 at = path->at;

	barrier_var(at);
	at &= TEXT_MASK;
	const __u64 *text = (const __u64 *)(scratch->captures + at);
	const __u64 *next = (const __u64 *)(scratch->captures + at + 1);

	for (__u32 i = 0; i < PATH_TEXT_WORDS; i++) {
		__u64 found = slashes_to_check(text[i], next[i]);

		path->found = found;
		if (found)
			break;
		path->at += sizeof(__u64);
	}
}

/* Leaves out the part that begins at the slash that was found, or goes on behind it. */
static __always_inline void slash_check(struct scratch *scratch)
{
	volatile struct path_text *path = &scratch->filtering.path;
	__u64 at = path->at + first_byte(path->found);

	path->at = at;
	if (at >= path->end)
		return;
	barrier_var(at);
	empty_part_find(path, scratch->captures + (at & TEXT_MASK));
	if (!path->skip) {
		path->at++;
		return;
	}
	piece_copy(scratch);
	path->at += path->skip;
	path->piece = path->at;
}

/* Brings a part of the text into a form with a slash in front of each name. */
static __always_inline void path_text_normalise(struct scratch *scratch)
{
	volatile struct path_text *path = &scratch->filtering.path;

	for (__u32 i = 0; i < PATH_TEXT_STEPS; i++) {
		if (path->at >= path->end)
			break;
		words_skip(scratch);
		if (path->found)
			slash_check(scratch);
	}
}

/* Reads the text. Returns false if not all of it is known. */
static __always_inline bool path_text_read(struct scratch *scratch, __u64 address)
{
	volatile struct path_text *path = &scratch->filtering.path;
	volatile __s64 *got = &scratch->got;
	__u8 *text = scratch->captures + TEXT_AT;

	/* One byte for the NUL and one more, to distinguish a text that just fits from a longer
	 * one. 0 is an empty text in Linux 6.12 and older. */
	*got = bpf_probe_read_user_str(text, PATH_TEXT_MAX + 2, (const void *)address);
	if (*got < 0 || *got > PATH_TEXT_MAX + 1)
		return false;
	path->end = TEXT_AT + (*got ?: 1) - 1;
	path->is_absolute = text[0] == '/';
	text[-1] = '/';
	path->at = TEXT_AT - !path->is_absolute;
	path->piece = path->at;
	return true;
}

/* Completes a text that is normalised: it stays where it is if it is absolute and nothing was left
 * out. */
static __always_inline void path_text_end(struct scratch *scratch)
{
	volatile struct filtering *filtering = &scratch->filtering;
	volatile struct path_text *path = &filtering->path;

	if (path->piece == TEXT_AT && path->is_absolute) {
		filtering->text_at = TEXT_AT;
		filtering->length = path->end - TEXT_AT;
		return;
	}
	path->at = path->end;
	piece_copy(scratch);
	filtering->text_at = PATH_AT;
	if (path->is_absolute && path->out == PATH_AT) {
		scratch->captures[PATH_AT] = '/';
		path->out++;
	}
	filtering->length = path->out - PATH_AT;
}

#endif
