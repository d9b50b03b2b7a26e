/* references.c - what one component says about another: its address, its ports, its sensors. */
#include <ctype.h>
#include <stdlib.h>
#include <string.h>

#include "base/cleanup.h"
#include "base/text.h"
#include "blueprints/component.h"

#define MAPPED_PORT "mapped.docker.port."

static const char *small_letters(struct reading *r, const char *text)
{
	char *copy = arena_text(&r->scratch, text);

	if (!copy) {
		r->list->failed = true;
		return "";
	}
	for (char *c = copy; *c; c++)
		*c = (char)tolower((unsigned char)*c);
	return copy;
}

static void complain_unknown(struct reading *r, const char *id, struct place at)
{
	struct diagnostic *entry = r->open ? NULL : complain(r->list, at, "no component has the id `%s`", id);

	if (!entry)
		return;
	if (!r->count) {
		advise(r->list, entry, "a fixed value is needed here");
		return;
	}
	suggest(r, entry, id, r->ids, r->count, NULL);
	if (entry->remedy)
		return;
	owned_text known = {0};
	for (size_t i = 0; i < r->count && i < 8; i++)
		text_format(&known, "%s`%s`", i ? ", " : "", r->ids[i]);
	advise(r->list, entry, "the components are %s%s", text_view(&known),
	       r->count > 8 ? " and others" : "");
}

/* From the inside to the outside. */
static struct draft *in_scope(struct reading *r, const char *id)
{
	struct draft *found = NULL;

	for (const struct scope *scope = r->scope; scope && !found; scope = scope->outer) {
		const char *name = arena_format(&r->scratch, "%s-%s", scope->prefix, id);
		r->list->failed |= !name;
		found = name ? map_get(r->components, small_letters(r, name)) : NULL;
	}
	return found;
}

struct draft *find_component(struct reading *r, const char *id, struct place at)
{
	const char *folded = NULL;
	struct draft *found = in_scope(r, id);

	if (!found)
		found = map_get(r->components, id);
	if (!found && (folded = fold_id(r, id)))
		found = map_get(r->components, small_letters(r, folded));
	if (!found && group_find(r, id))
		advise(r->list, complain(r->list, at, "`%s` is a group: it is no component of its own", id),
		       "name one of its members; `links`, `dependsOn` and `members` take a group");
	else if (!found)
		complain_unknown(r, id, at);
	return found;
}

static bool is_one_of(const char *name, const char *a, const char *b, const char *c)
{
	return !strcmp(name, a) || !strcmp(name, b) || !strcmp(name, c);
}

/* self(), which is also written component("this", ""). */
static bool is_self(const struct expression *e)
{
	return e->kind == EXPRESSION_CALL && !e->on &&
	       ((!strcmp(e->text, "self") && !e->count) ||
		(is_one_of(e->text, "component", "entity", "sibling") && e->count &&
		 e->arguments[0]->kind == EXPRESSION_TEXT && !strcmp(e->arguments[0]->text, "this")));
}

bool is_around(const struct expression *e)
{
	return e->kind == EXPRESSION_CALL && !e->on && !e->count &&
	       is_one_of(e->text, "parent", "root", "scopeRoot");
}

/* What holds others together and nothing else has no sensors. */
static struct draft *parent_of(struct reading *r, const struct draft *d, const struct expression *e)
{
	bool parent = d && d->index < r->service_count && r->parents[d->index] != NO_PARENT;

	if (parent && strcmp(e->text, "root") != 0)
		return &r->drafts[r->parents[d->index]];
	if (r->open)
		return NULL;
	advise(r->list, complain(r->list, e->place, "%s() is no component of its own here", e->text),
	       "name the component that is meant: $brooklyn:component(\"id\"); %s().config(\"NAME\") will do",
	       e->text);
	return NULL;
}

struct draft *named_component(struct reading *r, struct draft *d, const struct expression *e)
{
	if (e->kind == EXPRESSION_TEXT)
		return find_component(r, e->text, e->place);
	if (d && is_self(e))
		return d;
	if (is_around(e))
		return parent_of(r, d, e);
	bool names = e->kind == EXPRESSION_CALL && !e->on &&
		     (is_one_of(e->text, "component", "entity", "sibling") ||
		      is_one_of(e->text, "child", "descendant", "ancestor"));
	if (!names) {
		advise(r->list, complain(r->list, e->place, "a component should be named here"),
		       "write $brooklyn:component(\"id\")");
		return NULL;
	}
	size_t last = e->count - 1;
	if (e->count < 1 || e->count > 2 || e->arguments[last]->kind != EXPRESSION_TEXT) {
		advise(r->list, complain(r->list, e->place, "%s() takes the id of a component", e->text),
		       "write %s(\"id\")", e->text);
		return NULL;
	}
	if (e->count == 2 && (e->arguments[0]->kind != EXPRESSION_TEXT ||
			      !(is_one_of(e->arguments[0]->text, "global", "sibling", "descendant") ||
				is_one_of(e->arguments[0]->text, "child", "ancestor", "parent")))) {
		complain(r->list, e->arguments[0]->place,
			 "this scope of %s() is not supported yet by this version of berth", e->text);
		return NULL;
	}
	return find_component(r, e->arguments[last]->text, e->arguments[last]->place);
}

void add_order(struct reading *r, struct draft *from, const struct draft *to, struct place place)
{
	struct order *order = from ? scratch_new(r, struct order) : NULL;

	if (!order)
		return;
	if (from->of_cluster)
		from = from->of_cluster;
	*order = (struct order){.to = to->index, .place = place};
	if (from->last_order)
		from->last_order->next = order;
	else
		from->orders = order;
	from->last_order = order;
}

static void complain_port(struct reading *r, const struct draft *target, const struct expression *e)
{
	if (target->ports_faulty || !target->kind_known)
		return;
	owned_text ports = {0};
	const struct port_number *open = target->open_ports.members;
	for (size_t i = 0; i < target->open_ports.count && i < 8; i++)
		text_format(&ports, "%s%d", ports.length ? ", " : "", open[i].port);
	for (size_t i = 0; i < target->spec->named_port_count && i < 8; i++)
		text_format(&ports, "%s\"%s\"", ports.length ? ", " : "", target->spec->named_ports[i].name);
	struct diagnostic *entry =
	    complain(r->list, e->place, "`%s` has no port `%s`", target->spec->id, e->text);
	if (ports.length)
		advise(r->list, entry, "its ports are %s", text_view(&ports));
	else
		advise(r->list, entry, "add it to the `%s` of `%s`",
		       target->spec->kind == COMPONENT_DOCKER ? "openPorts" : "ports", target->spec->id);
}

/* Which port of the target: by number, by name, or nothing said. */
static int choose_port(struct reading *r, const struct draft *target, const struct expression *e,
		       struct value *value)
{
	uint16_t port;

	if (e->kind != EXPRESSION_TEXT) {
		complain(r->list, e->place, "a port is a number, or the name of one of its `ports`");
		return -1;
	}
	const struct named_port *named = find_named_port(target, e->text);
	if (named) {
		bool fixed = named->first && named->first == named->last;
		value->port = fixed ? named->first : 0;
		value->text = fixed ? NULL : named->name;
		return 0;
	}
	if (port_parse(e->text, &port) && (listens_on(target, port, TCP) || listens_on(target, port, UDP))) {
		value->port = port;
		return 0;
	}
	complain_port(r, target, e);
	return -1;
}

/* Whoever uses a job's address waits for the job, and then nothing is there any more. */
static bool is_gone(struct reading *r, const struct draft *target, struct place at)
{
	if (!target->spec->job || target == r->owner)
		return false;
	advise(r->list,
	       complain(r->list, at, "`%s` is a job: it has ended before others can use where it was",
			target->spec->id),
	       "say the order alone by `dependsOn: {%s: finished}`, or take its `job: true` away",
	       target->spec->id);
	return true;
}

int read_attachment(struct reading *r, struct draft *d, const struct expression *e, enum value_kind kind,
		    struct value *ret)
{
	struct draft *target = named_component(r, d, e->arguments[0]);
	struct value value = {.kind = kind, .place = e->place};

	if (!target)
		return -1;
	if (is_gone(r, target, e->place))
		return -1;
	value.component = target->index;
	if (e->count > 1 && choose_port(r, target, e->arguments[1], &value))
		return -1;
	if ((e->count > 1 || kind != VALUE_ADDRESS) && !cluster_first_has(r, target, &value, e->place))
		return -1;
	bool none = !target->open_ports.count && !target->spec->named_port_count;
	if (kind != VALUE_ADDRESS && e->count == 1 && none) {
		if (target->ports_faulty || !target->kind_known)
			return -1;
		advise(r->list, complain(r->list, e->place, "`%s` has no ports", target->spec->id),
		       "give it `%s`", target->spec->kind == COMPONENT_DOCKER ? "openPorts" : "ports");
		return -1;
	}
	add_order(r, r->owner, target, e->place);
	*ret = value;
	return 0;
}

/* `mapped.docker.port.N` asks for the port to be published. */
static int read_mapped_port(struct reading *r, struct draft *target, const struct expression *name)
{
	struct port_number port = {.protocol = TCP, .place = name->place};

	if (!port_parse(name->text + strlen(MAPPED_PORT), &port.port)) {
		complain(r->list, name->place, "`%s` names no port from 1 to 65535", name->text);
		return -1;
	}
	if (target->kind_known && target->spec->kind != COMPONENT_DOCKER) {
		advise(r->list,
		       complain(r->list, name->place, "`%s` is no docker component: it has no `%s`",
				target->spec->id, name->text),
		       "use $berth:endpoint(\"%s\")", target->spec->id);
		return -1;
	}
	const struct port_binding *bindings = target->bindings.members;
	for (size_t i = 0; i < target->bindings.count; i++)
		if (bindings[i].port == port.port && bindings[i].protocol == TCP)
			return 0;
	add_published(r, target, port);
	if (target->first)
		add_published(r, target->first, port);
	return 0;
}

static const char *const sensors[] = {
    "service.isUp",
    "service.process.isRunning",
    "host.address",
    "host.subnet.address",
    "host.name",
    "host.subnet.hostname",
    "main.uri",
    "mapped.docker.port.PORT",
    "docker.container.openPorts",
};

bool sensor_is_built_in(const char *name)
{
	for (size_t i = 0; i < COUNT_OF(sensors); i++)
		if (!strcmp(sensors[i], name))
			return true;
	return starts_with(name, MAPPED_PORT);
}

/* Of those that its `sensors` say. */
static bool says_sensor(const struct draft *target, const char *name)
{
	const struct yaml_entry *given = given_of(target, KEY_SENSORS);

	return given && given->value->kind == YAML_MAP && yaml_get(given->value, name);
}

/* Its own sensors may not be read yet: whether there is one of that name is looked at when all are. */
static int await_sensor(struct reading *r, const struct draft *target, const struct expression *name)
{
	struct awaited_sensor *awaited;

	if (target == r->owner) {
		complain(r->list, name->place, "`%s` of the component itself is not known before it starts",
			 name->text);
		return -1;
	}
	if ((awaited = grow_new(r, &r->samples, struct awaited_sensor)))
		*awaited = (struct awaited_sensor){
		    .name = name->text, .component = target->index, .place = name->place};
	return awaited ? 0 : -1;
}

static int check_sensor(struct reading *r, struct draft *target, const struct expression *name,
			enum value_kind *ret_kind)
{
	if (starts_with(name->text, MAPPED_PORT))
		return read_mapped_port(r, target, name);
	if (sensor_is_built_in(name->text))
		return 0;
	if (!strcmp(name->text, "run.dir") || !strcmp(name->text, "install.dir")) {
		advise(r->list,
		       complain(r->list, name->place, "`%s` is known where it runs, and nowhere else",
				name->text),
		       "its own commands have it in $%s", *name->text == 'r' ? "RUN_DIR" : "INSTALL_DIR");
		return -1;
	}
	*ret_kind = VALUE_SAMPLE;
	if (r->takes_samples &&
	    (says_sensor(target, name->text) || !closest(name->text, sensors, COUNT_OF(sensors))))
		return await_sensor(r, target, name);
	if (says_sensor(target, name->text)) {
		advise(r->list,
		       complain(r->list, name->place,
				"what `%s` of `%s` tells changes: only `env` can take it", name->text,
				target->spec->id),
		       "give it to a variable of `env`, and use that");
		return -1;
	}
	suggest(r, complain(r->list, name->place, "no sensor is called `%s`", name->text), name->text,
		sensors, COUNT_OF(sensors),
		"the sensors are service.isUp, service.process.isRunning, host.address, host.subnet.address, "
		"host.name, host.subnet.hostname, main.uri, entity.id, "
		"mapped.docker.port.PORT and docker.container.openPorts");
	return -1;
}

/* config("NAME") of one of its ports: PORT_X is where it listens, whatever was asked for. */
static const struct named_port *port_of_config(struct reading *r, const struct draft *target,
					       const char *name)
{
	const struct yaml_entry *given = given_of(target, KEY_PORTS);

	for (size_t i = 0; given && given->value->kind == YAML_MAP && i < given->value->count; i++) {
		const struct yaml_entry *port = &given->value->entries[i];
		const struct expression *e =
		    is_expression(port->value) ? expression_read(r, port->value) : NULL;
		if (e && e->kind == EXPRESSION_CALL && !e->on && !strcmp(e->text, "config") &&
		    e->count == 1 && e->arguments[0]->kind == EXPRESSION_TEXT &&
		    !strcmp(e->arguments[0]->text, name))
			return find_named_port(target, port->key);
	}
	return NULL;
}

/* Brooklyn's sensors that tell what a config has become. False: it has none of that name. */
static bool read_configured(struct reading *r, struct draft *target, const struct expression *name,
			    struct value *ret, int *ret_done)
{
	const struct named_port *port = port_of_config(r, target, name->text);
	const struct yaml_entry *entry = map_get(target->config, name->text);
	struct config_frame frame;

	if (port) {
		bool fixed = port->first && port->first == port->last;
		*ret = (struct value){.kind = VALUE_PORT,
				      .place = name->place,
				      .text = fixed ? NULL : port->name,
				      .port = fixed ? port->first : 0,
				      .component = target->index};
		*ret_done = 0;
		return true;
	}
	if (!entry || yaml_null(entry->value) || sensor_is_built_in(name->text))
		return false;
	config_used(r, name->text);
	*ret_done = frame_enter(r, "config", name->text, entry->value, name->place, &frame)
			? value_read(r, target, entry->value, ret)
			: -1;
	if (r->frames == &frame)
		config_leave(r);
	return true;
}

int read_sensor(struct reading *r, struct draft *d, const struct expression *e, struct value *ret)
{
	struct draft *target = e->on ? named_component(r, d, e->on) : d;
	const struct expression *name = e->arguments[0];

	if (!target) {
		if (!e->on)
			complain(r->list, e->place, "attributeWhenReady() stands in no component");
		return -1;
	}
	if (name->kind != EXPRESSION_TEXT) {
		complain(r->list, name->place, "attributeWhenReady() takes the name of a sensor");
		return -1;
	}
	if (e->count > 1) {
		complain(r->list, e->arguments[1]->place,
			 "options of attributeWhenReady() are not supported yet by this version of berth");
		return -1;
	}
	int done;
	if (!strcmp(name->text, "entity.id")) {
		*ret = (struct value){.kind = VALUE_TEXT,
				      .place = e->place,
				      .text = target->spec->id,
				      .component = NO_COMPONENT};
		return 0;
	}
	if (text_sensor_read(r, target, name->text, name->place, ret, &done) ||
	    read_configured(r, target, name, ret, &done)) {
		if (target != r->owner)
			add_order(r, r->owner, target, e->place);
		return done;
	}
	/* What runs here is up; what does not run is not. */
	const char *sensor = strcmp(name->text, "service.process.isRunning") ? name->text : "service.isUp";
	enum value_kind kind = VALUE_SENSOR;
	if (check_sensor(r, target, name, &kind) ||
	    (strcmp(sensor, "service.isUp") && is_gone(r, target, e->place)))
		return -1;
	/* A component's own address is known before it starts; whether it is up is not. */
	if (target != r->owner || !strcmp(sensor, "service.isUp"))
		add_order(r, r->owner, target, e->place);
	*ret = (struct value){.kind = kind, .place = e->place, .text = sensor, .component = target->index};
	return 0;
}
