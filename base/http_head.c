/* http_head.c - reads heads and bodies of HTTP/1 answers, strictly: what is not clearly one is garbage. */
#include "base/http_head.h"

#include <string.h>
#include <strings.h>

#include "base/cleanup.h"

#define SHORTEST_LINE 12 /* "HTTP/1.1 101" */

static bool is_digit(char c)
{
	return c >= '0' && c <= '9';
}

/* "HTTP/1.x NNN" and whatever words; as far as it is there. */
static bool fits_status_line(const char *line, size_t length)
{
	static const char pattern[] = "HTTP/1.d ddd";

	for (size_t i = 0; i < length && i < SHORTEST_LINE; i++)
		if (pattern[i] == 'd' ? !is_digit(line[i]) : line[i] != pattern[i])
			return false;
	return length <= SHORTEST_LINE || line[SHORTEST_LINE] == ' ' || line[SHORTEST_LINE] == '\r';
}

/* A digit's value in bases up to 16, or 16. */
static unsigned digit(char c)
{
	if (is_digit(c))
		return (unsigned)(c - '0');
	c = (char)(c | 0x20);
	return c >= 'a' && c <= 'f' ? (unsigned)(c - 'a') + 10 : 16;
}

/* Digits and nothing else, at least one, of a number that cannot overflow. */
static bool read_number(const char *text, size_t length, unsigned base, uint64_t *ret_number)
{
	uint64_t number = 0;

	if (!length || length > 15)
		return false;
	for (size_t i = 0; i < length; i++) {
		if (digit(text[i]) >= base)
			return false;
		number = number * base + digit(text[i]);
	}
	*ret_number = number;
	return true;
}

static bool is_field(const char *line, size_t name, const char *wanted)
{
	return strlen(wanted) == name && !strncasecmp(line, wanted, name);
}

static bool take_field(struct http_head *head, const char *line, size_t length)
{
	const char *colon = memchr(line, ':', length);
	uint64_t number;

	if (!colon || colon == line || memchr(line, ' ', (size_t)(colon - line)))
		return false;
	const char *value = colon + 1, *end = line + length;
	while (value < end && (*value == ' ' || *value == '\t'))
		value++;
	while (end > value && (end[-1] == ' ' || end[-1] == '\t'))
		end--;
	size_t name = (size_t)(colon - line), size = (size_t)(end - value);
	if (is_field(line, name, "Content-Length")) {
		/* Two that differ: one of them is a lie. */
		if (!read_number(value, size, 10, &number) || (head->sized && head->length != number))
			return false;
		head->sized = true;
		head->length = number;
	} else if (is_field(line, name, "Transfer-Encoding")) {
		if (size != strlen("chunked") || strncasecmp(value, "chunked", size))
			return false;
		head->chunked = true;
	}
	return true;
}

static bool take_line(struct http_head *head, const char *line, size_t length, bool first)
{
	for (size_t i = 0; i < length; i++)
		if ((unsigned char)line[i] < ' ' && line[i] != '\t')
			return false;
	if (!first)
		return take_field(head, line, length);
	if (length < SHORTEST_LINE)
		return false;
	head->status = (line[9] - '0') * 100 + (line[10] - '0') * 10 + (line[11] - '0');
	head->fields = length + 2;
	return head->status >= 100 && head->status <= 599;
}

enum reading http_head_read(const char *bytes, size_t count, struct http_head *ret_head)
{
	struct http_head head = {0};
	const char *line = bytes, *end = bytes + count, *newline;

	if (!fits_status_line(bytes, count))
		return READ_GARBAGE;
	while ((newline = memchr(line, '\n', (size_t)(end - line)))) {
		if (newline == line || newline[-1] != '\r')
			return READ_GARBAGE;
		size_t length = (size_t)(newline - line) - 1;
		if (!length && line != bytes) {
			head.size = (size_t)(newline + 1 - bytes);
			*ret_head = head;
			return head.sized && head.chunked ? READ_GARBAGE : READ_WHOLE;
		}
		if (!take_line(&head, line, length, line == bytes))
			return READ_GARBAGE;
		line = newline + 1;
	}
	return READ_PART;
}

static enum reading read_chunks(const char *bytes, size_t count, struct text *ret_body)
{
	const char *end = bytes + count, *newline;
	uint64_t size;

	while ((newline = memchr(bytes, '\n', (size_t)(end - bytes)))) {
		size_t length = (size_t)(newline - bytes);
		if (!length || newline[-1] != '\r' || !read_number(bytes, length - 1, 16, &size))
			return READ_GARBAGE;
		bytes = newline + 1;
		if ((uint64_t)(end - bytes) < size + 2)
			return READ_PART;
		if (bytes[size] != '\r' || bytes[size + 1] != '\n')
			return READ_GARBAGE; /* trailers, too, which nobody sends to us */
		if (!size)
			return READ_WHOLE;
		text_add_bytes(ret_body, bytes, size);
		bytes += size + 2;
	}
	return end - bytes > 20 ? READ_GARBAGE : READ_PART;
}

enum reading http_body_read(const struct http_head *head, const char *bytes, size_t count, bool closed,
			    struct text *ret_body)
{
	bool bare = head->status / 100 == 1 || head->status == 204 || head->status == 304;

	if (bare)
		return READ_WHOLE;
	if (head->chunked) {
		owned_text body = {0};
		enum reading reading = read_chunks(bytes, count, &body);
		if (reading == READ_WHOLE)
			text_add_bytes(ret_body, body.data, body.length);
		ret_body->failed |= body.failed;
		return reading;
	}
	if (head->sized ? count < head->length : !closed)
		return READ_PART;
	text_add_bytes(ret_body, bytes, head->sized ? head->length : count);
	return READ_WHOLE;
}
