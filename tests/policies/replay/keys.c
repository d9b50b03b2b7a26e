/* keys.c - the tables of docs/policies.md, made of the tables that blueprints are read by. */
#include <string.h>

#include "blueprints/policy_types.h"
#include "replay.h"

static const char *value_words(enum policy_value_kind kind)
{
	switch (kind) {
	case POLICY_DURATION:
	case POLICY_MILLIS:
		return "duration";
	case POLICY_COUNT:
		return "number";
	case POLICY_FLAG:
		return "true, false";
	case POLICY_TEXT:
		return "text";
	case POLICY_SENSOR:
		return "sensor";
	case POLICY_TIME:
		return "time";
	case POLICY_SCHEDULE:
		return "schedule";
	case POLICY_STATE:
		return "state";
	case POLICY_MAP:
		return "map";
	case POLICY_METRICS:
	case POLICY_STEPS:
	case POLICY_SCHEDULES:
		return "list";
	case POLICY_NUMBER:
		return "decimal number";
	case POLICY_ENTITY:
		return "component";
	case POLICY_JAVA:
		return "Java";
	}
	return "";
}

static void key_line(const struct policy_key *key, FILE *to)
{
	fprintf(to, "| `%s`", key->name);
	if (key->flag)
		fprintf(to, " or `%s`", key->flag);
	fprintf(to, " | %s | ", value_words(key->kind));
	if (key->initial)
		fprintf(to, "`%s`", key->initial);
	else
		fputs(key->required ? "needed" : "", to);
	fprintf(to, " | %s%s |\n", key->meaning, key->live ? "" : " ¹");
}

static bool is_brooklyns(const struct policy_type *type)
{
	return type->old_name != NULL;
}

void keys_write(FILE *to)
{
	for (size_t i = 0; i < policy_type_count; i++) {
		const struct policy_type *type = &policy_types[i];
		fprintf(to, "### `%s`\n\nIt %s.", type->name, type->summary);
		if (is_brooklyns(type))
			fprintf(to, " Also `%s`.", type->old_name);
		fputs("\n\n| key | value | default | |\n|---|---|---|---|\n", to);
		for (size_t j = 0; j < type->key_count; j++)
			key_line(&type->keys[j], to);
		fputs("\n", to);
	}
	fputs("¹ read once: not to be changed while the policy runs.\n", to);
}
