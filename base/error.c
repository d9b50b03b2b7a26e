/* error.c - filling in the error value, on one line and whole characters only. */
#include "base/error.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>

/* Cut back to whole UTF-8 characters what vsnprintf may have cut in the middle of one. */
static void cut_to_character(char *text)
{
	size_t length = strlen(text), lead = length;

	while (lead && ((unsigned char)text[lead - 1] & 0xc0) == 0x80)
		lead--;
	if (!lead || (unsigned char)text[lead - 1] < 0xc0)
		return;
	unsigned char first = (unsigned char)text[lead - 1];
	size_t wanted = first >= 0xf0 ? 4 : first >= 0xe0 ? 3 : 2;
	if (length - (lead - 1) < wanted)
		text[lead - 1] = '\0';
}

/* Line breaks and other control characters become blanks, since the text is shown on one line. */
static void one_line(char *text)
{
	size_t length = strlen(text);

	while (length && (unsigned char)text[length - 1] <= ' ')
		text[--length] = '\0';
	for (unsigned char *c = (unsigned char *)text; *c; c++)
		if (*c < ' ' || *c == 0x7f)
			*c = ' ';
}

/* The arguments may point into the target itself, so the text is made elsewhere first. */
static void write_text(char *target, size_t size, const char *format, va_list arguments)
{
	char made[sizeof(((struct error *)0)->text)];

	if (size > sizeof(made))
		size = sizeof(made);
	int length = vsnprintf(made, size, format, arguments);
	if (length < 0)
		made[0] = '\0';
	else if ((size_t)length >= size)
		cut_to_character(made);
	one_line(made);
	memcpy(target, made, strlen(made) + 1);
}

static _Thread_local size_t failures;

size_t memory_failures(void)
{
	return failures;
}

void count_memory_failure(void)
{
	failures++;
}

int fail(struct error *err, enum code code, const char *format, ...)
{
	va_list arguments;

	if (code == ERR_NO_MEMORY)
		count_memory_failure();
	if (!err)
		return -1;
	va_start(arguments, format);
	write_text(err->text, sizeof(err->text), format, arguments);
	va_end(arguments);
	err->code = code;
	err->remedy[0] = '\0';
	err->here = false;
	return -1;
}

void remedy(struct error *err, const char *format, ...)
{
	va_list arguments;

	if (!err)
		return;
	va_start(arguments, format);
	write_text(err->remedy, sizeof(err->remedy), format, arguments);
	va_end(arguments);
}

int fail_memory(struct error *err)
{
	return fail(err, ERR_NO_MEMORY, "out of memory");
}

bool is_silence(const struct error *err)
{
	return (err->code == ERR_UNREACHABLE || err->code == ERR_TIMED_OUT) && !err->here;
}

const char *code_name(enum code code)
{
	static const char *const names[] = {
	    [OK] = "ok",
	    [ERR_INVALID] = "invalid",
	    [ERR_UNBOUND] = "unbound",
	    [ERR_MISSING] = "missing",
	    [ERR_CONFLICT] = "conflict",
	    [ERR_DENIED] = "denied",
	    [ERR_UNREACHABLE] = "unreachable",
	    [ERR_TIMED_OUT] = "timed-out",
	    [ERR_LOCKED] = "locked",
	    [ERR_STALE] = "stale",
	    [ERR_CAPACITY] = "capacity",
	    [ERR_FAILED] = "failed",
	    [ERR_CANCELLED] = "cancelled",
	    [ERR_UNSUPPORTED] = "unsupported",
	    [ERR_UNVERIFIED] = "unverified",
	    [ERR_NO_MEMORY] = "no-memory",
	};

	if ((size_t)code >= sizeof(names) / sizeof(names[0]))
		return "unknown";
	return names[code];
}
