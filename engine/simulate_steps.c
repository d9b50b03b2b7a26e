/* simulate_steps.c - a scenario's steps in turn: each waits for the one before it, those of a `meanwhile` go
 * beside. */
#include <string.h>

#include "engine/simulate.h"

#define LIMIT_MS (60 * 60 * 1000)

static void track_goes_on(struct track *track);

static struct track *track_begin(struct simulation *simulation, const struct scenario_step *steps,
				 struct track *outer);

static void time_is_up(struct event *event)
{
	struct track *track = owner_of(event, struct track, event);
	track->pending--;
	track_goes_on(track);
}

static void pause_track(struct track *track, int64_t ms)
{
	event_prepare(&track->event, time_is_up);
	if (clock_add(track->simulation->clock, &track->event, ms))
		track->simulation->failed = true;
	else
		track->pending++;
}

static void edit(struct simulation *simulation, const struct scenario_step *step)
{
	for (const struct said_pair *pair = step->edit; pair; pair = said_next(pair)) {
		const char **more =
		    arena_array(&simulation->arena, const char *, simulation->setting_count + 2);
		const char *setting =
		    arena_format(&simulation->arena, "%s=%s", pair->said.name, pair->value.text);
		if (!more || !setting) {
			simulation->failed = true;
			return;
		}
		if (simulation->setting_count)
			memcpy(more, simulation->settings, simulation->setting_count * sizeof *more);
		more[simulation->setting_count++] = setting;
		simulation->settings = more;
		story_tell(simulation, "you", "edit %s", setting);
	}
}

static void act(struct track *track, const struct scenario_step *step)
{
	struct simulation *simulation = track->simulation;
	switch (step->action) {
	case STEP_EDIT:
		edit(simulation, step);
		break;
	case STEP_WAIT:
		pause_track(track, step->wait_ms);
		break;
	case STEP_FAULT:
	case STEP_KILL:
	case STEP_REMOVE:
	case STEP_CUT_OFF:
	case STEP_REBOOT:
	case STEP_JUMP:
		faults_act(simulation, step);
		break;
	default:
		if (!run_begin(simulation, step, step->action, track)) {
			simulation->failed = true;
			return;
		}
		track->pending++;
		if (step->meanwhile && track_begin(simulation, step->meanwhile, track))
			track->pending++;
	}
}

static void end_track(struct track *track)
{
	track->over = true;
	if (!track->outer)
		return;
	track->outer->pending--;
	track_goes_on(track->outer);
}

/* As far as it can without waiting. */
static void track_goes_on(struct track *track)
{
	while (!track->pending && track->at) {
		const struct scenario_step *step = track->at;
		if (step->after_ms && !track->waited) {
			track->waited = true;
			pause_track(track, step->after_ms);
			continue;
		}
		track->waited = false;
		track->at = said_next(step);
		act(track, step);
	}
	if (!track->pending && !track->over)
		end_track(track);
}

static struct track *track_begin(struct simulation *simulation, const struct scenario_step *steps,
				 struct track *outer)
{
	struct track *track = arena_array(&simulation->arena, struct track, 1);
	if (!track) {
		simulation->failed = true;
		return NULL;
	}
	*track =
	    (struct track){.next = simulation->tracks, .at = steps, .outer = outer, .simulation = simulation};
	event_prepare(&track->event, time_is_up);
	simulation->tracks = track;
	/* With the clock's next event: whoever began it has to know of it first. */
	pause_track(track, 0);
	return track;
}

void steps_begin(struct simulation *simulation)
{
	track_begin(simulation, simulation->scenario->steps, NULL);
}

static bool has_ended(const struct run *run)
{
	return !run->over && (!run->operation || run->killed || berth_done(run->operation));
}

static bool takes_too_long(const struct run *run)
{
	const struct simulation *simulation = run->simulation;
	int64_t limit = simulation->scenario->limit_ms ? simulation->scenario->limit_ms : LIMIT_MS;
	return !run->over && clock_now(simulation->clock) - run->begun_ms > limit;
}

static void end_run(struct run *run)
{
	run_end(run);
	if (run->track) {
		run->track->pending--;
		track_goes_on(run->track);
	}
}

void steps_look(struct simulation *simulation)
{
	for (struct run *run = simulation->runs; run; run = run->next) {
		if (run->seat && seat_dead(run->seat) && !run->killed)
			run_kill(run, "where it stands");
		if (takes_too_long(run)) {
			run_kill(run, "because it takes too long");
			if (run->step)
				verdicts_note(simulation, run->step->said.place, run_words(run),
					      "it takes longer than the scenario's limit");
		}
		if (has_ended(run))
			end_run(run);
	}
	controllers_look(simulation);
}

bool steps_over(const struct simulation *simulation)
{
	for (const struct track *track = simulation->tracks; track; track = track->next)
		if (!track->over)
			return false;
	for (const struct run *run = simulation->runs; run; run = run->next)
		if (!run->over)
			return false;
	return true;
}

void steps_ask(struct simulation *simulation)
{
	simulation->asking = true;
	run_begin(simulation, NULL, ASK_STATUS, NULL);
	run_begin(simulation, NULL, ASK_PLAN, NULL);
}

void steps_release(struct simulation *simulation)
{
	for (struct run *run = simulation->runs; run; run = run->next)
		run_close(run);
	controllers_release(simulation);
	for (struct track *track = simulation->tracks; track; track = track->next)
		clock_take(simulation->clock, &track->event);
}
