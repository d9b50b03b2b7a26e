/* scene.h - a scene for the engine's tests: a virtual world, a fake target, and operations run to their end.
 */
#ifndef BERTH_TESTS_ENGINE_SCENE_H
#define BERTH_TESTS_ENGINE_SCENE_H

#include "engine/handle.h"
#include "locations/fake/fake.h"
#include "tests/support/virtual_world.h"

struct scene {
	struct world *world;
	struct fake_target *target; /* the one called "fake" */
	struct berth *berth;
	char *events; /* "instance phase\n" of every phase event of the last operation */
	size_t events_size;
};

typedef struct berth_operation *verb_function(struct berth *, const struct berth_request *,
					      const struct berth_listener *, struct berth_error *);

void scene_open(struct scene *scene);
void scene_close(struct scene *scene);
/* The program ends and another one begins, with its store, or without it. */
void scene_restart(struct scene *scene, bool keep_store);
/* The environment that blueprints and secrets see. */
void scene_environment(const char *name, const char *value);
/* Run a verb on a blueprint to its end (an hour of virtual time at most). The caller frees the document. */
enum berth_outcome scene_run(struct scene *scene, verb_function *verb, const char *blueprint,
			     json_t **ret_document);
enum berth_outcome scene_request(struct scene *scene, verb_function *verb,
				 const struct berth_request *request, json_t **ret_document);
/* The action the plan's document gives an instance, or "none". */
const char *scene_action(const json_t *document, const char *instance);
/* The value of a variable an instance was made with, or NULL. */
const char *scene_variable(const struct scene *scene, const char *instance, const char *name);

#endif
