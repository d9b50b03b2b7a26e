/* balancer_members.c - who takes the requests of a load balancer: its members, and its routes to others. */
#include <ctype.h>
#include <string.h>

#include "base/cleanup.h"
#include "base/text.h"
#include "blueprints/component.h"

#define WEIGHT_LIMIT 256 /* haproxy's */
#define HOST_LIMIT   253

static const char member_example[] =
    "write $brooklyn:component(\"id\"), or {component: $brooklyn:component(\"id\"), port: 8080, weight: 2}";

/* --- one member ------------------------------------------------------------------------------------- */

static bool has_ports(const struct draft *target)
{
	const struct port_number *ports = target->open_ports.members;

	for (size_t i = 0; i < target->open_ports.count; i++)
		if (ports[i].protocol == TCP)
			return true;
	return target->spec->named_port_count;
}

/* That what it names can take requests at all. */
static bool check_target(struct reading *r, const struct draft *d, const struct draft *target,
			 struct place at)
{
	const char *id = target->spec->id;

	if (target == d) {
		complain(r->list, at, "the load balancer `%s` is no member of itself", id);
	} else if (target->spec->job) {
		complain(r->list, at, "`%s` is a job: it ends, and takes no requests", id);
	} else if (!has_ports(target) && !target->ports_faulty && target->kind_known) {
		const char *key = target->spec->kind == COMPONENT_DOCKER ? "openPorts" : "ports";
		advise(r->list, complain(r->list, at, "`%s` has no port that takes connections", id),
		       "give it `%s`", key);
	} else {
		return true;
	}
	return false;
}

static void read_port(struct reading *r, struct draft *d, const struct yaml_node *node,
		      const struct draft *target, struct balancer_member *member)
{
	const char *text = fixed_text(r, d, node, "port");
	uint16_t number;

	if (!text || !target)
		return;
	const struct named_port *named = find_named_port(target, text);
	bool fixed = named && named->first && named->first == named->last;
	if (named && !fixed)
		member->port_name = named->name;
	else if (named)
		member->port = named->first;
	else if (port_parse(text, &number) && listens_on(target, number, TCP))
		member->port = number;
	else if (!target->ports_faulty && target->kind_known)
		advise(r->list,
		       complain(r->list, node->place, "`%s` has no port `%s`", target->spec->id, text),
		       "add it to its `%s`", target->spec->kind == COMPONENT_DOCKER ? "openPorts" : "ports");
}

static void read_weight(struct reading *r, struct draft *d, const struct yaml_node *node,
			struct balancer_member *member)
{
	const char *text = fixed_text(r, d, node, "weight");
	int64_t number;

	if (text && !parse_number(text, 1, WEIGHT_LIMIT, &number))
		complain(r->list, node->place, "`weight` is a number from 1 to %d, not `%s`", WEIGHT_LIMIT,
			 text);
	else if (text)
		member->weight = (unsigned)number;
}

/* {component, port, weight} */
static const struct draft *read_map(struct reading *r, struct draft *d, const struct yaml_node *map,
				    struct balancer_member *member)
{
	static const char *const keys[] = {"component", "port", "weight"};
	const struct yaml_node *component = yaml_get(map, "component");
	const struct draft *target = component ? component_or_id(r, component) : NULL;

	if (!component)
		advise(r->list, complain(r->list, map->place, "the member names no component"), "%s",
		       member_example);
	for (size_t i = 0; i < map->count; i++) {
		const struct yaml_entry *part = &map->entries[i];
		if (!strcmp(part->key, "port"))
			read_port(r, d, part->value, target, member);
		else if (!strcmp(part->key, "weight"))
			read_weight(r, d, part->value, member);
		else if (strcmp(part->key, "component") != 0)
			suggest(r,
				complain(r->list, part->key_place, "unknown key `%s` of a member", part->key),
				part->key, keys, COUNT_OF(keys), "a member takes component, port and weight");
	}
	return target;
}

static void add_target(struct reading *r, struct draft *d, const struct yaml_node *node,
		       const struct draft *target, struct balancer_member member, struct growing *members)
{
	const struct balancer_member *others = members->members;

	if (!target || !check_target(r, d, target, node->place))
		return;
	for (size_t i = 0; i < members->count; i++)
		if (others[i].component == target->index) {
			complain(r->list, node->place, "`%s` is a member already, at line %d, column %d",
				 target->spec->id, others[i].place.line, others[i].place.column);
			return;
		}
	member.component = target->index;
	struct balancer_member *added = grow_new(r, members, struct balancer_member);
	if (added)
		*added = member;
}

/* A component, or all of a group. */
static void add_member(struct reading *r, struct draft *d, const struct yaml_node *node,
		       struct growing *members)
{
	struct balancer_member member = {.weight = 1, .place = node->place};
	bool map = node->kind == YAML_MAP && !is_expression(node);
	const struct component_group *group = map ? NULL : group_named(r, node);
	const struct draft *target = group ? NULL
				     : map ? read_map(r, d, node, &member)
					   : component_or_id(r, node);

	for (size_t i = 0; group && i < group->count; i++)
		add_target(r, d, node, &r->drafts[group->members[i]], member, members);
	if (!group)
		add_target(r, d, node, target, member, members);
}

static void read_pool(struct reading *r, struct draft *d, const struct yaml_node *node,
		      struct balancer_pool *pool)
{
	struct growing members = {0};

	if (yaml_null(node)) {
		advise(r->list, complain(r->list, node->place, "`members` names nobody"), "%s",
		       member_example);
		return;
	}
	if (node->kind == YAML_LIST)
		for (size_t i = 0; i < node->count; i++)
			add_member(r, d, node->items[i], &members);
	else
		add_member(r, d, node, &members);
	if (node->kind == YAML_LIST && !node->count)
		advise(r->list, complain(r->list, node->place, "`members` is empty"), "%s", member_example);
	pool->members = kept(r, &members, sizeof(*pool->members));
	pool->count = members.count;
}

void read_members(struct reading *r, struct draft *d, const struct yaml_node *node)
{
	read_pool(r, d, node, &d->balancer->spec.members);
}

/* --- routes ----------------------------------------------------------------------------------------- */

/* A host name, or all below one. */
static bool is_host(const char *text)
{
	const char *name = starts_with(text, "*.") ? text + 2 : text;

	if (!isalnum((unsigned char)*name) || strlen(text) > HOST_LIMIT || strstr(name, ".."))
		return false;
	for (const char *c = name; *c; c++)
		if (!isalnum((unsigned char)*c) && *c != '-' && *c != '.')
			return false;
	return true;
}

static void read_host(struct reading *r, struct draft *d, const struct yaml_node *node,
		      struct balancer_route *route)
{
	const char *text = fixed_text(r, d, node, "host");
	char *small = text ? arena_text(r->arena, text) : NULL;

	if (!small)
		return;
	if (!is_host(small)) {
		advise(r->list, complain(r->list, node->place, "`%s` is no host name", text),
		       "write www.example.org, or *.example.org; the port is not part of it");
		return;
	}
	for (char *c = small; *c; c++)
		*c = (char)tolower((unsigned char)*c);
	route->host = small;
}

/* What stands for itself in both programs' files. */
static bool is_path(const char *text)
{
	return *text == '/' &&
	       !text[strspn(text, "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ"
				  "0123456789/-._~+@:,=")] &&
	       !strstr(text, "//");
}

static void read_path(struct reading *r, struct draft *d, const struct yaml_node *node,
		      struct balancer_route *route)
{
	const char *text = fixed_text(r, d, node, "path");
	char *path = text ? arena_text(r->arena, text) : NULL;

	if (!path)
		return;
	if (!is_path(path)) {
		advise(r->list, complain(r->list, node->place, "`%s` is no path of a route", text),
		       "write it as /api: what lies below belongs to it");
		return;
	}
	size_t length = strlen(path);
	if (length > 1 && path[length - 1] == '/')
		path[length - 1] = '\0';
	route->path = path;
}

static bool same_text(const char *a, const char *b)
{
	return strcmp(a ? a : "", b ? b : "") == 0;
}

static bool check_route(struct reading *r, const struct yaml_node *map, const struct balancer_route *route,
			const struct growing *before)
{
	const struct balancer_route *others = before->members;

	if (!yaml_get(map, "members") || (!yaml_get(map, "host") && !yaml_get(map, "path"))) {
		advise(r->list,
		       complain(r->list, map->place,
				yaml_get(map, "members") ? "the route says neither host nor path"
							 : "the route names no `members`"),
		       "write {host: www.example.org, path: /api, members: ...}");
		return false;
	}
	for (size_t i = 0; i < before->count; i++)
		if (same_text(others[i].host, route->host) && same_text(others[i].path, route->path)) {
			complain(
			    r->list, map->place,
			    "two routes are for the same requests: the other one is at line %d, column %d",
			    others[i].place.line, others[i].place.column);
			return false;
		}
	return true;
}

static void add_route(struct reading *r, struct draft *d, const struct yaml_node *map, struct growing *routes)
{
	static const char *const keys[] = {"host", "path", "members"};
	struct balancer_route route = {.path = "/", .place = map->place};

	if (map->kind != YAML_MAP || is_expression(map)) {
		advise(r->list, complain(r->list, map->place, "a route is a map, not %s", kind_name(map)),
		       "write {host: www.example.org, path: /api, members: ...}");
		return;
	}
	for (size_t i = 0; i < map->count; i++) {
		const struct yaml_entry *part = &map->entries[i];
		if (!strcmp(part->key, "host"))
			read_host(r, d, part->value, &route);
		else if (!strcmp(part->key, "path"))
			read_path(r, d, part->value, &route);
		else if (!strcmp(part->key, "members"))
			read_pool(r, d, part->value, &route.pool);
		else
			suggest(r,
				complain(r->list, part->key_place, "unknown key `%s` of a route", part->key),
				part->key, keys, COUNT_OF(keys), "a route takes host, path and members");
	}
	struct balancer_route *added =
	    check_route(r, map, &route, routes) ? grow_new(r, routes, struct balancer_route) : NULL;
	if (added)
		*added = route;
}

void read_routes(struct reading *r, struct draft *d, const struct yaml_node *node)
{
	struct growing routes = {0};

	if (node->kind != YAML_LIST) {
		advise(r->list,
		       complain(r->list, node->place, "`routes` takes a list, not %s", kind_name(node)),
		       "write - {host: www.example.org, path: /api, members: ...}");
		return;
	}
	for (size_t i = 0; i < node->count; i++)
		add_route(r, d, node->items[i], &routes);
	d->balancer->spec.routes = kept(r, &routes, sizeof(*d->balancer->spec.routes));
	d->balancer->spec.route_count = routes.count;
}
