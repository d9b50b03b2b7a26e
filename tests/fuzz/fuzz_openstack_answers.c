/* fuzz_openstack_answers.c - what an OpenStack answers, by its readers one by one: the first line names what
 * it is ("servers"), or is the status of a refusal. */
#include <stdlib.h>
#include <string.h>

#include "base/cleanup.h"
#include "tests/fuzz/openstack_readers.h"
#include "tests/fuzz/target.h"

static void read_as(const struct openstack_reader *reader, const char *body, size_t size)
{
	owned_arena arena = {0};
	struct error err = {0};
	owned_json json = json_parse(body, size, "answer", &err);

	if (json && reader->read(json, &arena, &err) == 0)
		return;
	HOLDS(err.code != OK && *err.text && printable(err.text));
}

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t size)
{
	const char *text = size ? (const char *)bytes : "";
	const char *end = memchr(text, '\n', size);
	owned_arena arena = {0};

	if (!end)
		return 0;
	const char *name = arena_copy(&arena, text, (size_t)(end - text));
	size_t left = size - (size_t)(end + 1 - text);
	for (const struct openstack_reader *reader = openstack_readers; reader->name; reader++)
		if (!strcmp(reader->name, name))
			read_as(reader, end + 1, left);
	if (atoi(name) >= 300 && atoi(name) < 600)
		openstack_refused(atoi(name), end + 1, left, &arena);
	return 0;
}
