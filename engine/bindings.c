/* bindings.c - names of locations that are known from outside the blueprint: --location, locations.yaml, the
 * store. */
#include <stdio.h>
#include <string.h>

#include "base/cleanup.h"
#include "engine/engine.h"
#include "engine/handle.h"

/* Later definitions of a name do not displace earlier ones: --location comes first. */
static int know(struct berth_operation *operation, const struct location_spec *spec, const char *source,
		struct error *err)
{
	size_t count = operation->binding_count;
	if (!spec->type) {
		fail(err, ERR_INVALID, "%s binds `%s` to something that is only a name", source, spec->name);
		remedy(err, "bind it to a spec: docker, localhost, ssh:USER@HOST, marathon: (with "
			    "MARATHON_URL, or its address behind it) or openstack:CLOUD");
		return -1;
	}
	if ((count & (count + 1)) == 0) { /* 0, 1, 3, 7, ...: make room for twice as many */
		struct arena *arena = &operation->arena;
		const struct location_spec **wider =
		    arena_array(arena, const struct location_spec *, 2 * count + 2);
		const char **sources = arena_array(arena, const char *, 2 * count + 2);
		if (!wider || !sources)
			return fail_memory(err);
		for (size_t i = 0; i < count; i++) {
			wider[i] = operation->bindings[i];
			sources[i] = operation->binding_sources[i];
		}
		operation->bindings = wider;
		operation->binding_sources = sources;
	}
	operation->bindings[count] = spec;
	operation->binding_sources[count] = source;
	operation->binding_count++;
	return 0;
}

/* Nothing but comments and empty lines. */
static bool says_nothing(const char *text)
{
	while (*text) {
		text += strspn(text, " \t\r\n");
		if (*text && *text != '#')
			return false;
		text += strcspn(text, "\n");
	}
	return true;
}

static int fail_file(const struct diagnostics *list, const char *path, struct error *err)
{
	const struct diagnostic *first = list->first;
	while (first && first->severity != SEVERITY_ERROR)
		first = first->next;
	if (!first)
		return fail(err, ERR_INVALID, "%s cannot be read", path);
	fail(err, ERR_INVALID, "%s:%d:%d: %s", path, first->place.line, first->place.column, first->summary);
	if (first->remedy)
		remedy(err, "%s", first->remedy);
	return -1;
}

/* Pairs of a name and what it stands for. */
static int know_text(struct berth_operation *operation, const char *path, const char *text, size_t size,
		     struct error *err)
{
	const struct location_spec *specs = NULL;
	size_t count = 0;
	if (!operation->location_options && !(operation->location_options = json_array()))
		return fail_memory(err);
	owned_by(diagnostics_release) struct diagnostics list = {0};
	if (location_specs_parse(&operation->arena, operation->location_options, path, text, size, &list,
				 &specs, &count))
		return fail_file(&list, path, err);
	for (size_t i = 0; i < count; i++)
		if (know(operation, &specs[i], path, err))
			return -1;
	return 0;
}

static int know_file(struct berth_operation *operation, const char *path, struct error *err)
{
	struct world *world = operation->berth->world;
	if (!world->ops->file_exists(world, path))
		return 0;
	owned_text content = {0};
	if (world->ops->file_read(world, path, 1 << 20, &content, err))
		return -1;
	if (says_nothing(text_view(&content)))
		return 0;
	return know_text(operation, path, text_view(&content), content.length, err);
}

static int read_configured(const struct berth *berth, struct text *ret, struct error *err)
{
	struct world *world = berth->world;
	owned_text path = {0};
	text_format(&path, "%s/locations.yaml", berth->config_directory);
	text_add(ret, "");
	if (path.failed)
		return fail_memory(err);
	if (!world->ops->file_exists(world, path.data))
		return 0;
	return world->ops->file_read(world, path.data, 1 << 20, ret, err);
}

/* A name that stands for another name, or for a kind of location that there is none of, is of no use to
 * anybody. */
static int check_specs(const struct location_spec *specs, size_t count, const char *path, struct error *err)
{
	for (size_t i = 0; i < count; i++) {
		if (!specs[i].type)
			return fail(err, ERR_INVALID, "%s binds `%s` to something that is only a name", path,
				    specs[i].name);
		if (!location_driver_of(specs[i].type))
			return fail(err, ERR_INVALID, "%s: `%s` is of a type that there is none of: %s", path,
				    specs[i].name, specs[i].type);
	}
	return 0;
}

static int check_configured(const struct berth *berth, const char *text, size_t size, struct error *err)
{
	owned_arena arena = {0};
	owned_json options = json_array();
	owned_text path = {0};
	owned_by(diagnostics_release) struct diagnostics list = {0};
	const struct location_spec *specs = NULL;
	size_t count = 0;
	text_format(&path, "%s/locations.yaml", berth->config_directory);
	if (!options || path.failed)
		return fail_memory(err);
	if (says_nothing(text))
		return 0;
	if (location_specs_parse(&arena, options, path.data, text, size, &list, &specs, &count))
		return fail_file(&list, path.data, err);
	return check_specs(specs, count, path.data, err);
}

int berth_reload(struct berth *berth, struct berth_error *error)
{
	struct error err = {0};
	owned_text text = {0};
	char *configured = NULL;
	int failed = read_configured(berth, &text, &err);
	if (!failed)
		failed = check_configured(berth, text_view(&text), text.length, &err);
	if (!failed && !(configured = strdup(text_view(&text))))
		failed = fail_memory(&err);
	if (failed) {
		berth_error_from(error, &err);
		return -1;
	}
	free(berth->configured_before);
	berth->configured_before = berth->configured;
	berth->configured = configured;
	return 0;
}

void berth_reload_undo(struct berth *berth)
{
	free(berth->configured);
	berth->configured = give(berth->configured_before);
}

/* What is configured: as it was when it was read for good, else as it is now. */
static int know_configured(struct berth_operation *operation, struct error *err)
{
	const char *text = operation->berth->configured;
	const char *path =
	    arena_format(&operation->arena, "%s/locations.yaml", operation->berth->config_directory);
	if (!path)
		return fail_memory(err);
	if (!text)
		return know_file(operation, path, err);
	return says_nothing(text) ? 0 : know_text(operation, path, text, strlen(text), err);
}

/* NAME={type: docker, ...}: a map, as it would stand in a file. */
static int know_map(struct berth_operation *operation, const char *flag, struct error *err)
{
	owned_text line = {0};
	text_format(&line, "%.*s: %s\n", (int)strcspn(flag, "="), flag, strchr(flag, '=') + 1);
	return line.failed ? fail_memory(err)
			   : know_text(operation, "--location", text_view(&line), line.length, err);
}

static int know_flag(struct berth_operation *operation, const char *flag, struct error *err)
{
	const char *equals = strchr(flag, '=');
	if (!equals || equals == flag || !equals[1]) {
		fail(err, ERR_INVALID, "--location %s is not NAME=SPEC", flag);
		remedy(err, "for example --location my-docker-cloud=docker:unix:///run/docker.sock");
		return -1;
	}
	if (equals[1] == '{')
		return know_map(operation, flag, err);
	struct location_spec *spec = arena_array(&operation->arena, struct location_spec, 1);
	char *name = arena_copy(&operation->arena, flag, (size_t)(equals - flag));
	if (!spec || !name)
		return fail_memory(err);
	if (location_spec_parse(&operation->arena, equals + 1, spec, err))
		return -1;
	spec->name = name;
	return know(operation, spec, "--location", err);
}

/* The same as one that is known already. */
static const struct location_spec *find_alike(const struct berth_operation *operation,
					      const struct location_spec *spec)
{
	for (size_t i = 0; i < operation->binding_count; i++) {
		const struct location_spec *other = operation->bindings[i];
		if (!strcmp(other->name, spec->name) && !strcmp(other->type, spec->type) &&
		    !strcmp(other->target, spec->target) && other->options == spec->options)
			return other;
	}
	return NULL;
}

const struct location_spec *binding_stored(struct berth_operation *operation, const json_t *entry)
{
	const json_t *spec = json_object_get(entry, "spec");
	const char *name = json_text(entry, "name"), *type = json_text(spec, "type"),
		   *target = json_text(spec, "target");
	json_t *options = json_object_get(spec, "options");
	struct arena *arena = &operation->arena;
	struct location_spec said = {
	    .name = name, .type = type, .target = target ? target : "", .options = options};
	const struct location_spec *known = name && type ? find_alike(operation, &said) : NULL;
	struct location_spec *copy =
	    known || !name || !type ? NULL : arena_array(arena, struct location_spec, 1);
	if (!copy)
		return known;
	*copy = (struct location_spec){.name = arena_text(arena, name),
				       .type = arena_text(arena, type),
				       .target = arena_text(arena, said.target),
				       .options = options};
	if (options && (!(operation->stored_options || (operation->stored_options = json_array())) ||
			json_add(operation->stored_options, json_incref(options))))
		return NULL;
	return copy->name && copy->type && copy->target ? copy : NULL;
}

/* Who names an application without its blueprint means it where the last deploy put it, whatever a file says
 * by now. */
static int know_stored(struct berth_operation *operation, bool always, struct error *err)
{
	const struct stored_application *stored = operation->stored;
	size_t i;
	json_t *entry;
	if (!stored || (!always && operation->blueprint && !operation->source))
		return 0;
	json_array_foreach (stored->locations, i, entry) {
		const struct location_spec *spec = binding_stored(operation, entry);
		if (spec && know(operation, spec, "the store", err))
			return -1;
	}
	return 0;
}

int sites_bind(struct berth_operation *operation, struct error *err)
{
	const char *const *flags = operation->request.locations;
	for (size_t i = 0; flags && flags[i]; i++)
		if (know_flag(operation, flags[i], err))
			return -1;
	if (know_stored(operation, false, err))
		return -1;
	const char *file = is_url(operation->request.file) ? NULL : operation->request.file;
	const char *slash = file ? strrchr(file, '/') : NULL;
	char here[4096] = "";
	struct world *world = operation->berth->world;
	if (file && file[0] != '/' && operation->request.folder)
		snprintf(here, sizeof here, "%s", operation->request.folder);
	else if (file && file[0] != '/' && world->ops->working_directory(world, here, sizeof here))
		return fail(err, ERR_FAILED, "the working directory cannot be read");
	const char *beside = arena_format(&operation->arena, "%s%s%.*slocations.yaml", here, *here ? "/" : "",
					  slash ? (int)(slash + 1 - file) : 0, file ? file : "");
	if (!beside)
		return fail_memory(err);
	if ((file && know_file(operation, beside, err)) || know_configured(operation, err))
		return -1;
	return operation->verb->needs_store ? 0 : know_stored(operation, true, err);
}

const char *binding_type(struct berth_operation *operation, const char *name)
{
	struct error ignored = {0};
	size_t before = operation->binding_count;
	const char *source, *type = NULL;
	if (!sites_bind(operation, &ignored)) {
		const struct location_spec *spec = binding_of(operation, name, &source);
		type = spec ? spec->type : NULL;
	}
	operation->binding_count = before;
	return type;
}

const struct location_spec *binding_of(const struct berth_operation *operation, const char *name,
				       const char **source)
{
	for (size_t i = 0; i < operation->binding_count; i++)
		if (strcmp(operation->bindings[i]->name, name) == 0) {
			*source = operation->binding_sources[i];
			return operation->bindings[i];
		}
	return NULL;
}
