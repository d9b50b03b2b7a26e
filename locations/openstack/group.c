/* group.c - an application's own security group: who has the application and whose deploy is under way is
 * kept in its description, which Neutron changes only for who knows its revision. */
#include <stdio.h>
#include <string.h>

#include "base/cleanup.h"
#include "locations/openstack/network.h"
#include "locations/openstack/reading.h"

#define MARK "berth"

enum { MOST = 255, TRIES_MOST = 12, PAUSE_AGAIN_MS = 300, WAITS_MOST = 60 };

/* What a description keeps behind "berth ": [id, words, place, token, words, expires]. */
struct kept {
	const char *id, *words, *place; /* "" each: nobody's */
	const char *token, *lease_words;
	int64_t expires_ms;
	bool garbled; /* nobody knows whose it is, so it is somebody's */
};

struct group {
	const char *id;
	int64_t revision, created_ms;
	struct kept kept;
};

/* One talk about it. */
struct holding {
	struct group group;
	bool there;
	const char *made; /* the id of one that this talk made */
	int64_t now_ms;   /* by the cloud's clock */
	unsigned tries, waits;
	/* Changes what is kept: 1: that is to be written, 0: nothing is to be done, -1: no memory. */
	int (*change)(struct talk *talk, struct holding *holding, struct error *err);
	talk_step *then; /* with the group as it is */
	bool make;       /* where there is none */
};

/* --- descriptions ----------------------------------------------------------------------------------------
 */

static json_t *cut(const char *words, size_t most)
{
	size_t length = 0;

	while (words[length] && length + utf8_length(words + length) <= most) {
		size_t one = utf8_length(words + length);
		length += one ? one : 1;
	}
	return json_stringn(words, length);
}

/* Words are for people: they are cut where there is no room. */
static char *description_of(const struct kept *kept)
{
	for (size_t room = 80;; room -= 8) {
		owned_json list =
		    json_pack("[s,o,s,s,o,I]", kept->id, cut(kept->words, room), kept->place, kept->token,
			      cut(kept->lease_words, room), (json_int_t)kept->expires_ms);
		struct text text = {0};
		text_add(&text, MARK " ");
		json_add_line(&text, list);
		if (!list || text.failed || text.length <= MOST)
			return list ? text_take(&text) : (text_release(&text), NULL);
		text_release(&text);
		if (!room)
			return NULL;
	}
}

static const char *item(const json_t *list, size_t i)
{
	const char *text = json_string_value(json_array_get(list, i));

	return text ? text : "";
}

static bool is_formed(const json_t *list)
{
	for (size_t i = 0; i < 5; i++)
		if (!json_is_string(json_array_get(list, i)))
			return false;
	return json_is_integer(json_array_get(list, 5));
}

/* false: it is none of ours. Texts in `arena`; NULL where memory failed. */
static bool read_kept(const char *description, struct arena *arena, struct kept *ret)
{
	if (!description || !starts_with(description, MARK))
		return false;
	owned_json list =
	    description[strlen(MARK)] ? json_loads(description + strlen(MARK " "), 0, NULL) : NULL;
	bool garbled = description[strlen(MARK)] && !is_formed(list);
	*ret = (struct kept){
	    .garbled = garbled,
	    .id = arena_text(arena, garbled ? "?" : item(list, 0)),
	    .words = arena_text(arena, garbled ? "nobody knows whom (the description of its security group "
						 "cannot be read)"
					       : item(list, 1)),
	    .place = arena_text(arena, item(list, 2)),
	    .token = arena_text(arena, item(list, 3)),
	    .lease_words = arena_text(arena, item(list, 4)),
	    .expires_ms = json_integer_value(json_array_get(list, 5)),
	};
	return true;
}

static bool is_whole(const struct kept *kept)
{
	return kept->id && kept->words && kept->place && kept->token && kept->lease_words;
}

bool openstack_group_held(const char *description)
{
	owned_arena arena = {0};
	struct kept kept;

	return read_kept(description, &arena, &kept) && (!is_whole(&kept) || *kept.id || *kept.token);
}

/* --- found ------------------------------------------------------------------------------------------------
 */

static bool group_before(const struct group *a, const struct group *b)
{
	if (a->created_ms != b->created_ms)
		return a->created_ms < b->created_ms;
	return strcmp(a->id, b->id) < 0;
}

/* Whose the application is stood there, and somebody wrote something else. */
static int refuse_garbled(const struct talk *talk, const struct group *group, const char *name,
			  struct error *err)
{
	fail(err, ERR_CONFLICT,
	     "location `%s`: the description of the security group `%s` (%s), which tells whose the "
	     "application is, "
	     "cannot be read",
	     talk->openstack->location->name, name, group->id);
	remedy(err, "when nobody else has it: openstack security group set --description berth %s",
	       group->id);
	return -1;
}

/* The oldest of ours; *ret_other: of that name there is one that is not. 0 or -1. */
static int choose_group(struct talk *talk, const json_t *list, struct holding *holding, struct error *err)
{
	const char *name = openstack_group_name(&talk->arena, talk->order.app, NULL), *stranger = NULL;

	holding->there = false;
	for (size_t i = 0; i < json_array_size(list); i++) {
		const json_t *json = json_array_get(list, i);
		const char *id = openstack_id(json), *theirs = json_text(json, "name");
		const char *created = json_text(json, "created_at");
		struct group group = {.revision = json_number(json, "revision_number", 0)};
		if (!id || !theirs || !name || strcmp(theirs, name) != 0)
			continue;
		if (!read_kept(json_text(json, "description"), &talk->arena, &group.kept)) {
			stranger = id;
			continue;
		}
		group.id = arena_text(&talk->arena, id);
		group.created_ms = created ? openstack_time(created) : 0;
		if (!group.id || !is_whole(&group.kept))
			return fail_memory(err);
		if (!holding->there || group_before(&group, &holding->group))
			holding->group = group;
		holding->there = true;
	}
	if (holding->there && holding->group.kept.garbled)
		return refuse_garbled(talk, &holding->group, name, err);
	if (stranger && !holding->there)
		return fail(err, ERR_CONFLICT,
			    "location `%s`: there is a security group `%s` that berth did not make",
			    talk->openstack->location->name, name);
	return 0;
}

static talk_step find, decide;

static enum progress again(struct talk *talk, struct error *err)
{
	struct holding *holding = talk->own;

	if (++holding->tries > TRIES_MOST) {
		fail(err, ERR_UNREACHABLE, "location `%s`: the security group of `%s` changes all the time",
		     talk->openstack->location->name, talk->order.app);
		return PROGRESS_FAILED;
	}
	return talk_pause(talk, PAUSE_AGAIN_MS, find, err);
}

/* What did not come to an answer is looked at again. */
static bool is_doubtful(const struct openstack_call *call)
{
	return call->error.code == ERR_UNREACHABLE || call->error.code == ERR_TIMED_OUT ||
	       (call->error.code == OK &&
		(call->status == 412 || call->status == 404 || call->status >= 500));
}

static enum progress found(struct talk *talk, struct error *err)
{
	struct holding *holding = talk->own;
	struct openstack_call *call = &talk->calls[0];

	if (!openstack_ok(call))
		return openstack_failed(call, err, "cannot look for the security group");
	const json_t *list = openstack_list(call, "security_groups", err);
	holding->now_ms = openstack_clock(call);
	if (!list || choose_group(talk, list, holding, err) < 0)
		return PROGRESS_FAILED;
	return talk_go(talk, decide);
}

/* Who administers the cloud is told those of all projects. */
static enum progress find(struct talk *talk, struct error *err)
{
	const char *name = openstack_group_name(&talk->arena, talk->order.app, NULL);
	const char *path = name ? arena_format(&talk->arena, "/v2.0/security-groups?project_id=%s&name=%s",
					       talk->openstack->session.token.project_id, name)
				: NULL;

	return openstack_read(talk, "network", path, found, err);
}

/* --- made and changed ------------------------------------------------------------------------------------
 */

static enum progress made(struct talk *talk, struct error *err)
{
	struct holding *holding = talk->own;
	struct openstack_call *call = &talk->calls[0];

	const char *id = openstack_made(call, "security_group", err);

	if (is_doubtful(call) || (openstack_ok(call) && !id))
		return again(talk, err);
	if (!openstack_ok(call))
		return openstack_failed(call, err, "cannot make the security group");
	holding->made = arena_text(&talk->arena, id);
	return holding->made ? find(talk, err) : talk_no_memory(err);
}

static enum progress make(struct talk *talk, struct error *err)
{
	static const struct kept nothing = {"", "", "", "", "", 0, false};
	owned_memory char *description = description_of(&nothing);
	const char *name = openstack_group_name(&talk->arena, talk->order.app, NULL);

	if (!description || !name)
		return talk_no_memory(err);
	const struct openstack_question question = {
	    .service = "network",
	    .method = "POST",
	    .path = "/v2.0/security-groups",
	    .body = json_pack("{s:{s:s, s:s}}", "security_group", "name", name, "description", description)};
	return openstack_ask_one(talk, &question, made, err);
}

static enum progress written(struct talk *talk, struct error *err)
{
	struct openstack_call *call = &talk->calls[0];

	if (is_doubtful(call))
		return again(talk, err);
	if (!openstack_ok(call))
		return openstack_failed(call, err, "cannot change the security group");
	return talk_go(talk, ((struct holding *)talk->own)->then);
}

static enum progress write_down(struct talk *talk, struct error *err)
{
	const struct holding *holding = talk->own;
	owned_memory char *description = description_of(&holding->group.kept);

	if (holding->group.revision <= 0) {
		fail(
		    err, ERR_UNSUPPORTED,
		    "location `%s`: Neutron tells no `revision_number` of the security group of `%s`: of two "
		    "who write there at once neither would know",
		    talk->openstack->location->name, talk->order.app);
		return PROGRESS_FAILED;
	}
	if (!description) {
		fail(err, ERR_INVALID, "who has `%s` cannot be kept in a description", talk->order.app);
		return PROGRESS_FAILED;
	}
	const struct openstack_question question = {
	    .service = "network",
	    .method = "PUT",
	    .path = arena_format(&talk->arena, "/v2.0/security-groups/%s", holding->group.id),
	    .body = json_pack("{s:{s:s}}", "security_group", "description", description),
	    .revision = holding->group.revision};
	return openstack_ask_one(talk, &question, written, err);
}

static enum progress loser_gone(struct talk *talk, struct error *err)
{
	struct openstack_call *call = &talk->calls[0];

	if (!openstack_ok(call) && !openstack_absent(call))
		return openstack_failed(call, err, "cannot remove a second security group");
	((struct holding *)talk->own)->made = NULL;
	return decide(talk, err);
}

/* Two made it at once: the older one counts, and whose is not takes his own away. */
static enum progress lose(struct talk *talk, struct error *err)
{
	const struct openstack_question question = {
	    .service = "network",
	    .method = "DELETE",
	    .path =
		arena_format(&talk->arena, "/v2.0/security-groups/%s", ((struct holding *)talk->own)->made)};

	return openstack_ask_one(talk, &question, loser_gone, err);
}

/* A service that answers from copies of what it knows may be behind: another one would be made each time. */
static enum progress wait_for_listing(struct talk *talk, struct error *err)
{
	if (((struct holding *)talk->own)->waits++ < WAITS_MOST)
		return talk_pause(talk, PAUSE_MS, find, err);
	fail(err, ERR_UNREACHABLE, "location `%s`: the security group of `%s` was made and is not listed",
	     talk->openstack->location->name, talk->order.app);
	return PROGRESS_FAILED;
}

static enum progress decide(struct talk *talk, struct error *err)
{
	struct holding *holding = talk->own;

	if (!holding->there && holding->made)
		return wait_for_listing(talk, err);
	if (!holding->there)
		return holding->make ? make(talk, err) : talk_go(talk, holding->then);
	if (holding->made && strcmp(holding->made, holding->group.id) != 0)
		return lose(talk, err);
	int change = holding->change ? holding->change(talk, holding, err) : 0;
	if (change < 0)
		return PROGRESS_FAILED;
	return change ? write_down(talk, err) : talk_go(talk, holding->then);
}

static enum progress hold(struct talk *talk, const struct holding *wanted, struct error *err)
{
	struct holding *holding = arena_array(&talk->arena, struct holding, 1);

	if (!holding)
		return talk_no_memory(err);
	*holding = *wanted;
	talk_own(talk, holding, NULL);
	return openstack_enter(talk, find, err);
}

/* --- claim ------------------------------------------------------------------------------------------------
 */

static int take_claim(struct talk *talk, struct holding *holding, struct error *err)
{
	const struct openstack_order *order = &talk->order;
	struct kept *kept = &holding->group.kept;
	const char *place = order->owner->place ? order->owner->place : "";
	bool ours = !strcmp(kept->id, order->owner->id);

	(void)err;
	if (*kept->id && !ours && !order->adopt)
		return 0;
	if (ours && !strcmp(kept->place, place))
		return 0;
	kept->id = order->owner->id;
	kept->words = order->owner->words ? order->owner->words : "";
	kept->place = place;
	return 1;
}

static enum progress claimed(struct talk *talk, struct error *err)
{
	const struct holding *holding = talk->own;
	const struct kept *kept = &holding->group.kept;
	struct owner *holder = talk->order.holder;

	holder->id = arena_text(talk->order.arena, kept->id);
	holder->words = arena_text(talk->order.arena, kept->words);
	holder->place = arena_text(talk->order.arena, kept->place);
	return holder->id && holder->words && holder->place ? PROGRESS_DONE : talk_no_memory(err);
}

enum progress claim_openstack(struct talk *talk, struct error *err)
{
	const struct holding wanted = {.make = true, .change = take_claim, .then = claimed};

	return hold(talk, &wanted, err);
}

/* --- lease ------------------------------------------------------------------------------------------------
 */

static bool is_in_force(const struct holding *holding)
{
	return *holding->group.kept.token && holding->group.kept.expires_ms > holding->now_ms;
}

static int take_lease(struct talk *talk, struct holding *holding, struct error *err)
{
	const struct lease *lease = talk->order.lease;
	struct kept *kept = &holding->group.kept;

	(void)err;
	if (is_in_force(holding) && strcmp(kept->token, lease->token) != 0)
		return 0;
	kept->token = lease->token;
	kept->lease_words = lease->words ? lease->words : "";
	kept->expires_ms = holding->now_ms + lease->ttl_ms;
	return 1;
}

static enum progress leased(struct talk *talk, struct error *err)
{
	const struct holding *holding = talk->own;
	const struct kept *kept = &holding->group.kept;
	struct lease *holder = talk->order.lease_holder;

	holder->token = arena_text(talk->order.arena, kept->token);
	holder->words = arena_text(talk->order.arena, kept->lease_words);
	holder->ttl_ms = kept->expires_ms - holding->now_ms;
	return holder->token && holder->words ? PROGRESS_DONE : talk_no_memory(err);
}

enum progress lease_openstack(struct talk *talk, struct error *err)
{
	const struct holding wanted = {.make = true, .change = take_lease, .then = leased};

	return hold(talk, &wanted, err);
}

/* --- given back -------------------------------------------------------------------------------------------
 */

static enum progress ready(struct talk *talk, struct error *err)
{
	(void)talk, (void)err;
	return PROGRESS_DONE;
}

/* Nobody's, and nobody is at work: it goes, with those of its components. */
static enum progress let_go(struct talk *talk, struct error *err)
{
	const struct holding *holding = talk->own;
	const struct kept *kept = &holding->group.kept;

	if (!holding->there || *kept->id || *kept->token)
		return PROGRESS_DONE;
	return network_fence(talk, FENCE_GONE, talk->order.app, NULL, ready, err);
}

static int drop_claim(struct talk *talk, struct holding *holding, struct error *err)
{
	struct kept *kept = &holding->group.kept;

	(void)talk, (void)err;
	if (!*kept->id)
		return 0;
	kept->id = kept->words = kept->place = "";
	return 1;
}

enum progress disclaim_openstack(struct talk *talk, struct error *err)
{
	const struct holding wanted = {.change = drop_claim, .then = let_go};

	return hold(talk, &wanted, err);
}

static int drop_lease(struct talk *talk, struct holding *holding, struct error *err)
{
	struct kept *kept = &holding->group.kept;

	(void)err;
	if (!*kept->token || strcmp(kept->token, talk->order.token) != 0)
		return 0;
	kept->token = kept->lease_words = "";
	kept->expires_ms = 0;
	return 1;
}

/* Where somebody lives it is in use. */
static enum progress let_go_of_empty(struct talk *talk, struct error *err)
{
	return talk->inhabited ? PROGRESS_DONE : let_go(talk, err);
}

static enum progress without_doubles(struct talk *talk, struct error *err)
{
	const struct holding wanted = {.change = drop_lease, .then = let_go_of_empty};

	return hold(talk, &wanted, err);
}

static enum progress sweep(struct talk *talk, struct error *err)
{
	return network_floating_swept(talk, talk->order.app, without_doubles, err);
}

static enum progress remove_doubles(struct talk *talk, struct error *err)
{
	return openstack_remove_doubles(talk, sweep, err);
}

enum progress tidy_openstack(struct talk *talk, struct error *err)
{
	return openstack_enter(talk, remove_doubles, err);
}

/* --- what is needed once ----------------------------------------------------------------------------------
 */

static enum progress let_in(struct talk *talk, struct error *err)
{
	talk->openstack->shut &= talk->order.prepare->openings == NULL;
	return openstack_have_key(talk, talk->order.app, ready, err);
}

static enum progress fence(struct talk *talk, struct error *err)
{
	const struct openings *openings = talk->order.prepare->openings;

	return network_fence(talk, openings ? FENCE_ALL : FENCE_OWN, talk->order.app, openings, let_in, err);
}

enum progress prepare_openstack(struct talk *talk, struct error *err)
{
	return openstack_enter(talk, fence, err);
}

static enum progress drop_server_groups(struct talk *talk, struct error *err)
{
	return openstack_drop_server_groups(talk, ready, err);
}

static enum progress drop_keys(struct talk *talk, struct error *err)
{
	return openstack_drop_keys(talk, drop_server_groups, err);
}

enum progress release_openstack(struct talk *talk, struct error *err)
{
	return openstack_enter(talk, drop_keys, err);
}

/* --- listed -----------------------------------------------------------------------------------------------
 */

static int tell_group(struct talk *talk, const char *app, const struct kept *kept,
		      struct inventory_claim *claims, struct inventory_object *objects,
		      struct inventory *inventory)
{
	struct arena *arena = &inventory->arena;
	const char *name = openstack_group_name(arena, app, NULL);

	app = arena_text(arena, app);
	if (!app || !name || !is_whole(kept))
		return -1;
	if (*kept->id)
		claims[inventory->claim_count++] =
		    (struct inventory_claim){app, kept->id, kept->words, kept->place};
	if (talk->order.app) {
		inventory->prepared = true;
		inventory->lease = *kept->token ? kept->token : NULL;
		return 0;
	}
	objects[inventory->object_count++] = (struct inventory_object){app, "security group", name};
	if (*kept->token)
		objects[inventory->object_count++] =
		    (struct inventory_object){app, "lease", kept->lease_words};
	return 0;
}

/* Of several of one name the older one counts. */
static bool is_older(const json_t *a, const json_t *b)
{
	const char *made_a = json_text(a, "created_at"), *made_b = json_text(b, "created_at");
	const struct group left = {.id = json_text(a, "id") ?: "",
				   .created_ms = made_a ? openstack_time(made_a) : 0};
	const struct group right = {.id = json_text(b, "id") ?: "",
				    .created_ms = made_b ? openstack_time(made_b) : 0};

	return group_before(&left, &right);
}

static bool counts(const json_t *list, const json_t *group)
{
	const char *name = json_text(group, "name");

	for (size_t i = 0; i < json_array_size(list); i++) {
		const json_t *other = json_array_get(list, i);
		const char *theirs = json_text(other, "name"), *description = json_text(other, "description");
		if (theirs && !strcmp(theirs, name) && description && starts_with(description, MARK) &&
		    is_older(other, group))
			return false;
	}
	return true;
}

int openstack_claims(struct talk *talk, const json_t *list, struct inventory *inventory, struct error *err)
{
	struct arena *arena = &inventory->arena;
	size_t count = json_array_size(list);
	struct inventory_claim *claims = arena_array(arena, struct inventory_claim, count + 1);
	struct inventory_object *objects = arena_array(arena, struct inventory_object, 2 * count + 1);

	if (!claims || !objects)
		return fail_memory(err);
	inventory->claims = claims;
	inventory->objects = objects;
	for (size_t i = 0; i < count; i++) {
		const json_t *json = json_array_get(list, i);
		const char *name = json_text(json, "name");
		struct kept kept;
		if (!name || !starts_with(name, "berth.") || strchr(name + strlen("berth."), '.') ||
		    (talk->order.app && strcmp(name + strlen("berth."), talk->order.app) != 0) ||
		    !read_kept(json_text(json, "description"), arena, &kept) || !counts(list, json))
			continue;
		if (tell_group(talk, name + strlen("berth."), &kept, claims, objects, inventory) < 0)
			return fail_memory(err);
	}
	return 0;
}
