/* update.c - an app is brought to what its spec says, whatever differs: Marathon rolls its tasks, and when it
 * does not come to an end with that, it is taken back. */
#include <string.h>

#include "locations/marathon/marathon.h"

static flow_step update_look, update_judged, update_watch, back_watch, back_look;

static const char *app_path(struct flow *flow, const char *rest)
{
	return arena_format(&flow->arena, "/v2/apps%s%s", flow->id, rest);
}

static bool same(const struct flow *flow, const char *label, const char *wanted)
{
	return !strcmp(marathon_label(&flow->app, label), wanted);
}

/* Nothing is said of how it is made: only of how many, or that it is made anew. */
static bool as_it_is(const struct instance_spec *spec)
{
	return !*spec->digest;
}

static bool made_so(const struct flow *flow)
{
	const struct instance_spec *spec = flow->wish.spec;

	return as_it_is(spec) ||
	       (same(flow, "berth.spec", spec->digest) && same(flow, "berth.links", spec->link_digest) &&
		same(flow, "berth.secrets", spec->secret_digest) &&
		same(flow, "berth.files", spec->file_digest));
}

static bool so_many(const struct flow *flow)
{
	const struct instance_spec *spec = flow->wish.spec;

	return !spec->count || marathon_count(&flow->app) == spec->count;
}

/* --- begun --------------------------------------------------------------------------------------------- */

static enum progress changed(struct flow *flow, struct error *err)
{
	struct marathon_call *call = &flow->calls[0];
	struct marathon_accepted accepted;
	const json_t *json;

	if (marathon_ok(call)) {
		if (!(json = marathon_json(call, err)) ||
		    marathon_accepted_read(json, &flow->arena, &accepted, err) < 0)
			return PROGRESS_FAILED;
		flow->deployment = arena_text(&flow->arena, accepted.deployment);
		flow->since_ms = flow->reasoned_ms = flow_now(flow);
		return flow->deployment ? flow_go(flow, update_watch) : flow_no_memory(err);
	}
	/* Somebody else's change came first, or the answer was lost: what is there tells which. */
	bool waits = marathon_locked(call) && !flow_overdue(flow, flow->marathon->patience_ms);
	if (waits || (marathon_unsure(call) && ++flow->tries < TRIES))
		return flow_pause(flow, LOOK_MS, update_look, err);
	return marathon_failed(call, err, "cannot change `%s`", wished_name(flow));
}

static enum progress change(struct flow *flow, bool force, struct error *err)
{
	const struct instance_spec *spec = flow->wish.spec;
	const char *query = force ? "?force=true" : "";
	unsigned count = spec->count ? spec->count : marathon_count(&flow->app);
	struct marathon_question question = {.method = "PUT", .path = app_path(flow, query)};

	flow->errand->harmless = false;
	flow->version = arena_text(&flow->arena, flow->app.version ?: "");
	if (marathon_version_fits(flow->marathon, spec, err) < 0)
		return PROGRESS_FAILED;
	if (!made_so(flow)) {
		question.path =
		    app_path(flow, force ? "?partialUpdate=false&force=true" : "?partialUpdate=false");
		/* What is stopped stays so. */
		question.body = marathon_definition(flow, spec, flow->app.instances ? count : 0);
	} else if (!so_many(flow)) {
		question.body = json_pack("{s:i}", "instances", (int)count);
	} else {
		question.method = "POST";
		question.path = app_path(flow, force ? "/restart?force=true" : "/restart");
	}
	if (!flow->version || (strcmp(question.method, "PUT") == 0 && !question.body))
		return flow_no_memory(err);
	return marathon_ask(flow, 0, &question, changed, err);
}

/* A change that is older than our patience is nobody's any more. */
static bool has_time(const struct flow *flow)
{
	int64_t began_ms =
	    flow->app.scaled_ms > flow->app.changed_ms ? flow->app.scaled_ms : flow->app.changed_ms;
	struct world *world = flow->marathon->world;

	return !flow_overdue(flow, flow->marathon->patience_ms) &&
	       world->ops->wall(world) - began_ms < flow->marathon->patience_ms;
}

static enum progress overtake(struct flow *flow, struct error *err)
{
	const char *why = flow->reason.text;

	flow_note(flow, "what an earlier deploy began did not come to its end%s%s: it is overtaken",
		  *why ? ", " : "", why);
	return change(flow, true, err);
}

static enum progress update_judged(struct flow *flow, struct error *err)
{
	if (flow->ours) {
		flow->after = overtake;
		return flow_go(flow, reason_find);
	}
	flow->errand->harmless = !flow->tries; /* nothing was asked to change yet */
	if (flow->judged)
		flow_note(flow, "waits for deployment %s, which no deploy of ours began", flow->judged);
	return flow_pause(flow, LOOK_MS, update_look, err);
}

static enum progress update_found(struct flow *flow, struct error *err)
{
	const struct instance_spec *spec = flow->wish.spec;
	bool busy = flow->app.deployment_count > 0;

	if (!flow->there) {
		fail(err, ERR_MISSING, "location `%s`: there is no `%s` to change",
		     flow->marathon->location->name, spec->name);
		return PROGRESS_FAILED;
	}
	bool restarted = flow->version && strcmp(flow->version, flow->app.version ?: "") != 0;
	if (made_so(flow) && so_many(flow) && (!spec->roll || restarted)) {
		if (!busy)
			return PROGRESS_DONE;
		/* An earlier one's that wanted the same. */
		flow->deployment = arena_text(&flow->arena, flow->app.deployments[0]);
		return flow->deployment ? flow_go(flow, update_watch) : flow_no_memory(err);
	}
	if (spec->roll && made_so(flow) && !flow->app.instances)
		return PROGRESS_DONE; /* nobody runs that could be made anew */
	if (!busy || !has_time(flow))
		return change(flow, busy, err);
	return deployment_is_judged(flow) ? flow_pause(flow, LOOK_MS, update_look, err)
					  : deployment_judge(flow, update_judged, err);
}

static enum progress update_look(struct flow *flow, struct error *err)
{
	return app_read(flow, update_found, err);
}

enum progress update_marathon(struct flow *flow, struct error *err)
{
	return update_look(flow, err);
}

/* --- waited for ------------------------------------------------------------------------------------------
 */

static bool is_under_way(const struct flow *flow)
{
	for (size_t i = 0; i < flow->app.deployment_count; i++)
		if (!strcmp(flow->app.deployments[i], flow->deployment))
			return true;
	return false;
}

static enum progress went_wrong(struct flow *flow, const char *then, struct error *err)
{
	fail(err, ERR_FAILED, "the change of `%s` did not come to its end within %lld s, and %s%s%s",
	     wished_name(flow), (long long)flow->marathon->patience_ms / 1000, then,
	     *flow->reason.text ? ": " : "", flow->reason.text);
	return PROGRESS_FAILED;
}

static enum progress back_found(struct flow *flow, struct error *err)
{
	if (!flow->there || !flow->app.deployment_count)
		return went_wrong(flow, "was taken back", err);
	if (flow_overdue(flow, flow->marathon->patience_ms))
		return went_wrong(flow, "could not be taken back", err);
	return flow_pause(flow, LOOK_MS, back_look, err);
}

static enum progress back_look(struct flow *flow, struct error *err)
{
	return app_read(flow, back_found, err);
}

static enum progress back_taken(struct flow *flow, struct error *err)
{
	struct marathon_call *call = &flow->calls[0];

	if (marathon_unsure(call) && ++flow->tries < TRIES)
		return flow_pause(flow, LOOK_MS, back_watch, err);
	if (!marathon_ok(call) && !marathon_absent(call))
		return went_wrong(flow, "could not be taken back", err);
	flow->taken_back = true;
	flow->since_ms = flow_now(flow);
	return flow_pause(flow, LOOK_MS, back_look, err);
}

static enum progress back_watch(struct flow *flow, struct error *err)
{
	const struct marathon_question question = {
	    .method = "DELETE",
	    .path = arena_format(&flow->arena, "/v2/deployments/%s", flow->deployment),
	};

	return marathon_ask(flow, 0, &question, back_taken, err);
}

static size_t new_ones(const struct marathon_app *app)
{
	size_t count = 0;

	for (size_t i = 0; i < app->task_count; i++) {
		const struct marathon_task *task = &app->tasks[i];
		count += task->state == TASK_RUNS &&
			 (!task->version || marathon_time(task->version) >= app->changed_ms);
	}
	return count;
}

static enum progress update_waits(struct flow *flow, struct error *err)
{
	const struct marathon_app *app = &flow->app;
	size_t count = new_ones(app);
	bool lacks = count < app->instances && *flow->steady;

	flow_note(flow, "%zu of %u tasks run as they are to%s%s", count, app->instances, lacks ? ": " : "",
		  lacks ? flow->steady : "");
	return flow_pause(flow, LOOK_MS, update_watch, err);
}

static bool wonders(struct flow *flow)
{
	if (flow_now(flow) - flow->reasoned_ms < REASON_MS)
		return false;
	flow->reasoned_ms = flow_now(flow);
	flow->after = update_waits;
	return true;
}

static enum progress update_went(struct flow *flow, struct error *err)
{
	if (!flow->there || !made_so(flow)) {
		fail(err, ERR_CONFLICT, "location `%s`: somebody else changed `%s` meanwhile",
		     flow->marathon->location->name, wished_name(flow));
		return PROGRESS_FAILED;
	}
	flow->seen |= is_under_way(flow);
	/* A moment may pass until what was accepted is listed. */
	if (!flow->app.deployment_count && marathon_all_new(&flow->app) && (flow->seen || ++flow->index > 2))
		return PROGRESS_DONE;
	if (!flow_overdue(flow, flow->marathon->patience_ms))
		return wonders(flow) ? flow_go(flow, reason_find)
				     : flow_pause(flow, LOOK_MS, update_watch, err);
	flow->after = back_watch;
	return flow_go(flow, reason_find);
}

static enum progress update_watch(struct flow *flow, struct error *err)
{
	return app_read(flow, update_went, err);
}
