/* alike_masked.c - what two engines cannot have in common (ids, times, orders) is masked before they are
 * compared. */
#include <ctype.h>
#include <stdlib.h>
#include <string.h>

#include "base/cleanup.h"
#include "tests/real/docker/alike.h"

static size_t hex_length(const char *text)
{
	return strspn(text, "0123456789abcdef");
}

static bool is_time(const char *text)
{
	return strlen(text) > 18 && text[4] == '-' && text[10] == 'T' && !starts_with(text, "0001");
}

/* Ids, whole or short, become "<id>"; "Up 3 seconds" just "Up". */
static char *mask_text(const char *text)
{
	struct text masked = {0};

	if (is_time(text))
		text = "<time>";
	for (const char *at = text; *at;) {
		size_t length = hex_length(at);
		bool begins = at == text || !isalnum((unsigned char)at[-1]);
		if (begins && (length == 64 || length == 12) && !isalnum((unsigned char)at[length])) {
			text_add(&masked, "<id>");
			at += length;
		} else if (at == text && starts_with(at, "Up ")) {
			const char *more = strstr(at, " (");
			text_add(&masked, "Up");
			at = more ? more : at + strlen(at);
		} else if (starts_with(at, ") ") && ends_with(text, " ago")) {
			text_add(&masked, ")");
			break;
		} else {
			text_add_char(&masked, *at++);
		}
	}
	return text_take(&masked);
}

static int by_line(const void *a, const void *b)
{
	return strcmp(*(char *const *)a, *(char *const *)b);
}

/* Sets that come in any order. */
json_t *sorted_json(json_t *list)
{
	size_t count = json_array_size(list);
	char **lines = calloc(count + 1, sizeof(*lines));
	json_t *ordered = json_array();

	for (size_t i = 0; i < count; i++)
		lines[i] = json_dumps(json_array_get(list, i), JSON_SORT_KEYS | JSON_ENCODE_ANY);
	qsort(lines, count, sizeof(*lines), by_line);
	for (size_t i = 0; i < count; i++) {
		json_array_append_new(ordered, json_loads(lines[i], JSON_DECODE_ANY, NULL));
		free(lines[i]);
	}
	free(lines);
	json_decref(list);
	return ordered;
}

static json_t *mask_object(const json_t *json)
{
	static const char *const unlike[] = {"Pid",  "CreatedAt",   "Mountpoint", "Source",  "Created",
					     "Size", "VirtualSize", "time",       "timeNano"};
	json_t *masked = json_object(), *ids = NULL, *value;
	const char *key;

	json_object_foreach ((json_t *)json, key, value) {
		bool differs = false;
		for (size_t i = 0; i < COUNT_OF(unlike); i++)
			differs |= !strcmp(key, unlike[i]);
		if (differs)
			continue;
		if (hex_length(key) == 64) {
			ids = ids ? ids : json_array();
			json_array_append_new(ids, mask_json(value));
		} else {
			json_t *its = mask_json(value);
			bool set = !strcmp(key, "Mounts") || !strcmp(key, "Volumes") || !strcmp(key, "Ports");
			json_object_set_new(masked, key, set && json_is_array(its) ? sorted_json(its) : its);
		}
	}
	if (!ids)
		return masked;
	json_decref(masked);
	return sorted_json(ids);
}

json_t *mask_json(const json_t *json)
{
	if (json_is_object(json))
		return mask_object(json);
	if (json_is_array(json)) {
		json_t *masked = json_array();
		for (size_t i = 0; i < json_array_size(json); i++)
			json_array_append_new(masked, mask_json(json_array_get(json, i)));
		return masked;
	}
	if (!json_is_string(json))
		return json_deep_copy(json);
	char *text = mask_text(json_string_value(json));
	json_t *masked = json_string(text);
	free(text);
	return masked;
}

static const char *shown(const json_t *json)
{
	owned_memory char *line = json ? json_dumps(json, JSON_ENCODE_ANY | JSON_COMPACT) : NULL;

	return arena_text(&both.arena, line ? line : "nothing");
}

/* All that the simulated one says, the real one says too. */
bool says_too(const json_t *told, const json_t *simulated, struct text *where)
{
	const char *key;
	json_t *value;
	size_t before = where->length;

	if (json_is_object(simulated) && json_is_object(told)) {
		json_object_foreach ((json_t *)simulated, key, value) {
			text_format(where, ".%s", key);
			if (!says_too(json_object_get(told, key), value, where))
				return false;
			where->length = before;
			where->data[before] = '\0';
		}
		return true;
	}
	if (json_is_array(simulated) && json_is_array(told)) {
		for (size_t i = 0; i < json_array_size(simulated); i++) {
			text_format(where, "[%zu]", i);
			if (!says_too(json_array_get(told, i), json_array_get(simulated, i), where))
				return false;
			where->length = before;
			where->data[before] = '\0';
		}
		if (json_array_size(told) == json_array_size(simulated))
			return true;
		text_format(where, "\n  told: %s\n  simulated: %s", shown(told), shown(simulated));
		return false;
	}
	if (told && json_equal(told, simulated))
		return true;
	text_format(where, "\n  told: %s\n  simulated: %s", shown(told), shown(simulated));
	return false;
}

/* Bytes of a stream as text, each that is none as its number. */
json_t *masked_bytes(const struct text *body)
{
	owned_text shown = {0};

	for (size_t i = 0; i < body->length; i++)
		text_format(&shown, body->data[i] >= ' ' ? "%c" : " %d ", body->data[i]);
	owned_memory char *masked = mask_text(text_view(&shown));
	return json_string(masked);
}
