/* driver.c - the fake driver's table: a target that lives in memory and does what a test scripted. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/cleanup.h"
#include "locations/fake/call.h"

enum { PATIENCE_MS = 10 * 60 * 1000 };

static void fake_close(struct location *location)
{
	struct fake *fake = location->state;

	if (!fake)
		return;
	while (fake->calls)
		call_drop(fake->calls);
	if (fake->target)
		watches_close(fake->target, location);
	if (fake->own_target)
		fake_target_free(fake->target);
	free(fake->target_name);
	free(fake->address);
	free(fake);
	location->state = NULL;
	location->driver = &fake_driver;
}

static bool alike(const struct capabilities *a, const struct capabilities *b)
{
	return a->grain == b->grain && a->names_unique == b->names_unique && a->host_names == b->host_names &&
	       a->mapped_ports == b->mapped_ports && a->kinds == b->kinds &&
	       a->calls_in_flight == b->calls_in_flight && a->generations == b->generations &&
	       a->limits_in_place == b->limits_in_place && a->restart_in_place == b->restart_in_place &&
	       a->lets_in == b->lets_in && a->connects == b->connects &&
	       a->own_addresses == b->own_addresses && a->makes_machines == b->makes_machines;
}

/* The table is const: capabilities of their own need one of their own, which the target keeps for all
 * locations that have the same. NULL: no memory. */
static const struct location_driver *table_of(struct fake_target *target, const struct location_driver *made)
{
	struct fake_table *table = target->tables;

	while (table && !alike(&table->driver.capabilities, &made->capabilities))
		table = table->next;
	if (table)
		return &table->driver;
	table = calloc(1, sizeof(*table));
	if (!table)
		return NULL;
	table->driver = *made;
	table->next = target->tables;
	target->tables = table;
	return &table->driver;
}

static int fake_open(struct location *location, struct error *err)
{
	struct fake *fake = calloc(1, sizeof(*fake));

	if (!fake)
		return fail_memory(err);
	struct location_driver made = fake_driver;
	fake->location = location;
	fake->driver = &fake_driver;
	fake->made = &made;
	fake->patience_ms = PATIENCE_MS;
	location->state = fake;
	int result = fake_options(fake, location->spec, err);
	fake->made = NULL;
	if (result == 0 && !(fake->driver = table_of(fake->target, &made)))
		result = fail_memory(err);
	if (result < 0) {
		fake_close(location);
		return -1;
	}
	location->driver = fake->driver;
	return 0;
}

static enum progress fake_connect(struct location *location, struct errand *errand,
				  struct location_facts *ret, struct error *err)
{
	const struct fake *fake = location->state;
	enum progress answer = call_ask(location, errand, &(struct question){.kind = FAKE_CONNECT}, err);

	if (answer != PROGRESS_DONE)
		return answer;
	snprintf(ret->endpoint, sizeof(ret->endpoint), "fake:%s", fake->target_name);
	snprintf(ret->version, sizeof(ret->version), "fake target");
	snprintf(ret->details, sizeof(ret->details), "%zu instances", fake_target_instances(fake->target));
	return PROGRESS_DONE;
}

static enum progress list(struct location *location, struct errand *errand,
			  const struct list_request *request, struct inventory *ret, struct error *err)
{
	enum progress answer =
	    call_ask(location, errand, &(struct question){.kind = FAKE_LIST, .app = request->app}, err);

	if (answer == PROGRESS_DONE && fake_list(location->state, request, ret, err) < 0)
		return PROGRESS_FAILED;
	return answer;
}

static enum progress look(struct location *location, struct errand *errand, const char *app, const char *name,
			  struct arena *arena, struct observed *ret, struct error *err)
{
	struct memory memory = {.arena = arena};
	struct fake_instance *instance;
	struct observed seen;
	enum progress answer =
	    call_ask(location, errand, &(struct question){.kind = FAKE_LOOK, .app = app, .name = name}, err);

	if (answer != PROGRESS_DONE)
		return answer;
	if (find_ours(location->state, app, name, &instance, err) < 0)
		return PROGRESS_FAILED;
	tell_instance(location->state, &memory, instance, &seen);
	if (memory.failed) {
		fail_memory(err);
		return PROGRESS_FAILED;
	}
	*ret = seen;
	return PROGRESS_DONE;
}

static int watch(struct location *location, const char *app, change_sink *changed, void *owner,
		 struct error *err)
{
	struct fake *fake = location->state;

	return watch_add(fake->target, location, app, changed, owner) < 0 ? fail_memory(err) : 0;
}

static enum progress preflight(struct location *location, struct errand *errand,
			       const struct instance_spec *spec, json_t *lacks, struct error *err)
{
	struct fake *fake = location->state;
	const char *lack = fake->target->lack;

	(void)errand, (void)spec;
	fake->target->preflights++;
	if (lack && !*lack) {
		fail(err, ERR_UNREACHABLE, "nobody answers");
		return PROGRESS_FAILED;
	}
	if (lack)
		json_add(lacks, json_any_text(lack));
	return PROGRESS_DONE;
}

/* There is nothing to find out. */
static void learn(struct location *location, const struct location *from)
{
	(void)location, (void)from;
}

static void unwatch(struct location *location, const char *app)
{
	struct fake *fake = location->state;
	struct fake_app *known = map_get(fake->target->apps, app);

	if (known)
		watch_remove(known, location);
}

/* What a target that keeps the tasks itself cannot be asked for. */
static int check_tasks(const struct fake *fake, const struct instance_spec *spec, struct error *err)
{
	const char *name = fake->location->name;

	if (spec->job || spec->restart == RESTART_NO || spec->restart == RESTART_ON_FAILURE)
		return fail(err, ERR_UNSUPPORTED, "location `%s` runs again whatever ends, `%s` too", name,
			    spec->component);
	for (size_t i = 0; i < spec->port_count; i++)
		if (spec->ports[i].published && spec->ports[i].fixed)
			return fail(err, ERR_UNSUPPORTED,
				    "location `%s` gives ports itself: `%s` cannot have port %u", name,
				    spec->component, spec->ports[i].host_port);
	return 0;
}

static int check(struct location *location, const struct instance_spec *spec, struct error *err)
{
	const struct fake *fake = location->state;

	if (!(fake->driver->capabilities.kinds & 1u << spec->kind))
		return fail(err, ERR_UNSUPPORTED, "location `%s` does not run components of this kind",
			    location->name);
	if (spec->generation && !fake->driver->capabilities.generations)
		return fail(err, ERR_UNSUPPORTED, "location `%s` has one instance of a name", location->name);
	if (fake->driver->capabilities.grain == GRAIN_COMPONENT && check_tasks(fake, spec, err) < 0)
		return -1;
	for (size_t i = 0; i < spec->port_count; i++) {
		const struct spec_port *port = &spec->ports[i];
		if (port->published && port->host_port && port->host_port != port->port &&
		    !fake->driver->capabilities.mapped_ports)
			return fail(err, ERR_UNSUPPORTED, "location `%s` cannot publish port %u as %u",
				    location->name, port->port, port->host_port);
	}
	return 0;
}

static int foresee(struct location *location, const struct instance_spec *spec, struct arena *arena,
		   const struct attachment **ret, size_t *ret_count, struct error *err)
{
	return fake_foresee(location->state, spec, arena, ret, ret_count, err);
}

static int publish_address(struct location *location, char *ret_address, size_t size, struct error *err)
{
	const struct fake *fake = location->state;

	if (strlen(fake->address) >= size)
		return fail(err, ERR_INVALID, "location `%s`: its address is too long", location->name);
	strcpy(ret_address, fake->address);
	return 0;
}

static bool port_free(struct location *location, const char *address, uint16_t port, enum protocol protocol)
{
	const struct fake *fake = location->state;

	return !port_taken(fake->target, address, port, protocol);
}

static enum progress claim(struct location *location, struct errand *errand, const char *app,
			   const struct owner *owner, bool adopt, struct arena *arena,
			   struct owner *ret_holder, struct error *err)
{
	const struct fake *fake = location->state;
	struct memory memory = {.arena = arena};
	struct question question = {.kind = FAKE_CLAIM, .app = app, .owner = owner, .flag = adopt};
	enum progress answer = call_ask(location, errand, &question, err);

	if (answer != PROGRESS_DONE)
		return answer;
	const struct fake_app *held = map_get(fake->target->apps, app);
	if (!held || !held->owner_id) {
		fail(err, ERR_CONFLICT, "the claim on `%s` was taken back meanwhile", app);
		return PROGRESS_FAILED;
	}
	struct owner holder = {
	    .id = memory_text(&memory, held->owner_id),
	    .words = memory_text(&memory, held->owner_words),
	    .place = memory_text(&memory, held->owner_place),
	};
	if (memory.failed) {
		fail_memory(err);
		return PROGRESS_FAILED;
	}
	*ret_holder = holder;
	return PROGRESS_DONE;
}

static enum progress disclaim(struct location *location, struct errand *errand, const char *app,
			      struct error *err)
{
	return call_ask(location, errand, &(struct question){.kind = FAKE_DISCLAIM, .app = app}, err);
}

/* A line for each of those that are let in: "db 6379/tcp web in its group". */
static void write_openings(struct text *to, const struct openings *openings)
{
	for (size_t i = 0; openings && i < openings->count; i++) {
		const struct opening *opening = &openings->items[i];
		text_format(to, "%s %u/%s %s %s\n", opening->component, opening->port,
			    opening->protocol == UDP ? "udp" : "tcp",
			    opening->consumer ? opening->consumer : "whoever",
			    opening->from      ? "in its group"
			    : opening->address ? opening->address
					       : "everywhere");
	}
}

static enum progress prepare(struct location *location, struct errand *errand,
			     const struct prepare_request *request, struct error *err)
{
	owned_text openings = {0};

	write_openings(&openings, request->openings);
	if (openings.failed)
		return fail_memory(err), PROGRESS_FAILED;
	const struct question question = {.kind = FAKE_PREPARE,
					  .app = request->app,
					  .word = request->openings ? text_view(&openings) : NULL};
	return call_ask(location, errand, &question, err);
}

static enum progress release(struct location *location, struct errand *errand, const char *app, bool volumes,
			     struct error *err)
{
	return call_ask(location, errand,
			&(struct question){.kind = FAKE_RELEASE, .app = app, .flag = volumes}, err);
}

static enum progress about_spec(struct location *location, struct errand *errand, enum fake_call kind,
				const struct instance_spec *spec, struct error *err)
{
	struct question question = {.kind = kind, .app = spec->app, .name = spec->name, .spec = spec};

	return call_ask(location, errand, &question, err);
}

static enum progress place(struct location *location, struct errand *errand, const struct instance_spec *spec,
			   const char **ret_note, struct error *err)
{
	(void)ret_note;
	return about_spec(location, errand, FAKE_PLACE, spec, err);
}

static enum progress start(struct location *location, struct errand *errand, const struct instance_spec *spec,
			   struct error *err)
{
	return about_spec(location, errand, FAKE_START, spec, err);
}

static enum progress admit(struct location *location, struct errand *errand, const struct instance_spec *spec,
			   struct error *err)
{
	return about_spec(location, errand, FAKE_ADMIT, spec, err);
}

static int answers(const struct fake *fake, const struct fake_instance *instance,
		   const struct health_check *how, struct error *err)
{
	struct world *world = fake->location->world;
	const struct fake_behaviour *behaviour = instance_behaviour(instance);

	if (instance->seen.state != SEEN_RUNNING)
		return fail(err, ERR_FAILED, "`%s` is not running", instance->seen.name);
	if (instance->seen.paused)
		return fail(err, ERR_FAILED, "`%s` is paused", instance->seen.name);
	if (instance->grouped && behaviour && !behaviour->unverifiable)
		behaviour = NULL; /* that is told of each of its tasks */
	if (instance->grouped && (instance->rolling || fake_target_tasks(fake->target, instance->seen.name) <
							   instance->made.count))
		return fail(err, ERR_FAILED, "%zu of %u tasks of `%s` answer",
			    fake_target_tasks(fake->target, instance->seen.name), instance->made.count,
			    instance->seen.name);
	if (how->kind == CHECK_NONE || !behaviour)
		return 0;
	if (behaviour->unverifiable)
		return fail(err, ERR_UNSUPPORTED, "`%s` cannot be asked from here", instance->seen.name);
	if (behaviour->answers_after_ms >= 0 &&
	    world->ops->now(world) - instance->since_ms >= behaviour->answers_after_ms)
		return 0;
	return fail(err, ERR_FAILED, "connect to `%s` port %u: connection refused", instance->seen.name,
		    how->port);
}

static enum progress probe(struct location *location, struct errand *errand, const struct instance_spec *spec,
			   const struct health_check *how, struct error *err)
{
	const struct fake *fake = location->state;
	struct fake_instance *instance;
	enum progress answer = about_spec(location, errand, FAKE_PROBE, spec, err);

	if (answer != PROGRESS_DONE)
		return answer;
	if (find_ours(fake, spec->app, spec->name, &instance, err) < 0 ||
	    answers(fake, instance, how, err) < 0)
		return PROGRESS_FAILED;
	return PROGRESS_DONE;
}

static enum progress stop(struct location *location, struct errand *errand, const char *app, const char *name,
			  struct error *err)
{
	return call_ask(location, errand, &(struct question){.kind = FAKE_STOP, .app = app, .name = name},
			err);
}

static enum progress remove_instance(struct location *location, struct errand *errand, const char *app,
				     const char *name, struct error *err)
{
	return call_ask(location, errand, &(struct question){.kind = FAKE_REMOVE, .app = app, .name = name},
			err);
}

static enum progress update(struct location *location, struct errand *errand,
			    const struct instance_spec *spec, struct error *err)
{
	return about_spec(location, errand, FAKE_UPDATE, spec, err);
}

static enum progress deliver(struct location *location, struct errand *errand,
			     const struct instance_spec *spec, struct error *err)
{
	return about_spec(location, errand, FAKE_DELIVER, spec, err);
}

static enum progress signal_instance(struct location *location, struct errand *errand, const char *app,
				     const char *name, const char *signal, struct error *err)
{
	struct question question = {.kind = FAKE_SIGNAL, .app = app, .name = name, .word = signal};

	return call_ask(location, errand, &question, err);
}

static enum progress withdraw(struct location *location, struct errand *errand, const char *app,
			      const char *name, struct error *err)
{
	return call_ask(location, errand, &(struct question){.kind = FAKE_WITHDRAW, .app = app, .name = name},
			err);
}

static enum progress rename_instance(struct location *location, struct errand *errand, const char *app,
				     const char *from, const char *to, struct error *err)
{
	struct question question = {.kind = FAKE_RENAME, .app = app, .name = from, .word = to};

	return call_ask(location, errand, &question, err);
}

static enum progress exec(struct location *location, struct errand *errand, const char *app, const char *name,
			  struct exec_session *session, struct error *err)
{
	struct question question = {.kind = FAKE_EXEC, .app = app, .name = name, .session = session};
	enum progress answer = call_ask(location, errand, &question, err);

	if (answer == PROGRESS_WAITING)
		call_poke(errand->state);
	return answer;
}

static const char *readiness(struct location *location, const struct instance_spec *spec,
			     const struct health_check *how)
{
	const struct fake *fake = location->state;

	if (how->kind == CHECK_NONE)
		return "by its running";
	char group[512];
	snprintf(group, sizeof(group), "%s.%s", spec->app, spec->component);
	const struct fake_behaviour *behaviour =
	    target_behaviour(fake->target, spec->name, group, spec->image);
	return behaviour && behaviour->unverifiable ? NULL : "from here";
}

static enum progress lease(struct location *location, struct errand *errand, const char *app,
			   const struct lease *wanted, struct arena *arena, struct lease *ret_holder,
			   struct error *err)
{
	const struct fake *fake = location->state;
	struct world *world = fake->target->world;
	struct memory memory = {.arena = arena};
	struct question question = {.kind = FAKE_LEASE, .app = app, .lease = wanted};
	enum progress answer = call_ask(location, errand, &question, err);

	if (answer != PROGRESS_DONE)
		return answer;
	const struct fake_app *held = map_get(fake->target->apps, app);
	if (!held || !held->lease_token) {
		fail(err, ERR_CONFLICT, "the lease of `%s` was taken back meanwhile", app);
		return PROGRESS_FAILED;
	}
	struct lease holder = {
	    .token = memory_text(&memory, held->lease_token),
	    .words = memory_text(&memory, held->lease_words),
	    .ttl_ms = held->lease_until_ms - world->ops->now(world),
	};
	if (memory.failed) {
		fail_memory(err);
		return PROGRESS_FAILED;
	}
	*ret_holder = holder;
	return PROGRESS_DONE;
}

static enum progress tidy(struct location *location, struct errand *errand, const char *app,
			  const char *token, struct error *err)
{
	return call_ask(location, errand, &(struct question){.kind = FAKE_TIDY, .app = app, .word = token},
			err);
}

static enum progress usage(struct location *location, struct errand *errand, const char *app,
			   const char *name, struct usage *ret, struct error *err)
{
	const struct fake *fake = location->state;
	struct fake_instance *instance = NULL;
	enum progress progress =
	    call_ask(location, errand, &(struct question){.kind = FAKE_USAGE, .app = app, .name = name}, err);

	if (progress != PROGRESS_DONE)
		return progress;
	return find_ours(fake, app, name, &instance, err) < 0 || instance_usage(instance, ret, err) < 0
		   ? PROGRESS_FAILED
		   : PROGRESS_DONE;
}

static enum progress logs(struct location *location, struct errand *errand, const char *app, const char *name,
			  const struct log_options *options, log_sink *sink, void *sink_owner,
			  struct error *err)
{
	struct question question = {
	    .kind = FAKE_LOGS,
	    .app = app,
	    .name = name,
	    .log = options,
	    .sink = sink,
	    .sink_owner = sink_owner,
	};

	return call_ask(location, errand, &question, err);
}

static void drop(struct location *location, struct errand *errand)
{
	(void)location;
	if (errand->state)
		call_drop(errand->state);
}

static const char *resolved(const struct location *location, const json_t **ret_options)
{
	*ret_options = location->spec->options;
	return location->spec->target;
}

static const char *identity(const struct location *location)
{
	const struct fake *fake = location->state;
	return fake->target_name;
}

const struct location_driver fake_driver = {
    .type = "fake",
    .summary = "a target in memory that does what a script says, for trying things out",
    .capabilities =
	{
	    .grain = GRAIN_INSTANCE,
	    .names_unique = true,
	    .host_names = true,
	    .mapped_ports = true,
	    .kinds = 1u << COMPONENT_DOCKER | 1u << COMPONENT_PROCESS,
	    .calls_in_flight = 8,
	    .generations = true,
	    .limits_in_place = true,
	    .restart_in_place = true,
	},
    .open = fake_open,
    .close = fake_close,
    .connect = fake_connect,
    .learn = learn,
    .list = list,
    .look = look,
    .watch = watch,
    .unwatch = unwatch,
    .check = check,
    .preflight = preflight,
    .identity = identity,
    .resolved = resolved,
    .foresee = foresee,
    .publish_address = publish_address,
    .port_free = port_free,
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
    .signal = signal_instance,
    .withdraw = withdraw,
    .rename = rename_instance,
    .exec = exec,
    .readiness = readiness,
    .lease = lease,
    .tidy = tidy,
    .logs = logs,
    .usage = usage,
    .drop = drop,
};
