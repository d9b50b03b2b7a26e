/* virtual_world.c - a world whose time goes from event to event, and what little outside a test needs. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "tests/support/virtual_calls.h"
#include "tests/support/virtual_channel.h"
#include "tests/support/virtual_files.h"
#include "tests/support/virtual_ssh.h"

enum { EVENTS_AT_ONE_INSTANT = 5000000 };

static struct virtual_world *of(const struct world *world)
{
	return (struct virtual_world *)world;
}

bool virtual_world_run(struct world *world, bool (*until)(void *owner), void *owner, int64_t limit_ms)
{
	struct clock *clock = of(world)->clock;
	int64_t limit = clock_now(clock) + limit_ms;
	size_t here = 0;

	while (!until || !until(owner)) {
		int64_t before = clock_now(clock);
		if (!clock_step(clock, limit))
			return until && until(owner);
		here = clock_now(clock) > before ? 0 : here + 1;
		if (here > EVENTS_AT_ONE_INSTANT)
			return false;
	}
	return true;
}

size_t virtual_world_pending(const struct world *world)
{
	return clock_pending(of(world)->clock);
}

/* --- time and chance --- */

static int64_t now(struct world *world)
{
	return clock_now(of(world)->clock);
}

static int64_t wall(struct world *world)
{
	return INT64_C(1750000000000) + clock_now(of(world)->clock) - of(world)->set_back_ms;
}

void virtual_world_set_back(struct world *world, int64_t by_ms)
{
	of(world)->set_back_ms += by_ms;
}

static int64_t zone(struct world *world, int64_t wall_ms)
{
	const struct virtual_world *virtual = of(world);
	return wall_ms < virtual->zone.until_ms ? virtual->zone.before_ms : virtual->zone.then_ms;
}

void virtual_world_zone(struct world *world, int64_t zone_ms, int64_t until_ms, int64_t then_ms)
{
	of(world)->zone.before_ms = zone_ms;
	of(world)->zone.until_ms = until_ms;
	of(world)->zone.then_ms = then_ms;
}

/* splitmix64 */
static int random_bytes(struct world *world, void *bytes, size_t count)
{
	unsigned char *to = bytes;

	for (size_t i = 0; i < count; i++) {
		uint64_t z = of(world)->chance += UINT64_C(0x9e3779b97f4a7c15);
		z = (z ^ z >> 30) * UINT64_C(0xbf58476d1ce4e5b9);
		z = (z ^ z >> 27) * UINT64_C(0x94d049bb133111eb);
		to[i] = (unsigned char)((z ^ z >> 31) >> 32);
	}
	return 0;
}

/* --- what this process is: the test --- */

static pid_t process_id(struct world *world)
{
	(void)world;
	return getpid();
}

static uid_t user_id(struct world *world)
{
	(void)world;
	return geteuid();
}

static void host_name(struct world *world, char *ret_name, size_t size)
{
	(void)world;
	if (gethostname(ret_name, size))
		ret_name[0] = '\0';
	ret_name[size - 1] = '\0';
}

static int working_directory(struct world *world, char *ret_path, size_t size)
{
	(void)world;
	return getcwd(ret_path, size) ? 0 : -1;
}

static const char *database_vfs(struct world *world)
{
	(void)world;
	return NULL;
}

/* --- other processes --- */

static int processes(struct world *world, const char *prefix,
		     bool (*visit)(void *, const struct process_info *), void *owner, struct error *err)
{
	(void)world, (void)prefix, (void)visit, (void)owner, (void)err;
	return 0;
}

static int memfd_holders(struct world *world, const char *prefix,
			 bool (*visit)(void *, pid_t, uint64_t, const char *), void *owner, struct error *err)
{
	(void)world, (void)prefix, (void)visit, (void)owner, (void)err;
	return 0;
}

static int signal_process(struct world *world, pid_t pid, uint64_t start_ticks, int number, struct error *err)
{
	(void)world, (void)start_ticks, (void)number;
	return fail(err, ERR_MISSING, "process %d is gone", (int)pid);
}

static const char *boot_id(struct world *world)
{
	(void)world;
	return "b0070000-0000-4000-8000-000000000001";
}

/* --- the network of this machine --- */

static int default_address(struct world *world, char *ret_address, size_t size)
{
	(void)world;
	return snprintf(ret_address, size, "192.0.2.2") < (int)size ? 0 : -1;
}

static bool has_interface(struct world *world, const char *name)
{
	(void)world;
	return !strcmp(name, "lo");
}

static bool port_free(struct world *world, const char *address, uint16_t port, bool udp)
{
	(void)address, (void)udp;
	return !of(world)->taken[port];
}

void virtual_world_port(struct world *world, uint16_t port, bool taken)
{
	of(world)->taken[port] = taken;
}

/* --- life --- */

static const struct world_ops plain_ops = {
    .now = now,
    .wall = wall,
    .zone = zone,
    .random = random_bytes,
    .process_id = process_id,
    .user_id = user_id,
    .host_name = host_name,
    .working_directory = working_directory,
    .database_vfs = database_vfs,
    .processes = processes,
    .memfd_holders = memfd_holders,
    .signal = signal_process,
    .boot_id = boot_id,
    .default_address = default_address,
    .has_interface = has_interface,
    .port_free = port_free,
    .ssh = &virtual_ssh_ops,
    VIRTUAL_CALL_OPS,
    VIRTUAL_CHANNEL_OPS,
    VIRTUAL_FILE_OPS,
};

struct world *virtual_world_new(uint64_t seed)
{
	struct virtual_world *v = calloc(1, sizeof(*v));
	const char *above = getenv("TMPDIR");

	if (!v)
		return NULL;
	v->world.ops = &plain_ops;
	v->chance = seed;
	v->last_pid = 1000;
	snprintf(v->directory, sizeof(v->directory), "%s/berth-test-XXXXXX",
		 above && *above ? above : "/tmp");
	v->clock = clock_new();
	if (!v->clock || !mkdtemp(v->directory)) {
		clock_free(v->clock);
		free(v);
		return NULL;
	}
	return &v->world;
}

void virtual_world_free(struct world *world)
{
	struct virtual_world *v = of(world);

	if (!world)
		return;
	virtual_calls_release(v->clock);
	clock_free(v->clock);
	virtual_files_remove(v->directory);
	free(v);
}

void virtual_world_hooks(struct world *world, const struct virtual_hooks *hooks)
{
	of(world)->hooks = *hooks;
}

const struct virtual_hooks *virtual_world_hooked(const struct world *world)
{
	return &of(world)->hooks;
}

const char *virtual_world_directory(const struct world *world)
{
	return of(world)->directory;
}
