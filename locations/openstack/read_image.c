/* read_image.c - Glance's images. */
#include <string.h>

#include "locations/openstack/answers.h"
#include "locations/openstack/reading.h"

static int take_image(const struct openstack_reading *reading, const json_t *json,
		      struct openstack_image *ret)
{
	const char *created;

	ret->json = json;
	ret->hidden = json_flag(json, "os_hidden", false);
	if (openstack_take_text(reading, json, "id", true, &ret->id) < 0 ||
	    openstack_take_text(reading, json, "name", false, &ret->name) < 0 ||
	    openstack_take_text(reading, json, "status", true, &ret->status) < 0 ||
	    openstack_take_text(reading, json, "visibility", false, &ret->visibility) < 0 ||
	    openstack_take_text(reading, json, "owner", false, &ret->owner) < 0 ||
	    openstack_take_text(reading, json, "created_at", false, &created) < 0 ||
	    openstack_take_number(reading, json, "min_ram", 0, &ret->min_memory_mib) < 0 ||
	    openstack_take_number(reading, json, "min_disk", 0, &ret->min_disk_gib) < 0)
		return -1;
	ret->created_ms = created ? openstack_time(created) : 0;
	return 0;
}

int openstack_images_read(const json_t *json, struct arena *arena, const struct openstack_image **ret,
			  size_t *ret_count, struct error *err)
{
	const struct openstack_reading reading = {arena, "Glance", err};
	const json_t *list;

	*ret_count = 0;
	if (openstack_take_list(&reading, json, "images", &list) < 0)
		return -1;
	struct openstack_image *images =
	    arena_array(arena, struct openstack_image, json_array_size(list) + 1);
	if (!images)
		return fail_memory(err);
	*ret = images;
	for (size_t i = 0; i < json_array_size(list); i++)
		if (take_image(&reading, json_array_get(list, i), &images[(*ret_count)++]) < 0)
			return -1;
	return 0;
}

bool openstack_image_boots(const struct openstack_image *image)
{
	static const char *const parts[] = {"aki", "ari"};
	const char *format = json_text(image->json, "disk_format");

	for (size_t i = 0; format && i < sizeof(parts) / sizeof(parts[0]); i++)
		if (!strcmp(format, parts[i]))
			return false;
	return !image->hidden && !strcmp(image->status, "active");
}
