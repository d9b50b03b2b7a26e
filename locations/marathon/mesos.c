/* mesos.c - the Mesos below: its leading master, the Marathon among its frameworks, where its agents are. */
#include <stdio.h>
#include <string.h>

#include "locations/marathon/marathon.h"

enum { REDIRECTS = 4 };

struct finding {
	size_t master; /* that is asked */
	size_t way;    /* how */
	unsigned redirects;
	const char *base; /* where */
	const json_t *frameworks;
	json_t *kept;
	size_t framework; /* the one that is asked whether it is Marathon */
	char names[160];
};

/* --- its leading master ----------------------------------------------------------------------------------
 */

/* What tells of frameworks: before 0.26 and 0.23 there was less. */
static const char *const ways[] = {"/master/frameworks", "/master/state-summary", "/master/state.json"};

static flow_step master_ask, framework_next;

static struct finding *finding_of(struct flow *flow)
{
	if (!flow->own)
		flow->own = arena_array(&flow->arena, struct finding, 1);
	return flow->own;
}

static enum progress next_master(struct flow *flow, struct error *err)
{
	struct marathon *marathon = flow->marathon;
	struct finding *finding = flow->own;

	if (++finding->master < marathon->master_count) {
		finding->base = NULL;
		finding->way = 0;
		return flow_go(flow, master_ask);
	}
	return marathon_failed(&flow->calls[0], err, "no master of Mesos tells of its frameworks");
}

static enum progress master_told(struct flow *flow, struct error *err)
{
	struct marathon_call *call = &flow->calls[0];
	struct marathon *marathon = flow->marathon;
	struct finding *finding = flow->own;

	if (call->error.code == OK && call->status / 100 == 3 && finding->redirects++ < REDIRECTS) {
		/* To the leader, by the name that it has for itself; its path is ours again. */
		const char *to = marathon_redirect(&flow->arena, text_view(&call->headers), finding->base);
		const char *host = to ? strstr(to, "://") : NULL;
		finding->base =
		    host ? arena_copy(&flow->arena, to, (size_t)(host + 3 - to) + strcspn(host + 3, "/"))
			 : NULL;
		return finding->base ? flow_go(flow, master_ask) : next_master(flow, err);
	}
	if (marathon_absent(call) && finding->way + 1 < COUNT_OF(ways)) {
		finding->way++;
		return flow_go(flow, master_ask);
	}
	if (!marathon_ok(call))
		return next_master(flow, err);
	const json_t *json = marathon_json(call, err);
	if (!json)
		return PROGRESS_FAILED;
	snprintf(marathon->leader, sizeof(marathon->leader), "%s", finding->base);
	/* The call goes with the next question. */
	json_decref(flow->app_json);
	flow->app_json = json_incref(call->json);
	finding->frameworks = json_object_get(flow->app_json, "frameworks");
	finding->framework = 0;
	return flow_go(flow, framework_next);
}

static enum progress master_ask(struct flow *flow, struct error *err)
{
	struct finding *finding = flow->own;

	if (!finding->base)
		finding->base = flow->marathon->masters[finding->master];
	const struct marathon_question question = {
	    .method = "GET", .path = ways[finding->way], .base = finding->base, .known = true};
	return marathon_ask(flow, 0, &question, master_told, err);
}

/* --- the Marathon among its frameworks ---------------------------------------------------------------------
 */

/* What was left by a change of its framework's id is not connected any more. */
static bool is_there(const struct marathon *marathon, const json_t *framework)
{
	const char *name = json_text(framework, "name");

	return json_flag(framework, "active", true) && json_flag(framework, "connected", true) &&
	       (!marathon->wanted || (name && !strcmp(name, marathon->wanted)));
}

/* Each framework that runs there names its own address: what Marathon is asked with is said to one that is
 * called as it is alone. */
static bool is_named(const struct marathon *marathon, const char *name)
{
	return name && (marathon->wanted ? !strcmp(name, marathon->wanted) : starts_with(name, "marathon"));
}

/* Its own word for where it is, or the host that it speaks to Mesos from. */
static const char *address_of(struct flow *flow, const json_t *framework)
{
	const char *url = json_text(framework, "webui_url"), *pid = json_text(framework, "pid");
	const char *at = pid ? strchr(pid, '@') : NULL;

	if (url && (starts_with(url, "http://") || starts_with(url, "https://")) && !strpbrk(url, "$() ")) {
		size_t length = strlen(url);
		while (length && url[length - 1] == '/')
			length--;
		return arena_copy(&flow->arena, url, length);
	}
	return at ? arena_format(&flow->arena, "http://%.*s:8080", (int)strcspn(at + 1, ":"), at + 1) : NULL;
}

static enum progress framework_told(struct flow *flow, struct error *err)
{
	struct marathon_call *call = &flow->calls[0];
	struct marathon *marathon = flow->marathon;
	struct finding *finding = flow->own;
	const json_t *framework = json_array_get(finding->frameworks, finding->framework++);
	const json_t *json = marathon_ok(call) ? marathon_json(call, NULL) : NULL;
	const char *id = json_text(framework, "id");
	struct marathon_info info;

	(void)err;
	if (!json || marathon_info_read(json, &flow->arena, &info, NULL) < 0 || !info.framework || !id ||
	    strcmp(info.framework, id) != 0)
		return flow_go(flow, framework_next);
	const char **bases = arena_array(&marathon->arena, const char *, 1);
	if (!bases || !(bases[0] = arena_text(&marathon->arena, address_of(flow, framework))))
		return flow_no_memory(err);
	marathon->bases = bases;
	marathon->base_count = 1;
	marathon->base = 0;
	marathon_know(marathon, &info);
	snprintf(marathon->mesos, sizeof(marathon->mesos), "%s", marathon->leader);
	flow->own = NULL;
	json_decref(give(flow->app_json));
	return flow_go(flow, flow->after);
}

static enum progress none_found(struct flow *flow, struct error *err)
{
	struct marathon *marathon = flow->marathon;
	owned_text names = {0};

	for (size_t i = 0; i < json_array_size(((struct finding *)flow->own)->frameworks); i++) {
		const json_t *each = json_array_get(((struct finding *)flow->own)->frameworks, i);
		text_format(&names, "%s%s", i ? ", " : "", json_text(each, "name") ?: "?");
	}
	fail(err, ERR_MISSING,
	     "location `%s`: no Marathon that answers is among the frameworks of Mesos (%s)",
	     marathon->location->name, names.length ? text_view(&names) : "there are none");
	remedy(err, "%s it itself: `marathon:http://HOST:8080`",
	       marathon->authorization && !marathon->wanted
		   ? "one that is to be told who asks is named: `framework: NAME`; or name"
		   : "name");
	return PROGRESS_FAILED;
}

static enum progress framework_next(struct flow *flow, struct error *err)
{
	struct finding *finding = flow->own;
	size_t count = json_array_size(finding->frameworks);

	for (; finding->framework < count; finding->framework++) {
		const json_t *framework = json_array_get(finding->frameworks, finding->framework);
		const char *base = is_there(flow->marathon, framework) ? address_of(flow, framework) : NULL;
		const struct marathon_question question = {
		    .method = "GET",
		    .path = "/v2/info",
		    .base = base,
		    .known = is_named(flow->marathon, json_text(framework, "name"))};
		if (base)
			return marathon_ask(flow, 0, &question, framework_told, err);
	}
	return none_found(flow, err);
}

enum progress mesos_find(struct flow *flow, struct error *err)
{
	return finding_of(flow) ? master_ask(flow, err) : flow_no_memory(err);
}

bool mesos_is_told(const struct marathon *marathon, const char *url)
{
	return marathon->by_mesos || marathon_is_its_own(marathon, url);
}

/* Behind a gate they are reached by their ids. */
static const char *gated_address(struct flow *flow, const char *id)
{
	const struct marathon *marathon = flow->marathon;
	const char *path = id ? arena_format(&flow->arena, "/agent/%s", id) : NULL;

	return path ? marathon_absolute(&flow->arena, path, marathon->bases[marathon->base]) : NULL;
}

/* "slave(1)@10.0.0.5:5051": several may be at one address. */
const char *mesos_agent(struct flow *flow, const json_t *agent, const char **ret_process)
{
	const char *pid = json_text(agent, "pid"), *at = pid ? strchr(pid, '@') : NULL;

	*ret_process = at ? arena_copy(&flow->arena, pid, (size_t)(at - pid)) : NULL;
	if (!*ret_process)
		return NULL;
	return flow->marathon->gated ? gated_address(flow, json_text(agent, "id"))
				     : arena_format(&flow->arena, "http://%s", at + 1);
}

bool mesos_redirected(struct flow *flow, flow_step *told, enum progress *ret, struct error *err)
{
	struct marathon_call *call = &flow->calls[0];

	if (call->error.code != OK || call->status / 100 != 3 || flow->index++ >= REDIRECTS)
		return false;
	const char *to = marathon_redirect(&flow->arena, text_view(&call->headers), flow->marathon->mesos);
	const struct marathon_question question = {
	    .method = "GET", .path = "", .base = to, .known = to && mesos_is_told(flow->marathon, to)};
	if (to)
		*ret = marathon_ask(flow, 0, &question, told, err);
	return to;
}
