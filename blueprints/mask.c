/* mask.c - finds the values of sensitive keys in a line of YAML without parsing it: a text with errors is
 * shown too. When in doubt more is hidden. */
#include "blueprints/mask.h"

#include <ctype.h>
#include <string.h>

#include "base/cleanup.h"
#include "base/text.h"

/* How far back is looked for the line's beginning and for what it lies within; and on for its end: more than
 * is ever shown. */
#define LOOK_BACK ((size_t)64 << 10)
#define LOOK_ON   ((size_t)4 << 10)

struct line {
	const char *source;
	size_t size;       /* of the source */
	size_t begin, end; /* without the newline */
	size_t indent;     /* columns before the first key, dashes of lists counted */
};

static struct line line_at(const char *source, size_t size, size_t at)
{
	struct line line = {.source = source, .size = size, .begin = at, .end = at};
	size_t least = at > LOOK_BACK ? at - LOOK_BACK : 0, most = size - at > LOOK_ON ? at + LOOK_ON : size;

	while (line.begin > least && source[line.begin - 1] != '\n')
		line.begin--;
	while (line.end < most && source[line.end] != '\n' && source[line.end] != '\r')
		line.end++;
	line.indent = 0;
	while (line.begin + line.indent < line.end && strchr(" -", source[line.begin + line.indent]))
		line.indent++;
	return line;
}

static bool is_blank(const struct line *line)
{
	return line->begin + line->indent >= line->end;
}

static bool in_key(char c)
{
	return isalnum((unsigned char)c) || (c && strchr("_.-", c)) || (unsigned char)c >= 0x80;
}

/* The name that ends before `colon`, quotes left out; where it begins in *ret_from. False when none does, or
 * a longer one than any key. */
static bool key_before(const struct line *line, size_t colon, char ret[static 256], size_t *ret_from)
{
	size_t end = colon, from;

	while (end > line->begin && strchr(" \"'", line->source[end - 1]))
		end--;
	for (from = end; from > line->begin && in_key(line->source[from - 1]);)
		from--;
	if (from == end || end - from >= 256)
		return false;
	memcpy(ret, line->source + from, end - from);
	ret[end - from] = '\0';
	*ret_from = from;
	return true;
}

static bool begins(const struct line *line, size_t at, const char *word)
{
	size_t length = strlen(word);

	return line->end - at >= length && !memcmp(line->source + at, word, length);
}

/* Past the closing quote, or the line's end and *ret_open. */
static size_t skip_quoted(const struct line *line, size_t at, bool *ret_open)
{
	char quote = line->source[at++];

	for (; at < line->end; at++) {
		bool doubled = quote == '\'' && begins(line, at, "''");
		if (doubled || (quote == '"' && line->source[at] == '\\')) {
			at++;
		} else if (line->source[at] == quote) {
			*ret_open = false;
			return at + 1;
		}
	}
	*ret_open = true;
	return line->end;
}

static size_t skip_brackets(const struct line *line, size_t at, bool *ret_open)
{
	int depth = 0;
	bool ignored;

	while (at < line->end) {
		char c = line->source[at];
		if (c == '"' || c == '\'') {
			at = skip_quoted(line, at, &ignored);
			continue;
		}
		at++;
		depth += c == '{' || c == '[';
		depth -= c == '}' || c == ']';
		if (!depth)
			break;
	}
	*ret_open = depth > 0;
	return at;
}

/* "$berth:secret(...)", "env:NAME": these say where the secret is. A literal says the secret itself. */
static bool is_reference(const struct line *line, size_t at)
{
	at += at < line->end && strchr("\"'", line->source[at]);
	if (begins(line, at, "$berth:literal") || begins(line, at, "$brooklyn:literal"))
		return false;
	return begins(line, at, "$berth:") || begins(line, at, "$brooklyn:") || begins(line, at, "env:") ||
	       begins(line, at, "file:");
}

/* Where a value ends that begins at `at`, after `key: ` in block or flow style or after `key=`; *ret_open
 * when it may go on in the next line. */
static size_t value_end(const struct line *line, size_t at, bool flow, bool assigned, bool *ret_open)
{
	char first = line->source[at];

	if (first == '"' || first == '\'')
		return skip_quoted(line, at, ret_open);
	if (!assigned && (first == '{' || first == '['))
		return skip_brackets(line, at, ret_open);
	while (at < line->end && !strchr(assigned ? " \"'" : flow ? ",}]" : "", line->source[at]))
		at++;
	*ret_open = !assigned && at == line->end;
	return at;
}

static void add_span(struct span *spans, size_t *count, struct span span)
{
	if (span.from >= span.to)
		return;
	if (*count && spans[*count - 1].to >= span.from)
		spans[*count - 1].to = span.to;
	else if (*count == MASK_LIMIT)
		spans[MASK_LIMIT - 1].to = span.to;
	else
		spans[(*count)++] = span;
}

/* Whether a key that begins at `from` ends here, by `=` or by `:`; the blank after that may be forgotten. */
static bool separates(const struct line *line, size_t from, size_t at)
{
	char c = line->source[at], next = at + 1 < line->end ? line->source[at + 1] : ' ';
	char before = from > line->begin ? line->source[from - 1] : ' ';

	if (c == '=')
		return true;
	return isspace((unsigned char)next) || strchr("\"'", line->source[at - 1]) || strchr("{,", before) ||
	       from == line->begin + line->indent;
}

struct brackets {
	int depth;
	char quote; /* that is open, or 0 */
};

static void count_bracket(struct brackets *brackets, char before, char c)
{
	if (brackets->quote) {
		if (c == brackets->quote)
			brackets->quote = 0;
	} else if ((c == '"' || c == '\'') && strchr(" {[,:", before)) {
		brackets->quote = c;
	} else {
		brackets->depth += c == '{' || c == '[';
		brackets->depth -= c == '}' || c == ']';
	}
}

/* The pairs of one line. *ret_open: the last sensitive one has no value here, or one that reaches the line's
 * end. `defaults`: the value of `default` is sensitive too, as its parameter's name says. */
static size_t mask_pairs(const struct line *line, bool defaults, struct span *spans, bool *ret_open)
{
	struct brackets brackets = {0};
	size_t count = 0, key_at;
	char key[256];

	*ret_open = false;
	for (size_t at = line->begin; at < line->end; at++) {
		char c = line->source[at];
		count_bracket(&brackets, at > line->begin ? line->source[at - 1] : ' ', c);
		if ((c != ':' && c != '=') || !key_before(line, at, key, &key_at) ||
		    !separates(line, key_at, at) ||
		    !(sensitive_name(key) || (defaults && !strcmp(key, "default"))))
			continue;
		size_t from = at + 1;
		while (from < line->end && isspace((unsigned char)line->source[from]))
			from++;
		*ret_open = from == line->end;
		if (*ret_open || is_reference(line, from))
			continue;
		size_t to = value_end(line, from, brackets.depth > 0, c == '=', ret_open);
		add_span(spans, &count, (struct span){from, to});
		if (to > from)
			at = to - 1;
	}
	return count;
}

static struct line line_before(const struct line *line)
{
	return line_at(line->source, line->size, line->begin - 1);
}

/* Whether the line goes on with the value of a sensitive key: of the line before, or of one that it is
 * indented below. */
static bool within_value(const struct line *line)
{
	struct span ignored[MASK_LIMIT];
	size_t indent = line->indent, stop = line->begin > LOOK_BACK ? line->begin - LOOK_BACK : 0;
	bool next = true, open;

	for (struct line above = *line; above.begin > stop && (indent || next);) {
		above = line_before(&above);
		if (is_blank(&above))
			continue;
		if (next || above.indent < indent) {
			mask_pairs(&above, false, ignored, &open);
			if (open && above.indent < line->indent)
				return true;
		}
		if (above.indent < indent)
			indent = above.indent;
		next = false;
	}
	return false;
}

/* Whether a line of `- name: db_password`, or of its like, lies beside this one. */
static bool names_secret(const struct line *line)
{
	static const char word[] = "name:";

	for (size_t at = line->begin; at + sizeof(word) <= line->end; at++) {
		if (!begins(line, at, word) || (at > line->begin && in_key(line->source[at - 1])))
			continue;
		char name[256] = "";
		size_t length = 0;
		at += strlen(word);
		while (at < line->end && strchr(" \"'", line->source[at]))
			at++;
		while (at < line->end && in_key(line->source[at]) && length < sizeof(name) - 1)
			name[length++] = line->source[at++];
		name[length] = '\0';
		return sensitive_name(name);
	}
	return false;
}

static bool is_item(const struct line *line)
{
	return line->indent && memchr(line->source + line->begin, '-', line->indent);
}

/* Of a parameter, whose name may stand on another line of its map. */
static bool beside_secret_name(const struct line *line)
{
	struct line other = *line;

	if (names_secret(line))
		return true;
	for (int i = 0; i < 20 && other.begin && !is_item(&other); i++) {
		other = line_before(&other);
		if (other.indent == line->indent && names_secret(&other))
			return true;
	}
	other = *line;
	for (int i = 0; i < 20 && other.end < line->size; i++) {
		other = line_at(line->source, line->size, other.end + 1);
		if (other.indent != line->indent || is_item(&other))
			break;
		if (names_secret(&other))
			return true;
	}
	return false;
}

size_t mask_line(const char *source, size_t size, size_t at, struct span ret[static MASK_LIMIT])
{
	struct line line = line_at(source, size, at);
	bool open;

	if (!is_blank(&line) && within_value(&line)) {
		ret[0] = (struct span){line.begin + line.indent, line.end};
		return 1;
	}
	return mask_pairs(&line, beside_secret_name(&line), ret, &open);
}

/* Whether the hidden part holds the piece, what stands before a name (`*`, `&`, `!`) left out. */
static bool holds(const char *hidden, size_t length, const char *piece, size_t piece_length)
{
	while (piece_length && strchr("*&!", *piece)) {
		piece++;
		piece_length--;
	}
	/* A single character gives nothing away. */
	return piece_length > 1 && memmem(hidden, length, piece, piece_length);
}

/* The sentence without what it quotes, between backquotes, of the hidden part. */
static void hide(struct diagnostics *list, const char **sentence, const char *hidden, size_t length)
{
	owned_text masked = {0};
	const char *at = *sentence;

	if (!at)
		return;
	for (const char *open; (open = strchr(at, '`')) && strchr(open + 1, '`');) {
		const char *close = strchr(open + 1, '`');
		bool found = holds(hidden, length, open + 1, (size_t)(close - open) - 1);
		text_add_bytes(&masked, at, (size_t)(open - at));
		if (found)
			text_add(&masked, "`***`");
		else
			text_add_bytes(&masked, open, (size_t)(close - open) + 1);
		at = close + 1;
	}
	text_add(&masked, at);
	const char *copy = masked.failed ? NULL : arena_text(&list->arena, text_view(&masked));
	if (!copy)
		list->failed = true;
	*sentence = copy ? copy : "";
}

void mask_summaries(struct diagnostics *list, const char *file, const char *source, size_t size)
{
	for (struct diagnostic *d = list->first; d; d = d->next) {
		struct span spans[MASK_LIMIT];
		if (!d->place.line || d->place.byte > size || !d->place.file || strcmp(d->place.file, file))
			continue;
		size_t count = mask_line(source, size, d->place.byte, spans);
		for (size_t i = 0; i < count; i++) {
			const char *hidden = source + spans[i].from;
			if (d->place.byte < spans[i].from || d->place.byte >= spans[i].to)
				continue;
			hide(list, &d->summary, hidden, spans[i].to - spans[i].from);
			hide(list, &d->remedy, hidden, spans[i].to - spans[i].from);
		}
	}
}
