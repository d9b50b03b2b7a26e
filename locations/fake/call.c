/* call.c - the way of a call to the scripted target and back: delays, lost answers, nobody there. */
#include "locations/fake/call.h"

#include <stdlib.h>
#include <string.h>

#include "base/cleanup.h"
#include "base/memory.h"

/* Few calls fail: what those are told has memory of its own, so that a call stays small. */
static struct error no_memory = {.code = ERR_NO_MEMORY, .text = "out of memory"};

static struct error *keep_error(const struct error *err)
{
	struct error *copy = malloc(sizeof(*copy));

	if (!copy)
		return &no_memory;
	*copy = *err;
	return copy;
}

static void free_error(struct error *err)
{
	if (err != &no_memory)
		free(err);
}

static void call_free(struct call *call)
{
	struct world *world = call->fake->location->world;

	world->ops->timer_cancel(world, call->timer);
	if (call->reader_back)
		*call->reader_back = call->next_reader;
	if (call->reader_back && call->next_reader)
		call->next_reader->reader_back = call->reader_back;
	*call->back = call->next;
	if (call->next)
		call->next->back = call->back;
	call->errand->state = NULL;
	call->errand->harmless = false;
	free_error(call->scripted);
	free_error(call->result);
	free(call->app);
	free(call->name);
	free(call->word);
	free(call->owner_id);
	free(call->owner_words);
	free(call->owner_place);
	free(call);
}

static void come_back(struct call *call)
{
	call->arrived = true;
	call->errand->wake(call->errand);
}

static void read_on(void *owner);

static void wait_on(struct call *call)
{
	struct world *world = call->fake->location->world;
	struct error err = {0};
	int64_t left = call_await(call, &err);

	if (err.code != OK)
		call->result = keep_error(&err);
	if (left < 0) {
		come_back(call);
		return;
	}
	/* What it looked at may have poked it meanwhile. */
	world->ops->timer_cancel(world, call->timer);
	call->patient = true;
	call->timer = world->ops->timer_start(world, left, read_on, call);
}

static void read_on(void *owner)
{
	struct call *call = owner;

	call->timer = NULL;
	call->patient = false;
	if (call_waits(call))
		wait_on(call);
	else if (call->question.kind == FAKE_EXEC ? call_converse(call) : call_read(call))
		come_back(call);
}

/* What its target may do at any later time. */
static bool can_be_late(const struct call *call)
{
	switch (call->question.kind) {
	case FAKE_PLACE:
	case FAKE_START:
	case FAKE_ADMIT:
	case FAKE_STOP:
	case FAKE_REMOVE:
	case FAKE_UPDATE:
	case FAKE_DELIVER:
	case FAKE_WITHDRAW:
		return !call->scripted || call->effect;
	default:
		return false;
	}
}

/* At the target: what happens and what is answered are two things. */
static void reach(struct call *call)
{
	struct fake *fake = call->fake;
	bool unreachable = fake->target->unreachable;
	struct error err = {0};

	call->done = true;
	call->errand->harmless = false;
	if (unreachable)
		fail(&err, ERR_UNREACHABLE, "location `%s`: no answer from the target", fake->location->name);
	else if (!call->scripted)
		call_act(call, &err);
	else if (call->late_ms && can_be_late(call))
		late_send(call, call->late_ms);
	else if (call->effect)
		call_act(call, NULL);
	if (call->scripted && !unreachable)
		call->result = give(call->scripted);
	else if (err.code != OK)
		call->result = keep_error(&err);
}

static bool is_followed(const struct call *call)
{
	return call->question.kind == FAKE_LOGS || call->question.kind == FAKE_EXEC || call_waits(call);
}

static void arrive(void *owner)
{
	struct call *call = owner;

	call->timer = NULL;
	reach(call);
	if (!is_followed(call) || call->result) {
		come_back(call);
		return;
	}
	call->reader_back = &call->fake->target->readers;
	call->next_reader = *call->reader_back;
	if (call->next_reader)
		call->next_reader->reader_back = &call->next_reader;
	*call->reader_back = call;
	read_on(call);
}

void call_poke(struct call *call)
{
	struct world *world = call->fake->location->world;

	if (!call->done || call->arrived || (call->timer && !call->patient))
		return;
	world->ops->timer_cancel(world, call->timer);
	call->patient = false;
	call->timer = world->ops->timer_start(world, 0, read_on, call);
}

void calls_output(struct fake_target *target, const char *instance)
{
	for (struct call *call = target->readers; call; call = call->next_reader)
		if (!instance || call_waits(call) || !strcmp(call->name, instance))
			call_poke(call);
}

void calls_renamed(struct fake_target *target, const char *from, const char *to)
{
	for (struct call *call = target->readers; call; call = call->next_reader) {
		char *copy = strcmp(call->name, from) ? NULL : strdup(to);
		if (!copy)
			continue;
		free(call->name);
		call->name = copy;
		call->question.name = copy;
	}
}

static bool copy_text(char **to, const char *text)
{
	*to = text ? strdup(text) : NULL;
	return *to || !text;
}

static bool keep_lease(struct call *call, const struct lease *lease)
{
	if (!copy_text(&call->word, lease->token) || !copy_text(&call->owner_words, lease->words))
		return false;
	call->lease =
	    (struct lease){.token = call->word, .words = call->owner_words, .ttl_ms = lease->ttl_ms};
	call->question.lease = &call->lease;
	return true;
}

static bool keep_question(struct call *call, const struct question *question)
{
	const struct owner *owner = question->owner;

	call->question = *question;
	if (!copy_text(&call->app, question->app) || !copy_text(&call->name, question->name) ||
	    !copy_text(&call->word, question->word))
		return false;
	call->question.app = call->app;
	call->question.name = call->name;
	call->question.word = call->word;
	if (question->log) {
		call->log = *question->log;
		call->question.log = &call->log;
	}
	if (question->lease)
		return keep_lease(call, question->lease);
	if (!owner)
		return true;
	if (!copy_text(&call->owner_id, owner->id) || !copy_text(&call->owner_words, owner->words) ||
	    !copy_text(&call->owner_place, owner->place ? owner->place : ""))
		return false;
	call->owner =
	    (struct owner){.id = call->owner_id, .words = call->owner_words, .place = call->owner_place};
	call->question.owner = &call->owner;
	return true;
}

/* A pull takes its time, and changes nothing before it is over. */
static bool pulls(const struct fake *fake, const struct question *question)
{
	const struct instance_spec *spec = question->kind == FAKE_PLACE ? question->spec : NULL;

	return spec && spec->pull_always && spec->image && target_registry(fake->target, spec->image);
}

static int begin(struct fake *fake, struct errand *errand, const struct question *question)
{
	struct world *world = fake->location->world;
	struct call *call = memory_zeroed(sizeof(*call));
	int64_t delay = fake->delay_ms + fake->target->time[question->kind];

	if (!call)
		return -1;
	call->fake = fake;
	call->errand = errand;
	call->next = fake->calls;
	call->back = &fake->calls;
	if (call->next)
		call->next->back = &call->next;
	fake->calls = call;
	errand->state = call;
	if (pulls(fake, question)) {
		delay += fake->target->pull_ms;
		errand->harmless = true;
	}
	const struct fake_rule *rule =
	    target_rule(fake->target, question->kind, question->name ? question->name : question->app);
	if (rule) {
		delay += rule->delay_ms;
		call->scripted = rule->error.code == OK ? NULL : keep_error(&rule->error);
		call->effect = rule->effect;
		call->late_ms = rule->late_ms;
		call->fault = rule->fault;
		call->for_ever = rule->for_ever;
	}
	if (keep_question(call, question))
		call->timer = world->ops->timer_start(world, delay, arrive, call);
	if (call->timer)
		return 0;
	call_free(call);
	return -1;
}

enum progress call_ask(struct location *location, struct errand *errand, const struct question *question,
		       struct error *err)
{
	struct call *call = errand->state;

	if (!call) {
		if (begin(location->state, errand, question) == 0)
			return PROGRESS_WAITING;
		fail_memory(err);
		return PROGRESS_FAILED;
	}
	if (!call->arrived)
		return PROGRESS_WAITING;
	bool failed = call->result;
	if (failed && err)
		*err = *call->result;
	call_free(call);
	return failed ? PROGRESS_FAILED : PROGRESS_DONE;
}

void call_drop(struct call *call)
{
	struct fake_target *target = call->fake->target;
	/* A request that went out is not called back by losing interest in its answer; a pull is given up. */
	bool goes_on = !call->done && call->question.kind != FAKE_LOGS && !call->errand->harmless;

	if (goes_on && can_be_late(call) && target->paces[FAKE_LATENESS].most_ms)
		late_send(call, target_pace(target, FAKE_LATENESS));
	else if (goes_on)
		reach(call);
	call_free(call);
}
