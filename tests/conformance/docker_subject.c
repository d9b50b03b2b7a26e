/* docker_subject.c - the Docker driver as a conformance subject: opened, its requests, and what it cannot be
 * asked. */
#include "tests/conformance/docker_subject.h"

#include "tests/conformance/grounds.h"

struct docker_ground docker_ground;

static struct location_spec spec;
static json_t *options;

int docker_open(struct subject *subject, struct location *ret, const char *more, struct error *err)
{
	(void)subject;
	json_decref(options);
	options = json_loads(more ? more : "{}", 0, NULL);
	spec = (struct location_spec){
	    .name = "here", .type = "docker", .target = docker_ground.target, .options = options};
	*ret = (struct location){
	    .driver = &docker_driver,
	    .world = docker_ground.world,
	    .name = "here",
	    .spec = &spec,
	    .state_directory = "/nonexistent",
	    .helper = "",
	    .environment = empty_environment,
	};
	return docker_driver.open(ret, err);
}

void docker_release(void)
{
	json_decref(options);
	options = NULL;
}

const struct docker_lost docker_lost[] = {[LOST_PLACE] = {"POST", "/containers/create"},
					  [LOST_START] = {"POST", "/start"},
					  [LOST_REMOVE] = {"DELETE", "/containers/"},
					  [LOST_RENAME] = {"POST", "/rename"},
					  [LOST_UPDATE] = {"POST", "/update"}};

const struct unfit docker_unfits[] = {
    {"name_held_by_another_application", "labels without their own name are a stranger's"},
    {NULL, NULL},
};
