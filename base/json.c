/* json.c - reading answers of remotes without surprises, and writing ours. */
#include "base/json.h"

#include <string.h>

#include "base/cleanup.h"
#include "base/text.h"

#define DEPTH_LIMIT 256 /* jansson's own limit of 2048 is a lot of stack for an answer of a remote */

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
			if (++depth > DEPTH_LIMIT)
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

json_t *json_parse(const char *text, size_t size, const char *what, struct error *err)
{
	json_error_t wrong;

	if (!size) {
		fail(err, ERR_INVALID, "%s is empty where JSON was expected", what);
		return NULL;
	}
	if (too_deep(text, size)) {
		fail(err, ERR_INVALID, "%s: JSON nested deeper than %d levels", what, DEPTH_LIMIT);
		return NULL;
	}
	json_t *json = json_loadb(text, size, JSON_REJECT_DUPLICATES | JSON_DECODE_ANY, &wrong);
	if (json)
		return json;
	if (json_error_code(&wrong) == json_error_out_of_memory)
		fail_memory(err);
	else /* without what it was near to, which may be a password */
		fail(err, ERR_INVALID, "%s: not valid JSON at line %d, column %d: %.*s", what, wrong.line,
		     wrong.column, (int)length_before(wrong.text, " near "), wrong.text);
	return NULL;
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

/* The length of the UTF-8 character that begins here, 0 when none does. jansson judges the finer points. */
static size_t character_length(const char *text)
{
	unsigned char first = (unsigned char)*text;
	size_t length = first < 0x80 ? 1 : first < 0xc2 ? 0 : first < 0xe0 ? 2 : first < 0xf0 ? 3 : 4;

	for (size_t i = 1; i < length; i++)
		if (((unsigned char)text[i] & 0xc0) != 0x80)
			return 0;
	json_t *character = length ? json_stringn(text, length) : NULL;
	if (!character)
		return 0;
	json_decref(character);
	return length;
}

/* Text of remotes and logs need not be UTF-8: what is not becomes the replacement character. */
static json_t *repaired(const char *text)
{
	owned_text good = {0};

	while (*text) {
		size_t length = character_length(text);
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

int json_put_text(json_t *object, const char *key, const char *text)
{
	return json_object_set_new(object, key, text ? json_any_text(text) : json_null());
}

int json_put_number(json_t *object, const char *key, int64_t number)
{
	return json_object_set_new(object, key, json_integer(number));
}

int json_put_flag(json_t *object, const char *key, bool flag)
{
	return json_object_set_new(object, key, json_boolean(flag));
}

#define LINE_FLAGS (JSON_COMPACT | JSON_PRESERVE_ORDER | JSON_ENCODE_ANY | JSON_REAL_PRECISION(15))

char *json_line(const json_t *json)
{
	return json_dumps(json, LINE_FLAGS);
}

static int add_piece(const char *piece, size_t size, void *to)
{
	text_add_bytes(to, piece, size);
	return 0;
}

void json_add_line(struct text *to, const json_t *json)
{
	to->failed |= json_dump_callback(json, add_piece, to, LINE_FLAGS) != 0;
}
