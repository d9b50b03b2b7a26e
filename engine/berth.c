/* berth.c - the handle: where things are kept, who deploys, and the loop that moves its operations. */
#include <limits.h>
#include <pwd.h>
#include <stdio.h>
#include <string.h>

#include "base/cleanup.h"
#include "base/digest.h"
#include "base/world_real.h"
#include "engine/backend.h"
#include "engine/handle.h"
#include "engine/installed.h"

#define STRINGIFY(x) #x
#define TEXT_OF(x)   STRINGIFY(x)

const char *berth_version(void)
{
	return TEXT_OF(BERTH_VERSION_MAJOR) "." TEXT_OF(BERTH_VERSION_MINOR) "." TEXT_OF(BERTH_VERSION_PATCH);
}

static const char *process_environment(const char *name)
{
	return getenv(name);
}

/* Of the process itself, not of one that is simulated. */
static bool is_in_process(const struct berth *berth)
{
	return berth->environment == process_environment;
}

/* Where nothing says HOME, as for a service, what the user's entry does. */
static const char *home(struct berth *berth)
{
	const char *said = berth->environment("HOME");
	char texts[4096];
	struct passwd entry, *found = NULL;
	if (said && *said)
		return said;
	if (is_in_process(berth))
		(void)getpwuid_r(berth->world->ops->user_id(berth->world), &entry, texts, sizeof texts,
				 &found);
	return arena_text(&berth->arena, found && found->pw_dir[0] == '/' ? found->pw_dir : "/root");
}

/* $VARIABLE/berth, else ~/FALLBACK/berth. */
static const char *user_directory(struct berth *berth, const char *variable, const char *fallback)
{
	const char *base = berth->environment(variable);
	if (base && base[0] == '/')
		return arena_format(&berth->arena, "%s/berth", base);
	const char *at = home(berth);
	return at ? arena_format(&berth->arena, "%s/%s/berth", at, fallback) : NULL;
}

static const char *absolute(struct berth *berth, const char *path)
{
	if (path[0] == '/')
		return arena_text(&berth->arena, path);
	char here[PATH_MAX];
	if (berth->world->ops->working_directory(berth->world, here, sizeof here))
		return NULL;
	return arena_format(&berth->arena, "%s/%s", here, path);
}

/* The same deployer is known again after the store's loss: by machine, user and the store's path. */
static int know_owner(struct berth *berth, const char *name, struct error *err)
{
	char host[256], hex[DIGEST_HEX];
	struct world *world = berth->world;
	uid_t uid = world->ops->user_id(world);
	world->ops->host_name(world, host, sizeof host);
	owned_text machine = {0};
	world->ops->file_read(world, "/etc/machine-id", 64, &machine, NULL);
	const char *identity = name ? arena_format(&berth->arena, "name:%s", name)
				    : arena_format(&berth->arena, "user:%.32s:%u:%s",
						   machine.length ? text_view(&machine) : host, (unsigned)uid,
						   berth->state_directory);
	if (!identity)
		return fail_memory(err);
	if (digest_hex(identity, strlen(identity), hex))
		return fail(err, ERR_FAILED, "SHA-256 is not available from libcrypto");
	const char *user = berth->environment("USER");
	berth->owner.id = arena_format(&berth->arena, "%.32s", hex);
	berth->owner.words =
	    name ? arena_text(&berth->arena, name)
		 : arena_format(&berth->arena, "%s@%s", user && *user ? user : (uid ? "user" : "root"), host);
	const char *place =
	    arena_format(&berth->arena, "place:%s:%.32s:%u:%s", hex,
			 machine.length ? text_view(&machine) : host, (unsigned)uid, berth->state_directory);
	if (!place || !berth->owner.id || !berth->owner.words)
		return fail_memory(err);
	if (digest_hex(place, strlen(place), hex))
		return fail(err, ERR_FAILED, "SHA-256 is not available from libcrypto");
	snprintf(berth->deployer, sizeof berth->deployer, "%.32s", hex);
	berth->owner.place = berth->deployer;
	return 0;
}

static int settle_directories(struct berth *berth, const struct berth_options *options, struct error *err)
{
	berth->state_directory = options->state_directory
				     ? absolute(berth, options->state_directory)
				     : user_directory(berth, "XDG_STATE_HOME", ".local/state");
	berth->config_directory = options->config_directory
				      ? absolute(berth, options->config_directory)
				      : user_directory(berth, "XDG_CONFIG_HOME", ".config");
	berth->helper = options->helper        ? arena_text(&berth->arena, options->helper)
			: is_in_process(berth) ? installed_helper(&berth->arena)
					       : arena_text(&berth->arena, BERTH_HELPER);
	if (!berth->state_directory || !berth->config_directory || !berth->helper)
		return fail_memory(err);
	return know_owner(berth, options->owner, err);
}

int fail_size(const char *structure, struct error *err)
{
	fail(err, ERR_INVALID, "the size of the struct %s is not set", structure);
	remedy(err, "begin it with {.size = sizeof (struct %s)}", structure);
	return -1;
}

int berth_open_in(struct berth **ret, struct world *world, const char *(*environment)(const char *name),
		  const struct berth_options *options, struct error *err)
{
	struct berth_options copy = {.size = sizeof copy};
	if (options && !options->size)
		return fail_size("berth_options", err);
	if (options)
		memcpy(&copy, options, options->size < sizeof copy ? options->size : sizeof copy);
	struct berth *berth = calloc(1, sizeof *berth);
	if (!berth)
		return fail_memory(err);
	berth->world = world;
	berth->environment = environment ? environment : process_environment;
	if (settle_directories(berth, &copy, err)) {
		berth_close(berth);
		return -1;
	}
	berth->store = store_new(world, berth->state_directory);
	if (!berth->store) {
		berth_close(berth);
		return fail_memory(err);
	}
	*ret = berth;
	return 0;
}

void berth_error_from(struct berth_error *ret, const struct error *err)
{
	if (!ret)
		return;
	ret->outcome = outcome_of(err->code);
	snprintf(ret->text, sizeof ret->text, "%s", err->text);
	snprintf(ret->remedy, sizeof ret->remedy, "%s", err->remedy);
}

int berth_open(struct berth **ret, const struct berth_options *options, struct berth_error *error)
{
	struct error err = {0};
	struct world *world = world_real_open(&err);
	if (!world || berth_open_in(ret, world, NULL, options, &err)) {
		world_real_close(world);
		berth_error_from(error, &err);
		if (error && err.code == ERR_INVALID)
			error->outcome = BERTH_USAGE;
		return -1;
	}
	(*ret)->world_owned = true;
	if (backend_open(*ret, options, &err) == 0)
		return 0;
	berth_error_from(error, &err);
	if (error && err.code == ERR_INVALID)
		error->outcome = BERTH_USAGE;
	berth_close(give(*ret));
	return -1;
}

const char *berth_state_directory(const struct berth *berth)
{
	return berth->state_directory;
}

void berth_close(struct berth *berth)
{
	if (!berth)
		return;
	if (berth->keeper)
		berth_operation_free(berth->keeper);
	while (berth->operations)
		berth_operation_free(berth->operations);
	if (berth->backend)
		berth->backend->close(berth);
	store_free(berth->store);
	counts_release(&berth->counts);
	free(berth->configured);
	free(berth->configured_before);
	if (berth->world_owned)
		world_real_close(berth->world);
	arena_release(&berth->arena);
	free(berth);
}

int berth_fd(struct berth *berth)
{
	return world_fd(berth->world);
}

int berth_timeout_ms(struct berth *berth)
{
	return operations_overdue(berth) ? 0 : world_timeout_ms(berth->world);
}

void berth_dispatch(struct berth *berth)
{
	world_dispatch(berth->world);
	operations_catch_up(berth);
}

enum berth_outcome berth_run(struct berth_operation *operation)
{
	struct berth *berth = operation->berth;
	while (!operation->done) {
		world_wait(berth->world, operations_overdue(berth) ? 0 : -1);
		operations_catch_up(berth);
	}
	return operation->outcome;
}
