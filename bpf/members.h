/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
#ifndef TAILCALLD_MEMBERS_H
#define TAILCALLD_MEMBERS_H

#include "descriptors.h"
#include "repeat.h"

/* Finds the descriptors in the memory of a call: in what was captured of it, so that they are those
 * that the event has. A round looks at one capture or one element; `members` and `result_members`
 * tail-call themselves for more. */

#define SOL_SOCKET 1
#define SCM_RIGHTS 1

enum {
	MEMBER_ROUNDS = 8, /* of a jump */
	MEMBER_JUMPS = 12, /* of a call */
	SET_WORD_BITS = 64,
};

/* Returns two captured words at a place. One that is out of range, which the search never reaches,
 * is replaced: a second way out would be a second state for the verifier. */
static __always_inline __u64 captured_two_words(const struct scratch *scratch, __u64 at)
{
	at &= ~3ULL;
	barrier_var(at);
	if (at > CAPTURES_MAX_BYTES + TEXT_MAX_BYTES)
		at = 0;
	return *(const volatile __u64 *)(scratch->captures + at);
}

static __always_inline __u32 captured_word(const struct scratch *scratch, __u64 at)
{
	return captured_two_words(scratch, at);
}

/* Returns the place of that number; NULL if there is none. */
static __always_inline const volatile struct descriptor_place *
place_at(const volatile struct descriptors_of_call *known, __u64 number)
{
	barrier_var(number);
	return number < DESCRIPTOR_PLACES ? &known->places[number] : NULL;
}

/* Goes on with the next place for the capture at hand, or the next capture. */
static __always_inline void members_leave(struct scratch *scratch,
					  const volatile struct descriptors_of_call *known)
{
	volatile struct member_search *search = &scratch->names.members;
	const volatile struct descriptor_place *next = place_at(known, search->place + 1);

	search->form = FORM_NONE;
	search->place++;
	if (next && next->form)
		return;
	search->place = 0;
	search->captures--;
	search->capture += CAPTURE_SIZE + ((captured_word(scratch, search->capture + 8) + 7) & ~7U);
}

/* Whether a capture is of that place, by the first bytes of its header: field, kind, status, part
 * and moment. One branch in all. */
static __always_inline bool is_of_place(const volatile struct descriptor_place *place,
					__u64 moments, __u64 header)
{
	__u64 wanted = place->field | CAPTURE_BYTES << 8 | (__u64)place->part << 24;
	__u64 is_due = (place->moments & moments) >> (header >> 32 & 7) & 1;

	return !(((header ^ wanted) & 0xff00ffff) | (is_due ^ 1));
}

/* Begins to look into the capture at hand, if descriptors are there. */
static __always_inline void members_enter(struct scratch *scratch,
					  const volatile struct descriptors_of_call *known,
					  __u64 moments)
{
	volatile struct member_search *search = &scratch->names.members;
	const volatile struct descriptor_place *place = place_at(known, search->place);
	__u64 at = search->capture;

	if (!place || !is_of_place(place, moments, captured_two_words(scratch, at))) {
		members_leave(scratch, known);
		return;
	}
	search->form = place->form;
	search->at = at + CAPTURE_SIZE;
	search->next = search->at;
	search->rights = 0;
	search->end = search->at + captured_word(scratch, at + 8);
	search->bits = 0;
	search->bit = -SET_WORD_BITS;
}

static __always_inline void member_found(struct scratch *scratch, __s32 fd)
{
	volatile struct member_search *search = &scratch->names.members;
	__u64 at = search->count;

	barrier_var(at);
	if (fd < 0 || at >= DESCRIPTOR_MEMBERS)
		return;
	search->fds[at] = fd;
	search->fields[at] = captured_word(scratch, search->capture);
	search->count = at + 1;
}

/* Looks at an element. */
static __always_inline void member_next(struct scratch *scratch,
					const volatile struct descriptors_of_call *known)
{
	volatile struct member_search *search = &scratch->names.members;
	const volatile struct descriptor_place *place = place_at(known, search->place);
	__u64 at = search->at;

	if (!place || at + place->offset + sizeof(__s32) > search->end) {
		members_leave(scratch, known);
		return;
	}
	if (!place->mask || captured_word(scratch, at + place->flags) & place->mask)
		member_found(scratch, captured_word(scratch, at + place->offset));
	search->at = place->size ? at + place->size : search->end;
}

/* Returns the number of bits that are set. */
static __always_inline __u64 bits_set(__u64 bits)
{
	bits -= bits >> 1 & 0x5555555555555555;
	bits = (bits & 0x3333333333333333) + (bits >> 2 & 0x3333333333333333);
	bits = (bits + (bits >> 4)) & 0x0f0f0f0f0f0f0f0f;
	return bits * 0x0101010101010101 >> 56;
}

/* Takes the lowest bit of the word at hand, or the next word. What is behind the end of the set is
 * zeros. */
static __always_inline void bit_next(struct scratch *scratch,
				     const volatile struct descriptors_of_call *known)
{
	volatile struct member_search *search = &scratch->names.members;
	__u64 bits = search->bits;

	if (bits) {
		member_found(scratch, search->bit + bits_set((bits & -bits) - 1));
		search->bits = bits & (bits - 1);
	} else if (search->at < search->end) {
		search->bits = captured_two_words(scratch, search->at);
		search->bit += SET_WORD_BITS;
		search->at += sizeof(__u64);
	} else {
		members_leave(scratch, known);
	}
}

/* Looks at the next header of control data, which begins with a length of `width` bytes: the
 * process chooses it. */
static __always_inline void
rights_enter(struct scratch *scratch, const volatile struct descriptors_of_call *known, __u32 width)
{
	volatile struct member_search *search = &scratch->names.members;
	__u64 at = search->next, end = search->end, header = width + 8, length;

	if (at + header > end) {
		members_leave(scratch, known);
		return;
	}
	length = captured_two_words(scratch, at);
	length = min_u64(width == 8 ? length : (__u32)length, TEXT_MAX_BYTES);
	search->at = at + header;
	search->rights = 0;
	if (captured_word(scratch, at + width) == SOL_SOCKET &&
	    captured_word(scratch, at + width + 4) == SCM_RIGHTS)
		search->rights = min_u64(at + length, end);
	if (length < header)
		length = header;
	search->next = at + ((length + width - 1) & ~(__u64)(width - 1));
}

/* Takes a descriptor out of control data, or looks at the next header. */
static __always_inline void
right_next(struct scratch *scratch, const volatile struct descriptors_of_call *known, __u32 width)
{
	volatile struct member_search *search = &scratch->names.members;
	__u64 at = search->at;

	if (at + sizeof(__s32) > search->rights) {
		rights_enter(scratch, known, width);
		return;
	}
	member_found(scratch, captured_word(scratch, at));
	search->at = at + sizeof(__s32);
}

static __always_inline bool members_are_done(const volatile struct member_search *search)
{
	return !search->captures || search->count == DESCRIPTOR_MEMBERS;
}

/* Returns false where nothing is left to look at. */
static __always_inline bool members_round(struct scratch *scratch,
					  const volatile struct descriptors_of_call *known,
					  __u64 moments, __u32 width)
{
	const volatile struct member_search *search = &scratch->names.members;

	if (members_are_done(search))
		return false;
	switch (search->form) {
	case FORM_NONE:
		members_enter(scratch, known, moments);
		break;
	case FORM_MEMBERS:
		member_next(scratch, known);
		break;
	case FORM_BITS:
		bit_next(scratch, known);
		break;
	case FORM_RIGHTS:
		right_next(scratch, known, width);
		break;
	}
	return true;
}

/* Looks at as much as one jump can, in the captures of some moments of a call of that slot. Returns
 * whether another jump is needed and allowed. */
static __always_inline bool members_continue(struct scratch *scratch, __u64 slot, __u64 moments)
{
	volatile struct member_search *search = &scratch->names.members;
	const volatile struct descriptors_of_call *known = descriptors_known(slot);
	__u32 width = slot / ABI_SLOTS == 1 ? 4 : 8;

	REPEAT(MEMBER_ROUNDS, members_round(scratch, known, moments, width));
	search->jumps++;
	return !members_are_done(search) && search->jumps < MEMBER_JUMPS;
}

#endif
