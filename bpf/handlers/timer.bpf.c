// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/* `timer`: records the POSIX timer syscalls, several slots of one handler: the clock, the timer's
 * number, the times and the kind of notification. Old values that the kernel writes back are not
 * known at entry and are not recorded. */
#include "handler.h"

enum {
	CLOCK,
	TIMER,
	FLAGS,
	TIMES,
	NOTIFY
};
enum {
	CREATE,
	SETTIME,
	SETTIME64,
	GETTIME,
	GETTIME64,
	GETOVERRUN,
	DELETE
};
enum {
	MESSAGE_CREATE,
	MESSAGE_CREATE_DEFAULT,
	MESSAGE_DELETE,
	MESSAGE_SETTIME,
	MESSAGE_OTHER
};

/* The bytes of a struct sigevent with content: value, signal, kind, and for SIGEV_THREAD_ID the
 * thread. The rest of its 64 bytes is padding. */
enum {
	SIGEVENT_BYTES = 20,
	SIGEVENT_BYTES_32 = 16,
	TIMES_BYTES = 32,
	TIMES_BYTES_32 = 16
};

HANDLER(timer) = {
	.name = "timer",
	.summary = "POSIX timers: clock, number, times, notification",
	.syscalls = {"timer_create", "timer_settime", "timer_settime64", "timer_gettime",
		     "timer_gettime64", "timer_getoverrun", "timer_delete"},
	.fields =
		{
			[CLOCK] = {"clock", FIELD_CLOCK, ROLE_NONE},
			[TIMER] = {"timer", FIELD_SIGNED, ROLE_NONE},
			[FLAGS] = {"flags", FIELD_TIMER_FLAGS, ROLE_NONE},
			[TIMES] = {"times", FIELD_TIMES, ROLE_NONE},
			[NOTIFY] = {"notify", FIELD_SIGEVENT, ROLE_NONE},
		},
	.messages =
		{
			[MESSAGE_CREATE] = "Creating a timer on {clock}, notifying with {notify}",
			[MESSAGE_CREATE_DEFAULT] =
				"Creating a timer on {clock}, notifying with SIGALRM",
			[MESSAGE_DELETE] = "Deleting a timer: number {timer}",
			[MESSAGE_SETTIME] =
				"Some other timer operation: {syscall} of timer {timer}, {times}",
			[MESSAGE_OTHER] = "Some other timer operation: {syscall} of timer {timer}",
		},
};

static __always_inline __u8 timer_message(__u8 variant, bool has_sigevent)
{
	switch (variant) {
	case CREATE:
		return has_sigevent ? MESSAGE_CREATE : MESSAGE_CREATE_DEFAULT;
	case DELETE:
		return MESSAGE_DELETE;
	case SETTIME:
	case SETTIME64:
		return MESSAGE_SETTIME;
	default:
		return MESSAGE_OTHER;
	}
}

static __always_inline void timer_create(struct scratch *scratch, bool compat, const __u64 *args)
{
	const void *sigevent = (const void *)args[1];

	emit_number(scratch, CLOCK, args[0], CAPTURE_OK);
	if (sigevent && compat)
		emit_bytes(scratch, NOTIFY, sigevent, SIGEVENT_BYTES_32);
	else if (sigevent)
		emit_bytes(scratch, NOTIFY, sigevent, SIGEVENT_BYTES);
}

/* timer_settime of the 32-bit ABI has times of 32 bits; its timer_settime64 has not. */
static __always_inline void timer_settime(struct scratch *scratch, bool narrow, const __u64 *args)
{
	const void *times = (const void *)args[2];

	emit_number(scratch, TIMER, args[0], CAPTURE_OK);
	emit_number(scratch, FLAGS, args[1], CAPTURE_OK);
	if (narrow)
		emit_bytes(scratch, TIMES, times, TIMES_BYTES_32);
	else
		emit_bytes(scratch, TIMES, times, TIMES_BYTES);
}

TABLE_PROGRAM(handle_timer)
{
	struct call call;
	struct scratch *scratch;

	if (!event_begin(ctx, &timer_handler, &call) || !(scratch = emit_begin(ctx, &call)))
		return 0;
	const __u64 *args = scratch->event.args;
	__u8 variant = call.route->variant;

	scratch->event.message = timer_message(variant, args[1] != 0);
	if (variant == CREATE)
		timer_create(scratch, call.compat, args);
	else if (variant == SETTIME || variant == SETTIME64)
		timer_settime(scratch, call.compat && variant == SETTIME, args);
	else
		emit_number(scratch, TIMER, args[0], CAPTURE_OK);
	emit_finish(ctx, scratch, &call);
	return 0;
}
