/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
#ifndef TAILCALLD_COUNTERS_H
#define TAILCALLD_COUNTERS_H

#include "event.h"

/*
 * The statistics of the programs. This enum is the only list of their counters; the daemon iterates
 * over the one that the skeleton generates from it.
 *
 * For each slot, SEEN is the sum of all others but RESULTS_LOST, which counts events that are in
 * SUBMITTED or BLACKBOX as well. Counters belong to the slot, not to a generation, so a reload
 * never resets them.
 */
enum counter {
	COUNTER_SEEN, /* calls that reached the slot's handler, or its filter */
	COUNTER_SUBMITTED, /* events in the ring */
	COUNTER_EXCLUDED_SELF, /* made by the daemon */
	COUNTER_EXCLUDED_EXE, /* made by a program that the daemon's output makes busy: journald */
	COUNTER_EXCLUDED_UNIT, /* made in a cgroup that is excluded */
	COUNTER_FILTERED, /* no rule of the route matched */
	COUNTER_SAMPLED, /* dropped at random, by the rule's sample rate */
	COUNTER_KNOWN, /* what its subject has done before, as the daemon has told, see known.h */
	COUNTER_LIMITED, /* over the rate limit of the rule */
	COUNTER_LIMITED_UID, /* over the rate limit of each user */
	COUNTER_COUNTED, /* by a handler that only counts */
	COUNTER_BLACKBOX, /* events in a black box */
	/* Events that were lost, by reason: */
	COUNTER_LOST_RING_FULL, /* the daemon was slower than the producers */
	COUNTER_LOST_RING_BUSY, /* the ring had room but refused: NMI, or a contended lock */
	COUNTER_LOST_REROUTE, /* a tail call failed: a reload had replaced the program */
	COUNTER_LOST_SCRATCH, /* no per-CPU scratch memory; not expected, counted all the same */
	COUNTER_LOST_HANDLER, /* a handler of the chain ended without its last jump */
	COUNTER_LOST_HANDLER_FULL, /* a handler of the chain captured more than there is room for */
	COUNTER_LOST_BLACKBOX, /* no black box was free */
	COUNTER_RESULTS_LOST, /* events in the ring or in a box that get no result */
	COUNTERS,
};

/* State of the call that is being handled on this CPU, not counters. It is kept in memory for the
 * verifier, and in this row because every handler has looked the row up already. */
struct call_state {
	__u64 chosen; /* reference (route.h) to the rule that the filter chose; 0: none */
	__u64 route; /* reference to the route of the call */
	__u64 bucket; /* user to whom the call is charged; then the index of the bucket that it
		       * counts in; then whether that bucket has allowed the event. Of RING_ROW:
		       * events that the CPU may emit unasked, see ring_room.h */
	__u64 chained_ns; /* CLOCK_BOOTTIME of the call that is in a handler of its chain; 0: none.
			   * If that handler never finishes it stays, and the daemon and the next
			   * such call count the event as lost. */
};

enum counters_size {
	COUNTERS_WORDS = 24, /* of a row: three cache lines */
	/* Of one CPU: a row for each slot within a bank, one for each odd number, and some to end
	 * with a whole cache line. */
	ODD_ROWS = SLOTS,
	CURRENT_ROW = SLOTS + 6, /* has no counters: struct current_call */
	RING_ROW = SLOTS + 7, /* has no counters, only the grant */
	COUNTERS_ROWS = SLOTS + 8,
	RING_GRANTS = 32, /* all grants of all CPUs of a ring are this part of it */
};

/* Numbers that no table has. They are counted, never masked into range: COUNTER_SEEN of a row
 * behind those of the slots. */
enum odd_number {
	ODD_MINUS_ONE = 0, /* -1: a tracer cancelled the call, or the caller passed it */
	ODD_X32 = 1, /* bit 30: the x32 ABI */
	ODD_OUT_OF_RANGE = 2, /* any other number from 512 on */
	ODD_NUMBERS,
};
_Static_assert(ODD_ROWS + ODD_NUMBERS <= CURRENT_ROW && RING_ROW < COUNTERS_ROWS,
	       "rows of their own");

/* A row: the state and the most frequent counters share the first cache line. */
struct counters {
	struct call_state state;
	__u64 counts[COUNTERS]; /* by enum counter */
};
_Static_assert(sizeof(struct counters) == COUNTERS_WORDS * sizeof(__u64), "no gap");
_Static_assert(COUNTERS_ROWS * sizeof(struct counters) % 64 == 0, "CPUs share no cache line");

/* The operation of io_uring or the probe that is being handled on this CPU, in CURRENT_ROW. An
 * operation is that of a program if `subject` is the first word of its context, see context.h; a
 * probe, if the dispatchers of others have not cleared `probe` since. */
struct current_call {
	__u64 subject;
	__u64 slot;
	__u64 flags; /* enum call_flag */
	__u64 args[6]; /* in the order of the operation's signature */
	__u64 probe; /* the slot of the probe that is being handled; 0: the call is none */
	__u64 number; /* an address, for the verifier */
	__u64 call_slot; /* of the call that is being handled, whichever it is: kept in memory for
			  * the verifier */
	__u64 began_ns; /* its CLOCK_BOOTTIME, while run time is measured; see run_time.h */
	__u64 is_at_work; /* programs of the table that others may interrupt run; see context.h */
	__u64 awaits_return; /* the call waits for its return; see context_end */
};
_Static_assert(sizeof(struct current_call) <= sizeof(struct counters), "it fits into a row");

enum ledger_size {
	LEDGER_WORDS = 24, /* of a copy: three cache lines */
	LEDGER_COPIES = 2,
	LEDGER_ROWS = SLOTS + 1, /* the last is the state of the whole daemon */
};

/* A row of the daemon's ledger: two copies, of which the one with the higher number is valid. */
struct ledger_row {
	__u64 words[LEDGER_COPIES][LEDGER_WORDS];
};

#endif
