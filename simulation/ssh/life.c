/* life.c - keepers and programs of a simulated machine reached by SSH: begun, ended, begun again. */
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/cleanup.h"
#include "base/signals.h"
#include "simulation/ssh/model.h"

enum {
	LIVES_MS = 50,     /* of a program that ends by itself, unless it says so */
	STEADY_MS = 10000, /* who ran so long is started again soon */
	LEAST_PAUSE_MS = 100,
	MOST_PAUSE_MS = 60000,
	NOTICED_MS = 3000, /* so late who watches is told that a keeper was killed */
};

static void add(struct keeper_there *keeper, struct event *event, int64_t delay_ms)
{
	clock_add(universe_clock(keeper->there->machine->universe), event, delay_ms);
}

static void forget_program(struct keeper_there *keeper)
{
	struct clock *clock = universe_clock(keeper->there->machine->universe);

	clock_take(clock, &keeper->end);
	clock_take(clock, &keeper->up);
	clock_take(clock, &keeper->say);
	free((char *)keeper->behaviour.address);
	free((char *)keeper->behaviour.says);
	free((char *)keeper->behaviour.heard);
	keeper->behaviour = (struct program_behaviour){0};
	keeper->program = 0;
	keeper->answers = false;
	keeper->there->machine->stamp++;
}

static void keeper_there_free(struct keeper_there *keeper)
{
	struct clock *clock = universe_clock(keeper->there->machine->universe);

	forget_program(keeper);
	clock_take(clock, &keeper->again);
	clock_take(clock, &keeper->gone);
	free(keeper);
}

/* --- what is written down and told ---------------------------------------------------------------- */

/* False: the disk does not take it. */
static bool note(struct keeper_there *keeper, const char *word)
{
	struct there *there = keeper->there;

	if (there->machine->full)
		return false;
	there->noted.word = word;
	there->noted.keeper = keeper->pid;
	there->noted.program = keeper->program;
	there->noted.began_ms = keeper->began_ms;
	there->noted.exits = keeper->exits;
	there->noted.boot = there->machine->boot;
	return true;
}

static void tell(const struct there *there, const char *words)
{
	owned_text line = {0};

	if (!there->folder)
		return;
	text_format(&line, "@changed %s %s %s\n", there->folder->name, there->name, words);
	listeners_tell(there->machine, text_view(&line));
}

static void tell_end(const struct keeper_there *keeper)
{
	const struct there *there = keeper->there;
	char created[32] = "", words[120];

	ssh_mark(there->manifest ? there->manifest : "", "created", created, sizeof(created));
	snprintf(words, sizeof(words), "end %s %lld %d %d", created, (long long)there->noted.ended_ms,
		 there->noted.code, there->noted.signal);
	tell(there, words);
}

/* --- a program -------------------------------------------------------------------------------------- */

static void run(struct keeper_there *keeper);

static void says(struct there *there, const char *line)
{
	if (line && !there->machine->full)
		text_format(&there->log, "%s\n", line);
}

static void keeper_ends(struct keeper_there *keeper)
{
	note(keeper, "stopped");
	tell_end(keeper);
	keeper->pid = 0;
	stops_settle(keeper->there);
}

static bool starts_again(const struct keeper_there *keeper)
{
	const struct there *there = keeper->there;
	char policy[32] = "";

	ssh_mark(there->manifest ? there->manifest : "", "restart", policy, sizeof(policy));
	return !there->stopping && strcmp(policy, "no") != 0 &&
	       (strcmp(policy, "on-failure") != 0 || there->noted.code);
}

static void rest(struct keeper_there *keeper)
{
	int64_t now = machine_clock(keeper->there->machine);

	if (now - keeper->began_ms >= STEADY_MS)
		keeper->pause_ms = LEAST_PAUSE_MS;
	note(keeper, "restarting");
	tell_end(keeper);
	add(keeper, &keeper->again, keeper->pause_ms);
	keeper->pause_ms = keeper->pause_ms * 2 < MOST_PAUSE_MS ? keeper->pause_ms * 2 : MOST_PAUSE_MS;
}

static void program_ended(struct keeper_there *keeper, int code, int signal)
{
	struct there *there = keeper->there;

	forget_program(keeper);
	keeper->exits++;
	if (!keeper->pid) {
		stops_settle(there);
		return;
	}
	there->noted.ended_ms = machine_clock(there->machine);
	there->noted.code = signal ? -1 : code;
	there->noted.signal = signal;
	if (starts_again(keeper))
		rest(keeper);
	else
		keeper_ends(keeper);
}

static void end_happens(struct event *event)
{
	struct keeper_there *keeper = owner_of(event, struct keeper_there, end);

	program_ended(keeper, keeper->ending_code, keeper->ending_signal);
}

static void up_happens(struct event *event)
{
	struct keeper_there *keeper = owner_of(event, struct keeper_there, up);

	keeper->answers = true;
	keeper->there->machine->stamp++;
}

static void say_happens(struct event *event)
{
	struct keeper_there *keeper = owner_of(event, struct keeper_there, say);

	says(keeper->there, keeper->behaviour.says);
}

static void again_happens(struct event *event)
{
	run(owner_of(event, struct keeper_there, again));
}

static void gone_happens(struct event *event)
{
	tell(owner_of(event, struct keeper_there, gone)->there, "gone");
}

/* What it is started as, for whoever says what it does. */
static void ask_behaviour(struct keeper_there *keeper, struct program_behaviour *ret)
{
	struct there *there = keeper->there;
	owned_text environment = {0};
	char name[200];

	for (const char *const *entry = there->launch.environment; *entry; entry++)
		text_add_bytes(&environment, *entry, strlen(*entry) + 1);
	snprintf(name, sizeof(name), "%s.%s", there->folder ? there->folder->name : "", there->name);
	struct program_started started = {.pid = (pid_t)keeper->program,
					  .name = name,
					  .argv = there->launch.argv,
					  .environment = text_view(&environment),
					  .environment_size = environment.length,
					  .starts = keeper->exits + 1};
	there->machine->behave(there->machine->behaver, &started, ret);
	ret->address = ret->address ? ssh_need(strdup(ret->address)) : NULL;
	ret->says = ret->says ? ssh_need(strdup(ret->says)) : NULL;
	ret->heard = ret->heard ? ssh_need(strdup(ret->heard)) : NULL;
}

static void run(struct keeper_there *keeper)
{
	struct ssh_machine *machine = keeper->there->machine;
	struct program_behaviour *does = &keeper->behaviour;

	keeper->program = ++machine->last_pid;
	machine->stamp++;
	keeper->began_ms = machine_clock(machine);
	if (machine->behave && keeper->there->launch.text)
		ask_behaviour(keeper, does);
	if (does->ends) {
		keeper->ending_code = does->exit_code;
		keeper->ending_signal = does->signal;
		add(keeper, &keeper->end, does->lives_ms ? does->lives_ms : LIVES_MS);
	}
	if (does->port && does->answers_after_ms >= 0)
		add(keeper, &keeper->up, does->answers_after_ms);
	if (does->says)
		add(keeper, &keeper->say, 1);
	keeper->there->noted.code = -1;
	keeper->there->noted.signal = 0;
	note(keeper, "running");
	tell(keeper->there, "start");
}

bool life_begin(struct there *there)
{
	struct keeper_there *keeper = ssh_need(calloc(1, sizeof(*keeper)));

	*keeper = (struct keeper_there){.there = there,
					.pid = ++there->machine->last_pid,
					.exits = there->noted.word ? there->noted.exits : 0,
					.pause_ms = LEAST_PAUSE_MS};
	event_prepare(&keeper->end, end_happens);
	event_prepare(&keeper->up, up_happens);
	event_prepare(&keeper->say, say_happens);
	event_prepare(&keeper->again, again_happens);
	event_prepare(&keeper->gone, gone_happens);
	if (!note(keeper, "starting")) { /* what nobody would know of does not begin */
		free(keeper);
		return false;
	}
	keeper->next = there->keepers;
	there->keepers = keeper;
	run(keeper);
	return true;
}

/* --- signals ----------------------------------------------------------------------------------------- */

static void signal_program(struct keeper_there *keeper, int number)
{
	const struct program_behaviour *does = &keeper->behaviour;

	if (!keeper->program)
		return;
	if (number == SIGKILL) {
		program_ended(keeper, 0, SIGKILL);
	} else if (number == SIGHUP && does->heard) {
		says(keeper->there, does->heard);
	} else if (!does->ignores_term) {
		keeper->ending_code = 0;
		keeper->ending_signal = number;
		add(keeper, &keeper->end, does->ends_after_ms);
	}
}

bool life_signal(struct there *there, int number)
{
	for (struct keeper_there *keeper = there->keepers; keeper; keeper = keeper->next)
		if (keeper->pid && keeper->pid == there->noted.keeper && keeper->program) {
			signal_program(keeper, number);
			return true;
		}
	return false;
}

/* Those that neither keep nor run go. */
static void sweep(struct there *there)
{
	struct keeper_there **link = &there->keepers;

	while (*link) {
		struct keeper_there *keeper = *link;
		if (keeper->pid || keeper->program || keeper->gone.index != EVENT_IDLE) {
			link = &keeper->next;
			continue;
		}
		*link = keeper->next;
		keeper_there_free(keeper);
	}
}

/* A keeper that rests, or has nothing to keep any more, ends when it is told to. */
static void tell_keeper(struct keeper_there *keeper)
{
	if (!keeper->pid || keeper->program)
		return;
	clock_take(universe_clock(keeper->there->machine->universe), &keeper->again);
	keeper_ends(keeper);
}

bool life_stop(struct there *there)
{
	char name[16] = "TERM";

	there->stopping = true;
	ssh_mark(there->manifest, "signal", name, sizeof(name));
	sweep(there);
	for (struct keeper_there *keeper = there->keepers; keeper; keeper = keeper->next) {
		signal_program(keeper, signal_number(name));
		tell_keeper(keeper);
	}
	return !is_kept(there) && !programs_alive(there);
}

void life_end(struct there *there)
{
	there->stopping = true;
	for (struct keeper_there *keeper = there->keepers; keeper; keeper = keeper->next) {
		signal_program(keeper, SIGKILL);
		tell_keeper(keeper);
	}
	sweep(there);
}

void life_power(struct there *there)
{
	while (there->keepers) {
		struct keeper_there *keeper = there->keepers;
		there->keepers = keeper->next;
		keeper_there_free(keeper);
	}
}

bool ssh_machine_kill(struct ssh_machine *machine, const char *name, enum ssh_victim victim)
{
	char app[100];
	const char *dot = strchr(name, '.');

	snprintf(app, sizeof(app), "%.*s", dot ? (int)(dot - name) : 0, name);
	struct there *there = dot ? there_find(machine, app, dot + 1) : NULL;
	if (!there || !there->keepers)
		return false;
	/* The keeper first: what it does not see is not told. */
	for (struct keeper_there *keeper = there->keepers; keeper && victim != SSH_PROGRAM;
	     keeper = keeper->next)
		if (keeper->pid) {
			clock_take(universe_clock(machine->universe), &keeper->again);
			keeper->pid = 0;
			add(keeper, &keeper->gone, NOTICED_MS);
		}
	for (struct keeper_there *keeper = there->keepers; keeper && victim != SSH_KEEPER;
	     keeper = keeper->next)
		signal_program(keeper, SIGKILL);
	return true;
}

/* --- what lives ---------------------------------------------------------------------------------------- */

bool is_kept(const struct there *there)
{
	for (const struct keeper_there *keeper = there->keepers; keeper; keeper = keeper->next)
		if (keeper->pid && keeper->pid == there->noted.keeper)
			return true;
	return false;
}

unsigned programs_alive(const struct there *there)
{
	unsigned count = 0;

	for (const struct keeper_there *keeper = there->keepers; keeper; keeper = keeper->next)
		count += keeper->program != 0;
	return count;
}

static bool listens(const struct there *there, uint16_t port)
{
	for (const struct keeper_there *keeper = there->keepers; keeper; keeper = keeper->next)
		if (keeper->answers && keeper->behaviour.port == port)
			return true;
	return false;
}

static bool is_to_listen(const struct there *there, uint16_t port)
{
	char ports[400] = "", one[24];

	snprintf(one, sizeof(one), "=%u/tcp", port);
	ssh_mark(there->manifest ? there->manifest : "", "ports", ports, sizeof(ports));
	const char *found = strstr(ports, one);
	return found && strchr("@,", found[strlen(one)]) && is_kept(there) && !there->stopping;
}

/* One that says so has an address of the loopback to itself, of 127.64.0.0/10. */
static bool has_address(const struct there *there, char *ret, size_t size)
{
	*ret = '\0';
	ssh_mark(there->manifest ? there->manifest : "", "bind", ret, size);
	return !strncmp(ret, "127.", 4) && strcmp(ret, "127.0.0.1") != 0;
}

/* Whether one may be in the way of the other, both with the same number. */
static bool meet(const struct there *one, const struct there *other)
{
	char a[64], b[64];
	bool own = has_address(one, a, sizeof(a)), others = has_address(other, b, sizeof(b));

	return own || others ? !strcmp(a, b) : true;
}

/* `own` NULL: by listening there, whatever the address. */
static bool holds(const struct there *other, const struct there *own, uint16_t port)
{
	if (!own)
		return listens(other, port);
	return (listens(other, port) || (other != own && is_to_listen(other, port))) && meet(own, other);
}

bool port_is_held(const struct ssh_machine *machine, const struct there *own, uint16_t port)
{
	for (const struct there *ghost = machine->ghosts; ghost; ghost = ghost->next)
		if (holds(ghost, own, port))
			return true;
	for (const struct folder *folder = machine->folders; folder; folder = folder->next)
		for (const struct there *there = folder->instances; there; there = there->next)
			if (holds(there, own, port))
				return true;
	return false;
}

bool port_answers(const struct ssh_machine *machine, uint16_t port)
{
	return port_is_held(machine, NULL, port);
}
