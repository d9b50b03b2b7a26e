/* set.c - the policies of one component: made of what the blueprint says, kept, suspended, set anew. */
#include <stdlib.h>
#include <string.h>

#include "base/cleanup.h"
#include "base/json.h"
#include "policies/internal.h"

enum { SAVED_VERSION = 1 };

static const struct behaviour *behaviour_of(const struct policy_type *type)
{
	static const struct behaviour *const classic[POLICY_KIND_COUNT] = {
	    [POLICY_RESTARTER] = &classic_restarter,
	    [POLICY_REPLACER] = &classic_replacer,
	    [POLICY_FAILURE_DETECTOR] = &classic_detector,
	    [POLICY_CONNECTION_DETECTOR] = &connection_detector,
	    [POLICY_STOP_AFTER] = &stop_after,
	    [POLICY_PERIODIC] = &periodic,
	    [POLICY_AUTOSCALER] = &classic_autoscaler,
	};
	static const struct behaviour *const own[POLICY_KIND_COUNT] = {
	    [POLICY_RESTARTER] = &mender,          [POLICY_REPLACER] = &mender,
	    [POLICY_FAILURE_DETECTOR] = &detector, [POLICY_CONNECTION_DETECTOR] = &connection_detector,
	    [POLICY_STOP_AFTER] = &stop_after,     [POLICY_PERIODIC] = &periodic,
	    [POLICY_AUTOSCALER] = &autoscaler,
	};

	return (type->classic ? classic : own)[type->kind];
}

static int unknown_key(const struct policy *policy, const char *name, struct error *err)
{
	const char *near = policy_key_closest(policy->type, name);

	fail(err, ERR_INVALID, "%s has no key `%s`", policy->type->name, name);
	if (near)
		remedy(err, "did you mean `%s`?", near);
	return -1;
}

static int read_values(struct policy *policy, struct error *err)
{
	const char *name;
	json_t *json;

	for (size_t i = 0; i < policy->type->key_count; i++)
		if (setting_take(policy, i, NULL, err))
			return -1;
	json_object_foreach (policy->given, name, json) {
		int index = policy_key_find(policy->type, name);
		if (index < 0)
			return unknown_key(policy, name, err);
		if (setting_take(policy, (size_t)index, json, err))
			return -1;
	}
	for (size_t i = 0; i < policy->type->key_count; i++)
		if (policy->type->keys[i].required && !setting_given(policy, i))
			return fail(err, ERR_INVALID, "%s needs `%s`", policy->type->name,
				    policy->type->keys[i].name);
	if (policy->behaviour->check)
		return policy->behaviour->check(policy, err);
	return 0;
}

static int policy_begin(struct policy *policy, const struct policy_spec *spec, struct error *err)
{
	policy->type = policy_type_find(spec->type);
	if (!policy->type) {
		const char *near = policy_type_closest(spec->type);
		fail(err, ERR_INVALID, "unknown type of policy `%s`", spec->type);
		if (near)
			remedy(err, "did you mean `%s`?", near);
		return -1;
	}
	policy->behaviour = behaviour_of(policy->type);
	policy->name = strdup(spec->type);
	policy->given = json_incref((json_t *)spec->config);
	policy->values = calloc(policy->type->key_count, sizeof(*policy->values));
	if (!policy->name || !policy->values)
		return fail_memory(err);
	return read_values(policy, err);
}

static void policy_end(struct policy *policy)
{
	for (size_t i = 0; i < policy->record_count; i++) {
		free(record_at(policy, i)->member);
		free(record_at(policy, i)->why);
	}
	for (size_t i = 0; policy->values && i < policy->type->key_count; i++)
		free(policy->values[i].text);
	free(policy->values);
	free(policy->records);
	for (size_t i = 0; i < HISTORIES; i++)
		history_release(&policy->histories[i]);
	free(policy->known);
	free(policy->times);
	free(policy->name);
	json_decref(policy->given);
	json_decref(policy->set_by_hand);
}

/* Whether it acts on what a failure detector tells. */
static bool needs_detector(const struct policy *policy)
{
	if (policy->type->kind != POLICY_RESTARTER && policy->type->kind != POLICY_REPLACER)
		return false;
	const char *sensor = setting_text(policy, "failureSensorToMonitor");
	return !sensor || starts_with(sensor, "ha.entityFailed");
}

/* One for those who need it and whom the blueprint gave none: of their own manner. */
static int supply_detector(struct policy_set *set, struct error *err)
{
	bool needed = false, classic = true;

	for (size_t i = 0; i < set->count; i++) {
		if (set->policies[i].type->kind == POLICY_FAILURE_DETECTOR)
			return 0;
		if (needs_detector(&set->policies[i])) {
			needed = true;
			classic &= set->policies[i].type->classic;
		}
	}
	if (!needed)
		return 0;
	struct policy_spec spec = {.type = classic ? "org.apache.brooklyn.policy.ha.ServiceFailureDetector"
						   : "failure-detector"};
	struct policy *added = &set->policies[set->count++];
	added->supplied = true;
	return policy_begin(added, &spec, err);
}

/* In the order they look: who finds, who restarts, who replaces what stays broken, the others. */
static int by_rank(const void *a, const void *b)
{
	static const int ranks[POLICY_KIND_COUNT] = {
	    [POLICY_FAILURE_DETECTOR] = 0, [POLICY_CONNECTION_DETECTOR] = 1, [POLICY_RESTARTER] = 2,
	    [POLICY_REPLACER] = 3,         [POLICY_STOP_AFTER] = 4,          [POLICY_PERIODIC] = 5,
	    [POLICY_AUTOSCALER] = 6,
	};

	return ranks[((const struct policy *)a)->type->kind] - ranks[((const struct policy *)b)->type->kind];
}

struct policy_set *policy_set_new(const struct policy_spec *specs, size_t count, struct error *err)
{
	struct policy_set *set = calloc(1, sizeof(*set));

	if (!set || !(set->policies = calloc(count + 1, sizeof(*set->policies)))) {
		fail_memory(err);
		policy_set_free(set);
		return NULL;
	}
	set->next_id = 1;
	for (size_t i = 0; i < count; i++)
		if (policy_begin(&set->policies[set->count++], &specs[i], err)) {
			policy_set_free(set);
			return NULL;
		}
	if (supply_detector(set, err)) {
		policy_set_free(set);
		return NULL;
	}
	/* Equals stay in the order of the blueprint. */
	for (size_t i = 1; i < set->count; i++)
		for (size_t j = i; j && by_rank(&set->policies[j - 1], &set->policies[j]) > 0; j--) {
			struct policy other = set->policies[j];
			set->policies[j] = set->policies[j - 1];
			set->policies[j - 1] = other;
		}
	for (size_t i = 0; i < set->count; i++)
		set->policies[i].set = set;
	return set;
}

void policy_set_free(struct policy_set *set)
{
	if (!set)
		return;
	for (size_t i = 0; i < set->count; i++)
		policy_end(&set->policies[i]);
	free(set->policies);
	free(set);
}

json_t *policy_set_save(const struct policy_set *set)
{
	owned_json json = json_object();
	owned_json list = json_array();
	int failed = !json || !list || json_put_number(json, "version", SAVED_VERSION) ||
		     json_put_number(json, "next_id", set->next_id);

	for (size_t i = 0; !failed && i < set->count; i++)
		failed |= json_add(list, policy_save(&set->policies[i]));
	failed = failed || json_put_shared(json, "policies", list);
	return failed ? NULL : give(json);
}

/* What was saved of the nth policy of that name. */
static const json_t *saved_of(const json_t *saved, const char *name, size_t nth)
{
	const json_t *item;
	size_t i;

	json_array_foreach (json_object_get(saved, "policies"), i, item) {
		const char *type = json_text(item, "type");
		if (type && !strcmp(type, name) && nth-- == 0)
			return item;
	}
	return NULL;
}

int policy_set_restore(struct policy_set *set, const json_t *saved, struct error *err)
{
	if (json_number(saved, "version", 0) != SAVED_VERSION)
		return fail(err, ERR_INVALID, "what is remembered of policies is of version %d, not %d",
			    (int)json_number(saved, "version", 0), SAVED_VERSION);
	set->next_id = json_number(saved, "next_id", 1);
	for (size_t i = 0; i < set->count; i++) {
		size_t nth = 0;
		for (size_t j = 0; j < i; j++)
			nth += !strcmp(set->policies[j].name, set->policies[i].name);
		const json_t *item = saved_of(saved, set->policies[i].name, nth);
		if (item && policy_restore(&set->policies[i], item, err))
			return -1;
	}
	return 0;
}

uint64_t policy_set_next_id(const struct policy_set *set)
{
	return (uint64_t)set->next_id;
}

bool policy_set_hears(const struct policy_set *set, const char *sensor, const char *entity)
{
	const struct sample sample = {.sensor = sensor, .entity = entity, .kind = SAMPLE_NUMBER};

	for (size_t i = 0; i < set->count; i++) {
		const struct policy *policy = &set->policies[i];
		if (policy->behaviour->hears && policy->behaviour->hears(policy, &sample))
			return true;
	}
	return false;
}

size_t policy_set_count(const struct policy_set *set)
{
	return set->count;
}

const char *policy_set_name(const struct policy_set *set, size_t index)
{
	return set->policies[index].name;
}

const struct policy_type *policy_set_type(const struct policy_set *set, size_t index)
{
	return set->policies[index].type;
}

bool policy_set_supplied(const struct policy_set *set, size_t index)
{
	return set->policies[index].supplied;
}

enum lifecycle policy_set_state(const struct policy_set *set, const char *member)
{
	for (size_t i = 0; i < set->count; i++) {
		struct policy *policy = &set->policies[i];
		if (policy->type->kind != POLICY_FAILURE_DETECTOR || policy->suspended)
			continue;
		const struct record *record = record_find(policy, member);
		return record ? (enum lifecycle)record->detector.life : LIFE_NONE;
	}
	return LIFE_NONE;
}

bool policy_set_suspended(const struct policy_set *set, size_t index)
{
	return set->policies[index].suspended;
}

/* Brooklyn's own go on with what they began. */
static bool is_seen_through(const struct policy *policy, const struct action *action)
{
	bool acts = policy->type->kind == POLICY_RESTARTER || policy->type->kind == POLICY_REPLACER;

	return policy->type->classic && acts && action->told;
}

void policy_set_suspend(struct policy_set *set, size_t index, bool suspended)
{
	struct policy *policy = &set->policies[index];

	if (policy->suspended == suspended)
		return;
	policy->suspended = suspended;
	for (size_t i = 0; i < policy->record_count; i++) {
		struct action *action = record_action(policy, record_at(policy, i));
		if (suspended && action && !is_seen_through(policy, action))
			*action = (struct action){0};
		if (!suspended && policy->behaviour->resumed)
			policy->behaviour->resumed(record_at(policy, i));
	}
}

/* Whether it may be set to that. What is of the wrong kind is told of when it is taken. */
static int allowed(const struct policy *policy, size_t index, const json_t *json, struct error *err)
{
	const struct policy_key *key = &policy->type->keys[index];
	bool unsets = !json || json_is_null(json);
	struct policy_value value;
	struct error ignored;

	if (unsets && key->required)
		return fail(err, ERR_INVALID, "%s needs `%s`", policy->type->name, key->name);
	if (!policy->behaviour->allow ||
	    (!unsets && policy_value_read(policy->type, key, json, &value, &ignored)))
		return 0;
	return policy->behaviour->allow(policy, key->name, unsets ? NULL : &value, err);
}

int policy_set_configure(struct policy_set *set, size_t index, const char *key, const json_t *value,
			 struct error *err)
{
	struct policy *policy = &set->policies[index];
	int at = policy_key_find(policy->type, key);

	if (at < 0)
		return unknown_key(policy, key, err);
	if (!policy->type->keys[at].live) {
		fail(err, ERR_INVALID, "`%s` of %s is read once", key, policy->type->name);
		remedy(err, "change it in the blueprint, and deploy");
		return -1;
	}
	if (allowed(policy, (size_t)at, value, err) || setting_change(policy, (size_t)at, value, err))
		return -1;
	if (policy->behaviour->configured &&
	    policy->behaviour->configured(policy, policy->type->keys[at].name))
		return fail_memory(err);
	return 0;
}

const json_t *policy_set_config(const struct policy_set *set, size_t index)
{
	return set->policies[index].given;
}

bool set_has(const struct policy_set *set, enum policy_kind kind)
{
	for (size_t i = 0; i < set->count; i++)
		if (set->policies[i].type->kind == kind)
			return true;
	return false;
}

/* Detectors of the set still have to tell that the member is down. */
static bool is_untold(const struct policy_set *set, const char *member)
{
	for (size_t i = 0; i < set->count; i++) {
		struct policy *policy = &set->policies[i];
		if (policy->type->kind != POLICY_FAILURE_DETECTOR || policy->suspended)
			continue;
		const struct record *record = record_find(policy, member);
		return !record || record->detector.published != PUBLISHED_FAILED;
	}
	return false;
}

bool policy_set_tends(const struct policy_set *set, const char *member, bool down, int64_t now_ms)
{
	bool untold = down && is_untold(set, member);

	for (size_t i = 0; i < set->count; i++) {
		struct policy *policy = &set->policies[i];
		if (!policy->behaviour->tends || policy->suspended || setting(policy, "dryRun") == 1)
			continue;
		struct record blank = {0}, *record = record_find(policy, member);
		record_begin(policy->behaviour, &blank);
		if (policy->behaviour->tends(policy, record ? record : &blank, member, untold, now_ms))
			return true;
	}
	return false;
}

bool policy_set_explain(const struct policy_set *set, size_t index, int64_t now_ms, const char *between,
			struct text *to)
{
	const struct policy *policy = &set->policies[index];
	size_t before = to->length;

	if (policy->suspended) {
		text_add(to, "suspended");
		return true;
	}
	for (size_t i = 0; i < policy->record_count; i++) {
		size_t from = to->length;
		if (from > before)
			text_add(to, between);
		size_t begin = to->length;
		policy->behaviour->explain(policy, record_at(policy, i), now_ms, to);
		if (to->length == begin && !to->failed && from > before) {
			to->length = from; /* nothing to say of this one */
			to->data[from] = '\0';
		}
	}
	if (to->length > before)
		return true;
	text_add(to, "nothing to do");
	return false;
}
