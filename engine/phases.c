/* phases.c - from nothing to running: one function per phase reads the facts of an instance and takes the
 * next step. */
#include "base/cleanup.h"
#include "engine/hosts.h"
#include "engine/link_numbers.h"
#include "engine/pool_line.h"
#include "engine/pools.h"
#include "engine/reconcile.h"

#define SETTLE_MS        300             /* what has no port or check to ask runs when it stays up so long */
#define START_TIMEOUT_MS (5 * 60 * 1000) /* as long as Brooklyn's start.timeout */
#define FIRST_PROBE_MS   20
#define SLOWEST_PROBE_MS 1000

static int64_t patience_of(const struct work *work)
{
	const struct component_spec *spec = made_from(work->instance);
	return spec && spec->health->patience_ms ? spec->health->patience_ms : START_TIMEOUT_MS;
}

/* Cancelled while nothing flies: this is as far as it comes. */
static bool halt(struct work *work)
{
	if (!work->operation->cancelled || work->doing != DOING_NOTHING || work->rescue)
		return false;
	work->halted = true;
	work_settle(work);
	return true;
}

/* --- linking: until those it needs answer, and every value is known ----------------------------- */

static bool does_not_come(const struct work *work)
{
	enum phase phase = work->instance->phase;
	bool left_alone =
	    work->settled && (phase == PHASE_ABSENT || phase == PHASE_STOPPED || phase == PHASE_GONE);
	return work->blocked || work->halted || left_alone || work->unseen || phase == PHASE_QUARANTINED ||
	       (phase == PHASE_BROKEN && !work->answered);
}

/* `started` is enough for an order that says so; everybody else waits for an answer, and for a job's end. */
static bool is_there(const struct instance *provider, const struct edge *edge)
{
	const struct work *work = provider->work;
	if (provider->phase == PHASE_FINISHED)
		return true;
	if (edge->kind == EDGE_ORDER && edge->link->need == NEED_STARTED && work->started)
		return provider->phase >= PHASE_STARTING && provider->phase <= PHASE_UPDATING;
	/* A verb that leaves a job alone does not wait for its end either. */
	if (provider->component->spec && provider->component->spec->job)
		return provider->phase == PHASE_RUNNING && work->operation->verb->decide;
	if (provider->phase == PHASE_RUNNING) /* and nobody is just finding out its addresses */
		return !work->look_due && work->doing != DOING_LOOK;
	return work->answered && (provider->phase == PHASE_UPDATING || provider->phase == PHASE_BROKEN);
}

enum answer { ANSWER_NEVER, ANSWER_LATER, ANSWER_NOW };

/* The first instance speaks for its component; of a cluster any member does. */
static enum answer answer_of(const struct component *provider, const struct edge *edge)
{
	enum answer best = ANSWER_NEVER;
	unsigned speakers = provider->spec->cluster ? instances_of(provider) : 1;
	for (unsigned i = 0; i < speakers && best != ANSWER_NOW; i++) {
		const struct instance *instance = &provider->instances[i];
		if (is_there(instance, edge))
			best = ANSWER_NOW;
		else if (!does_not_come(instance->work))
			best = ANSWER_LATER;
	}
	return best;
}

/* Of a cluster whose first member is another one: while there is nobody, the others come after it. As
 * providers_answer. */
static int first_answers(struct work *work)
{
	static const struct edge any = {.kind = EDGE_VALUE};
	const struct component *component = work->instance->component;
	const struct instance *first = NULL;
	if (work->action != ACTION_CREATE || !component->cluster.first || is_first_member(work->instance))
		return 1;
	for (unsigned i = 0; i < instances_of(component); i++) {
		if (is_there(&component->instances[i], &any))
			return 1;
		if (is_first_member(&component->instances[i]))
			first = &component->instances[i];
	}
	if (!first)
		return 1;
	if (does_not_come(first->work)) {
		fail(work_error(work), ERR_FAILED, "%s, the first member, did not get ready", first->name);
		return -1;
	}
	work_note(work, "waits for %s, the first member", first->name);
	return 0;
}

static bool is_needed(const struct work *work, const struct edge *edge)
{
	const struct component *provider = &work->operation->application->components[edge->to];
	return edge->of == made_from(work->instance) && provider->site && edge_waits(edge) &&
	       !has_nobody(provider);
}

/* As providers_answer, of those from the one that it waited for on. */
static int others_answer(struct work *work)
{
	const struct component *component = work->instance->component;
	for (; work->needs_met < component->need_count; work->needs_met++) {
		const struct edge *edge = &component->needs[work->needs_met];
		struct component *provider = &work->operation->application->components[edge->to];
		work->operation->effort++;
		if (!is_needed(work, edge))
			continue;
		switch (answer_of(provider, edge)) {
		case ANSWER_NEVER:
			fail(work_error(work), ERR_FAILED, "it needs `%s`, which %s", provider->id,
			     provider->instances[0].predecessor    ? "did not get ready as it is to be now"
			     : provider->instances[0].work->unseen ? "is on a machine that does not answer"
								   : "does not run");
			return -1;
		case ANSWER_LATER:
			work_note(work, "waits for %s", provider->id);
			return 0;
		case ANSWER_NOW:
			break;
		}
	}
	return 1;
}

/* 1: all answer. 0: wait. -1: one of them never will. It is asked whenever one of them gets on, so they are
 * not all looked at each time, but once more when the last one answers. */
static int providers_answer(struct work *work)
{
	int answer = others_answer(work);
	if (answer <= 0)
		return answer;
	work->needs_met = 0;
	return others_answer(work);
}

/* Placed, so that it gets ready by itself. Where many are placed by one call it may wait for others. */
static bool is_on_its_way(const struct work *work)
{
	enum phase phase = work->instance->phase;
	if (phase == PHASE_PLACING)
		return !driver_of(work)->capabilities.made_together;
	return phase == PHASE_STARTING || phase == PHASE_RUNNING || phase == PHASE_UPDATING;
}

static bool comes_by_itself(const struct component *provider, const struct edge *edge)
{
	unsigned speakers = provider->spec->cluster ? instances_of(provider) : 1;
	for (unsigned i = 0; i < speakers; i++)
		if (is_there(&provider->instances[i], edge) || (is_on_its_way(provider->instances[i].work) &&
								!does_not_come(provider->instances[i].work)))
			return true;
	return false;
}

bool work_comes_next(const struct work *work)
{
	const struct component *component = work->instance->component;
	enum phase phase = work->instance->phase;
	if (work->action != ACTION_CREATE || work->settled || work->blocked || work->halted ||
	    work->attempts || work->waits_slot)
		return false;
	if (phase == PHASE_PLACING)
		return work->doing != DOING_PLACE;
	if (phase != PHASE_LINKING && phase != PHASE_ABSENT)
		return false;
	for (size_t i = 0; i < component->need_count; i++) {
		const struct edge *edge = &component->needs[i];
		const struct component *provider = &work->operation->application->components[edge->to];
		if (is_needed(work, edge) && !comes_by_itself(provider, edge))
			return false;
	}
	return true;
}

/* Blocked: nothing will be done about it by this operation. */
static void block(struct work *work)
{
	work->blocked = true;
	work_note(work, "%s", error_of(work)->text);
	work_settle(work);
	work_wake_consumers(work); /* those who need this one hear it too */
}

static void ask_for_address(struct work *work, const char *waits)
{
	struct component *provider = application_component(work->operation->application, waits);
	/* It answered once, and ended before anybody saw its address. */
	if (provider && instances_of(provider) && speaker_of(provider)->phase == PHASE_BROKEN) {
		fail(work_error(work), ERR_FAILED, "it needs `%s`, which does not run", waits);
		block(work);
		return;
	}
	work_note(work, "waits for the address of %s", waits);
	if (provider && instances_of(provider)) {
		struct work *asked = speaker_of(provider)->work;
		asked->look_due = true;
		work_wake(asked);
	}
}

/* What was only placed is placed again, as it is to be: its making may have been interrupted. Where nothing
 * is known of how it is to be, it is left as it is. */
static bool is_placed_only(const struct work *work)
{
	return work->action == ACTION_START && work->instance->seen->state == SEEN_CREATED &&
	       made_from(work->instance);
}

/* Everything it needs is there: which way does it go now? */
static enum phase linked(struct work *work)
{
	if (work->operation->first_removals && work->action != ACTION_START &&
	    work->action != ACTION_RESTART) {
		work_note(work, "waits until what is to go first has gone");
		return PHASE_LINKING;
	}
	if (!turn_take(work)) {
		if (error_of(work)->code)
			block(work);
		return PHASE_LINKING;
	}
	work->made = true;
	if (work->action == ACTION_RESTART && work->instance->seen->state == SEEN_RUNNING &&
	    keeps_tasks(work->site))
		work->parts |= PART_ROLL;
	if (work->parts & PART_ROLL)
		return PHASE_UPDATING;
	if (work->place_again || work->action == ACTION_CREATE)
		return PHASE_PLACING;
	if (work->action == ACTION_START)
		return is_placed_only(work) ? PHASE_PLACING : PHASE_STARTING;
	return work->action == ACTION_RESTART || work->order == ORDER_PLAIN ? PHASE_STOPPING : PHASE_PLACING;
}

static enum resolved build_spec(struct work *work, const char **ret_waits)
{
	bool anew = work->action == ACTION_CREATE || work->action == ACTION_REPLACE;
	if (work->operation->verb->decide && !anew && !work->place_again && !is_placed_only(work))
		return spec_started(work, ret_waits);
	struct error err = {0};
	enum resolved found = spec_build(work, ret_waits, &err);
	if (found == RESOLVED_NEVER)
		*work_error(work) = err;
	return found;
}

enum phase step_linking(struct work *work)
{
	if (halt(work))
		return PHASE_LINKING;
	int answer = first_answers(work);
	if (answer > 0)
		answer = providers_answer(work);
	if (answer < 0)
		block(work);
	if (answer <= 0)
		return PHASE_LINKING;
	const char *waits = NULL;
	enum resolved found = build_spec(work, &waits);
	if (found == RESOLVED_NEVER)
		return work_break(work, work_error(work));
	if (found == RESOLVED_LATER) {
		if (waits) /* else for a sensor */
			ask_for_address(work, waits);
		return PHASE_LINKING;
	}
	return linked(work);
}

/* --- placing -------------------------------------------------------------------------------- */

static bool lacks_machine(struct work *work)
{
	struct error why = {0};
	if (!host_lacks(work, &why))
		return false;
	*work_error(work) = why;
	return true;
}

enum phase step_placing(struct work *work)
{
	bool failed = false;
	if (halt(work))
		return PHASE_PLACING;
	if (work->doing == DOING_NOTHING && (lacks_machine(work) || joining_hopeless(work)))
		return work_break(work, work_error(work));
	if (!intent_durable(work, "place", &failed))
		return failed ? work_break(work, work_error(work)) : PHASE_PLACING;
	if (!call_may_begin(work, DOING_PLACE))
		return PHASE_PLACING;
	struct error err = {0};
	const char *note = NULL;
	enum progress progress =
	    driver_of(work)->place(&work->site->location, &work->errand, work->spec, &note, &err);
	if (note && progress == PROGRESS_WAITING)
		work_note(work, "%s", note);
	switch (call_ended(work, progress, &err)) {
	case CALL_NEXT:
		work->operation->changed = true;
		pool_told(work);
		/* What an earlier deploy made has the exits of before. */
		work->fresh = work->action != ACTION_START && !work->resumed;
		return PHASE_STARTING;
	case CALL_FAIL:
		return work_break(work, work_error(work));
	default:
		return PHASE_PLACING;
	}
}

/* --- starting: start it, then ask until it answers ------------------------------------------------ */

static bool picked_port_taken(const struct work *work, const struct error *err)
{
	if (err->code != ERR_CONFLICT || work->picks >= 3)
		return false;
	for (size_t i = 0; i < work->port_count; i++)
		if (work->ports[i].published && !work->ports[i].fixed)
			return true;
	return false;
}

/* Its target has nothing to start it from any more, as after a reboot of this machine. */
static bool place_anew(struct work *work, const struct error *err)
{
	if (err->code != ERR_MISSING || work->place_again || !made_from(work->instance))
		return false;
	return work->place_again = true;
}

enum room { ROOM, ROOM_LATER, ROOM_NEVER };

static enum room no_room(struct work *work, const struct instance *other, const char *what)
{
	fail(work_error(work), ERR_FAILED, "it was not started: %s, which %s, could not be stopped: %s",
	     other->name, what, error_of(other->work)->text);
	return ROOM_NEVER;
}

/* What is left of its own by an interrupted update, and has not stopped for certain; NULL: nothing. */
static const struct instance *left_running(const struct work *work)
{
	const struct berth_operation *operation = work->operation;
	for (size_t i = 0; work->lone && i < operation->work_count; i++) {
		const struct instance *other = operation->works[i]->instance;
		if (operation->works[i]->leftover && other->component == work->instance->component &&
		    other->ordinal == work->instance->ordinal && other->phase != PHASE_REMOVING &&
		    other->phase != PHASE_GONE && !other->work->clings)
			return other;
	}
	return NULL;
}

/* Where both cannot run at one time the older one has stopped, for certain. */
static enum room find_room(struct work *work)
{
	struct instance *older = work->instance->predecessor;
	const struct instance *left = left_running(work);
	if (left && left->phase == PHASE_BROKEN)
		return no_room(work, left, "an interrupted update left");
	if (left) {
		work_note(work, "waits for %s to stop", left->name);
		return ROOM_LATER;
	}
	if (work->order != ORDER_STOP_FIRST || !older || older->phase == PHASE_STOPPED ||
	    older->phase == PHASE_GONE || older->work->clings)
		return ROOM;
	if (older->phase == PHASE_BROKEN)
		return no_room(work, older, "it takes the place of");
	older->work->step_aside = true;
	work_wake(older->work);
	work_note(work, "waits for %s to stop", older->name);
	return ROOM_LATER;
}

static enum phase start(struct work *work)
{
	bool failed = false;
	if (!work->spec && !spec_outlined(work))
		return work_break(work, work_error(work));
	if (work->parts & (PART_LIMITS | PART_FILES | PART_LINKS))
		return PHASE_UPDATING;
	enum room room = work->doing == DOING_START ? ROOM : find_room(work);
	if (room != ROOM)
		return room == ROOM_NEVER ? work_break(work, work_error(work)) : PHASE_STARTING;
	if (!intent_durable(work, "start", &failed))
		return failed ? work_break(work, work_error(work)) : PHASE_STARTING;
	if (!call_may_begin(work, DOING_START))
		return PHASE_STARTING;
	struct error err = {0};
	enum progress progress =
	    driver_of(work)->start(&work->site->location, &work->errand, work->spec, &err);
	if (progress != PROGRESS_WAITING) /* whatever came of it, what was told before is over */
		work->spec->ended = NULL;
	switch (call_ended(work, progress, &err)) {
	case CALL_NEXT:
		work->started = true;
		work->rescue = false; /* whether it answers may be found out later */
		work->operation->changed = true;
		work->look_due |= work->spec->job; /* it may have ended already */
		work->settle_ms = now_of(work) + SETTLE_MS;
		work->deadline_ms = now_of(work) + patience_of(work);
		work_wake(work);
		work_wake_consumers(work);
		return PHASE_STARTING;
	case CALL_FAIL:
		if (place_anew(work, &err))
			return PHASE_LINKING;
		if (!picked_port_taken(work, &err))
			return work_break(work, work_error(work));
		if (publications_pick_again(work, work_error(work)))
			return work_break(work, work_error(work));
		return PHASE_REMOVING; /* and made again with another number */
	default:
		return PHASE_STARTING;
	}
}

static bool has_check(const struct work *work)
{
	struct health_check check;
	return instance_check(work, 0, &check);
}

/* Who waits for requests is to get them soon: asked fifty times a second, and all of its component together
 * no more than five hundred times; and the less often the longer it takes. */
static int64_t slowest_probe(const struct work *work)
{
	const struct component *component = work->instance->component;
	if (!pool_awaits(work) || (component->spec && component->spec->health->kind == CHECK_COMMAND))
		return SLOWEST_PROBE_MS;
	int64_t waited_ms = now_of(work) - (work->deadline_ms - patience_of(work));
	int64_t slowest_ms = 8 + 2 * (int64_t)instances_of(component) + waited_ms / 500;
	return slowest_ms < SLOWEST_PROBE_MS ? slowest_ms : SLOWEST_PROBE_MS;
}

static enum phase not_yet(struct work *work, const struct error *err)
{
	if (now_of(work) >= work->deadline_ms) {
		struct error late = {0};
		fail(&late, ERR_FAILED, "%s after %lld s: %s",
		     keeps_tasks(work->site) ? "it has not come up" : "it runs but does not answer",
		     (long long)patience_of(work) / 1000, err->text);
		remedy(&late, "%s",
		       *err->remedy
			   ? err->remedy
			   : "see whether it listens on all addresses and on that port; its log may tell");
		return work_break(work, &late);
	}
	work->look_due |= !work->made; /* it may be off its network since it was listed */
	work_note(work, "does not answer yet: %s", err->text);
	int64_t slowest_ms = slowest_probe(work);
	work->probe_delay_ms = work->probe_delay_ms ? work->probe_delay_ms * 2 : FIRST_PROBE_MS;
	if (work->probe_delay_ms > slowest_ms)
		work->probe_delay_ms = slowest_ms;
	work->not_before_ms = now_of(work) + work->probe_delay_ms;
	work_wake_after(work, work->probe_delay_ms);
	return PHASE_STARTING;
}

static enum phase probe(struct work *work, const struct health_check *check)
{
	struct error err = {0};
	if (!call_may_begin(work, DOING_PROBE))
		return PHASE_STARTING;
	enum progress progress =
	    driver_of(work)->probe(&work->site->location, &work->errand, work->spec, check, &err);
	if (progress == PROGRESS_WAITING)
		return PHASE_STARTING;
	if (progress == PROGRESS_FAILED && probe_unanswered(check, &err))
		return call_ended(work, progress, &err) == CALL_STAY ? PHASE_STARTING
								     : work_break(work, work_error(work));
	work->doing = DOING_NOTHING;
	work->attempts = 0;
	work->operation->calls++;
	if (progress == PROGRESS_FAILED && err.code == ERR_NO_MEMORY)
		return work_break(work, &err); /* it is us who cannot ask */
	if (progress == PROGRESS_FAILED && err.code != ERR_UNSUPPORTED)
		return not_yet(work, &err);
	if (progress == PROGRESS_FAILED)
		operation_warn(work->operation, "%s: readiness %s", work->instance->name, err.text);
	work->checks_done++;
	work->probe_delay_ms = 0;
	work_wake(work);
	return PHASE_STARTING;
}

/* It answers. What is still to be done about it, its older self among that, is done now. */
static enum phase answered(struct work *work)
{
	work->answered = true;
	return work->instance->predecessor || work->instance->generation || work->parts ? PHASE_UPDATING
											: PHASE_RUNNING;
}

/* It answers: let it carry the component's name, and ask once more when that took it off the network. */
static enum phase admit(struct work *work)
{
	struct error err = {0};
	if (work->admitted)
		return answered(work);
	/* What was only started again shows its addresses afresh, as do tasks that were waited for. */
	work->look_due |= !work->fresh && (work->made || keeps_tasks(work->site));
	if (!call_may_begin(work, DOING_ADMIT))
		return PHASE_STARTING;
	enum progress progress =
	    driver_of(work)->admit(&work->site->location, &work->errand, work->spec, &err);
	switch (call_ended(work, progress, &err)) {
	case CALL_NEXT:
		work->admitted = true;
		if (work->spec->shared_from_start || !has_check(work))
			return answered(work);
		work->checks_done = 0;
		work_wake(work);
		return PHASE_STARTING;
	case CALL_FAIL:
		return work_break(work, work_error(work));
	default:
		return PHASE_STARTING;
	}
}

/* A job: it ends, and how tells whether it went well. */
static enum phase ended(struct work *work)
{
	struct error err = {0};
	if (work->looked->state == SEEN_STOPPED && work->looked->exit_code == 0)
		return PHASE_FINISHED;
	owned_text how = {0};
	end_tell(&how, work->looked);
	fail(&err, ERR_FAILED, "the job %s%s", text_view(&how),
	     work->looked->exit_code < 0 ? " before it was done" : "");
	remedy(&err, "the end of its log says why; the next deploy runs it again");
	return work_break(work, &err);
}

static enum phase await_end(struct work *work)
{
	if (work->doing != DOING_LOOK && !work->look_due) {
		work_note(work, "runs to its end");
		return PHASE_STARTING;
	}
	switch (work_look(work)) {
	case CALL_FAIL:
		return work_break(work, work_error(work));
	case CALL_STAY:
		return PHASE_STARTING;
	default:
		break;
	}
	if (work->looked->state == SEEN_STOPPED || work->looked->state == SEEN_BROKEN)
		return ended(work);
	if (ended_too_often(work))
		return PHASE_BROKEN;
	work_wake(work);
	return PHASE_STARTING;
}

/* Unchanged, but never seen to answer: only asked. It needs its spec for that. */
static bool ready_to_verify(struct work *work)
{
	if (!work->deadline_ms) {
		work->deadline_ms = now_of(work) + patience_of(work);
		work->look_due |= !has_check(work); /* the listing does not tell whether it keeps ending */
	}
	const char *waits = NULL;
	struct error ignored = {0};
	if (!work->spec)
		spec_build(work, &waits, &ignored);
	return work->spec != NULL;
}

/* Interrupted while the older one is stopped for it: that one comes back. */
static bool must_turn_back(const struct work *work)
{
	const struct instance *older = work->instance->predecessor;
	return work->operation->cancelled && work->doing == DOING_NOTHING && !work->answered && older &&
	       older->work->stepped_aside;
}

enum phase step_starting(struct work *work)
{
	struct health_check check;
	if (must_turn_back(work)) {
		fail(work_error(work), ERR_CANCELLED, "interrupted before it answered");
		return work_break(work, work_error(work));
	}
	if (work->doing == DOING_NOTHING && halt(work))
		return PHASE_STARTING;
	if (!work->started)
		return start(work);
	if (!ready_to_verify(work))
		return PHASE_RUNNING;
	if (made_from(work->instance) && made_from(work->instance)->job)
		return await_end(work);
	if (work->doing == DOING_LOOK || (work->doing == DOING_NOTHING && work->look_due))
		return look_at_exits(work);
	if (work->doing == DOING_ADMIT)
		return admit(work);
	if (work->doing == DOING_NOTHING && work->looked && work->looked->cut_off) {
		work->parts |= PART_JOIN;
		return PHASE_UPDATING;
	}
	if (instance_check(work, work->checks_done, &check))
		return probe(work, &check);
	/* Where the target keeps the tasks it knows whether they run. */
	if (!has_check(work) && keeps_tasks(work->site) && !work->checks_done) {
		check = (struct health_check){.kind = CHECK_NONE};
		return probe(work, &check);
	}
	if (!has_check(work) && now_of(work) < work->settle_ms) {
		work_note(work, "runs; watched for a moment");
		work_wake_after(work, work->settle_ms - now_of(work));
		return PHASE_STARTING;
	}
	return admit(work);
}

/* --- running: only looks when something happened or somebody needs its address -------------------- */

enum phase step_running(struct work *work)
{
	if (work->operation->cancelled && work->doing == DOING_NOTHING) {
		work->look_due = false; /* it answers: that is all there is to know now */
		work_settle(work);      /* also when a look that was not answered had unsettled it */
	}
	if (work->doing == DOING_NOTHING && pool_differs(work) && pool_follow(work)) {
		work_unsettle(work);
		return PHASE_UPDATING;
	}
	pool_line_step(work);
	if (work->doing != DOING_LOOK && !work->look_due)
		return PHASE_RUNNING;
	work_unsettle(work);
	bool tended = work_tended(work);
	enum call_result result = work_look(work);
	if (result == CALL_STAY)
		return PHASE_RUNNING;
	if (result == CALL_NEXT && tended && work_to_be_revived(work))
		return work_revive(work);
	if (result == CALL_FAIL && !tended)
		return work_break(work, work_error(work));
	enum phase phase = work->made ? still_runs(work) : PHASE_RUNNING;
	if (phase != PHASE_RUNNING)
		return phase;
	work_settle(work);
	work_wake_consumers(work);
	return PHASE_RUNNING;
}

enum phase step_resting(struct work *work)
{
	work_settle(work);
	return work->instance->phase;
}
