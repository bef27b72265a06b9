/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
#ifndef TAILCALLD_CONTINUED_H
#define TAILCALLD_CONTINUED_H

#include "maps.h"

/* The opening of programs that others tail-call. */

enum {
	/* Tail calls that follow one another: MAX_TAIL_CALL_CNT in include/linux/bpf.h is 33, of
	 * which some architectures allow 32 before Linux 5.16. */
	JUMPS_MAX = 32,
	JUMPS_TO_HANDLER = 2, /* from the dispatcher, or by way of one that a reload has replaced */
};

/* Returns this CPU's scratch memory. NULL, which does not happen, if it has none. */
static __always_inline struct scratch *scratch_of_cpu(void)
{
	__u32 zero = 0;

	return bpf_map_lookup_elem(&scratches, &zero);
}

/* Returns the scratch memory in which the programs before this one have worked, and counts the
 * jump. */
static __always_inline struct scratch *scratch_continued(void)
{
	struct scratch *scratch = scratch_of_cpu();

	if (scratch)
		scratch->jumps++;
	return scratch;
}

#endif
