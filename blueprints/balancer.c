/* balancer.c - `type: loadbalancer`: a proxy as a component like any other, with a file that is made of the
 * members that run. */
#include <string.h>

#include "base/cleanup.h"
#include "base/text.h"
#include "blueprints/component.h"

#define MINUTE_MS (60 * 1000LL)
#define STOP_MS   (10 * 1000) /* for what is under way when the proxy itself stops */

/* In a container its file may come as the command's input, so many bytes of it: in one go with being told. */
#define TAKE(file)                                                                                           \
	"m=1\n"                                                                                              \
	"if [ -n \"$berth_size\" ]; then\n"                                                                  \
	"\tcat >" file ".new && [ \"$(wc -c <" file ".new)\" -eq \"$berth_size\" ] &&\n"                     \
	"\t\tmv -f " file ".new " file " || exit 1\n"                                                        \
	"fi\n"

/* A signal that comes while the proxy is still doing what the one before told it may not be heard
 * (haproxy 2.6 loses about half of those), so it is told until another worker is there. A file that it
 * cannot read it is silent about, so it is asked (haproxy without the variables of its master, by which it
 * would take itself for one that waits). nginx tells its older workers a tenth of a second after
 * that. $m is the master. */
#define TELL(signal, name, test)                                                                             \
	"read -r before </proc/$m/task/$m/children\n"                                                        \
	"for i in 1 2 3 4 5 6 7 8; do\n"                                                                     \
	"\tkill -" signal " $m || exit 1\n"                                                                  \
	"\tfor k in 1 2 3 4 5 6 7 8 9 10 11 12 13 14 15 16 17 18 19 20; do\n"                                \
	"\t\tsleep 0.1\n"                                                                                    \
	"\t\tfor worker in $(cat /proc/$m/task/$m/children); do\n"                                           \
	"\t\t\tcase \" $before \" in *\" $worker \"*) ;; *) sleep 0.2; exit 0 ;; esac\n"                     \
	"\t\tdone\n"                                                                                         \
	"\tdone\n"                                                                                           \
	"\tsaid=$(" test " 2>&1) || { echo \"$said\" >&2; break; }\n"                                        \
	"done\n"                                                                                             \
	"echo '" name " goes on with the file of before' >&2\n"                                              \
	"exit 1"

/* On a machine elsewhere nobody else installs it; daemons of root's are not in everybody's PATH. */
#define PROVIDE                                                                                              \
	"PATH=$PATH:/usr/sbin:/sbin package=%s\n"                                                            \
	"as_root() { if [ \"$(id -u)\" = 0 ]; then \"$@\"; else sudo -n \"$@\"; fi; }\n"                     \
	"if ! command -v \"${package%%-*}\" >/dev/null; then\n"                                              \
	"\tif command -v apt-get >/dev/null; then\n"                                                         \
	"\t\tas_root apt-get update -qq\n"                                                                   \
	"\t\tas_root env DEBIAN_FRONTEND=noninteractive apt-get install -y --no-install-recommends "         \
	"\"$package\"\n"                                                                                     \
	"\telif command -v dnf >/dev/null; then as_root dnf install -y \"${package%%-*}\"\n"                 \
	"\telse as_root apk add \"${package%%-*}\"\n"                                                        \
	"\tfi >&2\n"                                                                                         \
	"fi\n"

/* What the two programs want. Both look for the key beside the certificate, where haproxy does. */
static const struct program {
	const char *image, *folder, *file; /* its configuration in a container; a process has it in its own */
	const char *const *words;          /* what a container runs */
	const char *package;               /* where a machine elsewhere lacks it */
	const char *script;                /* what a process runs */
	const char *change, *change_here;  /* what tells it of its file, in a container and of a process */
	const char *stop;                  /* the signal for an end that lets go on what is under way */
} programs[] = {
    [PROXY_NGINX] =
	{.image = "nginx:stable",
	 .folder = "/etc/nginx",
	 .file = "nginx.conf",
	 .words = (const char *const[]){"nginx", "-g", "daemon off;", NULL},
	 .package = "nginx-light",
	 /* Its workers belong to who runs it, who alone may read the folder. */
	 .script = "command -v nginx >/dev/null || { echo \"nginx is not installed here: apt-get install "
		   "nginx-light\" >&2; exit 127; }\n"
		   "[ \"$(id -u)\" != 0 ] || as=' user root;'\n"
		   "exec nginx -e stderr -p \"$PWD/\" -c \"$PWD/nginx.conf\" -g \"daemon off;$as\"",
	 .change = TAKE("/etc/nginx/nginx.conf") TELL("HUP", "nginx", "nginx -t"),
	 .change_here = "m=$(cat nginx.pid) || exit 1\n" TELL(
	     "HUP", "nginx", "nginx -t -e stderr -p \"$PWD/\" -c \"$PWD/nginx.conf\""),
	 .stop = "QUIT"},
    [PROXY_HAPROXY] = {.image = "haproxy:lts",
		       .folder = "/usr/local/etc/haproxy",
		       .file = "haproxy.cfg",
		       .words = (const char *const[]){"haproxy", "-W", "-db", "-f",
						      "/usr/local/etc/haproxy/haproxy.cfg", NULL},
		       .package = "haproxy",
		       .script =
			   "command -v haproxy >/dev/null || { echo \"haproxy is not installed here: apt-get "
			   "install haproxy\" >&2; exit 127; }\n"
			   "exec haproxy -W -db -p haproxy.pid -f haproxy.cfg",
		       .change = TAKE("/usr/local/etc/haproxy/haproxy.cfg")
			   TELL("USR2", "haproxy", "haproxy -c -f /usr/local/etc/haproxy/haproxy.cfg"),
		       .change_here = "m=$(cat haproxy.pid) || exit 1\n" TELL(
			   "USR2", "haproxy", "env -i PATH=\"$PATH\" haproxy -c -f haproxy.cfg"),
		       .stop = "USR1"},
};

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
	const char *text = image ? fixed_text(r, d, image->value, image->key) : programs[spec->proxy].image;
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

static bool has_tls(const struct draft *d)
{
	return given_of(d, KEY_TLS) != NULL;
}

static const char *port_name(const struct draft *d)
{
	return d->balancer->spec.tcp ? "tcp" : has_tls(d) ? "https" : "http";
}

/* The container's one port; a binding or publication of another one would lead nowhere. */
static void open_inside(struct reading *r, struct draft *d)
{
	struct balancer_draft *balancer = d->balancer;
	uint16_t usual = has_tls(d) ? (balancer->brooklyns ? 8443 : 443) : balancer->brooklyns ? 8000 : 80;
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
		port.first = has_tls(d) ? 8443 : 8000;
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
	if (d->balancer->secure && !has_tls(d))
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

/* In a container beside its configuration, of a process in its folder. */
static const char *path_of(struct reading *r, const struct draft *d, const char *name)
{
	const char *folder = programs[d->balancer->spec.proxy].folder;
	const char *path = d->spec->kind == COMPONENT_DOCKER ? arena_format(r->arena, "%s/%s", folder, name)
							     : arena_text(r->arena, name);

	if (!path)
		r->list->failed = true;
	return path ? path : name;
}

static void add_file(struct reading *r, struct draft *d, struct growing *files, struct file_entry entry,
		     const char *name)
{
	struct file_entry *file = grow_new(r, files, struct file_entry);

	entry.path = path_of(r, d, name);
	add_key_place(r, d, arena_format(r->arena, "files.%s", entry.path), entry.place);
	if (file)
		*file = entry;
}

static void put_files(struct reading *r, struct draft *d)
{
	struct balancer_draft *balancer = d->balancer;
	const struct yaml_entry *members = given_of(d, KEY_MEMBERS) ?: given_of(d, KEY_ROUTES);
	struct place at = members ? members->key_place : d->place;
	struct growing files = {0};

	if (has_tls(d))
		balancer->spec.certificate = path_of(r, d, "tls.pem");
	struct value made = {.kind = VALUE_BALANCER,
			     .place = at,
			     .text = balancer_described(r, &balancer->spec),
			     .component = NO_COMPONENT};
	add_file(r, d, &files,
		 (struct file_entry){.content = kept_as(r, struct value, &made), .mode = 0644, .place = at},
		 programs[balancer->spec.proxy].file);
	if (has_tls(d)) {
		add_file(r, d, &files, balancer->certificate, "tls.pem");
		add_file(r, d, &files, balancer->key, "tls.pem.key");
	}
	add_key_place(r, d, "files", at); /* who its members are is told by the file alone */
	d->spec->files = kept(r, &files, sizeof(*d->spec->files));
	d->spec->file_count = files.count;
}

static void put_words(struct reading *r, const struct draft *d, const char *const *words, bool shell,
		      struct command *ret)
{
	size_t count = 0;

	while (words[count])
		count++;
	struct value *values = reading_alloc(r, sizeof(*values) * count);
	for (size_t i = 0; values && i < count; i++)
		values[i] = (struct value){
		    .kind = VALUE_TEXT, .place = d->place, .text = words[i], .component = NO_COMPONENT};
	*ret = (struct command){
	    .given = true, .shell = shell, .words = values, .count = values ? count : 0, .place = d->place};
}

static void put_commands(struct reading *r, struct draft *d)
{
	const struct program *program = &programs[d->balancer->spec.proxy];
	bool here = d->spec->kind == COMPONENT_PROCESS;
	const char *const script[] = {
	    d->spec->reached ? arena_format(r->arena, PROVIDE "%s", program->package, program->script)
			     : program->script,
	    NULL};
	const char *telling = here ? program->change_here : program->change;
	const char *const told[] = {
	    d->spec->reached ? arena_format(r->arena, "PATH=$PATH:/usr/sbin:/sbin\n%s", telling) : telling,
	    NULL};
	r->list->failed |= !script[0] || !told[0];
	struct on_change change = {.kind = ON_CHANGE_COMMAND};

	put_words(r, d, here ? script : program->words, here, &d->spec->command);
	put_words(r, d, told, true, &change.command);
	d->spec->on_change = kept_as(r, struct on_change, &change) ?: d->spec->on_change;
}

/* It answers when its port does: what its members answer is not its own. */
static void put_life(struct reading *r, struct draft *d)
{
	const struct program *program = &programs[d->balancer->spec.proxy];
	struct component_spec *spec = d->spec;
	struct health_check health = {.kind = CHECK_TCP,
				      .port = spec->kind == COMPONENT_DOCKER ? d->balancer->spec.port : 0,
				      .path = "/",
				      .interval_ms = 2000,
				      .timeout_ms = 5000,
				      .retries = 3,
				      .place = d->place};

	if (!given_of(d, KEY_HEALTH_CHECK))
		spec->health = kept_as(r, struct health_check, &health) ?: spec->health;
	spec->stop_signal = program->stop;
	if (!given_of(d, KEY_STOP_TIMEOUT))
		spec->stop_timeout_ms = given_of(d, KEY_DRAIN_TIMEOUT) ? d->balancer->spec.drain_ms : STOP_MS;
}

void balancer_finish(struct reading *r, struct draft *d)
{
	if (!d->balancer || !d->kind_known)
		return;
	d->spec->reached = d->spec->kind == COMPONENT_PROCESS && runs_on_machine_elsewhere(r, d);
	check_together(r, d);
	warn_of_nginx(r, d);
	link_members(r, d);
	put_files(r, d);
	put_commands(r, d);
	put_life(r, d);
	d->spec->balancer = kept_as(r, struct balancer_spec, &d->balancer->spec);
}
