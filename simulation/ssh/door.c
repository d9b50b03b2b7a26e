/* door.c - who gets to a simulated machine reached by SSH, which host key it shows, and whose key opens it.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/cleanup.h"
#include "base/known_hosts.h"
#include "simulation/ssh/model.h"

enum { KEYS_TOLD = 8 };

static void free_door(struct ssh_door *door)
{
	free((char *)door->host_key);
	free((char *)door->login_key);
	*door = (struct ssh_door){0};
}

static char *copy(const char *text)
{
	return text ? ssh_need(strdup(text)) : NULL;
}

void ssh_machine_door(struct ssh_machine *machine, const struct ssh_door *door)
{
	struct ssh_door copied = {.host_key = copy(door->host_key),
				  .login_key = copy(door->login_key),
				  .reaches = door->reaches,
				  .owner = door->owner};

	free_door(&machine->door);
	machine->door = copied;
}

void door_free(struct ssh_machine *machine)
{
	free_door(&machine->door);
}

static bool is_reached(const struct ssh_machine *machine, const struct machine *from, const char *via,
		       const char *address, uint16_t port)
{
	const struct ssh_door *door = &machine->door;

	return !door->reaches || door->reaches(door->owner, from, via, address, port);
}

static const char *jump_of(const struct http_request *request)
{
	size_t length = strlen(SSH_JUMP_HEADER);

	for (size_t i = 1; request->headers[i]; i++)
		if (!strncmp(request->headers[i], SSH_JUMP_HEADER, length))
			return request->headers[i] + length;
	return NULL;
}

/* The header's value, where any of that name is so; `any`: whether there is one at all. */
static bool brings(const struct http_request *request, const char *name, const char *key, bool *ret_any)
{
	size_t length = strlen(name);

	for (size_t i = 1; request->headers[i]; i++) {
		const char *value = request->headers[i] + length;
		if (strncmp(request->headers[i], name, length) != 0)
			continue;
		*ret_any = true;
		/* Without a comment; of a key to log in with the name is missing, too. */
		size_t words = strcspn(value, " ");
		words += value[words] ? 1 + strcspn(value + words + 1, " ") : 0;
		if (words && memmem(key, strlen(key), value, words))
			return true;
	}
	return false;
}

/* As a program says it that was shown the machine's key, and knows those that it must have. */
static void refuse_key(const struct ssh_machine *machine, const char *peer,
		       const struct http_request *request, struct reply *reply)
{
	const char *pins[KEYS_TOLD + 1] = {NULL};
	size_t count = 0, length = strlen(SSH_WANTED_HEADER);
	owned_text key = {0}, headers = {0};
	struct error why;

	for (size_t i = 1; request->headers[i] && count < KEYS_TOLD; i++)
		if (!strncmp(request->headers[i], SSH_WANTED_HEADER, length))
			pins[count++] = request->headers[i] + length;
	host_key_decode(machine->door.host_key, &key);
	host_key_refuse(peer, pins, key.data, key.length, &why);
	text_format(&headers, SSH_REFUSAL_HEADER "%s\r\n", why.text);
	reply_whole(reply, SSH_ANOTHER_KEY, text_view(&headers), NULL);
}

bool door_opens(struct ssh_machine *machine, const struct http_request *request, struct reply *reply)
{
	const struct ssh_door *door = &machine->door;
	char address[64];
	const char *host = strstr(request->url, "://") + 3;
	bool wants = false, has = false;

	snprintf(address, sizeof(address), "%.*s", (int)strcspn(host, ":/"), host);
	if (!is_reached(machine, reply_from(reply), jump_of(request), address, 22)) {
		listeners_ignore(machine, reply);
		return false;
	}
	if (door->host_key && !brings(request, SSH_WANTED_HEADER, door->host_key, &wants) && wants) {
		refuse_key(machine, address, request, reply);
		return false;
	}
	if (door->login_key && !brings(request, SSH_LOGIN_HEADER, door->login_key, &has)) {
		reply_whole(reply, 401, NULL, NULL);
		return false;
	}
	return true;
}

int door_accepts(const struct ssh_machine *machine, const struct machine *from, const char *address,
		 uint16_t port)
{
	bool own = !strcmp(address, machine->number);
	size_t length = strlen(address);

	for (size_t i = 0; i < ALSO_MOST; i++)
		own |= !strncmp(machine->also[i], address, length) && machine->also[i][length] == ':';
	if (!own || !is_reached(machine, from, NULL, address, port))
		return -1;
	return port_answers(machine, port);
}
