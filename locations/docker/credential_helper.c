/* credential_helper.c - programs that keep passwords, docker-credential-NAME, asked as the docker program
 * asks them. */
#include <string.h>
#include <strings.h>

#include "locations/docker/engine.h"
#include "locations/docker/registry.h"

#define ANSWER_MAX ((size_t)64 << 10)
#define WAIT_MS    60000 /* somebody may have to unlock a keychain */
#define WORDS_SIZE 200
#define NOT_FOUND  "credentials not found in native keychain"
#define TOKEN_USER "<token>" /* its secret is an identity token, not a password */

static struct command *ask_program(struct docker *docker, const char *path, const char *server,
				   void (*done)(void *owner, const struct command_answer *answer),
				   void *owner, struct error *err)
{
	const char *const argv[] = {path, "get", NULL};
	const struct command_request request = {
	    .argv = argv,
	    .input = server,
	    .limit = ANSWER_MAX,
	    .timeout_ms = WAIT_MS,
	};

	return command_start(docker->world, &request, done, owner, err);
}

/* The next absolute folder of PATH, or NULL; moves `path` on. */
static const char *next_folder(struct arena *arena, const char **path)
{
	while (**path) {
		const char *start = *path;
		size_t length = strcspn(start, ":");
		*path += length + (start[length] == ':');
		if (*start == '/')
			return arena_copy(arena, start, length);
	}
	return NULL;
}

struct command *helper_ask(struct docker *docker, const char *program, const char *server,
			   void (*done)(void *owner, const struct command_answer *answer), void *owner,
			   struct error *err)
{
	owned_by(arena_release) struct arena arena = {0};
	struct world *world = docker->world;
	const char *path = variable(docker, "PATH"), *folder;
	struct command *command = NULL;

	path = path ? path : "/usr/local/bin:/usr/bin:/bin";
	fail(err, ERR_MISSING, "%s is in no folder of PATH", program);
	remedy(err, "install it, or take its name out of docker's config.json");
	/* A name with a slash would lead out of PATH. */
	while (!command && !strchr(program, '/') && (folder = next_folder(&arena, &path))) {
		const char *file = arena_format(&arena, "%s/%s", folder, program);
		if (file && world->ops->file_exists(world, file))
			command = ask_program(docker, file, server, done, owner, err);
	}
	return command;
}

/* --- its answer ----------------------------------------------------------------------------- */

/* Its members are written in more than one way. */
static const json_t *member(const json_t *object, const char *name)
{
	const char *key;
	json_t *value;

	json_object_foreach ((json_t *)object, key, value)
		if (!strcasecmp(key, name) && json_is_string(value) && json_string_length(value))
			return value;
	return NULL;
}

/* What a refusal is about stands in its output. An answer in spite of the refusal is a password: never shown.
 */
static int refused(const struct command_answer *answer, const char *program, struct error *err)
{
	bool spoke = answer->output_size > 0;
	const char *from = spoke ? answer->output : answer->errors;
	size_t size = spoke ? answer->output_size : answer->errors_size;
	owned_text words = {0};

	while (size && strchr(" \t\r\n", from[size - 1]))
		size--;
	text_add_printable(&words, from, size < WORDS_SIZE ? size : WORDS_SIZE);
	for (char *c = words.data; c && *c; c++)
		*c = *c == '\n' ? ' ' : *c;
	if (size && !memchr(from, '{', size))
		return fail(err, ERR_DENIED, "%s: %s", program, text_view(&words));
	if (answer->end.signal)
		return fail(err, ERR_DENIED, "%s was ended by signal %d", program, answer->end.signal);
	return fail(err, ERR_DENIED, "%s ended with code %d", program, answer->end.exit_code);
}

static bool knows_none(const struct command_answer *answer)
{
	size_t size = answer->output_size;

	while (size && strchr(" \t\r\n", answer->output[size - 1]))
		size--;
	return size == strlen(NOT_FOUND) && !memcmp(answer->output, NOT_FOUND, size);
}

static int put(json_t *login, const char *key, const json_t *value)
{
	if (!value)
		return 0;
	return json_object_set_new(login, key,
				   json_stringn(json_string_value(value), json_string_length(value)));
}

static json_t *login_of(const json_t *said)
{
	const json_t *user = member(said, "Username"), *secret = member(said, "Secret");
	bool token = user && !strcmp(json_string_value(user), TOKEN_USER);
	json_t *login = json_object();

	if (login && (token ? put(login, "identitytoken", secret)
			    : put(login, "username", user) | put(login, "password", secret)) == 0)
		return login;
	release_secret_json(&login);
	return NULL;
}

int helper_read(const struct command_answer *answer, const char *program, json_t **ret_login,
		struct error *err)
{
	*ret_login = NULL;
	if (answer->error.code != OK)
		return fail(err, ERR_DENIED, "%s: %s", program, answer->error.text);
	if (answer->end.signal || answer->end.exit_code != 0)
		return knows_none(answer) ? 0 : refused(answer, program, err);
	owned_secret_json said =
	    json_loadb(answer->output, answer->output_size, JSON_DISABLE_EOF_CHECK, NULL);
	if (!json_is_object(said))
		return fail(err, ERR_DENIED, "%s gave an answer that is no login", program);
	if (!member(said, "Username") && !member(said, "Secret"))
		return 0;
	*ret_login = login_of(said);
	return *ret_login ? 0 : fail_memory(err);
}
