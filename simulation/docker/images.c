/* images.c - images by their tags and digests, and those that are loaded. */
#include <fnmatch.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/digest.h"
#include "simulation/docker/model.h"

enum { SIZE = 1984158 };

/* --- names ------------------------------------------------------------------------------------------ */

static const char *familiar(const char *reference)
{
	static const char *const prefixes[] = {"docker.io/library/", "docker.io/"};

	for (size_t i = 0; i < COUNT_OF(prefixes); i++)
		if (starts_with(reference, prefixes[i]))
			return reference + strlen(prefixes[i]);
	return reference;
}

/* Of "host:5000/x:3@sha256:...": how much is the name alone, and whether a tag follows. */
static size_t name_length(const char *reference, bool *ret_tagged)
{
	size_t whole = strcspn(reference, "@");
	const char *slash = memrchr(reference, '/', whole), *from = slash ? slash : reference;
	const char *colon = memchr(from, ':', whole - (size_t)(from - reference));

	*ret_tagged = colon != NULL;
	return colon ? (size_t)(colon - reference) : whole;
}

char *whole_reference(const char *reference)
{
	const char *digest = strchr(reference, '@');
	bool tagged;
	size_t length = name_length(reference, &tagged);

	if (digest)
		return format("%.*s%s", (int)length, familiar(reference), digest);
	if (starts_with(reference, "sha256:"))
		return copy(reference);
	return format("%s%s", familiar(reference), tagged ? "" : ":latest");
}

static bool holds(const json_t *list, const char *word)
{
	const json_t *one;
	size_t i;

	json_array_foreach (list, i, one)
		if (!strcmp(json_string_value(one), word))
			return true;
	return false;
}

struct image *image_found(struct docker_engine *engine, const char *reference)
{
	owned_memory char *whole = whole_reference(reference);
	const char *digits = starts_with(reference, "sha256:") ? reference + 7 : reference;
	bool hex = *digits && strspn(digits, "0123456789abcdef") == strlen(digits);

	for (struct image *image = engine->images; image; image = image->next)
		if (holds(image->tags, whole) || holds(image->digests, whole))
			return image;
	for (struct image *image = engine->images; hex && image; image = image->next)
		if (starts_with(image->id + 7, digits))
			return image;
	return NULL;
}

/* --- made and tagged ----------------------------------------------------------------------------------- */

static struct image *image_new(struct docker_engine *engine)
{
	struct image *image = must(calloc(1, sizeof(*image)));
	char id[ID_LENGTH + 1];

	new_id(engine, id);
	snprintf(image->id, sizeof(image->id), "sha256:%s", id);
	image->tags = must_json(json_array());
	image->digests = must_json(json_array());
	image->config = must_json(json_pack("{s:[s]}", "Cmd", "sh"));
	image->created_s = stamp(engine) / (NS_OF_MS * 1000);
	put_list((void **)&engine->images, image, offsetof(struct image, next));
	return image;
}

static void untag(struct docker_engine *engine, const char *whole)
{
	const json_t *tag;
	size_t i;

	for (struct image *image = engine->images; image; image = image->next)
		json_array_foreach (image->tags, i, tag)
			if (!strcmp(json_string_value(tag), whole)) {
				json_array_remove(image->tags, i);
				return;
			}
}

static void image_tag(struct docker_engine *engine, struct image *image, const char *reference)
{
	owned_memory char *whole = whole_reference(reference);

	if (strchr(whole, '@'))
		return;
	untag(engine, whole);
	json_array_append_new(image->tags, must_json(json_string(whole)));
}

void image_free(struct image *image)
{
	json_decref(image->tags);
	json_decref(image->digests);
	json_decref(image->config);
	free(image);
}

static char *digest_reference(const char *reference, const char *digest)
{
	bool tagged;
	int length = (int)name_length(familiar(reference), &tagged);

	return format("%.*s@%s", length, familiar(reference), digest);
}

const char *docker_engine_image(struct docker_engine *engine, const char *reference, const char *digest)
{
	owned_memory char *by_digest = digest ? digest_reference(reference, digest) : NULL;
	struct image *image = by_digest ? image_found(engine, by_digest) : NULL;

	if (!image) {
		image = image_new(engine);
		if (by_digest) {
			char hex[DIGEST_HEX];
			/* The same content is the same image, whenever it is fetched. */
			(void)digest_hex(by_digest, strlen(by_digest), hex);
			snprintf(image->id, sizeof(image->id), "sha256:%s", hex);
			json_array_append_new(image->digests, must_json(json_string(by_digest)));
		}
	}
	image_tag(engine, image, reference);
	return image->id;
}

static bool in_use(const struct docker_engine *engine, const struct image *image)
{
	for (const struct container *one = engine->containers; one; one = one->next)
		if (one->image == image)
			return true;
	return false;
}

/* Those that were there once are remembered by containers that are gone. */
void docker_engine_untag(struct docker_engine *engine, const char *reference)
{
	owned_memory char *whole = whole_reference(reference);
	struct image *image = image_found(engine, reference), **at = &engine->images;

	untag(engine, whole);
	if (!image || json_array_size(image->tags) || in_use(engine, image))
		return;
	while (*at != image)
		at = &(*at)->next;
	*at = image->next;
	image->next = engine->old_images;
	engine->old_images = image;
}

/* --- told -------------------------------------------------------------------------------------- */

static bool reference_fits(const char *pattern, const void *reference_)
{
	const char *reference = reference_;
	bool tagged;
	owned_memory char *name = must(strndup(reference, name_length(reference, &tagged)));

	return fnmatch(pattern, reference, FNM_PATHNAME) == 0 || fnmatch(pattern, name, FNM_PATHNAME) == 0;
}

/* Those of the list that are asked for; NULL: none. */
static json_t *shown(const json_t *list, const json_t *filters)
{
	json_t *wanted = NULL, *one;
	size_t i;

	json_array_foreach ((json_t *)list, i, one)
		if (filter_any(filters, "reference", reference_fits, json_string_value(one))) {
			wanted = wanted ? wanted : must_json(json_array());
			json_array_append(wanted, one);
		}
	return wanted;
}

static void put_image(struct text *to, const struct image *image, const json_t *filters)
{
	owned_json tags = shown(image->tags, filters);
	owned_json digests = shown(image->digests, filters);

	if (!tags && !digests) {
		if (json_object_get(filters, "reference"))
			return;
		tags = must_json(json_pack("[s]", "<none>:<none>"));
		digests = must_json(json_pack("[s]", "<none>@<none>"));
	}
	text_format(to, "%s{\"Containers\":-1,\"Created\":%lld,\"Id\":\"%s\",\"Labels\":",
		    to->length > 1 ? "," : "", (long long)image->created_s, image->id);
	put_json(to, json_object_get(image->config, "Labels"));
	text_add(to, ",\"ParentId\":\"\",\"RepoDigests\":");
	put_json(to, digests);
	text_add(to, ",\"RepoTags\":");
	put_json(to, tags);
	text_format(to, ",\"SharedSize\":-1,\"Size\":%d,\"VirtualSize\":%d}", SIZE, SIZE);
}

/* The youngest first. */
void images_asked(struct call *call)
{
	static const char *const known[] = {"dangling", "label", "before", "since", "reference", NULL};
	const struct image **order;
	struct text to = {0};
	size_t count = 0;
	json_t *filters;

	if (filters_read(call, known, &filters) < 0)
		return;
	for (const struct image *one = call->engine->images; one; one = one->next)
		count++;
	order = must(calloc(count + 1, sizeof(*order)));
	count = 0;
	for (const struct image *one = call->engine->images; one; one = one->next)
		order[count++] = one;
	text_add_char(&to, '[');
	while (count > 0)
		put_image(&to, order[--count], filters);
	text_add_char(&to, ']');
	free(order);
	json_decref(filters);
	answer(call, 200, &to);
}

void image_asked(struct call *call)
{
	const struct image *image = image_found(call->engine, call->part);
	owned_memory char *whole = whole_reference(call->part);
	struct text to = {0};

	if (!image) {
		refuse(call, 404, "no such image: %s: No such image: %s", call->part, whole);
		return;
	}
	text_format(&to, "{\"Id\":\"%s\",\"RepoTags\":", image->id);
	put_json(&to, image->tags);
	text_add(&to, ",\"RepoDigests\":");
	put_json(&to, image->digests);
	text_add(&to, ",\"Created\":\"");
	put_time(&to, image->created_s * NS_OF_MS * 1000);
	text_add(&to, "\",\"Config\":");
	put_json(&to, image->config);
	text_format(&to, ",\"Architecture\":\"amd64\",\"Os\":\"linux\",\"Size\":%d}", SIZE);
	answer(call, 200, &to);
}

/* --- loaded --------------------------------------------------------------------------------------------- */

static json_t *json_of(const struct call *call, const char *name, char *ret_hex)
{
	const char *at = call->body, *end = call->body + call->body_size;
	struct tar_entry entry;

	while (call->body && tar_next(&at, end, &entry))
		if (!strcmp(entry.name, name)) {
			if (ret_hex)
				(void)digest_hex(entry.content, entry.size, ret_hex);
			return json_loadb(entry.content, entry.size, 0, NULL);
		}
	return NULL;
}

static void load_one(struct docker_engine *engine, const json_t *config, const char *hex, const json_t *tags)
{
	owned_memory char *id = format("sha256:%s", hex);
	struct image *image = image_found(engine, id);
	const json_t *tag;
	size_t i;

	if (!image) {
		image = image_new(engine);
		snprintf(image->id, sizeof(image->id), "%s", id);
		json_decref(image->config);
		json_t *its = json_object_get(config, "config");
		image->config = must_json(json_is_object(its) ? json_deep_copy(its) : json_object());
	}
	json_array_foreach (tags, i, tag)
		image_tag(engine, image, json_string_value(tag));
}

#define NO_IMAGE "\"open /var/lib/docker/tmp/docker-import-1/repositories: no such file or directory\""

void load_asked(struct call *call)
{
	char hex[DIGEST_HEX];
	owned_json manifest = json_of(call, "manifest.json", NULL);
	const json_t *one = json_array_get(manifest, 0), *tags = json_object_get(one, "RepoTags");
	owned_json config = one ? json_of(call, json_text(one, "Config") ?: "", hex) : NULL;
	const char *tag = json_string_value(json_array_get(tags, 0));
	struct text to = {0};

	if (!config) {
		text_add(&to, "{\"errorDetail\":{\"message\":" NO_IMAGE "},\"error\":" NO_IMAGE "}");
		answer(call, 200, &to);
		return;
	}
	load_one(call->engine, config, hex, tags);
	text_format(&to, "{\"stream\":\"Loaded image%s: %s\\n\"}", tag ? "" : " ID", tag ? tag : hex);
	answer(call, 200, &to);
}
