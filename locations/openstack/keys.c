/* keys.c - the key pair of an application: its private part a file of this user's, its public part at Nova.
 */
#include <stdio.h>
#include <string.h>

#include "base/base64.h"
#include "base/cleanup.h"
#include "base/digest.h"
#include "base/ssh_key.h"
#include "locations/openstack/openstack.h"
#include "locations/openstack/settings.h"

enum { DIGITS = 12, SEED = 32, PRIVATE = 0600, FOLDER = 0700, FILE_MOST = 16384 };

/* The pairs of an application that are to go. */
struct dropping {
	json_t *pairs;
	size_t next;
};

/* Forgets what is held for another application. 0 or -1 without memory. */
static int openstack_hold(struct openstack *openstack, const char *app)
{
	struct openstack_held *held = &openstack->held;

	if (held->app && !strcmp(held->app, app))
		return 0;
	arena_release(&held->arena);
	*held = (struct openstack_held){0};
	held->app = arena_text(&held->arena, app);
	return held->app ? 0 : -1;
}

/* --- files -----------------------------------------------------------------------------------------------
 */

/* Of this cloud and project alone. */
static const char *folder_of(const struct openstack *openstack, struct arena *arena)
{
	char digest[DIGEST_HEX];

	if (digest_hex(openstack->identity, strlen(openstack->identity), digest))
		return NULL;
	return arena_format(arena, "%s/openstack/%.12s", openstack->location->state_directory, digest);
}

const char *openstack_key_file(const struct openstack *openstack, struct arena *arena, const char *pair)
{
	const char *folder = folder_of(openstack, arena);

	return folder ? arena_format(arena, "%s/%s", folder, pair) : NULL;
}

/* "berth-app-0123456789ab", of letters that every Nova takes in the name of a pair. */
static const char *prefix_of(struct arena *arena, const char *app)
{
	return arena_format(arena, "berth-%s-", app);
}

/* Pairs are a user's, whatever project he is at work in, and the same application may be in several of them:
 * what is ours is told by what its name is made of. 0 or -1. */
static int digits_of(const struct openstack *openstack, const char *public_key, char ret[static DIGEST_HEX])
{
	size_t kind = strcspn(public_key, " "), rest = strcspn(public_key + kind, "\n");
	owned_text text = {0};

	text_format(&text, "%s\n", openstack->session.token.project_id);
	text_add_bytes(&text, public_key, kind + rest);
	if (text.failed || digest_hex(text_view(&text), text.length, ret))
		return -1;
	ret[DIGITS] = '\0';
	return 0;
}

/* Another application's may begin alike. */
static bool is_pair_of(const char *name, const char *prefix)
{
	const char *digits = name + strlen(prefix);

	return starts_with(name, prefix) && strlen(digits) == DIGITS &&
	       strspn(digits, "0123456789abcdef") == DIGITS;
}

struct finding {
	struct arena *arena;
	const char *prefix, *found;
};

static bool take_first(void *owner, const char *name)
{
	struct finding *finding = owner;

	if (!is_pair_of(name, finding->prefix))
		return true;
	finding->found = arena_text(finding->arena, name);
	return false;
}

/* --- made ------------------------------------------------------------------------------------------------
 */

static int write_private(const unsigned char *seed, struct text *pem)
{
	static const unsigned char head[] = {0x30, 0x2e, 0x02, 0x01, 0x00, 0x30, 0x05, 0x06,
					     0x03, 0x2b, 0x65, 0x70, 0x04, 0x22, 0x04, 0x20};
	unsigned char der[sizeof(head) + SEED];

	memcpy(der, head, sizeof(head));
	memcpy(der + sizeof(head), seed, SEED);
	text_add(pem, "-----BEGIN PRIVATE KEY-----\n");
	base64_add(pem, der, sizeof(der));
	text_add(pem, "\n-----END PRIVATE KEY-----\n");
	explicit_bzero(der, sizeof(der));
	return pem->failed ? -1 : 0;
}

static int write_public(const struct text *pem, const char *passphrase, struct text *line, struct error *err)
{
	bool encrypted;
	struct ssh_key *key = ssh_key_open(text_view(pem), pem->length, passphrase, &encrypted, err);

	if (!key)
		return -1;
	ssh_key_public(key, line);
	ssh_key_close(key);
	return line->failed ? fail_memory(err) : 0;
}

/* Its name has a digest of the public part, so that the pair of that name is always that one of that project.
 */
static const char *pair_of(const struct openstack *openstack, struct arena *arena, const char *app,
			   const char *public_key)
{
	char digest[DIGEST_HEX];

	return digits_of(openstack, public_key, digest) ? NULL
							: arena_format(arena, "berth-%s-%s", app, digest);
}

static const char *make_key(const struct openstack *openstack, struct arena *arena, const char *app,
			    struct error *err)
{
	struct world *world = openstack->world;
	owned_text pem = {.secret = true}, line = {0};
	unsigned char seed[SEED];
	const char *folder = folder_of(openstack, arena);

	int failed = world->ops->random(world, seed, sizeof(seed)) || write_private(seed, &pem);
	explicit_bzero(seed, sizeof(seed));
	if (failed || !folder) {
		fail_memory(err);
		return NULL;
	}
	if (write_public(&pem, NULL, &line, err) < 0)
		return NULL;
	const char *name = pair_of(openstack, arena, app, text_view(&line));
	const char *path = name ? openstack_key_file(openstack, arena, name) : NULL;
	if (!path) {
		fail_memory(err);
		return NULL;
	}
	if (world->ops->directories_make(world, folder, FOLDER, err) ||
	    world->ops->file_write(world, path, PRIVATE, pem.data, pem.length, err))
		return NULL;
	return name;
}

static const char *find_key(struct openstack *openstack, struct arena *arena, const char *app,
			    struct error *err)
{
	struct world *world = openstack->world;
	struct finding finding = {.arena = arena, .prefix = prefix_of(arena, app)};
	const char *folder = folder_of(openstack, arena);

	if (!folder || !finding.prefix) {
		fail_memory(err);
		return NULL;
	}
	if (world->ops->directory_list(world, folder, take_first, &finding, err))
		return NULL;
	openstack->held.fresh = !finding.found;
	return finding.found ? finding.found : make_key(openstack, arena, app, err);
}

/* --- somebody's own --------------------------------------------------------------------------------------
 */

int openstack_check_key(const struct openstack *openstack, struct error *err)
{
	owned_arena arena = {0};
	const struct openstack_source source = {.location = openstack->location,
						.arena = &arena,
						.home = location_variable(openstack->location, "HOME")};
	const char *path;
	struct error why = {0};

	if (!openstack->wishes.key_file)
		return 0;
	if (openstack_path_read(&source, "privateKeyFile", openstack->wishes.key_file, &path, err) < 0)
		return -1;
	if (ssh_key_file_check(openstack->world, path, &why) == 0)
		return 0;
	fail(err, why.code, "the private key %s: %s", path, why.text);
	remedy(err, "%s", why.remedy);
	return -1;
}

static int read_own(struct openstack *openstack, struct arena *arena, struct text *pem, const char **ret_what,
		    const char **ret_passphrase, struct error *err)
{
	const struct openstack_wishes *wishes = &openstack->wishes;
	struct world *world = openstack->world;
	const struct openstack_source source = {.location = openstack->location,
						.arena = arena,
						.home = location_variable(openstack->location, "HOME")};
	const char *text;

	*ret_passphrase = NULL;
	if (wishes->key_passphrase && openstack_secret_read(&source, "privateKeyPassphrase",
							    wishes->key_passphrase, ret_passphrase, err) < 0)
		return -1;
	if (wishes->key_file) {
		if (openstack_path_read(&source, "privateKeyFile", wishes->key_file, ret_what, err) < 0)
			return -1;
		return world->ops->file_read(world, *ret_what, FILE_MOST, pem, err);
	}
	*ret_what = "of `privateKeyData`";
	if (openstack_secret_read(&source, "privateKeyData", wishes->key_text, &text, err) < 0)
		return -1;
	text_add(pem, text);
	return pem->failed ? fail_memory(err) : 0;
}

/* Of a key that only an agent can use the public part may lie beside it. */
static int read_beside(const struct openstack *openstack, const char *path, struct text *line)
{
	owned_text beside = {0};

	text_format(&beside, "%s.pub", path);
	return beside.failed || openstack->world->ops->file_read(openstack->world, text_view(&beside),
								 FILE_MOST, line, NULL) < 0
		   ? -1
		   : 0;
}

/* The pair that has the public part of the private key that the options name, whose private part stays where
 * it is. */
static const char *own_pair(struct openstack *openstack, const char *app, struct error *err)
{
	struct openstack_held *held = &openstack->held;
	owned_text pem = {.secret = true}, line = {0};
	owned_arena arena = {0};
	const char *what = "", *passphrase;
	struct error why = {0};

	if ((read_own(openstack, &arena, &pem, &what, &passphrase, &why) < 0 ||
	     write_public(&pem, passphrase, &line, &why) < 0) &&
	    !(openstack->wishes.key_file && read_beside(openstack, what, &line) == 0)) {
		fail(err, why.code, "location `%s`: the public part of the private key %s is not known: %s",
		     openstack->location->name, what, why.text);
		remedy(err, "name the right file, give its passphrase (`privateKeyPassphrase: env:NAME`), or "
			    "say `keyPair`: the key pair at Nova that has its public part");
		return NULL;
	}
	/* Without what its owner calls it. */
	const char *key = text_view(&line);
	size_t kind = strcspn(key, " ");
	held->public_key =
	    arena_copy(&held->arena, key, kind + (key[kind] ? 1 + strcspn(key + kind + 1, " \r\n") : 0));
	const char *pair = held->public_key ? pair_of(openstack, &held->arena, app, held->public_key) : NULL;
	if (!pair)
		fail_memory(err);
	return pair;
}

/* --- at Nova ---------------------------------------------------------------------------------------------
 */

static enum progress made(struct talk *talk, struct error *err)
{
	const struct openstack_call *call = &talk->calls[0];

	if (!openstack_ok(call) && !(call->error.code == OK && call->status == 409))
		return openstack_failed(&talk->calls[0], err, "cannot make a key pair");
	talk->openstack->held.there = true;
	return talk_go(talk, talk->held_next);
}

static enum progress make_there(struct talk *talk, struct error *err)
{
	struct openstack *openstack = talk->openstack;
	struct world *world = openstack->world;
	const char *pair = openstack->held.key_pair, *own = openstack->held.public_key;
	owned_text pem = {.secret = true}, line = {0};
	const char *path = openstack_key_file(openstack, &talk->arena, pair);

	if (!path)
		return talk_no_memory(err);
	if (!own && (world->ops->file_read(world, path, FILE_MOST, &pem, err) ||
		     write_public(&pem, NULL, &line, err) < 0))
		return PROGRESS_FAILED;
	const struct openstack_question question = {.service = "compute",
						    .method = "POST",
						    .path = "/os-keypairs",
						    .body = json_pack("{s:{s:s, s:s}}", "keypair", "name",
								      pair, "public_key",
								      own ? own : text_view(&line))};
	return openstack_ask_one(talk, &question, made, err);
}

static enum progress looked(struct talk *talk, struct error *err)
{
	struct openstack_call *call = &talk->calls[0];

	talk->openstack->held.there = openstack_ok(call);
	if (openstack_ok(call))
		return talk_go(talk, talk->held_next);
	if (openstack_absent(call))
		return make_there(talk, err);
	return openstack_failed(call, err, "cannot look for the key pair");
}

enum progress openstack_have_key(struct talk *talk, const char *app, talk_step *next, struct error *err)
{
	struct openstack *openstack = talk->openstack;
	struct openstack_held *held = &openstack->held;
	struct error why = {0};

	if (openstack_hold(openstack, app) < 0)
		return talk_no_memory(err);
	if (held->there)
		return talk_go(talk, next);
	if (openstack_check_key(openstack, &why) < 0) {
		fail(err, why.code, "location `%s`: %s", openstack->location->name, why.text);
		remedy(err, "%s", why.remedy);
		return PROGRESS_FAILED;
	}
	held->key_pair = openstack->wishes.key_pair;
	held->there = held->key_pair != NULL;
	if (held->there)
		return talk_go(talk, next);
	bool is_own = openstack->wishes.key_file || openstack->wishes.key_text;
	held->key_pair = is_own ? own_pair(openstack, app, err) : find_key(openstack, &held->arena, app, err);
	if (!held->key_pair)
		return PROGRESS_FAILED;
	talk->held_next = next;
	if (held->fresh)
		return make_there(talk, err);
	const char *path = arena_format(&talk->arena, "/os-keypairs/%s", held->key_pair);
	return openstack_read(talk, "compute", path, looked, err);
}

/* --- taken away ------------------------------------------------------------------------------------------
 */

static void release_dropping(void *own)
{
	json_decref(((struct dropping *)own)->pairs);
}

static void forget_file(struct talk *talk, const char *pair)
{
	const struct openstack *openstack = talk->openstack;
	const char *path = openstack_key_file(openstack, &talk->arena, pair);

	if (path)
		openstack->world->ops->file_remove(openstack->world, path, NULL);
}

static enum progress drop_next(struct talk *talk, struct error *err);

static enum progress dropped(struct talk *talk, struct error *err)
{
	struct openstack_call *call = &talk->calls[0];

	if (!openstack_ok(call) && !openstack_absent(call))
		return openstack_failed(call, err, "cannot remove a key pair");
	return drop_next(talk, err);
}

struct collecting {
	const char *prefix;
	json_t *names;
};

static bool collect(void *owner, const char *name)
{
	struct collecting *collecting = owner;

	if (is_pair_of(name, collecting->prefix))
		json_add(collecting->names, json_any_text(name));
	return true;
}

/* Also of a pair that Nova never got, or has lost. */
static void forget_files(struct talk *talk, const char *prefix)
{
	const struct openstack *openstack = talk->openstack;
	owned_json names = json_array();
	struct collecting collecting = {prefix, names};
	const char *folder = folder_of(openstack, &talk->arena);

	if (!folder ||
	    openstack->world->ops->directory_list(openstack->world, folder, collect, &collecting, NULL))
		return;
	for (size_t i = 0; i < json_array_size(names); i++)
		forget_file(talk, json_string_value(json_array_get(names, i)));
}

static bool is_ours(const struct openstack *openstack, const json_t *pair, const char *prefix)
{
	const char *name = json_text(pair, "name"), *key = json_text(pair, "public_key");
	char digits[DIGEST_HEX];

	return name && key && is_pair_of(name, prefix) && digits_of(openstack, key, digits) == 0 &&
	       !strcmp(name + strlen(prefix), digits);
}

const char *openstack_key_app(struct talk *talk, const json_t *pair)
{
	const char *name = json_text(pair, "name"), *last = name ? strrchr(name, '-') : NULL;

	if (!name || !starts_with(name, "berth-") || last < name + strlen("berth-"))
		return NULL;
	const char *app =
	    arena_copy(&talk->arena, name + strlen("berth-"), (size_t)(last - name) - strlen("berth-"));
	const char *prefix = app ? prefix_of(&talk->arena, app) : NULL;
	return prefix && is_ours(talk->openstack, pair, prefix) ? app : NULL;
}

static enum progress drop_next(struct talk *talk, struct error *err)
{
	struct dropping *dropping = talk->own;
	const char *prefix = prefix_of(&talk->arena, talk->order.app);

	if (!prefix)
		return talk_no_memory(err);
	while (dropping->next < json_array_size(dropping->pairs)) {
		const json_t *pair =
		    json_object_get(json_array_get(dropping->pairs, dropping->next++), "keypair");
		const char *name = json_text(pair, "name");
		if (!is_ours(talk->openstack, pair, prefix))
			continue;
		const struct openstack_question question = {
		    .service = "compute",
		    .method = "DELETE",
		    .path = arena_format(&talk->arena, "/os-keypairs/%s", name)};
		return openstack_ask_one(talk, &question, dropped, err);
	}
	forget_files(talk, prefix);
	return talk_go(talk, talk->held_next);
}

static enum progress listed(struct talk *talk, struct error *err)
{
	struct dropping *dropping = arena_array(&talk->arena, struct dropping, 1);
	struct openstack_call *call = &talk->calls[0];

	if (!dropping)
		return talk_no_memory(err);
	if (!openstack_ok(call))
		return openstack_failed(call, err, "cannot list key pairs");
	const json_t *list = openstack_list(call, "keypairs", err);
	if (!list)
		return PROGRESS_FAILED;
	dropping->pairs = json_incref((json_t *)list);
	talk_own(talk, dropping, release_dropping);
	return drop_next(talk, err);
}

enum progress openstack_drop_keys(struct talk *talk, talk_step *next, struct error *err)
{
	talk->held_next = next;
	talk->openstack->held.there = false;
	return openstack_read(talk, "compute", "/os-keypairs", listed, err);
}
