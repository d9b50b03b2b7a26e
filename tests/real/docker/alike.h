/* alike.h - a real and a simulated engine that are asked the same. */
#ifndef BERTH_TESTS_REAL_DOCKER_ALIKE_H
#define BERTH_TESTS_REAL_DOCKER_ALIKE_H

#include "base/arena.h"
#include "base/json.h"
#include "base/map.h"
#include "simulation/docker/engine.h"

struct side {
	const char *called;
	struct map *ids; /* "c:name", "n:name", "e:" */
	int status;      /* of its last answer */
	struct text body;
};

extern struct both {
	struct world *real; /* NULL: they are not set up */
	const char *socket_path;
	struct universe *universe;
	struct docker_engine *engine;
	struct arena arena;
	unsigned tag; /* tells this run's things from others' */
	uint64_t chance;
	struct side sides[2]; /* the real one first */
} both;

struct step {
	unsigned number;
	const char *method, *path, *body; /* body NULL: none */
};

/* --- alike_engines.c --- */
/* `socket_path` and `tag` are given. */
void both_set_up(void);
/* What this run made at the real one is removed. */
void both_take_down(void);
/* Until there is an answer; its body is added to the side's. */
void ask_real(struct side *side, const char *method, const char *path, const char *body);
void ask_simulated(struct side *side, const char *method, const char *path, const char *body);
/* "{c:web}" stands for an id that each engine has its own of. NULL stays NULL. */
const char *with_ids(const struct side *side, const char *template);
/* The answers' ids are that from now on; NULL: they are not kept. */
void keep_ids(const char *key);
/* The step at both; the test fails where they answer differently. Then keep_ids. */
void ask_and_compare(struct step *step, const char *keep);

/* --- alike_requests.c: each fills in the step and asks --- */
void ask_create(struct step *step);
void ask_networks(struct step *step);
/* Anything, by chance. */
void ask_something(struct step *step);

/* --- alike_masked.c --- */
/* A copy without what differs by nature; for the caller to release. */
json_t *mask_json(const json_t *json);
/* A set, in one order; takes the list over. */
json_t *sorted_json(json_t *list);
/* Bytes of a stream as text, each that is none as its number. */
json_t *masked_bytes(const struct text *body);
/* All that the simulated one says, the real one says too; else `where` they differ. */
bool says_too(const json_t *told, const json_t *simulated, struct text *where);

#endif
