/* filters.c - what a listing is narrowed by: {"label":["a=b"],"name":["x"]}, or the older form of objects. */
#include <stdlib.h>
#include <string.h>

#include "simulation/docker/model.h"

/* {"name":{"x":true}}, as engines once wanted it, is {"name":["x"]}. */
static json_t *as_list(json_t *values)
{
	json_t *list, *ignored;
	const char *key;

	if (json_is_array(values))
		return json_incref(values);
	list = must_json(json_array());
	json_object_foreach (values, key, ignored)
		json_array_append_new(list, must_json(json_string(key)));
	return list;
}

static bool is_known(const char *const *known, const char *name)
{
	for (; *known; known++)
		if (!strcmp(*known, name))
			return true;
	return false;
}

int filters_read(struct call *call, const char *const *known, json_t **ret)
{
	owned_memory char *written = query_value(call, "filters");
	owned_json parsed = written && *written ? json_loads(written, 0, NULL) : NULL;
	const char *name;
	json_t *values;

	*ret = NULL;
	if (!written || !*written)
		return 0;
	if (!json_is_object(parsed)) {
		refuse(call, 500, "invalid character '%c' looking for beginning of value", *written);
		return -1;
	}
	json_t *filters = must_json(json_object());
	json_object_foreach (parsed, name, values) {
		if (known && !is_known(known, name)) {
			refuse(call, 400, "Invalid filter '%s'", name);
			json_decref(filters);
			return -1;
		}
		json_object_set_new(filters, name, as_list(values));
	}
	*ret = filters;
	return 0;
}

/* "a=b", or "a" alone. */
static bool label_fits(const json_t *labels, const char *wanted)
{
	size_t length = strcspn(wanted, "=");
	owned_memory char *key = must(strndup(wanted, length));
	const char *value = json_text(labels, key);

	return value && (!wanted[length] || !strcmp(value, wanted + length + 1));
}

/* All of them. */
bool filter_labels(const json_t *filters, const json_t *labels)
{
	const json_t *wanted;
	size_t i;

	json_array_foreach (json_object_get(filters, "label"), i, wanted)
		if (!label_fits(labels, json_string_value(wanted)))
			return false;
	return true;
}

bool filter_any(const json_t *filters, const char *name, bool (*fits)(const char *value, const void *context),
		const void *context)
{
	const json_t *values = json_object_get(filters, name), *value;
	size_t i;

	if (!json_array_size(values))
		return true;
	json_array_foreach (values, i, value)
		if (json_is_string(value) && fits(json_string_value(value), context))
			return true;
	return false;
}

static bool is_word(const char *value, const void *word)
{
	return !strcmp(value, word);
}

bool filter_word(const json_t *filters, const char *name, const char *word)
{
	return filter_any(filters, name, is_word, word);
}
