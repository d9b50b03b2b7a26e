/* reading.c - members of an answer, taken with care: absent and null are alike, another type is told. */
#include "locations/marathon/reading.h"

#include <ctype.h>
#include <stdio.h>
#include <string.h>
#include <time.h>

#include "locations/marathon/answers.h"

const json_t *marathon_member(const json_t *object, const char *key)
{
	const json_t *value = json_object_get(object, key);

	return json_is_null(value) ? NULL : value;
}

static int wrong(const struct marathon_reading *reading, const char *key, const char *wanted)
{
	return fail(reading->err, ERR_UNREACHABLE, "Marathon told of %s%s whose `%s` is no %s",
		    strchr("aeiou", reading->what[0]) ? "an " : "a ", reading->what, key, wanted);
}

int marathon_must_be_object(const struct marathon_reading *reading, const json_t *json)
{
	return json_is_object(json)
		   ? 0
		   : fail(reading->err, ERR_UNREACHABLE,
			  "Marathon told of something for the %s that is no object", reading->what);
}

int marathon_take_text(const struct marathon_reading *reading, const json_t *object, const char *key,
		       bool needed, const char **ret)
{
	const json_t *value = marathon_member(object, key);

	*ret = json_string_value(value);
	return (value || needed) && (!*ret || (needed && !**ret)) ? wrong(reading, key, "text") : 0;
}

int marathon_take_real(const struct marathon_reading *reading, const json_t *object, const char *key,
		       double otherwise, double *ret)
{
	const json_t *value = marathon_member(object, key);

	*ret = value ? json_number_value(value) : otherwise;
	return value && !json_is_number(value) ? wrong(reading, key, "number") : 0;
}

int marathon_take_count(const struct marathon_reading *reading, const json_t *object, const char *key,
			int64_t otherwise, int64_t *ret)
{
	double number;

	if (marathon_take_real(reading, object, key, (double)otherwise, &number) < 0)
		return -1;
	if (!(number >= 0 && number < 9e15))
		return wrong(reading, key, "number of things");
	*ret = (int64_t)number;
	return 0;
}

int marathon_take_time(const struct marathon_reading *reading, const json_t *object, const char *key,
		       int64_t *ret)
{
	const char *text;

	*ret = 0;
	if (marathon_take_text(reading, object, key, false, &text) < 0)
		return -1;
	*ret = text ? marathon_time(text) : 0;
	return text && !*ret ? wrong(reading, key, "time") : 0;
}

int marathon_take_list(const struct marathon_reading *reading, const json_t *object, const char *key,
		       const json_t **ret)
{
	*ret = marathon_member(object, key);
	return *ret && !json_is_array(*ret) ? wrong(reading, key, "list") : 0;
}

int marathon_take_object(const struct marathon_reading *reading, const json_t *object, const char *key,
			 const json_t **ret)
{
	*ret = marathon_member(object, key);
	return *ret && !json_is_object(*ret) ? wrong(reading, key, "object") : 0;
}

int marathon_take_texts(const struct marathon_reading *reading, const json_t *list, const char *key,
			const char *const **ret, size_t *ret_count)
{
	size_t count = json_array_size(list);
	const char **texts = arena_array(reading->arena, const char *, count + 1);

	if (!texts)
		return fail_memory(reading->err);
	for (size_t i = 0; i < count; i++) {
		const json_t *entry = json_array_get(list, i);
		texts[i] =
		    json_string_value(json_is_object(entry) && key ? json_object_get(entry, key) : entry);
		if (!texts[i])
			return wrong(reading, key ? key : "list", "text");
	}
	*ret = texts;
	*ret_count = count;
	return 0;
}

static bool two_digits(const char *text, long *ret)
{
	if (!isdigit((unsigned char)text[0]) || !isdigit((unsigned char)text[1]))
		return false;
	*ret = (text[0] - '0') * 10 + text[1] - '0';
	return true;
}

/* "Z", "+0000", "-07:00": how many minutes it is ahead. False: it is none. */
static bool zone_of(const char *text, long *ret_minutes)
{
	long hours, minutes;

	*ret_minutes = 0;
	if (!strcmp(text, "Z"))
		return true;
	if ((*text != '+' && *text != '-') || !two_digits(text + 1, &hours))
		return false;
	const char *rest = text + 3 + (text[3] == ':');
	if (!two_digits(rest, &minutes) || rest[2])
		return false;
	*ret_minutes = (hours * 60 + minutes) * (*text == '-' ? -1 : 1);
	return true;
}

int64_t marathon_time(const char *stamp)
{
	struct tm tm = {0};
	int fraction = 0, scale = 100;
	const char *rest = strptime(stamp, "%Y-%m-%dT%H:%M", &tm);
	const char *end = rest ? strptime(rest, ":%S", &tm) : NULL;
	long ahead;

	if (!rest)
		return 0;
	rest = end ? end : rest;
	if (end && *rest == '.')
		for (rest++; isdigit((unsigned char)*rest); rest++, scale /= 10)
			fraction += (*rest - '0') * scale;
	if (!zone_of(rest, &ahead))
		return 0;
	return ((int64_t)timegm(&tm) - ahead * 60) * 1000 + fraction;
}
