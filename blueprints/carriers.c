/* carriers.c - what brings a changed value to a component that is not restarted for it: files do, the
 * environment does not. */
#include <string.h>

#include "base/text.h"
#include "blueprints/component.h"

/* Whether the value says where that component is. */
static bool speaks_of(const struct value *value, size_t component)
{
	bool speaks = value->component == component && value->kind != VALUE_SECRET;

	for (size_t i = 0; i < value->part_count && !speaks; i++)
		speaks = speaks_of(&value->parts[i], component);
	return speaks;
}

static bool holds_secret(const struct value *value, const char *secret)
{
	bool holds = value->kind == VALUE_SECRET && !strcmp(value->text, secret);

	for (size_t i = 0; i < value->part_count && !holds; i++)
		holds = holds_secret(&value->parts[i], secret);
	return holds;
}

static bool in_files(const struct component_spec *spec, size_t component, const char *secret)
{
	for (size_t i = 0; i < spec->file_count; i++) {
		const struct value *content = spec->files[i].content;
		if (content && content->kind == VALUE_BALANCER && !secret)
			return true;
		if (content && (secret ? holds_secret(content, secret) : speaks_of(content, component)))
			return true;
	}
	return false;
}

static void warn_alone(struct reading *r, const struct draft *d, struct place at, const char *what)
{
	static const char *const reactions[] = {[ON_CHANGE_SIGNAL] = "{signal: ...}",
						[ON_CHANGE_COMMAND] = "{command: ...}",
						[ON_CHANGE_NONE] = "none"};

	advise(
	    r->list,
	    warn(r->list, at,
		 "`%s` has %s in its environment alone: a change reaches it only when it is replaced, which "
		 "`onChange: %s` does not do",
		 d->spec->id, what, reactions[d->spec->on_change->kind]),
	    "put it into one of its `files`, or write `onChange: restart`");
}

/* Between containers of one engine an address is a name, which stays the same; what is outside, nobody moves.
 */
static bool may_move(struct reading *r, const struct draft *d, const struct draft *target)
{
	const struct component_spec *spec = d->spec, *other = target->spec;

	if (other->job || other->kind == COMPONENT_EXTERNAL || target == d)
		return false;
	if (spec->kind != COMPONENT_DOCKER || other->kind != COMPONENT_DOCKER || other->link_numbers)
		return true;
	const char *here = location_key(r->arena, spec->location);
	const char *there = location_key(r->arena, other->location);
	return !here || !there || strcmp(here, there);
}

static void check_use(struct reading *r, const struct draft *d, size_t component, struct place at)
{
	const char *id = r->drafts[component].spec->id;
	const char *what = arena_format(r->arena, "where `%s` is", id);

	if (!in_files(d->spec, component, NULL))
		warn_alone(r, d, at, what ? what : id);
}

/* One warning for each other component or secret that a variable's value takes in. */
static void check_value(struct reading *r, const struct draft *d, struct place at, const struct value *value)
{
	bool mapped = value->kind == VALUE_SENSOR && starts_with(value->text, "mapped.");
	bool fixed = value->kind == VALUE_SAMPLE ||
		     (value->kind == VALUE_SENSOR && !strcmp(value->text, "service.isUp"));

	if (value->kind == VALUE_SECRET) {
		if (!in_files(d->spec, NO_COMPONENT, value->text))
			warn_alone(r, d, at, "a secret");
	} else if (value->component != NO_COMPONENT && !fixed) {
		if (mapped || may_move(r, d, &r->drafts[value->component]))
			check_use(r, d, value->component, at);
	}
	for (size_t i = 0; i < value->part_count; i++)
		check_value(r, d, at, &value->parts[i]);
}

static void refuse_list(struct reading *r, const struct value *value, struct place at)
{
	if (value_has(value, VALUE_ENDPOINTS))
		advise(r->list,
		       complain(r->list, at,
				"endpoints() changes while the component runs, which only a file can"),
		       "write it as the content of one of its `files`");
}

/* Members come and go: that restarts nobody. */
static void check_lists(struct reading *r, struct draft *d)
{
	struct component_spec *spec = d->spec;
	struct place at = d->place;

	for (size_t i = 0; i < spec->environment_count; i++)
		refuse_list(r, &spec->environment[i].value, spec->environment[i].place);
	for (size_t i = 0; i < spec->command.count; i++)
		refuse_list(r, &spec->command.words[i], spec->command.words[i].place);
	for (size_t i = 0; i < spec->file_count; i++)
		if (spec->files[i].content && value_has(spec->files[i].content, VALUE_ENDPOINTS)) {
			spec->lists_members = true;
			at = spec->files[i].place;
		}
	if (spec->lists_members && spec->on_change->kind == ON_CHANGE_RESTART)
		advise(r->list,
		       complain(r->list, at,
				"endpoints() follows while `%s` runs, so `onChange` cannot be restart",
				spec->id),
		       "write what tells it: onChange: {signal: HUP}, {command: ...}, or none where it reads "
		       "the file again by itself");
}

void check_carriers(struct reading *r, struct draft *d)
{
	const struct component_spec *spec = d->spec;

	check_lists(r, d);
	if (spec->on_change->kind == ON_CHANGE_RESTART)
		return;
	for (size_t i = 0; i < spec->environment_count; i++)
		check_value(r, d, spec->environment[i].place, &spec->environment[i].value);
	for (size_t i = 0; i < spec->link_count; i++)
		if (may_move(r, d, &r->drafts[spec->links[i].component]))
			check_use(r, d, spec->links[i].component, spec->links[i].place);
}
