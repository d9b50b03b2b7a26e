/* inventory.c - everything of ours at the scripted target, in one listing. */
#include <string.h>

#include "locations/fake/call.h"

struct listing {
	struct fake *fake;
	const char *app; /* NULL: all */
	struct memory memory;
	struct inventory *inventory;
	struct observed *instances;
	size_t room; /* for so many of them */
	struct inventory_volume *volumes;
	struct inventory_stranger *strangers;
	struct inventory_claim *claims;
	struct inventory_object *objects;
	bool all; /* other objects are told too */
};

static bool count_app(const char *name, void *value, void *context)
{
	const struct fake_app *app = value;
	struct listing *listing = context;

	(void)name;
	listing->room += map_count(app->instances);
	listing->inventory->volume_count += map_count(app->volumes);
	listing->inventory->claim_count += app->owner_id != NULL;
	if (listing->all)
		listing->inventory->object_count += app->prepared + (app->lease_token != NULL);
	return true;
}

static bool list_instance(const char *name, void *value, void *context)
{
	const struct fake_instance *instance = value;
	struct listing *listing = context;

	(void)name;
	tell_instance(listing->fake, &listing->memory, instance, listing->instances);
	if (listing->instances->late_double && instance->seen.leaving)
		return true;
	/* As with Docker, only a look at the one tells how often it ended and what it may use. */
	listing->instances->exits = 0;
	listing->instances->exits_known = false;
	listing->instances->limits_known = false;
	listing->instances->memory_bytes = listing->instances->nano_cpus = 0;
	listing->instances->restart = (enum restart_policy)0;
	listing->memory.like = listing->instances++;
	listing->inventory->instance_count++;
	return true;
}

struct volume_place {
	struct listing *listing;
	const char *app;
};

static bool list_volume(const char *name, void *value, void *context)
{
	struct volume_place *at = context;
	struct listing *listing = at->listing;

	(void)value;
	*listing->volumes++ = (struct inventory_volume){
	    .app = memory_text(&listing->memory, at->app),
	    .name = memory_text(&listing->memory, name),
	    .target_name = arena_format(&listing->inventory->arena, "%s.%s", at->app, name),
	};
	return true;
}

static void list_object(struct listing *listing, const char *app, const char *kind)
{
	*listing->objects++ = (struct inventory_object){
	    .app = memory_text(&listing->memory, app),
	    .kind = kind,
	    .name = memory_text(&listing->memory, app),
	};
}

static bool list_app(const char *name, void *value, void *context)
{
	const struct fake_app *app = value;
	struct listing *listing = context;
	struct volume_place at = {listing, name};

	map_each(app->instances, list_instance, listing);
	map_each(app->volumes, list_volume, &at);
	if (app->owner_id)
		*listing->claims++ = (struct inventory_claim){
		    .app = memory_text(&listing->memory, name),
		    .owner_id = memory_text(&listing->memory, app->owner_id),
		    .owner_words = memory_text(&listing->memory, app->owner_words),
		    .place = memory_text(&listing->memory, app->owner_place),
		};
	if (listing->all && app->prepared)
		list_object(listing, name, "network");
	if (listing->all && app->lease_token)
		list_object(listing, name, "lease");
	return true;
}

static bool list_stranger(const char *name, void *value, void *context)
{
	struct listing *listing = context;
	struct inventory *inventory = listing->inventory;
	const char *app, *component;
	unsigned ordinal, generation;

	(void)value;
	if (!instance_name_split(&inventory->arena, name, &app, &component, &ordinal, &generation) ||
	    (listing->app && strcmp(app, listing->app) != 0))
		return true;
	listing->strangers[inventory->stranger_count++] = (struct inventory_stranger){
	    .name = memory_text(&listing->memory, name),
	    .what = arena_format(&inventory->arena, "container `%s`", name),
	};
	return true;
}

static bool among(const char *const *references, const char *wanted)
{
	for (; references && *references; references++)
		if (!strcmp(*references, wanted))
			return true;
	return false;
}

static void ask_registry(struct listing *listing, struct inventory_image *image)
{
	struct fake_target *target = listing->fake->target;
	const char *id = target_registry(target, image->reference);

	target->asked++;
	if (id && *id)
		image->newest = memory_text(&listing->memory, id);
	else if (id)
		image->doubt = arena_format(&listing->inventory->arena, "the registry of `%s` does not tell",
					    image->reference);
}

static void list_images(struct listing *listing, const struct list_request *request)
{
	const char *const *references = request->images;
	struct inventory *inventory = listing->inventory;
	size_t count = 0;

	while (references && references[count])
		count++;
	struct inventory_image *images = memory_take(&listing->memory, count * sizeof(*images));
	for (size_t i = 0; images && i < count; i++) {
		char hex[80];
		images[i].reference = memory_text(&listing->memory, references[i]);
		images[i].id =
		    memory_text(&listing->memory, target_image(listing->fake->target, references[i], hex));
		if (among(request->newest, references[i]))
			ask_registry(listing, &images[i]);
	}
	inventory->images = images;
	inventory->image_count = count;
}

static void make_room(struct listing *listing)
{
	struct inventory *inventory = listing->inventory;
	struct memory *memory = &listing->memory;
	size_t strangers = map_count(listing->fake->target->strangers);

	listing->instances = memory_take(memory, listing->room * sizeof(*listing->instances));
	listing->volumes = memory_take(memory, inventory->volume_count * sizeof(*listing->volumes));
	listing->claims = memory_take(memory, inventory->claim_count * sizeof(*listing->claims));
	listing->strangers = memory_take(memory, strangers * sizeof(*listing->strangers));
	listing->objects = memory_take(memory, inventory->object_count * sizeof(*listing->objects));
	inventory->instances = listing->instances;
	inventory->volumes = listing->volumes;
	inventory->claims = listing->claims;
	inventory->objects = listing->objects;
	inventory->strangers = listing->strangers;
}

int fake_list(struct fake *fake, const struct list_request *request, struct inventory *ret, struct error *err)
{
	struct listing listing = {
	    .fake = fake,
	    .app = request->app,
	    .memory = {.arena = &ret->arena},
	    .inventory = ret,
	    .all = !request->app && !request->instances_only,
	};
	struct fake_app *app = request->app ? map_get(fake->target->apps, request->app) : NULL;

	if (app)
		count_app(request->app, app, &listing);
	else if (!request->app)
		map_each(fake->target->apps, count_app, &listing);
	make_room(&listing);
	if (!listing.memory.failed) {
		if (app)
			list_app(request->app, app, &listing);
		else if (!request->app)
			map_each(fake->target->apps, list_app, &listing);
		map_each(fake->target->strangers, list_stranger, &listing);
		list_images(&listing, request);
		ret->prepared = app && app->prepared;
		ret->lease = app && app->lease_token ? memory_text(&listing.memory, app->lease_token) : NULL;
	}
	if (!listing.memory.failed)
		return 0;
	inventory_release(ret);
	return fail_memory(err);
}
