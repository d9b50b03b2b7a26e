/* mesos_about.c - the Mesos below, for `locations check`: what its agents have, which containers they run,
 * whose frameworks are on it. */
#include <stdio.h>
#include <string.h>

#include "locations/marathon/marathon.h"

/* So many agents are asked themselves, as long as each answers. */
enum { SUMMARY_MS = 5000, AGENT_MS = 3000, ASKED_MOST = 16 };

static flow_step agent_next;

static void tell(struct flow *flow, const char *details)
{
	const struct marathon *marathon = flow->marathon;
	struct location_facts *facts = flow->wish.facts;

	snprintf(facts->endpoint, sizeof(facts->endpoint), "%s", marathon->bases[marathon->base]);
	snprintf(facts->version, sizeof(facts->version), "Marathon %s", marathon->version);
	snprintf(facts->details, sizeof(facts->details), "%s", details);
}

/* --- what the master tells -------------------------------------------------------------------------- */

static double amount(const json_t *agent, const char *which)
{
	return json_number_value(json_at(agent, which));
}

/* "2 agents with 16 CPUs, 16 GiB (3.1 CPUs, 2 GiB used); frameworks marathon, chronos". */
static void describe(const json_t *json, struct text *words)
{
	const json_t *agents = json_object_get(json, "slaves"),
		     *frameworks = json_object_get(json, "frameworks");
	double cpus = 0, mem = 0, used_cpus = 0, used_mem = 0;
	size_t count = 0;

	for (size_t i = 0; i < json_array_size(agents); i++) {
		const json_t *agent = json_array_get(agents, i);
		if (!json_flag(agent, "active", true))
			continue;
		count++;
		cpus += amount(agent, "resources.cpus");
		mem += amount(agent, "resources.mem");
		used_cpus += amount(agent, "used_resources.cpus");
		used_mem += amount(agent, "used_resources.mem");
	}
	text_format(words, "%zu agent%s with %.3g CPUs, %.3g GiB (%.3g CPUs, %.3g GiB used)", count,
		    count == 1 ? "" : "s", cpus, mem / 1024, used_cpus, used_mem / 1024);
	for (size_t i = 0; i < json_array_size(frameworks); i++)
		text_format(words, "%s%s", i ? ", " : "; frameworks ",
			    json_text(json_array_get(frameworks, i), "name") ?: "?");
}

static json_t *about_agent(const json_t *agent)
{
	json_t *entry = json_object();

	json_put_text(entry, "name", json_text(agent, "hostname") ?: "?");
	json_put(entry, "cpus",
		 json_sprintf("%.3g of %.3g", amount(agent, "used_resources.cpus"),
			      amount(agent, "resources.cpus")));
	json_put(entry, "memory",
		 json_sprintf("%.3g of %.3g GiB", amount(agent, "used_resources.mem") / 1024,
			      amount(agent, "resources.mem") / 1024));
	if (amount(agent, "resources.gpus") > 0)
		json_put(entry, "gpus", json_sprintf("%.3g", amount(agent, "resources.gpus")));
	json_put_flag(entry, "away", !json_flag(agent, "active", true));
	return entry;
}

static json_t *about_framework(const json_t *framework)
{
	json_t *entry = json_object();

	json_put_text(entry, "name", json_text(framework, "name") ?: "?");
	json_put_flag(entry, "away",
		      !json_flag(framework, "active", true) || !json_flag(framework, "connected", true));
	return entry;
}

/* Whatever the master told of each; the order is its own. */
static json_t *each_of(const json_t *list, json_t *(*one)(const json_t *))
{
	json_t *about = json_array();

	for (size_t i = 0; about && i < json_array_size(list); i++)
		json_add(about, one(json_array_get(list, i)));
	return about;
}

/* --- what each agent tells -------------------------------------------------------------------------- */

static bool has_word(const char *list, const char *word)
{
	size_t length = strlen(word);

	for (const char *at = list; *at; at += strcspn(at, ","), at += *at == ',')
		if (strcspn(at, ",") == length && !strncmp(at, word, length))
			return true;
	return false;
}

/* What lacks where those that the location wishes for are to run. */
static void add_missing(const struct marathon *marathon, json_t *about)
{
	const char *wanted = marathon->mesos_containers ? "mesos" : "docker", *key = "containerizers";
	const json_t *agents = json_object_get(about, "agents");
	owned_text words = {0};

	for (size_t i = 0; i < json_array_size(agents); i++) {
		const json_t *agent = json_array_get(agents, i);
		if (json_text(agent, key) && !has_word(json_text(agent, key), wanted))
			text_format(&words, "%s%s", words.length ? ", " : "", json_text(agent, "name"));
	}
	if (words.length)
		json_put(about, "missing",
			 json_pack("[o]", json_sprintf("the containerizer `%s` of agents: %s", wanted,
						       text_view(&words))));
}

static enum progress all_asked(struct flow *flow)
{
	json_t *about = json_object_get(flow->app_json, "about");

	add_missing(flow->marathon, about);
	flow->wish.facts->about = json_incref(about);
	return PROGRESS_DONE;
}

static enum progress flags_told(struct flow *flow, struct error *err)
{
	struct marathon_call *call = &flow->calls[0];
	json_t *entry = json_array_get(json_at(flow->app_json, "about.agents"), flow->index);
	const json_t *json = marathon_ok(call) ? marathon_json(call, err) : NULL;
	const char *words = json_text(json_object_get(json, "flags"), "containerizers");

	if (words)
		json_put_text(entry, "containerizers", words);
	if (call->error.code != OK)
		return all_asked(flow); /* nor do the others, from here */
	flow->index++;
	return flow_go(flow, agent_next);
}

static enum progress agent_next(struct flow *flow, struct error *err)
{
	const json_t *agents = json_object_get(flow->app_json, "slaves");

	for (; flow->index < json_array_size(agents) && flow->index < ASKED_MOST; flow->index++) {
		const json_t *agent = json_array_get(agents, flow->index);
		const char *process;
		const char *base =
		    json_flag(agent, "active", true) ? mesos_agent(flow, agent, &process) : NULL;
		const struct marathon_question question = {
		    .method = "GET",
		    .path = base ? arena_format(&flow->arena, "/%s/flags", process) : NULL,
		    .base = base,
		    .known = base && marathon_is_its_own(flow->marathon, base),
		    .limit_ms = AGENT_MS};
		if (base)
			return marathon_ask(flow, 0, &question, flags_told, err);
	}
	return all_asked(flow);
}

/* --- one after the other ---------------------------------------------------------------------------- */

static enum progress summary_told(struct flow *flow, struct error *err)
{
	struct marathon_call *call = &flow->calls[0];
	owned_text words = {0}, shown = {0};
	enum progress asked;

	if (mesos_redirected(flow, summary_told, &asked, err))
		return asked;
	const json_t *json = marathon_ok(call) ? marathon_json(call, err) : NULL;
	if (!json_is_object(json)) {
		tell(flow, "its Mesos does not answer from here");
		return PROGRESS_DONE;
	}
	describe(json, &words);
	text_add_printable(&shown, text_view(&words), words.length);
	tell(flow, text_view(&shown));
	/* The call goes with the next question. */
	json_decref(flow->app_json);
	flow->app_json = json_incref(call->json);
	json_put(flow->app_json, "about",
		 json_pack("{s:o*, s:o*}", "agents", each_of(json_object_get(json, "slaves"), about_agent),
			   "frameworks", each_of(json_object_get(json, "frameworks"), about_framework)));
	flow->index = 0;
	return flow_go(flow, agent_next);
}

static enum progress info_told(struct flow *flow, struct error *err)
{
	const struct marathon *marathon = flow->marathon;
	struct marathon_call *call = &flow->calls[0];
	struct marathon_info info;

	if (!marathon_ok(call))
		return marathon_failed(call, err, "no connection");
	const json_t *json = marathon_json(call, err);
	if (!json || marathon_info_read(json, &flow->arena, &info, err) < 0)
		return PROGRESS_FAILED;
	if (!*marathon->mesos) {
		tell(flow, "which Mesos it is on it does not say");
		return PROGRESS_DONE;
	}
	const struct marathon_question question = {.method = "GET",
						   .path = "/master/state-summary",
						   .base = marathon->mesos,
						   .known = mesos_is_told(marathon, marathon->mesos),
						   .limit_ms = SUMMARY_MS};
	return marathon_ask(flow, 0, &question, summary_told, err);
}

enum progress connect_marathon(struct flow *flow, struct error *err)
{
	const struct marathon_question question = {.method = "GET", .path = "/v2/info"};

	return marathon_ask(flow, 0, &question, info_told, err);
}
