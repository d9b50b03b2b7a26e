/* component_ports.c - the ports a component listens on: openPorts, ports, publish. */
#include <ctype.h>
#include <stdlib.h>
#include <string.h>

#include "base/cleanup.h"
#include "base/text.h"
#include "blueprints/component.h"

#define RANGE_LIMIT 1024

bool port_parse(const char *text, uint16_t *ret_port)
{
	int64_t number;

	if (!isdigit((unsigned char)*text) || !parse_number(text, 1, 65535, &number))
		return false;
	*ret_port = (uint16_t)number;
	return true;
}

static bool holds(const struct growing *list, int port, enum protocol protocol)
{
	const struct port_number *ports = list->members;

	for (size_t i = 0; i < list->count; i++)
		if (ports[i].port == port && ports[i].protocol == protocol)
			return true;
	return false;
}

static void append(struct reading *r, struct growing *list, struct port_number port)
{
	struct port_number *member = grow_new(r, list, struct port_number);

	if (member)
		*member = port;
}

void add_open_port(struct reading *r, struct draft *d, struct port_number port)
{
	if (!holds(&d->open_ports, port.port, port.protocol))
		append(r, &d->open_ports, port);
}

void add_published(struct reading *r, struct draft *d, struct port_number port)
{
	if (!holds(&d->published, port.port, port.protocol))
		append(r, &d->published, port);
	add_open_port(r, d, port);
}

const struct named_port *find_named_port(const struct draft *d, const char *name)
{
	for (size_t i = 0; i < d->spec->named_port_count; i++)
		if (!strcmp(d->spec->named_ports[i].name, name))
			return &d->spec->named_ports[i];
	return NULL;
}

bool listens_on(const struct draft *d, int port, enum protocol protocol)
{
	if (holds(&d->open_ports, port, protocol))
		return true;
	for (size_t i = 0; protocol == TCP && i < d->spec->named_port_count; i++)
		if (d->spec->named_ports[i].first == port && d->spec->named_ports[i].last == port)
			return true;
	return false;
}

static void complain_port(struct reading *r, struct draft *d, struct place at, const char *text,
			  const char *key)
{
	struct diagnostic *entry = complain(r->list, at, "`%s` is no port from 1 to 65535", text);

	d->ports_faulty = true;
	if (!strcmp(key, "ports") && d->spec->kind == COMPONENT_PROCESS)
		advise(r->list, entry, "write auto, 8080 or \"8000-8100\"");
	else
		advise(r->list, entry, "write 6379, [80, 443], \"8000-8010\" or \"53/udp\"");
}

/* "8000-8010" or "80"; false when it is neither. */
bool port_range_parse(char *text, uint16_t *ret_first, uint16_t *ret_last)
{
	char *dash = strchr(text, '-'), *plus = strchr(text, '+');

	if (plus && plus > text && !plus[1]) { /* that one or any after it */
		*plus = '\0';
		bool begins = port_parse(text, ret_first);
		*plus = '+';
		*ret_last = UINT16_MAX;
		return begins;
	}
	if (dash)
		*dash = '\0';
	bool good = port_parse(text, ret_first) && port_parse(dash ? dash + 1 : text, ret_last);
	if (dash)
		*dash = '-';
	return good && *ret_first <= *ret_last;
}

/* Cut "/udp" or "/tcp" off; false when something else follows the slash. */
static bool cut_protocol(char *text, enum protocol *ret_protocol)
{
	char *slash = strchr(text, '/');

	*ret_protocol = TCP;
	if (!slash)
		return true;
	*ret_protocol = strcasecmp(slash, "/udp") ? TCP : UDP;
	if (*ret_protocol == TCP && strcasecmp(slash, "/tcp"))
		return false;
	*slash = '\0';
	return true;
}

/* A set of ports already taken into a list: long ranges make looking through it too slow. */
static bool mark(struct reading *r, uint16_t port, enum protocol protocol)
{
	size_t bit = port + (protocol == UDP ? 65536 : 0);

	if (r->seen[bit / 8] & 1 << bit % 8)
		return false;
	r->seen[bit / 8] |= (unsigned char)(1 << bit % 8);
	return true;
}

static void unmark(struct reading *r, const struct growing *list)
{
	const struct port_number *ports = list->members;

	for (size_t i = 0; i < list->count; i++)
		r->seen[(ports[i].port + (ports[i].protocol == UDP ? 65536 : 0)) / 8] = 0;
}

static void take_word(struct reading *r, struct draft *d, struct place at, char *word, const char *key,
		      struct growing *list)
{
	uint16_t first, last;
	enum protocol protocol;

	while (*word == ' ')
		word++;
	for (size_t length = strlen(word); length && word[length - 1] == ' ';)
		word[--length] = '\0';
	bool known = cut_protocol(word, &protocol);
	if (!known || !port_range_parse(word, &first, &last)) {
		complain_port(r, d, at, word, key);
		return;
	}
	if (last - first >= RANGE_LIMIT) {
		complain(r->list, at, "the range `%s` has more than %d ports", word, RANGE_LIMIT);
		d->ports_faulty = true;
		return;
	}
	for (int port = first; port <= last; port++)
		if (mark(r, (uint16_t)port, protocol))
			append(
			    r, list,
			    (struct port_number){.port = (uint16_t)port, .protocol = protocol, .place = at});
}

static void take_scalar(struct reading *r, struct draft *d, const struct yaml_node *node, const char *key,
			struct growing *list)
{
	const char *text = fixed_text(r, d, node, key);
	char *copy = text ? arena_text(r->arena, text) : NULL, *rest = copy;

	if (!copy) {
		d->ports_faulty = true;
		return;
	}
	for (char *word = strsep(&rest, ","); word; word = strsep(&rest, ","))
		take_word(r, d, node->place, word, key, list);
}

/* 6379 | [80, 443] | "8000-8010" | "53/udp" | "80,443" */
static void read_port_list(struct reading *r, struct draft *d, const struct yaml_node *node, const char *key,
			   struct growing *list)
{
	const struct yaml_node *fixed = fixed_node(r, d, node);

	if (!r->seen)
		r->seen = scratch_alloc(r, 2 * 65536 / 8);
	if (!r->seen)
		return;
	if (!fixed) {
		d->ports_faulty = true;
	} else if (fixed->kind == YAML_LIST) {
		for (size_t i = 0; i < fixed->count; i++)
			take_scalar(r, d, fixed->items[i], key, list);
	} else if (fixed->kind == YAML_MAP) {
		struct diagnostic *entry =
		    complain(r->list, fixed->place, "`%s` takes ports, not a map", key);
		advise(r->list, entry, "write 6379, [80, 443], \"8000-8010\" or \"53/udp\"%s",
		       strcmp(key, "ports") ? "; `portBindings` takes a map" : "");
		d->ports_faulty = true;
	} else if (!yaml_null(fixed)) {
		take_scalar(r, d, fixed, key, list);
	}
	unmark(r, list);
}

void read_open_ports(struct reading *r, struct draft *d, const struct yaml_node *node)
{
	read_port_list(r, d, node, "openPorts", &d->open_ports);
}

void read_publish(struct reading *r, struct draft *d, const struct yaml_node *node)
{
	struct growing list = {0};

	read_port_list(r, d, node, "publish", &list);
	const struct port_number *ports = list.members;
	for (size_t i = 0; i < list.count; i++)
		add_published(r, d, ports[i]);
}

/* How a name ends up in PORT_<NAME>. */
static bool same_variable(const char *a, const char *b)
{
	for (; *a && *b; a++, b++)
		if (toupper((unsigned char)*a) != toupper((unsigned char)*b) &&
		    !(strchr("-_", *a) && strchr("-_", *b)))
			return false;
	return *a == *b;
}

static bool check_port_name(struct reading *r, const struct draft *d, const struct yaml_entry *entry,
			    const struct named_port *ports, size_t count)
{
	const char *name = entry->key;
	size_t good = strspn(name, "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_-");

	(void)d;
	if (!isalpha((unsigned char)*name) || name[good]) {
		complain(r->list, entry->key_place,
			 "the port's name `%s` should be letters, digits, `-` and `_`", name);
		return false;
	}
	for (size_t i = 0; i < count; i++)
		if (same_variable(ports[i].name, name)) {
			complain(r->list, entry->key_place,
				 "the ports `%s` (line %d) and `%s` make the same variable PORT_...",
				 ports[i].name, ports[i].place.line, name);
			return false;
		}
	return true;
}

static bool read_named_port(struct reading *r, struct draft *d, const struct yaml_entry *entry,
			    struct named_port *ret)
{
	const char *text = fixed_text(r, d, entry->value, "ports");
	char *copy = text ? arena_text(r->arena, text) : NULL;
	struct named_port port = {.name = entry->key, .place = entry->value->place};

	if (!copy) {
		d->ports_faulty = true;
		return false;
	}
	bool any = !strcasecmp(copy, "auto") && (d->spec->kind == COMPONENT_PROCESS || d->software);
	if (!any && !port_range_parse(copy, &port.first, &port.last)) {
		complain_port(r, d, entry->value->place, text, "ports");
		return false;
	}
	if (d->spec->kind == COMPONENT_EXTERNAL && port.first != port.last) {
		complain(r->list, entry->value->place, "a port of an external component is one number");
		d->ports_faulty = true;
		return false;
	}
	*ret = port;
	return true;
}

/* {http: auto} of a process; 5432, [5432, 5433] or {sql: 5432} of an external component. */
void read_ports(struct reading *r, struct draft *d, const struct yaml_node *node)
{
	const struct yaml_node *map = fixed_node(r, d, node);
	bool external = d->spec->kind == COMPONENT_EXTERNAL;

	if (!map || yaml_null(map))
		return;
	if (map->kind != YAML_MAP && external) {
		read_port_list(r, d, map, "ports", &d->open_ports);
		return;
	}
	if (map->kind != YAML_MAP) {
		advise(
		    r->list,
		    complain(r->list, map->place, "`ports` of a process takes a map, not %s", kind_name(map)),
		    "write ports: {http: auto}, {http: 8080} or {http: \"8000-8100\"}");
		d->ports_faulty = true;
		return;
	}
	struct named_port *ports = reading_alloc(r, sizeof(*ports) * (map->count + 1));
	size_t count = 0;
	for (size_t i = 0; ports && i < map->count && count < RANGE_LIMIT; i++) {
		const struct yaml_entry *entry = &map->entries[i];
		if (!check_port_name(r, d, entry, ports, count) ||
		    !read_named_port(r, d, entry, &ports[count]))
			continue;
		if (external)
			add_open_port(
			    r, d,
			    (struct port_number){.port = ports[count].first, .place = ports[count].place});
		count++;
	}
	d->spec->named_ports = ports;
	d->spec->named_port_count = ports ? count : 0;
}

void read_address(struct reading *r, struct draft *d, const struct yaml_node *node)
{
	const char *text = fixed_text(r, d, node, "address");

	if (!text)
		return;
	if (!*text || strpbrk(text, " /@") || !printable(text))
		advise(r->list, complain(r->list, node->place, "`%s` is no host name or address", text),
		       "write a name or a numeric address, without scheme and path; ports go under `ports`");
	else
		d->spec->address = text;
}
