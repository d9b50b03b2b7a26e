/* server_schema.c - which members the body of a server's creation may have, by the version of Nova that is
 * spoken: everything else is refused, as Nova's own schema does. */
#include <stdio.h>
#include <string.h>

#include "base/cleanup.h"
#include "simulation/openstack/model.h"

/* From that version on, and up to that one; 0: all. */
struct member {
	const char *name;
	unsigned from, to;
};

static const struct member of_server[] = {
    {"name", 0, 0},
    {"flavorRef", 0, 0},
    {"imageRef", 0, 0},
    {"adminPass", 0, 0},
    {"metadata", 0, 0},
    {"networks", 0, 0},
    {"OS-DCF:diskConfig", 0, 0},
    {"accessIPv4", 0, 0},
    {"accessIPv6", 0, 0},
    {"personality", 0, 56},
    {"availability_zone", 0, 0},
    {"block_device_mapping", 0, 0},
    {"block_device_mapping_v2", 0, 0},
    {"config_drive", 0, 0},
    {"min_count", 0, 0},
    {"max_count", 0, 0},
    {"return_reservation_id", 0, 0},
    {"security_groups", 0, 0},
    {"user_data", 0, 0},
    {"key_name", 0, 0},
    {"description", 19, 0},
    {"tags", 52, 0},
    {"trusted_image_certificates", 63, 0},
    {"host", 74, 0},
    {"hypervisor_hostname", 74, 0},
    {"hostname", 90, 0},
};
static const struct member of_volume[] = {
    {"uuid", 0, 0},         {"source_type", 0, 0},  {"destination_type", 0, 0},
    {"boot_index", 0, 0},   {"volume_size", 0, 0},  {"delete_on_termination", 0, 0},
    {"device_name", 0, 0},  {"guest_format", 0, 0}, {"disk_bus", 0, 0},
    {"device_type", 0, 0},  {"no_device", 0, 0},    {"tag", 42, 0},
    {"volume_type", 67, 0},
};
static const struct member of_network[] = {
    {"uuid", 0, 0}, {"port", 0, 0}, {"fixed_ip", 0, 0}, {"tag", 42, 0}};
static const struct member of_whole[] = {
    {"server", 0, 0}, {"os:scheduler_hints", 0, 0}, {"OS-SCH-HNT:scheduler_hints", 0, 0}};

static bool has_stranger(struct asked *asked, const json_t *object, const char *what,
			 const struct member *members, size_t count)
{
	const char *key;
	json_t *value;

	json_object_foreach ((json_t *)object, key, value) {
		size_t i = 0;
		while (i < count && (strcmp(members[i].name, key) != 0 || asked->version < members[i].from ||
				     (members[i].to && asked->version > members[i].to)))
			i++;
		if (i < count)
			continue;
		cloud_refuse(asked, 400, "badRequest",
			     "Invalid input for field/attribute %s. Additional properties are not allowed "
			     "('%s' was unexpected)",
			     what, key);
		return true;
	}
	return false;
}

static bool is_flag_bad(struct asked *asked, const json_t *said, const char *key)
{
	const json_t *value = json_object_get(said, key);

	if (!value || json_is_boolean(value))
		return false;
	cloud_refuse(asked, 400, "badRequest", "Invalid input for field/attribute %s.", key);
	return true;
}

bool server_body_is_strange(struct asked *asked)
{
	const json_t *said = json_object_get(asked->body, "server");
	const json_t *volumes = json_object_get(said, "block_device_mapping_v2");
	const json_t *networks = json_object_get(said, "networks");

	if (has_stranger(asked, asked->body, "(root)", of_whole, COUNT_OF(of_whole)) ||
	    has_stranger(asked, said, "server", of_server, COUNT_OF(of_server)) ||
	    is_flag_bad(asked, said, "config_drive"))
		return true;
	for (size_t i = 0; i < json_array_size(networks); i++)
		if (has_stranger(asked, json_array_get(networks, i), "networks", of_network,
				 COUNT_OF(of_network)))
			return true;
	for (size_t i = 0; i < json_array_size(volumes); i++)
		if (has_stranger(asked, json_array_get(volumes, i), "block_device_mapping_v2", of_volume,
				 COUNT_OF(of_volume)))
			return true;
	return false;
}

/* --- what it boots from ----------------------------------------------------------------------------------
 */

const json_t *server_boot_volume(const json_t *said)
{
	const json_t *volumes = json_object_get(said, "block_device_mapping_v2");

	for (size_t i = 0; i < json_array_size(volumes); i++)
		if (json_number(json_array_get(volumes, i), "boot_index", -1) == 0)
			return json_array_get(volumes, i);
	return NULL;
}

bool server_volume_is_bad(struct asked *asked, const json_t *volume)
{
	const char *source = json_text(volume, "source_type"), *to = json_text(volume, "destination_type");
	const json_t *image = row_find(asked->cloud->images, "id", json_text(volume, "uuid"));
	int64_t size = json_number(volume, "volume_size", 0);

	if (!source || strcmp(source, "image") != 0 || !to || strcmp(to, "volume") != 0)
		cloud_refuse(asked, 400, "badRequest", "Block Device Mapping is Invalid: %s to %s.",
			     source ? source : "None", to ? to : "None");
	else if (!image)
		cloud_refuse(asked, 400, "badRequest",
			     "Block Device Mapping is Invalid: failed to get image %s.",
			     json_text(volume, "uuid"));
	else if (size <= 0 || size < json_number(image, "min_disk", 0))
		cloud_refuse(asked, 400, "badRequest",
			     "Volume is smaller than the minimum size specified in image metadata. Volume "
			     "size is %lld bytes, minimum size is %lld bytes.",
			     (long long)size << 30, (long long)json_number(image, "min_disk", 0) << 30);
	else
		return false;
	return true;
}
