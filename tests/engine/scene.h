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
	struct scene_place {
		const char *name;
		struct fake_target *target;
	} places[4]; /* others: scene_place() */
	size_t place_count;
	struct berth *berth;
	json_t *document; /* of the last operation that was run by scene_do or scene_ask */
	char *events;     /* "instance phase\n" of every phase event of the last operation */
	size_t events_size;
};

#define SCENE_PAIR                                                                                           \
	"id: app\nlocation: fake\nservices:\n"                                                               \
	"- {type: 'docker:redis:3', id: db, openPorts: 6379}\n"                                              \
	"- {type: 'docker:front:1', id: web, links: [$brooklyn:component(\"db\")]}\n"

typedef struct berth_operation *verb_function(struct berth *, const struct berth_request *,
					      const struct berth_listener *, struct berth_error *);

void scene_open(struct scene *scene);
void scene_close(struct scene *scene);
/* One more fake target, which is called so; it goes with the scene. */
struct fake_target *scene_place(struct scene *scene, const char *name);
/* That call fails from now on, with these words. */
void scene_refuse(struct scene *scene, enum fake_call call, const char *instance, const char *words);
/* Of an operation. */
bool scene_ended(void *operation);
/* The program ends and another one begins, with its store, or without it. */
void scene_restart(struct scene *scene, bool keep_store);
/* The environment that blueprints and secrets see. */
void scene_environment(const char *name, const char *value);
/* Run a verb on a blueprint to its end (an hour of virtual time at most). The caller frees the document. */
enum berth_outcome scene_run(struct scene *scene, verb_function *verb, const char *blueprint,
			     json_t **ret_document);
enum berth_outcome scene_request(struct scene *scene, verb_function *verb,
				 const struct berth_request *request, json_t **ret_document);
/* The same, and the document is the scene's. */
enum berth_outcome scene_do(struct scene *scene, verb_function *verb, const char *blueprint);
/* A verb about what is there of an application. */
enum berth_outcome scene_ask(struct scene *scene, verb_function *verb, const char *app);
/* It is deployed, and well. */
void scene_deploy(struct scene *scene, const char *blueprint);
/* Its plan, for the caller to let go of. */
json_t *scene_plan(struct scene *scene, const char *blueprint);
/* The plan gives that instance that action. */
void scene_expect(struct scene *scene, const char *blueprint, const char *instance, const char *action);
/* What `status` says of a component; until the next call. */
const char *scene_state(struct scene *scene, const char *blueprint, size_t which);
/* A verb about components of `app`; NULL: all. */
enum berth_outcome scene_by_name(struct scene *scene, verb_function *verb, const char *const *components,
				 json_t **ret_document);
/* The target's id of one that is there; until the next call. */
char *scene_id(const struct scene *scene, const char *name);
bool scene_runs(const struct scene *scene, const char *name);
/* The first instance of a component of that document. */
const json_t *scene_instance(const struct scene *scene, size_t component);
/* The action the plan's document gives an instance, or "none". */
const char *scene_action(const json_t *document, const char *instance);
/* The value of a variable an instance was made with, or NULL. */
const char *scene_variable(const struct scene *scene, const char *instance, const char *name);

#endif
