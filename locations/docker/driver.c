/* driver.c - the Docker Engine driver's table: each function names the first step of its task. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/map.h"
#include "locations/docker/docker.h"

enum { MACHINE_ID_MAX = 63 };

/* Two locations on one machine see each other's loopback addresses: both name the machine alike. */
static void read_machine(struct docker *docker)
{
	struct world *world = docker->world;
	owned_text id = {0};

	if (docker->endpoint.local &&
	    world->ops->file_read(world, "/etc/machine-id", MACHINE_ID_MAX, &id, NULL) == 0)
		snprintf(docker->machine, sizeof(docker->machine), "%.*s",
			 (int)strcspn(text_view(&id), " \r\n"), text_view(&id));
	if (!docker->machine[0] && docker->endpoint.local)
		snprintf(docker->machine, sizeof(docker->machine), "local");
	if (!docker->machine[0])
		snprintf(docker->machine, sizeof(docker->machine), "%s", docker->endpoint.identity);
}

static void docker_close(struct location *location)
{
	struct docker *docker = location->state;

	if (!docker)
		return;
	while (docker->tasks)
		task_free(docker->tasks);
	probers_close(docker);
	pulls_close(docker);
	events_close(docker);
	published_release(docker);
	map_release(&docker->strangers);
	map_release(&docker->filled);
	map_release(&docker->picked);
	networks_release(docker);
	json_decref(docker->lasting);
	arena_release(&docker->arena);
	free(docker);
	location->state = NULL;
	location->driver = &docker_driver; /* Podman's table went with the state */
}

static int docker_open(struct location *location, struct error *err)
{
	struct docker *docker = calloc(1, sizeof(*docker));

	if (!docker)
		return fail_memory(err);
	docker->location = location;
	docker->world = location->world;
	location->state = docker;
	if (options_read(docker, err) < 0) {
		docker_close(location);
		return -1;
	}
	read_machine(docker);
	return 0;
}

static enum progress docker_connect(struct location *location, struct errand *errand,
				    struct location_facts *ret, struct error *err)
{
	const struct wish wish = {.facts = ret};

	return task_run(location, errand, connect_begin, &wish, err);
}

static enum progress docker_list(struct location *location, struct errand *errand,
				 const struct list_request *request, struct inventory *ret, struct error *err)
{
	const struct wish wish = {.list = request, .inventory = ret, .app = request->app};

	return task_run(location, errand, list_begin, &wish, err);
}

static enum progress docker_look(struct location *location, struct errand *errand, const char *app,
				 const char *name, struct arena *arena, struct observed *ret,
				 struct error *err)
{
	const struct wish wish = {.app = app, .name = name, .arena = arena, .observed = ret};

	return task_run(location, errand, look_begin, &wish, err);
}

static enum progress docker_claim(struct location *location, struct errand *errand, const char *app,
				  const struct owner *owner, bool adopt, struct arena *arena,
				  struct owner *ret_holder, struct error *err)
{
	const struct wish wish = {
	    .app = app, .owner = owner, .adopt = adopt, .arena = arena, .holder = ret_holder};

	return task_run(location, errand, claim_begin, &wish, err);
}

static enum progress docker_disclaim(struct location *location, struct errand *errand, const char *app,
				     struct error *err)
{
	const struct wish wish = {.app = app};

	return task_run(location, errand, disclaim_begin, &wish, err);
}

static enum progress docker_prepare(struct location *location, struct errand *errand,
				    const struct prepare_request *request, struct error *err)
{
	const struct wish wish = {.app = request->app, .prepare = request};

	return task_run(location, errand, prepare_begin, &wish, err);
}

static enum progress docker_release(struct location *location, struct errand *errand, const char *app,
				    bool volumes, struct error *err)
{
	const struct wish wish = {.app = app, .volumes = volumes};

	return task_run(location, errand, release_begin, &wish, err);
}

static enum progress docker_place(struct location *location, struct errand *errand,
				  const struct instance_spec *spec, const char **ret_note, struct error *err)
{
	const struct wish wish = {.app = spec->app, .spec = spec, .note = ret_note};

	return task_run(location, errand, place_begin, &wish, err);
}

static enum progress docker_start(struct location *location, struct errand *errand,
				  const struct instance_spec *spec, struct error *err)
{
	const struct wish wish = {.app = spec->app, .spec = spec};

	return task_run(location, errand, start_begin, &wish, err);
}

static enum progress docker_admit(struct location *location, struct errand *errand,
				  const struct instance_spec *spec, struct error *err)
{
	const struct wish wish = {.app = spec->app, .spec = spec};

	return task_run(location, errand, admit_begin, &wish, err);
}

static enum progress docker_probe(struct location *location, struct errand *errand,
				  const struct instance_spec *spec, const struct health_check *check,
				  struct error *err)
{
	const struct wish wish = {.app = spec->app, .spec = spec, .check = check};

	return task_run(location, errand, probe_begin, &wish, err);
}

static enum progress docker_stop(struct location *location, struct errand *errand, const char *app,
				 const char *name, struct error *err)
{
	const struct wish wish = {.app = app, .name = name};

	return task_run(location, errand, stop_begin, &wish, err);
}

static enum progress docker_remove(struct location *location, struct errand *errand, const char *app,
				   const char *name, struct error *err)
{
	const struct wish wish = {.app = app, .name = name};

	return task_run(location, errand, remove_begin, &wish, err);
}

static enum progress docker_update(struct location *location, struct errand *errand,
				   const struct instance_spec *spec, struct error *err)
{
	const struct wish wish = {.app = spec->app, .spec = spec};

	return task_run(location, errand, update_begin, &wish, err);
}

static enum progress docker_deliver(struct location *location, struct errand *errand,
				    const struct instance_spec *spec, struct error *err)
{
	const struct wish wish = {.app = spec->app, .spec = spec};

	return task_run(location, errand, deliver_begin, &wish, err);
}

static enum progress docker_signal(struct location *location, struct errand *errand, const char *app,
				   const char *name, const char *signal, struct error *err)
{
	const struct wish wish = {.app = app, .name = name, .word = signal};

	return task_run(location, errand, signal_begin, &wish, err);
}

static enum progress docker_withdraw(struct location *location, struct errand *errand, const char *app,
				     const char *name, struct error *err)
{
	const struct wish wish = {.app = app, .name = name};

	return task_run(location, errand, withdraw_begin, &wish, err);
}

static enum progress docker_rename(struct location *location, struct errand *errand, const char *app,
				   const char *from, const char *to, struct error *err)
{
	const struct wish wish = {.app = app, .name = from, .word = to};

	return task_run(location, errand, rename_begin, &wish, err);
}

static enum progress docker_lease(struct location *location, struct errand *errand, const char *app,
				  const struct lease *lease, struct arena *arena, struct lease *ret_holder,
				  struct error *err)
{
	const struct wish wish = {.app = app, .lease = lease, .arena = arena, .lease_holder = ret_holder};

	return task_run(location, errand, lease_begin, &wish, err);
}

static enum progress docker_tidy(struct location *location, struct errand *errand, const char *app,
				 const char *token, struct error *err)
{
	const struct wish wish = {.app = app, .word = token};

	return task_run(location, errand, tidy_begin, &wish, err);
}

static enum progress docker_logs(struct location *location, struct errand *errand, const char *app,
				 const char *name, const struct log_options *options, log_sink *sink,
				 void *sink_owner, struct error *err)
{
	const struct wish wish = {
	    .app = app, .name = name, .log = options, .sink = sink, .sink_owner = sink_owner};

	return task_run(location, errand, logs_begin, &wish, err);
}

static enum progress docker_usage(struct location *location, struct errand *errand, const char *app,
				  const char *name, struct usage *ret, struct error *err)
{
	const struct wish wish = {.app = app, .name = name, .usage = ret};

	return task_run(location, errand, usage_begin, &wish, err);
}

static enum progress docker_exec(struct location *location, struct errand *errand, const char *app,
				 const char *name, struct exec_session *session, struct error *err)
{
	const struct wish wish = {.app = app, .name = name, .exec = session};

	session_attend(errand->state);
	return task_run(location, errand, exec_begin, &wish, err);
}

static void docker_drop(struct location *location, struct errand *errand)
{
	(void)location;
	if (errand->state)
		task_free(errand->state);
}

static const char *identity(const struct location *location)
{
	const struct docker *docker = location->state;
	return docker->endpoint.identity;
}

const struct location_driver docker_driver = {
    .type = "docker",
    .summary = "containers of a Docker engine, over its socket or TCP",
    .capabilities =
	{
	    .grain = GRAIN_INSTANCE,
	    .names_unique = true,
	    .host_names = true,
	    .mapped_ports = true,
	    .kinds = 1u << COMPONENT_DOCKER,
	    .calls_in_flight = 4,
	    .generations = true,
	    .limits_in_place = true,
	    .restart_in_place = true,
	},
    .open = docker_open,
    .close = docker_close,
    .connect = docker_connect,
    .learn = docker_learn,
    .list = docker_list,
    .look = docker_look,
    .watch = docker_watch,
    .unwatch = docker_unwatch,
    .check = docker_check,
    .preflight = location_lacks_nothing,
    .identity = identity,
    .resolved = engine_resolved,
    .foresee = docker_foresee,
    .publish_address = docker_publish_address,
    .port_free = docker_port_free,
    .claim = docker_claim,
    .disclaim = docker_disclaim,
    .prepare = docker_prepare,
    .release = docker_release,
    .place = docker_place,
    .start = docker_start,
    .admit = docker_admit,
    .probe = docker_probe,
    .stop = docker_stop,
    .remove = docker_remove,
    .update = docker_update,
    .deliver = docker_deliver,
    .signal = docker_signal,
    .withdraw = docker_withdraw,
    .rename = docker_rename,
    .lease = docker_lease,
    .tidy = docker_tidy,
    .exec = docker_exec,
    .readiness = docker_readiness,
    .logs = docker_logs,
    .usage = docker_usage,
    .drop = docker_drop,
};
