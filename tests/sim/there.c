/* there.c - processes of a machine reached by SSH, as its directories tell of them. */
#include "tests/sim/there.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/cleanup.h"
#include "simulation/ssh_machine.h"
#include "tests/sim/local.h"

enum { DOWN_MS = 20000, FULL_MS = 8000, SKEW_MS = 7200000 };

const char *const there_faults[] = {"a program of the machine is killed",
				    "a keeper of the machine is killed",
				    "a keeper of the machine and its program are killed",
				    "the machine by SSH is rebooted",
				    "the disk of the machine by SSH is full",
				    "the machine's sshd is restarted",
				    "the clock of the machine by SSH is wrong",
				    "an instance vanishes from the machine",
				    "a stranger's directory on the machine",
				    NULL};
enum { FAULT_KILLED, FAULT_POWER = 3, FAULT_DISK, FAULT_CUT, FAULT_CLOCK, FAULT_VANISHED, FAULT_STRANGER };

static void meet(struct theatre *stage, unsigned fault, const char *what)
{
	stage_disturb(stage, there_faults[fault]);
	stage_say(stage, "fault: %s%s%s", there_faults[fault], *what ? ": " : "", what);
}

static void behave(void *owner, const struct program_started *started, struct program_behaviour *ret)
{
	(void)owner;
	local_behaves(started, ret);
}

int there_open(struct theatre *stage)
{
	stage->there = ssh_machine_new(stage->universe, THERE_NUMBER);
	if (!stage->there)
		return -1;
	ssh_machine_behave(stage->there, behave, stage);
	return 0;
}

bool there_is(const struct theatre *stage)
{
	return stage->model.realms & 1u << REALM_MACHINE;
}

/* --- what is seen ------------------------------------------------------------------------------------ */

static void *need(void *memory)
{
	if (!memory)
		abort();
	return memory;
}

static const char *mark(struct sights *sights, const struct ssh_view *view, const char *key)
{
	char value[400] = "";
	ssh_mark(view->manifest, key, value, sizeof value);
	return need(arena_text(&sights->arena, value));
}

static const char *const *keep_environment(struct sights *sights, const struct ssh_view *view)
{
	size_t count = 0;
	while (view->environment[count])
		count++;
	const char **copy = need(arena_array(&sights->arena, const char *, count + 1));
	for (size_t i = 0; i < count; i++)
		copy[i] = need(arena_text(&sights->arena, view->environment[i]));
	copy[count] = NULL;
	return copy;
}

/* What listens everywhere is found from the machine itself, and by its number from elsewhere. */
static void keep_spots(struct sights *sights, struct sight *sight)
{
	struct spot *spots = need(arena_array(&sights->arena, struct spot, 2));
	const char *port = sight_variable(sight, "PORT_MAIN"), *bind = sight_variable(sight, "BIND_ADDRESS");
	int64_t number = 0;
	if (!port || !parse_number(port, 1, UINT16_MAX, &number))
		return;
	spots[sight->spot_count++] = (struct spot){"127.0.0.1", (uint16_t)number};
	if (bind && (strcmp(bind, "0.0.0.0") == 0 || strcmp(bind, THERE_NUMBER) == 0))
		spots[sight->spot_count++] = (struct spot){THERE_NUMBER, (uint16_t)number};
	sight->spots = spots;
}

struct seeing {
	struct sights *sights;
	struct theatre *stage;
};

static void see(void *owner, const struct ssh_view *view)
{
	static const char *const nothing[] = {NULL};
	const struct seeing *seeing = owner;
	struct sights *sights = seeing->sights;
	struct arena *arena = &sights->arena;
	const char *slash = strrchr(view->argv0, '/');
	char name[200];
	snprintf(name, sizeof name, "%s.%s", view->app ? view->app : "", view->folder ? view->folder : "");
	if (view->folder && (!*view->manifest || strcmp(name, seeing->stage->machine_stranger) == 0))
		return; /* half made, or somebody else's */
	struct sight *sight = sights_add(sights);
	sight->realm = REALM_MACHINE;
	sight->volumes = nothing;
	sight->environment = keep_environment(sights, view);
	sight->running = view->programs;
	sight->name = need(arena_text(arena, view->folder ? name : "a process without a directory"));
	sight->id = mark(sights, view, "created");
	if (!view->folder)
		return; /* nobody accounts for it */
	sight->app = mark(sights, view, "app");
	sight->component = mark(sights, view, "component");
	sight->ordinal = (unsigned)atoi(mark(sights, view, "ordinal"));
	sight->digest = mark(sights, view, "spec");
	sight->link_digest = mark(sights, view, "links");
	sight->secret_digest = mark(sights, view, "secrets");
	sight->file_digest = mark(sights, view, "files");
	sight->policy = mark(sights, view, "restart");
	sight->image = need(arena_format(arena, "%s:%s", slash ? slash + 1 : view->argv0, view->argv1));
	sight->unsteady = strncmp(sight->image, "crash", 5) == 0;
	sight->answers = view->answers;
	sight->ended_well = !view->programs && strcmp(view->state, "stopped") == 0 && view->code == 0;
	keep_spots(sights, sight);
	sight_read_name(sight);
}

void there_see(struct sights *sights, struct theatre *stage)
{
	struct seeing seeing = {sights, stage};
	if (there_is(stage))
		ssh_machine_each(stage->there, see, &seeing);
}

void there_file(struct theatre *stage, const struct sight *sight, struct text *ret_content)
{
	size_t size = 0;
	unsigned mode = 0;
	const char *content = ssh_machine_file(stage->there, sight->name, "c.conf", &size, &mode);
	if (content)
		text_add_bytes(ret_content, content, size);
}

/* --- what is judged ---------------------------------------------------------------------------------- */

static void see_doubles(void *owner, const struct ssh_view *view)
{
	if (view->programs > 1)
		stage_accuse(owner, "doubles", "%u programs of %s live on the machine", view->programs,
			     view->folder ? view->folder : "what is gone");
}

void there_always(struct theatre *stage)
{
	if (!there_is(stage))
		return;
	ssh_machine_each(stage->there, see_doubles, stage);
	if (stage->machine_stranger[0] && !ssh_machine_stranger_left(stage->there, stage->machine_stranger))
		stage_accuse(stage, "strangers", "%s on the machine was somebody else's, and is gone",
			     stage->machine_stranger);
}

static void see_left(void *owner, const struct ssh_view *view)
{
	stage_accuse(owner, "leftovers", "%s is left on the machine",
		     view->folder ? view->folder : "a process");
}

void there_gone(struct theatre *stage)
{
	const char *left = ssh_machine_left(stage->there, "app");
	if (!there_is(stage))
		return;
	ssh_machine_each(stage->there, see_left, stage);
	if (left)
		stage_accuse(stage, "leftovers", "on the machine %s is left", left);
}

/* --- what is said to it ------------------------------------------------------------------------------ */

bool there_hears(const struct http_request *request)
{
	return strcmp(request->method, "SSH") == 0;
}

static bool asks_for(const struct http_request *request, const char *const *functions)
{
	const char *words = strstr(request->url, THERE_ADDRESS "/");
	for (; words && *functions; functions++)
		if (starts_with(words + strlen(THERE_ADDRESS "/"), *functions))
			return true;
	return false;
}

bool there_changes_instance(const struct http_request *request)
{
	static const char *const functions[] = {"place ",  "start ",  "stop ",    "remove ",
						"rename ", "remark ", "deliver ", NULL};
	return there_hears(request) && asks_for(request, functions);
}

bool there_changes(const struct http_request *request)
{
	static const char *const functions[] = {"claim ",   "disclaim ", "lease ", "tidy ", "prepare ",
						"release ", "signal ",   "ready ", NULL};
	return there_hears(request) && (asks_for(request, functions) || there_changes_instance(request));
}

const char *there_seldom(struct dice *dice)
{
	static const char *const seldom[] = {"/place ", "/start ",  "/stop ",    "/remove ",  "/remark ",
					     "/claim ", "/lease ",  "/look ",    "/listing ", "/watch",
					     "/ready ", "/install", "/connect ", "/deliver ", "/prepare "};
	return seldom[roll(dice, COUNT_OF(seldom))];
}

/* --- what befalls it --------------------------------------------------------------------------------- */

/* Any that runs. */
static const char *any_name(struct theatre *stage, struct dice *dice)
{
	sights_take(&stage->sights, stage);
	for (int tries = 0; tries < 40 && stage->sights.count; tries++) {
		const struct sight *sight = &stage->sights.list[roll(dice, (unsigned)stage->sights.count)];
		if (sight->realm == REALM_MACHINE && sight->component && sight->running)
			return sight->name;
	}
	return NULL;
}

void there_kill(struct theatre *stage, struct dice *dice)
{
	const char *name = any_name(stage, dice);
	unsigned victim = roll(dice, 3);
	if (!name)
		return;
	meet(stage, FAULT_KILLED + victim, name);
	ssh_machine_kill(stage->there, name, (enum ssh_victim)victim);
}

void there_power(struct theatre *stage, struct dice *dice)
{
	meet(stage, FAULT_POWER, "");
	ssh_machine_reboot(stage->there, 200 + roll(dice, DOWN_MS));
}

void there_disk(struct theatre *stage, struct dice *dice)
{
	meet(stage, FAULT_DISK, "");
	ssh_machine_disk_full(stage->there, true);
	stage_run(stage, 200 + roll(dice, FULL_MS));
	ssh_machine_disk_full(stage->there, false);
	stage_say(stage, "the disk of the machine has room again");
}

void there_cut(struct theatre *stage)
{
	meet(stage, FAULT_CUT, "");
	ssh_machine_cut(stage->there);
}

void there_clock(struct theatre *stage, struct dice *dice)
{
	int64_t by_ms = (int64_t)roll(dice, SKEW_MS) - SKEW_MS / 2;
	meet(stage, FAULT_CLOCK, "");
	ssh_machine_clock(stage->there, by_ms);
}

void there_vanish(struct theatre *stage, const char *name)
{
	meet(stage, FAULT_VANISHED, name);
	ssh_machine_vanish(stage->there, name);
}

/* Somebody's directory under a name that will be wanted, or a copy of one of ours beside it. */
void there_stranger(struct theatre *stage, struct dice *dice)
{
	const struct part *part = &stage->model.parts[roll(dice, PARTS_MAX)];
	bool copies = one_in(dice, 2);
	char name[64], of[64];
	if (!part->there || part->realm != REALM_MACHINE || stage->machine_stranger[0])
		return;
	snprintf(of, sizeof of, "app.%s.1", part->id);
	snprintf(name, sizeof name, copies ? "app.%s.1.old" : "app.%s.1", part->id);
	if (copies ? ssh_machine_copy(stage->there, of, name) : ssh_machine_stranger(stage->there, name))
		return;
	meet(stage, FAULT_STRANGER, name);
	stage->troubled |= !copies;
	snprintf(stage->machine_stranger, sizeof stage->machine_stranger, "%s", name);
}

void there_calm(struct theatre *stage)
{
	ssh_machine_disk_full(stage->there, false);
	if (stage->machine_stranger[0])
		ssh_machine_vanish(stage->there, stage->machine_stranger);
	stage->machine_stranger[0] = 0;
}
