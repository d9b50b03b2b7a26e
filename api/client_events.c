/* client_events.c - a controller's events become those of the listener. */
#include <string.h>

#include "api/client.h"
#include "base/base64.h"
#include "base/cleanup.h"
#include "base/json.h"

static int kind_of(const char *name)
{
	static const char *const names[] = {
	    [BERTH_EVENT_PHASE] = "phase",     [BERTH_EVENT_LOG] = "log",
	    [BERTH_EVENT_WARNING] = "warning", [BERTH_EVENT_OUTPUT] = "output",
	    [BERTH_EVENT_RECORD] = "record",   [BERTH_EVENT_NOTICE] = "notice"};
	for (size_t i = 0; i < COUNT_OF(names); i++)
		if (strcmp(names[i], name) == 0)
			return (int)i;
	return -1;
}

/* What was warned of before it was agreed to is not said again. */
static bool is_wanted(const struct remote *remote, int kind)
{
	return kind >= 0 && (remote->rehearses ? kind == BERTH_EVENT_WARNING
					       : !remote->agreed || kind != BERTH_EVENT_WARNING);
}

static void tell(const struct berth_operation *operation, const char *kind, const json_t *json)
{
	const struct berth_listener *listener = &operation->listener;
	owned_text bytes = {0};
	const char *letters = json_text(json, "bytes"), *text = json_text(json, "text");
	if (letters && base64_decode(letters, &bytes))
		text = text_view(&bytes);
	struct berth_event event = {
	    .size = sizeof event,
	    .component = json_text(json, "component"),
	    .instance = json_text(json, "instance"),
	    .location = json_text(json, "location"),
	    .app = json_text(json, "app"),
	    .what = json_text(json, "what"),
	    .phase = json_text(json, "phase"),
	    .text = text,
	    .text_size = letters ? bytes.length
			 : text  ? strlen(text)
				 : 0,
	    .errors = json_flag(json, "errors", false),
	    .settled = json_flag(json, "settled", false),
	};
	int number = kind_of(kind);
	if (!is_wanted(remote_of(operation), number) || !listener->event)
		return;
	event.kind = (enum berth_event_kind)number;
	listener->event(listener->context, &event);
}

/* "id: 7", "event: phase", "data: {...}": each on a line, which is cut off at its end. */
static void take_block(struct berth_operation *operation, char *block)
{
	struct remote *remote = remote_of(operation);
	const char *id = NULL, *kind = NULL, *data = NULL;
	char *rest = NULL;
	for (char *line = strtok_r(block, "\n", &rest); line; line = strtok_r(NULL, "\n", &rest)) {
		if (starts_with(line, "id: "))
			id = line + 4;
		else if (starts_with(line, "event: "))
			kind = line + 7;
		else if (starts_with(line, "data: "))
			data = line + 6;
	}
	if (!kind || !data)
		return;
	owned_json json = json_loads(data, 0, NULL);
	if (strcmp(kind, "lost") == 0)
		operation_warn(operation,
			       "%lld events came faster than they could be passed on, and are lost",
			       (long long)json_number(json, "count", 0));
	if (!id)
		return;
	remote->tries = 0;
	strncpy(remote->last_event, id, sizeof remote->last_event - 1);
	if (strcmp(kind, "done") == 0)
		remote->ended = true;
	else
		tell(operation, kind, json);
}

bool remote_take(struct berth_operation *operation, const char *bytes, size_t count)
{
	struct remote *remote = remote_of(operation);
	struct text *pending = &remote->pending;
	text_add_bytes(pending, bytes, count);
	if (pending->failed || pending->length > LINE_MOST)
		return false;
	size_t taken = 0;
	for (char *at = pending->data, *end; (end = strstr(at, "\n\n")); at = end + 2) {
		*end = '\0';
		take_block(operation, at);
		taken = (size_t)(end + 2 - pending->data);
	}
	size_t left = pending->length - taken;
	memmove(pending->data, pending->data + taken, left + 1);
	pending->length = left;
	return true;
}
