/* login.c - a token of Keystone: by password, by another token, by an application credential. */
#include <stdio.h>
#include <string.h>

#include "base/cleanup.h"
#include "locations/openstack/openstack.h"

void openstack_session_release(struct openstack_session *session)
{
	if (session->header)
		explicit_bzero((char *)session->header, strlen(session->header));
	json_decref(session->json);
	arena_release(&session->arena);
	*session = (struct openstack_session){.number = session->number};
}

/* --- what is asked ------------------------------------------------------------------------------------- */

/* {"id"} or {"name"}, the latter in a domain. NULL without either. */
static json_t *domain_json(const struct openstack_settings *settings, const char *id, const char *name)
{
	if (!id && !name) {
		id = settings->domain_id;
		name = settings->domain_name;
	}
	if (id)
		return json_pack("{s:s}", "id", id);
	return name ? json_pack("{s:s}", "name", name) : json_pack("{s:s}", "id", "default");
}

static json_t *user_json(const struct openstack_settings *settings)
{
	if (settings->user_id)
		return json_pack("{s:s}", "id", settings->user_id);
	return json_pack("{s:s, s:o}", "name", settings->user_name, "domain",
			 domain_json(settings, settings->user_domain_id, settings->user_domain_name));
}

static json_t *project_json(const struct openstack_settings *settings)
{
	if (settings->project_id)
		return json_pack("{s:s}", "id", settings->project_id);
	return json_pack("{s:s, s:o}", "name", settings->project_name, "domain",
			 domain_json(settings, settings->project_domain_id, settings->project_domain_name));
}

static json_t *password_json(const struct openstack_settings *settings)
{
	json_t *user = user_json(settings);

	json_put_text(user, "password", settings->password);
	return json_pack("{s:[s], s:{s:o}}", "methods", "password", "password", "user", user);
}

static json_t *credential_json(const struct openstack_settings *settings)
{
	json_t *credential = json_pack("{s:s}", "secret", settings->credential_secret);

	if (settings->credential_id)
		json_put_text(credential, "id", settings->credential_id);
	else
		json_put_text(credential, "name", settings->credential_name);
	if (!settings->credential_id)
		json_put(credential, "user", user_json(settings));
	return json_pack("{s:[s], s:o}", "methods", "application_credential", "application_credential",
			 credential);
}

static json_t *identity_json(const struct openstack_settings *settings)
{
	switch (settings->way) {
	case BY_TOKEN:
		return json_pack("{s:[s], s:{s:s}}", "methods", "token", "token", "id", settings->token);
	case BY_APPLICATION_CREDENTIAL:
		return credential_json(settings);
	case BY_PASSWORD:
	default:
		return password_json(settings);
	}
}

json_t *openstack_login_body(const struct openstack_settings *settings)
{
	json_t *auth = json_pack("{s:o}", "identity", identity_json(settings));

	/* A credential is of one project, and must not be asked for another. */
	if (settings->way != BY_APPLICATION_CREDENTIAL && (settings->project_id || settings->project_name))
		json_put(auth, "scope", json_pack("{s:o}", "project", project_json(settings)));
	return json_pack("{s:o}", "auth", auth);
}

/* --- what came of it ----------------------------------------------------------------------------------- */

static enum progress refused(struct talk *talk, struct error *err)
{
	struct openstack_call *call = &talk->calls[LOGIN];
	const struct openstack_settings *settings = &talk->openstack->settings;

	openstack_failed(call, err, "cannot log in");
	if (call->error.code != OK) {
		if (err->code == ERR_UNREACHABLE && !*err->remedy)
			remedy(err, "the address is from %s", settings->source);
		if (strstr(err->text, "CA file") || strstr(err->remedy, "CA file"))
			remedy(err,
			       "who signed its certificate stands in the file that `cacert` names in "
			       "clouds.yaml, "
			       "OS_CACERT, or `ca` among the location's options; the address is from %s",
			       settings->source);
		return PROGRESS_FAILED;
	}
	if (call->status == 401 && settings->way == BY_PASSWORD)
		remedy(err,
		       "Keystone does not tell whether user, password, project or a domain is wrong; they "
		       "are from %s",
		       settings->source);
	else if (call->status == 401)
		remedy(err, "it may be wrong, revoked or out of date; it is from %s", settings->source);
	else if (call->status == 404)
		remedy(err, "is %s where Keystone is? It must be one that speaks version 3",
		       settings->auth_url);
	return PROGRESS_FAILED;
}

/* It is good for nothing but to ask for another one. */
static enum progress unscoped(struct talk *talk, const struct openstack_token *token, struct error *err)
{
	const char *name = talk->openstack->location->name;

	if (token->domain || token->system)
		fail(err, ERR_INVALID, "location `%s`: `%s` is logged in to a %s, and not to a project", name,
		     token->user, token->domain ? "domain" : "system");
	else
		fail(err, ERR_INVALID, "location `%s`: `%s` is logged in, but to no project", name,
		     token->user);
	remedy(err, "say which: project_name in clouds.yaml, OS_PROJECT_NAME, or `project` among the "
		    "location's options");
	return PROGRESS_FAILED;
}

static enum progress keep(struct talk *talk, struct error *err)
{
	struct openstack_call *call = &talk->calls[LOGIN];
	struct openstack_session fresh = {.number = talk->openstack->session.number + 1};
	char token[8192];
	int failed = -1;

	if (!openstack_json(call, err))
		return PROGRESS_FAILED;
	fresh.json = give(call->json);
	if (!openstack_header(call, "X-Subject-Token", token, sizeof(token)) || !printable(token))
		fail(err, ERR_UNREACHABLE, "location `%s`: %s answered without a token",
		     talk->openstack->location->name, call->what);
	else if (!(fresh.header = arena_format(&fresh.arena, "X-Auth-Token: %s", token)))
		fail_memory(err);
	else
		failed = openstack_token_read(fresh.json, &fresh.arena, &fresh.token, err);
	explicit_bzero(token, sizeof(token));
	if (!failed && !fresh.token.project_id) {
		unscoped(talk, &fresh.token, err);
		failed = -1;
	}
	if (failed) {
		openstack_session_release(&fresh);
		return PROGRESS_FAILED;
	}
	openstack_session_release(&talk->openstack->session);
	talk->openstack->session = fresh;
	return PROGRESS_DONE;
}

static enum progress told(struct talk *talk, struct error *err);

static enum progress ask_again(struct talk *talk, struct error *err)
{
	return openstack_repeat(&talk->calls[LOGIN], err) < 0 ? PROGRESS_FAILED : talk_go(talk, told);
}

static enum progress told(struct talk *talk, struct error *err)
{
	struct openstack_call *call = &talk->calls[LOGIN];
	int64_t pause_ms = openstack_patience(call);

	if (pause_ms)
		return talk_pause(talk, pause_ms, ask_again, err);
	if (!openstack_ok(call))
		return refused(talk, err);
	call->headers.secret = true;
	if (keep(talk, err) == PROGRESS_FAILED)
		return PROGRESS_FAILED;
	openstack_call_release(call);
	return talk_go(talk, talk->logged_in);
}

enum progress openstack_enter(struct talk *talk, talk_step *next, struct error *err)
{
	talk->logged_in = next;
	return talk->openstack->session.number ? talk_go(talk, next) : login_begin(talk, err);
}

enum progress login_begin(struct talk *talk, struct error *err)
{
	const struct openstack_question question = {.method = "POST",
						    .path = "/auth/tokens",
						    .body = openstack_login_body(&talk->openstack->settings),
						    .secret = true};

	if (!question.body)
		return talk_no_memory(err);
	if (openstack_ask(talk, LOGIN, &question, err) < 0)
		return PROGRESS_FAILED;
	/* Not by way of openstack_await: whom this is for may be waiting for an answer itself. */
	return talk_go(talk, told);
}
