/* plan_document.c - the plan as JSON: every change with its cause, its links, what it publishes and what it
 * costs. */
#include <string.h>

#include "base/cleanup.h"
#include "engine/readiness.h"
#include "engine/specs.h"

static const char *const action_names[ACTION_COUNT] = {
    [ACTION_UNCHANGED] = "unchanged", [ACTION_CREATE] = "create", [ACTION_START] = "start",
    [ACTION_UPDATE] = "update",       [ACTION_RELINK] = "relink", [ACTION_REPLACE] = "replace",
    [ACTION_RESTART] = "restart",     [ACTION_STOP] = "stop",     [ACTION_REMOVE] = "remove",
};

static json_t *reason_json(const struct reason *reason)
{
	json_t *object = json_object();
	bool placed = reason->place.line > 0;
	(void)(json_put_text(object, "path", reason->path) ||
	       json_put_text(object, "file", placed ? reason->place.file : NULL) ||
	       json_object_set_new(object, "line", placed ? json_integer(reason->place.line) : json_null()) ||
	       json_object_set_new(object, "column",
				   placed ? json_integer(reason->place.column) : json_null()) ||
	       json_put_text(object, "old", reason->old) || json_put_text(object, "new", reason->new));
	if (reason->stale)
		json_put_text(object, "note", "old until the instance is made anew for another reason");
	return object;
}

static json_t *reasons_json(const struct work *work)
{
	json_t *list = json_array();
	for (const struct reason *reason = work->reasons; reason; reason = reason->next)
		json_array_append_new(list, reason_json(reason));
	return list;
}

static json_t *number_or_null(unsigned number)
{
	return number ? json_integer(number) : json_null();
}

static json_t *link_json(const struct instance *consumer, const struct edge *edge)
{
	struct application *application = consumer->work->operation->application;
	const struct component *provider = &application->components[edge->to];
	size_t count = 0;
	const struct spec_port *ports = provider_ports(provider, &count);
	struct way way =
	    way_to(consumer, provider, count ? ports[0].port : 0, count ? ports[0].protocol : TCP);
	const struct capabilities *can = &consumer->component->site->location.driver->capabilities;
	bool named = way.path == PATH_NETWORK && way.name && can->host_names;
	json_t *object = json_object();
	(void)(json_put_text(object, "alias", edge->link->alias) ||
	       json_put_text(object, "to", provider->id) ||
	       json_put_text(object, "path", path_name(way.path)) ||
	       json_put_text(object, "host",
			     named                                  ? edge->link->alias
			     : way.path == PATH_NETWORK && way.name ? way.name
								    : way.address) ||
	       json_object_set_new(object, "port", number_or_null(way.number)));
	if (!can->host_names && !(way.path == PATH_NETWORK && way.name))
		json_put_text(object, "note", "variables only: no host name can be given here");
	else if (count && ports[0].port && way.number && way.number != ports[0].port)
		json_put_text(object, "note",
			      "the consumer sees another port number than the provider's own");
	return object;
}

json_t *links_json(const struct instance *instance)
{
	json_t *list = json_array();
	const struct component *component = instance->component;
	for (size_t i = 0; i < component->need_count; i++)
		if (component->needs[i].kind == EDGE_LINK)
			json_array_append_new(list, link_json(instance, &component->needs[i]));
	return list;
}

static json_t *publishes_json(const struct work *work)
{
	json_t *list = json_array();
	for (size_t i = 0; work->instance->wanted && i < work->port_count; i++) {
		const struct spec_port *port = &work->ports[i];
		if (!port->published)
			continue;
		json_t *object = json_object();
		(void)(json_object_set_new(object, "port", number_or_null(port->port)) ||
		       json_put_text(object, "protocol", port->protocol == UDP ? "udp" : "tcp") ||
		       json_put_text(object, "host_address", port->host_address) ||
		       json_object_set_new(object, "host_port", number_or_null(port->host_port)) ||
		       json_put_text(object, "why",
				     port->fixed ? "the blueprint binds it" : "needed from outside"));
		json_array_append_new(list, object);
	}
	return list;
}

static bool is_made_anew(const struct work *work)
{
	return work->action == ACTION_REPLACE || work->action == ACTION_RELINK;
}

/* For how long nobody answers, if all goes well. */
static const char *outage(const struct work *work)
{
	const struct component_spec *spec = work->instance->component->spec;
	const struct observed *seen = work->instance->seen;
	bool serves = seen && seen->state == SEEN_RUNNING && !(spec && spec->job);
	if (work->action == ACTION_RESTART)
		return "until ready";
	if (!is_made_anew(work) || !serves || work->order == ORDER_START_FIRST)
		return "none";
	return work->order == ORDER_STOP_FIRST ? "seconds" : "until ready";
}

static const char *order_name(const struct work *work)
{
	static const char *const names[] = {[ORDER_PLAIN] = "remove-first",
					    [ORDER_STOP_FIRST] = "stop-first",
					    [ORDER_START_FIRST] = "start-first"};
	return is_made_anew(work) ? names[work->order] : NULL;
}

/* Anonymous volumes go with the instance that has them. */
static json_t *data_at_risk(const struct work *work)
{
	json_t *list = json_array();
	const struct component_spec *spec = work->instance->component->spec;
	for (size_t i = 0; is_made_anew(work) && i < spec->volume_count; i++)
		if (!spec->volumes[i].name && !spec->volumes[i].source)
			json_array_append_new(list, json_string(spec->volumes[i].path));
	return list;
}

static char *readiness(const struct work *work)
{
	const struct health_check check = readiness_check(work);
	struct text text = {0};
	if (!work->instance->component->spec || !work->instance->wanted)
		return NULL;
	if (work->instance->component->spec->job) {
		text_add(&text, "finished");
		return text_take(&text);
	}
	if (check.kind == CHECK_NONE)
		text_add(&text, "runs");
	else if (check.kind == CHECK_HTTP)
		text_format(&text, "http %s", check.path);
	else
		text_add(&text, check.kind == CHECK_COMMAND ? "command" : "tcp");
	if (check.kind != CHECK_NONE)
		text_format(&text, ", %s", readiness_way(work, &check) ?: "not verifiable");
	return text_take(&text);
}

static json_t *change_json(const struct work *work)
{
	json_t *object = json_object();
	owned_memory char *ready = readiness(work);
	(void)(json_put_text(object, "component", work->instance->component->id) ||
	       json_put_text(object, "instance", settled_name(work->instance)) ||
	       json_put_text(object, "location", work->site->location.name) ||
	       json_put_text(object, "action", action_names[work->action]) ||
	       json_object_set_new(object, "because", reasons_json(work)) ||
	       json_object_set_new(object, "links",
				   work->instance->wanted ? links_json(work->instance) : json_array()) ||
	       json_object_set_new(object, "publishes", publishes_json(work)) ||
	       json_put_text(object, "outage", outage(work)) ||
	       json_put_text(object, "order", order_name(work)) ||
	       json_object_set_new(object, "data_at_risk", data_at_risk(work)) ||
	       json_put_text(object, "readiness", ready));
	return object;
}

json_t *plan_document(struct berth_operation *operation)
{
	int64_t counts[COUNT_OF(action_names)] = {0};
	json_t *document = document_new(operation->application->id), *changes = json_array(),
	       *summary = json_object();
	for (size_t i = 0; i < operation->work_count; i++) {
		if (operation->works[i]
			->instance->successor) /* part of the change of the one that follows it */
			continue;
		json_array_append_new(changes, change_json(operation->works[i]));
		counts[operation->works[i]->action]++;
	}
	for (size_t i = 0; i < COUNT_OF(action_names); i++)
		json_put_number(summary, action_names[i], counts[i]);
	json_object_set_new(document, "changes", changes);
	json_object_set_new(document, "summary", summary);
	if (operation->diagnostics.warnings)
		json_object_set_new(document, "diagnostics",
				    diagnostics_json(&operation->diagnostics, operation->request.blueprint,
						     operation->request.blueprint_size));
	return document;
}
