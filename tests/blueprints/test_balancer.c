/* test_balancer.c - `type: loadbalancer`: what it becomes, and what of it does not go together. */
#include "parse.h"

static struct outcome outcome;
static const struct component_spec *spec;
static const struct balancer_spec *balancer;

static void close_all(void)
{
	close_outcome(&outcome);
}

TestSuite(balancer, .fini = close_all);

#define MEMBERS                                                                                              \
	"- {type: 'docker:x', id: web, openPorts: [80, 8080, 53/udp]}\n"                                     \
	"- {type: 'docker:x', id: api, openPorts: 8000}\n"                                                   \
	"- {type: 'docker:x', id: silent}\n"                                                                 \
	"- {type: 'docker:x', id: once, job: true, openPorts: 1}\n"                                          \
	"- {type: external, id: old, address: old.example.org, ports: 80}\n"

/* The load balancer `lb` with these lines, two columns in; they begin at line 4. */
static const char *with(const char *lines)
{
	static char text[4096];
	snprintf(text, sizeof(text), "services:\n- type: loadbalancer\n  id: lb\n%s%s%s", lines,
		 *lines ? "\n" : "", MEMBERS);
	return text;
}

static void take(const char *lines)
{
	close_outcome(&outcome);
	outcome = accepted(with(lines));
	spec = &outcome.blueprint->components[0];
	balancer = spec->balancer;
	cr_assert_not_null(balancer);
}

static void bad(const char *lines, int line, int column, const char *words, const char *remedy_words)
{
	refused(with(lines), line, column, words, remedy_words);
}

/* --- as what it is placed --------------------------------------------------------------------------- */

Test(balancer, it_is_a_container_of_nginx_with_a_file_that_is_made_for_it)
{
	take("  members: $brooklyn:component(\"web\")");
	cr_expect_eq(outcome.list.warnings, 0);
	cr_expect_eq(spec->kind, COMPONENT_DOCKER);
	cr_expect_str_eq(spec->image.familiar, "nginx:stable");
	cr_assert_eq(spec->open_port_count, 1);
	cr_expect_eq(spec->open_ports[0].port, 80);
	cr_assert_eq(spec->file_count, 1);
	cr_expect_str_eq(spec->files[0].path, "/etc/nginx/nginx.conf");
	cr_expect_eq(spec->files[0].content->kind, VALUE_BALANCER);
	cr_expect_eq(spec->on_change->kind, ON_CHANGE_COMMAND);
	cr_expect_str_eq(spec->stop_signal, "QUIT");
	cr_expect_eq(spec->stop_timeout_ms, 10000);
	cr_expect_eq(spec->health->kind, CHECK_TCP);
	cr_expect_eq(spec->health->port, 80);
	cr_expect_eq(balancer->retries, 2);
	cr_expect_eq(balancer->timeout_ms, 60000);
}

Test(balancer, or_of_haproxy)
{
	take("  proxy: haproxy\n  members: web\n  sticky: cookie\n  stopTimeout: 3s\n  memberCheck: {http: "
	     "{path: "
	     "/up, status: 204}, interval: 1s}");
	cr_expect_str_eq(spec->image.familiar, "haproxy:lts");
	cr_expect_str_eq(spec->files[0].path, "/usr/local/etc/haproxy/haproxy.cfg");
	cr_expect_eq(spec->on_change->kind, ON_CHANGE_COMMAND);
	cr_expect(strstr(spec->on_change->command.words[0].text, "\ntell 1 USR2 haproxy -c "));
	cr_expect_str_eq(spec->stop_signal, "USR1");
	cr_expect_eq(spec->stop_timeout_ms, 3000);
	cr_expect_eq(balancer->sticky, STICKY_COOKIE);
	cr_expect_eq(balancer->check.kind, CHECK_HTTP);
	cr_expect_eq(balancer->check.status, 204);
	cr_expect_eq(balancer->check.interval_ms, 1000);
}

Test(balancer, another_image_is_of_the_same_kind)
{
	take("  members: web\n  image: registry.example.org:5000/edge/nginx:7\n  port: 8080\n  portBindings: "
	     "{80: "
	     "8080}");
	cr_expect_str_eq(spec->image.familiar, "registry.example.org:5000/edge/nginx:7");
	cr_expect_eq(spec->binding_count, 1);
	cr_expect_eq(spec->open_port_count, 1);
	bad("  members: web\n  image: 'UPPER'", 5, 10, "small letters", NULL);
}

Test(balancer, on_this_machine_it_is_a_program_of_it)
{
	take("  location: localhost\n  members: web\n  ports: {front: 8080}");
	cr_expect_eq(spec->kind, COMPONENT_PROCESS);
	cr_expect_eq(spec->named_port_count, 1);
	cr_expect_str_eq(spec->files[0].path, "nginx.conf");
	cr_expect(spec->command.shell);
	cr_expect(strstr(spec->command.words[0].text, "exec nginx"));
	take("  location: localhost\n  members: web\n  proxy: haproxy\n  port: 8000-8009");
	cr_expect_str_eq(spec->named_ports[0].name, "http");
	cr_expect_eq(spec->named_ports[0].first, 8000);
	cr_expect_eq(spec->named_ports[0].last, 8009);
	cr_expect(strstr(spec->command.words[0].text, "exec haproxy -W"));
	take("  location: localhost\n  members: web");
	cr_expect_eq(spec->named_ports[0].first, 0);
	take("  location: localhost\n  members: web\n  image: nginx:1");
	cr_expect_eq(spec->kind, COMPONENT_DOCKER);
	bad("  location: localhost\n  members: web\n  port: 80\n  ports: {a: 80}", 7, 3,
	    "`ports` beside `port`", "only one");
	bad("  location: localhost\n  members: web\n  ports: {a: 80, b: 81}", 6, 3, "listens on one port",
	    "auto");
	bad("  location: localhost\n  members: web\n  portBindings: {80: 80}", 6, 3,
	    "does not go with process components", "`ports:");
}

Test(balancer, on_a_machine_elsewhere_it_is_installed_and_can_be_reached)
{
	static const char *const places[] = {"ssh:me@10.0.0.5", "{byon: {hosts: [10.0.0.5]}}"};
	static const char *const proxies[] = {"nginx", "haproxy"};

	for (size_t i = 0; i < 2; i++) {
		char text[200], words[100];
		snprintf(text, sizeof text, "  location: %s\n  members: web\n  proxy: %s", places[i],
			 proxies[i]);
		take(text);
		cr_expect_eq(spec->kind, COMPONENT_PROCESS);
		cr_expect(spec->reached);
		snprintf(words, sizeof words, "\nprovide %s",
			 i ? "haproxy haproxy\n" : "nginx nginx-light\n");
		cr_expect(strstr(spec->command.words[0].text, words));
		snprintf(words, sizeof words, "exec %s", proxies[i]);
		cr_expect(strstr(spec->command.words[0].text, words));
	}
	take("  location: localhost\n  members: web");
	cr_expect_not(spec->reached);
	cr_expect_not(strstr(spec->command.words[0].text, "\nprovide "));
}

Test(balancer, brooklyns_class_is_the_same)
{
	close_outcome(&outcome);
	outcome = accepted(
	    "services:\n"
	    "- type: org.apache.brooklyn.entity.proxy.nginx.NginxController\n"
	    "  name: LB\n"
	    "  brooklyn.config:\n"
	    "    loadbalancer.serverpool: $brooklyn:component(\"web\")\n"
	    "    proxy.http.port: 8000+\n"
	    "- {type: brooklyn.entity.proxy.nginx.NginxController, id: b, serverPool: "
	    "$brooklyn:component(\"web\")}\n"
	    "- {type: brooklyn.entity.proxy.nginx.NginxController, id: c, location: localhost, "
	    "serverPool: $brooklyn:component(\"web\")}\n"
	    "- type: cluster\n  id: web\n  initialSize: 2\n  memberSpec: {type: 'docker:x', openPorts: "
	    "80}\n"
	    "- {type: brooklyn.entity.proxy.nginx.NginxController, id: d, serverPool: web, tls: "
	    "{certificate: c, "
	    "key: k}, brooklyn.config: {proxy.protocol: https, proxy.https.port: 8444}}\n");
	const struct component_spec *all = outcome.blueprint->components;
	cr_expect_str_eq(all[0].id, "LB");
	cr_expect_eq(all[0].open_ports[0].port, 8000);
	cr_expect_eq(all[0].balancer->members.members[0].component, 3);
	cr_expect_eq(all[1].open_ports[0].port, 8000);
	cr_expect_eq(all[2].named_ports[0].first, 8000);
	cr_expect_eq(all[2].named_ports[0].last, 8999);
	cr_expect_eq(all[4].open_ports[0].port, 8444);
}

Test(balancer, one_may_be_a_clusters_member)
{
	close_outcome(&outcome);
	outcome =
	    accepted("services:\n- type: cluster\n  id: front\n  initialSize: 2\n  memberSpec:\n    type: "
		     "loadbalancer\n    members: web\n" MEMBERS);
	cr_expect(outcome.blueprint->components[0].cluster);
	cr_expect_eq(outcome.blueprint->components[0].instances, 2);
	cr_expect_not_null(outcome.blueprint->components[0].balancer);
}

Test(balancer, it_takes_what_other_components_take)
{
	take("  name: Front\n  description: of all\n  locations: [docker]\n  brooklyn.config: {stage: test}\n"
	     "  members: web\n  env: {STAGE: $brooklyn:config(\"stage\")}\n  labels: {a: b}\n  cpus: 1.5\n"
	     "  memory: 64m\n  restart: always\n  update: stop-first\n  protect: true\n  pull: always\n"
	     "  dependsOn: [api]\n  healthCheck: {http: {path: /up}}\n  policies: [restarter]\n"
	     "  enrichers: [failure-detector]\n  effectors: {show: nginx -T}\n  directPorts: 80");
	cr_expect_str_eq(spec->name, "Front");
	cr_expect_str_eq(spec->location->type, "docker");
	cr_expect_str_eq(spec->environment[0].value.text, "test");
	cr_expect_eq(spec->label_count, 1);
	cr_expect_eq(spec->nano_cpus, 1500000000);
	cr_expect_eq(spec->memory_bytes, 64 << 20);
	cr_expect_eq(spec->restart, RESTART_ALWAYS);
	cr_expect_eq(spec->update, UPDATE_STOP_FIRST);
	cr_expect(spec->protect);
	cr_expect(spec->pull_always);
	cr_expect_eq(spec->depends_on_count, 1);
	cr_expect_eq(spec->health->kind, CHECK_HTTP);
	cr_expect_eq(spec->policy_count, 2);
	cr_expect_eq(spec->effector_count, 1);
	cr_expect_eq(spec->bindings[0].host_port, 80);
	take("  members: web\n  instances: 2\n  publish: 80\n  protocol: http\n  sticky: none\n  algorithm: "
	     "roundRobin\n  drainTimeout: 3s\n  retries: 0\n  proxy: nginx");
	cr_expect_eq(spec->instances, 2);
	cr_expect_eq(spec->published_count, 1);
	cr_expect_eq(spec->stop_timeout_ms, 3000);
	cr_expect_eq(balancer->retries, 0);
	take("  members: web\n  sticky: source\n  proxy: haproxy\n  memberCheck: {tcp: {}, timeout: 1s, "
	     "retries: 5}");
	cr_expect_eq(balancer->check.timeout_ms, 1000);
	cr_expect_eq(balancer->check.retries, 5);
	take("  members: web\n  algorithm: leastConnections\n  protocol: https\n  tls: {certificate: c, key: "
	     "k}");
	cr_expect_eq(balancer->algorithm, ALGORITHM_LEAST_CONNECTIONS);
	take("  members: web\n  algorithm: source");
	cr_expect_eq(balancer->algorithm, ALGORITHM_SOURCE);
}

/* --- its members ------------------------------------------------------------------------------------ */

Test(balancer, members_are_links_that_nobody_waits_for)
{
	take("  members:\n  - $brooklyn:component(\"web\")\n  - {component: api, weight: 3}\n  - {component: "
	     "$brooklyn:component(\"old\"), port: 80}\n  routes:\n  - {path: /a, members: {component: web, "
	     "port: "
	     "8080}}");
	cr_assert_eq(balancer->members.count, 3);
	cr_expect_eq(balancer->members.members[1].weight, 3);
	cr_expect_eq(balancer->members.members[2].port, 80);
	cr_expect_eq(balancer->routes[0].pool.members[0].port, 8080);
	cr_assert_eq(spec->link_count, 3);
	for (size_t i = 0; i < spec->link_count; i++)
		cr_expect(spec->links[i].peer);
}

Test(balancer, a_member_may_link_to_it)
{
	close_outcome(&outcome);
	outcome = accepted(
	    "services:\n- {type: loadbalancer, id: lb, members: web}\n- type: docker:x\n  id: web\n  "
	    "openPorts: 80\n  links: [$brooklyn:component(\"lb\")]\n");
	cr_expect_eq(outcome.blueprint->component_count, 2);
}

Test(balancer, a_process_port_is_known_by_its_name)
{
	close_outcome(&outcome);
	outcome = accepted(
	    "services:\n- {type: loadbalancer, id: lb, location: localhost, members: {component: p, "
	    "port: admin}}\n- {type: process, id: p, command: x, ports: {http: auto, admin: auto}}\n");
	cr_expect_str_eq(outcome.blueprint->components[0].balancer->members.members[0].port_name, "admin");
}

Test(balancer, members_that_cannot_be_are_told)
{
	bad("  port: 80", 3, 7, "has no `members`", "members: $brooklyn:component");
	bad("  members: nobody", 4, 12, "no component has the id `nobody`", NULL);
	bad("  members: lb", 4, 12, "no member of itself", NULL);
	bad("  members: once", 4, 12, "is a job", NULL);
	bad("  members: silent", 4, 12, "has no port that takes connections", "`openPorts`");
	bad("  members: []", 4, 12, "`members` is empty", "component");
	bad("  members: [web, web]", 4, 18, "a member already, at line 4, column 13", NULL);
	bad("  members: {component: web, port: 81}", 4, 35, "`web` has no port `81`", "openPorts");
	bad("  members: {component: web, port: 53}", 4, 35, "`web` has no port `53`", NULL);
	bad("  members: {component: web, weight: 0}", 4, 37, "`weight` is a number from 1 to 256", NULL);
	bad("  members: {component: web, wait: no}", 4, 29, "unknown key `wait` of a member", NULL);
	bad("  members: {port: 80}", 4, 12, "names no component", "component:");
}

/* --- routes ----------------------------------------------------------------------------------------- */

Test(balancer, routes_go_by_host_and_path)
{
	take("  routes:\n  - {host: WWW.Example.org, members: web}\n  - {host: '*.example.org', path: /api/, "
	     "members: "
	     "[api]}");
	cr_assert_eq(balancer->route_count, 2);
	cr_expect_str_eq(balancer->routes[0].host, "www.example.org");
	cr_expect_str_eq(balancer->routes[0].path, "/");
	cr_expect_str_eq(balancer->routes[1].path, "/api");
	cr_expect_eq(balancer->members.count, 0);
}

Test(balancer, routes_that_cannot_be_are_told)
{
	bad("  routes: {path: /a}", 4, 11, "`routes` takes a list", NULL);
	bad("  routes:\n  - {members: web}", 5, 5, "neither host nor path", "members");
	bad("  routes:\n  - {path: /a}", 5, 5, "names no `members`", NULL);
	bad("  routes:\n  - {path: a, members: web}", 5, 12, "`a` is no path", "/api");
	bad("  routes:\n  - {path: '/a {', members: web}", 5, 12, "is no path", NULL);
	bad("  routes:\n  - {path: \"/a;}\", members: web}", 5, 12, "is no path", NULL);
	bad("  routes:\n  - {host: 'a b', members: web}", 5, 12, "`a b` is no host name", NULL);
	bad("  routes:\n  - {host: 'a.org:80', members: web}", 5, 12, "is no host name", "the port");
	bad("  routes:\n  - {path: /a, members: web}\n  - {path: /a/, members: api}", 6, 5,
	    "line 5, column 5", NULL);
	bad("  routes:\n  - {path: /a, members: web, hosts: x}", 5, 30, "unknown key `hosts`", "`host`");
}

/* --- TLS -------------------------------------------------------------------------------------------- */

Test(balancer, certificate_and_key_are_files_and_nobody_sees_them)
{
	take("  members: web\n  tls: {certificate: cert.pem, key: {secret: 'env:KEY'}}");
	cr_expect_eq(spec->open_ports[0].port, 443);
	cr_assert_eq(spec->file_count, 3);
	cr_expect_str_eq(spec->files[1].path, "/etc/nginx/tls.pem");
	cr_expect_eq(spec->files[1].content->kind, VALUE_SECRET);
	cr_expect_str_eq(spec->files[1].content->text, "file:/base/cert.pem");
	cr_expect_str_eq(spec->files[2].path, "/etc/nginx/tls.pem.key");
	cr_expect_str_eq(spec->files[2].content->text, "env:KEY");
	cr_expect_eq(spec->files[2].mode, 0600);
	cr_expect_str_eq(balancer->certificate, "/etc/nginx/tls.pem");
	take("  members: web\n  tls: {certificate: {source: c.pem}, key: $berth:secret(\"file:k.pem\")}");
	cr_expect_str_eq(spec->files[2].content->text, "file:/base/k.pem");
	bad("  members: web\n  tls: {certificate: c.pem}", 5, 8, "a certificate and its key", "key:");
	bad("  members: web\n  tls: {certificate: {sauce: c.pem}, key: k.pem}", 5, 23, "unknown key `sauce`",
	    "`source`");
	bad("  members: web\n  protocol: https", 5, 3, "needs a certificate", "tls:");
}

/* --- what does not go together ---------------------------------------------------------------------- */

Test(balancer, what_does_not_go_together_is_told_with_a_way_out)
{
	bad("  members: web\n  sticky: cookie", 5, 3, "nginx keeps no client", "`proxy: haproxy`");
	bad("  members: web\n  sticky: cookie\n  proxy: haproxy\n  protocol: tcp", 5, 3, "is of HTTP",
	    "`sticky: source`");
	bad("  members: web\n  sticky: source\n  algorithm: leastConnections", 5, 3, "has no say",
	    "take one");
	bad("  protocol: tcp\n  routes: [{path: /, members: web}]", 5, 3, "a request of HTTP",
	    "`members` alone");
	bad("  members: web\n  openPorts: 80", 5, 3, "does not go with loadbalancer components", NULL);
	bad("  members: web\n  command: x", 5, 3, "does not go with loadbalancer", NULL);
	bad("  members: web\n  portBindings: {80: 81}", 5, 18, "listens on port 80, not on 81", "`port: 81`");
	bad("  members: web\n  publish: 8080", 5, 12, "listens on port 80, not on 8080", NULL);
	bad("  members: web\n  algorithm: random", 5, 14, "`algorithm` cannot be `random`", "roundRobin");
	bad("  members: web\n  proxy: traefik", 5, 10, "`proxy` cannot be `traefik`", "haproxy");
	bad("  members: web\n  retries: 11", 5, 12, "from 0 to 10", NULL);
	bad("  members: web\n  drainTimeout: 2d", 5, 17, "`drainTimeout`", NULL);
	bad("  members: web\n  port: http", 5, 9, "`http` is no port", "8000-8100");
	bad("  members: web\n  memberCheck: {command: x}", 5, 16, "runs no command", "healthCheck");
	bad("  members: web\n  memberCheck: {tcp: {port: 80}}", 5, 16, "the port that requests go to", NULL);
	bad("  members: web\n  memberCheck: {http: {path: \"/a'b\"}}", 5, 16, "cannot stand in", "%XX");
	refused("services:\n- {type: 'docker:x', port: 80}\n", 2, 22, "does not go with docker",
		"`openPorts`");
}

Test(balancer, what_works_otherwise_than_one_could_think_is_warned_of)
{
	take("  members: web\n  memberCheck: {tcp: {}}");
	cr_assert_eq(outcome.list.warnings, 1);
	expect_words(outcome.list.first, "nginx asks its members nothing by itself", "`proxy: haproxy`");
	take("  members: web\n  location: localhost\n  protocol: tcp");
	cr_assert_eq(outcome.list.warnings, 1);
	expect_words(outcome.list.first, "nginx-light lacks", "libnginx-mod-stream");
	take("  members: web\n  protocol: tcp");
	cr_expect_eq(outcome.list.warnings, 0);
	cr_expect_eq(balancer->timeout_ms, 3600000);
}

Test(balancer, the_same_is_described_alike_and_another_otherwise)
{
	take("  members: [web, api]");
	char *before = strdup(spec->files[0].content->text);
	take("  members: [web, {component: api}]");
	cr_expect_str_eq(spec->files[0].content->text, before);
	take("  members: [web, {component: api, weight: 2}]");
	cr_expect_str_neq(spec->files[0].content->text, before);
	take("  members: [web, api]\n  timeout: 61s");
	cr_expect_str_neq(spec->files[0].content->text, before);
	free(before);
}
