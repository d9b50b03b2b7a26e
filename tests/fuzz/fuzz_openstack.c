/* fuzz_openstack.c - what an OpenStack answers, and the files that name it: clouds.yaml, secure.yaml, then
 * the answers to what a check asks, in turn. An answer's first line is its status, and after a blank a token
 * that it brings. */
#include "tests/fuzz/pieces.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "locations/location.h"
#include "tests/support/virtual_world.h"

struct talk_of {
	struct pieces pieces;
	bool woken;
};

static char folder[300];

static const char *environment(const char *name)
{
	return strcmp(name, "HOME") ? NULL : folder;
}

static void lay(struct world *world, const char *name, struct piece content)
{
	char path[600];

	snprintf(path, sizeof path, "%s/.config/openstack", folder);
	HOLDS(!world->ops->directories_make(world, path, 0700, NULL));
	snprintf(path, sizeof path, "%s/.config/openstack/%s", folder, name);
	HOLDS(!world->ops->file_write(world, path, 0600, content.text, content.size, NULL));
}

static int64_t answered(void *owner, const struct http_request *request, struct http_answer *answer)
{
	struct talk_of *talk = owner;
	struct piece piece = pieces_next(&talk->pieces);
	size_t line = strcspn(piece.text, "\n");
	const char *blank = memchr(piece.text, ' ', line);

	HOLDS(printable(request->url));
	answer->sent = true;
	answer->status = atoi(piece.text);
	if (answer->status < 100 || answer->status > 599) {
		answer->status = 0;
		fail(&answer->error, ERR_UNREACHABLE, "nobody is there");
		return 1;
	}
	if (blank)
		text_format(&answer->headers, "X-Subject-Token: %.*s\r\n",
			    (int)(piece.text + line - blank - 1), blank + 1);
	if (line < piece.size)
		text_add_bytes(&answer->body, piece.text + line + 1, piece.size - line - 1);
	return 1;
}

static void wake(struct errand *errand)
{
	((struct talk_of *)errand->owner)->woken = true;
}

static bool is_woken(void *owner)
{
	return ((struct talk_of *)owner)->woken;
}

static void check(struct world *world, struct talk_of *talk, struct location *location)
{
	struct errand errand = {.wake = wake, .owner = talk};
	struct location_facts facts = {0};
	struct error err = {0};
	enum progress progress;

	do {
		talk->woken = false;
		progress = openstack_driver.connect(location, &errand, &facts, &err);
	} while (progress == PROGRESS_WAITING && virtual_world_run(world, is_woken, talk, 3600000));
	HOLDS(progress != PROGRESS_WAITING);
	HOLDS(progress == PROGRESS_DONE ? json_is_object(facts.about) : *err.text);
	HOLDS(printable(err.text) && printable(facts.details));
	json_decref(facts.about);
}

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t size)
{
	struct talk_of talk = {.pieces = pieces_of(bytes, size)};
	const struct virtual_hooks hooks = {.owner = &talk, .http = answered};
	struct piece clouds = pieces_next(&talk.pieces), secure = pieces_next(&talk.pieces);
	struct world *world = virtual_world_new(1);
	const struct location_spec spec = {.name = "here", .type = "openstack", .target = "lab"};
	struct location location = {.driver = &openstack_driver,
				    .world = world,
				    .name = "here",
				    .spec = &spec,
				    .state_directory = "/nonexistent",
				    .helper = "",
				    .environment = environment};
	struct error err = {0};

	HOLDS(world);
	virtual_world_hooks(world, &hooks);
	snprintf(folder, sizeof folder, "%s", virtual_world_directory(world));
	lay(world, "clouds.yaml", clouds);
	lay(world, "secure.yaml", secure);
	if (openstack_driver.open(&location, &err)) {
		HOLDS(*err.text && printable(err.text));
	} else {
		check(world, &talk, &location);
		openstack_driver.close(&location);
	}
	virtual_world_free(world);
	pieces_release(&talk.pieces);
	return 0;
}
