/* known.c - who it is: its version decides how networks are written, its framework what Mesos knows of it. */
#include <stdio.h>
#include <string.h>

#include "base/address.h"
#include "locations/marathon/marathon.h"

int marathon_know(struct marathon *marathon, const struct marathon_info *info)
{
	owned_arena arena = {0};

	snprintf(marathon->version, sizeof(marathon->version), "%s", info->version);
	snprintf(marathon->framework, sizeof(marathon->framework), "%s", info->framework ?: "");
	/* Behind the gate of DC/OS its Mesos is another path there. */
	const char *mesos =
	    info->mesos ? marathon_absolute(&arena, info->mesos, marathon->bases[marathon->base]) : NULL;
	snprintf(marathon->mesos, sizeof(marathon->mesos), "%s", mesos ?: "");
	marathon->gated = !marathon->by_mesos && info->mesos && *info->mesos == '/' && info->mesos[1] != '/';
	for (size_t end = strlen(marathon->mesos); end && marathon->mesos[end - 1] == '/';)
		marathon->mesos[--end] = '\0';
	marathon->major = info->major;
	marathon->minor = info->minor;
	marathon->known = true;
	return 0;
}

static enum progress told(struct flow *flow, struct error *err)
{
	struct marathon_call *call = &flow->calls[0];
	struct marathon *marathon = flow->marathon;
	struct marathon_info info;

	if (!marathon_ok(call))
		return marathon_failed(call, err, "cannot find out who it is");
	const json_t *json = marathon_json(call, err);
	if (!json)
		return PROGRESS_FAILED;
	if (marathon_info_read(json, &flow->arena, &info, err) < 0) {
		fail(err, ERR_UNREACHABLE, "location `%s`: what answers at %s is no Marathon",
		     marathon->location->name, marathon->bases[marathon->base]);
		return PROGRESS_FAILED;
	}
	if (info.major < 1) {
		fail(err, ERR_UNSUPPORTED, "location `%s`: Marathon %s is older than 1.0",
		     marathon->location->name, info.version);
		return PROGRESS_FAILED;
	}
	marathon_know(marathon, &info);
	flow->since_ms = flow_now(flow);
	return flow_go(flow, flow->after);
}

static enum progress ask_who(struct flow *flow, struct error *err)
{
	const struct marathon_question question = {.method = "GET", .path = "/v2/info"};

	return marathon_ask(flow, 0, &question, told, err);
}

enum progress known_begin(struct flow *flow, struct error *err)
{
	if (!flow->marathon->by_mesos || flow->marathon->bases)
		return ask_who(flow, err);
	return mesos_find(flow, err);
}

/* --- where its agents are reached ------------------------------------------------------------------ */

static bool loopback(const char *host)
{
	return starts_with(host, "127.") || !strcmp(host, "localhost") || !strcmp(host, "::1");
}

/* An agent that calls itself by a loopback is on the machine that Marathon was reached on; others reach that
 * by another number. */
const char *marathon_address(const struct marathon *marathon, struct arena *arena, const char *host)
{
	const char *named = json_text(marathon->hosts, host);
	struct world *world = marathon->world;
	char address[64] = "";

	if (named && address_is_numeric(named))
		return arena_text(arena, named);
	if (!loopback(host))
		return arena_text(arena, host);
	if (marathon->address)
		return arena_text(arena, marathon->address);
	if (world->ops->default_address(world, address, sizeof(address)) == 0 && *address)
		return arena_text(arena, address);
	return arena_text(arena, host);
}
