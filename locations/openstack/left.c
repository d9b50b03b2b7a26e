/* left.c - what there is of applications beside their servers and their own security groups, for who looks
 * for what nobody owns any more. */
#include <string.h>

#include "base/cleanup.h"
#include "locations/openstack/network.h"

enum { PAIRS, SERVER_GROUPS, FLOATING, KINDS };

struct leavings {
	struct talk *talk;
	struct arena *arena; /* the inventory's */
	struct inventory_object *objects;
	size_t count;
};

static int add(struct leavings *leavings, const char *app, const char *kind, const char *name)
{
	struct inventory_object *to = &leavings->objects[leavings->count++];

	*to = (struct inventory_object){
	    .app = arena_text(leavings->arena, app), .kind = kind, .name = arena_text(leavings->arena, name)};
	return to->app && to->name ? 0 : -1;
}

/* --- of each kind: 0, or -1 without memory ---------------------------------------------------------------
 */

static int add_pair(struct leavings *leavings, const json_t *row)
{
	const json_t *pair = json_object_get(row, "keypair");
	const char *app = openstack_key_app(leavings->talk, pair);

	return app ? add(leavings, app, "key pair", json_text(pair, "name")) : 0;
}

static int add_server_group(struct leavings *leavings, const json_t *row)
{
	const char *app = openstack_server_group_app(leavings->arena, json_text(row, "name"));

	return app ? add(leavings, app, "server group", json_text(row, "name")) : 0;
}

/* One that leads to a server goes with that. */
static int add_floating(struct leavings *leavings, const json_t *row)
{
	const char *address = json_text(row, "floating_ip_address");
	const char *app = json_text(row, "port_id")
			      ? NULL
			      : network_floating_app(leavings->arena, json_text(row, "description"));

	return app && address ? add(leavings, app, "floating IP", address) : 0;
}

/* "berth.shop.web": that of the application itself is told with whose it is. */
static int add_group(struct leavings *leavings, const json_t *row)
{
	const char *name = json_text(row, "name"), *words = json_text(row, "description");
	const char *rest = name && starts_with(name, "berth.") ? name + strlen("berth.") : "";
	size_t length = strcspn(rest, ".");

	if (!rest[length] || !words || !starts_with(words, "berth"))
		return 0;
	const char *app = arena_copy(leavings->arena, rest, length);
	return app ? add(leavings, app, "security group", name) : -1;
}

static int add_all(struct leavings *leavings, const json_t *list,
		   int (*add_one)(struct leavings *leavings, const json_t *row))
{
	for (size_t i = 0; i < json_array_size(list); i++)
		if (add_one(leavings, json_array_get(list, i)) < 0)
			return -1;
	return 0;
}

/* --- all of them ------------------------------------------------------------------------------------------
 */

int openstack_ask_left(struct talk *talk, struct error *err)
{
	const struct openstack_question questions[KINDS] = {
	    [PAIRS] = {.service = "compute", .method = "GET", .path = "/os-keypairs"},
	    [SERVER_GROUPS] = {.service = "compute", .method = "GET", .path = "/os-server-groups"},
	    [FLOATING] = {.service = "network",
			  .method = "GET",
			  .path = arena_format(&talk->arena, "/v2.0/floatingips?project_id=%s",
					       talk->openstack->session.token.project_id)}};

	for (unsigned i = 0; i < KINDS; i++)
		if (openstack_ask(talk, i, &questions[i], err) < 0)
			return -1;
	return 0;
}

/* Not every cloud lets its users ask for server groups, and who never made one has none. NULL with *err. */
static json_t *list_of(struct talk *talk, unsigned kind, struct error *err)
{
	static const char *const members[KINDS] = {"keypairs", "server_groups", "floatingips"};
	struct openstack_call *call = &talk->calls[kind];

	if (kind == SERVER_GROUPS && call->error.code == OK && call->status / 100 == 4)
		return json_array();
	if (!openstack_ok(call)) {
		openstack_failed(call, err, "cannot look for what nobody owns");
		return NULL;
	}
	return json_incref((json_t *)openstack_list(call, members[kind], err));
}

int openstack_take_left(struct talk *talk, json_t *ret[static OPENSTACK_LEFT], struct error *err)
{
	for (unsigned i = 0; i < KINDS; i++)
		if (!(ret[i] = list_of(talk, i, err)))
			return -1;
	return 0;
}

int openstack_tell_left(struct talk *talk, json_t *const left[static OPENSTACK_LEFT], const json_t *groups,
			struct inventory *inventory)
{
	static int (*const adders[KINDS])(struct leavings *, const json_t *) = {add_pair, add_server_group,
										add_floating};
	size_t room = inventory->object_count + json_array_size(groups);

	for (unsigned i = 0; i < KINDS; i++)
		room += json_array_size(left[i]);
	struct leavings leavings = {.talk = talk,
				    .arena = &inventory->arena,
				    .objects =
					arena_array(&inventory->arena, struct inventory_object, room + 1)};
	if (!leavings.objects)
		return -1;
	for (; leavings.count < inventory->object_count; leavings.count++)
		leavings.objects[leavings.count] = inventory->objects[leavings.count];
	int failed = add_all(&leavings, groups, add_group);
	for (unsigned i = 0; i < KINDS && !failed; i++)
		failed = add_all(&leavings, left[i], adders[i]);
	inventory->objects = leavings.objects;
	inventory->object_count = leavings.count;
	return failed;
}
