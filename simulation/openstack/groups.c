/* groups.c - the simulated Neutron's security groups and their rules, and whom they let in. */
#include <arpa/inet.h>
#include <stdio.h>
#include <string.h>

#include "base/cleanup.h"
#include "simulation/openstack/model.h"

/* --- rules -----------------------------------------------------------------------------------------------
 */

static json_t *rules_of(const json_t *group)
{
	return json_object_get(group, "security_group_rules");
}

static json_t *or_null(const json_t *said, const char *key)
{
	json_t *value = json_object_get(said, key);

	return value ? json_incref(value) : json_null();
}

static json_t *text_or(const json_t *said, const char *key, const char *otherwise)
{
	const char *text = json_text(said, key);

	return json_string(text ? text : otherwise);
}

/* "10.0.0.5" is "10.0.0.5/32". */
static json_t *prefix_of(const json_t *said)
{
	const char *prefix = json_text(said, "remote_ip_prefix");
	char whole[64];

	if (!prefix)
		return json_null();
	snprintf(whole, sizeof(whole), "%s%s", prefix,
		 strchr(prefix, '/')   ? ""
		 : strchr(prefix, ':') ? "/128"
				       : "/32");
	return json_string(whole);
}

/* A rule as it lies in its group, which is changed by it. */
static json_t *add_rule(struct openstack_cloud *cloud, json_t *group, const json_t *said, bool customary)
{
	json_t *rule = row_new(cloud, PROJECT_ID, said), *prefix = prefix_of(said);

	json_object_del(rule, "name");
	if (customary)
		json_object_set_new(rule, "description", json_null());
	json_object_update_new(
	    rule,
	    json_pack("{s:O, s:o, s:o, s:o, s:o, s:o, s:O, s:n, s:o, s:o, s:i}", "security_group_id",
		      json_object_get(group, "id"), "ethertype", text_or(said, "ethertype", "IPv4"),
		      "direction", text_or(said, "direction", "ingress"), "protocol",
		      or_null(said, "protocol"), "port_range_min", or_null(said, "port_range_min"),
		      "port_range_max", or_null(said, "port_range_max"), "remote_ip_prefix", prefix,
		      "remote_address_group_id", "normalized_cidr", prefix, "remote_group_id",
		      or_null(said, "remote_group_id"), "standard_attr_id", (int)++cloud->last_attribute));
	json_array_append_new(rules_of(group), rule);
	return rule;
}

static const json_t *find_same(const json_t *group, const json_t *rule)
{
	static const char *const members[] = {"ethertype",      "direction",      "protocol",
					      "port_range_min", "port_range_max", "remote_ip_prefix",
					      "remote_group_id"};

	for (size_t i = 0; i < json_array_size(rules_of(group)); i++) {
		const json_t *other = json_array_get(rules_of(group), i);
		bool same = other != rule;
		for (size_t k = 0; k < COUNT_OF(members); k++)
			same &=
			    json_equal(json_object_get(other, members[k]), json_object_get(rule, members[k]));
		if (same)
			return other;
	}
	return NULL;
}

static json_t *find_rule(const struct openstack_cloud *cloud, const char *id, json_t **ret_group)
{
	for (size_t i = 0; i < json_array_size(cloud->groups); i++) {
		json_t *rule = row_find(rules_of(json_array_get(cloud->groups, i)), "id", id);
		*ret_group = json_array_get(cloud->groups, i);
		if (rule)
			return rule;
	}
	return NULL;
}

/* Told alone it has less than in its group. */
static json_t *tell_rule(const json_t *rule)
{
	json_t *told = row_tell(rule);

	json_object_del(told, "tags");
	json_object_del(told, "standard_attr_id");
	return told;
}

size_t groups_rules(const struct openstack_cloud *cloud)
{
	size_t count = 0;

	for (size_t i = 0; i < json_array_size(cloud->groups); i++)
		count += json_array_size(rules_of(json_array_get(cloud->groups, i)));
	return count;
}

static bool is_bad(struct asked *asked, const json_t *said)
{
	int64_t low = json_number(said, "port_range_min", -1), high = json_number(said, "port_range_max", -1);
	const char *protocol = json_text(said, "protocol"), *prefix = json_text(said, "remote_ip_prefix");
	bool numbers = protocol && (!strcmp(protocol, "tcp") || !strcmp(protocol, "udp"));

	if (prefix && json_text(said, "remote_group_id"))
		cloud_refuse(asked, 400, "SecurityGroupRemoteGroupAndRemoteIpPrefix",
			     "Only remote_ip_prefix or remote_group_id may be provided.");
	else if (low >= 0 && !protocol)
		cloud_refuse(asked, 400, "SecurityGroupProtocolRequiredWithPorts",
			     "Must also specify protocol if port range is given.");
	else if (numbers && (low > high || (low < 0) != (high < 0) || low == 0 || high > UINT16_MAX))
		cloud_refuse(asked, 400, "SecurityGroupInvalidPortRange",
			     "For TCP/UDP protocols, port_range_min must be <= port_range_max");
	else
		return false;
	return true;
}

/* Its group is changed by it, too. NULL: that is said. */
static json_t *post_rule(struct asked *asked, const json_t *said)
{
	struct openstack_cloud *cloud = asked->cloud;
	const char *of = json_text(said, "security_group_id"), *other = json_text(said, "remote_group_id");
	json_t *group = row_find(cloud->groups, "id", of);

	if (!group || (other && !row_find(cloud->groups, "id", other))) {
		row_absent(asked, &GROUP_ROW, !group ? (of ? of : "None") : other);
		return NULL;
	}
	if (is_bad(asked, said) || row_too_many(asked, "security_group_rule", groups_rules(cloud)))
		return NULL;
	json_t *rule = add_rule(cloud, group, said, false);
	const json_t *same = find_same(group, rule);
	if (same) {
		row_remove(rules_of(group), rule);
		cloud_refuse(asked, 409, "SecurityGroupRuleExists",
			     "Security group rule already exists. Rule id is %s.", json_text(same, "id"));
		return NULL;
	}
	row_touch(cloud, group);
	return tell_rule(rule);
}

void rules_post(struct asked *asked)
{
	const json_t *several = json_object_get(asked->body, "security_group_rules");
	json_t *list = json_is_array(several) ? cloud_need(json_array()) : NULL, *told;

	if (!list) {
		told = post_rule(asked, json_object_get(asked->body, "security_group_rule"));
		if (told)
			cloud_answer(asked, 201, json_pack("{s:o}", "security_group_rule", told));
		return;
	}
	for (size_t i = 0; i < json_array_size(several); i++) {
		if (!(told = post_rule(asked, json_array_get(several, i)))) {
			json_decref(list);
			return;
		}
		json_array_append_new(list, told);
	}
	cloud_answer(asked, 201, json_pack("{s:o}", "security_group_rules", list));
}

void rules_list(struct asked *asked)
{
	owned_json all = cloud_need(json_array());

	for (size_t i = 0; i < json_array_size(asked->cloud->groups); i++)
		json_array_extend(all, rules_of(json_array_get(asked->cloud->groups, i)));
	row_list(asked, &RULE_ROW, all);
}

void rule_get(struct asked *asked)
{
	json_t *group;
	const json_t *rule = find_rule(asked->cloud, asked->words[0], &group);

	if (rule)
		cloud_answer(asked, 200, json_pack("{s:o}", "security_group_rule", tell_rule(rule)));
	else
		row_absent(asked, &RULE_ROW, asked->words[0]);
}

void rule_delete(struct asked *asked)
{
	json_t *group;
	const json_t *rule = find_rule(asked->cloud, asked->words[0], &group);

	if (!rule) {
		row_absent(asked, &RULE_ROW, asked->words[0]);
		return;
	}
	row_remove(rules_of(group), rule);
	row_touch(asked->cloud, group);
	cloud_answer(asked, 204, NULL);
}

/* --- groups ----------------------------------------------------------------------------------------------
 */

static json_t *make(struct openstack_cloud *cloud, const json_t *said)
{
	static const char *const types[] = {"IPv6", "IPv4"};
	json_t *group = row_new(cloud, PROJECT_ID, said);

	json_object_update_new(group, json_pack("{s:b, s:b, s:[], s:i}", "stateful", true, "shared", false,
						"security_group_rules", "revision_number", 1));
	for (size_t i = 0; i < COUNT_OF(types); i++) {
		owned_json leaving = json_pack("{s:s, s:s}", "ethertype", types[i], "direction", "egress");
		add_rule(cloud, group, leaving, true);
	}
	json_array_append_new(cloud->groups, group);
	return group;
}

const char *group_default(struct openstack_cloud *cloud)
{
	const json_t *group = row_find(cloud->groups, "name", "default");

	if (!group) {
		owned_json said =
		    json_pack("{s:s, s:s}", "name", "default", "description", "Default security group");
		json_t *made = make(cloud, said);
		owned_json within = json_pack("{s:O}", "remote_group_id", json_object_get(made, "id"));
		owned_json within6 = json_pack("{s:O, s:s}", "remote_group_id", json_object_get(made, "id"),
					       "ethertype", "IPv6");
		add_rule(cloud, made, within, true);
		add_rule(cloud, made, within6, true);
		group = made;
	}
	return json_text(group, "id");
}

void groups_list(struct asked *asked)
{
	row_list(asked, &GROUP_ROW, asked->cloud->groups);
}

static bool is_too_long(struct asked *asked, const json_t *said)
{
	static const char *const members[] = {"name", "description", NULL};
	owned_json row = cloud_need(json_object());

	return !row_change(asked, row, said, members);
}

void groups_post(struct asked *asked)
{
	const json_t *said = json_object_get(asked->body, "security_group");
	const char *name = json_text(said, "name");

	if (is_too_long(asked, said) ||
	    row_too_many(asked, "security_group", json_array_size(asked->cloud->groups)))
		return;
	if (name && !strcmp(name, "default")) {
		cloud_refuse(asked, 409, "SecurityGroupDefaultAlreadyExists",
			     "Default security group already exists.");
		return;
	}
	row_answer(asked, 201, &GROUP_ROW, make(asked->cloud, said));
}

void group_get(struct asked *asked)
{
	const json_t *group = row_named(asked, &GROUP_ROW, asked->cloud->groups);

	if (group)
		row_answer(asked, 200, &GROUP_ROW, group);
}

void group_put(struct asked *asked)
{
	static const char *const members[] = {"name", "description", "stateful", NULL};
	json_t *group = row_named(asked, &GROUP_ROW, asked->cloud->groups);

	if (group && row_change(asked, group, json_object_get(asked->body, "security_group"), members))
		row_answer(asked, 200, &GROUP_ROW, group);
}

static bool is_used(const struct openstack_cloud *cloud, const char *id)
{
	for (size_t i = 0; i < json_array_size(cloud->ports); i++) {
		const json_t *groups = json_object_get(json_array_get(cloud->ports, i), "security_groups");
		for (size_t k = 0; k < json_array_size(groups); k++)
			if (!strcmp(json_string_value(json_array_get(groups, k)), id))
				return true;
	}
	return false;
}

/* Rules elsewhere that let in its members go with it. */
void group_delete(struct asked *asked)
{
	struct openstack_cloud *cloud = asked->cloud;
	const json_t *group = row_named(asked, &GROUP_ROW, cloud->groups);

	if (!group)
		return;
	if (is_used(cloud, asked->words[0])) {
		cloud_refuse(asked, 409, "SecurityGroupInUse", "Security Group %s in use.", asked->words[0]);
		return;
	}
	for (size_t i = 0; i < json_array_size(cloud->groups); i++) {
		json_t *rules = rules_of(json_array_get(cloud->groups, i));
		for (size_t k = json_array_size(rules); k-- > 0;) {
			const char *other = json_text(json_array_get(rules, k), "remote_group_id");
			if (other && !strcmp(other, asked->words[0]))
				json_array_remove(rules, k);
		}
	}
	row_remove(cloud->groups, group);
	cloud_answer(asked, 204, NULL);
}

/* --- whom they let in ------------------------------------------------------------------------------------
 */

static bool is_within(const char *address, const char *prefix)
{
	struct in_addr one, other;
	char network[64];
	int64_t bits = 32;

	snprintf(network, sizeof(network), "%.*s", (int)strcspn(prefix, "/"), prefix);
	if (strchr(prefix, '/') && !parse_number(strchr(prefix, '/') + 1, 0, 32, &bits))
		return false;
	if (inet_pton(AF_INET, address, &one) != 1 || inet_pton(AF_INET, network, &other) != 1)
		return false;
	uint32_t mask = bits ? htonl(UINT32_MAX << (32 - bits)) : 0;
	return (one.s_addr & mask) == (other.s_addr & mask);
}

static bool has_group(const json_t *port, const char *id)
{
	const json_t *groups = json_object_get(port, "security_groups");

	for (size_t i = 0; i < json_array_size(groups); i++)
		if (!strcmp(json_string_value(json_array_get(groups, i)), id))
			return true;
	return false;
}

/* Whose fixed address it is, and whether that one is of the group. */
static bool is_of_group(const struct openstack_cloud *cloud, const char *address, const char *group)
{
	for (size_t i = 0; i < json_array_size(cloud->ports); i++) {
		const json_t *port = json_array_get(cloud->ports, i);
		if (!strcmp(port_address(port), address))
			return has_group(port, group);
	}
	return false;
}

static bool rule_lets_in(const struct openstack_cloud *cloud, const json_t *rule, const char *from,
			 uint16_t number)
{
	const char *protocol = json_text(rule, "protocol"), *prefix = json_text(rule, "remote_ip_prefix");
	const char *group = json_text(rule, "remote_group_id");

	if (strcmp(json_text(rule, "direction"), "ingress") != 0 ||
	    strcmp(json_text(rule, "ethertype"), "IPv4") != 0 || (protocol && strcmp(protocol, "tcp") != 0))
		return false;
	if (number < json_number(rule, "port_range_min", 0) ||
	    number > json_number(rule, "port_range_max", UINT16_MAX))
		return false;
	return prefix ? is_within(from, prefix) : !group || is_of_group(cloud, from, group);
}

bool groups_let_in(const struct openstack_cloud *cloud, const json_t *port, const char *from, uint16_t number)
{
	const json_t *ids = json_object_get(port, "security_groups");

	for (size_t i = 0; i < json_array_size(ids); i++) {
		const json_t *group =
		    row_find(cloud->groups, "id", json_string_value(json_array_get(ids, i)));
		for (size_t k = 0; k < json_array_size(rules_of(group)); k++)
			if (rule_lets_in(cloud, json_array_get(rules_of(group), k), from, number))
				return true;
	}
	return false;
}
