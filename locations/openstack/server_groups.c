/* server_groups.c - the server groups of an application at Nova: one for each component whose servers are to
 * be beside each other, or apart. */
#include <string.h>

#include "base/cleanup.h"
#include "locations/openstack/openstack.h"

enum {
	POLICIES_OLDEST = 64, /* 2.64: one policy, and not a list of one */
	SOFT_OLDEST = 15,
	POSTS_MOST = 3,
	LATER_MS = 1000,
	TURN_MS = 100,
};

static const char *const policies[] = {"affinity", "anti-affinity", "soft-affinity", "soft-anti-affinity"};

/* Having one, or letting go of all. */
struct grouping {
	const char *name;   /* of that one; or how the names of all begin */
	const char *policy; /* NULL: it is somebody's own, and there already */
	const char *id;     /* found */
	json_t *ids;        /* that go */
	unsigned posts;
	struct openstack *openstack;
	talk_step *then;
};

static void leave_turn(struct grouping *grouping)
{
	if (grouping->openstack->grouping == grouping)
		grouping->openstack->grouping = NULL;
}

static void release_grouping(void *own)
{
	struct grouping *grouping = own;

	leave_turn(grouping);
	json_decref(grouping->ids);
}

static struct grouping *begin(struct talk *talk, talk_step *then)
{
	struct grouping *grouping = arena_array(&talk->arena, struct grouping, 1);

	if (!grouping)
		return NULL;
	grouping->then = then;
	grouping->openstack = talk->openstack;
	grouping->ids = json_array();
	talk_own(talk, grouping, release_grouping);
	return grouping;
}

static const char *policy_of(const char *wish)
{
	for (size_t i = 0; i < COUNT_OF(policies); i++)
		if (!strcmp(policies[i], wish))
			return policies[i];
	return NULL;
}

bool openstack_is_policy(const char *wish)
{
	return policy_of(wish) != NULL;
}

static int version_of(const struct openstack *openstack)
{
	return openstack_microversion(&openstack->nova, OLDEST_NOVA, NEWEST_NOVA);
}

static talk_step list_groups;

/* --- those that go ---------------------------------------------------------------------------------------
 */

static enum progress drop_next(struct talk *talk, struct error *err);

static enum progress dropped(struct talk *talk, struct error *err)
{
	struct openstack_call *call = &talk->calls[0];

	if (!openstack_ok(call) && !openstack_absent(call))
		return openstack_failed(call, err, "cannot remove a server group");
	return drop_next(talk, err);
}

static enum progress drop_next(struct talk *talk, struct error *err)
{
	struct grouping *grouping = talk->own;
	size_t left = json_array_size(grouping->ids);

	if (!left) {
		leave_turn(grouping);
		return talk_go(talk, grouping->then);
	}
	const char *path = arena_format(&talk->arena, "/os-server-groups/%s",
					json_string_value(json_array_get(grouping->ids, left - 1)));
	const struct openstack_question question = {.service = "compute", .method = "DELETE", .path = path};
	json_array_remove(grouping->ids, left - 1);
	return path ? openstack_ask_one(talk, &question, dropped, err) : talk_no_memory(err);
}

/* "berth.shop.web.anti-affinity": nobody else calls one so. */
static bool is_of_application(const char *name, const char *prefix)
{
	const char *policy = name ? strrchr(name, '.') : NULL;

	return policy && starts_with(name, prefix) && policy_of(policy + 1) != NULL;
}

const char *openstack_server_group_app(struct arena *arena, const char *name)
{
	size_t begin = strlen("berth.");

	if (!name || !is_of_application(name, "berth.") || name + begin > strrchr(name, '.'))
		return NULL;
	size_t length = strcspn(name + begin, ".");
	const char *component = name + begin + length + 1;
	return length && component < strrchr(name, '.') ? arena_copy(arena, name + begin, length) : NULL;
}

/* --- the one that counts ---------------------------------------------------------------------------------
 */

static enum progress made(struct talk *talk, struct error *err)
{
	const struct grouping *grouping = talk->own;
	struct openstack_call *call = &talk->calls[0];
	bool lost = call->error.code == ERR_UNREACHABLE || call->error.code == ERR_TIMED_OUT;

	if (lost && grouping->posts < POSTS_MOST)
		return talk_pause(talk, LATER_MS, list_groups, err);
	return openstack_ok(call) ? list_groups(talk, err)
				  : openstack_failed(call, err, "cannot make a server group");
}

static enum progress make(struct talk *talk, struct error *err)
{
	struct grouping *grouping = talk->own;
	int version = version_of(talk->openstack);
	bool list = version < POLICIES_OLDEST;
	json_t *group = json_pack("{s:s}", "name", grouping->name);

	if (starts_with(grouping->policy, "soft-") && version < SOFT_OLDEST) {
		json_decref(group);
		fail(err, ERR_UNSUPPORTED, "location `%s`: this Nova knows no server groups of %s",
		     talk->openstack->location->name, grouping->policy);
		return PROGRESS_FAILED;
	}
	grouping->posts++;
	json_put(group, list ? "policies" : "policy",
		 list ? json_pack("[s]", grouping->policy) : json_string(grouping->policy));
	const struct openstack_question question = {.service = "compute",
						    .method = "POST",
						    .path = "/os-server-groups",
						    .body = json_pack("{s:o}", "server_group", group)};
	return openstack_ask_one(talk, &question, made, err);
}

static enum progress none_there(struct talk *talk, struct error *err)
{
	const struct grouping *grouping = talk->own;

	if (grouping->policy && grouping->posts < POSTS_MOST)
		return make(talk, err);
	if (grouping->policy) {
		fail(err, ERR_UNREACHABLE, "location `%s`: the server group `%s` was made, and is not listed",
		     talk->openstack->location->name, grouping->name);
		return PROGRESS_FAILED;
	}
	fail(err, ERR_MISSING, "location `%s`: there is no server group `%s`",
	     talk->openstack->location->name, grouping->name);
	remedy(err,
	       "or write one of the policies: affinity, anti-affinity, soft-affinity, soft-anti-affinity");
	return PROGRESS_FAILED;
}

/* Of several the one of the lowest id: two may have come about at once. The others have nobody. */
static void choose(struct grouping *grouping, const json_t *list)
{
	for (size_t i = 0; i < json_array_size(list); i++) {
		const json_t *group = json_array_get(list, i);
		const char *id = openstack_id(group), *name = json_text(group, "name");
		bool fits =
		    id && name &&
		    (!strcmp(name, grouping->name) || (!grouping->policy && !strcmp(id, grouping->name)));
		if (fits && (!grouping->id || strcmp(id, grouping->id) < 0))
			grouping->id = id;
	}
	for (size_t i = 0; grouping->policy && i < json_array_size(list); i++) {
		const json_t *group = json_array_get(list, i);
		const char *id = openstack_id(group), *name = json_text(group, "name");
		if (id && name && !strcmp(name, grouping->name) && strcmp(id, grouping->id) != 0 &&
		    !json_array_size(json_object_get(group, "members")))
			json_add(grouping->ids, json_any_text(id));
	}
}

static enum progress listed(struct talk *talk, struct error *err)
{
	struct grouping *grouping = talk->own;
	struct openstack_call *call = &talk->calls[0];

	if (!openstack_ok(call))
		return openstack_failed(call, err, "cannot list server groups");
	const json_t *list = openstack_list(call, "server_groups", err);
	if (!list)
		return PROGRESS_FAILED;
	choose(grouping, list);
	if (!grouping->id)
		return none_there(talk, err);
	grouping->id = arena_text(&talk->arena, grouping->id);
	return grouping->id ? drop_next(talk, err) : talk_no_memory(err);
}

static enum progress list_groups(struct talk *talk, struct error *err)
{
	return openstack_read(talk, "compute", "/os-server-groups", listed, err);
}

/* Members that are placed at the same time find the one that the first of them made: of two, the one that
 * does not count would go while somebody makes his server in it. */
static enum progress take_turn(struct talk *talk, struct error *err)
{
	struct openstack *openstack = talk->openstack;

	if (openstack->grouping && openstack->grouping != talk->own)
		return talk_pause(talk, TURN_MS, take_turn, err);
	openstack->grouping = talk->own;
	return list_groups(talk, err);
}

enum progress openstack_have_server_group(struct talk *talk, const char *app, const char *component,
					  talk_step *next, struct error *err)
{
	const char *wish = talk->made_of->wishes.server_group;
	struct grouping *grouping = begin(talk, next);

	if (!grouping)
		return talk_no_memory(err);
	grouping->policy = policy_of(wish);
	grouping->name =
	    grouping->policy ? arena_format(&talk->arena, "berth.%s.%s.%s", app, component, wish) : wish;
	return grouping->name ? take_turn(talk, err) : talk_no_memory(err);
}

const char *openstack_server_group_found(const struct talk *talk)
{
	return ((const struct grouping *)talk->own)->id;
}

/* --- taken away ------------------------------------------------------------------------------------------
 */

static bool makes_groups(const struct openstack *openstack)
{
	bool makes = openstack->wishes.server_group && policy_of(openstack->wishes.server_group);

	for (const struct openstack_making *making = openstack->makings; making; making = making->next)
		makes |= making->wishes.server_group && policy_of(making->wishes.server_group);
	return makes;
}

static void tell_left(struct talk *talk, struct openstack_call *call)
{
	const struct location *location = talk->openstack->location;
	struct error why = {0};
	owned_text words = {0};

	openstack_failed(call, &why, "cannot list server groups");
	text_format(
	    &words,
	    "%s; one of `%s` may be left: `openstack server group list` shows those called `berth.%s.*`",
	    why.text, talk->order.app, talk->order.app);
	if (location->say)
		location->say(location->say_owner, text_view(&words));
}

static enum progress all_listed(struct talk *talk, struct error *err)
{
	struct grouping *grouping = talk->own;
	struct openstack_call *call = &talk->calls[0];

	/* Not every cloud has them, or lets its users ask for them; who was let make one is told that. */
	if (openstack_withheld(call)) {
		if (!openstack_absent(call) && makes_groups(talk->openstack))
			tell_left(talk, call);
		return talk_go(talk, grouping->then);
	}
	if (!openstack_ok(call))
		return openstack_failed(call, err, "cannot list server groups");
	const json_t *list = openstack_list(call, "server_groups", err);
	if (!list)
		return PROGRESS_FAILED;
	for (size_t i = 0; i < json_array_size(list); i++) {
		const json_t *group = json_array_get(list, i);
		if (is_of_application(json_text(group, "name"), grouping->name) && openstack_id(group))
			json_add(grouping->ids, json_any_text(openstack_id(group)));
	}
	return drop_next(talk, err);
}

enum progress openstack_drop_server_groups(struct talk *talk, talk_step *next, struct error *err)
{
	struct grouping *grouping = begin(talk, next);

	if (!grouping)
		return talk_no_memory(err);
	grouping->name = arena_format(&talk->arena, "berth.%s.", talk->order.app);
	return grouping->name ? openstack_read(talk, "compute", "/os-server-groups", all_listed, err)
			      : talk_no_memory(err);
}
