/* about.c - what a check found as a document: who we are, what there is, what lacks for machines to be made.
 */
#include <stdio.h>
#include <string.h>

#include "base/cleanup.h"
#include "locations/openstack/openstack.h"

static const char *const needed[] = {"compute", "network", "image"};

/* --- what there is ------------------------------------------------------------------------------------- */

static json_t *texts_json(const char *const *list)
{
	json_t *texts = json_array();

	for (; list && *list; list++)
		json_add(texts, json_any_text(*list));
	return texts;
}

static void add_quotas(json_t *list, const struct openstack_quota *quotas, size_t count)
{
	for (size_t i = 0; i < count; i++) {
		json_t *quota = json_object();
		json_put_text(quota, "name", quotas[i].name);
		json_put(quota, "used", quotas[i].used < 0 ? json_null() : json_integer(quotas[i].used));
		json_put(quota, "limit", quotas[i].limit < 0 ? json_null() : json_integer(quotas[i].limit));
		json_add(list, quota);
	}
}

static json_t *named(const char *name, const char *id)
{
	json_t *thing = json_object();

	json_put(thing, "name", json_any_text(name ? name : ""));
	json_put(thing, "id", json_any_text(id));
	return thing;
}

static json_t *images_json(const struct openstack_findings *findings)
{
	json_t *list = json_array();

	for (size_t i = 0; i < findings->image_count; i++)
		if (openstack_image_boots(&findings->images[i]))
			json_add(list, named(findings->images[i].name, findings->images[i].id));
	return list;
}

static json_t *flavors_json(const struct openstack_findings *findings)
{
	json_t *list = json_array();

	for (size_t i = 0; i < findings->flavor_count; i++) {
		const struct openstack_flavor *flavor = &findings->flavors[i];
		json_t *entry = named(flavor->name, flavor->id);
		json_put_number(entry, "cores", flavor->cores);
		json_put_number(entry, "memory", flavor->memory_mib);
		json_put_number(entry, "disk", flavor->disk_gib);
		if (!flavor->disabled)
			json_add(list, entry);
		else
			json_decref(entry);
	}
	return list;
}

static json_t *networks_json(const struct openstack_findings *findings)
{
	json_t *list = json_array();

	for (size_t i = 0; i < findings->network_count; i++) {
		const struct openstack_network *network = &findings->networks[i];
		json_t *entry = named(network->name, network->id);
		json_put_flag(entry, "external", network->external);
		json_put_flag(entry, "shared", network->shared);
		json_put_flag(entry, "down", !network->up);
		json_add(list, entry);
	}
	return list;
}

/* --- what lacks ---------------------------------------------------------------------------------------- */

__attribute__((format(printf, 2, 3))) static void lacks(json_t *list, const char *format, ...)
{
	owned_text words = {0};
	va_list arguments;

	va_start(arguments, format);
	text_vformat(&words, format, arguments);
	va_end(arguments);
	json_add(list, words.failed ? NULL : json_any_text(text_view(&words)));
}

static bool has(const struct openstack *openstack, const char *service, struct arena *arena)
{
	const struct openstack_settings *settings = &openstack->settings;

	return openstack_endpoint(&openstack->session.token, arena, service, settings->interface,
				  settings->region) != NULL;
}

static void lack_services(json_t *list, const struct openstack *openstack, const json_t *regions,
			  struct arena *arena)
{
	const struct openstack_settings *settings = &openstack->settings;

	for (size_t i = 0; i < COUNT_OF(needed); i++)
		if (!has(openstack, needed[i], arena))
			lacks(list, "the catalogue has no %s endpoint of the service %s%s%s",
			      settings->interface, needed[i], settings->region ? " in the region " : "",
			      settings->region ? settings->region : "");
	if (!settings->region && json_array_size(regions) > 1)
		lacks(list, "there are %zu regions: say which (region_name, OS_REGION_NAME, or `region`)",
		      json_array_size(regions));
}

/* Of what a service was asked for that is there. */
static void lack_things(json_t *list, const struct openstack *openstack,
			const struct openstack_findings *findings, const json_t *about, struct arena *arena)
{
	size_t networks = 0;

	for (size_t i = 0; i < findings->network_count; i++)
		networks += openstack_network_takes_servers(&findings->networks[i]);
	if (!json_array_size(json_object_get(about, "images")) && has(openstack, "image", arena))
		lacks(list, "there is no image that a server can be made of");
	if (!json_array_size(json_object_get(about, "flavors")) && has(openstack, "compute", arena))
		lacks(list, "there is no flavor");
	if (!networks && has(openstack, "network", arena))
		lacks(list, "there is no network with a subnet that a server can be put on");
}

static void lack_room(json_t *list, const struct openstack_quota *quotas, size_t count)
{
	for (size_t i = 0; i < count; i++)
		if (quotas[i].limit >= 0 && quotas[i].used >= quotas[i].limit)
			lacks(list, "the quota of %s is used up: %lld of %lld", quotas[i].name,
			      (long long)quotas[i].used, (long long)quotas[i].limit);
}

/* --- what a machine would be made of ------------------------------------------------------------------- */

static void lacks_what_was_wished(json_t *missing, const struct error *err)
{
	lacks(missing, "%s%s%s", err->text, *err->remedy ? "; " : "", err->remedy);
}

static bool says_image(const struct openstack_image_wish *wish)
{
	return wish->id || wish->name || wish->pattern || wish->description || wish->family ||
	       wish->properties;
}

static bool says_anything(const struct openstack_wishes *wishes)
{
	const struct openstack_flavor_wish *flavor = &wishes->flavor;

	return says_image(&wishes->image) || flavor->id || flavor->name || flavor->memory_mib ||
	       flavor->cores || flavor->disk_gib || wishes->network_count;
}

static json_t *wished_networks(const struct openstack_wishes *wishes,
			       const struct openstack_findings *findings, json_t *missing)
{
	json_t *list = json_array();
	size_t count = wishes->network_count ? wishes->network_count : 1;

	for (size_t i = 0; i < count; i++) {
		const struct openstack_network *network;
		struct error err = {0};
		if (openstack_network_choose(findings->networks, findings->network_count,
					     wishes->network_count ? wishes->networks[i] : NULL, &network,
					     &err) < 0)
			lacks_what_was_wished(missing, &err);
		else
			json_add(list, named(network->name, network->id));
	}
	return list;
}

/* By which way one gets from here to a server that is on the first of those networks. */
static json_t *reached_json(const struct openstack_wishes *wishes, const struct openstack_findings *findings,
			    const json_t *networks, json_t *missing)
{
	const char *id = json_text(json_array_get(networks, 0), "id");
	const struct openstack_network *own = NULL, *outer = NULL;
	struct error err = {0};

	for (size_t i = 0; id && i < findings->network_count; i++)
		if (!strcmp(findings->networks[i].id, id))
			own = &findings->networks[i];
	if (!own)
		return json_null();
	if (openstack_choose_outer(wishes, findings, own, &outer, &err) < 0) {
		lacks_what_was_wished(missing, &err);
		return json_null();
	}
	if (outer)
		return json_sprintf("by a floating IP of %s", outer->name);
	if (wishes->jump)
		return json_sprintf("through %s", wishes->jump);
	return json_sprintf("at its own address on %s", own->name);
}

/* What lacks for a server of that image, NULL: none was found. */
static void lack_with_image(const struct openstack_wishes *wishes, const struct openstack_image *image,
			    json_t *missing)
{
	struct error err = {0};
	int64_t gib;
	const char *user;

	if (image && wishes->boots_volume && openstack_volume_size(&wishes->flavor, image, &gib, &err) < 0)
		lacks_what_was_wished(missing, &err);
	err = (struct error){0};
	if (image && openstack_choose_user(wishes, image, &user, &err) < 0)
		lacks_what_was_wished(missing, &err);
}

/* `unsaid`: of no image that was said, any is. */
static json_t *describe_machine(const struct openstack_wishes *wishes,
				const struct openstack_findings *findings, bool unsaid, json_t *missing)
{
	const struct openstack_image *image = NULL;
	const struct openstack_flavor *flavor = NULL;
	json_t *machine = json_object();
	struct error err = {0};

	if ((says_image(&wishes->image) || unsaid) &&
	    openstack_image_choose(findings->images, findings->image_count, &wishes->image, &image, &err) < 0)
		lacks_what_was_wished(missing, &err);
	err = (struct error){0};
	if (openstack_flavor_choose(findings->flavors, findings->flavor_count, &wishes->flavor, image,
				    &flavor, &err) < 0)
		lacks_what_was_wished(missing, &err);
	lack_with_image(wishes, image, missing);
	json_put(machine, "image", image ? named(image->name, image->id) : json_null());
	json_put(machine, "flavor", flavor ? named(flavor->name, flavor->id) : json_null());
	json_t *networks = wished_networks(wishes, findings, missing);
	json_put_shared(machine, "networks", networks);
	json_put(machine, "reached", reached_json(wishes, findings, networks, missing));
	json_decref(networks);
	return machine;
}

void openstack_add_missing(const struct openstack_wishes *wishes, const struct openstack_findings *findings,
			   json_t *missing)
{
	json_decref(describe_machine(wishes, findings, true, missing));
}

/* Where the location's options say nothing about machines, nothing. */
static json_t *machine_json(const struct openstack *openstack, const struct openstack_findings *findings,
			    json_t *missing)
{
	const struct openstack_wishes *wishes = &openstack->wishes;

	if (!says_anything(wishes))
		return json_null();
	if (!says_image(&wishes->image))
		lacks(missing,
		      "no image is said: write `image`, `imageId`, `imageNameRegex` or `imageProperties`");
	return describe_machine(wishes, findings, false, missing);
}

/* --- the document -------------------------------------------------------------------------------------- */

static json_t *microversions_json(const struct openstack *openstack)
{
	int spoken = openstack_microversion(&openstack->nova, OLDEST_NOVA, NEWEST_NOVA);

	if (!openstack->nova.high)
		return json_null();
	json_t *versions = json_object();
	json_put(versions, "low", json_sprintf("2.%u", openstack->nova.low));
	json_put(versions, "high", json_sprintf("2.%u", openstack->nova.high));
	json_put(versions, "spoken", spoken < 0 ? json_null() : json_sprintf("2.%d", spoken));
	return versions;
}

json_t *openstack_about(const struct openstack *openstack, const struct openstack_findings *findings,
			struct arena *arena)
{
	const struct openstack_token *token = &openstack->session.token;
	json_t *about = json_object(), *quotas = json_array(), *missing = json_array();
	json_t *regions = openstack_regions(token);

	add_quotas(quotas, findings->quotas, findings->quota_count);
	add_quotas(quotas, findings->network_quotas, findings->network_quota_count);
	json_put(about, "user", json_any_text(token->user));
	json_put(about, "project", json_any_text(token->project));
	json_put_text(about, "region", openstack->settings.region);
	json_put_shared(about, "regions", regions);
	json_put_text(about, "interface", openstack->settings.interface);
	json_put(about, "services", texts_json(openstack_services(token, arena)));
	json_put(about, "microversion", microversions_json(openstack));
	json_put(about, "quotas", quotas);
	json_put(about, "images", images_json(findings));
	json_put(about, "flavors", flavors_json(findings));
	json_put(about, "networks", networks_json(findings));
	json_put(about, "keypairs",
		 findings->keypair_count < 0 ? json_null() : json_integer(findings->keypair_count));
	lack_services(missing, openstack, regions, arena);
	lack_things(missing, openstack, findings, about, arena);
	lack_room(missing, findings->quotas, findings->quota_count);
	lack_room(missing, findings->network_quotas, findings->network_quota_count);
	json_put(about, "machine", machine_json(openstack, findings, missing));
	json_put(about, "missing", missing);
	json_decref(regions);
	return about;
}
