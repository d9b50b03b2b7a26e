/* read.c - recorded conversations with Marathon through the shipped client's own parsers: a line of JSON for
 * each thing that is understood; what is not is named, and the program ends with 1.
 *
 * A `.jsonl` has one exchange a line, a `.raw` the bytes of a stream of events with the head of its answer.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/cleanup.h"
#include "base/http_head.h"
#include "base/json_read.h"
#include "locations/marathon/answers.h"

struct spot {
	const char *file;
	size_t line;
	bool bad;
};

struct exchange {
	const char *method, *path;
	int status;
	const char *body;
	size_t size;
};

static void say(const struct spot *place, json_t *thing)
{
	owned_json line = json_pack("{s:s, s:I}", "file", place->file, "line", (json_int_t)place->line);

	json_object_update(line, thing);
	json_decref(thing);
	owned_memory char *text = json_line(line);
	puts(text ? text : "{}");
}

static void not_understood(struct spot *place, const char *what, const char *why)
{
	place->bad = true;
	fprintf(stderr, "%s:%zu: %s: %s\n", place->file, place->line, what, why);
}

/* --- things --------------------------------------------------------------------------------- */

static json_t *about_task(const struct marathon_task *task)
{
	static const char *const states[] = {"staged", "runs", "leaving", "away", "over"};
	static const char *const healths[] = {"unknown", "good", "bad"};
	json_t *ports = json_array();

	for (size_t i = 0; i < task->port_count; i++)
		json_add(ports, json_integer(task->ports[i]));
	return json_pack("{s:s, s:s, s:s*, s:s*, s:s, s:s, s:o}", "kind", "task", "id", task->id, "app",
			 task->app, "host", task->host, "state", states[task->state], "health",
			 healths[task->health], "ports", ports);
}

static json_t *about_app(const struct marathon_app *app)
{
	json_t *reached = json_array();

	for (size_t i = 0; i < app->task_count; i++)
		for (size_t k = 0; k < app->mapping_count; k++) {
			const char *address;
			uint16_t number;
			if (marathon_reached(app, &app->tasks[i], &app->mappings[k], &address, &number))
				json_add(reached, json_sprintf("%s:%u", address, (unsigned)number));
		}
	return json_pack("{s:s, s:s, s:s*, s:I, s:I, s:I, s:o, s:s*}", "kind", "app", "id", app->id,
			 "version", app->version, "instances", (json_int_t)app->instances, "tasks",
			 (json_int_t)app->task_count, "deployments", (json_int_t)app->deployment_count,
			 "reached", reached, "failure", app->failure ? app->failure->message : NULL);
}

static json_t *about_group(const struct marathon_group *group)
{
	return json_pack("{s:s, s:s, s:I, s:I}", "kind", "group", "id", group->id, "apps",
			 (json_int_t)group->app_count, "groups", (json_int_t)group->group_count);
}

/* What an object is, by its members. NULL: nobody knows. */
static json_t *read_thing(const json_t *json, struct arena *arena, struct error *err)
{
	struct marathon_deployment deployment;
	struct marathon_accepted accepted;
	struct marathon_queued queued;
	struct marathon_group group;
	struct marathon_info info;
	struct marathon_task task;
	struct marathon_app app;

	if (json_text(json, "deploymentId"))
		return marathon_accepted_read(json, arena, &accepted, err) < 0
			   ? NULL
			   : json_pack("{s:s, s:s}", "kind", "accepted", "deployment", accepted.deployment);
	if (json_object_get(json, "marathon_config"))
		return marathon_info_read(json, arena, &info, err) < 0
			   ? NULL
			   : json_pack("{s:s, s:s, s:s*}", "kind", "info", "version", info.version,
				       "framework", info.framework);
	if (json_object_get(json, "affectedApps") || json_object_get(json, "currentActions"))
		return marathon_deployment_read(json, arena, &deployment, err) < 0
			   ? NULL
			   : json_pack("{s:s, s:s, s:I, s:I, s:s*}", "kind", "deployment", "id",
				       deployment.id, "step", (json_int_t)deployment.step, "steps",
				       (json_int_t)deployment.steps, "action", deployment.action);
	if (json_object_get(json, "delay") && (json_object_get(json, "app") || json_object_get(json, "pod")))
		return marathon_queued_read(json, arena, &queued, err) < 0
			   ? NULL
			   : json_pack("{s:s, s:s*, s:s}", "kind", "queued", "app",
				       queued.app ? queued.app : queued.pod, "words",
				       marathon_queued_words(&queued, false, arena));
	if (json_object_get(json, "appId") || json_object_get(json, "slaveId"))
		return marathon_task_read(json, arena, &task, err) < 0 ? NULL : about_task(&task);
	if (json_object_get(json, "apps") || json_object_get(json, "groups"))
		return marathon_group_read(json, arena, &group, err) < 0 ? NULL : about_group(&group);
	if (json_text(json, "id") && !json_object_get(json, "containers") && !json_object_get(json, "spec"))
		return marathon_app_read(json, arena, &app, err) < 0 ? NULL : about_app(&app);
	return NULL;
}

/* --- answers -------------------------------------------------------------------------------- */

static void read_one(struct spot *place, const struct exchange *exchange, const json_t *json,
		     struct arena *arena)
{
	char what[256];
	struct error err = {0};
	json_t *thing = read_thing(json, arena, &err);

	if (thing) {
		say(place, thing);
		return;
	}
	snprintf(what, sizeof(what), "%s %s", exchange->method, exchange->path);
	not_understood(place, what, *err.text ? err.text : "an object of no known kind");
}

static void read_list(struct spot *place, const struct exchange *exchange, const json_t *list,
		      struct arena *arena)
{
	if (!json_array_size(list) || json_is_string(json_array_get(list, 0))) {
		say(place, json_pack("{s:s, s:s, s:I}", "kind", "list", "of", exchange->path, "count",
				     (json_int_t)json_array_size(list)));
		return;
	}
	for (size_t i = 0; i < json_array_size(list); i++)
		read_one(place, exchange, json_array_get(list, i), arena);
}

/* Objects that are one member around what is meant. */
static bool read_wrapped(struct spot *place, const struct exchange *exchange, const json_t *json,
			 struct arena *arena)
{
	static const char *const lists[] = {"apps", "tasks", "queue", "versions", "plugins", "*", "steps"},
				 *const ones[] = {"app", "task"}, *const words[] = {"leader", "message"};

	if (json_object_get(json, "id"))
		return false;
	for (size_t i = 0; i < COUNT_OF(lists); i++) {
		const json_t *list = json_object_get(json, lists[i]);
		if (!json_is_array(list))
			continue;
		if (!strcmp(lists[i], "steps") || !strcmp(lists[i], "plugins"))
			say(place, json_pack("{s:s, s:I}", "kind", lists[i], "count",
					     (json_int_t)json_array_size(list)));
		else
			read_list(place, exchange, list, arena);
		return true;
	}
	for (size_t i = 0; i < COUNT_OF(ones) && json_object_size(json) == 1; i++)
		if (json_is_object(json_object_get(json, ones[i]))) {
			read_one(place, exchange, json_object_get(json, ones[i]), arena);
			return true;
		}
	for (size_t i = 0; i < COUNT_OF(words); i++)
		if (json_text(json, words[i])) {
			say(place,
			    json_pack("{s:s, s:s}", "kind", words[i], "words", json_text(json, words[i])));
			return true;
		}
	return false;
}

static void read_refused(const struct spot *place, const struct exchange *exchange, struct arena *arena)
{
	struct marathon_refusal refusal = {0};

	if (marathon_refusal_read(exchange->status, exchange->body, exchange->size, arena, &refusal) < 0)
		abort();
	say(place,
	    json_pack("{s:s, s:I, s:s, s:I}", "kind", "refusal", "status", (json_int_t)exchange->status,
		      "words", refusal.words, "locks", (json_int_t)refusal.lock_count));
}

/* Who asks for other things than the client does is answered with texts, pods, measurements. */
static bool is_the_clients(const char *path)
{
	static const char *const ours[] = {"/v2/apps",  "/v2/groups", "/v2/tasks", "/v2/deployments",
					   "/v2/queue", "/v2/info",   "/v2/leader"};

	for (size_t i = 0; i < COUNT_OF(ours); i++)
		if (starts_with(path, ours[i]) && strchr("/?", path[strlen(ours[i])]))
			return true;
	return false;
}

static void read_answer(struct spot *place, const struct exchange *exchange)
{
	owned_arena arena = {0};
	struct error err = {0};
	char what[256];

	snprintf(what, sizeof(what), "%s %s", exchange->method, exchange->path);
	if (exchange->status >= 400) {
		read_refused(place, exchange, &arena);
		return;
	}
	if (!exchange->size || !strcmp(exchange->method, "HEAD") || exchange->status >= 300 ||
	    !is_the_clients(exchange->path)) {
		say(place, json_pack("{s:s, s:I, s:I}", "kind", "answer", "status",
				     (json_int_t)exchange->status, "bytes", (json_int_t)exchange->size));
		return;
	}
	owned_json json = json_parse(exchange->body, exchange->size, what, &err);
	if (!json)
		not_understood(place, what, err.text);
	else if (json_is_array(json))
		read_list(place, exchange, json, &arena);
	else if (!read_wrapped(place, exchange, json, &arena))
		read_one(place, exchange, json, &arena);
}

/* --- streams -------------------------------------------------------------------------------- */

static bool read_event(void *owner, const char *name, const char *data, size_t size)
{
	struct spot *place = owner;
	owned_arena arena = {0};
	struct error err = {0};
	struct marathon_event event = {0};
	struct marathon_app app;
	owned_json json = json_parse(data, size, name, &err);

	place->line++;
	if (!json || marathon_event_read(name, json, &arena, &event, &err) < 0) {
		not_understood(place, name, err.text);
		return true;
	}
	const json_t *definition = json_object_get(json, "appDefinition");
	if (definition && marathon_app_read(definition, &arena, &app, &err) < 0)
		not_understood(place, name, err.text);
	say(place, json_pack("{s:s, s:s, s:s*, s:s*, s:s*, s:s*, s:I}", "kind", "event", "type", event.type,
			     "app", event.app, "deployment", event.deployment, "task", event.task, "state",
			     event.state, "apps", (json_int_t)event.app_count));
	return true;
}

static void read_stream(struct spot *place, const char *bytes, size_t size)
{
	struct marathon_stream stream = {.event = read_event, .owner = place};
	struct http_head head;
	owned_text body = {0};

	if (http_head_read(bytes, size, &head) != READ_WHOLE) {
		not_understood(place, "stream", "it does not begin with the head of an answer");
		return;
	}
	say(place, json_pack("{s:s, s:I}", "kind", "stream", "status", (json_int_t)head.status));
	if (head.status == 200)
		marathon_stream_feed(&stream, bytes + head.size, size - head.size);
	else if (http_body_read(&head, bytes + head.size, size - head.size, true, &body) == READ_WHOLE)
		read_answer(place, &(struct exchange){"GET", "/v2/events", head.status, text_view(&body),
						      body.length});
	if (stream.overflow)
		not_understood(place, "stream", "it has no end of a line");
	marathon_stream_release(&stream);
}

/* --- files ---------------------------------------------------------------------------------- */

/* Texts of bytes, each as the character of its number. */
static void bytes_of(const char *text, struct text *to)
{
	for (; *text; text++) {
		unsigned char c = (unsigned char)*text;
		if (c >= 0xc0 && text[1])
			text_add_char(to, (char)((c & 0x03) << 6 | (*++text & 0x3f)));
		else
			text_add_char(to, (char)c);
	}
}

/* The next request on a connection, as far as one begins there. */
static const char *next_request(const char *request, char method[static 16], char path[static 200])
{
	const char *end = strstr(request, "\r\n\r\n");
	char word[16], target[200];

	if (sscanf(request, "%15[A-Z] %199s", word, target) == 2) {
		strcpy(method, word);
		strcpy(path, target);
	}
	return end ? end + 4 : "";
}

static bool has_no_body(const char *method, int status)
{
	return !strcmp(method, "HEAD") || status / 100 == 1 || status == 204 || status == 304;
}

/* One request after the other on a connection of odd bytes: their answers, as far as there are any. */
static void read_bytes(struct spot *place, const char *request, const char *response)
{
	char method[16] = "", path[200] = "";
	owned_text bytes = {0};
	size_t at = 0;
	struct http_head head;

	const char *next = next_request(request, method, path);
	bytes_of(response, &bytes);
	while (at < bytes.length) {
		owned_text body = {0};
		const char *rest = text_view(&bytes) + at;
		size_t left = bytes.length - at;
		bool bare =
		    http_head_read(rest, left, &head) == READ_WHOLE && has_no_body(method, head.status);
		if (!bare &&
		    (http_head_read(rest, left, &head) != READ_WHOLE ||
		     http_body_read(&head, rest + head.size, left - head.size, true, &body) != READ_WHOLE)) {
			not_understood(place, request, "no answer of HTTP");
			return;
		}
		if (head.status / 100 != 1) {
			read_answer(place, &(struct exchange){method, path, head.status, text_view(&body),
							      body.length});
			next = next_request(next, method, path);
		}
		if (!bare && !head.sized)
			return;
		at += head.size + (bare ? 0 : (size_t)head.length);
	}
	if (!bytes.length)
		say(place, json_pack("{s:s}", "kind", "unanswered"));
}

/* Old ones told tasks as lines of text, too. */
static bool is_json(const json_t *headers)
{
	for (size_t i = 0; i < json_array_size(headers); i++) {
		const json_t *header = json_array_get(headers, i);
		const char *name = json_string_value(json_array_get(header, 0)),
			   *value = json_string_value(json_array_get(header, 1));
		if (name && value && !strcasecmp(name, "Content-Type"))
			return strstr(value, "json");
	}
	return true;
}

static void read_exchange(struct spot *place, const json_t *json)
{
	const char *body = json_text(json, "body"), *path = json_text(json, "path") ?: "";
	const json_t *cut = json_object_get(json, "body_cut");
	bool whole = body && (!cut || json_is_null(cut) || json_is_false(cut));
	struct exchange exchange = {json_text(json, "method"), path, (int)json_number(json, "status", 0),
				    whole ? body : "", whole ? strlen(body) : 0};

	if (exchange.status < 400 && !is_json(json_object_get(json, "headers")))
		exchange.path = ""; /* a text, whatever it says */
	read_answer(place, &exchange);
}

static void read_line(struct spot *place, const char *line, size_t size)
{
	struct error err = {0};
	owned_json json = json_parse(line, size, "line", &err);

	if (!json) {
		not_understood(place, "line", err.text);
		return;
	}
	if (json_text(json, "raw_request"))
		read_bytes(place, json_text(json, "raw_request"), json_text(json, "raw_response") ?: "");
	else if (json_text(json, "method") && json_is_integer(json_object_get(json, "status")))
		read_exchange(place, json);
	else if (json_text(json, "method"))
		say(place, json_pack("{s:s, s:s*}", "kind", "unanswered", "why", json_text(json, "error")));
	else if (!json_object_get(json, "note") && !json_object_get(json, "sse_open") &&
		 !json_object_get(json, "sse_end"))
		not_understood(place, "line", "neither an exchange nor a note");
}

static int read_file(const char *path, struct text *to)
{
	char bytes[65536];
	FILE *file = fopen(path, "re");
	size_t count;

	if (!file)
		return -1;
	while ((count = fread(bytes, 1, sizeof(bytes), file)) > 0)
		text_add_bytes(to, bytes, count);
	fclose(file);
	return to->failed ? -1 : 0;
}

static bool understood(const char *path)
{
	struct spot place = {.file = path};
	owned_text content = {0};

	if (read_file(path, &content) < 0) {
		not_understood(&place, "file", "it cannot be read");
		return false;
	}
	if (ends_with(path, ".raw")) {
		read_stream(&place, text_view(&content), content.length);
		return !place.bad;
	}
	for (const char *at = text_view(&content), *end; *at; at = end + (*end == '\n')) {
		end = at + strcspn(at, "\n");
		place.line++;
		if (end > at)
			read_line(&place, at, (size_t)(end - at));
	}
	return !place.bad;
}

int main(int count, char **paths)
{
	bool all = true;

	if (count < 2) {
		fprintf(stderr, "usage: marathon-read FILE.jsonl|FILE.raw...\n");
		return 2;
	}
	for (int i = 1; i < count; i++)
		all &= understood(paths[i]);
	return all ? 0 : 1;
}
