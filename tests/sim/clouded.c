/* clouded.c - an application on an OpenStack: what is asked of it, and that it comes to that when all that
 * went wrong has ended. */
#include "tests/sim/clouded.h"

#include <stdlib.h>
#include <string.h>

#include "base/cleanup.h"
#include "tests/sim/local.h"

#define MINUTE_MS INT64_C(60000)

enum { MOVES = 4, QUOTA = 24, PAGE = 2 };

bool score_has_cloud(uint64_t seed)
{
	return seed % CLOUDED_EACH == CLOUDED_TURN;
}

void clouded_step(struct theatre *stage)
{
	if (outpost_step(&stage->clouded->post))
		clouded_judge_always(stage);
}

void clouded_publish(struct clouded *clouded)
{
	struct text *text = &clouded->post.blueprint;
	text_clear(text);
	text_format(text,
		    "id: " CLOUDED_APP "\nlocations:\n  nimbus: {type: openstack, cloud: envvars, image: "
		    "debian-tiny%s%s}\nlocation: nimbus\nservices:\n",
		    clouded->in_groups ? ", serverGroup: soft-anti-affinity" : "",
		    clouded->on_volumes ? ", bootVolume: 1gb" : "");
	for (int i = 0; i < CLOUDED_PARTS; i++) {
		const struct clouded_part *part = &clouded->parts[i];
		if (!part->there)
			continue;
		text_format(
		    text,
		    "- type: process\n  id: %s\n  command: [/bin/good, \"%u\"]\n  ports: {main: auto}\n"
		    "  instances: %u\n  env: {SETTING: '%u'}\n",
		    part->id, part->version, part->count, part->setting);
		if (part->provider >= 0)
			text_format(text, "  links: ['$berth:component(\"%s\")']\n",
				    clouded->parts[part->provider].id);
	}
}

static void enough_of_all(struct clouded *clouded)
{
	for (size_t i = 0; i < COUNT_OF(clouded_quotas); i++)
		openstack_cloud_quota(clouded->cloud, clouded_quotas[i], QUOTA);
	openstack_cloud_quota(clouded->cloud, "security_group_rule", 10 * QUOTA);
}

void clouded_rest(struct theatre *stage)
{
	struct clouded *clouded = stage->clouded;
	stage->fate_count = 0;
	seat_kill_at(clouded->post.seat, 0);
	openstack_cloud_calm(clouded->cloud);
	enough_of_all(clouded);
	clouded->fails = NULL;
	stage_run(stage, 2 * MINUTE_MS);
	clouded->disturbed = false;
	if (!outpost_insist(&clouded->post, DO_DEPLOY))
		return;
	tally_add(stage->tally, "judged", "servers of OpenStack", clouded->count);
	outpost_settles(&clouded->post);
	if (!stage->rule[0])
		clouded_judge_rest(stage);
}

/* --- all of it --------------------------------------------------------------------------------------- */

static void behave(void *owner, const struct program_started *started, struct program_behaviour *ret)
{
	(void)owner;
	local_behaves(started, ret);
}

static void make(void *owner, const json_t *server, struct openstack_manner *ret)
{
	struct clouded *clouded = owner;
	(void)server;
	ret->programs = behave;
	ret->fault = give(clouded->fails);
}

static const char *environment(const char *name)
{
	static const char *const openrc[][2] = {{"OS_AUTH_URL", openstack_cloud_auth_url},
						{"OS_USERNAME", "demo"},
						{"OS_PASSWORD", "demopass"},
						{"OS_PROJECT_NAME", "demo"},
						{"OS_USER_DOMAIN_NAME", "Default"},
						{"OS_PROJECT_DOMAIN_NAME", "Default"}};
	for (size_t i = 0; i < COUNT_OF(openrc); i++)
		if (strcmp(openrc[i][0], name) == 0)
			return openrc[i][1];
	return NULL;
}

/* By what is not rolled for the moves. */
static void choose_manner(struct clouded *clouded, uint64_t chance)
{
	clouded->in_groups = chance >> 40 & 1;
	clouded->on_volumes = chance >> 41 & 1;
	if (chance >> 42 & 1)
		openstack_cloud_pages(clouded->cloud, PAGE);
}

static int open_all(struct theatre *stage, uint64_t chance)
{
	struct clouded *clouded = stage->clouded = calloc(1, sizeof *stage->clouded);
	if (!clouded || !(clouded->cloud = openstack_cloud_new(stage->universe)))
		return -1;
	openstack_cloud_behave(clouded->cloud, make, clouded);
	choose_manner(clouded, chance);
	openstack_cloud_quota(clouded->cloud, "cores", 200);
	clouded->post = (struct outpost){.stage = stage,
					 .name = "openstack",
					 .app = CLOUDED_APP,
					 .state = "/var/lib/clouded",
					 .file = "/clouded.yaml",
					 .environment = environment,
					 .ended_well = clouded_judge_end};
	clouded->parts[0] = (struct clouded_part){"db", true, 1, 1, 1, -1};
	clouded->parts[1] = (struct clouded_part){"web", true, 1, 1, 2, 0};
	clouded->parts[2] = (struct clouded_part){"box", false, 1, 1, 1, 1};
	clouded_publish(clouded);
	clouded->before = clouded_inventory(clouded);
	return outpost_open(&clouded->post);
}

void clouded_close(struct theatre *stage)
{
	struct clouded *clouded = stage->clouded;
	if (!clouded)
		return;
	outpost_close(&clouded->post);
	openstack_cloud_free(clouded->cloud);
	json_decref(clouded->before);
	free(give(stage->clouded));
}

void clouded_play(struct theatre *stage, uint64_t chance)
{
	struct dice dice = {chance};
	if (open_all(stage, chance)) {
		stage_accuse(stage, "opens", "berth cannot be opened");
		return;
	}
	clouded_rest(stage);
	for (int i = 0; i < MOVES && !stage->rule[0]; i++)
		clouded_move(stage, &dice);
	stage->clouded->leaving = true;
	if (!stage->rule[0] && outpost_insist(&stage->clouded->post, DO_DESTROY))
		clouded_judge_end_of_all(stage);
}

void clouded_expect(struct tally *tally)
{
	for (const char *const *kind = clouded_faults; *kind; kind++)
		tally_add(tally, "fault", *kind, 0);
	for (const char *const *kind = clouded_other_faults; *kind; kind++)
		tally_add(tally, "fault", *kind, 0);
	tally_add(tally, "judged", "servers of OpenStack", 0);
}
