/* blueprint_source.c - a request's text, or what the store remembers, becomes a checked blueprint and its
 * graph. */
#include <limits.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "base/ssh_key.h"
#include "engine/deploy.h"
#include "engine/lasting.h"
#include "engine/policies_of.h"

const char *operation_app(const struct berth_operation *operation)
{
	if (operation->application)
		return operation->application->id;
	return operation->request.app;
}

/* The folder a file lies in, absolute; NULL when memory or the working directory is gone. */
static const char *folder_of(struct berth_operation *operation, const char *file)
{
	struct arena *arena = &operation->arena;
	struct world *world = operation->berth->world;
	char here[PATH_MAX] = "";
	const char *slash = file && !is_url(file) ? strrchr(file, '/') : NULL;
	if (file && file[0] == '/')
		return slash == file ? arena_text(arena, "/")
				     : arena_copy(arena, file, (size_t)(slash - file));
	if (operation->request.folder)
		snprintf(here, sizeof here, "%s", operation->request.folder);
	else if (world->ops->working_directory(world, here, sizeof here))
		return NULL;
	if (!slash)
		return arena_text(arena, here);
	return arena_format(arena, "%s/%.*s", here, (int)(slash - file), file);
}

static const char *look_up_environment(void *context, const char *name)
{
	const struct berth_operation *operation = context;
	const char *value = operation_environment(operation, name);
	if (environment_withheld(operation) || (!value && operation->request.resumed))
		environment_miss(context, name);
	return value;
}

static const char *location_type(void *context, const char *name)
{
	return binding_type(context, name);
}

static int read_file(void *context, const char *path, size_t limit, struct text *ret, struct error *err)
{
	struct world *world = ((struct berth_operation *)context)->berth->world;
	return world->ops->file_read(world, path, limit, ret, err);
}

static int check_key(void *context, const char *path, struct error *err)
{
	return ssh_key_file_check(((struct berth_operation *)context)->berth->world, path, err);
}

json_t *document_new(const char *app)
{
	json_t *document = json_object();
	if (json_put_text(document, "format_version", "1") || (app && json_put_text(document, "app", app))) {
		json_decref(document);
		return NULL;
	}
	return document;
}

/* What a catalogue has. */
static json_t *items_json(const struct blueprint *blueprint)
{
	json_t *items = json_array();
	for (size_t i = 0; i < blueprint->item_count; i++)
		json_array_append_new(items, json_pack("{s:s, s:s, s:s}", "id", blueprint->items[i].id,
						       "version", blueprint->items[i].version, "kind",
						       blueprint->items[i].kind));
	return items;
}

json_t *validation_document(const struct berth_operation *operation)
{
	json_t *document = document_new(NULL);
	if (!document)
		return NULL;
	(void)(json_put_flag(document, "valid", operation->diagnostics.errors == 0) ||
	       json_put_number(document, "error_count", (int64_t)operation->diagnostics.errors) ||
	       json_put_number(document, "warning_count", (int64_t)operation->diagnostics.warnings) ||
	       json_put(document, "diagnostics",
			diagnostics_json(&operation->diagnostics, operation->request.blueprint,
					 operation->request.blueprint_size)));
	if (operation->blueprint && operation->blueprint->item_count)
		json_put(document, "items", items_json(operation->blueprint));
	return document;
}

int fail_invalid(const struct berth_operation *operation, struct error *err)
{
	const struct diagnostic *first = operation->diagnostics.first;
	size_t more = operation->diagnostics.errors - 1;
	while (first && first->severity != SEVERITY_ERROR)
		first = first->next;
	if (!first)
		return fail(err, ERR_INVALID, "%s is not valid", operation->request.file);
	if (first->place.line)
		fail(err, ERR_INVALID, "%s:%d:%d: %s", first->place.file, first->place.line,
		     first->place.column, first->summary);
	else /* of a flag */
		fail(err, ERR_INVALID, "%s: %s", first->place.file, first->summary);
	if (more)
		remedy(err, "%s%s(and %zu more: see the diagnostics)", first->remedy ? first->remedy : "",
		       first->remedy ? " " : "", more);
	else if (first->remedy)
		remedy(err, "%s", first->remedy);
	return -1;
}

int refuse_blueprint(struct berth_operation *operation)
{
	if (operation->diagnostics.failed) {
		fail_memory(operation_error(operation));
		operation_fail(operation, operation_error(operation));
		return -1;
	}
	fail_invalid(operation, operation_error(operation));
	operation_finish(operation, BERTH_INVALID, validation_document(operation));
	return -1;
}

/* "web.instances=2" is said again by "web.instances=3". */
static bool said_again(const char *before, const char *const *given)
{
	size_t length = strcspn(before, "=");
	for (; given && *given; given++)
		if (strncmp(before, *given, length) == 0 && (*given)[length] == '=')
			return true;
	return false;
}

/* A request by name alone takes the blueprint of the last deploy, when the store still has it. */
static int use_stored(struct berth_operation *operation)
{
	struct arena *arena = &operation->arena;
	const struct stored_application *stored = operation->past ?: operation->stored;
	if (!stored || !stored->blueprint)
		return 0;
	size_t count = json_array_size(stored->settings), more = 0, used = 0;
	const char *const *given = operation->request.settings;
	while (given && given[more])
		more++;
	const char **settings = arena_array(arena, const char *, count + more + 1);
	if (!settings)
		return fail_memory(operation_error(operation));
	for (size_t i = 0; i < count; i++) {
		const char *before = json_string_value(json_array_get(stored->settings, i));
		if (!said_again(before, given))
			settings[used++] = before;
	}
	for (size_t i = 0; i < more; i++)
		settings[used++] = given[i];
	operation->source = stored;
	operation->request.blueprint = stored->blueprint;
	operation->request.blueprint_size = strlen(stored->blueprint);
	operation->request.file = stored->file;
	operation->request.settings = settings;
	return 0;
}

/* The targets are the truth: who only looks, or takes away, can do without the store. */
static int read_stored(struct berth_operation *operation, const char *app)
{
	struct error err = {0};
	if (!app || operation->stored ||
	    store_application(operation->berth->store, app, &operation->stored, &err) == 0)
		return 0;
	if (operation->verb->needs_store || err.code == ERR_NO_MEMORY) {
		*operation_error(operation) = err;
		return -1;
	}
	operation_warn(operation, "%s; going on without it", err.text);
	return 0;
}

const char *source_directory(struct berth_operation *operation)
{
	if (operation->directory)
		return operation->directory;
	if (operation->source)
		return operation->source->directory;
	return folder_of(operation, operation->request.file);
}

/* What it was told when it was deployed, not what the environment says now. NULL: it is read for the first
 * time. */
static const json_t *told_before(const struct berth_operation *operation)
{
	if (operation->saved)
		return json_object_get(operation->saved, "variables");
	return operation->source ? operation->source->variables : NULL;
}

static int recall_variables(struct berth_operation *operation, struct blueprint_options *options)
{
	json_t *told = (json_t *)told_before(operation);
	const char *name;
	json_t *value;
	if (!json_object_size(told))
		return 0;
	struct variable_read *variables =
	    arena_array(&operation->arena, struct variable_read, json_object_size(told));
	if (!variables)
		return -1;
	options->variables = variables;
	json_object_foreach (told, name, value)
		variables[options->variable_count++] =
		    (struct variable_read){.name = name, .value = json_string_value(value)};
	return 0;
}

json_t *source_variables(const struct berth_operation *operation)
{
	json_t *object = json_object();
	const struct blueprint *blueprint = operation->blueprint;
	for (size_t i = 0; blueprint && i < blueprint->variable_count; i++) {
		const struct variable_read *variable = &blueprint->variables[i];
		if (!sensitive_name(variable->name))
			json_put(object, variable->name,
				 variable->value ? json_string(variable->value) : json_null());
	}
	return object;
}

/* The first that the deployer names, or that it went to before. NULL: none. */
static const char *named_location(struct berth_operation *operation)
{
	const char *const *flags = operation->request.locations;
	const char *equals = flags && flags[0] ? strchr(flags[0], '=') : NULL;
	if (equals)
		return arena_copy(&operation->arena, flags[0], (size_t)(equals - flags[0]));
	return operation->source ? json_text(json_array_get(operation->source->locations, 0), "name") : NULL;
}

static int parse(struct berth_operation *operation)
{
	struct berth_request *request = &operation->request;
	const char *directory = source_directory(operation);
	if (!directory)
		return operation_short(operation) ? fail_memory(operation_error(operation))
						  : fail(operation_error(operation), ERR_FAILED,
							 "the working directory cannot be read");
	struct blueprint_options options = {
	    .file = request->file,
	    .judges = operation->verb == &verb_validate,
	    .directory = directory,
	    .application = request->app,
	    .settings = request->settings,
	    .environment = look_up_environment,
	    .environment_context = operation,
	    .environment_withheld = environment_withheld(operation),
	    .placeless = operation->verb->rest != NULL,
	    .location_type = location_type,
	    .location_context = operation,
	    .location = named_location(operation),
	    .file_read = read_file,
	    .key_check = check_key,
	    .file_context = operation,
	};
	if (recall_variables(operation, &options))
		return fail_memory(operation_error(operation));
	operation->blueprint =
	    blueprint_parse(request->blueprint, request->blueprint_size, &options, &operation->diagnostics);
	diagnostics_sort(&operation->diagnostics);
	if (!operation->blueprint)
		return refuse_blueprint(operation);
	operation->application = application_new(operation->blueprint);
	if (!operation->application)
		return fail_memory(operation_error(operation));
	for (size_t i = 0; i < operation->application->component_count; i++) {
		struct component *component = &operation->application->components[i];
		component->kept = keeps_alive(operation->berth) && restarts_by_policy(component->spec);
		component->pin = operation->source ? json_text(operation->source->pins, component->id) : NULL;
	}
	return 0;
}

/* A name becomes part of paths and of names at the targets: only what a blueprint's id may be is one. */
static bool is_name(const char *app)
{
	size_t length = strspn(app, "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789_-");
	return length > 0 && length <= 63 && !app[length];
}

/* A request that cannot be meant is one of usage. 0, or -1 and the operation has ended. */
static int check_request(struct berth_operation *operation)
{
	const struct berth_request *request = &operation->request;
	if (!request->blueprint && !request->app) {
		fail(operation_error(operation), ERR_INVALID,
		     "neither a blueprint nor an application's name was given");
	} else if (!request->blueprint && !is_name(request->app)) {
		fail(operation_error(operation), ERR_INVALID, "`%.80s` is no application's name",
		     request->app);
		remedy(operation_error(operation),
		       "names are made of letters, digits, `_` and `-`; a blueprint's file has a `/` "
		       "or ends in .yaml or .json");
	} else {
		return 0;
	}
	operation_finish(operation, BERTH_USAGE, document_new(NULL));
	return -1;
}

/* The blueprint that was given, else the one that the store has, else none. 0 or -1 with operation->error. */
static int read_application(struct berth_operation *operation)
{
	const struct berth_request *request = &operation->request;
	bool by_name = !request->blueprint;
	if (by_name && (read_stored(operation, request->app) || use_stored(operation)))
		return -1;
	if (request->blueprint && parse(operation))
		return -1;
	if (!by_name && read_stored(operation, operation->application->id))
		return -1;
	if (!operation->application && !(operation->application = application_found(request->app)))
		return fail_memory(operation_error(operation));
	return groups_expand(operation);
}

int operation_read_blueprint(struct berth_operation *operation)
{
	struct berth_request *request = &operation->request;
	if (!lasting_take_up(operation))
		return -1;
	if (request->plan && saved_plan_read(operation)) {
		operation_finish(operation, BERTH_INVALID, document_new(NULL));
		return -1;
	}
	if (check_request(operation))
		return -1;
	if (!request->file)
		request->file = "blueprint.yaml";
	if (!read_application(operation))
		return 0;
	if (!operation->done)
		operation_fail(operation, operation_error(operation));
	return -1;
}
