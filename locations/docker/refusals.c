/* refusals.c - what a registry's refusal means: the engine passes its words on, and nothing but words. */
#include <string.h>

#include "locations/docker/registry.h"

enum meaning { UNTRUSTED, UNENCRYPTED, UNNAMED, LIMITED, DENIED, ABSENT, FULL, PASSING, UNKNOWN };

/* The first that is found counts. */
static const struct sign {
	const char *words;
	enum meaning meaning;
} signs[] = {
    {"x509:", UNTRUSTED},
    {"remote error: tls", UNTRUSTED},
    {"gave HTTP response to HTTPS client", UNENCRYPTED},
    {"permission denied", UNKNOWN}, /* the engine's own, on its disk */
    {"lookup ", UNNAMED},
    {"no such host", UNNAMED},
    {"toomanyrequests", LIMITED},
    {"rate limit", LIMITED},
    {"429 Too Many Requests", LIMITED},
    {"unauthorized", DENIED},
    {"denied", DENIED},
    {"no basic auth credentials", DENIED},
    {"authentication required", DENIED},
    {"authorization failed", DENIED},
    {"may require authorization", DENIED},
    {"incorrect username or password", DENIED},
    {"401 ", DENIED},
    {"403 Forbidden", DENIED},
    /* After HTTPS failed for want of a login, the engine tries a registry on its own machine without. */
    {"sent an HTTP request to an HTTPS server", DENIED},
    {"manifest unknown", ABSENT},
    {"name unknown", ABSENT},
    {"no matching manifest", ABSENT},
    {"not found", ABSENT},
    {"does not exist", ABSENT},
    {"invalid reference", ABSENT},
    {"no space left", FULL},
    {"HTTP status: 5", PASSING},
    {"connection reset", PASSING},
    {"connection refused", PASSING},
    {"broken pipe", PASSING},
    {"timeout", PASSING},
    {"timed out", PASSING},
    {"deadline exceeded", PASSING},
    {"EOF", PASSING},
    {"broke off", PASSING},
};

/* The words without addresses and the image's name, which may look like anything. */
static void leave_names_out(struct text *bare, const char *words, const char *image)
{
	size_t name = strcspn(image, "@");
	const char *slash = memrchr(image, '/', name), *from = slash ? slash : image;
	const char *tag = memchr(from, ':', name - (size_t)(from - image));

	if (tag)
		name = (size_t)(tag - image);
	while (*words) {
		size_t skipped = 0;
		if (!strncmp(words, "\"http", 5))
			skipped = 1 + strcspn(words + 1, "\"");
		else if (!strncmp(words, image, name))
			skipped = name;
		else
			text_add_char(bare, *words);
		words += skipped ? skipped : 1;
	}
}

static enum meaning meaning_of(const char *words, const char *image)
{
	owned_text bare = {0};

	leave_names_out(&bare, words, image);
	for (size_t i = 0; i < COUNT_OF(signs); i++)
		if (strcasestr(text_view(&bare), signs[i].words))
			return signs[i].meaning;
	return UNKNOWN;
}

/* "docker login HOST", which Docker Hub's needs not. */
static const char *login_command(struct arena *arena, const struct login *login)
{
	const char *command =
	    *login->host ? arena_format(arena, "docker login %s", login->host) : "docker login";

	return command ? command : "docker login";
}

static void help_denied(const struct login *login, struct error *err)
{
	owned_by(arena_release) struct arena arena = {0};
	const char *command = login_command(&arena, login);

	if (login->trouble.remedy[0])
		remedy(err, "%s", login->trouble.remedy);
	else if (login->trouble.code)
		remedy(err, "see to that program, or log in without it: `%s`", command);
	else if (login->source)
		remedy(err, "the login from %s was not enough: `%s` again, with one that may pull it",
		       login->source, command);
	else
		remedy(err,
		       "check the spelling of the image; for a private one, `%s` as the user who deploys",
		       command);
}

static void help(enum meaning meaning, const struct login *login, struct error *err)
{
	switch (meaning) {
	case UNTRUSTED:
		remedy(err,
		       "have the engine trust it: its authority's certificate goes to "
		       "/etc/docker/certs.d/%s/ca.crt on the engine's machine",
		       *login->host ? login->host : "docker.io");
		break;
	case UNENCRYPTED:
		remedy(
		    err,
		    "it speaks plain HTTP: name it in `insecure-registries` of the engine's daemon.json, or "
		    "give it a certificate");
		break;
	case UNNAMED:
		remedy(err,
		       "check the registry's name; is there a resolver that the engine's machine reaches?");
		break;
	case LIMITED:
		remedy(err, login->source ? "wait, or ask the registry for a higher limit"
					  : "wait, or log in (`docker login`): the limit is higher then");
		break;
	case DENIED:
		help_denied(login, err);
		break;
	case ABSENT:
		remedy(err, "check the spelling of the image and its tag");
		break;
	case FULL:
		remedy(err, "make room on the engine's machine (`docker system df`, `docker image prune`)");
		break;
	default:
		remedy(err,
		       "see whether the engine's machine reaches the image's registry, or `docker load` the "
		       "image there");
	}
}

static enum code code_of(enum meaning meaning)
{
	return meaning == DENIED || meaning == UNTRUSTED ? ERR_DENIED
	       : meaning == ABSENT                       ? ERR_MISSING
							 : ERR_FAILED;
}

bool registry_refused(const struct login *login, const char *image, const char *cannot, const char *words,
		      struct error *err)
{
	enum meaning meaning = meaning_of(words, image);
	/* A login that could not be had would have been of use. */
	bool wanting = login->trouble.code && (meaning == DENIED || meaning == LIMITED);

	fail(err, code_of(meaning), "location `%s`: cannot %s `%s`: %s%s%s", login->docker->location->name,
	     cannot, image, words, wanting ? "; and no login could be had: " : "",
	     wanting ? login->trouble.text : "");
	help(meaning, login, err);
	return meaning == PASSING || meaning == LIMITED;
}
