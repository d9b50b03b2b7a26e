/* local_stage.c - lays out what a run directory holds, and asks the driver about it. */
#include "tests/fuzz/local_stage.h"

#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "tests/support/virtual_world.h"

#define HOUR_MS (60 * 60 * 1000)

static struct {
	struct world *world;
	struct world_ops ops;
	struct location_spec spec;
	struct location location;
	struct errand errand;
	json_t *options;
	struct local_files files;
	char run[300];
	bool woken, ended; /* the one process */
	size_t next;
} stage;

static int visit_process(struct world *world, const char *prefix,
			 bool (*visit)(void *owner, const struct process_info *info), void *owner,
			 struct error *err)
{
	const struct process_info info = {.pid = getpid(),
					  .parent = getppid(),
					  .start_ticks = 5,
					  .uid = geteuid(),
					  .executable = "/usr/libexec/berth/berth-helper",
					  .directory = stage.run,
					  .environment = stage.files.environment.text,
					  .environment_size = stage.files.environment.size};

	(void)world, (void)prefix, (void)err;
	if (!stage.ended)
		visit(owner, &info);
	return 0;
}

static int visit_memfd(struct world *world, const char *prefix,
		       bool (*visit)(void *owner, pid_t pid, uint64_t start_ticks, const char *name),
		       void *owner, struct error *err)
{
	(void)world, (void)prefix, (void)err;
	if (stage.files.memfd.size && !stage.ended)
		visit(owner, getpid(), 5, stage.files.memfd.text);
	return 0;
}

static int send_signal(struct world *world, pid_t pid, uint64_t start_ticks, int number, struct error *err)
{
	(void)world, (void)pid, (void)start_ticks, (void)err;
	stage.ended |= number != SIGHUP;
	return 0;
}

static const char *no_variable(const char *name)
{
	(void)name;
	return NULL;
}

static void lay(const char *folder, const char *name, struct piece content)
{
	char path[400];
	struct world *world = stage.world;

	snprintf(path, sizeof path, "%s/%s", folder, name);
	if (content.size)
		HOLDS(!world->ops->file_write(world, path, 0600, content.text, content.size, NULL));
}

void local_stage_open(const struct local_files *files)
{
	char claims[300];
	struct error err = {0};

	memset(&stage, 0, sizeof stage);
	stage.files = *files;
	stage.world = virtual_world_new(3);
	HOLDS(stage.world);
	stage.ops = *stage.world->ops;
	stage.ops.processes = visit_process;
	stage.ops.memfd_holders = visit_memfd;
	stage.ops.signal = send_signal;
	stage.world->ops = &stage.ops;
	snprintf(stage.run, sizeof stage.run, "%s/run/app/web.1", virtual_world_directory(stage.world));
	snprintf(claims, sizeof claims, "%s/claims", virtual_world_directory(stage.world));
	HOLDS(!stage.ops.directories_make(stage.world, stage.run, 0700, NULL));
	HOLDS(!stage.ops.directories_make(stage.world, claims, 0700, NULL));
	lay(stage.run, "manifest", files->manifest);
	lay(stage.run, "state", files->state);
	lay(stage.run, "files", files->files);
	lay(stage.run, "log", files->log);
	lay(claims, "app.claim", files->claim);
	lay(claims, "app.lease", files->lease);
	stage.options = json_pack("{s:s, s:s}", "claims", claims, "grace", "1s");
	HOLDS(stage.options);
	stage.spec = (struct location_spec){
	    .name = "here", .type = "localhost", .target = "", .options = stage.options};
	stage.location = (struct location){.driver = &localhost_driver,
					   .world = stage.world,
					   .name = "here",
					   .spec = &stage.spec,
					   .state_directory = virtual_world_directory(stage.world),
					   .helper = "/nonexistent",
					   .environment = no_variable};
	HOLDS(!localhost_driver.open(&stage.location, &err));
}

void local_stage_close(void)
{
	localhost_driver.close(&stage.location);
	virtual_world_free(stage.world);
	json_decref(stage.options);
}

/* --- what is asked --------------------------------------------------------------------------- */

static struct {
	struct arena arena;
	struct inventory inventory;
	struct observed observed;
	struct owner owner;
	struct lease holder;
} given;

static void discard(void *owner, bool errors, const char *bytes, size_t count)
{
	(void)owner, (void)errors, (void)bytes, (void)count;
}

static const struct lease wanted = {.token = "t1", .words = "me", .ttl_ms = 60000};
static const struct owner me = {.id = "id1", .words = "me@here"};
static const struct list_request everything;
static const struct log_options few_lines = {.tail = 3};

#define AT &stage.location, &stage.errand
#define VERBS                                                                                                \
	VERB(list, AT, &everything, &given.inventory, err)                                                   \
	VERB(look, AT, "app", "app.web.1", &given.arena, &given.observed, err)                               \
	VERB(logs, AT, "app", "app.web.1", &few_lines, discard, NULL, err)                                   \
	VERB(claim, AT, "app", &me, false, &given.arena, &given.owner, err)                                  \
	VERB(lease, AT, "app", &wanted, &given.arena, &given.holder, err)                                    \
	VERB(signal, AT, "app", "app.web.1", "HUP", err)                                                     \
	VERB(rename, AT, "app", "app.web.1", "app.web.1.g2", err)                                            \
	VERB(rename, AT, "app", "app.web.1.g2", "app.web.1", err)                                            \
	VERB(stop, AT, "app", "app.web.1", err)                                                              \
	VERB(remove, AT, "app", "app.web.1", err)                                                            \
	VERB(tidy, AT, "app", "t1", err)                                                                     \
	VERB(release, AT, "app", false, err)                                                                 \
	VERB(disclaim, AT, "app", err)

static enum progress call(size_t number, const char **ret_verb, struct error *err)
{
	size_t n = 0;

#define VERB(name, ...)                                                                                      \
	if (number == n++) {                                                                                 \
		*ret_verb = #name;                                                                           \
		return localhost_driver.name(__VA_ARGS__);                                                   \
	}
	VERBS
#undef VERB
	*ret_verb = NULL;
	return PROGRESS_DONE;
}

static void wake(struct errand *errand)
{
	(void)errand;
	stage.woken = true;
}

static bool is_woken(void *owner)
{
	(void)owner;
	return stage.woken;
}

/* Whatever it holds can be read. */
static void describe(struct local_outcome *ret)
{
	const struct inventory *all = &given.inventory;
	size_t length = (size_t)snprintf(
	    ret->seen, sizeof ret->seen, "%zu instances, %zu strangers, %zu claims, %zu objects",
	    all->instance_count, all->stranger_count, all->claim_count, all->object_count);

	for (size_t i = 0; i < all->instance_count && length < sizeof ret->seen; i++)
		length += (size_t)snprintf(ret->seen + length, sizeof ret->seen - length, ", %s %s %d %s",
					   all->instances[i].name, all->instances[i].digest,
					   all->instances[i].state,
					   all->instances[i].error ? all->instances[i].error : "");
	if (given.observed.name && length < sizeof ret->seen)
		snprintf(ret->seen + length, sizeof ret->seen - length, ", %s %s %d", given.observed.name,
			 given.observed.digest, given.observed.state);
}

bool local_stage_next(struct local_outcome *ret)
{
	*ret = (struct local_outcome){.progress = PROGRESS_WAITING};
	memset(&given, 0, sizeof given);
	stage.errand = (struct errand){.wake = wake};
	while (ret->progress == PROGRESS_WAITING) {
		stage.woken = false;
		ret->error = (struct error){0};
		ret->progress = call(stage.next, &ret->verb, &ret->error);
		if (ret->progress == PROGRESS_WAITING &&
		    !virtual_world_run(stage.world, is_woken, NULL, HOUR_MS))
			break;
	}
	stage.next++;
	describe(ret);
	localhost_driver.drop(&stage.location, &stage.errand);
	inventory_release(&given.inventory);
	arena_release(&given.arena);
	return ret->verb;
}
