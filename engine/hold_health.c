/* hold_health.c - the health check of an instance that is held: asked in its interval for as long as it runs.
 * One without a check is asked until it is known to have answered, where nobody saw that. */
#include <string.h>

#include "base/cleanup.h"
#include "engine/deploy.h"
#include "engine/hold.h"
#include "engine/reconcile.h"

enum { UNKNOWN_PAUSE_MS = 5000 }; /* between two questions to one without a check */

static const struct health_check *check_of(const struct work *work)
{
	const struct component_spec *spec = made_from(work->instance);
	return spec && spec->health->kind != CHECK_NONE ? spec->health : NULL;
}

/* Whether this very incarnation was seen to answer: by a deploy, or here. */
static bool is_known(struct held_instance *held)
{
	const struct observed *seen = held->work->instance->seen;
	if (!seen || !seen->target_id || held_is_job(held->work))
		return true; /* it never will be */
	if (held->answered)
		return !strcmp(held->answered, seen->target_id);
	if (!instance_known_ready(held->work->instance))
		return false;
	held->answered = strdup(seen->target_id); /* without memory the store is asked again */
	return true;
}

void health_answered(struct held_instance *held)
{
	const struct observed *seen = held->work->instance->seen;
	remember_answered(held->work);
	free(held->answered);
	held->answered = seen && seen->target_id ? strdup(seen->target_id) : NULL;
}

static int64_t pause_of(const struct health_check *check)
{
	return check ? check->interval_ms : UNKNOWN_PAUSE_MS;
}

/* The first one at a time of its own within the interval, so that thousands do not ask at once. */
static int64_t first_pause(const struct work *work, int64_t interval_ms)
{
	uint32_t hash = 2166136261;
	for (const char *c = work->instance->name; *c; c++)
		hash = (hash ^ (unsigned char)*c) * 16777619;
	return interval_ms * (int64_t)(hash % 1000) / 1000;
}

void health_forget(struct held_instance *held)
{
	held->failures = 0;
	held->ask_next_ms = 0;
	free(give(held->problem));
}

json_t *hold_illnesses(const struct hold *hold)
{
	json_t *ill = json_object();
	for (size_t i = 0; i < hold->component_count; i++) {
		const struct held_component *of = &hold->components[i];
		for (size_t n = 0; n < of->member_count; n++) {
			const struct observed *seen = of->members[n].work->instance->seen;
			if (!of->members[n].problem || !seen || !seen->target_id)
				continue;
			json_t *one = json_object();
			json_put_text(one, "id", seen->target_id);
			json_put_text(one, "why", of->members[n].problem);
			json_put(ill, of->members[n].name, one);
		}
	}
	return ill;
}

bool is_illness_of(const json_t *ill, const char *name, const struct observed *seen)
{
	const char *id = json_text(json_object_get(ill, name), "id");
	return id && seen && seen->target_id && !strcmp(id, seen->target_id);
}

int health_inherit(struct held_instance *held, const json_t *ill)
{
	if (!check_of(held->work) || !is_illness_of(ill, held->name, held->work->instance->seen))
		return 0;
	held->problem = strdup(json_text(json_object_get(ill, held->name), "why"));
	return held->problem ? 0 : -1;
}

static bool in_start_period(const struct work *work, const struct health_check *check)
{
	struct world *world = work->operation->berth->world;
	const struct observed *seen = work->instance->seen;
	return seen && world->ops->wall(world) - seen->started_ms < check->start_period_ms;
}

static void record(const struct held_instance *held, const char *what, const char *words)
{
	const struct berth_operation *operation = held->of->hold->operation;
	store_put_event(operation->berth->store, operation->application->id, held->of->component->id,
			held->work->instance->name, what, words);
}

static void well(struct held_instance *held)
{
	bool ill = held->problem;
	if (ill)
		record(held, "healthy", "its health check succeeds again");
	held->failures = 0;
	free(give(held->problem));
	if (ill) /* load balancers send to it again */
		work_wake_consumers(held->work);
}

/* It is us who cannot ask, or its location that does not answer. */
bool health_says_nothing(const struct health_check *check, const struct error *err)
{
	return err->code == ERR_UNSUPPORTED || err->code == ERR_NO_MEMORY || probe_unanswered(check, err);
}

static bool was_given_secrets(const struct component_spec *spec)
{
	for (size_t i = 0; i < spec->environment_count; i++)
		if (value_has_secret(&spec->environment[i].value))
			return true;
	for (size_t i = 0; i < spec->file_count; i++)
		if (spec->files[i].content && value_has_secret(spec->files[i].content))
			return true;
	return false;
}

/* Without the last bytes of the answer where they may be of a secret that it was given: these words are
 * written down, and told to many. For the caller to free; NULL: no memory. */
static char *words_of(const struct work *work, const struct health_check *check, const struct error *err)
{
	const struct component_spec *spec = made_from(work->instance);
	const char *from = check->kind == CHECK_COMMAND ? err->text : strstr(err->text, " answered ");
	if (check->kind == CHECK_TCP || !from || !spec || !was_given_secrets(spec))
		return strdup(err->text);
	return strndup(err->text, (size_t)(from - err->text) + strcspn(from, ":;\n"));
}

static void answered(struct held_instance *held, const struct health_check *check, const struct error *err)
{
	struct work *work = held->work;
	work->doing = DOING_NOTHING;
	hold_forget_spec(work);
	held->ask_next_ms = now_of(work) + pause_of(check);
	work_wake_after(work, pause_of(check));
	if (!err || !err->code) {
		if (!is_known(held))
			health_answered(held);
		well(held);
		return;
	}
	if (!check || health_says_nothing(check, err) || in_start_period(work, check))
		return;
	if (++held->failures < (unsigned)check->retries)
		return;
	char *words = words_of(work, check, err);
	if (!words)
		return; /* it is asked again soon */
	bool first = !held->problem;
	if (first)
		record(held, "unhealthy", words);
	free(held->problem);
	held->problem = words;
	if (first)
		work_wake_consumers(work);
}

void health_give_up(struct berth_operation *operation)
{
	for (size_t i = 0; i < operation->work_count; i++) {
		struct work *work = operation->works[i];
		if (!work->settled || work->doing != DOING_PROBE)
			continue;
		driver_of(work)->drop(&work->site->location, &work->errand);
		work->doing = DOING_NOTHING;
	}
}

bool health_asked(struct work *work)
{
	struct held_instance *held = work->held;
	const struct health_check *check = check_of(work);
	struct error err = {0};
	if (!held || work->instance->phase != PHASE_RUNNING || work->operation->cancelled)
		return false;
	if (!check && work->doing != DOING_PROBE && is_known(held))
		return false;
	if (!held->ask_next_ms)
		held->ask_next_ms = now_of(work) + first_pause(work, pause_of(check));
	int64_t left_ms = held->ask_next_ms - now_of(work);
	if (work->doing != DOING_PROBE && left_ms > 0) {
		work_wake_after(work, left_ms);
		return false;
	}
	if (work->doing != DOING_PROBE)
		work->checks_done = 0; /* that it was seen to answer when it was started is another matter */
	work->doing = DOING_PROBE;
	enum progress progress = instance_ask(work, &err);
	if (progress == PROGRESS_WAITING)
		return true;
	answered(held, check, progress == PROGRESS_FAILED ? &err : NULL);
	return false;
}
