/* marathon_rules.c - what apps on a Marathon are held to: one for each component and none lost, what is told
 * as done is done, consumers know where their providers are, and strangers are left alone. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/cleanup.h"
#include "tests/sim/marathon.h"

/* --- what is there ----------------------------------------------------------------------------------- */

static void see(void *owner, const struct marathon_view *view)
{
	struct marathoned *marathon = owner;
	const char *app = json_text(json_object_get(view->definition, "labels"), "berth.app");
	if (marathon->count == MARATHON_APPS)
		abort();
	struct seen_app *seen = &marathon->now[marathon->count++];
	*seen = (struct seen_app){.view = *view, .ours = app && strcmp(app, MARATHON_APP) == 0};
	snprintf(seen->id, sizeof seen->id, "%s", view->id);
}

void marathon_look(struct marathoned *marathon)
{
	memcpy(marathon->former, marathon->now, sizeof marathon->former);
	marathon->former_count = marathon->count;
	marathon->count = 0;
	marathon_cluster_each(marathon->cluster, see, marathon);
}

static const struct seen_app *told(const struct marathoned *marathon, const char *id)
{
	for (size_t i = 0; i < marathon->count; i++)
		if (marathon->now[i].view.told && strcmp(marathon->now[i].id, id) == 0)
			return &marathon->now[i];
	return NULL;
}

static const char *component_of(const struct seen_app *seen)
{
	const char *component =
	    json_text(json_object_get(seen->view.definition, "labels"), "berth.component");
	return component ? component : "";
}

/* --- at all times ------------------------------------------------------------------------------------ */

static void rule_one_for_each(struct theatre *stage)
{
	const struct marathoned *marathon = stage->marathon;
	for (size_t i = 0; i < marathon->count; i++)
		for (size_t k = 0; k < i; k++) {
			const struct seen_app *one = &marathon->now[i], *other = &marathon->now[k];
			if (one->ours && other->ours && one->view.told && other->view.told &&
			    strcmp(component_of(one), component_of(other)) == 0)
				stage_accuse(stage, "doubles", "%s and %s are one component", one->id,
					     other->id);
		}
}

static void rule_none_lost(struct theatre *stage)
{
	const struct marathoned *marathon = stage->marathon;
	for (size_t i = 0; i < marathon->former_count && !marathon->leaving; i++) {
		const struct seen_app *before = &marathon->former[i];
		/* What is stopped may be made anew in place of being changed. */
		if (before->ours && before->view.told && before->view.running && !told(marathon, before->id))
			stage_accuse(stage, "lost", "%s has gone, and nobody asked for it", before->id);
	}
}

static void rule_strangers_untouched(struct theatre *stage)
{
	const struct marathoned *marathon = stage->marathon;
	for (size_t i = 0; i < marathon->stranger_count; i += 2) {
		const json_t *definition =
		    marathon_cluster_definition(marathon->cluster, marathon->strangers[i]);
		owned_memory char *line = definition ? json_sorted_line(definition) : NULL;
		if (!line || strcmp(line, marathon->strangers[i + 1]) != 0)
			stage_accuse(stage, "strangers", "%s was somebody else's, and %s",
				     marathon->strangers[i], line ? "was changed" : "is gone");
	}
}

void marathon_judge_always(struct theatre *stage)
{
	struct marathoned *marathon = stage->marathon;
	uint64_t stamp = marathon_cluster_stamp(marathon->cluster);
	if (stamp == marathon->stamp)
		return;
	marathon->stamp = stamp;
	marathon_look(marathon);
	rule_one_for_each(stage);
	rule_none_lost(stage);
	rule_strangers_untouched(stage);
}

/* --- when something is told as done ------------------------------------------------------------------ */

/* Marathon has come to its end with it, and all its tasks answer. */
static void rule_deployed(struct theatre *stage, const struct wished *part)
{
	char id[80], image[24];
	snprintf(id, sizeof id, "/" MARATHON_APP "/%s", part->id);
	snprintf(image, sizeof image, "good:%u", part->version);
	const struct seen_app *seen = told(stage->marathon, id);
	if (!seen || !part->there) {
		if (part->there || (seen && seen->ours))
			stage_accuse(stage, "done", "after a deploy %s is %s", id,
				     seen ? "there still" : "not there");
		return;
	}
	const struct marathon_view *view = &seen->view;
	const char *runs = json_text(json_at(view->definition, "container.docker"), "image");
	if (!runs || strcmp(runs, image) != 0 || view->instances != part->count)
		stage_accuse(stage, "done", "after a deploy %s is %u of %s", id, view->instances,
			     runs ? runs : "nothing");
	else if (!view->settled || view->outdated || view->answering < view->instances)
		stage_accuse(stage, "done", "after a deploy of %s %u of %u tasks answer, %u are outdated%s",
			     id, view->answering, view->instances, view->outdated,
			     view->settled ? "" : ", and it goes on");
}

static void rule_none_left(struct theatre *stage, bool destroyed)
{
	const struct marathoned *marathon = stage->marathon;
	for (size_t i = 0; i < marathon->count; i++) {
		const struct seen_app *seen = &marathon->now[i];
		if (seen->ours && (seen->view.living || (destroyed && seen->view.told)))
			stage_accuse(stage, "done", "%u tasks of %s live after it was %s", seen->view.living,
				     seen->id, destroyed ? "destroyed" : "stopped");
	}
	if (destroyed && !marathon->stranger_count && !marathon->post.warned &&
	    marathon_cluster_has_group(marathon->cluster, "/" MARATHON_APP))
		stage_accuse(stage, "leftovers", "the group is left");
}

void marathon_judge_end(struct theatre *stage, enum errand_kind doing)
{
	struct marathoned *marathon = stage->marathon;
	marathon_look(marathon);
	if (doing == DO_STOP || doing == DO_DESTROY)
		rule_none_left(stage, doing == DO_DESTROY);
	for (int i = 0; doing == DO_DEPLOY && i < MARATHON_PARTS && !marathon->disturbed; i++)
		rule_deployed(stage, &marathon->parts[i]);
}

/* --- links ------------------------------------------------------------------------------------------- */

static bool leads(const struct marathoned *marathon, const struct wished *part, char *ret_words, size_t size)
{
	const struct wished *provider = &marathon->parts[part->provider];
	char id[80], to[80], variable[24], host[48] = "";
	unsigned number = 0;
	snprintf(id, sizeof id, "/" MARATHON_APP "/%s", part->id);
	snprintf(to, sizeof to, "/" MARATHON_APP "/%s", provider->id);
	snprintf(variable, sizeof variable, "%s_PORT", provider->id);
	for (char *at = variable; *at; at++)
		*at = *at >= 'a' && *at <= 'z' ? (char)(*at - 'a' + 'A') : *at;
	const json_t *definition = marathon_cluster_definition(marathon->cluster, id);
	const char *told = json_text(json_object_get(definition, "env"), variable);
	if (told && sscanf(told, "tcp://%47[^:]:%u", host, &number) == 2 &&
	    marathon_cluster_serves(marathon->cluster, to, host, (uint16_t)number))
		return true;
	snprintf(ret_words, size, "%s is told %s=%s, where no task of %s answers", id, variable,
		 told ? told : "", to);
	return false;
}

bool marathon_links_lead(const struct marathoned *marathon, char *ret_words, size_t size)
{
	for (int i = 0; i < MARATHON_PARTS; i++) {
		const struct wished *part = &marathon->parts[i];
		if (part->there && part->provider >= 0 && !leads(marathon, part, ret_words, size))
			return false;
	}
	return true;
}

/* --- strangers --------------------------------------------------------------------------------------- */

void marathon_stranger_comes(struct theatre *stage, const char *id)
{
	struct marathoned *marathon = stage->marathon;
	char body[200];
	snprintf(body, sizeof body, "{\"id\":\"%s\",\"cmd\":\"sleep 1000\",\"instances\":1}", id);
	if (marathon->stranger_count + 2 > MARATHON_APPS ||
	    marathon_cluster_ask(marathon->cluster, "POST", "/apps", body) != 201)
		return;
	stage_say(stage, "fault: somebody else makes an app %s", id);
	const json_t *definition = marathon_cluster_definition(marathon->cluster, id);
	marathon->strangers[marathon->stranger_count++] = strdup(id);
	marathon->strangers[marathon->stranger_count++] = json_sorted_line(definition);
}

void marathon_stranger_goes(struct theatre *stage)
{
	struct marathoned *marathon = stage->marathon;
	while (marathon->stranger_count) {
		char path[120];
		free(marathon->strangers[--marathon->stranger_count]);
		char *id = marathon->strangers[--marathon->stranger_count];
		snprintf(path, sizeof path, "/apps%s", id);
		marathon_cluster_ask(marathon->cluster, "DELETE", path, NULL);
		free(id);
	}
}
