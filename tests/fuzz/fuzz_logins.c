/* fuzz_logins.c - docker's own files, written by whoever: config.json, the description of a context, and what
 * a credential helper says; a line of two percent signs between one and the next. */
#include "tests/fuzz/pieces.h"

#include <stdio.h>
#include <string.h>

#include "base/digest.h"
#include "locations/docker/registry.h"
#include "tests/support/virtual_world.h"

static char folder[300];

static const char *environment(const char *name)
{
	return strcmp(name, "DOCKER_CONFIG") ? NULL : folder;
}

static void lay(struct world *world, const char *below, const char *name, struct piece content)
{
	char path[600];

	snprintf(path, sizeof path, "%s%s", folder, below);
	HOLDS(!world->ops->directories_make(world, path, 0700, NULL));
	snprintf(path, sizeof path, "%s%s/%s", folder, below, name);
	HOLDS(!world->ops->file_write(world, path, 0600, content.text, content.size, NULL));
}

static void found(void *owner)
{
	(void)owner;
}

static void log_in(struct docker *docker, const char *image)
{
	struct login login = {0};

	login_find(&login, docker, image, found, NULL);
	HOLDS(!login.header.failed);
	login_wipe(&login);
	login_release(&login);
}

static void hear(struct piece said, int code)
{
	const struct command_answer answer = {.end = {.exit_code = code},
					      .output = said.text,
					      .output_size = said.size,
					      .errors = said.text,
					      .errors_size = said.size};
	struct error err = {0};
	owned_secret_json login = NULL;

	HOLDS(!helper_read(&answer, "docker-credential-x", &login, &err) || *err.text);
}

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t size)
{
	struct pieces pieces = pieces_of(bytes, size);
	struct piece config = pieces_next(&pieces), context = pieces_next(&pieces),
		     said = pieces_next(&pieces);
	struct world *world = virtual_world_new(1);
	struct error err = {0};
	char digest[DIGEST_HEX], below[200];

	HOLDS(world && !digest_hex("far", 3, digest));
	snprintf(folder, sizeof folder, "%s/docker", virtual_world_directory(world));
	snprintf(below, sizeof below, "/contexts/meta/%s", digest);
	lay(world, "", "config.json", config);
	lay(world, below, "meta.json", context);
	/* The engine that docker itself would use, and the one of that context. */
	for (int named = 0; named < 2; named++) {
		const struct location_spec spec = {
		    .name = "here", .type = "docker", .target = named ? "context=far" : ""};
		struct location location = {.driver = &docker_driver,
					    .world = world,
					    .name = "here",
					    .spec = &spec,
					    .state_directory = "/nonexistent",
					    .helper = "",
					    .environment = environment};
		if (docker_driver.open(&location, &err)) {
			HOLDS(*err.text);
			continue;
		}
		log_in(location.state, "busybox:1");
		log_in(location.state, "127.0.0.1:5000/x");
		docker_driver.close(&location);
	}
	hear(said, 0);
	hear(said, 1);
	virtual_world_free(world);
	pieces_release(&pieces);
	return 0;
}
