/* life.c - a container's process: started, ended by itself or by others, and started again by its policy. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/signals.h"
#include "simulation/docker/model.h"

enum {
	LIVES_MS = 50,
	STOPS_MS = 5,
	DIES_MS = 1,
	NOTICES_MS = 2,
	FIRST_BACKOFF_MS = 100,
	LONGEST_BACKOFF_MS = 60000,
	LONG_LIFE_MS = 10000,
	NEVER_BEGUN = 128
};

bool has_process(const struct container *container)
{
	return container->state == RUNNING || container->state == PAUSED;
}

static bool counts_as_running(const struct container *container)
{
	return has_process(container) || container->state == RESTARTING;
}

bool container_answers(const struct container *container)
{
	return has_process(container) && !container->unnoticed && container->answers_ms >= 0 &&
	       clock_now(container->engine->clock) >= container->answers_ms;
}

static void happen(struct container *container, struct event *event, void (*what)(struct event *),
		   int64_t delay_ms)
{
	event->happen = what;
	if (clock_add(container->engine->clock, event, delay_ms) < 0)
		abort();
}

void container_quiet(struct container *container)
{
	struct clock *clock = container->engine->clock;

	clock_take(clock, &container->end);
	clock_take(clock, &container->kill);
	clock_take(clock, &container->again);
}

/* --- started ------------------------------------------------------------------------------------------- */

static void say_error(struct container *container, const char *words)
{
	free(container->error);
	container->error = *words ? copy(words) : NULL;
}

static void leave_networks(struct container *container)
{
	ports_release(container);
	container->blocked = false;
	for (struct endpoint *at = container->endpoints; at; at = at->next) {
		if (at->on)
			endpoint_end(container, at);
		at->failed = false;
	}
}

/* 0, or the status of a refusal. */
static int join_networks(struct container *container, char *words, size_t size)
{
	for (struct endpoint *at = container->endpoints; at; at = at->next) {
		int status = endpoint_begin(container, at, words, size);
		if (status)
			return status;
	}
	return 0;
}

static int cannot_run(const struct container *container, char *words, size_t size, int *ret_code)
{
	const struct docker_behaviour *how = container->behaviour;

	if (!how || !how->broken)
		return 0;
	snprintf(words, size,
		 "failed to create shim task: OCI runtime create failed: runc create failed: unable to start "
		 "container process: %s: unknown",
		 how->broken);
	*ret_code = strstr(how->broken, "permission denied") ? 126 : 127;
	return 400;
}

static void is_noticed(struct event *event)
{
	struct container *container = owner_of(event, struct container, end);

	container_ended(container, container->end_code, true);
}

/* Until the engine is told of it, it says that it runs. */
static void ends_by_itself(struct event *event)
{
	struct container *container = owner_of(event, struct container, end);

	container->unnoticed = true;
	happen(container, event, is_noticed, NOTICES_MS);
}

static void live(struct container *container)
{
	const struct docker_behaviour *how = container->behaviour;
	int64_t answers_after_ms = how ? how->answers_after_ms : 0;

	container->answers_ms =
	    answers_after_ms < 0 ? -1 : clock_now(container->engine->clock) + answers_after_ms;
	if (how && how->log)
		log_add(container, false, how->log, strlen(how->log));
	prober_begin(container);
	if (!how || container->ends >= how->exits)
		return;
	container->ends += container->ends < UINT32_MAX;
	container->end_code = how->exit_code;
	happen(container, &container->end, ends_by_itself, how->lives_ms ? how->lives_ms : LIVES_MS);
}

/* As it was noted, a listing tells of what is taken back right after. */
static int not_started(struct container *container, int status, const char *words, int code)
{
	say_error(container, words);
	if (code)
		container->exit_code = code;
	else if (!container->exit_code)
		container->exit_code = NEVER_BEGUN;
	note_listed(container);
	leave_networks(container);
	if (container->auto_remove)
		container_remove(container, true, NULL);
	return status;
}

static int start(struct container *container, bool by_hand, char *words, size_t size)
{
	int code = 0, status;

	*words = '\0';
	container->behaviour = behaviour_of(container);
	if (by_hand) {
		container->restarts = 0;
		container->backoff_ms = 0;
		container->stopped_by_hand = false;
	}
	if ((status = join_networks(container, words, size)) ||
	    (status = cannot_run(container, words, size, &code)))
		return not_started(container, status, words, code);
	container->state = RUNNING;
	container->started_before = true;
	container->ended_by_us = container->out_of_memory = false;
	container->started_ns = stamp(container->engine);
	container->exit_code = 0;
	container->pid = ++container->engine->pids;
	say_error(container, "");
	note_listed(container);
	container_event(container, "start", NULL, NULL);
	live(container);
	return 0;
}

void start_asked(struct call *call)
{
	struct container *container = container_of_call(call);
	char words[512];
	int status;

	if (!container)
		return;
	if (container->state == PAUSED)
		refuse(call, 409, "cannot start a paused container, try unpause instead");
	else if (counts_as_running(container))
		answer_nothing(call, 304);
	else if (container->removing)
		refuse(call, 409, "container is marked for removal and cannot be started");
	else if ((status = start(container, true, words, sizeof(words))))
		refuse(call, status, "%s", words);
	else
		answer_nothing(call, 204);
}

/* --- ended --------------------------------------------------------------------------------------------- */

/* Those who stop it hear that it has stopped. */
static void answer_stoppers(struct container *container)
{
	struct call *next;

	for (struct call *call = container->engine->calls; call; call = next) {
		next = call->next;
		if (call->container != container || (call->kind != DOCKER_STOP && call->kind != DOCKER_KILL))
			continue;
		if (call->kind == DOCKER_STOP)
			container_event(container, "stop", NULL, NULL);
		answer_nothing(call, 204);
	}
}

static bool policy_restarts(const struct container *container, int code)
{
	const char *policy = container->restart_policy;

	if (!strcmp(policy, "always"))
		return true;
	if (!strcmp(policy, "unless-stopped"))
		return !container->stopped_by_hand;
	return !strcmp(policy, "on-failure") && code &&
	       (!container->max_retries || container->restarts < container->max_retries);
}

static void rest(struct container *container)
{
	container->state = EXITED;
	container->finished_ns = stamp(container->engine);
	note_listed(container);
	answer_stoppers(container);
	if (container->auto_remove && !container->removing)
		container_remove(container, true, NULL);
}

static void starts_again(struct event *event)
{
	struct container *container = owner_of(event, struct container, again);
	int code = container->exit_code;
	char words[512];

	container->state = EXITED;
	if (!start(container, false, words, sizeof(words)))
		return;
	container->exit_code = code;
	rest(container);
}

static void wait_to_start(struct container *container)
{
	bool lived = container->finished_ns - container->started_ns >= LONG_LIFE_MS * NS_OF_MS;

	container->backoff_ms =
	    lived || !container->backoff_ms ? FIRST_BACKOFF_MS : 2 * container->backoff_ms;
	if (container->backoff_ms > LONGEST_BACKOFF_MS)
		container->backoff_ms = LONGEST_BACKOFF_MS;
	container->state = RESTARTING;
	container->restarts++;
	happen(container, &container->again, starts_again, container->backoff_ms);
}

void container_ended(struct container *container, int code, bool restarts)
{
	char words[12];

	container_quiet(container);
	container->unnoticed = false;
	container->exit_code = code;
	container->pid = 0;
	container->answers_ms = -1;
	container->finished_ns = stamp(container->engine);
	if (restarts && !container->ended_by_us && !container->removing && policy_restarts(container, code))
		wait_to_start(container);
	else
		container->state = EXITED;
	snprintf(words, sizeof(words), "%d", code);
	container_event(container, "die", "exitCode", words);
	execs_end(container);
	attached_end(container);
	log_followers_end(container);
	leave_networks(container);
	if (container->state == RESTARTING)
		note_listed(container);
	else
		rest(container);
}

int docker_engine_end(struct docker_engine *engine, const char *name, int exit_code)
{
	struct container *container = container_found(engine, name);

	if (!container || !has_process(container))
		return -1;
	container_ended(container, exit_code, true);
	return 0;
}

int docker_engine_out_of_memory(struct docker_engine *engine, const char *name)
{
	struct container *container = container_found(engine, name);

	if (!container || !has_process(container))
		return -1;
	container->out_of_memory = true;
	container_event(container, "oom", NULL, NULL);
	return docker_engine_end(engine, name, 137);
}

int docker_engine_hang(struct docker_engine *engine, const char *name, bool hangs)
{
	struct container *container = container_found(engine, name);

	if (!container || !has_process(container))
		return -1;
	container->answers_ms = hangs ? -1 : clock_now(engine->clock);
	return 0;
}

/* --- by signals -------------------------------------------------------------------------------- */

static void end_soon(struct container *container, int code, int64_t delay_ms)
{
	container->end_code = code;
	happen(container, &container->end, is_noticed, delay_ms);
}

static void tell_signal(struct container *container, int number)
{
	char digits[12];

	snprintf(digits, sizeof(digits), "%d", number);
	container_event(container, "kill", "signal", digits);
}

void container_signal(struct container *container, int number)
{
	const struct docker_behaviour *how = container->behaviour;
	int64_t stops_ms = how ? how->stops_ms : 0;

	if (container->unnoticed)
		return;
	if (number == 9)
		end_soon(container, 137, DIES_MS);
	else if (container->state == PAUSED)
		return;
	else if (number == container->stop_signal && stops_ms >= 0)
		end_soon(container, how ? how->stop_code : 0, stops_ms ? stops_ms : STOPS_MS);
	else if (number != container->stop_signal && how && how->heard)
		log_add(container, false, how->heard, strlen(how->heard));
}

/* One that is between two runs is not started again. */
static void give_up_restart(struct container *container)
{
	clock_take(container->engine->clock, &container->again);
	rest(container);
}

/* One that is stopped in its tracks goes on, to hear it. */
static void go_on(struct container *container)
{
	if (container->state != PAUSED)
		return;
	container->state = RUNNING;
	note_listed(container);
	container_event(container, "unpause", NULL, NULL);
}

/* From now on its policy starts it again only when somebody starts it first. Where another signal than TERM
 * was given for its end, others are not meant to end it. */
static void signal_by_hand(struct container *container, int number)
{
	if (number == 9 || number == container->stop_signal || !container->has_stop_signal) {
		container->ended_by_us = true;
		go_on(container);
	}
	container->stopped_by_hand = true;
	if (container->state == RESTARTING)
		return;
	tell_signal(container, number);
	container_signal(container, number);
}

void container_kill(struct container *container)
{
	signal_by_hand(container, 9);
	if (container->state == RESTARTING)
		give_up_restart(container);
}

static void patience_ends(struct event *event)
{
	struct container *container = owner_of(event, struct container, kill);

	tell_signal(container, 9);
	container_signal(container, 9);
}

/* -1 after it was refused; *ret stays as it is when nothing was said. */
static int grace_asked(struct call *call, int64_t *ret)
{
	owned_memory char *written = query_value(call, "t");

	if (!written || !*written || parse_number(written, -1, INT32_MAX, ret))
		return 0;
	refuse(call, 500, "strconv.Atoi: parsing \"%s\": invalid syntax", written);
	return -1;
}

void stop_asked(struct call *call)
{
	int64_t grace_s = INT64_MAX;

	if (grace_asked(call, &grace_s) < 0)
		return;
	struct container *container = container_of_call(call);
	if (!container)
		return;
	if (!counts_as_running(container)) {
		answer_nothing(call, 304);
		return;
	}
	if (grace_s == INT64_MAX)
		grace_s = container->stop_timeout_s >= 0 ? container->stop_timeout_s : GRACE_S;
	call->container = container;
	signal_by_hand(container, container->stop_signal);
	if (container->state == RESTARTING)
		give_up_restart(container);
	else if (grace_s >= 0)
		happen(container, &container->kill, patience_ends, grace_s * 1000);
}

void kill_asked(struct call *call)
{
	owned_memory char *written = query_value(call, "signal");
	const char *name = written && *written ? written : "KILL";
	int number = signal_number(name);

	if (!number) {
		refuse(call, 400, "Invalid signal: %s", name);
		return;
	}
	struct container *container = container_found(call->engine, call->part);
	if (!container) {
		refuse(call, 404, "Cannot kill container: %s: No such container: %s", call->part, call->part);
		return;
	}
	if (!counts_as_running(container)) {
		refuse(call, 409, "Cannot kill container: %s: Container %s is not running", call->part,
		       container->id);
		return;
	}
	if (number == 9)
		call->container = container;
	signal_by_hand(container, number);
	if (container->state == RESTARTING)
		give_up_restart(container);
	if (number != 9)
		answer_nothing(call, 204);
}

void pause_asked(struct call *call)
{
	struct container *container = container_of_call(call);

	if (!container)
		return;
	if (container->state == PAUSED) {
		refuse(call, 409, "Container %s is already paused", container->id);
	} else if (container->state == RESTARTING) {
		refuse(call, 409, "Container %s is restarting, wait until the container is running",
		       container->id);
	} else if (container->state != RUNNING) {
		refuse(call, 409, "Container %s is not running", container->id);
	} else {
		container->state = PAUSED;
		note_listed(container);
		container_event(container, "pause", NULL, NULL);
		answer_nothing(call, 204);
	}
}

void unpause_asked(struct call *call)
{
	struct container *container = container_of_call(call);

	if (!container)
		return;
	if (container->state != PAUSED) {
		refuse(call, 500, "Container %s is not paused", container->id);
	} else {
		container->state = RUNNING;
		note_listed(container);
		container_event(container, "unpause", NULL, NULL);
		answer_nothing(call, 204);
	}
}

/* --- after the engine itself was away ---------------------------------------------------------- */

/* Whatever ended while it was away, or long before. */
void start_again_after_boot(struct docker_engine *engine)
{
	struct container *next;
	char words[512];

	for (struct container *container = engine->containers; container; container = next) {
		next = container->next;
		if (container->state == RESTARTING)
			rest(container);
		if (container->removing || (container->auto_remove && container->state != CREATED))
			container_remove(container, true, NULL);
		else if (container->started_before && policy_restarts(container, container->exit_code))
			(void)start(container, true, words, sizeof(words));
	}
}
