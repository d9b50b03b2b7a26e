/* show_about.c - what else a location told of itself, as lines of a name and what there is. */
#include <string.h>

#include "cli/screen.h"

enum { SHOWN_MOST = 12, TITLE_COLUMNS = 14 };

static void add(FILE *to, const char *text)
{
	fputs(text, to);
}

static void add_scalar(FILE *to, const json_t *value)
{
	if (json_is_string(value))
		add(to, json_string_value(value));
	else if (json_is_integer(value))
		fprintf(to, "%" JSON_INTEGER_FORMAT, json_integer_value(value));
	else if (json_is_boolean(value))
		add(to, json_is_true(value) ? "yes" : "no");
	else
		add(to, "-");
}

/* "m1.tiny (cores 1, memory 256)", "public (external)"; an id is for programs. */
static void add_members(FILE *to, const json_t *object)
{
	const char *key, *before = " (";
	json_t *value;

	json_object_foreach ((json_t *)object, key, value) {
		if (!strcmp(key, "name") || !strcmp(key, "id") || json_is_false(value) || json_is_null(value))
			continue;
		fprintf(to, "%s%s", before, key);
		before = ", ";
		if (json_is_true(value))
			continue;
		putc(' ', to);
		add_scalar(to, value);
	}
	add(to, *before == ',' ? ")" : "");
}

static void add_entry(FILE *to, const json_t *entry)
{
	const json_t *limit = json_object_get(entry, "limit"), *used = json_object_get(entry, "used");

	if (!json_is_object(entry)) {
		add_scalar(to, entry);
		return;
	}
	add(to, text_of(entry, "name"));
	if (!limit || (json_is_null(limit) && json_is_null(used))) {
		add_members(to, entry);
		return;
	}
	add(to, json_is_null(used) ? " at most " : " ");
	add_scalar(to, json_is_null(used) ? limit : used);
	if (json_is_null(used))
		return;
	add(to, json_is_null(limit) ? " of any number" : " of ");
	if (!json_is_null(limit))
		add_scalar(to, limit);
}

static void add_list(FILE *to, const json_t *list)
{
	size_t count = json_array_size(list);

	add(to, count ? "" : "none");
	for (size_t i = 0; i < count && i < SHOWN_MOST; i++) {
		add(to, i ? ", " : "");
		add_entry(to, json_array_get(list, i));
	}
	if (count > SHOWN_MOST)
		fprintf(to, " and %zu more", count - SHOWN_MOST);
}

static void add_either(FILE *to, const json_t *value)
{
	if (json_is_array(value))
		add_list(to, value);
	else
		add_entry(to, value);
}

/* Of an object without a name its members, one after the other. */
static void add_value(FILE *to, const json_t *value)
{
	const char *key, *before = "";
	json_t *member;

	if (!json_is_object(value)) {
		add_either(to, value);
		return;
	}
	json_object_foreach ((json_t *)value, key, member) {
		fprintf(to, "%s%s ", before, key);
		before = ", ";
		add_either(to, member);
	}
}

static void show_line(const struct screen *screen, enum paint how, const char *key, const json_t *value)
{
	owned_memory char *words = NULL, *shown = NULL;
	size_t size = 0;
	int columns, rows;
	FILE *to = open_memstream(&words, &size);

	if (!to)
		return;
	add_value(to, value);
	fclose(to);
	shown = words ? printable(words, size) : NULL;
	screen_size(screen, &columns, &rows);
	paint(screen, how == PLAIN ? DIM : how, "%-*s", TITLE_COLUMNS, key);
	wrap(screen->to, shown ? shown : "", TITLE_COLUMNS, TITLE_COLUMNS, columns);
}

/* What lacks is a line each. */
static void show_missing(const struct screen *screen, const json_t *list)
{
	for (size_t i = 0; i < json_array_size(list); i++)
		show_line(screen, YELLOW, i ? "" : "missing", json_array_get(list, i));
}

void show_about(const struct screen *screen, const json_t *about)
{
	const char *key;
	json_t *value;

	json_object_foreach ((json_t *)about, key, value) {
		if (!strcmp(key, "missing"))
			show_missing(screen, value);
		else if (!json_is_null(value))
			show_line(screen, PLAIN, key, value);
	}
}
