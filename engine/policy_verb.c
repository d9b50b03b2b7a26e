/* policy_verb.c - the policies of an application listed, suspended, resumed, or set anew: in the hold that
 * asks them where there is one here, else in what the store remembers of them. */
#include <string.h>

#include "base/cleanup.h"
#include "engine/deploy.h"
#include "engine/keeper.h"
#include "engine/operation.h"
#include "engine/policies_of.h"
#include "engine/subjects.h"

struct policing {
	struct subjects of;
	uint64_t record; /* of the last change, to be waited for; 0: none yet */
};

/* --- which is meant ------------------------------------------------------------------------- */

static const char *last_part(const char *name)
{
	const char *dot = strrchr(name, '.');
	return dot ? dot + 1 : name;
}

/* By its name as the list has it, or by the last part of a class' name. */
static bool is_called(const struct policy_set *set, size_t index, const char *word)
{
	owned_text name = {0};
	policy_add_name(&name, set, index);
	return !name.failed &&
	       (!strcmp(text_view(&name), word) || !strcmp(last_part(text_view(&name)), word));
}

/* Several of its kind, and it is not said which. */
static int fail_ambiguous(const struct subject *subject, const char *word, size_t count, struct error *err)
{
	fail(err, ERR_INVALID, "`%s` has %zu policies `%s`", subject->component->id, count, word);
	remedy(err, "name one of them: %s/1 to %s/%zu", word, word, count);
	return -1;
}

/* 1 with *ret_index, 0: it has none of that name, or -1 with *err. */
static int find(const struct subject *subject, const char *word, size_t *ret_index, struct error *err)
{
	const struct policy_set *set = subject->set;
	for (size_t i = 0; i < policy_set_count(set); i++) {
		const char *name = policy_set_name(set, i);
		size_t number = 0;
		if (is_called(set, i, word)) {
			*ret_index = i;
			return 1;
		}
		size_t count = policy_namesakes(set, i, &number);
		if (count > 1 && (!strcmp(name, word) || !strcmp(last_part(name), word)))
			return fail_ambiguous(subject, word, count, err);
	}
	return 0;
}

static bool is_wanted(const struct berth_operation *operation, const struct subject *subject)
{
	const char *const *only = operation->request.components;
	return !only || !only[0] || !strcmp(only[0], subject->component->id);
}

/* --- changing them -------------------------------------------------------------------------- */

static bool wants(const struct berth_operation *operation, const char *action)
{
	return !strcmp(operation->request.action, action);
}

static int set_keys(struct policy_set *set, size_t index, const char *const *arguments, struct error *err)
{
	for (; arguments && *arguments; arguments++) {
		const char *equals = strchr(*arguments, '=');
		owned_memory char *key = equals ? strndup(*arguments, (size_t)(equals - *arguments)) : NULL;
		owned_json value = equals ? json_any_text(equals + 1) : NULL;
		if (!equals)
			return fail(err, ERR_INVALID, "`%s` is not KEY=VALUE", *arguments);
		if (!key || !value)
			return fail_memory(err);
		if (policy_set_configure(set, index, key, value, err))
			return -1;
	}
	return 0;
}

static int change(const struct berth_operation *operation, struct policy_set *set, size_t index,
		  struct error *err)
{
	if (wants(operation, "set"))
		return set_keys(set, index, operation->request.arguments, err);
	policy_set_suspend(set, index, wants(operation, "suspend"));
	return 0;
}

/* On a set that nobody asks: what is refused has changed nothing anywhere. */
static int rehearse(const struct berth_operation *operation, const struct subject *subject, size_t index,
		    struct error *err)
{
	struct policy_set *set = NULL;
	int result = policies_of(subject->component, &set, err);
	if (result == 0)
		result = change(operation, set, index, err);
	policy_set_free(set);
	return result;
}

/* For `berth events`: "restarter suspended", "restarter set: backoff=5s". */
static void record(const struct berth_operation *operation, const struct subject *subject, size_t index)
{
	owned_text words = {0};
	policy_add_name(&words, subject->set, index);
	text_add(&words, wants(operation, "set")       ? " set:"
			 : wants(operation, "suspend") ? " suspended"
						       : " resumed");
	for (const char *const *at = operation->request.arguments; wants(operation, "set") && at && *at; at++)
		text_format(&words, " %s", *at);
	store_put_event(operation->berth->store, operation_app(operation), subject->component->id, NULL,
			"policy", text_view(&words));
}

static uint64_t save(const struct berth_operation *operation, const struct subject *subject)
{
	owned_json memory = policy_set_save(subject->set);
	owned_memory char *text = memory ? json_line(memory) : NULL;
	return text ? store_put_memory(operation->berth->store, operation_app(operation),
				       subject->component->id, text)
		    : 0;
}

static int change_one(const struct berth_operation *operation, struct policing *policing,
		      struct subject *subject, size_t index, struct error *err)
{
	if (change(operation, subject->set, index, err))
		return -1;
	if (operation->request.dry_run)
		return 0;
	record(operation, subject, index);
	policing->record = subject->held ? hold_policies_changed(subject->held) : save(operation, subject);
	return policing->record ? 0 : fail_memory(err);
}

static int fail_no_policy(const struct berth_operation *operation, const struct policing *policing,
			  struct error *err)
{
	const struct berth_request *request = &operation->request;
	bool one = request->components && request->components[0];
	const char *near = NULL;
	for (size_t i = 0; !near && i < policing->of.count; i++)
		for (size_t k = 0; !near && k < policy_set_count(policing->of.list[i].set); k++) {
			const char *name = policy_set_name(policing->of.list[i].set, k);
			if (is_wanted(operation, &policing->of.list[i]))
				near = closest(request->name, &name, 1);
		}
	fail(err, ERR_MISSING, "`%s` has no policy `%.80s`",
	     one ? request->components[0] : operation_app(operation), request->name);
	if (near)
		remedy(err, "did you mean `%s`?", near);
	else
		remedy(err, "`berth policy list %s` shows those there are", operation_app(operation));
	return -1;
}

/* All of that name, or none. 0 or -1 with *err. */
static int change_all(const struct berth_operation *operation, struct policing *policing, struct error *err)
{
	size_t found = 0, index = 0;
	for (int serious = 0; serious < 2; serious++)
		for (size_t i = 0; i < policing->of.count; i++) {
			struct subject *subject = &policing->of.list[i];
			int is = is_wanted(operation, subject)
				     ? find(subject, operation->request.name, &index, err)
				     : 0;
			if (is < 0)
				return -1;
			if (!is)
				continue;
			found++;
			if (serious ? change_one(operation, policing, subject, index, err)
				    : rehearse(operation, subject, index, err))
				return -1;
		}
	return found ? 0 : fail_no_policy(operation, policing, err);
}

/* --- what is told --------------------------------------------------------------------------- */

static json_t *make_document(const struct berth_operation *operation, const struct policing *policing)
{
	const char *word = operation->request.name;
	int64_t now_ms = operation->berth->world->ops->wall(operation->berth->world);
	json_t *document = document_new(operation_app(operation)), *list = json_array();
	for (size_t i = 0; i < policing->of.count; i++) {
		const struct subject *subject = &policing->of.list[i];
		for (size_t k = 0; k < policy_set_count(subject->set); k++)
			if (is_wanted(operation, subject) && (!word || is_called(subject->set, k, word)))
				json_add(list, policy_document(subject, k, now_ms));
	}
	json_put_flag(document, "kept", policing->of.kept);
	json_put(document, "policies", list);
	return document;
}

/* --- its steps ------------------------------------------------------------------------------ */

static bool refuse_usage(struct berth_operation *operation, const char *words)
{
	fail(operation_error(operation), ERR_INVALID, "%s", words);
	operation_finish(operation, BERTH_USAGE, document_new(operation->request.app));
	return false;
}

static bool check(struct berth_operation *operation)
{
	struct berth_request *request = &operation->request;
	const char *action = request->action;
	bool lists = !action || !strcmp(action, "list");
	request->blueprint = NULL;
	if (!request->app)
		return refuse_usage(operation, "no application was named");
	if (lists)
		return true;
	if (strcmp(action, "suspend") != 0 && strcmp(action, "resume") != 0 && strcmp(action, "set") != 0)
		return refuse_usage(operation, "policies are listed, suspended, resumed or set");
	if (!request->name)
		return refuse_usage(operation, "no policy was named");
	if (!strcmp(action, "set") && (!request->arguments || !request->arguments[0]))
		return refuse_usage(operation, "what the policy is to be set to was not said");
	return true;
}

static bool is_known(struct berth_operation *operation)
{
	if (operation->blueprint)
		return true;
	fail(operation_error(operation), ERR_MISSING, "nothing is known of `%s`", operation->request.app);
	remedy(operation_error(operation), "`berth status` lists the applications there are");
	return stage_failed(operation);
}

/* Under the application's lock; or at once while the keeper itself, or somebody in this handle, acts on the
 * application with it: whoever suspends a policy then is in a hurry. */
static bool may_change(struct berth_operation *operation)
{
	struct store *store = operation->berth->store;
	if (!operation->lock && keeper_is_acting(operation->berth, operation->request.app)) {
		if (!operation->commit)
			operation->commit = store_last(store);
		return !operation->commit || store_durable(store, operation->commit, NULL) != 0;
	}
	if (!lock_ready(operation))
		return false;
	lock_describe(operation);
	return true;
}

/* Whether `policing` has them. False: wait, or the operation was ended. */
static bool take(struct berth_operation *operation, struct policing *policing)
{
	bool changes = operation->verb->changes && !operation->request.dry_run;
	const struct hold *hold =
	    operation->request.dry_run ? NULL : keeper_hold(operation->berth, operation->request.app);
	if (operation->cancelled) {
		fail(operation_error(operation), ERR_CANCELLED, "interrupted; nothing was changed");
		return stage_failed(operation);
	}
	if (operation->verb->changes && !is_as_expected(operation))
		return false;
	if (hold)
		return subjects_of_hold(operation, hold, &policing->of) == 0 || stage_failed(operation);
	if (!operation->application && operation_read_blueprint(operation))
		return false;
	if (!is_known(operation) || (changes && !may_change(operation)))
		return false;
	return subjects_of_store(operation, &policing->of) == 0 || stage_failed(operation);
}

static int check_component(const struct berth_operation *operation, const struct policing *policing,
			   struct error *err)
{
	const char *const *only = operation->request.components;
	if (!only || !only[0])
		return 0;
	for (size_t i = 0; i < policing->of.count; i++)
		if (is_wanted(operation, &policing->of.list[i]))
			return 0;
	fail(err, ERR_MISSING, "`%s` has no component `%.80s` with policies", operation_app(operation),
	     only[0]);
	remedy(err, "`berth policy list %s` shows those there are", operation_app(operation));
	return -1;
}

/* Everything at once, so that a hold that ends meanwhile is none of our business. */
static void act(struct berth_operation *operation, struct policing *policing)
{
	struct error *err = operation_error(operation);
	if (check_component(operation, policing, err) ||
	    (operation->verb->changes && change_all(operation, policing, err))) {
		bool misnamed = err->code == ERR_INVALID || err->code == ERR_MISSING;
		operation_finish(operation, misnamed ? BERTH_USAGE : outcome_of(err->code),
				 document_new(operation->request.app));
		return;
	}
	operation->document = make_document(operation, policing);
	if (!policing->record) {
		operation_finish(operation, BERTH_OK, give(operation->document));
		return;
	}
	operation->commit = policing->record;
	operation->stage = STAGE_COMMIT;
}

static void step(struct berth_operation *operation)
{
	struct policing policing = {0};
	if (operation->stage == STAGE_COMMIT) {
		int durable =
		    store_durable(operation->berth->store, operation->commit, operation_error(operation));
		if (durable < 0)
			stage_failed(operation);
		else if (durable)
			operation_finish(operation, BERTH_OK, give(operation->document));
		return;
	}
	if (check(operation) && take(operation, &policing))
		act(operation, &policing);
	subjects_release(&policing.of);
}

const struct verb verb_policies = {.name = "policies", .step = step, .needs_store = true};
const struct verb verb_policy = {.name = "policy", .step = step, .changes = true, .needs_store = true};
