/* remembered.c - `status` of what the store knows or a blueprint says, fast and without asking any target. */
#include "base/cleanup.h"
#include "engine/deploy.h"

static json_t *unknown_line(const char *key, const char *name)
{
	json_t *line = json_object();
	if (line && !json_put_text(line, key, name) &&
	    !json_put_text(line, "state", phase_name(PHASE_UNKNOWN)))
		return line;
	json_decref(line);
	return NULL;
}

static json_t *applications(struct berth_operation *operation)
{
	json_t *list = json_array(), *name;
	owned_json names = NULL;
	size_t i;
	if (!list || store_applications(operation->berth->store, &names, operation_error(operation))) {
		json_decref(list);
		return NULL;
	}
	json_array_foreach (names, i, name)
		json_add(list, unknown_line("app", json_string_value(name)));
	return list;
}

static json_t *components(const struct application *application)
{
	json_t *list = json_array();
	for (size_t i = 0; list && i < application->component_count; i++) {
		const struct component_spec *spec = application->components[i].spec;
		json_t *line = unknown_line("id", application->components[i].id);
		if (line && spec) {
			json_put_text(line, "type", spec->type);
			json_put_text(line, "location", spec->location ? spec->location->name : NULL);
		}
		json_add(list, line);
	}
	return list;
}

void status_remembered(struct berth_operation *operation)
{
	const struct berth_request *request = &operation->request;
	bool one = request->app || request->blueprint;
	if (one && operation_read_blueprint(operation))
		return;
	json_t *list = one ? components(operation->application) : applications(operation);
	if (!list) {
		if (!operation_failure(operation)->code)
			fail_memory(operation_error(operation));
		stage_failed(operation);
		return;
	}
	json_t *document = document_new(one ? operation->application->id : NULL);
	json_put(document, one ? "components" : "applications", list);
	operation_finish(operation, BERTH_OK, document);
}
