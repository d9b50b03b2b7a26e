/* model_care.c - the policies of an application: which component has which, and how the blueprint writes it.
 * What is kept has a sensor, too: what it uses, as its location tells. */
#include "tests/sim/model.h"

const char *const care_words[CARES] = {[CARE_NONE] = "nobody",
				       [CARE_RESTARTED] = "a restarter",
				       [CARE_REPLACED] = "a replacer",
				       [CARE_BOTH] = "a restarter and a replacer",
				       [CARE_CLASSIC] = "ServiceRestarter",
				       [CARE_CLASSIC_BOTH] = "ServiceRestarter and ServiceReplacer"};

bool part_is_kept(const struct part *part)
{
	return part->care != CARE_NONE;
}

bool part_is_replaced(const struct part *part)
{
	return part->care == CARE_REPLACED || part->care == CARE_BOTH || part->care == CARE_CLASSIC_BOTH;
}

bool part_has_duty(const struct part *part)
{
	return part_is_kept(part) && part->realm != REALM_NAMELESS;
}

void model_care(struct model *model, struct dice *dice)
{
	static const enum care cares[] = {CARE_NONE,      CARE_RESTARTED, CARE_RESTARTED,
					  CARE_RESTARTED, CARE_REPLACED,  CARE_BOTH,
					  CARE_CLASSIC,   CARE_CLASSIC,   CARE_CLASSIC_BOTH};
	for (int i = 0; i < PARTS_MAX; i++) {
		struct part *part = &model->parts[i];
		if (!part->there || part->job)
			continue;
		part->care = cares[roll(dice, sizeof cares / sizeof *cares)];
		part->connected = part->care == CARE_RESTARTED && one_in(dice, 3);
		part->periodic = one_in(dice, 8);
		part->stop_after = one_in(dice, 12);
	}
}

static void render_mender(const char *type, int backoff_ms, struct text *out)
{
	text_format(out,
		    "  - {type: %s, backoff: %dms, backoffMax: %dms, stableFor: %dms, breakerAfter: %d, "
		    "breakerPause: %dms, maxParallel: %d}\n",
		    type, backoff_ms, CARE_BACKOFF_MAX_MS, CARE_STABLE_MS, CARE_BREAKER_AFTER,
		    CARE_BREAKER_MS, CARE_PARALLEL);
}

void model_render_care(const struct part *part, struct text *out)
{
	if (part->job || (!part_is_kept(part) && !part->connected && !part->periodic && !part->stop_after))
		return;
	if (part_is_kept(part))
		text_add(out, "  sensors: {used: {usage: memory, period: 20s}}\n");
	text_add(out, "  policies:\n");
	if (part->care == CARE_RESTARTED || part->care == CARE_BOTH)
		render_mender("restarter", CARE_BACKOFF_MS, out);
	if (part->care == CARE_REPLACED || part->care == CARE_BOTH)
		render_mender("replacer", CARE_BACKOFF_MS, out);
	if (part->care == CARE_CLASSIC || part->care == CARE_CLASSIC_BOTH)
		text_add(out, "  - org.apache.brooklyn.policy.ha.ServiceRestarter\n");
	if (part->care == CARE_CLASSIC_BOTH)
		text_add(out, "  - org.apache.brooklyn.policy.ha.ServiceReplacer\n");
	if (part->connected)
		text_add(out, "  - failure-detector\n"
			      "  - {type: connection-failure-detector, pollPeriod: 5s, failedAfter: 4s}\n");
	if (part->periodic)
		text_add(out, "  - {type: periodic, effector: restart, period: 150s}\n");
	if (part->stop_after)
		text_add(out, "  - {type: stop-after, lifetime: 4m}\n");
}
