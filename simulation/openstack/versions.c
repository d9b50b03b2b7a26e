/* versions.c - what each service of the simulated OpenStack says of itself to whoever asks. */
#include <stdio.h>

#include "base/cleanup.h"
#include "simulation/openstack/model.h"

static json_t *tell_link(const struct asked *asked, const char *path)
{
	char href[120];

	snprintf(href, sizeof(href), "http://%s%s", openstack_cloud_addresses[asked->service], path);
	return cloud_need(json_pack("{s:s, s:s}", "rel", "self", "href", href));
}

static json_t *tell_keystone(const struct asked *asked)
{
	return cloud_need(json_pack("{s:s, s:s, s:s, s:[o], s:[{s:s, s:s}]}", "id", "v3.14", "status",
				    "stable", "updated", "2020-04-07T00:00:00Z", "links",
				    tell_link(asked, "/v3/"), "media-types", "base", "application/json",
				    "type", "application/vnd.openstack.identity-v3+json"));
}

void keystone_versions(struct asked *asked)
{
	text_format(&asked->answer_headers, "Location: http://%s/v3/\r\n",
		    openstack_cloud_addresses[CLOUD_KEYSTONE]);
	cloud_answer(asked, 300, json_pack("{s:{s:[o]}}", "versions", "values", tell_keystone(asked)));
}

void keystone_version(struct asked *asked)
{
	cloud_answer(asked, 200, json_pack("{s:o}", "version", tell_keystone(asked)));
}

void nova_versions(struct asked *asked)
{
	cloud_answer(asked, 200,
		     json_pack("{s:[{s:s, s:s, s:s, s:s, s:s, s:[o]}, {s:s, s:s, s:s, s:s, s:s, s:[o]}]}",
			       "versions", "id", "v2.0", "status", "SUPPORTED", "version", "", "min_version",
			       "", "updated", "2011-01-21T11:33:21Z", "links", tell_link(asked, "/v2/"), "id",
			       "v2.1", "status", "CURRENT", "version", "2.93", "min_version", "2.1",
			       "updated", "2013-07-23T11:33:21Z", "links", tell_link(asked, "/v2.1/")));
}

void nova_version(struct asked *asked)
{
	cloud_answer(asked, 200,
		     json_pack("{s:{s:s, s:s, s:s, s:s, s:s, s:[o, {s:s, s:s, s:s}], s:[{s:s, s:s}]}}",
			       "version", "id", "v2.1", "status", "CURRENT", "version", "2.93", "min_version",
			       "2.1", "updated", "2013-07-23T11:33:21Z", "links", tell_link(asked, "/v2.1/"),
			       "rel", "describedby", "type", "text/html", "href",
			       "http://docs.openstack.org/", "media-types", "base", "application/json",
			       "type", "application/vnd.openstack.compute+json;version=2.1"));
}

void neutron_versions(struct asked *asked)
{
	cloud_answer(asked, 200,
		     json_pack("{s:[{s:s, s:s, s:[o]}]}", "versions", "id", "v2.0", "status", "CURRENT",
			       "links", tell_link(asked, "/v2.0/")));
}

/* Those that a client of machines may ask for. */
void neutron_extensions(struct asked *asked)
{
	static const char *const aliases[] = {"revision-if-match",
					      "standard-attr-revisions",
					      "standard-attr-timestamp",
					      "standard-attr-description",
					      "standard-attr-tag",
					      "security-group",
					      "router",
					      "external-net",
					      "quota_details",
					      "port-security"};
	json_t *list = cloud_need(json_array());

	for (size_t i = 0; i < COUNT_OF(aliases); i++)
		json_array_append_new(list, json_pack("{s:s, s:s, s:s, s:s, s:[]}", "name", aliases[i],
						      "alias", aliases[i], "description", "", "updated",
						      "2016-04-11T10:00:00-00:00", "links"));
	cloud_answer(asked, 200, json_pack("{s:o}", "extensions", list));
}

void glance_versions(struct asked *asked)
{
	static const int known[] = {15, 13, 12, 11, 10, 9, 8, 7, 6, 5, 4, 3, 2, 1, 0};
	json_t *list = cloud_need(json_array());
	char id[16];

	for (size_t i = 0; i < COUNT_OF(known); i++) {
		snprintf(id, sizeof(id), "v2.%d", known[i]);
		json_array_append_new(list, json_pack("{s:s, s:s, s:[o]}", "id", id, "status",
						      i ? "SUPPORTED" : "CURRENT", "links",
						      tell_link(asked, "/v2/")));
	}
	cloud_answer(asked, 200, json_pack("{s:o}", "versions", list));
}

static void placement_root(struct asked *asked)
{
	cloud_answer(asked, 200,
		     json_pack("{s:[{s:s, s:s, s:s, s:s, s:[{s:s, s:s}]}]}", "versions", "id", "v1.0",
			       "max_version", "1.39", "min_version", "1.0", "status", "CURRENT", "links",
			       "rel", "self", "href", ""));
}

const struct route placement_routes[] = {{"GET", "/", placement_root, true}};
const size_t placement_route_count = COUNT_OF(placement_routes);
