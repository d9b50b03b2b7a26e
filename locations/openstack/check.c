/* check.c - who we are there, and what there is for machines to be made of. */
#include <stdio.h>
#include <string.h>

#include "base/cleanup.h"
#include "locations/openstack/openstack.h"

/* What is asked at one time, each in the slot of its number. */
enum part { LIMITS, FLAVORS, KEYPAIRS, IMAGES, NETWORKS, QUOTAS, PARTS };

static bool has_service(const struct talk *talk, const char *service)
{
	const struct openstack *openstack = talk->openstack;
	owned_arena arena = {0};

	return openstack_endpoint(&openstack->session.token, &arena, service, openstack->settings.interface,
				  openstack->settings.region) != NULL;
}

/* --- what was found ------------------------------------------------------------------------------------ */

/* Not everybody may ask for it, and nothing hangs on it. */
static bool is_spare(enum part part)
{
	return part == KEYPAIRS || part == QUOTAS;
}

static int read_parts(struct talk *talk, struct openstack_findings *ret, struct error *err)
{
	const json_t *found[PARTS] = {0};

	for (unsigned i = 0; i < PARTS; i++) {
		struct openstack_call *call = &talk->calls[i];
		if (openstack_ok(call) && !(found[i] = openstack_json(call, err)))
			return -1;
	}
	ret->keypair_count = -1;
	if (json_is_array(json_object_get(found[KEYPAIRS], "keypairs")))
		ret->keypair_count = (int64_t)json_array_size(json_object_get(found[KEYPAIRS], "keypairs"));
	if (found[LIMITS] &&
	    openstack_limits_read(found[LIMITS], &talk->arena, &ret->quotas, &ret->quota_count, err) < 0)
		return -1;
	if (found[FLAVORS] &&
	    openstack_flavors_read(found[FLAVORS], &talk->arena, &ret->flavors, &ret->flavor_count, err) < 0)
		return -1;
	if (found[IMAGES] &&
	    openstack_images_read(found[IMAGES], &talk->arena, &ret->images, &ret->image_count, err) < 0)
		return -1;
	if (found[NETWORKS] && openstack_networks_read(found[NETWORKS], &talk->arena, &ret->networks,
						       &ret->network_count, err) < 0)
		return -1;
	return found[QUOTAS]
		   ? openstack_network_quotas_read(found[QUOTAS], &talk->arena, &ret->network_quotas,
						   &ret->network_quota_count, err)
		   : 0;
}

static enum progress tell(struct talk *talk, struct error *err)
{
	const struct openstack *openstack = talk->openstack;
	const struct openstack_settings *settings = &openstack->settings;
	const struct openstack_token *token = &openstack->session.token;
	struct location_facts *facts = talk->order.facts;

	json_decref(facts->about);
	facts->about = openstack_about(openstack, talk->findings, &talk->arena);
	if (!facts->about)
		return talk_no_memory(err);
	snprintf(facts->endpoint, sizeof(facts->endpoint), "%s", settings->auth_url);
	snprintf(facts->because, sizeof(facts->because), "%s", settings->source);
	snprintf(facts->details, sizeof(facts->details), "%s in project %s", token->user, token->project);
	snprintf(facts->version, sizeof(facts->version), "Keystone 3");
	if (openstack->nova.high)
		snprintf(facts->version, sizeof(facts->version), "Keystone 3, Nova 2.%u to 2.%u",
			 openstack->nova.low, openstack->nova.high);
	return PROGRESS_DONE;
}

static enum progress gathered(struct talk *talk, struct error *err)
{
	struct openstack_findings *findings = talk->own;

	if (read_parts(talk, findings, err) < 0)
		return PROGRESS_FAILED;
	talk->findings = findings;
	return talk_go(talk, talk->gathered);
}

static int ask_part(struct talk *talk, enum part part, const char *service, const char *path,
		    struct error *err)
{
	const struct openstack_question question = {.service = service, .method = "GET", .path = path};

	return openstack_ask(talk, part, &question, err);
}

static enum progress told(struct talk *talk, struct error *err)
{
	for (unsigned i = 0; i < PARTS; i++) {
		struct openstack_call *call = &talk->calls[i];
		bool refused = call->talk && call->error.code == OK && call->status / 100 == 4;
		if (call->talk && !openstack_ok(call) && !(refused && is_spare(i)))
			return openstack_failed(call, err, "cannot find out what there is");
	}
	return talk_go(talk, gathered);
}

/* --- what is asked ------------------------------------------------------------------------------------- */

/* Whoever makes servers needs no more. */
static bool is_chosen_from(enum part part)
{
	return part == FLAVORS || part == IMAGES || part == NETWORKS;
}

static enum progress ask_parts(struct talk *talk, struct error *err)
{
	static const struct {
		const char *service, *path;
	} parts[PARTS] = {
	    [LIMITS] = {"compute", "/limits"},          [FLAVORS] = {"compute", "/flavors/detail"},
	    [KEYPAIRS] = {"compute", "/os-keypairs"},   [IMAGES] = {"image", "/v2/images?limit=1000"},
	    [NETWORKS] = {"network", "/v2.0/networks"}, [QUOTAS] = {"network", NULL},
	};
	const char *quotas =
	    arena_format(&talk->arena, "/v2.0/quotas/%s/details", talk->openstack->session.token.project_id);

	for (unsigned i = 0; i < PARTS; i++) {
		openstack_call_release(
		    &talk->calls[i]); /* what was asked there before is no answer to this */
		if (has_service(talk, parts[i].service) && (!talk->made_of || is_chosen_from(i)) &&
		    ask_part(talk, i, parts[i].service, parts[i].path ? parts[i].path : quotas, err) < 0)
			return PROGRESS_FAILED;
	}
	return openstack_await(talk, told);
}

static enum progress version_told(struct talk *talk, struct error *err)
{
	struct openstack_call *call = &talk->calls[0];

	if (!openstack_ok(call))
		return openstack_failed(call, err, "cannot find out which Nova it is");
	const json_t *json = openstack_json(call, err);
	if (!json || openstack_microversions_read(json, &talk->openstack->nova, err) < 0)
		return PROGRESS_FAILED;
	openstack_call_release(call);
	return talk_go(talk, ask_parts);
}

enum progress openstack_gather(struct talk *talk, struct error *err)
{
	const struct openstack_question question = {
	    .service = "compute", .method = "GET", .path = "/", .root = true};
	struct openstack_findings *findings = arena_array(&talk->arena, struct openstack_findings, 1);

	if (!findings)
		return talk_no_memory(err);
	talk_own(talk, findings, NULL);
	if (!has_service(talk, "compute") || (talk->made_of && talk->openstack->nova.high))
		return talk_go(talk, ask_parts);
	if (openstack_ask(talk, 0, &question, err) < 0)
		return PROGRESS_FAILED;
	return openstack_await(talk, version_told);
}

enum progress connect_openstack(struct talk *talk, struct error *err)
{
	const struct location *location = talk->openstack->location;

	if (talk->openstack->tls.no_verify && location->say)
		location->say(location->say_owner,
			      "the certificates of its services are not checked (`verify: false`)");
	talk->logged_in = openstack_gather;
	talk->gathered = tell;
	return login_begin(talk, err);
}
