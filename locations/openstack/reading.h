/* reading.h - members of an answer, taken with care: absent and null are alike, another type is told. */
#ifndef BERTH_LOCATIONS_OPENSTACK_READING_H
#define BERTH_LOCATIONS_OPENSTACK_READING_H

#include "base/arena.h"
#include "base/json.h"

struct openstack_reading {
	struct arena *arena;
	const char *who; /* "Nova", "Keystone": for words */
	struct error *err;
};

/* Another thing than was to come; -1. */
int openstack_odd(const struct openstack_reading *reading, const char *what);
int openstack_take_text(const struct openstack_reading *reading, const json_t *object, const char *key,
			bool needed, const char **ret);
/* What becomes part of a path. */
int openstack_take_id(const struct openstack_reading *reading, const json_t *object, const char *key,
		      const char **ret);
int openstack_take_number(const struct openstack_reading *reading, const json_t *object, const char *key,
			  int64_t otherwise, int64_t *ret);
int openstack_take_list(const struct openstack_reading *reading, const json_t *object, const char *key,
			const json_t **ret);
/* "2026-11-21T01:50:40Z", with a fraction or without; 0 when it is no time. */
int64_t openstack_time(const char *stamp);

#endif
