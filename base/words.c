/* words.c - questions about short texts: numbers, prefixes, and what somebody may have meant. */
#include "base/text.h"

#include <ctype.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "base/cleanup.h"
#include "base/words.h"

#define WORD_LIMIT ((size_t)64) /* longer words are not compared: nobody mistypes them by two letters */

bool parse_number(const char *text, int64_t low, int64_t high, int64_t *ret_number)
{
	const char *digits = *text == '-' ? text + 1 : text;
	char *end;

	if (!isdigit((unsigned char)*digits))
		return false;
	errno = 0;
	long long number = strtoll(text, &end, 10);
	if (errno || *end || number < low || number > high)
		return false;
	*ret_number = number;
	return true;
}

static size_t least(size_t a, size_t b)
{
	return a < b ? a : b;
}

/* The number of letters to insert, remove, replace or swap with a neighbour, case aside. */
static size_t edits(const char *a, size_t a_length, const char *b, size_t b_length)
{
	size_t rows[3][WORD_LIMIT + 1];
	size_t *before = rows[0], *last = rows[1], *row = rows[2];

	for (size_t j = 0; j <= b_length; j++) {
		before[j] = 0;
		last[j] = j;
	}
	for (size_t i = 1; i <= a_length; i++) {
		int x = tolower((unsigned char)a[i - 1]);
		row[0] = i;
		for (size_t j = 1; j <= b_length; j++) {
			int y = tolower((unsigned char)b[j - 1]);
			row[j] = least(least(row[j - 1], last[j]) + 1, last[j - 1] + (x != y));
			if (i > 1 && j > 1 && x == tolower((unsigned char)b[j - 2]) &&
			    y == tolower((unsigned char)a[i - 2]))
				row[j] = least(row[j], before[j - 2] + 1);
		}
		size_t *oldest = before;
		before = last;
		last = row;
		row = oldest;
	}
	return last[b_length];
}

size_t edit_distance(const char *a, const char *b)
{
	size_t a_length = strlen(a), b_length = strlen(b);

	return a_length > WORD_LIMIT || b_length > WORD_LIMIT ? SIZE_MAX : edits(a, a_length, b, b_length);
}

const char *closest(const char *written, const char *const *candidates, size_t count)
{
	const char *best = NULL;
	size_t length = strlen(written), fewest = 0;

	for (size_t i = 0; i < count; i++)
		if (!strcasecmp(written, candidates[i]))
			return candidates[i];
	if (length > WORD_LIMIT)
		return NULL;
	for (size_t i = 0; i < count; i++) {
		size_t other = strlen(candidates[i]);
		if (other > WORD_LIMIT)
			continue;
		size_t longer = length > other ? length : other;
		size_t allowed = longer <= 2 ? 1 : longer <= 6 ? 2 : longer / 3;
		size_t distance = edits(written, length, candidates[i], other);
		/* When every letter differs the two have nothing in common but being short. */
		if (distance > allowed || distance >= longer || (best && distance >= fewest))
			continue;
		best = candidates[i];
		fewest = distance;
	}
	return best;
}

bool starts_with(const char *text, const char *prefix)
{
	return !strncmp(text, prefix, strlen(prefix));
}

bool ends_with(const char *text, const char *suffix)
{
	size_t length = strlen(text), ending = strlen(suffix);

	return length >= ending && !memcmp(text + length - ending, suffix, ending);
}

bool printable(const char *text)
{
	for (const unsigned char *c = (const unsigned char *)text; *c; c++)
		if (*c < ' ' || *c == 0x7f || (c[0] == 0xc2 && (c[1] & 0xe0) == 0x80))
			return false;
	return true;
}

/* Letters and digits in small, what joins them left out: "private.key", "PRIVATE_KEY" and "privateKey" are
 * one. */
static void squeeze(const char *name, char *ret, size_t size)
{
	size_t length = 0;

	for (; *name && length + 1 < size; name++)
		if (isalnum((unsigned char)*name))
			ret[length++] = (char)tolower((unsigned char)*name);
	ret[length] = '\0';
}

bool sensitive_name(const char *name)
{
	static const char *const words[] = {"password", "passwd",     "passphrase", "token",
					    "secret",   "credential", "privatekey", "apikey"};
	static const char *const places[] = {"file", "path", "dir"}; /* where it is, not what it is */
	char squeezed[256];

	/* Of a long path the end is what counts. */
	if (strlen(name) >= sizeof(squeezed))
		name += strlen(name) - sizeof(squeezed) + 1;
	squeeze(name, squeezed, sizeof(squeezed));
	for (size_t i = 0; i < COUNT_OF(places); i++)
		if (ends_with(squeezed, places[i]))
			return false;
	for (size_t i = 0; i < COUNT_OF(words); i++)
		if (strstr(squeezed, words[i]))
			return true;
	size_t length = strlen(name);
	return length >= 4 && !strcasecmp(name + length - 4, "pass") &&
	       (length == 4 || !isalpha((unsigned char)name[length - 5]));
}
