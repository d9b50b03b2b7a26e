/* driver.c - the tables of the Marathon driver, by its own address and by that of Mesos' masters: each
 * function names the first step of its flow. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "locations/marathon/marathon.h"

static void close_marathon(struct location *location)
{
	struct marathon *marathon = location->state;

	if (!marathon)
		return;
	marathon_watcher_close(marathon);
	while (marathon->flows)
		flow_free(marathon->flows);
	map_release(&marathon->listed);
	json_decref(marathon->lasting);
	arena_release(&marathon->arena);
	free(marathon);
	location->state = NULL;
}

static int open_marathon(struct location *location, struct error *err)
{
	struct marathon *marathon = calloc(1, sizeof(*marathon));

	if (!marathon)
		return fail_memory(err);
	marathon->location = location;
	marathon->world = location->world;
	marathon->by_mesos = location->driver == &mesos_driver;
	location->state = marathon;
	if (marathon_options(marathon, err) < 0) {
		close_marathon(location);
		return -1;
	}
	return 0;
}

static const char *identity(const struct location *location)
{
	const struct marathon *marathon = location->state;

	return marathon->identity;
}

static const char *resolved(const struct location *location, const json_t **ret_options)
{
	const struct marathon *marathon = location->state;

	*ret_options = marathon->lasting;
	return "";
}

static void learn(struct location *location, const struct location *from)
{
	struct marathon *marathon = location->state;
	const struct marathon *other = from->state;

	if (!other->known || marathon->known || marathon->by_mesos)
		return;
	memcpy(marathon->version, other->version, sizeof(marathon->version));
	memcpy(marathon->framework, other->framework, sizeof(marathon->framework));
	memcpy(marathon->mesos, other->mesos, sizeof(marathon->mesos));
	marathon->gated = other->gated;
	marathon->major = other->major;
	marathon->minor = other->minor;
	marathon->known = true;
}

/* --- each a flow ------------------------------------------------------------------------------------------
 */

static enum progress connect(struct location *location, struct errand *errand, struct location_facts *ret,
			     struct error *err)
{
	const struct marathon_wish wish = {.facts = ret};

	return flow_run(location, errand, connect_marathon, &wish, err);
}

static enum progress list(struct location *location, struct errand *errand,
			  const struct list_request *request, struct inventory *ret, struct error *err)
{
	const struct marathon_wish wish = {.list = request, .inventory = ret, .app = request->app};

	return flow_run(location, errand, list_marathon, &wish, err);
}

static enum progress look(struct location *location, struct errand *errand, const char *app, const char *name,
			  struct arena *arena, struct observed *ret, struct error *err)
{
	const struct marathon_wish wish = {.app = app, .name = name, .arena = arena, .observed = ret};

	return flow_run(location, errand, look_marathon, &wish, err);
}

static enum progress claim(struct location *location, struct errand *errand, const char *app,
			   const struct owner *owner, bool adopt, struct arena *arena,
			   struct owner *ret_holder, struct error *err)
{
	const struct marathon_wish wish = {
	    .app = app, .owner = owner, .adopt = adopt, .arena = arena, .holder = ret_holder};

	return flow_run(location, errand, claim_marathon, &wish, err);
}

static enum progress about_app(struct location *location, struct errand *errand, const char *app,
			       flow_step *first, struct error *err)
{
	const struct marathon_wish wish = {.app = app};

	return flow_run(location, errand, first, &wish, err);
}

static enum progress disclaim(struct location *location, struct errand *errand, const char *app,
			      struct error *err)
{
	return about_app(location, errand, app, disclaim_marathon, err);
}

static enum progress prepare(struct location *location, struct errand *errand,
			     const struct prepare_request *request, struct error *err)
{
	return about_app(location, errand, request->app, prepare_marathon, err);
}

static enum progress release(struct location *location, struct errand *errand, const char *app, bool volumes,
			     struct error *err)
{
	(void)volumes;
	return about_app(location, errand, app, release_marathon, err);
}

static enum progress about_spec(struct location *location, struct errand *errand,
				const struct instance_spec *spec, flow_step *first, struct error *err)
{
	const struct marathon_wish wish = {.app = spec->app, .spec = spec};

	return flow_run(location, errand, first, &wish, err);
}

static enum progress place(struct location *location, struct errand *errand, const struct instance_spec *spec,
			   const char **ret_note, struct error *err)
{
	(void)ret_note;
	return about_spec(location, errand, spec, place_marathon, err);
}

static enum progress start(struct location *location, struct errand *errand, const struct instance_spec *spec,
			   struct error *err)
{
	return about_spec(location, errand, spec, start_marathon, err);
}

static enum progress update(struct location *location, struct errand *errand,
			    const struct instance_spec *spec, struct error *err)
{
	return about_spec(location, errand, spec, update_marathon, err);
}

static enum progress probe(struct location *location, struct errand *errand, const struct instance_spec *spec,
			   const struct health_check *check, struct error *err)
{
	const struct marathon_wish wish = {.app = spec->app, .spec = spec, .check = check};

	return flow_run(location, errand, probe_marathon, &wish, err);
}

static enum progress stop(struct location *location, struct errand *errand, const char *app, const char *name,
			  struct error *err)
{
	const struct marathon_wish wish = {.app = app, .name = name};

	return flow_run(location, errand, stop_marathon, &wish, err);
}

static enum progress remove_app(struct location *location, struct errand *errand, const char *app,
				const char *name, struct error *err)
{
	const struct marathon_wish wish = {.app = app, .name = name};

	return flow_run(location, errand, remove_marathon, &wish, err);
}

static enum progress lease(struct location *location, struct errand *errand, const char *app,
			   const struct lease *wanted, struct arena *arena, struct lease *ret_holder,
			   struct error *err)
{
	const struct marathon_wish wish = {
	    .app = app, .lease = wanted, .arena = arena, .lease_holder = ret_holder};

	return flow_run(location, errand, lease_marathon, &wish, err);
}

static enum progress tidy(struct location *location, struct errand *errand, const char *app,
			  const char *token, struct error *err)
{
	const struct marathon_wish wish = {.app = app, .token = token};

	return flow_run(location, errand, tidy_marathon, &wish, err);
}

static enum progress logs(struct location *location, struct errand *errand, const char *app, const char *name,
			  const struct log_options *options, log_sink *sink, void *sink_owner,
			  struct error *err)
{
	const struct marathon_wish wish = {
	    .app = app, .name = name, .log = options, .sink = sink, .sink_owner = sink_owner};

	return flow_run(location, errand, logs_marathon, &wish, err);
}

static void drop(struct location *location, struct errand *errand)
{
	(void)location;
	if (errand->state)
		flow_free(errand->state);
}

/* --- what is nothing to Marathon
 * ---------------------------------------------------------------------------- */

static int publish_address(struct location *location, char *ret_address, size_t size, struct error *err)
{
	const struct marathon *marathon = location->state;
	struct world *world = location->world;

	if (marathon->address)
		snprintf(ret_address, size, "%s", marathon->address);
	else if (world->ops->default_address(world, ret_address, size) < 0 || !*ret_address)
		snprintf(ret_address, size, "127.0.0.1");
	(void)err;
	return 0;
}

static enum progress cannot(const struct location *location, struct error *err, const char *what)
{
	fail(err, ERR_UNSUPPORTED, "location `%s`: %s a task of Marathon's", location->name, what);
	return PROGRESS_FAILED;
}

static enum progress deliver(struct location *location, struct errand *errand,
			     const struct instance_spec *spec, struct error *err)
{
	(void)errand;
	return spec->file_count ? cannot(location, err, "files cannot be written into") : PROGRESS_DONE;
}

static enum progress signal(struct location *location, struct errand *errand, const char *app,
			    const char *name, const char *word, struct error *err)
{
	(void)errand, (void)app, (void)name, (void)word;
	return cannot(location, err, "a signal cannot be sent to");
}

static enum progress rename_app(struct location *location, struct errand *errand, const char *app,
				const char *from, const char *to, struct error *err)
{
	(void)errand, (void)app, (void)from, (void)to;
	return cannot(location, err, "another name cannot be given to");
}

static enum progress exec(struct location *location, struct errand *errand, const char *app, const char *name,
			  struct exec_session *session, struct error *err)
{
	(void)errand, (void)app, (void)name, (void)session;
	cannot(location, err, "a command cannot be run in");
	if (err)
		remedy(err, "run it on its agent: `berth status` tells where its tasks are");
	return PROGRESS_FAILED;
}

static enum progress usage(struct location *location, struct errand *errand, const char *app,
			   const char *name, struct usage *ret, struct error *err)
{
	(void)errand, (void)app, (void)name, (void)ret;
	return cannot(location, err, "berth does not measure");
}

static const char *readiness(struct location *location, const struct instance_spec *spec,
			     const struct health_check *check)
{
	(void)location, (void)spec;
	return check->kind == CHECK_NONE ? "by its running"
	       : marathon_asks(check)    ? "by Marathon"
					 : "from here";
}

/* clang-format off */
#define TABLE(word, words)                                                                                   \
	{                                                                                                    \
		.type = (word), .summary = (words),                                                          \
		.capabilities = {                                                                            \
			.grain = GRAIN_COMPONENT,                                                            \
			.names_unique = true,                                                                \
			.mapped_ports = true,                                                                \
			.marathon = true,                                                                    \
			.kinds = 1u << COMPONENT_DOCKER | 1u << COMPONENT_PROCESS,                           \
			.calls_in_flight = 8,                                                                \
			.made_together = 1000,                                                               \
		},                                                                                           \
		.open = open_marathon, .close = close_marathon, .identity = identity, .resolved = resolved,  \
		.connect = connect, .learn = learn, .list = list, .look = look, .watch = marathon_watch,     \
		.unwatch = marathon_unwatch, .check = marathon_check, .foresee = marathon_foresee,           \
		.publish_address = publish_address, .port_free = any_port_free, .claim = claim,                  \
		.disclaim = disclaim, .prepare = prepare, .release = release, .place = place,                \
		.start = start, .admit = nothing_to_admit, .probe = probe, .stop = stop, .remove = remove_app,          \
		.update = update, .deliver = deliver, .signal = signal, .withdraw = nothing_to_withdraw,                \
		.rename = rename_app, .exec = exec, .readiness = readiness, .lease = lease, .tidy = tidy,    \
		.logs = logs, .usage = usage, .drop = drop, .preflight = location_lacks_nothing,              \
	}
/* clang-format on */

const struct location_driver marathon_driver = TABLE("marathon", "apps of a Marathon, by its address");
const struct location_driver mesos_driver =
    TABLE("mesos", "apps of the Marathon that is among the frameworks of a Mesos");
