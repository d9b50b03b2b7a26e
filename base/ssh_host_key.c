/* ssh_host_key.c - whether a machine is the one that is meant: by the keys that its description names, else
 * by known_hosts. */
#include <fcntl.h>
#include <libgen.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/base64.h"
#include "base/cleanup.h"
#include "base/ssh_bytes.h"
#include "base/ssh_internal.h"

enum { KNOWN_HOSTS_MAX = 16 * 1024 * 1024 };

/* From this on libssh2 knows RSA with SHA-2; before, the names alone make it copy memory onto itself. */
#define WITH_RSA 0x010b00

/* In the order of our preference. */
static const char *const kinds[] = {"ssh-ed25519",         "ecdsa-sha2-nistp256", "ecdsa-sha2-nistp384",
				    "ecdsa-sha2-nistp521", "rsa-sha2-512",        "rsa-sha2-256"};

static const char *name_of(const struct ssh_host *host)
{
	return host->known_as ? host->known_as : host->address;
}

/* --- what is known --------------------------------------------------------------------------- */

static void look_at_pins(const struct ssh_host *host, const struct host_key_question *question,
			 struct host_key_finding *ret)
{
	owned_text shown = {0};

	if (question->key)
		host_key_fingerprint(question->key, question->key_size, &shown);
	for (const char *const *pin = host->host_keys; *pin; pin++) {
		owned_text key = {0};
		bool whole = host_key_decode(*pin, &key);
		bool same = whole ? question->key && key.length == question->key_size &&
					!memcmp(key.data, question->key, key.length)
				  : question->key && !strcmp(*pin, text_view(&shown));
		if (same)
			ret->verdict = HOST_KEY_KNOWN;
		if (whole && ret->type_count < HOST_KEY_TYPES)
			host_key_type(key.data, key.length, ret->types[ret->type_count++]);
	}
}

/* 0, or -1 with *err: a file that cannot be read might have told that the key is revoked. */
static int look(struct ssh_session *session, const struct host_key_question *question,
		struct host_key_finding *ret, struct error *err)
{
	const struct ssh_host *host = &session->peer->host;
	struct world *world = &session->ssh->real->world;
	size_t index = 0;

	if (host->host_keys) {
		look_at_pins(host, question, ret);
		return 0;
	}
	for (const char *const *file = host->known_hosts; file && *file; file++, index++) {
		owned_text text = {0};
		struct error why = {0};
		if (world->ops->file_read(world, *file, KNOWN_HOSTS_MAX, &text, &why)) {
			if (why.code == ERR_MISSING)
				continue;
			return fail(err, why.code, "the host key of %s cannot be checked: %s",
				    session->peer->name, why.text);
		}
		known_hosts_look(question, index, text_view(&text), text.length, ret);
	}
	return 0;
}

static bool known(const struct host_key_finding *finding, const char *kind)
{
	for (size_t i = 0; i < finding->type_count; i++)
		if (!strcmp(finding->types[i], kind) ||
		    (!strcmp(finding->types[i], "ssh-rsa") && !strncmp(kind, "rsa-", 4)))
			return true;
	return false;
}

int ssh_host_key_prefer(struct ssh_session *session, struct error *err)
{
	const struct ssh_host *host = &session->peer->host;
	const struct host_key_question question = {.name = name_of(host), .port = host->port};
	struct host_key_finding finding = {0};
	owned_text order = {0};

	if (look(session, &question, &finding, err))
		return -1;
	for (int wanted = 1; wanted >= 0; wanted--)
		for (size_t i = 0; i < COUNT_OF(kinds); i++)
			if (known(&finding, kinds[i]) == wanted &&
			    (strncmp(kinds[i], "rsa-", 4) || session->ssh->lib.version(WITH_RSA)))
				text_format(&order, "%s%s", order.length ? "," : "", kinds[i]);
	if (order.failed)
		return fail_memory(err);
	session->ssh->lib.session_method_pref(session->ssh2, LIBSSH2_METHOD_HOSTKEY, order.data);
	return 0;
}

/* --- the verdict ------------------------------------------------------------------------------ */

/* At the end of the first file, in one write, so that several may do so at one time. */
static int learn(const struct ssh_peer *peer, const void *key, size_t size, struct error *err)
{
	const struct ssh_host *host = &peer->host;
	const char *path = host->known_hosts ? host->known_hosts[0] : NULL;
	owned_text line = {0};
	char type[64], last = '\n';
	struct stat status;

	if (!path)
		return 0;
	owned_memory char *copy = strdup(path);
	if (copy)
		mkdir(dirname(copy), 0700); /* which is mostly there */
	owned_fd fd = open(path, O_RDWR | O_APPEND | O_CREAT | O_CLOEXEC | O_NOCTTY, 0600);
	if (fd < 0 || fstat(fd, &status))
		return fail_file(err, path, "cannot write the host key into");
	if (S_ISREG(status.st_mode) && status.st_size > 0 && pread(fd, &last, 1, status.st_size - 1) != 1)
		last = '\n';
	if (last != '\n')
		text_add_char(&line, '\n');
	known_hosts_name(&line, name_of(host), host->port);
	host_key_type(key, size, type);
	text_format(&line, " %s ", type);
	base64_add(&line, key, size);
	text_add_char(&line, '\n');
	if (line.failed)
		return fail_memory(err);
	if (write(fd, line.data, line.length) != (ssize_t)line.length)
		return fail_file(err, path, "cannot write the host key into");
	return 0;
}

struct shown {
	const struct ssh_peer *peer;
	char type[64];
	struct text fingerprint;
	const char *file; /* of the entry that decided */
	size_t line;
};

static int refuse_changed(const struct shown *shown, struct error *err)
{
	const struct ssh_host *host = &shown->peer->host;
	owned_text name = {0}, file = {0};

	known_hosts_name(&name, name_of(host), host->port);
	fail(err, ERR_DENIED,
	     "the host key of %s is another one than %s:%zu says: it shows %s %s; somebody may be in between",
	     shown->peer->name, shown->file, shown->line, shown->type, text_view(&shown->fingerprint));
	text_add_path(&file, shown->file);
	remedy(err, "if the machine was made anew, forget the old host key: ssh-keygen -f %s -R '%s'",
	       text_view(&file), text_view(&name));
	return -1;
}

static int refuse_other(const struct shown *shown, const char *known_type, struct error *err)
{
	fail(err, ERR_DENIED,
	     "the host key of %s is %s %s, of which nothing is known, while %s:%zu knows its %s key%s",
	     shown->peer->name, shown->type, text_view(&shown->fingerprint), shown->file, shown->line,
	     known_type, strcmp(known_type, "ssh-rsa") ? "" : ", a type that libssh2 1.10 cannot check");
	remedy(err, "compare that host key at the machine itself, then add it to %s", shown->file);
	return -1;
}

static int refuse_revoked(const struct shown *shown, struct error *err)
{
	fail(err, ERR_DENIED, "the host key of %s (%s %s) is revoked by %s:%zu", shown->peer->name,
	     shown->type, text_view(&shown->fingerprint), shown->file, shown->line);
	remedy(err, "give the machine a new host key; this one is in others' hands");
	return -1;
}

enum { WAY_MOST = 100 }; /* a command is told whole or not at all */

/* What ssh has to be told to come there, and to note its key where we look for it. */
static void add_way(const struct shown *shown, struct text *to)
{
	const struct ssh_host *host = &shown->peer->host, *jump = host->jump;

	if (*shown->file && !ends_with(shown->file, "/.ssh/known_hosts")) {
		/* One with a blank would be two files, were it not in quotes of ssh's own. */
		bool blank = strchr(shown->file, ' ');
		owned_text file = {0};
		text_format(&file, blank ? "\"%s\"" : "%s", shown->file);
		text_add(to, "-o UserKnownHostsFile=");
		text_add_path(to, text_view(&file));
		text_add_char(to, ' ');
	}
	if (jump)
		text_format(to, "-J %s%s%s:%u ", jump->user ? jump->user : "", jump->user ? "@" : "",
			    jump->address, (unsigned int)jump->port);
	text_format(to, "-p %u %s%s%s", (unsigned int)host->port, host->user ? host->user : "",
		    host->user ? "@" : "", host->address);
}

static int refuse_unknown(const struct shown *shown, const struct host_key_finding *finding,
			  struct error *err)
{
	owned_text way = {0};

	if (finding->authority)
		fail(err, ERR_UNSUPPORTED,
		     "the host key of %s (%s %s) is not known itself: %s:%zu names a certificate authority, "
		     "which libssh2 cannot check",
		     shown->peer->name, shown->type, text_view(&shown->fingerprint), shown->file,
		     shown->line);
	else
		fail(err, ERR_UNVERIFIED, "the host key of %s is not known: it shows %s %s",
		     shown->peer->name, shown->type, text_view(&shown->fingerprint));
	add_way(shown, &way);
	remedy(err,
	       "compare it at the machine itself (ssh-keygen -lf /etc/ssh/ssh_host_*_key.pub), then connect "
	       "once by `ssh %s`, or name it: hostKey",
	       way.length > WAY_MOST ? "..." : text_view(&way));
	return -1;
}

int ssh_host_key_check(struct ssh_session *session, struct error *err)
{
	const struct ssh_host *host = &session->peer->host;
	struct host_key_finding finding = {0};
	struct shown shown = {.peer = session->peer};
	size_t size = 0;
	int type;
	const char *key = session->ssh->lib.session_hostkey(session->ssh2, &size, &type);
	const struct host_key_question question = {
	    .name = name_of(host), .port = host->port, .key = key, .key_size = size};

	if (!key)
		return fail(err, ERR_FAILED, "%s shows no host key", session->peer->name);
	if (look(session, &question, &finding, err))
		return -1;
	if (finding.verdict == HOST_KEY_KNOWN)
		return 0;
	host_key_type(key, size, shown.type);
	host_key_fingerprint(key, size, &shown.fingerprint);
	owned_text fingerprint = shown.fingerprint;
	if (host->host_keys)
		return host_key_refuse(session->peer->name, host->host_keys, key, size, err);
	shown.file = host->known_hosts ? host->known_hosts[finding.file] : "";
	shown.line = finding.line;
	switch (finding.verdict) {
	case HOST_KEY_CHANGED:
		return refuse_changed(&shown, err);
	case HOST_KEY_OTHER:
		return refuse_other(&shown, finding.type, err);
	case HOST_KEY_REVOKED:
		return refuse_revoked(&shown, err);
	default:
		if (host->trust == SSH_ACCEPT_NEW && !finding.authority)
			return learn(session->peer, key, size, err);
		return refuse_unknown(&shown, &finding, err);
	}
}

/* --- what it offers ---------------------------------------------------------------------------- */

void ssh_host_key_offered(const struct text *greeting, struct text *ret_names)
{
	const char *at = text_view(greeting), *end = at + greeting->length, *line;

	/* Lines may come before its version's, and its first message follows in clear (RFC 4253, 4.2,
	 * 6, 7.1). */
	while ((line = memchr(at, '\n', (size_t)(end - at))) && strncmp(at, "SSH-", 4))
		at = line + 1;
	if (!line)
		return;
	struct ssh_bytes bytes = ssh_bytes_of(line + 1, (size_t)(end - line - 1));
	ssh_take(&bytes, 4 + 1 + 1 + 16); /* length, padding, what it is, a number of chance */
	ssh_take_string(&bytes);          /* ways to exchange keys */
	struct ssh_string names = ssh_take_string(&bytes);
	if (!bytes.bad && names.size < 1024 && !memchr(names.bytes, '\0', names.size))
		text_add_bytes(ret_names, names.bytes, names.size);
}
