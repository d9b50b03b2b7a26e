/* plan_document.c - the plan as JSON: every change with its cause, its links, what it publishes and what it
 * costs. */
#include <string.h>

#include "base/cleanup.h"
#include "base/json_write.h"
#include "blueprints/cloud_options.h"
#include "engine/changes.h"
#include "engine/hosts.h"
#include "engine/readiness.h"
#include "engine/specs.h"

static const char *const action_names[ACTION_COUNT] = {
    [ACTION_UNCHANGED] = "unchanged", [ACTION_CREATE] = "create", [ACTION_START] = "start",
    [ACTION_UPDATE] = "update",       [ACTION_RELINK] = "relink", [ACTION_REPLACE] = "replace",
    [ACTION_RESTART] = "restart",     [ACTION_STOP] = "stop",     [ACTION_REMOVE] = "remove",
};

static void write_place(struct text *to, struct place place)
{
	bool placed = place.line > 0;
	json_write_text(to, "file", placed ? place.file : NULL);
	if (placed) {
		json_write_number(to, "line", place.line);
		json_write_number(to, "column", place.column);
	} else {
		json_write_null(to, "line");
		json_write_null(to, "column");
	}
}

static void write_reasons(struct text *to, const struct work *work)
{
	json_open(to, "because", '[');
	for (const struct reason *reason = work->reasons; reason; reason = reason->next) {
		json_open(to, NULL, '{');
		json_write_text(to, "path", reason->path);
		write_place(to, reason->place);
		json_write_text(to, "old", reason->old);
		json_write_text(to, "new", reason->new);
		if (reason->stale)
			json_write_text(to, "note", "old until the instance is made anew for another reason");
		json_close(to, '}');
	}
	json_close(to, ']');
}

static void write_number_or_null(struct text *to, const char *key, unsigned number)
{
	if (number)
		json_write_number(to, key, number);
	else
		json_write_null(to, key);
}

static void write_link(struct text *to, const struct instance *consumer, const struct edge *edge)
{
	struct application *application = consumer->work->operation->application;
	const struct component *provider = &application->components[edge->to];
	size_t count = 0;
	const struct spec_port *ports = provider_ports(provider, &count);
	struct way way =
	    way_to(consumer, provider, count ? ports[0].port : 0, count ? ports[0].protocol : TCP);
	owned_arena room = {0};
	const char *on_network = way.path == PATH_NETWORK ? way.name : NULL;
	bool named = link_named(consumer->component->site, &way);
	const char *name = named ? link_host_name(&room, edge->link->alias) : on_network;
	json_open(to, NULL, '{');
	json_write_text(to, "alias", edge->link->alias);
	json_write_text(to, "to", provider->id);
	json_write_text(to, "path", path_name(way.path));
	json_write_text(to, "host",
			on_network && named ? edge->link->alias
			: on_network        ? on_network
					    : way.address);
	write_number_or_null(to, "port", way.number);
	if (!consumer->component->site->failed) /* else nobody knows what it can do there */
		json_write_text(to, "name", name);
	if (!name && !consumer->component->site->failed)
		json_write_text(to, "note", "variables only: no host name can be given here");
	else if (count && ports[0].port && way.number && way.number != ports[0].port)
		json_write_text(to, "note", "the consumer sees another port number than the provider's own");
	json_close(to, '}');
}

void write_links(struct text *to, const struct instance *instance)
{
	const struct component *component = instance->component;
	json_open(to, "links", '[');
	for (size_t i = 0; i < component->need_count; i++)
		if (component->needs[i].kind == EDGE_LINK && component->needs[i].of == made_from(instance))
			write_link(to, instance, &component->needs[i]);
	json_close(to, ']');
}

static void write_publishes(struct text *to, const struct work *work)
{
	json_open(to, "publishes", '[');
	for (size_t i = 0; work->instance->wanted && i < work->port_count; i++) {
		const struct spec_port *port = &work->ports[i];
		if (!port->published)
			continue;
		json_open(to, NULL, '{');
		write_number_or_null(to, "port", port->port);
		json_write_text(to, "protocol", port->protocol == UDP ? "udp" : "tcp");
		json_write_text(to, "host_address", port->host_address);
		write_number_or_null(to, "host_port", port->host_port);
		json_write_text(to, "why", port->fixed ? "the blueprint binds it" : "needed from outside");
		json_close(to, '}');
	}
	json_close(to, ']');
}

/* berth itself is let in, too: by SSH, from where `sshFrom` says. */
static void write_ssh(struct text *to, const struct work *work)
{
	const json_t *from = cloud_option(work->site->spec->options, "sshFrom");
	const char *jump = json_string_value(cloud_option(work->site->spec->options, "jump"));
	size_t count = json_is_array(from) ? json_array_size(from) : 1;
	owned_text whom = {0};
	text_format(&whom, "whoever logs in by SSH%s%s", jump ? " through " : "", jump ? jump : "");
	if (!work->site->location.driver->capabilities.makes_machines)
		return;
	for (size_t i = 0; i < count; i++) {
		const char *text = json_string_value(json_is_array(from) ? json_array_get(from, i) : from);
		json_open(to, NULL, '{');
		json_write_number(to, "port", 22);
		json_write_text(to, "protocol", "tcp");
		json_write_text(to, "to", text_view(&whom));
		json_write_text(to, "from", text ? text : "everywhere");
		json_close(to, '}');
	}
}

/* Who will reach which port of it, where nobody does who is not let in. */
static void write_opens(struct text *to, const struct work *work)
{
	owned_arena room = {0};
	struct opening_list list = {0};
	if (!work->instance->wanted || !site_lets_in(work->site))
		return;
	if (openings_add(&room, &list, work->site, work->instance->component)) {
		fail_memory(NULL);
		return;
	}
	json_open(to, "opens", '[');
	write_ssh(to, work);
	for (size_t i = 0; i < list.count; i++) {
		const struct opening *opening = &list.items[i];
		json_open(to, NULL, '{');
		json_write_number(to, "port", opening->port);
		json_write_text(to, "protocol", opening->protocol == UDP ? "udp" : "tcp");
		json_write_text(to, "to", opening->consumer);
		json_write_text(to, "from",
				opening->from      ? "its security group"
				: opening->address ? opening->address
						   : "everywhere");
		json_close(to, '}');
	}
	json_close(to, ']');
}

static bool is_made_anew(const struct work *work)
{
	return work->action == ACTION_REPLACE || work->action == ACTION_RELINK;
}

/* It comes again under another name. */
static bool is_renamed(const struct work *work)
{
	for (const struct reason *reason = work->reasons; reason; reason = reason->next)
		if (strcmp(reason->path, "renamed") == 0)
			return true;
	return false;
}

/* For how long nobody answers, if all goes well. */
static const char *outage(const struct work *work)
{
	const struct component_spec *spec = made_from(work->instance);
	const struct observed *seen = work->instance->seen;
	bool serves = seen && seen->state == SEEN_RUNNING && !(spec && spec->job);
	if (serves && keeps_tasks(work->site) && work->action != ACTION_REPLACE)
		return "none";
	if (work->action == ACTION_RESTART || (serves && work->goes_first && is_renamed(work)))
		return "until ready";
	if (!is_made_anew(work) || !serves || work->order == ORDER_START_FIRST)
		return "none";
	return work->order == ORDER_STOP_FIRST ? "seconds" : "until ready";
}

static const char *order_name(const struct work *work)
{
	static const char *const names[] = {[ORDER_PLAIN] = "remove-first",
					    [ORDER_STOP_FIRST] = "stop-first",
					    [ORDER_START_FIRST] = "start-first",
					    [ORDER_ROLLING] = "rolling",
					    [ORDER_UNDER_WAY] = "under-way"};
	return is_made_anew(work) || work->parts & PART_ROLL ? names[work->order] : NULL;
}

/* Anonymous volumes go with the instance that has them; what moves has none of its data there. */
static void write_data_at_risk(struct text *to, const struct work *work)
{
	const struct component_spec *spec = made_from(work->instance);
	owned_text left = {0};
	json_open(to, "data_at_risk", '[');
	if (work_moves(work) && move_leaves(work, &left) == 0 && left.length)
		json_write_text(to, NULL, text_view(&left));
	for (size_t i = 0; is_made_anew(work) && i < spec->volume_count; i++)
		if (!spec->volumes[i].name && !spec->volumes[i].source)
			json_write_text(to, NULL, spec->volumes[i].path);
	json_close(to, ']');
}

static char *readiness(const struct work *work)
{
	const struct health_check check = readiness_check(work);
	struct text text = {0};
	if (!made_from(work->instance) || !work->instance->wanted)
		return NULL;
	if (made_from(work->instance)->job) {
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

void write_no_links(struct text *to)
{
	json_open(to, "links", '[');
	json_close(to, ']');
}

static void write_change(struct text *to, const struct work *work)
{
	owned_memory char *ready = readiness(work);
	json_open(to, NULL, '{');
	json_write_text(to, "component", work->instance->component->id);
	json_write_text(to, "instance", settled_name(work->instance));
	struct error lacks = {0};
	bool nowhere = host_lacks(work, &lacks);
	json_write_text(to, "location", nowhere ? NULL : work->site->location.name);
	json_write_text(to, "action", action_names[work->action]);
	if (nowhere)
		json_write_text(to, "lacks", lacks.text);
	if (is_first_member(work->instance) && work->instance->wanted)
		json_write_text(to, "first", made_from(work->instance)->type);
	write_reasons(to, work);
	if (work->instance->wanted)
		write_links(to, work->instance);
	else
		write_no_links(to);
	write_publishes(to, work);
	write_opens(to, work);
	json_write_text(to, "outage", outage(work));
	json_write_text(to, "order", order_name(work));
	write_data_at_risk(to, work);
	json_write_text(to, "readiness", ready);
	json_close(to, '}');
}

static void write_changes(struct text *to, const struct berth_operation *operation)
{
	text_reserve(to, 512 * operation->work_count);
	json_open(to, NULL, '[');
	for (size_t i = 0; i < operation->work_count; i++)
		if (!operation->works[i]
			 ->instance->successor) /* else part of the change of the one that follows it */
			write_change(to, operation->works[i]);
	json_close(to, ']');
}

static json_t *summary(const struct berth_operation *operation)
{
	int64_t counts[COUNT_OF(action_names)] = {0};
	json_t *object = json_object();
	for (size_t i = 0; i < operation->work_count; i++)
		counts[operation->works[i]->action] += !operation->works[i]->instance->successor;
	for (size_t i = 0; i < COUNT_OF(action_names); i++)
		json_put_number(object, action_names[i], counts[i]);
	return object;
}

/* Nothing is changed of it, but a deploy waits until it answers; NULL: it does not have to. */
static const char *awaited_for(const struct work *work)
{
	const struct instance *instance = work->instance;
	bool left = work->action == ACTION_UNCHANGED && work->verify && instance->wanted && instance->seen;
	if (!left || instance->seen->paused)
		return NULL;
	if (instance->seen->state == SEEN_RESTARTING)
		return "it keeps ending, and its target starts it again";
	if (made_from(instance)->job)
		return "it runs to its end";
	return instance_known_ready(instance) ? NULL : "it was not seen to answer yet";
}

/* Where nobody answers who could tell; NULL: somebody does. */
static const char *unseen_for(const struct work *work)
{
	return work->unseen ? unseen_because(work) : NULL;
}

/* No part of the changes: of a plan that is kept they must be the same when it is carried out. */
static void put_beside(json_t *document, const char *key, const struct berth_operation *operation,
		       const char *(*why_of)(const struct work *))
{
	owned_json list = json_array();
	for (size_t i = 0; list && i < operation->work_count; i++) {
		const char *why = why_of(operation->works[i]);
		json_t *one = why ? json_object() : NULL;
		if (!one)
			continue;
		json_put_text(one, "instance", settled_name(operation->works[i]->instance));
		json_put_text(one, "why", why);
		json_array_append_new(list, one);
	}
	if (json_array_size(list))
		json_put(document, key, json_incref(list));
}

json_t *plan_document(struct berth_operation *operation)
{
	json_t *document = document_new(operation->application->id);
	struct text *changes = document_text(operation, document, "changes");
	if (changes)
		write_changes(changes, operation);
	if (!changes || changes->failed) {
		json_decref(document);
		return NULL;
	}
	json_put(document, "summary", summary(operation));
	put_beside(document, "awaited", operation, awaited_for);
	put_beside(document, "unknown", operation, unseen_for);
	json_t *sizes = sizing_kept(operation);
	if (sizes)
		json_put(document, "sizes", sizes);
	if (operation->diagnostics.warnings)
		json_put(document, "diagnostics",
			 diagnostics_json(&operation->diagnostics, operation->request.blueprint,
					  operation->request.blueprint_size));
	return document;
}
