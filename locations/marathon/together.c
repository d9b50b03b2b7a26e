/* together.c - what several flows ask for at one time is asked for once: their apps are read by one listing
 * of the group, and made or started by one change of all of them.
 *
 * It only ever saves requests. Whoever is alone asks by itself, and so does everybody when nothing good came
 * of asking together: refused in its own words, looked for after a lost answer, waited for behind a lock.
 */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "locations/marathon/marathon.h"

#define READS_GATHER_MS   5
#define CHANGES_GATHER_MS 25
#define STUCK_MS          30000
#define PAUSE_MS          40 /* between two listings of a group, for each of its apps */
#define LONGEST_PAUSE_MS  1000
#define WORTH             32 /* apps that a listing may tell for each one that is asked for */

struct gathering {
	struct gathering *next;
	struct marathon *marathon;
	char *path;
	bool changes;
	struct flow *members;
	size_t count;
	int64_t joined_ms;
	struct timer *timer;
	struct exchange *exchange;
};

static int64_t now_of(const struct marathon *marathon)
{
	return marathon->world->ops->now(marathon->world);
}

/* When many start, each tells of itself as it does: they are not all listed for every one. */
static int64_t pause_ms(const struct marathon *marathon)
{
	int64_t ms = PAUSE_MS * (int64_t)marathon->group_size;

	return ms < LONGEST_PAUSE_MS ? ms : LONGEST_PAUSE_MS;
}

static void let_go(struct gathering *gathering)
{
	struct marathon *marathon = gathering->marathon;
	struct gathering **at = &marathon->gatherings;

	while (*at != gathering)
		at = &(*at)->next;
	*at = gathering->next;
	marathon->world->ops->timer_cancel(marathon->world, gathering->timer);
	if (gathering->exchange)
		marathon->world->ops->http_cancel(marathon->world, gathering->exchange);
	free(gathering->path);
	free(gathering);
}

/* Each goes on with what was answered to all, or by itself. From the loop alone. */
static void end(struct gathering *gathering, json_t *answer, bool asked)
{
	struct flow *flow = gathering->members;
	bool changed = gathering->changes;

	gathering->members = NULL;
	let_go(gathering);
	while (flow) {
		struct flow *beside = give(flow->beside);
		flow->gathering = NULL;
		flow->told = json_incref(answer);
		flow->step = answer ? flow->gathered : flow->alone;
		flow->spoilt |= asked && !answer && changed;
		flow_returned(flow);
		flow = beside;
	}
}

void together_leave(struct flow *flow)
{
	struct gathering *gathering = give(flow->gathering);

	json_decref(give(flow->told));
	json_decref(give(flow->part));
	if (!gathering)
		return;
	struct flow **at = &gathering->members;
	while (*at != flow)
		at = &(*at)->beside;
	*at = give(flow->beside);
	if (!--gathering->count)
		let_go(gathering);
}

/* --- asked ------------------------------------------------------------------------------------------- */

static void answered(void *owner, struct http_answer *answer)
{
	struct gathering *gathering = owner;
	owned_json json = NULL;
	struct error unread;

	gathering->exchange = NULL;
	if (answer->error.code == OK && answer->status / 100 == 2)
		json = json_parse(text_view(&answer->body), answer->body.length, "answer", &unread);
	end(gathering, json, true);
}

static json_t *parts(const struct gathering *gathering)
{
	owned_json list = json_array();

	for (const struct flow *flow = gathering->members; flow; flow = flow->beside)
		if (json_array_append(list, flow->part) < 0)
			return NULL;
	return give(list);
}

static void ask(struct gathering *gathering)
{
	owned_json body = gathering->changes ? parts(gathering) : NULL;
	const struct http_sink sink = {.done = answered, .owner = gathering};
	const struct marathon_question question = {
	    .method = gathering->changes ? "PUT" : "GET", .path = gathering->path, .body = body};
	struct error unsent;

	if (!gathering->changes)
		map_put(&gathering->marathon->listed, gathering->path,
			(void *)(intptr_t)(now_of(gathering->marathon) | 1));
	if (!gathering->changes || body)
		gathering->exchange = marathon_send(gathering->marathon, &question,
						    "Accept: application/json", 0, &sink, &unsent);
	if (!gathering->exchange)
		end(gathering, NULL, false);
}

/* --- gathered ------------------------------------------------------------------------------------------ */

/* One that is to be made is looked for just now. */
static bool any_comes(const struct marathon *marathon)
{
	for (const struct flow *flow = marathon->flows; flow; flow = flow->next)
		if (flow->makes && !(flow->gathering && flow->gathering->changes))
			return true;
	return false;
}

/* The plan has others of their level. Most are of one application, which is asked about once. */
static bool level_is_open(const struct gathering *gathering)
{
	const struct location *location = gathering->marathon->location;
	const char *before = "";

	for (const struct flow *flow = gathering->members; flow && location->more_come; flow = flow->beside) {
		if (strcmp(before, flow->wish.app) != 0 &&
		    location->more_come(location->more_owner, flow->wish.app))
			return true;
		before = flow->wish.app;
	}
	return false;
}

/* A level of links goes out as one change: what could go already waits for those that come by themselves. One
 * that has not come so long after the last one is stuck. */
static bool more_may_come(const struct gathering *gathering)
{
	int64_t quiet_ms = now_of(gathering->marathon) - gathering->joined_ms;

	if (!gathering->changes || quiet_ms >= STUCK_MS)
		return false;
	return quiet_ms < CHANGES_GATHER_MS || any_comes(gathering->marathon) || level_is_open(gathering);
}

/* A listing under way was begun before these asked, and may tell of the time before. */
static bool is_asked(const struct gathering *gathering)
{
	for (const struct gathering *other = gathering->marathon->gatherings; other; other = other->next)
		if (other->exchange && !strcmp(other->path, gathering->path))
			return true;
	return false;
}

static int64_t pause_left_ms(const struct gathering *gathering)
{
	const struct marathon *marathon = gathering->marathon;
	intptr_t listed_ms = (intptr_t)map_get(marathon->listed, gathering->path);

	return gathering->changes || !listed_ms ? 0 : listed_ms + pause_ms(marathon) - now_of(marathon);
}

static bool is_worth_it(const struct gathering *gathering)
{
	return gathering->count > 1 &&
	       (gathering->changes || gathering->count * WORTH >= gathering->marathon->group_size);
}

static int wait_for_more(struct gathering *gathering);

static void fired(void *owner)
{
	struct gathering *gathering = owner;

	gathering->timer = NULL;
	bool worth = is_worth_it(gathering);
	if (more_may_come(gathering) || is_asked(gathering) || (worth && pause_left_ms(gathering) > 0)) {
		if (wait_for_more(gathering) < 0)
			end(gathering, NULL, false);
	} else if (worth) {
		ask(gathering);
	} else {
		end(gathering, NULL, false);
	}
}

static int wait_for_more(struct gathering *gathering)
{
	struct world *world = gathering->marathon->world;

	int64_t left_ms = pause_left_ms(gathering);

	if (gathering->changes || gathering->count < 2 || left_ms < READS_GATHER_MS)
		left_ms = gathering->changes ? CHANGES_GATHER_MS : READS_GATHER_MS;
	gathering->timer = world->ops->timer_start(world, left_ms, fired, gathering);
	return gathering->timer ? 0 : -1;
}

static struct gathering *gathering_of(struct marathon *marathon, const char *path, bool changes)
{
	struct gathering *gathering = marathon->gatherings;

	while (gathering && (gathering->exchange || strcmp(gathering->path, path) != 0))
		gathering = gathering->next;
	if (gathering)
		return gathering;
	gathering = calloc(1, sizeof(*gathering));
	if (!gathering || !(gathering->path = strdup(path))) {
		free(gathering);
		return NULL;
	}
	gathering->marathon = marathon;
	gathering->changes = changes;
	gathering->next = marathon->gatherings;
	marathon->gatherings = gathering;
	if (wait_for_more(gathering) == 0)
		return gathering;
	let_go(gathering);
	return NULL;
}

static enum progress join(struct flow *flow, const char *path, bool changes, flow_step *next,
			  flow_step *alone, struct error *err)
{
	struct gathering *gathering = path ? gathering_of(flow->marathon, path, changes) : NULL;
	struct flow **at;

	if (!gathering)
		return flow_no_memory(err);
	json_decref(give(flow->told));
	for (at = &gathering->members; *at; at = &(*at)->beside)
		;
	*at = flow;
	flow->gathering = gathering;
	flow->gathered = next;
	flow->alone = alone;
	gathering->count++;
	gathering->joined_ms = now_of(flow->marathon);
	flow->waiting++;
	return PROGRESS_WAITING;
}

enum progress read_together(struct flow *flow, const char *path, flow_step *next, flow_step *alone,
			    struct error *err)
{
	return join(flow, path, false, next, alone, err);
}

enum progress change_together(struct flow *flow, const char *path, json_t *part, flow_step *next,
			      flow_step *alone, struct error *err)
{
	json_decref(give(flow->part));
	flow->part = part;
	return part ? join(flow, path, true, next, alone, err) : flow_no_memory(err);
}
