/* test_proxy.c - the files of nginx and haproxy: what they say, that the programs read them, and that nothing
 * from outside gets into them that could be read as more than it is. */
#include <criterion/criterion.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "engine/proxy.h"

static const struct health_check usual = {
    .kind = CHECK_TCP, .path = "/", .interval_ms = 2000, .timeout_ms = 5000, .retries = 3};
static const struct proxy_member three[] = {{"web.1", "10.0.0.1", 80, 1, false},
					    {"web.2", "10.0.0.2", 80, 1, false},
					    {"web.3", "fd00::3", 80, 5, false}};
static const struct proxy_pool members = {"members", three, 3};

static struct proxy_config config_of(const struct proxy_pool *pools, size_t count)
{
	return (struct proxy_config){.port = 80,
				     .pools = pools,
				     .pool_count = count,
				     .check = &usual,
				     .retries = 2,
				     .timeout_ms = 60000};
}

typedef int renderer(const struct proxy_config *, struct text *, struct error *);

static char *text_of(renderer *render, const struct proxy_config *config)
{
	struct text text = {0};
	struct error err = {0};
	cr_assert_eq(render(config, &text, &err), 0, "%s", err.text);
	return text_take(&text);
}

static void says(const char *text, const char *words)
{
	cr_expect_not_null(strstr(text, words), "no `%s` in\n%s", words, text);
}

static void does_not_say(const char *text, const char *words)
{
	cr_expect_null(strstr(text, words), "`%s` in\n%s", words, text);
}

Test(proxy, a_stand_in_has_a_line_of_numbers_and_says_what_to_do_about_names)
{
	static const struct proxy_member named = {"web.1", "agent7", 31000, 1, false};
	static const struct proxy_pool there = {"members", &named, 1};
	owned_text line = {0}, none = {0};
	struct error err = {0};
	cr_assert_eq(proxy_relay("127.64.0.1", 80, &members, &line, &err), 0, "%s", err.text);
	cr_expect_str_eq(text_view(&line), "127.64.0.1:80 10.0.0.1:80 10.0.0.2:80 [fd00::3]:80\n");
	cr_assert_eq(proxy_relay(NULL, 80, &there, &none, &err), -1);
	cr_expect_not_null(strstr(err.text, "`agent7`"), "%s", err.text);
	cr_expect_not_null(strstr(err.remedy, "hosts: {agent7: ADDRESS}"), "%s", err.remedy);
}

/* --- whether the programs read it -------------------------------------------------------------------- */

static bool there_is(const char *program)
{
	char path[64];
	snprintf(path, sizeof path, "/usr/sbin/%s", program);
	return access(path, X_OK) == 0;
}

static void write_text(const char *folder, const char *name, const char *text)
{
	owned_text path = {0};
	text_format(&path, "%s/%s", folder, name);
	FILE *file = fopen(text_view(&path), "w");
	cr_assert_not_null(file);
	fputs(text, file);
	fclose(file);
}

static int run(const char *command)
{
	int status = system(command);
	return WIFEXITED(status) ? WEXITSTATUS(status) : -1;
}

/* In a folder of its own, where a process would be. */
static void program_reads(const char *program, renderer *render, const struct proxy_config *from)
{
	bool nginx = strcmp(program, "nginx") == 0;
	struct proxy_config config = *from;
	char folder[] = "/tmp/berth-proxy.XXXXXX", command[512];
	if (!there_is(program))
		return;
	config.own_folder = true;
	owned_memory char *text = text_of(render, &config);
	cr_assert_not_null(mkdtemp(folder));
	write_text(folder, "proxy.conf", text);
	if (config.certificate) {
		snprintf(
		    command, sizeof command,
		    "openssl req -x509 -newkey rsa:2048 -nodes -subj /CN=x -days 1 -keyout %s/%s.key -out "
		    "%s/%s 2>/dev/null",
		    folder, config.certificate, folder, config.certificate);
		cr_assert_eq(run(command), 0);
	}
	if (nginx)
		snprintf(command, sizeof command,
			 "/usr/sbin/nginx -e stderr -t -p %s/ -c %s/proxy.conf >%s/out 2>&1", folder, folder,
			 folder);
	else
		snprintf(command, sizeof command, "cd %s && /usr/sbin/haproxy -c -f proxy.conf >%s/out 2>&1",
			 folder, folder);
	int code = run(command);
	char said[2048] = "";
	snprintf(command, sizeof command, "%s/out", folder);
	FILE *out = fopen(command, "r");
	if (out) {
		said[fread(said, 1, sizeof said - 1, out)] = '\0';
		fclose(out);
	}
	snprintf(command, sizeof command, "rm -rf %s", folder);
	run(command);
	cr_expect_eq(code, 0, "%s\n%s", said, text);
	cr_expect_null(strstr(said, "[emerg]"), "%s", said);
	cr_expect_null(strstr(said, "ALERT"), "%s", said);
	cr_expect_null(strcasestr(said, "deprecated"), "%s", said);
}

static void both_read(const struct proxy_config *config)
{
	if (config->sticky != STICKY_COOKIE)
		program_reads("nginx", proxy_nginx, config);
	program_reads("haproxy", proxy_haproxy, config);
}

/* --- HTTP ------------------------------------------------------------------------------------------- */

Test(proxy, members_stand_in_their_order_with_their_weights)
{
	struct proxy_config config = config_of(&members, 1);
	owned_memory char *nginx = text_of(proxy_nginx, &config);
	owned_memory char *haproxy = text_of(proxy_haproxy, &config);
	says(nginx, "\t\tserver 10.0.0.1:80 max_fails=3 fail_timeout=2s; # web.1\n\t\tserver 10.0.0.2:80");
	says(nginx, "server [fd00::3]:80 weight=5");
	says(haproxy,
	     "\tserver web.1 10.0.0.1:80 weight 1\n\tserver web.2 10.0.0.2:80 weight 1\n\tserver web.3 "
	     "[fd00::3]:80 weight 5\n");
	both_read(&config);
}

Test(proxy, what_members_are_told_and_what_is_tried_again)
{
	struct proxy_config config = config_of(&members, 1);
	owned_memory char *nginx = text_of(proxy_nginx, &config);
	owned_memory char *haproxy = text_of(proxy_haproxy, &config);
	says(nginx, "keepalive 64;");
	says(nginx, "proxy_set_header X-Forwarded-For $proxy_add_x_forwarded_for;");
	says(nginx, "proxy_set_header Upgrade $http_upgrade;");
	says(nginx,
	     "proxy_next_upstream error timeout invalid_header http_502;\n\tproxy_next_upstream_tries 3;");
	does_not_say(nginx, "non_idempotent");
	says(haproxy, "retries 2\n\toption redispatch 1\n");
	says(haproxy, "retry-on conn-failure empty-response");
	says(haproxy, "http-request disable-l7-retry unless repeatable");
	says(haproxy, "option forwardfor");
	config.retries = 0;
	owned_memory char *once = text_of(proxy_nginx, &config);
	says(once, "proxy_next_upstream off;");
	both_read(&config);
}

Test(proxy, the_only_member_is_never_given_up_by_nginx)
{
	const struct proxy_pool one = {"members", three, 1};
	struct proxy_config config = config_of(&one, 1);
	owned_memory char *text = text_of(proxy_nginx, &config);
	says(text, "server 10.0.0.1:80 max_fails=0;");
	both_read(&config);
}

Test(proxy, one_that_drains_gets_nothing_new_while_another_one_is_there)
{
	struct proxy_member some[] = {three[0], three[1]};
	const struct proxy_pool pool = {"members", some, 2};
	struct proxy_config config = config_of(&pool, 1);
	some[0].draining = true;
	owned_memory char *nginx = text_of(proxy_nginx, &config);
	owned_memory char *haproxy = text_of(proxy_haproxy, &config);
	does_not_say(nginx, "10.0.0.1");
	does_not_say(haproxy, "10.0.0.1");
	says(nginx, "10.0.0.2:80 max_fails=0;");
	some[1].draining = true;
	owned_memory char *all = text_of(proxy_nginx, &config);
	says(all, "10.0.0.1");
	says(all, "10.0.0.2");
}

Test(proxy, without_a_member_it_says_that_it_is_unavailable)
{
	const struct proxy_pool none = {"members", NULL, 0};
	struct proxy_config config = config_of(&none, 1);
	owned_memory char *nginx = text_of(proxy_nginx, &config);
	says(nginx, "location / { return 503; }");
	does_not_say(nginx, "upstream members");
	both_read(&config);
}

/* --- which goes where ------------------------------------------------------------------------------- */

static const struct proxy_pool pools[] = {
    {"route-1", three, 1}, {"route-2", three, 2}, {"route-3", NULL, 0}, {"members", three, 3}};
static const struct proxy_route routes[] = {{NULL, "/api", 0},
					    {NULL, "/api/v2", 1},
					    {"www.example.org", "/api", 2},
					    {"*.example.org", "/", 1},
					    {"*.a.example.org", "/x", 2}};

static struct proxy_config routed(void)
{
	struct proxy_config config = config_of(pools, COUNT_OF(pools));
	config.routes = routes;
	config.route_count = COUNT_OF(routes);
	config.fallback = 3;
	return config;
}

Test(proxy, hosts_by_name_go_before_those_by_their_ends_and_long_paths_before_short_ones)
{
	struct proxy_config config = routed();
	owned_arena room = {0};
	const struct proxy_host *hosts = NULL;
	size_t count = 0;
	cr_assert_eq(proxy_hosts(&room, &config, &hosts, &count), 0);
	cr_assert_eq(count, 4);
	cr_expect_str_eq(hosts[0].name, "www.example.org");
	cr_expect_str_eq(hosts[1].name, "*.a.example.org");
	cr_expect_str_eq(hosts[2].name, "*.example.org");
	cr_expect_null(hosts[3].name);
	/* Its own route takes all below it, those for any host the rest. */
	cr_assert_eq(hosts[0].count, 1);
	cr_expect_eq(hosts[0].routes[0]->pool, 2);
	cr_expect_eq(hosts[0].rest, 3);
	cr_assert_eq(hosts[1].count, 3);
	cr_expect_str_eq(hosts[1].routes[0]->path, "/api/v2");
	cr_expect_eq(hosts[2].count, 0);
	cr_expect_eq(hosts[2].rest, 1);
	cr_assert_eq(hosts[3].count, 2);
	cr_expect_str_eq(hosts[3].routes[0]->path, "/api/v2");
	cr_expect_str_eq(hosts[3].routes[1]->path, "/api");
}

Test(proxy, a_route_takes_a_whole_part_of_the_path)
{
	struct proxy_config config = routed();
	owned_memory char *nginx = text_of(proxy_nginx, &config);
	owned_memory char *haproxy = text_of(proxy_haproxy, &config);
	says(nginx, "\t\tlocation = /api { proxy_pass http://route-1; }\n\t\tlocation /api/ { proxy_pass "
		    "http://route-1; }\n");
	says(nginx, "server_name *.example.org;\n\t\tlocation / { proxy_pass http://route-2; }");
	says(nginx, "listen 80 default_server;");
	says(haproxy, "use_backend route-3 if host-1 { path /api }\n\tuse_backend route-3 if host-1 { "
		      "path_beg /api/ }\n");
	says(haproxy, "acl host-3 req.hdr(host),host_only -i -m end .example.org\n");
	both_read(&config);
	config.fallback = NO_POOL;
	owned_memory char *lost = text_of(proxy_nginx, &config);
	says(lost, "location / { return 404; }");
	both_read(&config);
}

/* --- the rest of it --------------------------------------------------------------------------------- */

Test(proxy, every_way_to_choose_a_member_is_read)
{
	for (int algorithm = ALGORITHM_ROUND_ROBIN; algorithm <= ALGORITHM_SOURCE; algorithm++)
		for (int sticky = STICKY_NONE; sticky <= STICKY_COOKIE; sticky++) {
			struct proxy_config config = config_of(&members, 1);
			config.algorithm = (enum balancer_algorithm)algorithm;
			config.sticky = (enum balancer_sticky)sticky;
			both_read(&config);
		}
}

Test(proxy, members_are_asked_by_haproxy)
{
	const struct health_check http = {.kind = CHECK_HTTP,
					  .path = "/up?x=1",
					  .status = 204,
					  .interval_ms = 500,
					  .timeout_ms = 1000,
					  .retries = 2};
	struct proxy_config config = config_of(&members, 1);
	config.check = &http;
	owned_memory char *text = text_of(proxy_haproxy, &config);
	says(text, "http-check send meth GET uri /up?x=1");
	says(text, "http-check expect status 204");
	says(text, "default-server check inter 500ms fall 2 rise 1");
	says(text, "observe layer4 error-limit 2 on-error mark-down");
	both_read(&config);
}

Test(proxy, tls_ends_here)
{
	struct proxy_config config = config_of(&members, 1);
	config.certificate = "tls.pem";
	config.port = 8443;
	config.address = "127.0.0.1";
	owned_memory char *nginx = text_of(proxy_nginx, &config);
	owned_memory char *haproxy = text_of(proxy_haproxy, &config);
	says(nginx, "listen 127.0.0.1:8443 ssl default_server;");
	says(nginx, "ssl_certificate_key tls.pem.key;");
	says(haproxy, "bind 127.0.0.1:8443 ssl crt tls.pem\n");
	says(haproxy, "X-Forwarded-Proto https");
	both_read(&config);
}

Test(proxy, connections_are_closed_where_nobody_takes_them)
{
	const struct proxy_pool none = {"members", NULL, 0};
	struct proxy_config config = config_of(&members, 1);
	config.tcp = true;
	owned_memory char *nginx = text_of(proxy_nginx, &config);
	owned_memory char *haproxy = text_of(proxy_haproxy, &config);
	says(nginx, "stream {\n");
	says(nginx, "proxy_pass members;");
	does_not_say(nginx, "http {");
	says(haproxy, "mode tcp");
	program_reads("haproxy", proxy_haproxy, &config);
	config.module = "/usr/lib/nginx/modules/ngx_stream_module.so";
	if (access(config.module, R_OK) == 0)
		program_reads("nginx", proxy_nginx, &config);
	config.pools = &none;
	owned_memory char *empty = text_of(proxy_nginx, &config);
	says(empty, "return \"\";");
	program_reads("haproxy", proxy_haproxy, &config);
	if (access(config.module, R_OK) == 0)
		program_reads("nginx", proxy_nginx, &config);
}

Test(proxy, a_limit_in_processors_is_one_of_workers)
{
	struct proxy_config config = config_of(&members, 1);
	config.workers = 2;
	owned_memory char *nginx = text_of(proxy_nginx, &config);
	owned_memory char *haproxy = text_of(proxy_haproxy, &config);
	says(nginx, "worker_processes 2;");
	says(haproxy, "nbthread 2");
	both_read(&config);
}

Test(proxy, the_same_has_the_same_text)
{
	struct proxy_config config = routed();
	owned_memory char *one = text_of(proxy_nginx, &config), *other = text_of(proxy_nginx, &config);
	cr_expect_str_eq(one, other);
}

/* --- what comes from outside ------------------------------------------------------------------------ */

static void both_refuse(const struct proxy_config *config, const char *words)
{
	renderer *const renderers[] = {proxy_nginx, proxy_haproxy};
	for (size_t i = 0; i < COUNT_OF(renderers); i++) {
		owned_text text = {0};
		struct error err = {0};
		cr_expect_eq(renderers[i](config, &text, &err), -1, "%s", text_view(&text));
		cr_expect_eq(err.code, ERR_INVALID);
		cr_expect(strstr(err.text, words), "%s", err.text);
		cr_expect_eq(text.length, 0);
	}
}

Test(proxy, nothing_gets_into_the_text_that_could_be_read_as_more_than_one_word)
{
	static const char *const words[] = {"a b",  "a\nb",  "a;b",       "a{b",  "a}b", "a\"b",
					    "a'b",  "a\\b",  "a#b",       "a$b",  "",    " ",
					    "a\tb", "a\x01", "a\xc3\xa9", "a%[b]"};
	for (size_t i = 0; i < COUNT_OF(words); i++) {
		struct proxy_member member = three[0];
		struct proxy_pool pool = {"members", &member, 1};
		struct proxy_route route = {NULL, "/", 0};
		struct health_check check = usual;
		char path[16];
		snprintf(path, sizeof path, "%s%s", *words[i] ? "/" : "", words[i]);
		struct proxy_config config = config_of(&pool, 1);
		config.routes = &route;
		config.route_count = 1;
		member.address = words[i];
		both_refuse(&config, "the address");
		member = three[0];
		member.name = words[i];
		both_refuse(&config, "the member");
		member = three[0];
		pool.name = words[i];
		both_refuse(&config, "the pool");
		pool.name = "members";
		route.host = words[i];
		both_refuse(&config, "the host");
		route.host = NULL;
		route.path = path;
		both_refuse(&config, "the path");
		route.path = "/";
		config.certificate = words[i];
		both_refuse(&config, "the file");
		config.certificate = NULL;
		check.kind = CHECK_HTTP;
		check.path = path;
		config.check = &check;
		both_refuse(&config, "the path");
		config.check = &usual;
		config.address = words[i];
		both_refuse(&config, "the address");
	}
}

Test(proxy, a_pool_that_there_is_not_is_refused)
{
	struct proxy_config config = config_of(&members, 1);
	config.fallback = 1;
	both_refuse(&config, "a pool");
}
