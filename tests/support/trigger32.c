/*
 * Makes one syscall by the 32-bit ABI of ARM, for `trigger compat NUMBER [ARG...]` on aarch64,
 *where a 64-bit process cannot. Arguments are those of trigger.rs:
 *
 *	NUMBER			text:STRING		argv:N argv32:N		strings:A,B
 *strings32:A,B words:N,N		room:BYTES		compat-buffers:A,B
 */
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <unistd.h>

enum {
	VECTOR_MAX = 256,
};

static uint64_t number(const char *word)
{
	return *word == '-' ? -strtoull(word + 1, NULL, 0) : strtoull(word, NULL, 0);
}

/* Splits a copy of the text at its commas. */
static size_t split(const char *text, char *parts[VECTOR_MAX])
{
	char *rest = strdup(text);
	size_t count = 0;

	while (rest && count < VECTOR_MAX - 1)
		parts[count++] = strsep(&rest, ",");
	parts[count] = NULL;
	return count;
}

static void *strings(const char *text)
{
	char **vector = calloc(VECTOR_MAX, sizeof(*vector));

	split(text, vector);
	return vector;
}

static void *repeated(uint64_t count)
{
	char **vector = calloc(count + 1, sizeof(*vector));

	for (uint64_t i = 0; i < count; i++)
		vector[i] = "arg";
	return vector;
}

static void *words(const char *text)
{
	uint64_t *memory = calloc(VECTOR_MAX, sizeof(*memory));
	char *parts[VECTOR_MAX];
	size_t count = split(text, parts);

	for (size_t i = 0; i < count; i++)
		memory[i] = number(parts[i]);
	return memory;
}

static void *buffers(const char *text)
{
	uint32_t *memory = calloc(2 * VECTOR_MAX, sizeof(*memory));
	char *parts[VECTOR_MAX];
	size_t count = split(text, parts);

	for (size_t i = 0; i < count; i++) {
		memory[2 * i] = (uintptr_t)parts[i];
		memory[2 * i + 1] = strlen(parts[i]);
	}
	return memory;
}

/* The text behind this word and a colon, or NULL. */
static const char *after(const char *argument, const char *word)
{
	size_t length = strlen(word);

	return !strncmp(argument, word, length) && argument[length] == ':' ? argument + length + 1
									   : NULL;
}

static long value(const char *argument)
{
	const char *rest;

	if ((rest = after(argument, "text")))
		return (long)strdup(rest);
	if ((rest = after(argument, "argv")) || (rest = after(argument, "argv32")))
		return (long)repeated(number(rest));
	if ((rest = after(argument, "strings")) || (rest = after(argument, "strings32")))
		return (long)strings(rest);
	if ((rest = after(argument, "words")))
		return (long)words(rest);
	if ((rest = after(argument, "room")))
		return (long)calloc(1, number(rest));
	if ((rest = after(argument, "compat-buffers")))
		return (long)buffers(rest);
	if (strchr(argument, ':')) {
		fprintf(stderr, "trigger32: there is no %s\n", argument);
		exit(2);
	}
	return (long)number(argument);
}

int main(int argc, char *argv[])
{
	const char *name = getenv("TRIGGER_NAME");
	long args[7] = {};

	if (name)
		prctl(PR_SET_NAME, name);
	for (int i = 1; i < argc && i <= 7; i++)
		args[i - 1] = value(argv[i]);
	syscall(args[0], args[1], args[2], args[3], args[4], args[5], args[6]);
	return 0;
}
