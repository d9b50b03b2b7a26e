/* watch.c - what changes at servers: each machine tells of its instance, and a listing now and then tells
 * which servers come, go and stop. */
#include <stdio.h>
#include <string.h>

#include "base/cleanup.h"
#include "base/digest.h"
#include "locations/openstack/openstack.h"

enum { LOOK_MS = 10000 };

/* One application that is watched. */
struct openstack_watcher {
	struct openstack_watcher *next;
	struct openstack *openstack;
	char *app;
	change_sink *changed;
	void *owner;
	struct timer *timer;
	struct errand errand;  /* the listing */
	char seen[DIGEST_HEX]; /* of it; "": none yet */
};

/* A machine that tells it. */
struct openstack_inner_watch {
	struct openstack_machine *machine;
	struct openstack_watcher *watcher;
};

/* --- machines --------------------------------------------------------------------------------------------
 */

/* The engine knows the server as the incarnation; what ended there it looks at. */
static void told(void *owner, const char *name, const struct told_end *end)
{
	const struct openstack_inner_watch *watch = owner;

	(void)end;
	watch->watcher->changed(watch->watcher->owner, name ? watch->machine->name : NULL, NULL);
}

static void watch_one(struct openstack_machine *machine, struct openstack_watcher *watcher)
{
	struct openstack_inner_watch *watch;

	if (machine->watches || strcmp(machine->app, watcher->app) != 0)
		return;
	watch = arena_array(&machine->arena, struct openstack_inner_watch, 1);
	if (!watch)
		return;
	*watch = (struct openstack_inner_watch){machine, watcher};
	if (machine->location.driver->watch(&machine->location, machine->app, told, watch, NULL) == 0)
		machine->watches = watch;
}

void openstack_watch_machine(struct openstack_machine *machine)
{
	for (struct openstack_watcher *watcher = machine->openstack->watchers; watcher;
	     watcher = watcher->next)
		watch_one(machine, watcher);
}

/* --- servers ---------------------------------------------------------------------------------------------
 */

static void look_later(struct openstack_watcher *watcher);

static int digest_servers(struct talk *talk, char ret_digest[static DIGEST_HEX], struct error *err)
{
	const struct openstack_server *servers;
	owned_text text = {0};
	size_t count;

	if (openstack_servers_found(talk, &servers, &count, err) < 0)
		return -1;
	for (size_t i = 0; i < count; i++)
		text_format(&text, "%s %s %s\n", servers[i].id, servers[i].name, servers[i].status);
	return text.failed || digest_hex(text_view(&text), text.length, ret_digest) ? fail_memory(err) : 0;
}

/* Who watches is not always who makes them: machines that came since are to tell him, too. Of one that cannot
 * be reached only its server is known. */
static int meet_machines(struct talk *talk, struct error *err)
{
	const struct openstack_server *servers;
	struct error silent = {0};
	size_t count;

	if (openstack_servers_found(talk, &servers, &count, err) < 0)
		return -1;
	for (size_t i = 0; i < count; i++)
		if (openstack_can_tell(talk->openstack, &servers[i]))
			openstack_machine_of(talk->openstack, &servers[i], &silent);
	return 0;
}

static enum progress listed(struct talk *talk, struct error *err)
{
	struct openstack_watcher *watcher = talk->errand->owner;
	char digest[DIGEST_HEX];

	if (meet_machines(talk, err) < 0 || digest_servers(talk, digest, err) < 0)
		return PROGRESS_FAILED;
	bool differs = strcmp(watcher->seen, digest) != 0;
	snprintf(watcher->seen, sizeof(watcher->seen), "%s", digest);
	if (differs)
		watcher->changed(watcher->owner, NULL, NULL);
	return PROGRESS_DONE;
}

static enum progress find(struct talk *talk, struct error *err)
{
	return openstack_find_servers(talk, talk->order.app, NULL, listed, err);
}

static enum progress look(struct talk *talk, struct error *err)
{
	return openstack_enter(talk, find, err);
}

static void go_on(struct openstack_watcher *watcher)
{
	const struct openstack_order order = {.app = watcher->app};
	struct error ignored;

	if (talk_run(watcher->openstack->location, &watcher->errand, look, &order, &ignored) !=
	    PROGRESS_WAITING)
		look_later(watcher);
}

static void woken(struct errand *errand)
{
	go_on(errand->owner);
}

static void fired(void *owner)
{
	struct openstack_watcher *watcher = owner;

	watcher->timer = NULL;
	go_on(watcher);
}

static void look_later(struct openstack_watcher *watcher)
{
	struct world *world = watcher->openstack->world;

	watcher->timer = world->ops->timer_start(world, LOOK_MS, fired, watcher);
}

/* --- watched ---------------------------------------------------------------------------------------------
 */

static void free_watcher(struct openstack_watcher *watcher)
{
	struct world *world = watcher->openstack->world;

	if (watcher->errand.state)
		talk_free(watcher->errand.state);
	world->ops->timer_cancel(world, watcher->timer);
	for (struct openstack_machine *machine = watcher->openstack->machines; machine;
	     machine = machine->next) {
		if (!machine->watches || machine->watches->watcher != watcher)
			continue;
		machine->location.driver->unwatch(&machine->location, machine->app);
		machine->watches = NULL;
	}
	free(watcher->app);
	free(watcher);
}

int openstack_watch(struct location *location, const char *app, change_sink *changed, void *owner,
		    struct error *err)
{
	struct openstack *openstack = location->state;
	struct openstack_watcher *watcher = calloc(1, sizeof(*watcher));

	if (!watcher || !(watcher->app = strdup(app))) {
		free(watcher);
		return fail_memory(err);
	}
	watcher->openstack = openstack;
	watcher->changed = changed;
	watcher->owner = owner;
	watcher->errand = (struct errand){.wake = woken, .owner = watcher};
	watcher->next = openstack->watchers;
	openstack->watchers = watcher;
	for (struct openstack_machine *machine = openstack->machines; machine; machine = machine->next)
		if (!machine->gone)
			watch_one(machine, watcher);
	look_later(watcher);
	return 0;
}

void openstack_unwatch(struct location *location, const char *app)
{
	struct openstack *openstack = location->state;

	for (struct openstack_watcher **at = &openstack->watchers; *at; at = &(*at)->next)
		if (!strcmp((*at)->app, app)) {
			struct openstack_watcher *watcher = *at;
			*at = watcher->next;
			free_watcher(watcher);
			return;
		}
}

void openstack_unwatch_all(struct openstack *openstack)
{
	while (openstack->watchers) {
		struct openstack_watcher *watcher = openstack->watchers;
		openstack->watchers = watcher->next;
		free_watcher(watcher);
	}
}
