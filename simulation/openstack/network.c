/* network.c - the simulated Neutron: what its tables have in common (lists with filters, revisions, changes
 * that are only made of the revision that was read), networks and quotas. */
#include <stdio.h>
#include <string.h>
#include <strings.h>

#include "base/cleanup.h"
#include "simulation/openstack/model.h"

const struct row_kind GROUP_ROW = {"security_groups", "security_group", "SecurityGroupNotFound",
				   "Security group", "does not exist"};
const struct row_kind RULE_ROW = {"security_group_rules", "security_group_rule", "SecurityGroupRuleNotFound",
				  "Security group rule", "does not exist"};
const struct row_kind PORT_ROW = {"ports", "port", "PortNotFound", "Port", "could not be found."};
const struct row_kind FLOATING_ROW = {"floatingips", "floatingip", "FloatingIPNotFound", "Floating IP",
				      "could not be found"};
const struct row_kind NETWORK_ROW = {"networks", "network", "NetworkNotFound", "Network",
				     "could not be found."};
const struct row_kind SUBNET_ROW = {"subnets", "subnet", "SubnetNotFound", "Subnet", "could not be found."};

/* --- a row -----------------------------------------------------------------------------------------------
 */

json_t *row_new(struct openstack_cloud *cloud, const char *project, const json_t *said)
{
	const char *name = json_text(said, "name"), *description = json_text(said, "description");
	json_t *now = cloud_time(cloud_now(cloud));
	char id[ID_SIZE];

	cloud_uuid(cloud, id);
	return cloud_need(json_pack("{s:s, s:s, s:s, s:s, s:s, s:[], s:O, s:o, s:i, s:I}", "id", id, "name",
				    name ? name : "", "tenant_id", project, "project_id", project,
				    "description", description ? description : "", "tags", "created_at", now,
				    "updated_at", now, "revision_number", 0, "_made_ms",
				    (json_int_t)cloud_now(cloud)));
}

void row_touch(struct openstack_cloud *cloud, json_t *row)
{
	json_object_set_new(row, "revision_number", json_integer(json_number(row, "revision_number", 0) + 1));
	json_object_set_new(row, "updated_at", cloud_time(cloud_now(cloud)));
	cloud->stamp++;
}

void row_answer(struct asked *asked, int status, const struct row_kind *kind, const json_t *row)
{
	cloud_answer(asked, status, cloud_need(json_pack("{s:o}", kind->singular, row_tell(row))));
}

void row_absent(struct asked *asked, const struct row_kind *kind, const char *id)
{
	cloud_refuse(asked, 404, kind->type, "%s %s %s", kind->before, id, kind->after);
}

/* "If-Match: revision_number=3" */
static bool fits_revision(struct asked *asked, const json_t *row)
{
	const char *wanted = cloud_header(asked, "If-Match");
	int64_t is = json_number(row, "revision_number", 0), number = -1;

	if (!wanted)
		return true;
	if (!starts_with(wanted, "revision_number=") ||
	    !parse_number(wanted + strlen("revision_number="), 0, INT32_MAX, &number)) {
		cloud_refuse(asked, 400, "HTTPBadRequest", "Invalid value for 'If-Match': %s", wanted);
		return false;
	}
	if (number == is)
		return true;
	cloud_refuse(asked, 412, "RevisionNumberConstraintFailed",
		     "Constrained to %lld, but current revision is %lld", (long long)number, (long long)is);
	return false;
}

json_t *row_named(struct asked *asked, const struct row_kind *kind, const json_t *rows)
{
	json_t *row = row_find(rows, "id", asked->words[0]);

	if (!row)
		row_absent(asked, kind, asked->words[0]);
	else if (!fits_revision(asked, row))
		return NULL;
	return row;
}

bool row_change(struct asked *asked, json_t *row, const json_t *said, const char *const *members)
{
	bool changed = false;

	for (size_t i = 0; members[i]; i++) {
		json_t *value = json_object_get(said, members[i]);
		if (json_is_string(value) && json_string_length(value) > 255) {
			cloud_refuse(
			    asked, 400, "HTTPBadRequest",
			    "Invalid input for %s. Reason: '%.20s...' exceeds maximum length of 255.",
			    members[i], json_string_value(value));
			return false;
		}
		if (!value || json_equal(value, json_object_get(row, members[i])))
			continue;
		json_object_set(row, members[i], value);
		changed = true;
	}
	if (changed)
		row_touch(asked->cloud, row);
	return true;
}

bool row_too_many(struct asked *asked, const char *what, size_t used)
{
	int64_t limit = json_number(asked->cloud->network_quotas, what, -1);

	if (limit < 0 || (int64_t)used < limit)
		return false;
	cloud_refuse(asked, 409, "OverQuota", "Quota exceeded for resources: ['%s'].", what);
	return true;
}

/* --- lists -----------------------------------------------------------------------------------------------
 */

static bool is_value(const json_t *member, const char *value)
{
	char number[32];

	for (size_t i = 0; i < json_array_size(member); i++)
		if (is_value(json_array_get(member, i), value))
			return true;
	if (json_is_integer(member)) {
		snprintf(number, sizeof(number), "%lld", (long long)json_integer_value(member));
		return !strcmp(number, value);
	}
	if (json_is_boolean(member))
		return !strcasecmp(json_is_true(member) ? "true" : "false", value);
	if (json_is_null(member))
		return !*value;
	return json_is_string(member) && !strcmp(json_string_value(member), value);
}

/* Of several values for one member one is enough. */
static bool is_asked_for(const struct asked *asked, const json_t *row)
{
	for (size_t i = 0; i < asked->parameter_count; i++) {
		const char *name = asked->parameters[i].name;
		const json_t *member = json_object_get(row, name);
		bool found = !member;
		for (size_t k = 0; member && k < asked->parameter_count; k++)
			found |= !strcmp(asked->parameters[k].name, name) &&
				 is_value(member, asked->parameters[k].value);
		if (!found)
			return false;
	}
	return true;
}

/* Those members alone that `fields` names, where it names any. */
static json_t *tell_fields(const struct asked *asked, const json_t *row)
{
	owned_json whole = row_tell(row);
	json_t *part = cloud_need(json_object());

	for (size_t i = 0; i < asked->parameter_count; i++)
		if (!strcmp(asked->parameters[i].name, "fields"))
			json_object_set(part, asked->parameters[i].value,
					json_object_get(whole, asked->parameters[i].value));
	if (cloud_parameter(asked, "fields"))
		return part;
	json_decref(part);
	return json_incref(whole);
}

static void add_next(const struct asked *asked, const struct row_kind *kind, json_t *told, const char *next)
{
	char name[40];

	snprintf(name, sizeof(name), "%s_links", kind->plural);
	json_object_set_new(told, name, cloud_links(asked, next));
}

void row_list(struct asked *asked, const struct row_kind *kind, const json_t *rows)
{
	owned_json found = cloud_need(json_array());
	json_t *list = cloud_need(json_array());
	const char *next;

	for (size_t i = 0; i < json_array_size(rows); i++) {
		json_t *row = json_array_get(rows, i);
		if (is_asked_for(asked, row) && !cloud_lags(asked->cloud, json_number(row, "_made_ms", 0)))
			json_array_append(found, row);
	}
	owned_json page = cloud_page(asked, found, &next);
	for (size_t i = 0; i < json_array_size(page); i++)
		json_array_append_new(list, tell_fields(asked, json_array_get(page, i)));
	json_t *told = cloud_need(json_pack("{s:o}", kind->plural, list));
	if (next)
		add_next(asked, kind, told, next);
	cloud_answer(asked, 200, told);
}

/* --- networks --------------------------------------------------------------------------------------------
 */

static void make_network(struct openstack_cloud *cloud, const char *name, const char *project,
			 const char *prefix, bool external)
{
	owned_json said = json_pack("{s:s}", "name", name);
	json_t *network = row_new(cloud, project, said), *subnet = row_new(cloud, project, NULL);

	json_object_update_new(
	    network, json_pack("{s:b, s:i, s:s, s:[O], s:b, s:[], s:[s], s:n, s:n, s:b, s:b, s:i, s:s, s:I}",
			       "admin_state_up", true, "mtu", 1500, "status", "ACTIVE", "subnets",
			       json_object_get(subnet, "id"), "shared", external, "availability_zone_hints",
			       "availability_zones", "nova", "ipv4_address_scope", "ipv6_address_scope",
			       "router:external", external, "port_security_enabled", true, "revision_number",
			       2, "_prefix", prefix, "_made_ms", (json_int_t)0));
	if (external)
		json_object_set_new(network, "is_default", json_false());
	json_object_update_new(
	    subnet, json_pack("{s:O, s:i, s:b, s:s+, s:s+, s:[{s:s+, s:s+}], s:[], s:[], s:n, s:[], s:I}",
			      "network_id", json_object_get(network, "id"), "ip_version", 4, "enable_dhcp",
			      true, "gateway_ip", prefix, "1", "cidr", prefix, "0/24", "allocation_pools",
			      "start", prefix, "100", "end", prefix, "250", "host_routes", "dns_nameservers",
			      "subnetpool_id", "service_types", "_made_ms", (json_int_t)0));
	json_array_append_new(cloud->networks, network);
	json_array_append_new(cloud->subnets, subnet);
}

void network_begin(struct openstack_cloud *cloud)
{
	cloud->networks = cloud_need(json_array());
	cloud->subnets = cloud_need(json_array());
	cloud->ports = cloud_need(json_array());
	cloud->groups = cloud_need(json_array());
	cloud->floating = cloud_need(json_array());
	cloud->network_quotas =
	    cloud_need(json_pack("{s:i, s:i, s:i, s:i, s:i, s:i, s:i, s:i, s:i}", "network", 100, "subnet",
				 100, "subnetpool", -1, "port", 500, "router", 10, "floatingip", 50,
				 "rbac_policy", 10, "security_group", 10, "security_group_rule", 100));
	make_network(cloud, "private", PROJECT_ID, "10.77.0.", false);
	make_network(cloud, "public", OTHER_PROJECT, "10.88.0.", true);
	group_default(cloud);
}

static void list_networks(struct asked *asked)
{
	row_list(asked, &NETWORK_ROW, asked->cloud->networks);
}

static void get_network(struct asked *asked)
{
	const json_t *row = row_named(asked, &NETWORK_ROW, asked->cloud->networks);

	if (row)
		row_answer(asked, 200, &NETWORK_ROW, row);
}

static void list_subnets(struct asked *asked)
{
	row_list(asked, &SUBNET_ROW, asked->cloud->subnets);
}

static void get_subnet(struct asked *asked)
{
	const json_t *row = row_named(asked, &SUBNET_ROW, asked->cloud->subnets);

	if (row)
		row_answer(asked, 200, &SUBNET_ROW, row);
}

/* --- quotas ----------------------------------------------------------------------------------------------
 */

static void get_quotas(struct asked *asked)
{
	cloud_answer(asked, 200,
		     cloud_need(json_pack("{s:o}", "quota", json_copy(asked->cloud->network_quotas))));
}

static size_t used(const struct openstack_cloud *cloud, const char *what)
{
	return !strcmp(what, "port")             ? json_array_size(cloud->ports)
	       : !strcmp(what, "floatingip")     ? json_array_size(cloud->floating)
	       : !strcmp(what, "security_group") ? json_array_size(cloud->groups)
	       : !strcmp(what, "security_group_rule")
		   ? groups_rules(cloud)
		   : !strcmp(what, "network") || !strcmp(what, "subnet") || !strcmp(what, "router");
}

static void get_quota_details(struct asked *asked)
{
	json_t *told = cloud_need(json_object()), *limit;
	const char *what;

	json_object_foreach (asked->cloud->network_quotas, what, limit) {
		json_object_set_new(told, what,
				    json_pack("{s:O, s:i, s:i}", "limit", limit, "used",
					      (int)used(asked->cloud, what), "reserved", 0));
	}
	cloud_answer(asked, 200, json_pack("{s:o}", "quota", told));
}

const struct route network_routes[] = {
    {"GET", "/", neutron_versions, true},
    {"GET", "/v2.0/extensions", neutron_extensions, false},
    {"GET", "/v2.0/networks", list_networks, false},
    {"GET", "/v2.0/networks/*", get_network, false},
    {"GET", "/v2.0/subnets", list_subnets, false},
    {"GET", "/v2.0/subnets/*", get_subnet, false},
    {"GET", "/v2.0/quotas/*", get_quotas, false},
    {"GET", "/v2.0/quotas/*/details", get_quota_details, false},
    {"GET", "/v2.0/ports", ports_list, false},
    {"POST", "/v2.0/ports", ports_post, false},
    {"GET", "/v2.0/ports/*", port_get, false},
    {"PUT", "/v2.0/ports/*", port_put, false},
    {"DELETE", "/v2.0/ports/*", port_delete, false},
    {"GET", "/v2.0/floatingips", floating_list, false},
    {"POST", "/v2.0/floatingips", floating_post, false},
    {"GET", "/v2.0/floatingips/*", floating_get, false},
    {"PUT", "/v2.0/floatingips/*", floating_put, false},
    {"DELETE", "/v2.0/floatingips/*", floating_delete, false},
    {"GET", "/v2.0/security-groups", groups_list, false},
    {"POST", "/v2.0/security-groups", groups_post, false},
    {"GET", "/v2.0/security-groups/*", group_get, false},
    {"PUT", "/v2.0/security-groups/*", group_put, false},
    {"DELETE", "/v2.0/security-groups/*", group_delete, false},
    {"GET", "/v2.0/security-group-rules", rules_list, false},
    {"POST", "/v2.0/security-group-rules", rules_post, false},
    {"GET", "/v2.0/security-group-rules/*", rule_get, false},
    {"DELETE", "/v2.0/security-group-rules/*", rule_delete, false},
};
const size_t network_route_count = COUNT_OF(network_routes);
