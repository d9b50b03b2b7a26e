/* ssh_agent.c - whoever keeps a person's keys, asked over its socket without waiting: which it has, and to
 * sign (draft-miller-ssh-agent). */
#include <errno.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "base/ssh_bytes.h"
#include "base/ssh_internal.h"

enum {
	REQUEST_IDENTITIES = 11,
	IDENTITIES_ANSWER = 12,
	SIGN_REQUEST = 13,
	SIGN_RESPONSE = 14,
	RSA_SHA2_512 = 4, /* a flag */
	ANSWER_MAX = 256 * 1024,
	IDENTITIES_MAX = 256,
	FULL_PAUSE_MS = 50, /* before somebody whose doorstep is full is asked again */
};

struct ssh_agent {
	struct real *real;
	struct sockaddr_un address;
	int fd;
	bool connected;
	uv_poll_t *poll;
	uv_timer_t *pause;
	void (*ready)(void *owner);
	void *owner;
	struct text request, answer;
	size_t sent;
	bool asked; /* a question is under way */
	bool listed;
	struct ssh_agent_identity *identities;
	size_t count;
	char words[120];
};

static void free_handle(uv_handle_t *handle)
{
	free(handle);
}

static void hang_up(struct ssh_agent *agent)
{
	if (agent->poll) {
		uv_poll_stop(agent->poll);
		uv_close((uv_handle_t *)agent->poll, free_handle);
	}
	if (agent->pause)
		uv_close((uv_handle_t *)agent->pause, free_handle);
	if (agent->fd >= 0)
		close(agent->fd);
	agent->poll = NULL;
	agent->pause = NULL;
	agent->fd = -1;
}

static void give_up(struct ssh_agent *agent, const char *why)
{
	if (!*agent->words)
		snprintf(agent->words, sizeof(agent->words), "%s", why);
	hang_up(agent);
}

/* --- its bytes ------------------------------------------------------------------------------ */

static uint32_t length_of(const struct text *answer)
{
	struct ssh_bytes bytes = ssh_bytes_of(answer->data, answer->length);

	return ssh_take_u32(&bytes);
}

static bool answered(const struct ssh_agent *agent)
{
	return agent->answer.length >= 4 && agent->answer.length - 4 >= length_of(&agent->answer);
}

static void receive(struct ssh_agent *agent)
{
	char bytes[4096];

	while (!answered(agent)) {
		ssize_t got = recv(agent->fd, bytes, sizeof(bytes), 0);
		if (got < 0 && (errno == EAGAIN || errno == EINTR))
			return;
		if (got <= 0) {
			give_up(agent, got ? strerror(errno) : "it hung up");
			return;
		}
		text_add_bytes(&agent->answer, bytes, (size_t)got);
		if (agent->answer.failed ||
		    (agent->answer.length >= 4 && length_of(&agent->answer) > ANSWER_MAX)) {
			give_up(agent, "its answer is none");
			return;
		}
	}
}

static void send_rest(struct ssh_agent *agent)
{
	ssize_t sent = send(agent->fd, agent->request.data + agent->sent, agent->request.length - agent->sent,
			    MSG_NOSIGNAL);

	if (sent < 0 && errno != EAGAIN && errno != EINTR)
		give_up(agent, strerror(errno));
	else if (sent > 0)
		agent->sent += (size_t)sent;
}

static void on_poll(uv_poll_t *poll, int status, int events);

static void watch(struct ssh_agent *agent)
{
	bool sends = agent->sent < agent->request.length;

	if (agent->poll)
		uv_poll_start(agent->poll, sends ? UV_WRITABLE : UV_READABLE, on_poll);
}

static void on_poll(uv_poll_t *poll, int status, int events)
{
	struct ssh_agent *agent = poll->data;

	(void)status, (void)events;
	if (agent->sent < agent->request.length)
		send_rest(agent);
	else
		receive(agent);
	watch(agent);
	agent->ready(agent->owner);
}

/* --- reaching it ---------------------------------------------------------------------------- */

static void begin(struct ssh_agent *agent);

static void on_pause(uv_timer_t *timer)
{
	struct ssh_agent *agent = timer->data;

	begin(agent);
	agent->ready(agent->owner);
}

/* A socket of this kind is connected at once, or not at all. */
static void begin(struct ssh_agent *agent)
{
	if (connect(agent->fd, (struct sockaddr *)&agent->address, sizeof(agent->address))) {
		if (errno == EAGAIN)
			uv_timer_start(agent->pause, on_pause, FULL_PAUSE_MS, 0);
		else
			give_up(agent, strerror(errno));
		return;
	}
	agent->connected = true;
	agent->poll = malloc(sizeof(*agent->poll));
	if (!agent->poll || uv_poll_init(&agent->real->loop, agent->poll, agent->fd)) {
		free(give(agent->poll));
		give_up(agent, "it cannot be watched");
		return;
	}
	agent->poll->data = agent;
	watch(agent);
}

struct ssh_agent *ssh_agent_open(struct real *real, const char *path, void (*ready)(void *owner), void *owner)
{
	struct ssh_agent *agent = calloc(1, sizeof(*agent));

	if (!agent)
		return NULL;
	agent->real = real;
	agent->ready = ready;
	agent->owner = owner;
	agent->request.secret = agent->answer.secret = true;
	agent->address.sun_family = AF_UNIX;
	agent->fd = socket(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
	agent->pause = malloc(sizeof(*agent->pause));
	if (agent->pause) {
		uv_timer_init(&real->loop, agent->pause);
		agent->pause->data = agent;
	}
	snprintf(agent->address.sun_path, sizeof(agent->address.sun_path), "%s", path);
	if (strlen(path) >= sizeof(agent->address.sun_path))
		give_up(agent, "its path is too long");
	else if (agent->fd < 0 || !agent->pause)
		give_up(agent, strerror(errno));
	else
		begin(agent);
	return agent;
}

void ssh_agent_close(struct ssh_agent *agent)
{
	if (!agent)
		return;
	hang_up(agent);
	text_release(&agent->request);
	text_release(&agent->answer);
	for (size_t i = 0; i < agent->count; i++)
		text_release(&agent->identities[i].blob);
	free(agent->identities);
	free(agent);
}

/* --- questions ------------------------------------------------------------------------------ */

/* Ask, unless that is done; then whether it has answered. */
static enum ssh_agent_state ask(struct ssh_agent *agent, const struct text *body)
{
	if (*agent->words)
		return AGENT_FAILED;
	if (!agent->asked) {
		text_clear(&agent->request);
		text_clear(&agent->answer);
		ssh_add_string(&agent->request, text_view(body), body->length);
		agent->sent = 0;
		agent->asked = true;
		if (agent->request.failed) {
			give_up(agent, "out of memory");
			return AGENT_FAILED;
		}
		watch(agent);
	}
	if (!answered(agent))
		return AGENT_BUSY;
	agent->asked = false;
	return AGENT_ANSWERED;
}

static bool take_identities(struct ssh_agent *agent)
{
	struct ssh_bytes from = ssh_bytes_of(agent->answer.data + 4, length_of(&agent->answer));
	struct ssh_string kind = ssh_take(&from, 1);
	uint32_t count = ssh_take_u32(&from);

	if (from.bad || kind.bytes[0] != IDENTITIES_ANSWER)
		return false;
	if (count > IDENTITIES_MAX)
		count = IDENTITIES_MAX;
	agent->identities = calloc(count + 1, sizeof(*agent->identities));
	for (uint32_t i = 0; agent->identities && i < count; i++) {
		struct ssh_string blob = ssh_take_string(&from), comment = ssh_take_string(&from);
		struct ssh_agent_identity *one = &agent->identities[i];
		if (from.bad)
			return false;
		agent->count++;
		text_add_bytes(&one->blob, blob.bytes, blob.size);
		snprintf(one->comment, sizeof(one->comment), "%.*s",
			 (int)(comment.size < 79 ? comment.size : 79), (const char *)comment.bytes);
		for (char *c = one->comment; *c; c++)
			if ((unsigned char)*c < ' ' || *c == 0x7f)
				*c = ' ';
	}
	return agent->identities;
}

enum ssh_agent_state ssh_agent_list(struct ssh_agent *agent)
{
	owned_text body = {0};

	if (agent->listed)
		return AGENT_ANSWERED;
	text_add_char(&body, REQUEST_IDENTITIES);
	enum ssh_agent_state state = ask(agent, &body);
	if (state != AGENT_ANSWERED)
		return state;
	agent->listed = true;
	if (take_identities(agent))
		return AGENT_ANSWERED;
	give_up(agent, "its answer is none");
	return AGENT_FAILED;
}

size_t ssh_agent_count(const struct ssh_agent *agent)
{
	return agent->count;
}

const struct ssh_agent_identity *ssh_agent_identity(const struct ssh_agent *agent, size_t index)
{
	return &agent->identities[index];
}

enum ssh_agent_state ssh_agent_sign(struct ssh_agent *agent, size_t index, const void *bytes, size_t size,
				    struct text *ret_signature)
{
	const struct text *blob = &agent->identities[index].blob;
	owned_text body = {0};
	bool rsa = !strcmp(ssh_key_kind(blob->data, blob->length), "RSA");

	text_add_char(&body, SIGN_REQUEST);
	ssh_add_string(&body, text_view(blob), blob->length);
	ssh_add_string(&body, bytes, size);
	ssh_add_u32(&body, rsa ? RSA_SHA2_512 : 0);
	enum ssh_agent_state state = ask(agent, &body);
	if (state != AGENT_ANSWERED)
		return state;
	struct ssh_bytes from = ssh_bytes_of(agent->answer.data + 4, length_of(&agent->answer));
	struct ssh_string kind = ssh_take(&from, 1), signature = ssh_take_string(&from);
	struct ssh_bytes inner = ssh_bytes_of(signature.bytes, signature.size);
	struct ssh_string name = ssh_take_string(&inner), value = ssh_take_string(&inner);
	/* It refuses this one; there may be others. An old one knows no RSA but with SHA-1. */
	if (from.bad || inner.bad || kind.bytes[0] != SIGN_RESPONSE ||
	    (rsa && !ssh_string_is(name, "rsa-sha2-512")))
		return AGENT_FAILED;
	text_add_bytes(ret_signature, value.bytes, value.size);
	return ret_signature->failed ? AGENT_FAILED : AGENT_ANSWERED;
}

const char *ssh_agent_words(const struct ssh_agent *agent)
{
	return agent->words;
}
