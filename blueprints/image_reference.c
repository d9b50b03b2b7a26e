/* image_reference.c - docker's image references: their grammar, their full form and the familiar one. */
#include <ctype.h>
#include <string.h>

#include "base/text.h"
#include "blueprints/blueprint.h"

#define REPOSITORY_LIMIT 255
#define TAG_LIMIT        128
#define DIGEST_LENGTH    (7 + 64)

static int refuse(struct error *err, const char *text, const char *why)
{
	return fail(err, ERR_INVALID, "`%.200s` is no image reference: %s", text, why);
}

static bool is_small(char c)
{
	return (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9');
}

/* One part of a repository between slashes: small letters and digits, joined by ".", "_", "__" or dashes. */
static bool valid_part(const char *part, size_t length)
{
	if (!length || !is_small(part[0]) || !is_small(part[length - 1]))
		return false;
	for (size_t i = 0; i < length;) {
		size_t run = 1;
		if (is_small(part[i])) {
			i++;
			continue;
		}
		while (part[i + run] == part[i] && i + run < length)
			run++;
		bool joint = part[i] == '-' || (part[i] == '_' && run <= 2) || (part[i] == '.' && run == 1);
		if (!joint || !is_small(part[i + run]))
			return false;
		i += run;
	}
	return true;
}

static bool has_capital(const char *text)
{
	for (; *text; text++)
		if (isupper((unsigned char)*text))
			return true;
	return false;
}

static int check_repository(const char *repository, const char *whole, struct error *err)
{
	if (!*repository)
		return refuse(err, whole, "it has no name");
	if (strlen(repository) > REPOSITORY_LIMIT)
		return refuse(err, whole, "its name is longer than 255 characters");
	if (has_capital(repository)) {
		refuse(err, whole, "its name must be in small letters");
		remedy(err, "write the name in small letters; only a tag may have capitals");
		return -1;
	}
	for (const char *part = repository;;) {
		const char *end = strchrnul(part, '/');
		if (!valid_part(part, (size_t)(end - part)))
			return refuse(
			    err, whole,
			    "a name is made of small letters and digits, joined by `.`, `_`, `-` and `/`");
		if (!*end)
			return 0;
		part = end + 1;
	}
}

static int check_tag(const char *tag, const char *whole, struct error *err)
{
	size_t length = strlen(tag);

	if (!length)
		return refuse(err, whole, "nothing follows the `:`");
	if (length > TAG_LIMIT)
		return refuse(err, whole, "its tag is longer than 128 characters");
	for (size_t i = 0; i < length; i++)
		if (!isalnum((unsigned char)tag[i]) && tag[i] != '_' && (i == 0 || !strchr(".-", tag[i])))
			return refuse(err, whole, "a tag is made of letters, digits, `_`, `.` and `-`");
	return 0;
}

static int check_digest(const char *digest, const char *whole, struct error *err)
{
	bool good = strlen(digest) == DIGEST_LENGTH && starts_with(digest, "sha256:");

	for (const char *c = digest + 7; good && *c; c++)
		good = isdigit((unsigned char)*c) || (*c >= 'a' && *c <= 'f');
	return good ? 0 : refuse(err, whole, "a digest is `sha256:` and 64 hexadecimal digits");
}

/* Docker's rule: the first part is a registry when it has a dot or a port, or is "localhost". */
static bool is_registry(const char *part, size_t length)
{
	return memchr(part, '.', length) || memchr(part, ':', length) ||
	       (length == 9 && !strncmp(part, "localhost", 9));
}

static int check_registry(const char *registry, const char *whole, struct error *err)
{
	const char *port = strrchr(registry, ':');
	int64_t number;

	if (port && !strchr(port, ']') && !parse_number(port + 1, 1, 65535, &number))
		return refuse(err, whole, "the registry's port must be from 1 to 65535");
	size_t length = port && !strchr(port, ']') ? (size_t)(port - registry) : strlen(registry);
	if (!length)
		return refuse(err, whole, "the registry has no name");
	for (size_t i = 0; i < length; i++)
		if (!isalnum((unsigned char)registry[i]) && !strchr(".-[]:", registry[i]))
			return refuse(err, whole, "the registry is no host name");
	return 0;
}

static const char *familiar_form(struct arena *arena, const struct image_reference *image,
				 const char *repository)
{
	bool hub = !strcmp(image->registry, "docker.io");

	return arena_format(arena, "%s%s%s%s%s%s%s", hub ? "" : image->registry, hub ? "" : "/", repository,
			    image->tag ? ":" : "", image->tag ? image->tag : "", image->digest ? "@" : "",
			    image->digest ? image->digest : "");
}

/* Cut tag and digest off the copy of the text and check them. */
static int split(char *copy, const char *text, struct image_reference *image, struct error *err)
{
	char *at = strchr(copy, '@');
	if (at) {
		*at = '\0';
		image->digest = at + 1;
		if (check_digest(image->digest, text, err))
			return -1;
	}
	char *slash = strrchr(copy, '/');
	char *colon = strchr(slash ? slash : copy, ':');
	if (colon) {
		*colon = '\0';
		image->tag = colon + 1;
		return check_tag(image->tag, text, err);
	}
	return 0;
}

int image_reference_parse(struct arena *arena, const char *text, struct image_reference *ret,
			  struct error *err)
{
	struct image_reference image = {.registry = "docker.io"};
	char *copy = arena_text(arena, text);

	if (!copy)
		return fail_memory(err);
	if (split(copy, text, &image, err))
		return -1;
	const char *repository = copy;
	char *slash = strchr(copy, '/');
	if (slash && is_registry(copy, (size_t)(slash - copy))) {
		*slash = '\0';
		image.registry = strcmp(copy, "index.docker.io") ? copy : "docker.io";
		repository = slash + 1;
		if (check_registry(image.registry, text, err))
			return -1;
	}
	if (check_repository(repository, text, err))
		return -1;
	bool hub = !strcmp(image.registry, "docker.io");
	const char *short_name = hub && starts_with(repository, "library/") ? repository + 8 : repository;
	if (!image.tag && !image.digest)
		image.tag = "latest";
	image.repository =
	    hub && !strchr(repository, '/') ? arena_format(arena, "library/%s", repository) : repository;
	image.familiar = familiar_form(arena, &image, short_name);
	if (!image.repository || !image.familiar)
		return fail_memory(err);
	*ret = image;
	return 0;
}
