/* reading.c - members of an answer, taken with care. */
#include "locations/openstack/reading.h"

#include "locations/openstack/answers.h"

#include <string.h>
#include <time.h>

int openstack_odd(const struct openstack_reading *reading, const char *what)
{
	return fail(reading->err, ERR_UNREACHABLE, "%s answered something else than was asked for: %s",
		    reading->who, what);
}

static const json_t *member(const json_t *object, const char *key)
{
	const json_t *value = json_object_get(object, key);

	return json_is_null(value) ? NULL : value;
}

int openstack_take_text(const struct openstack_reading *reading, const json_t *object, const char *key,
			bool needed, const char **ret)
{
	const json_t *value = member(object, key);

	*ret = json_string_value(value);
	return (value || needed) && (!*ret || (needed && !**ret)) ? openstack_odd(reading, key) : 0;
}

static bool is_id(const char *text)
{
	static const char letters[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";

	return text && *text && !text[strspn(text, letters)];
}

const char *openstack_id(const json_t *object)
{
	const char *id = json_text(object, "id");

	return is_id(id) ? id : NULL;
}

int openstack_take_id(const struct openstack_reading *reading, const json_t *object, const char *key,
		      const char **ret)
{
	*ret = json_text(object, key);
	return is_id(*ret) ? 0 : openstack_odd(reading, key);
}

int openstack_take_number(const struct openstack_reading *reading, const json_t *object, const char *key,
			  int64_t otherwise, int64_t *ret)
{
	const json_t *value = member(object, key);

	*ret = value ? json_integer_value(value) : otherwise;
	return value && !json_is_integer(value) ? openstack_odd(reading, key) : 0;
}

int openstack_take_list(const struct openstack_reading *reading, const json_t *object, const char *key,
			const json_t **ret)
{
	*ret = member(object, key);
	return json_is_array(*ret) ? 0 : openstack_odd(reading, key);
}

int64_t openstack_time(const char *stamp)
{
	struct tm tm = {0};
	const char *end = strptime(stamp, "%Y-%m-%dT%H:%M:%S", &tm);

	if (!end)
		return 0;
	if (*end == '.')
		end += 1 + strspn(end + 1, "0123456789");
	return *end && strcmp(end, "Z") != 0 ? 0 : (int64_t)timegm(&tm) * 1000;
}
