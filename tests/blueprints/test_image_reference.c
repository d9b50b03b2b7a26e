/* test_image_reference.c - docker's grammar of images. */
#include <criterion/criterion.h>
#include <string.h>

#include "blueprints/blueprint.h"

#define HEX64 "0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef"

static struct arena arena;

static void close_all(void)
{
	arena_release(&arena);
}

TestSuite(image_reference, .fini = close_all);

static void good(const char *text, const char *familiar, const char *registry, const char *repository,
		 const char *tag)
{
	struct image_reference image;
	struct error err = {0};
	cr_assert_eq(image_reference_parse(&arena, text, &image, &err), 0, "%s: %s", text, err.text);
	cr_assert_str_eq(image.familiar, familiar);
	cr_assert_str_eq(image.registry, registry);
	cr_assert_str_eq(image.repository, repository);
	cr_assert_eq(image.tag == NULL, tag == NULL);
	if (tag)
		cr_assert_str_eq(image.tag, tag);
}

static void bad(const char *text, const char *words)
{
	struct image_reference image = {.tag = "untouched"};
	struct error err = {0};
	cr_assert_eq(image_reference_parse(&arena, text, &image, &err), -1, "%s", text);
	cr_assert_eq(err.code, ERR_INVALID);
	cr_assert(strstr(err.text, words), "`%s` does not say `%s`", err.text, words);
	cr_assert_str_eq(image.tag, "untouched");
}

Test(image_reference, short_names_are_the_hubs)
{
	good("redis", "redis:latest", "docker.io", "library/redis", "latest");
	good("redis:3", "redis:3", "docker.io", "library/redis", "3");
	good("library/redis:3", "redis:3", "docker.io", "library/redis", "3");
	good("docker.io/library/redis", "redis:latest", "docker.io", "library/redis", "latest");
	good("clockercentral/dnmonster:1.0", "clockercentral/dnmonster:1.0", "docker.io",
	     "clockercentral/dnmonster", "1.0");
}

Test(image_reference, registries_are_told_by_dot_port_or_localhost)
{
	good("host:5000/x:1", "host:5000/x:1", "host:5000", "x", "1");
	good("localhost/x", "localhost/x:latest", "localhost", "x", "latest");
	good("quay.io/a/b__c-d:V1", "quay.io/a/b__c-d:V1", "quay.io", "a/b__c-d", "V1");
}

Test(image_reference, a_digest_needs_no_tag)
{
	good("x@sha256:" HEX64, "x@sha256:" HEX64, "docker.io", "library/x", NULL);
	good("x:1@sha256:" HEX64, "x:1@sha256:" HEX64, "docker.io", "library/x", "1");
}

Test(image_reference, what_docker_refuses_is_refused)
{
	char tag[140] = "x:";
	memset(tag + 2, 'a', 129);
	bad("", "no name");
	bad("UPPER", "small letters");
	bad("UPPER//x:", "nothing follows");
	bad("a//b", "joined by");
	bad("a..b", "joined by");
	bad("-a", "joined by");
	bad("x:.dot", "a tag is made of");
	bad("x:a b", "a tag is made of");
	bad(tag, "longer than 128");
	bad("x@sha256:12", "64 hexadecimal");
	bad("host:99999/x", "port");
}
