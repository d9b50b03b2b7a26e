/* keypairs.c - the simulated Nova's key pairs, whose names are unique for a user. */
#include <stdio.h>
#include <string.h>

#include "base/cleanup.h"
#include "base/digest.h"
#include "simulation/openstack/model.h"

/* Newer ones tell the kind of key, too. */
static json_t *tell(const struct asked *asked, const json_t *row, bool user)
{
	json_t *told = row_tell(row);

	if (asked->version < 2)
		json_object_del(told, "type");
	if (!user)
		json_object_del(told, "user_id");
	return told;
}

void keypairs_list(struct asked *asked)
{
	json_t *list = cloud_need(json_array());

	for (size_t i = 0; i < json_array_size(asked->cloud->keypairs); i++)
		json_array_append_new(
		    list, json_pack("{s:o}", "keypair",
				    tell(asked, json_array_get(asked->cloud->keypairs, i), false)));
	cloud_answer(asked, 200, json_pack("{s:o}", "keypairs", list));
}

/* What stands for its MD5. */
static void write_fingerprint(const char *key, char ret[static 48])
{
	char hex[DIGEST_HEX];

	if (digest_hex(key, strlen(key), hex))
		cloud_need(NULL);
	for (size_t i = 0; i < 16; i++)
		snprintf(ret + 3 * i, 4, "%.2s%s", hex + 2 * i, i < 15 ? ":" : "");
}

static bool is_bad(struct asked *asked, const char *name, const char *key)
{
	const struct openstack_cloud *cloud = asked->cloud;
	size_t length = name ? strlen(name) : 0;

	static const char letters[] = "_- 0123456789abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ";
	bool odd = length && asked->version < 92 && strspn(name, letters) < length;

	if (!length || length > 255 || odd)
		cloud_refuse(asked, 400, "badRequest", "Invalid input for field/attribute name.");
	else if (key && strncmp(key, "ssh-", 4) != 0 && strncmp(key, "ecdsa-", 6) != 0)
		cloud_refuse(asked, 400, "badRequest",
			     "Keypair data is invalid: failed to generate fingerprint");
	else if (!key && asked->version >= 92)
		cloud_refuse(
		    asked, 400, "badRequest",
		    "Invalid input for field/attribute keypair. 'public_key' is a required property");
	else if (row_find(cloud->keypairs, "name", name))
		cloud_refuse(asked, 409, "conflictingRequest", "Key pair '%s' already exists.", name);
	else if ((int64_t)json_array_size(cloud->keypairs) >=
		 json_number(cloud->compute_quotas, "key_pairs", 0))
		cloud_refuse(asked, 403, "forbidden", "Quota exceeded, too many key pairs.");
	else
		return false;
	return true;
}

void keypair_post(struct asked *asked)
{
	static const char made[] = "ssh-rsa AAAAB3NzaC1yc2EAAAADAQABAAABAQC6 Generated-by-Nova";
	const json_t *said = json_object_get(asked->body, "keypair");
	const char *name = json_text(said, "name"), *key = json_text(said, "public_key");
	char fingerprint[48];

	if (is_bad(asked, name, key))
		return;
	write_fingerprint(key ? key : made, fingerprint);
	json_t *row =
	    cloud_need(json_pack("{s:s, s:s, s:s, s:s, s:s}", "name", name, "public_key", key ? key : made,
				 "fingerprint", fingerprint, "user_id", USER_ID, "type", "ssh"));
	json_array_append_new(asked->cloud->keypairs, row);
	json_t *told = tell(asked, row, true);
	if (!key)
		json_object_set_new(told, "private_key", json_string("PRIVATE-KEY"));
	cloud_answer(asked, asked->version < 2 ? 200 : 201, json_pack("{s:o}", "keypair", told));
}

static json_t *find(struct asked *asked)
{
	json_t *row = row_find(asked->cloud->keypairs, "name", asked->words[0]);

	if (!row)
		cloud_refuse(asked, 404, "itemNotFound", "Keypair %s not found for user %s", asked->words[0],
			     USER_ID);
	return row;
}

void keypair_get(struct asked *asked)
{
	const json_t *row = find(asked);

	if (row)
		cloud_answer(asked, 200, json_pack("{s:o}", "keypair", tell(asked, row, true)));
}

void keypair_delete(struct asked *asked)
{
	const json_t *row = find(asked);

	if (!row)
		return;
	row_remove(asked->cloud->keypairs, row);
	cloud_answer(asked, asked->version < 2 ? 202 : 204, NULL);
}
