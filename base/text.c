/* text.c - the growing string. */
#include "base/text.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/error.h"

#define FORMAT_ROOM ((size_t)100) /* most words fit in it */

/* Memory of that capacity with what was written so far; NULL when there is none. */
static char *grown(struct text *text, size_t capacity)
{
	if (!text->secret)
		return realloc(text->data, capacity);
	char *data = malloc(capacity);
	if (!data)
		return NULL;
	if (text->data) {
		memcpy(data, text->data, text->length + 1);
		explicit_bzero(text->data, text->capacity);
	}
	free(text->data);
	return data;
}

/* Room for `more` bytes and the NUL; false once memory has failed. */
static bool reserve(struct text *text, size_t more)
{
	if (text->failed)
		return false;
	if (more >= SIZE_MAX / 2 - text->length) {
		text->failed = true;
		return false;
	}
	size_t needed = text->length + more + 1;
	if (needed <= text->capacity)
		return true;
	size_t capacity = text->capacity ? text->capacity : 64;
	while (capacity < needed)
		capacity *= 2;
	char *data = grown(text, capacity);
	if (!data) {
		text->failed = true;
		count_memory_failure();
		return false;
	}
	text->data = data;
	text->capacity = capacity;
	return true;
}

void text_reserve(struct text *text, size_t size)
{
	if (text->failed || size < text->capacity || size == SIZE_MAX)
		return;
	char *data = grown(text, size + 1);
	if (!data) {
		text->failed = true;
		return;
	}
	data[text->length] = '\0';
	text->data = data;
	text->capacity = size + 1;
}

void text_add_bytes(struct text *text, const void *bytes, size_t count)
{
	if (!reserve(text, count))
		return;
	if (count)
		memcpy(text->data + text->length, bytes, count);
	text->length += count;
	text->data[text->length] = '\0';
}

void text_add(struct text *text, const char *string)
{
	text_add_bytes(text, string, strlen(string));
}

void text_add_char(struct text *text, char c)
{
	text_add_bytes(text, &c, 1);
}

/* Into the room there is, some at least; once more where that was not enough. */
void text_vformat(struct text *text, const char *format, va_list arguments)
{
	va_list again;

	if (text->failed || (!text->capacity && !reserve(text, FORMAT_ROOM)))
		return;
	size_t room = text->capacity - text->length;
	va_copy(again, arguments);
	int length = vsnprintf(text->data + text->length, room, format, again);
	va_end(again);
	text->failed = length < 0;
	if (length >= 0 && (size_t)length < room) {
		text->length += (size_t)length;
		return;
	}
	text->data[text->length] = '\0';
	if (length < 0 || !reserve(text, (size_t)length))
		return;
	vsnprintf(text->data + text->length, (size_t)length + 1, format, arguments);
	text->length += (size_t)length;
}

void text_format(struct text *text, const char *format, ...)
{
	va_list arguments;

	va_start(arguments, format);
	text_vformat(text, format, arguments);
	va_end(arguments);
}

void text_clear(struct text *text)
{
	text->length = 0;
	if (text->secret && text->data)
		explicit_bzero(text->data, text->capacity);
	else if (text->data)
		text->data[0] = '\0';
}

void text_release(struct text *text)
{
	if (text->secret && text->data)
		explicit_bzero(text->data, text->capacity);
	free(text->data);
	*text = (struct text){.secret = text->secret};
}

char *text_take(struct text *text)
{
	if (!reserve(text, 0)) {
		text_release(text);
		return NULL;
	}
	char *data = text->data;
	data[text->length] = '\0';
	*text = (struct text){0};
	return data;
}

const char *text_view(const struct text *text)
{
	return text->data && !text->failed ? text->data : "";
}

size_t utf8_length(const char *text)
{
	const unsigned char *c = (const unsigned char *)text;
	size_t length = *c < 0x80 ? 1 : *c < 0xc2 ? 0 : *c < 0xe0 ? 2 : *c < 0xf0 ? 3 : *c < 0xf5 ? 4 : 0;

	for (size_t i = 1; i < length; i++)
		if ((c[i] & 0xc0) != 0x80)
			return 0;
	/* Written longer than it is, a surrogate, or above the last one. */
	if ((*c == 0xe0 && c[1] < 0xa0) || (*c == 0xed && c[1] > 0x9f) || (*c == 0xf0 && c[1] < 0x90) ||
	    (*c == 0xf4 && c[1] > 0x8f))
		return 0;
	return length;
}

void text_add_printable(struct text *text, const char *bytes, size_t count)
{
	size_t plain = 0;

	for (size_t i = 0; i < count; i++) {
		unsigned char c = (unsigned char)bytes[i];
		/* C1 controls as UTF-8 (c2 80..9f) move a terminal's cursor as well as an escape does. */
		bool c1 = c == 0xc2 && i + 1 < count && ((unsigned char)bytes[i + 1] & 0xe0) == 0x80;
		if (!c1 && (c >= ' ' || c == '\t' || c == '\n') && c != 0x7f)
			continue;
		text_add_bytes(text, bytes + plain, i - plain);
		text_format(text, "\\x%02x", c);
		if (c1)
			text_format(text, "\\x%02x", (unsigned char)bytes[++i]);
		plain = i + 1;
	}
	text_add_bytes(text, bytes + plain, count - plain);
}

void text_add_quoted(struct text *text, const char *word)
{
	text_add_char(text, '\'');
	for (const char *quote; (quote = strchr(word, '\'')); word = quote + 1) {
		text_add_bytes(text, word, (size_t)(quote - word));
		text_add(text, "'\\''");
	}
	text_add(text, word);
	text_add_char(text, '\'');
}

void text_add_path(struct text *text, const char *path)
{
	size_t home = !strncmp(path, "~/", 2) ? 2 : 0;
	const char *rest = path + home;

	text_add_bytes(text, path, home);
	if (rest[strspn(rest, "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_./-")])
		text_add_quoted(text, rest);
	else
		text_add(text, rest);
}
