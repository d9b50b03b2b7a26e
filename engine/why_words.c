/* why_words.c - why an instance is not as wanted, in words: the first thing that explains it, who must act,
 * and what to type next. */
#include <string.h>

#include "base/cleanup.h"
#include "engine/reconcile.h"
#include "engine/specs.h"
#include "engine/why.h"

/* One thing to explain, or false: it is something else. */
typedef bool explanation(const struct berth_operation *operation, const struct inquiry *inquiry,
			 struct finding *finding);

static void next_deploy(const struct inquiry *inquiry, struct finding *finding)
{
	text_clear(&finding->next);
	text_format(&finding->next, "%s%s", inquiry->deploy, inquiry->flags);
	finding->deploy_next = true;
}

static void next_logs(const struct berth_operation *operation, const struct inquiry *inquiry,
		      struct finding *finding)
{
	text_clear(&finding->next);
	finding->logs_next = true;
	text_format(&finding->next, "berth logs %s %s%s", operation->application->id,
		    finding->work->instance->component->id, inquiry->flags);
}

/* --- whose it is to see to it ------------------------------------------------------------------ */

static bool is_kept(const struct inquiry *inquiry)
{
	return inquiry->policies && inquiry->policies->kept;
}

static bool is_up(const struct finding *finding)
{
	const struct observed *seen = finding->work->instance->seen;
	return seen && seen->state == SEEN_RUNNING && finding->state != PHASE_UNHEALTHY;
}

/* One of its policies restarts or replaces it, or is about to. */
static bool is_tended(const struct berth_operation *operation, const struct inquiry *inquiry,
		      const struct finding *finding)
{
	const struct instance *instance = finding->work->instance;
	int64_t now_ms = operation->berth->world->ops->wall(operation->berth->world);
	const char *name = settled_name(instance);
	if (!is_kept(inquiry) || !instance->wanted || !name || json_object_get(inquiry->stopped, name))
		return false;
	for (size_t i = 0; i < inquiry->policies->count; i++) {
		const struct subject *subject = &inquiry->policies->list[i];
		if (strcmp(subject->component->id, instance->component->id) == 0)
			return policy_set_tends(subject->set, name, !is_up(finding), now_ms);
	}
	return false;
}

/* Nobody need act; where its log tells more, that stays what to type next. */
static void leave_to(struct finding *finding, const char *whom)
{
	finding->who = WHO_NOBODY;
	text_clear(&finding->remedy);
	text_add(&finding->remedy, whom);
	if (finding->logs_next)
		text_add(&finding->remedy, "; its log may tell more");
	if (finding->deploy_next)
		text_clear(&finding->next);
}

/* --- its location ------------------------------------------------------------------------------ */

static bool silent_location(const struct berth_operation *operation, const struct inquiry *inquiry,
			    struct finding *finding)
{
	const struct site *site = finding->work->site;
	(void)operation;
	if (!site->failed)
		return false;
	const struct error *err = site_error(site);
	bool ours = err->code == ERR_DENIED || err->code == ERR_INVALID || err->code == ERR_UNVERIFIED;
	text_format(&finding->why, "nobody knows: its location %s does not answer: %s", site->location.name,
		    err->text);
	text_add(&finding->remedy, *err->remedy ? err->remedy
				   : ours       ? "see to its credentials"
						: "its target must be brought back");
	text_format(&finding->next, "berth locations check %s%s", site->location.name, inquiry->flags);
	finding->who = ours ? WHO_YOU : WHO_ADMINISTRATOR;
	return true;
}

static bool silent_machine(const struct berth_operation *operation, const struct inquiry *inquiry,
			   struct finding *finding)
{
	const char *why = unseen_because(finding->work);
	(void)operation, (void)inquiry;
	if (!why)
		return false;
	text_format(&finding->why, "nobody knows: %s", why);
	text_add(&finding->remedy, "its machine must be brought back; it is made anew once that is removed");
	finding->who = WHO_ADMINISTRATOR;
	return true;
}

/* --- it is not wanted -------------------------------------------------------------------------- */

static bool not_wanted(const struct berth_operation *operation, const struct inquiry *inquiry,
		       struct finding *finding)
{
	const struct instance *instance = finding->work->instance;
	if (!operation->blueprint || instance->wanted)
		return false;
	text_add(&finding->why,
		 !instance->component->spec ? "the blueprint has no such component any more"
		 : instance->outdated
		     ? "it did not get ready as a new member, and the blueprint says something else now"
		     : "there are to be fewer of it");
	text_add(&finding->remedy, "the next deploy removes it");
	next_deploy(inquiry, finding);
	return true;
}

/* --- whom it needs ----------------------------------------------------------------------------- */

static bool serves(const struct component *provider)
{
	enum phase state = component_state(provider);
	return !provider->site || state == PHASE_RUNNING || state == PHASE_FINISHED ||
	       state == PHASE_UPDATING;
}

static const struct component *missing_provider(const struct berth_operation *operation,
						const struct component *component)
{
	for (size_t i = 0; i < component->need_count; i++) {
		const struct component *provider =
		    &operation->application->components[component->needs[i].to];
		if (edge_waits(&component->needs[i]) && !serves(provider))
			return provider;
	}
	return NULL;
}

static bool waits_for_provider(const struct berth_operation *operation, const struct inquiry *inquiry,
			       struct finding *finding)
{
	const struct component *provider = missing_provider(operation, finding->work->instance->component);
	bool started = finding->state == PHASE_STARTING || finding->state == PHASE_BROKEN ||
		       finding->state == PHASE_RUNNING || finding->state == PHASE_FINISHED ||
		       finding->state == PHASE_STOPPED;
	if (finding->work->instance->seen && finding->work->instance->seen->state == SEEN_CREATED)
		started = false;
	if (!provider || started)
		return false;
	text_format(&finding->why, "it waits for %s, which is %s", provider->id,
		    phase_name(component_state(provider)));
	text_format(&finding->remedy, "see to %s; then it follows with the next deploy", provider->id);
	text_format(&finding->next, "berth why %s %s%s", operation->application->id, provider->id,
		    inquiry->flags);
	return true;
}

/* --- what failed ------------------------------------------------------------------------------- */

/* As it was told when it failed; but a log went with what had it. */
static void advise_on_failure(struct finding *finding)
{
	const char *then = finding->failure_remedy;
	text_add(&finding->remedy,
		 then && !strstr(then, "its log") ? then : "mend what the words name, and deploy again");
}

/* --- it is not there --------------------------------------------------------------------------- */

static bool not_there(const struct berth_operation *operation, const struct inquiry *inquiry,
		      struct finding *finding)
{
	(void)operation;
	const struct observed *seen = finding->work->instance->seen;
	bool made = seen && seen->state == SEEN_CREATED;
	if (seen && !made)
		return false;
	if (finding->failure)
		text_format(&finding->why, "it could not be made to run: %s", finding->failure);
	else if (made)
		text_add(&finding->why, "it was made, but a deploy that would start it was interrupted");
	else if (finding->ran_time)
		text_format(&finding->why,
			    "it is not there any more; it ran at %s: something else removed it",
			    finding->ran_time);
	else if (!inquiry->planned && inquiry->plan_error.code)
		text_format(&finding->why, "it cannot be made: %s", inquiry->plan_error.text);
	else
		text_add(&finding->why, "no deploy has made it yet");
	if (finding->failure)
		advise_on_failure(finding);
	else if (!inquiry->planned && *inquiry->plan_error.remedy)
		text_add(&finding->remedy, inquiry->plan_error.remedy);
	else
		text_add(&finding->remedy, "a deploy makes it");
	next_deploy(inquiry, finding);
	return true;
}

/* --- it ends ----------------------------------------------------------------------------------- */

static void add_words(struct finding *finding, const struct observed *seen)
{
	if (seen->out_of_memory)
		text_add(&finding->why, "; it ran out of memory");
	if (seen->error && *seen->error)
		text_format(&finding->why, "; the target says: %s", seen->error);
}

static void advise_on_end(const struct berth_operation *operation, const struct inquiry *inquiry,
			  struct finding *finding, const struct observed *seen)
{
	text_add(&finding->remedy, seen->out_of_memory
				       ? "give it more `memory` in the blueprint, or have it use less"
				       : "the end of its log may say why");
	if (seen->out_of_memory)
		next_deploy(inquiry, finding);
	else
		next_logs(operation, inquiry, finding);
}

static bool keeps_ending(const struct berth_operation *operation, const struct inquiry *inquiry,
			 struct finding *finding)
{
	const struct observed *seen = finding->work->instance->seen;
	if (seen->state != SEEN_RESTARTING)
		return false;
	text_add(&finding->why, "it keeps ending");
	if (seen->exits_known)
		text_format(&finding->why, ": %u time%s since it was made", seen->exits,
			    seen->exits == 1 ? "" : "s");
	text_add(&finding->why, ", last ");
	end_write(&finding->why, seen);
	add_words(finding, seen);
	advise_on_end(operation, inquiry, finding, seen);
	return true;
}

static bool was_stopped(const struct berth_operation *operation, const struct inquiry *inquiry,
			struct finding *finding)
{
	const struct observed *seen = finding->work->instance->seen;
	if (seen->state != SEEN_STOPPED || !finding->last || strcmp(finding->last, "stopped") != 0)
		return false;
	text_format(&finding->why, "`berth stop` ended it, at %s", finding->last_time);
	text_add(&finding->remedy, "start it when you want it again");
	text_format(&finding->next, "berth start %s %s%s", operation->application->id,
		    finding->work->instance->component->id, inquiry->flags);
	return true;
}

static bool has_ended(const struct berth_operation *operation, const struct inquiry *inquiry,
		      struct finding *finding)
{
	const struct observed *seen = finding->work->instance->seen;
	bool job = made_from(finding->work->instance) ? made_from(finding->work->instance)->job : seen->job;
	if (seen->state != SEEN_STOPPED || finding->state == PHASE_FINISHED)
		return false;
	text_add(&finding->why, job ? "the job " : "it ");
	end_tell(&finding->why, seen);
	add_words(finding, seen);
	advise_on_end(operation, inquiry, finding, seen);
	return true;
}

static bool is_unusable(const struct berth_operation *operation, const struct inquiry *inquiry,
			struct finding *finding)
{
	const struct observed *seen = finding->work->instance->seen;
	(void)operation;
	if (seen->state != SEEN_BROKEN)
		return false;
	text_add(&finding->why, "its target cannot use it any more");
	if (seen->error && *seen->error)
		text_format(&finding->why, ": %s", seen->error);
	text_add(&finding->remedy, "a deploy makes it anew");
	next_deploy(inquiry, finding);
	return true;
}

/* --- it runs, and yet -------------------------------------------------------------------------- */

static bool to_be_changed(const struct inquiry *inquiry, const struct finding *finding)
{
	return inquiry->planned && !finding->moved && finding->work->action != ACTION_UNCHANGED;
}

static bool lost_its_keeper(const struct berth_operation *operation, const struct inquiry *inquiry,
			    struct finding *finding)
{
	(void)operation;
	if (!finding->work->instance->seen->orphan_tree)
		return false;
	text_add(&finding->why, "its keeper died and left processes behind");
	text_add(&finding->remedy, "a deploy ends them and starts it anew");
	next_deploy(inquiry, finding);
	return true;
}

static bool does_not_answer(const struct berth_operation *operation, const struct inquiry *inquiry,
			    struct finding *finding)
{
	if (finding->state != PHASE_STARTING || (finding->asked && finding->silence.code == OK))
		return false;
	if (!finding->asked && is_kept(inquiry)) {
		text_add(&finding->why, "it runs, but nobody has seen it answer yet");
		leave_to(finding, "its controller takes note of it");
		return true;
	}
	if (!finding->asked) {
		text_add(&finding->why, "it runs, but no deploy has seen it answer");
		text_add(&finding->remedy, "a deploy asks it");
		next_deploy(inquiry, finding);
		return true;
	}
	text_format(&finding->why, "it runs but does not answer: %s", finding->silence.text);
	text_add(&finding->remedy,
		 *finding->silence.remedy
		     ? finding->silence.remedy
		     : "see whether it listens on all addresses and on that port; its log may "
		       "tell");
	next_logs(operation, inquiry, finding);
	return true;
}

static bool is_paused(const struct berth_operation *operation, const struct inquiry *inquiry,
		      struct finding *finding)
{
	(void)operation;
	if (!finding->work->instance->seen->paused)
		return false;
	text_add(&finding->why, "it is paused: it answers nobody until it goes on");
	text_format(&finding->remedy, "a deploy lets it go on, and so does `docker unpause %s`",
		    finding->work->instance->name);
	next_deploy(inquiry, finding);
	return true;
}

static bool is_unhealthy(const struct berth_operation *operation, const struct inquiry *inquiry,
			 struct finding *finding)
{
	const struct component *component = finding->work->instance->component;
	if (finding->state != PHASE_UNHEALTHY)
		return false;
	text_format(&finding->why, "it runs, but its health check fails: %s", finding->illness);
	text_add(&finding->remedy, component->kept ? "its log may tell why"
						   : "its log may tell why; with a `restarter` among its "
						     "policies it is restarted");
	next_logs(operation, inquiry, finding);
	return true;
}

/* It was listed as one that does not run, and does by the time it is looked at. */
static bool came_back(const struct berth_operation *operation, const struct inquiry *inquiry,
		      struct finding *finding)
{
	(void)operation, (void)inquiry;
	if (!finding->moved || !is_up(finding))
		return false;
	if (finding->asked) /* and it answered */
		finding->state = PHASE_RUNNING;
	text_add(&finding->why, "it runs by now; a moment ago it did not");
	finding->who = WHO_NOBODY;
	return true;
}

static bool answers_by_now(const struct berth_operation *operation, const struct inquiry *inquiry,
			   struct finding *finding)
{
	(void)operation;
	if (finding->state != PHASE_STARTING || to_be_changed(inquiry, finding))
		return false;
	text_add(&finding->why, "it answers by now");
	if (is_kept(inquiry)) {
		leave_to(finding, "its controller takes note of it");
		return true;
	}
	text_add(&finding->why, "; the deploy that started it had given up, or was interrupted");
	text_add(&finding->remedy, "the next deploy takes note of it");
	next_deploy(inquiry, finding);
	return true;
}

static bool is_quarantined(const struct berth_operation *operation, const struct inquiry *inquiry,
			   struct finding *finding)
{
	const struct instance *instance = finding->work->instance;
	if (!instance->quarantined)
		return false;
	text_format(&finding->why,
		    "it did not get ready as a new member, and was stopped to be looked at: %s",
		    instance->quarantined->why);
	text_add(&finding->remedy, "its log may tell why; it is no member, and goes when that is asked for");
	text_format(&finding->next, "berth invoke %s %s expungeQuarantined%s", operation->application->id,
		    instance->component->id, inquiry->flags);
	return true;
}

static void add_reasons(struct finding *finding)
{
	size_t count = 0;
	for (const struct reason *reason = finding->work->reasons; reason; reason = reason->next)
		if (!reason->stale && count++ < 3)
			text_format(&finding->why, "%s%s", count == 1 ? ": " : ", ", reason->path);
	if (count > 3)
		text_format(&finding->why, " and %zu more", count - 3);
}

static bool is_as_before(const struct berth_operation *operation, const struct inquiry *inquiry,
			 struct finding *finding)
{
	(void)operation;
	if (!to_be_changed(inquiry, finding))
		return false;
	if (finding->asked) /* and it answered */
		finding->state = PHASE_RUNNING;
	text_format(&finding->why, "it %s, but not as its blueprint says by now",
		    finding->state == PHASE_FINISHED ? "has run" : "runs");
	add_reasons(finding);
	if (finding->failure)
		text_format(&finding->why, "; the change failed: %s", finding->failure);
	if (finding->failure)
		advise_on_failure(finding);
	else
		text_add(&finding->remedy, "a deploy brings it there");
	next_deploy(inquiry, finding);
	return true;
}

static void is_fine(const struct inquiry *inquiry, struct finding *finding)
{
	text_add(&finding->why, finding->state == PHASE_FINISHED ? "it came to its end well"
				: inquiry->remembered            ? "it is as wanted"
								 : "it runs");
	finding->who = WHO_NOBODY;
}

/* The first that explains it is the reason. */
static const struct {
	explanation *explains;
	bool mended; /* by policies, where they look after it */
} explanations[] = {
    {silent_location, false},   {silent_machine, false}, {is_quarantined, false}, {not_wanted, false},
    {waits_for_provider, true}, {not_there, true},       {lost_its_keeper, true}, {is_unusable, true},
    {keeps_ending, true},       {was_stopped, false},    {has_ended, true},       {is_paused, true},
    {is_unhealthy, true},       {came_back, false},      {does_not_answer, true}, {answers_by_now, true},
    {is_as_before, false},
};

void finding_explain(const struct berth_operation *operation, const struct inquiry *inquiry,
		     struct finding *finding)
{
	bool mended = false, explained = false;
	finding->who = WHO_YOU;
	for (size_t i = 0; i < COUNT_OF(explanations) && !explained; i++) {
		explained = explanations[i].explains(operation, inquiry, finding);
		mended = explained && explanations[i].mended;
	}
	if (!explained)
		is_fine(inquiry, finding);
	if (finding->who != WHO_YOU)
		return;
	if (mended && is_tended(operation, inquiry, finding))
		leave_to(finding, "its policies see to it");
	else if (inquiry->under_way)
		finding->who = WHO_NOBODY;
	else if (inquiry->owner)
		finding->who = WHO_OWNER;
}
