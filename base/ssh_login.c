/* ssh_login.c - logging in: the keys that somebody named, then the agent's, then those that lie where keys
 * lie, then the password; one after the other until the machine takes one, and in the end what was tried. */
#include <stdlib.h>
#include <string.h>

#include "base/base64.h"
#include "base/cleanup.h"
#include "base/ssh_bytes.h"
#include "base/ssh_internal.h"

void ssh_login_release(struct ssh_login *login)
{
	ssh_let_key_go(login->key);
	ssh_agent_close(login->agent);
	text_release(&login->blob);
	text_release(&login->tried);
	text_release(&login->refused);
	*login = (struct ssh_login){0};
}

static void note(struct ssh_login *login, const char *what, const char *how)
{
	text_format(&login->tried, "%s%s (%s)", login->tried.length ? ", " : "", what, how);
}

static bool was_refused(const struct ssh_login *login, const struct text *blob)
{
	struct ssh_bytes from = ssh_bytes_of(text_view(&login->refused), login->refused.length);

	while (from.left) {
		struct ssh_string one = ssh_take_string(&from);
		if (from.bad)
			return false;
		if (one.size == blob->length && !memcmp(one.bytes, blob->data, one.size))
			return true;
	}
	return false;
}

static int word(struct ssh_session *session)
{
	return session->ssh->lib.session_last_error(session->ssh2, NULL, NULL, 0);
}

/* --- which ways there are ----------------------------------------------------------------------- */

static enum login_result ask_methods(struct ssh_session *session)
{
	struct ssh_login *login = &session->login;
	const struct ssh2_functions *lib = &session->ssh->lib;
	const char *user = session->peer->host.user;
	const char *methods = lib->userauth_list(session->ssh2, user, (unsigned int)strlen(user));

	if (!methods && lib->userauth_authenticated(session->ssh2))
		return LOGIN_DONE; /* without anything */
	if (!methods && word(session) == LIBSSH2_ERROR_EAGAIN)
		return LOGIN_BUSY;
	if (!methods) {
		ssh_session_explain(session, word(session), "logging in");
		return LOGIN_FAILED;
	}
	login->by_key = strstr(methods, "publickey");
	login->by_password = strstr(methods, "password");
	login->stage = LOGIN_NAMED;
	login->next = 0;
	return LOGIN_DONE;
}

/* --- one key ------------------------------------------------------------------------------------ */

struct signer {
	struct ssh_session *session;
	size_t index; /* of the agent's */
};

static LIBSSH2_USERAUTH_PUBLICKEY_SIGN_FUNC(sign)
{
	const struct signer *signer = *abstract;
	struct ssh_login *login = &signer->session->login;
	void *memory = signer->session;
	owned_text signature = {0};

	(void)session;
	if (signer->session->dead)
		return -1;
	if (login->key) {
		if (!ssh_key_sign(login->key->key, data, data_len, &signature))
			return -1;
	} else {
		enum ssh_agent_state state =
		    ssh_agent_sign(login->agent, signer->index, data, data_len, &signature);
		if (state == AGENT_BUSY)
			return LIBSSH2_ERROR_EAGAIN;
		if (state == AGENT_FAILED)
			return -1;
	}
	*sig = ssh_allocate(signature.length, &memory);
	if (!*sig)
		return -1;
	memcpy(*sig, signature.data, signature.length);
	*sig_len = signature.length;
	return 0;
}

/* DONE: logged in, or, with `stage` as it was, refused. */
static enum login_result try_key(struct ssh_session *session, size_t index, bool *ret_refused)
{
	struct ssh_login *login = &session->login;
	struct signer signer = {session, index};
	void *abstract = &signer;

	login->trying = true;
	login->key_used = true;
	int status = session->ssh->lib.userauth_publickey(session->ssh2, session->peer->host.user,
							  (const unsigned char *)login->blob.data,
							  login->blob.length, sign, &abstract);
	if (status == LIBSSH2_ERROR_EAGAIN)
		return LOGIN_BUSY;
	login->trying = false;
	if (!status)
		return LOGIN_DONE;
	if (status == LIBSSH2_ERROR_AUTHENTICATION_FAILED || status == LIBSSH2_ERROR_PUBLICKEY_UNVERIFIED) {
		*ret_refused = true;
		ssh_add_string(&login->refused, login->blob.data, login->blob.length);
		/* libssh2 says so too when the connection has ended, which the next step finds. */
		return LOGIN_DONE;
	}
	ssh_session_explain(session, status, "logging in");
	return LOGIN_FAILED;
}

static void set_blob(struct ssh_login *login, const struct text *blob)
{
	text_clear(&login->blob);
	if (!ssh_key_blob_sha512(blob->data, blob->length, &login->blob))
		text_add_bytes(&login->blob, blob->data, blob->length);
}

/* --- keys of ours -------------------------------------------------------------------------------- */

static const char *name_of(const struct ssh_identity *identity)
{
	return identity->file ? identity->file : "the key given";
}

static void next_identity(struct ssh_login *login)
{
	ssh_let_key_go(login->key);
	login->key = NULL;
	login->next++;
}

static const char *mend_of(const struct error *why)
{
	if (why->code == ERR_MISSING)
		return "does privateKeyFile name the right file? `ssh-keygen -t ed25519 -f FILE` makes a key";
	if (strstr(why->text, "encrypted"))
		return "give its passphrase (privateKeyPassphrase: env:NAME), or give it to the agent: "
		       "ssh-add FILE";
	if (strstr(why->text, "others may use it"))
		return "nobody else may have any right to a private key: chmod 600 FILE";
	if (why->code == ERR_DENIED)
		return "give whoever runs berth the right to read it, and nobody else: chmod 600 FILE";
	return "privateKeyFile is the private key, as ssh-keygen makes it: not the .pub beside it, nor "
	       "PuTTY's";
}

static void pass_over(struct ssh_login *login, const struct ssh_identity *identity, const struct error *why,
		      bool silently)
{
	if (!silently)
		note(login, name_of(identity), why->text);
	if (!identity->customary)
		login->mend = mend_of(why);
	next_identity(login);
}

/* BUSY also when there is another to be tried at once: `again` tells. */
static enum login_result move_identity(struct ssh_session *session, const struct ssh_identity *identity,
				       bool *ret_again)
{
	struct ssh_login *login = &session->login;
	struct error why = {0};
	bool refused = false;

	if (!login->key && !(login->key = ssh_keep_key(session->ssh, identity, &why))) {
		pass_over(login, identity, &why, identity->customary && why.code == ERR_MISSING);
		*ret_again = true;
		return LOGIN_BUSY;
	}
	if (login->key->job)
		return LOGIN_BUSY;
	if (!login->key->key) {
		why = login->key->error;
		pass_over(login, identity, &why, false);
		*ret_again = true;
		return LOGIN_BUSY;
	}
	if (!login->trying) {
		set_blob(login, ssh_key_blob(login->key->key));
		if (was_refused(login, &login->blob)) {
			next_identity(login);
			*ret_again = true;
			return LOGIN_BUSY;
		}
	}
	enum login_result result = try_key(session, 0, &refused);
	if (!refused)
		return result;
	note(login, name_of(identity), "refused");
	next_identity(login);
	*ret_again = true;
	return LOGIN_BUSY;
}

static enum login_result move_identities(struct ssh_session *session, bool customary, bool *ret_again)
{
	struct ssh_login *login = &session->login;
	const struct ssh_host *host = &session->peer->host;

	while (login->next < host->identity_count && host->identities[login->next].customary != customary)
		login->next++;
	if (login->by_key && login->next < host->identity_count)
		return move_identity(session, &host->identities[login->next], ret_again);
	login->stage++;
	login->next = 0;
	*ret_again = true;
	return LOGIN_BUSY;
}

/* --- the agent's ---------------------------------------------------------------------------------- */

static void agent_ready(void *owner)
{
	ssh_session_want_turn(owner);
}

static bool usable(const struct text *blob)
{
	char type[64];

	host_key_type(blob->data, blob->length, type);
	return !strcmp(type, "ssh-ed25519") || !strcmp(type, "ssh-rsa") ||
	       (!strncmp(type, "ecdsa-sha2-nistp", 16) && !strstr(type, "cert"));
}

/* Whether an identity has this public key: in FILE.pub, or in a FILE that is one itself. */
static bool is_listed(struct ssh_session *session, const struct text *blob)
{
	struct world *world = &session->ssh->real->world;
	const struct ssh_host *host = &session->peer->host;

	for (size_t i = 0; i < host->identity_count; i++) {
		for (int suffix = 0; host->identities[i].file && suffix < 2; suffix++) {
			owned_text path = {0}, text = {0}, line = {0};
			text_format(&path, "%s%s", host->identities[i].file, suffix ? ".pub" : "");
			base64_add(&line, text_view(blob), blob->length);
			if (!path.failed && !line.failed &&
			    !world->ops->file_read(world, path.data, 65536, &text, NULL) &&
			    strstr(text_view(&text), text_view(&line)))
				return true;
		}
	}
	return false;
}

static void leave_agent(struct ssh_login *login)
{
	ssh_agent_close(login->agent);
	login->agent = NULL;
	login->stage = LOGIN_CUSTOMARY;
	login->next = 0;
}

/* Its next one that can be tried, as `blob`; false: there is none. */
static bool pick_agent_key(struct ssh_session *session)
{
	struct ssh_login *login = &session->login;

	for (; login->next < ssh_agent_count(login->agent); login->next++) {
		const struct ssh_agent_identity *one = ssh_agent_identity(login->agent, login->next);
		set_blob(login, &one->blob);
		if (was_refused(login, &login->blob) ||
		    (session->peer->host.listed_only && !is_listed(session, &one->blob)))
			continue;
		if (usable(&one->blob))
			return true;
		owned_text what = {0};
		text_format(&what, "the agent's \"%s\"", one->comment);
		note(login, text_view(&what), "of a kind that libssh2 cannot use");
	}
	return false;
}

static enum login_result move_agent(struct ssh_session *session, bool *ret_again)
{
	struct ssh_login *login = &session->login;
	const char *path = session->peer->host.agent;
	bool refused = false;

	if (path && login->by_key && !login->agent)
		login->agent = ssh_agent_open(session->ssh->real, path, agent_ready, session);
	enum ssh_agent_state state = login->agent ? ssh_agent_list(login->agent) : AGENT_FAILED;
	if (state == AGENT_BUSY)
		return LOGIN_BUSY;
	*ret_again = true;
	if (state == AGENT_FAILED && login->agent) {
		owned_text what = {0};
		text_format(&what, "the agent at %s", path);
		note(login, text_view(&what), ssh_agent_words(login->agent));
	}
	if (state == AGENT_FAILED || (!login->trying && !pick_agent_key(session))) {
		leave_agent(login);
		return LOGIN_BUSY;
	}
	enum login_result result = try_key(session, login->next, &refused);
	if (!refused) {
		*ret_again = false;
		return result;
	}
	const struct ssh_agent_identity *one = ssh_agent_identity(login->agent, login->next);
	owned_text what = {0};
	text_format(&what, "the agent's %s key \"%s\"", ssh_key_kind(one->blob.data, one->blob.length),
		    one->comment);
	note(login, text_view(&what), "refused");
	login->next++;
	return LOGIN_BUSY;
}

/* --- the password, and the end --------------------------------------------------------------------- */

static enum login_result move_password(struct ssh_session *session, bool *ret_again)
{
	const struct ssh_host *host = &session->peer->host;
	struct ssh_login *login = &session->login;

	if (host->password && login->by_password) {
		int status = session->ssh->lib.userauth_password_ex(
		    session->ssh2, host->user, (unsigned int)strlen(host->user), host->password,
		    (unsigned int)strlen(host->password), NULL);
		if (status == LIBSSH2_ERROR_EAGAIN)
			return LOGIN_BUSY;
		if (!status)
			return LOGIN_DONE;
		note(login, "the password",
		     status == LIBSSH2_ERROR_PASSWORD_EXPIRED ? "it must be changed first" : "refused");
	} else if (host->password) {
		note(login, "the password", "not taken there");
	}
	login->stage = LOGIN_REFUSED;
	*ret_again = true;
	return LOGIN_BUSY;
}

static enum login_result refuse(struct ssh_session *session)
{
	const struct ssh_login *login = &session->login;

	fail(&session->error, ERR_DENIED, "%s does not let us log in; tried: %s%s%s", session->peer->name,
	     login->tried.length ? text_view(&login->tried) : "nothing, for there is no key",
	     login->by_key ? "" : "; it takes no keys", *session->goodbye ? "; it says: " : "");
	if (*session->goodbye) {
		size_t length = strlen(session->error.text);
		snprintf(session->error.text + length, sizeof(session->error.text) - length, "%s",
			 session->goodbye);
	}
	if (login->mend && !login->key_used) {
		remedy(&session->error, "%s", login->mend);
		return LOGIN_FAILED;
	}
	if (!login->tried.length) {
		remedy(
		    &session->error,
		    "make a key by ssh-keygen -t ed25519 and take it there by ssh-copy-id, or name the one "
		    "to be used: privateKeyFile");
		return LOGIN_FAILED;
	}
	remedy(&session->error,
	       "is the user right, and one of these public keys in ~%s/.ssh/authorized_keys there? "
	       "privateKeyFile names a key",
	       session->peer->host.user);
	return LOGIN_FAILED;
}

static enum login_result step(struct ssh_session *session, bool *ret_again)
{
	switch (session->login.stage) {
	case LOGIN_METHODS: {
		enum login_result result = ask_methods(session);
		if (result == LOGIN_DONE && session->login.stage == LOGIN_NAMED) {
			*ret_again = true;
			return LOGIN_BUSY;
		}
		return result;
	}
	case LOGIN_NAMED:
		return move_identities(session, false, ret_again);
	case LOGIN_AGENT:
		return move_agent(session, ret_again);
	case LOGIN_CUSTOMARY:
		return move_identities(session, true, ret_again);
	case LOGIN_PASSWORD:
		return move_password(session, ret_again);
	default:
		return refuse(session);
	}
}

enum login_result ssh_login_move(struct ssh_session *session)
{
	enum login_result result;
	bool again;

	do {
		again = false;
		/* It may hang up after some: then no more are tried, and what was is told. */
		if (*session->goodbye && session->login.key_used && !session->login.trying)
			session->login.stage = LOGIN_REFUSED;
		result = step(session, &again);
	} while (again);
	if (session->login.blob.failed || session->login.refused.failed || session->login.tried.failed) {
		fail_memory(&session->error);
		return LOGIN_FAILED;
	}
	return result;
}

void ssh_login_abandon(struct ssh_session *session)
{
	bool again = false;

	if (session->login.stage == LOGIN_METHODS)
		ask_methods(session);
	else if (session->login.trying)
		try_key(session, session->login.next, &again);
	else if (session->login.stage == LOGIN_PASSWORD)
		move_password(session, &again);
}
