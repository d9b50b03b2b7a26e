/* json_read.c - makes jansson's values out of what is plain by itself, several times as fast as its lexer,
 * which takes each byte by a call; words with escapes and numbers that are not whole are still read by that
 * one. */
#include "base/json_read.h"

#include <stdbool.h>
#include <string.h>

#include "base/json.h"

#define DIGITS_MOST 18 /* of any whole number that is certain to fit */

struct reader {
	const char *at, *end;
	unsigned depth;
};

/* The bytes between two quotes. */
struct word {
	const char *bytes;
	size_t length;
	bool ascii;
};

static json_t *read_value(struct reader *reader);

static void skip_blanks(struct reader *reader)
{
	while (reader->at < reader->end &&
	       (*reader->at == ' ' || *reader->at == '\n' || *reader->at == '\t' || *reader->at == '\r'))
		reader->at++;
}

static bool next_is(struct reader *reader, char sign)
{
	skip_blanks(reader);
	if (reader->at == reader->end || *reader->at != sign)
		return false;
	reader->at++;
	return true;
}

static json_t *by_jansson(struct reader *reader)
{
	json_error_t told;
	json_t *value = json_loadb(reader->at, (size_t)(reader->end - reader->at),
				   JSON_DISABLE_EOF_CHECK | JSON_DECODE_ANY, &told);

	if (value)
		reader->at += told.position;
	return value;
}

/* --- words and numbers -------------------------------------------------------------------------------- */

/* From the quote on; false, and nothing is taken, where it has escapes, or no end. */
static bool plain_word(struct reader *reader, struct word *ret)
{
	const char *first = reader->at + 1, *at = first;
	unsigned char all = 0;

	while (at < reader->end && *at != '"' && *at != '\\' && (unsigned char)*at >= ' ')
		all |= (unsigned char)*at++;
	if (at >= reader->end || *at != '"')
		return false;
	*ret = (struct word){first, (size_t)(at - first), all < 0x80};
	reader->at = at + 1;
	return true;
}

static json_t *read_text(struct reader *reader)
{
	struct word word;

	if (!plain_word(reader, &word))
		return by_jansson(reader);
	return word.ascii ? json_stringn_nocheck(word.bytes, word.length)
			  : json_stringn(word.bytes, word.length);
}

static bool is_digit(const struct reader *reader, const char *at)
{
	return at < reader->end && *at >= '0' && *at <= '9';
}

static json_t *read_number(struct reader *reader)
{
	bool negative = *reader->at == '-';
	const char *first = reader->at + negative, *at = first;
	json_int_t number = 0;

	for (; is_digit(reader, at) && at - first < DIGITS_MOST; at++)
		number = number * 10 + (*at - '0');
	bool whole = at > first && (*first != '0' || at == first + 1) && !is_digit(reader, at) &&
		     (at == reader->end || !strchr(".eE", *at));
	if (!whole)
		return by_jansson(reader);
	reader->at = at;
	return json_integer(negative ? -number : number);
}

static json_t *read_literal(struct reader *reader, const char *literal, json_t *value)
{
	size_t length = strlen(literal);

	if ((size_t)(reader->end - reader->at) < length || memcmp(reader->at, literal, length) != 0)
		return NULL;
	reader->at += length;
	return value;
}

/* --- what holds others -------------------------------------------------------------------------------- */

static bool read_member(struct reader *reader, json_t *object)
{
	struct word key;
	owned_json escaped = NULL;
	size_t count = json_object_size(object);

	skip_blanks(reader);
	if (reader->at == reader->end || *reader->at != '"')
		return false;
	if (!plain_word(reader, &key)) {
		escaped = by_jansson(reader);
		key = (struct word){json_string_value(escaped), json_string_length(escaped), false};
	}
	if (!key.bytes || !next_is(reader, ':'))
		return false;
	json_t *value = read_value(reader);
	int put = key.ascii ? json_object_setn_new_nocheck(object, key.bytes, key.length, value)
			    : json_object_setn_new(object, key.bytes, key.length, value);
	return put == 0 && json_object_size(object) > count; /* else it was there before */
}

static bool read_element(struct reader *reader, json_t *array)
{
	return json_array_append_new(array, read_value(reader)) == 0;
}

/* Up to the sign that ends it; takes the value over. */
static json_t *read_all(struct reader *reader, json_t *holder, char last,
			bool (*read_one)(struct reader *, json_t *))
{
	bool good = holder && reader->depth < JSON_DEPTH_MOST;
	bool more = good && !next_is(reader, last);

	reader->depth++;
	while (more) {
		good = read_one(reader, holder);
		more = good && next_is(reader, ',');
		good = good && (more || next_is(reader, last));
	}
	reader->depth--;
	if (good)
		return holder;
	json_decref(holder);
	return NULL;
}

static json_t *read_value(struct reader *reader)
{
	skip_blanks(reader);
	if (reader->at == reader->end)
		return NULL;
	switch (*reader->at) {
	case '{':
		reader->at++;
		return read_all(reader, json_object(), '}', read_member);
	case '[':
		reader->at++;
		return read_all(reader, json_array(), ']', read_element);
	case '"':
		return read_text(reader);
	case 't':
		return read_literal(reader, "true", json_true());
	case 'f':
		return read_literal(reader, "false", json_false());
	case 'n':
		return read_literal(reader, "null", json_null());
	default:
		return read_number(reader);
	}
}

json_t *json_read(const char **at, const char *end)
{
	struct reader reader = {*at, end, 0};
	json_t *value = read_value(&reader);

	if (value)
		*at = reader.at;
	return value;
}
