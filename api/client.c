/* client.c - which controller a handle speaks to, and which operations go there. */
#include "api/client.h"

#include <stdio.h>
#include <string.h>

#include "api/owner.h"
#include "api/request.h"
#include "base/cleanup.h"

/* --- its address ---------------------------------------------------------------------------- */

static int take_token(struct berth *berth, struct client *client, const char *path, struct error *err)
{
	owned_text token = {.secret = true};
	if (!path)
		return 0;
	if (berth->world->ops->file_read(berth->world, path, 4096, &token, err))
		return -1;
	client->authorization = arena_format(&berth->arena, "Authorization: Bearer %.*s",
					     (int)strcspn(text_view(&token), " \t\r\n"), text_view(&token));
	return client->authorization ? 0 : fail_memory(err);
}

static int take_address(struct berth *berth, struct client *client, const char *address, struct error *err)
{
	struct arena *arena = &berth->arena;
	client->name = arena_text(arena, address);
	if (starts_with(address, "unix:/")) {
		client->socket = arena_text(arena, address + strlen("unix:"));
		client->base = "http://controller";
	} else if (starts_with(address, "https://") && address[strlen("https://")]) {
		client->base = arena_text(arena, address);
	} else {
		fail(err, ERR_INVALID, "`%.200s` is no controller's address", address);
		remedy(err, "unix:/PATH, https://HOST:PORT, or none");
		return -1;
	}
	return client->name && client->base ? 0 : fail_memory(err);
}

/* Relative to where we are: the socket's path. */
static const char *whole_address(struct berth *berth, const char *address)
{
	char here[4096];
	if (!starts_with(address, "unix:") || address[5] == '/' || !address[5])
		return address;
	if (berth->world->ops->working_directory(berth->world, here, sizeof here))
		return NULL;
	return arena_format(&berth->arena, "unix:%s/%s", here, address + strlen("unix:"));
}

/* NULL: none is asked for, and none has the store. */
static const char *find_address(struct berth *berth, const char *given)
{
	char socket[200];
	if (given && *given)
		return strcmp(given, "none") == 0 ? NULL : whole_address(berth, given);
	if (!owner_socket(berth->state_directory, socket, sizeof socket))
		return NULL;
	return arena_format(&berth->arena, "unix:%s", socket);
}

static int client_open(struct berth *berth, const struct berth_options *options, struct error *err);

static void client_close(struct berth *berth)
{
	berth->backend = NULL;
	berth->controller = NULL; /* in the handle's arena */
}

/* --- which operations ----------------------------------------------------------------------- */

/* What only reads a text, or plays, is done here: with the same result. */
static bool goes_there(const struct berth_operation *operation)
{
	static const char *const here[] = {"validate", "types", "schema", "simulate"};
	for (size_t i = 0; i < COUNT_OF(here); i++)
		if (strcmp(operation->verb->name, here[i]) == 0)
			return false;
	return strcmp(operation->verb->name, "graph") != 0 || !operation->request.blueprint;
}

static int client_begin(struct berth_operation *operation)
{
	const struct server_verb *verb = server_verb_find(operation->verb->name);
	if (!verb || !goes_there(operation))
		return 0;
	struct remote *remote = arena_array(&operation->arena, struct remote, 1);
	if (!remote)
		return -1;
	remote->verb = verb;
	remote->rehearses = operation->listener.confirm && verb->changes && !operation->request.dry_run &&
			    has_word(verb->takes, "dry_run");
	remote->main.operation = remote->cancel.operation = remote->input.operation = operation;
	operation->remote = remote;
	return 0;
}

static const struct berth_backend backend = {
    .open = client_open,
    .close = client_close,
    .begin = client_begin,
    .step = remote_step,
    .let_go = remote_let_go,
};

static int client_open(struct berth *berth, const struct berth_options *options, struct error *err)
{
	const char *address = find_address(berth, options->controller);
	if (!address)
		return 0;
	struct client *client = arena_array(&berth->arena, struct client, 1);
	if (!client)
		return fail_memory(err);
	if (take_address(berth, client, address, err) || take_token(berth, client, options->token_file, err))
		return -1;
	if (options->ca_file && !(client->tls.ca_file = arena_text(&berth->arena, options->ca_file)))
		return fail_memory(err);
	berth->controller = client;
	berth->backend = &backend;
	return 0;
}

__attribute__((constructor)) static void offer(void)
{
	backend_register(&backend);
}
