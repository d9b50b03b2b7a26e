/* look.c - what is there: one app afresh, or all of an application by two requests. */
#include <string.h>

#include "locations/marathon/marathon.h"

/* --- one --------------------------------------------------------------------------------------------------
 */

const char *wished_name(const struct flow *flow)
{
	return flow->wish.spec ? flow->wish.spec->name : flow->wish.name;
}

#define ONE                                                                                                  \
	"embed=app.tasks&embed=app.counts&embed=app.deployments&embed=app.lastTaskFailure&"                  \
	"embed=app.readiness"
#define ALL                                                                                                  \
	"embed=group.apps&embed=group.apps.tasks&embed=group.apps.counts&embed=group.apps.deployments&"      \
	"embed=group.apps.lastTaskFailure&embed=group.apps.readiness"

struct reading_app {
	flow_step *next;
	const char *path, *group; /* by itself, and with all of its group */
};

/* One that is there: `json` is shared. */
static enum progress app_take(struct flow *flow, json_t *json, struct error *err)
{
	const struct reading_app *reading = flow->own;

	flow->there = false;
	flow->app = (struct marathon_app){0};
	json_decref(give(flow->app_json));
	arena_release(&flow->app_arena);
	if (!json)
		return flow_go(flow, reading->next);
	flow->app_json = json_incref(json);
	if (marathon_app_read(json, &flow->app_arena, &flow->app, err) < 0)
		return PROGRESS_FAILED;
	if (!marathon_marked(&flow->app, flow->wish.app, wished_name(flow))) {
		fail(err, ERR_CONFLICT, "location `%s`: app `%s` is there already and is not ours",
		     flow->marathon->location->name, flow->app.id);
		remedy(err, "remove it, or give the application another id");
		return PROGRESS_FAILED;
	}
	flow->there = true;
	return flow_go(flow, reading->next);
}

static enum progress app_told(struct flow *flow, struct error *err)
{
	struct marathon_call *call = &flow->calls[0];

	if (marathon_absent(call))
		return app_take(flow, NULL, err);
	if (!marathon_ok(call))
		return marathon_failed(call, err, "cannot look at `%s`", wished_name(flow));
	const json_t *json = marathon_json(call, err);
	if (!json)
		return PROGRESS_FAILED;
	json_t *app = json_object_get(json, "app");
	if (app)
		return app_take(flow, app, err);
	fail(err, ERR_UNREACHABLE, "location `%s`: Marathon told of no app", flow->marathon->location->name);
	return PROGRESS_FAILED;
}

static enum progress app_ask(struct flow *flow, struct error *err)
{
	const struct reading_app *reading = flow->own;
	const struct marathon_question question = {.method = "GET", .path = reading->path};

	return marathon_ask(flow, 0, &question, app_told, err);
}

static enum progress group_told(struct flow *flow, struct error *err)
{
	json_t *apps = json_object_get(flow->told, "apps");

	if (!json_is_array(apps))
		return app_ask(flow, err);
	flow->marathon->group_size = json_array_size(apps);
	for (size_t i = 0; i < json_array_size(apps); i++) {
		json_t *app = json_array_get(apps, i);
		const char *id = json_text(app, "id");
		if (id && !strcmp(id, flow->id))
			return json_object_get(app, "tasks") ? app_take(flow, app, err) : app_ask(flow, err);
	}
	return app_take(flow, NULL, err);
}

enum progress app_read(struct flow *flow, flow_step *next, struct error *err)
{
	struct reading_app *reading = flow->own;

	if (!flow->id)
		flow->id = marathon_id(&flow->arena, wished_name(flow));
	if (!flow->id && memory_failures() == flow->memory_before) {
		fail(err, ERR_CONFLICT, "`%s` is no instance of application `%s`", wished_name(flow),
		     flow->wish.app);
		return PROGRESS_FAILED;
	}
	if (flow->id && !reading &&
	    (flow->own = reading = arena_array(&flow->arena, struct reading_app, 1))) {
		const char *group = marathon_group_id(&flow->arena, flow->wish.app);
		reading->path = arena_format(&flow->arena, "/v2/apps%s?" ONE, flow->id);
		reading->group = group ? arena_format(&flow->arena, "/v2/groups%s?" ALL, group) : NULL;
	}
	if (!reading || !reading->path)
		return flow_no_memory(err);
	reading->next = next;
	return read_together(flow, reading->group, group_told, app_ask, err);
}

static enum progress looked(struct flow *flow, struct error *err)
{
	struct observed seen;

	if (!flow->there) {
		fail(err, ERR_MISSING, "`%s` is not at location `%s`", flow->wish.name,
		     flow->marathon->location->name);
		return PROGRESS_FAILED;
	}
	if (marathon_observe(flow->marathon, &flow->app, flow->wish.arena, &seen) < 0)
		return flow_no_memory(err);
	*flow->wish.observed = seen;
	return PROGRESS_DONE;
}

enum progress look_marathon(struct flow *flow, struct error *err)
{
	return app_read(flow, looked, err);
}

/* --- all --------------------------------------------------------------------------------------------------
 */

struct listing {
	struct flow *flow;
	struct inventory *to;
	const struct list_request *request;
	struct observed *instances;
	struct inventory_stranger *strangers;
	struct inventory_claim *claims;
	struct inventory_object *objects;
	size_t room;
};

static int list_app(struct listing *listing, const struct marathon_app *app)
{
	struct arena room = {0};
	const char *name = marathon_label(app, "berth.instance"), *application, *component;
	unsigned ordinal, generation;
	bool ours = instance_name_split(&room, name, &application, &component, &ordinal, &generation) &&
		    *marathon_label(app, "berth.app");

	arena_release(&room);
	if (!ours)
		return 0;
	if (marathon_observe(listing->flow->marathon, app, &listing->to->arena,
			     &listing->instances[listing->to->instance_count]) < 0)
		return -1;
	listing->to->instance_count++;
	return 0;
}

/* "/shop/web" in the group of `shop`, and not marked as its own. */
static int list_stranger(struct listing *listing, const struct marathon_app *app)
{
	const char *segment = strrchr(app->id, '/');
	struct arena *arena = &listing->to->arena;

	if (!strcmp(marathon_label(app, "berth.app"), listing->request->app) || !segment)
		return 0;
	struct inventory_stranger *stranger = &listing->strangers[listing->to->stranger_count++];
	stranger->name = instance_name(arena, listing->request->app, segment + 1, 1);
	stranger->what = arena_format(arena, "app `%s`", app->id);
	return stranger->name && stranger->what ? 0 : -1;
}

static int list_kept(struct listing *listing, const struct kept *kept)
{
	struct arena *arena = &listing->to->arena;
	const char *app = kept->app;
	bool claim = !strcmp(kept->kind, "claim");

	if (claim) {
		struct inventory_claim *told = &listing->claims[listing->to->claim_count++];
		*told = (struct inventory_claim){.app = arena_text(arena, app),
						 .owner_id = arena_text(arena, kept->owner),
						 .owner_words = arena_text(arena, kept->words),
						 .place = arena_text(arena, kept->place)};
		return told->app && told->owner_id && told->owner_words && told->place ? 0 : -1;
	}
	if (listing->request->app) {
		listing->to->lease = arena_text(arena, kept->owner);
		return listing->to->lease ? 0 : -1;
	}
	struct inventory_object *object = &listing->objects[listing->to->object_count++];
	*object = (struct inventory_object){
	    .app = arena_text(arena, app), .kind = "lease", .name = arena_text(arena, app)};
	return object->app && object->name ? 0 : -1;
}

/* The group of an application, which tells whose it is by the claim and the leases in it. */
static int list_group(struct listing *listing, const struct marathon_group *group)
{
	const struct kept *kept;
	size_t count;

	if (kept_read(group, &listing->flow->arena, &kept, &count) < 0)
		return -1;
	for (size_t i = 0; i < count; i++)
		if (list_kept(listing, &kept[i]) < 0)
			return -1;
	for (size_t i = 0; listing->request->app && i < group->app_count; i++)
		if (list_stranger(listing, &group->apps[i]) < 0)
			return -1;
	if (listing->request->app) {
		listing->to->prepared = true;
		return 0;
	}
	if (!count || listing->request->instances_only)
		return 0;
	struct inventory_object *object = &listing->objects[listing->to->object_count++];
	*object = (struct inventory_object){.app = arena_text(&listing->to->arena, kept[0].app),
					    .kind = "group",
					    .name = arena_text(&listing->to->arena, group->id)};
	return object->app && object->name ? 0 : -1;
}

static size_t size_of(const struct marathon_group *group)
{
	size_t size = 2 + group->app_count + group->group_count;

	for (size_t i = 0; i < group->group_count; i++)
		size += size_of(&group->groups[i]);
	return size;
}

static int make_room(struct listing *listing, size_t others)
{
	struct arena *arena = &listing->to->arena;

	listing->strangers = arena_array(arena, struct inventory_stranger, others + 1);
	listing->claims = arena_array(arena, struct inventory_claim, others + 1);
	listing->objects = arena_array(arena, struct inventory_object, 2 * others + 1);
	if (!listing->strangers || !listing->claims || !listing->objects)
		return -1;
	listing->to->strangers = listing->strangers;
	listing->to->claims = listing->claims;
	listing->to->objects = listing->objects;
	return 0;
}

static int read_apps(struct listing *listing, const json_t *apps, struct error *err)
{
	size_t count = json_array_size(apps);

	listing->instances = arena_array(&listing->to->arena, struct observed, count + 1);
	if (!listing->instances)
		return fail_memory(err);
	listing->to->instances = listing->instances;
	for (size_t i = 0; i < count; i++) {
		owned_arena room = {0};
		struct marathon_app app;
		if (marathon_app_read(json_array_get(apps, i), &room, &app, err) < 0)
			return -1;
		if (list_app(listing, &app) < 0)
			return fail_memory(err);
	}
	return 0;
}

static int read_groups(struct listing *listing, const struct marathon_group *group, struct error *err)
{
	if (make_room(listing, size_of(group)) < 0)
		return fail_memory(err);
	if (!group->id)
		return 0;
	if (listing->request->app)
		return list_group(listing, group) < 0 ? fail_memory(err) : 0;
	for (size_t i = 0; i < group->group_count; i++)
		if (list_group(listing, &group->groups[i]) < 0)
			return fail_memory(err);
	return 0;
}

static int apps_told(struct listing *listing, struct error *err)
{
	struct flow *flow = listing->flow;
	const json_t *json = marathon_json(&flow->calls[0], err);
	const json_t *apps = json_object_get(json, "apps");

	if (!json)
		return -1;
	if (!json_is_array(apps))
		return fail(err, ERR_UNREACHABLE, "location `%s`: Marathon told of no list of apps",
			    flow->marathon->location->name);
	return read_apps(listing, apps, err);
}

static int groups_told(struct listing *listing, struct error *err)
{
	struct flow *flow = listing->flow;
	struct marathon_group group = {0};
	const json_t *json = NULL;

	if (marathon_ok(&flow->calls[1]) && (!(json = marathon_json(&flow->calls[1], err)) ||
					     marathon_group_read(json, &flow->arena, &group, err) < 0))
		return -1;
	return read_groups(listing, &group, err);
}

static enum progress told_of_all(struct flow *flow)
{
	*flow->wish.inventory = flow->inventory;
	flow->inventory = (struct inventory){0};
	return PROGRESS_DONE;
}

static bool any_lacks_tasks(const struct inventory *inventory)
{
	for (size_t i = 0; i < inventory->instance_count; i++)
		if (inventory->instances[i].state == SEEN_RUNNING && inventory->instances[i].error)
			return true;
	return false;
}

static bool is_staged(const struct observed *seen)
{
	for (size_t i = 0; i < seen->task_count; i++)
		if (seen->tasks[i].state == SEEN_CREATED)
			return true;
	return false;
}

static int add_to(struct inventory *inventory, const struct marathon_queued *queued)
{
	const char *words = marathon_queued_words(queued, false, &inventory->arena);

	for (size_t i = 0; i < inventory->instance_count; i++) {
		struct observed *seen = (struct observed *)&inventory->instances[i];
		if (seen->state != SEEN_RUNNING || !seen->error || strcmp(seen->target_id, queued->app) != 0)
			continue;
		if (is_staged(seen) && !marathon_queued_tells(queued))
			words = "its task is still being staged";
		seen->error = words ? arena_format(&inventory->arena, "%s: %s", seen->error, words) : NULL;
		if (!seen->error)
			return -1;
	}
	return 0;
}

/* What it does not tell is left out. */
static enum progress queue_told(struct flow *flow, struct error *err)
{
	struct error unread;
	const json_t *json = marathon_ok(&flow->calls[0]) ? marathon_json(&flow->calls[0], &unread) : NULL;
	const json_t *queue = json_object_get(json, "queue");

	for (size_t i = 0; i < json_array_size(queue); i++) {
		struct marathon_queued queued;
		if (marathon_queued_read(json_array_get(queue, i), &flow->arena, &queued, &unread) < 0 ||
		    !queued.app)
			continue;
		if (add_to(&flow->inventory, &queued) < 0)
			return flow_no_memory(err);
	}
	return told_of_all(flow);
}

/* Each answer goes when it was read: of a thousand apps one takes more than all else. */
static enum progress listed(struct flow *flow, struct error *err)
{
	struct listing listing = {.flow = flow, .to = &flow->inventory, .request = flow->wish.list};

	if (!marathon_ok(&flow->calls[0]))
		return marathon_failed(&flow->calls[0], err, "cannot list its apps");
	if (!marathon_ok(&flow->calls[1]) && !marathon_absent(&flow->calls[1]))
		return marathon_failed(&flow->calls[1], err, "cannot list its groups");
	if (apps_told(&listing, err) < 0)
		return PROGRESS_FAILED;
	marathon_call_release(&flow->calls[0]);
	if (groups_told(&listing, err) < 0)
		return PROGRESS_FAILED;
	const struct marathon_question queue = {.method = "GET", .path = "/v2/queue?embed=lastUnusedOffers"};
	if (flow->wish.list->app && any_lacks_tasks(&flow->inventory))
		return marathon_ask(flow, 0, &queue, queue_told, err);
	return told_of_all(flow);
}

/* Apps have labels, groups do not: an application's apps are found wherever they are, and who else is in its
 * group, and what is kept there, by the group. */
enum progress list_marathon(struct flow *flow, struct error *err)
{
	const struct list_request *request = flow->wish.list;
	const char *value = request->app ? marathon_escaped(&flow->arena, request->app) : "";
	const char *group = request->app ? marathon_group_id(&flow->arena, request->app) : "";
	const struct marathon_question apps = {
	    .method = "GET",
	    .path = value ? arena_format(&flow->arena,
					 "/v2/apps?label=berth.app%s%s&embed=apps.tasks&embed=apps.counts&"
					 "embed=apps.deployments&embed=apps.lastTaskFailure",
					 request->app ? "%3D%3D" : "", value)
			  : NULL,
	};
	const struct marathon_question groups = {
	    .method = "GET",
	    .path = group ? arena_format(&flow->arena, "/v2/groups%s?embed=group.groups%s", group,
					 request->app ? "&embed=group.apps" : "")
			  : NULL,
	};

	if (marathon_ask(flow, 0, &apps, listed, err) == PROGRESS_FAILED)
		return PROGRESS_FAILED;
	return marathon_ask(flow, 1, &groups, listed, err);
}
