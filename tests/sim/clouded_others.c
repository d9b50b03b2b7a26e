/* clouded_others.c - what others of the project do beside an application on an OpenStack, and the cloud
 * itself: doubles and namesakes of its servers, somebody else at work, images that go, tokens that end,
 * requests that are too many. */
#include <stdio.h>
#include <string.h>

#include "base/cleanup.h"
#include "tests/sim/clouded.h"

enum { TOKEN_MS = 40000, WORK_MS = 600000 };

const char *const clouded_other_faults[] = {"a server of OpenStack is there twice",
					    "a server of OpenStack has a namesake",
					    "somebody else is at work with OpenStack",
					    "an image of OpenStack goes",
					    "tokens of OpenStack end",
					    "requests of OpenStack are too many",
					    NULL};
enum { FAULT_TWICE, FAULT_NAMESAKE, FAULT_WORK, FAULT_IMAGE, FAULT_TOKEN, FAULT_MANY };

static void meet(struct theatre *stage, int fault)
{
	stage_disturb(stage, clouded_other_faults[fault]);
	stage_say(stage, "fault: %s", clouded_other_faults[fault]);
}

/* --- servers -------------------------------------------------------------------------------------------- */

/* As whoever made ours asked for it: a creation that arrives late is such a one. */
static json_t *asked_for(struct clouded *clouded, const char *server)
{
	static const char *const later[] = {"berth.hostkey", "berth.user", "berth.address"};
	owned_json servers = openstack_cloud_list(clouded->cloud, "servers");
	for (size_t i = 0; i < json_array_size(servers); i++) {
		const json_t *row = json_array_get(servers, i);
		if (strcmp(json_text(row, "id"), server) != 0)
			continue;
		json_t *marks = json_deep_copy(json_object_get(row, "metadata"));
		for (size_t k = 0; k < COUNT_OF(later); k++)
			json_object_del(marks, later[k]);
		return json_pack("{s:o, s:O, s:O}", "metadata", marks, "key_name",
				 json_object_get(row, "key_name"), "security_groups",
				 json_object_get(row, "security_groups"));
	}
	return NULL;
}

static void double_comes(struct theatre *stage, struct dice *dice)
{
	struct clouded *clouded = stage->clouded;
	const struct seen_server *seen = clouded_any(clouded, dice);
	json_t *same = seen ? asked_for(clouded, seen->id) : NULL;
	if (same && clouded_server_comes(clouded, seen->name, same, clouded->twin))
		meet(stage, FAULT_TWICE);
}

static void there_twice(struct theatre *stage, struct dice *dice)
{
	clouded_around_work(stage, dice, double_comes);
}

/* Without a mark of ours. */
static void namesake_comes(struct theatre *stage, struct dice *dice)
{
	struct clouded *clouded = stage->clouded;
	char name[80];
	snprintf(name, sizeof name, "berth." CLOUDED_APP ".%s.%u",
		 clouded->parts[roll(dice, CLOUDED_PARTS)].id, 1 + roll(dice, 3));
	if (!*clouded->namesake && clouded_server_comes(clouded, name, json_object(), clouded->namesake))
		meet(stage, FAULT_NAMESAKE);
}

static void a_namesake(struct theatre *stage, struct dice *dice)
{
	clouded_around_work(stage, dice, namesake_comes);
}

/* --- somebody else at work ---------------------------------------------------------------------------------
 */

/* The description of the application's own group, whose fourth and sixth member are the lease. */
static json_t *description_of(struct clouded *clouded, char ret_path[static 120])
{
	owned_json groups = openstack_cloud_list(clouded->cloud, "security_groups");
	for (size_t i = 0; i < json_array_size(groups); i++) {
		const json_t *group = json_array_get(groups, i);
		const char *said = json_text(group, "description");
		if (strcmp(json_text(group, "name"), "berth." CLOUDED_APP) != 0 ||
		    !starts_with(said, "berth "))
			continue;
		snprintf(ret_path, 120, "/v2.0/security-groups/%s", json_text(group, "id"));
		return json_loads(said + strlen("berth "), 0, NULL);
	}
	return NULL;
}

static void write_lease(struct clouded *clouded, const char *token, int64_t until_ms)
{
	char path[120];
	owned_json said = description_of(clouded, path);
	if (!said)
		return;
	json_array_set_new(said, 3, json_string(token));
	json_array_set_new(said, 4, json_string("somebody else"));
	json_array_set_new(said, 5, json_integer(until_ms));
	owned_memory char *words = json_line(said);
	owned_json asked = json_pack("{s:{s:s+}}", "security_group", "description", "berth ", words);
	owned_memory char *body = json_line(asked);
	openstack_cloud_ask(clouded->cloud, CLOUD_NEUTRON, "PUT", path, body, NULL);
}

/* Nobody else changes anything until he is through, and what he wrote there stays. */
static void somebody_works(struct theatre *stage, struct dice *dice)
{
	struct clouded *clouded = stage->clouded;
	struct world *outside = universe_outside(stage->universe);
	char path[120];
	owned_json held = description_of(clouded, path);
	if (!held)
		return;
	meet(stage, FAULT_WORK);
	write_lease(clouded, "theirs", outside->ops->wall(outside) + WORK_MS);
	owned_json written = description_of(clouded, path);
	owned_json before = clouded_running(clouded);
	clouded_work(stage, dice);
	owned_json left = description_of(clouded, path);
	owned_json after = clouded_running(clouded);
	if (!stage->rule[0] && (!json_equal(left, written) || !json_equal(after, before)))
		stage_accuse(stage, "lease", "what somebody else is at work with was changed");
	write_lease(clouded, "", 0);
}

/* --- the cloud
 * ----------------------------------------------------------------------------------------------- */

static void image_goes(struct theatre *stage, struct dice *dice)
{
	meet(stage, FAULT_IMAGE);
	openstack_cloud_image(stage->clouded->cloud, "debian-tiny", false);
	if (one_in(dice, 2)) /* there is a newer one of that name */
		openstack_cloud_image(stage->clouded->cloud, "debian-tiny", true);
}

static void an_image_goes(struct theatre *stage, struct dice *dice)
{
	clouded_around_work(stage, dice, image_goes);
}

static void tokens_end(struct theatre *stage, struct dice *dice)
{
	meet(stage, FAULT_TOKEN);
	openstack_cloud_token_life(stage->clouded->cloud, TOKEN_MS + roll(dice, TOKEN_MS));
	openstack_cloud_revoke(stage->clouded->cloud);
	clouded_harmless(stage, clouded_work(stage, dice), "tokens ended");
}

static void too_many(struct theatre *stage, struct dice *dice)
{
	meet(stage, FAULT_MANY);
	enum openstack_service service = roll(dice, CLOUD_PLACEMENT);
	openstack_cloud_refuse(stage->clouded->cloud, service,
			       service == CLOUD_NOVA && one_in(dice, 2) ? 413 : 429, 1 + roll(dice, 2));
}

static void requests_are_too_many(struct theatre *stage, struct dice *dice)
{
	clouded_harmless(stage, clouded_around_work(stage, dice, too_many), "it asked too often");
}

happening *const clouded_others[] = {there_twice,   there_twice,   a_namesake, somebody_works,
				     an_image_goes, an_image_goes, tokens_end, requests_are_too_many};
const size_t clouded_other_count = COUNT_OF(clouded_others);
