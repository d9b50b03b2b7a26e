/* ssh_keys.c - keys that sessions use: each is opened once for all of them, by a thread where it is
 * encrypted. */
#include <stdlib.h>
#include <string.h>

#include "base/cleanup.h"
#include "base/ssh_internal.h"

enum { KEY_FILE_MAX = 64 * 1024 };

static void open_key(void *owner)
{
	struct ssh_kept_key *key = owner;

	key->key =
	    ssh_key_open(text_view(&key->text), key->text.length,
			 key->passphrase.length ? key->passphrase.data : NULL, &key->encrypted, &key->error);
	text_release(&key->text);
	text_release(&key->passphrase);
}

static void opened(void *owner)
{
	struct ssh_kept_key *key = owner;

	key->job = NULL;
	ssh_want_turn(key->ssh);
}

/* Its job is over, and nobody uses it: also when the world closes. */
static void job_over(void *owner)
{
	struct ssh_kept_key *key = owner;

	key->job = NULL;
	if (key->users)
		return;
	link_remove(&key->link);
	ssh_key_close(key->key);
	text_release(&key->text);
	text_release(&key->passphrase);
	free(key);
}

void ssh_let_key_go(struct ssh_kept_key *key)
{
	if (!key || --key->users)
		return;
	if (key->job)
		worker_cancel(key->job); /* which may be working on it; then it goes afterwards */
	else
		job_over(key);
}

static int digest_of(const struct text *text, const char *passphrase, char ret[static DIGEST_HEX])
{
	owned_text all = {.secret = true};

	text_reserve(&all, text->length + strlen(passphrase) + 1);
	text_add_bytes(&all, passphrase, strlen(passphrase) + 1);
	text_add_bytes(&all, text_view(text), text->length);
	return all.failed ? -1 : digest_hex(all.data, all.length, ret);
}

static struct ssh_kept_key *find(struct ssh *ssh, const char *digest)
{
	for (struct link *at = ssh->keys.next; at != &ssh->keys; at = at->next) {
		struct ssh_kept_key *key = owner_of(at, struct ssh_kept_key, link);
		if (!strcmp(key->digest, digest) && key->users)
			return key;
	}
	return NULL;
}

int ssh_key_file_check(struct world *world, const char *path, struct error *err)
{
	struct file_facts facts;

	if (world->ops->file_follow(world, path, &facts, NULL) || facts.uid != world->ops->user_id(world) ||
	    !(facts.mode & 077))
		return 0;
	fail(err, ERR_DENIED, "others may use it (mode %04o), and ssh would not take it either",
	     (unsigned)facts.mode);
	remedy(err, "chmod 600 %s", path);
	return -1;
}

static int read_text(struct ssh *ssh, const struct ssh_identity *identity, struct text *ret,
		     struct error *err)
{
	struct world *world = &ssh->real->world;
	struct error why = {0};

	if (!identity->file) {
		text_reserve(ret, strlen(identity->text));
		text_add(ret, identity->text);
		return ret->failed ? fail_memory(err) : 0;
	}
	if (ssh_key_file_check(world, identity->file, err))
		return -1;
	if (!world->ops->file_read(world, identity->file, KEY_FILE_MAX, ret, &why))
		return 0;
	return fail(err, why.code, why.code == ERR_MISSING ? "does not exist" : "%s", why.text);
}

struct ssh_kept_key *ssh_keep_key(struct ssh *ssh, const struct ssh_identity *identity, struct error *err)
{
	owned_text text = {.secret = true};
	const char *passphrase = identity->passphrase ? identity->passphrase : "";
	char digest[DIGEST_HEX];

	if (read_text(ssh, identity, &text, err))
		return NULL;
	if (digest_of(&text, passphrase, digest)) {
		fail_memory(err);
		return NULL;
	}
	struct ssh_kept_key *key = find(ssh, digest);
	if (key) {
		key->users++;
		return key;
	}
	key = calloc(1, sizeof(*key));
	if (!key) {
		fail_memory(err);
		return NULL;
	}
	key->ssh = ssh;
	key->users = 1;
	key->text = text;
	text = (struct text){0};
	key->passphrase.secret = true;
	text_add(&key->passphrase, passphrase);
	memcpy(key->digest, digest, sizeof(digest));
	link_append(&ssh->keys, &key->link);
	key->job = worker_add(ssh->real, &ssh->jobs, open_key, opened, job_over, key);
	if (key->job)
		return key;
	fail_memory(err);
	ssh_let_key_go(key);
	return NULL;
}
