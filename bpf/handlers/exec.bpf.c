// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/*
 * `exec`: records execve and execveat at entry, so also attempts that fail: the filename, the
 * arguments up to the route's budget, always their number and their length in all, and of the new
 * program's environment the variables that the route names; and as many ancestors of the calling
 * process as the route asks for.
 */
#include "handler.h"
#include "ancestors.h"
#include "argv.h"

enum {
	FILENAME,
	ARGV,
	ARGC,
	ARGV_BYTES,
	DIRFD,
	FLAGS,
	ENV,
	ANCESTORS,
	INTERPRETER
};
enum {
	EXECVE,
	EXECVEAT,
	EXECVEAT_FILE, /* of the descriptor itself, AT_EMPTY_PATH */
	EXECVEAT_ABSOLUTE, /* of a path that is not relative to the descriptor */
};

#define AT_EMPTY_PATH 0x1000

HANDLER(exec) = {
	.name = "exec",
	.summary = "execve, execveat: the program and its arguments",
	.syscalls = {"execve", "execveat"},
	.exact = 1,
	.fields =
		{
			[FILENAME] = {"filename", FIELD_TEXT, ROLE_PROGRAM},
			[ARGV] = {"argv", FIELD_TEXTS, ROLE_ARGV},
			[ARGC] = {"argc", FIELD_UNSIGNED, ROLE_ARGV_COUNT},
			[ARGV_BYTES] = {"argv_bytes", FIELD_UNSIGNED, ROLE_ARGV_BYTES},
			[DIRFD] = {"dirfd", FIELD_DIRFD, ROLE_NONE},
			[FLAGS] = {"flags", FIELD_AT_FLAGS, ROLE_NONE},
			[ENV] = {"env", FIELD_TEXTS, ROLE_ENV},
			[ANCESTORS] = {"ancestors", FIELD_PROCESSES, ROLE_ANCESTORS},
			[INTERPRETER] = {"interpreter", FIELD_TEXT, ROLE_INTERPRETER},
		},
	.messages =
		{
			[EXECVE] = "Executing a program: {filename} {argv}",
			[EXECVEAT] = "Executing a program: {filename} {argv}, in directory "
				     "{dirfd}, {flags}",
			[EXECVEAT_FILE] = "Executing a program: descriptor {dirfd} {argv}, "
					  "{flags}",
			[EXECVEAT_ABSOLUTE] = "Executing a program: {filename} {argv}, {flags}",
		},
};

/* Sets the message of execveat by its path, which is the first capture. */
static __always_inline void execveat_describe(struct scratch *scratch)
{
	const volatile struct scratch *captured = scratch;

	if (!captured->got && captured->event.args[4] & AT_EMPTY_PATH)
		scratch->event.message = EXECVEAT_FILE;
	else if (captured->captures[CAPTURE_SIZE] == '/')
		scratch->event.message = EXECVEAT_ABSOLUTE;
}

TABLE_PROGRAM(handle_exec)
{
	struct call call;
	struct scratch *scratch;

	if (!event_begin(ctx, &exec_handler, &call) || !(scratch = emit_begin(ctx, &call)))
		return 0;
	const volatile struct event *event = &scratch->event;

	/* execveat has a directory before the three arguments of execve, and flags behind them. The
	 * message's number is read back from memory, so that the verifier does not process all of
	 * the code below once for each of the two. */
	scratch->event.message = call.route->variant == EXECVEAT ? EXECVEAT : EXECVE;
	__u64 at = event->message & 1;
	emit_program(scratch, FILENAME, (const void *)event->args[at]);
	text_note_absolute(scratch, at);
	if (event->message == EXECVEAT) {
		execveat_describe(scratch);
		emit_number(scratch, DIRFD, event->args[0], CAPTURE_OK);
		emit_number(scratch, FLAGS, event->args[4], CAPTURE_OK);
	}
	scratch->pending.interpreter = INTERPRETER + 1;
	if (call.route->ancestors)
		emit_ancestors(scratch, ANCESTORS, call.route->ancestors);
	scratch->argv.field = ARGV;
	scratch->argv.count_field = ARGC;
	scratch->argv.bytes_field = ARGV_BYTES;
	scratch->argv.env_field = ENV;
	scratch->argv.env_bits = call.route->env;
	scratch->argv.environment = call.route->env ? event->args[at + 2] : 0;
	argv_begin(ctx, scratch, &call, event->args[at + 1]);
	return 0;
}
