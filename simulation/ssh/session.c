/* session.c - a program's end of a machine by SSH: commands and connections, over one session that is lost as
 * a whole. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/arena.h"
#include "base/base64.h"
#include "base/cleanup.h"
#include "base/map.h"
#include "base/ssh.h"
#include "base/ssh_key.h"
#include "simulation/internal.h"
#include "simulation/ssh_machine.h"

#define SILENCE_MS 10000
enum { KEYS_MOST = 8 }; /* that go with a request */

/* One of a seat's, on a connection of its own that shares the fate of the others to that machine. */
struct ssh_call {
	struct ssh_call *next, **link;
	struct event limit, life;
	struct seat *seat;
	struct channel *channel;
	struct ssh_sink sink;
	struct ssh_answer answer;
	int64_t silence_ms;
	bool open, lost, calling, cancelled;
	char peer[80];
};

static struct clock *clock_of(const struct ssh_call *call)
{
	return call->seat->participant.universe->clock;
}

static void detach(struct ssh_call *call)
{
	clock_take(clock_of(call), &call->limit);
	clock_take(clock_of(call), &call->life);
	seat_channel_cancel(&call->seat->participant.world, give(call->channel));
	if (call->link) {
		*call->link = call->next;
		if (call->next)
			call->next->link = call->link;
	}
	call->link = NULL;
}

static void release(struct ssh_call *call)
{
	text_release(&call->answer.output);
	text_release(&call->answer.errors);
	free(call);
}

/* The others of the session find it gone as well, each in a turn of its own. */
static void lose_session(const struct ssh_call *first)
{
	for (struct ssh_call *call = first->seat->ssh_calls; call; call = call->next) {
		if (call == first || strcmp(call->peer, first->peer) != 0)
			continue;
		call->lost = true;
		clock_add(clock_of(call), &call->life, 0);
	}
}

static void finish(struct ssh_call *call)
{
	detach(call);
	if (call->seat->dead)
		return;
	call->calling = true;
	call->sink.done(call->sink.owner, &call->answer);
	release(call);
}

/* After a callback: the owner may have cancelled it meanwhile. */
static void called(struct ssh_call *call)
{
	call->calling = false;
	if (call->cancelled)
		release(call);
}

/* --- what the channel tells ------------------------------------------------------------------------- */

static void opened(void *owner)
{
	struct ssh_call *call = owner;

	call->open = true;
	if (!call->sink.opened)
		return;
	call->calling = true;
	call->sink.opened(call->sink.owner);
	called(call);
}

static void heard(void *owner, const char *bytes, size_t count)
{
	struct ssh_call *call = owner;

	if (!call->sink.bytes) {
		text_add_bytes(&call->answer.output, bytes, count);
		return;
	}
	call->calling = true;
	call->sink.bytes(call->sink.owner, false, bytes, count);
	called(call);
}

static void drained(void *owner)
{
	struct ssh_call *call = owner;

	if (!call->sink.drained)
		return;
	call->calling = true;
	call->sink.drained(call->sink.owner);
	called(call);
}

/* With what a command will end is told as it begins; a refusal is none that begins. */
static void ended(void *owner, struct http_answer *answer)
{
	struct ssh_call *call = owner;

	call->channel = NULL;
	call->answer.sent = answer->sent;
	if (answer->error.code != OK) {
		fail(&call->answer.error, ERR_UNREACHABLE, "%s", answer->error.text);
		if (answer->sent)
			lose_session(call);
	} else if (call->open) {
		call->answer.exit_code = answer->status;
	} else if (answer->status == SSH_ANOTHER_KEY) {
		call->answer.sent = false;
		const char *words = strstr(text_view(&answer->headers), SSH_REFUSAL_HEADER);
		words = words ? words + strlen(SSH_REFUSAL_HEADER) : "";
		fail(&call->answer.error, ERR_DENIED, "%.*s", (int)strcspn(words, "\r\n"), words);
	} else if (answer->status == SSH_NOBODY_LISTENS) {
		call->answer.sent = false;
		call->answer.refused = true;
		fail(&call->answer.error, ERR_UNREACHABLE, "%s cannot connect us there: Connection refused",
		     call->peer);
	} else if (answer->status == SSH_NO_WAY) {
		call->answer.sent = false;
		fail(&call->answer.error, ERR_UNREACHABLE,
		     "there is no way to %s: the machine that leads there does not answer", call->peer);
		remedy(&call->answer.error, "see to the machine that `jump` or `ProxyJump` names");
		call->answer.error.here = true;
	} else {
		call->answer.sent = false;
		fail(&call->answer.error, ERR_DENIED, "%s does not let us log in; tried: publickey",
		     call->peer);
	}
	finish(call);
}

/* --- time ---------------------------------------------------------------------------------------------- */

static void life_happens(struct event *event)
{
	struct ssh_call *call = owner_of(event, struct ssh_call, life);
	int64_t patience_ms = 2 * call->silence_ms;

	if (!call->lost && channel_lives(call->channel, patience_ms)) {
		clock_add(clock_of(call), event, patience_ms);
		return;
	}
	call->answer.sent = call->lost || channel_may_have_arrived(call->channel);
	fail(&call->answer.error, ERR_UNREACHABLE,
	     call->lost ? "the connection to %s was lost" : "%s has given no sign of life", call->peer);
	if (!call->lost)
		lose_session(call);
	finish(call);
}

static void limit_happens(struct event *event)
{
	struct ssh_call *call = owner_of(event, struct ssh_call, limit);

	fail(&call->answer.error, ERR_TIMED_OUT, "%s: the command did not end in time", call->peer);
	finish(call);
}

/* --- asking -------------------------------------------------------------------------------------------- */

static struct ssh_call *new_call(struct seat *seat, const struct ssh_host *host, const struct ssh_sink *sink)
{
	struct ssh_call *call = calloc(1, sizeof(*call));

	if (!call)
		return NULL;
	call->seat = seat;
	call->sink = *sink;
	call->answer.sent = true;
	call->silence_ms = host->silence_ms ? host->silence_ms : SILENCE_MS;
	snprintf(call->peer, sizeof(call->peer), "%s:%u", host->address, host->port ? host->port : 22u);
	event_prepare(&call->limit, limit_happens);
	event_prepare(&call->life, life_happens);
	call->next = seat->ssh_calls;
	call->link = &seat->ssh_calls;
	if (call->next)
		call->next->link = &call->next;
	seat->ssh_calls = call;
	return call;
}

/* The public part of a key in a file, as a line of authorized_keys has it; NULL: it is none. */
static const char *public_part(struct seat *seat, const struct ssh_identity *identity, struct arena *arena)
{
	owned_text file = {0}, line = {0};
	struct map **logins = &seat->participant.universe->logins;
	bool encrypted;

	if (identity->file && machine_read(seat->machine, identity->file, &file) < 0)
		return NULL;
	const char *text = identity->file ? text_view(&file) : identity->text;
	const char *known = identity->passphrase ? NULL : map_get(*logins, text);
	if (known)
		return arena_text(arena, known);
	struct ssh_key *key = ssh_key_open(text, strlen(text), identity->passphrase, &encrypted, NULL);
	if (!key)
		return NULL;
	text_add(&line, SSH_LOGIN_HEADER);
	base64_add(&line, ssh_key_blob(key)->data, ssh_key_blob(key)->length);
	ssh_key_close(key);
	const char *header = arena_text(arena, text_view(&line));
	char *kept = identity->passphrase ? NULL : text_take(&line);
	if (kept && map_put(logins, text, kept) != 0)
		free(kept);
	return header;
}

/* Through whom it is reached, which host keys it must have, and what we would log in with. */
static void add_keys(struct seat *seat, const struct ssh_host *host, struct arena *arena,
		     const char **headers)
{
	size_t count = 0;

	if (host->jump)
		headers[count++] = arena_format(arena, SSH_JUMP_HEADER "%s", host->jump->address);
	for (size_t i = 0; host->host_keys && host->host_keys[i] && count <= KEYS_MOST; i++)
		headers[count++] = arena_format(arena, SSH_WANTED_HEADER "%s", host->host_keys[i]);
	for (size_t i = 0; i < host->identity_count && count <= KEYS_MOST; i++) {
		const char *header = public_part(seat, &host->identities[i], arena);
		if (header)
			headers[count++] = header;
	}
}

/* `words`, for the story and for who decides what becomes of it, are what it asks for. */
static struct ssh_call *begin(struct seat *seat, const struct ssh_host *host, const char *words,
			      const struct ssh_command *command, const struct ssh_sink *sink,
			      int64_t timeout_ms, struct error *err)
{
	const char *headers[3 + KEYS_MOST] = {command ? command->command : ""};
	owned_arena arena = {0};
	const struct channel_sink own_sink = {
	    .opened = opened, .bytes = heard, .drained = drained, .done = ended};
	struct ssh_call *call = new_call(seat, host, sink);
	owned_text url = {0};

	if (call)
		text_format(&url, "ssh://%s/%s", call->peer, words);
	add_keys(seat, host, &arena, headers + 1);
	if (!call || url.failed) {
		if (call)
			detach(call), release(call);
		fail_memory(err);
		return NULL;
	}
	struct http_request request = {.method = "SSH",
				       .url = text_view(&url),
				       .headers = headers,
				       .body = command && command->input ? command->input : "",
				       .body_size = command ? command->input_size : 0,
				       .fresh = true};
	struct channel_sink channel_sink = own_sink;
	channel_sink.owner = call;
	call->channel = seat_channel_open(&seat->participant.world, &request, &channel_sink, err);
	if (!call->channel) {
		detach(call);
		release(call);
		return NULL;
	}
	if (timeout_ms)
		clock_add(clock_of(call), &call->limit, timeout_ms);
	clock_add(clock_of(call), &call->life, 2 * call->silence_ms);
	return call;
}

#define AFTER_CALLS "echo @end\n}\n"

/* The last call of what a script of ours is to do, or the function that is called by its name. */
static void words_of(const struct ssh_command *command, struct text *ret)
{
	const char *input = command->input, *end = input + command->input_size;
	const char *function =
	    strrchr(command->command, '\'') ? "install" : strstr(command->command, "/machine-");

	if (command->input_size > strlen(AFTER_CALLS) && function && *function == '/') {
		end -= strlen(AFTER_CALLS) + 1;
		const char *line = memrchr(input, '\n', (size_t)(end - input));
		line = line ? line + 1 : input;
		text_add_bytes(ret, line, (size_t)(end - line));
		return;
	}
	if (function && *function == '/')
		function += strcspn(function, " ") + 1;
	text_add(ret, function ? function : command->command);
}

static struct ssh_call *exec(struct world *world, const struct ssh_host *host,
			     const struct ssh_command *command, const struct ssh_sink *sink,
			     struct error *err)
{
	owned_text words = {0};

	words_of(command, &words);
	return begin(seat_of(world), host, text_view(&words), command, sink, command->timeout_ms, err);
}

static struct ssh_call *forward(struct world *world, const struct ssh_host *host,
				const struct ssh_target *target, const struct ssh_sink *sink,
				struct error *err)
{
	char words[200];

	snprintf(words, sizeof(words), "connect %s %u", target->address, target->port);
	return begin(seat_of(world), host, words, NULL, sink, 0, err);
}

static void write_to(struct world *world, struct ssh_call *call, const void *bytes, size_t count)
{
	if (call->channel)
		seat_channel_write(world, call->channel, bytes, count);
}

static size_t waiting(const struct ssh_call *call)
{
	return call->channel ? seat_channel_waiting(call->channel) : 0;
}

static void end(struct world *world, struct ssh_call *call)
{
	if (call->channel)
		seat_channel_end(world, call->channel);
}

static void resize(struct world *world, struct ssh_call *call, int columns, int rows)
{
	(void)world, (void)call, (void)columns, (void)rows;
}

static void cancel(struct world *world, struct ssh_call *call)
{
	(void)world;
	if (!call || call->cancelled)
		return;
	call->cancelled = true;
	detach(call);
	if (!call->calling)
		release(call);
}

const struct ssh_ops seat_ssh_ops = {
    .exec = exec,
    .forward = forward,
    .write = write_to,
    .waiting = waiting,
    .end = end,
    .resize = resize,
    .cancel = cancel,
};
