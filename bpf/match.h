/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
#ifndef TAILCALLD_MATCH_H
#define TAILCALLD_MATCH_H

#include "kernel.h"
#include <bpf/bpf_core_read.h>
#include "filter.h"
#include "probe_text.h"

/*
 * Matches the patterns of a filter with the texts that it needs, one text after the other. A text
 * is read into the scratch memory where captures are built later. As with argv, values that change
 * from round to round are in memory, for the verifier.
 */

/* Places of texts in the captures. */
enum text_place {
	PATH_BYTES = 4096, /* PATH_MAX */
	TEXT_AT = 16, /* a text as it was read; the byte before it is a slash */
	TEXT_MASK = 2047, /* of the places in a path argument */
	PATH_AT = 12288, /* a path argument, normalised; before it, the names of directories */
	PATH_MASK = 16383, /* of the places in such a path */
	TEXT_END = PATH_AT + PATH_BYTES,
};

/* Returns 1 if a value is 0, else 0. */
static __always_inline __u64 value_is_zero(__u64 value)
{
	return (value - 1) >> 63;
}

/* Whether the text is a path argument. */
static __always_inline bool is_path_argument(__u32 text)
{
	return text == OPERAND_BIT(TEXT_PATH) || text == OPERAND_BIT(TEXT_PATH + 1);
}

/* The program that goes on with the filter: it reads the next text, or takes the result. */
static __always_inline __u32 text_program(const volatile struct filtering *filtering)
{
	__u32 texts = filtering->texts, next = texts & -texts;

	if (!next)
		return CONTINUE_FILTER;
	if (is_path_argument(next))
		return CONTINUE_PATH;
	return next == OPERAND_BIT(TEXT_EXE) || next >= OPERAND_BIT(TEXT_FD_PATH) ? CONTINUE_WALK
										  : CONTINUE_MATCH;
}

/* The file that the next text is the path of. */
static __always_inline const volatile struct filter_file *
file_of_text(const volatile struct filter *filter, __u32 texts)
{
	__u32 text = texts & -texts;
	__u64 number = text == OPERAND_BIT(TEXT_PATH)       ? 0
		       : text == OPERAND_BIT(TEXT_PATH + 1) ? 1
		       : text == OPERAND_BIT(TEXT_FD_PATH)  ? 2
							    : 3;

	barrier_var(number);
	return &filter->files[number & (FILTER_FILES - 1)];
}

/* Returns an argument by its position from 1; 0 if there is none. */
static __always_inline __u64 argument_of(const volatile struct filtering *filtering, __u8 position)
{
	__u64 at = OPERAND_ARGUMENT - 1 + position;

	barrier_var(at);
	return position && at < OPERANDS ? filtering->operands[at] : 0;
}

/* The kind that the patterns of a text have. */
static __always_inline __u8 pattern_kind(__u32 text)
{
	if (text >= OPERAND_BIT(TEXT_FD_PATH))
		return TEXT_FD_PATH;
	if (text >= OPERAND_BIT(TEXT_PATH))
		return TEXT_PATH;
	return text == OPERAND_BIT(TEXT_COMM)          ? TEXT_COMM
	       : text == OPERAND_BIT(TEXT_PARENT_COMM) ? TEXT_PARENT_COMM
	       : text == OPERAND_BIT(TEXT_EXE)         ? TEXT_EXE
	       : text == OPERAND_BIT(TEXT_ARGUMENT)    ? TEXT_ARGUMENT
						       : TEXT_ARGUMENT + 1;
}

/* Counts a call as lost because a tail call failed. */
static __always_inline void count_lost_reroute(__u32 slot)
{
	struct counters *counters = stats_row(slot);

	if (counters)
		stats_count(counters, COUNTER_LOST_REROUTE);
}

static __always_inline __u8 *text_room(struct scratch *scratch)
{
	return scratch->captures + TEXT_AT;
}

/* Sets the length of the text from the result of its read: bytes with the NUL, or a negative
 * errno. */
static __always_inline void text_set_length(struct scratch *scratch, long got)
{
	volatile struct filtering *filtering = &scratch->filtering;

	filtering->text_state = got >= 0 ? TEXT_KNOWN : TEXT_UNKNOWN;
	filtering->text_at = TEXT_AT;
	filtering->length = got > 0 ? got - 1 : 0;
}

/* Takes a comm from the key, which is what the result will be stored for. */
static __always_inline void text_comm(struct scratch *scratch, const __u64 comm[COMM_SIZE / 8])
{
	text_set_length(scratch, bpf_probe_read_kernel_str(text_room(scratch), COMM_SIZE, comm));
}

static __always_inline void text_argument(struct scratch *scratch, __u8 position)
{
	__u64 at = OPERAND_ARGUMENT + position;

	barrier_var(at);
	if (at >= OPERANDS)
		return;
	const void *text = (const void *)scratch->filtering.operands[at];
	if (is_slot_of_probe(scratch->filtering.slot))
		text_set_length(scratch, probe_text_read(text_room(scratch), PATH_BYTES, text));
	else
		text_set_length(scratch,
				bpf_probe_read_user_str(text_room(scratch), PATH_BYTES, text));
}

/* Whether the text has the pattern's bytes from `start` on. */
static __always_inline bool text_has_pattern(struct scratch *scratch, __u64 start,
					     const volatile struct pattern *pattern)
{
	volatile struct filtering *filtering = &scratch->filtering;

	start += filtering->text_at;
	barrier_var(start);
	if (start > TEXT_END)
		return false;
	bpf_probe_read_kernel(scratch->filtering.window, PATTERN_BYTES, scratch->captures + start);
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

	if (filtering->text_state == TEXT_ABSENT)
		return;
	for (__u32 i = 0; i < PATTERNS_PER_FILTER; i++) {
		__u64 at = (filter->patterns + i) & (PATTERNS_PER_BANK - 1);

		if (i >= filter->pattern_count)
			break;
		const volatile struct pattern *pattern = &bank->patterns[at];
		if (pattern->kind != kind)
			continue;
		if (filtering->text_state == TEXT_KNOWN
			    ? text_matches(scratch, pattern) != pattern->is_negated
			    : pattern->holds_unknown)
			filtering->operands[OPERAND_PATTERNS] |= 1ULL << i;
	}
}

#endif
