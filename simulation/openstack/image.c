/* image.c - the simulated Glance: images by any of their members, page by page. */
#include <stdio.h>
#include <string.h>

#include "base/cleanup.h"
#include "simulation/openstack/model.h"

static json_t *make(struct openstack_cloud *cloud, const char *name, const char *format, int size,
		    int min_ram)
{
	char id[ID_SIZE], self[80], file[80];
	bool boots = !strcmp(format, "raw");
	json_t *now = cloud_time(cloud_now(cloud));

	cloud_uuid(cloud, id);
	snprintf(self, sizeof(self), "/v2/images/%s", id);
	snprintf(file, sizeof(file), "/v2/images/%s/file", id);
	json_t *row = cloud_need(json_pack(
	    "{s:s, s:s, s:s, s:s, s:i, s:o, s:s, s:s, s:b, s:i, s:i, s:s, s:b, s:s, s:s, s:s, s:O, s:o, "
	    "s:[], "
	    "s:s, s:s, s:s, s:s}",
	    "name", name, "disk_format", format, "container_format", boots ? "bare" : format, "visibility",
	    "public", "size", size, "virtual_size", boots ? json_integer(size) : json_null(), "status",
	    "active", "checksum", "b6d81b360a5672d80c27430f39153e2c", "protected", false, "min_ram", min_ram,
	    "min_disk", 0, "owner", OTHER_PROJECT, "os_hidden", false, "os_hash_algo", "sha512",
	    "os_hash_value", "d6292685b380e338", "id", id, "created_at", now, "updated_at", now, "tags",
	    "self", self, "file", file, "schema", "/v2/schemas/image", "stores", "file"));
	json_array_append_new(cloud->images, row);
	return row;
}

/* One whose sshd tells its key as it is made, one whose cloud-init tells all of them; and what no server can
 * be made of. */
void image_begin(struct openstack_cloud *cloud)
{
	cloud->images = cloud_need(json_array());
	cloud->lost_images = cloud_need(json_array());
	json_t *tiny = make(cloud, "debian-tiny", "raw", 1048576, 128);
	json_t *kernel = make(cloud, "tiny-kernel", "aki", 14186432, 0);
	json_t *initial = make(cloud, "tiny-initrd", "ari", 5181254, 0);
	json_object_update_new(tiny, json_pack("{s:s, s:s, s:s, s:s}", "kernel_id", json_text(kernel, "id"),
					       "ramdisk_id", json_text(initial, "id"), "os_command_line",
					       "console=ttyS0 quiet panic=-1 mitigations=off", "os_distro",
					       "debian"));
	json_object_update_new(make(cloud, "debian-12", "raw", 2147483, 256),
			       json_pack("{s:s, s:s}", "os_distro", "debian", "_init", "cloud-init"));
}

/* Whatever is asked for is to be a member of it, but for where the page begins and how long it is. */
static bool is_asked_for(const struct asked *asked, const json_t *row)
{
	static const char *const others[] = {"limit", "marker", "sort_key", "sort_dir", "sort"};

	for (size_t i = 0; i < asked->parameter_count; i++) {
		const char *name = asked->parameters[i].name, *value = json_text(row, name);
		bool other = false;
		for (size_t k = 0; k < COUNT_OF(others); k++)
			other |= !strcmp(name, others[k]);
		if (!other && (!value || strcmp(value, asked->parameters[i].value) != 0))
			return false;
	}
	return true;
}

/* "?limit=2" with another marker at its end. */
static void add_next(const struct asked *asked, json_t *told, const char *next)
{
	owned_text path = {0};

	text_add(&path, "/v2/images?");
	for (size_t i = 0; i < asked->parameter_count; i++)
		if (strcmp(asked->parameters[i].name, "marker") != 0)
			text_format(&path, "%s=%s&", asked->parameters[i].name, asked->parameters[i].value);
	text_format(&path, "marker=%s", next);
	json_object_set_new(told, "next", json_string(text_view(&path)));
}

static void list(struct asked *asked)
{
	owned_json found = cloud_need(json_array());
	const char *next;
	char first[300];

	for (size_t i = 0; i < json_array_size(asked->cloud->images); i++)
		if (is_asked_for(asked, json_array_get(asked->cloud->images, i)))
			json_array_append_new(found, row_tell(json_array_get(asked->cloud->images, i)));
	snprintf(first, sizeof(first), "/v2/images%s%s", *asked->query ? "?" : "", asked->query);
	json_t *page = cloud_page(asked, found, &next);
	json_t *told =
	    json_pack("{s:o, s:s, s:s}", "images", page, "first", first, "schema", "/v2/schemas/images");
	if (next)
		add_next(asked, told, next);
	cloud_answer(asked, 200, told);
}

static json_t *find(struct asked *asked)
{
	json_t *row = row_find(asked->cloud->images, "id", asked->words[0]);

	if (!row)
		cloud_refuse(asked, 404, "Not Found", "No image found with ID %s", asked->words[0]);
	return row;
}

static void get(struct asked *asked)
{
	const json_t *row = find(asked);

	if (row)
		cloud_answer(asked, 200, row_tell(row));
}

static void remove_image(struct asked *asked)
{
	const json_t *row = find(asked);

	if (!row)
		return;
	row_remove(asked->cloud->images, row);
	cloud_answer(asked, 204, NULL);
}

static void move(json_t *from, json_t *to, json_t *row)
{
	json_array_append(to, row);
	row_remove(from, row);
}

void images_return(struct openstack_cloud *cloud)
{
	char id[ID_SIZE];

	while (json_array_size(cloud->lost_images)) {
		json_t *row = json_array_get(cloud->lost_images, 0);
		cloud_uuid(cloud, id);
		json_object_set_new(row, "id", json_string(id));
		move(cloud->lost_images, cloud->images, row);
	}
}

void openstack_cloud_image(struct openstack_cloud *cloud, const char *name, bool there)
{
	json_t *row = row_find(cloud->images, "name", name);

	if (!there && row)
		move(cloud->images, cloud->lost_images, row);
	else if (there)
		images_return(cloud);
}

const struct route image_routes[] = {{"GET", "/versions", glance_versions, true},
				     {"GET", "/", glance_versions, true},
				     {"GET", "/v2/images", list, false},
				     {"GET", "/v2/images/*", get, false},
				     {"DELETE", "/v2/images/*", remove_image, false}};
const size_t image_route_count = COUNT_OF(image_routes);
