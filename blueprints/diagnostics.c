/* diagnostics.c - the list of everything wrong with a file, and its JSON shape. */
#include "blueprints/diagnostics.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "base/cleanup.h"
#include "base/text.h"
#include "blueprints/mask.h"

#define ENTRY_LIMIT   100
#define SUMMARY_LIMIT 400

/* One line fit for a terminal. */
static void tidy(char *text)
{
	char *to = text;

	while (*text) {
		size_t whole = utf8_length(text);
		if (whole == 1 && ((unsigned char)*text < ' ' || *text == 0x7f))
			*text = ' ';
		memmove(to, text, whole);
		to += whole;
		text += whole ? whole : 1; /* a limit counts bytes, and may have cut one in two */
	}
	*to = '\0';
}

/* One line, cut at the limit. */
static void format_line(char ret_line[static SUMMARY_LIMIT + 1], const char *format, va_list arguments)
{
	if (vsnprintf(ret_line, SUMMARY_LIMIT + 1, format, arguments) > SUMMARY_LIMIT) {
		char *end = ret_line + SUMMARY_LIMIT - 3;
		while (((unsigned char)*end & 0xc0) == 0x80)
			end--;
		memcpy(end, "...", 4);
	}
	tidy(ret_line);
}

static const char *keep_line(struct diagnostics *list, const char *line)
{
	const char *kept = arena_text(&list->arena, line);

	list->failed = list->failed || !kept;
	return kept;
}

static bool same_file(const char *a, const char *b)
{
	return a == b || (a && b && !strcmp(a, b));
}

/* What is written once and used through aliases would be complained of at each use. */
static bool known(const struct diagnostics *list, enum severity severity, struct place at,
		  const char *summary)
{
	for (const struct diagnostic *d = list->first; d; d = d->next)
		if (d->place.line && d->place.line == at.line && d->place.column == at.column &&
		    d->severity == severity && same_file(d->place.file, at.file) &&
		    !strcmp(d->summary, summary))
			return true;
	return false;
}

/* The list outlives what it speaks of, so it keeps its own copy of the file's name. */
static bool keep_file(struct diagnostics *list, struct place *place)
{
	if (!place->file)
		return true;
	if (list->last && same_file(list->last->place.file, place->file))
		place->file = list->last->place.file;
	else
		place->file = arena_text(&list->arena, place->file);
	list->failed = list->failed || !place->file;
	return place->file;
}

static struct diagnostic *add(struct diagnostics *list, enum severity severity, struct place at,
			      const char *format, va_list arguments)
{
	size_t *count = severity == SEVERITY_ERROR ? &list->errors : &list->warnings;

	if (*count >= ENTRY_LIMIT) {
		++*count;
		return NULL;
	}
	char line[SUMMARY_LIMIT + 1];
	format_line(line, format, arguments);
	if (known(list, severity, at, line))
		return NULL;
	++*count;
	struct diagnostic *entry = arena_alloc(&list->arena, sizeof(*entry));
	if (!entry) {
		list->failed = true;
		return NULL;
	}
	*entry = (struct diagnostic){.severity = severity, .place = at, .summary = keep_line(list, line)};
	if (!entry->summary || !keep_file(list, &entry->place))
		return NULL;
	if (list->last)
		list->last->next = entry;
	else
		list->first = entry;
	list->last = entry;
	return entry;
}

struct diagnostic *complain(struct diagnostics *list, struct place at, const char *format, ...)
{
	va_list arguments;
	va_start(arguments, format);
	struct diagnostic *entry = add(list, SEVERITY_ERROR, at, format, arguments);
	va_end(arguments);
	return entry;
}

struct diagnostic *warn(struct diagnostics *list, struct place at, const char *format, ...)
{
	va_list arguments;
	va_start(arguments, format);
	struct diagnostic *entry = add(list, SEVERITY_WARNING, at, format, arguments);
	va_end(arguments);
	return entry;
}

void advise(struct diagnostics *list, struct diagnostic *diagnostic, const char *format, ...)
{
	if (!diagnostic)
		return;
	char line[SUMMARY_LIMIT + 1];
	va_list arguments;
	va_start(arguments, format);
	format_line(line, format, arguments);
	va_end(arguments);
	diagnostic->remedy = keep_line(list, line);
}

struct diagnostic *complain_error(struct diagnostics *list, struct place at, const struct error *err)
{
	struct diagnostic *entry = complain(list, at, "%s", err->text);

	if (err->remedy[0])
		advise(list, entry, "%s", err->remedy);
	return entry;
}

static bool before(const struct diagnostic *a, const struct diagnostic *b)
{
	int files = strcmp(a->place.file ? a->place.file : "", b->place.file ? b->place.file : "");

	if (files)
		return files < 0;
	if (a->place.line != b->place.line)
		return a->place.line < b->place.line;
	return a->place.column < b->place.column;
}

/* By insertion: the list is short. */
void diagnostics_sort(struct diagnostics *list)
{
	struct diagnostic *sorted = NULL;

	for (struct diagnostic *entry = list->first, *next; entry; entry = next) {
		struct diagnostic **at = &sorted;
		next = entry->next;
		while (*at && !before(entry, *at))
			at = &(*at)->next;
		entry->next = *at;
		*at = entry;
	}
	list->first = sorted;
	list->last = sorted;
	while (list->last && list->last->next)
		list->last = list->last->next;
}

static json_t *position_json(int line, int column, size_t byte)
{
	return json_pack("{s:i, s:i, s:I}", "line", line, "column", column, "byte", (json_int_t)byte);
}

static json_t *range_json(const struct place *place)
{
	int end = place->end_column > place->column ? place->end_column : place->column;

	return json_pack("{s:s, s:o, s:o}", "filename", place->file ? place->file : "", "start",
			 position_json(place->line, place->column, place->byte), "end",
			 position_json(place->line, end, place->byte + (size_t)(end - place->column)));
}

/* A line is shown whole up to this length, else the part round the place. */
enum { SNIPPET_BEFORE = 100, SNIPPET_LENGTH = 300 };

static bool inside_character(char byte)
{
	return ((unsigned char)byte & 0xc0) == 0x80;
}

/* The source from `start` to `end` with the spans that are not to be shown as ***; the offsets are moved
 * along: to the stars' beginning when they lie within. */
static void mask_source(struct text *ret, const char *source, size_t size, size_t start, size_t end,
			size_t offsets[2])
{
	struct span spans[MASK_LIMIT];
	size_t count = mask_line(source, size, start, spans), at = start;
	const size_t marks[2] = {offsets[0], offsets[1]};

	for (size_t i = 0; i < count && at < end; i++) {
		size_t from = spans[i].from > at ? spans[i].from : at, to = spans[i].to;
		if (to <= at || from >= end)
			continue;
		text_add_bytes(ret, source + at, from - at);
		for (int k = 0; k < 2; k++)
			if (marks[k] >= to)
				offsets[k] = marks[k] - to + ret->length + 3 + start;
			else if (marks[k] > from)
				offsets[k] = ret->length + (k ? 3 : 0) + start;
		text_add(ret, "***");
		at = to < end ? to : end;
	}
	text_add_bytes(ret, source + at, end - at);
}

/* Whether the source reaches there. */
static bool shows(const struct place *place, const char *source, size_t size)
{
	return source && place->byte <= size && place->line;
}

/* The source line the place is on. */
static json_t *snippet_json(const struct place *place, const char *source, size_t size)
{
	owned_text shown = {0};

	size_t start = place->byte, end = place->byte;
	while (start && source[start - 1] != '\n' && place->byte - start < SNIPPET_BEFORE)
		start--;
	while (start < place->byte && inside_character(source[start]))
		start++;
	while (end < size && source[end] != '\n' && source[end] != '\r' && end - start < SNIPPET_LENGTH)
		end++;
	while (end > place->byte && end < size && inside_character(source[end]))
		end--;
	size_t width = place->end_column > place->column ? (size_t)(place->end_column - place->column) : 0;
	size_t offsets[2] = {place->byte, place->byte + width};
	mask_source(&shown, source, size, start, end, offsets);
	if (shown.failed)
		return NULL;
	/* The source need not be UTF-8: that may be just what is wrong with it. */
	json_t *snippet = json_object();
	if (json_put_text(snippet, "code", text_view(&shown)) ||
	    json_put_number(snippet, "start_line", place->line) ||
	    json_put_number(snippet, "highlight_start_offset", (int64_t)(offsets[0] - start)) ||
	    json_put_number(snippet, "highlight_end_offset", (int64_t)(offsets[1] - start))) {
		json_decref(snippet);
		return NULL;
	}
	return snippet;
}

static json_t *entry_json(const struct diagnostic *entry, const char *source, size_t size)
{
	json_t *object =
	    json_pack("{s:s, s:s, s:s}", "severity", entry->severity == SEVERITY_ERROR ? "error" : "warning",
		      "summary", entry->summary, "detail", entry->remedy ? entry->remedy : "");
	if (!object || !entry->place.line)
		return object;
	if (json_object_set_new(object, "range", range_json(&entry->place)) ||
	    (shows(&entry->place, source, size) &&
	     json_object_set_new(object, "snippet", snippet_json(&entry->place, source, size)))) {
		json_decref(object);
		return NULL;
	}
	return object;
}

json_t *diagnostics_json(const struct diagnostics *list, const char *source, size_t source_size)
{
	json_t *array = json_array();

	for (const struct diagnostic *entry = list->first; array && entry; entry = entry->next)
		if (json_array_append_new(array, entry_json(entry, source, source_size))) {
			json_decref(array);
			return NULL;
		}
	return array;
}

void diagnostics_release(struct diagnostics *list)
{
	if (!list)
		return;
	arena_release(&list->arena);
	*list = (struct diagnostics){0};
}
