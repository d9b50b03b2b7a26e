/* readable.c - a fact as whoever wrote the blueprint would write it. What facts themselves look like is part
 * of digests, and stays as it is. */
#include "engine/readable.h"

#include <stdio.h>
#include <string.h>

#include "base/cleanup.h"
#include "base/text.h"

static void add_bytes(struct text *to, int64_t bytes)
{
	static const char units[] = "kmgt";
	int unit = -1;
	while (bytes && bytes % 1024 == 0 && unit < 3) {
		bytes /= 1024;
		unit++;
	}
	text_format(to, "%lld%.*s", (long long)bytes, unit >= 0, unit >= 0 ? units + unit : "");
}

static void add_processors(struct text *to, int64_t nano)
{
	char digits[24];
	snprintf(digits, sizeof digits, "%09lld", (long long)(nano % 1000000000));
	size_t length = strlen(digits);
	while (length && digits[length - 1] == '0')
		length--;
	text_format(to, "%lld%s%.*s", (long long)(nano / 1000000000), length ? "." : "", (int)length, digits);
}

/* "$berth:port("db", "", 6379)" is a call of which what is empty, or 0, was not written. Returns what follows
 * it, or NULL when it is no such call. */
static const char *add_call(struct text *to, const char *call)
{
	const char *first = strstr(call, "(\""), *second = first ? strstr(first + 2, "\", \"") : NULL;
	const char *third = second ? strstr(second + 4, "\", ") : NULL,
		   *end = third ? strchr(third, ')') : NULL;
	const char *between = "";
	if (!end)
		return NULL;
	text_add_bytes(to, call, (size_t)(first + 1 - call));
	if (second > first + 2) {
		text_format(to, "\"%.*s\"", (int)(second - first - 2), first + 2);
		between = ", ";
	}
	if (third > second + 4) {
		text_format(to, "%s\"%.*s\"", between, (int)(third - second - 4), second + 4);
		between = ", ";
	}
	if (third[3] != '0')
		text_format(to, "%s%.*s", between, (int)(end - third - 3), third + 3);
	text_add_char(to, ')');
	return end + 1;
}

static void add_value(struct text *to, const char *value)
{
	while (*value) {
		const char *rest = starts_with(value, "$berth:") ? add_call(to, value) : NULL;
		if (!rest) {
			text_add_char(to, *value);
			rest = value + 1;
		}
		value = rest;
	}
}

/* "sh: TEXT", or "exec: WORD\x1fWORD". */
static void add_command(struct text *to, const char *command)
{
	bool shell = starts_with(command, "sh: ");
	owned_text words = {0};
	add_value(&words, command + (shell ? 4 : 6));
	if (shell) {
		text_add(to, text_view(&words));
		return;
	}
	text_add_char(to, '[');
	for (const char *word = text_view(&words); *word; word += strcspn(word, "\x1f")) {
		bool more = *word == '\x1f';
		word += more;
		text_format(to, "%s%.*s", more ? ", " : "", (int)strcspn(word, "\x1f"), word);
	}
	text_add_char(to, ']');
}

const char *readable_fact(struct arena *arena, const char *path, const char *value)
{
	owned_text text = {0};
	int64_t number = 0;
	bool memory = strcmp(path, "memory") == 0, processors = strcmp(path, "cpus") == 0;
	bool command = strcmp(path, "command") == 0 || strcmp(path, "entrypoint") == 0;
	if ((memory || processors) && parse_number(value, 0, INT64_MAX, &number)) {
		if (!number)
			return NULL;
		memory ? add_bytes(&text, number) : add_processors(&text, number);
	} else if (command && (starts_with(value, "sh: ") || starts_with(value, "exec: "))) {
		add_command(&text, value);
	} else {
		add_value(&text, value);
	}
	return arena_text(arena, text_view(&text));
}
