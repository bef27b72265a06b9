/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
#ifndef TAILCALLD_REPEAT_H
#define TAILCALLD_REPEAT_H

#include "kernel.h"
#include <bpf/bpf_core_read.h>
#include <bpf/bpf_helpers.h>

/*
 * Loops whose state is in memory. The verifier follows each round of a loop that counts, which
 * makes up most of the time that it takes for a program. Of a loop over an iterator of the kernel
 * (bpf_iter_num_next, 6.4) it follows rounds only until one meets nothing new, mostly two. A round
 * costs the call of that function.
 */

/* Whether loops are over iterators. The type came with 6.11; earlier, the verifier finds something
 * new in each round of some loops. */
#define HAS_ITERATORS bpf_core_type_exists(struct bpf_iter_bits)

/* Repeats a step until it returns false, `rounds` times at most. */
#define REPEAT(rounds, step)                                                                       \
	do {                                                                                       \
		struct bpf_iter_num iterator;                                                      \
                                                                                                   \
		if (HAS_ITERATORS)                                                                 \
			bpf_iter_num_new(&iterator, 0, rounds);                                    \
		for (__u32 round = 0; round < (rounds); round += !HAS_ITERATORS) {                 \
			if (HAS_ITERATORS && !bpf_iter_num_next(&iterator))                        \
				break;                                                             \
			if (!(step))                                                               \
				break;                                                             \
		}                                                                                  \
		if (HAS_ITERATORS)                                                                 \
			bpf_iter_num_destroy(&iterator);                                           \
	} while (0)

#endif
