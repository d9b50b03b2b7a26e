/* instance.c - one instance at the scripted target: made, started, ending, started again, gone. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "locations/fake/target.h"

enum { LIVES_MS = 50, FIRST_PAUSE_MS = 100, LONGEST_PAUSE_MS = 60000 };

static void begin(struct fake_instance *instance);

static const struct fake_behaviour *behaviour_of(const struct fake_instance *instance)
{
	return map_get(instance->target->behaviours, instance->group);
}

static void later(struct fake_instance *instance, int64_t delay_ms, void (*then)(void *))
{
	struct world *world = instance->target->world;

	instance->timer = world->ops->timer_start(world, delay_ms, then, instance);
}

static void tell(const struct fake_instance *instance)
{
	target_changed(instance->target, instance->seen.app, instance->seen.name);
	calls_output(instance->target, instance->seen.name);
}

static void write_log(struct fake_instance *instance, const char *words)
{
	struct world *world = instance->target->world;
	struct log_mark *marks;

	if (!words || !*words)
		return;
	marks = realloc(instance->marks, (instance->mark_count + 1) * sizeof(*marks));
	if (!marks)
		return;
	instance->marks = marks;
	text_add(&instance->log, words);
	marks[instance->mark_count++] = (struct log_mark){
	    .end = instance->log.length,
	    .at_ms = world->ops->wall(world),
	};
}

static void begin_again(void *owner)
{
	struct fake_instance *instance = owner;

	instance->timer = NULL;
	begin(instance);
	tell(instance);
}

/* It fails by itself, and the target starts it again after a pause that grows, as Docker's does. */
static void end_early(void *owner)
{
	struct fake_instance *instance = owner;
	const struct fake_behaviour *behaviour = behaviour_of(instance);

	instance->timer = NULL;
	if (instance->exits_left != UINT32_MAX)
		instance->exits_left--;
	instance->seen.exits++;
	instance->seen.exit_code = behaviour ? behaviour->exit_code : 1;
	instance->seen.state = SEEN_RESTARTING;
	later(instance, instance->pause_ms, begin_again);
	if (instance->pause_ms < LONGEST_PAUSE_MS)
		instance->pause_ms *= 2;
	tell(instance);
}

static void begin(struct fake_instance *instance)
{
	struct world *world = instance->target->world;
	const struct fake_behaviour *behaviour = behaviour_of(instance);

	instance->seen.state = SEEN_RUNNING;
	instance->seen.started_ms = world->ops->wall(world);
	instance->since_ms = world->ops->now(world);
	write_log(instance, behaviour ? behaviour->log : NULL);
	if (instance->exits_left)
		later(instance, LIVES_MS, end_early);
}

static void ports_let_go(struct fake_instance *instance)
{
	for (size_t i = 0; i < instance->port_count; i++)
		if (instance->ports[i].address)
			port_let_go(instance->target, instance->ports[i].number, instance->ports[i].protocol,
				    instance);
}

/* A number that the target picks, as Docker does for port 0. */
static uint16_t pick(struct fake_target *target, const struct port_wish *wish)
{
	for (unsigned tries = 0; tries < 28000; tries++) {
		uint16_t number = target->next_port++;
		if (target->next_port == 60768)
			target->next_port = 32768;
		if (!port_taken(target, wish->address, number, wish->protocol))
			return number;
	}
	return 0;
}

/* Attachments whose number was unknown get the one that was picked. */
static void number_attachments(struct fake_instance *instance, const struct port_wish *wish)
{
	for (size_t i = 1; i < instance->seen.attachment_count; i++) {
		struct attached_port *ports = (struct attached_port *)instance->attachments[i].ports;
		for (size_t k = 0; k < instance->attachments[i].port_count; k++)
			if (!ports[k].number && ports[k].port == wish->port &&
			    ports[k].protocol == wish->protocol)
				ports[k].number = wish->number;
	}
}

static int ports_hold(struct fake_instance *instance, struct error *err)
{
	for (size_t i = 0; i < instance->port_count; i++) {
		struct port_wish *wish = &instance->ports[i];
		if (!wish->address)
			continue;
		if (!wish->number) {
			wish->number = pick(instance->target, wish);
			number_attachments(instance, wish);
		}
		if (!wish->number ||
		    port_taken(instance->target, wish->address, wish->number, wish->protocol)) {
			ports_let_go(instance);
			return fail(err, ERR_CONFLICT,
				    "cannot start `%s`: bind for %s:%u failed: port is already allocated",
				    instance->seen.name, wish->address, wish->number);
		}
		if (port_hold(instance->target, wish->address, wish->number, wish->protocol, instance) < 0) {
			ports_let_go(instance);
			return fail_memory(err);
		}
	}
	return 0;
}

int instance_start(struct fake_instance *instance, struct error *err)
{
	struct fake_target *target = instance->target;
	const struct fake_behaviour *behaviour = behaviour_of(instance);

	if (instance->seen.state == SEEN_RUNNING || instance->seen.state == SEEN_RESTARTING)
		return 0;
	if (ports_hold(instance, err) < 0)
		return -1;
	uint32_t host = ++target->addresses;
	snprintf(instance->address, sizeof(instance->address), "10.%u.%u.%u", host >> 16 & 255,
		 host >> 8 & 255, host & 255);
	if (instance->seen.attachment_count)
		instance->attachments[0].address = instance->address;
	instance->seen.shared_name_held |= instance->shared_from_start;
	instance->exits_left = behaviour ? behaviour->exits : 0;
	instance->pause_ms = FIRST_PAUSE_MS;
	begin(instance);
	tell(instance);
	return 0;
}

void instance_end(struct fake_instance *instance, int exit_code)
{
	struct world *world = instance->target->world;

	world->ops->timer_cancel(world, instance->timer);
	instance->timer = NULL;
	ports_let_go(instance);
	instance->seen.state = SEEN_STOPPED;
	instance->seen.exit_code = exit_code;
	if (instance->seen.attachment_count)
		instance->attachments[0].address = NULL;
}

void instance_free(struct fake_instance *instance)
{
	struct world *world = instance->target->world;

	world->ops->timer_cancel(world, instance->timer);
	memory_release(&instance->memory);
	text_release(&instance->log);
	free(instance->marks);
	free(instance);
}

void instance_remove(struct fake_instance *instance)
{
	struct fake_target *target = instance->target;
	struct fake_app *app = map_get(target->apps, instance->seen.app);

	ports_let_go(instance);
	map_drop(&target->instances, instance->seen.name);
	if (app)
		map_drop(&app->instances, instance->seen.name);
	tell(instance);
	instance_free(instance);
}

static void keep_environment(struct fake_instance *instance, const struct instance_spec *spec)
{
	struct memory *memory = &instance->memory;
	const char **list = memory_take(memory, (spec->variable_count + 1) * sizeof(*list));

	for (size_t i = 0; list && i < spec->variable_count; i++) {
		const struct spec_variable *variable = &spec->variables[i];
		size_t size = strlen(variable->name) + strlen(variable->value) + 2;
		char *pair = memory_take(memory, size);
		if (pair)
			snprintf(pair, size, "%s=%s", variable->name, variable->value);
		list[i] = pair;
	}
	instance->environment = list;
}

static void keep_ports(struct fake_instance *instance, const struct instance_spec *spec)
{
	struct port_wish *ports = memory_take(&instance->memory, spec->port_count * sizeof(*ports));

	for (size_t i = 0; ports && i < spec->port_count; i++)
		ports[i] = (struct port_wish){
		    .address = spec->ports[i].published
				   ? memory_text(&instance->memory, spec->ports[i].host_address)
				   : NULL,
		    .port = spec->ports[i].port,
		    .number = spec->ports[i].host_port,
		    .protocol = spec->ports[i].protocol,
		};
	instance->ports = ports;
	instance->port_count = ports ? spec->port_count : 0;
}

static void keep(struct fake_instance *instance, const struct instance_spec *spec,
		 const struct attachment *attachments, size_t count)
{
	struct world *world = instance->target->world;
	char type[512], group[512], image[80];
	const char *kind = spec->kind == COMPONENT_PROCESS ? "process" : type;

	snprintf(type, sizeof(type), "docker:%s", spec->image ? spec->image : "");
	snprintf(group, sizeof(group), "%s.%s", spec->app, spec->component);
	snprintf(instance->target_id, sizeof(instance->target_id), "fake-%08x", ++instance->target->made);
	struct observed seen = {
	    .app = spec->app,
	    .component = spec->component,
	    .ordinal = spec->ordinal,
	    .name = spec->name,
	    .target_id = instance->target_id,
	    .digest = spec->digest,
	    .link_digest = spec->link_digest,
	    .secret_salt = spec->secret_salt ? spec->secret_salt : "",
	    .secret_digest = spec->secret_digest,
	    .type = kind,
	    .image_id = spec->image ? target_image(instance->target, spec->image, image) : NULL,
	    .state = SEEN_CREATED,
	    .exit_code = -1,
	    .exits_known = true,
	    .created_ms = world->ops->wall(world),
	    .attachments = attachments,
	    .attachment_count = count,
	};
	memory_observed(&instance->memory, &seen, &instance->seen);
	instance->attachments = (struct attachment *)instance->seen.attachments;
	instance->group = memory_text(&instance->memory, group);
	instance->shared_from_start = spec->shared_from_start;
	keep_environment(instance, spec);
	keep_ports(instance, spec);
}

/* Named volumes are made with the first instance that asks for them and stay. */
static int make_volumes(struct fake_app *app, const struct instance_spec *spec)
{
	for (size_t i = 0; i < spec->volume_count; i++) {
		const char *name = spec->volumes[i].name;
		if (!name || map_get(app->volumes, name))
			continue;
		char *copy = strdup(name);
		if (!copy || map_put(&app->volumes, name, copy) < 0) {
			free(copy);
			return -1;
		}
	}
	return 0;
}

int instance_make(struct fake_target *target, const struct instance_spec *spec,
		  const struct attachment *attachments, size_t count, struct error *err)
{
	struct fake_app *app = target_app(target, spec->app);
	struct fake_instance *instance = app ? calloc(1, sizeof(*instance)) : NULL;

	if (!instance)
		return fail_memory(err);
	instance->target = target;
	keep(instance, spec, attachments, count);
	if (instance->memory.failed || make_volumes(app, spec) < 0 ||
	    map_put(&target->instances, spec->name, instance) < 0) {
		instance_free(instance);
		return fail_memory(err);
	}
	if (map_put(&app->instances, spec->name, instance) < 0) {
		map_drop(&target->instances, spec->name);
		instance_free(instance);
		return fail_memory(err);
	}
	tell(instance);
	return 0;
}
