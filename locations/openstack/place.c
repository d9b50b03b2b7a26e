/* place.c - an instance gets a server of its own: found by name or made, waited for, reached, and then given
 * what it is to run. Whatever an earlier program had done of that is found again. */
#include <stdio.h>
#include <string.h>

#include "base/cleanup.h"
#include "locations/openstack/network.h"

enum {
	POLL_MS = 1000,
	ANSWER_MS = 300000, /* from then on until its machine answers */
	POSTS_MOST = 3,
	DOUBT_MS = 10000, /* so long what was asked for without an answer may come to be listed */
};

struct making_server {
	json_t *json; /* the server, as it was told last */
	struct openstack_server server;
	json_t *marks; /* how to log in, as the server's metadata will tell it */
	const char *id, *port, *address;
	const char *own;          /* the id of one that this talk made */
	const char *server_group; /* its id; NULL: none */
	const char *groups[2];    /* ids; NULL: none */
	char note[96];
	int64_t made_by_ms, answer_by_ms;
	int64_t doubt_until_ms; /* something may be there that is not listed yet */
	unsigned posts;
	bool fresh;    /* `id` is the one that this talk made */
	bool starting; /* no new one is made */
	bool known;    /* how to log in is in its metadata */
	bool started;  /* Nova was told to */
	bool way_seen; /* what leads to it was looked at */
	bool refused;  /* its machine answered, and did not let us in */
	struct error silence;
};

void making_server_free(struct making_server *making)
{
	if (!making)
		return;
	json_decref(making->json);
	json_decref(making->marks);
}

static int64_t now_of(const struct talk *talk)
{
	return talk->openstack->world->ops->now(talk->openstack->world);
}

static void note(struct talk *talk, const char *words)
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

/* A server goes on by itself, and is found again by who goes on: once it is sure to be listed. */
static enum progress later(struct talk *talk, talk_step *next, struct error *err)
{
	talk->errand->harmless = talk->making->id && now_of(talk) >= talk->making->doubt_until_ms;
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

	making->doubt_until_ms = now_of(talk) + DOUBT_MS;
	if (lost && making->posts < POSTS_MOST)
		return later(talk, find, err);
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

	note(talk, "making its server");
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

/* --- reached ---------------------------------------------------------------------------------------------
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

static enum progress connect_there(struct location *machine, struct errand *errand,
				   const struct openstack_order *order, const struct instance_spec *spec,
				   const char *name, struct error *err)
{
	struct location_facts facts = {0};

	(void)order, (void)spec, (void)name;
	enum progress progress = machine->driver->connect(machine, errand, &facts, err);
	json_decref(facts.about);
	return progress;
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

static enum progress remember(struct talk *talk, struct error *err);

static enum progress remembered(struct talk *talk, struct error *err)
{
	struct openstack_call *call = &talk->calls[0];

	if (openstack_away(call) && now_of(talk) < talk->making->answer_by_ms)
		return later(talk, remember, err);
	if (!openstack_ok(call))
		return openstack_failed(call, err, "cannot write down how to log in");
	return talk_go(talk, prepare_it);
}

/* Whoever comes later, from wherever, logs in to that very machine. */
static enum progress remember(struct talk *talk, struct error *err)
{
	const struct making_server *making = talk->making;

	if (making->known)
		return talk_go(talk, making->starting ? run_it : prepare_it);
	const struct openstack_question question = {
	    .service = "compute",
	    .method = "POST",
	    .path = arena_format(&talk->arena, "/servers/%s/metadata", making->id),
	    .body = json_pack("{s:O}", "metadata", making->marks)};
	return openstack_ask_one(talk, &question, remembered, err);
}

/* Another key than the one that it must have is no matter of time. */
static bool may_answer_later(const struct error *why)
{
	return why->code == ERR_UNREACHABLE || why->code == ERR_TIMED_OUT ||
	       (why->code == ERR_DENIED && !openstack_key_refused(why));
}

/* What its owner can do about a machine that nobody here gets to. */
static void advise_way(const struct talk *talk, struct error *err)
{
	const struct openstack_wishes *wishes = &talk->openstack->wishes;

	if (!is_silence(err))
		return;
	if (wishes->ssh_from_count)
		remedy(err, "SSH is let in from where `sshFrom` says alone: is this machine seen there?");
	else if (!wishes->jump && !(talk->made_of && talk->made_of->outer))
		remedy(err, "if nothing leads from here to its network, say `autoAssignFloatingIp: true`, or "
			    "`jump: USER@HOST`, a machine through which it is reached");
}

static enum progress reach(struct talk *talk, struct error *err);
static enum progress find_address(struct talk *talk, struct error *err);

/* What led to it may be gone since: then it gets another way, and its machine is the one it was. */
static enum progress way_told(struct talk *talk, struct error *err)
{
	struct making_server *making = talk->making;
	bool lost;

	if (network_floating_lost(talk, network_floating_way(&making->server), &lost, err) < 0)
		return PROGRESS_FAILED;
	if (!lost)
		return later(talk, reach, err);
	making->known = false;
	return openstack_choose_making(talk, find_address, err);
}

/* Keys come when a machine has started, and to nobody whom its image does not have. */
static void tell_refused(struct talk *talk, const struct error *why)
{
	if (why->code != ERR_DENIED)
		return;
	talk->making->refused = true;
	snprintf(talk->making->note, sizeof(talk->making->note), "waiting for its machine to let `%s` in",
		 talk->made_of->user);
}

static enum progress reach(struct talk *talk, struct error *err)
{
	struct making_server *making = talk->making;
	struct error why = {0};
	enum progress progress = openstack_inner(talk, connect_there, &why);

	if (!making->refused)
		note(talk, "waiting for its machine to answer");
	if (progress == PROGRESS_WAITING)
		return talk_sleep(talk);
	if (progress == PROGRESS_DONE)
		return remember(talk, err);
	if (making->known && !making->way_seen && network_floating_way(&making->server)) {
		making->way_seen = true;
		return network_floatings(talk, way_told, err);
	}
	if (may_answer_later(&why) && now_of(talk) < making->answer_by_ms) {
		tell_refused(talk, &why);
		return later(talk, reach, err);
	}
	*err = why;
	advise_way(talk, err);
	return PROGRESS_FAILED;
}

static enum progress open_it(struct talk *talk, struct error *err)
{
	struct making_server *making = talk->making;

	making->server.metadata = making->marks;
	talk->machine = openstack_machine_of(talk->openstack, &making->server, err);
	return talk->machine ? talk_go(talk, reach) : PROGRESS_FAILED;
}

/* --- which machine it is ---------------------------------------------------------------------------------
 */

static enum progress ask_console(struct talk *talk, struct error *err);

static enum progress no_key(struct talk *talk, struct error *err)
{
	fail(err, ERR_UNREACHABLE,
	     "location `%s`: the console of the server of `%s` tells no host key within %d s",
	     talk->openstack->location->name, talk->order.name, ANSWER_MS / 1000);
	remedy(err,
	       "take an image that prints its keys when it starts, as cloud-init does, or say `hostKey`: "
	       "the key that `userData` or the image gives it, or `accept-new`");
	return PROGRESS_FAILED;
}

static enum progress key_known(struct talk *talk, const char *key, struct error *err)
{
	struct making_server *making = talk->making;

	json_decref(making->marks);
	making->marks = json_pack("{s:s, s:s, s:s}", "berth.hostkey", key, "berth.user", talk->made_of->user,
				  "berth.address", making->address);
	return making->marks ? talk_go(talk, open_it) : talk_no_memory(err);
}

static enum progress console_told(struct talk *talk, struct error *err)
{
	struct making_server *making = talk->making;
	struct openstack_call *call = &talk->calls[0];
	bool not_yet =
	    openstack_away(call) || (call->error.code == OK && (call->status == 409 || call->status == 404));

	if (!openstack_ok(call) && !not_yet)
		return openstack_failed(call, err, "cannot read the log of the console");
	const json_t *json = openstack_ok(call) ? openstack_json(call, err) : NULL;
	if (openstack_ok(call) && !json)
		return PROGRESS_FAILED;
	const char *log = json_text(json, "output");
	const char *key = log ? openstack_console_key(log, &talk->arena) : NULL;
	if (!key)
		return now_of(talk) < making->answer_by_ms ? later(talk, ask_console, err)
							   : no_key(talk, err);
	return key_known(talk, key, err);
}

static enum progress ask_console(struct talk *talk, struct error *err)
{
	const char *known = json_text(talk->making->server.metadata, "berth.hostkey");

	if (talk->openstack->wishes.host_key)
		return key_known(talk, OPENSTACK_KEY_AS_SAID, err);
	if (known)
		return key_known(talk, known, err);
	const struct openstack_question question = {
	    .service = "compute",
	    .method = "POST",
	    .path = arena_format(&talk->arena, "/servers/%s/action", talk->making->id),
	    .body = json_pack("{s:{}}", "os-getConsoleOutput")};

	note(talk, "waiting for its host key");
	return openstack_ask_one(talk, &question, console_told, err);
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
	return is_active(making) ? ask_console(talk, err) : later(talk, poll, err);
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
		return later(talk, poll, err);
	talk->making->port = arena_text(&talk->arena, port);
	if (!talk->making->port)
		return talk_no_memory(err);
	note(talk, "getting a floating IP");
	const struct openstack_floating_wish wish = {.server = talk->making->id,
						     .port_id = talk->making->port,
						     .pool = talk->made_of->outer,
						     .fresh = talk->making->fresh};
	return network_floating(talk, talk->order.app, &wish, floating_there, err);
}

static enum progress find_address(struct talk *talk, struct error *err)
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
	return making->address ? ask_console(talk, err) : later(talk, poll, err);
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
	return PROGRESS_FAILED;
}

static enum progress active(struct talk *talk, struct error *err)
{
	struct making_server *making = talk->making;

	making->answer_by_ms = now_of(talk) + ANSWER_MS;
	talk->patient_until_ms = making->answer_by_ms;
	making->known = json_text(making->server.metadata, "berth.hostkey") != NULL;
	if (!making->known)
		return openstack_choose_making(talk, find_address, err);
	json_decref(making->marks);
	making->marks = json_incref((json_t *)making->server.metadata);
	return open_it(talk, err);
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
	return later(talk, poll, err);
}

static enum progress start_server(struct talk *talk, struct error *err)
{
	const struct openstack_question question = {
	    .service = "compute",
	    .method = "POST",
	    .path = arena_format(&talk->arena, "/servers/%s/action", talk->making->id),
	    .body = json_pack("{s:n}", openstack_start_word(&talk->making->server))};

	note(talk, "starting its server");
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
	if (now_of(talk) < making->made_by_ms)
		return is_early(talk) ? find_address(talk, err) : later(talk, poll, err);
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
		   ? openstack_share_servers(talk, now_of(talk) - POLL_MS / 2, polled_together, err)
		   : poll_alone(talk, err);
}

/* --- found -----------------------------------------------------------------------------------------------
 */

static enum progress find_later(struct talk *talk, struct error *err)
{
	return later(talk, find, err);
}

static enum progress remove_unfit(struct talk *talk, const char *id, struct error *err)
{
	note(talk, "removing a server that is to be made anew");
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
		return later(talk, poll, err);
	}
	if (now_of(talk) < making->doubt_until_ms)
		return later(talk, find, err);
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
	if (now_of(talk) > making->made_by_ms) {
		fail(err, ERR_TIMED_OUT, "location `%s`: the server of `%s` is not gone after %d s",
		     talk->openstack->location->name, talk->order.name, OPENSTACK_MADE_MS / 1000);
		return PROGRESS_FAILED;
	}
	if (server->task && !strcmp(server->task, "deleting"))
		return later(talk, find, err);
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
		   ? openstack_share_servers(talk, now_of(talk), found, err)
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
	talk->making->made_by_ms = now_of(talk) + OPENSTACK_MADE_MS;
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
