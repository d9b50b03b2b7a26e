/* local.c - programs of the first machine, by what their names say; keepers seen through its table of
 * processes. */
#include "tests/sim/local.h"

#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/cleanup.h"

enum {
	ROOM_BYTES = 40000,
	HEARD_MS = 20, /* so long the keeper of a program that was killed may not know of it */
};

const char *const local_faults[] = {"a program is killed",
				    "a keeper is killed",
				    "a keeper and its program are killed",
				    "the machine is rebooted",
				    "the machine loses its power",
				    "the disk is full",
				    "the disk fails",
				    NULL};

#define COMMAND "true" /* that is run beside them */
static const char *const programs[] = {"good", "slow", "dead", "crash", "job"};

static const char *entry_of(const char *entries, size_t size, const char *name)
{
	size_t length = strlen(name);
	for (const char *at = entries; at < entries + size; at += strlen(at) + 1)
		if (strncmp(at, name, length) == 0 && at[length] == '=')
			return at + length + 1;
	return NULL;
}

/* --- what programs do ------------------------------------------------------------------------------ */

static bool is(const struct program_started *started, const char *program)
{
	const char *slash = strrchr(started->argv[0], '/');
	return strcmp(slash ? slash + 1 : started->argv[0], program) == 0;
}

static void note_act(struct theatre *stage, const struct program_started *started)
{
	struct act *act = &stage->acts[stage->act_count++ % ACTS_MAX];
	*act = (struct act){.pid = started->pid};
	snprintf(act->name, sizeof act->name, "%s", started->name);
	const char *slash = strrchr(started->argv[0], '/');
	snprintf(act->image, sizeof act->image, "%s:%s", slash ? slash + 1 : started->argv[0],
		 started->argv[1] ? started->argv[1] : "");
	char *generation = strstr(act->name, ".g");
	if (generation)
		*generation = 0;
}

void local_behaves(const struct program_started *started, struct program_behaviour *ret)
{
	const char *port = entry_of(started->environment, started->environment_size, "PORT_MAIN");
	int64_t number = 0;
	ret->ends_after_ms = 20;
	ret->heard = "heard";
	if (port && parse_number(port, 1, UINT16_MAX, &number))
		ret->port = (uint16_t)number;
	ret->address = entry_of(started->environment, started->environment_size, "BIND_ADDRESS");
	if (is(started, "slow"))
		ret->answers_after_ms = 3000;
	if (is(started, "dead")) {
		ret->answers_after_ms = -1;
		ret->ignores_term = true;
	}
	if (is(started, "crash") || is(started, "job")) {
		ret->ends = true;
		ret->lives_ms = is(started, "job") && started->argv[1]
				    ? model_job_lives_ms((unsigned)atoi(started->argv[1]))
				    : 100;
		ret->exit_code = is(started, "crash");
	}
}

static void behave(void *owner, const struct program_started *started, struct program_behaviour *ret)
{
	if (is(started, COMMAND)) {
		*ret = (struct program_behaviour){.ends = true, .lives_ms = 5};
		return;
	}
	note_act(owner, started);
	local_behaves(started, ret);
}

int local_open(struct theatre *stage)
{
	machine_behave(stage->machines[0], behave, stage);
	for (size_t i = 0; i < COUNT_OF(programs); i++) {
		char path[32];
		snprintf(path, sizeof path, "/bin/%s", programs[i]);
		if (machine_file(stage->machines[0], path, 0755, ""))
			return -1;
	}
	return machine_file(stage->machines[0], "/bin/" COMMAND, 0755, "");
}

/* --- what is seen ------------------------------------------------------------------------------------- */

struct looking {
	struct theatre *stage;
	struct sights *sights;
	pid_t keepers[128];
	size_t first, count;
};

static void *need(void *memory)
{
	if (!memory)
		abort();
	return memory;
}

static const char *mark(struct looking *looking, const struct process_info *info, const char *name)
{
	const char *value = entry_of(info->environment, info->environment_size, name);
	return need(arena_text(&looking->sights->arena, value ? value : ""));
}

static bool see_keeper(void *owner, const struct process_info *info)
{
	static const char *const nothing[] = {NULL};
	struct looking *looking = owner;
	const char *directory = strrchr(info->directory, '/');
	int64_t ordinal = 0;
	if (info->pid == looking->stage->twin)
		return true;
	if (info->zombie || !directory || looking->count == COUNT_OF(looking->keepers) ||
	    !entry_of(info->environment, info->environment_size, "BERTH_RUN"))
		return true;
	struct sight *sight = sights_add(looking->sights);
	struct arena *arena = &looking->sights->arena;
	parse_number(mark(looking, info, "BERTH_INSTANCE"), 1, 1000, &ordinal);
	*sight = (struct sight){
	    .realm = REALM_LOCAL,
	    .name = need(arena_format(arena, "app.%s", directory + 1)),
	    .id = need(arena_format(arena, "%d:%llu", (int)info->pid, (unsigned long long)info->start_ticks)),
	    .app = mark(looking, info, "BERTH_APP"),
	    .component = mark(looking, info, "BERTH_COMPONENT"),
	    .ordinal = (unsigned)ordinal,
	    .digest = mark(looking, info, "BERTH_SPEC"),
	    .link_digest = mark(looking, info, "BERTH_LINKS"),
	    .secret_digest = mark(looking, info, "BERTH_SECRETS"),
	    .file_digest = mark(looking, info, "BERTH_FILES"),
	    .environment = nothing,
	    .volumes = nothing};
	sight_read_name(sight);
	looking->keepers[looking->count++] = info->pid;
	return true;
}

/* Numbers of processes are used again: it is the last one of that number. */
static const char *image_of(const struct theatre *stage, const struct process_info *info)
{
	for (size_t i = stage->act_count; i > 0 && i + ACTS_MAX > stage->act_count; i--) {
		const struct act *act = &stage->acts[(i - 1) % ACTS_MAX];
		if (act->pid == info->pid)
			return act->image;
	}
	return "";
}

/* What its run directory has, where those of one user and store are. */
static void read_run(const struct theatre *stage, const struct sight *sight, const char *file,
		     struct text *ret_content)
{
	char path[256];
	snprintf(path, sizeof path, "%s/run/app/%s/%s", stage->deployers[0].state,
		 sight->name + strlen("app."), file);
	machine_read(stage->machines[0], path, ret_content);
}

static const char *policy_of(const struct theatre *stage, struct arena *arena, const struct sight *sight)
{
	owned_text manifest = {0};
	read_run(stage, sight, "manifest", &manifest);
	const char *policy = entry_of(text_view(&manifest), manifest.length, "BERTH_RESTART");
	return need(arena_text(arena, policy ? policy : ""));
}

bool local_launch_left(const struct theatre *stage, const struct sight *sight)
{
	owned_text launch = {0};
	read_run(stage, sight, "launch", &launch);
	return launch.length;
}

void local_file(struct theatre *stage, const struct sight *sight, struct text *ret_content)
{
	read_run(stage, sight, "work/c.conf", ret_content);
}

static const char *const *keep_environment(struct arena *arena, const struct process_info *info)
{
	size_t count = 0;
	for (size_t i = 0; i < info->environment_size; i++)
		count += !info->environment[i];
	const char **list = need(arena_array(arena, const char *, count + 1));
	const char *copy = need(arena_copy(arena, info->environment, info->environment_size));
	for (size_t i = 0; i < count; i++, copy += strlen(copy) + 1)
		list[i] = copy;
	return list;
}

static bool see_program(void *owner, const struct process_info *info)
{
	struct looking *looking = owner;
	struct arena *arena = &looking->sights->arena;
	for (size_t i = 0; i < looking->count && !info->zombie; i++) {
		if (looking->keepers[i] != info->parent)
			continue;
		struct sight *sight = &looking->sights->list[looking->first + i];
		struct spot *spot = need(arena_array(arena, struct spot, 1));
		const char *port = entry_of(info->environment, info->environment_size, "PORT_MAIN");
		int64_t number = 0;
		sight->running = true;
		sight->image = need(arena_text(arena, image_of(looking->stage, info)));
		sight->policy = policy_of(looking->stage, arena, sight);
		sight->environment = keep_environment(arena, info);
		if (port && parse_number(port, 1, UINT16_MAX, &number)) {
			*spot = (struct spot){mark(looking, info, "BIND_ADDRESS"), (uint16_t)number};
			sight->spots = spot;
			sight->spot_count = 1;
		}
	}
	return true;
}

static struct world *observer(struct theatre *stage)
{
	if (stage->observer && seat_dead(stage->observer)) {
		seat_free(stage->observer);
		stage->observer = NULL;
	}
	if (!stage->observer)
		stage->observer = need(seat_new(stage->universe, stage->machines[0]));
	return seat_world(stage->observer);
}

void local_see(struct sights *sights, struct theatre *stage)
{
	struct looking looking = {.stage = stage, .sights = sights, .first = sights->count};
	struct world *world = observer(stage);
	struct error err = {0};
	if (!(stage->model.realms & 1u << REALM_LOCAL))
		return;
	world->ops->processes(world, "BERTH_APP=", see_keeper, &looking, &err);
	world->ops->processes(world, NULL, see_program, &looking, &err);
}

static bool is_program(const struct process_info *info)
{
	const char *slash = strrchr(info->executable, '/');
	for (size_t i = 0; i < COUNT_OF(programs) && slash && !info->zombie; i++)
		if (strcmp(slash + 1, programs[i]) == 0)
			return true;
	return false;
}

/* Numbers of processes are used again: with its time of start it is known for sure. */
static bool find_act(void *owner, const struct process_info *info)
{
	struct theatre *stage = owner;
	for (size_t i = 0; i < COUNT_OF(stage->acts) && is_program(info); i++) {
		struct act *act = &stage->acts[i];
		if (act->pid != info->pid)
			continue;
		if (!act->start_ticks)
			act->start_ticks = info->start_ticks;
		act->lives |= act->start_ticks == info->start_ticks;
	}
	return true;
}

static void look_at_acts(struct theatre *stage)
{
	struct world *world = observer(stage);
	struct error err = {0};
	for (size_t i = 0; i < COUNT_OF(stage->acts); i++)
		stage->acts[i].lives = false;
	world->ops->processes(world, NULL, find_act, stage, &err);
}

void local_no_doubles(struct theatre *stage)
{
	if (!(stage->model.realms & 1u << REALM_LOCAL))
		return;
	look_at_acts(stage);
	for (size_t i = 0; i < COUNT_OF(stage->acts); i++)
		for (size_t k = i + 1; k < COUNT_OF(stage->acts) && stage->acts[i].lives; k++)
			if (stage->acts[k].lives && strcmp(stage->acts[i].name, stage->acts[k].name) == 0)
				stage_accuse(stage, "doubles", "two programs of %s live: %d and %d",
					     stage->acts[i].name, (int)stage->acts[i].pid,
					     (int)stage->acts[k].pid);
}

static bool left_over(void *owner, const struct process_info *info)
{
	if (is_program(info))
		stage_accuse(owner, "leftovers", "process %d, %s, is left", (int)info->pid, info->executable);
	return true;
}

static bool see_run(void *owner, const char *name)
{
	stage_accuse(owner, "leftovers", "the run directory %s is left", name);
	return true;
}

static bool see_claim(void *owner, const char *name)
{
	if (strncmp(name, "app.", 4) == 0)
		stage_accuse(owner, "leftovers", "%s is left among the claims", name);
	return true;
}

static void files_gone(struct theatre *stage)
{
	struct world *world = observer(stage);
	char run[64];
	snprintf(run, sizeof run, "%s/run/app", stage->deployers[0].state);
	world->ops->directory_list(world, run, see_run, stage, NULL);
	world->ops->directory_list(world, "/run/berth", see_claim, stage, NULL);
}

void local_gone(struct theatre *stage)
{
	struct world *world = observer(stage);
	struct error err = {0};
	world->ops->processes(world, NULL, left_over, stage, &err);
	if (stage->model.realms & 1u << REALM_LOCAL)
		files_gone(stage);
}

/* --- what befalls them ---------------------------------------------------------------------------------- */

static const struct act *any_act(struct theatre *stage, struct dice *dice)
{
	look_at_acts(stage);
	for (int tries = 0; tries < 40; tries++) {
		const struct act *act = &stage->acts[roll(dice, ACTS_MAX)];
		if (act->lives)
			return act;
	}
	return NULL;
}

const char *local_any(struct theatre *stage, struct dice *dice)
{
	const struct act *act = any_act(stage, dice);
	return act ? act->name : NULL;
}

void local_kill(struct theatre *stage, struct dice *dice)
{
	const struct act *act = any_act(stage, dice);
	unsigned way = roll(dice, 3);
	pid_t keeper = 0;
	if (!act)
		return;
	stage_disturb(stage, local_faults[way]);
	stage_say(stage, "fault: %s: %s", local_faults[way], act->name);
	pid_t program = act->pid;
	machine_keepers(stage->machines[0], act->name, &keeper);
	if (way > 0 && keeper)
		machine_signal(stage->machines[0], keeper, SIGKILL);
	if (way != 1)
		machine_signal(stage->machines[0], program, SIGKILL);
	stage_run(stage, HEARD_MS);
}

void local_power(struct theatre *stage, struct dice *dice)
{
	bool cut = one_in(dice, 2);
	stage_disturb(stage, local_faults[cut ? 4 : 3]);
	stage_say(stage, "fault: %s", local_faults[cut ? 4 : 3]);
	(cut ? machine_power_cut : machine_reboot)(stage->machines[0]);
	memset(stage->acts, 0, sizeof stage->acts);
	stage_look_round(stage);
}

static int fails_at_times(void *owner, enum disk_act act, const char *name)
{
	struct theatre *stage = owner;
	(void)name;
	return act != DISK_READ && universe_roll(stage->universe, 8) == 0 ? EIO : 0;
}

void local_disk(struct theatre *stage, struct dice *dice)
{
	bool full = one_in(dice, 2);
	struct machine *machine = stage->machines[roll(dice, MACHINES)];
	stage_disturb(stage, local_faults[full ? 5 : 6]);
	stage_say(stage, "fault: %s, of machine %s", local_faults[full ? 5 : 6], machine_name(machine));
	if (full)
		machine_disk_room(machine, roll(dice, ROOM_BYTES));
	else
		machine_disk_rule(machine, fails_at_times, stage);
	stage_run(stage, 200 + roll(dice, 8000));
	machine_disk_room(machine, -1);
	machine_disk_rule(machine, NULL, NULL);
	stage_say(stage, "the disk is well again");
}

void local_calm(struct theatre *stage)
{
	for (int i = 0; i < MACHINES; i++) {
		machine_disk_room(stage->machines[i], -1);
		machine_disk_rule(stage->machines[i], NULL, NULL);
	}
}
