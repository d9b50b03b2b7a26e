/* openstack_readers.h - all that reads what an OpenStack answers, by the names of what is read. */
#ifndef BERTH_TESTS_FUZZ_OPENSTACK_READERS_H
#define BERTH_TESTS_FUZZ_OPENSTACK_READERS_H

#include "base/arena.h"
#include "base/json.h"

struct openstack_reader {
	const char *name; /* "servers" */
	/* Every text that it gives was looked at. 0, or -1: told in `err`. */
	int (*read)(const json_t *json, struct arena *arena, struct error *err);
};

extern const struct openstack_reader openstack_readers[]; /* the last one without a name */
/* What is no success, of that status: the words are for people. */
void openstack_refused(int status, const char *body, size_t size, struct arena *arena);

#endif
