/* component.c - one component: its keys gathered, its id found, then read key by key. */
#include <ctype.h>
#include <string.h>

#include "base/cleanup.h"
#include "base/text.h"
#include "blueprints/component.h"
#include "blueprints/sensor_item.h"

void add_key_place(struct reading *r, struct draft *d, const char *key, struct place place)
{
	struct key_place *entry = key ? grow_new(r, &d->key_places, struct key_place) : NULL;

	if (entry)
		*entry = (struct key_place){.key = key, .place = place};
	else
		r->list->failed = true;
}

/* What other programs' files call it. */
static const char *key_meant(const char *key)
{
	static const char *const hints[][2] = {
	    {"environment", "env"},
	    {"replicas", "instances"},
	    {"scale", "instances"},
	    {"count", "instances"},
	    {"expose", "openPorts"},
	    {"mem_limit", "memory"},
	    {"memory_limit", "memory"},
	    {"working_dir", "dir"},
	    {"workdir", "dir"},
	    {"cmd", "command"},
	    {"args", "command"},
	    {"stop_grace_period", "stopTimeout"},
	    {"stop_signal", "stopSignal"},
	    {"pull_policy", "pull"},
	};

	for (size_t i = 0; i < COUNT_OF(hints); i++)
		if (strcmp(hints[i][0], key) == 0)
			return hints[i][1];
	return NULL;
}

static void complain_unknown(struct reading *r, const struct yaml_entry *entry)
{
	size_t count;
	const char *const *candidates = key_candidates(r, &count);
	const char *meant = key_meant(entry->key);

	if (meant) {
		advise(r->list, complain(r->list, entry->key_place, "unknown key `%s`", entry->key),
		       "did you mean `%s`?", meant);
		return;
	}
	suggest(r, complain(r->list, entry->key_place, "unknown key `%s`", entry->key), entry->key,
		candidates, count, "what only config() reads goes under `brooklyn.config`");
}

static void take_key(struct reading *r, struct draft *d, const struct key_name *name,
		     const struct yaml_entry *entry)
{
	if (name->key == KEY_LATER) {
		complain(r->list, entry->key_place, "`%s` is not supported yet by this version of berth",
			 entry->key);
		return;
	}
	if (name->key == KEY_NOTED)
		return;
	if (name->key == KEY_UNUSED && d->software) {
		advise(r->list,
		       warn(r->list, entry->key_place,
			    "`%s` has no effect: a machine's own settings are left as they are", entry->key),
		       "what a cloud lets in to it follows from links and `publish`");
		return;
	}
	const struct yaml_entry *before = given_of(d, name->key);
	if (before) {
		complain(r->list, entry->key_place, "`%s` is also given as `%s` at line %d, column %d",
			 entry->key, before->key, before->key_place.line, before->key_place.column);
		return;
	}
	give_key(r, &d->given, name->key, entry);
	add_key_place(r, d, key_rules[name->key].name, entry->key_place);
}

void draft_take(struct reading *r, struct draft *d, const struct yaml_entry *entry)
{
	const struct key_name *name = map_get(r->keys, entry->key);

	if (name)
		take_key(r, d, name, entry);
	else
		complain_unknown(r, entry);
}

void draft_take_config(struct reading *r, struct draft *d)
{
	const struct yaml_entry *config = given_of(d, KEY_CONFIG);

	if (!config || yaml_null(config->value))
		return;
	if (config->value->kind != YAML_MAP) {
		complain(r->list, config->value->place, "`%s` takes a map, not %s", config->key,
			 kind_name(config->value));
		return;
	}
	for (size_t i = 0; i < config->value->count; i++) {
		const struct yaml_entry *entry = &config->value->entries[i];
		const struct key_name *name = map_get(r->keys, entry->key);
		if (name && name->in_config && !d->foreign)
			take_key(r, d, name, entry);
		reading_put(r, &d->config, entry->key, (void *)entry);
		warn_plain_secret(r, entry->key, entry->value, false);
	}
}

static const char *quiet_text(const struct yaml_entry *entry)
{
	return entry && entry->value->kind == YAML_SCALAR && !expression_prefix(entry->value->text)
		   ? entry->value->text
		   : NULL;
}

const char *written_type(const struct yaml_node *component)
{
	const char *type = NULL;

	for (size_t i = 0; i < component->count; i++) {
		const char *key = component->entries[i].key;
		if (!strcmp(key, "type") || !strcmp(key, "serviceType") || !strcmp(key, "service_type"))
			type = quiet_text(&component->entries[i]);
	}
	return type;
}

bool type_is_known(const char *type)
{
	return starts_with(type, "docker:") || !strcmp(type, "process") || !strcmp(type, "external") ||
	       cluster_type(type) || balancer_type(type) || software_type(type) || group_type(type);
}

/* Whether the type is none of ours: what its keys mean is not known, so only the type is complained of. */
static bool is_foreign(const struct draft *d)
{
	const char *type = written_type(d->node);

	return type && !starts_with(type, "docker:") && strcmp(type, "process") && strcmp(type, "external") &&
	       !balancer_type(type) && !software_type(type);
}

void component_gather(struct reading *r, struct draft *d)
{
	if (d->node->kind != YAML_MAP) {
		struct diagnostic *entry =
		    complain(r->list, d->place, "a component is a map, not %s", kind_name(d->node));
		advise(r->list, entry, "write `- type: ...` with its other keys below");
		return;
	}
	if (!d->cluster && cluster_is(d->node)) {
		cluster_gather(r, d);
		return;
	}
	d->foreign = is_foreign(d);
	balancer_begin(r, d);
	d->software = written_type(d->node) && software_type(written_type(d->node));
	grow_for(r, &d->key_places, d->node->count, sizeof(struct key_place));
	for (size_t i = 0; i < d->node->count; i++) {
		const struct yaml_entry *entry = &d->node->entries[i];
		const struct key_name *name = map_get(r->keys, entry->key);
		if (d->foreign && (!name || name->key == KEY_LATER))
			continue;
		draft_take(r, d, entry);
		/* Its keys are configuration, wherever they stand. */
		if (d->software && name && name->in_config)
			reading_put(r, &d->config, entry->key, (void *)entry);
	}
	draft_take_config(r, d);
}

/* The last part of the image's name, without tag and digest. */
const char *image_id(struct reading *r, const char *type)
{
	const char *last = strrchr(type, '/');

	last = last ? last + 1 : type + strlen("docker:");
	const char *name = arena_copy(r->arena, last, strcspn(last, ":@"));
	if (!name)
		r->list->failed = true;
	return name ? fold_id(r, name) : NULL;
}

static const char *short_enough(struct reading *r, const struct draft *d, const char *id)
{
	if (!id || strlen(id) <= ID_LIMIT)
		return id;
	struct place place = given_of(d, KEY_ID) ? given_of(d, KEY_ID)->value->place : d->place;
	advise(r->list, complain(r->list, place, "the id is longer than %d characters", ID_LIMIT),
	       "give the component a shorter `id`");
	return NULL;
}

static const char *derive_id(struct reading *r, struct draft *d)
{
	const struct yaml_entry *id = given_of(d, KEY_ID), *name = given_of(d, KEY_NAME);
	const char *type = quiet_text(given_of(d, KEY_TYPE));

	if (id) {
		const char *text = fixed_text(r, d, id->value, "id");
		const char *folded = text ? fold_id(r, text) : NULL;
		if (text && !folded)
			complain(r->list, id->value->place, "the id `%s` has no letter, digit or `_`", text);
		d->place = id->value->place;
		return folded;
	}
	if (d->spec->name) {
		const char *folded = name_id(r, d->spec->name);
		if (!folded && name)
			advise(r->list,
			       complain(r->list, name->value->place,
					"the name `%s` makes no id: it has no letter or digit",
					d->spec->name),
			       "give the component an `id`");
		return folded;
	}
	if (!type && given_of(d, KEY_TYPE))
		type = fixed_text(r, d, given_of(d, KEY_TYPE)->value, "type");
	if (type && starts_with(type, "docker:"))
		return image_id(r, type);
	if (type && software_type(type))
		return "software";
	/* Of a type that will be refused, only that is said. */
	if (type && (!strcmp(type, "process") || !strcmp(type, "external") || balancer_type(type)))
		advise(r->list, complain(r->list, d->place, "the component has no `id`"), "add `id: NAME`");
	return NULL;
}

static char *small_id(struct reading *r, const char *id)
{
	char *small = arena_text(&r->scratch, id);

	for (char *c = small; c && *c; c++)
		*c = (char)tolower((unsigned char)*c);
	if (!small)
		r->list->failed = true;
	return small;
}

static void enter_id(struct reading *r, struct draft *d, const char *id)
{
	const char *small = small_id(r, id);
	const struct draft *before = small ? map_get(r->components, small) : NULL;

	if (small && !before)
		reading_put(r, &r->components, small, d);
	if (!before)
		return;
	struct diagnostic *entry = complain(
	    r->list, d->place, "two components have the id `%s`: the other one is at line %d, column %d", id,
	    before->place.line, before->place.column);
	advise(r->list, entry,
	       given_of(d, KEY_ID) ? "give one of them another `id`" : "give each an `id` of its own");
}

void component_enter(struct reading *r, struct draft *d)
{
	enter_id(r, d, d->spec->id);
	r->ids[d->index] = d->spec->id;
}

void component_moved(struct reading *r, const struct draft *from, struct draft *to)
{
	const char *small = small_id(r, to->spec->id);

	if (small && map_get(r->components, small) == from)
		reading_put(r, &r->components, small, to);
}

void component_name(struct reading *r, struct draft *d)
{
	const struct yaml_entry *name = given_of(d, KEY_NAME);

	d->spec->place = d->place;
	if (d->of_cluster) {
		d->spec->id = d->of_cluster->spec->id;
		d->spec->name = d->of_cluster->spec->name;
		return;
	}
	if (name)
		d->spec->name = fixed_text(r, d, name->value, "name");
	const char *id = short_enough(r, d, derive_id(r, d));
	if (id)
		enter_id(r, d, id);
	else
		id = arena_format(r->arena, "component-%zu", d->index + 1);
	if (!id)
		r->list->failed = true;
	d->spec->id = id ? id : "";
	if (!d->spec->name)
		d->spec->name = d->spec->id;
	r->ids[d->index] = d->spec->id;
}

/* Which keys it takes: of ON_DOCKER and so on. */
static unsigned draft_kinds(const struct draft *d)
{
	static const unsigned bits[] = {[COMPONENT_DOCKER] = ON_DOCKER,
					[COMPONENT_PROCESS] = ON_PROCESS,
					[COMPONENT_EXTERNAL] = ON_EXTERNAL};

	return bits[d->spec->kind] | (d->cluster ? ON_CLUSTER : 0) | (d->balancer ? ON_BALANCER : 0) |
	       (d->software ? ON_SOFTWARE : 0);
}

/* Of a load balancer and of software both it and what it is placed as are asked, where the key is of the
 * latter at all. Software names its ports wherever it is. */
bool draft_takes(const struct draft *d, enum component_key key)
{
	const unsigned kinds = key_rules[key].kinds, placed = ON_DOCKER | ON_PROCESS;
	unsigned own = draft_kinds(d), special = own & (ON_BALANCER | ON_SOFTWARE);

	if (!special || (kinds & own & ON_CLUSTER) || (d->software && key == KEY_PORTS))
		return kinds & own;
	return kinds & special && (!(kinds & placed) || (kinds & own & placed));
}

void component_read_phase(struct reading *r, struct draft *d, int phase)
{
	for (int key = 0; key < KEY_COUNT && d->kind_known; key++) {
		const struct key_rule *rule = &key_rules[key];
		if (!given_of(d, key) || rule->phase != phase || !rule->read || !draft_takes(d, key))
			continue;
		rule->read(r, d, given_of(d, key)->value);
		arena_release(&r->passing);
	}
}

void component_finish(struct reading *r, struct draft *d)
{
	struct component_spec *spec = d->spec;

	spec->open_ports = kept(r, &d->open_ports, sizeof(*spec->open_ports));
	spec->open_port_count = d->open_ports.count;
	spec->published = kept(r, &d->published, sizeof(*spec->published));
	spec->published_count = d->published.count;
	spec->bindings = kept(r, &d->bindings, sizeof(*spec->bindings));
	spec->binding_count = d->bindings.count;
	spec->policies = kept(r, &d->policies, sizeof(*spec->policies));
	spec->policy_count = spec->policies ? d->policies.count : 0; /* they are looked at below */
	sensors_settle(d);
	spec->sensors = kept(r, &d->sensors, sizeof(*spec->sensors));
	spec->sensor_count = spec->sensors ? d->sensors.count : 0;
	spec->texts = kept(r, &d->texts, sizeof(*spec->texts));
	spec->text_count = spec->texts ? d->texts.count : 0;
	if (!r->options->placeless) {
		spec->key_places = kept(r, &d->key_places, sizeof(*spec->key_places));
		spec->key_place_count = d->key_places.count;
	}
	policies_check_effectors(r, spec);
	marathon_finish(r, d);
}
