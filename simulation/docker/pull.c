/* pull.c - an image is fetched from a registry, line by line, or a registry refuses. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "simulation/docker/model.h"

enum { STEPS = 4, LAYER_SIZE = 41943040, AT_ONCE_MS = 2 };

#define ABSENT                                                                                               \
	"pull access denied for %s, repository does not exist or may require 'docker login': denied: "       \
	"requested access to the resource is denied"

/* A pull under way. */
struct pulling {
	char *reference;
	const struct docker_registry *registry;
	unsigned steps;
};

void docker_engine_registry(struct docker_engine *engine, const struct docker_registry *wanted)
{
	struct registry *registry = must(calloc(1, sizeof(*registry)));

	registry->registry = *wanted;
	registry->registry.reference = whole_reference(wanted->reference);
	registry->registry.digest = copy_or_null(wanted->digest);
	registry->registry.words = copy_or_null(wanted->words);
	*engine->registries_end = registry;
	engine->registries_end = &registry->next;
}

/* By its tag, or by a digest that some tag has. */
static const struct docker_registry *registry_of(struct docker_engine *engine, const char *reference)
{
	owned_memory char *whole = whole_reference(reference);
	const struct docker_registry *found = NULL;
	const char *digest = strchr(whole, '@');

	for (const struct registry *one = engine->registries; one; one = one->next) {
		const struct docker_registry *registry = &one->registry;
		bool same_name = digest && !strncmp(registry->reference, whole, (size_t)(digest - whole));
		if (!strcmp(registry->reference, whole) ||
		    (same_name && registry->digest && !strcmp(registry->digest, digest + 1)))
			found = registry;
	}
	return found;
}

void distribution_asked(struct call *call)
{
	const struct docker_registry *registry = registry_of(call->engine, call->part);
	struct text to = {0};

	if (!registry) {
		refuse(call, 401,
		       "errors:\ndenied: requested access to the resource is denied\nunauthorized: "
		       "authentication required\n");
		return;
	}
	if (!registry->digest) {
		refuse(call, registry->status > 299 ? registry->status : 500, "%s",
		       registry->words ? registry->words : "");
		return;
	}
	text_format(
	    &to,
	    "{\"Descriptor\":{\"mediaType\":\"application/vnd.docker.distribution.manifest.v2+json\","
	    "\"digest\":\"%s\",\"size\":528},\"Platforms\":[{\"architecture\":\"amd64\",\"os\":\"linux\""
	    "}]}",
	    registry->digest);
	answer(call, 200, &to);
}

/* --- line by line ------------------------------------------------------------------------------ */

static void line(struct call *call, const char *format, ...) __attribute__((format(printf, 2, 3)));

static void line(struct call *call, const char *format, ...)
{
	struct text text = {0};
	va_list arguments;

	va_start(arguments, format);
	text_vformat(&text, format, arguments);
	va_end(arguments);
	text_add(&text, "\r\n");
	stream_add(call, text.data, text.length);
	text_release(&text);
}

static void pulling_gone(struct call *call)
{
	struct pulling *pulling = call->own;

	free(pulling->reference);
	pulling->reference = NULL;
}

static void fetched(struct call *call)
{
	struct pulling *pulling = call->own;
	const char *digest = pulling->registry->digest;
	size_t count = 0, before = 0;

	for (const struct image *one = call->engine->images; one; one = one->next)
		before++;
	docker_engine_image(call->engine, pulling->reference, digest);
	for (const struct image *one = call->engine->images; one; one = one->next)
		count++;
	line(call, "{\"status\":\"Digest: %s\"}", digest);
	line(call, "{\"status\":\"Status: %s %s\"}",
	     count > before ? "Downloaded newer image for" : "Image is up to date for", pulling->reference);
	pulling_gone(call);
	stream_end(call);
}

static void broke_off(struct call *call)
{
	const struct pulling *pulling = call->own;
	struct text words = {0};

	put_quoted(&words, pulling->registry->words ? pulling->registry->words : "unexpected EOF");
	line(call, "{\"errorDetail\":{\"message\":%s},\"error\":%s}", text_view(&words), text_view(&words));
	text_release(&words);
	pulling_gone(call);
	stream_end(call);
}

static void next_piece(struct event *event)
{
	struct call *call = owner_of(event, struct call, next_step);
	struct pulling *pulling = call->own;
	const struct docker_registry *registry = pulling->registry;

	if (++pulling->steps > STEPS) {
		if (registry->digest)
			fetched(call);
		else
			broke_off(call);
		return;
	}
	line(
	    call,
	    "{\"status\":\"Downloading\",\"progressDetail\":{\"current\":%u,\"total\":%u},\"progress\":\"[=> "
	    "]\",\"id\":\"e3ab76564be0\"}",
	    LAYER_SIZE / STEPS * pulling->steps, LAYER_SIZE);
	if (clock_add(call->engine->clock, &call->next_step, registry->pull_ms / (STEPS + 1)) < 0)
		abort();
}

static void begin(struct call *call, char *reference, const struct docker_registry *registry)
{
	struct pulling *pulling = must(calloc(1, sizeof(*pulling)));
	const char *tag = strchr(reference, '@');

	pulling->reference = reference;
	pulling->registry = registry;
	call->own = pulling;
	call->gone = pulling_gone;
	tag = tag ? tag : strrchr(reference, ':');
	stream_begin(call, "application/json");
	line(call, "{\"status\":\"Pulling from %.*s\",\"id\":\"%s\"}", (int)(tag - reference), reference,
	     tag + 1);
	line(call, "{\"status\":\"Pulling fs layer\",\"progressDetail\":{},\"id\":\"e3ab76564be0\"}");
	event_prepare(&call->next_step, next_piece);
	int64_t wait_ms = registry->pull_ms / (STEPS + 1);
	if (clock_add(call->engine->clock, &call->next_step, wait_ms ? wait_ms : AT_ONCE_MS) < 0)
		abort();
}

static bool has_upper_case(const char *name)
{
	const char *slash = strchr(name, '/');

	for (const char *c = slash ? slash : name; *c; c++)
		if (*c >= 'A' && *c <= 'Z')
			return true;
	return false;
}

void pull_asked(struct call *call)
{
	owned_memory char *name = query_value(call, "fromImage"), *tag = query_value(call, "tag");

	if (!name || !*name) {
		refuse(call, 400, "invalid reference format");
		return;
	}
	if (has_upper_case(name)) {
		refuse(call, 400, "invalid reference format: repository name must be lowercase");
		return;
	}
	bool digest = tag && starts_with(tag, "sha256:");
	owned_memory char *written = format("%s%s%s", name,
					    !tag || !*tag ? ""
					    : digest      ? "@"
							  : ":",
					    tag ? tag : "");
	char *whole = whole_reference(written);
	const struct docker_registry *registry = registry_of(call->engine, whole);
	if (registry && (registry->digest || registry->status == 200)) {
		begin(call, whole, registry);
		return;
	}
	free(whole);
	if (registry)
		refuse(call, registry->status ? registry->status : 500, "%s",
		       registry->words ? registry->words : "");
	else
		refuse(call, 404, ABSENT, name);
}
