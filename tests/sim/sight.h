/* sight.h - what really is at the targets, in one form for all of them: what the judges look at. */
#ifndef BERTH_TESTS_SIM_SIGHT_H
#define BERTH_TESTS_SIM_SIGHT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/arena.h"
#include "tests/sim/model.h"

/* A place and port where something is reached. */
struct spot {
	const char *address; /* a number, or a name on the network */
	uint16_t number;
};

struct sight {
	enum realm realm;
	const char *name, *id;
	const char *app, *component; /* NULL: it carries no mark of ours */
	unsigned ordinal, generation;
	const char *digest, *link_digest, *secret_digest, *file_digest;
	const char *image;              /* what it runs, as "good:3" */
	const char *policy;             /* of restarting */
	int64_t memory;                 /* its limit; 0: none */
	const char *const *environment; /* NULL-terminated "NAME=value" */
	bool running, answers, ended_well;
	bool unsteady;              /* its program ends again and again */
	bool helper;                /* ours, but no instance */
	const char *const *volumes; /* named ones it uses, NULL-terminated */
	const struct alias {
		const char *name, *leads_to;
	} * aliases; /* names of its own for others; NULL: its target resolves them */
	size_t alias_count;
	const struct spot *spots; /* where others find it */
	size_t spot_count;
};

struct sights {
	struct arena arena;
	struct sight *list;
	size_t count, room;
};

struct theatre;

/* One more, zeroed. */
struct sight *sights_add(struct sights *sights);
/* Its generation, from its name. */
void sight_read_name(struct sight *sight);
void sights_take(struct sights *sights, struct theatre *stage); /* anew */
void sights_release(struct sights *sights);
/* Two generations, or two of one name, of one instance at one target. */
bool sight_same_instance(const struct sight *a, const struct sight *b);
/* Of that name, or NULL. */
const struct sight *sights_named(const struct sights *sights, enum realm realm, const char *name);
/* Whom `asker` gets to at a host name or number and port; NULL: nobody, or nobody that is an instance. */
const struct sight *sights_reach(const struct sights *sights, struct theatre *stage,
				 const struct sight *asker, const char *host, uint16_t port);
/* The content of its file, appended. */
void sight_file(const struct sight *sight, struct theatre *stage, struct text *ret_content);
/* The value of a variable, or NULL. */
const char *sight_variable(const struct sight *sight, const char *name);

#endif
