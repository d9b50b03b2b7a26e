/* test_keeper_alike.c - one story is played with the real berth-helper and with the model of it: files,
 * states and what the driver says of them are the same after each of its steps.
 */
#include <criterion/criterion.h>
#include <ctype.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "base/world_real.h"
#include "locations/location.h"
#include "simulation/machine.h"

#define PATIENCE_MS 60000

/* One of the two worlds, and what was seen in it. */
struct side {
	struct universe *universe; /* NULL: the real one */
	struct machine *machine;
	struct seat *seat;
	struct world *world;
	char directory[256];
	struct location location;
	struct errand errand;
	bool woken;
	struct error error;
	struct arena arena;
	struct text told;
};

static struct side sides[2];
static json_t *options[2];
static struct location_spec location_specs[2];
static char app[40];

/* What a program does: as a shell does it, and as a simulated one. */
struct part {
	const char *script;
	struct program_behaviour behaviour;
};

static const struct part parts[] = {
    {"echo up; exec sleep 1000", {.says = "up"}},
    {"echo up; exit 3", {.says = "up", .ends = true, .lives_ms = 3, .exit_code = 3}},
    {"exit 0", {.ends = true, .lives_ms = 3}},
    {"trap '' TERM; echo up; exec sleep 1000", {.says = "up", .ignores_term = true}},
    {"sleep 1000 & echo up; exit 4", {.says = "up", .ends = true, .lives_ms = 3, .exit_code = 4, .forks = 1}},
};
enum part_number { STAYS, FAILS, ENDS_WELL, IGNORES, LEAVES_ONE };

/* --- setting up ---------------------------------------------------------------------------------------- */

static const char *no_environment(const char *name)
{
	(void)name;
	return NULL;
}

static void woken(struct errand *errand)
{
	((struct side *)errand->owner)->woken = true;
}

static void behave(void *owner, const struct program_started *started, struct program_behaviour *ret)
{
	(void)owner;
	for (size_t i = 0; i < COUNT_OF(parts) && started->argv[1] && started->argv[2]; i++)
		if (!strcmp(started->argv[2], parts[i].script))
			*ret = parts[i].behaviour;
}

static void use_location(struct side *side, struct location *location, struct errand *errand)
{
	size_t at = (size_t)(side - sides);

	*location = (struct location){.driver = &localhost_driver,
				      .world = side->world,
				      .name = "here",
				      .spec = &location_specs[at],
				      .state_directory = side->directory,
				      .helper = side->universe ? MACHINE_HELPER : BERTH_HELPER_PATH,
				      .environment = no_environment};
	*errand = (struct errand){.wake = woken, .owner = side};
	cr_assert_eq(localhost_driver.open(location, &side->error), 0, "%s", side->error.text);
}

static void open_location(struct side *side)
{
	size_t at = (size_t)(side - sides);
	char claims[300];

	snprintf(claims, sizeof(claims), "%s/claims", side->directory);
	options[at] = json_pack("{s:s,s:s}", "grace", "300ms", "claims", claims);
	location_specs[at] =
	    (struct location_spec){.name = "here", .type = "localhost", .target = "", .options = options[at]};
	use_location(side, &side->location, &side->errand);
}

static void set_up(void)
{
	struct side *real = &sides[0], *simulated = &sides[1];
	const char *parent = getenv("TMPDIR");

	snprintf(app, sizeof(app), "k%d", (int)getpid());
	snprintf(real->directory, sizeof(real->directory), "%s/berth-alike-XXXXXX", parent ? parent : "/tmp");
	cr_assert(mkdtemp(real->directory));
	real->world = world_real_open(NULL);
	snprintf(simulated->directory, sizeof(simulated->directory), MACHINE_HOME "/state");
	simulated->universe = universe_new(1);
	simulated->machine = machine_new(simulated->universe, "host", "192.0.2.7");
	machine_user(simulated->machine, geteuid());
	machine_behave(simulated->machine, behave, NULL);
	simulated->seat = seat_new(simulated->universe, simulated->machine);
	simulated->world = seat_world(simulated->seat);
	open_location(real);
	open_location(simulated);
}

/* --- going on ------------------------------------------------------------------------------------------ */

static void go_on(struct side *side)
{
	if (!side->universe) {
		world_wait(side->world, 5);
		return;
	}
	struct clock *clock = universe_clock(side->universe);
	clock_step(clock, clock_now(clock) + 5);
}

#define ASK(side, call)                                                                                      \
	({                                                                                                   \
		enum progress progress_;                                                                     \
		int64_t until_ = (side)->world->ops->now((side)->world) + PATIENCE_MS;                       \
		(side)->error = (struct error){0};                                                           \
		while ((progress_ = (call)) == PROGRESS_WAITING) {                                           \
			while (!(side)->woken) {                                                             \
				cr_assert((side)->world->ops->now((side)->world) < until_,                   \
					  "nobody woke it");                                                 \
				go_on(side);                                                                 \
			}                                                                                    \
			(side)->woken = false;                                                               \
		}                                                                                            \
		progress_;                                                                                   \
	})

static const char *path_of(struct side *side, const struct instance_spec *spec, const char *file)
{
	return arena_format(&side->arena, "%s/run/%s/%s/%s", side->directory, app,
			    spec->name + strlen(app) + 1, file);
}

static const char *content_of(struct side *side, const struct instance_spec *spec, const char *file)
{
	owned_text content = {0};

	side->world->ops->file_read(side->world, path_of(side, spec, file), 1 << 20, &content, NULL);
	return arena_copy(&side->arena, text_view(&content), content.length);
}

/* --- what is seen --------------------------------------------------------------------------------------- */

static bool alive(struct side *side, long long pid, long long start)
{
	char path[64], state = 'Z';
	long long began = -1;
	owned_text content = {0};

	snprintf(path, sizeof(path), "/proc/%lld/stat", pid);
	side->world->ops->file_read(side->world, path, 4096, &content, NULL);
	const char *rest = strrchr(text_view(&content), ')');
	if (rest)
		sscanf(rest + 1,
		       " %c %*d %*d %*d %*d %*d %*u %*u %*u %*u %*u %*u %*u %*d %*d %*d %*d %*d %*d %lld",
		       &state, &began);
	return began == start && state != 'Z';
}

/* A line of the helper's record, without what differs from run to run. */
static void tell_line(struct side *side, const char *line)
{
	char key[20];
	long long one = 0, two = 0;

	int found = sscanf(line, "%19s %lld %lld", key, &one, &two);
	if (!strcmp(key, "helper") || !strcmp(key, "pid"))
		text_format(&side->told, "  %s %s\n", key,
			    !one                    ? "none"
			    : alive(side, one, two) ? "alive"
						    : "dead");
	else if (!strcmp(key, "started") || !strcmp(key, "ended"))
		text_format(&side->told, "  %s %s\n", key, one ? "once" : "never");
	else if (!strcmp(key, "boot"))
		text_format(&side->told, "  boot %s\n",
			    strstr(line, side->world->ops->boot_id(side->world)) ? "this" : "another");
	else if (found >= 1)
		text_format(&side->told, "  %.*s\n", (int)strcspn(line, "\n"), line);
}

static void tell_digits_away(struct side *side, const char *words)
{
	for (; *words; words++)
		if (!isdigit((unsigned char)*words))
			text_add_char(&side->told, *words);
		else if (!isdigit((unsigned char)words[1]))
			text_add_char(&side->told, '#');
}

struct listing {
	struct side *side;
	const struct instance_spec *spec;
};

static bool tell_file(void *owner, const char *name)
{
	const struct listing *listing = owner;
	struct side *side = listing->side;
	struct file_facts facts = {0};

	side->world->ops->file_look(side->world, path_of(side, listing->spec, name), &facts, NULL);
	text_format(&side->told, " %s(%d %o)", name, facts.kind, (unsigned)facts.mode);
	return true;
}

struct counting {
	unsigned keepers, members;
};

static bool count_process(void *owner, const struct process_info *info)
{
	struct counting *counting = owner;
	char mark[60];

	snprintf(mark, sizeof(mark), "BERTH_APP=%s", app);
	for (size_t i = 0; i < info->environment_size; i += strlen(info->environment + i) + 1) {
		const char *entry = info->environment + i;
		counting->keepers += !strcmp(entry, mark);
		counting->members += starts_with(entry, "BERTH_TREE=") && starts_with(entry + 11, app);
	}
	return true;
}

static void tell(struct side *side, const struct instance_spec *spec)
{
	struct observed seen = {0};
	struct listing listing = {side, spec};
	struct counting counting = {0};

	text_clear(&side->told);
	enum progress progress =
	    ASK(side, localhost_driver.look(&side->location, &side->errand, app, spec->name, &side->arena,
					    &seen, &side->error));
	if (progress == PROGRESS_DONE) {
		text_format(&side->told, "seen %d, code %d, exits %u, orphans %d, ", seen.state,
			    seen.exit_code, seen.exits, seen.orphan_tree);
		tell_digits_away(side, seen.error ? seen.error : "no error");
	} else {
		text_format(&side->told, "not seen: %s", side->error.text);
	}
	text_add(&side->told, "\nfiles");
	side->world->ops->directory_list(side->world, path_of(side, spec, ""), tell_file, &listing, NULL);
	text_add(&side->told, "\nrecord\n");
	for (const char *line = content_of(side, spec, "state"); *line; line += strcspn(line, "\n") + 1)
		tell_line(side, line);
	text_format(&side->told, "error %s\nlog ", content_of(side, spec, "error"));
	tell_digits_away(side, content_of(side, spec, "log"));
	side->world->ops->processes(side->world, "BERTH_", count_process, &counting, NULL);
	text_format(&side->told, "\n%u keepers, %u of their trees\n", counting.keepers, counting.members);
}

/* Until the record says that state, and so many processes are of its tree. */
static bool is_settled(struct side *side, const struct instance_spec *spec, const char *state,
		       unsigned keepers, unsigned members)
{
	struct counting counting = {0};
	char line[40];

	snprintf(line, sizeof(line), "state %s\n", state);
	side->world->ops->processes(side->world, "BERTH_", count_process, &counting, NULL);
	return starts_with(content_of(side, spec, "state"), line) && counting.keepers == keepers &&
	       counting.members == members;
}

static void settle(const struct instance_spec *spec, const char *state, unsigned keepers, unsigned members)
{
	for (size_t i = 0; i < 2; i++) {
		struct side *side = &sides[i];
		int64_t until = side->world->ops->now(side->world) + PATIENCE_MS;
		while (!is_settled(side, spec, state, keepers, members) &&
		       side->world->ops->now(side->world) < until)
			go_on(side);
		tell(side, spec);
		cr_assert(is_settled(side, spec, state, keepers, members),
			  "the %s one does not get to `%s` with %u keepers and %u others:\n%s",
			  i ? "simulated" : "real", state, keepers, members, text_view(&side->told));
	}
}

/* What the last of it wrote may take a moment to be in the log. */
static void both_see(const char *when, const struct instance_spec *spec)
{
	for (int i = 0; i < PATIENCE_MS / 5; i++) {
		tell(&sides[0], spec);
		tell(&sides[1], spec);
		if (!strcmp(text_view(&sides[0].told), text_view(&sides[1].told)))
			return;
		go_on(&sides[0]);
		go_on(&sides[1]);
	}
	cr_assert_fail("%s:\n--- simulated\n%s--- real\n%s", when, text_view(&sides[1].told),
		       text_view(&sides[0].told));
}

/* Both are as the story says, and as each other. */
static void both(const char *when, const struct instance_spec *spec, const char *state, unsigned keepers,
		 unsigned members)
{
	settle(spec, state, keepers, members);
	both_see(when, spec);
}

/* --- what is done ------------------------------------------------------------------------------ */

static struct instance_spec *spec_of(const char *component, enum part_number part,
				     enum restart_policy restart)
{
	struct arena *arena = &sides[0].arena;
	struct instance_spec *spec = arena_array(arena, struct instance_spec, 1);
	const char **command = arena_array(arena, const char *, 4);

	command[0] = "/bin/sh";
	command[1] = "-c";
	command[2] = parts[part].script;
	*spec = (struct instance_spec){.app = app,
				       .component = component,
				       .ordinal = 1,
				       .name = instance_name(arena, app, component, 1),
				       .shared_name = arena_format(arena, "%s.%s", app, component),
				       .kind = COMPONENT_PROCESS,
				       .command = command,
				       .restart = restart,
				       .bind_address = "127.0.0.1",
				       .stop_timeout_ms = -1,
				       .secret_salt = ""};
	memset(spec->digest, 'a', DIGEST_HEX - 1);
	memset(spec->link_digest, 'b', DIGEST_HEX - 1);
	return spec;
}

static const char *outcome(struct side *side, enum progress progress)
{
	owned_text words = {0};

	text_format(&words, "%d ", progress);
	for (const char *c = progress == PROGRESS_DONE ? "" : side->error.text; *c; c++)
		text_add_char(&words, isdigit((unsigned char)*c) ? '#' : *c);
	return arena_text(&side->arena, text_view(&words));
}

/* Asked of both: they must say the same. */
#define BOTH(function, ...)                                                                                  \
	({                                                                                                   \
		enum progress said_[2];                                                                      \
		for (size_t i_ = 0; i_ < 2; i_++) {                                                          \
			struct side *side = &sides[i_];                                                      \
			said_[i_] = ASK(side, localhost_driver.function(&side->location, &side->errand,      \
									__VA_ARGS__, &side->error));         \
		}                                                                                            \
		cr_assert_eq(said_[0], said_[1], #function ": simulated %s, real %s",                        \
			     outcome(&sides[1], said_[1]), outcome(&sides[0], said_[0]));                    \
		said_[0];                                                                                    \
	})

static const char *note;

static void run(const struct instance_spec *spec)
{
	cr_assert_eq(BOTH(place, spec, &note), PROGRESS_DONE, "%s", sides[0].error.text);
	cr_assert_eq(BOTH(start, spec), PROGRESS_DONE, "%s", sides[0].error.text);
}

static void kill_both(const struct instance_spec *spec, const char *who, int signal_number)
{
	for (size_t i = 0; i < 2; i++) {
		struct side *side = &sides[i];
		const char *line = strstr(content_of(side, spec, "state"), who);
		long long pid = 0, start = 0;
		cr_assert(line && sscanf(line + strlen(who), "%lld %lld", &pid, &start) == 2);
		cr_assert_eq(side->world->ops->signal(side->world, (pid_t)pid, (uint64_t)start, signal_number,
						      &side->error),
			     0, "%s", side->error.text);
	}
}

#define KEEPER  "\nhelper "
#define COMMAND "\npid "

static long long command_of(struct side *side, const struct instance_spec *spec)
{
	const char *line = strstr(content_of(side, spec, "state"), COMMAND);

	return line ? strtoll(line + strlen(COMMAND), NULL, 10) : 0;
}

/* It starts again a moment later, which nobody has to see: it is another one then. */
static void kill_commands(const struct instance_spec *spec, int signal_number)
{
	long long before[2] = {command_of(&sides[0], spec), command_of(&sides[1], spec)};

	kill_both(spec, COMMAND, signal_number);
	for (size_t i = 0; i < 2; i++) {
		struct side *side = &sides[i];
		int64_t until = side->world->ops->now(side->world) + PATIENCE_MS;
		while (command_of(side, spec) == before[i] || !command_of(side, spec)) {
			cr_assert(side->world->ops->now(side->world) < until, "the %s one stays down",
				  i ? "simulated" : "real");
			go_on(side);
		}
	}
}

static void take_down(void)
{
	for (size_t i = 0; i < 2; i++) {
		struct side *side = &sides[i];
		const struct list_request request = {.app = app};
		struct inventory inventory = {0};
		localhost_driver.drop(&side->location, &side->errand);
		if (ASK(side, localhost_driver.list(&side->location, &side->errand, &request, &inventory,
						    &side->error)) == PROGRESS_DONE)
			for (size_t at = 0; at < inventory.instance_count; at++)
				ASK(side,
				    localhost_driver.remove(&side->location, &side->errand, app,
							    inventory.instances[at].name, &side->error));
		inventory_release(&inventory);
		if (!side->universe)
			side->world->ops->tree_remove(side->world, side->directory, NULL);
		localhost_driver.close(&side->location);
		json_decref(options[i]);
		text_release(&side->told);
		arena_release(&side->arena);
	}
	world_real_close(sides[0].world);
	seat_free(sides[1].seat);
	machine_free(sides[1].machine);
	universe_free(sides[1].universe);
}

TestSuite(keeper_alike, .init = set_up, .fini = take_down, .timeout = 240);

/* --- stories ----------------------------------------------------------------------------------- */

Test(keeper_alike, placed_started_parked_woken_and_removed)
{
	struct instance_spec *spec = spec_of("web", STAYS, RESTART_UNLESS_STOPPED);

	cr_assert_eq(BOTH(place, spec, &note), PROGRESS_DONE);
	both_see("placed", spec);
	cr_assert_eq(BOTH(start, spec), PROGRESS_DONE, "%s", sides[0].error.text);
	both("started", spec, "running", 1, 1);
	cr_assert_eq(BOTH(stop, app, spec->name), PROGRESS_DONE);
	both("stopped", spec, "parked", 1, 0);
	cr_assert_eq(BOTH(start, spec), PROGRESS_DONE);
	both("started again", spec, "running", 1, 1);
	cr_assert_eq(BOTH(remove, app, spec->name), PROGRESS_DONE);
	both_see("removed", spec);
}

Test(keeper_alike, a_command_that_is_killed_starts_again_and_its_exits_are_counted)
{
	struct instance_spec *spec = spec_of("web", STAYS, RESTART_UNLESS_STOPPED);

	run(spec);
	both("started", spec, "running", 1, 1);
	for (int i = 0; i < 3; i++) {
		kill_commands(spec, SIGKILL);
		both("killed", spec, "running", 1, 1);
	}
	kill_commands(spec, SIGTERM);
	both("ended by a signal", spec, "running", 1, 1);
}

/* As on a disk that is full for a while. */
Test(keeper_alike, a_state_that_could_not_be_written_is_written_later)
{
	struct instance_spec *spec = spec_of("web", STAYS, RESTART_UNLESS_STOPPED);

	run(spec);
	cr_assert_eq(BOTH(stop, app, spec->name), PROGRESS_DONE);
	both("stopped", spec, "parked", 1, 0);
	for (size_t i = 0; i < 2; i++)
		cr_assert_eq(sides[i].world->ops->directories_make(
				 sides[i].world, path_of(&sides[i], spec, "state.new"), 0700, NULL),
			     0);
	kill_both(spec, KEEPER, SIGUSR2);
	both("woken", spec, "parked", 1, 1);
	for (size_t i = 0; i < 2; i++)
		cr_assert_eq(sides[i].world->ops->directory_remove(
				 sides[i].world, path_of(&sides[i], spec, "state.new"), NULL),
			     0);
	both("written", spec, "running", 1, 1);
}

Test(keeper_alike, a_keeper_that_is_killed_leaves_a_tree_which_stop_ends)
{
	struct instance_spec *spec = spec_of("web", STAYS, RESTART_UNLESS_STOPPED);

	run(spec);
	both("started", spec, "running", 1, 1);
	kill_both(spec, KEEPER, SIGKILL);
	both("its keeper was killed", spec, "running", 0, 1);
	cr_assert_eq(BOTH(start, spec), PROGRESS_FAILED);
	cr_expect_eq(sides[0].error.code, sides[1].error.code);
	cr_assert_eq(BOTH(stop, app, spec->name), PROGRESS_DONE);
	both("the rest was ended", spec, "running", 0, 0);
	cr_assert_eq(BOTH(start, spec), PROGRESS_DONE);
	both("started anew", spec, "running", 1, 1);
	kill_both(spec, KEEPER, SIGKILL);
	kill_both(spec, COMMAND, SIGKILL);
	both("both were killed", spec, "running", 0, 0);
	cr_assert_eq(BOTH(start, spec), PROGRESS_DONE);
	both("started once more", spec, "running", 1, 1);
}

Test(keeper_alike, a_renamed_one_is_the_same_one)
{
	struct instance_spec *spec = spec_of("web", STAYS, RESTART_UNLESS_STOPPED), renamed = *spec;

	renamed.generation = 2;
	renamed.name = generation_name(&sides[0].arena, app, "web", 1, 2);
	run(spec);
	both("started", spec, "running", 1, 1);
	cr_assert_eq(BOTH(rename, app, spec->name, renamed.name), PROGRESS_DONE);
	both("renamed", &renamed, "running", 1, 1);
	both_see("and gone from where it was", spec);
	kill_commands(&renamed, SIGKILL);
	both("killed under its new name", &renamed, "running", 1, 1);
	kill_both(&renamed, KEEPER, SIGKILL);
	both("without its keeper", &renamed, "running", 0, 1);
	cr_assert_eq(BOTH(remove, app, renamed.name), PROGRESS_DONE);
	both_see("removed", &renamed);
}

Test(keeper_alike, what_ends_by_itself_is_treated_by_its_policy)
{
	struct instance_spec *job = spec_of("job", ENDS_WELL, RESTART_NO);
	struct instance_spec *failing = spec_of("failing", FAILS, RESTART_NO);
	struct instance_spec *again = spec_of("again", ENDS_WELL, RESTART_ON_FAILURE);

	run(job);
	both("a job ended", job, "stopped", 0, 0);
	run(failing);
	both("a job failed", failing, "stopped", 0, 0);
	run(again);
	both("it ended well", again, "stopped", 0, 0);
	cr_assert_eq(BOTH(start, job), PROGRESS_DONE);
	both("the job was run again", job, "stopped", 0, 0);
	cr_assert_eq(BOTH(stop, app, job->name), PROGRESS_DONE);
	both_see("stopped", job);
}

Test(keeper_alike, what_cannot_be_run_says_why)
{
	struct instance_spec *missing = spec_of("missing", STAYS, RESTART_UNLESS_STOPPED);
	struct instance_spec *elsewhere = spec_of("elsewhere", STAYS, RESTART_UNLESS_STOPPED);
	const char *const words[] = {"/no/such/program", NULL};

	missing->command = words;
	cr_assert_eq(BOTH(place, missing, &note), PROGRESS_DONE);
	cr_assert_eq(BOTH(start, missing), PROGRESS_FAILED);
	cr_assert_str_eq(sides[1].error.text, sides[0].error.text);
	both("no such program", missing, "failed", 0, 0);
	elsewhere->directory = "/no/such/directory";
	cr_assert_eq(BOTH(place, elsewhere, &note), PROGRESS_DONE);
	cr_assert_eq(BOTH(start, elsewhere), PROGRESS_FAILED);
	cr_assert_str_eq(sides[1].error.text, sides[0].error.text);
	both("no such directory", elsewhere, "failed", 0, 0);
}

Test(keeper_alike, what_does_not_heed_its_signal_is_killed)
{
	struct instance_spec *spec = spec_of("deaf", IGNORES, RESTART_UNLESS_STOPPED);

	run(spec);
	cr_assert_eq(BOTH(stop, app, spec->name), PROGRESS_DONE);
	both("stopped", spec, "parked", 1, 0);
}

Test(keeper_alike, what_it_leaves_behind_is_ended_and_told)
{
	struct instance_spec *spec = spec_of("daemon", LEAVES_ONE, RESTART_NO);

	run(spec);
	both("it went into the background", spec, "stopped", 0, 0);
}

/* Of two that start the same instance at once, the second one's keeper finds the directory held. */
static void start_twice(struct side *side, const struct instance_spec *spec)
{
	struct location other;
	struct errand errand;
	struct error err = {0};
	enum progress first = PROGRESS_WAITING, second = PROGRESS_WAITING;
	int64_t until = side->world->ops->now(side->world) + PATIENCE_MS;

	use_location(side, &other, &errand);
	for (;;) {
		if (first == PROGRESS_WAITING)
			first = localhost_driver.start(&side->location, &side->errand, spec, &side->error);
		if (second == PROGRESS_WAITING)
			second = localhost_driver.start(&other, &errand, spec, &err);
		if (first != PROGRESS_WAITING && second != PROGRESS_WAITING)
			break;
		cr_assert(side->world->ops->now(side->world) < until);
		go_on(side);
	}
	cr_assert_eq(first, PROGRESS_DONE, "%s", side->error.text);
	cr_assert_eq(second, PROGRESS_DONE, "%s", err.text);
	localhost_driver.close(&other);
}

Test(keeper_alike, started_by_two_at_once_it_runs_once)
{
	struct instance_spec *spec = spec_of("web", STAYS, RESTART_UNLESS_STOPPED);

	cr_assert_eq(BOTH(place, spec, &note), PROGRESS_DONE);
	start_twice(&sides[0], spec);
	start_twice(&sides[1], spec);
	both("started twice", spec, "running", 1, 1);
}

Test(keeper_alike, a_keeper_that_is_told_to_end_takes_its_tree_along)
{
	struct instance_spec *spec = spec_of("web", STAYS, RESTART_UNLESS_STOPPED);

	run(spec);
	both("started", spec, "running", 1, 1);
	kill_both(spec, KEEPER, SIGHUP);
	both_see("hung up", spec);
	kill_both(spec, KEEPER, SIGTERM);
	both("ended", spec, "stopped", 0, 0);
	cr_assert_eq(BOTH(start, spec), PROGRESS_DONE);
	both("started again", spec, "running", 1, 1);
	kill_both(spec, KEEPER, SIGUSR1);
	both("parked by hand", spec, "parked", 1, 0);
	kill_both(spec, KEEPER, SIGTERM);
	both("ended while it was parked", spec, "stopped", 0, 0);
}

Test(keeper_alike, a_policy_that_is_changed_counts_at_the_next_end)
{
	struct instance_spec *spec = spec_of("web", STAYS, RESTART_UNLESS_STOPPED);

	run(spec);
	both("started", spec, "running", 1, 1);
	spec->restart = RESTART_NO;
	cr_assert_eq(BOTH(update, spec), PROGRESS_DONE, "%s", sides[0].error.text);
	kill_both(spec, COMMAND, SIGKILL);
	both("it ended for good", spec, "stopped", 0, 0);
}

Test(keeper_alike, without_its_run_directory_it_runs_on_and_can_be_removed)
{
	struct instance_spec *spec = spec_of("web", STAYS, RESTART_UNLESS_STOPPED);

	run(spec);
	both("started", spec, "running", 1, 1);
	for (size_t i = 0; i < 2; i++)
		cr_assert_eq(sides[i].world->ops->tree_remove(sides[i].world, path_of(&sides[i], spec, ""),
							      &sides[i].error),
			     0);
	both_see("its directory is gone", spec);
	cr_assert_eq(BOTH(remove, app, spec->name), PROGRESS_DONE);
	both_see("removed", spec);
}

Test(keeper_alike, a_command_of_another_user_is_that_users)
{
	struct instance_spec *spec = spec_of("web", STAYS, RESTART_UNLESS_STOPPED);
	struct instance_spec *nobody = spec_of("none", STAYS, RESTART_UNLESS_STOPPED);

	nobody->user = "no-such-user";
	cr_assert_eq(BOTH(place, nobody, &note), PROGRESS_DONE);
	cr_assert_eq(BOTH(start, nobody), PROGRESS_FAILED);
	cr_assert_str_eq(sides[1].error.text, sides[0].error.text);
	both("there is no such user", nobody, "failed", 0, 0);
	if (geteuid())
		return; /* only root may become somebody else */
	spec->user = "nobody";
	run(spec);
	both("started", spec, "running", 1, 1);
	for (size_t i = 0; i < 2; i++) {
		struct file_facts facts;
		cr_assert_eq(sides[i].world->ops->file_follow(
				 sides[i].world, path_of(&sides[i], spec, "work"), &facts, &sides[i].error),
			     0);
		cr_expect_eq(facts.uid, 65534, "%s", i ? "simulated" : "real");
	}
	kill_both(spec, KEEPER, SIGKILL);
	both("its keeper was killed", spec, "running", 0, 1);
	cr_assert_eq(BOTH(remove, app, spec->name), PROGRESS_DONE);
	both_see("removed", spec);
}
