/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
#ifndef TAILCALLD_HASH_H
#define TAILCALLD_HASH_H

#include "settings.h"

/* Multiplicative hashing (Knuth). Neighbouring keys get distant hashes; the highest bits are the
 * best. */
static __always_inline __u64 hash_u64(__u64 key)
{
	return key * ((__u64)HASH_FACTOR_HIGH << 32 | HASH_FACTOR_LOW);
}

/* Index at which the search for an excluded cgroup begins. */
static __always_inline __u64 excluded_cgroup_hash(__u64 id)
{
	_Static_assert(EXCLUDED_CGROUPS == 256, "the hash is an index");
	return hash_u64(id) >> 56;
}

#endif
