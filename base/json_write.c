/* json_write.c - JSON straight into a text, in the form that json_line gives. */
#include "base/json_write.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* How much at the beginning stands in a string as it is, whatever follows. */
static size_t plain_length(const char *text)
{
	const unsigned char *c = (const unsigned char *)text;
	while (*c >= ' ' && *c < 0x80 && *c != '"' && *c != '\\')
		c++;
	return (size_t)(c - (const unsigned char *)text);
}

static void write_string(struct text *to, const char *text)
{
	size_t plain = plain_length(text);
	if (!text[plain]) {
		text_add_char(to, '"');
		text_add_bytes(to, text, plain);
		text_add_char(to, '"');
		return;
	}
	owned_json value = json_any_text(text);
	to->failed |= !value;
	json_add_line(to, value);
}

/* A comma after whatever came before it in the same object or list; then the key. */
static void next_member(struct text *to, const char *key)
{
	if (to->length && !strchr("{[:", to->data[to->length - 1]))
		text_add_char(to, ',');
	if (key) {
		write_string(to, key);
		text_add_char(to, ':');
	}
}

void json_open(struct text *to, const char *key, char bracket)
{
	next_member(to, key);
	text_add_char(to, bracket);
}

void json_close(struct text *to, char bracket)
{
	text_add_char(to, bracket);
}

void json_write_text(struct text *to, const char *key, const char *text)
{
	next_member(to, key);
	if (text)
		write_string(to, text);
	else
		text_add(to, "null");
}

void json_write_number(struct text *to, const char *key, int64_t number)
{
	next_member(to, key);
	text_format(to, "%" PRId64, number);
}

/* The shortest form that is read as the same number. */
void json_write_real(struct text *to, const char *key, double number)
{
	char digits[32];
	for (int precision = 6; precision <= 17; precision++) {
		snprintf(digits, sizeof digits, "%.*g", precision, number);
		if (strtod(digits, NULL) == number)
			break;
	}
	next_member(to, key);
	text_add(to, digits);
}

void json_write_flag(struct text *to, const char *key, bool flag)
{
	next_member(to, key);
	text_add(to, flag ? "true" : "false");
}

void json_write_null(struct text *to, const char *key)
{
	next_member(to, key);
	text_add(to, "null");
}

void json_write_value(struct text *to, const char *key, const json_t *value)
{
	next_member(to, key);
	json_add_line(to, value);
}

void json_write_line(struct text *to, const char *key, const char *line, size_t size)
{
	next_member(to, key);
	text_add_bytes(to, line, size);
}

/* A line of JSON has no control characters, and nothing that is no UTF-8. */
void json_quote_line(struct text *to, const char *line, size_t size)
{
	for (size_t from = 0, at = 0; at <= size; at++) {
		if (at < size && line[at] != '"' && line[at] != '\\')
			continue;
		text_add_bytes(to, line + from, at - from);
		if (at < size)
			text_add_char(to, '\\');
		from = at;
	}
}
