/* openstack_readers.c - all that reads what an OpenStack answers, and whether what they give holds together.
 */
#include <string.h>

#include "locations/openstack/network.h"
#include "tests/fuzz/openstack_readers.h"
#include "tests/fuzz/target.h"

/* Whoever reads them all meets one that is not there any more. */
static size_t lengths;

static void looked_at(const char *text)
{
	lengths += text ? strlen(text) : 0;
}

static int read_token(const json_t *json, struct arena *arena, struct error *err)
{
	struct openstack_token token = {0};

	if (openstack_token_read(json, arena, &token, err) < 0)
		return -1;
	HOLDS(token.user && token.user_id);
	for (size_t i = 0; i < token.endpoint_count; i++) {
		const struct openstack_endpoint *at = &token.endpoints[i];
		HOLDS(at->service && at->interface && at->url);
		looked_at(openstack_endpoint(&token, arena, at->service, at->interface, at->region));
	}
	for (const char *const *name = openstack_services(&token, arena); name && *name; name++)
		looked_at(*name);
	return 0;
}

static int read_versions(const json_t *json, struct arena *arena, struct error *err)
{
	struct openstack_microversions versions = {0};

	(void)arena;
	if (openstack_microversions_read(json, &versions, err) < 0)
		return -1;
	HOLDS(openstack_microversion(&versions, 1, 93) <= 93);
	return 0;
}

static int all_quotas(const struct openstack_quota *quotas, size_t count)
{
	for (size_t i = 0; i < count; i++) {
		HOLDS(quotas[i].name);
		looked_at(quotas[i].name);
	}
	return 0;
}

static int read_limits(const json_t *json, struct arena *arena, struct error *err)
{
	const struct openstack_quota *quotas;
	size_t count;

	return openstack_limits_read(json, arena, &quotas, &count, err) < 0 ? -1 : all_quotas(quotas, count);
}

static int read_network_quotas(const json_t *json, struct arena *arena, struct error *err)
{
	const struct openstack_quota *quotas;
	size_t count;

	return openstack_network_quotas_read(json, arena, &quotas, &count, err) < 0
		   ? -1
		   : all_quotas(quotas, count);
}

static int read_flavors(const json_t *json, struct arena *arena, struct error *err)
{
	const struct openstack_flavor *flavors;
	size_t count;

	if (openstack_flavors_read(json, arena, &flavors, &count, err) < 0)
		return -1;
	for (size_t i = 0; i < count; i++) {
		HOLDS(flavors[i].id);
		looked_at(flavors[i].name);
	}
	return 0;
}

static int read_images(const json_t *json, struct arena *arena, struct error *err)
{
	const struct openstack_image *images;
	size_t count;

	if (openstack_images_read(json, arena, &images, &count, err) < 0)
		return -1;
	for (size_t i = 0; i < count; i++) {
		HOLDS(images[i].id);
		looked_at(images[i].name);
		lengths += openstack_image_boots(&images[i]);
	}
	return 0;
}

static int read_networks(const json_t *json, struct arena *arena, struct error *err)
{
	const struct openstack_network *networks;
	size_t count;

	if (openstack_networks_read(json, arena, &networks, &count, err) < 0)
		return -1;
	for (size_t i = 0; i < count; i++) {
		HOLDS(networks[i].id);
		looked_at(networks[i].name);
	}
	return 0;
}

static void one_server(const struct openstack_server *server)
{
	HOLDS(server->id && *server->id && server->name && server->status && *server->status);
	looked_at(server->task);
	looked_at(server->fault);
	looked_at(server->fixed);
	looked_at(server->floating);
	looked_at(server->key_pair);
}

static int read_servers(const json_t *json, struct arena *arena, struct error *err)
{
	const struct openstack_server *servers;
	size_t count;

	if (openstack_servers_read(json, arena, &servers, &count, err) < 0)
		return -1;
	for (size_t i = 0; i < count; i++)
		one_server(&servers[i]);
	return 0;
}

static int read_server(const json_t *json, struct arena *arena, struct error *err)
{
	struct openstack_server server = {0};

	(void)arena;
	if (openstack_server_read(json, &server, err) < 0)
		return -1;
	one_server(&server);
	return 0;
}

static int read_groups(const json_t *json, struct arena *arena, struct error *err)
{
	const struct openstack_group *groups;
	size_t count;

	if (openstack_groups_read(json, arena, &groups, &count, err) < 0)
		return -1;
	for (size_t i = 0; i < count; i++) {
		HOLDS(groups[i].id && groups[i].name && groups[i].description);
		HOLDS(!i || groups[i - 1].created_ms <= groups[i].created_ms);
		lengths += openstack_group_held(groups[i].description);
		for (size_t k = 0; k < groups[i].rule_count; k++)
			HOLDS(openstack_rules_alike(&groups[i].rules[k], &groups[i].rules[k]));
	}
	struct openings openings;
	if (openstack_doors_told(arena, "shop", groups, count, &openings) != 1)
		return 0;
	for (size_t i = 0; i < openings.count; i++) {
		HOLDS(openings.items[i].port && !(openings.items[i].from && openings.items[i].address));
		looked_at(openings.items[i].component);
	}
	return 0;
}

static int read_floatings(const json_t *json, struct arena *arena, struct error *err)
{
	const struct openstack_floating *floatings;
	size_t count;

	if (openstack_floatings_read(json, arena, &floatings, &count, err) < 0)
		return -1;
	for (size_t i = 0; i < count; i++) {
		HOLDS(floatings[i].id && floatings[i].description && floatings[i].address);
		looked_at(floatings[i].port_id);
	}
	return 0;
}

/* Told or not: a machine may have printed anything. */
static int read_console(const json_t *json, struct arena *arena, struct error *err)
{
	const char *log = json_text(json, "output"), *key;

	if (!log)
		return fail(err, ERR_UNREACHABLE, "no log");
	key = openstack_console_key(log, arena);
	HOLDS(!key || starts_with(key, "SHA256:") ||
	      (printable(key) && strstr(log, key) && !strpbrk(strchr(key, ' ') + 1, " \t\r\n")));
	return 0;
}

const struct openstack_reader openstack_readers[] = {{"token", read_token},
						     {"versions", read_versions},
						     {"limits", read_limits},
						     {"network quotas", read_network_quotas},
						     {"flavors", read_flavors},
						     {"images", read_images},
						     {"networks", read_networks},
						     {"servers", read_servers},
						     {"server", read_server},
						     {"groups", read_groups},
						     {"floating IPs", read_floatings},
						     {"console", read_console},
						     {NULL, NULL}};

void openstack_refused(int status, const char *body, size_t size, struct arena *arena)
{
	struct openstack_refusal refusal;

	HOLDS(openstack_refusal_read(status, body, size, arena, &refusal) == 0);
	HOLDS(*refusal.words && printable(refusal.words));
	HOLDS(openstack_code(refusal.kind) != OK);
}
