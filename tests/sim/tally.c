/* tally.c - counters by name, in the order in which they were first heard of. */
#include "tests/sim/tally.h"

#include <stdlib.h>
#include <string.h>

#include "base/map.h"
#include "base/text.h"

struct tally {
	struct map *counters; /* "group\tname" -> uint64_t */
};

struct tally *tally_new(void)
{
	return calloc(1, sizeof(struct tally));
}

static bool free_counter(const char *name, void *counter, void *context)
{
	(void)name, (void)context;
	free(counter);
	return true;
}

void tally_free(struct tally *tally)
{
	if (!tally)
		return;
	map_each(tally->counters, free_counter, NULL);
	map_release(&tally->counters);
	free(tally);
}

void tally_add(struct tally *tally, const char *group, const char *name, uint64_t count)
{
	char key[160];
	snprintf(key, sizeof key, "%s\t%s", group, name);
	uint64_t *counter = map_get(tally->counters, key);
	if (!counter) {
		counter = calloc(1, sizeof *counter);
		if (!counter || map_put(&tally->counters, key, counter))
			abort();
	}
	*counter += count;
}

static bool write_counter(const char *key, void *counter, void *to)
{
	fprintf(to, "%s\t%llu\n", key, (unsigned long long)*(uint64_t *)counter);
	return true;
}

void tally_write(const struct tally *tally, FILE *to)
{
	map_each(tally->counters, write_counter, to);
}

int tally_read(struct tally *tally, FILE *from)
{
	char line[256];
	while (fgets(line, sizeof line, from)) {
		char *name = strchr(line, '\t');
		char *count = name ? strchr(name + 1, '\t') : NULL;
		if (!count)
			return -1;
		*name = *count = 0;
		tally_add(tally, line, name + 1, strtoull(count + 1, NULL, 10));
	}
	return ferror(from) ? -1 : 0;
}

struct showing {
	FILE *to;
	size_t empty;
	char group[64];
};

static bool show_counter(const char *key, void *counter, void *context)
{
	struct showing *showing = context;
	const char *name = strchr(key, '\t') + 1;
	size_t length = (size_t)(name - key - 1);
	uint64_t count = *(uint64_t *)counter;
	if (strlen(showing->group) != length || strncmp(showing->group, key, length) != 0) {
		snprintf(showing->group, sizeof showing->group, "%.*s", (int)length, key);
		fprintf(showing->to, "%s\n", showing->group);
	}
	fprintf(showing->to, "  %-44s %10llu%s\n", name, (unsigned long long)count,
		count ? "" : "  <- never");
	showing->empty += !count;
	return true;
}

struct groups {
	char names[32][64];
	size_t count;
};

static bool note_group(const char *key, void *counter, void *context)
{
	struct groups *groups = context;
	size_t length = strcspn(key, "\t");
	(void)counter;
	for (size_t i = 0; i < groups->count; i++)
		if (strlen(groups->names[i]) == length && strncmp(groups->names[i], key, length) == 0)
			return true;
	snprintf(groups->names[groups->count++], sizeof groups->names[0], "%.*s", (int)length, key);
	return groups->count < 32;
}

struct one_group {
	const char *group;
	struct showing *showing;
};

static bool show_of_group(const char *key, void *counter, void *context)
{
	struct one_group *one = context;
	size_t length = strlen(one->group);
	if (strncmp(key, one->group, length) == 0 && key[length] == '\t')
		show_counter(key, counter, one->showing);
	return true;
}

size_t tally_show(const struct tally *tally, FILE *to)
{
	struct showing showing = {.to = to};
	struct groups groups = {.count = 0};
	map_each(tally->counters, note_group, &groups);
	for (size_t i = 0; i < groups.count; i++) {
		struct one_group one = {.group = groups.names[i], .showing = &showing};
		map_each(tally->counters, show_of_group, &one);
	}
	return showing.empty;
}
