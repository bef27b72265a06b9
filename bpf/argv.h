/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
#ifndef TAILCALLD_ARGV_H
#define TAILCALLD_ARGV_H

#include "emit.h"
#include "env.h"

/*
 * Copies the strings of a program that a call executes. The arguments are copied up to the route's
 * budget, and beyond it only measured and counted. Of the environment, the variables that the route
 * names are copied, or the strings are only counted.
 *
 * Their number is not known beforehand, and the verifier processes each round of a loop separately.
 * So a handler leaves the copying to a program of its own (argv.bpf.c), which executes a few rounds
 * and tail-calls itself for the next ones. The kernel allows 33 such jumps in a row; the state of
 * the copying is in scratch memory, where the event is built.
 */

enum argv_stage {
	STAGE_COPY_ARGV = 0, /* copies or measures one argument a round */
	STAGE_COUNT_ARGV = 1, /* counts POINTERS_PER_ROUND arguments a round */
	STAGE_COUNT_ENV = 2, /* counts POINTERS_PER_ROUND strings of the environment a round */
	STAGE_FIND_ENV = 3, /* selects the variables that the route names, one string a round */
	STAGE_COPY_ENV = 4, /* copies one selected variable a round */
	STAGE_END = 5,
};

enum argv_size {
	POINTERS_PER_ROUND = 64, /* that a round counts */
	ROUNDS_PER_JUMP = 16, /* 31 jumps are left when the copying begins */
	ARGV_STRINGS_MAX = 256,
	ENV_STRINGS_MAX = 128,
	POINTERS_MAX = 4096, /* of a vector that are counted: 30 jumps in the worst case */
	NO_FIELD = 255,
};

/* Returns the address of the next string; 0 at the end of the vector or where the vector cannot be
 * read. */
static __always_inline __u64 argv_next_string(volatile struct argv_copy *copy)
{
	__u64 string = 0;
	__u64 width = copy->width;

	if (width > sizeof(string) || bpf_probe_read_user(&string, width, (const void *)copy->at)) {
		copy->unreadable = true;
		return 0;
	}
	copy->at += width;
	if (string)
		copy->count++;
	return string;
}

/* Begins with a vector: argv or the environment. */
static __always_inline void argv_begin_vector(volatile struct argv_copy *copy, __u8 stage,
					      __u64 vector, __u64 budget)
{
	copy->stage = stage;
	copy->at = vector;
	copy->budget = budget;
	copy->count = 0;
	copy->bytes = 0;
	copy->kept = 0;
	copy->is_partial = false;
	copy->unreadable = false;
	copy->is_uncounted = false;
	copy->string_unreadable = false;
}

/* Copies as much of one argument as the budget allows, and measures it in any case. */
static __always_inline void argv_copy_string(struct scratch *scratch)
{
	volatile struct argv_copy *copy = &scratch->argv;
	volatile __s64 *length = &scratch->got;
	__u64 string = argv_next_string(copy);

	if (!string) {
		copy->stage = STAGE_END;
		return;
	}
	if (copy->budget) {
		emit_text(scratch, copy->field, (const void *)string,
			  min_u64(copy->budget, TEXT_MAX_BYTES));
		copy->kept++;
	} else {
		*length = text_length(scratch, (const void *)string);
	}
	if (*length < 0) {
		copy->string_unreadable = true;
		*length = 0;
	} else if (*length > TEXT_MAX_BYTES) {
		copy->is_partial = true;
		*length = TEXT_MAX_BYTES;
	}
	copy->bytes += *length;
	copy->budget -= min_u64(*length, copy->budget);
	if (copy->count >= ARGV_STRINGS_MAX)
		copy->stage = STAGE_COUNT_ARGV;
}

/* Reads the next `number` pointers, and puts a 0 behind them. */
static __always_inline bool pointers_read(const volatile struct argv_copy *copy, __u8 *to,
					  __u64 number)
{
	__u64 size = number * copy->width;

	barrier_var(size);
	if (size > POINTERS_PER_ROUND * sizeof(__u64))
		return false;
	*(__u64 *)(to + size) = 0;
	return !bpf_probe_read_user(to, size, (const void *)copy->at);
}

/* Reads as many of the next pointers as are readable, at most POINTERS_PER_ROUND: the page after
 * the vector may not be mapped. Returns how many; 0 if the vector is unreadable here. */
static __always_inline __u64 pointers_read_available(const volatile struct argv_copy *copy,
						     __u8 *to)
{
	__u64 in_page = (PAGE_BYTES - (copy->at & (PAGE_BYTES - 1))) / copy->width;

	if (pointers_read(copy, to, POINTERS_PER_ROUND))
		return POINTERS_PER_ROUND;
	in_page += !in_page; /* one pointer lies across its end */
	return pointers_read(copy, to, in_page) ? in_page : 0;
}

/* Adds one to `leading` if no pointer so far was 0. Without a branch, whose two ways the verifier
 * would follow in each round. */
static __always_inline void pointer_add(__u64 pointer, __u64 *is_before, __u64 *leading)
{
	__u64 negative = -pointer;

	barrier_var(negative);
	*is_before &= (pointer | negative) >> 63;
	*leading += *is_before;
	barrier_var(*leading); /* or clang keeps all 64 in registers and adds them at the end */
}

/* Returns how many of POINTERS_PER_ROUND pointers precede the first 0. */
static __always_inline __u64 pointers_count_64(const volatile __u64 *pointers)
{
	__u64 is_before = 1, leading = 0;

	_Pragma("unroll") for (__u32 i = 0; i < POINTERS_PER_ROUND; i++)
		pointer_add(pointers[i], &is_before, &leading);
	return leading;
}

static __always_inline __u64 pointers_count_32(const volatile __u32 *pointers)
{
	__u64 is_before = 1, leading = 0;

	_Pragma("unroll") for (__u32 i = 0; i < POINTERS_PER_ROUND; i++)
		pointer_add(pointers[i], &is_before, &leading);
	return leading;
}

/* Counts the next strings and does not measure them. */
static __always_inline void argv_count_strings(struct scratch *scratch)
{
	volatile struct argv_copy *copy = &scratch->argv;
	__u8 *room = capture_room(scratch);
	__u64 taken = 0, leading;

	if (copy->count >= POINTERS_MAX) {
		copy->is_uncounted = true;
		copy->stage = STAGE_END;
		return;
	}
	if (room)
		taken = pointers_read_available(copy, room);
	if (!taken) {
		copy->unreadable = true;
		copy->stage = STAGE_END;
		return;
	}
	leading = copy->width == sizeof(__u64) ? pointers_count_64((const volatile __u64 *)room)
					       : pointers_count_32((const volatile __u32 *)room);
	copy->count += leading;
	copy->at += taken * copy->width;
	if (leading)
		copy->is_partial = true;
	if (leading < taken)
		copy->stage = STAGE_END;
}

/* Selects the next string of the environment if the route names its variable. */
static __always_inline void env_find_string(struct scratch *scratch)
{
	volatile struct argv_copy *copy = &scratch->argv;
	__u64 string = argv_next_string(copy);
	__u64 at = copy->kept;

	if (!string) {
		copy->stage = STAGE_COPY_ENV;
		return;
	}
	if (copy->count > ENV_STRINGS_MAX) {
		copy->is_partial = true;
		copy->stage = STAGE_COPY_ENV;
		return;
	}
	if (bpf_probe_read_user_str(scratch->argv.prefix, sizeof(copy->prefix),
				    (const void *)string) < 0) {
		copy->unreadable = true;
		return;
	}
	env_compare(copy, bank_at(copy->live_bank)->env_names);
	if (!copy->matched)
		return;
	barrier_var(at);
	if (at >= ENV_NAMES) {
		copy->is_partial = true;
		return;
	}
	copy->selected[at] = string;
	copy->kept = at + 1;
}

/* Copies the next selected string, as far as the budget allows. */
static __always_inline void env_copy_string(struct scratch *scratch)
{
	volatile struct argv_copy *copy = &scratch->argv;
	__u64 at = copy->copied;

	barrier_var(at);
	if (at >= copy->kept || at >= ENV_NAMES) {
		copy->stage = STAGE_END;
		return;
	}
	copy->copied = at + 1;
	if (!copy->budget) {
		copy->is_partial = true;
		copy->stage = STAGE_END;
		return;
	}
	capture_text(scratch, (struct capture_id){.field = copy->env_field},
		     (const void *)copy->selected[at], copy->budget);
	copy->budget -= min_u64(scratch->got < 0 ? 0 : scratch->got, copy->budget);
}

/* Emits a capture without bytes: it marks that the event may lack strings of the vector. */
static __always_inline void vector_mark_incomplete(struct scratch *scratch, __u8 field, __u8 kind,
						   __u8 status, __s32 error)
{
	__u8 *room = capture_room(scratch);

	if (!room)
		return;
	volatile struct capture *capture =
		capture_header(room, (struct capture_id){.field = field}, kind);

	capture->status = status;
	capture->error = error;
	capture->stored = 0;
	capture->length = 0;
	capture_end(scratch, room, capture);
}

/* Emits the number and the length of the arguments. If some could not be read, they are read at the
 * return, from the memory of the new program. */
static __always_inline void argv_finish(struct scratch *scratch)
{
	const volatile struct argv_copy *copy = &scratch->argv;
	const __s32 fault = 14; /* EFAULT */
	__u8 cut = copy->unreadable || copy->is_uncounted ? CAPTURE_TRUNCATED : CAPTURE_OK;

	if (copy->unreadable)
		vector_mark_incomplete(scratch, copy->field, CAPTURE_BYTES, CAPTURE_UNREADABLE,
				       fault);
	if (copy->string_unreadable || copy->unreadable)
		defer_reread(scratch, DEFERRED_AREA, copy->field, 0, copy->argv_bytes);
	if (copy->bytes_field != NO_FIELD || copy->kept < copy->count || cut)
		emit_number(scratch, copy->count_field, copy->count, cut);
	if (copy->is_partial || copy->string_unreadable)
		cut = CAPTURE_TRUNCATED;
	if (copy->bytes_field != NO_FIELD)
		emit_number(scratch, copy->bytes_field, copy->bytes, cut);
}

static __always_inline void env_finish(struct scratch *scratch)
{
	const volatile struct argv_copy *copy = &scratch->argv;
	const __s32 fault = 14; /* EFAULT */

	if (!copy->env_bits) {
		emit_number(scratch, copy->env_field, copy->count,
			    copy->unreadable || copy->is_uncounted ? CAPTURE_TRUNCATED
								   : CAPTURE_OK);
		return;
	}
	if (copy->unreadable)
		vector_mark_incomplete(scratch, copy->env_field, CAPTURE_TEXT, CAPTURE_UNREADABLE,
				       fault);
	if (copy->is_partial || copy->is_uncounted)
		vector_mark_incomplete(scratch, copy->env_field, CAPTURE_TEXT, CAPTURE_TRUNCATED,
				       0);
}

/* Finishes a vector, and begins with the environment if argv was finished. Returns false if nothing
 * is left to copy. */
static __always_inline bool argv_next_vector(struct scratch *scratch)
{
	volatile struct argv_copy *copy = &scratch->argv;
	__u64 next = copy->environment;

	if (copy->in_environment) {
		env_finish(scratch);
		return false;
	}
	argv_finish(scratch);
	if (!next)
		return false;
	copy->in_environment = true;
	argv_begin_vector(copy, copy->env_bits ? STAGE_FIND_ENV : STAGE_COUNT_ENV, next,
			  ENV_MAX_BYTES);
	return true;
}

/* Leaves the rest of the event to `argv_copy`, which submits it. Returns only if the jump fails. */
static __always_inline void argv_begin(void *ctx, struct scratch *scratch, const struct call *call,
				       __u64 arguments)
{
	volatile struct argv_copy *copy = &scratch->argv;

	copy->width = is_compat(scratch) ? 4 : 8;
	copy->live_bank = call->bank;
	copy->route = route_reference(call->bank, call->row);
	copy->copied = 0;
	copy->in_environment = false;
	copy->argv_bytes = call->route->argv_bytes;
	argv_begin_vector(copy, arguments ? STAGE_COPY_ARGV : STAGE_END, arguments,
			  call->route->argv_bytes);
	bpf_tail_call(ctx, &continuations, CONTINUE_ARGV);
	stats_count(call->counters, COUNTER_LOST_REROUTE);
}

#endif
