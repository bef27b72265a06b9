/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
#ifndef TAILCALLD_ARGV_H
#define TAILCALLD_ARGV_H

#include "emit.h"
#include "env.h"

/*
 * The strings of a program that is executed: its arguments, read up to the route's budget, measured
 * and counted beyond it; and of its environment the number of strings, or those that are asked for.
 *
 * How many there are nobody knows beforehand, and the verifier goes through each round of a loop by
 * itself. So a handler leaves the walk to a program of its own (walk.bpf.c), which does a few
 * rounds and tail-calls itself for the next ones: the kernel allows 33 of these jumps in a row, and
 * the state of the walk stands in scratch memory, where the event is built.
 */

enum walk_stage {
	WALK_STRINGS = 0, /* arguments, one a round */
	WALK_REST = 1, /* arguments that are only counted, POINTERS of them a round */
	WALK_COUNT = 2, /* the same of the environment */
	WALK_ENV = 3, /* the environment, one string a round */
	WALK_ENV_TAKE = 4, /* those that are asked for, one a round */
	WALK_END = 5,
};

enum walk_size {
	WALK_POINTERS = 64, /* that are counted at once */
	WALK_ROUNDS = 16, /* a jump; 31 jumps are left when the walk begins */
	WALK_STRINGS_MAX = 256,
	WALK_ENV_MAX = 128,
	WALK_COUNT_MAX =
		4096, /* strings of a vector that are counted: 30 jumps in the worst case */
	NO_FIELD = 255,
};

/* The next string's address; 0 at the end of the vector or where it cannot be read. */
static __always_inline __u64 walk_next(volatile struct walk *walk)
{
	__u64 string = 0;
	__u64 width = walk->width;

	if (width > sizeof(string) || bpf_probe_read_user(&string, width, (const void *)walk->at)) {
		walk->unreadable = true;
		return 0;
	}
	walk->at += width;
	if (string)
		walk->count++;
	return string;
}

/* Begins with another vector. */
static __always_inline void walk_vector(volatile struct walk *walk, __u8 stage, __u64 vector,
					__u64 budget)
{
	walk->stage = stage;
	walk->at = vector;
	walk->budget = budget;
	walk->count = 0;
	walk->bytes = 0;
	walk->kept = 0;
	walk->open_end = false;
	walk->unreadable = false;
	walk->missing = false;
}

/* Keeps as much of one string as the budget allows, and measures it in any case. */
static __always_inline void walk_string(struct scratch *scratch)
{
	volatile struct walk *walk = &scratch->walk;
	volatile __s64 *length = &scratch->got;
	__u64 string = walk_next(walk);

	if (!string) {
		walk->stage = WALK_END;
		return;
	}
	if (walk->budget) {
		emit_text(scratch, walk->field, (const void *)string,
			  least(walk->budget, TEXT_MAX_BYTES));
		walk->kept++;
	} else {
		*length = text_length(scratch, (const void *)string);
	}
	if (*length < 0) {
		walk->missing = true;
		*length = 0;
	} else if (*length > TEXT_MAX_BYTES) {
		walk->open_end = true;
		*length = TEXT_MAX_BYTES;
	}
	walk->bytes += *length;
	walk->budget -= least(*length, walk->budget);
	if (walk->count >= WALK_STRINGS_MAX)
		walk->stage = WALK_REST;
}

/* Takes the next `number` pointers, and puts a 0 behind them. */
static __always_inline bool walk_take(const volatile struct walk *walk, __u8 *to, __u64 number)
{
	__u64 size = number * walk->width;

	barrier_var(size);
	if (size > WALK_POINTERS * sizeof(__u64))
		return false;
	*(__u64 *)(to + size) = 0;
	return !bpf_probe_read_user(to, size, (const void *)walk->at);
}

/* How many there are until the end of the vector or of the memory that is there, which comes in
 * whole pages. 0: there is none. */
static __always_inline __u64 walk_take_some(const volatile struct walk *walk, __u8 *to)
{
	__u64 in_page = (PAGE_BYTES - (walk->at & (PAGE_BYTES - 1))) / walk->width;

	if (walk_take(walk, to, WALK_POINTERS))
		return WALK_POINTERS;
	in_page += !in_page; /* one lies across its end */
	return walk_take(walk, to, in_page) ? in_page : 0;
}

/* Adds a pointer to the count of those before the first 0. Without a branch, of which the verifier
 * would go both ways in each round. */
static __always_inline void pointer_count(__u64 pointer, __u64 *is_before, __u64 *leading)
{
	__u64 negative = -pointer;

	barrier_var(negative);
	*is_before &= (pointer | negative) >> 63;
	*leading += *is_before;
	barrier_var(*leading); /* or clang keeps all 64 and adds them up at last */
}

/* Returns how many of WALK_POINTERS pointers come before the first 0. */
static __always_inline __u64 pointers_leading_64(const volatile __u64 *pointers)
{
	__u64 is_before = 1, leading = 0;

	_Pragma("unroll") for (__u32 i = 0; i < WALK_POINTERS; i++)
		pointer_count(pointers[i], &is_before, &leading);
	return leading;
}

static __always_inline __u64 pointers_leading_32(const volatile __u32 *pointers)
{
	__u64 is_before = 1, leading = 0;

	_Pragma("unroll") for (__u32 i = 0; i < WALK_POINTERS; i++)
		pointer_count(pointers[i], &is_before, &leading);
	return leading;
}

/* Counts, and measures nothing. */
static __always_inline void walk_count(struct scratch *scratch)
{
	volatile struct walk *walk = &scratch->walk;
	__u8 *room = capture_room(scratch);
	__u64 taken = 0, leading;

	if (room && walk->count < WALK_COUNT_MAX)
		taken = walk_take_some(walk, room);
	if (!taken) {
		walk->unreadable = true;
		walk->stage = WALK_END;
		return;
	}
	leading = walk->width == sizeof(__u64) ? pointers_leading_64((const volatile __u64 *)room)
					       : pointers_leading_32((const volatile __u32 *)room);
	walk->count += leading;
	walk->at += taken * walk->width;
	if (leading)
		walk->open_end = true;
	if (leading < taken)
		walk->stage = WALK_END;
}

/* Keeps in mind a string of the environment if it is asked for. */
static __always_inline void walk_env(struct scratch *scratch)
{
	volatile struct walk *walk = &scratch->walk;
	__u64 string = walk_next(walk);
	__u64 at = walk->kept;

	if (!string) {
		walk->stage = WALK_ENV_TAKE;
		return;
	}
	if (walk->count > WALK_ENV_MAX) {
		walk->open_end = true;
		walk->stage = WALK_ENV_TAKE;
		return;
	}
	if (bpf_probe_read_user_str(scratch->walk.prefix, sizeof(walk->prefix),
				    (const void *)string) < 0) {
		walk->unreadable = true;
		return;
	}
	env_compare(walk, bank_at(walk->live_bank)->env_names);
	if (!walk->found)
		return;
	barrier_var(at);
	if (at >= ENV_NAMES) {
		walk->open_end = true;
		return;
	}
	walk->wanted[at] = string;
	walk->kept = at + 1;
}

/* One of those that were found, as far as the budget allows. */
static __always_inline void walk_env_take(struct scratch *scratch)
{
	volatile struct walk *walk = &scratch->walk;
	__u64 at = walk->taken;

	barrier_var(at);
	if (at >= walk->kept || at >= ENV_NAMES) {
		walk->stage = WALK_END;
		return;
	}
	walk->taken = at + 1;
	if (!walk->budget) {
		walk->open_end = true;
		walk->stage = WALK_END;
		return;
	}
	capture_text(scratch, (struct capture_id){.field = walk->env_field},
		     (const void *)walk->wanted[at], walk->budget);
	walk->budget -= least(scratch->got < 0 ? 0 : scratch->got, walk->budget);
}

/* What came of the arguments. If some are missing, the new program is asked for them. */
static __always_inline void walk_arguments_end(struct scratch *scratch)
{
	const volatile struct walk *walk = &scratch->walk;
	__u8 cut = walk->unreadable ? CAPTURE_TRUNCATED : CAPTURE_OK;

	if (walk->missing || walk->unreadable)
		defer_reread(scratch, DEFERRED_AREA, walk->field, 0, 0);
	if (walk->bytes_field != NO_FIELD || walk->kept < walk->count)
		emit_number(scratch, walk->count_field, walk->count, cut);
	if (walk->open_end || walk->missing)
		cut = CAPTURE_TRUNCATED;
	if (walk->bytes_field != NO_FIELD)
		emit_number(scratch, walk->bytes_field, walk->bytes, cut);
}

/* Without bytes: says that there may be variables that are not here. */
static __always_inline void env_mark(struct scratch *scratch, __u8 status, __s32 error)
{
	__u8 *room = capture_room(scratch);

	if (!room)
		return;
	volatile struct capture *capture = capture_header(
		room, (struct capture_id){.field = scratch->walk.env_field}, CAPTURE_TEXT);

	capture->status = status;
	capture->error = error;
	capture->stored = 0;
	capture->length = 0;
	capture_end(scratch, room, capture);
}

static __always_inline void walk_env_end(struct scratch *scratch)
{
	const volatile struct walk *walk = &scratch->walk;
	const __s32 fault = 14; /* EFAULT */

	if (!walk->asked) {
		emit_number(scratch, walk->env_field, walk->count,
			    walk->unreadable ? CAPTURE_TRUNCATED : CAPTURE_OK);
		return;
	}
	if (walk->unreadable)
		env_mark(scratch, CAPTURE_UNREADABLE, fault);
	if (walk->open_end)
		env_mark(scratch, CAPTURE_TRUNCATED, 0);
}

/* A vector is at its end. True if the environment comes next. */
static __always_inline bool walk_goes_on(struct scratch *scratch)
{
	volatile struct walk *walk = &scratch->walk;
	__u64 next = walk->environment;

	if (walk->is_environment) {
		walk_env_end(scratch);
		return false;
	}
	walk_arguments_end(scratch);
	if (!next)
		return false;
	walk->is_environment = true;
	walk_vector(walk, walk->asked ? WALK_ENV : WALK_COUNT, next, ENV_MAX_BYTES);
	return true;
}

/* Leaves the rest of the event to the walk, which submits it. */
static __always_inline void walk_begin(void *ctx, struct scratch *scratch, const struct call *call,
				       __u64 arguments)
{
	volatile struct walk *walk = &scratch->walk;

	walk->width = is_compat(scratch) ? 4 : 8;
	walk->live_bank = call->bank;
	walk->route = route_reference(call->bank, call->row);
	walk->taken = 0;
	walk->is_environment = false;
	walk_vector(walk, arguments ? WALK_STRINGS : WALK_END, arguments, call->route->argv_bytes);
	bpf_tail_call(ctx, &continuations, CONTINUE_ARGV);
	stats_count(call->counters, COUNTER_LOST_REROUTE);
}

#endif
