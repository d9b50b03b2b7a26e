/* keep.c - an instance at the scripted target is made: what it keeps of its spec, and of what it is told. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/cleanup.h"
#include "base/json.h"
#include "locations/fake/target.h"

int words_add(struct memory *memory, struct words *words, const char *word)
{
	const char *copy = memory_text(memory, word);
	const char **list = copy ? realloc(words->list, (words->count + 2) * sizeof(*list)) : NULL;

	if (!list)
		return -1;
	list[words->count++] = copy;
	list[words->count] = NULL;
	words->list = list;
	return 0;
}

int instance_keep_files(struct fake_instance *instance, const struct instance_spec *spec)
{
	struct memory memory = {0};
	struct spec_file *files = memory_files(&memory, spec->files, spec->file_count);

	if (memory.failed) {
		memory_release(&memory);
		return -1;
	}
	memory_release(&instance->files_memory);
	instance->files_memory = memory;
	instance->files = files;
	instance->file_count = spec->file_count;
	return 0;
}

static void keep_machine(struct fake_instance *instance, const struct instance_spec *spec)
{
	owned_memory char *line = spec->machine ? json_line(spec->machine) : NULL;

	instance->machine = memory_text(&instance->memory, line);
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

static void keep_hosts(struct fake_instance *instance, const struct instance_spec *spec)
{
	struct spec_host *hosts = memory_take(&instance->memory, spec->host_count * sizeof(*hosts));

	for (size_t i = 0; hosts && i < spec->host_count; i++)
		hosts[i] = (struct spec_host){
		    .alias = memory_text(&instance->memory, spec->hosts[i].alias),
		    .target = memory_text(&instance->memory, spec->hosts[i].target),
		    .address = memory_text(&instance->memory, spec->hosts[i].address),
		};
	instance->hosts = hosts;
	instance->host_count = hosts ? spec->host_count : 0;
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
	    .generation = spec->generation,
	    .target_id = instance->target_id,
	    .digest = spec->digest,
	    .link_digest = spec->link_digest,
	    .secret_salt = spec->secret_salt ? spec->secret_salt : "",
	    .secret_digest = spec->secret_digest,
	    .file_digest = spec->file_digest,
	    .type = kind,
	    .image_id = spec->image ? target_image(instance->target, spec->image, image) : NULL,
	    .state = SEEN_CREATED,
	    .exit_code = -1,
	    .exits_known = true,
	    .created_ms = world->ops->wall(world),
	    .attachments = attachments,
	    .attachment_count = count,
	    .limits_known = true,
	    .bindings_known = true,
	    .memory_bytes = spec->memory_bytes,
	    .nano_cpus = spec->nano_cpus,
	    .job = spec->job,
	    .protect = spec->protect,
	    .restart = spec->restart,
	};
	memory_observed(&instance->memory, &seen, &instance->seen);
	instance->attachments = (struct attachment *)instance->seen.attachments;
	instance->group = memory_text(&instance->memory, group);
	instance->image = memory_text(&instance->memory, spec->image);
	instance->shared_from_start = spec->shared_from_start;
	keep_machine(instance, spec);
	instance->pinned = spec->pin_address || spec->pinned_address;
	if (spec->pinned_address)
		snprintf(instance->address, sizeof(instance->address), "%s", spec->pinned_address);
	keep_environment(instance, spec);
	keep_ports(instance, spec);
	keep_hosts(instance, spec);
	if (instance_keep_files(instance, spec) < 0)
		instance->memory.failed = true;
}

static bool same_text(const char *a, const char *b)
{
	return !strcmp(a ? a : "", b ? b : "");
}

bool instance_made_of(const struct fake_instance *instance, const struct instance_spec *spec)
{
	const struct observed *seen = &instance->seen;

	return same_text(seen->digest, spec->digest) && same_text(seen->link_digest, spec->link_digest) &&
	       same_text(seen->secret_digest, spec->secret_digest) &&
	       same_text(seen->file_digest, spec->file_digest);
}

/* As it is now. */
static void note_make(struct fake_instance *instance)
{
	const struct observed *seen = &instance->seen;

	instance->made = (struct fake_make){
	    .version = instance->made.version,
	    .count = instance->made.count,
	    .digest = seen->digest,
	    .link_digest = seen->link_digest,
	    .secret_salt = seen->secret_salt,
	    .secret_digest = seen->secret_digest,
	    .file_digest = seen->file_digest,
	    .type = seen->type,
	    .image_id = seen->image_id,
	    .image = instance->image,
	    .environment = instance->environment,
	    .ports = instance->ports,
	    .port_count = instance->port_count,
	    .files = instance->files,
	    .file_count = instance->file_count,
	};
}

void instance_be_made_of(struct fake_instance *instance)
{
	const struct fake_make *made = &instance->made;
	struct observed *seen = &instance->seen;

	seen->digest = made->digest;
	seen->link_digest = made->link_digest;
	seen->secret_salt = made->secret_salt;
	seen->secret_digest = made->secret_digest;
	seen->file_digest = made->file_digest;
	seen->type = made->type;
	seen->image_id = made->image_id;
	instance->image = made->image;
	instance->environment = made->environment;
	instance->ports = made->ports;
	instance->port_count = made->port_count;
	instance->files = made->files;
	instance->file_count = made->file_count;
}

int instance_make_of(struct fake_instance *instance, const struct instance_spec *spec)
{
	struct memory *memory = &instance->memory;
	struct fake_make made = instance->made;
	char type[512], image[80];

	snprintf(type, sizeof(type), "docker:%s", spec->image ? spec->image : "");
	made.digest = memory_text(memory, spec->digest);
	made.link_digest = memory_text(memory, spec->link_digest);
	made.secret_salt = memory_text(memory, spec->secret_salt ? spec->secret_salt : "");
	made.secret_digest = memory_text(memory, spec->secret_digest);
	made.file_digest = memory_text(memory, spec->file_digest);
	made.type = memory_text(memory, spec->kind == COMPONENT_PROCESS ? "process" : type);
	made.image_id =
	    spec->image ? memory_text(memory, target_image(instance->target, spec->image, image)) : NULL;
	made.image = memory_text(memory, spec->image);
	made.files = memory_files(memory, spec->files, spec->file_count);
	made.file_count = spec->file_count;
	keep_environment(instance, spec);
	keep_ports(instance, spec);
	made.environment = instance->environment;
	made.ports = instance->ports;
	made.port_count = instance->port_count;
	bool failed = memory->failed;
	memory->failed = false;
	if (!failed)
		instance->made = made;
	instance_be_made_of(instance);
	return failed ? -1 : 0;
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
		  const struct attachment *attachments, size_t count, struct fake_instance **ret,
		  struct error *err)
{
	struct fake_app *app = target_app(target, spec->app);
	struct fake_instance *instance = app ? calloc(1, sizeof(*instance)) : NULL;

	if (!instance)
		return fail_memory(err);
	instance->target = target;
	keep(instance, spec, attachments, count);
	note_make(instance);
	instance->made.count = spec->count ? spec->count : 1;
	instance->made.version = instance->versions = 1;
	instance->suspended = true;
	if (instance->memory.failed || make_volumes(app, spec) < 0 ||
	    map_put(&app->instances, instance->target_id, instance) < 0) {
		instance_free(instance);
		return fail_memory(err);
	}
	if (name_hold(instance) < 0) {
		map_drop(&app->instances, instance->target_id);
		instance_free(instance);
		return fail_memory(err);
	}
	target->instance_count++;
	*ret = instance;
	return 0;
}
