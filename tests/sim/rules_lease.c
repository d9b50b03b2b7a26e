/* rules_lease.c - who changes an instance of the engine has a lease there; who has lost it to another leaves
 * off.
 */
#include <string.h>

#include "base/json.h"
#include "engine/engine.h"
#include "tests/sim/rules.h"

/* Until its next renewal nobody knows that it is lost, and what is under way then comes to its end. */
#define LEAVES_OFF_MS 120000

struct leases {
	struct theatre *stage;
	bool held[DEPLOYERS], anothers[DEPLOYERS];
};

static const char *token_of(const struct deployer *deployer)
{
	return deployer->operation ? deployer->operation->lease_token : NULL;
}

static void see_token(struct leases *leases, const char *token)
{
	for (int i = 0; *token && i < DEPLOYERS; i++) {
		const char *own = token_of(&leases->stage->deployers[i]);
		leases->held[i] |= own && strcmp(own, token) == 0;
		leases->anothers[i] |= own && strcmp(own, token) != 0;
	}
}

static bool see_lease(void *owner, const struct docker_volume_view *view)
{
	const char *token = json_string_value(json_object_get(view->labels, "berth.lease"));
	see_token(owner, token ? token : "");
	return true;
}

void judge_see_leases(struct theatre *stage)
{
	struct leases leases = {.stage = stage};
	docker_engine_volumes(stage->engine, see_lease, &leases);
	see_token(&leases, ssh_machine_token(stage->there, "app"));
	for (int i = 0; i < DEPLOYERS; i++) {
		struct deployer *deployer = &stage->deployers[i];
		bool lost = deployer->was_leased && !leases.held[i] && leases.anothers[i];
		if (leases.held[i])
			deployer->lease_lost_ms = 0;
		else if (lost && !deployer->lease_lost_ms)
			deployer->lease_lost_ms = stage_now(stage);
		deployer->leased = leases.held[i];
		deployer->was_leased |= leases.held[i];
	}
}

/* It asks for a change of one. */
void rule_leased(struct deployer *deployer)
{
	struct theatre *stage = deployer->stage;
	int64_t lost_ms = deployer->lease_lost_ms;
	if (!deployer->disturbed && !deployer->leased)
		stage_accuse(stage, "leased", "deployer %d changes an instance without a lease",
			     deployer->number + 1);
	if (lost_ms && stage_now(stage) > lost_ms + LEAVES_OFF_MS)
		stage_accuse(stage, "leased", "deployer %d goes on %lld s after it lost its lease to another",
			     deployer->number + 1, (long long)(stage_now(stage) - lost_ms) / 1000);
}
