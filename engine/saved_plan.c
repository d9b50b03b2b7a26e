/* saved_plan.c - a plan as a text that can be kept, looked at by others, and carried out later, exactly or
 * not at all. */
#include <string.h>

#include "base/cleanup.h"
#include "base/json_write.h"
#include "engine/deploy.h"

#define SAVED_VERSION 1

static json_t *list_of(const char *const *texts)
{
	json_t *list = json_array();
	for (; list && texts && *texts; texts++)
		json_add(list, json_string(*texts));
	return list;
}

/* Which incarnations the plan was made for. */
static void write_there(struct text *to, const struct berth_operation *operation)
{
	json_open(to, NULL, '{');
	for (size_t i = 0; i < operation->work_count; i++) {
		const struct observed *seen = operation->works[i]->instance->seen;
		if (seen)
			json_write_text(to, seen->name, seen->target_id ? seen->target_id : "");
	}
	json_close(to, '}');
}

/* Of what the plan rests on: its changes, and what is there. */
static int digest_grounds(const struct berth_operation *operation, char ret_hex[static DIGEST_HEX])
{
	const struct text *changes = document_member(operation, "changes");
	char both[2][DIGEST_HEX];
	owned_text there = {0};
	write_there(&there, operation);
	if (!changes || there.failed || digest_hex(text_view(changes), changes->length, both[0]) ||
	    digest_hex(text_view(&there), there.length, both[1]))
		return -1;
	return digest_hex(both, sizeof both, ret_hex);
}

/* What makes it this plan, but for its changes. Secrets stay references: the blueprint is kept as it was
 * written. */
static json_t *head_of(struct berth_operation *operation, const char *digest)
{
	const struct berth_request *request = &operation->request;
	const char *directory = source_directory(operation);
	json_t *head = json_object();
	if (directory && head && json_put_number(head, "berth_plan", SAVED_VERSION) == 0 &&
	    json_put_text(head, "app", operation->application->id) == 0 &&
	    json_put_text(head, "file", request->file) == 0 &&
	    json_put_text(head, "directory", directory) == 0 &&
	    json_put_text(head, "blueprint", request->blueprint) == 0 &&
	    json_put(head, "settings", kept_settings(request->settings)) == 0 &&
	    json_put(head, "locations", list_of(request->locations)) == 0 &&
	    json_put(head, "leave_data", json_boolean(request->leave_data)) == 0 &&
	    json_put(head, "variables", source_variables(operation)) == 0 &&
	    json_put_text(head, "digest", digest) == 0)
		return head;
	json_decref(head);
	return NULL;
}

int saved_plan_add(struct berth_operation *operation)
{
	char digest[DIGEST_HEX];
	if (!operation->blueprint)
		return 0;
	if (digest_grounds(operation, digest))
		return -1;
	owned_json head = head_of(operation, digest);
	return head ? document_quote(operation, operation->document, "saved", head, "changes") : -1;
}

/* --- and back ------------------------------------------------------------------------------------- */

static int take_list(struct arena *arena, const json_t *list, const char *const *more,
		     const char *const **ret)
{
	size_t count = json_array_size(list), extra = 0;
	while (more && more[extra])
		extra++;
	const char **texts = arena_array(arena, const char *, count + extra + 1);
	if (!texts)
		return -1;
	for (size_t i = 0; i < count; i++)
		if (!(texts[i] = arena_text(arena, json_string_value(json_array_get(list, i)) ?: "")))
			return -1;
	for (size_t i = 0; i < extra; i++)
		texts[count + i] = more[i];
	*ret = texts;
	return 0;
}

static int not_a_plan(struct berth_operation *operation, const char *why)
{
	fail(operation_error(operation), ERR_INVALID, "this is not a saved plan of berth: %s", why);
	remedy(operation_error(operation), "`berth plan --out FILE` makes one");
	return -1;
}

static int take_over(struct berth_operation *operation, const json_t *saved)
{
	struct berth_request *request = &operation->request;
	struct arena *arena = &operation->arena;
	const char *blueprint = json_text(saved, "blueprint"), *app = json_text(saved, "app");
	const char *file = json_text(saved, "file"), *directory = json_text(saved, "directory");
	if (!blueprint || !app || !file || !directory || !json_text(saved, "digest"))
		return not_a_plan(operation, "something is missing in it");
	if (json_number(saved, "berth_plan", 0) != SAVED_VERSION)
		return not_a_plan(operation, "another version of berth made it");
	request->blueprint = arena_text(arena, blueprint);
	request->app = arena_text(arena, app);
	request->file = arena_text(arena, file);
	operation->directory = arena_text(arena, directory);
	if (!request->blueprint || !request->app || !request->file || !operation->directory ||
	    take_list(arena, json_object_get(saved, "settings"), request->settings, &request->settings) ||
	    take_list(arena, json_object_get(saved, "locations"), request->locations, &request->locations))
		return fail_memory(operation_error(operation));
	request->leave_data |= json_flag(saved, "leave_data", false);
	request->blueprint_size = strlen(request->blueprint);
	return 0;
}

int saved_plan_read(struct berth_operation *operation)
{
	const struct berth_request *request = &operation->request;
	struct error why = {0};
	size_t size = request->plan_size ? request->plan_size : strlen(request->plan);
	json_decref(operation->saved);
	operation->saved = json_parse(request->plan, size, "the saved plan", &why);
	if (!operation->saved)
		return not_a_plan(operation, why.text);
	return take_over(operation, operation->saved);
}

/* The first instance of which another thing would be done now. */
static const char *what_changed(struct berth_operation *operation)
{
	const json_t *then = json_object_get(operation->saved, "changes");
	const struct text *changes = document_member(operation, "changes");
	struct error ignored = {0};
	owned_json now = json_parse(text_view(changes), changes->length, "the changes", &ignored);
	for (size_t i = 0; i < json_array_size(now); i++)
		if (!json_equal(json_array_get(then, i), json_array_get(now, i)))
			return arena_text(&operation->arena, json_text(json_array_get(now, i), "instance"));
	return NULL;
}

bool saved_plan_holds(struct berth_operation *operation)
{
	char digest[DIGEST_HEX];
	if (!operation->saved)
		return true;
	if (digest_grounds(operation, digest)) {
		fail_memory(operation_error(operation));
		return false;
	}
	if (strcmp(digest, json_text(operation->saved, "digest")) == 0)
		return true;
	const char *where = what_changed(operation);
	fail(operation_error(operation), ERR_LOCKED,
	     "the saved plan is stale: %s%s changed since it was made; nothing was touched",
	     where ? where : "what runs", where ? "'s state" : "");
	remedy(operation_error(operation), "make a new one: berth plan --out FILE");
	return false;
}

static bool needs_name(const struct work *work)
{
	const struct observed *seen = work->instance->seen;
	bool made =
	    work->action == ACTION_CREATE || work->action == ACTION_REPLACE || work->action == ACTION_RELINK;
	return made && !work->resumed && (!seen || strcmp(seen->name, work->instance->name) != 0);
}

static enum progress taken(struct berth_operation *operation, const struct work *work,
			   const struct error *why)
{
	fail(operation_error(operation), ERR_LOCKED,
	     "the saved plan is stale: the name `%s` is taken by now; nothing was touched",
	     work->instance->name);
	remedy(operation_error(operation), "%s",
	       why->remedy[0] ? why->remedy : "make a new one: berth plan --out FILE");
	return PROGRESS_FAILED;
}

static enum progress ask_name(struct work *work)
{
	struct berth_operation *operation = work->operation;
	struct observed found = {0};
	struct error err = {0};
	work->doing = DOING_LOOK;
	enum progress progress = work->site->location.driver->look(
	    &work->site->location, &work->errand, operation->application->id, work->instance->name,
	    &work->look_next, &found, &err);
	if (progress == PROGRESS_WAITING)
		return progress;
	work->doing = DOING_NOTHING;
	arena_release(&work->look_next);
	work->name_free = progress == PROGRESS_FAILED && err.code == ERR_MISSING;
	if (work->name_free)
		return PROGRESS_DONE;
	if (progress == PROGRESS_DONE || err.code == ERR_CONFLICT)
		return taken(operation, work, &err);
	blame_site(operation_error(operation), work->site, &err);
	return PROGRESS_FAILED;
}

enum progress saved_plan_names(struct berth_operation *operation)
{
	enum { AT_ONCE = 8 };
	size_t flying = 0;
	if (operation->cancelled) {
		fail(operation_error(operation), ERR_CANCELLED, "interrupted; nothing was changed");
		return PROGRESS_FAILED;
	}
	for (size_t i = 0; operation->saved && i < operation->work_count && flying < AT_ONCE; i++) {
		struct work *work = operation->works[i];
		if (work->name_free || !needs_name(work))
			continue;
		enum progress progress = ask_name(work);
		if (progress == PROGRESS_FAILED)
			return progress;
		flying += progress == PROGRESS_WAITING;
	}
	return flying ? PROGRESS_WAITING : PROGRESS_DONE;
}
