/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
#ifndef TAILCALLD_KNOWN_H
#define TAILCALLD_KNOWN_H

#include "hash.h"
#include "route.h"

/*
 * Calls of rules that record first times, of which the daemon has told the first and would only
 * count the others: they are counted here. Each is one word that has all of its key in full, never
 * a hash alone, so that no other call is taken for it, and no program reads half of an entry. The
 * daemon may overwrite an entry with another: then calls of the first become events again.
 *
 * The words of a bank mean nothing to another table: the daemon clears them before it fills the
 * bank. Within a table, slot and rule say which rule it is. The id of a cgroup is the number of its
 * kernfs node, which counts up and is not given twice (fs/kernfs/dir.c, 5.5); one that has no room
 * is not known.
 */

_Static_assert(1ULL << (64 - KNOWN_SHIFT) == KNOWN_CALLS, "the hash is an index");
_Static_assert(ABI_SLOTS <= 1 << (KNOWN_SET_SHIFT - KNOWN_SLOT_SHIFT), "a slot has its bits");
_Static_assert(KNOWN_SLOT_SHIFT - KNOWN_RULE_SHIFT == 8, "a rule has its bits");

/* Returns whether the bank has the word. */
static __always_inline bool known_has(__u64 bank, __u64 word)
{
	__u64 at = hash_u64(word) >> KNOWN_SHIFT;

	for (__u32 i = 0; i < KNOWN_PROBES; i++) {
		__u64 place = ((at + i) & (KNOWN_CALLS - 1)) | bank * KNOWN_CALLS;

		barrier_var(place);
		__u64 known = known_calls[place & (BANKS * KNOWN_CALLS - 1)];
		if (known == word)
			return true;
		if (!known)
			return false;
	}
	return false;
}

/* Whether a rule that records first times knows the call. Calls of the machine's own ABI only:
 * others may have further parts in their keys. */
static __always_inline bool call_is_known(const struct call *call)
{
	__u32 by = call->route->known_by;

	if (!by || call->slot >= ABI_SLOTS)
		return false;
	__u64 subject = by == KNOWN_BY_UNIT ? call->cgroup : (__u32)task_user(call->cred);
	if (subject >> KNOWN_RULE_SHIFT)
		return false;
	return known_has(call->bank,
			 1ULL << KNOWN_SET_SHIFT | (__u64)call->slot << KNOWN_SLOT_SHIFT |
				 (__u64)call->route->rule << KNOWN_RULE_SHIFT | subject);
}

#endif
