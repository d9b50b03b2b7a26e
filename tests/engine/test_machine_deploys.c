/* test_machine_deploys.c - the engine on a simulated machine: a deploy that is killed, or whose power is cut,
 * at any of its calls is made good by the next one.
 */
#include <criterion/criterion.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/cleanup.h"
#include "engine/handle.h"
#include "simulation/docker/engine.h"
#include "simulation/machine.h"

#define STATE       MACHINE_HOME "/state"
#define PATIENCE_MS 600000

static const char *const editions[] = {
    "id: app\nlocation: localhost\nservices:\n"
    "- {type: process, id: db, command: [/bin/db], ports: {main: auto}}\n"
    "- {type: process, id: web, command: [/bin/web], ports: {http: auto}, links: "
    "[$brooklyn:component(\"db\")]}\n"
    "- {type: process, id: job, command: [/bin/job], job: true, dependsOn: {db: ready}}\n",
    "id: app\nlocation: localhost\nservices:\n"
    "- {type: process, id: db, command: [/bin/db, two], ports: {main: auto}, files: {conf: {content: x}}}\n"
    "- {type: process, id: web, command: [/bin/web], ports: {http: auto}, instances: 2,\n"
    "   links: [$brooklyn:component(\"db\")]}\n",
    "id: app\nlocation: localhost\nservices:\n"
    "- {type: process, id: db, command: [/bin/db, two], ports: {main: auto}, files: {conf: {content: y}}}\n"
    "- {type: process, id: web, command: [/bin/web, three], ports: {http: auto},\n"
    "   links: [$brooklyn:component(\"db\")]}\n",
};
static const unsigned living[] = {2, 3, 2};

struct play {
	uint64_t seed;
	struct universe *universe;
	struct machine *machine;
	struct seat *seat;
	struct berth *berth;
	unsigned trouble; /* per cent of the steps */
	int64_t answers_after_ms;
	struct text story;
};

/* --- the machine ------------------------------------------------------------------------------- */

static void line(void *owner, int64_t now_ms, const char *words)
{
	text_format(&((struct play *)owner)->story, "%8lld  %s\n", (long long)now_ms, words);
}

static const char *variable(const struct program_started *started, const char *name)
{
	const char *end = started->environment + started->environment_size;

	for (const char *entry = started->environment; entry < end; entry += strlen(entry) + 1)
		if (starts_with(entry, name))
			return entry + strlen(name);
	return "0";
}

static void behave(void *owner, const struct program_started *started, struct program_behaviour *ret)
{
	const struct play *play = owner;

	if (!strcmp(started->argv[0], "/bin/job")) {
		*ret = (struct program_behaviour){.ends = true, .lives_ms = 200};
		return;
	}
	*ret = (struct program_behaviour){
	    .port = (uint16_t)atoi(
		variable(started, !strcmp(started->argv[0], "/bin/db") ? "PORT_MAIN=" : "PORT_HTTP=")),
	    .address = variable(started, "BIND_ADDRESS="),
	    .answers_after_ms = play->answers_after_ms};
}

static const char *environment(const char *name)
{
	(void)name;
	return NULL;
}

static void begin(struct play *play)
{
	const struct berth_options options = {.size = sizeof options,
					      .state_directory = STATE,
					      .config_directory = MACHINE_HOME "/config",
					      .helper = MACHINE_HELPER};
	struct error err = {0};

	play->seat = seat_new(play->universe, play->machine);
	cr_assert_eq(berth_open_in(&play->berth, seat_world(play->seat), environment, &options, &err), 0,
		     "%s", err.text);
}

static void end(struct play *play)
{
	berth_close(play->berth);
	seat_free(play->seat);
}

static void set_up(struct play *play, uint64_t seed)
{
	*play = (struct play){.seed = seed, .universe = universe_new(seed), .answers_after_ms = 150};
	universe_listen(play->universe, line, play);
	play->machine = machine_new(play->universe, "host", "192.0.2.7");
	cr_assert(play->machine);
	machine_behave(play->machine, behave, play);
	machine_file(play->machine, "/bin/db", 0755, "");
	machine_file(play->machine, "/bin/web", 0755, "");
	machine_file(play->machine, "/bin/job", 0755, "");
	begin(play);
}

static void take_down(struct play *play)
{
	end(play);
	machine_free(play->machine);
	universe_free(play->universe);
	text_release(&play->story);
}

/* --- what happens without us ------------------------------------------------------------------- */

struct picking {
	struct play *play;
	pid_t picked;
	unsigned seen;
};

static bool pick(void *owner, const struct process_info *info)
{
	struct picking *picking = owner;

	if (!info->zombie && !universe_roll(picking->play->universe, ++picking->seen))
		picking->picked = info->pid;
	return true;
}

static void kill_one(struct play *play, int signal_number)
{
	struct picking picking = {.play = play};
	struct seat *outside = seat_new(play->universe, play->machine);

	if (!outside)
		return;
	seat_world(outside)->ops->processes(seat_world(outside), "BERTH_", pick, &picking, NULL);
	seat_free(outside);
	if (picking.picked)
		machine_signal(play->machine, picking.picked, signal_number);
}

static void disturb(struct play *play)
{
	switch (universe_roll(play->universe, 14)) {
	case 0:
		machine_power_cut(play->machine);
		break;
	case 1:
		machine_reboot(play->machine);
		break;
	case 2:
		machine_disk_room(play->machine, (int64_t)universe_roll(play->universe, 6000));
		break;
	case 3:
	case 4:
		machine_disk_room(play->machine, -1);
		break;
	case 5:
		universe_jump(play->universe, (int64_t)universe_roll(play->universe, 7200000) - 3600000);
		break;
	case 6:
		seat_kill_at(play->seat, 1 + universe_roll(play->universe, 30));
		break;
	case 7:
		kill_one(play, SIGTERM);
		break;
	default:
		kill_one(play, SIGKILL);
		break;
	}
}

/* --- what is run ------------------------------------------------------------------------------- */

typedef struct berth_operation *verb_function(struct berth *, const struct berth_request *,
					      const struct berth_listener *, struct berth_error *);

static void finish(struct play *play, const struct berth_operation *operation)
{
	struct clock *clock = universe_clock(play->universe);
	int64_t limit = clock_now(clock) + PATIENCE_MS;

	while (!berth_done(operation) && !seat_dead(play->seat)) {
		cr_assert(clock_step(clock, limit), "seed %llu: it does not end\n%s",
			  (unsigned long long)play->seed, text_view(&play->story));
		if (universe_roll(play->universe, 100) < play->trouble)
			disturb(play);
	}
}

/* -1: its program died. */
static int run(struct play *play, verb_function *act, const char *blueprint, bool *ret_changed)
{
	const struct berth_request request = {.size = sizeof request,
					      .blueprint = blueprint,
					      .file = "/b.yaml",
					      .app = blueprint ? NULL : "app"};
	struct berth_error error = {0};
	struct berth_operation *operation = act(play->berth, &request, NULL, &error);
	int outcome = -1;

	if (!operation)
		return seat_dead(play->seat) ? -1 : (int)error.outcome;
	finish(play, operation);
	if (!seat_dead(play->seat)) {
		struct error err;
		outcome = (int)berth_outcome(operation);
		universe_tell(play->universe, "it ended with %d: %s", outcome, berth_message(operation));
		owned_json document =
		    json_parse(berth_result(operation), strlen(berth_result(operation)), "result", &err);
		if (ret_changed)
			*ret_changed = json_flag(document, "changed", false);
	}
	berth_operation_free(operation);
	return outcome;
}

static void must(struct play *play, verb_function *act, const char *blueprint, bool *ret_changed)
{
	int outcome = run(play, act, blueprint, ret_changed);

	cr_assert_eq(outcome, BERTH_OK, "seed %llu: it ends with %d\n%s", (unsigned long long)play->seed,
		     outcome, text_view(&play->story));
}

/* --- what must hold ---------------------------------------------------------------------------- */

static bool is_launch(void *owner, const char *name)
{
	*(bool *)owner = *(bool *)owner || starts_with(name, "launch");
	return true;
}

static bool no_launch(void *owner, const char *name)
{
	struct play *play = owner;
	struct world *world = seat_world(play->seat);
	char path[300];
	bool found = false;

	snprintf(path, sizeof path, STATE "/run/app/%s", name);
	world->ops->directory_list(world, path, is_launch, &found, NULL);
	cr_assert_not(found, "seed %llu: %s has a launch file\n%s", (unsigned long long)play->seed, path,
		      text_view(&play->story));
	return true;
}

static bool count(void *owner, const struct process_info *info)
{
	*(unsigned *)owner += strstr(info->directory, "/.work/") != NULL;
	return true;
}

static void is_as_wanted(struct play *play, unsigned programs)
{
	struct world *world = seat_world(play->seat);
	unsigned found = 0;

	world->ops->processes(world, "BERTH_TREE=", count, &found, NULL);
	cr_assert_eq(found, programs, "seed %llu: %u run, not %u\n%s", (unsigned long long)play->seed, found,
		     programs, text_view(&play->story));
	world->ops->directory_list(world, STATE "/run/app", no_launch, play, NULL);
}

static void is_made_good(struct play *play, size_t edition)
{
	bool changed = true;

	must(play, berth_deploy, editions[edition], NULL);
	is_as_wanted(play, living[edition]);
	must(play, berth_deploy, editions[edition], &changed);
	cr_assert_not(changed, "seed %llu: a deploy of what is there changed something\n%s",
		      (unsigned long long)play->seed, text_view(&play->story));
}

/* But for the lock's empty file, of a destroy that was killed when it had nothing else left to do. */
static bool is_left(void *owner, const char *name)
{
	struct play *play = owner;

	if (!strcmp(name, "app.lock"))
		return true;
	cr_assert_fail("seed %llu: %s is left\n%s", (unsigned long long)play->seed, name,
		       text_view(&play->story));
	return true;
}

static void goes_without_a_trace(struct play *play)
{
	struct world *world = seat_world(play->seat);

	must(play, berth_destroy, NULL, NULL);
	is_as_wanted(play, 0);
	world->ops->directory_list(world, STATE "/run", is_left, play, NULL);
	world->ops->directory_list(world, "/run/user/1000/berth", is_left, play, NULL);
	world->ops->directory_list(world, STATE "/locks", is_left, play, NULL);
}

/* --- stories ----------------------------------------------------------------------------------- */

static uint64_t calls_of_a_deploy(size_t edition)
{
	struct play play;

	set_up(&play, 1);
	if (edition)
		must(&play, berth_deploy, editions[edition - 1], NULL);
	uint64_t before = seat_calls(play.seat);
	must(&play, berth_deploy, editions[edition], NULL);
	uint64_t calls = seat_calls(play.seat) - before;
	take_down(&play);
	return calls;
}

enum aftermath { NOTHING_MORE, POWER_CUT, COMMANDS_KILLED, KEEPERS_KILLED };

static void let_pass(struct play *play, int64_t milliseconds)
{
	struct clock *clock = universe_clock(play->universe);
	int64_t limit = clock_now(clock) + milliseconds;

	while (clock_step(clock, limit))
		;
}

/* Of commands the keepers wait for a moment, and start them again; those of keepers run on alone. */
static void kill_all(struct play *play, bool keepers)
{
	static const char *const names[] = {"app.db.1", "app.web.1", "app.db.1.g2", "app.web.1.g2"};
	pid_t pid;

	for (size_t i = 0; i < COUNT_OF(names); i++)
		if (keepers ? machine_keepers(play->machine, names[i], &pid)
			    : machine_programs(play->machine, names[i], &pid))
			machine_signal(play->machine, pid, SIGKILL);
	let_pass(play, 20);
}

static void killed_then(size_t edition, enum aftermath aftermath, size_t next, uint64_t step)
{
	uint64_t calls = calls_of_a_deploy(edition);

	cr_assert_gt(calls, 50);
	for (uint64_t at = 1; at <= calls; at += step) {
		struct play play;
		set_up(&play, at);
		if (edition)
			must(&play, berth_deploy, editions[edition - 1], NULL);
		seat_kill_at(play.seat, at);
		run(&play, berth_deploy, editions[edition], NULL);
		universe_tell(play.universe, "killed at call %llu", (unsigned long long)at);
		if (aftermath == POWER_CUT)
			machine_power_cut(play.machine);
		else if (aftermath != NOTHING_MORE)
			kill_all(&play, aftermath == KEEPERS_KILLED);
		end(&play);
		begin(&play);
		is_made_good(&play, next);
		goes_without_a_trace(&play);
		take_down(&play);
	}
}

static void killed_at_each_call(size_t edition, enum aftermath aftermath, uint64_t step)
{
	killed_then(edition, aftermath, edition, step);
}

Test(machine_deploys, a_first_deploy_that_is_killed_at_any_call_is_made_good)
{
	killed_at_each_call(0, NOTHING_MORE, 1);
}

Test(machine_deploys, a_first_deploy_whose_power_is_cut_at_any_call_is_made_good)
{
	killed_at_each_call(0, POWER_CUT, 3);
}

Test(machine_deploys, an_update_that_is_killed_at_any_call_is_made_good)
{
	killed_at_each_call(1, NOTHING_MORE, 3);
	killed_at_each_call(2, NOTHING_MORE, 3);
}

Test(machine_deploys, an_update_whose_power_is_cut_at_any_call_is_made_good)
{
	killed_at_each_call(1, POWER_CUT, 5);
	killed_at_each_call(2, POWER_CUT, 5);
}

Test(machine_deploys, an_update_that_is_killed_goes_on_beside_an_older_one_that_is_about_to_start_again)
{
	killed_at_each_call(1, COMMANDS_KILLED, 2);
}

Test(machine_deploys, an_update_that_is_killed_goes_on_where_no_keeper_is_left)
{
	killed_at_each_call(2, KEEPERS_KILLED, 2);
}

/* What was begun is overtaken, and under the settled name lies what cannot serve again. */
Test(machine_deploys, an_update_that_is_killed_is_overtaken_where_no_keeper_is_left)
{
	killed_then(1, KEEPERS_KILLED, 2, 2);
}

static void lose_instances(struct play *play)
{
	machine_reboot(play->machine);
	end(play);
	begin(play);
	struct world *world = seat_world(play->seat);
	cr_assert_eq(world->ops->tree_remove(world, STATE "/run/app", NULL), 0);
}

static void lose_the_store(struct play *play)
{
	static const char *const names[] = {"berth.db", "berth.db-wal", "berth.db-shm"};
	struct world *world = seat_world(play->seat);
	char path[200];

	berth_close(play->berth);
	for (size_t i = 0; i < COUNT_OF(names); i++) {
		snprintf(path, sizeof path, STATE "/%s", names[i]);
		cr_assert_eq(world->ops->file_remove(world, path, NULL), 0);
	}
	seat_free(play->seat);
	begin(play);
}

static void start_what_was_placed(uint64_t seed, uint64_t deploy_dies, uint64_t start_dies, bool forgotten)
{
	struct play play;

	set_up(&play, seed);
	must(&play, berth_deploy, editions[0], NULL);
	lose_instances(&play);
	seat_kill_at(play.seat, deploy_dies);
	run(&play, berth_deploy, editions[0], NULL);
	end(&play);
	begin(&play);
	if (forgotten)
		lose_the_store(&play);
	else
		seat_kill_at(play.seat, start_dies);
	run(&play, berth_start, NULL, NULL);
	end(&play);
	begin(&play);
	let_pass(&play, 20);
	is_made_good(&play, 0);
	goes_without_a_trace(&play);
	take_down(&play);
}

/* Whoever is stopped while somebody outside comes to need it is not started as it was. */
Test(machine_deploys, a_stopped_process_that_is_needed_outside_by_now_is_reached_there)
{
#define ALONE                                                                                                \
	"id: app\nservices:\n"                                                                               \
	"- {type: process, id: db, location: localhost, command: [/bin/db], ports: {main: auto}}\n"
	static const char alone[] = ALONE;
	static const char needed[] =
	    ALONE "- {type: 'docker:web:1', id: web, location: "
		  "'docker:tcp://10.0.0.5:2375', links: [$brooklyn:component(\"db\")]}\n";
	static const char *const places[] = {"127.0.0.1", "192.0.2.7"};
	struct play play;
	unsigned reached[2] = {0};

	set_up(&play, 1);
	struct docker_engine *engine = docker_engine_new(play.universe, "10.0.0.5:2375");
	docker_engine_image(engine, "web:1", NULL);
	must(&play, berth_deploy, alone, NULL);
	must(&play, berth_stop, NULL, NULL);
	must(&play, berth_deploy, needed, NULL);
	for (size_t i = 0; i < COUNT_OF(places); i++)
		for (uint16_t port = 20000; port < 32000; port++)
			reached[i] += machine_accepts(play.machine, places[i], port) == 1;
	cr_assert_eq(reached[1], 1, "%s", text_view(&play.story));
	end(&play);
	docker_engine_free(engine);
	machine_free(play.machine);
	universe_free(play.universe);
	text_release(&play.story);
}

/* Its name and its ports are too little to make what was only placed. */
Test(machine_deploys, what_a_killed_deploy_only_placed_can_be_started_by_name)
{
	uint64_t calls = calls_of_a_deploy(0), seed = 0;

	for (uint64_t at = 1; at <= calls; at += 5)
		for (uint64_t later = 29; later < 46; later += 4)
			start_what_was_placed(++seed, at, later, false);
}

/* Nobody knows how it is to be: it stays as it is until a deploy tells. */
Test(machine_deploys, what_a_killed_deploy_only_placed_is_not_made_by_name_where_nothing_else_is_known)
{
	uint64_t calls = calls_of_a_deploy(0), seed = 0;

	for (uint64_t at = 1; at <= calls; at++)
		start_what_was_placed(++seed, at, 0, true);
}

static uint64_t calls_of_a_destroy(void)
{
	struct play play;

	set_up(&play, 1);
	must(&play, berth_deploy, editions[1], NULL);
	uint64_t before = seat_calls(play.seat);
	must(&play, berth_destroy, NULL, NULL);
	uint64_t calls = seat_calls(play.seat) - before;
	take_down(&play);
	return calls;
}

Test(machine_deploys, a_destroy_that_is_killed_at_any_call_is_ended_by_the_next)
{
	uint64_t calls = calls_of_a_destroy();

	for (uint64_t at = 1; at <= calls; at += 2) {
		struct play play;
		set_up(&play, at);
		must(&play, berth_deploy, editions[1], NULL);
		seat_kill_at(play.seat, at);
		run(&play, berth_destroy, NULL, NULL);
		end(&play);
		begin(&play);
		if (at % 4 == 1)
			is_made_good(&play, 1);
		goes_without_a_trace(&play);
		take_down(&play);
	}
}

/* --- all at once ------------------------------------------------------------------------------- */

static void play_seed(uint64_t seed)
{
	static verb_function *const by_name[] = {berth_stop, berth_start, berth_restart, berth_destroy};
	struct play play;

	set_up(&play, seed);
	machine_pids(play.machine, 300, 380);
	play.trouble = 4;
	for (int i = 0; i < 12; i++) {
		unsigned what = universe_roll(play.universe, 10);
		universe_tell(play.universe, what < 4 ? "by name %u" : "a deploy", what);
		if (what < COUNT_OF(by_name))
			run(&play, by_name[what], NULL, NULL);
		else
			run(&play, berth_deploy, editions[universe_roll(play.universe, COUNT_OF(editions))],
			    NULL);
		if (seat_dead(play.seat)) {
			end(&play);
			begin(&play);
		}
		seat_kill_at(play.seat, 0);
	}
	play.trouble = 0;
	machine_disk_room(play.machine, -1);
	universe_tell(play.universe, "calm");
	let_pass(&play, 2000);
	is_made_good(&play, universe_roll(play.universe, COUNT_OF(editions)));
	goes_without_a_trace(&play);
	take_down(&play);
}

Test(machine_deploys, whatever_goes_wrong_the_next_deploy_makes_it_good)
{
	const char *one = getenv("BERTH_SEED"), *more = getenv("BERTH_SEEDS");
	uint64_t seeds = more ? strtoull(more, NULL, 10) : 60;

	if (one)
		play_seed(strtoull(one, NULL, 10));
	for (uint64_t seed = 1; seed <= seeds && !one; seed++)
		play_seed(seed);
}

/* Each end that was asked for is counted as an end of it. */
Test(machine_deploys, stopped_often_and_lost_with_its_keeper_it_is_started_again)
{
	struct play play;

	set_up(&play, 1);
	play.answers_after_ms = 2000; /* it is looked at meanwhile */
	must(&play, berth_deploy, editions[1], NULL);
	for (int i = 0; i < 4; i++) {
		must(&play, berth_stop, NULL, NULL);
		must(&play, berth_start, NULL, NULL);
	}
	machine_reboot(play.machine);
	end(&play);
	begin(&play);
	is_made_good(&play, 1);
	goes_without_a_trace(&play);
	take_down(&play);
}
