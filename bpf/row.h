/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
#ifndef TAILCALLD_ROW_H
#define TAILCALLD_ROW_H

#include "maps.h"

/* Returns this CPU's row, which no other CPU writes: a program cannot be entered twice on a CPU.
 * NULL for a row that does not exist. */
static __always_inline struct counters *stats_row(__u32 row)
{
	__u32 at = bpf_get_smp_processor_id() * COUNTERS_ROWS + row;

	return bpf_map_lookup_elem(&counters, &at);
}

#endif
