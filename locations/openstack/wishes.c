/* wishes.c - the options about machines: which image, how large, on which networks. */
#include "locations/openstack/wishes.h"

#include <string.h>

#include "base/address.h"
#include "base/cleanup.h"
#include "blueprints/blueprint.h"
#include "blueprints/cloud_options.h"

static int wrong(const struct location *location, struct error *err, const char *key, const char *wanted)
{
	return fail(err, ERR_INVALID, "location `%s`: `%s` must be %s", location->name, key, wanted);
}

static int read_text(const struct location *location, const char *key, const char **ret, struct error *err)
{
	const json_t *value = cloud_option(location->spec->options, key);
	const char *text = json_string_value(value);

	if (!value)
		return 0;
	if (!text || !*text || !printable(text))
		return wrong(location, err, key, "a text of one line");
	*ret = text;
	return 0;
}

/* A number in that unit, or a size such as "4gb". */
static int read_size_of(const struct location *location, const char *key, const json_t *value, int64_t unit,
			int64_t *ret, struct error *err)
{
	const char *text = json_string_value(value);
	int64_t number = json_is_integer(value) ? json_integer_value(value) : -1;
	int64_t bytes = text ? parse_memory(text) : -1;

	if (!value)
		return 0;
	if (text && parse_number(text, 0, INT32_MAX, &number))
		bytes = -1;
	if (bytes >= 0)
		number = bytes / unit + (bytes % unit != 0);
	if (number < 0 || number > INT32_MAX)
		return wrong(location, err, key,
			     unit == 1 << 20 ? "so many MiB, or a size such as \"4gb\""
					     : "so many GiB, or a size such as \"100gb\"");
	*ret = number;
	return 0;
}

static int read_size(const struct location *location, const char *key, int64_t unit, int64_t *ret,
		     struct error *err)
{
	return read_size_of(location, key, cloud_option(location->spec->options, key), unit, ret, err);
}

/* Parts of one count as one where something is to be at least so large, but not here. */
static bool is_no_volume(const json_t *size, int64_t gib)
{
	const char *text = json_string_value(size);
	int64_t number;

	return gib < 1 ||
	       (text && !parse_number(text, 0, INT32_MAX, &number) && parse_memory(text) < INT64_C(1) << 30);
}

/* Its size, or a map of it: what the server boots from is a volume of its own then. */
static int read_volume(const struct location *location, struct openstack_wishes *ret, struct error *err)
{
	const json_t *value = cloud_option(location->spec->options, "bootVolume");
	const json_t *size = json_is_object(value) ? json_object_get(value, "size") : value;
	int64_t gib = 0;

	ret->boots_volume = ret->flavor.on_volume = value != NULL;
	ret->keeps_volume = !json_flag(value, "deleteOnTermination", true);
	ret->volume_type = json_text(value, "type");
	if (read_size_of(location, "bootVolume", size, 1 << 30, &gib, err) < 0)
		return -1;
	if (size && is_no_volume(size, gib))
		return wrong(location, err, "bootVolume", "a volume of 1 GiB or more");
	if (gib > ret->flavor.disk_gib)
		ret->flavor.disk_gib = gib;
	return 0;
}

static int read_host_key(const struct location *location, struct openstack_wishes *ret, struct error *err)
{
	const json_t *value = cloud_option(location->spec->options, "hostKey");
	size_t count = json_is_array(value) ? json_array_size(value) : value ? 1 : 0;

	for (size_t i = 0; i < count; i++)
		if (!json_is_string(json_is_array(value) ? json_array_get(value, i) : value))
			return wrong(location, err, "hostKey", "`accept-new`, a fingerprint, or a key");
	ret->host_key = value;
	return 0;
}

static int read_cores(const struct location *location, int64_t *ret, struct error *err)
{
	const json_t *value = cloud_option(location->spec->options, "minCores");

	if (!value)
		return 0;
	int64_t number = json_is_integer(value) ? json_integer_value(value) : -1;
	if (json_is_string(value) && !parse_number(json_string_value(value), 0, INT32_MAX, &number))
		number = -1;
	if (number < 0 || number > INT32_MAX)
		return wrong(location, err, "minCores", "a number of cores");
	*ret = number;
	return 0;
}

static int read_properties(const struct location *location, struct openstack_image_wish *ret,
			   struct error *err)
{
	const json_t *value = cloud_option(location->spec->options, "imageProperties");
	const char *key;
	json_t *entry;

	if (value && !json_is_object(value))
		return wrong(location, err, "imageProperties", "a map such as {os_distro: debian}");
	json_object_foreach ((json_t *)value, key, entry) {
		if (!json_is_string(entry))
			return wrong(location, err, "imageProperties", "a map of texts");
	}
	ret->properties = value;
	return 0;
}

static int read_flag(const struct location *location, const char *key, bool *ret_yes, bool *ret_no,
		     struct error *err)
{
	const json_t *value = cloud_option(location->spec->options, key);

	if (value && !json_is_boolean(value))
		return wrong(location, err, key, "true or false");
	*ret_yes = json_is_true(value);
	*ret_no = json_is_false(value);
	return 0;
}

/* One text, or a list of them; networks may be {networkUuid: ID}. */
static int read_texts(const struct location *location, struct arena *arena, const char *key,
		      const char *const **ret, size_t *ret_count, struct error *err)
{
	const json_t *value = cloud_option(location->spec->options, key);
	size_t count = json_is_array(value) ? json_array_size(value) : value ? 1 : 0;
	const char **texts = arena_array(arena, const char *, count + 1);

	if (!texts)
		return fail_memory(err);
	for (size_t i = 0; i < count; i++) {
		const json_t *entry = json_is_array(value) ? json_array_get(value, i) : value;
		texts[i] = json_is_object(entry) ? json_text(entry, "networkUuid") : json_string_value(entry);
		if (!texts[i] || !*texts[i] || !printable(texts[i]))
			return wrong(location, err, key, "a name or an id, or a list of them");
	}
	*ret = texts;
	*ret_count = count;
	return 0;
}

static int read_metadata(const struct location *location, struct openstack_wishes *ret, struct error *err)
{
	const json_t *value = cloud_option(location->spec->options, "userMetadata");
	const char *key;
	json_t *entry;

	if (value && !json_is_object(value))
		return wrong(location, err, "userMetadata", "a map of texts");
	json_object_foreach ((json_t *)value, key, entry) {
		if (!json_is_string(entry) || starts_with(key, "berth."))
			return wrong(location, err, "userMetadata",
				     "a map of texts, whose keys do not begin with `berth.`");
	}
	ret->metadata = value;
	return 0;
}

/* Of a private key without a pair at Nova the public part is brought there. */
static int read_keys(const struct location *location, struct openstack_wishes *ret, struct error *err)
{
	if (read_text(location, "keyPair", &ret->key_pair, err) < 0 ||
	    read_text(location, "privateKeyFile", &ret->key_file, err) < 0 ||
	    read_text(location, "privateKeyPassphrase", &ret->key_passphrase, err) < 0)
		return -1;
	const json_t *text = cloud_option(location->spec->options, "privateKeyData");
	if (text && !json_is_string(text))
		return wrong(location, err, "privateKeyData", "a private key");
	ret->key_text = json_string_value(text);
	return 0;
}

/* As Neutron tells them. */
static int read_ssh_from(const struct location *location, struct arena *arena, struct openstack_wishes *ret,
			 struct error *err)
{
	const char *const *texts;
	char network[NETWORK_SIZE];

	if (read_texts(location, arena, "sshFrom", &texts, &ret->ssh_from_count, err) < 0)
		return -1;
	const char **networks = arena_array(arena, const char *, ret->ssh_from_count + 1);
	if (!networks)
		return fail_memory(err);
	for (size_t i = 0; i < ret->ssh_from_count; i++) {
		if (!address_network(texts[i], network))
			return wrong(location, err, "sshFrom",
				     "a network such as 192.0.2.0/24, or a list of them");
		networks[i] = arena_text(arena, network);
		if (!networks[i])
			return fail_memory(err);
	}
	ret->ssh_from = networks;
	return 0;
}

/* Brooklyn's is a list, of which each server would get one: one is enough. */
static int read_pool(const struct location *location, struct arena *arena, struct openstack_wishes *ret,
		     struct error *err)
{
	const char *const *names;
	size_t count;

	if (read_texts(location, arena, "floatingNetwork", &names, &count, err) < 0)
		return -1;
	if (count > 1)
		return wrong(location, err, "floatingNetwork", "one name or id");
	ret->floating_network = count ? names[0] : NULL;
	return 0;
}

static int read_server(const struct location *location, struct arena *arena, struct openstack_wishes *ret,
		       struct error *err)
{
	const json_t *data = cloud_option(location->spec->options, "userData");
	bool drive;

	if (data && !json_is_string(data))
		return wrong(location, err, "userData", "a text");
	ret->user_data = json_string_value(data);
	return read_text(location, "user", &ret->user, err) < 0 ||
		       read_text(location, "loginUser", &ret->user, err) < 0 ||
		       read_text(location, "availabilityZone", &ret->zone, err) < 0 ||
		       read_text(location, "serverGroup", &ret->server_group, err) < 0 ||
		       read_text(location, "jump", &ret->jump, err) < 0 ||
		       read_flag(location, "configDrive", &drive, &ret->no_config_drive, err) < 0 ||
		       read_host_key(location, ret, err) < 0 || read_volume(location, ret, err) < 0 ||
		       read_pool(location, arena, ret, err) < 0 ||
		       read_ssh_from(location, arena, ret, err) < 0 ||
		       read_flag(location, "autoAssignFloatingIp", &ret->floating, &ret->no_floating, err) <
			   0 ||
		       read_texts(location, arena, "securityGroups", &ret->groups, &ret->group_count, err) <
			   0 ||
		       read_metadata(location, ret, err) < 0 || read_keys(location, ret, err) < 0
		   ? -1
		   : 0;
}

/* `network` and Brooklyn's `networkName` are one; `networks` a list of them. */
static int read_networks(const struct location *location, struct arena *arena, struct openstack_wishes *ret,
			 struct error *err)
{
	const char **one = arena_array(arena, const char *, 1);

	if (!one)
		return fail_memory(err);
	if (read_text(location, "networkName", one, err) < 0 ||
	    read_text(location, "network", one, err) < 0 ||
	    read_texts(location, arena, "networks", &ret->networks, &ret->network_count, err) < 0)
		return -1;
	if (*one && ret->network_count)
		return wrong(location, err, "networks", "left out beside `network`");
	if (*one) {
		ret->networks = one;
		ret->network_count = 1;
	}
	return 0;
}

int openstack_wishes_read(const struct location *location, struct arena *arena, struct openstack_wishes *ret,
			  struct error *err)
{
	struct openstack_image_wish *image = &ret->image;
	struct openstack_flavor_wish *flavor = &ret->flavor;

	*ret = (struct openstack_wishes){0};
	return read_text(location, "imageId", &image->id, err) < 0 ||
		       read_text(location, "image", &image->name, err) < 0 ||
		       read_text(location, "imageNameRegex", &image->pattern, err) < 0 ||
		       read_text(location, "imageDescriptionRegex", &image->description, err) < 0 ||
		       read_text(location, "osFamily", &image->family, err) < 0 ||
		       read_properties(location, image, err) < 0 ||
		       read_text(location, "hardwareId", &flavor->id, err) < 0 ||
		       read_text(location, "flavor", &flavor->name, err) < 0 ||
		       read_size(location, "minRam", 1 << 20, &flavor->memory_mib, err) < 0 ||
		       read_size(location, "minDisk", 1 << 30, &flavor->disk_gib, err) < 0 ||
		       read_cores(location, &flavor->cores, err) < 0 ||
		       read_networks(location, arena, ret, err) < 0 ||
		       read_server(location, arena, ret, err) < 0
		   ? -1
		   : 0;
}
