/* sensing.c - something that tells numbers, and what status says of them. */
#include "tests/engine/sensing.h"

#include <criterion/criterion.h>
#include <stdio.h>
#include <string.h>

#include "base/cleanup.h"

struct page page;

static int64_t answer(void *owner, const struct http_request *request, struct http_answer *answer)
{
	(void)owner;
	page.asked++;
	text_clear(&page.headers);
	for (size_t i = 0; request->headers && request->headers[i]; i++)
		text_format(&page.headers, "%s\n", request->headers[i]);
	snprintf(page.who_asked, sizeof page.who_asked, "%s %s", request->method, request->url);
	if (!page.load) {
		fail(&answer->error, ERR_UNREACHABLE, "connection refused");
		return 1;
	}
	answer->status = 200;
	text_format(&answer->body, "{\"load\": %s}", page.load);
	return 3;
}

static int64_t connects(void *owner, const char *address, uint16_t port, struct error *ret)
{
	(void)owner;
	snprintf(page.who_asked, sizeof page.who_asked, "%s:%u", address, port);
	if (page.connect_after < 0)
		fail(ret, ERR_UNREACHABLE, "connection refused");
	return page.connect_after < 0 ? 1 : page.connect_after;
}

static int64_t talks(void *owner, const struct tcp_question *question, struct text *heard, struct error *err)
{
	(void)owner;
	(void)err;
	snprintf(page.said, sizeof page.said, "%u %s", question->port, question->words);
	text_add(heard, page.info);
	page.was_enough = question->enough(question->owner, heard);
	return 2;
}

void page_answers(void)
{
	static const struct virtual_hooks hooks = {.http = answer, .tcp = connects, .talk = talks};
	virtual_world_hooks(scene.world, &hooks);
}

void sensing_begin(void)
{
	keeping_begin();
	page_answers();
}

void sensing_end(void)
{
	text_release(&page.headers);
	keeping_end();
}

void sense(const char *blueprint)
{
	deploy(blueprint);
	keep();
}

size_t members(void)
{
	return fake_target_instances(scene.target);
}

/* A number of the first component, or of one of its instances, as JSON. */
static const char *told_of(const char *instance, const char *name)
{
	static char line[128];
	owned_json document = status_of("app");
	const json_t *component = json_array_get(json_object_get(document, "components"), 0);
	const json_t *numbers =
	    instance ? json_object_get(json_object_get(component, "instance_sensors"), instance)
		     : json_object_get(component, "sensors");
	const json_t *value = json_object_get(numbers, name);
	owned_memory char *written = value ? json_dumps(value, JSON_ENCODE_ANY) : NULL;
	snprintf(line, sizeof line, "%s", written ? written : "-");
	return line;
}

const char *sensor(const char *name)
{
	return told_of(NULL, name);
}

const char *sensor_of(const char *instance, const char *name)
{
	return told_of(instance, name);
}
