/* servers.c - the servers that are ours: what they are called, found by name and mark, told as instances. */
#include <stdlib.h>
#include <string.h>

#include "base/cleanup.h"
#include "locations/openstack/openstack.h"
#include "locations/process.h"

#define PREFIX "berth."

enum { TURN_MS = 20 };

struct found_servers {
	json_t *all;
};

char *openstack_server_name(struct arena *arena, const char *name)
{
	return arena_format(arena, PREFIX "%s", name);
}

/* --- asking --------------------------------------------------------------------------------------------- */

static void release_found(void *own)
{
	struct found_servers *found = own;

	json_decref(found->all);
}

static enum progress told(struct talk *talk, struct error *err)
{
	struct found_servers *found = talk->own;
	struct openstack_call *call = &talk->calls[0];

	if (!openstack_ok(call))
		return openstack_failed(call, err, "cannot list servers");
	openstack_set_clock(call);
	const json_t *json = openstack_json(call, err);
	if (!json)
		return PROGRESS_FAILED;
	found->all = json_incref((json_t *)json);
	return talk_go(talk, talk->gathered);
}

/* Nova takes an expression; dots are the only letters of ours that mean something in one. */
static const char *query_for(struct arena *arena, const char *app, const char *name)
{
	owned_text query = {0};

	text_add(&query, "name=%5Eberth%5C.");
	for (const char *c = name ? name : app ? app : ""; *c && *c != '~'; c++)
		text_add(&query, *c == '.' ? "%5C." : (const char[]){*c, '\0'});
	if (!name && app)
		text_add(&query, "%5C.");
	return query.failed ? NULL : arena_text(arena, text_view(&query));
}

enum progress openstack_find_servers(struct talk *talk, const char *app, const char *name, talk_step *next,
				     struct error *err)
{
	struct found_servers *found = arena_array(&talk->arena, struct found_servers, 1);

	if (!found)
		return talk_no_memory(err);
	talk_own(talk, found, release_found);
	const char *query = query_for(&talk->arena, app, name);
	talk->gathered = next;
	return query ? openstack_read(talk, "compute",
				      arena_format(&talk->arena, "/servers/detail?%s", query), told, err)
		     : talk_no_memory(err);
}

/* --- asking for others, too ----------------------------------------------------------------------------- */

bool openstack_others_make(const struct talk *talk)
{
	for (const struct talk *other = talk->openstack->talks; other; other = other->next)
		if (other != talk && other->making)
			return true;
	return false;
}

void openstack_sharing_leave(struct openstack *openstack, const struct talk *talk)
{
	if (openstack->sharing.asker == talk)
		openstack->sharing.asker = NULL;
	if (!openstack_others_make(talk))
		openstack_sharing_release(openstack);
}

void openstack_sharing_release(struct openstack *openstack)
{
	struct openstack_sharing *sharing = &openstack->sharing;
	const struct talk *asker = sharing->asker;

	json_decref(sharing->servers);
	free(sharing->app);
	*sharing = (struct openstack_sharing){.asker = asker, .asking_ms = sharing->asking_ms};
}

static enum progress shared(struct talk *talk, struct error *err)
{
	struct openstack_sharing *sharing = &talk->openstack->sharing;
	struct openstack_call *call = &talk->calls[0];
	const json_t *json = NULL;

	sharing->asker = NULL;
	if (!openstack_ok(call))
		return openstack_failed(call, err, "cannot list servers");
	openstack_set_clock(call);
	if (!(json = openstack_json(call, err)))
		return PROGRESS_FAILED;
	openstack_sharing_release(talk->openstack);
	sharing->app = strdup(talk->order.app);
	if (!sharing->app)
		return talk_no_memory(err);
	sharing->servers = json_incref((json_t *)json);
	sharing->asked_ms = sharing->asking_ms;
	((struct found_servers *)talk->own)->all = json_incref(sharing->servers);
	return talk_go(talk, talk->gathered);
}

static enum progress take_shared(struct talk *talk, struct error *err)
{
	struct openstack_sharing *sharing = &talk->openstack->sharing;
	bool one = sharing->app && !strcmp(sharing->app, talk->order.app);

	if (one && sharing->asked_ms >= talk->shared_since_ms) {
		((struct found_servers *)talk->own)->all = json_incref(sharing->servers);
		return talk_go(talk, talk->gathered);
	}
	if (sharing->asker)
		return talk_pause(talk, TURN_MS, take_shared, err);
	const char *query = query_for(&talk->arena, talk->order.app, NULL);
	if (!query)
		return talk_no_memory(err);
	sharing->asker = talk;
	sharing->asking_ms = talk_now(talk);
	return openstack_read(talk, "compute", arena_format(&talk->arena, "/servers/detail?%s", query),
			      shared, err);
}

enum progress openstack_share_servers(struct talk *talk, int64_t since_ms, talk_step *next, struct error *err)
{
	struct found_servers *found = arena_array(&talk->arena, struct found_servers, 1);

	if (!found)
		return talk_no_memory(err);
	talk_own(talk, found, release_found);
	talk->gathered = next;
	talk->shared_since_ms = since_ms;
	return take_shared(talk, err);
}

/* --- found ---------------------------------------------------------------------------------------------- */

json_t *openstack_servers_json(const struct talk *talk)
{
	return json_incref(((struct found_servers *)talk->own)->all);
}

int openstack_servers_found(struct talk *talk, const struct openstack_server **ret, size_t *ret_count,
			    struct error *err)
{
	const struct found_servers *found = talk->own;

	return openstack_servers_read(found->all, &talk->arena, ret, ret_count, err);
}

/* --- as instances --------------------------------------------------------------------------------------- */

static const char *mark(const struct openstack_server *server, const char *key)
{
	return json_text(server->metadata, key);
}

const char *openstack_start_word(const struct openstack_server *server)
{
	static const char *const words[][2] = {{"SHUTOFF", "os-start"},
					       {"SUSPENDED", "resume"},
					       {"PAUSED", "unpause"},
					       {"SHELVED", "unshelve"},
					       {"SHELVED_OFFLOADED", "unshelve"}};

	for (size_t i = 0; i < COUNT_OF(words); i++)
		if (!strcmp(server->status, words[i][0]))
			return words[i][1];
	return NULL;
}

/* It is being made for longer than whoever makes one waits; by the cloud's own clock, where that is known. */
static bool takes_too_long(const struct openstack *openstack, const struct openstack_server *server)
{
	return !strcmp(server->status, "BUILD") && server->created_ms && openstack->clock_known &&
	       openstack->clock_ahead_ms + openstack->world->ops->wall(openstack->world) -
		       server->created_ms >
		   OPENSTACK_MADE_MS;
}

static enum observed_state state_of(const struct openstack *openstack, const struct openstack_server *server)
{
	static const char *const broken[] = {"ERROR", "DELETED", "SOFT_DELETED"};

	if (openstack_start_word(server))
		return SEEN_STOPPED;
	if (!strcmp(server->status, "RESCUE")) /* somebody is mending it, in a system of its own */
		return SEEN_UNKNOWN;
	for (size_t i = 0; i < COUNT_OF(broken); i++)
		if (!strcmp(server->status, broken[i]))
			return SEEN_BROKEN;
	return takes_too_long(openstack, server) ? SEEN_BROKEN : SEEN_CREATED;
}

bool openstack_keeps_deleted(const struct openstack_server *server)
{
	return !strcmp(server->status, "SOFT_DELETED");
}

static bool is_leaving(const struct openstack_server *server)
{
	return (server->task && !strcmp(server->task, "deleting")) || strstr(server->status, "DELETED");
}

bool openstack_can_tell(const struct openstack *openstack, const struct openstack_server *server)
{
	return mark(server, "berth.hostkey") && !is_leaving(server) &&
	       state_of(openstack, server) == SEEN_CREATED;
}

/* Why it is not just there, in words; NULL: there is nothing to say. */
static const char *words_of(const struct openstack_server *server, enum observed_state state,
			    struct arena *arena)
{
	if (server->fault)
		return arena_text(arena, server->fault);
	if (state == SEEN_UNKNOWN)
		return arena_format(arena,
				    "its server is in rescue mode: `openstack server unrescue %s` ends that",
				    server->id);
	return state == SEEN_STOPPED || state == SEEN_BROKEN
		   ? arena_format(arena, "its server %s %s", state == SEEN_STOPPED ? "is" : "stays",
				  server->status)
		   : NULL;
}

static const char *kept(struct arena *arena, const struct openstack_server *server, const char *key)
{
	const char *text = mark(server, key);

	return arena_text(arena, text ? text : "");
}

int openstack_server_seen(const struct openstack *openstack, const struct openstack_server *server,
			  struct arena *arena, struct observed *ret)
{
	const char *name = server->name + strlen(PREFIX);

	*ret = (struct observed){
	    .name = arena_text(arena, name),
	    .target_id = arena_text(arena, server->id),
	    .digest = kept(arena, server, "berth.digest"),
	    .link_digest = kept(arena, server, "berth.links"),
	    .secret_digest = "", /* the machine alone knows, and the salt */
	    .file_digest = kept(arena, server, "berth.files"),
	    .type = "process",
	    .state = state_of(openstack, server),
	    .leaving = is_leaving(server),
	    .exit_code = -1,
	    .created_ms = server->created_ms,
	    .limits_known = true,
	    .exits_known = true,
	    .restart = restart_of(mark(server, "berth.restart") ?: ""),
	    .protect = mark(server, "berth.protect") != NULL,
	    .job = mark(server, "berth.job") != NULL,
	};
	ret->replace_only = !strcmp(server->status, "ERROR") && mark(server, "berth.hostkey");
	ret->hindered = ret->state == SEEN_UNKNOWN; /* there is nobody to ask */
	ret->error = words_of(server, ret->state, arena);
	if (ret->leaving)
		ret->state = SEEN_BROKEN;
	return ret->name && ret->target_id && ret->digest && ret->link_digest && ret->file_digest &&
		       instance_name_split(arena, name, &ret->app, &ret->component, &ret->ordinal,
					   &ret->generation)
		   ? 0
		   : -1;
}

/* Which has our name and our mark for the application. */
static bool is_ours(const struct openstack_server *server, const char *app)
{
	const char *marked = mark(server, "berth.app");

	return marked && !strcmp(marked, app);
}

const struct openstack_server *openstack_server_of(const struct openstack *openstack,
						   const struct openstack_server *servers, size_t count,
						   const char *app, const char *name,
						   const struct openstack_server **ret_stranger)
{
	owned_arena arena = {0};
	const struct openstack_server *best = NULL;
	struct observed first, other;
	size_t length;
	const char *id = double_id(name, &length);

	*ret_stranger = NULL;
	for (size_t i = 0; i < count; i++) {
		const char *theirs =
		    starts_with(servers[i].name, PREFIX) ? servers[i].name + strlen(PREFIX) : "";
		if (strlen(theirs) != length || strncmp(theirs, name, length) != 0 ||
		    (id && strcmp(id, servers[i].id) != 0))
			continue;
		if (!is_ours(&servers[i], app)) {
			*ret_stranger = &servers[i];
			continue;
		}
		if (openstack_server_seen(openstack, &servers[i], &arena, &other) < 0)
			return NULL;
		if (best && counts_before(openstack->location, &first, &other))
			continue;
		best = &servers[i];
		first = other;
	}
	return best;
}
