/* doors.c - who is let in to a component is kept in the description of its security group, too: whoever lists
 * what there is sees by it whether somebody took its rules away, and brings them back. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/cleanup.h"
#include "locations/openstack/network.h"

#define MARK      "berth"
#define TELLS     MARK ": "
#define NOBODY    "nobody"
#define EVERYBODY "*"
#define BETWEEN   ", "

enum { MOST = 255, PORT_MOST = 65535 };

/* --- told ------------------------------------------------------------------------------------------------
 */

static const char *protocol_word(const struct opening *opening)
{
	return opening->protocol == UDP ? "udp" : "tcp";
}

static const char *whom(const struct opening *opening)
{
	return opening->from ? opening->from : opening->address ? opening->address : EVERYBODY;
}

static bool told_before(const struct openings *openings, size_t at)
{
	const struct opening *one = &openings->items[at];

	for (size_t i = 0; i < at; i++) {
		const struct opening *other = &openings->items[i];
		if (!strcmp(other->component, one->component) && other->port == one->port &&
		    other->protocol == one->protocol && !strcmp(whom(other), whom(one)))
			return true;
	}
	return false;
}

const char *openstack_doors_text(struct arena *arena, const struct openings *openings, const char *component)
{
	owned_text text = {0};

	for (size_t i = 0; i < openings->count; i++) {
		const struct opening *opening = &openings->items[i];
		if (strcmp(opening->component, component) != 0 || told_before(openings, i))
			continue;
		text_format(&text, "%s%u/%s from %s", text.length ? BETWEEN : TELLS, opening->port,
			    protocol_word(opening), whom(opening));
	}
	if (text.failed)
		return NULL;
	if (!text.length)
		return TELLS NOBODY;
	return text.length > MOST ? MARK : arena_text(arena, text_view(&text));
}

/* --- read ------------------------------------------------------------------------------------------------
 */

/* "6379/tcp from web", which is `length` long. false: it is no such thing. */
static bool read_item(struct arena *arena, const char *item, size_t length, struct opening *ret)
{
	char *text = arena_copy(arena, item, length), *end;
	long port = text ? strtol(text, &end, 10) : 0;
	bool udp;

	if (port < 1 || port > PORT_MOST ||
	    !((udp = starts_with(end, "/udp from ")) || starts_with(end, "/tcp from ")))
		return false;
	const char *from = end + strlen("/tcp from ");
	ret->port = (uint16_t)port;
	ret->protocol = udp ? UDP : TCP;
	if (strpbrk(from, ".:"))
		ret->address = from;
	else if (strcmp(from, EVERYBODY) != 0)
		ret->from = from;
	return *from != '\0';
}

/* Whom the description of that component's group lets in. false: it does not tell. */
static bool read_doors(struct arena *arena, const char *component, const char *description,
		       struct opening *items, size_t *count)
{
	if (!starts_with(description, TELLS))
		return false;
	const char *at = description + strlen(TELLS);
	if (!strcmp(at, NOBODY))
		return true;
	for (;;) {
		size_t length = strcspn(at, ",");
		struct opening item = {.component = component};
		if (!read_item(arena, at, length, &item))
			return false;
		items[(*count)++] = item;
		if (!at[length])
			return true;
		if (!starts_with(at + length, BETWEEN))
			return false;
		at += length + strlen(BETWEEN);
	}
}

/* How many there are at most in it. */
static size_t room_for(const char *description)
{
	size_t count = 1;

	for (; *description; description++)
		count += *description == ',';
	return count;
}

/* The component whose group it is; NULL: it is none of that application's, or its own. */
static const char *component_of(struct arena *arena, const char *app, const struct openstack_group *group)
{
	const char *own = openstack_group_name(arena, app, NULL);
	size_t length = own ? strlen(own) : 0;
	bool ours = own && !strncmp(group->name, own, length) && group->name[length] == '.' &&
		    starts_with(group->description, MARK);

	return ours ? arena_text(arena, group->name + length + 1) : NULL;
}

int openstack_doors_told(struct arena *arena, const char *app, const struct openstack_group *groups,
			 size_t count, struct openings *ret)
{
	const char **components = arena_array(arena, const char *, count + 1);
	size_t room = 1;

	for (size_t i = 0; i < count; i++)
		room += room_for(groups[i].description);
	struct opening *items = arena_array(arena, struct opening, room);
	if (!components || !items)
		return -1;
	*ret = (struct openings){components, 0, items, 0};
	for (size_t i = 0; i < count; i++) {
		const char *component = component_of(arena, app, &groups[i]);
		/* Of several of one name the older one counts. */
		if (!component || openstack_group_of(groups, count, groups[i].name) != &groups[i])
			continue;
		if (!read_doors(arena, component, groups[i].description, items, &ret->count))
			return 0;
		components[ret->component_count++] = component;
	}
	return 1;
}

/* --- compared --------------------------------------------------------------------------------------------
 */

/* As far as it is known whether there is IPv6. */
static bool counts(const struct openstack *openstack, const struct openstack_rule *rule)
{
	return openstack->six_known || !strcmp(rule->ethertype, "IPv4");
}

int openstack_doors_shut(const struct openstack *openstack, struct arena *arena, const char *app,
			 const char *component, const struct openstack_group *groups, size_t count)
{
	const char *name = openstack_group_name(arena, app, component);
	const struct openstack_group *group = name ? openstack_group_of(groups, count, name) : NULL;
	const struct openstack_rule *wanted;
	size_t wanted_count;
	struct openings openings;

	if (!name)
		return -1;
	int told = group ? openstack_doors_told(arena, app, group, 1, &openings) : 0;
	if (told <= 0)
		return told;
	const struct openstack_doors doors = {
	    .app = app, .openings = &openings, .groups = groups, .group_count = count, .six = openstack->six};
	if (openstack_rules_wanted(arena, &doors, component, &wanted, &wanted_count) < 0)
		return -1;
	for (size_t i = 0; i < wanted_count; i++)
		if (counts(openstack, &wanted[i]) &&
		    !openstack_rule_covered(group->rules, group->rule_count, &wanted[i]))
			return 1;
	return 0;
}

/* --- brought back ----------------------------------------------------------------------------------------
 */

static enum progress opened(struct talk *talk, struct error *err)
{
	(void)err;
	talk->openstack->shut = false;
	return PROGRESS_DONE;
}

static enum progress groups_told(struct talk *talk, struct error *err)
{
	struct openstack_call *call = &talk->calls[0];
	struct openings *openings = arena_array(&talk->arena, struct openings, 1);
	const struct openstack_group *groups;
	size_t count;

	if (!openstack_ok(call))
		return openstack_failed(call, err, "cannot list security groups");
	const json_t *json = openstack_json(call, err);
	if (!json || openstack_groups_read(json, &talk->arena, &groups, &count, err) < 0)
		return PROGRESS_FAILED;
	int told =
	    openings ? openstack_doors_told(&talk->arena, talk->order.app, groups, count, openings) : -1;
	if (told < 0)
		return talk_no_memory(err);
	/* Where one does not tell the next deploy knows. */
	return told ? network_fence(talk, FENCE_ALL, talk->order.app, openings, opened, err)
		    : opened(talk, err);
}

static enum progress list_groups(struct talk *talk, struct error *err)
{
	return openstack_read(talk, "network", openstack_groups_path(talk), groups_told, err);
}

enum progress admit_openstack(struct talk *talk, struct error *err)
{
	return openstack_enter(talk, list_groups, err);
}
