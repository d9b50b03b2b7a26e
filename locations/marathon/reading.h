/* reading.h - members of an answer, taken with care: absent and null are alike, another type is told. */
#ifndef BERTH_LOCATIONS_MARATHON_READING_H
#define BERTH_LOCATIONS_MARATHON_READING_H

#include "base/arena.h"
#include "base/json.h"

struct marathon_reading {
	struct arena *arena;
	const char *what; /* "app", "task": for words */
	struct error *err;
};

const json_t *marathon_member(const json_t *object, const char *key); /* NULL: absent, or null */
int marathon_take_text(const struct marathon_reading *reading, const json_t *object, const char *key,
		       bool needed, const char **ret);
int marathon_take_real(const struct marathon_reading *reading, const json_t *object, const char *key,
		       double otherwise, double *ret);
int marathon_take_count(const struct marathon_reading *reading, const json_t *object, const char *key,
			int64_t otherwise, int64_t *ret);
int marathon_take_time(const struct marathon_reading *reading, const json_t *object, const char *key,
		       int64_t *ret);
/* A list or an object; *ret is NULL when it is not there. */
int marathon_take_list(const struct marathon_reading *reading, const json_t *object, const char *key,
		       const json_t **ret);
int marathon_take_object(const struct marathon_reading *reading, const json_t *object, const char *key,
			 const json_t **ret);
/* The texts of a list; with `key` also those that its objects have there. */
int marathon_take_texts(const struct marathon_reading *reading, const json_t *list, const char *key,
			const char *const **ret, size_t *ret_count);
int marathon_must_be_object(const struct marathon_reading *reading, const json_t *json);

#endif
