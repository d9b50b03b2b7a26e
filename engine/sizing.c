/* sizing.c - who made a component as large as it is, since when, and why: for whoever looks. Nothing is
 * decided by it. */
#include <string.h>

#include "base/cleanup.h"
#include "blueprints/policy_types.h"
#include "engine/deploy.h"

bool size_told(const struct component *component)
{
	const struct component_spec *spec = component->spec;
	if (!spec || spec->kind == COMPONENT_EXTERNAL)
		return false;
	for (size_t i = 0; i < spec->policy_count; i++)
		if (spec->policies[i].type->kind == POLICY_AUTOSCALER)
			return true;
	return spec->cluster;
}

static bool any_told(const struct application *application)
{
	for (size_t i = 0; i < application->component_count; i++)
		if (size_told(&application->components[i]))
			return true;
	return false;
}

/* By its own wish to have it so, not by what else it is asked to do. */
static bool is_scaled(const struct berth_operation *operation, const struct component *component)
{
	const char *const *only = operation->request.components;
	return resizes(operation) && only && only[0] && !strcmp(only[0], component->id);
}

/* What was there before berth, or its store, knew of it. */
static bool is_found(const struct component *component)
{
	return component->spec->cluster && component->asked != component->spec->instances;
}

static char *story_of(const struct berth_operation *operation, const struct component *component)
{
	bool scaled = is_scaled(operation, component);
	const char *policy = scaled ? operation->policy : NULL;
	const char *how = policy ? "policy" : scaled ? "scale" : is_found(component) ? "found" : "blueprint";
	owned_json story = json_object();
	if (json_put_number(story, "size", component->asked) || json_put_text(story, "how", how) ||
	    json_put_text(story, "by", policy ? policy : operation->berth->owner.words) ||
	    json_put(story, "since",
		     json_moment(operation->berth->world->ops->wall(operation->berth->world))))
		return NULL;
	if (policy && operation->why && json_put_text(story, "why", operation->why))
		return NULL;
	return json_line(story);
}

static int remember(struct berth_operation *operation, const struct component *component,
		    const json_t *before)
{
	if (json_number(json_object_get(before, component->id), "size", -1) == component->asked)
		return 0;
	owned_memory char *line = story_of(operation, component);
	uint64_t number =
	    line ? store_put_sized(operation->berth->store, operation->application->id, component->id, line)
		 : 0;
	if (!number)
		return fail_memory(operation_error(operation));
	operation->commit = number;
	return 0;
}

int sizing_remember(struct berth_operation *operation)
{
	const struct application *application = operation->application;
	if (operation->verb->decide || !any_told(application))
		return 0;
	owned_json before = sizing_read(operation);
	for (size_t i = 0; i < application->component_count; i++) {
		const struct component *component = &application->components[i];
		if (size_told(component) && remember(operation, component, before))
			return -1;
	}
	return 0;
}

/* Who only looks does without a store that cannot be read. */
json_t *sizing_read(const struct berth_operation *operation)
{
	owned_json lines = NULL;
	struct error ignored = {0};
	const char *id;
	json_t *line;
	if (!any_told(operation->application) ||
	    store_sized(operation->berth->store, operation->application->id, &lines, &ignored))
		return NULL;
	json_t *stories = json_object();
	json_object_foreach (lines, id, line) {
		const char *text = json_string_value(line);
		json_t *story = text ? json_parse(text, strlen(text), "the store", &ignored) : NULL;
		if (story)
			json_put(stories, id, story);
	}
	return stories;
}
