/* localhost_bench.c - sets up and takes down what the localhost tests need. */
#include "tests/locations/localhost_bench.h"

#include <criterion/criterion.h>
#include <dirent.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>

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
	int64_t until = bench.world->ops->now(bench.world) + 30000;

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
	return arena_format(&bench.arena, "%s/run/%s/%s.%u/%s", bench.directory, spec->app, spec->component,
			    spec->ordinal, file);
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

bool bench_alive(pid_t pid)
{
	char path[40];

	snprintf(path, sizeof(path), "/proc/%d/stat", (int)pid);
	const char *rest = strrchr(bench_read(path), ')');
	return pid > 0 && rest && rest[2] != 'Z';
}
