// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/*
 * `exec`: execve and execveat at entry: the attempt, whatever comes of it. It tells the filename,
 * the arguments up to the route's budget, and always how many there are and how long in all; and of
 * the new program's environment the variables that the route names.
 */
#include "handler.h"
#include "env.h"

enum {
	FILENAME,
	ARGV,
	ARGC,
	ARGV_BYTES,
	DIRFD,
	FLAGS,
	ENV
};
enum {
	EXECVE,
	EXECVEAT
};

/* Strings are read up to this many; a longer vector is counted up to POINTERS_MAX more. A round
 * costs the verifier (6.18) 900 and 13 of the million instructions that it looks at; from 2,048
 * pointers on it refuses the second loop as too many jumps in a row. */
#define STRINGS_MAX 128
#define POINTERS_MAX 1024

HANDLER(exec) = {
	.name = "exec",
	.summary = "execve, execveat: the program and its arguments",
	.syscalls = {"execve", "execveat"},
	.exact = 1,
	.fields =
		{
			[FILENAME] = {"filename", FIELD_TEXT},
			[ARGV] = {"argv", FIELD_TEXTS},
			[ARGC] = {"argc", FIELD_UNSIGNED},
			[ARGV_BYTES] = {"argv_bytes", FIELD_UNSIGNED},
			[DIRFD] = {"dirfd", FIELD_DIRFD},
			[FLAGS] = {"flags", FIELD_AT_FLAGS},
			[ENV] = {"env", FIELD_TEXTS},
		},
	.messages =
		{
			[EXECVE] = "Executing a program: {filename} {argv}",
			[EXECVEAT] = "Executing a program: {filename} {argv}, in directory "
				     "{dirfd}, {flags}",
		},
};

/* The next string's address; 0 at the end of the vector or where it cannot be read. */
static __always_inline __u64 argv_next(struct argv *argv)
{
	__u64 string = 0;
	__u64 width = argv->width;

	if (width > sizeof(string) || bpf_probe_read_user(&string, width, (const void *)argv->at)) {
		argv->unreadable = true;
		return 0;
	}
	argv->at += width;
	if (string)
		argv->count++;
	return string;
}

/* Keeps as much of one string as the budget allows, and measures it in any case. */
static __always_inline void argv_take(struct scratch *emit, const void *string)
{
	struct argv *argv = &emit->argv;
	__u64 budget = argv->budget;
	__u64 end = emit->end;
	long length =
		emit_text(emit, ARGV, string, budget < TEXT_MAX_BYTES ? budget : TEXT_MAX_BYTES);

	if (!budget) {
		emit->end = end; /* nothing kept: an empty piece would look like an empty string */
		emit->count--;
	}
	if (length < 0 || length > TEXT_MAX_BYTES) {
		argv->open_end = true;
		length = length < 0 ? 0 : TEXT_MAX_BYTES;
	}
	argv->bytes += length;
	argv->budget = (__u64)length < budget ? budget - length : 0;
}

static __always_inline void argv_walk(struct scratch *emit)
{
	struct argv *argv = &emit->argv;

	for (int i = 0; i < STRINGS_MAX; i++) {
		__u64 string = argv_next(argv);

		if (!string)
			return;
		argv_take(emit, (const void *)string);
	}
	for (int i = 0; i < POINTERS_MAX; i++) {
		if (!argv_next(argv))
			return;
		argv->open_end = true; /* counted, but not measured */
	}
	argv->unreadable = true;
}

static __always_inline void argv_begin(struct scratch *emit, const struct call *call, __u64 vector,
				       __u64 budget)
{
	struct argv *argv = &emit->argv;

	__builtin_memset(argv, 0, sizeof(*argv));
	argv->at = vector;
	argv->width = call->compat ? 4 : 8;
	argv->budget = budget;
}

static __always_inline void emit_argv(struct scratch *emit, const struct call *call, __u64 vector)
{
	struct argv *argv = &emit->argv;

	argv_begin(emit, call, vector, call->route->argv_bytes);
	if (vector)
		argv_walk(emit);
	emit_number(emit, ARGC, argv->count, argv->unreadable ? CAPTURE_TRUNCATED : CAPTURE_OK);
	emit_number(emit, ARGV_BYTES, argv->bytes,
		    argv->open_end || argv->unreadable ? CAPTURE_TRUNCATED : CAPTURE_OK);
}

/* Keeps a string of the environment if it is wanted, as far as the budget allows. */
static __always_inline void env_take(struct scratch *emit, const struct call *call,
				     const void *string)
{
	struct argv *argv = &emit->argv;
	__u64 budget = argv->budget;

	if (bpf_probe_read_user_str(argv->prefix, sizeof(argv->prefix), string) < 0) {
		argv->unreadable = true;
		return;
	}
	env_compare(argv, &env_names[(call->bank & 1) * ENV_NAMES], call->route->env);
	if (!argv->found)
		return;
	if (!budget || argv->kept >= ENV_NAMES) {
		argv->open_end = true;
		return;
	}
	long length = capture_text(emit, (struct subject){.field = ENV}, string, budget);

	argv->kept++;
	argv->budget = length >= 0 && (__u64)length < budget ? budget - length : 0;
}

static __always_inline void env_walk(struct scratch *emit, const struct call *call)
{
	struct argv *argv = &emit->argv;

	for (int i = 0; i < STRINGS_MAX; i++) {
		__u64 string = argv_next(argv);

		if (!string)
			return;
		env_take(emit, call, (const void *)string);
	}
	if (argv_next(argv))
		argv->open_end = true;
}

/* Without bytes: says that there may be variables that are not here. */
static __always_inline void env_mark(struct scratch *emit, __u8 status, __s32 error)
{
	__u8 *room = capture_room(emit);

	if (!room)
		return;
	volatile struct capture *capture =
		capture_header(room, (struct subject){.field = ENV}, CAPTURE_TEXT);

	capture->status = status;
	capture->error = error;
	capture->stored = 0;
	capture->length = 0;
	capture_end(emit, room, capture);
}

static __always_inline void emit_env(struct scratch *emit, const struct call *call, __u64 vector)
{
	const __s32 fault = 14; /* EFAULT */

	if (!call->route->env || !vector)
		return;
	argv_begin(emit, call, vector, ENV_MAX_BYTES);
	env_walk(emit, call);
	if (emit->argv.unreadable)
		env_mark(emit, CAPTURE_UNREADABLE, fault);
	if (emit->argv.open_end)
		env_mark(emit, CAPTURE_TRUNCATED, 0);
}

SEC("raw_tp")
int handle_exec(void *ctx)
{
	struct call call;
	struct scratch *emit;

	if (!call_begin(ctx, &exec_handler, &call) || !(emit = emit_begin(ctx, &call)))
		return 0;
	bool at = call.route->variant == EXECVEAT;
	const __u64 *args = emit->event.args;

	/* execveat puts a directory before the two that both have, and flags after the environment.
	 */
	emit->event.message = at ? EXECVEAT : EXECVE;
	emit_program(emit, FILENAME, (const void *)(at ? args[1] : args[0]));
	emit_argv(emit, &call, at ? args[2] : args[1]);
	if (at) {
		emit_number(emit, DIRFD, args[0], CAPTURE_OK);
		emit_number(emit, FLAGS, args[4], CAPTURE_OK);
	}
	emit_env(emit, &call, at ? args[3] : args[2]);
	emit_submit(emit, &call);
	return 0;
}
