/* list.c - everything of ours at an engine: one listing per kind of object, all asked at once. */
#include <string.h>

#include "base/map.h"
#include "locations/docker/registry.h"

enum { CONTAINERS, NETWORKS, VOLUMES, IMAGES, VERSION };
enum { SECOND_MS = 1000 };

static size_t count_images(const char *const *images)
{
	size_t count = 0;

	while (images && images[count])
		count++;
	return count;
}

static bool is_id(const char *reference)
{
	return starts_with(reference, "sha256:");
}

/* Their own names find no ids. */
static bool any_is_id(const char *const *references)
{
	while (*references && !is_id(*references))
		references++;
	return *references != NULL;
}

/* As a listing names it: "redis:3@sha256:..." without its tag, "redis" with its "latest". */
static const char *listed_reference(struct arena *arena, const char *reference)
{
	const char *digest = strchr(reference, '@'), *slash = strrchr(reference, '/');
	const char *end = digest ? digest : reference + strlen(reference);
	const char *colon = strchr(slash && slash < end ? slash : reference, ':');
	bool tagged = colon && colon < end;

	if (is_id(reference))
		return reference;
	if (!digest)
		return tagged ? reference : arena_format(arena, "%s:latest", reference);
	return tagged ? arena_format(arena, "%.*s%s", (int)(colon - reference), reference, digest)
		      : reference;
}

static bool names(const struct docker *docker, const json_t *image, const char *list, const char *reference)
{
	const json_t *tags = json_object_get(image, list);

	for (size_t i = 0; i < json_array_size(tags); i++) {
		const char *tag = json_string_value(json_array_get(tags, i));
		if (tag && names_image(docker, tag, reference))
			return true;
	}
	return false;
}

static int read_images(struct task *task, const json_t *listed, struct inventory *inventory)
{
	const char *const *asked = task->wish.list->images;
	size_t count = count_images(asked);
	struct inventory_image *images = arena_array(&inventory->arena, struct inventory_image, count + 1);

	for (size_t i = 0; images && i < count; i++) {
		const char *reference = listed_reference(&inventory->arena, asked[i]), *id = NULL;
		images[i].reference = arena_text(&inventory->arena, asked[i]);
		if (!reference || !images[i].reference)
			return -1;
		for (size_t k = 0; !id && k < json_array_size(listed); k++) {
			const json_t *image = json_array_get(listed, k);
			if (!strcmp(json_text(image, "Id") ?: "", reference) ||
			    names(task->docker, image, "RepoTags", reference) ||
			    names(task->docker, image, "RepoDigests", reference))
				id = json_text(image, "Id");
		}
		if (id && !(images[i].id = arena_text(&inventory->arena, id)))
			return -1;
	}
	inventory->images = images;
	inventory->image_count = count;
	return images ? 0 : -1;
}

/* One under way to be removed has lost its name already. */
static const char *shown_name(const json_t *container)
{
	const char *name = container_name(container), *id = json_text(container, "Id");

	return *name ? name : id ? id : "?";
}

/* Objects are told when nobody asked for one application alone. */
static int add_object(struct task *task, const json_t *labels, const char *kind, const char *name,
		      struct inventory *inventory)
{
	struct inventory_object *objects = (struct inventory_object *)inventory->objects;

	if (task->wish.list->app)
		return 0;
	struct inventory_object *to = &objects[inventory->object_count++];
	to->app = arena_text(&inventory->arena, json_text(labels, "berth.app"));
	to->kind = kind;
	to->name = arena_text(&inventory->arena, name ? name : "");
	return to->app && to->name ? 0 : -1;
}

static int read_container(struct task *task, const json_t *container, struct inventory *inventory)
{
	struct observed *instances = (struct observed *)inventory->instances;
	const json_t *labels = json_object_get(container, "Labels");

	if (!marked(labels, task->wish.list->app))
		return 0;
	if (json_text(labels, "berth.helper"))
		return add_object(task, labels, "helper", shown_name(container), inventory);
	if (!is_instance(container_name(container), labels))
		return stranger_listed(task->docker, shown_name(container), inventory);
	/* In whole seconds, so all of it was so before the next one. */
	int64_t told_ms = answered_at(&task->calls[CONTAINERS]);
	return observe_listed(task->docker, container, told_ms ? told_ms + SECOND_MS : 0, &inventory->arena,
			      &instances[inventory->instance_count++]);
}

static int read_containers(struct task *task, const json_t *listed, struct inventory *inventory)
{
	size_t room = json_array_size(listed);

	inventory->instances = arena_array(&inventory->arena, struct observed, room + 1);
	if (!inventory->instances || strangers_room(task->docker, room, inventory) < 0)
		return -1;
	for (size_t i = 0; i < room; i++)
		if (read_container(task, json_array_get(listed, i), inventory) < 0)
			return -1;
	return 0;
}

static int add_claim(struct inventory *inventory, struct inventory_claim *claims, const json_t *labels)
{
	const char *words = json_text(labels, "berth.owner"), *place = json_text(labels, "berth.claim.place");
	struct inventory_claim *claim = &claims[inventory->claim_count++];

	claim->app = arena_text(&inventory->arena, json_text(labels, "berth.app"));
	claim->owner_id = arena_text(&inventory->arena, json_text(labels, "berth.claim"));
	claim->owner_words = arena_text(&inventory->arena, words ? words : "");
	claim->place = arena_text(&inventory->arena, place ? place : "");
	return claim->app && claim->owner_id && claim->owner_words && claim->place ? 0 : -1;
}

static int add_volume(struct inventory *inventory, struct inventory_volume *volumes, const json_t *volume,
		      const json_t *labels)
{
	const char *target = json_text(volume, "Name");
	struct inventory_volume *to = &volumes[inventory->volume_count++];

	to->app = arena_text(&inventory->arena, json_text(labels, "berth.app"));
	to->name = arena_text(&inventory->arena, json_text(labels, "berth.volume"));
	to->target_name = arena_text(&inventory->arena, target ? target : "");
	return to->app && to->name && to->target_name ? 0 : -1;
}

static int add_lease(struct task *task, const json_t *volume, struct inventory *inventory)
{
	const json_t *labels = json_object_get(volume, "Labels");

	if (!task->wish.list->app)
		return add_object(task, labels, "lease", json_text(volume, "Name"), inventory);
	inventory->lease = arena_text(&inventory->arena, json_text(labels, "berth.lease"));
	return inventory->lease ? 0 : -1;
}

static int read_volumes(struct task *task, const json_t *listed, struct inventory *inventory)
{
	size_t room = json_array_size(listed) + 1;
	struct inventory_volume *volumes = arena_array(&inventory->arena, struct inventory_volume, room);
	struct inventory_claim *claims = arena_array(&inventory->arena, struct inventory_claim, room);
	int wrong = volumes && claims ? 0 : -1;

	for (size_t i = 0; !wrong && i < json_array_size(listed); i++) {
		const json_t *volume = json_array_get(listed, i);
		const json_t *labels = json_object_get(volume, "Labels");
		if (!marked(labels, task->wish.list->app))
			continue;
		if (json_text(labels, "berth.claim"))
			wrong = add_claim(inventory, claims, labels);
		else if (is_lease(volume))
			wrong = add_lease(task, volume, inventory);
		else if (json_text(labels, "berth.volume"))
			wrong = add_volume(inventory, volumes, volume, labels);
	}
	inventory->volumes = volumes;
	inventory->claims = claims;
	return wrong;
}

static int read_networks(struct task *task, const json_t *listed, struct inventory *inventory)
{
	for (size_t i = 0; i < json_array_size(listed); i++) {
		const json_t *network = json_array_get(listed, i),
			     *labels = json_object_get(network, "Labels");
		if (marked(labels, task->wish.list->app) &&
		    add_object(task, labels, "network", json_text(network, "Name"), inventory) < 0)
			return -1;
	}
	return 0;
}

/* Whether the application has its network; which one is remembered. */
static bool read_network(struct task *task, const json_t *networks)
{
	const char *app = task->wish.list->app;
	const char *wanted = app ? network_name(&task->arena, app) : NULL;

	for (size_t i = 0; wanted && i < json_array_size(networks); i++) {
		const json_t *network = json_array_get(networks, i);
		const char *name = json_text(network, "Name");
		if (!name || strcmp(name, wanted) != 0)
			continue;
		network_listed(task->docker, app, json_text(network, "Id"));
		return true;
	}
	if (wanted)
		network_listed(task->docker, app, NULL);
	return false;
}

static int read_all(struct task *task, const json_t *const answers[CALLS])
{
	struct inventory *inventory = &task->inventory;
	size_t room = 1;

	for (unsigned i = CONTAINERS; i <= VOLUMES; i++)
		room += json_array_size(answers[i]);
	inventory->objects = arena_array(&inventory->arena, struct inventory_object, room);
	if (!inventory->objects || read_containers(task, answers[CONTAINERS], inventory) < 0 ||
	    read_networks(task, answers[NETWORKS], inventory) < 0 ||
	    read_volumes(task, answers[VOLUMES], inventory) < 0 ||
	    read_images(task, answers[IMAGES], inventory) < 0 ||
	    strangers_tell(task->docker, task->wish.list->app, inventory) < 0)
		return -1;
	if (answers[NETWORKS])
		inventory->prepared = read_network(task, answers[NETWORKS]);
	published_note(task->docker, task->wish.list->app, inventory);
	return 0;
}

static enum progress listed(struct task *task, struct error *err)
{
	static const char *const kinds[] = {"containers", "networks", "volumes", "images"};
	const json_t *answers[CALLS] = {NULL};

	if (task->calls[VERSION].task)
		platform_read(task->docker, &task->calls[VERSION]);
	for (unsigned i = CONTAINERS; i <= IMAGES; i++) {
		struct call *call = &task->calls[i];
		if (!call->task)
			continue; /* nobody asked for this kind */
		if (!call_ok(call))
			return call_failed(call, err, "location `%s`: cannot list the %s",
					   task->docker->location->name, kinds[i]);
		if (!(answers[i] = i == VOLUMES ? call_volumes(call, err) : call_list(call, err)))
			return PROGRESS_FAILED;
	}
	if (read_all(task, answers) < 0)
		return out_of_memory(err);
	return generations_ask(task, newest_begin, err);
}

static enum progress ask_list(struct task *task, unsigned slot, const char *path, const char *query,
			      struct error *err)
{
	const struct question question = {
	    .method = "GET",
	    .path = query ? arena_format(&task->arena, "%s%s", path, query) : NULL,
	};

	return ask(task, slot, &question, listed, err);
}

static char *image_filter(struct task *task)
{
	owned_json references = json_array();

	for (const char *const *image = task->wish.list->images; *image; image++) {
		const char *reference = listed_reference(&task->arena, *image);
		if (!reference || json_array_append_new(references, json_string(reference)) < 0)
			return NULL;
	}
	owned_json filters = json_pack("{s:O}", "reference", references);
	owned_memory char *line = filters ? json_line(filters) : NULL;
	return line ? escaped(&task->arena, line) : NULL;
}

enum progress list_begin(struct task *task, struct error *err)
{
	const struct list_request *request = task->wish.list;
	const char *ours = label_filter(&task->arena, request->app);

	if (ask_list(task, CONTAINERS, "/containers/json?all=1&", ours, err) == PROGRESS_FAILED)
		return PROGRESS_FAILED;
	if (request->instances_only)
		return PROGRESS_WAITING;
	if (ask_list(task, NETWORKS, "/networks?", ours, err) == PROGRESS_FAILED ||
	    ask_list(task, VOLUMES, "/volumes?", ours, err) == PROGRESS_FAILED)
		return PROGRESS_FAILED;
	if (!request->images || !request->images[0])
		return PROGRESS_WAITING;
	map_release(&task->docker->pulled); /* what is made after this is to be as new as this */
	/* How it can be asked whether these answer is wanted next. */
	if (!task->docker->platform[0] && !networks_are_here(task->docker) &&
	    ask_list(task, VERSION, "/version", "", err) == PROGRESS_FAILED)
		return PROGRESS_FAILED;
	/* Podman would list what has all of these names. */
	if (task->docker->libpod[0] || any_is_id(request->images))
		return ask_list(task, IMAGES, "/images/json", "", err);
	return ask_list(task, IMAGES, "/images/json?filters=", image_filter(task), err);
}
