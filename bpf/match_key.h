/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
#ifndef TAILCALLD_MATCH_KEY_H
#define TAILCALLD_MATCH_KEY_H

#include "event.h"

/* The memory of match_cache.h: the value that the map `match_caches` has for each CPU. */

/* What decides whether a filter's patterns match the texts of a process. */
struct match_key {
	__u64 filter; /* generation in the upper half, its number in the lower */
	__u64 comm[COMM_SIZE / 8]; /* 0, as each other member, if the filter has no such pattern */
	__u64 parent_comm[COMM_SIZE / 8];
	__u64 exe; /* address of the executable's dentry */
	__u64 exe_print; /* fingerprint of the path that leads there */
};

struct match_entry {
	struct match_key key;
	__u64 bits; /* of the patterns that match */
};
_Static_assert(sizeof(struct match_entry) == 64, "an entry is a cache line");

enum {
	MATCH_ENTRIES_BITS = 7,
	MATCH_ENTRIES = 1 << MATCH_ENTRIES_BITS,
};

struct match_cache {
	struct match_entry entries[MATCH_ENTRIES];
	struct match_key key; /* of the call that is being filtered */
	__u64 exe_mount; /* address of the mount of its executable */
	__u64 is_cacheable; /* the key is complete, and all texts so far were read */
	__u64 number; /* an address, for the verifier: see address_number() */
};

#endif
