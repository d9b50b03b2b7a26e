/* sizing.c - who made a component as large as it is, since when, and why: for whoever looks; and what an
 * autoscaler made of instances that are no cluster, which a deploy keeps. */
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
	return component->spec->cluster && component->cluster.asked != component->spec->instances;
}

/* From outside the file: by `scale`, a policy or --set, now or by the last deploy. */
static bool is_set(const struct berth_operation *operation, const struct component *component)
{
	const char *const *settings = operation->request.settings;
	size_t length = strlen(component->id);
	for (; settings && *settings; settings++)
		if (!strncmp(*settings, component->id, length) &&
		    starts_with(*settings + length, ".instances="))
			return true;
	return false;
}

/* The number in the file when that was decided; -1: nobody knows. */
static int64_t initial_of(const struct berth_operation *operation, const struct component *component,
			  const json_t *before)
{
	bool file = component->spec->cluster || !is_set(operation, component);
	return file ? component->spec->instances
		    : json_number(json_object_get(before, component->id), "initial", -1);
}

static char *story_of(const struct berth_operation *operation, const struct component *component,
		      int64_t initial)
{
	bool scaled = is_scaled(operation, component);
	const char *policy = scaled ? operation->policy : NULL;
	const char *how = policy ? "policy" : scaled ? "scale" : is_found(component) ? "found" : "blueprint";
	owned_json story = json_object();
	if (json_put_number(story, "size", component->cluster.asked) ||
	    json_put_number(story, "initial", initial) || json_put_text(story, "how", how) ||
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
	const json_t *story = json_object_get(before, component->id);
	int64_t initial = initial_of(operation, component, before);
	if (json_number(story, "size", -1) == component->cluster.asked &&
	    json_number(story, "initial", -1) == initial)
		return 0;
	owned_memory char *line = story_of(operation, component, initial);
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

void sizing_keep(struct berth_operation *operation)
{
	struct application *application = operation->application;
	owned_json stories = sizing_read(operation);
	for (size_t i = 0; stories && i < application->component_count; i++) {
		struct component *component = &application->components[i];
		const json_t *story = json_object_get(stories, component->id);
		int64_t size = json_number(story, "size", 0);
		if (size > 0 && size_told(component) && !component->spec->cluster &&
		    !is_set(operation, component) &&
		    json_number(story, "initial", -1) == component->spec->instances)
			component->size = component->cluster.asked = (unsigned)size;
	}
}

json_t *sizing_kept(const struct berth_operation *operation)
{
	const struct application *application = operation->application;
	owned_json list = NULL;
	for (size_t i = 0; i < application->component_count; i++) {
		const struct component *component = &application->components[i];
		if (!size_told(component) || component->size == component->spec->instances ||
		    resizes(operation))
			continue;
		json_t *entry = json_object();
		json_put_text(entry, "component", component->id);
		json_put_number(entry, "size", component->size);
		json_put_number(entry, "initial", component->spec->instances);
		list = list ? list : json_array();
		json_add(list, entry);
	}
	return give(list);
}
