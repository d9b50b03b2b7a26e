/* ssh_peer.c - a machine as somebody described it: one of each description, with its sessions and the calls
 * that wait for one. */
#include <stdlib.h>
#include <string.h>

#include "base/cleanup.h"
#include "base/ssh_internal.h"

enum {
	ROOM = 10,        /* commands at one time on a session: sshd's MaxSessions as it comes */
	CONNECTIONS = 64, /* which it does not count */
	SESSIONS_MAX = 8, /* with one machine */
	KNOCKING_MAX = 8, /* before it knows who we are: below sshd's MaxStartups as it comes */
	CONNECT_MS = 30000,
	SILENCE_MS = 10000,
	IDLE_MS = 60000,
	JUMPS_MAX = 8,
};

/* --- the description ---------------------------------------------------------------------------- */

static void add_part(struct text *to, const char *part)
{
	if (part)
		text_add(to, part);
	text_add_char(to, part ? '\0' : '\1');
}

static void add_list(struct text *to, const char *const *list)
{
	for (; list && *list; list++)
		add_part(to, *list);
	text_add_char(to, '\2');
}

/* All of it that tells one session from another. */
static void describe(const struct ssh_host *host, struct text *to)
{
	text_format(to, "%s %u ", host->address, (unsigned int)host->port);
	add_part(to, host->user);
	add_part(to, host->known_as);
	for (size_t i = 0; i < host->identity_count; i++) {
		const struct ssh_identity *identity = &host->identities[i];
		add_part(to, identity->file);
		add_part(to, identity->file ? NULL : identity->text);
		add_part(to, identity->passphrase);
		text_add_char(to, identity->customary ? 'c' : 'n');
	}
	add_part(to, host->agent);
	add_part(to, host->password);
	add_list(to, host->known_hosts);
	add_list(to, host->host_keys);
	text_format(to, "%d %d %lld %lld %lld ", host->listed_only, (int)host->trust,
		    (long long)host->connect_ms, (long long)host->silence_ms, (long long)host->idle_ms);
	if (host->jump)
		describe(host->jump, to);
}

/* Kept apart from the arena, so that it can be overwritten: what is secret in it. */
static char *copy(struct arena *arena, const char *text)
{
	return text ? arena_text(arena, text) : NULL;
}

static const char *const *copy_list(struct arena *arena, const char *const *list)
{
	size_t count = 0;

	if (!list)
		return NULL;
	while (list[count])
		count++;
	const char **copied = arena_array(arena, const char *, count + 1);
	for (size_t i = 0; copied && i < count; i++)
		if (!(copied[i] = arena_text(arena, list[i])))
			return NULL;
	return copied;
}

static void copy_host(struct ssh_peer *peer, const struct ssh_host *host)
{
	struct ssh_host *to = &peer->host;
	struct arena *arena = &peer->arena;
	struct ssh_identity *identities = arena_array(arena, struct ssh_identity, host->identity_count + 1);

	*to = *host;
	to->address = copy(arena, host->address);
	to->user = copy(arena, host->user);
	to->known_as = copy(arena, host->known_as);
	to->agent = host->agent && *host->agent ? copy(arena, host->agent) : NULL;
	to->password = copy(arena, host->password);
	to->known_hosts = copy_list(arena, host->known_hosts);
	to->host_keys = copy_list(arena, host->host_keys);
	for (size_t i = 0; identities && i < host->identity_count; i++) {
		identities[i] = host->identities[i];
		identities[i].file = copy(arena, host->identities[i].file);
		identities[i].text = host->identities[i].file ? NULL : copy(arena, host->identities[i].text);
		identities[i].passphrase = copy(arena, host->identities[i].passphrase);
	}
	to->identities = identities;
	to->port = host->port ? host->port : 22;
	to->connect_ms = host->connect_ms > 0 ? host->connect_ms : CONNECT_MS;
	to->silence_ms = host->silence_ms > 0 ? host->silence_ms : SILENCE_MS;
	to->idle_ms = host->idle_ms > 0 ? host->idle_ms : IDLE_MS;
	to->jump = peer->jump ? &peer->jump->host : NULL;
}

static bool copied_whole(const struct ssh_peer *peer, const struct ssh_host *host)
{
	const struct ssh_host *to = &peer->host;

	for (size_t i = 0; to->identities && i < host->identity_count; i++) {
		const struct ssh_identity *from = &host->identities[i], *at = &to->identities[i];
		if ((from->file && !at->file) || (!from->file && !at->text) ||
		    (from->passphrase && !at->passphrase))
			return false;
	}
	return to->identities && to->address && to->user && (!host->known_as || to->known_as) &&
	       (!host->agent || !*host->agent || to->agent) && (!host->password || to->password) &&
	       (!host->known_hosts || to->known_hosts) && (!host->host_keys || to->host_keys);
}

static void overwrite(const char *secret)
{
	if (secret)
		explicit_bzero((char *)secret, strlen(secret));
}

void ssh_peer_free(struct ssh_peer *peer)
{
	struct ssh_peer *jump = peer->jump;

	for (size_t i = 0; peer->host.identities && i < peer->host.identity_count; i++) {
		overwrite(peer->host.identities[i].text);
		overwrite(peer->host.identities[i].passphrase);
	}
	overwrite(peer->host.password);
	link_remove(&peer->link);
	link_remove(&peer->ready);
	arena_release(&peer->arena);
	free(peer);
	if (jump) {
		jump->users--;
		ssh_peer_want_turn(jump);
	}
}

/* --- one of each ---------------------------------------------------------------------------------- */

static struct ssh_peer *find(struct ssh *ssh, const char *digest)
{
	for (struct link *at = ssh->peers.next; at != &ssh->peers; at = at->next) {
		struct ssh_peer *peer = owner_of(at, struct ssh_peer, link);
		if (!strcmp(peer->digest, digest))
			return peer;
	}
	return NULL;
}

static void name_peer(struct ssh_peer *peer)
{
	const struct ssh_host *host = &peer->host;

	if (host->port == 22)
		snprintf(peer->name, sizeof(peer->name), "%s@%s", host->user, host->address);
	else
		snprintf(peer->name, sizeof(peer->name),
			 strchr(host->address, ':') ? "%s@[%s]:%u" : "%s@%s:%u", host->user, host->address,
			 (unsigned int)host->port);
	snprintf(peer->gate, sizeof(peer->gate), "%s:%u %s", host->address, (unsigned int)host->port,
		 peer->jump ? peer->jump->digest : "");
}

static struct ssh_peer *make(struct ssh *ssh, const struct ssh_host *host, struct ssh_peer *jump)
{
	struct ssh_peer *peer = calloc(1, sizeof(*peer));

	if (!peer)
		return NULL;
	link_init(&peer->link);
	link_init(&peer->ready);
	link_init(&peer->waiting);
	link_init(&peer->sessions);
	peer->ssh = ssh;
	peer->room = ROOM;
	peer->jump = jump;
	if (jump)
		jump->users++;
	copy_host(peer, host);
	if (!copied_whole(peer, host)) {
		ssh_peer_free(peer);
		return NULL;
	}
	name_peer(peer);
	link_append(&ssh->peers, &peer->link);
	return peer;
}

static struct ssh_peer *peer_at(struct ssh *ssh, const struct ssh_host *host, int jumps, struct error *err)
{
	owned_text description = {.secret = true};
	struct ssh_peer *jump = NULL, *peer;
	char digest[DIGEST_HEX];

	if (!host->address || !*host->address || !host->user || !*host->user) {
		fail(err, ERR_INVALID, "a machine by SSH needs an address and a user");
		return NULL;
	}
	if (jumps > JUMPS_MAX) {
		fail(err, ERR_INVALID, "%s: more than %d machines to jump through", host->address, JUMPS_MAX);
		return NULL;
	}
	if (host->jump && !(jump = peer_at(ssh, host->jump, jumps + 1, err)))
		return NULL;
	describe(host, &description);
	if (description.failed || digest_hex(description.data, description.length, digest)) {
		fail_memory(err);
		return NULL;
	}
	peer = find(ssh, digest);
	if (!peer && (peer = make(ssh, host, jump)))
		memcpy(peer->digest, digest, sizeof(digest));
	if (!peer)
		fail_memory(err);
	if (jump)
		ssh_peer_want_turn(jump); /* which is let go of should nobody use it */
	return peer;
}

struct ssh_peer *ssh_peer_of(struct ssh *ssh, const struct ssh_host *host, struct error *err)
{
	struct ssh_peer *peer = peer_at(ssh, host, 0, err);

	if (peer)
		ssh_peer_want_turn(peer);
	return peer;
}

struct ssh_peer *ssh_peer_visit(struct real *real, const struct ssh_host *host, struct error *err)
{
	struct ssh_peer *peer = ssh_room(real, err) ? ssh_peer_of(real->ssh, host, err) : NULL;

	if (peer)
		peer->users++;
	return peer;
}

void ssh_peer_leave(struct ssh_peer *peer)
{
	if (!peer)
		return;
	peer->users--;
	ssh_peer_want_turn(peer);
}

/* --- its calls and sessions ------------------------------------------------------------------------- */

void ssh_peer_want_turn(struct ssh_peer *peer)
{
	if (link_alone(&peer->ready))
		link_append(&peer->ssh->ready_peers, &peer->ready);
	ssh_turn_soon(peer->ssh);
}

bool ssh_peer_gate_open(const struct ssh_peer *peer)
{
	unsigned knocking = 0;

	for (struct link *p = peer->ssh->peers.next; p != &peer->ssh->peers; p = p->next) {
		const struct ssh_peer *other = owner_of(p, struct ssh_peer, link);
		if (strcmp(other->gate, peer->gate))
			continue;
		for (struct link *s = other->sessions.next; s != &other->sessions; s = s->next) {
			const struct ssh_session *session = owner_of(s, struct ssh_session, link);
			knocking += session->state > SESSION_GATE && session->state < SESSION_READY;
		}
	}
	return knocking < KNOCKING_MAX;
}

static bool has_room(const struct ssh_peer *peer, const struct ssh_session *session,
		     const struct ssh_call *call)
{
	unsigned streams, load = ssh_session_load(session, &streams), connections = 0;

	if (call->kind == CALL_CONNECTION) {
		for (struct link *at = session->calls.next; at != &session->calls; at = at->next)
			connections++;
		return connections - load < CONNECTIONS;
	}
	/* Those that stay leave room for those that come and go. */
	if (call->stream && peer->room > 2 && streams >= peer->room - 2)
		return false;
	return load < peer->room;
}

/* Whether waiting for one of its sessions may be for ever. */
static bool wants_another(const struct ssh_peer *peer, const struct ssh_call *call)
{
	unsigned sessions = 0, passing = 0;

	for (struct link *at = peer->sessions.next; at != &peer->sessions; at = at->next) {
		const struct ssh_session *session = owner_of(at, struct ssh_session, link);
		unsigned streams, load = ssh_session_load(session, &streams);
		if (session->state < SESSION_READY)
			return false;
		passing += load - streams;
		sessions++;
	}
	return sessions < SESSIONS_MAX && (!sessions || call->stream || !passing);
}

static bool give_to_session(struct ssh_peer *peer, struct ssh_call *call)
{
	for (struct link *at = peer->sessions.next; at != &peer->sessions; at = at->next) {
		struct ssh_session *session = owner_of(at, struct ssh_session, link);
		if (session->state != SESSION_READY || !has_room(peer, session, call))
			continue;
		/* What was idle has said nothing for long, and need not have. */
		if (link_alone(&session->calls))
			session->heard_at = real_now(&peer->ssh->real->world);
		link_remove(&call->link);
		link_append(&session->calls, &call->link);
		call->session = session;
		call->stage = CALL_TURN;
		ssh_session_want_turn(session);
		return true;
	}
	return false;
}

static void end_calls(struct ssh_peer *peer, const struct error *why)
{
	struct link *next;

	for (struct link *at = peer->waiting.next; at != &peer->waiting; at = next) {
		struct ssh_call *call = owner_of(at, struct ssh_call, link);
		next = at->next;
		if (why && !call->failed)
			call->answer.error = *why;
		if (why)
			call->failed = true;
		if (!call->failed && !call->cancelled)
			continue;
		ssh_call_tell(call);
		next = at->next;
		ssh_call_free(call);
	}
}

void ssh_peer_settle(struct ssh_peer *peer)
{
	struct link *next;

	end_calls(peer, NULL);
	for (struct link *at = peer->waiting.next; at != &peer->waiting; at = next) {
		struct ssh_call *call = owner_of(at, struct ssh_call, link);
		next = at->next;
		if (give_to_session(peer, call) || !wants_another(peer, call))
			continue;
		if (!ssh_session_new(peer)) {
			struct error why;
			fail_memory(&why);
			end_calls(peer, &why);
			break;
		}
	}
	if (link_alone(&peer->waiting) && link_alone(&peer->sessions) && !peer->users)
		ssh_peer_free(peer);
}
