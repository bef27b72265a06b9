/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
#ifndef TAILCALLD_BOOKS_H
#define TAILCALLD_BOOKS_H

#include "maps.h"

/* A row of this CPU: nobody else writes it, because a program cannot be entered twice on a CPU.
 * NULL for a row that does not exist. */
static __always_inline struct counters *books_row(__u32 row)
{
	__u32 at = bpf_get_smp_processor_id() * BOOK_ROWS + row;

	return bpf_map_lookup_elem(&books, &at);
}

#endif
