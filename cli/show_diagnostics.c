/* show_diagnostics.c - `file:line:col: error: message`, the source line, a caret, and what may help. */
#include <string.h>

#include "cli/screen.h"

#define LONGEST_LINE 160 /* of a source line; a longer one shows the part around the place */

struct snippet {
	const char *code;
	size_t length, from, to; /* bytes; what is underlined */
};

/* A place counts code points; underlining needs bytes. */
static size_t byte_of_column(const char *code, size_t length, int64_t column)
{
	size_t at = 0;
	for (int64_t i = 1; i < column && at < length; i++) {
		int32_t point;
		at += next_point(code + at, length - at, &point);
	}
	return at;
}

static bool snippet_of(const json_t *diagnostic, struct snippet *ret)
{
	const json_t *snippet = json_object_get(diagnostic, "snippet"),
		     *range = json_object_get(diagnostic, "range");
	const json_t *code = json_is_string(snippet) ? snippet : json_object_get(snippet, "code");
	const json_t *start = json_object_get(range, "start"), *end = json_object_get(range, "end");
	if (!json_is_string(code) || !json_string_length(code))
		return false;
	*ret = (struct snippet){.code = json_string_value(code), .length = json_string_length(code)};
	if (json_is_object(snippet)) {
		ret->from = (size_t)number_of(snippet, "highlight_start_offset");
		ret->to = (size_t)number_of(snippet, "highlight_end_offset");
	} else {
		bool same_line = number_of(start, "line") == number_of(end, "line");
		ret->from = byte_of_column(ret->code, ret->length, number_of(start, "column"));
		ret->to =
		    same_line ? byte_of_column(ret->code, ret->length, number_of(end, "column")) : ret->from;
	}
	if (ret->from > ret->length)
		ret->from = ret->length;
	if (ret->to > ret->length)
		ret->to = ret->length;
	return true;
}

/* Of a long line, what is round the place. */
static void narrow(struct snippet *snippet)
{
	if (snippet->length <= LONGEST_LINE)
		return;
	size_t first = snippet->from > LONGEST_LINE / 2 ? snippet->from - LONGEST_LINE / 2 : 0;
	while (first && ((unsigned char)snippet->code[first] & 0xc0) == 0x80)
		first--;
	size_t last = first + LONGEST_LINE < snippet->length ? first + LONGEST_LINE : snippet->length;
	while (last > first && last < snippet->length && ((unsigned char)snippet->code[last] & 0xc0) == 0x80)
		last--;
	snippet->code += first;
	snippet->length = last - first;
	snippet->from -= first;
	snippet->to = snippet->to > last ? snippet->length : snippet->to - first;
}

/* As wide as put_bytes() would be; tabs are repeated. */
static void put_blank(const struct screen *screen, const char *bytes, size_t size)
{
	while (size) {
		size_t length = strcspn(bytes, "\t");
		length = length < size ? length : size;
		owned_memory char *shown = printable(bytes, length);
		fprintf(screen->to, "%*s", shown ? columns_of(shown) : 0, "");
		bytes += length;
		size -= length;
		for (; size && *bytes == '\t'; bytes++, size--)
			putc('\t', screen->to);
	}
}

static void show_snippet(const struct screen *screen, const json_t *diagnostic)
{
	struct snippet snippet;
	if (!snippet_of(diagnostic, &snippet))
		return;
	narrow(&snippet);
	fputs("    ", screen->to);
	put_bytes(screen, PLAIN, snippet.code, snippet.length);
	fputs("\n    ", screen->to);
	put_blank(screen, snippet.code, snippet.from);
	size_t size = snippet.to > snippet.from ? snippet.to - snippet.from : 0;
	owned_memory char *marked = printable(snippet.code + snippet.from, size);
	paint(screen, GREEN, "^");
	for (int i = 1; marked && i < columns_of(marked); i++)
		paint(screen, GREEN, "~");
	putc('\n', screen->to);
}

static void show_one(const struct screen *screen, const json_t *diagnostic)
{
	const json_t *range = json_object_get(diagnostic, "range"), *start = json_object_get(range, "start");
	bool warning = strcmp(text_of(diagnostic, "severity"), "warning") == 0;
	if (range) {
		put(screen, BOLD, text_of(range, "filename"));
		paint(screen, BOLD, ":%lld:%lld: ", (long long)number_of(start, "line"),
		      (long long)number_of(start, "column"));
	} else {
		paint(screen, BOLD, "berth: ");
	}
	paint(screen, warning ? YELLOW : RED, warning ? "warning: " : "error: ");
	put(screen, PLAIN, text_of(diagnostic, "summary"));
	putc('\n', screen->to);
	show_snippet(screen, diagnostic);
	if (!*text_of(diagnostic, "detail"))
		return;
	paint(screen, CYAN, "  = ");
	put(screen, PLAIN, text_of(diagnostic, "detail"));
	putc('\n', screen->to);
}

static void count_line(const struct screen *screen, int64_t errors, int64_t warnings)
{
	if (errors)
		fprintf(screen->to, "%lld error%s%s", (long long)errors, errors == 1 ? "" : "s",
			warnings ? ", " : "");
	if (warnings)
		fprintf(screen->to, "%lld warning%s", (long long)warnings, warnings == 1 ? "" : "s");
	if (errors || warnings)
		putc('\n', screen->to);
}

void show_diagnostics(const struct screen *screen, const json_t *document)
{
	int64_t errors = 0, warnings = 0;
	size_t i;
	json_t *diagnostic;
	json_array_foreach (list_of(document, "diagnostics"), i, diagnostic) {
		bool warning = strcmp(text_of(diagnostic, "severity"), "warning") == 0;
		show_one(screen, diagnostic);
		errors += !warning;
		warnings += warning;
	}
	/* The counts go on where the list is cut. */
	if (number_of(document, "error_count") > errors)
		errors = number_of(document, "error_count");
	count_line(screen, errors, warnings);
}
