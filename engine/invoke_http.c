/* invoke_http.c - an effector that is a request: from here to where an instance can be reached from outside
 * its network, or on it where this machine is. */
#include "engine/invoke_http.h"

#include <ctype.h>
#include <string.h>

#include "base/cleanup.h"

enum { LIMIT_MS = 60 * 1000, ANSWER_LIMIT = 1024 * 1024 };

/* --- parameters ----------------------------------------------------------------------------- */

/* The value of NAME in NAME=VALUE; NULL: it is not there. */
static const char *value_of(const char *const *list, const char *name, size_t length)
{
	for (; list && *list; list++)
		if (!strncmp(*list, name, length) && (*list)[length] == '=')
			return *list + length + 1;
	return NULL;
}

static bool has_parameter(const struct effector *effector, const char *given)
{
	for (size_t i = 0; i < effector->parameter_count; i++) {
		size_t length = strlen(effector->parameters[i].name);
		if (!strncmp(given, effector->parameters[i].name, length) && given[length] == '=')
			return true;
	}
	return !effector->closed;
}

static int fail_parameter(const struct effector *effector, const char *given, struct error *err)
{
	const char *names[64];
	size_t count = 0;
	for (; count < effector->parameter_count && count < COUNT_OF(names); count++)
		names[count] = effector->parameters[count].name;
	owned_memory char *name = strndup(given, strcspn(given, "="));
	if (!name)
		return fail_memory(err);
	const char *meant = closest(name, names, count);
	fail(err, ERR_INVALID, "`%s` has no parameter `%.80s`", effector->name, name);
	if (meant)
		remedy(err, "did you mean `%s`?", meant);
	return -1;
}

const char *const *invoke_parameters(struct arena *arena, const struct effector *effector,
				     const char *const *given, struct error *err)
{
	size_t count = 0;
	for (const char *const *at = given; at && *at; at++, count++)
		if (!has_parameter(effector, *at)) {
			fail_parameter(effector, *at, err);
			return NULL;
		}
	const char **list = arena_array(arena, const char *, count + effector->parameter_count + 1);
	if (!list) {
		fail_memory(err);
		return NULL;
	}
	memcpy(list, given ? given : (const char *const *)list, count * sizeof *list);
	for (size_t i = 0; i < effector->parameter_count; i++) {
		const struct effector_parameter *parameter = &effector->parameters[i];
		if (value_of(given, parameter->name, strlen(parameter->name)))
			continue;
		if (!(list[count++] = arena_format(arena, "%s=%s", parameter->name, parameter->value))) {
			fail_memory(err);
			return NULL;
		}
	}
	return list;
}

static void add_escaped(struct text *to, const char *value)
{
	for (; *value; value++)
		if (isalnum((unsigned char)*value) || strchr("-._~", *value))
			text_add_bytes(to, value, 1);
		else
			text_format(to, "%%%02X", (unsigned char)*value);
}

/* A line of a header is one line whatever a parameter holds. */
static void add_line(struct text *to, const char *value)
{
	for (; *value; value++)
		text_add_bytes(to, (unsigned char)*value < ' ' ? " " : value, 1);
}

/* The text with each ${NAME} as the parameter says; one that there is not stays as it is. */
static void fill_in(struct text *to, const char *text, const char *const *environment,
		    void (*add)(struct text *, const char *))
{
	while (*text) {
		const char *end = !strncmp(text, "${", 2) ? strchr(text, '}') : NULL;
		const char *value = end ? value_of(environment, text + 2, (size_t)(end - text) - 2) : NULL;
		if (value)
			add(to, value);
		else
			text_add_bytes(to, text, 1);
		text = value ? end + 1 : text + 1;
	}
}

/* --- where it goes -------------------------------------------------------------------------- */

static const struct attached_port *port_at(const struct attachment *at, const struct effector_call *call,
					   uint16_t port)
{
	for (size_t i = 0; i < at->port_count; i++) {
		const struct attached_port *here = &at->ports[i];
		bool meant = call->port_name ? here->name && !strcmp(here->name, call->port_name)
					     : !port || here->port == port;
		if (meant && here->protocol == TCP && here->number)
			return here;
	}
	return NULL;
}

/* A published port first: it can be reached from anywhere that may. */
int instance_address(const struct work *work, const struct effector_call *call, const char **ret_address,
		     uint16_t *ret_number, struct error *err)
{
	const struct observed *seen = work->instance->seen;
	uint16_t port = call->port;
	if (seen->attachment_count && !port && !call->port_name) {
		const struct attached_port *first = port_at(&seen->attachments[0], call, 0);
		port = first ? first->port : 0;
	}
	for (size_t a = seen->attachment_count; a-- > 0;) {
		const struct attachment *at = &seen->attachments[a];
		const struct attached_port *here = port_at(at, call, port);
		if (here && at->address) {
			*ret_address = at->address;
			*ret_number = here->number;
			return 0;
		}
	}
	if (port && seen->attachment_count && seen->attachments[0].address) {
		*ret_address = seen->attachments[0].address;
		*ret_number = port;
		return 0;
	}
	fail(err, ERR_FAILED, "nothing tells at which address its port can be reached from here");
	remedy(err, "give the component `openPorts`, or the request a `port`");
	return -1;
}

int instance_origin(const struct work *work, const struct effector_call *call, struct text *to,
		    struct error *err)
{
	const char *address;
	uint16_t number;
	if (instance_address(work, call, &address, &number, err))
		return -1;
	text_format(to, strchr(address, ':') ? "http://[%s]:%u" : "http://%s:%u", address, number);
	return 0;
}

/* --- asking --------------------------------------------------------------------------------- */

static void answered(void *owner, struct http_answer *answer)
{
	struct invoked_call *call = owner;
	call->exchange = NULL;
	call->ended = true;
	call->status = answer->status;
	call->error = answer->error;
	text_add_printable(&call->work->log, text_view(&answer->body), answer->body.length);
	operation_wake(call->work->operation);
}

static int send(struct work *work, const struct effector_call *wanted, const char *const *environment,
		struct invoked_call *call, struct error *err)
{
	struct world *world = work->operation->berth->world;
	const struct http_sink sink = {.done = answered, .owner = call};
	owned_text url = {0}, body = {0}, lines = {0};
	owned_arena arena = {0};
	size_t count = 0;
	while (wanted->headers && wanted->headers[count])
		count++;
	const char **headers = arena_array(&arena, const char *, count + 1);
	if (instance_origin(work, wanted, &url, err))
		return -1;
	fill_in(&url, wanted->path, environment, add_escaped);
	if (wanted->body)
		fill_in(&body, wanted->body, environment, text_add);
	for (size_t i = 0; headers && i < count; i++) {
		text_clear(&lines);
		fill_in(&lines, wanted->headers[i], environment, add_line);
		if (!(headers[i] = arena_text(&arena, text_view(&lines))))
			return fail_memory(err);
	}
	if (!headers || url.failed || body.failed || lines.failed)
		return fail_memory(err);
	const struct http_request request = {.method = wanted->method,
					     .url = text_view(&url),
					     .headers = headers,
					     .body = wanted->body ? text_view(&body) : NULL,
					     .body_size = body.length,
					     .timeout_ms = LIMIT_MS,
					     .body_limit = ANSWER_LIMIT,
					     .fresh = true};
	call->work = work;
	call->exchange = world->ops->http_send(world, &request, &sink, err);
	return call->exchange ? 0 : -1;
}

enum progress invoke_call(struct work *work, const struct effector *effector, const char *const *environment,
			  struct invoked_call *call, struct error *err)
{
	if (!call->exchange && !call->ended && send(work, effector->call, environment, call, err))
		return PROGRESS_FAILED;
	if (!call->ended)
		return PROGRESS_WAITING;
	if (!call->error.code)
		return PROGRESS_DONE;
	*err = call->error;
	return PROGRESS_FAILED;
}

void invoke_call_end(struct world *world, struct invoked_call *call)
{
	if (call->exchange)
		world->ops->http_cancel(world, call->exchange);
	call->exchange = NULL;
}
