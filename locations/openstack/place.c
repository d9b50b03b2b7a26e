/* place.c - an instance gets a server of its own: found by name or made, waited for, and, once its machine is
 * reached, given what it is to run. Whatever an earlier program had done of that is found again. */
#include <stdio.h>
#include <string.h>

#include "base/cleanup.h"
#include "locations/openstack/network.h"
#include "locations/openstack/place.h"

enum {
	POLL_MS = 1000,
	POSTS_MOST = 3,
	DOUBT_MS = 10000, /* so long what was asked for without an answer may come to be listed */
};

void making_server_free(struct making_server *making)
{
	if (!making)
		return;
	json_decref(making->json);
	json_decref(making->marks);
}

void place_note(struct talk *talk, const char *words)
{
	snprintf(talk->making->note, sizeof(talk->making->note), "%s", words);
}

void openstack_note(const struct talk *talk, const char **ret_note)
{
	if (talk->making && *talk->making->note)
		*ret_note = talk->making->note;
}

static enum progress poll(struct talk *talk, struct error *err);
static enum progress find(struct talk *talk, struct error *err);

enum progress place_later(struct talk *talk, talk_step *next, struct error *err)
{
	talk->errand->harmless = talk->making->id && talk_now(talk) >= talk->making->doubt_until_ms;
	return talk_pause(talk, POLL_MS, next, err);
}

/* Its texts stay with the talk. */
static int keep_server(struct talk *talk, const struct openstack_server *server, struct error *err)
{
	struct making_server *making = talk->making;

	making->id = arena_text(&talk->arena, server->id);
	return making->id ? 0 : fail_memory(err);
}

/* --- made ------------------------------------------------------------------------------------------------
 */

/* Which option it is that Nova's words are about. */
static enum progress refused(struct openstack_call *call, struct error *err)
{
	static const struct {
		const char *words, *remedy;
	} about[] = {
	    {"Invalid key_name", "`keyPair` names none of this user's; `openstack keypair list` shows them"},
	    {"Security group ",
	     "`securityGroups` names one that is not in this project; `openstack security group "
	     "list` shows those that are"},
	    {"availability zone",
	     "`openstack availability zone list --compute` shows what `availabilityZone` may be"},
	};
	enum progress progress = openstack_failed(call, err, "cannot make a server");

	for (size_t i = 0; i < COUNT_OF(about); i++)
		if (strstr(err->text, about[i].words) && !*err->remedy)
			remedy(err, "%s", about[i].remedy);
	return progress;
}

/* What came of a creation that got no answer is looked for by its name. */
static enum progress made(struct talk *talk, struct error *err)
{
	struct making_server *making = talk->making;
	struct openstack_call *call = &talk->calls[0];
	const char *id = openstack_made(call, "server", err);
	bool lost = call->error.code == ERR_UNREACHABLE || call->error.code == ERR_TIMED_OUT ||
		    (call->error.code == OK && call->status >= 500) || (openstack_ok(call) && !id);

	making->doubt_until_ms = talk_now(talk) + DOUBT_MS;
	if (lost && making->posts < POSTS_MOST)
		return place_later(talk, find, err);
	if (!openstack_ok(call)) {
		talk->made_of->known = false; /* an image may have gone since it was chosen */
		return refused(call, err);
	}
	if (!id)
		return PROGRESS_FAILED;
	making->own = arena_text(&talk->arena, id);
	if (!making->own)
		return talk_no_memory(err);
	/* Somebody else may have made one at the same time: one of them counts for both. */
	return find(talk, err);
}

/* Somebody deletes whatever is made. */
static enum progress give_up(struct talk *talk, struct error *err)
{
	fail(err, ERR_FAILED, "location `%s`: the server of `%s` was made %d times, and is gone each time",
	     talk->openstack->location->name, talk->order.name, POSTS_MOST);
	return PROGRESS_FAILED;
}

static enum progress make(struct talk *talk, struct error *err)
{
	struct making_server *making = talk->making;

	if (making->posts++ == POSTS_MOST)
		return give_up(talk, err);
	const struct openstack_question question = {
	    .service = "compute",
	    .method = "POST",
	    .path = "/servers",
	    .body =
		openstack_server_body(talk, making->groups, COUNT_OF(making->groups), making->server_group)};

	place_note(talk, "making its server");
	talk->patient_until_ms = making->made_by_ms;
	return openstack_ask_one(talk, &question, made, err);
}

static enum progress server_group_there(struct talk *talk, struct error *err)
{
	talk->making->server_group = openstack_server_group_found(talk);
	return make(talk, err);
}

static enum progress have_server_group(struct talk *talk, struct error *err)
{
	if (!talk->made_of->wishes.server_group)
		return make(talk, err);
	return openstack_have_server_group(talk, talk->order.app, talk->order.spec->component,
					   server_group_there, err);
}

/* --- given what it is to run -----------------------------------------------------------------------------
 */

static enum progress place_there(struct location *machine, struct errand *errand,
				 const struct openstack_order *order, const struct instance_spec *spec,
				 const char *name, struct error *err)
{
	(void)name;
	return machine->driver->place(machine, errand, spec, order->note, err);
}

static enum progress start_there(struct location *machine, struct errand *errand,
				 const struct openstack_order *order, const struct instance_spec *spec,
				 const char *name, struct error *err)
{
	(void)order, (void)name;
	return machine->driver->start(machine, errand, spec, err);
}

static enum progress prepare_there(struct location *machine, struct errand *errand,
				   const struct openstack_order *order, const struct instance_spec *spec,
				   const char *name, struct error *err)
{
	const struct prepare_request request = {.app = order->app, .instances = 1};

	(void)spec, (void)name;
	return machine->driver->prepare(machine, errand, &request, err);
}

static enum progress run_it(struct talk *talk, struct error *err)
{
	enum progress progress =
	    openstack_inner(talk, talk->making->starting ? start_there : place_there, err);

	return progress == PROGRESS_WAITING ? talk_sleep(talk) : progress;
}

static enum progress prepare_it(struct talk *talk, struct error *err)
{
	enum progress progress = openstack_inner(talk, prepare_there, err);

	if (progress == PROGRESS_WAITING)
		return talk_sleep(talk);
	return progress == PROGRESS_DONE ? talk_go(talk, run_it) : progress;
}

enum progress place_inside(struct talk *talk, struct error *err)
{
	const struct making_server *making = talk->making;

	(void)err;
	return talk_go(talk, making->known && making->starting ? run_it : prepare_it);
}

/* --- where it is reached ---------------------------------------------------------------------------------
 */

static bool is_active(const struct making_server *making)
{
	return !strcmp(making->server.status, "ACTIVE");
}

static enum progress floating_there(struct talk *talk, struct error *err)
{
	struct making_server *making = talk->making;

	making->address = network_floating_found(talk)->address;
	return is_active(making) ? reach_new(talk, err) : place_later(talk, poll, err);
}

static enum progress ports_told(struct talk *talk, struct error *err)
{
	struct openstack_call *call = &talk->calls[0];

	if (!openstack_ok(call))
		return openstack_failed(call, err, "cannot look for the ports of a server");
	const json_t *list = openstack_list(call, "ports", err);
	if (!list)
		return PROGRESS_FAILED;
	const char *port = json_text(json_array_get(list, 0), "id");
	if (!port)
		return place_later(talk, poll, err);
	talk->making->port = arena_text(&talk->arena, port);
	if (!talk->making->port)
		return talk_no_memory(err);
	place_note(talk, "getting a floating IP");
	const struct openstack_floating_wish wish = {.server = talk->making->id,
						     .port_id = talk->making->port,
						     .pool = talk->made_of->outer,
						     .fresh = talk->making->fresh};
	return network_floating(talk, talk->order.app, &wish, floating_there, err);
}

enum progress place_address(struct talk *talk, struct error *err)
{
	struct making_server *making = talk->making;

	if (talk->made_of->outer && !making->address) {
		const char *path =
		    arena_format(&talk->arena, "/v2.0/ports?device_id=%s&network_id=%s&fields=id", making->id,
				 talk->made_of->networks[0]);
		return openstack_read(talk, "network", path, ports_told, err);
	}
	if (!talk->made_of->outer)
		making->address = making->server.fixed;
	return making->address ? reach_new(talk, err) : place_later(talk, poll, err);
}

/* --- waited for ------------------------------------------------------------------------------------------
 */

static enum progress in_error(struct talk *talk, struct error *err)
{
	const struct openstack_server *server = &talk->making->server;
	const char *fault = server->fault ? server->fault : "it does not say why";
	bool room = strcasestr(fault, "no valid host") || strcasestr(fault, "quota") ||
		    strcasestr(fault, "no more ip") || strcasestr(fault, "insufficient");

	fail(err, room ? ERR_CAPACITY : ERR_FAILED, "location `%s`: the server of `%s` came to nothing: %s",
	     talk->openstack->location->name, talk->order.name, fault);
	if (strcasestr(fault, "no valid host"))
		remedy(err, "a smaller flavor, or another `availabilityZone`, may find one; why none fits "
			    "whoever runs the cloud can see");
	return PROGRESS_FAILED;
}

static enum progress active(struct talk *talk, struct error *err)
{
	struct making_server *making = talk->making;

	making->answer_by_ms = talk_now(talk) + ANSWER_MS;
	talk->patient_until_ms = making->answer_by_ms;
	making->known = json_text(making->server.metadata, "berth.hostkey") != NULL;
	if (!making->known)
		return openstack_choose_making(talk, place_address, err);
	json_decref(making->marks);
	making->marks = json_incref((json_t *)making->server.metadata);
	return reach_known(talk, err);
}

/* Its port is there before it runs: what leads to that is got while Nova makes the rest of it. */
static bool is_early(const struct talk *talk)
{
	const struct making_server *making = talk->making;

	return !strcmp(making->server.status, "BUILD") && !making->address && talk->made_of &&
	       talk->made_of->known && talk->made_of->outer;
}

static enum progress start_told(struct talk *talk, struct error *err)
{
	struct openstack_call *call = &talk->calls[0];

	if (openstack_away(call))
		talk->making->started = false;
	else if (!openstack_ok(call) && !(call->error.code == OK && call->status == 409))
		return openstack_failed(call, err, "cannot start the server");
	return place_later(talk, poll, err);
}

static enum progress start_server(struct talk *talk, struct error *err)
{
	const struct openstack_question question = {
	    .service = "compute",
	    .method = "POST",
	    .path = arena_format(&talk->arena, "/servers/%s/action", talk->making->id),
	    .body = json_pack("{s:n}", openstack_start_word(&talk->making->server))};

	place_note(talk, "starting its server");
	talk->making->started = true;
	return openstack_ask_one(talk, &question, start_told, err);
}

/* Somebody deleted it, and the cloud keeps it: it does not come back by itself. */
static enum progress replace_deleted(struct talk *talk, struct error *err)
{
	return openstack_remove_server(talk, talk->making->id, find, err);
}

static enum progress see(struct talk *talk, struct error *err)
{
	struct making_server *making = talk->making;

	if (is_active(making))
		return active(talk, err);
	if (!strcmp(making->server.status, "ERROR"))
		return in_error(talk, err);
	if (openstack_keeps_deleted(&making->server))
		return replace_deleted(talk, err);
	if (openstack_start_word(&making->server) && !making->server.task && !making->started)
		return start_server(talk, err);
	snprintf(making->note, sizeof(making->note), "its server is %s%s%s", making->server.status,
		 making->server.task ? ": " : "", making->server.task ? making->server.task : "");
	if (talk_now(talk) < making->made_by_ms)
		return is_early(talk) ? place_address(talk, err) : place_later(talk, poll, err);
	fail(err, ERR_TIMED_OUT, "location `%s`: the server of `%s` is still %s after %d s",
	     talk->openstack->location->name, talk->order.name, making->server.status,
	     OPENSTACK_MADE_MS / 1000);
	return PROGRESS_FAILED;
}

static enum progress polled(struct talk *talk, struct error *err)
{
	struct making_server *making = talk->making;
	struct openstack_call *call = &talk->calls[0];

	if (openstack_absent(call))
		return find(talk, err);
	if (!openstack_ok(call))
		return openstack_failed(call, err, "cannot look at the server");
	const json_t *json = openstack_json(call, err);
	if (!json)
		return PROGRESS_FAILED;
	json_decref(making->json);
	making->json = json_incref((json_t *)json);
	return openstack_server_read(making->json, &making->server, err) < 0 ? PROGRESS_FAILED
									     : see(talk, err);
}

static enum progress poll_alone(struct talk *talk, struct error *err)
{
	return openstack_read(talk, "compute", arena_format(&talk->arena, "/servers/%s", talk->making->id),
			      polled, err);
}

/* One that the listing does not have may be gone, or not be listed yet. */
static enum progress polled_together(struct talk *talk, struct error *err)
{
	struct making_server *making = talk->making;
	const struct openstack_server *servers;
	size_t count, at = 0;

	if (openstack_servers_found(talk, &servers, &count, err) < 0)
		return PROGRESS_FAILED;
	while (at < count && strcmp(servers[at].id, making->id) != 0)
		at++;
	if (at == count)
		return poll_alone(talk, err);
	json_decref(making->json);
	making->json = openstack_servers_json(talk);
	making->server = servers[at];
	return see(talk, err);
}

static enum progress poll(struct talk *talk, struct error *err)
{
	talk->patient_until_ms = talk->making->made_by_ms;
	return openstack_others_make(talk)
		   ? openstack_share_servers(talk, talk_now(talk) - POLL_MS / 2, polled_together, err)
		   : poll_alone(talk, err);
}

/* --- found -----------------------------------------------------------------------------------------------
 */

static enum progress find_later(struct talk *talk, struct error *err)
{
	return place_later(talk, find, err);
}

static enum progress remove_unfit(struct talk *talk, const char *id, struct error *err)
{
	place_note(talk, "removing a server that is to be made anew");
	return openstack_remove_server(talk, id, find_later, err);
}

static bool is_fit(const struct talk *talk, const struct openstack_server *server)
{
	owned_arena arena = {0};
	const char *digest = json_text(server->metadata, "berth.digest");
	const char *wanted = talk->order.spec->digest;
	struct observed seen = {.state = SEEN_BROKEN};

	(void)openstack_server_seen(talk->openstack, server, &arena, &seen);
	return !*wanted || (digest && !strcmp(digest, wanted) && seen.state != SEEN_BROKEN);
}

static enum progress nothing_there(struct talk *talk, struct error *err)
{
	struct making_server *making = talk->making;

	/* A listing may be late. */
	if (making->own) {
		making->id = give(making->own);
		making->fresh = true;
		return place_later(talk, poll, err);
	}
	if (talk_now(talk) < making->doubt_until_ms)
		return place_later(talk, find, err);
	if (!making->starting)
		return openstack_choose_making(talk, have_server_group, err);
	fail(err, ERR_MISSING, "location `%s` has no server of `%s`", talk->openstack->location->name,
	     talk->order.name);
	return PROGRESS_FAILED;
}

static enum progress found(struct talk *talk, struct error *err)
{
	struct making_server *making = talk->making;
	const struct openstack_server *servers, *stranger;
	size_t count;

	if (openstack_servers_found(talk, &servers, &count, err) < 0)
		return PROGRESS_FAILED;
	const struct openstack_server *server = openstack_server_of(
	    talk->openstack, servers, count, talk->order.app, talk->order.name, &stranger);
	if (!server)
		return nothing_there(talk, err);
	if (talk_now(talk) > making->made_by_ms) {
		fail(err, ERR_TIMED_OUT, "location `%s`: the server of `%s` is not gone after %d s",
		     talk->openstack->location->name, talk->order.name, OPENSTACK_MADE_MS / 1000);
		return PROGRESS_FAILED;
	}
	if (server->task && !strcmp(server->task, "deleting"))
		return place_later(talk, find, err);
	if (keep_server(talk, server, err) < 0)
		return PROGRESS_FAILED;
	const char *own = give(making->own);
	making->fresh |= own && !strcmp(own, making->id);
	if (own && strcmp(own, making->id) != 0)
		return remove_unfit(talk, own, err); /* the one that counts is somebody else's */
	return making->starting || is_fit(talk, server) ? poll(talk, err)
							: remove_unfit(talk, making->id, err);
}

static enum progress find(struct talk *talk, struct error *err)
{
	return openstack_others_make(talk)
		   ? openstack_share_servers(talk, talk_now(talk), found, err)
		   : openstack_find_servers(talk, talk->order.app, talk->order.name, found, err);
}

static enum progress have_key(struct talk *talk, struct error *err)
{
	return openstack_have_key(talk, talk->order.app, find, err);
}

static enum progress fenced(struct talk *talk, struct error *err)
{
	const char *const components[] = {NULL, talk->order.spec->component};

	for (size_t i = 0; i < COUNT_OF(components); i++) {
		const struct openstack_group *group = network_group(talk, components[i]);
		talk->making->groups[i] = group ? group->id : NULL;
	}
	return have_key(talk, err);
}

static enum progress fence(struct talk *talk, struct error *err)
{
	return network_fence(talk, FENCE_OWN, talk->order.app, NULL, fenced, err);
}

static int begin(struct talk *talk, bool starting)
{
	talk->making = arena_array(&talk->arena, struct making_server, 1);
	if (!talk->making)
		return -1;
	talk->making->starting = starting;
	talk->making->made_by_ms = talk_now(talk) + OPENSTACK_MADE_MS;
	return 0;
}

enum progress place_openstack(struct talk *talk, struct error *err)
{
	return begin(talk, false) < 0 ? talk_no_memory(err) : openstack_enter(talk, fence, err);
}

enum progress start_openstack(struct talk *talk, struct error *err)
{
	return begin(talk, true) < 0 ? talk_no_memory(err) : openstack_enter(talk, find, err);
}
