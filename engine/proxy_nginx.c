/* proxy_nginx.c - a proxy as nginx is told of it. */
#include <string.h>

#include "base/cleanup.h"
#include "engine/proxy.h"

#define CONNECT_SECONDS 2
#define IDLE_SECONDS    4 /* less than the shortest time after which usual servers close what is idle */

static long long seconds(int64_t ms)
{
	return ms > 1000 ? (ms + 999) / 1000 : 1;
}

static void put_main(struct text *to, const struct proxy_config *config)
{
	if (config->module)
		text_format(to, "load_module %s;\n", config->module);
	if (config->workers)
		text_format(to, "worker_processes %u;\n", config->workers);
	else
		text_add(to, "worker_processes auto;\n");
	/* What a reload leaves behind serves its last long connection, but not for ever. */
	text_add(to, "worker_rlimit_nofile 16384;\n"
		     "worker_shutdown_timeout 1h;\n"
		     "error_log stderr warn;\n");
	if (config->own_folder)
		text_add(to, "pid nginx.pid;\n");
	text_add(to, "events {\n\tworker_connections 8192;\n}\n");
}

/* One alone is never given up: there would be nobody. */
static void put_server(struct text *to, const struct proxy_config *config, const struct proxy_pool *pool,
		       const struct proxy_member *member)
{
	text_add(to, "\t\tserver ");
	proxy_put_address(to, member);
	if (member->weight > 1)
		text_format(to, " weight=%u", member->weight);
	if (proxy_takers(pool) == 1)
		text_add(to, " max_fails=0");
	else
		text_format(to, " max_fails=%d fail_timeout=%llds", config->check->retries,
			    seconds(config->check->interval_ms));
	text_format(to, "; # %s\n", member->name);
}

static void put_upstream(struct text *to, const struct proxy_config *config, const struct proxy_pool *pool)
{
	bool source = config->sticky == STICKY_SOURCE || config->algorithm == ALGORITHM_SOURCE;
	if (!pool->count)
		return;
	text_format(to, "\tupstream %s {\n\t\tzone %s 1m;\n", pool->name, pool->name);
	if (source)
		text_add(to, "\t\thash $remote_addr consistent;\n");
	else if (config->algorithm == ALGORITHM_LEAST_CONNECTIONS)
		text_add(to, "\t\tleast_conn;\n");
	for (size_t i = 0; i < pool->count; i++)
		if (proxy_takes(pool, &pool->members[i]))
			put_server(to, config, pool, &pool->members[i]);
	if (!config->tcp)
		text_format(to,
			    "\t\tkeepalive 64;\n\t\tkeepalive_requests 100000;\n\t\tkeepalive_timeout %ds;\n",
			    IDLE_SECONDS);
	text_add(to, "\t}\n");
}

static void put_listen(struct text *to, const struct proxy_config *config, const char *more)
{
	text_add(to, "\t\tlisten ");
	if (config->address)
		text_format(to, strchr(config->address, ':') ? "[%s]:" : "%s:", config->address);
	text_format(to, "%u%s%s;\n", config->port, config->certificate ? " ssl" : "", more);
	if (config->certificate)
		text_format(to,
			    "\t\tssl_certificate %s;\n\t\tssl_certificate_key %s.key;\n"
			    "\t\tssl_protocols TLSv1.2 TLSv1.3;\n\t\tssl_session_cache shared:tls:4m;\n",
			    config->certificate, config->certificate);
}

/* --- HTTP ------------------------------------------------------------------------------------------- */

static void put_http_settings(struct text *to, const struct proxy_config *config)
{
	static const char *const temporary[] = {"client_body", "proxy", "fastcgi", "uwsgi", "scgi"};
	long long timeout = seconds(config->timeout_ms);
	for (size_t i = 0; config->own_folder && i < COUNT_OF(temporary); i++)
		text_format(to, "\t%s_temp_path %s;\n", temporary[i], temporary[i]);
	/* How large a body may be, and how it comes, is between the client and the member. A connection of a
	 * client takes one request: those that wait for another one are closed when nginx is told of its
	 * file, and a request that is on its way just then would be lost. */
	text_add(to, "\taccess_log off;\n"
		     "\tserver_tokens off;\n"
		     "\tserver_names_hash_bucket_size 512;\n"
		     "\tclient_max_body_size 0;\n"
		     "\tkeepalive_timeout 0;\n"
		     "\tmap $http_upgrade $connection_onwards {\n\t\tdefault upgrade;\n\t\t\"\" \"\";\n\t}\n"
		     "\tproxy_http_version 1.1;\n"
		     "\tproxy_buffering off;\n"
		     "\tproxy_set_header Host $http_host;\n"
		     "\tproxy_set_header Upgrade $http_upgrade;\n"
		     "\tproxy_set_header Connection $connection_onwards;\n"
		     "\tproxy_set_header X-Real-IP $remote_addr;\n"
		     "\tproxy_set_header X-Forwarded-For $proxy_add_x_forwarded_for;\n"
		     "\tproxy_set_header X-Forwarded-Host $http_host;\n"
		     "\tproxy_set_header X-Forwarded-Proto $scheme;\n");
	text_format(
	    to, "\tproxy_connect_timeout %ds;\n\tproxy_read_timeout %llds;\n\tproxy_send_timeout %llds;\n",
	    CONNECT_SECONDS, timeout, timeout);
	/* Of what was sent already only what may be repeated; and after a silence as long as that, nothing.
	 */
	if (config->retries)
		text_format(to,
			    "\tproxy_next_upstream error timeout invalid_header http_502;\n"
			    "\tproxy_next_upstream_tries %d;\n\tproxy_next_upstream_timeout %llds;\n",
			    config->retries + 1, timeout);
	else
		text_add(to, "\tproxy_next_upstream off;\n");
}

static void put_answer(struct text *to, const struct proxy_config *config, size_t pool)
{
	if (pool == NO_POOL)
		text_add(to, "return 404;");
	else if (!config->pools[pool].count)
		text_add(to, "return 503;");
	else
		text_format(to, "proxy_pass http://%s;", config->pools[pool].name);
}

static void put_host(struct text *to, const struct proxy_config *config, const struct proxy_host *host)
{
	text_add(to, "\tserver {\n");
	put_listen(to, config, host->name ? "" : " default_server");
	if (host->name)
		text_format(to, "\t\tserver_name %s;\n", host->name);
	for (size_t i = 0; i < host->count; i++) {
		const struct proxy_route *route = host->routes[i];
		text_format(to, "\t\tlocation = %s { ", route->path);
		put_answer(to, config, route->pool);
		text_format(to, " }\n\t\tlocation %s/ { ", route->path);
		put_answer(to, config, route->pool);
		text_add(to, " }\n");
	}
	text_add(to, "\t\tlocation / { ");
	put_answer(to, config, host->rest);
	text_add(to, " }\n\t}\n");
}

static int put_http(struct text *to, const struct proxy_config *config)
{
	owned_arena room = {0};
	const struct proxy_host *hosts = NULL;
	size_t count = 0;
	if (proxy_hosts(&room, config, &hosts, &count))
		return -1;
	text_add(to, "http {\n");
	put_http_settings(to, config);
	for (size_t i = 0; i < config->pool_count; i++)
		put_upstream(to, config, &config->pools[i]);
	for (size_t i = 0; i < count; i++)
		put_host(to, config, &hosts[i]);
	text_add(to, "}\n");
	return 0;
}

/* --- connections ------------------------------------------------------------------------------------ */

static void put_stream(struct text *to, const struct proxy_config *config)
{
	const struct proxy_pool *pool = config->fallback == NO_POOL ? NULL : &config->pools[config->fallback];
	text_add(to, "stream {\n");
	if (pool)
		put_upstream(to, config, pool);
	text_add(to, "\tserver {\n");
	put_listen(to, config, "");
	if (!pool || !pool->count) {
		text_add(to, "\t\treturn \"\";\n\t}\n}\n");
		return;
	}
	text_format(to, "\t\tproxy_pass %s;\n\t\tproxy_connect_timeout %ds;\n\t\tproxy_timeout %llds;\n",
		    pool->name, CONNECT_SECONDS, seconds(config->timeout_ms));
	text_add(to, "\t\tproxy_socket_keepalive on;\n\t\ttcp_nodelay on;\n");
	if (config->retries)
		text_format(to, "\t\tproxy_next_upstream_tries %d;\n", config->retries + 1);
	else
		text_add(to, "\t\tproxy_next_upstream off;\n");
	text_add(to, "\t}\n}\n");
}

int proxy_nginx(const struct proxy_config *config, struct text *to, struct error *err)
{
	if (proxy_check(config, err))
		return -1;
	if (config->sticky == STICKY_COOKIE)
		return fail(err, ERR_UNSUPPORTED, "nginx keeps no client with its member by a cookie");
	text_add(to, "# Made by berth, and made anew when a member comes or goes.\n");
	put_main(to, config);
	int result = 0;
	if (config->tcp)
		put_stream(to, config);
	else
		result = put_http(to, config);
	return result || to->failed ? fail_memory(err) : 0;
}
