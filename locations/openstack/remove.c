/* remove.c - servers go, each after the floating IPs that were made for it; and get other names. */
#include <string.h>

#include "base/cleanup.h"
#include "locations/openstack/network.h"

enum { POLL_MS = 1000, GONE_MS = 600000 };

/* Servers that go, one after the other. */
struct removing {
	json_t *ids; /* of them */
	size_t at;
	int64_t gone_by_ms;
	bool forced; /* it is kept, and Nova was told not to */
	bool late;   /* the listing told one that was gone already */
	talk_step *then;
};

static void release_removing(void *own)
{
	struct removing *removing = own;

	json_decref(removing->ids);
}

static const char *server_at(const struct removing *removing)
{
	return json_string_value(json_array_get(removing->ids, removing->at));
}

static enum progress next_server(struct talk *talk, struct error *err);
static enum progress look(struct talk *talk, struct error *err);
static enum progress delete_server(struct talk *talk, struct error *err);

/* --- the server ------------------------------------------------------------------------------------------
 */

static enum progress removed(struct talk *talk, struct error *err)
{
	struct removing *removing = talk->own;

	removing->at++;
	return next_server(talk, err);
}

/* Not before it: a server that runs and cannot be reached would be unknown to whoever comes after a killed
 * program. What is left then is swept. */
static enum progress gone(struct talk *talk, struct error *err)
{
	openstack_machine_forget(talk->openstack, server_at(talk->own));
	return network_floating_gone(talk, talk->order.app, server_at(talk->own), removed, err);
}

/* Where that is not allowed it is gone as far as anybody here can have it. */
static enum progress left_to_cloud(struct talk *talk, struct error *err)
{
	const struct location *location = talk->openstack->location;
	owned_text words = {0};

	talk->unforced = true;
	text_format(
	    &words,
	    "location `%s`: the cloud keeps the deleted server %s for a while, with its ports, and does "
	    "not let it be deleted at once",
	    location->name, server_at(talk->own));
	if (location->say)
		location->say(location->say_owner, text_view(&words));
	return gone(talk, err);
}

static enum progress forced(struct talk *talk, struct error *err)
{
	struct openstack_call *call = &talk->calls[0];
	bool answered = call->error.code == OK;

	if (answered && call->status == 403)
		return left_to_cloud(talk, err);
	if (!openstack_ok(call) && !openstack_absent(call) && !(answered && call->status == 409))
		return openstack_failed(call, err, "cannot remove the server at once");
	((struct removing *)talk->own)->forced = openstack_ok(call);
	return talk_pause(talk, POLL_MS, look, err);
}

/* A cloud may keep what is deleted, out of its listings, for days: with the volume and the ports of it, which
 * are in the way of its security groups. */
static enum progress force(struct talk *talk, struct error *err)
{
	const struct openstack_question question = {
	    .service = "compute",
	    .method = "POST",
	    .path = arena_format(&talk->arena, "/servers/%s/action", server_at(talk->own)),
	    .body = json_pack("{s:n}", "forceDelete")};

	return openstack_ask_one(talk, &question, forced, err);
}

static enum progress looked(struct talk *talk, struct error *err)
{
	struct removing *removing = talk->own;
	struct openstack_call *call = &talk->calls[0];
	struct openstack_server server;

	if (openstack_absent(call))
		return gone(talk, err);
	if (!openstack_ok(call))
		return openstack_failed(call, err, "cannot look whether the server is gone");
	const json_t *json = openstack_json(call, err);
	if (!json || openstack_server_read(json, &server, err) < 0)
		return PROGRESS_FAILED;
	if (openstack_keeps_deleted(&server) && !removing->forced)
		return force(talk, err);
	if (talk_now(talk) < removing->gone_by_ms)
		return talk_pause(talk, POLL_MS, look, err);
	fail(err, ERR_TIMED_OUT, "location `%s`: the server of `%s` is not gone after %d s",
	     talk->openstack->location->name, talk->order.name ? talk->order.name : talk->order.app,
	     GONE_MS / 1000);
	return PROGRESS_FAILED;
}

static enum progress look(struct talk *talk, struct error *err)
{
	const char *path = arena_format(&talk->arena, "/servers/%s", server_at(talk->own));

	return openstack_read(talk, "compute", path, looked, err);
}

static enum progress deleted(struct talk *talk, struct error *err)
{
	struct openstack_call *call = &talk->calls[0];
	struct removing *removing = talk->own;
	bool busy = call->error.code == OK && call->status == 409;

	/* Something else is being done to it, and goes first. */
	if (busy && talk_now(talk) < removing->gone_by_ms)
		return talk_pause(talk, POLL_MS, delete_server, err);
	if (!openstack_ok(call) && !openstack_absent(call))
		return openstack_failed(call, err, "cannot remove the server");
	removing->late |= openstack_absent(call);
	return talk_go(talk, look);
}

static enum progress delete_server(struct talk *talk, struct error *err)
{
	const struct openstack_question question = {
	    .service = "compute",
	    .method = "DELETE",
	    .path = arena_format(&talk->arena, "/servers/%s", server_at(talk->own))};

	return openstack_ask_one(talk, &question, deleted, err);
}

static enum progress next_server(struct talk *talk, struct error *err)
{
	struct removing *removing = talk->own;

	removing->forced = false;
	removing->gone_by_ms = talk_now(talk) + GONE_MS;
	if (server_at(removing))
		return delete_server(talk, err);
	return removing->late ? talk_pause(talk, POLL_MS, removing->then, err)
			      : talk_go(talk, removing->then);
}

/* --- which -----------------------------------------------------------------------------------------------
 */

static struct removing *begin(struct talk *talk, talk_step *then)
{
	struct removing *removing = arena_array(&talk->arena, struct removing, 1);

	if (!removing)
		return NULL;
	removing->ids = json_array();
	removing->then = then;
	return removing;
}

enum progress openstack_remove_server(struct talk *talk, const char *id, talk_step *then, struct error *err)
{
	struct removing *removing = begin(talk, then);

	if (!removing)
		return talk_no_memory(err);
	json_add(removing->ids, json_any_text(id));
	talk_own(talk, removing, release_removing);
	return next_server(talk, err);
}

static talk_step find;

/* All of that name, and then once more: one may have come meanwhile. */
static enum progress found(struct talk *talk, struct error *err)
{
	const struct openstack_order *order = &talk->order;
	const struct openstack_server *servers, *stranger = NULL;
	struct removing *removing = begin(talk, find);
	size_t count, left = 0;

	if (!removing)
		return talk_no_memory(err);
	if (openstack_servers_found(talk, &servers, &count, err) < 0) {
		release_removing(removing);
		return PROGRESS_FAILED;
	}
	struct openstack_server *all = arena_array(&talk->arena, struct openstack_server, count + 1);
	for (size_t i = 0; all && i < count; i++)
		if (!(talk->unforced && openstack_keeps_deleted(&servers[i])))
			all[left++] = servers[i];
	const struct openstack_server *server;
	while (all && (server = openstack_server_of(talk->openstack, all, left, order->app, order->name,
						    &stranger))) {
		json_add(removing->ids, json_any_text(server->id));
		all[server - all] = all[--left];
	}
	bool any = json_array_size(removing->ids) > 0;
	talk_own(talk, removing, release_removing);
	return any ? next_server(talk, err) : PROGRESS_DONE;
}

static enum progress find(struct talk *talk, struct error *err)
{
	return openstack_find_servers(talk, talk->order.app, talk->order.name, found, err);
}

enum progress remove_openstack(struct talk *talk, struct error *err)
{
	return openstack_enter(talk, find, err);
}

static enum progress doubles_found(struct talk *talk, struct error *err)
{
	struct openstack *openstack = talk->openstack;
	struct removing *removing = begin(talk, talk->held_next);
	const struct openstack_server *servers, *stranger;
	size_t count;

	if (!removing)
		return talk_no_memory(err);
	if (openstack_servers_found(talk, &servers, &count, err) < 0) {
		release_removing(removing);
		return PROGRESS_FAILED;
	}
	for (size_t i = 0; i < count; i++) {
		const char *name = servers[i].name + (starts_with(servers[i].name, "berth.") ? 6 : 0);
		const struct openstack_server *first =
		    openstack_server_of(openstack, servers, count, talk->order.app, name, &stranger);
		const char *marked = json_text(servers[i].metadata, "berth.app");
		talk->inhabited |= first != NULL;
		if (first && first != &servers[i] && marked && !strcmp(marked, talk->order.app))
			json_add(removing->ids, json_any_text(servers[i].id));
	}
	talk_own(talk, removing, release_removing);
	return next_server(talk, err);
}

enum progress openstack_remove_doubles(struct talk *talk, talk_step *next, struct error *err)
{
	talk->held_next = next;
	return openstack_find_servers(talk, talk->order.app, NULL, doubles_found, err);
}

/* --- other names -----------------------------------------------------------------------------------------
 */

static enum progress renamed(struct talk *talk, struct error *err)
{
	struct openstack_call *call = &talk->calls[0];
	struct openstack_machine *machine =
	    openstack_machine_named(talk->openstack, talk->order.app, talk->order.name);

	if (!openstack_ok(call))
		return openstack_failed(call, err, "cannot give the server another name");
	if (machine && !(machine->name = arena_text(&machine->arena, talk->order.to)))
		return talk_no_memory(err);
	return PROGRESS_DONE;
}

static enum progress all_found(struct talk *talk, struct error *err)
{
	const struct openstack_order *order = &talk->order;
	const struct openstack_server *servers, *stranger, *other;
	size_t count;

	if (openstack_servers_found(talk, &servers, &count, err) < 0)
		return PROGRESS_FAILED;
	const struct openstack_server *server =
	    openstack_server_of(talk->openstack, servers, count, order->app, order->name, &stranger);
	const struct openstack_server *held =
	    openstack_server_of(talk->openstack, servers, count, order->app, order->to, &other);
	if (held && (!server || server == held))
		return PROGRESS_DONE;
	if (held) {
		fail(err, ERR_CONFLICT, "location `%s`: there is a server of `%s` already",
		     talk->openstack->location->name, order->to);
		return PROGRESS_FAILED;
	}
	if (!server) {
		fail(err, ERR_MISSING, "location `%s` has no server of `%s`", talk->openstack->location->name,
		     order->name);
		return PROGRESS_FAILED;
	}
	const struct openstack_question question = {
	    .service = "compute",
	    .method = "PUT",
	    .path = arena_format(&talk->arena, "/servers/%s", server->id),
	    .body = json_pack("{s:{s:s}}", "server", "name", openstack_server_name(&talk->arena, order->to))};
	return openstack_ask_one(talk, &question, renamed, err);
}

static enum progress find_all(struct talk *talk, struct error *err)
{
	return openstack_find_servers(talk, talk->order.app, NULL, all_found, err);
}

enum progress rename_openstack(struct talk *talk, struct error *err)
{
	return openstack_enter(talk, find_all, err);
}
