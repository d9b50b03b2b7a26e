/* logins.c - the user's login at an image's registry, found where the docker program finds it: in
 * config.json, or by the program that this names. */
#include <string.h>
#include <strings.h>

#include "base/base64.h"
#include "locations/docker/engine.h"
#include "locations/docker/registry.h"

#define CONFIG_MAX ((size_t)1 << 20)
#define HUB        "https://index.docker.io/v1/" /* Docker Hub, as config.json and helpers have it */

/* --- config.json ---------------------------------------------------------------------------- */

struct config {
	const char *path;
	struct text content; /* secret, as is what was read from it */
	json_t *json;        /* NULL: there is none */
};

static void config_release(struct config *config)
{
	release_secret_json(&config->json);
	text_release(&config->content);
}

static const char *config_path(struct login *login)
{
	const char *folder = configuration_folder(login->docker, &login->arena);

	return folder ? arena_format(&login->arena, "%s/config.json", folder) : NULL;
}

static int damaged(const struct config *config, int line, const char *what, struct error *err)
{
	fail(err, ERR_DENIED, "%s:%d: %s", config->path, line, what);
	remedy(err, "mend that file, or log in again (`docker login`)");
	return -1;
}

/* The line that a member begins on, for messages. */
static int line_of(const struct config *config, const char *key)
{
	const char *text = text_view(&config->content), *at = strstr(text, "\"auths\"");
	int line = 1;

	at = at ? strstr(at, key) : NULL;
	for (const char *c = text; at && c < at; c++)
		line += *c == '\n';
	return line;
}

/* The parser's own words may quote the file: only the place is told. */
static int config_read(struct login *login, struct config *ret, struct error *err)
{
	struct world *world = login->docker->world;
	struct error why;
	json_error_t wrong;

	*ret = (struct config){.path = config_path(login), .content = {.secret = true}};
	if (!ret->path)
		return 0;
	if (world->ops->file_read(world, ret->path, CONFIG_MAX, &ret->content, &why) < 0)
		return why.code == ERR_MISSING ? 0 : fail(err, ERR_DENIED, "%s", why.text);
	if (!text_view(&ret->content)[strspn(text_view(&ret->content), " \t\r\n")])
		return 0;
	ret->json = json_loadb(text_view(&ret->content), ret->content.length, JSON_DISABLE_EOF_CHECK, &wrong);
	if (!ret->json)
		return damaged(ret, wrong.line > 0 ? wrong.line : 1, "not valid JSON", err);
	return json_is_object(ret->json) ? 0 : damaged(ret, 1, "no JSON object", err);
}

/* "https://host:5000/v1/" is the host's, as old versions of docker wrote it. */
static bool names_host(const char *key, const char *host)
{
	if (!strncasecmp(key, "https://", 8))
		key += 8;
	else if (!strncasecmp(key, "http://", 7))
		key += 7;
	size_t length = strcspn(key, "/");
	return length == strlen(host) && !strncmp(key, host, length);
}

static const json_t *entry_of(const struct config *config, const char *server, const char **ret_key)
{
	const json_t *auths = json_object_get(config->json, "auths"), *entry = json_object_get(auths, server);
	const char *key;
	json_t *value;

	*ret_key = server;
	if (entry)
		return entry;
	json_object_foreach ((json_t *)auths, key, value)
		if (names_host(key, server)) {
			*ret_key = key;
			return value;
		}
	return NULL;
}

/* --- a login's members, and the header they make -------------------------------------------- */

static int put(json_t *login, const char *key, const char *value, size_t size)
{
	return size ? json_object_set_new(login, key, json_stringn(value, size)) : 0;
}

static int put_member(json_t *login, const char *key, const json_t *entry)
{
	const json_t *value = json_object_get(entry, key);

	return put(login, key, json_string_value(value), json_string_length(value));
}

/* `auth` is "user:password" in base64; a password may hold colons, and end in zeros that mean nothing. */
static int put_auth(json_t *login, const char *auth)
{
	owned_text plain = {.secret = true};

	if (!base64_decode(auth, &plain) || plain.failed)
		return -1;
	const char *user = text_view(&plain), *colon = memchr(user, ':', plain.length);
	if (!colon || colon == user)
		return -1;
	const char *password = colon + 1, *end = user + plain.length;
	while (password < end && !*password)
		password++;
	while (end > password && !end[-1])
		end--;
	return put(login, "username", user, (size_t)(colon - user)) |
	       put(login, "password", password, (size_t)(end - password));
}

static json_t *login_of_entry(const json_t *entry)
{
	const char *auth = json_text(entry, "auth");
	json_t *login = json_is_object(entry) ? json_object() : NULL;
	int wrong = !login;

	if (!wrong && auth && *auth)
		wrong = put_auth(login, auth);
	else if (!wrong)
		wrong = put_member(login, "username", entry) | put_member(login, "password", entry);
	if (!wrong)
		wrong = put_member(login, "identitytoken", entry) | put_member(login, "registrytoken", entry);
	if (wrong)
		release_secret_json(&login);
	return wrong ? NULL : login;
}

static void write_header(struct login *login, json_t *members, const char *server)
{
	owned_text line = {.secret = true};

	json_object_set_new(members, "serveraddress", json_string(server));
	json_add_line(&line, members);
	text_add(&login->header, "X-Registry-Auth: ");
	base64url_add(&login->header, text_view(&line), line.length);
	if (line.failed || login->header.failed) {
		text_release(&login->header);
		fail_memory(&login->trouble);
	}
}

static void take_entry(struct login *login, const struct config *config)
{
	const char *key;
	const json_t *entry = entry_of(config, login->server, &key);
	struct error why = {0};

	if (!entry)
		return;
	owned_secret_json members = login_of_entry(entry);
	if (!members)
		damaged(config, line_of(config, key), "this is no login", &why);
	else if (json_object_size(members))
		write_header(login, members, key);
	if (login->header.length)
		login->source = config->path;
	if (why.code)
		login->trouble = why;
}

/* --- the search ----------------------------------------------------------------------------- */

/* "": none, as is said explicitly of one registry. */
static const char *helper_of(const struct config *config, const char *server)
{
	const char *its = json_text(json_object_get(config->json, "credHelpers"), server);
	const char *all = json_text(config->json, "credsStore");

	return its ? its : all ? all : "";
}

/* What config.json itself has stands in for a helper that fails. */
static void fall_back(struct login *login, const struct error *why)
{
	owned_by(config_release) struct config config;

	login->trouble = *why;
	if (config_read(login, &config, NULL) == 0)
		take_entry(login, &config);
}

static void helper_answered(void *owner, const struct command_answer *answer)
{
	struct login *login = owner;
	owned_secret_json members = NULL;
	struct error why;

	login->asking = NULL;
	if (helper_read(answer, login->helper, &members, &why) < 0)
		fall_back(login, &why);
	else if (members)
		write_header(login, members, login->server);
	if (members && login->header.length)
		login->source = login->helper;
	login->helper = NULL;
	login->found(login->owner);
}

static enum progress ask_helper(struct login *login, const char *name)
{
	struct error why;

	login->helper = arena_format(&login->arena, "docker-credential-%s", name);
	if (!login->helper)
		fail_memory(&why);
	else
		login->asking =
		    helper_ask(login->docker, login->helper, login->server, helper_answered, login, &why);
	if (login->asking)
		return PROGRESS_WAITING;
	login->helper = NULL;
	fall_back(login, &why);
	return PROGRESS_DONE;
}

/* How the registry is called; -1 when there is no memory. */
static int name_server(struct login *login, const char *image)
{
	struct image_reference reference;

	if (image_reference_parse(&login->arena, image, &reference, &login->trouble) < 0)
		return -1;
	bool hub = !strcmp(reference.registry, "docker.io");
	login->host = hub ? "" : reference.registry;
	login->server = hub ? HUB : reference.registry;
	return 0;
}

enum progress login_find(struct login *login, struct docker *docker, const char *image,
			 void (*found)(void *owner), void *owner)
{
	owned_by(config_release) struct config config = {0};

	login_release(login);
	*login = (struct login){.docker = docker,
				.header = {.secret = true},
				.host = "",
				.server = "",
				.found = found,
				.owner = owner};
	if (name_server(login, image) < 0 || config_read(login, &config, &login->trouble) < 0)
		return PROGRESS_DONE;
	const char *helper = helper_of(&config, login->server);
	if (*helper)
		return ask_helper(login, helper);
	take_entry(login, &config);
	return PROGRESS_DONE;
}

void login_wipe(struct login *login)
{
	text_release(&login->header);
}

void login_release(struct login *login)
{
	command_cancel(login->asking);
	text_release(&login->header);
	arena_release(&login->arena);
	*login = (struct login){0};
}
