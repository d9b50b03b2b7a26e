/* attach.c - the streams of a container's first process, and the helper program as such a process: it asks
 * in its network what it is told to ask, and says what came of it (helper/probe.h). */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "simulation/docker/model.h"

enum { ANSWER_MS = 1, UNREACHABLE_MS = 3000, IDLE_S = 60 };

struct prober {
	struct text line;
	struct event idle;
	struct container *container;
	int64_t idle_ms;
	struct enquiry *enquiries;
};

/* One question on its way. */
struct enquiry {
	struct event event;
	struct enquiry *next;
	struct prober *prober;
	char *answer;
};

/* --- streams ----------------------------------------------------------------------------------- */

static bool is_attached(const struct call *call, const struct container *container)
{
	return call->kind == DOCKER_ATTACH && call->streams && call->container == container;
}

void attached_tell(struct container *container, bool errors, const char *bytes, size_t count)
{
	for (struct call *call = container->engine->calls; call; call = call->next)
		if (is_attached(call, container))
			stream_frame(call, container->tty, errors, bytes, count);
}

void attached_end(struct container *container)
{
	struct call *next;

	for (struct call *call = container->engine->calls; call; call = next) {
		next = call->next;
		if (is_attached(call, container))
			stream_end(call);
	}
}

static void input_ends(struct container *container)
{
	if (container->stdin_once && container->prober && has_process(container))
		container_ended(container, 0, true);
}

static void attached_gone(struct call *call)
{
	struct container *container = call->container;

	call->container = NULL; /* it hears no more */
	input_ends(container);
}

static void prober_hears(struct container *container, const char *bytes, size_t count);

static void attached_hears(struct call *call, const char *bytes, size_t count)
{
	struct container *container = call->container;

	if (!has_process(container))
		return;
	if (!count)
		input_ends(container);
	else if (container->prober)
		prober_hears(container, bytes, count);
}

static void refuse_raw(struct call *call, int status, const char *words)
{
	struct text text = {0};

	text_format(&text, "%s\r\n", words);
	answer_bytes(call, status, "application/vnd.docker.raw-stream", NULL, text.data, text.length);
	text_release(&text);
}

void attach_asked(struct call *call)
{
	struct container *container = container_found(call->engine, call->part);
	char words[200];

	if (!container) {
		snprintf(words, sizeof(words), "No such container: %.100s", call->part);
		refuse_raw(call, 404, words);
		return;
	}
	if (container->state == PAUSED || container->state == RESTARTING) {
		snprintf(words, sizeof(words),
			 container->state == PAUSED
			     ? "Container %s is paused, unpause the container before attach"
			     : "Container %s is restarting, wait until the container is running",
			 container->id);
		refuse_raw(call, 409, words);
		return;
	}
	call->container = container;
	stream_take_over(call);
	if (container->state == EXITED) {
		stream_end(call);
		return;
	}
	if (query_flag(call, "stdin")) {
		call->gone = attached_gone;
		call->heard = attached_hears;
	}
}

/* --- the helper -------------------------------------------------------------------------------- */

static void enquiry_free(struct enquiry *enquiry)
{
	struct enquiry **at = &enquiry->prober->enquiries;

	while (*at != enquiry)
		at = &(*at)->next;
	*at = enquiry->next;
	clock_take(enquiry->prober->container->engine->clock, &enquiry->event);
	free(enquiry->answer);
	free(enquiry);
}

void prober_free(struct prober *prober)
{
	if (!prober)
		return;
	while (prober->enquiries)
		enquiry_free(prober->enquiries);
	clock_take(prober->container->engine->clock, &prober->idle);
	text_release(&prober->line);
	free(prober);
}

/* Nobody asks it any more. */
static void is_idle(struct event *event)
{
	struct prober *prober = owner_of(event, struct prober, idle);

	if (has_process(prober->container))
		container_ended(prober->container, 0, true);
}

static void stay(struct prober *prober)
{
	if (clock_add(prober->container->engine->clock, &prober->idle, prober->idle_ms) < 0)
		abort();
}

void prober_begin(struct container *container)
{
	const char *program = json_string_value(json_array_get(container->argv, 0));
	const char *job = json_string_value(json_array_get(container->argv, 1));
	const char *idle = json_string_value(json_array_get(container->argv, 2));
	int64_t seconds = IDLE_S;

	prober_free(container->prober);
	container->prober = NULL;
	if (!program || !job || strcmp(program, "/berth-helper") != 0 || strcmp(job, "probe") != 0)
		return;
	struct prober *prober = must(calloc(1, sizeof(*prober)));
	(void)parse_number(idle ? idle : "", 1, INT32_MAX, &seconds);
	prober->container = container;
	prober->idle_ms = seconds * 1000;
	event_prepare(&prober->idle, is_idle);
	container->prober = prober;
	stay(prober);
}

static void says(struct event *event)
{
	struct enquiry *enquiry = (struct enquiry *)event;
	struct container *container = enquiry->prober->container;
	owned_memory char *answer = give(enquiry->answer);

	enquiry_free(enquiry);
	if (has_process(container))
		attached_tell(container, false, answer, strlen(answer));
}

static void answer_in(struct prober *prober, int64_t delay_ms, char *answer)
{
	struct enquiry *enquiry = must(calloc(1, sizeof(*enquiry)));

	event_prepare(&enquiry->event, says);
	enquiry->prober = prober;
	enquiry->answer = answer;
	put_list((void **)&prober->enquiries, enquiry, offsetof(struct enquiry, next));
	if (clock_add(prober->container->engine->clock, &enquiry->event, delay_ms) < 0)
		abort();
}

/* Who has that address on a network that the asker is on, too. */
static const struct container *neighbour(const struct container *asker, const char *address)
{
	uint32_t number;

	if (!parse_address(address, &number))
		return NULL;
	for (const struct container *one = asker->engine->containers; one; one = one->next)
		for (const struct endpoint *its = one->endpoints; its; its = its->next)
			for (const struct endpoint *ours = asker->endpoints; ours; ours = ours->next)
				if (its->on && its->on == ours->on && its->address == number)
					return one;
	return NULL;
}

static char *page_of(const struct container *container)
{
	const struct docker_behaviour *how = container->behaviour;
	const char *page = how && how->page ? how->page : "";
	struct text hex = {0};

	text_format(&hex, "status %d ", how && how->http_status ? how->http_status : 200);
	for (const char *c = page; *c; c++)
		text_format(&hex, "%02x", (unsigned char)*c);
	return must(text_take(&hex));
}

static bool is_open(const struct container *container, unsigned port)
{
	char key[16];

	snprintf(key, sizeof(key), "%u/tcp", port);
	return json_object_get(container->exposed, key) && container_answers(container);
}

static void take_question(struct prober *prober, const char *line)
{
	char name[41], kind[5], address[48], peer[64];
	unsigned limit_ms, port;
	int path = -1, parts;

	stay(prober);
	parts = sscanf(line, "%40s %4s %u %47s %u %n", name, kind, &limit_ms, address, &port, &path);
	bool http = parts == 5 && !strcmp(kind, "http");
	if (parts != 5 || port < 1 || port > 65535 ||
	    !(http ? path > 0 && line[path] == '/' : !strcmp(kind, "tcp"))) {
		answer_in(
		    prober, ANSWER_MS,
		    format("%.*s error the question is not understood\n", (int)strcspn(line, " "), line));
		return;
	}
	const struct container *there = neighbour(prober->container, address);
	snprintf(peer, sizeof(peer), "%s:%u", address, port);
	if (!there && limit_ms < UNREACHABLE_MS)
		answer_in(prober, limit_ms,
			  http ? format("%s error no answer from %s in time\n", name, peer)
			       : format("%s error %s: no answer in time\n", name, peer));
	else if (!there || !is_open(there, port))
		answer_in(prober, there ? ANSWER_MS : UNREACHABLE_MS,
			  http ? format("%s error cannot connect to %s: %s\n", name, peer,
					there ? "Connection refused" : "No route to host")
			       : format("%s error %s: %s\n", name, peer,
					there ? "connection refused" : "no route to host"));
	else if (http) {
		owned_memory char *page = page_of(there);
		answer_in(prober, ANSWER_MS, format("%s %s\n", name, page));
	} else {
		answer_in(prober, ANSWER_MS, format("%s open\n", name));
	}
}

static void prober_hears(struct container *container, const char *bytes, size_t count)
{
	struct prober *prober = container->prober;

	for (size_t i = 0; i < count; i++) {
		if (bytes[i] != '\n') {
			text_add_char(&prober->line, bytes[i]);
			continue;
		}
		take_question(prober, text_view(&prober->line));
		text_clear(&prober->line);
	}
}
