/* localhost_bench.c - sets up and takes down what the localhost tests need. */
#include "tests/locations/localhost_bench.h"

#include <criterion/criterion.h>
#include <dirent.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>

#include "base/cleanup.h"

struct bench bench;

static void woken(struct errand *errand)
{
	((struct bench *)errand->owner)->woken = true;
}

static const char *no_environment(const char *name)
{
	(void)name;
	return NULL;
}

void bench_open(void)
{
	struct error err = {0};

	bench.world = world_real_open(&err);
	cr_assert(bench.world, "%s", err.text);
	bench.location = (struct location){.driver = &localhost_driver,
					   .world = bench.world,
					   .name = "here",
					   .spec = &bench.spec,
					   .state_directory = bench.directory,
					   .helper = BERTH_HELPER_PATH,
					   .environment = no_environment};
	cr_assert_eq(localhost_driver.open(&bench.location, &err), 0, "%s", err.text);
	bench.errand = (struct errand){.wake = woken, .owner = &bench};
	bench.open = true;
}

void bench_close(void)
{
	if (!bench.open)
		return;
	localhost_driver.close(&bench.location);
	world_real_close(bench.world);
	bench.open = false;
}

void bench_set_up(void)
{
	const char *parent = getenv("TMPDIR");

	snprintf(bench.directory, sizeof(bench.directory), "%s/berth-localhost-XXXXXX",
		 parent ? parent : "/tmp");
	cr_assert(mkdtemp(bench.directory));
	/* The same application in two directories of one machine would be one. */
	snprintf(bench.app, sizeof(bench.app), "t%d", (int)getpid());
	char claims[300];
	snprintf(claims, sizeof(claims), "%s/claims", bench.directory);
	bench.options = json_pack("{s:s,s:s}", "grace", "300ms", "claims", claims);
	bench.spec = (struct location_spec){
	    .name = "here", .type = "localhost", .target = "", .options = bench.options};
	bench_open();
}

void bench_tear_down(void)
{
	struct list_request request = {.app = bench.app};
	struct inventory inventory = {0};

	if (!bench.open)
		bench_open();
	localhost_driver.drop(&bench.location, &bench.errand);
	if (DRIVE(localhost_driver.list(&bench.location, &bench.errand, &request, &inventory,
					&bench.error)) == PROGRESS_DONE)
		for (size_t i = 0; i < inventory.instance_count; i++)
			DRIVE(localhost_driver.remove(&bench.location, &bench.errand, bench.app,
						      inventory.instances[i].name, &bench.error));
	inventory_release(&inventory);
	bench.world->ops->tree_remove(bench.world, bench.directory, NULL);
	bench_close();
	json_decref(bench.options);
	arena_release(&bench.arena);
}

void bench_wait(void)
{
	int64_t until = bench.world->ops->now(bench.world) + 60000;

	while (!bench.woken) {
		cr_assert(bench.world->ops->now(bench.world) < until, "nobody woke the errand");
		world_wait(bench.world, 100);
	}
	bench.woken = false;
}

struct instance_spec *bench_spec(const char *component, const char *shell)
{
	struct instance_spec *spec = arena_array(&bench.arena, struct instance_spec, 1);
	const char **command = arena_array(&bench.arena, const char *, 4);

	command[0] = "/bin/sh";
	command[1] = "-c";
	command[2] = arena_text(&bench.arena, shell);
	*spec = (struct instance_spec){.app = bench.app,
				       .component = arena_text(&bench.arena, component),
				       .ordinal = 1,
				       .kind = COMPONENT_PROCESS,
				       .command = command,
				       .bind_address = "127.0.0.1",
				       .stop_timeout_ms = -1,
				       .secret_salt = ""};
	spec->name = instance_name(&bench.arena, bench.app, component, 1);
	spec->shared_name = arena_format(&bench.arena, "%s.%s", bench.app, component);
	memset(spec->digest, 'a', DIGEST_HEX - 1);
	memset(spec->link_digest, 'b', DIGEST_HEX - 1);
	return spec;
}

enum progress bench_place(const struct instance_spec *spec)
{
	const char *note;

	return DRIVE(localhost_driver.place(&bench.location, &bench.errand, spec, &note, &bench.error));
}

enum progress bench_start(const struct instance_spec *spec)
{
	return DRIVE(localhost_driver.start(&bench.location, &bench.errand, spec, &bench.error));
}

enum progress bench_stop(const struct instance_spec *spec)
{
	return DRIVE(
	    localhost_driver.stop(&bench.location, &bench.errand, spec->app, spec->name, &bench.error));
}

enum progress bench_remove(const struct instance_spec *spec)
{
	return DRIVE(
	    localhost_driver.remove(&bench.location, &bench.errand, spec->app, spec->name, &bench.error));
}

void bench_run(const struct instance_spec *spec)
{
	cr_assert_eq(bench_place(spec), PROGRESS_DONE, "%s", bench.error.text);
	cr_assert_eq(bench_start(spec), PROGRESS_DONE, "%s", bench.error.text);
}

struct instance_spec *bench_generation(const struct instance_spec *spec, unsigned generation)
{
	struct instance_spec *other = arena_array(&bench.arena, struct instance_spec, 1);

	*other = *spec;
	other->generation = generation;
	other->name = generation_name(&bench.arena, spec->app, spec->component, spec->ordinal, generation);
	return other;
}

struct instance_spec *bench_named(const struct instance_spec *spec)
{
	struct instance_spec *named = arena_array(&bench.arena, struct instance_spec, 1);

	*named = (struct instance_spec){.app = spec->app,
					.component = spec->component,
					.ordinal = spec->ordinal,
					.generation = spec->generation,
					.name = spec->name,
					.kind = spec->kind,
					.stop_timeout_ms = -1,
					.secret_salt = ""};
	memcpy(named->digest, spec->digest, DIGEST_HEX);
	return named;
}

enum progress bench_rename(const struct instance_spec *from, const struct instance_spec *to)
{
	return DRIVE(localhost_driver.rename(&bench.location, &bench.errand, from->app, from->name, to->name,
					     &bench.error));
}

const struct observed *bench_listed(const struct instance_spec *spec)
{
	struct list_request request = {.app = bench.app};
	struct inventory inventory = {0};
	struct observed *found = NULL;

	cr_assert_eq(
	    DRIVE(localhost_driver.list(&bench.location, &bench.errand, &request, &inventory, &bench.error)),
	    PROGRESS_DONE, "%s", bench.error.text);
	for (size_t i = 0; i < inventory.instance_count; i++) {
		const struct observed *seen = &inventory.instances[i];
		if (strcmp(seen->name, spec->name))
			continue;
		cr_assert_null(found, "%s is listed twice", spec->name);
		found = arena_array(&bench.arena, struct observed, 1);
		*found = *seen;
		found->name = spec->name;
		found->target_id = arena_text(&bench.arena, seen->target_id);
		found->digest = arena_text(&bench.arena, seen->digest);
		found->error = seen->error ? arena_text(&bench.arena, seen->error) : NULL;
		found->attachments = NULL;
	}
	inventory_release(&inventory);
	return found;
}

const struct observed *bench_look(const struct instance_spec *spec)
{
	struct observed *seen = arena_array(&bench.arena, struct observed, 1);

	return DRIVE(localhost_driver.look(&bench.location, &bench.errand, spec->app, spec->name,
					   &bench.arena, seen, &bench.error)) == PROGRESS_DONE
		   ? seen
		   : NULL;
}

char *bench_path(const struct instance_spec *spec, const char *file)
{
	return arena_format(&bench.arena, "%s/run/%s/%s/%s", bench.directory, spec->app,
			    spec->name + strlen(spec->app) + 1, file);
}

const char *bench_read(const char *path)
{
	owned_text content = {0};

	bench.world->ops->file_read(bench.world, path, 64 << 20, &content, NULL);
	return arena_copy(&bench.arena, text_view(&content), content.length);
}

long bench_number(const char *path)
{
	return strtol(bench_read(path), NULL, 10);
}

struct counting {
	const char *entry;
	unsigned count;
};

static bool count_one(void *owner, const struct process_info *info)
{
	struct counting *counting = owner;

	for (size_t i = 0; i < info->environment_size; i += strlen(info->environment + i) + 1)
		if (!strcmp(info->environment + i, counting->entry)) {
			counting->count++;
			break;
		}
	return true;
}

unsigned bench_count(const char *entry)
{
	struct counting counting = {.entry = entry};

	bench.world->ops->processes(bench.world, entry, count_one, &counting, NULL);
	return counting.count;
}

pid_t bench_helper(const struct observed *seen)
{
	return (pid_t)strtol(seen->target_id, NULL, 10);
}

const char *bench_incarnation(const struct instance_spec *spec)
{
	char target[400];
	ssize_t length = readlink(bench_path(spec, "work"), target, sizeof(target) - 1);

	cr_assert_gt(length, 0);
	target[length] = '\0';
	return arena_format(&bench.arena, "%s.%s", spec->app, strrchr(target, '/') + 1);
}

pid_t bench_command(const struct instance_spec *spec)
{
	const char *line = strstr(bench_read(bench_path(spec, "state")), "\npid ");

	return line ? (pid_t)strtol(line + strlen("\npid "), NULL, 10) : 0;
}

bool bench_alive(pid_t pid)
{
	char path[40];

	snprintf(path, sizeof(path), "/proc/%d/stat", (int)pid);
	const char *rest = strrchr(bench_read(path), ')');
	return pid > 0 && rest && rest[2] != 'Z';
}

/* --- a program that is killed at a step ----------------------------------------------------- */

static const struct world_ops *whole_ops;
static unsigned steps_left;

static void step(void)
{
	if (--steps_left == 0)
		raise(SIGKILL);
}

static struct child *step_spawn(struct world *world, const struct process_options *options,
				void (*ended)(void *, const struct process_end *), void *owner,
				struct error *err)
{
	step();
	return whole_ops->spawn(world, options, ended, owner, err);
}

static int step_signal(struct world *world, pid_t pid, uint64_t start, int number, struct error *err)
{
	step();
	return whole_ops->signal(world, pid, start, number, err);
}

static int step_write(struct world *world, const char *path, mode_t mode, const void *bytes, size_t count,
		      struct error *err)
{
	step();
	return whole_ops->file_write(world, path, mode, bytes, count, err);
}

static int step_put(struct world *world, const char *base, const char *path, const struct file_rights *rights,
		    const void *bytes, size_t count, struct error *err)
{
	step();
	return whole_ops->file_put(world, base, path, rights, bytes, count, err);
}

static int step_rename(struct world *world, const char *from, const char *to, struct error *err)
{
	step();
	return whole_ops->file_rename(world, from, to, err);
}

static int step_link(struct world *world, const char *target, const char *path, struct error *err)
{
	step();
	return whole_ops->link_make(world, target, path, err);
}

static int step_remove(struct world *world, const char *path, struct error *err)
{
	step();
	return whole_ops->file_remove(world, path, err);
}

static int step_tree(struct world *world, const char *path, struct error *err)
{
	step();
	return whole_ops->tree_remove(world, path, err);
}

static int step_directories(struct world *world, const char *path, mode_t mode, struct error *err)
{
	step();
	return whole_ops->directories_make(world, path, mode, err);
}

static int step_directory(struct world *world, const char *path, struct error *err)
{
	step();
	return whole_ops->directory_remove(world, path, err);
}

bool bench_killed_at(unsigned number, void (*act)(const struct instance_spec *spec),
		     const struct instance_spec *spec)
{
	static struct world_ops ops;
	int status;
	pid_t pid = fork();

	if (pid == 0) {
		bench_open();
		whole_ops = bench.world->ops;
		ops = *whole_ops;
		ops.spawn = step_spawn;
		ops.signal = step_signal;
		ops.file_write = step_write;
		ops.file_put = step_put;
		ops.file_rename = step_rename;
		ops.link_make = step_link;
		ops.file_remove = step_remove;
		ops.tree_remove = step_tree;
		ops.directories_make = step_directories;
		ops.directory_remove = step_directory;
		bench.world->ops = &ops;
		steps_left = number;
		act(spec);
		_exit(0);
	}
	cr_assert_eq(waitpid(pid, &status, 0), pid);
	return WIFSIGNALED(status) && WTERMSIG(status) == SIGKILL;
}
