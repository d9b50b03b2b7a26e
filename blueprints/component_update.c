/* component_update.c - what a change does to a component: update and onChange. */
#include <string.h>

#include "base/cleanup.h"
#include "base/signals.h"
#include "base/text.h"
#include "blueprints/component.h"

void read_update(struct reading *r, struct draft *d, const struct yaml_node *node)
{
	static const char *const words[] = {"start-first", "stop-first"};
	int word = fixed_word(r, d, node, "update", words, COUNT_OF(words));

	if (word >= 0)
		d->spec->update = word ? UPDATE_STOP_FIRST : UPDATE_START_FIRST;
}

/* Why two instances of the component, the old and the new, cannot be there at once. */
struct hindrance {
	const char *what;
	struct place place;
};

static bool held_volume(struct reading *r, const struct component_spec *spec, struct hindrance *ret)
{
	for (size_t i = 0; i < spec->volume_count; i++) {
		const struct volume *volume = &spec->volumes[i];
		if (!volume->name && (!volume->source || volume->read_only))
			continue;
		ret->place = volume->place;
		ret->what = volume->name
				? arena_format(r->arena, "the volume `%s`", volume->name)
				: arena_format(r->arena, "the folder `%s`, written to,", volume->source);
		return true;
	}
	return false;
}

static bool held_port(struct reading *r, const struct draft *d, struct hindrance *ret)
{
	const struct port_binding *bindings = d->bindings.members;
	const struct port_number *published = d->published.members, *open = d->open_ports.members;
	const struct component_spec *spec = d->spec;

	if (d->bindings.count) {
		ret->place = bindings[0].place;
		ret->what = arena_format(r->arena, "the host's port %d", bindings[0].host_port);
		return true;
	}
	if (d->published.count) {
		ret->place = published[0].place;
		ret->what = arena_format(r->arena, "the port kept on the host for %d", published[0].port);
		return true;
	}
	if (spec->kind == COMPONENT_PROCESS && d->open_ports.count) {
		ret->place = open[0].place;
		ret->what = arena_format(r->arena, "the port %d", open[0].port);
		return true;
	}
	for (size_t i = 0; i < spec->named_port_count; i++) {
		const struct named_port *port = &spec->named_ports[i];
		if (!port->first || (uint32_t)(port->last - port->first) + 1 > spec->instances)
			continue;
		ret->place = port->place;
		ret->what = arena_format(r->arena, "the port `%s`", port->name);
		return true;
	}
	return false;
}

void check_update(struct reading *r, struct draft *d)
{
	const struct yaml_entry *given = given_of(d, KEY_UPDATE);
	struct component_spec *spec = d->spec;
	struct hindrance by = {0};

	if (!given || spec->update != UPDATE_START_FIRST)
		return;
	if (spec->job) {
		advise(
		    r->list,
		    complain(r->list, given->value->place, "the job `%s` is run anew, not updated", spec->id),
		    "take `update` away");
		return;
	}
	if (!held_port(r, d, &by) && !held_volume(r, spec, &by)) {
		if (!spec->link_numbers)
			return;
		by = (struct hindrance){"the address its consumers hold by `linkAddress: ip`",
					given_of(d, KEY_LINK_ADDRESS)->key_place};
	}
	if (!by.what) {
		r->list->failed = true;
		return;
	}
	advise(
	    r->list,
	    complain(r->list, given->value->place,
		     "`%s` cannot be updated start-first: old and new cannot both have %s (line %d, column "
		     "%d)",
		     spec->id, by.what, by.place.line, by.place.column),
	    "write `update: stop-first`, or take `update` away");
}

/* A signal or another word where `onChange` takes {signal: ...}. */
static void complain_word(struct reading *r, const struct yaml_node *node, const char *text)
{
	static const char *const words[] = {"restart", "none"};
	struct diagnostic *entry = complain(r->list, node->place, "`onChange` cannot be `%s`", text);

	if (signal_number(text))
		advise(r->list, entry, "write onChange: {signal: %s}", text);
	else
		suggest(r, entry, text, words, COUNT_OF(words),
			"write restart, none, {signal: HUP} or {command: ...}");
}

static void read_reaction(struct reading *r, struct draft *d, const struct yaml_entry *entry,
			  struct on_change *change)
{
	static const char *const keys[] = {"signal", "command"};

	if (!strcmp(entry->key, "signal")) {
		change->kind = ON_CHANGE_SIGNAL;
		change->signal = signal_read(r, d, entry->value, "signal");
	} else if (!strcmp(entry->key, "command")) {
		change->kind = ON_CHANGE_COMMAND;
		command_read(r, d, entry->value, "command", &change->command);
	} else {
		suggest(r, complain(r->list, entry->key_place, "unknown key `%s` of `onChange`", entry->key),
			entry->key, keys, COUNT_OF(keys), "it takes signal or command");
	}
}

void read_on_change(struct reading *r, struct draft *d, const struct yaml_node *node)
{
	struct on_change change = {.place = given_of(d, KEY_ON_CHANGE)->key_place};
	const struct yaml_node *fixed = fixed_node(r, d, node);

	if (!fixed)
		return;
	if (fixed->kind == YAML_MAP && fixed->count == 1) {
		read_reaction(r, d, &fixed->entries[0], &change);
	} else if (fixed->kind != YAML_SCALAR || yaml_null(fixed)) {
		advise(r->list,
		       complain(r->list, node->place, "`onChange` takes one thing to do, not %s",
				fixed->kind == YAML_MAP && fixed->count ? "several" : kind_name(fixed)),
		       "write restart, none, {signal: HUP} or {command: ...}");
	} else if (!strcmp(fixed->text, "none")) {
		change.kind = ON_CHANGE_NONE;
	} else if (strcmp(fixed->text, "restart")) {
		complain_word(r, node, fixed->text);
	}
	d->spec->on_change = kept_as(r, struct on_change, &change) ?: d->spec->on_change;
}
