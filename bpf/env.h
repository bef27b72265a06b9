/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
#ifndef TAILCALLD_ENV_H
#define TAILCALLD_ENV_H

#include "maps.h"

/*
 * Compares a string of an environment with the names of the variables that a route asks for: by
 * words and without branches, which would multiply the paths that the verifier follows. The result
 * of a group of names is in memory for the same reason.
 */

#define ENV_GROUP 4

static __always_inline __u32 env_is_named(const volatile struct env_name *name, const __u64 *prefix)
{
	__u64 differing = 0;

	for (int i = 0; i < ENV_NAME_WORDS; i++)
		differing |= (prefix[i] ^ name->bytes[i]) & name->mask[i];
	__u64 negative = -differing;

	barrier_var(negative); /* or clang sees through it and branches */
	return (differing | negative) >> 63 ^ 1;
}

static __always_inline void env_compare(volatile struct argv_copy *copy,
					const volatile struct env_name *names)
{
	copy->matched = 0;
	for (int group = 0; group < ENV_NAMES; group += ENV_GROUP) {
		__u32 found = 0;

		if (!(copy->env_bits >> group & ((1 << ENV_GROUP) - 1)))
			continue;
		for (int i = group; i < group + ENV_GROUP; i++)
			found |= env_is_named(&names[i], (const __u64 *)copy->prefix) << i;
		copy->matched |= found & copy->env_bits;
	}
}

#endif
