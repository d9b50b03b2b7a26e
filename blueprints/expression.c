/* expression.c - reads `$brooklyn:` expressions in their string form and their map form. */
#include "blueprints/expression.h"

#include <ctype.h>
#include <string.h>

#include "base/text.h"

#define DEPTH_LIMIT    32
#define ARGUMENT_LIMIT 32

struct reader {
	struct arena *texts, *tree;
	struct diagnostics *list;
	const char *text;
	size_t at;
	struct place place;     /* of text[0] */
	bool exact;             /* columns within the text can be told */
	size_t counted, column; /* so many columns are before text[counted] */
	int depth;
};

size_t expression_prefix(const char *text)
{
	return starts_with(text, "$brooklyn:") ? 10 : starts_with(text, "$berth:") ? 7 : 0;
}

bool is_expression(const struct yaml_node *node)
{
	if (node->kind == YAML_SCALAR)
		return expression_prefix(node->text) > 0;
	if (node->kind == YAML_MAP)
		for (size_t i = 0; i < node->count; i++)
			if (expression_prefix(node->entries[i].key))
				return true;
	return false;
}

static size_t columns(const char *text, size_t length)
{
	size_t count = 0;

	for (size_t i = 0; i < length; i++)
		count += ((unsigned char)text[i] & 0xc0) != 0x80;
	return count;
}

/* Columns can be told when the text is as long as what it was written as, with or without quotes. */
static struct reader reader_over(struct arena *texts, struct arena *tree, struct diagnostics *list,
				 const char *text, struct place place)
{
	struct reader r = {.texts = texts, .tree = tree, .list = list, .text = text, .place = place};
	int width = place.end_column - place.column, length = (int)columns(text, strlen(text));

	if (place.end_column && (width == length || width == length + 2)) {
		r.exact = true;
		if (width == length + 2) {
			r.place.column++;
			r.place.byte++;
		}
	}
	return r;
}

/* Mostly of one place after the other: what was counted is not counted again. */
static size_t columns_before(struct reader *r, size_t at)
{
	if (at < r->counted)
		r->counted = r->column = 0;
	r->column += columns(r->text + r->counted, at - r->counted);
	r->counted = at;
	return r->column;
}

static struct place place_from(struct reader *r, size_t start)
{
	struct place place = r->place;

	if (!r->exact)
		return place;
	place.column += (int)columns_before(r, start);
	place.byte += start;
	place.end_column = place.column + (int)columns(r->text + start, r->at > start ? r->at - start : 0);
	return place;
}

static void *gone(struct reader *r)
{
	r->list->failed = true;
	return NULL;
}

static void skip_spaces(struct reader *r)
{
	while (isspace((unsigned char)r->text[r->at]))
		r->at++;
}

static struct expression *make(struct reader *r, enum expression_kind kind, const char *text, size_t start)
{
	struct expression *e = arena_alloc(r->tree, sizeof(*e));

	if (!e || !text)
		return gone(r);
	*e = (struct expression){.kind = kind, .text = text, .place = place_from(r, start)};
	return e;
}

static size_t string_end(const char *text, size_t at)
{
	while (text[at] && text[at] != '"')
		at += text[at] == '\\' && text[at + 1] ? 2 : 1;
	return at;
}

static struct expression *read_string(struct reader *r)
{
	size_t start = r->at++, length = 0, end = string_end(r->text, r->at);

	if (!r->text[end]) {
		r->at = end;
		complain(r->list, place_from(r, start), "the string is not closed: its `\"` is missing");
		return NULL;
	}
	char *copy = arena_copy(r->texts, r->text + r->at, end - r->at);
	if (!copy)
		return gone(r);
	for (; r->at < end; r->at++) {
		r->at += r->text[r->at] == '\\';
		copy[length++] = r->text[r->at];
	}
	r->at++;
	copy[length] = '\0';
	struct expression *e = make(r, EXPRESSION_TEXT, copy, start);
	if (e)
		e->quoted = true;
	return e;
}

static struct expression *read_expression(struct reader *r);

static bool add_argument(struct reader *r, struct expression *call, const struct expression *argument)
{
	if (call->count == ARGUMENT_LIMIT) {
		complain(r->list, call->place, "more than %d arguments", ARGUMENT_LIMIT);
		return false;
	}
	if (call->count == call->room) {
		unsigned char room = call->room ? 2 * call->room : 1;
		const struct expression **wider = arena_array(r->tree, const struct expression *, room);
		if (!wider)
			return gone(r);
		if (call->count)
			memcpy(wider, call->arguments, call->count * sizeof(*wider));
		call->arguments = wider;
		call->room = room;
	}
	call->arguments[call->count++] = argument;
	return true;
}

/* The arguments after "(" and the ")" itself. */
static bool read_arguments(struct reader *r, struct expression *call, size_t start)
{
	r->at++;
	skip_spaces(r);
	if (r->text[r->at] == ')') {
		r->at++;
		return true;
	}
	for (;;) {
		const struct expression *argument = read_expression(r);
		if (!argument || !add_argument(r, call, argument))
			return false;
		skip_spaces(r);
		if (r->text[r->at] == ')') {
			r->at++;
			return true;
		}
		if (r->text[r->at] != ',') {
			complain(r->list, place_from(r, start),
				 "`%s(` is not closed: a `,` or `)` is missing after argument %zu",
				 call->text, call->count);
			return false;
		}
		r->at++;
	}
}

static size_t word_length(const char *text)
{
	size_t length = 0;

	while (isalnum((unsigned char)text[length]) || (text[length] && strchr("_-", text[length])))
		length++;
	return length;
}

static bool is_number(const char *word)
{
	if (*word == '-')
		word++;
	if (!*word)
		return false;
	for (; *word; word++)
		if (!isdigit((unsigned char)*word))
			return false;
	return true;
}

static struct expression *refuse_token(struct reader *r)
{
	size_t start = r->at;
	char c = r->text[r->at];

	if (c == '\'')
		advise(r->list,
		       complain(r->list, place_from(r, start), "strings in an expression take double quotes"),
		       "write \"...\"");
	else if (!c)
		complain(r->list, place_from(r, start), "the expression ends too early");
	else
		complain(r->list, place_from(r, start), "`%.12s` does not fit here in an expression",
			 r->text + start);
	return NULL;
}

/* `name(...)`, a number, or a word such as true. */
static struct expression *read_call(struct reader *r, const struct expression *on)
{
	size_t start = r->at, length = word_length(r->text + start);

	if (!length)
		return refuse_token(r);
	r->at += length;
	struct expression *e = make(r, EXPRESSION_CALL, arena_copy(r->texts, r->text + start, length), start);
	if (!e)
		return NULL;
	e->on = on;
	skip_spaces(r);
	if (r->text[r->at] == '(')
		return read_arguments(r, e, start) ? e : NULL;
	if (!on && (is_number(e->text) || !strcmp(e->text, "true") || !strcmp(e->text, "false") ||
		    !strcmp(e->text, "null"))) {
		e->kind = EXPRESSION_TEXT;
		return e;
	}
	struct diagnostic *entry = complain(r->list, e->place, "`%s` stands without `(...)`", e->text);
	advise(r->list, entry, "write a string in double quotes, a function with its arguments: %s(\"...\")",
	       e->text);
	return NULL;
}

static struct expression *read_chain(struct reader *r)
{
	struct expression *e = read_call(r, NULL);

	while (e) {
		skip_spaces(r);
		if (r->text[r->at] == '[') {
			complain(r->list, place_from(r, r->at),
				 "`[...]` after a call is not supported yet by this version of berth");
			return NULL;
		}
		if (r->text[r->at] != '.')
			return e;
		r->at++;
		e = read_call(r, e);
	}
	return NULL;
}

static struct expression *read_expression(struct reader *r)
{
	struct expression *e;

	skip_spaces(r);
	if (++r->depth > DEPTH_LIMIT) {
		complain(r->list, r->place, "the expression is nested deeper than %d levels", DEPTH_LIMIT);
		return NULL;
	}
	if (r->text[r->at] == '"') {
		e = read_string(r);
	} else {
		r->at += expression_prefix(r->text + r->at);
		e = read_chain(r);
	}
	r->depth--;
	return e;
}

static const struct expression *parse_text(struct arena *texts, struct arena *tree,
					   const struct yaml_node *node, struct diagnostics *list)
{
	struct reader r = reader_over(texts, tree, list, node->text, node->place);
	struct expression *e;

	r.at = expression_prefix(node->text);
	e = read_chain(&r);
	if (!e)
		return NULL;
	skip_spaces(&r);
	if (r.text[r.at]) {
		struct diagnostic *entry =
		    complain(list, place_from(&r, r.at), "text after the end of the expression: `%.40s`",
			     r.text + r.at);
		advise(list, entry,
		       "an expression is the whole value; join texts with "
		       "$brooklyn:formatString(\"...%%s...\", ...)");
		return NULL;
	}
	return e;
}

static const struct expression *parse_node(struct reader *r, const struct yaml_node *node, bool verbatim)
{
	if (!verbatim && is_expression(node))
		return expression_parse(r->texts, r->tree, node, r->list);
	struct expression *e = arena_alloc(r->tree, sizeof(*e));
	if (!e)
		return gone(r);
	bool scalar = node->kind == YAML_SCALAR;
	*e = (struct expression){.kind = scalar ? EXPRESSION_TEXT : EXPRESSION_NODE,
				 .text = scalar ? node->text : "",
				 .quoted = true,
				 .place = node->place,
				 .node = node};
	return e;
}

/* `component("x").attributeWhenReady` of a map form: the last call's arguments are the entry's value. */
static struct expression *parse_key(struct reader *r)
{
	const struct expression *on = NULL;

	for (;;) {
		size_t start = r->at, length = word_length(r->text + start);
		if (r->text[start + length] == '(') {
			on = read_call(r, on);
			if (!on || r->text[r->at++] != '.')
				return on ? refuse_token(r) : NULL;
			continue;
		}
		r->at += length;
		if (!length || r->text[r->at]) {
			r->at = start;
			return refuse_token(r);
		}
		struct expression *e =
		    make(r, EXPRESSION_CALL, arena_copy(r->texts, r->text + start, length), start);
		if (e)
			e->on = on;
		return e;
	}
}

static const struct expression *parse_map(struct arena *texts, struct arena *tree,
					  const struct yaml_node *node, struct diagnostics *list)
{
	const struct yaml_entry *entry = &node->entries[0];

	if (node->count != 1) {
		for (size_t i = 0; i < node->count; i++)
			if (expression_prefix(node->entries[i].key))
				entry = &node->entries[i];
		advise(list,
		       complain(list, entry->key_place, "`%s` must be the only key of its map", entry->key),
		       "an expression in map form is a map with one entry");
		return NULL;
	}
	struct reader r = reader_over(texts, tree, list, entry->key, entry->key_place);
	r.at = expression_prefix(entry->key);
	struct expression *e = parse_key(&r);
	if (!e)
		return NULL;
	bool many = entry->value->kind == YAML_LIST, verbatim = !strcmp(e->text, "literal");
	size_t count = many ? entry->value->count : 1;
	for (size_t i = 0; i < count; i++) {
		const struct expression *argument =
		    parse_node(&r, many ? entry->value->items[i] : entry->value, verbatim);
		if (!argument || !add_argument(&r, e, argument))
			return NULL;
	}
	return e;
}

const struct expression *expression_parse(struct arena *texts, struct arena *tree,
					  const struct yaml_node *node, struct diagnostics *list)
{
	return node->kind == YAML_MAP ? parse_map(texts, tree, node, list)
				      : parse_text(texts, tree, node, list);
}
