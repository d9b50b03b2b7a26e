/* link_variables.c - what a link gives its consumer: the classic variables, and a host name of its own.
 *
 * The names and values are those of Clocker 1.1.0 for both written forms of `links`: the alias in upper case
 * and nothing else changed; the instance's own port in the names, the port to connect to in the values; the
 * last port wins in ALIAS_PORT. New here: an alias no shell can read also gets a readable form.
 */
#include <ctype.h>
#include <stdio.h>
#include <string.h>

#include "base/cleanup.h"
#include "base/map.h"
#include "engine/specs.h"

#define FEW 32 /* so many are looked through faster than an index is asked */

/* Where it is in the list; `count` when it is not. */
static size_t place_of_variable(const struct variable_list *list, const char *name)
{
	size_t i = 0;
	if (list->places) {
		i = (size_t)(uintptr_t)map_get(list->places, name);
		return i ? i - 1 : list->count;
	}
	while (i < list->count && strcmp(list->items[i].name, name) != 0)
		i++;
	return i;
}

/* NOLINTBEGIN(performance-no-int-to-ptr): the index holds places, from 1. */
static int index_variable(struct variable_list *list, size_t i)
{
	return map_put(&list->places, list->items[i].name, (void *)(uintptr_t)(i + 1));
}
/* NOLINTEND(performance-no-int-to-ptr) */

/* The last one is new. */
static int index_last(struct variable_list *list)
{
	if (list->places)
		return index_variable(list, list->count - 1);
	for (size_t i = 0; list->count > FEW && i < list->count; i++)
		if (index_variable(list, i))
			return -1;
	return 0;
}

void variables_release_index(struct variable_list *list)
{
	map_release(&list->places);
}

int variables_put(struct arena *arena, struct variable_list *list, const char *name, const char *value,
		  bool secret, bool linked)
{
	struct spec_variable variable = {arena_text(arena, name), arena_text(arena, value), secret};
	if (!variable.name || !variable.value)
		return -1;
	size_t place = place_of_variable(list, name);
	if (place < list->count) {
		list->items[place] = variable;
		list->linked[place] = linked;
		return 0;
	}
	if (list->count == list->room) {
		size_t room = list->room ? 2 * list->room : 16;
		struct spec_variable *items = arena_array(arena, struct spec_variable, room);
		bool *marks = arena_array(arena, bool, room);
		if (!items || !marks)
			return -1;
		if (list->count) {
			memcpy(items, list->items, list->count * sizeof *items);
			memcpy(marks, list->linked, list->count * sizeof *marks);
		}
		list->items = items;
		list->linked = marks;
		list->room = room;
	}
	list->items[list->count] = variable;
	list->linked[list->count++] = linked;
	list->bytes += strlen(name) + strlen(value) + 2 + sizeof(char *); /* as a process is given it */
	return index_last(list);
}

const char *link_host_name(struct arena *arena, const char *alias)
{
	char *name = arena_text(arena, alias);
	for (char *c = name; name && *c; c++)
		*c = isalnum((unsigned char)*c) || *c == '-' || *c == '.' || *c == '_'
			 ? (char)tolower((unsigned char)*c)
			 : '-';
	return name;
}

static const char *upper_case(struct arena *arena, const char *text)
{
	char *upper = arena_text(arena, text);
	for (char *c = upper; upper && *c; c++)
		*c = (char)toupper((unsigned char)*c);
	return upper;
}

/* The form that `$NAME` works with in a shell; NULL when the prefix is already one. */
static const char *readable(struct arena *arena, const char *prefix)
{
	char *form = arena_format(arena, "%s%s", isdigit((unsigned char)*prefix) ? "_" : "", prefix);
	for (char *c = form; form && *c; c++)
		if (!isalnum((unsigned char)*c) && *c != '_')
			*c = '_';
	return form && strcmp(form, prefix) != 0 ? form : NULL;
}

struct link_writer {
	struct arena *arena;
	struct variable_list *list;
	const char *prefix;
	bool failed;
};

static void put(struct link_writer *writer, bool linked, const char *value, const char *format, ...)
    __attribute__((format(printf, 4, 5)));

static void put(struct link_writer *writer, bool linked, const char *value, const char *format, ...)
{
	owned_text name = {0};
	va_list arguments;
	text_add(&name, writer->prefix);
	va_start(arguments, format);
	text_vformat(&name, format, arguments);
	va_end(arguments);
	if (name.failed || variables_put(writer->arena, writer->list, name.data, value, false, linked))
		writer->failed = true;
}

static void put_port(struct link_writer *writer, const char *host, uint16_t number,
		     const struct spec_port *port)
{
	const char *protocol = port->protocol == UDP ? "udp" : "tcp",
		   *upper = port->protocol == UDP ? "UDP" : "TCP";
	char uri[320], digits[8];
	snprintf(uri, sizeof uri, "%s://%s:%u", protocol, host, number);
	snprintf(digits, sizeof digits, "%u", number);
	put(writer, true, uri, "_PORT");
	put(writer, true, uri, "_PORT_%u_%s", port->port, upper);
	put(writer, true, host, "_PORT_%u_%s_ADDR", port->port, upper);
	put(writer, true, digits, "_PORT_%u_%s_PORT", port->port, upper);
	put(writer, true, protocol, "_PORT_%u_%s_PROTO", port->port, upper);
}

/* What the blueprint gave the provider in `env`, but for secrets and what depends on others. */
static void put_environment(struct link_writer *writer, const struct component_spec *provider)
{
	for (size_t i = 0; i < provider->environment_count; i++) {
		const struct environment_entry *entry = &provider->environment[i];
		const char *key = upper_case(writer->arena, entry->name);
		if (!key)
			writer->failed = true;
		else if (entry->value.kind == VALUE_TEXT)
			put(writer, false, entry->value.text, "_ENV_%s", key);
	}
}

/* Whether a change of who its members are is told to the consumer as any other change of a link: only where
 * it was written what that does to it. Else names alone follow. */
static bool told_of_members(const struct work *work)
{
	return made_from(work->instance)->on_change->place.line > 0;
}

/* "host:port" of each member whose address is known, as the consumer reaches its first port. */
static void add_endpoints(struct text *all, const struct work *work, const struct component *provider)
{
	work->operation->effort += instances_of(provider);
	for (unsigned i = 0; i < instances_of(provider); i++) {
		const struct instance *member = &provider->instances[i];
		const struct spec_port *port = member->work->port_count ? &member->work->ports[0] : NULL;
		struct way way = port ? way_between(work->instance->attachments,
						    work->instance->attachment_count, member->attachments,
						    member->attachment_count, port->port, port->protocol)
				      : (struct way){0};
		/* Each has a name of its own, which stays when it is made anew. */
		const char *host = way.path == PATH_NETWORK && way.name ? settled_name(member) : way.address;
		if (way.number && host)
			text_format(all, "%s%s:%u", all->length ? "," : "", host, way.number);
	}
}

/* Of one from outside there is nothing but its address. */
static void add_external(struct text *all, const struct component *provider)
{
	if (provider->port_count)
		text_format(all, "%s%s:%u", all->length ? "," : "", provider->spec->address,
			    provider->ports[0].port);
}

static bool has_members(const struct component *provider)
{
	return provider->site && provider->spec && (provider->spec->cluster || provider->size > 1);
}

static void put_members(struct link_writer *writer, const struct work *work, const struct edge *edge)
{
	const struct component *all = work->operation->application->components;
	const struct component_group *group = edge->link->group;
	owned_text endpoints = {0};
	for (size_t i = 0; i < (group ? group->count : 1); i++) {
		const struct component *provider = &all[group ? group->members[i] : edge->to];
		if (provider == work->instance->component)
			continue;
		if (provider->site)
			add_endpoints(&endpoints, work, provider);
		else
			add_external(&endpoints, provider);
	}
	if (endpoints.failed)
		writer->failed = true;
	else
		put(writer, told_of_members(work), text_view(&endpoints), "_ENDPOINTS");
}

/* Whom a stand-in stands for; else the component itself. */
static const struct component *stood_for(const struct work *work, size_t component)
{
	const struct component *components = work->operation->application->components;
	const struct component_spec *spec = components[component].spec;
	return &components[is_stand_in(spec) ? spec->balancer->members.members[0].component : component];
}

struct link_port {
	const struct spec_port *port;
	const char *host;
	uint16_t number;
};

static void put_link(struct link_writer *writer, const struct work *work, const struct edge *edge,
		     const struct link_port *ports, size_t count)
{
	const struct component *provider = stood_for(work, edge->to);
	const char *name =
	    arena_format(writer->arena, "/%s/%s", work->instance->component->id, edge->link->alias);
	if (!name)
		writer->failed = true;
	else
		put(writer, false, name, "_NAME");
	for (size_t i = 0; i < count; i++)
		put_port(writer, ports[i].host, ports[i].number, ports[i].port);
	if (edge->link->group || ((count || has_nobody(provider)) && has_members(provider)))
		put_members(writer, work, edge);
	if (provider->spec)
		put_environment(writer, provider->spec);
}

static bool numeric_address(const char *address)
{
	return address && address[strspn(address, "0123456789.")] == '\0';
}

bool link_named(const struct site *site, const struct way *way)
{
	if (!site->location.driver->capabilities.host_names || way->path == PATH_NONE)
		return false;
	return (way->path == PATH_NETWORK && way->name) || !way->address || numeric_address(way->address);
}

/* The name follows a replaced provider where the network can look names up, else it stands for the address.
 */
static int name_host(struct work *work, const struct edge *edge, const struct way *way,
		     struct spec_host *ret_host)
{
	struct spec_host host = {0};
	const char *reached = NULL;
	if (!link_named(work->site, way))
		return 0;
	/* Copied: a later look at the provider gives its attachments' memory back. */
	if (way->path == PATH_NETWORK && way->name)
		reached = host.target = arena_text(&work->arena, way->name);
	else if (way->address)
		reached = host.address = arena_text(&work->arena, way->address);
	else
		return 0;
	host.alias = link_host_name(&work->arena, edge->link->alias);
	if (!reached || !host.alias)
		return -1;
	*ret_host = host;
	return 0;
}

/* The way to one port, in the words of its variables. */
static enum resolved find_line(struct work *work, const struct component *provider,
			       const struct spec_port *port, const struct spec_host *host,
			       struct link_port *ret_line, const char **ret_waits, struct error *err)
{
	struct way way = way_to(work->instance, provider, port->port, port->protocol);
	if (way.path == PATH_NONE) {
		fail(err, ERR_FAILED, "`%s` cannot reach port %u of `%s`", work->instance->component->id,
		     port->port, provider->id);
		return RESOLVED_NEVER;
	}
	/* Where no names of one's own are to be had, that of the network still follows a replaced provider.
	 */
	const char *reached = way.path != PATH_NETWORK ? way.address
			      : host->target           ? host->alias
			      : way.name               ? way.name
						       : way.address;
	if (!reached || !way.number) {
		*ret_waits = provider->id;
		return RESOLVED_LATER;
	}
	*ret_line = (struct link_port){port, reached, way.number};
	return RESOLVED;
}

/* Under the alias in upper case, and in a readable form where a shell could not read that. */
static int put_all(struct work *work, const struct edge *edge, struct variable_list *list,
		   const struct link_port *lines, size_t count)
{
	struct link_writer writer = {
	    .arena = &work->arena, .list = list, .prefix = upper_case(&work->arena, edge->link->alias)};
	if (!writer.prefix)
		return -1;
	put_link(&writer, work, edge, lines, count);
	const char *form = readable(&work->arena, writer.prefix);
	if (form) {
		writer.prefix = form;
		put_link(&writer, work, edge, lines, count);
	}
	return writer.failed ? -1 : 0;
}

enum resolved link_variables(struct work *work, const struct edge *edge, struct variable_list *list,
			     struct spec_host *ret_host, const char **ret_waits, struct error *err)
{
	const struct component *provider = &work->operation->application->components[edge->to];
	size_t count = 0;
	const struct spec_port *ports = provider_ports(provider, &count);
	struct link_port *lines = arena_array(&work->arena, struct link_port, count + 1);
	if (!lines) {
		fail_memory(err);
		return RESOLVED_NEVER;
	}
	if (has_nobody(provider)) /* it is told so: with an empty list */
		count = 0;
	struct way first =
	    way_to(work->instance, provider, count ? ports[0].port : 0, count ? ports[0].protocol : TCP);
	if (name_host(work, edge, &first, ret_host)) {
		fail_memory(err);
		return RESOLVED_NEVER;
	}
	for (size_t i = 0; i < count; i++) {
		enum resolved found =
		    find_line(work, provider, &ports[i], ret_host, &lines[i], ret_waits, err);
		if (found != RESOLVED)
			return found;
	}
	if (put_all(work, edge, list, lines, count)) {
		fail_memory(err);
		return RESOLVED_NEVER;
	}
	return RESOLVED;
}
