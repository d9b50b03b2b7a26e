/* balancer.c - `type: loadbalancer`: a proxy as a component like any other, with a file that is made of the
 * members that run. */
#include <string.h>

#include "base/cleanup.h"
#include "base/text.h"
#include "blueprints/component.h"

#define MINUTE_MS (60 * 1000LL)

static bool brooklyns_type(const char *type)
{
	return !strcmp(type, "org.apache.brooklyn.entity.proxy.nginx.NginxController") ||
	       !strcmp(type, "brooklyn.entity.proxy.nginx.NginxController");
}

bool balancer_type(const char *type)
{
	return !strcmp(type, "loadbalancer") || brooklyns_type(type);
}

void balancer_begin(struct reading *r, struct draft *d)
{
	const char *type = written_type(d->node);

	if (!type || !balancer_type(type) || !(d->balancer = scratch_new(r, struct balancer_draft)))
		return;
	d->balancer->brooklyns = brooklyns_type(type);
	d->balancer->spec = (struct balancer_spec){
	    .check = {.kind = CHECK_TCP, .path = "/", .interval_ms = 2000, .timeout_ms = 5000, .retries = 3},
	    .retries = 2,
	    .timeout_ms = MINUTE_MS,
	    .drain_ms = 2000};
}

/* --- as what it is placed --------------------------------------------------------------------------- */

/* On a machine it is a program of it, unless the blueprint asks for an image. */
static bool runs_as_program(const struct reading *r, const struct draft *d)
{
	return runs_on_machine(r, d) && !given_of(d, KEY_IMAGE);
}

void balancer_place(struct reading *r, struct draft *d, struct place at)
{
	static const char *const words[] = {[PROXY_NGINX] = "nginx", [PROXY_HAPROXY] = "haproxy"};
	const struct yaml_entry *proxy = given_of(d, KEY_PROXY), *image = given_of(d, KEY_IMAGE);
	struct balancer_spec *spec = &d->balancer->spec;
	int word = proxy ? fixed_word(r, d, proxy->value, proxy->key, words, COUNT_OF(words)) : PROXY_NGINX;

	spec->proxy = word < 0 ? PROXY_NGINX : (enum proxy_program)word;
	if (runs_as_program(r, d)) {
		d->spec->kind = COMPONENT_PROCESS;
		return;
	}
	d->spec->kind = COMPONENT_DOCKER;
	const char *text = image ? fixed_text(r, d, image->value, image->key) : balancer_image(spec->proxy);
	if (text)
		image_read(r, d, text, image ? image->value->place : at);
}

/* --- where it listens ------------------------------------------------------------------------------- */

void read_protocol(struct reading *r, struct draft *d, const struct yaml_node *node)
{
	static const char *const words[] = {"http", "https", "tcp"};
	int word = fixed_word(r, d, node, "protocol", words, COUNT_OF(words));

	d->balancer->secure = word == 1;
	d->balancer->spec.tcp = word == 2;
	if (d->balancer->spec.tcp)
		d->balancer->spec.timeout_ms = 60 * MINUTE_MS;
}

/* "8000+", as Brooklyn writes a range without an end; a thousand of them are enough. */
static bool open_range(char *text, struct balancer_draft *balancer)
{
	size_t length = strlen(text);

	if (!length || text[length - 1] != '+')
		return false;
	text[length - 1] = '\0';
	if (!port_parse(text, &balancer->spec.port))
		return false;
	balancer->last_port = balancer->spec.port > 65535 - 999 ? 65535 : balancer->spec.port + 999;
	return true;
}

void read_balancer_port(struct reading *r, struct draft *d, const struct yaml_node *node)
{
	const char *text = fixed_text(r, d, node, "port");
	char *copy = text ? arena_text(r->arena, text) : NULL;
	struct balancer_draft *balancer = d->balancer;

	balancer->port = node;
	d->ports_faulty = true;
	if (!copy)
		return;
	d->ports_faulty = !open_range(copy, balancer) &&
			  !port_range_parse(copy, &balancer->spec.port, &balancer->last_port);
	if (d->ports_faulty)
		advise(r->list, complain(r->list, node->place, "`%s` is no port from 1 to 65535", text),
		       "write 80, or a range of which a process takes one: \"8000-8100\"");
}

bool balancer_has_tls(const struct draft *d)
{
	return given_of(d, KEY_TLS) != NULL;
}

static const char *port_name(const struct draft *d)
{
	return d->balancer->spec.tcp ? "tcp" : balancer_has_tls(d) ? "https" : "http";
}

/* The container's one port; a binding or publication of another one would lead nowhere. */
static void open_inside(struct reading *r, struct draft *d)
{
	struct balancer_draft *balancer = d->balancer;
	uint16_t usual = balancer_has_tls(d)   ? (balancer->brooklyns ? 8443 : 443)
			 : balancer->brooklyns ? 8000
					       : 80;
	struct place at = balancer->port ? balancer->port->place : d->place;

	if (!balancer->spec.port)
		balancer->spec.port = usual;
	const struct port_number *ports = d->open_ports.members;
	for (size_t i = 0; i < d->open_ports.count; i++)
		if (ports[i].port != balancer->spec.port || ports[i].protocol != TCP)
			advise(r->list,
			       complain(r->list, ports[i].place,
					"the load balancer `%s` listens on port %d, not on %d%s", d->spec->id,
					balancer->spec.port, ports[i].port,
					ports[i].protocol == UDP ? "/udp" : ""),
			       "name %d here, or write `port: %d`", balancer->spec.port, ports[i].port);
	add_open_port(r, d, (struct port_number){.port = balancer->spec.port, .protocol = TCP, .place = at});
}

/* Those that it was given by name, else by `port`, else any. */
static void open_here(struct reading *r, struct draft *d)
{
	struct balancer_draft *balancer = d->balancer;
	const struct yaml_entry *ports = given_of(d, KEY_PORTS);
	struct named_port port = {.name = port_name(d), .place = d->place};

	if (ports && balancer->port) {
		advise(r->list,
		       complain(r->list, ports->key_place, "`ports` beside `port` (line %d)",
				balancer->port->place.line),
		       "give only one of them");
		return;
	}
	if (ports) {
		if (d->spec->named_port_count != 1)
			advise(r->list,
			       complain(r->list, ports->key_place, "a load balancer listens on one port"),
			       "write ports: {%s: auto}", port_name(d));
		return;
	}
	if (balancer->port) {
		port.first = balancer->spec.port;
		port.last = balancer->last_port;
		port.place = balancer->port->place;
	} else if (balancer->brooklyns) {
		port.first = balancer_has_tls(d) ? 8443 : 8000;
		port.last = port.first + 999;
	}
	d->spec->named_ports = kept_as(r, struct named_port, &port);
	d->spec->named_port_count = d->spec->named_ports != NULL;
}

void balancer_open(struct reading *r, struct draft *d)
{
	if (!d->balancer || !d->kind_known || d->ports_faulty)
		return;
	if (d->spec->kind == COMPONENT_DOCKER)
		open_inside(r, d);
	else
		open_here(r, d);
}

/* --- how it works ----------------------------------------------------------------------------------- */

void read_algorithm(struct reading *r, struct draft *d, const struct yaml_node *node)
{
	static const char *const words[] = {[ALGORITHM_ROUND_ROBIN] = "roundRobin",
					    [ALGORITHM_LEAST_CONNECTIONS] = "leastConnections",
					    [ALGORITHM_SOURCE] = "source"};
	int word = fixed_word(r, d, node, "algorithm", words, COUNT_OF(words));

	if (word >= 0)
		d->balancer->spec.algorithm = (enum balancer_algorithm)word;
}

void read_sticky(struct reading *r, struct draft *d, const struct yaml_node *node)
{
	static const char *const words[] = {
	    [STICKY_NONE] = "none", [STICKY_SOURCE] = "source", [STICKY_COOKIE] = "cookie"};
	int word = fixed_word(r, d, node, "sticky", words, COUNT_OF(words));

	if (word >= 0)
		d->balancer->spec.sticky = (enum balancer_sticky)word;
}

void read_member_check(struct reading *r, struct draft *d, const struct yaml_node *node)
{
	struct health_check *check = &d->balancer->spec.check;

	if (!health_read(r, d, node, "memberCheck", check))
		check->kind = CHECK_TCP;
	if (check->kind == CHECK_COMMAND)
		advise(
		    r->list,
		    complain(r->list, node->place, "a load balancer runs no command to ask its members"),
		    "write {http: {path: /}} or {tcp: {}}; the member's own `healthCheck` may be a command");
	else if (check->port || check->port_name)
		advise(r->list,
		       complain(r->list, node->place, "members are asked on the port that requests go to"),
		       "take the port away; it is said where the member is named");
	else if (check->kind == CHECK_HTTP &&
		 check->path[strspn(check->path, "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ"
						 "0123456789/-._~+@:,=%?&")])
		advise(r->list,
		       complain(r->list, node->place, "the path `%s` cannot stand in a proxy's configuration",
				check->path),
		       "write what is special in it as %%XX");
	else if (check->start_period_ms)
		advise(r->list, complain(r->list, node->place, "`memberCheck` has no `startPeriod`"),
		       "a member gets requests once its own `healthCheck` is good");
}

void read_balancer_retries(struct reading *r, struct draft *d, const struct yaml_node *node)
{
	const char *text = fixed_text(r, d, node, "retries");
	int64_t number;

	if (text && !parse_number(text, 0, 10, &number))
		complain(r->list, node->place, "`retries` is a number from 0 to 10, not `%s`", text);
	else if (text)
		d->balancer->spec.retries = (int)number;
}

static void read_span(struct reading *r, struct draft *d, const struct yaml_node *node, const char *key,
		      int64_t *ret_ms)
{
	int64_t ms = fixed_duration(r, d, node, key, 1);

	if (ms > 24 * 60 * MINUTE_MS)
		advise(r->list, complain(r->list, node->place, "`%s` is longer than a day", key),
		       "write 10s, 2m or 1h30m");
	else if (ms >= 0)
		*ret_ms = ms;
}

void read_balancer_timeout(struct reading *r, struct draft *d, const struct yaml_node *node)
{
	read_span(r, d, node, "timeout", &d->balancer->spec.timeout_ms);
}

void read_drain_timeout(struct reading *r, struct draft *d, const struct yaml_node *node)
{
	read_span(r, d, node, "drainTimeout", &d->balancer->spec.drain_ms);
}

/* --- what does not go together ---------------------------------------------------------------------- */

static void refuse(struct reading *r, const struct yaml_entry *given, const char *why, const char *remedy)
{
	advise(r->list, complain(r->list, given->key_place, "%s", why), "%s", remedy);
}

static void check_sticky(struct reading *r, const struct draft *d)
{
	const struct balancer_spec *spec = &d->balancer->spec;
	const struct yaml_entry *sticky = given_of(d, KEY_STICKY);

	if (spec->sticky == STICKY_COOKIE && spec->tcp)
		refuse(r, sticky, "`sticky: cookie` is of HTTP, not of connections",
		       "write `sticky: source`, or take `protocol: tcp` away");
	else if (spec->sticky == STICKY_COOKIE && spec->proxy == PROXY_NGINX)
		refuse(r, sticky, "nginx keeps no client with its member by a cookie",
		       "write `proxy: haproxy`, or `sticky: source`");
	else if (spec->sticky == STICKY_SOURCE && spec->algorithm == ALGORITHM_LEAST_CONNECTIONS)
		refuse(r, sticky,
		       "`sticky: source` chooses by the client's address, so that `algorithm` has no say",
		       "take one of them away");
}

static void check_together(struct reading *r, const struct draft *d)
{
	const struct balancer_spec *spec = &d->balancer->spec;

	check_sticky(r, d);
	if (spec->tcp && given_of(d, KEY_ROUTES))
		refuse(r, given_of(d, KEY_ROUTES), "`routes` go by what a request of HTTP says",
		       "write `members` alone, or take `protocol: tcp` away");
	if (d->balancer->secure && !balancer_has_tls(d))
		refuse(r, given_of(d, KEY_PROTOCOL), "`protocol: https` needs a certificate",
		       "write tls: {certificate: FILE, key: FILE}");
	if (!given_of(d, KEY_MEMBERS) && !given_of(d, KEY_ROUTES) && !r->open)
		advise(r->list,
		       complain(r->list, d->place, "the load balancer `%s` has no `members`", d->spec->id),
		       "write members: $brooklyn:component(\"id\")");
}

/* What works otherwise than one could think. */
static void warn_of_nginx(struct reading *r, const struct draft *d)
{
	const struct balancer_spec *spec = &d->balancer->spec;

	if (spec->proxy != PROXY_NGINX)
		return;
	if (given_of(d, KEY_MEMBER_CHECK))
		advise(r->list,
		       warn(r->list, given_of(d, KEY_MEMBER_CHECK)->key_place,
			    "nginx asks its members nothing by itself: of `memberCheck` only `retries` and "
			    "`interval` count, for requests that fail"),
		       "write `proxy: haproxy` for members that are asked");
	if (spec->tcp && d->spec->kind == COMPONENT_PROCESS)
		advise(r->list,
		       warn(r->list, given_of(d, KEY_PROTOCOL)->key_place,
			    "`protocol: tcp` takes a part of nginx that Debian packs by itself, and "
			    "nginx-light lacks"),
		       "apt-get install libnginx-mod-stream, or write `proxy: haproxy`");
}

/* --- the component that it becomes ------------------------------------------------------------------ */

static bool holds(const struct growing *links, size_t component)
{
	const struct link *members = links->members;

	for (size_t i = 0; i < links->count; i++)
		if (members[i].component == component)
			return true;
	return false;
}

static void link_pool(struct reading *r, struct growing *links, const struct balancer_pool *pool)
{
	for (size_t i = 0; i < pool->count; i++) {
		const struct balancer_member *member = &pool->members[i];
		struct link *link = holds(links, member->component) ? NULL : grow_new(r, links, struct link);
		if (link)
			*link = (struct link){.alias = r->drafts[member->component].spec->id,
					      .component = member->component,
					      .peer = true,
					      .place = member->place};
	}
}

/* It waits for none of them: without any it says so itself, and what links to it may be among them. */
static void link_members(struct reading *r, struct draft *d)
{
	const struct balancer_spec *spec = &d->balancer->spec;
	struct growing links = {0};

	link_pool(r, &links, &spec->members);
	for (size_t i = 0; i < spec->route_count; i++)
		link_pool(r, &links, &spec->routes[i].pool);
	d->spec->links = kept(r, &links, sizeof(*d->spec->links));
	d->spec->link_count = links.count;
}

void balancer_finish(struct reading *r, struct draft *d)
{
	if (!d->balancer || !d->kind_known)
		return;
	d->spec->reached = d->spec->kind == COMPONENT_PROCESS && runs_on_machine_elsewhere(r, d);
	check_together(r, d);
	warn_of_nginx(r, d);
	link_members(r, d);
	balancer_run(r, d);
	d->spec->balancer = kept_as(r, struct balancer_spec, &d->balancer->spec);
}
