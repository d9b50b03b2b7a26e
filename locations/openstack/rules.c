/* rules.c - what security groups must let in: a function of who is to reach whom. */
#include <string.h>

#include "locations/openstack/network.h"

#define EVERYWHERE      "0.0.0.0/0"
#define EVERYWHERE_LONG "::/0"

const char *openstack_group_name(struct arena *arena, const char *app, const char *component)
{
	return component ? arena_format(arena, "berth.%s.%s", app, component)
			 : arena_format(arena, "berth.%s", app);
}

const struct openstack_group *openstack_group_of(const struct openstack_group *groups, size_t count,
						 const char *name)
{
	for (size_t i = 0; i < count; i++)
		if (strcmp(groups[i].name, name) == 0)
			return &groups[i];
	return NULL;
}

static bool same(const char *a, const char *b)
{
	return a && b ? strcmp(a, b) == 0 : a == b;
}

/* Neutron has two ways of saying it. */
static const char *prefix_of(const struct openstack_rule *rule)
{
	bool all =
	    !rule->prefix || !strcmp(rule->prefix, EVERYWHERE) || !strcmp(rule->prefix, EVERYWHERE_LONG);

	return rule->group || all ? NULL : rule->prefix;
}

bool openstack_rules_alike(const struct openstack_rule *a, const struct openstack_rule *b)
{
	return a->ingress == b->ingress && same(a->ethertype, b->ethertype) &&
	       same(a->protocol, b->protocol) && a->first == b->first && a->last == b->last &&
	       same(a->group, b->group) && same(prefix_of(a), prefix_of(b));
}

/* One that lets in everybody leaves nothing for the others to let in. */
bool openstack_rule_covered(const struct openstack_rule *rules, size_t count,
			    const struct openstack_rule *rule)
{
	for (size_t i = 0; i < count; i++) {
		const struct openstack_rule *other = &rules[i];
		bool everybody = !other->group && !prefix_of(other);
		if (openstack_rules_alike(other, rule) ||
		    (everybody && other->ingress && same(other->ethertype, rule->ethertype) &&
		     same(other->protocol, rule->protocol) && other->first == rule->first &&
		     other->last == rule->last))
			return true;
	}
	return false;
}

static int rule_of(struct arena *arena, const struct openstack_doors *doors, const struct opening *opening,
		   struct openstack_rule *ret)
{
	bool long_one = opening->address && strchr(opening->address, ':');

	*ret = (struct openstack_rule){.ingress = true,
				       .ethertype = long_one ? "IPv6" : "IPv4",
				       .protocol = opening->protocol == UDP ? "udp" : "tcp",
				       .first = opening->port,
				       .last = opening->port,
				       .prefix = EVERYWHERE};
	if (opening->from) {
		const char *name = openstack_group_name(arena, doors->app, opening->from);
		const struct openstack_group *group =
		    name ? openstack_group_of(doors->groups, doors->group_count, name) : NULL;
		if (!name)
			return -1;
		ret->group = group ? group->id : "";
		ret->prefix = NULL;
	} else if (opening->address) {
		ret->prefix = arena_format(arena, "%s/%d", opening->address, long_one ? 128 : 32);
		if (!ret->prefix)
			return -1;
	}
	return 0;
}

static bool is_for_all(const struct opening *opening)
{
	return !opening->from && !opening->address;
}

static bool is_long(const char *prefix)
{
	return strchr(prefix, ':') != NULL;
}

static struct openstack_rule ssh_rule(const char *prefix)
{
	return (struct openstack_rule){.ingress = true,
				       .ethertype = is_long(prefix) ? "IPv6" : "IPv4",
				       .protocol = "tcp",
				       .first = 22,
				       .last = 22,
				       .prefix = prefix};
}

/* From where we are seen there nobody knows. */
static int ssh_rules(struct arena *arena, const struct openstack_doors *doors,
		     const struct openstack_rule **ret, size_t *ret_count)
{
	static const char *const everywhere[] = {EVERYWHERE, EVERYWHERE_LONG};
	size_t count = doors->ssh_from_count ? doors->ssh_from_count : doors->six ? 2 : 1;
	const char *const *from = doors->ssh_from_count ? doors->ssh_from : everywhere;
	struct openstack_rule *rules = arena_array(arena, struct openstack_rule, count);

	for (size_t i = 0; rules && i < count; i++)
		rules[i] = ssh_rule(from[i]);
	*ret = rules;
	*ret_count = count;
	return rules ? 0 : -1;
}

/* Who is not named by an address may come by either of the two. */
static void add_twin(struct openstack_rule *rules, size_t *count, const struct openstack_rule *rule)
{
	struct openstack_rule twin = *rule;

	twin.ethertype = "IPv6";
	twin.prefix = rule->prefix ? EVERYWHERE_LONG : NULL;
	rules[*count] = twin;
	*count += !openstack_rule_covered(rules, *count, &twin);
}

int openstack_rules_wanted(struct arena *arena, const struct openstack_doors *doors, const char *component,
			   const struct openstack_rule **ret, size_t *ret_count)
{
	const struct openings *openings = doors->openings;
	size_t count = 0;

	if (!component)
		return ssh_rules(arena, doors, ret, ret_count);
	struct openstack_rule *rules = arena_array(arena, struct openstack_rule, 2 * openings->count + 1);
	if (!rules)
		return -1;
	/* Those for everybody first: they may make others needless. */
	for (int all = 1; all >= 0; all--) {
		for (size_t i = 0; i < openings->count; i++) {
			const struct opening *opening = &openings->items[i];
			if (strcmp(opening->component, component) != 0 || is_for_all(opening) != all)
				continue;
			struct openstack_rule rule;
			if (rule_of(arena, doors, opening, &rule) < 0)
				return -1;
			rules[count] = rule;
			count += !openstack_rule_covered(rules, count, &rule);
			if (doors->six && !opening->address)
				add_twin(rules, &count, &rule);
		}
	}
	*ret = rules;
	*ret_count = count;
	return 0;
}
