/* byon.c - how a pool of machines is written: "10.0.0.{1,3-5}", and Brooklyn's byon:(NAME=VALUE, ...). */
#include "blueprints/byon.h"

#include <string.h>

#include "base/text.h"

#define MOST_HOSTS 10000

/* --- its machines ------------------------------------------------------------------------- */

/* One piece of "user@10.0.0.{1,3-5}": what is before the first brace is fixed, each choice is tried with what
 * follows. */
static int expand(struct arena *arena, json_t *names, const char *before, const char *rest,
		  struct error *err);

static int expand_choice(struct arena *arena, json_t *names, const char *before, const char *choice,
			 const char *after, struct error *err)
{
	char *dash = strchr(choice, '-'), *whole;
	int64_t from, to;

	if (dash)
		*dash = '\0';
	if (dash && parse_number(choice, 0, 1000000, &from) &&
	    parse_number(dash + 1, from, from + MOST_HOSTS, &to)) {
		for (int64_t n = from; n <= to; n++) {
			/* "08-10" keeps its width. */
			whole = arena_format(arena, "%s%0*lld", before,
					     *choice == '0' ? (int)strlen(choice) : 1, (long long)n);
			if (!whole || expand(arena, names, whole, after, err))
				return whole ? -1 : fail_memory(err);
		}
		return 0;
	}
	if (dash)
		*dash = '-';
	whole = arena_format(arena, "%s%s", before, choice);
	return whole ? expand(arena, names, whole, after, err) : fail_memory(err);
}

static int expand(struct arena *arena, json_t *names, const char *before, const char *rest, struct error *err)
{
	const char *open = strchr(rest, '{'), *close = open ? strchr(open, '}') : NULL;

	if (!open || !close) {
		char *name = arena_format(arena, "%s%s", before, rest);
		if (json_array_size(names) >= MOST_HOSTS)
			return fail(err, ERR_INVALID, "a pool of more than %d hosts", MOST_HOSTS);
		return name && !json_array_append_new(names, json_string(name)) ? 0 : fail_memory(err);
	}
	char *start = arena_format(arena, "%s%.*s", before, (int)(open - rest), rest), *keep = NULL;
	char *choices = arena_copy(arena, open + 1, (size_t)(close - open - 1));
	if (!start || !choices)
		return fail_memory(err);
	for (char *choice = strtok_r(choices, ",", &keep); choice; choice = strtok_r(NULL, ",", &keep))
		if (expand_choice(arena, names, start, choice + strspn(choice, " "), close + 1, err))
			return -1;
	return 0;
}

/* Commas within braces are the braces'. */
int byon_expand(struct arena *arena, json_t *names, const char *text, struct error *err)
{
	for (const char *at = text; *at;) {
		size_t length = 0;
		for (bool inside = false; at[length] && (inside || at[length] != ','); length++)
			inside = at[length] == '{' || (inside && at[length] != '}');
		while (length && *at == ' ')
			at++, length--;
		char *one = arena_copy(arena, at, length);
		if (!one)
			return fail_memory(err);
		if (*one && expand(arena, names, "", one, err))
			return -1;
		at += length + (at[length] == ',');
	}
	return 0;
}

/* --- "byon:(hosts="10.0.0.{1,2}", user=me)", as Brooklyn writes a specification in one line ---- */

/* A word, or what stands in quotes; *text is moved behind it. NULL: no memory. */
static char *named_value(struct arena *arena, const char **text)
{
	bool quoted = **text == '"';
	const char *begin = *text + quoted;
	size_t length = quoted ? strcspn(begin, "\"") : strcspn(begin, ",)");

	*text = begin + length + (quoted && begin[length]);
	while (!quoted && length && begin[length - 1] == ' ')
		length--;
	return arena_copy(arena, begin, length);
}

int byon_read_named(struct arena *arena, const char *text, json_t *options, struct error *err)
{
	const char *at = text + 1;

	while (*(at += strspn(at, " ,")) && *at != ')') {
		size_t length = strcspn(at, "=,)");
		if (at[length] != '=' || !length)
			return fail(err, ERR_INVALID, "`byon:%s`: `%.40s` is no NAME=VALUE", text, at);
		char *key = arena_copy(arena, at, length);
		at += length + 1;
		char *value = named_value(arena, &at);
		int64_t number;
		if (!key || !value)
			return fail_memory(err);
		/* A list of hosts may be one number of an address, and is a text all the same. */
		bool counts = strcmp(key, "port") == 0 && parse_number(value, 0, 65535, &number);
		if (json_object_set_new(options, key, counts ? json_integer(number) : json_string(value)))
			return fail_memory(err);
	}
	return *at == ')' && !at[1] ? 0
				    : fail(err, ERR_INVALID, "`byon:%s` does not end with its bracket", text);
}
