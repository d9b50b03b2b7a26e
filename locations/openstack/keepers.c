/* keepers.c - what keeps a security group of ours from going: a port that Nova left when it gave up a server
 * while Neutron was away, or somebody's own server that is in it. */
#include <string.h>

#include "base/cleanup.h"
#include "locations/openstack/network.h"

enum { PORTS, GROUPS, SERVERS, LISTS, TOLD_MOST = 5 };

static bool is_group_of(const json_t *group, const char *own)
{
	const char *name = json_text(group, "name"), *words = json_text(group, "description");
	size_t length = strlen(own);

	return name && words && starts_with(words, "berth") && starts_with(name, own) &&
	       (!name[length] || name[length] == '.');
}

static bool is_in_group(const json_t *port, const json_t *groups, const char *own)
{
	const json_t *held = json_object_get(port, "security_groups");

	for (size_t i = 0; i < json_array_size(held); i++)
		for (size_t k = 0; k < json_array_size(groups); k++) {
			const json_t *group = json_array_get(groups, k);
			const char *id = openstack_id(group),
				   *its = json_string_value(json_array_get(held, i));
			if (id && its && !strcmp(id, its) && is_group_of(group, own))
				return true;
		}
	return false;
}

static bool is_there(const json_t *servers, const char *id)
{
	for (size_t i = 0; i < json_array_size(servers); i++) {
		const char *its = openstack_id(json_array_get(servers, i));
		if (its && !strcmp(its, id))
			return true;
	}
	return false;
}

/* Ports of no server that is there, and servers that are. */
struct keepers {
	struct text ports, servers;
	size_t port_count, server_count;
};

static void add(struct text *list, size_t *count, const char *id)
{
	if ((*count)++ < TOLD_MOST)
		text_format(list, "%s%s", list->length ? " " : "", id);
}

static void sort(struct keepers *keepers, const json_t *port, const json_t *servers)
{
	const char *device = json_text(port, "device_id"), *owner = json_text(port, "device_owner");
	bool of_compute = !owner || !*owner || starts_with(owner, "compute:");

	if (device && *device && is_there(servers, device))
		add(&keepers->servers, &keepers->server_count, device);
	else if (of_compute && openstack_id(port))
		add(&keepers->ports, &keepers->port_count, openstack_id(port));
}

static void tell_keepers(const struct keepers *keepers, const char *own, const struct error *why,
			 struct error *err)
{
	*err = *why;
	if (keepers->port_count) {
		fail(err, why->code, "%s; it is held by what no server has any more, port %s", why->text,
		     text_view(&keepers->ports));
		remedy(err, "`openstack port delete %s`, and then the same again",
		       text_view(&keepers->ports));
	} else if (keepers->server_count) {
		fail(err, why->code, "%s; in it is server %s", why->text, text_view(&keepers->servers));
		remedy(err, "`openstack server remove security group %.*s %s`, and then the same again",
		       (int)strcspn(text_view(&keepers->servers), " "), text_view(&keepers->servers), own);
	}
}

static enum progress told(struct talk *talk, struct error *err)
{
	static const char *const members[LISTS] = {"ports", "security_groups", "servers"};
	const char *own = openstack_group_name(&talk->arena, talk->order.app, NULL);
	const struct error *why = &network_goal(talk)->why;
	const json_t *lists[LISTS];
	struct keepers keepers = {0};

	*err = *why;
	for (unsigned i = 0; i < LISTS; i++)
		if (!openstack_ok(&talk->calls[i]) ||
		    !(lists[i] = openstack_list(&talk->calls[i], members[i], NULL)))
			return PROGRESS_FAILED;
	for (size_t i = 0; own && i < json_array_size(lists[PORTS]); i++)
		if (is_in_group(json_array_get(lists[PORTS], i), lists[GROUPS], own))
			sort(&keepers, json_array_get(lists[PORTS], i), lists[SERVERS]);
	if (own)
		tell_keepers(&keepers, own, why, err);
	text_release(&keepers.ports);
	text_release(&keepers.servers);
	return PROGRESS_FAILED;
}

enum progress network_tell_keepers(struct talk *talk, struct error *err)
{
	const char *project = talk->openstack->session.token.project_id;
	const struct openstack_question questions[LISTS] = {
	    [PORTS] = {.service = "network",
		       .method = "GET",
		       .path = arena_format(&talk->arena, "/v2.0/ports?project_id=%s", project)},
	    [GROUPS] = {.service = "network",
			.method = "GET",
			.path = arena_format(&talk->arena, "/v2.0/security-groups?project_id=%s", project)},
	    [SERVERS] = {.service = "compute", .method = "GET", .path = "/servers"}};

	for (unsigned i = 0; i < CALLS; i++)
		openstack_call_release(&talk->calls[i]);
	for (unsigned i = 0; i < LISTS; i++)
		if (openstack_ask(talk, i, &questions[i], err) < 0)
			return PROGRESS_FAILED;
	return openstack_await(talk, told);
}
