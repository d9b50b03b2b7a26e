/* read_server.c - Nova's servers, and the host key that the log of a console tells. */
#include <string.h>

#include "base/base64.h"
#include "base/cleanup.h"
#include "base/known_hosts.h"
#include "locations/openstack/answers.h"
#include "locations/openstack/reading.h"

/* Of those of one kind the first of version 4, else the first. */
static const char *address_of(const json_t *addresses, const char *kind)
{
	const char *network, *first = NULL;
	json_t *list, *one;
	size_t i;

	json_object_foreach ((json_t *)addresses, network, list) {
		json_array_foreach (list, i, one) {
			const char *type = json_text(one, "OS-EXT-IPS:type"), *text = json_text(one, "addr");
			if (!text || strcmp(type ? type : "fixed", kind) != 0)
				continue;
			if (json_number(one, "version", 4) == 4)
				return text;
			first = first ? first : text;
		}
	}
	return first;
}

static int take_server(const struct openstack_reading *reading, const json_t *json,
		       struct openstack_server *ret)
{
	const char *created;

	if (openstack_take_id(reading, json, "id", &ret->id) < 0 ||
	    openstack_take_text(reading, json, "name", false, &ret->name) < 0 ||
	    openstack_take_text(reading, json, "status", true, &ret->status) < 0 ||
	    openstack_take_text(reading, json, "OS-EXT-STS:task_state", false, &ret->task) < 0 ||
	    openstack_take_text(reading, json, "key_name", false, &ret->key_pair) < 0 ||
	    openstack_take_text(reading, json, "created", false, &created) < 0)
		return -1;
	ret->name = ret->name ? ret->name : "";
	ret->created_ms = created ? openstack_time(created) : 0;
	ret->fault = json_text(json_object_get(json, "fault"), "message");
	ret->metadata = json_object_get(json, "metadata");
	ret->fixed = address_of(json_object_get(json, "addresses"), "fixed");
	ret->floating = address_of(json_object_get(json, "addresses"), "floating");
	return 0;
}

int openstack_servers_read(const json_t *json, struct arena *arena, const struct openstack_server **ret,
			   size_t *ret_count, struct error *err)
{
	const struct openstack_reading reading = {arena, "Nova", err};
	const json_t *list;

	*ret_count = 0;
	if (openstack_take_list(&reading, json, "servers", &list) < 0)
		return -1;
	struct openstack_server *servers =
	    arena_array(arena, struct openstack_server, json_array_size(list) + 1);
	if (!servers)
		return fail_memory(err);
	*ret = servers;
	for (size_t i = 0; i < json_array_size(list); i++)
		if (take_server(&reading, json_array_get(list, i), &servers[(*ret_count)++]) < 0)
			return -1;
	return 0;
}

int openstack_server_read(const json_t *json, struct openstack_server *ret, struct error *err)
{
	const struct openstack_reading reading = {NULL, "Nova", err};
	const json_t *server = json_object_get(json, "server");

	return json_is_object(server) ? take_server(&reading, server, ret)
				      : openstack_odd(&reading, "no server");
}

/* --- host keys ------------------------------------------------------------------------------------------ */

/* "ssh-ed25519 AAAA...": its length without the remark behind it; 0: it is none, or not whole yet. */
static size_t key_length(const char *line, const char *kind)
{
	static const char letters[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/=";
	size_t name = strlen(kind);

	if (strncmp(line, kind, name) != 0 || line[name] != ' ' || strncmp(line + name + 1, "AAAA", 4) != 0)
		return 0;
	size_t length = name + 1 + strspn(line + name + 1, letters);
	return line[length] && strchr(" \t\r\n", line[length]) ? length : 0;
}

enum { METADATA_MOST = 255 };

/* As a server's metadata can keep it: one that is too long for that (RSA) by its fingerprint. */
static const char *kept_key(const char *line, size_t length, size_t kind, struct arena *arena)
{
	owned_text encoded = {0}, key = {0}, fingerprint = {0};

	if (length <= METADATA_MOST)
		return arena_copy(arena, line, length);
	text_add_bytes(&encoded, line + kind + 1, length - kind - 1);
	if (encoded.failed || !base64_decode(text_view(&encoded), &key))
		return NULL;
	host_key_fingerprint(key.data, key.length, &fingerprint);
	return fingerprint.failed ? NULL : arena_text(arena, text_view(&fingerprint));
}

const char *openstack_console_key(const char *log, struct arena *arena)
{
	static const char *const kinds[] = {"ssh-ed25519", "ecdsa-sha2-nistp256", "ssh-rsa"};

	for (size_t kind = 0; kind < sizeof(kinds) / sizeof(kinds[0]); kind++)
		for (const char *line = log; *line; line += strcspn(line, "\n"), line += *line == '\n') {
			size_t length = key_length(line, kinds[kind]);
			const char *key = length ? kept_key(line, length, strlen(kinds[kind]), arena) : NULL;
			if (key)
				return key;
		}
	return NULL;
}
