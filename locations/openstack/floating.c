/* floating.c - the floating IP of a server at Neutron: taken, attached to its port, and released. */
#include <string.h>

#include "base/text.h"
#include "locations/openstack/network.h"

struct floating {
	const char *mark;    /* its description, or how those begin that are swept */
	bool swept;          /* those that lead nowhere go */
	const char *pool;    /* the id of the network that it is taken from */
	const char *port_id; /* NULL: none is to be there */
	bool fresh;          /* nobody can have taken one before */
	talk_step *then;
	struct openstack_floating found;
};

static struct floating *wished(struct talk *talk)
{
	return network_goal(talk)->wish;
}

/* --- it itself ---------------------------------------------------------------------------------------------
 */

static int ask_for_one(struct talk *talk, const struct floating *floating)
{
	return neutron_job(network_goal(talk), "POST", "/v2.0/floatingips",
			   json_pack("{s:{s:s,s:s,s:s}}", "floatingip", "floating_network_id", floating->pool,
				     "port_id", floating->port_id, "description", floating->mark),
			   "cannot get a floating IP");
}

static int attach(struct talk *talk, const struct openstack_floating *one, const char *port_id)
{
	return neutron_job(network_goal(talk), "PUT",
			   arena_format(&talk->arena, "/v2.0/floatingips/%s", one->id),
			   json_pack("{s:{s:s}}", "floatingip", "port_id", port_id),
			   arena_format(&talk->arena, "cannot attach the floating IP %s", one->address));
}

static int ask_away(struct talk *talk, const struct openstack_floating *one)
{
	return neutron_job(network_goal(talk), "DELETE",
			   arena_format(&talk->arena, "/v2.0/floatingips/%s", one->id), NULL,
			   arena_format(&talk->arena, "cannot release the floating IP %s", one->address));
}

static int keep(struct talk *talk, const struct openstack_floating *one, struct openstack_floating *ret)
{
	*ret = *one;
	ret->id = arena_text(&talk->arena, one->id);
	ret->description = arena_text(&talk->arena, one->description);
	ret->address = arena_text(&talk->arena, one->address);
	ret->status = arena_text(&talk->arena, one->status);
	ret->port_id = one->port_id ? arena_text(&talk->arena, one->port_id) : NULL;
	return ret->id && ret->description && ret->address && ret->status ? 0 : -1;
}

static bool is_attached(const struct openstack_floating *one, const char *port_id)
{
	return one->port_id && strcmp(one->port_id, port_id) == 0;
}

/* Of ours, with the one that is attached already before older ones. */
static const struct openstack_floating *counting(const struct floating *floating,
						 const struct openstack_floating *all, size_t count)
{
	const struct openstack_floating *first = NULL;

	for (size_t i = 0; i < count; i++) {
		if (strcmp(all[i].description, floating->mark) != 0)
			continue;
		if (is_attached(&all[i], floating->port_id))
			return &all[i];
		first = first ? first : &all[i];
	}
	return first;
}

/* Of ours, or of an application's that lost its server without us. */
static bool is_meant(const struct floating *floating, const struct openstack_floating *one)
{
	return floating->swept ? !one->port_id && starts_with(one->description, floating->mark)
			       : !strcmp(one->description, floating->mark);
}

static int next_of_floating(struct talk *talk, const json_t *listing, struct error *err)
{
	struct floating *floating = wished(talk);
	const struct openstack_floating *all;
	size_t count;
	int result = 0;

	if (openstack_floatings_read(listing, &talk->arena, &all, &count, err) < 0)
		return -1;
	const struct openstack_floating *counts = floating->port_id ? counting(floating, all, count) : NULL;
	floating->found = (struct openstack_floating){0};
	for (size_t i = 0; i < count && result == 0; i++)
		if (&all[i] != counts && is_meant(floating, &all[i]))
			result = ask_away(talk, &all[i]);
	if (result == 0 && floating->port_id)
		result = !counts                                  ? ask_for_one(talk, floating)
			 : is_attached(counts, floating->port_id) ? keep(talk, counts, &floating->found)
								  : attach(talk, counts, floating->port_id);
	return result < 0 ? fail_memory(err) : 0;
}

/* That it was taken, or leads there now. */
static bool told(struct talk *talk, const json_t *answer)
{
	struct floating *floating = wished(talk);
	const struct openstack_floating *one;
	owned_json list = json_pack("{s:[O]}", "floatingips", json_object_get(answer, "floatingip"));
	size_t count;

	return list && floating->port_id &&
	       openstack_floatings_read(list, &talk->arena, &one, &count, NULL) == 0 && count == 1 &&
	       is_attached(one, floating->port_id) && !strcmp(one->description, floating->mark) &&
	       keep(talk, one, &floating->found) == 0;
}

static const char *listing_path(struct talk *talk)
{
	return arena_format(&talk->arena, "/v2.0/floatingips?project_id=%s",
			    talk->openstack->session.token.project_id);
}

static enum progress bring_it(struct talk *talk, struct openstack_goal *goal, struct floating *floating,
			      struct error *err)
{

	*goal = (struct openstack_goal){
	    .path = listing_path(talk),
	    .next = next_of_floating,
	    .told = told,
	    .insist = !floating->port_id,
	    .then = floating->then,
	    .wish = floating,
	};
	talk->network = goal;
	if (!goal->path || (floating->fresh && ask_for_one(talk, floating) < 0))
		return talk_no_memory(err);
	return floating->fresh ? neutron_begin(talk, goal, err) : neutron_bring(talk, goal, err);
}

static enum progress begin(struct talk *talk, struct floating wish, const char *app, const char *id,
			   struct error *err)
{
	struct openstack_goal *goal = arena_array(&talk->arena, struct openstack_goal, 1);
	struct floating *floating = arena_array(&talk->arena, struct floating, 1);

	if (!goal || !floating)
		return talk_no_memory(err);
	*floating = wish;
	floating->mark = arena_format(&talk->arena, "berth %s %s", app, id);
	/* What servers are made of may be chosen anew meanwhile. */
	floating->pool = wish.pool ? arena_text(&talk->arena, wish.pool) : NULL;
	if (!floating->mark || (wish.pool && !floating->pool))
		return talk_no_memory(err);
	return bring_it(talk, goal, floating, err);
}

enum progress network_floating(struct talk *talk, const char *app, const struct openstack_floating_wish *wish,
			       talk_step *then, struct error *err)
{
	const struct floating floating = {
	    .pool = wish->pool, .port_id = wish->port_id, .fresh = wish->fresh, .then = then};

	return begin(talk, floating, app, wish->server, err);
}

enum progress network_floating_gone(struct talk *talk, const char *app, const char *server, talk_step *then,
				    struct error *err)
{
	return begin(talk, (struct floating){.then = then}, app, server, err);
}

enum progress network_floating_swept(struct talk *talk, const char *app, talk_step *then, struct error *err)
{
	return begin(talk, (struct floating){.swept = true, .then = then}, app, "", err);
}

const char *network_floating_app(struct arena *arena, const char *description)
{
	const char *app =
	    description && starts_with(description, "berth ") ? description + strlen("berth ") : "";
	size_t length = strcspn(app, " ");

	return length && app[length] && !strchr(app + length + 1, ' ') ? arena_copy(arena, app, length)
								       : NULL;
}

const struct openstack_floating *network_floating_found(const struct talk *talk)
{
	const struct floating *floating = talk->network->wish;

	return floating->found.id ? &floating->found : NULL;
}

/* --- whether it still leads there --------------------------------------------------------------------------
 */

const char *network_floating_way(const struct openstack_server *server)
{
	const char *told = json_text(server->metadata, "berth.address");

	return told && server->fixed && strcmp(told, server->fixed) != 0 ? told : NULL;
}

enum progress network_floatings(struct talk *talk, talk_step *then, struct error *err)
{
	const char *path = listing_path(talk);

	return path ? openstack_read(talk, "network", path, then, err) : talk_no_memory(err);
}

int network_floating_lost(struct talk *talk, const char *address, bool *ret, struct error *err)
{
	struct openstack_call *call = &talk->calls[0];
	const struct openstack_floating *all;
	size_t count;

	*ret = false;
	if (!openstack_ok(call))
		return 0;
	const json_t *listing = openstack_json(call, err);
	if (!listing || openstack_floatings_read(listing, &talk->arena, &all, &count, err) < 0)
		return -1;
	*ret = true;
	for (size_t i = 0; i < count; i++)
		if (all[i].port_id && !strcmp(all[i].address, address))
			*ret = false;
	return 0;
}
