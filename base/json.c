/* json.c - reading answers of remotes without surprises, and writing ours. */
#include "base/json.h"

#include <string.h>

#include "base/cleanup.h"
#include "base/json_read.h"
#include "base/text.h"

#define BLANKS " \t\r\n"

/* Whether brackets outside strings nest deeper than any honest answer does. */
static bool too_deep(const char *text, size_t size)
{
	size_t depth = 0;
	bool quoted = false;

	for (size_t i = 0; i < size; i++) {
		char c = text[i];
		if (quoted) {
			if (c == '\\')
				i++;
			else if (c == '"')
				quoted = false;
		} else if (c == '"') {
			quoted = true;
		} else if (c == '[' || c == '{') {
			if (++depth > JSON_DEPTH_MOST)
				return true;
		} else if ((c == ']' || c == '}') && depth) {
			depth--;
		}
	}
	return false;
}

static void overwrite(json_t *json)
{
	const char *key;
	json_t *value;

	if (json_is_string(json))
		explicit_bzero((char *)json_string_value(json), json_string_length(json));
	json_object_foreach (json, key, value)
		overwrite(value);
	for (size_t i = 0; i < json_array_size(json); i++)
		overwrite(json_array_get(json, i));
}

void release_secret_json(json_t **json)
{
	if (*json)
		overwrite(*json);
	json_decref(*json);
}

static size_t length_before(const char *text, const char *part)
{
	const char *at = strstr(text, part);

	return at ? (size_t)(at - text) : strlen(text);
}

static int told_what(const json_error_t *wrong, const char *what, struct error *err)
{
	if (json_error_code(wrong) == json_error_out_of_memory || wrong->line < 0)
		return fail_memory(err);
	/* Without what it was near to, which may be a password. */
	return fail(err, ERR_INVALID, "%s: not valid JSON at line %d, column %d: %.*s", what, wrong->line,
		    wrong->column, (int)length_before(wrong->text, " near "), wrong->text);
}

/* With JSON_DISABLE_EOF_CHECK the first value alone, and where it ends in wrong->position. */
static json_t *load(const char *text, size_t size, size_t flags, json_error_t *wrong)
{
	flags |= JSON_REJECT_DUPLICATES | JSON_DECODE_ANY;
	json_t *json = json_loadb(text, size, flags, wrong);
	/* jansson takes a token that there was no memory for to be wrong: only what it says twice counts. */
	return json ? json : json_loadb(text, size, flags, wrong);
}

/* All of it, or NULL: then the other way tells what is wrong. */
static json_t *read_whole(const char *text, size_t size)
{
	const char *at = text, *end = text + size;
	json_t *json = json_read(&at, end);

	while (json && at < end && *at && strchr(BLANKS, *at))
		at++;
	if (at == end)
		return json;
	json_decref(json);
	return NULL;
}

json_t *json_parse(const char *text, size_t size, const char *what, struct error *err)
{
	json_error_t wrong;

	if (!size) {
		fail(err, ERR_INVALID, "%s is empty where JSON was expected", what);
		return NULL;
	}
	json_t *json = read_whole(text, size);
	if (json)
		return json;
	if (too_deep(text, size)) {
		fail(err, ERR_INVALID, "%s: JSON nested deeper than %d levels", what, JSON_DEPTH_MOST);
		return NULL;
	}
	json = load(text, size, 0, &wrong);
	if (!json)
		told_what(&wrong, what, err);
	return json;
}

/* --- member by member --------------------------------------------------------------------------------- */

/* What is left of the text. */
struct rest {
	const char *at;
	size_t size;
	const char *what; /* it is */
	struct error *err;
};

static void advance(struct rest *rest, size_t count)
{
	rest->at += count;
	rest->size -= count;
}

static void skip_blanks(struct rest *rest)
{
	while (rest->size && *rest->at && strchr(BLANKS, *rest->at))
		advance(rest, 1);
}

static bool next_is(struct rest *rest, char sign)
{
	skip_blanks(rest);
	if (!rest->size || *rest->at != sign)
		return false;
	advance(rest, 1);
	return true;
}

static json_t *next_value(struct rest *rest)
{
	json_error_t wrong;
	const char *end = rest->at;
	json_t *value = json_read(&end, rest->at + rest->size);

	if (value) {
		advance(rest, (size_t)(end - rest->at));
		return value;
	}
	value = load(rest->at, rest->size, JSON_DISABLE_EOF_CHECK, &wrong);
	if (value)
		advance(rest, (size_t)wrong.position);
	else
		told_what(&wrong, rest->what, rest->err);
	return value;
}

static int no_object(const struct rest *rest)
{
	return fail(rest->err, ERR_INVALID, "%s: not a JSON object, or not a whole one", rest->what);
}

static int visit_next(struct rest *rest, json_visitor *visit, void *context)
{
	owned_json key = next_value(rest);
	if (!key)
		return -1;
	if (!json_is_string(key) || !next_is(rest, ':'))
		return no_object(rest);
	owned_json value = next_value(rest);
	return value ? visit(context, json_string_value(key), value, rest->err) : -1;
}

int json_each_member(const char *text, size_t size, const char *what, json_visitor *visit, void *context,
		     struct error *err)
{
	struct rest rest = {text, size, what, err};

	if (too_deep(text, size))
		return fail(err, ERR_INVALID, "%s: JSON nested deeper than %d levels", what, JSON_DEPTH_MOST);
	if (!next_is(&rest, '{'))
		return no_object(&rest);
	bool more = !next_is(&rest, '}');
	while (more) {
		if (visit_next(&rest, visit, context))
			return -1;
		more = next_is(&rest, ',');
		if (!more && !next_is(&rest, '}'))
			return no_object(&rest);
	}
	skip_blanks(&rest);
	return rest.size ? no_object(&rest) : 0;
}

const char *json_text(const json_t *object, const char *key)
{
	return json_string_value(json_object_get(object, key));
}

int64_t json_number(const json_t *object, const char *key, int64_t otherwise)
{
	const json_t *number = json_object_get(object, key);

	return json_is_integer(number) ? json_integer_value(number) : otherwise;
}

bool json_flag(const json_t *object, const char *key, bool otherwise)
{
	const json_t *flag = json_object_get(object, key);

	return json_is_boolean(flag) ? json_is_true(flag) : otherwise;
}

json_t *json_at(const json_t *object, const char *path)
{
	json_t *found = (json_t *)object;

	while (found && *path) {
		size_t length = strcspn(path, ".");
		found = json_object_getn(found, path, length);
		path += length;
		path += *path == '.';
	}
	return found;
}

/* Text of remotes and logs need not be UTF-8: what is not becomes the replacement character. */
static json_t *repaired(const char *text)
{
	owned_text good = {0};

	while (*text) {
		size_t length = utf8_length(text);
		if (length)
			text_add_bytes(&good, text, length);
		else
			text_add(&good, "\xef\xbf\xbd");
		text += length ? length : 1;
	}
	return good.failed ? NULL : json_string(text_view(&good));
}

json_t *json_any_text(const char *text)
{
	json_t *value = json_string(text);

	return value ? value : repaired(text);
}

static int counted(int result)
{
	if (result)
		count_memory_failure();
	return result;
}

int json_put(json_t *object, const char *key, json_t *value)
{
	return counted(json_object_set_new(object, key, value));
}

int json_put_shared(json_t *object, const char *key, json_t *value)
{
	return counted(json_object_set(object, key, value));
}

int json_add(json_t *list, json_t *value)
{
	return counted(json_array_append_new(list, value));
}

int json_put_text(json_t *object, const char *key, const char *text)
{
	return json_put(object, key, text ? json_any_text(text) : json_null());
}

int json_put_number(json_t *object, const char *key, int64_t number)
{
	return json_put(object, key, json_integer(number));
}

int json_put_flag(json_t *object, const char *key, bool flag)
{
	return json_put(object, key, json_boolean(flag));
}

#define LINE_FLAGS   (JSON_COMPACT | JSON_PRESERVE_ORDER | JSON_ENCODE_ANY | JSON_REAL_PRECISION(15))
#define SORTED_FLAGS (JSON_COMPACT | JSON_SORT_KEYS)

static int add_piece(const char *piece, size_t size, void *to)
{
	text_add_bytes(to, piece, size);
	return 0;
}

/* By way of a text, which remembers: jansson itself goes on when there was no memory for a key. */
static void add_dumped(struct text *to, const json_t *json, size_t flags)
{
	to->failed |= json_dump_callback(json, add_piece, to, flags) != 0;
}

void json_add_line(struct text *to, const json_t *json)
{
	add_dumped(to, json, LINE_FLAGS);
}

static char *line_of(const json_t *json, size_t flags)
{
	struct text line = {0};

	add_dumped(&line, json, flags);
	return text_take(&line);
}

char *json_line(const json_t *json)
{
	return line_of(json, LINE_FLAGS);
}

char *json_sorted_line(const json_t *json)
{
	return line_of(json, SORTED_FLAGS);
}
