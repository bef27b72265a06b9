/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
#ifndef TAILCALLD_ROUTE_H
#define TAILCALLD_ROUTE_H

#include "args.h"
#include "books.h"
#include "task.h"

/* What a handler knows about the call once its prologue let it through. */
struct call {
	__u32 slot;
	bool compat;
	__u32 bank; /* which: 0 or 1 */
	const volatile struct route *route;
	struct counters *books;
	const struct mm_struct *mm; /* of the current task */
	__u64 exe_inode;
};

static __always_inline bool call_is_of_excluded_file(const struct call *call)
{
	for (int i = 0; i < EXCLUDED_FILES; i++) {
		__u64 excluded = excluded_files[i].inode;

		if (!excluded)
			return false;
		if (excluded == call->exe_inode &&
		    excluded_files[i].device == mm_exe_device(call->mm))
			return true;
	}
	return false;
}

/* Our own calls, and those that our output causes: recording them would cause more of them. */
static __always_inline bool call_is_excluded(const struct call *call)
{
	if (task_ids() >> 32 == self_tgid) {
		call->books->excluded_self++;
		return true;
	}
	if (call_is_of_excluded_file(call)) {
		call->books->excluded_sink++;
		return true;
	}
	return false;
}

/*
 * The prologue of every handler: true if the call is this handler's to record.
 *
 * The dispatcher read `bank` a moment ago; a flip may have come in between. Only what the bank
 * that is live now says counts, so that each call is judged by exactly one generation: if its slot
 * belongs to another handler there, that one runs instead; if to none, the call was never routed.
 */
static __always_inline bool call_begin(void *ctx, const volatile struct handler *self,
				       struct call *call)
{
	call->compat = task_in_compat_syscall();
	call->slot = call_slot(call_number(ctx), call->compat);

	__u64 at = (__u32)(bank + call->slot);
	call->books = books_row(call->slot);
	barrier_var(
		at); /* or clang compares one copy and uses another, which the verifier refuses */
	if (at >= TABLE_SLOTS || !call->books)
		return false; /* not reached: the dispatcher has checked the number */
	call->bank = at / BANK_SLOTS;
	call->route = &routes[at];

	if (call->route->handler != self->id) {
		bpf_tail_call(ctx, &syscalls, at);
		if (call->route->handler) {
			call->books->seen++;
			call->books->lost[LOST_REROUTE]++;
		}
		return false;
	}
	call->books->seen++;
	call->mm = task_mm();
	call->exe_inode = mm_exe_inode(call->mm);
	return !call_is_excluded(call);
}

#endif
