/* lease.c - whose deploy of an application is under way: a file beside its claim, with an end. */
#include "locations/localhost/localhost.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/cleanup.h"

/* The file has a line each for the token and the words, then when it ends: the boot it counts from, the
 * uptime (time asleep included) and, where these cannot be had, the wall clock, both in milliseconds; and the
 * whole time. */
struct held_lease {
	struct lease lease;
	char boot[64]; /* "-": it could not be had */
	long long until_uptime_ms, until_wall_ms, whole_ms;
};

/* Since this machine began, or -1 where that cannot be told. */
static int64_t uptime_ms(struct world *world)
{
	owned_text content = {0};
	long long seconds, hundredths;

	if (world->ops->file_read(world, "/proc/uptime", 256, &content, NULL) ||
	    sscanf(text_view(&content), "%lld.%lld", &seconds, &hundredths) != 2)
		return -1;
	return seconds * 1000 + hundredths * 10;
}

/* A lease of another boot is over, and one that has longer to go than it was given is of a clock set back. */
static int64_t left_ms(struct world *world, const struct held_lease *held)
{
	const char *boot = world->ops->boot_id(world);
	bool known = *boot && strcmp(held->boot, "-");
	int64_t uptime = uptime_ms(world), left;

	if (known && strcmp(held->boot, boot))
		return 0;
	if (known && uptime >= 0 && held->until_uptime_ms >= 0)
		left = held->until_uptime_ms - uptime;
	else
		left = held->until_wall_ms - world->ops->wall(world);
	return left > 0 && left <= held->whole_ms ? left : 0;
}

static char *line_of(struct arena *arena, const char **text)
{
	size_t length = strcspn(*text, "\n");
	char *line = arena_copy(arena, *text, length);

	*text += length + ((*text)[length] == '\n');
	return line;
}

/* False when there is none, or no whole one. */
static bool read_lease(struct location *location, struct arena *arena, const char *app,
		       struct held_lease *ret_held)
{
	owned_text content = {0};
	struct held_lease held = {0};
	char *path = claim_path(location, arena, app, "lease");

	if (!path || !claims_are_ours(location) ||
	    location->world->ops->file_read(location->world, path, 65536, &content, NULL))
		return false;
	const char *text = text_view(&content);
	held.lease.token = line_of(arena, &text);
	held.lease.words = line_of(arena, &text);
	if (!held.lease.token || !held.lease.words ||
	    sscanf(text, "%63s %lld %lld %lld", held.boot, &held.until_uptime_ms, &held.until_wall_ms,
		   &held.whole_ms) != 4)
		return false;
	held.lease.ttl_ms = left_ms(location->world, &held);
	*ret_held = held;
	return true;
}

static int write_lease(struct location *location, struct arena *arena, const char *app,
		       const struct lease *lease, struct error *err)
{
	struct world *world = location->world;
	const char *boot = world->ops->boot_id(world);
	int64_t uptime = uptime_ms(world);
	char *path = claim_path(location, arena, app, "lease");
	char *content = arena_format(
	    arena, "%s\n%.*s\n%s %lld %lld %lld\n", lease->token, (int)strcspn(lease->words, "\n"),
	    lease->words, *boot ? boot : "-", uptime >= 0 ? (long long)(uptime + lease->ttl_ms) : -1LL,
	    (long long)(world->ops->wall(world) + lease->ttl_ms), (long long)lease->ttl_ms);

	if (!path || !content)
		return fail_memory(err);
	return world->ops->file_write(world, path, 0600, content, strlen(content), err);
}

/* With the lock held: whose it is now. */
static int take(struct location *location, const char *app, const struct lease *lease, struct arena *arena,
		struct lease *ret_holder, struct error *err)
{
	struct held_lease held;

	if (read_lease(location, arena, app, &held) && held.lease.ttl_ms > 0 &&
	    strcmp(held.lease.token, lease->token)) {
		*ret_holder = held.lease;
		return 0;
	}
	struct lease own = {arena_text(arena, lease->token), arena_text(arena, lease->words), lease->ttl_ms};
	if (!own.token || !own.words)
		return fail_memory(err);
	if (write_lease(location, arena, app, lease, err))
		return -1;
	*ret_holder = own;
	return 0;
}

static int fit_lease(const char *app, const char *token, struct error *err)
{
	if (guard_app(app, err))
		return -1;
	if (!*token || strchr(token, '\n'))
		return fail(err, ERR_INVALID, "a lease needs a token of one line");
	return 0;
}

enum progress localhost_lease(struct location *location, struct errand *errand, const char *app,
			      const struct lease *lease, struct arena *arena, struct lease *ret_holder,
			      struct error *err)
{
	if (fit_lease(app, lease->token, err))
		return PROGRESS_FAILED;
	bool held = claim_lock_held(location, app);
	enum progress progress = claim_lock(location, errand, app, err);
	if (progress != PROGRESS_DONE)
		return progress;
	if (take(location, app, lease, arena, ret_holder, err))
		progress = PROGRESS_FAILED;
	if (!held)
		claim_unlock(location, app);
	return progress;
}

static int give_back(struct location *location, const char *app, const char *token, struct error *err)
{
	owned_by(arena_release) struct arena arena = {0};
	struct held_lease held;
	char *path = claim_path(location, &arena, app, "lease");

	if (!path)
		return fail_memory(err);
	if (!read_lease(location, &arena, app, &held) || strcmp(held.lease.token, token))
		return 0;
	return location->world->ops->file_remove(location->world, path, err);
}

/* Nothing but the lease is made here for the length of a deploy. */
enum progress localhost_tidy(struct location *location, struct errand *errand, const char *app,
			     const char *token, struct error *err)
{
	owned_by(arena_release) struct arena arena = {0};
	struct held_lease none;

	if (fit_lease(app, token, err))
		return PROGRESS_FAILED;
	if (!errand->state && !read_lease(location, &arena, app, &none))
		return PROGRESS_DONE;
	bool held = claim_lock_held(location, app);
	enum progress progress = claim_lock(location, errand, app, err);
	if (progress != PROGRESS_DONE)
		return progress;
	if (give_back(location, app, token, err))
		progress = PROGRESS_FAILED;
	if (!held)
		claim_unlock(location, app);
	return progress;
}

const char *lease_token(struct location *location, struct arena *arena, const char *app)
{
	struct held_lease held;

	return read_lease(location, arena, app, &held) ? held.lease.token : NULL;
}

/* --- those there are ------------------------------------------------------------------------ */

struct lease_visit {
	struct location *location;
	object_visitor *visit;
	void *owner;
};

static bool visit_lease(void *owner, const char *app)
{
	struct lease_visit *visit = owner;
	owned_by(arena_release) struct arena arena = {0};
	struct held_lease held;

	if (!read_lease(visit->location, &arena, app, &held))
		return true;
	char *words =
	    arena_format(&arena, "%s%s", held.lease.words, held.lease.ttl_ms > 0 ? "" : " (expired)");
	return !words || visit->visit(visit->owner, app, "lease", words);
}

void leases_visit(struct location *location, object_visitor *visit, void *owner)
{
	struct lease_visit visiting = {location, visit, owner};

	claims_visit(location, "lease", visit_lease, &visiting);
}
