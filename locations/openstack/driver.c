/* driver.c - the table of the OpenStack driver. It logs in and tells what is there; nothing is placed there
 * yet. */
#include <stdlib.h>

#include "base/cleanup.h"
#include "locations/openstack/openstack.h"

static void close_openstack(struct location *location)
{
	struct openstack *openstack = location->state;

	if (!openstack)
		return;
	while (openstack->talks)
		talk_free(openstack->talks);
	openstack_session_release(&openstack->session);
	arena_release(&openstack->arena);
	free(openstack);
	location->state = NULL;
}

static int open_openstack(struct location *location, struct error *err)
{
	struct openstack *openstack = calloc(1, sizeof(*openstack));

	if (!openstack)
		return fail_memory(err);
	openstack->location = location;
	openstack->world = location->world;
	location->state = openstack;
	if (openstack_options(openstack, err) < 0) {
		close_openstack(location);
		return -1;
	}
	return 0;
}

static const char *identity(const struct location *location)
{
	const struct openstack *openstack = location->state;

	return openstack->identity;
}

static const char *resolved(const struct location *location, const json_t **ret_options)
{
	const struct openstack *openstack = location->state;

	*ret_options = location->spec->options;
	return *openstack->settings.cloud ? openstack->settings.cloud : location->spec->target;
}

static enum progress connect(struct location *location, struct errand *errand, struct location_facts *ret,
			     struct error *err)
{
	return talk_run(location, errand, connect_openstack, ret, err);
}

static void drop(struct location *location, struct errand *errand)
{
	(void)location;
	if (errand->state)
		talk_free(errand->state);
}

/* --- nothing is placed, so nothing is there
 * ----------------------------------------------------------------- */

static int refuse(const struct location *location, struct error *err)
{
	fail(err, ERR_UNSUPPORTED, "location `%s`: nothing can be placed on OpenStack yet", location->name);
	remedy(err, "`berth locations check %s` tells what is there", location->name);
	return -1;
}

static void learn(struct location *location, const struct location *from)
{
	(void)location, (void)from;
}

static enum progress list(struct location *location, struct errand *errand,
			  const struct list_request *request, struct inventory *ret, struct error *err)
{
	(void)location, (void)errand, (void)request, (void)ret, (void)err;
	return PROGRESS_DONE;
}

static enum progress look(struct location *location, struct errand *errand, const char *app, const char *name,
			  struct arena *arena, struct observed *ret, struct error *err)
{
	(void)errand, (void)app, (void)arena, (void)ret;
	fail(err, ERR_MISSING, "location `%s` has no `%s`", location->name, name);
	return PROGRESS_FAILED;
}

static int watch(struct location *location, const char *app, change_sink *changed, void *owner,
		 struct error *err)
{
	(void)app, (void)changed, (void)owner;
	return refuse(location, err);
}

static void unwatch(struct location *location, const char *app)
{
	(void)location, (void)app;
}

static int check(struct location *location, const struct instance_spec *spec, struct error *err)
{
	(void)spec;
	return refuse(location, err);
}

static int foresee(struct location *location, const struct instance_spec *spec, struct arena *arena,
		   const struct attachment **ret, size_t *ret_count, struct error *err)
{
	(void)spec, (void)arena, (void)ret, (void)ret_count;
	return refuse(location, err);
}

static int publish_address(struct location *location, char *ret_address, size_t size, struct error *err)
{
	(void)ret_address, (void)size;
	return refuse(location, err);
}

static bool port_free(struct location *location, const char *address, uint16_t port, enum protocol protocol)
{
	(void)location, (void)address, (void)port, (void)protocol;
	return true;
}

static enum progress claim(struct location *location, struct errand *errand, const char *app,
			   const struct owner *owner, bool adopt, struct arena *arena,
			   struct owner *ret_holder, struct error *err)
{
	(void)errand, (void)app, (void)owner, (void)adopt, (void)arena, (void)ret_holder;
	refuse(location, err);
	return PROGRESS_FAILED;
}

static enum progress disclaim(struct location *location, struct errand *errand, const char *app,
			      struct error *err)
{
	(void)location, (void)errand, (void)app, (void)err;
	return PROGRESS_DONE;
}

static enum progress prepare(struct location *location, struct errand *errand,
			     const struct prepare_request *request, struct error *err)
{
	(void)errand, (void)request;
	refuse(location, err);
	return PROGRESS_FAILED;
}

static enum progress release(struct location *location, struct errand *errand, const char *app, bool volumes,
			     struct error *err)
{
	(void)location, (void)errand, (void)app, (void)volumes, (void)err;
	return PROGRESS_DONE;
}

static enum progress place(struct location *location, struct errand *errand, const struct instance_spec *spec,
			   const char **ret_note, struct error *err)
{
	(void)errand, (void)spec, (void)ret_note;
	refuse(location, err);
	return PROGRESS_FAILED;
}

/* Of what is to be done to an instance by its specification. */
static enum progress refuse_spec(struct location *location, struct errand *errand,
				 const struct instance_spec *spec, struct error *err)
{
	(void)errand, (void)spec;
	refuse(location, err);
	return PROGRESS_FAILED;
}

static enum progress probe(struct location *location, struct errand *errand, const struct instance_spec *spec,
			   const struct health_check *check, struct error *err)
{
	(void)errand, (void)spec, (void)check;
	refuse(location, err);
	return PROGRESS_FAILED;
}

/* What is not there has ended, is gone and holds no name. */
static enum progress absent(struct location *location, struct errand *errand, const char *app,
			    const char *name, struct error *err)
{
	(void)location, (void)errand, (void)app, (void)name, (void)err;
	return PROGRESS_DONE;
}

static enum progress signal(struct location *location, struct errand *errand, const char *app,
			    const char *name, const char *word, struct error *err)
{
	(void)errand, (void)app, (void)name, (void)word;
	refuse(location, err);
	return PROGRESS_FAILED;
}

static enum progress change_name(struct location *location, struct errand *errand, const char *app,
				 const char *from, const char *to, struct error *err)
{
	(void)errand, (void)app, (void)from, (void)to;
	refuse(location, err);
	return PROGRESS_FAILED;
}

static enum progress exec(struct location *location, struct errand *errand, const char *app, const char *name,
			  struct exec_session *session, struct error *err)
{
	(void)errand, (void)app, (void)name, (void)session;
	refuse(location, err);
	return PROGRESS_FAILED;
}

static const char *readiness(struct location *location, const struct instance_spec *spec,
			     const struct health_check *check)
{
	(void)location, (void)spec, (void)check;
	return NULL;
}

static enum progress lease(struct location *location, struct errand *errand, const char *app,
			   const struct lease *wanted, struct arena *arena, struct lease *ret_holder,
			   struct error *err)
{
	(void)errand, (void)app, (void)wanted, (void)arena, (void)ret_holder;
	refuse(location, err);
	return PROGRESS_FAILED;
}

static enum progress logs(struct location *location, struct errand *errand, const char *app, const char *name,
			  const struct log_options *options, log_sink *sink, void *sink_owner,
			  struct error *err)
{
	(void)errand, (void)app, (void)name, (void)options, (void)sink, (void)sink_owner;
	refuse(location, err);
	return PROGRESS_FAILED;
}

static enum progress usage(struct location *location, struct errand *errand, const char *app,
			   const char *name, struct usage *ret, struct error *err)
{
	(void)errand, (void)app, (void)name, (void)ret;
	refuse(location, err);
	return PROGRESS_FAILED;
}

const struct location_driver openstack_driver = {
    .type = "openstack",
    .summary = "a project of an OpenStack; it can be looked at, and nothing is placed there yet",
    .capabilities = {.calls_in_flight = 1},
    .open = open_openstack,
    .close = close_openstack,
    .identity = identity,
    .resolved = resolved,
    .connect = connect,
    .drop = drop,
    .learn = learn,
    .list = list,
    .look = look,
    .watch = watch,
    .unwatch = unwatch,
    .check = check,
    .foresee = foresee,
    .publish_address = publish_address,
    .port_free = port_free,
    .claim = claim,
    .disclaim = disclaim,
    .prepare = prepare,
    .release = release,
    .place = place,
    .start = refuse_spec,
    .admit = refuse_spec,
    .probe = probe,
    .stop = absent,
    .remove = absent,
    .update = refuse_spec,
    .deliver = refuse_spec,
    .signal = signal,
    .withdraw = absent,
    .rename = change_name,
    .exec = exec,
    .readiness = readiness,
    .lease = lease,
    .tidy = absent,
    .logs = logs,
    .usage = usage,
};
