/* reach.c - the machine of a server is reached: its console tells which one that is, it is tried until it
 * lets its user in, and how one logs in is written down for whoever comes later. */
#include <stdio.h>

#include "base/json.h"
#include "locations/location.h"
#include "locations/openstack/network.h"
#include "locations/openstack/place.h"

/* --- written down ----------------------------------------------------------------------------------------
 */

static enum progress remember(struct talk *talk, struct error *err);

static enum progress remembered(struct talk *talk, struct error *err)
{
	struct openstack_call *call = &talk->calls[0];

	if (openstack_away(call) && talk_now(talk) < talk->making->answer_by_ms)
		return place_later(talk, remember, err);
	if (!openstack_ok(call))
		return openstack_failed(call, err, "cannot write down how to log in");
	return talk_go(talk, place_inside);
}

/* Whoever comes later, from wherever, logs in to that very machine. */
static enum progress remember(struct talk *talk, struct error *err)
{
	const struct making_server *making = talk->making;

	if (making->known)
		return talk_go(talk, place_inside);
	const struct openstack_question question = {
	    .service = "compute",
	    .method = "POST",
	    .path = arena_format(&talk->arena, "/servers/%s/metadata", making->id),
	    .body = json_pack("{s:O}", "metadata", making->marks)};
	return openstack_ask_one(talk, &question, remembered, err);
}

/* --- logged in to ----------------------------------------------------------------------------------------
 */

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

/* What led to it may be gone since: then it gets another way, and its machine is the one it was. */
static enum progress way_told(struct talk *talk, struct error *err)
{
	struct making_server *making = talk->making;
	bool lost;

	if (network_floating_lost(talk, network_floating_way(&making->server), &lost, err) < 0)
		return PROGRESS_FAILED;
	if (!lost)
		return place_later(talk, reach, err);
	making->known = false;
	return openstack_choose_making(talk, place_address, err);
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
		place_note(talk, "waiting for its machine to answer");
	if (progress == PROGRESS_WAITING)
		return talk_sleep(talk);
	if (progress == PROGRESS_DONE)
		return remember(talk, err);
	if (making->known && !making->way_seen && network_floating_way(&making->server)) {
		making->way_seen = true;
		return network_floatings(talk, way_told, err);
	}
	if (may_answer_later(&why) && talk_now(talk) < making->answer_by_ms) {
		tell_refused(talk, &why);
		return place_later(talk, reach, err);
	}
	*err = why;
	advise_way(talk, err);
	return PROGRESS_FAILED;
}

enum progress reach_known(struct talk *talk, struct error *err)
{
	struct making_server *making = talk->making;

	making->server.metadata = making->marks;
	talk->machine = openstack_machine_of(talk->openstack, &making->server, err);
	return talk->machine ? talk_go(talk, reach) : PROGRESS_FAILED;
}

/* --- which machine it is ---------------------------------------------------------------------------------
 */

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
	return making->marks ? talk_go(talk, reach_known) : talk_no_memory(err);
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
		return talk_now(talk) < making->answer_by_ms ? place_later(talk, reach_new, err)
							     : no_key(talk, err);
	return key_known(talk, key, err);
}

enum progress reach_new(struct talk *talk, struct error *err)
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

	place_note(talk, "waiting for its host key");
	return openstack_ask_one(talk, &question, console_told, err);
}
