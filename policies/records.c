/* records.c - what policies remember, member by member, and how it is kept. */
#include <stdlib.h>
#include <string.h>

#include "base/cleanup.h"
#include "base/json.h"
#include "policies/internal.h"

static int64_t *field_at(struct record *record, const struct memory_field *field)
{
	return (int64_t *)((char *)record + field->offset);
}

static int64_t field_of(const struct record *record, const struct memory_field *field)
{
	return *(const int64_t *)((const char *)record + field->offset);
}

void record_begin(const struct behaviour *behaviour, struct record *record)
{
	for (size_t i = 0; i < behaviour->field_count; i++)
		*field_at(record, &behaviour->fields[i]) = behaviour->fields[i].initial;
}

struct action *record_action(const struct policy *policy, struct record *record)
{
	size_t offset = policy->behaviour->action_offset;

	return offset == NO_ACTION ? NULL : (struct action *)((char *)record + offset);
}

static size_t record_size(const struct policy *policy)
{
	union {
		struct detector_memory detector;
		struct connection_memory connection;
		struct mender_memory mender;
		struct periodic_memory periodic;
	} most;

	return policy->type->kind == POLICY_AUTOSCALER ? sizeof(struct record)
						       : offsetof(struct record, scaler) + sizeof(most);
}

struct record *record_at(const struct policy *policy, size_t index)
{
	return (struct record *)((char *)policy->records + index * record_size(policy));
}

static bool same(const char *a, const char *b)
{
	return a && b ? !strcmp(a, b) : a == b;
}

struct record *record_find(struct policy *policy, const char *member)
{
	size_t count = policy->record_count, at = policy->looked_at;

	for (size_t i = 0; i < count; i++, at++) {
		if (at >= count)
			at = 0;
		struct record *record = record_at(policy, at);
		if (same(record->member, member)) {
			policy->looked_at = at + 1;
			return record;
		}
	}
	return NULL;
}

struct record *record_of(struct policy *policy, const char *member)
{
	struct record *found = record_find(policy, member);

	if (found)
		return found;
	if (policy->record_count == policy->record_room) {
		size_t room = policy->record_room ? policy->record_room * 2 : 1;
		struct record *more = reallocarray(policy->records, room, record_size(policy));
		if (!more)
			return NULL;
		policy->records = more;
		policy->record_room = room;
	}
	char *name = member ? strdup(member) : NULL;
	if (member && !name)
		return NULL;
	found = record_at(policy, policy->record_count++);
	memset(found, 0, record_size(policy));
	found->member = name;
	record_begin(policy->behaviour, found);
	return found;
}

void records_keep(struct policy *policy, bool (*keep)(const struct policy *, const struct record *))
{
	size_t kept = 0;

	for (size_t i = 0; i < policy->record_count; i++) {
		struct record *record = record_at(policy, i);
		if (keep(policy, record)) {
			memmove(record_at(policy, kept++), record, record_size(policy));
		} else {
			free(record->member);
			free(record->why);
		}
	}
	policy->record_count = kept;
}

int time_add(struct policy *policy, int64_t time)
{
	if (policy->time_count == policy->time_room) {
		size_t room = policy->time_room ? policy->time_room * 2 : 8;
		int64_t *more = reallocarray(policy->times, room, sizeof(*more));
		if (!more)
			return -1;
		policy->times = more;
		policy->time_room = room;
	}
	policy->times[policy->time_count++] = time;
	return 0;
}

static json_t *record_save(const struct policy *policy, const struct record *record)
{
	owned_json json = json_object();
	int failed = !json;

	if (record->member)
		failed |= json_put(json, "member", json_any_text(record->member));
	if (record->why)
		failed |= json_put(json, "why", json_any_text(record->why));
	for (size_t i = 0; i < policy->behaviour->field_count; i++) {
		const struct memory_field *field = &policy->behaviour->fields[i];
		int64_t number = field_of(record, field);
		if (number != field->initial)
			failed |= json_put_number(json, field->name, number);
	}
	return failed ? NULL : give(json);
}

static const char *const history_names[HISTORIES] = {
    [HISTORY_WANTED] = "wanted", [HISTORY_UNBOUNDED] = "unbounded"};

/* [[time, value], ...]; nothing where there is none. */
static int history_save(const struct history *history, const char *name, json_t *to)
{
	owned_json list = json_array();
	int failed = !list;

	for (size_t i = 0; !failed && i < history->count; i++)
		failed |= json_add(list, json_pack("[I, I]", (json_int_t)history->marks[i].at,
						   (json_int_t)history->marks[i].value));
	return failed || (history->count && json_put_shared(to, name, list)) ? -1 : 0;
}

static int history_restore(struct history *history, const json_t *saved)
{
	const json_t *item;
	size_t i;

	json_array_foreach (saved, i, item)
		if (history_add(history, json_integer_value(json_array_get(item, 0)),
				json_integer_value(json_array_get(item, 1)), INT64_MAX / 4))
			return -1;
	return 0;
}

json_t *policy_save(const struct policy *policy)
{
	owned_json json = json_object();
	owned_json records = json_array();
	owned_json times = json_array();
	int failed = !json || !records || !times || json_put(json, "type", json_any_text(policy->name)) ||
		     json_put_flag(json, "suspended", policy->suspended);

	for (size_t i = 0; !failed && i < policy->record_count; i++)
		failed |= json_add(records, record_save(policy, record_at(policy, i)));
	for (size_t i = 0; !failed && i < policy->time_count; i++)
		failed |= json_add(times, json_integer(policy->times[i]));
	if (!failed && policy->time_count)
		failed |= json_put_shared(json, "times", times);
	for (size_t i = 0; !failed && i < HISTORIES; i++)
		failed |= history_save(&policy->histories[i], history_names[i], json);
	if (!failed && json_object_size(policy->set_by_hand))
		failed |= json_put_shared(json, "set", policy->set_by_hand);
	failed = failed || json_put_shared(json, "records", records);
	return failed ? NULL : give(json);
}

static int record_restore(struct policy *policy, const json_t *saved, struct error *err)
{
	const char *why = json_text(saved, "why"), *member = json_text(saved, "member");

	if (!member && policy->behaviour->records != PER_COMPONENT)
		return 0; /* of nobody */
	struct record *record = record_of(policy, member);
	if (!record)
		return fail_memory(err);
	for (size_t i = 0; i < policy->behaviour->field_count; i++) {
		const struct memory_field *field = &policy->behaviour->fields[i];
		*field_at(record, field) = json_number(saved, field->name, field->initial);
	}
	free(record->why);
	record->why = why ? strdup(why) : NULL;
	return why && !record->why ? fail_memory(err) : 0;
}

int policy_restore(struct policy *policy, const json_t *saved, struct error *err)
{
	const json_t *item;
	size_t i;

	policy->suspended = json_flag(saved, "suspended", false);
	json_array_foreach (json_object_get(saved, "records"), i, item)
		if (record_restore(policy, item, err))
			return -1;
	json_array_foreach (json_object_get(saved, "times"), i, item)
		if (time_add(policy, json_integer_value(item)))
			return fail_memory(err);
	for (i = 0; i < HISTORIES; i++)
		if (history_restore(&policy->histories[i], json_object_get(saved, history_names[i])))
			return fail_memory(err);
	return settings_restore(policy, json_object_get(saved, "set"), err);
}
