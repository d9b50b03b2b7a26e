/* server_body.c - what Nova is told to make a server of. */
#include <string.h>

#include "base/base64.h"
#include "base/cleanup.h"
#include "locations/openstack/openstack.h"
#include "locations/process.h"

/* What tells whether secrets are others by now is with the machine alone: whoever reads metadata could try
 * which secret it stands for. */
static json_t *marks_of(const struct openstack_wishes *wishes, const struct instance_spec *spec)
{
	json_t *marks = wishes->metadata ? json_deep_copy(wishes->metadata) : json_object();

	json_put_text(marks, "berth.app", spec->app);
	json_put_text(marks, "berth.component", spec->component);
	json_put_text(marks, "berth.digest", spec->digest);
	json_put_text(marks, "berth.links", spec->link_digest);
	json_put_text(marks, "berth.files", spec->file_digest);
	json_put_text(marks, "berth.restart", restart_word(spec->restart));
	if (spec->protect)
		json_put_text(marks, "berth.protect", "yes");
	if (spec->job)
		json_put_text(marks, "berth.job", "yes");
	return marks;
}

static json_t *networks_json(const struct openstack_making *making)
{
	json_t *list = json_array();

	for (size_t i = 0; i < making->network_count; i++)
		json_add(list, json_pack("{s:s}", "uuid", making->networks[i]));
	return list;
}

static json_t *groups_json(const struct talk *talk, const char *const *groups, size_t count)
{
	const struct openstack_wishes *wishes = &talk->made_of->wishes;
	json_t *list = json_array();

	for (size_t i = 0; i < count; i++)
		if (groups[i])
			json_add(list, json_pack("{s:s}", "name", groups[i]));
	for (size_t i = 0; i < wishes->group_count; i++)
		json_add(list, json_pack("{s:s}", "name", wishes->groups[i]));
	return list;
}

/* Nova makes it of the image, and takes it away with the server. */
static json_t *volume_json(const struct openstack_making *making)
{
	const struct openstack_wishes *wishes = &making->wishes;
	json_t *volume =
	    json_pack("{s:i, s:s, s:s, s:s, s:I, s:b}", "boot_index", 0, "source_type", "image",
		      "destination_type", "volume", "uuid", making->image, "volume_size",
		      (json_int_t)making->volume_gib, "delete_on_termination", !wishes->keeps_volume);

	if (wishes->volume_type)
		json_put_text(volume, "volume_type", wishes->volume_type);
	return json_pack("[o]", volume);
}

json_t *openstack_server_body(struct talk *talk, const char *const *groups, size_t group_count,
			      const char *server_group)
{
	const struct openstack *openstack = talk->openstack;
	const struct openstack_making *making = talk->made_of;
	const struct openstack_wishes *wishes = &making->wishes;
	json_t *server = json_object();

	json_put_text(server, "name", openstack_server_name(&talk->arena, talk->order.name));
	if (making->volume_gib)
		json_put(server, "block_device_mapping_v2", volume_json(making));
	else
		json_put_text(server, "imageRef", making->image);
	json_put_text(server, "flavorRef", making->flavor);
	json_put_text(server, "key_name", openstack->held.key_pair);
	json_put(server, "networks", networks_json(making));
	json_put(server, "security_groups", groups_json(talk, groups, group_count));
	json_put(server, "metadata", marks_of(wishes, talk->order.spec));
	json_put_flag(server, "config_drive", !wishes->no_config_drive);
	if (wishes->zone)
		json_put_text(server, "availability_zone", wishes->zone);
	if (wishes->user_data) {
		owned_text data = {0};
		base64_add(&data, wishes->user_data, strlen(wishes->user_data));
		json_put_text(server, "user_data", text_view(&data));
	}
	json_t *whole = json_pack("{s:o}", "server", server);
	if (server_group)
		json_put(whole, "os:scheduler_hints", json_pack("{s:s}", "group", server_group));
	return whole;
}
