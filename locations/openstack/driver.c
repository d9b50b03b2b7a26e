/* driver.c - the table of the OpenStack driver: what is about servers is a talk with the cloud, what is about
 * an instance is handed on to the machine that its server is. */
#include <stdio.h>
#include <stdlib.h>

#include "base/cleanup.h"
#include "locations/openstack/openstack.h"
#include "locations/process.h"

static void close_openstack(struct location *location)
{
	struct openstack *openstack = location->state;

	if (!openstack)
		return;
	openstack_unwatch_all(openstack);
	while (openstack->talks)
		talk_free(openstack->talks);
	openstack_machines_close(openstack);
	openstack_session_release(&openstack->session);
	openstack_makings_release(openstack);
	openstack_sharing_release(openstack);
	arena_release(&openstack->held.arena);
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

static void learn(struct location *location, const struct location *from)
{
	struct openstack *openstack = location->state;
	const struct openstack *other = from->state;

	openstack->nova = other->nova;
}

static void drop(struct location *location, struct errand *errand)
{
	(void)location;
	if (errand->state)
		talk_free(errand->state);
}

/* --- talks with the cloud --------------------------------------------------------------------------------
 */

static enum progress connect(struct location *location, struct errand *errand, struct location_facts *ret,
			     struct error *err)
{
	const struct openstack_order order = {.facts = ret};

	return talk_run(location, errand, connect_openstack, &order, err);
}

static enum progress preflight(struct location *location, struct errand *errand,
			       const struct instance_spec *spec, json_t *lacks, struct error *err)
{
	const struct openstack_order order = {
	    .app = spec->app, .name = spec->name, .spec = spec, .lacks = lacks};

	return talk_run(location, errand, preflight_openstack, &order, err);
}

static enum progress list(struct location *location, struct errand *errand,
			  const struct list_request *request, struct inventory *ret, struct error *err)
{
	const struct openstack_order order = {.app = request->app, .list = request, .inventory = ret};

	return talk_run(location, errand, list_openstack, &order, err);
}

static enum progress look(struct location *location, struct errand *errand, const char *app, const char *name,
			  struct arena *arena, struct observed *ret, struct error *err)
{
	const struct openstack_order order = {.app = app, .name = name, .arena = arena, .observed = ret};

	return talk_run(location, errand, look_openstack, &order, err);
}

static enum progress claim(struct location *location, struct errand *errand, const char *app,
			   const struct owner *owner, bool adopt, struct arena *arena,
			   struct owner *ret_holder, struct error *err)
{
	const struct openstack_order order = {
	    .app = app, .owner = owner, .adopt = adopt, .arena = arena, .holder = ret_holder};

	return talk_run(location, errand, claim_openstack, &order, err);
}

static enum progress disclaim(struct location *location, struct errand *errand, const char *app,
			      struct error *err)
{
	const struct openstack_order order = {.app = app};

	return talk_run(location, errand, disclaim_openstack, &order, err);
}

static enum progress prepare(struct location *location, struct errand *errand,
			     const struct prepare_request *request, struct error *err)
{
	const struct openstack_order order = {.app = request->app, .prepare = request};

	return talk_run(location, errand, prepare_openstack, &order, err);
}

static enum progress release(struct location *location, struct errand *errand, const char *app, bool volumes,
			     struct error *err)
{
	const struct openstack_order order = {.app = app};

	(void)volumes; /* there are none */
	return talk_run(location, errand, release_openstack, &order, err);
}

static enum progress lease(struct location *location, struct errand *errand, const char *app,
			   const struct lease *wanted, struct arena *arena, struct lease *ret_holder,
			   struct error *err)
{
	const struct openstack_order order = {
	    .app = app, .lease = wanted, .arena = arena, .lease_holder = ret_holder};

	return talk_run(location, errand, lease_openstack, &order, err);
}

static enum progress tidy(struct location *location, struct errand *errand, const char *app,
			  const char *token, struct error *err)
{
	const struct openstack_order order = {.app = app, .token = token};

	return talk_run(location, errand, tidy_openstack, &order, err);
}

static enum progress place(struct location *location, struct errand *errand, const struct instance_spec *spec,
			   const char **ret_note, struct error *err)
{
	const struct openstack_order order = {
	    .app = spec->app, .name = spec->name, .spec = spec, .note = ret_note};

	enum progress progress = talk_run(location, errand, place_openstack, &order, err);
	if (progress == PROGRESS_WAITING)
		openstack_note(errand->state, ret_note);
	return progress;
}

static enum progress start(struct location *location, struct errand *errand, const struct instance_spec *spec,
			   struct error *err)
{
	const struct openstack_order order = {.app = spec->app, .name = spec->name, .spec = spec};

	return talk_run(location, errand, start_openstack, &order, err);
}

static enum progress remove_instance(struct location *location, struct errand *errand, const char *app,
				     const char *name, struct error *err)
{
	const struct openstack_order order = {.app = app, .name = name};

	return talk_run(location, errand, remove_openstack, &order, err);
}

static enum progress change_name(struct location *location, struct errand *errand, const char *app,
				 const char *from, const char *to, struct error *err)
{
	const struct openstack_order order = {.app = app, .name = from, .to = to};

	if (guard_rename(from, to, err) < 0)
		return PROGRESS_FAILED;
	return talk_run(location, errand, rename_openstack, &order, err);
}

/* --- handed on to machines -------------------------------------------------------------------------------
 */

static enum progress probe(struct location *location, struct errand *errand, const struct instance_spec *spec,
			   const struct health_check *check, struct error *err)
{
	const struct openstack_order order = {
	    .app = spec->app, .name = spec->name, .spec = spec, .check = check, .call = probe_there};

	return talk_run(location, errand, openstack_delegate, &order, err);
}

static enum progress stop(struct location *location, struct errand *errand, const char *app, const char *name,
			  struct error *err)
{
	const struct openstack_order order = {.app = app, .name = name, .call = stop_there, .lenient = true};

	return talk_run(location, errand, openstack_delegate, &order, err);
}

static enum progress update(struct location *location, struct errand *errand,
			    const struct instance_spec *spec, struct error *err)
{
	const struct openstack_order order = {
	    .app = spec->app, .name = spec->name, .spec = spec, .call = update_there};

	return talk_run(location, errand, openstack_delegate, &order, err);
}

static enum progress deliver(struct location *location, struct errand *errand,
			     const struct instance_spec *spec, struct error *err)
{
	const struct openstack_order order = {
	    .app = spec->app, .name = spec->name, .spec = spec, .call = deliver_there};

	return talk_run(location, errand, openstack_delegate, &order, err);
}

static enum progress signal(struct location *location, struct errand *errand, const char *app,
			    const char *name, const char *word, struct error *err)
{
	const struct openstack_order order = {.app = app, .name = name, .signal = word, .call = signal_there};

	return talk_run(location, errand, openstack_delegate, &order, err);
}

static enum progress exec(struct location *location, struct errand *errand, const char *app, const char *name,
			  struct exec_session *session, struct error *err)
{
	const struct openstack_order order = {
	    .app = app, .name = name, .session = session, .call = exec_there};

	return talk_run(location, errand, openstack_delegate, &order, err);
}

static enum progress logs(struct location *location, struct errand *errand, const char *app, const char *name,
			  const struct log_options *options, log_sink *sink, void *sink_owner,
			  struct error *err)
{
	const struct openstack_order order = {.app = app,
					      .name = name,
					      .log_options = options,
					      .sink = sink,
					      .sink_owner = sink_owner,
					      .call = logs_there};

	return talk_run(location, errand, openstack_delegate, &order, err);
}

static enum progress usage(struct location *location, struct errand *errand, const char *app,
			   const char *name, struct usage *ret, struct error *err)
{
	const struct openstack_order order = {.app = app, .name = name, .usage = ret, .call = usage_there};

	return talk_run(location, errand, openstack_delegate, &order, err);
}

/* --- what needs nobody's answer --------------------------------------------------------------------------
 */

static int check(struct location *location, const struct instance_spec *spec, struct error *err)
{
	if (spec->machine && openstack_check_making(location->state, spec->machine, err) < 0)
		return -1;
	return process_check(location, spec, "a process of a server", err);
}

static int foresee(struct location *location, const struct instance_spec *spec, struct arena *arena,
		   const struct attachment **ret, size_t *ret_count, struct error *err)
{
	return openstack_foresee(location->state, spec, arena, ret, ret_count, err);
}

/* A server has its address for itself, and which one that will be nobody knows before. */
static int publish_address(struct location *location, char *ret_address, size_t size, struct error *err)
{
	(void)location, (void)err;
	snprintf(ret_address, size, "0.0.0.0");
	return 0;
}

static const char *readiness(struct location *location, const struct instance_spec *spec,
			     const struct health_check *check)
{
	(void)location, (void)spec;
	return check->kind == CHECK_COMMAND ? "by a command there" : "through its machine";
}

static enum progress admit(struct location *location, struct errand *errand, const struct instance_spec *spec,
			   struct error *err)
{
	const struct openstack *openstack = location->state;
	const struct openstack_order order = {.app = spec->app, .name = spec->name, .spec = spec};

	if (!errand->state && !openstack->shut)
		return PROGRESS_DONE;
	return talk_run(location, errand, admit_openstack, &order, err);
}

const struct location_driver openstack_driver = {
    .type = "openstack",
    .summary = "servers of an OpenStack, one for each instance",
    .capabilities =
	{
	    .grain = GRAIN_INSTANCE,
	    .names_unique = false,
	    .kinds = 1u << COMPONENT_PROCESS,
	    .connects = true,
	    .lets_in = true,
	    .own_addresses = true,
	    .makes_machines = true,
	    .calls_in_flight = 16,
	    .generations = true,
	    .restart_in_place = true,
	},
    .open = open_openstack,
    .close = close_openstack,
    .identity = identity,
    .resolved = resolved,
    .connect = connect,
    .drop = drop,
    .learn = learn,
    .list = list,
    .look = look,
    .watch = openstack_watch,
    .unwatch = openstack_unwatch,
    .check = check,
    .preflight = preflight,
    .foresee = foresee,
    .publish_address = publish_address,
    .port_free = any_port_free,
    .claim = claim,
    .disclaim = disclaim,
    .prepare = prepare,
    .release = release,
    .place = place,
    .start = start,
    .admit = admit,
    .probe = probe,
    .stop = stop,
    .remove = remove_instance,
    .update = update,
    .deliver = deliver,
    .signal = signal,
    .withdraw = nothing_to_withdraw,
    .rename = change_name,
    .exec = exec,
    .readiness = readiness,
    .lease = lease,
    .tidy = tidy,
    .logs = logs,
    .usage = usage,
};
