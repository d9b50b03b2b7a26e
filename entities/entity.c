/* entity.c - the graph of an application, made from its blueprint. */
#include "entities/entity.h"

#include <ctype.h>
#include <string.h>

#include "base/cleanup.h"

const char *phase_name(enum phase phase)
{
	static const char *const names[PHASE_COUNT] = {
	    [PHASE_ABSENT] = "absent",           [PHASE_LINKING] = "linking",
	    [PHASE_PLACING] = "placing",         [PHASE_STARTING] = "starting",
	    [PHASE_RUNNING] = "running",         [PHASE_UPDATING] = "updating",
	    [PHASE_FINISHED] = "finished",       [PHASE_STOPPING] = "stopping",
	    [PHASE_REMOVING] = "removing",       [PHASE_GONE] = "gone",
	    [PHASE_STOPPED] = "stopped",         [PHASE_BROKEN] = "broken",
	    [PHASE_UNKNOWN] = "unknown",         [PHASE_UNHEALTHY] = "unhealthy",
	    [PHASE_QUARANTINED] = "quarantined",
	};
	return names[phase];
}

/* Edges of one component while they are gathered; used again for the next one. */
struct edge_list {
	struct edge *edges;
	size_t count, capacity;
	const struct component_spec *of; /* whose they are */
};

static int add_edge(struct edge_list *list, struct edge edge)
{
	if (list->count == list->capacity) {
		size_t capacity = list->capacity ? 2 * list->capacity : 16;
		struct edge *wider = reallocarray(list->edges, capacity, sizeof *wider);
		if (!wider)
			return -1;
		list->edges = wider;
		list->capacity = capacity;
	}
	edge.of = list->of;
	list->edges[list->count++] = edge;
	return 0;
}

static int add_value_edges(struct edge_list *list, const struct value *value, size_t self)
{
	if (value->component != NO_COMPONENT && value->component != self &&
	    (value->kind == VALUE_ADDRESS || value->kind == VALUE_PORT || value->kind == VALUE_ENDPOINT ||
	     value->kind == VALUE_ENDPOINTS || value->kind == VALUE_SENSOR || value->kind == VALUE_SAMPLE)) {
		struct edge edge = {.kind = EDGE_VALUE, .to = value->component, .port = value->port};
		if (add_edge(list, edge))
			return -1;
	}
	for (size_t i = 0; i < value->part_count; i++)
		if (add_value_edges(list, &value->parts[i], self))
			return -1;
	return 0;
}

static int add_command_edges(struct edge_list *list, const struct command *command, size_t self)
{
	for (size_t i = 0; i < command->count; i++)
		if (add_value_edges(list, &command->words[i], self))
			return -1;
	return 0;
}

static int gather_edges(struct edge_list *list, const struct component *component,
			const struct component_spec *spec)
{
	list->of = spec;
	for (size_t i = 0; i < spec->link_count; i++) {
		const struct link *link = &spec->links[i];
		struct edge edge = {.kind = EDGE_LINK, .to = link->component, .link = link};
		if (add_edge(list, edge))
			return -1;
	}
	for (size_t i = 0; i < spec->depends_on_count; i++) {
		const struct link *link = &spec->depends_on[i];
		struct edge edge = {.kind = EDGE_ORDER, .to = link->component, .link = link};
		if (add_edge(list, edge))
			return -1;
	}
	for (size_t i = 0; i < spec->environment_count; i++)
		if (add_value_edges(list, &spec->environment[i].value, component->index))
			return -1;
	for (size_t i = 0; i < spec->file_count; i++)
		if (spec->files[i].content && add_value_edges(list, spec->files[i].content, component->index))
			return -1;
	if (add_command_edges(list, &spec->command, component->index) ||
	    add_command_edges(list, &spec->entrypoint, component->index) ||
	    add_command_edges(list, &spec->health->command, component->index) ||
	    add_command_edges(list, &spec->on_change->command, component->index))
		return -1;
	return 0;
}

static const struct component_spec *first_of(const struct component_spec *spec)
{
	return spec && spec->cluster ? spec->cluster->first : NULL;
}

static int take_edges(struct arena *arena, struct edge_list *list, struct component *component)
{
	const struct component_spec *first = first_of(component->spec);
	list->count = 0;
	if (gather_edges(list, component, component->spec) || (first && gather_edges(list, component, first)))
		return -1;
	struct edge *needs = list->count ? arena_array(arena, struct edge, list->count) : NULL;
	if (list->count && !needs)
		return -1;
	if (list->count)
		memcpy(needs, list->edges, list->count * sizeof *needs);
	component->needs = needs;
	component->need_count = list->count;
	return 0;
}

static bool has_port(const struct spec_port *ports, size_t count, uint16_t port, enum protocol protocol)
{
	for (size_t i = 0; i < count; i++)
		if (ports[i].port == port && ports[i].protocol == protocol)
			return true;
	return false;
}

/* Open ports as written, then those that are only bound, then a process' own. */
static struct spec_port *ports_of_spec(struct arena *arena, const struct component_spec *spec,
				       size_t *ret_count)
{
	struct spec_port *ports = arena_array(arena, struct spec_port,
					      spec->open_port_count + spec->binding_count +
						  spec->published_count + spec->named_port_count);
	size_t count = 0;
	if (!ports)
		return NULL;
	for (size_t i = 0; i < spec->open_port_count; i++)
		ports[count++] = (struct spec_port){
		    .port = spec->open_ports[i].port, .protocol = spec->open_ports[i].protocol, .open = true};
	for (size_t i = 0; i < spec->binding_count; i++)
		if (!has_port(ports, count, spec->bindings[i].port, spec->bindings[i].protocol))
			ports[count++] = (struct spec_port){.port = spec->bindings[i].port,
							    .protocol = spec->bindings[i].protocol,
							    .open = true};
	for (size_t i = 0; i < spec->published_count; i++)
		if (!has_port(ports, count, spec->published[i].port, spec->published[i].protocol))
			ports[count++] = (struct spec_port){.port = spec->published[i].port,
							    .protocol = spec->published[i].protocol,
							    .open = true};
	for (size_t i = 0; i < spec->named_port_count; i++) {
		const struct named_port *named = &spec->named_ports[i];
		ports[count++] = (struct spec_port){.name = named->name,
						    .port = named->first == named->last ? named->first : 0,
						    .open = true,
						    .fixed = named->first && named->first == named->last};
	}
	*ret_count = count;
	return ports;
}

/* Those of the first member begin with those that all members have, as these have them. */
static void put_common_first(struct spec_port *ports, size_t count, const struct spec_port *common,
			     size_t common_count)
{
	size_t done = 0;
	for (size_t i = 0; i < common_count; i++)
		for (size_t k = done; k < count; k++) {
			const char *a = ports[k].name, *b = common[i].name;
			bool same = a || b ? a && b && !strcmp(a, b)
					   : ports[k].port == common[i].port &&
						 ports[k].protocol == common[i].protocol;
			if (!same)
				continue;
			struct spec_port moved = ports[k];
			memmove(ports + done + 1, ports + done, (k - done) * sizeof *ports);
			ports[done++] = moved;
			break;
		}
}

static int gather_ports(struct arena *arena, struct component *component)
{
	const struct component_spec *first = first_of(component->spec);
	component->ports = ports_of_spec(arena, component->spec, &component->port_count);
	if (first && !(component->first_ports = ports_of_spec(arena, first, &component->first_port_count)))
		return -1;
	if (component->ports && first)
		put_common_first(component->first_ports, component->first_port_count, component->ports,
				 component->port_count);
	return component->ports ? 0 : -1;
}

static int gather_consumers(struct application *application)
{
	size_t count = application->component_count;
	size_t *fill = calloc(count + 1, sizeof *fill);
	if (!fill)
		return -1;
	for (size_t i = 0; i < count; i++)
		for (size_t e = 0; e < application->components[i].need_count; e++)
			application->components[application->components[i].needs[e].to].consumer_count++;
	for (size_t i = 0; i < count; i++) {
		struct component *component = &application->components[i];
		component->consumers =
		    arena_array(&application->arena, size_t, component->consumer_count + 1);
		component->consumed =
		    arena_array(&application->arena, const struct edge *, component->consumer_count + 1);
		if (!component->consumers || !component->consumed) {
			free(fill);
			return -1;
		}
	}
	for (size_t i = 0; i < count; i++)
		for (size_t e = 0; e < application->components[i].need_count; e++) {
			const struct edge *edge = &application->components[i].needs[e];
			const struct component *provider = &application->components[edge->to];
			((size_t *)provider->consumers)[fill[edge->to]] = i;
			((const struct edge **)provider->consumed)[fill[edge->to]++] = edge;
		}
	free(fill);
	return 0;
}

bool edge_waits(const struct edge *edge)
{
	return edge->kind != EDGE_LINK || !edge->link->peer;
}

/* Providers before consumers, by taking away what waits for nobody (Kahn); of several such, one whose peers
 * were taken before one whose were not. The blueprint has no cycles but of peers. */
struct sorting {
	struct application *application;
	size_t *waits, *peers;                   /* edges to what was not taken yet */
	size_t *free, first_free, free_count;    /* neither */
	size_t *ready, first_ready, ready_count; /* only its peers are missing */
	bool *taken;
	size_t *order, count;
};

static void make_ready(struct sorting *sorting, size_t index)
{
	if (sorting->peers[index])
		sorting->ready[sorting->ready_count++] = index;
	else
		sorting->free[sorting->free_count++] = index;
}

static void begin_sorting(struct sorting *sorting)
{
	for (size_t i = 0; i < sorting->application->component_count; i++) {
		const struct component *component = &sorting->application->components[i];
		size_t peers = 0;
		for (size_t e = 0; e < component->need_count; e++) {
			bool waits = edge_waits(&component->needs[e]);
			sorting->waits[i] += waits;
			peers += !waits && component->needs[e].to != i;
		}
		sorting->peers[i] = peers;
		if (!sorting->waits[i])
			make_ready(sorting, i);
	}
}

/* False: none is left. */
static bool take_next(struct sorting *sorting, size_t *ret)
{
	if (sorting->first_free < sorting->free_count) {
		*ret = sorting->free[sorting->first_free++];
		return true;
	}
	while (sorting->first_ready < sorting->ready_count) {
		*ret = sorting->ready[sorting->first_ready++];
		if (!sorting->taken[*ret] && sorting->peers[*ret])
			return true;
	}
	return false;
}

static void release_consumers(struct sorting *sorting, const struct component *provider)
{
	for (size_t c = 0; c < provider->consumer_count;) {
		size_t index = provider->consumers[c], waits = 0, peers = 0;
		for (; c < provider->consumer_count && provider->consumers[c] == index; c++)
			++*(edge_waits(provider->consumed[c]) ? &waits : &peers);
		if (sorting->taken[index])
			continue;
		bool was_ready = !sorting->waits[index];
		sorting->waits[index] -= waits;
		sorting->peers[index] -= peers;
		if (waits && !sorting->waits[index])
			make_ready(sorting, index);
		else if (was_ready && peers && !sorting->peers[index])
			sorting->free[sorting->free_count++] = index;
	}
}

static int sort_providers_first(struct application *application)
{
	size_t count = application->component_count, next;
	owned_arena room = {0};
	struct sorting sorting = {
	    .application = application,
	    .waits = arena_array(&room, size_t, count + 1),
	    .peers = arena_array(&room, size_t, count + 1),
	    .free = arena_array(&room, size_t, count + 1),
	    .ready = arena_array(&room, size_t, count + 1),
	    .taken = arena_array(&room, bool, count + 1),
	    .order = arena_array(&application->arena, size_t, count + 1),
	};
	if (!sorting.waits || !sorting.peers || !sorting.free || !sorting.ready || !sorting.taken ||
	    !sorting.order)
		return -1;
	begin_sorting(&sorting);
	while (take_next(&sorting, &next)) {
		sorting.taken[next] = true;
		sorting.order[sorting.count++] = next;
		release_consumers(&sorting, &application->components[next]);
	}
	application->order = sorting.order;
	return sorting.count == count ? 0 : -1;
}

/* --- ids ------------------------------------------------------------------------------------------- */

/* The index + 1 of the component with that id; 0 when there is none. */
static size_t find(const struct application *application, const char *id)
{
	return (size_t)map_get(application->by_id, id);
}

/* --- names: host names do not tell great letters from small ones ------------------------------------ */

#define SEVERAL ((size_t)-1)

static char *small_letters(const char *name)
{
	char *small = strdup(name);
	for (char *c = small; c && *c; c++)
		*c = (char)tolower((unsigned char)*c);
	return small;
}

static int note_name(struct application *application, const char *name, size_t index)
{
	owned_memory char *small = small_letters(name);
	if (!small)
		return -1;
	size_t before = (size_t)map_get(application->by_name, small);
	if (before == index + 1)
		return 0;
	return map_put(&application->by_name, small, (void *)(before ? SEVERAL : index + 1));
}

/* An id in small letters is found as it is. */
static int note_id(struct application *application, const char *id, size_t index)
{
	for (const char *c = id; *c; c++)
		if (isupper((unsigned char)*c))
			return note_name(application, id, index);
	return 0;
}

/* An alias that is the component's own id is noted already. */
static int note_aliases(struct application *application)
{
	for (size_t i = 0; i < application->component_count; i++)
		for (size_t e = 0; e < application->components[i].need_count; e++) {
			const struct edge *edge = &application->components[i].needs[e];
			if (edge->kind == EDGE_LINK &&
			    strcmp(edge->link->alias, application->components[edge->to].id) != 0 &&
			    note_name(application, edge->link->alias, edge->to))
				return -1;
		}
	return 0;
}

bool application_means_only(const struct application *application, const char *name, size_t index)
{
	owned_memory char *small = small_letters(name);
	if (!small)
		return false;
	size_t id = find(application, small);
	size_t other = (size_t)map_get(application->by_name, small);
	return (!id || id == index + 1) && (!other || other == index + 1);
}

static int fill_in_components(struct application *application)
{
	struct edge_list list = {0};
	int result = 0;
	for (size_t i = 0; i < application->component_count && result == 0; i++) {
		struct component *component = &application->components[i];
		component->index = i;
		component->spec = &application->blueprint->components[i];
		component->id = component->spec->id;
		component->size = component->cluster.asked = component->spec->instances;
		if (map_put(&application->by_id, component->id, (void *)(i + 1)) ||
		    take_edges(&application->arena, &list, component) ||
		    gather_ports(&application->arena, component) || note_id(application, component->id, i))
			result = -1;
	}
	free(list.edges);
	return result;
}

static int fill_in(struct application *application)
{
	const struct blueprint *blueprint = application->blueprint;
	application->id = arena_text(&application->arena, blueprint->id);
	application->components =
	    arena_array(&application->arena, struct component, blueprint->component_count + 1);
	if (!application->id || !application->components)
		return -1;
	application->component_count = application->component_room = blueprint->component_count;
	if (fill_in_components(application) || note_aliases(application) || gather_consumers(application))
		return -1;
	return sort_providers_first(application);
}

struct application *application_new(const struct blueprint *blueprint)
{
	struct application *application = calloc(1, sizeof *application);
	if (!application)
		return NULL;
	application->blueprint = blueprint;
	if (fill_in(application)) {
		application_free(application);
		return NULL;
	}
	return application;
}

struct application *application_found(const char *id)
{
	struct application *application = calloc(1, sizeof *application);
	if (!application)
		return NULL;
	application->id = arena_text(&application->arena, id);
	if (!application->id) {
		application_free(application);
		return NULL;
	}
	return application;
}

void application_free(struct application *application)
{
	if (!application)
		return;
	map_release(&application->by_id);
	map_release(&application->by_name);
	arena_release(&application->arena);
	free(application);
}

struct component *application_component(struct application *application, const char *id)
{
	size_t found = find(application, id);
	return found ? &application->components[found - 1] : NULL;
}

int application_add_found(struct application *application, const char *id)
{
	size_t count = application->component_count;
	if (count == application->component_room) {
		struct component *wider = arena_array(&application->arena, struct component, 2 * count + 2);
		if (!wider)
			return -1;
		if (count)
			memcpy(wider, application->components, count * sizeof *wider);
		application->components = wider;
		application->component_room = 2 * count + 2;
	}
	struct component *component = &application->components[count];
	*component = (struct component){.index = count, .id = arena_text(&application->arena, id)};
	if (!component->id || map_put(&application->by_id, id, (void *)(count + 1)) ||
	    note_id(application, id, count))
		return -1;
	application->component_count++;
	return 0;
}

bool is_first_member(const struct instance *instance)
{
	const struct component *component = instance->component;
	return component->cluster.first && instance->ordinal == component->cluster.first &&
	       first_of(component->spec);
}

const struct component_spec *made_from(const struct instance *instance)
{
	return is_first_member(instance) ? first_of(instance->component->spec) : instance->component->spec;
}

const struct spec_port *ports_of_instance(const struct instance *instance, size_t *ret_count)
{
	const struct component *component = instance->component;
	bool first = is_first_member(instance);
	*ret_count = first ? component->first_port_count : component->port_count;
	return first ? component->first_ports : component->ports;
}

unsigned component_ordinal(const struct component *component, unsigned index)
{
	return component->cluster.ordinals ? component->cluster.ordinals[index] : index + 1;
}

size_t component_place(const struct component *component, unsigned ordinal)
{
	if (!component->cluster.ordinals)
		return ordinal >= 1 && ordinal <= component->size ? ordinal - 1 : SIZE_MAX;
	size_t low = 0, high = component->size;
	while (low < high) {
		size_t middle = low + (high - low) / 2;
		if (component->cluster.ordinals[middle] < ordinal)
			low = middle + 1;
		else
			high = middle;
	}
	return low < component->size && component->cluster.ordinals[low] == ordinal ? low : SIZE_MAX;
}
