/* volumes.c - volumes: made once for a name, and whoever makes one again hears of the first. */
#include <ctype.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "simulation/docker/model.h"

struct volume *volume_found(struct docker_engine *engine, const char *name)
{
	return map_get(engine->volumes_by_name, name);
}

static void tell(struct docker_engine *engine, const struct volume *volume, const char *action)
{
	tell_event(engine, "volume", action, volume->name, NULL,
		   must_json(json_pack("{s:s}", "driver", "local")));
}

/* Its time is of whole seconds. */
static void write_json(struct docker_engine *engine, struct volume *volume)
{
	int64_t now_ns = stamp(engine);
	struct text to = {0};

	text_add(&to, "{\"CreatedAt\":\"");
	put_time(&to, now_ns - now_ns % (NS_OF_MS * 1000));
	text_add(&to, "\",\"Driver\":\"local\",\"Labels\":");
	put_json(&to, volume->labels);
	text_add(&to, ",\"Mountpoint\":\"/var/lib/docker/volumes/");
	text_add(&to, volume->name);
	text_add(&to, "/_data\"");
	put_member(&to, "Name", volume->name);
	text_add(&to, ",\"Options\":null,\"Scope\":\"local\"}");
	volume->json = must(text_take(&to));
}

struct volume *volume_made(struct docker_engine *engine, const char *name, const json_t *labels)
{
	struct volume *volume = volume_found(engine, name);

	if (volume)
		return volume;
	volume = must(calloc(1, sizeof(*volume)));
	volume->name = copy(name);
	volume->labels = json_is_object(labels) ? must_json(json_deep_copy(labels)) : NULL;
	write_json(engine, volume);
	if (map_put(&engine->volumes_by_name, name, volume) < 0)
		abort();
	put_list((void **)&engine->volumes, volume, offsetof(struct volume, next));
	tell(engine, volume, "create");
	return volume;
}

void volume_free(struct volume *volume)
{
	free(volume->name);
	free(volume->json);
	json_decref(volume->labels);
	free(volume);
}

void volume_drop(struct docker_engine *engine, struct volume *volume)
{
	struct volume **at = &engine->volumes;

	while (*at != volume)
		at = &(*at)->next;
	*at = volume->next;
	map_drop(&engine->volumes_by_name, volume->name);
	tell(engine, volume, "destroy");
	volume_free(volume);
}

static bool uses(const struct container *container, const char *name)
{
	for (size_t i = 0; i < container->mount_count; i++)
		if (container->mounts[i].volume && !strcmp(container->mounts[i].volume, name))
			return true;
	return false;
}

size_t volume_users(const struct docker_engine *engine, const char *name, struct text *ids)
{
	size_t count = 0;

	for (const struct container *one = engine->containers; one; one = one->next) {
		if (!uses(one, name))
			continue;
		if (ids)
			text_format(ids, "%s%s", count ? ", " : "", one->id);
		count++;
	}
	return count;
}

const char *volume_name_wrong(const char *name, char *ret, size_t size)
{
	bool fits = isalnum((unsigned char)*name);

	for (const char *c = name; *c; c++)
		fits &= isalnum((unsigned char)*c) || strchr("_.-", *c);
	if (strlen(name) == 1)
		snprintf(ret, size,
			 "create %s: volume name is too short, names should be at least two alphanumeric "
			 "characters",
			 name);
	else if (!fits)
		snprintf(ret, size,
			 "create %s: \"%s\" includes invalid characters for a local volume name, only "
			 "\"[a-zA-Z0-9][a-zA-Z0-9_.-]\" are allowed. If you intended to pass a host "
			 "directory, use absolute path",
			 name, name);
	return strlen(name) == 1 || !fits ? ret : NULL;
}

void volume_create_asked(struct call *call)
{
	const json_t *body = call_body(call);
	char id[ID_LENGTH + 1], words[400];
	struct text to = {0};

	if (!body)
		return;
	const char *name = json_text(body, "Name") ?: "", *driver = json_text(body, "Driver") ?: "";
	if (*driver && strcmp(driver, "local") != 0) {
		refuse(call, 404, "create %s: error looking up volume plugin %s: plugin \"%s\" not found",
		       name, driver, driver);
		return;
	}
	if (*name && volume_name_wrong(name, words, sizeof(words))) {
		refuse(call, 400, "%s", words);
		return;
	}
	bool anonymous = !*name;
	if (anonymous)
		new_id(call->engine, id);
	struct volume *volume =
	    volume_made(call->engine, anonymous ? id : name, json_object_get(body, "Labels"));
	text_add(&to, volume->json);
	answer(call, 201, &to);
}

static struct volume *volume_of_call(struct call *call)
{
	struct volume *volume = volume_found(call->engine, call->part);

	if (!volume)
		refuse(call, 404, "get %s: no such volume", call->part);
	return volume;
}

void volume_asked(struct call *call)
{
	const struct volume *volume = volume_of_call(call);
	struct text to = {0};

	if (!volume)
		return;
	text_add(&to, volume->json);
	answer(call, 200, &to);
}

void volume_remove_asked(struct call *call)
{
	struct volume *volume = volume_of_call(call);
	owned_text ids = {0};

	if (!volume)
		return;
	if (volume_users(call->engine, volume->name, &ids)) {
		refuse(call, 409, "remove %s: volume is in use - [%s]", volume->name, text_view(&ids));
		return;
	}
	volume_drop(call->engine, volume);
	answer_nothing(call, 204);
}

static bool name_fits(const char *value, const void *volume)
{
	return strstr(((const struct volume *)volume)->name, value) != NULL;
}

void volumes_asked(struct call *call)
{
	static const char *const known[] = {"dangling", "name", "driver", "label", NULL};
	struct text to = {0};
	size_t count = 0;
	json_t *filters;

	if (filters_read(call, known, &filters) < 0)
		return;
	text_add(&to, "{\"Volumes\":[");
	for (const struct volume *one = call->engine->volumes; one; one = one->next) {
		if (!filter_labels(filters, one->labels) || !filter_any(filters, "name", name_fits, one))
			continue;
		text_add(&to, count++ ? "," : "");
		text_add(&to, one->json);
	}
	text_add(&to, "],\"Warnings\":null}");
	json_decref(filters);
	answer(call, 200, &to);
}
