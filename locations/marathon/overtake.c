/* overtake.c - whose is what is under way with an app that is to become something else? What an earlier
 * deploy of ours began is overtaken, anybody else's is waited for.
 *
 * Ours is a deployment of nothing but apps of ours whose change is a deploy's: it gave the app other digests
 * than the version before has, which nobody else does. A change by hand keeps them, and so do a restart and a
 * scale, which are taken for somebody else's, whoever asked for them.
 */
#include <string.h>

#include "locations/marathon/marathon.h"

static enum progress judged(struct flow *flow, bool ours, struct error *err)
{
	flow->judged = arena_text(&flow->arena, flow->app.deployments[0]);
	flow->ours = ours;
	return flow->judged ? flow_go(flow, flow->after) : flow_no_memory(err);
}

/* Nobody told: it is asked again. */
static enum progress unjudged(struct flow *flow)
{
	flow->judged = NULL;
	flow->ours = false;
	return flow_go(flow, flow->after);
}

/* --- since the version before ------------------------------------------------------------------------- */

static bool same_digests(const json_t *labels, const json_t *before)
{
	static const char *const digests[] = {"berth.spec", "berth.links", "berth.secrets", "berth.files"};

	for (size_t i = 0; i < COUNT_OF(digests); i++)
		if (strcmp(json_text(labels, digests[i]) ?: "", json_text(before, digests[i]) ?: "") != 0)
			return false;
	return true;
}

static enum progress before_told(struct flow *flow, struct error *err)
{
	struct marathon_call *call = &flow->calls[0];
	const json_t *before = marathon_ok(call) ? marathon_json(call, err) : NULL;

	if (!before)
		return unjudged(flow);
	return judged(flow, !same_digests(flow->app.labels, json_object_get(before, "labels")), err);
}

/* They come in no order, and those that were refused are among them. *ret is NULL: there is none. False: they
 * tell nothing of this one. */
static bool version_before(const json_t *versions, const char *version, const char **ret)
{
	bool told = false;

	*ret = NULL;
	for (size_t i = 0; i < json_array_size(versions); i++) {
		const char *each = json_string_value(json_array_get(versions, i));
		int64_t time = each ? marathon_time(each) : 0;
		told |= time && time == marathon_time(version);
		if (time && time < marathon_time(version) && (!*ret || time > marathon_time(*ret)))
			*ret = each;
	}
	return told;
}

/* --- of whose apps ------------------------------------------------------------------------------------ */

static bool is_ours(const struct flow *flow, const struct marathon_group *group, const char *id)
{
	for (size_t i = 0; i < group->app_count; i++)
		if (!strcmp(group->apps[i].id, id))
			return !strcmp(marathon_label(&group->apps[i], "berth.app"), flow->wish.app);
	return false;
}

static bool is_of_app(const struct flow *flow, const struct marathon_deployment *deployment)
{
	for (size_t i = 0; i < flow->app.deployment_count; i++)
		if (!strcmp(flow->app.deployments[i], deployment->id))
			return true;
	return false;
}

static bool touches(const struct flow *flow, const struct marathon_deployment *deployment)
{
	for (size_t i = 0; i < deployment->app_count; i++)
		if (!strcmp(deployment->apps[i], flow->id))
			return true;
	return false;
}

/* One that is not has come to its end since the app was read, or the answer tells nothing. */
static bool all_are_listed(const struct flow *flow, const json_t *list)
{
	for (size_t i = 0; i < flow->app.deployment_count; i++) {
		size_t k = 0;
		while (k < json_array_size(list) &&
		       strcmp(json_text(json_array_get(list, k), "id") ?: "", flow->app.deployments[i]) != 0)
			k++;
		if (k == json_array_size(list))
			return false;
	}
	return true;
}

/* What cannot be read is nobody's that we know. */
static bool changes_ours_alone(struct flow *flow)
{
	struct error unread;
	struct marathon_group group;
	const json_t *list = marathon_json(&flow->calls[0], &unread);

	if (marathon_group_read(marathon_json(&flow->calls[2], &unread), &flow->app_arena, &group, &unread) <
	    0)
		return false;
	for (size_t i = 0; i < json_array_size(list); i++) {
		struct marathon_deployment deployment;
		if (marathon_deployment_read(json_array_get(list, i), &flow->app_arena, &deployment,
					     &unread) < 0)
			return false;
		bool known = is_of_app(flow, &deployment);
		if (!known && touches(flow, &deployment))
			return false; /* it came since */
		for (size_t k = 0; known && k < deployment.app_count; k++)
			if (!is_ours(flow, &group, deployment.apps[k]))
				return false;
	}
	return true;
}

static enum progress told(struct flow *flow, struct error *err)
{
	for (unsigned i = 0; i < CALLS; i++)
		if (!marathon_ok(&flow->calls[i]) || !marathon_json(&flow->calls[i], err))
			return unjudged(flow);
	if (!all_are_listed(flow, marathon_json(&flow->calls[0], err)))
		return unjudged(flow);
	if (!changes_ours_alone(flow))
		return judged(flow, false, err);
	const json_t *versions = marathon_json(&flow->calls[1], err);
	const char *before;
	if (!version_before(json_object_get(versions, "versions"), flow->app.version ?: "", &before))
		return unjudged(flow);
	const struct marathon_question question = {
	    .method = "GET",
	    .path = before ? arena_format(&flow->arena, "/v2/apps%s/versions/%s", flow->id, before) : NULL,
	};
	return before ? marathon_ask(flow, 0, &question, before_told, err) : judged(flow, true, err);
}

bool deployment_is_judged(const struct flow *flow)
{
	return flow->judged && !strcmp(flow->judged, flow->app.deployments[0]);
}

enum progress deployment_judge(struct flow *flow, flow_step *next, struct error *err)
{
	const char *group = marathon_group_id(&flow->arena, flow->wish.app);
	const struct marathon_question questions[CALLS] = {
	    {.method = "GET", .path = "/v2/deployments"},
	    {.method = "GET", .path = arena_format(&flow->arena, "/v2/apps%s/versions", flow->id)},
	    {.method = "GET",
	     .path = group ? arena_format(&flow->arena, "/v2/groups%s?embed=group.apps", group) : NULL},
	};

	flow->after = next;
	for (unsigned i = 0; i < CALLS; i++)
		if (marathon_ask(flow, i, &questions[i], told, err) == PROGRESS_FAILED)
			return PROGRESS_FAILED;
	return PROGRESS_WAITING;
}
