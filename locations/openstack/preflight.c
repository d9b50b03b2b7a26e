/* preflight.c - whether there is all that a server is to be made of and with, asked before anything is made:
 * what it is chosen of, and whatever else the options name. */
#include <string.h>

#include "base/cleanup.h"
#include "locations/openstack/openstack.h"
#include "locations/openstack/told.h"

/* What is named and not chosen, each asked for in the slot of its number, and only where it is named. */
enum thing { PAIR, ZONE, GROUPS, SERVER_GROUP, THINGS };

static const struct {
	const char *word, *service, *path, *list;
} things[THINGS] = {
    [PAIR] = {"key pair", "compute", "/os-keypairs", "keypairs"},
    [ZONE] = {"availability zone", "compute", "/os-availability-zone", "availabilityZoneInfo"},
    [GROUPS] = {"security group", "network", "/v2.0/security-groups?fields=id&fields=name",
		"security_groups"},
    [SERVER_GROUP] = {"server group", "compute", "/os-server-groups", "server_groups"},
};

/* The names of that kind; NULL: none is said. */
static const char *const *named(const struct openstack_wishes *wishes, enum thing thing, size_t *ret_count)
{
	*ret_count = thing == GROUPS ? wishes->group_count : 1;
	switch (thing) {
	case PAIR:
		return wishes->key_pair ? &wishes->key_pair : NULL;
	case ZONE:
		return wishes->zone ? &wishes->zone : NULL;
	case GROUPS:
		return wishes->group_count ? wishes->groups : NULL;
	default:
		return wishes->server_group && !openstack_is_policy(wishes->server_group)
			   ? &wishes->server_group
			   : NULL;
	}
}

static const char *name_in(const json_t *row, enum thing thing)
{
	if (thing == PAIR)
		return json_text(json_object_get(row, "keypair"), "name");
	return json_text(row, thing == ZONE ? "zoneName" : "name");
}

/* A zone may be said with the host in it, "nova:host". */
static bool is_meant(const json_t *row, enum thing thing, const char *wish)
{
	const char *name = name_in(row, thing), *id = json_text(row, "id");
	size_t length = thing == ZONE ? strcspn(wish, ":") : strlen(wish);

	return (name && strlen(name) == length && !strncmp(name, wish, length)) ||
	       (id && (thing == GROUPS || thing == SERVER_GROUP) && !strcmp(id, wish));
}

static void look_for(const json_t *list, enum thing thing, const char *wish, json_t *lacks)
{
	struct openstack_told told = {.wish = wish};
	struct error err = {0};

	for (size_t i = 0; i < json_array_size(list); i++)
		if (is_meant(json_array_get(list, i), thing, wish))
			return;
	for (size_t i = 0; i < json_array_size(list); i++)
		openstack_tell_name(&told, name_in(json_array_get(list, i), thing));
	openstack_advise_of(&told, &err);
	json_add(lacks, json_sprintf("there is no %s `%s`; %s", things[thing].word, wish, err.remedy));
}

static enum progress named_told(struct talk *talk, struct error *err)
{
	for (unsigned i = 0; i < THINGS; i++) {
		struct openstack_call *call = &talk->calls[i];
		size_t count;
		const char *const *names = named(&talk->made_of->wishes, i, &count);
		if (!call->talk || openstack_withheld(call)) /* who may not ask cannot tell */
			continue;
		if (!openstack_ok(call))
			return openstack_failed(call, err, "cannot find out what there is");
		const json_t *list = openstack_list(call, things[i].list, err);
		if (!list)
			return PROGRESS_FAILED;
		for (size_t k = 0; k < count; k++)
			look_for(list, i, names[k], talk->lacks);
	}
	return json_array_extend(talk->order.lacks, talk->lacks) < 0 ? talk_no_memory(err) : PROGRESS_DONE;
}

static enum progress ask_for_named(struct talk *talk, struct error *err)
{
	for (unsigned i = 0; i < THINGS; i++) {
		const struct openstack_question question = {
		    .service = things[i].service, .method = "GET", .path = things[i].path};
		size_t count;
		openstack_call_release(&talk->calls[i]);
		if (named(&talk->made_of->wishes, i, &count) && openstack_ask(talk, i, &question, err) < 0)
			return PROGRESS_FAILED;
	}
	return openstack_await(talk, named_told);
}

static enum progress choose(struct talk *talk, struct error *err)
{
	struct error why = {0};

	talk->lacks = json_array();
	if (talk->lacks && openstack_check_key(talk->openstack, &why) < 0)
		json_add(talk->lacks, json_sprintf("%s; %s", why.text, why.remedy));
	return talk->lacks ? openstack_choose_making(talk, ask_for_named, err) : talk_no_memory(err);
}

enum progress preflight_openstack(struct talk *talk, struct error *err)
{
	return openstack_enter(talk, choose, err);
}
