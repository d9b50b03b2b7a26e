/* values.c - expressions become text, as the component that uses them reaches the others. */
#include <string.h>

#include "base/cleanup.h"
#include "engine/awaited.h"
#include "engine/specs.h"

#define SECRET_LIMIT (1 << 20)

enum resolved secret_resolve(struct berth_operation *operation, const struct value *value,
			     struct value_text *ret, struct error *err)
{
	struct berth *berth = operation->berth;
	ret->secret = true;
	if (starts_with(value->text, "env:")) {
		const char *name = value->text + 4, *content = operation_environment(operation, name);
		if (!content && environment_withheld(operation)) {
			environment_miss(operation, name);
			operation->secret_missed = true;
			fail(err, ERR_INVALID, "the secret %s did not come with the request", value->text);
			remedy(err, "send %s=... along in `environment`", name);
			return RESOLVED_NEVER;
		}
		if (!content) {
			fail(err, ERR_INVALID, "the secret %s is not there: the environment has no %s",
			     value->text, name);
			remedy(err, "set it for this command: %s=... berth deploy ...", name);
			return RESOLVED_NEVER;
		}
		text_add(&ret->text, content);
		return RESOLVED;
	}
	owned_text content = {0};
	struct error why = {0};
	if (berth->world->ops->file_read(berth->world, value->text + strlen("file:"), SECRET_LIMIT, &content,
					 &why)) {
		fail(err, ERR_INVALID, "the secret %s cannot be read: %s", value->text, why.text);
		return RESOLVED_NEVER;
	}
	/* A file ends with a newline that nobody means. */
	size_t length = content.length;
	if (length && content.data[length - 1] == '\n')
		length--;
	text_add_bytes(&ret->text, text_view(&content), length);
	if (content.data)
		explicit_bzero(content.data, content.length);
	return RESOLVED;
}

/* A name that works for an expression: the one everybody on the network can look up. */
static const char *host_of(const struct way *way)
{
	return way->path == PATH_NETWORK && way->name ? way->name : way->address;
}

static enum resolved no_way(const struct work *work, const struct component *provider, struct error *err)
{
	fail(err, ERR_FAILED, "`%s` cannot reach `%s`: they share no network and nothing of it is published",
	     work->instance->component->id, provider->id);
	return RESOLVED_NEVER;
}

static enum resolved nobody(const struct component *provider, struct error *err)
{
	fail(err, ERR_FAILED, "`%s` has no member whose address could be told", provider->id);
	remedy(err, "scale it to 1 at least");
	return RESOLVED_NEVER;
}

/* The way to the port that an expression asks for. */
static enum resolved find_way(struct work *work, const struct value *value, struct way *ret_way,
			      const char **ret_waits, struct error *err)
{
	const struct component *provider = &work->operation->application->components[value->component];
	size_t count = 0;
	const struct spec_port *ports = provider_ports(provider, &count), *found = NULL;
	if (has_nobody(provider))
		return nobody(provider, err);
	for (size_t i = 0; i < count && !found; i++) {
		bool by_name = value->text && *value->text && value->kind != VALUE_SENSOR;
		if (by_name ? ports[i].name && strcmp(ports[i].name, value->text) == 0
			    : !value->port || ports[i].port == value->port)
			found = &ports[i];
	}
	if (!found && value->kind != VALUE_ADDRESS && value->kind != VALUE_SENSOR) {
		fail(err, ERR_INVALID, "`%s` has no such port", provider->id);
		return RESOLVED_NEVER;
	}
	*ret_way = way_to(work->instance, provider, found ? found->port : 0, found ? found->protocol : TCP);
	if (ret_way->path == PATH_NONE)
		return no_way(work, provider, err);
	if (host_of(ret_way) && (ret_way->number || !found))
		return RESOLVED;
	*ret_waits = provider->id;
	return RESOLVED_LATER;
}

static enum resolved way_value(struct work *work, const struct value *value, struct value_text *ret,
			       const char **ret_waits, struct error *err)
{
	struct way way = {0};
	ret->linked = true;
	enum resolved found = find_way(work, value, &way, ret_waits, err);
	if (found != RESOLVED)
		return found;
	if (value->kind == VALUE_ADDRESS)
		text_add(&ret->text, host_of(&way));
	else if (value->kind == VALUE_PORT)
		text_format(&ret->text, "%u", way.number);
	else
		text_format(&ret->text, "%s:%u", host_of(&way), way.number);
	return RESOLVED;
}

/* Where its first task has it now. */
static enum resolved task_port(const struct work *of, const struct spec_port *port, struct value_text *ret,
			       const char **ret_waits)
{
	const struct instance *instance = of->instance;
	const struct way way = way_between(NULL, 0, instance->attachments, instance->attachment_count,
					   port->port, port->protocol);
	if (!way.address || !way.number) {
		*ret_waits = instance->component->id;
		return RESOLVED_LATER;
	}
	text_format(&ret->text, "%s:%u", way.address, way.number);
	return RESOLVED;
}

/* mapped.docker.port.N: the published address of an instance, this one's own included. */
static enum resolved mapped_port(const struct work *of, const char *number, struct value_text *ret,
				 const char **ret_waits, struct error *err)
{
	int64_t port = 0;
	const struct spec_port *published =
	    parse_number(number, 1, 65535, &port) ? published_port(of, (uint16_t)port) : NULL;
	if (!published) {
		fail(err, ERR_INVALID, "port %s of `%s` is not published", number,
		     of->instance->component->id);
		return RESOLVED_NEVER;
	}
	if (keeps_tasks(of->site))
		return task_port(of, published, ret, ret_waits);
	const char *address = published->host_address;
	char routed[64] = "";
	struct location *location = &of->site->location;
	if (strcmp(address, "0.0.0.0") == 0) {
		if (location->driver->publish_address(location, routed, sizeof routed, err))
			return RESOLVED_NEVER;
		address = routed;
	}
	text_format(&ret->text, "%s:%u", address, published->host_port);
	return RESOLVED;
}

static enum resolved sensor(struct work *work, const struct value *value, struct value_text *ret,
			    const char **ret_waits, struct error *err)
{
	const struct component *provider = &work->operation->application->components[value->component];
	const char *name = value->text;
	if (starts_with(name, "mapped.docker.port.") && provider->site) {
		ret->linked = true;
		if (has_nobody(provider))
			return nobody(provider, err);
		return mapped_port(provider == work->instance->component ? work : speaker_of(provider)->work,
				   name + strlen("mapped.docker.port."), ret, ret_waits, err);
	}
	if (strcmp(name, "service.isUp") == 0) {
		/* Whoever waits for it is started only when the other answers. */
		text_add(&ret->text, "true");
		return RESOLVED;
	}
	bool own = provider == work->instance->component;
	if (own && provider->spec->kind == COMPONENT_PROCESS && strcmp(name, "main.uri") != 0) {
		text_add(&ret->text, bind_address(work));
		return RESOLVED;
	}
	if (own) {
		fail(err, ERR_INVALID, "`%s` of the component itself is not known before it is started",
		     name);
		return RESOLVED_NEVER;
	}
	struct value as = *value;
	as.kind = strcmp(name, "main.uri") == 0 ? VALUE_ENDPOINT : VALUE_ADDRESS;
	as.text = NULL;
	if (as.kind == VALUE_ENDPOINT)
		text_add(&ret->text, "http://");
	return way_value(work, &as, ret, ret_waits, err);
}

/* --- as it is shown -------------------------------------------------------------------------- */

static bool write_own(const struct instance *instance, const struct value *value, struct text *to)
{
	const struct observed *seen = instance->seen;
	const struct attachment *at = seen && seen->attachment_count ? seen->attachments : NULL;
	bool uri = value->kind == VALUE_SENSOR && !strcmp(value->text, "main.uri");
	const struct attached_port *port = NULL;
	if (value->kind == VALUE_SENSOR && !strcmp(value->text, "service.isUp")) {
		text_add(to, instance->phase == PHASE_RUNNING ? "true" : "false");
		return true;
	}
	if (!at || !at->address)
		return false;
	for (size_t i = 0; i < at->port_count && !port; i++) {
		bool named = value->kind != VALUE_SENSOR && value->text && *value->text;
		if (named ? at->ports[i].name && !strcmp(at->ports[i].name, value->text)
			  : !value->port || at->ports[i].port == value->port)
			port = &at->ports[i];
	}
	if (value->kind == VALUE_ADDRESS || (value->kind == VALUE_SENSOR && !uri))
		text_add(to, at->address);
	else if (port && port->number && value->kind == VALUE_PORT)
		text_format(to, "%u", port->number);
	else if (port && port->number)
		text_format(to, "%s%s:%u", uri ? "http://" : "", at->address, port->number);
	else
		return false;
	return true;
}

bool value_show(struct work *work, const struct value *value, struct text *to)
{
	struct value_text found = {0};
	const char *waits = NULL;
	struct error err;
	if (value->kind == VALUE_JOIN) {
		for (size_t i = 0; i < value->part_count; i++)
			if (!value_show(work, &value->parts[i], to))
				return false;
		return true;
	}
	if (value->kind == VALUE_SECRET)
		return false;
	if (value->kind != VALUE_TEXT && value->kind != VALUE_ENDPOINTS &&
	    !(value->kind == VALUE_SENSOR && starts_with(value->text, "mapped.docker.port.")) &&
	    &work->operation->application->components[value->component] == work->instance->component)
		return write_own(work->instance, value, to);
	bool known = value_resolve(work, value, &found, &waits, &err) == RESOLVED && !found.secret;
	if (known)
		text_add(to, text_view(&found.text));
	text_release(&found.text);
	return known;
}

enum resolved value_resolve(struct work *work, const struct value *value, struct value_text *ret,
			    const char **ret_waits, struct error *err)
{
	enum resolved all = RESOLVED;
	switch (value->kind) {
	case VALUE_TEXT:
		text_add(&ret->text, value->text);
		return RESOLVED;
	case VALUE_JOIN:
		for (size_t i = 0; i < value->part_count && all == RESOLVED; i++)
			all = value_resolve(work, &value->parts[i], ret, ret_waits, err);
		return all;
	case VALUE_SECRET:
		return secret_resolve(work->operation, value, ret, err);
	case VALUE_SENSOR:
		return sensor(work, value, ret, ret_waits, err);
	case VALUE_SAMPLE:
		return awaited_resolve(work, value, &ret->text, err);
	case VALUE_ENDPOINTS:
		ret->linked = true;
		return members_write(work, value, &ret->text, err);
	default:
		return way_value(work, value, ret, ret_waits, err);
	}
}
