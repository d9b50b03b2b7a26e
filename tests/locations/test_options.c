/* test_options.c - paths and secrets of this machine, as a location's options name them. */
#include <criterion/criterion.h>
#include <stdio.h>
#include <string.h>

#include "base/cleanup.h"
#include "locations/options.h"
#include "tests/support/virtual_world.h"

static struct world *world;
static struct location location;
static struct arena arena;
static struct error err;
static char home[512];

static const char *environment(const char *name)
{
	return !strcmp(name, "HOME") ? home : !strcmp(name, "TOKEN") ? "t0ken" : NULL;
}

static void begin(void)
{
	world = virtual_world_new(1);
	snprintf(home, sizeof home, "%s", virtual_world_directory(world));
	location = (struct location){.world = world, .name = "lab", .environment = environment};
}

static void end(void)
{
	arena_release(&arena);
	virtual_world_free(world);
}

TestSuite(options, .init = begin, .fini = end);

static void write_file(const char *name, const char *content)
{
	char path[600];
	snprintf(path, sizeof path, "%s/%s", home, name);
	cr_assert_eq(world->ops->file_write(world, path, 0600, content, strlen(content), &err), 0, "%s",
		     err.text);
}

static const char *secret(const char *key, const char *text)
{
	const char *said = NULL;
	return option_secret(&location, &arena, key, text, &said, &err) ? NULL : said;
}

Test(options, a_path_begins_at_the_root_or_at_the_home)
{
	const char *path;
	cr_assert_eq(option_path(&location, &arena, "ca", "/etc/ca.pem", &path, &err), 0);
	cr_expect_str_eq(path, "/etc/ca.pem");
	cr_assert_eq(option_path(&location, &arena, "ca", "~/ca.pem", &path, &err), 0);
	cr_expect(starts_with(path, home) && !strcmp(path + strlen(home), "/ca.pem"), "%s", path);
	cr_assert_eq(option_path(&location, &arena, "ca", "ca.pem", &path, &err), -1);
	cr_expect_str_eq(err.text, "location `lab`: `ca` must be a path that begins with / or ~/");
}

Test(options, a_secret_is_a_variable_or_the_first_line_of_a_file)
{
	write_file("token", "s3cret\r\nof no matter\n");
	cr_expect_str_eq(secret("password", "env:TOKEN"), "t0ken");
	cr_expect_str_eq(secret("password", "file:~/token"), "s3cret");
	cr_expect_str_eq(secret("password", "as it is"), "as it is");
	cr_assert_null(secret("password", "env:NOBODY"));
	cr_expect_str_eq(err.text, "location `lab`: `password`: the variable `NOBODY` is not set");
	cr_assert_null(secret("password", "file:token"));
	cr_expect_eq(err.code, ERR_INVALID);
	cr_assert_null(secret("password", "file:~/nowhere"));
	cr_expect_null(strstr(err.text, "s3cret"));
}

/* Its first line alone is none. */
Test(options, a_private_key_is_the_whole_file)
{
	static const char key[] = "-----BEGIN KEY-----\nabc\n-----END KEY-----\n";
	write_file("key", key);
	cr_expect_str_eq(secret("privateKeyData", "file:~/key"), key);
}
