/* rules_rest.c - what the world looks like when it has come to rest: all that is wanted, nothing else,
 * linked. */
#include <stdio.h>
#include <string.h>

#include "base/json.h"
#include "base/text.h"
#include "locations/fake/target.h"
#include "tests/sim/local.h"
#include "tests/sim/rules.h"
#include "tests/sim/there.h"

const struct sight *judge_counted(const struct theatre *stage, const struct part *part, unsigned ordinal)
{
	const struct sights *sights = &stage->judge->now;
	for (size_t i = 0; i < sights->count; i++) {
		const struct sight *sight = &sights->list[i];
		if (sight->component && strcmp(sight->component, part->id) == 0 &&
		    sight->ordinal == ordinal && sight->realm == part->realm && sight->generation == 0)
			return sight;
	}
	return NULL;
}

/* Nothing is left to be seen of a process that ran to its end. */
bool part_leaves_nothing(const struct part *part)
{
	return part->job && part->realm == REALM_LOCAL;
}

static bool as_wanted(const struct part *part, const struct sight *sight)
{
	if (part->temper == TEMPER_CRASH) /* it may answer for a moment, and count as running */
		return sight;
	return sight && (part->job ? sight->ended_well : sight->running);
}

void rule_wanted_run(struct theatre *stage, const struct model *model, const char *rule)
{
	for (int i = 0; i < PARTS_MAX; i++) {
		const struct part *part = &model->parts[i];
		for (unsigned ordinal = 1;
		     part->there && !part_leaves_nothing(part) && ordinal <= part->instances; ordinal++) {
			const struct sight *sight = judge_counted(stage, part, ordinal);
			if (!as_wanted(part, sight))
				stage_accuse(stage, rule, "%s %u is %s", part->id, ordinal,
					     sight ? "there, but does not run" : "not there");
		}
	}
}

/* "tcp://HOST:PORT" */
static bool read_url(const char *url, char *ret_host, size_t size, uint16_t *ret_port)
{
	const char *host = url ? strstr(url, "://") : NULL;
	const char *colon = host ? strrchr(host + 3, ':') : NULL;
	int64_t port = 0;
	if (!colon || !parse_number(colon + 1, 1, UINT16_MAX, &port))
		return false;
	snprintf(ret_host, size, "%.*s", (int)(colon - host - 3), host + 3);
	*ret_port = (uint16_t)port;
	return true;
}

static void link_leads(struct theatre *stage, const struct sight *consumer, const char *variable,
		       const struct part *provider)
{
	char host[128] = "";
	uint16_t port = 0;
	const char *url = sight_variable(consumer, variable);
	if (!read_url(url, host, sizeof host, &port)) {
		stage_accuse(stage, "links", "%s has no usable %s: %s", consumer->name, variable,
			     url ? url : "it is not set");
		return;
	}
	const struct sight *found = sights_reach(&stage->judge->now, stage, consumer, host, port);
	if (!found || !found->component || strcmp(found->component, provider->id) != 0 || !found->running)
		stage_accuse(stage, "links", "%s has %s=%s, which leads to %s, not to %s", consumer->name,
			     variable, url, found ? found->name : "nobody", provider->id);
}

void rule_links_lead(struct theatre *stage, const struct model *model)
{
	for (int i = 0; i < PARTS_MAX; i++) {
		const struct part *part = &model->parts[i];
		for (int k = 0; part->there && !part->job && part->on_change == 0 && k < LINKS_MAX; k++) {
			char variable[16];
			snprintf(variable, sizeof variable, "L%d_PORT", k);
			for (unsigned n = 1; part->links[k] >= 0 && n <= part->instances; n++) {
				const struct sight *sight = judge_counted(stage, part, n);
				const struct part *provider = &model->parts[part->links[k]];
				/* Of a process that does not run just now nothing tells. */
				bool told = sight && (sight->running || sight->realm != REALM_LOCAL);
				if (told && provider->temper != TEMPER_CRASH)
					link_leads(stage, sight, variable, provider);
			}
		}
	}
}

/* Where nothing of the blueprint is, only the store knows to look. */
bool judge_is_findable(const struct theatre *stage, const struct model *model, enum realm realm)
{
	bool found = !stage->judge->forgetful;
	for (int i = 0; i < PARTS_MAX; i++)
		found |= model->parts[i].there && model->parts[i].realm == realm;
	return found;
}

/* Of a local job that was stopped its keeper stays, and counts as little as one that ran to its end. */
static bool is_counted(const struct theatre *stage, const struct sight *sight)
{
	const struct part *part = sight->component ? model_part(&stage->model, sight->component) : NULL;
	return sight->component && judge_is_findable(stage, &stage->model, sight->realm) &&
	       (!part || !part_leaves_nothing(part) || sight->running);
}

/* What is there is as many as are wanted. */
void rule_nothing_more(struct theatre *stage)
{
	const struct sights *now = &stage->judge->now;
	size_t ours = 0, wanted = 0;
	for (int i = 0; i < PARTS_MAX; i++)
		if (stage->model.parts[i].there && !part_leaves_nothing(&stage->model.parts[i]))
			wanted += stage->model.parts[i].instances;
	for (size_t i = 0; i < now->count; i++)
		ours += is_counted(stage, &now->list[i]);
	if (ours != wanted)
		stage_accuse(stage, "converges", "%zu instances are there, %zu are wanted", ours, wanted);
}

static bool see_network(void *owner, const struct docker_network_view *view)
{
	struct theatre *stage = owner;
	if (json_object_get(view->labels, "berth.app"))
		stage_accuse(stage, "leftovers", "the network %s is left", view->name);
	return true;
}

static bool see_left_volume(void *owner, const struct docker_volume_view *view)
{
	struct theatre *stage = owner;
	if (json_object_get(view->labels, "berth.app") && !json_object_get(view->labels, "berth.volume"))
		stage_accuse(stage, "leftovers", "the volume %s is left", view->name);
	return true;
}

static void fake_gone(struct theatre *stage, enum realm realm, const struct fake_target *target)
{
	const struct fake_app *app = map_get(target->apps, "app");
	if (app && judge_is_findable(stage, &stage->model, realm) &&
	    (app->owner_id || app->lease_token || app->prepared))
		stage_accuse(stage, "leftovers", "of a scripted target %s is left",
			     app->owner_id      ? "the claim"
			     : app->lease_token ? "the lease"
						: "the network");
}

/* Nothing of ours but data. */
void rule_nothing_left(struct theatre *stage)
{
	const struct sights *now = &stage->judge->now;
	for (size_t i = 0; i < now->count; i++)
		if (now->list[i].app && judge_is_findable(stage, &stage->model, now->list[i].realm))
			stage_accuse(stage, "leftovers", "%s is left", now->list[i].name);
	local_gone(stage);
	if (judge_is_findable(stage, &stage->model, REALM_MACHINE))
		there_gone(stage);
	fake_gone(stage, REALM_FAKE, stage->fleet);
	fake_gone(stage, REALM_NAMELESS, stage->cloud);
	if (!judge_is_findable(stage, &stage->model, REALM_DOCKER))
		return;
	docker_engine_networks(stage->engine, see_network, stage);
	docker_engine_volumes(stage->engine, see_left_volume, stage);
}
