/* change.c - what is done to one app: made, started, stopped, removed. Each looks at what is there first,
 * does one thing about it, and looks again when the answer was lost or another deployment was in its way. */
#include <string.h>

#include "locations/marathon/marathon.h"

static const char *where(const struct flow *flow)
{
	return flow->marathon->location->name;
}

/* Held up by another deployment, or of unknown effect: in a while it is looked at again. */
static bool comes_again(struct flow *flow, struct marathon_call *call)
{
	if (marathon_locked(call)) {
		flow_note(flow, "waits for other deployments there");
		return !flow_overdue(flow, flow->marathon->patience_ms);
	}
	return marathon_unsure(call) && ++flow->tries < TRIES;
}

static const char *app_path(struct flow *flow, const char *query)
{
	return arena_format(&flow->arena, "/v2/apps%s%s", flow->id, query);
}

static enum progress put_app(struct flow *flow, json_t *body, const char *query, flow_step *next,
			     struct error *err)
{
	const struct marathon_question question = {
	    .method = "PUT", .path = app_path(flow, query), .body = body};

	if (!body)
		return flow_no_memory(err);
	return marathon_ask(flow, 0, &question, next, err);
}

/* --- place -------------------------------------------------------------------------------------------------
 */

static bool same_text(const struct marathon_app *app, const char *label, const char *wanted)
{
	return !strcmp(marathon_label(app, label), wanted);
}

/* It was made from this very spec. */
static bool made_of(const struct marathon_app *app, const struct instance_spec *spec)
{
	return same_text(app, "berth.spec", spec->digest) &&
	       same_text(app, "berth.links", spec->link_digest) &&
	       same_text(app, "berth.secrets", spec->secret_digest) &&
	       same_text(app, "berth.files", spec->file_digest);
}

static enum progress placed(struct flow *flow, struct error *err)
{
	struct marathon_call *call = &flow->calls[0];

	if (marathon_ok(call))
		return PROGRESS_DONE;
	/* Somebody made one of that name between the look and this. */
	bool raced = call->error.code == OK && call->status == 409 && ++flow->tries < TRIES;
	if (raced || comes_again(flow, call))
		return flow_pause(flow, LOOK_MS, place_marathon, err);
	return marathon_failed(call, err, "cannot make `%s`", wished_name(flow));
}

static enum progress done_with_others(struct flow *flow, struct error *err)
{
	(void)flow, (void)err;
	return PROGRESS_DONE;
}

static enum progress place_alone(struct flow *flow, struct error *err)
{
	if (flow->spoilt)
		return flow_go(flow, place_marathon);
	const struct marathon_question question = {
	    .method = "POST", .path = "/v2/apps", .body = give(flow->part)};
	return marathon_ask(flow, 0, &question, placed, err);
}

/* An app is made by its own POST, which refuses a name that somebody took meanwhile; many by one PUT of a
 * list, which knows no other apps but those that it names: a group's own would remove all that it does not.
 */
static enum progress place_found(struct flow *flow, struct error *err)
{
	const struct instance_spec *spec = flow->wish.spec;

	if (flow->there && made_of(&flow->app, spec))
		return PROGRESS_DONE;
	if (marathon_version_fits(flow->marathon, spec, err) < 0)
		return PROGRESS_FAILED;
	json_t *wanted = marathon_definition(flow, spec, spec->at_once && spec->count ? spec->count : 0);
	if (flow->there)
		return put_app(flow, wanted, "?partialUpdate=false", placed, err);
	if (!flow->spoilt)
		return change_together(flow, "/v2/apps?partialUpdate=false", wanted, done_with_others,
				       place_alone, err);
	const struct marathon_question question = {.method = "POST", .path = "/v2/apps", .body = wanted};
	return wanted ? marathon_ask(flow, 0, &question, placed, err) : flow_no_memory(err);
}

enum progress place_marathon(struct flow *flow, struct error *err)
{
	flow->makes = true;
	return app_read(flow, place_found, err);
}

/* --- start -------------------------------------------------------------------------------------------------
 */

static enum progress started(struct flow *flow, struct error *err)
{
	struct marathon_call *call = &flow->calls[0];

	if (marathon_ok(call))
		return PROGRESS_DONE;
	if (comes_again(flow, call))
		return flow_pause(flow, LOOK_MS, start_marathon, err);
	return marathon_failed(call, err, "cannot start `%s`", wished_name(flow));
}

static enum progress start_alone(struct flow *flow, struct error *err)
{
	if (flow->spoilt)
		return flow_go(flow, start_marathon);
	json_t *count = json_pack("{s:O}", "instances", json_object_get(flow->part, "instances"));
	return put_app(flow, count, "", started, err);
}

static enum progress start_found(struct flow *flow, struct error *err)
{
	const struct instance_spec *spec = flow->wish.spec;

	if (!flow->there) {
		fail(err, ERR_MISSING, "location `%s`: there is no `%s` to start", where(flow), spec->name);
		return PROGRESS_FAILED;
	}
	unsigned wanted = spec->count ? spec->count : marathon_count(&flow->app);
	if (flow->app.instances == wanted)
		return PROGRESS_DONE;
	if (flow->spoilt)
		return put_app(flow, json_pack("{s:i}", "instances", (int)wanted), "", started, err);
	json_t *part = json_pack("{s:s, s:i}", "id", flow->id, "instances", (int)wanted);
	return change_together(flow, "/v2/apps", part, done_with_others, start_alone, err);
}

enum progress start_marathon(struct flow *flow, struct error *err)
{
	return app_read(flow, start_found, err);
}

/* --- stop --------------------------------------------------------------------------------------------------
 */

static flow_step stop_look;

static enum progress count_kept(struct flow *flow, struct error *err)
{
	struct marathon_call *call = &flow->calls[0];

	if (marathon_ok(call))
		return PROGRESS_DONE;
	if (comes_again(flow, call))
		return flow_pause(flow, LOOK_MS, stop_look, err);
	return marathon_failed(call, err, "`%s` has stopped, but of how many tasks it was cannot be kept",
			       flow->wish.name);
}

/* What stands in its labels is of when it was made; a change of them would have made running tasks anew. */
static enum progress keep_count(struct flow *flow, struct error *err)
{
	owned_json labels = json_deep_copy(flow->app.labels);
	const char *count = arena_format(&flow->arena, "%u", flow->count);

	if (!labels || !count || json_put_text(labels, "berth.count", count) < 0 ||
	    json_put_text(labels, "berth.stopped", "yes") < 0)
		return flow_no_memory(err);
	return put_app(flow, json_pack("{s:O}", "labels", labels), "", count_kept, err);
}

static enum progress scaled_down(struct flow *flow, struct error *err)
{
	struct marathon_call *call = &flow->calls[0];

	if (marathon_ok(call) || comes_again(flow, call))
		return flow_pause(flow, LOOK_MS, stop_look, err);
	return marathon_failed(call, err, "cannot stop `%s`", flow->wish.name);
}

static bool any_lives(const struct marathon_app *app)
{
	for (size_t i = 0; i < app->task_count; i++)
		if (app->tasks[i].state == TASK_RUNS || app->tasks[i].state == TASK_STAGED ||
		    app->tasks[i].state == TASK_LEAVING)
			return true;
	return false;
}

/* What of it is under way is its own, and is to end with it. */
static enum progress stop_found(struct flow *flow, struct error *err)
{
	if (!flow->there)
		return PROGRESS_DONE;
	if (flow->app.instances) {
		flow->count = flow->app.instances;
		return put_app(flow, json_pack("{s:i}", "instances", 0), "?force=true", scaled_down, err);
	}
	if (any_lives(&flow->app) || flow->app.deployment_count) {
		if (!flow_overdue(flow, flow->marathon->patience_ms))
			return flow_pause(flow, LOOK_MS, stop_look, err);
		fail(err, ERR_TIMED_OUT, "location `%s`: tasks of `%s` have not ended within %lld s",
		     where(flow), flow->wish.name, (long long)flow->marathon->patience_ms / 1000);
		return PROGRESS_FAILED;
	}
	return flow->count && flow->count != marathon_count(&flow->app) ? keep_count(flow, err)
									: PROGRESS_DONE;
}

static enum progress stop_look(struct flow *flow, struct error *err)
{
	return app_read(flow, stop_found, err);
}

enum progress stop_marathon(struct flow *flow, struct error *err)
{
	return stop_look(flow, err);
}

/* --- remove ------------------------------------------------------------------------------------------------
 */

static flow_step remove_look, remove_watch;

static bool touches(const struct marathon_deployment *deployment, const char *id)
{
	for (size_t i = 0; i < deployment->app_count; i++)
		if (!strcmp(deployment->apps[i], id))
			return true;
	return false;
}

/* From the answer on the app is not told any more, and neither are its tasks, which may run still: what tells
 * of them is the deployment, in whose list it may come a moment later. */
static enum progress removal_told(struct flow *flow, struct error *err)
{
	struct marathon_call *call = &flow->calls[0];
	owned_arena room = {0};
	bool under_way = false;

	if (!marathon_ok(call))
		return marathon_failed(call, err, "cannot see whether `%s` has gone", flow->wish.name);
	const json_t *list = marathon_json(call, err);
	for (size_t i = 0; i < json_array_size(list); i++) {
		struct marathon_deployment deployment;
		if (marathon_deployment_read(json_array_get(list, i), &room, &deployment, err) < 0)
			return PROGRESS_FAILED;
		under_way |= touches(&deployment, flow->id);
	}
	if (!list)
		return PROGRESS_FAILED;
	if (!under_way && (!flow->deployment || flow->seen || !flow->done || ++flow->index > 3))
		return PROGRESS_DONE;
	flow->seen |= under_way;
	if (!flow_overdue(flow, flow->marathon->patience_ms))
		return flow_pause(flow, LOOK_MS, remove_watch, err);
	fail(err, ERR_TIMED_OUT, "location `%s`: tasks of `%s` have not ended within %lld s", where(flow),
	     flow->wish.name, (long long)flow->marathon->patience_ms / 1000);
	return PROGRESS_FAILED;
}

static enum progress remove_watch(struct flow *flow, struct error *err)
{
	const struct marathon_question question = {.method = "GET", .path = "/v2/deployments"};

	return marathon_ask(flow, 0, &question, removal_told, err);
}

static enum progress removed(struct flow *flow, struct error *err)
{
	struct marathon_call *call = &flow->calls[0];
	struct marathon_accepted accepted = {0};

	if (marathon_ok(call)) {
		const json_t *json = marathon_json(call, err);
		if (json && marathon_accepted_read(json, &flow->arena, &accepted, NULL) == 0)
			flow->deployment = arena_text(&flow->arena, accepted.deployment);
		return flow_go(flow, remove_watch);
	}
	if (marathon_absent(call) || comes_again(flow, call))
		return flow_pause(flow, LOOK_MS, remove_look, err);
	return marathon_failed(call, err, "cannot remove `%s`", flow->wish.name);
}

/* Those of an agent that does not answer are not waited for by Marathon. */
static void tell_of_lost(const struct flow *flow)
{
	const struct location *location = flow->marathon->location;
	owned_text words = {0};

	for (size_t i = 0; i < flow->app.task_count && location->say; i++) {
		if (flow->app.tasks[i].state != TASK_AWAY)
			continue;
		text_clear(&words);
		text_format(&words, "task %s of `%s` may still run on %s, which does not answer",
			    flow->app.tasks[i].id, flow->wish.name, flow->app.tasks[i].host ?: "its agent");
		location->say(location->say_owner, text_view(&words));
	}
}

static enum progress remove_found(struct flow *flow, struct error *err)
{
	if (!flow->there)
		return flow_go(flow, remove_watch);
	tell_of_lost(flow);
	flow->done = flow->app.deployment_count > 0; /* they are ended first */
	const struct marathon_question question = {.method = "DELETE", .path = app_path(flow, "?force=true")};
	return marathon_ask(flow, 0, &question, removed, err);
}

static enum progress remove_look(struct flow *flow, struct error *err)
{
	return app_read(flow, remove_found, err);
}

enum progress remove_marathon(struct flow *flow, struct error *err)
{
	return remove_look(flow, err);
}
