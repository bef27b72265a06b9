/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
#ifndef TAILCALLD_STATS_H
#define TAILCALLD_STATS_H

#include "row.h"
#include "run_time.h"

/* Counts in this CPU's row. A call ends with the count of its outcome: nothing else that takes time
 * may follow. */
static __always_inline void stats_count(struct counters *row, enum counter counter)
{
	row->counts[counter]++;
	if (counter != COUNTER_SEEN && counter != COUNTER_RESULTS_LOST)
		run_time_end();
}

#endif
