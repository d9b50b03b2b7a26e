/* resume.c - changes that outlive the controller that began them: what the store is given of each, and those
 * that a former controller was killed at, which are begun again under the names that they had.
 */
#include <stdlib.h>
#include <string.h>

#include "api/server.h"
#include "base/cleanup.h"
#include "base/text.h"

/* --- written down --------------------------------------------------------------------------- */

static bool lasts(const struct server_verb *verb, const struct berth_request *request)
{
	return verb->lasts && !request->dry_run;
}

static bool any_secret(const char *const *settings)
{
	for (; settings && *settings; settings++) {
		owned_memory char *name = strndup(*settings, strcspn(*settings, "="));
		if (!name || sensitive_name(name))
			return true;
	}
	return false;
}

/* "https://somebody:secret@host" */
static bool has_password(const char *location)
{
	const char *host = strstr(location, "://");
	const char *name = host ? host + 3 : location;
	const char *at = strchr(name, '@');
	return at && memchr(name, ':', (size_t)(at - name));
}

static bool any_password(const char *const *locations)
{
	for (; locations && *locations; locations++)
		if (has_password(*locations))
			return true;
	return false;
}

/* A saved plan has those that it was made with. */
static bool plan_has_password(const struct berth_request *request)
{
	size_t size = request->plan_size ? request->plan_size : request->plan ? strlen(request->plan) : 0;
	owned_json plan = size ? json_loadb(request->plan, size, 0, NULL) : NULL;
	size_t i;
	json_t *location;
	json_array_foreach (json_object_get(plan, "locations"), i, location)
		if (json_is_string(location) && has_password(json_string_value(location)))
			return true;
	return false;
}

/* NULL without memory. */
static char *text_of(const struct server_verb *verb, const struct berth_request *request,
		     const struct asker *by, const char *key)
{
	owned_json text = json_object();
	owned_json wanted = request_write(request, verb->takes);
	if (!wanted || json_put_text(text, "verb", verb->name) || json_put_text(text, "by", by->who) ||
	    json_put_number(text, "role", by->role) || (key && json_put_text(text, "key", key)) ||
	    json_put(text, "request", give(wanted)))
		return NULL;
	return json_line(text);
}

char *resume_note(const struct server_verb *verb, struct berth_request *request, const struct asker *by,
		  const char *key, const char *id)
{
	struct berth_request told = *request;
	if (!lasts(verb, request))
		return NULL;
	told.environment = NULL;
	request->once =
	    any_secret(request->settings) || any_password(request->locations) || plan_has_password(request);
	if (request->once) {
		told.settings = told.locations = NULL;
		told.plan = NULL;
	}
	char *text = text_of(verb, &told, by, key);
	if (!text)
		count_memory_failure();
	request->lasting = text ? id : NULL;
	return text;
}

/* --- begun again ---------------------------------------------------------------------------- */

static void note_left(void *list, const struct berth_left *left)
{
	json_t *item = json_object();
	json_put_text(item, "id", left->name);
	json_put_text(item, "app", left->app);
	json_put_text(item, "text", left->text);
	json_put_number(item, "asked_ms", left->asked_ms);
	json_add(list, item);
}

static int take_up(struct berth_server *server, const json_t *left, struct error *err)
{
	owned_arena arena = {0};
	const char *id = json_text(left, "id"), *line = json_text(left, "text");
	owned_json text = line ? json_parse(line, strlen(line), "what is remembered of it", err) : NULL;
	const char *name = json_text(text, "verb"), *who = json_text(text, "by");
	const struct server_verb *verb = name ? server_verb_find(name) : NULL;
	struct berth_request request = {.size = sizeof request, .resumed = true, .lasting = id};
	struct asker by = {.role = (enum role)json_number(text, "role", ROLE_OPERATE)};
	if (!verb || !verb->lasts || !who)
		return fail(err, ERR_INVALID, "another program wrote what is remembered of it");
	if (request_read(&request, &arena, json_object_get(text, "request"), verb->takes, err))
		return -1;
	request.app = json_text(left, "app");
	snprintf(by.who, sizeof by.who, "%s", who);
	const struct tracked *tracked = tracked_resume(server, verb, &request, &by, json_text(text, "key"),
						       json_number(left, "asked_ms", 0));
	if (!tracked)
		return fail_memory(err);
	server_log(server, "operation %s: %s %s goes on; its controller was killed", id, name, request.app);
	return 0;
}

int resume_left(struct berth_server *server, struct error *err)
{
	owned_json all = json_array();
	struct berth_error why = {0};
	size_t i;
	json_t *left;
	if (berth_left(server->berth, note_left, all, &why))
		return fail(err, ERR_FAILED, "%s", why.text);
	json_array_foreach (all, i, left) {
		struct error lost = {0};
		if (take_up(server, left, &lost))
			server_log(server, "operation %s cannot go on: %s", json_text(left, "id"), lost.text);
	}
	return 0;
}
