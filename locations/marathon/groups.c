/* groups.c - what is kept with an application at Marathon: who deploys it, and who does so just now.
 *
 * Groups have no labels, and an app for such a thing would be seen among those that people run. What there is
 * are groups without apps: made at one moment, once for a name, and told with the application's own. So a
 * claim is a group `/APP/berth-claim` whose one child's name is what is kept, in hexadecimal; a lease is a
 * group `/APP/berth-lease-NUMBER`, renewed by one of the next number, the older ones go. Who makes one of the
 * next number has it, when no other one's is there that has not ended: of two one is refused. When it ends is
 * told by Marathon's own clock.
 */
#include <stdio.h>
#include <string.h>
#include <time.h>

#include "locations/marathon/marathon.h"

#define CLAIM "berth-claim"
#define LEASE "berth-lease-"

/* --- written as names --------------------------------------------------------------------------------- */

static void add_hex(struct text *to, const char *value)
{
	for (; value && *value; value++)
		text_format(to, "%02x", (unsigned char)*value);
}

/* "o0HEX.w0HEX": a letter for each member, dots between them. */
static void add_part(struct text *to, char key, const char *value)
{
	text_format(to, "%s%c0", to->length ? "." : "", key);
	add_hex(to, value);
}

static int digit_of(char c)
{
	return c >= '0' && c <= '9' ? c - '0' : c >= 'a' && c <= 'f' ? c - 'a' + 10 : -1;
}

static const char *part_of(const char *segment, char key, struct arena *arena)
{
	owned_text value = {0};

	for (const char *at = segment; *at; at += strcspn(at, "."), at += *at == '.') {
		if (at[0] != key || at[1] != '0')
			continue;
		for (at += 2; digit_of(at[0]) >= 0 && digit_of(at[1]) >= 0; at += 2)
			text_add_char(&value, (char)(digit_of(at[0]) << 4 | digit_of(at[1])));
		break;
	}
	return value.failed ? NULL : arena_text(arena, text_view(&value));
}

static const char *last_segment(const char *id)
{
	const char *slash = strrchr(id, '/');

	return slash ? slash + 1 : id;
}

static int read_one(const struct marathon_group *group, struct arena *arena, struct kept *ret)
{
	const char *segment = group->group_count ? last_segment(group->groups[0].id) : "";
	const char *name = last_segment(group->id), *until = part_of(segment, 'u', arena);

	*ret = (struct kept){
	    .kind = !strcmp(name, CLAIM) ? "claim" : "lease",
	    .id = group->id,
	    .app = part_of(segment, 'a', arena),
	    .owner = part_of(segment, 'o', arena),
	    .words = part_of(segment, 'w', arena),
	    .place = part_of(segment, 'p', arena),
	};
	if (starts_with(name, LEASE) && !parse_number(name + strlen(LEASE), 1, INT64_MAX - 1, &ret->number))
		ret->number = 0;
	if (!until || !parse_number(until, 0, INT64_MAX, &ret->until_ms))
		ret->until_ms = 0;
	return until && ret->app && ret->owner && ret->words && ret->place ? 0 : -1;
}

static bool is_kept(const char *name)
{
	return starts_with(name, LEASE) || !strcmp(name, CLAIM);
}

int kept_read(const struct marathon_group *group, struct arena *arena, const struct kept **ret,
	      size_t *ret_count)
{
	struct kept *list = arena_array(arena, struct kept, group->group_count + 1);
	size_t count = 0;

	if (!list)
		return -1;
	for (size_t i = 0; i < group->group_count; i++) {
		const struct marathon_group *each = &group->groups[i];
		if (!is_kept(last_segment(each->id)))
			continue;
		if (read_one(each, arena, &list[count]) < 0)
			return -1;
		/* One that a killed program left half made is of nobody. */
		count += *list[count].owner != '\0';
	}
	*ret = list;
	*ret_count = count;
	return 0;
}

/* --- reading and writing ------------------------------------------------------------------------------- */

struct keeping {
	flow_step *next;
	const struct kept *list;
	size_t count;
	bool there, empty;  /* the application's group; nothing is in it but what is kept */
	const char *others; /* what somebody else put there, in words; NULL: nothing */
	int64_t now_ms;     /* Marathon's clock */
	int64_t number;
	struct kept holder;
};

static struct keeping *keeping_of(struct flow *flow)
{
	if (!flow->own)
		flow->own = arena_array(&flow->arena, struct keeping, 1);
	return flow->own;
}

static int64_t date_of(const struct marathon_call *call)
{
	struct tm tm = {0};
	char date[64];

	if (!marathon_header(text_view(&call->headers), "Date", date, sizeof(date)) ||
	    !strptime(date, "%a, %d %b %Y %H:%M:%S", &tm))
		return 0;
	return (int64_t)timegm(&tm) * 1000;
}

static int tell_others(struct flow *flow, const struct marathon_group *group)
{
	struct keeping *keeping = flow->own;
	owned_text words = {0};

	for (size_t i = 0; i < group->app_count; i++)
		if (strcmp(marathon_label(&group->apps[i], "berth.app"), flow->wish.app) != 0)
			text_format(&words, "%sapp `%s`", words.length ? ", " : "", group->apps[i].id);
	for (size_t i = 0; i < group->group_count; i++)
		if (!is_kept(last_segment(group->groups[i].id)))
			text_format(&words, "%sgroup `%s`", words.length ? ", " : "", group->groups[i].id);
	if (group->pod_count)
		text_format(&words, "%s%zu pod%s", words.length ? ", " : "", group->pod_count,
			    group->pod_count == 1 ? "" : "s");
	keeping->others =
	    words.length
		? arena_format(&flow->arena, "group `%s` stays, because of what others put there: %s",
			       group->id, text_view(&words))
		: NULL;
	return words.failed || (words.length && !keeping->others) ? -1 : 0;
}

static enum progress group_told(struct flow *flow, struct error *err)
{
	struct marathon_call *call = &flow->calls[0];
	struct keeping *keeping = flow->own;
	struct marathon_group group;

	keeping->list = NULL;
	keeping->count = 0;
	keeping->now_ms = date_of(call);
	keeping->there = marathon_ok(call);
	keeping->empty = true;
	if (marathon_absent(call))
		return flow_go(flow, keeping->next);
	if (!marathon_ok(call))
		return marathon_failed(call, err, "cannot look who has `%s`", flow->wish.app);
	const json_t *json = marathon_json(call, err);
	if (!json || marathon_group_read(json, &flow->arena, &group, err) < 0)
		return PROGRESS_FAILED;
	if (kept_read(&group, &flow->arena, &keeping->list, &keeping->count) < 0)
		return flow_no_memory(err);
	keeping->empty = !group.app_count && !group.pod_count && group.group_count == keeping->count;
	return tell_others(flow, &group) < 0 ? flow_no_memory(err) : flow_go(flow, keeping->next);
}

static enum progress group_read(struct flow *flow, flow_step *next, struct error *err)
{
	struct keeping *keeping = keeping_of(flow);
	const char *id = marathon_group_id(&flow->arena, flow->wish.app);

	if (!keeping || !id)
		return flow_no_memory(err);
	keeping->next = next;
	const struct marathon_question question = {
	    .method = "GET",
	    .path = arena_format(&flow->arena,
				 "/v2/groups%s?embed=group.groups&embed=group.apps&embed=group.pods", id),
	};
	return marathon_ask(flow, 0, &question, group_told, err);
}

/* One with its child at one moment. */
static enum progress group_make(struct flow *flow, const char *name, const char *segment, flow_step *next,
				struct error *err)
{
	const char *app = marathon_group_id(&flow->arena, flow->wish.app);
	const char *id = app ? arena_format(&flow->arena, "%s%s%s", app, *name ? "/" : "", name) : NULL;
	const char *child = id && segment ? arena_format(&flow->arena, "%s/%s", id, segment) : NULL;
	const struct marathon_question question = {
	    .method = "POST",
	    .path = "/v2/groups",
	    .body = child ? json_pack("{s:s, s:[{s:s}]}", "id", id, "groups", "id", child)
		    : id  ? json_pack("{s:s}", "id", id)
			  : NULL,
	};

	if (!question.body || (segment && !child))
		return flow_no_memory(err);
	return marathon_ask(flow, 0, &question, next, err);
}

static enum progress group_remove(struct flow *flow, const char *id, flow_step *next, struct error *err)
{
	const struct marathon_question question = {
	    .method = "DELETE",
	    .path = id ? arena_format(&flow->arena, "/v2/groups%s", id) : NULL,
	};

	return marathon_ask(flow, 0, &question, next, err);
}

/* Somebody else's is of that name already. */
static bool is_taken(struct marathon_call *call)
{
	return call->error.code == OK && call->status == 409 && !marathon_locked(call);
}

static const struct kept *claim_in(const struct keeping *keeping)
{
	for (size_t i = 0; i < keeping->count; i++)
		if (!strcmp(keeping->list[i].kind, "claim"))
			return &keeping->list[i];
	return NULL;
}

/* --- the application's own group ------------------------------------------------------------------------ */

static enum progress prepared(struct flow *flow, struct error *err)
{
	struct marathon_call *call = &flow->calls[0];

	if (marathon_ok(call) || is_taken(call))
		return PROGRESS_DONE;
	if (marathon_unsure(call) && ++flow->tries < TRIES)
		return flow_pause(flow, LOOK_MS, prepare_marathon, err);
	return marathon_failed(call, err, "cannot make the group of `%s`", flow->wish.app);
}

static enum progress prepare_found(struct flow *flow, struct error *err)
{
	const struct keeping *keeping = flow->own;

	return keeping->there ? PROGRESS_DONE : group_make(flow, "", NULL, prepared, err);
}

enum progress prepare_marathon(struct flow *flow, struct error *err)
{
	return group_read(flow, prepare_found, err);
}

static flow_step release_look;

static enum progress released(struct flow *flow, struct error *err)
{
	struct marathon_call *call = &flow->calls[0];

	if (marathon_ok(call) || marathon_absent(call))
		return PROGRESS_DONE;
	if ((marathon_unsure(call) || marathon_locked(call)) && ++flow->tries < TRIES)
		return flow_pause(flow, LOOK_MS, release_look, err);
	return marathon_failed(call, err, "cannot remove the group of `%s`", flow->wish.app);
}

/* With anything in it, it stays: whoever gives that back removes the group. */
static enum progress release_found(struct flow *flow, struct error *err)
{
	const struct keeping *keeping = flow->own;
	const struct location *location = flow->marathon->location;

	if (keeping->others && location->say)
		location->say(location->say_owner, keeping->others);
	if (!keeping->there || !keeping->empty || keeping->count)
		return PROGRESS_DONE;
	return group_remove(flow, marathon_group_id(&flow->arena, flow->wish.app), released, err);
}

static enum progress release_look(struct flow *flow, struct error *err)
{
	return group_read(flow, release_found, err);
}

enum progress release_marathon(struct flow *flow, struct error *err)
{
	return release_look(flow, err);
}

/* --- the claim --------------------------------------------------------------------------------------------
 */

static flow_step claim_made;

static enum progress claim_make(struct flow *flow, struct error *err)
{
	const struct owner *owner = flow->wish.owner;
	owned_text segment = {0};

	add_part(&segment, 'a', flow->wish.app);
	add_part(&segment, 'o', owner->id);
	add_part(&segment, 'w', owner->words);
	add_part(&segment, 'p', owner->place);
	if (segment.failed)
		return flow_no_memory(err);
	return group_make(flow, CLAIM, text_view(&segment), claim_made, err);
}

static enum progress claim_taken_away(struct flow *flow, struct error *err)
{
	struct marathon_call *call = &flow->calls[0];

	if (marathon_ok(call) || marathon_absent(call) || marathon_unsure(call) || marathon_locked(call))
		return ++flow->tries < TRIES
			   ? flow_go(flow, claim_make)
			   : marathon_failed(call, err, "cannot take `%s` over", flow->wish.app);
	return marathon_failed(call, err, "cannot take `%s` over", flow->wish.app);
}

/* What is another owner's when it is adopted; what is ours when another store of ours was here last. */
static bool is_to_take(const struct flow *flow, const struct kept *claim)
{
	const struct owner *owner = flow->wish.owner;

	if (strcmp(claim->owner, owner->id) != 0)
		return flow->wish.adopt;
	return owner->place && strcmp(claim->place, owner->place) != 0;
}

static enum progress claim_found(struct flow *flow, struct error *err)
{
	const struct kept *claim = claim_in(flow->own);

	if (!claim)
		return ++flow->tries < TRIES
			   ? claim_make(flow, err)
			   : marathon_failed(&flow->calls[0], err, "cannot claim `%s`", flow->wish.app);
	if (is_to_take(flow, claim) && ++flow->tries < TRIES)
		return group_remove(flow, claim->id, claim_taken_away, err);
	const char *id = arena_text(flow->wish.arena, claim->owner);
	const char *words = arena_text(flow->wish.arena, claim->words);
	const char *place = arena_text(flow->wish.arena, claim->place);
	if (!id || !words || !place)
		return flow_no_memory(err);
	*flow->wish.holder = (struct owner){.id = id, .words = words, .place = place};
	return PROGRESS_DONE;
}

static enum progress claim_made(struct flow *flow, struct error *err)
{
	struct marathon_call *call = &flow->calls[0];

	if (marathon_ok(call) || is_taken(call) || marathon_unsure(call))
		return group_read(flow, claim_found, err);
	return marathon_failed(call, err, "cannot claim `%s`", flow->wish.app);
}

enum progress claim_marathon(struct flow *flow, struct error *err)
{
	return group_read(flow, claim_found, err);
}

/* --- giving back -------------------------------------------------------------------------------------------
 */

/* The group goes with the last that is kept in it. */
static const char *with_the_group(struct flow *flow, const struct kept *kept)
{
	const struct keeping *keeping = flow->own;

	return keeping->empty && keeping->count == 1 ? marathon_group_id(&flow->arena, flow->wish.app)
						     : kept->id;
}

static enum progress disclaimed(struct flow *flow, struct error *err)
{
	struct marathon_call *call = &flow->calls[0];

	if (marathon_ok(call) || marathon_absent(call))
		return PROGRESS_DONE;
	if ((marathon_unsure(call) || marathon_locked(call)) && ++flow->tries < TRIES)
		return flow_pause(flow, LOOK_MS, disclaim_marathon, err);
	return marathon_failed(call, err, "cannot give `%s` back", flow->wish.app);
}

static enum progress disclaim_found(struct flow *flow, struct error *err)
{
	const struct kept *claim = claim_in(flow->own);

	return claim ? group_remove(flow, with_the_group(flow, claim), disclaimed, err) : PROGRESS_DONE;
}

enum progress disclaim_marathon(struct flow *flow, struct error *err)
{
	return group_read(flow, disclaim_found, err);
}

/* --- the lease ---------------------------------------------------------------------------------------------
 */

static bool is_lease(const struct kept *kept)
{
	return !strcmp(kept->kind, "lease");
}

/* A clock that tells whole seconds may be a second behind. */
static bool lives(const struct keeping *keeping, const struct kept *lease)
{
	return lease->until_ms + 1000 > keeping->now_ms;
}

static const struct kept *rival(const struct keeping *keeping, const char *token)
{
	for (size_t i = 0; i < keeping->count; i++)
		if (is_lease(&keeping->list[i]) && strcmp(keeping->list[i].owner, token) != 0 &&
		    lives(keeping, &keeping->list[i]))
			return &keeping->list[i];
	return NULL;
}

static int64_t highest(const struct keeping *keeping)
{
	int64_t number = 0;

	for (size_t i = 0; i < keeping->count; i++)
		if (keeping->list[i].number > number)
			number = keeping->list[i].number;
	return number;
}

static enum progress lease_told(struct flow *flow, const char *token, const char *words, int64_t ttl_ms,
				struct error *err)
{
	struct lease holder = {.token = arena_text(flow->wish.arena, token),
			       .words = arena_text(flow->wish.arena, words ? words : ""),
			       .ttl_ms = ttl_ms};

	if (!holder.token || !holder.words)
		return flow_no_memory(err);
	*flow->wish.lease_holder = holder;
	return PROGRESS_DONE;
}

static flow_step lease_made, lease_checked, lease_swept;

static enum progress lease_make(struct flow *flow, struct error *err)
{
	struct keeping *keeping = flow->own;
	const struct lease *lease = flow->wish.lease;
	owned_text segment = {0};
	char until[32], name[64];

	keeping->number = highest(keeping) + 1;
	snprintf(until, sizeof(until), "%lld", (long long)(keeping->now_ms + lease->ttl_ms));
	snprintf(name, sizeof(name), LEASE "%lld", (long long)keeping->number);
	add_part(&segment, 'a', flow->wish.app);
	add_part(&segment, 'o', lease->token);
	add_part(&segment, 'w', lease->words);
	add_part(&segment, 'u', until);
	if (segment.failed)
		return flow_no_memory(err);
	return group_make(flow, name, text_view(&segment), lease_made, err);
}

static enum progress lease_found(struct flow *flow, struct error *err)
{
	struct keeping *keeping = flow->own;
	const struct kept *other = rival(keeping, flow->wish.lease->token);

	if (other)
		return lease_told(flow, other->owner, other->words, other->until_ms - keeping->now_ms, err);
	if (!keeping->now_ms) {
		fail(err, ERR_UNREACHABLE, "location `%s`: Marathon answers without a date",
		     flow->marathon->location->name);
		return PROGRESS_FAILED;
	}
	return lease_make(flow, err);
}

static enum progress lease_made(struct flow *flow, struct error *err)
{
	struct marathon_call *call = &flow->calls[0];

	if (marathon_ok(call))
		return group_read(flow, lease_checked, err);
	if ((is_taken(call) || marathon_unsure(call) || marathon_locked(call)) && ++flow->tries < TRIES)
		return flow_pause(flow, LOOK_MS, lease_marathon, err);
	return marathon_failed(call, err, "cannot keep the lease of `%s`", flow->wish.app);
}

static const struct kept *superfluous(const struct flow *flow, bool given_back)
{
	const struct keeping *keeping = flow->own;
	const char *token = flow->wish.lease ? flow->wish.lease->token : flow->wish.token;

	for (size_t i = 0; i < keeping->count; i++) {
		const struct kept *lease = &keeping->list[i];
		bool ours = !strcmp(lease->owner, token ? token : "");
		if (is_lease(lease) &&
		    (ours ? given_back || lease->number != keeping->number : !lives(keeping, lease)))
			return lease;
	}
	return NULL;
}

/* Another's that came at the same moment, as it can after all of them had gone: the lower number gives way.
 */
static enum progress lease_checked(struct flow *flow, struct error *err)
{
	struct keeping *keeping = flow->own;
	const struct kept *other = rival(keeping, flow->wish.lease->token);

	if (other && other->number > keeping->number) {
		keeping->holder = *other;
		flow->done = true; /* ours goes */
	} else if (other) {
		return ++flow->tries < TRIES ? group_read(flow, lease_checked, err)
					     : lease_told(flow, other->owner, other->words, 0, err);
	}
	return flow_go(flow, lease_swept);
}

static enum progress lease_went(struct flow *flow, struct error *err)
{
	struct marathon_call *call = &flow->calls[0];

	if (!marathon_ok(call) && !marathon_absent(call) &&
	    !((marathon_unsure(call) || marathon_locked(call)) && ++flow->tries < TRIES))
		return marathon_failed(call, err, "cannot keep the lease of `%s`", flow->wish.app);
	return group_read(flow, lease_swept, err);
}

static enum progress lease_swept(struct flow *flow, struct error *err)
{
	const struct keeping *keeping = flow->own;
	const struct kept *old = superfluous(flow, flow->done);

	if (old)
		return group_remove(flow, old->id, lease_went, err);
	if (flow->done)
		return lease_told(flow, keeping->holder.owner, keeping->holder.words,
				  keeping->holder.until_ms - keeping->now_ms, err);
	return lease_told(flow, flow->wish.lease->token, flow->wish.lease->words, flow->wish.lease->ttl_ms,
			  err);
}

enum progress lease_marathon(struct flow *flow, struct error *err)
{
	return group_read(flow, lease_found, err);
}

/* --- tidying
 * ------------------------------------------------------------------------------------------------ */

static enum progress tidied(struct flow *flow, struct error *err)
{
	struct marathon_call *call = &flow->calls[0];

	if (!marathon_ok(call) && !marathon_absent(call) &&
	    !((marathon_unsure(call) || marathon_locked(call)) && ++flow->tries < TRIES))
		return marathon_failed(call, err, "cannot give the lease of `%s` back", flow->wish.app);
	return flow_go(flow, tidy_marathon);
}

static enum progress tidy_found(struct flow *flow, struct error *err)
{
	const struct kept *old = superfluous(flow, true);

	return old ? group_remove(flow, with_the_group(flow, old), tidied, err) : PROGRESS_DONE;
}

enum progress tidy_marathon(struct flow *flow, struct error *err)
{
	return group_read(flow, tidy_found, err);
}
