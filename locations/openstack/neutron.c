/* neutron.c - something at Neutron is listed, what is missing is asked for, and it is listed again until
 * nothing is. */
#include <string.h>

#include "base/cleanup.h"
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

bool neutron_settled(const struct openstack_goal *goal)
{
	return !goal->count && !goal->late;
}

static uint64_t add_to_key(uint64_t key, const char *text)
{
	for (; *text; text++)
		key = (key ^ (unsigned char)*text) * 0x100000001b3;
	return (key ^ 0xff) * 0x100000001b3;
}

static bool is_done(const struct openstack_goal *goal, uint64_t key)
{
	for (size_t i = 0; i < goal->done_count; i++)
		if (goal->done[i] == key)
			return true;
	return false;
}

int neutron_job(struct openstack_goal *goal, const char *method, const char *path, json_t *body,
		const char *doing)
{
	owned_memory char *line = body ? json_line(body) : NULL;
	bool complete = path && doing && (line || strcmp(method, "DELETE") == 0);
	uint64_t key = complete ? add_to_key(add_to_key(add_to_key(0, method), path), line ? line : "") : 0;
	bool done = complete && is_done(goal, key);

	goal->late |= done;
	if (!complete || done || goal->count == LOGIN) {
		json_decref(body);
		return complete ? 0 : -1;
	}
	goal->jobs[goal->count++] =
	    (struct openstack_job){.method = method, .path = path, .body = body, .key = key, .doing = doing};
	return 0;
}

static int remember(struct talk *talk, struct openstack_goal *goal, uint64_t key)
{
	if (goal->done_count == goal->done_room) {
		size_t room = goal->done_room ? 2 * goal->done_room : 16;
		uint64_t *keys = arena_array(&talk->arena, uint64_t, room);
		if (!keys)
			return -1;
		if (goal->done_count)
			memcpy(keys, goal->done, goal->done_count * sizeof(*keys));
		goal->done = keys;
		goal->done_room = room;
	}
	goal->done[goal->done_count++] = key;
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
	if (call->question.revision && call->error.code == OK && call->status == 412)
		return OUTCOME_AGAIN;
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

static bool is_told(struct talk *talk)
{
	struct openstack_goal *goal = talk->network;
	const json_t *answer = goal->told && goal->count == 1 && openstack_ok(&talk->calls[0])
				   ? openstack_json(&talk->calls[0], NULL)
				   : NULL;

	return answer && goal->told(talk, answer);
}

static enum progress jobs_done(struct talk *talk, struct error *err)
{
	struct openstack_goal *goal = talk->network;
	unsigned counts[OUTCOME_FAILED + 1] = {0};

	for (unsigned i = 0; i < goal->count; i++) {
		enum outcome outcome = outcome_of(&talk->calls[i], err);
		bool waits = outcome == OUTCOME_AGAIN || (outcome == OUTCOME_BLOCKED && goal->insist);
		if (outcome == OUTCOME_BLOCKED && waits && goal->waits == WAITS_MOST && goal->stuck) {
			openstack_failed(&talk->calls[i], &goal->why, goal->jobs[i].doing);
			return talk_go(talk, goal->stuck);
		}
		if (outcome == OUTCOME_FAILED || (waits && goal->waits == WAITS_MOST))
			return openstack_failed(&talk->calls[i], err, goal->jobs[i].doing);
		if (outcome == OUTCOME_DONE && remember(talk, goal, goal->jobs[i].key) < 0)
			return talk_no_memory(err);
		counts[outcome]++;
	}
	bool told = is_told(talk);
	for (unsigned i = 0; i < goal->count; i++)
		openstack_call_release(&talk->calls[i]);
	if (told)
		return talk_go(talk, goal->then);
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
		const struct openstack_question question = {.service = "network",
							    .method = job->method,
							    .path = job->path,
							    .body = job->body,
							    .revision = job->revision};
		job->body = NULL;
		if (openstack_ask(talk, i, &question, err) < 0) {
			forget_jobs(goal);
			return PROGRESS_FAILED;
		}
	}
	return openstack_await(talk, jobs_done);
}

/* Services that answer from copies of what they know may be behind. */
static enum progress wait_for_listing(struct talk *talk, struct error *err)
{
	struct openstack_goal *goal = talk->network;

	if (goal->waits++ < WAITS_MOST)
		return talk_pause(talk, PAUSE_MS, look_again, err);
	fail(err, ERR_UNREACHABLE, "location `%s`: %s tells still of the time before it was changed",
	     talk->openstack->location->name, talk->calls[0].what);
	return PROGRESS_FAILED;
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
	goal->late = false;
	if (goal->next(talk, listing, err) < 0) {
		forget_jobs(goal);
		return PROGRESS_FAILED;
	}
	if (!goal->count && goal->late)
		return wait_for_listing(talk, err);
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

enum progress neutron_begin(struct talk *talk, struct openstack_goal *goal, struct error *err)
{
	talk->network = goal;
	return ask_jobs(talk, err);
}

enum progress neutron_bring(struct talk *talk, struct openstack_goal *goal, struct error *err)
{
	talk->network = goal;
	return look_again(talk, err);
}
