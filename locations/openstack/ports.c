/* ports.c - the port of a server at Neutron is made, with its security groups, and taken away. */
#include <string.h>

#include "base/cleanup.h"
#include "locations/openstack/network.h"

struct porting {
	const char *name;
	const struct openstack_port_wish *wish; /* NULL: none is to be there */
	struct openstack_port found;
};

static int ask_for_port(struct talk *talk, const struct openstack_port_wish *wish)
{
	json_t *groups = json_array();

	for (size_t i = 0; i < COUNT_OF(wish->groups); i++)
		if (wish->groups[i])
			json_array_append_new(groups, json_string(wish->groups[i]));
	return neutron_job(network_goal(talk), "POST", "/v2.0/ports",
			   json_pack("{s:{s:s,s:s,s:s,s:o}}", "port", "name", wish->name, "network_id",
				     wish->network_id, "description", "berth", "security_groups", groups),
			   arena_format(&talk->arena, "cannot make the port `%s`", wish->name));
}

static int ask_away(struct talk *talk, const struct openstack_port *port)
{
	return neutron_job(network_goal(talk), "DELETE",
			   arena_format(&talk->arena, "/v2.0/ports/%s", port->id), NULL,
			   arena_format(&talk->arena, "cannot remove the port `%s`", port->name));
}

static int keep(struct talk *talk, const struct openstack_port *port, struct openstack_port *ret)
{
	*ret = *port;
	ret->id = arena_text(&talk->arena, port->id);
	ret->name = arena_text(&talk->arena, port->name);
	ret->description = arena_text(&talk->arena, port->description);
	ret->network_id = arena_text(&talk->arena, port->network_id);
	ret->status = arena_text(&talk->arena, port->status);
	ret->address = port->address ? arena_text(&talk->arena, port->address) : NULL;
	ret->device_id = port->device_id ? arena_text(&talk->arena, port->device_id) : NULL;
	return ret->id && ret->name && ret->description && ret->network_id && ret->status ? 0 : -1;
}

/* The one that a server uses already counts before older ones. */
static size_t counting(const struct openstack_port *ports, size_t count)
{
	for (size_t i = 0; i < count; i++)
		if (ports[i].device_id)
			return i;
	return 0;
}

static int next_of_port(struct talk *talk, const json_t *listing, struct error *err)
{
	struct porting *porting = network_goal(talk)->wish;
	const struct openstack_port *ports;
	size_t count;

	if (openstack_ports_read(listing, &talk->arena, &ports, &count, err) < 0)
		return -1;
	size_t counts = porting->wish ? counting(ports, count) : count;
	porting->found = (struct openstack_port){0};
	for (size_t i = 0; i < count; i++)
		if (i != counts && ask_away(talk, &ports[i]) < 0)
			return fail_memory(err);
	if (!porting->wish)
		return 0;
	if (!count)
		return ask_for_port(talk, porting->wish) < 0 ? fail_memory(err) : 0;
	return keep(talk, &ports[counts], &porting->found) < 0 ? fail_memory(err) : 0;
}

static enum progress bring(struct talk *talk, const char *name, const struct openstack_port_wish *wish,
			   talk_step *then, struct error *err)
{
	struct openstack_goal *goal = arena_array(&talk->arena, struct openstack_goal, 1);
	struct porting *porting = arena_array(&talk->arena, struct porting, 1);

	if (!goal || !porting)
		return talk_no_memory(err);
	*porting = (struct porting){.name = name, .wish = wish};
	*goal = (struct openstack_goal){
	    .path = arena_format(&talk->arena, "/v2.0/ports?project_id=%s&name=%s",
				 talk->openstack->session.token.project_id, name),
	    .next = next_of_port,
	    .insist = !wish,
	    .then = then,
	    .wish = porting,
	};
	return goal->path ? neutron_bring(talk, goal, err) : talk_no_memory(err);
}

enum progress network_port(struct talk *talk, const struct openstack_port_wish *wish, talk_step *then,
			   struct error *err)
{
	return bring(talk, wish->name, wish, then, err);
}

enum progress network_port_gone(struct talk *talk, const char *name, talk_step *then, struct error *err)
{
	return bring(talk, name, NULL, then, err);
}

const struct openstack_port *network_port_found(const struct talk *talk)
{
	const struct porting *porting = talk->network->wish;

	return porting->found.id ? &porting->found : NULL;
}
