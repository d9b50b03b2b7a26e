/* scenario_read.c - a scenario's text becomes structures, by the tables of its keys. */
#include <string.h>

#include "base/cleanup.h"
#include "base/text.h"
#include "blueprints/blueprint.h"
#include "blueprints/yaml.h"
#include "engine/scenario.h"

struct reader {
	struct arena *arena;
	struct diagnostics *list;
};

static void read_map(struct reader *r, const struct scenario_form *form, const struct yaml_node *node,
		     void *into);

static const char *kind_of(const struct yaml_node *node)
{
	return node->kind == YAML_MAP ? "a map" : node->kind == YAML_LIST ? "a list" : "text";
}

static void *new_structure(struct reader *r, size_t size)
{
	void *structure = arena_alloc(r->arena, size);
	if (!structure)
		r->list->failed = true;
	return structure;
}

static struct diagnostic *wrong(struct reader *r, const struct yaml_node *node, const char *key,
				const char *wanted)
{
	if (node->kind == YAML_SCALAR)
		return complain(r->list, node->place, "`%s` takes %s, not `%.60s`", key, wanted, node->text);
	return complain(r->list, node->place, "`%s` takes %s, not %s", key, wanted, kind_of(node));
}

static void did_you_mean(struct reader *r, struct diagnostic *entry, const char *written,
			 const char *const *names, size_t count)
{
	const char *meant = closest(written, names, count);
	owned_text all = {0};
	if (meant) {
		advise(r->list, entry, "did you mean `%s`?", meant);
		return;
	}
	for (size_t i = 0; i < count; i++)
		text_format(&all, "%s%s", i ? ", " : "", names[i]);
	advise(r->list, entry, "it can be: %s", text_view(&all));
}

static size_t count_of(const char *const *words)
{
	size_t count = 0;
	while (words[count])
		count++;
	return count;
}

/* --- scalars ---------------------------------------------------------------------------------------- */

static void read_text(struct reader *r, const struct scenario_key *key, const struct yaml_node *node,
		      struct said_text *ret)
{
	ret->place = node->place;
	if (node->kind == YAML_SCALAR && (key->form == FORM_MAYBE || !yaml_null(node))) {
		ret->text = yaml_null(node) ? NULL : node->text;
		return;
	}
	wrong(r, node, key->name, "text");
}

static void read_flag(struct reader *r, const struct scenario_key *key, const struct yaml_node *node,
		      bool *ret)
{
	if (node->kind != YAML_SCALAR || !yaml_bool(node, r->list, ret))
		wrong(r, node, key->name, "true or false");
}

static void read_duration(struct reader *r, const struct scenario_key *key, const struct yaml_node *node,
			  int64_t *ret)
{
	bool scalar = node->kind == YAML_SCALAR, back = scalar && *node->text == '-';
	if (scalar && key->form == FORM_NEVER && strcmp(node->text, "never") == 0) {
		*ret = -1;
		return;
	}
	int64_t ms = scalar ? parse_duration_ms(node->text + (back && key->form == FORM_JUMP)) : -1;
	if (ms >= 0 && !(key->form == FORM_DURATION && ms < key->low) && !yaml_null(node)) {
		*ret = back ? -ms : ms;
		return;
	}
	wrong(r, node, key->name,
	      key->form == FORM_NEVER  ? "a duration such as 500ms or 30s, or `never`"
	      : key->form == FORM_JUMP ? "a duration such as 1h or -1h"
	      : key->low               ? "a duration longer than 0s, such as 30s or 2m"
				       : "a duration such as 500ms, 30s or 2m");
}

static void read_number(struct reader *r, const struct scenario_key *key, const struct yaml_node *node,
			int64_t *ret)
{
	int64_t high = key->high ? key->high : INT64_MAX / 1000;
	if (node->kind == YAML_SCALAR) {
		if (key->form == FORM_ALWAYS && strcmp(node->text, "always") == 0) {
			*ret = UINT32_MAX;
			return;
		}
		if (parse_number(node->text, key->low, high, ret))
			return;
	}
	owned_text wanted = {0};
	text_add(&wanted, "a number");
	if (key->high)
		text_format(&wanted, " from %lld to %lld", (long long)key->low, (long long)key->high);
	else if (key->low)
		text_format(&wanted, ", at least %lld", (long long)key->low);
	if (key->form == FORM_ALWAYS)
		text_add(&wanted, ", or `always`");
	wrong(r, node, key->name, text_view(&wanted));
}

static int word_at(struct reader *r, const struct scenario_key *key, const struct yaml_node *node)
{
	for (int i = 0; node->kind == YAML_SCALAR && key->words[i]; i++)
		if (strcmp(key->words[i], node->text) == 0)
			return i;
	if (node->kind != YAML_SCALAR) {
		wrong(r, node, key->name, "a word");
		return -1;
	}
	did_you_mean(r, complain(r->list, node->place, "`%s` cannot be `%.60s`", key->name, node->text),
		     node->text, key->words, count_of(key->words));
	return -1;
}

static void read_words(struct reader *r, const struct scenario_key *key, const struct yaml_node *node,
		       uint64_t *ret)
{
	bool many = node->kind == YAML_LIST;
	for (size_t i = 0; i < (many ? node->count : 1); i++) {
		int word = word_at(r, key, many ? node->items[i] : node);
		if (word >= 0)
			*ret |= UINT64_C(1) << word;
	}
}

/* --- lists ------------------------------------------------------------------------------------------ */

static struct said_pair *add_pair(struct reader *r, struct said_pair ***end, const char *name,
				  struct place place, const struct yaml_node *value)
{
	struct said_pair *pair = new_structure(r, sizeof *pair);
	if (!pair)
		return NULL;
	pair->said = (struct said){.name = name, .place = place};
	pair->value = (struct said_text){value->text, value->place};
	**end = pair;
	*end = (struct said_pair **)&pair->said.next;
	return pair;
}

static void read_texts(struct reader *r, const struct scenario_key *key, const struct yaml_node *node,
		       struct said_pair **ret)
{
	bool many = node->kind == YAML_LIST;
	if (node->kind == YAML_SCALAR && yaml_null(node))
		return;
	for (size_t i = 0; i < (many ? node->count : 1); i++) {
		const struct yaml_node *item = many ? node->items[i] : node;
		if (item->kind == YAML_SCALAR)
			add_pair(r, &ret, item->text, item->place, item);
		else
			wrong(r, item, key->name, "names, one or a list of them");
	}
}

static void read_pairs(struct reader *r, const struct scenario_key *key, const struct yaml_node *node,
		       struct said_pair **ret)
{
	if (node->kind != YAML_MAP) {
		wrong(r, node, key->name, "a map from names to values");
		return;
	}
	for (size_t i = 0; i < node->count; i++) {
		const struct yaml_entry *entry = &node->entries[i];
		if (entry->value->kind == YAML_SCALAR)
			add_pair(r, &ret, entry->key, entry->key_place, entry->value);
		else
			wrong(r, entry->value, entry->key, "one value");
	}
}

static void read_named(struct reader *r, const struct scenario_key *key, const struct yaml_node *node,
		       struct said **ret)
{
	if (node->kind != YAML_MAP) {
		wrong(r, node, key->name, "a map from names to maps");
		return;
	}
	for (size_t i = 0; i < node->count; i++) {
		struct said *said = new_structure(r, key->of->size);
		if (!said)
			return;
		said->name = node->entries[i].key;
		said->place = node->entries[i].key_place;
		read_map(r, key->of, node->entries[i].value, said);
		*ret = said;
		ret = &said->next;
	}
}

static void read_list(struct reader *r, const struct scenario_key *key, const struct yaml_node *node,
		      struct said **ret)
{
	if (node->kind != YAML_LIST) {
		advise(r->list, wrong(r, node, key->name, "a list"), "begin each %s with `- `",
		       key->of->name);
		return;
	}
	for (size_t i = 0; i < node->count; i++) {
		struct said *said = new_structure(r, key->of->size);
		if (!said)
			return;
		said->place = node->items[i]->place;
		read_map(r, key->of, node->items[i], said);
		*ret = said;
		ret = &said->next;
	}
}

/* --- maps ------------------------------------------------------------------------------------------- */

static void read_value(struct reader *r, const struct scenario_key *key, const struct yaml_node *node,
		       void *at)
{
	switch (key->form) {
	case FORM_TEXT:
	case FORM_MAYBE:
		read_text(r, key, node, at);
		break;
	case FORM_FLAG:
		read_flag(r, key, node, at);
		break;
	case FORM_DURATION:
	case FORM_NEVER:
	case FORM_JUMP:
		read_duration(r, key, node, at);
		break;
	case FORM_NUMBER:
	case FORM_ALWAYS:
		read_number(r, key, node, at);
		break;
	case FORM_WORD:
		*(int *)at = word_at(r, key, node);
		break;
	case FORM_WORDS:
		read_words(r, key, node, at);
		break;
	case FORM_TEXTS:
		read_texts(r, key, node, at);
		break;
	case FORM_PAIRS:
		read_pairs(r, key, node, at);
		break;
	case FORM_MAP:
		((struct said *)at)->place = node->place;
		read_map(r, key->of, node, at);
		break;
	case FORM_NAMED:
		read_named(r, key, node, at);
		break;
	case FORM_LIST:
		read_list(r, key, node, at);
	}
}

static const char *article(const char *name)
{
	return strchr("aeiou", *name) ? "an" : "a";
}

static void unknown_key(struct reader *r, const struct scenario_form *form, const char *written,
			struct place place)
{
	const char *names[64];
	size_t count = 0;
	for (const struct scenario_key *key = form->keys; key->name && count < COUNT_OF(names); key++)
		names[count++] = key->name;
	did_you_mean(
	    r, complain(r->list, place, "%s %s has no key `%.60s`", article(form->name), form->name, written),
	    written, names, count);
}

static void read_key(struct reader *r, const struct scenario_form *form, const char *name, struct place place,
		     const struct yaml_node *value, struct said *into)
{
	for (size_t i = 0; form->keys[i].name; i++)
		if (strcmp(form->keys[i].name, name) == 0) {
			into->given |= UINT64_C(1) << i;
			read_value(r, &form->keys[i], value, (char *)into + form->keys[i].at);
			return;
		}
	into->given |= SAID_UNKNOWN;
	unknown_key(r, form, name, place);
}

static void read_map(struct reader *r, const struct scenario_form *form, const struct yaml_node *node,
		     void *into)
{
	static const struct yaml_node nothing = {.kind = YAML_SCALAR, .text = "", .plain = true};
	if (node->kind == YAML_SCALAR && (yaml_null(node) || form->words)) {
		struct yaml_node value = nothing;
		value.place = node->place;
		if (!yaml_null(node))
			read_key(r, form, node->text, node->place, &value, into);
		return;
	}
	if (node->kind != YAML_MAP) {
		complain(r->list, node->place, "%s %s is a map, not %s", article(form->name), form->name,
			 kind_of(node));
		return;
	}
	for (size_t i = 0; i < node->count; i++)
		read_key(r, form, node->entries[i].key, node->entries[i].key_place, node->entries[i].value,
			 into);
}

/* --- what the tables cannot say ------------------------------------------------------------------ */

const char *instance_said(struct arena *arena, const char *text, unsigned *ret_ordinal)
{
	const char *dot = strrchr(text, '.');
	int64_t number;
	*ret_ordinal = 0;
	if (!dot || !parse_number(dot + 1, 1, 1000000, &number))
		return text;
	*ret_ordinal = (unsigned)number;
	return arena_copy(arena, text, (size_t)(dot - text));
}

static void check_fault(struct reader *r, const struct scenario_fault *fault)
{
	int effects = 0;
	for (int i = FAULT_EFFECTS; i < FAULT_KEYS; i++)
		effects += said_has(fault, i);
	if (effects == 1 || (!effects && fault->said.given & SAID_UNKNOWN))
		return;
	struct diagnostic *entry =
	    complain(r->list, fault->said.place, "%s",
		     effects ? "one fault does two things" : "this fault does nothing");
	advise(r->list, entry,
	       effects ? "write a step for each" : "say what goes wrong: unreachable, lost, status, ...");
}

static void check_steps(struct reader *r, struct scenario_step *steps);

static const struct {
	enum step_key key;
	unsigned of; /* the actions that it goes with */
} goes_with[] = {
#define VERBS                                                                                                \
	(1u << STEP_DEPLOY | 1u << STEP_PLAN | 1u << STEP_STOP | 1u << STEP_START | 1u << STEP_RESTART |     \
	 1u << STEP_SCALE | 1u << STEP_DESTROY)
#define MISFORTUNES                                                                                          \
	(1u << STEP_FAULT | 1u << STEP_KILL | 1u << STEP_REMOVE | 1u << STEP_CUT_OFF | 1u << STEP_REBOOT)
    {STEP_BY, VERBS},
    {STEP_OUTCOME, VERBS | MISFORTUNES},
    {STEP_SAYS, VERBS},
    {STEP_TIMEOUT, VERBS},
    {STEP_ADOPT, VERBS},
    {STEP_MEANWHILE, VERBS},
    {STEP_VOLUMES, 1u << STEP_DESTROY},
    {STEP_AT_CALL, 1u << STEP_KILL},
    {STEP_EXIT_CODE, 1u << STEP_KILL},
};

/* berth itself is killed at a call; what runs ends with a code. */
static void check_kill(struct reader *r, const struct scenario_step *step)
{
	bool berth = strcmp(step->kill.text, "berth") == 0;
	int key = berth ? STEP_EXIT_CODE : STEP_AT_CALL;
	if (said_has(step, key))
		complain(r->list, step->said.place, "`%s` means nothing to `kill: %.60s`",
			 scenario_step_form.keys[key].name, step->kill.text);
}

static void check_size(struct reader *r, const struct said_pair *pair)
{
	int64_t count;
	if (!pair->value.text || !parse_number(pair->value.text, 0, INT32_MAX, &count))
		complain(r->list, pair->value.place, "`scale` takes a number for `%s`, not `%.60s`",
			 pair->said.name, pair->value.text ? pair->value.text : "");
}

static void check_step(struct reader *r, struct scenario_step *step)
{
	const struct scenario_key *keys = scenario_step_form.keys;
	int actions = 0;
	for (int i = 0; i < STEP_ACTIONS; i++)
		if (said_has(step, i)) {
			step->action = (enum step_key)i;
			actions++;
		}
	if (!actions && step->said.given & SAID_UNKNOWN)
		return;
	if (actions != 1) {
		advise(r->list,
		       complain(r->list, step->said.place, "%s",
				actions ? "a step does one thing" : "this step does nothing"),
		       actions ? "begin another step with `- `"
			       : "write deploy, fault, kill, edit, wait or another action");
		return;
	}
	for (size_t i = 0; i < COUNT_OF(goes_with); i++)
		if (said_has(step, goes_with[i].key) && !(goes_with[i].of & 1u << step->action))
			complain(r->list, step->said.place, "`%s` means nothing to `%s`",
				 keys[goes_with[i].key].name, keys[step->action].name);
	if (said_has(step, STEP_OUTCOME) && 1u << step->action & MISFORTUNES && step->outcome != ANY_OUTCOME)
		advise(r->list,
		       complain(r->list, step->said.place, "`%s` has no outcome", keys[step->action].name),
		       "`outcome: any` lets it meet nothing");
	if (step->action == STEP_FAULT)
		check_fault(r, &step->fault);
	if (step->action == STEP_KILL && step->kill.text)
		check_kill(r, step);
	if (step->action == STEP_SCALE && (!step->scale || step->scale->said.next))
		complain(r->list, step->said.place, "`scale` takes one component: {web: 4}");
	else if (step->action == STEP_SCALE)
		check_size(r, step->scale);
	if (!said_has(step, STEP_EXIT_CODE))
		step->exit_code = 137;
	check_steps(r, step->meanwhile);
}

static void check_steps(struct reader *r, struct scenario_step *steps)
{
	for (struct scenario_step *step = steps; step; step = said_next(step))
		check_step(r, step);
}

/* "fewer than 2 web" */
static void check_never(struct reader *r, struct scenario_assertion *assertion)
{
	const char *at = assertion->never.text;
	char *end;
	assertion->more = starts_with(at, "more than ");
	if (assertion->more || starts_with(at, "fewer than ")) {
		at += strlen(assertion->more ? "more than " : "fewer than ");
		assertion->count = strtoll(at, &end, 10);
		if (end > at && *end == ' ' && end[1] && assertion->count >= 0) {
			assertion->component = end + 1;
			return;
		}
	}
	advise(r->list,
	       complain(r->list, assertion->never.place, "`%.80s` cannot be asserted", assertion->never.text),
	       "write `fewer than 2 web` or `more than 3 web`");
}

static void check_finally(struct reader *r, const struct scenario_finally *finally)
{
	int64_t count;
	if (!finally->said.given)
		advise(r->list, complain(r->list, finally->said.place, "this `finally` asserts nothing"),
		       "write {state: running, unchanged: true, count: {web: 2}}, or a part of it");
	for (const struct said_pair *pair = finally->count; pair; pair = said_next(pair))
		if (!pair->value.text || !parse_number(pair->value.text, 0, INT64_MAX, &count))
			complain(r->list, pair->value.place, "`count` takes a number for `%s`, not `%.60s`",
				 pair->said.name, pair->value.text ? pair->value.text : "");
}

static void check_assertion(struct reader *r, struct scenario_assertion *assertion)
{
	int count = 0;
	for (int i = 0; i < ASSERT_KEYS; i++)
		if (said_has(assertion, i)) {
			assertion->what = (enum assert_key)i;
			count++;
		}
	if (!count && assertion->said.given & SAID_UNKNOWN)
		return;
	if (count != 1) {
		complain(r->list, assertion->said.place, "%s",
			 count ? "an assertion is one of never, recovers, outage and finally: begin another "
				 "with `- `"
			       : "this asserts nothing: write never, recovers, outage or finally");
		return;
	}
	if (assertion->what == ASSERT_NEVER && assertion->never.text)
		check_never(r, assertion);
	if (assertion->what == ASSERT_RECOVERS && !said_has(&assertion->recovers, 0))
		assertion->recovers.within_ms = 30000;
	if (assertion->what == ASSERT_FINALLY)
		check_finally(r, &assertion->finally);
	for (struct said_pair *pair = assertion->outage; pair; pair = said_next(pair))
		if (parse_duration_ms(pair->value.text) < 0)
			complain(r->list, pair->value.place,
				 "`outage` takes a duration for `%s`, not `%.60s`", pair->said.name,
				 pair->value.text);
}

static void check(struct reader *r, struct scenario *scenario)
{
	if (!scenario->steps && !r->list->errors) {
		struct place place = scenario->said.place;
		advise(r->list, complain(r->list, place, "nothing happens in this scenario"),
		       "write `steps:` and below it `- deploy`");
	}
	check_steps(r, scenario->steps);
	for (struct scenario_assertion *assertion = scenario->assertions; assertion;
	     assertion = said_next(assertion))
		check_assertion(r, assertion);
}

struct scenario *scenario_read(struct arena *arena, const char *file, const char *text, size_t size,
			       struct diagnostics *list)
{
	struct reader r = {.arena = arena, .list = list};
	const struct yaml_node *root = yaml_compose(arena, file, text, size, list);
	struct scenario *scenario = root ? new_structure(&r, sizeof *scenario) : NULL;
	if (!scenario)
		return NULL;
	scenario->file = root->place.file;
	scenario->said.place = root->place;
	read_map(&r, &scenario_form, root, scenario);
	if (!list->failed)
		check(&r, scenario);
	diagnostics_sort(list);
	return list->failed ? NULL : scenario;
}
