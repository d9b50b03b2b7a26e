/* client_body.c - a request as it is sent to a controller: what only this machine knows goes with it. */
#include <limits.h>
#include <stdio.h>
#include <string.h>

#include "api/client.h"
#include "api/request.h"
#include "base/cleanup.h"

/* --- the environment ------------------------------------------------------------------------ */

struct names {
	struct berth_operation *operation;
	const char **items; /* "NAME=VALUE" */
	size_t count, room;
	bool failed;
};

static bool is_known(const struct names *names, const char *name, size_t length)
{
	for (size_t i = 0; i < names->count; i++)
		if (strncmp(names->items[i], name, length) == 0 && names->items[i][length] == '=')
			return true;
	return false;
}

static void add(struct names *names, const char *name, size_t length)
{
	struct berth *berth = names->operation->berth;
	struct arena *arena = &names->operation->arena;
	const char *copy = arena_copy(arena, name, length);
	const char *value = copy ? berth->environment(copy) : NULL;
	names->failed |= !copy;
	if (!value || is_known(names, name, length))
		return;
	if (names->count + 1 >= names->room) {
		const char **longer = arena_array(arena, const char *, names->room * 2 + 8);
		if (!longer) {
			names->failed = true;
			return;
		}
		if (names->count)
			memcpy(longer, names->items, names->count * sizeof *longer);
		names->items = longer;
		names->room = names->room * 2 + 8;
	}
	names->items[names->count] = arena_format(arena, "%s=%s", copy, value);
	names->failed |= !names->items[names->count++];
}

/* Every `env:NAME` that the text has, whatever stands around it. */
static void add_secrets(struct names *names, const char *text, size_t size)
{
	static const char letters[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789_";
	const char *end = text + size, *at = text;
	while ((at = memmem(at, (size_t)(end - at), "env:", 4))) {
		at += 4;
		size_t length = 0;
		while (at + length < end && at[length] && strchr(letters, at[length]))
			length++;
		if (length)
			add(names, at, length);
	}
}

static const char *ask_environment(void *context, const char *name)
{
	struct names *names = context;
	add(names, name, strlen(name));
	return names->operation->berth->environment(name);
}

/* Where relative paths in the blueprint start, here. */
static const char *folder_of(struct berth_operation *operation, const char *here)
{
	const char *file = operation->request.file,
		   *slash = file && !is_url(file) ? strrchr(file, '/') : NULL;
	if (!slash)
		return here;
	if (*file == '/')
		return slash == file ? "/" : arena_copy(&operation->arena, file, (size_t)(slash - file));
	return arena_format(&operation->arena, "%s/%.*s", here, (int)(slash - file), file);
}

/* "file:PATH", not a key that is called so. */
static bool reads_secret_file(const char *text, size_t size)
{
	const char *end = text + size, *at = text;
	while ((at = memmem(at, (size_t)(end - at), "file:", 5))) {
		at += 5;
		if (at<end && * at> ' ')
			return true;
	}
	return false;
}

static int refuse_files(const struct berth_operation *operation, const struct blueprint *blueprint,
			struct error *err)
{
	const struct berth_request *request = &operation->request;
	const char *what =
	    reads_secret_file(request->blueprint, request->blueprint_size) ? "a secret in a file" : NULL;
	for (size_t i = 0; blueprint && i < blueprint->component_count; i++)
		for (size_t k = 0; k < blueprint->components[i].file_count; k++)
			if (blueprint->components[i].files[k].source)
				what = blueprint->components[i].files[k].source;
	if (!what)
		return 0;
	fail(err, ERR_INVALID, "the blueprint reads %s of this machine, where the controller at %s is not",
	     what, client_of(operation)->name);
	remedy(err, "write it into the blueprint (`content:`, `env:NAME`), or deploy from that machine");
	return -1;
}

/* Read here as it would be by ourselves: for what it asks the environment, not for its mistakes. */
static int read_blueprint(struct berth_operation *operation, struct names *names, const char *here,
			  struct error *err)
{
	struct berth_request *request = &operation->request;
	struct diagnostics ignored = {0};
	const struct blueprint_options options = {
	    .file = request->file ? request->file : "blueprint.yaml",
	    .directory = folder_of(operation, here),
	    .application = request->app,
	    .settings = request->settings,
	    .environment = ask_environment,
	    .environment_context = names,
	};
	if (!options.directory)
		return fail_memory(err);
	struct blueprint *blueprint =
	    blueprint_parse(request->blueprint, request->blueprint_size, &options, &ignored);
	int failed = client_of(operation)->socket ? 0 : refuse_files(operation, blueprint, err);
	blueprint_release(blueprint);
	diagnostics_release(&ignored);
	add_secrets(names, request->blueprint, request->blueprint_size);
	return failed;
}

/* --- the whole ------------------------------------------------------------------------------ */

static int take_key(struct berth_operation *operation, struct error *err)
{
	struct remote *remote = remote_of(operation);
	struct world *world = operation->berth->world;
	unsigned char bytes[16];
	if (world->ops->random(world, bytes, sizeof bytes))
		return fail(err, ERR_FAILED, "there is no randomness");
	for (size_t i = 0; i < sizeof bytes; i++)
		snprintf(remote->key + 2 * i, 3, "%02x", bytes[i]);
	return 0;
}

int remote_bring(struct berth_operation *operation, const json_t *wanted, struct error *err)
{
	static const char *const nothing[] = {NULL};
	struct names names = {.operation = operation};
	size_t i;
	json_t *name;
	json_array_foreach (wanted, i, name)
		if (json_is_string(name))
			add(&names, json_string_value(name), json_string_length(name));
	operation->request.environment = names.count ? names.items : nothing;
	return names.failed ? fail_memory(err) : 0;
}

static int complete(struct berth_operation *operation, struct names *names, struct error *err)
{
	struct berth_request *request = &operation->request;
	struct world *world = operation->berth->world;
	char here[PATH_MAX];
	if (!request->blueprint)
		return 0;
	if (world->ops->working_directory(world, here, sizeof here))
		return fail(err, ERR_FAILED, "the working directory cannot be read");
	if (client_of(operation)->socket && !request->folder &&
	    !(request->folder = arena_text(&operation->arena, here)))
		return fail_memory(err);
	if (read_blueprint(operation, names, here, err))
		return -1;
	if (names->failed)
		return fail_memory(err);
	static const char *const nothing[] = {NULL};
	request->environment = names->count ? names->items : nothing;
	return 0;
}

int remote_body(struct berth_operation *operation, struct error *err)
{
	struct remote *remote = remote_of(operation);
	struct names names = {.operation = operation};
	if (take_key(operation, err))
		return -1;
	if (!remote->agreed && complete(operation, &names, err))
		return -1;
	json_decref(give(remote->body));
	remote->body = request_write(&operation->request, remote->verb->takes);
	bool scales = strcmp(remote->verb->name, "scale") == 0; /* to none, where it says 0 */
	if (!remote->body || json_put_text(remote->body, "verb", remote->verb->name) ||
	    (scales && json_put_number(remote->body, "count", operation->request.count)) ||
	    (remote->rehearses && json_put_flag(remote->body, "dry_run", true)))
		return fail_memory(err);
	return 0;
}
