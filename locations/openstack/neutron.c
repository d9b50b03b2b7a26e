/* neutron.c - something at Neutron is listed, what is missing is asked for, and it is listed again until
 * nothing is. */
#include <string.h>

#include "locations/openstack/network.h"

enum {
	ROUNDS_MOST = 2000,
	WAITS_MOST = 60, /* for what is in the way, as a port of a server that is being deleted */
};

struct openstack_goal *network_goal(struct talk *talk)
{
	return talk->network;
}

static void forget_jobs(struct openstack_goal *goal)
{
	for (unsigned i = 0; i < goal->count; i++)
		json_decref(goal->jobs[i].body);
	goal->count = 0;
}

int neutron_job(struct openstack_goal *goal, const char *method, const char *path, json_t *body,
		const char *doing)
{
	bool complete = path && doing && (body || strcmp(method, "DELETE") == 0);

	if (!complete || goal->count == LOGIN) {
		json_decref(body);
		return complete ? 0 : -1;
	}
	goal->jobs[goal->count++] = (struct openstack_job){method, path, body, doing};
	return 0;
}

static talk_step look_again;

/* What came of it the next listing tells, also where the answer was lost. */
enum outcome {
	OUTCOME_DONE,
	OUTCOME_BLOCKED, /* what is to go is in use */
	OUTCOME_AGAIN,   /* in a moment it may be otherwise, or is so already */
	OUTCOME_FAILED,
};

static enum outcome outcome_of(struct openstack_call *call, struct error *err)
{
	bool goes = strcmp(call->question.method, "DELETE") == 0;
	struct openstack_refusal refusal;

	if (openstack_ok(call))
		return OUTCOME_DONE;
	if (call->error.code != OK)
		return call->sent && call->error.code != ERR_NO_MEMORY ? OUTCOME_AGAIN : OUTCOME_FAILED;
	if (openstack_refusal_read(call->status, text_view(&call->body), call->body.length,
				   &call->talk->arena, &refusal) < 0) {
		fail_memory(err);
		return OUTCOME_FAILED;
	}
	switch (refusal.kind) {
	case REFUSED_AS_ABSENT:
		return goes ? OUTCOME_DONE : OUTCOME_FAILED;
	case REFUSED_FOR_ANOTHER:
		return goes ? OUTCOME_BLOCKED : OUTCOME_AGAIN;
	case REFUSED_FOR_NOW:
		return OUTCOME_AGAIN;
	default:
		return OUTCOME_FAILED;
	}
}

static enum progress jobs_done(struct talk *talk, struct error *err)
{
	struct openstack_goal *goal = talk->network;
	unsigned counts[OUTCOME_FAILED + 1] = {0};

	for (unsigned i = 0; i < goal->count; i++) {
		enum outcome outcome = outcome_of(&talk->calls[i], err);
		bool waits = outcome == OUTCOME_AGAIN || (outcome == OUTCOME_BLOCKED && goal->insist);
		if (outcome == OUTCOME_FAILED || (waits && goal->waits == WAITS_MOST))
			return openstack_failed(&talk->calls[i], err, goal->jobs[i].doing);
		counts[outcome]++;
	}
	for (unsigned i = 0; i < goal->count; i++)
		openstack_call_release(&talk->calls[i]);
	if (counts[OUTCOME_AGAIN] || (counts[OUTCOME_BLOCKED] && goal->insist)) {
		goal->waits++;
		return talk_pause(talk, PAUSE_MS, look_again, err);
	}
	return talk_go(talk, counts[OUTCOME_BLOCKED] && !counts[OUTCOME_DONE] ? goal->then : look_again);
}

static enum progress ask_jobs(struct talk *talk, struct error *err)
{
	struct openstack_goal *goal = talk->network;

	for (unsigned i = 0; i < goal->count; i++) {
		struct openstack_job *job = &goal->jobs[i];
		const struct openstack_question question = {
		    .service = "network", .method = job->method, .path = job->path, .body = job->body};
		job->body = NULL;
		if (openstack_ask(talk, i, &question, err) < 0) {
			forget_jobs(goal);
			return PROGRESS_FAILED;
		}
	}
	return openstack_await(talk, jobs_done);
}

static enum progress listed(struct talk *talk, struct error *err)
{
	struct openstack_goal *goal = talk->network;
	struct openstack_call *call = &talk->calls[0];

	if (!openstack_ok(call))
		return openstack_failed(call, err, "cannot find out what there is of it");
	const json_t *listing = openstack_json(call, err);
	if (!listing)
		return PROGRESS_FAILED;
	goal->count = 0;
	if (goal->next(talk, listing, err) < 0) {
		forget_jobs(goal);
		return PROGRESS_FAILED;
	}
	/* What it found points into the listing, which stays until the next one. */
	if (!goal->count)
		return talk_go(talk, goal->then);
	if (goal->rounds++ == ROUNDS_MOST) {
		forget_jobs(goal);
		fail(err, ERR_FAILED, "location `%s`: %s: it is never as it was asked to be",
		     talk->openstack->location->name, goal->jobs[0].doing);
		return PROGRESS_FAILED;
	}
	return talk_go(talk, ask_jobs);
}

static enum progress look_again(struct talk *talk, struct error *err)
{
	struct openstack_goal *goal = talk->network;
	const struct openstack_question question = {
	    .service = "network", .method = "GET", .path = goal->path};

	if (openstack_ask(talk, 0, &question, err) < 0)
		return PROGRESS_FAILED;
	return openstack_await(talk, listed);
}

enum progress neutron_bring(struct talk *talk, struct openstack_goal *goal, struct error *err)
{
	talk->network = goal;
	return look_again(talk, err);
}
