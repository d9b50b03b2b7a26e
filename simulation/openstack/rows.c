/* rows.c - tables of what is told as it is: found by a member, counted, without the members that are ours. */
#include <string.h>

#include "simulation/openstack/model.h"

static bool has(const json_t *row, const char *key, const char *value)
{
	const char *text = json_text(row, key);

	return text && !strcmp(text, value);
}

json_t *row_find(const json_t *rows, const char *key, const char *value)
{
	for (size_t i = 0; value && i < json_array_size(rows); i++)
		if (has(json_array_get(rows, i), key, value))
			return json_array_get(rows, i);
	return NULL;
}

size_t row_count(const json_t *rows, const char *key, const char *value)
{
	size_t count = 0;

	for (size_t i = 0; i < json_array_size(rows); i++)
		count += has(json_array_get(rows, i), key, value);
	return count;
}

void row_remove(json_t *rows, const json_t *row)
{
	for (size_t i = 0; i < json_array_size(rows); i++)
		if (json_array_get(rows, i) == row) {
			json_array_remove(rows, i);
			return;
		}
}

static void strip(json_t *told)
{
	const char *key;
	json_t *value;
	void *next;

	for (size_t i = 0; i < json_array_size(told); i++)
		strip(json_array_get(told, i));
	json_object_foreach_safe(told, next, key, value)
	{
		if (*key == '_')
			json_object_del(told, key);
		else
			strip(value);
	}
}

json_t *row_tell(const json_t *row)
{
	json_t *told = cloud_need(json_deep_copy(row));

	strip(told);
	return told;
}
