/* proxy_haproxy.c - a proxy as haproxy is told of it. */
#include <string.h>

#include "base/cleanup.h"
#include "engine/proxy.h"

#define NOWHERE "nowhere"

static void put_global(struct text *to, const struct proxy_config *config)
{
	/* Not as many as the limit on files allows: some engines have none. What a reload leaves behind
	 * serves its last long connection, but not for ever. */
	text_add(to, "global\n"
		     "\tlog stdout format raw local0 notice\n"
		     "\tmaxconn 8192\n"
		     "\tno strict-limits\n"
		     "\thard-stop-after 1h\n");
	if (config->workers)
		text_format(to, "\tnbthread %u\n", config->workers);
	if (config->certificate)
		text_add(to, "\tssl-default-bind-options ssl-min-ver TLSv1.2\n");
}

static void put_defaults(struct text *to, const struct proxy_config *config)
{
	long long timeout = config->timeout_ms;
	text_format(to, "defaults\n\tmode %s\n\tlog global\n\toption dontlognull\n",
		    config->tcp ? "tcp" : "http");
	text_format(to, "\ttimeout connect 2s\n\ttimeout client %lldms\n\ttimeout server %lldms\n", timeout,
		    timeout);
	/* On another member each time. */
	text_format(to, "\tretries %d\n\toption redispatch 1\n", config->retries);
	if (config->tcp) {
		text_add(to, "\toption clitcpka\n\toption srvtcpka\n");
		return;
	}
	text_add(to, "\ttimeout tunnel 1h\n"
		     "\ttimeout http-request 60s\n"
		     "\ttimeout http-keep-alive 65s\n"
		     "\toption idle-close-on-response\n"
		     "\toption forwardfor\n");
	if (config->retries)
		text_add(to, "\tretry-on conn-failure empty-response junk-response 502\n");
}

static void put_entrance(struct text *to, const struct proxy_config *config)
{
	text_add(to, "frontend entrance\n\tbind ");
	if (config->address && strchr(config->address, ':'))
		text_format(to, "[%s]", config->address);
	else
		text_add(to, config->address ? config->address : "");
	text_format(to, ":%u", config->port);
	if (config->certificate)
		text_format(to, " ssl crt %s", config->certificate);
	text_add_char(to, '\n');
	if (config->tcp)
		return;
	/* Of what was sent already only what may be repeated. */
	text_add(
	    to,
	    "\tacl repeatable method GET HEAD OPTIONS TRACE PUT DELETE\n"
	    "\thttp-request disable-l7-retry unless repeatable\n"
	    "\thttp-request set-header X-Real-IP %[src]\n"
	    "\thttp-request set-header X-Forwarded-Host %[req.hdr(host)] if { req.hdr(host) -m found }\n");
	text_format(to, "\thttp-request set-header X-Forwarded-Proto %s\n",
		    config->certificate ? "https" : "http");
}

static const char *pool_name(const struct proxy_config *config, size_t pool)
{
	return pool == NO_POOL ? NOWHERE : config->pools[pool].name;
}

/* The first that fits takes it: each host ends with what takes all of its own. */
static void put_host(struct text *to, const struct proxy_config *config, const struct proxy_host *host,
		     size_t number)
{
	owned_text only = {0};
	if (host->name) {
		bool wild = *host->name == '*';
		text_format(&only, "host-%zu ", number);
		text_format(to, "\tacl host-%zu req.hdr(host),host_only -i %s%s\n", number,
			    wild ? "-m end " : "", wild ? host->name + 1 : host->name);
	}
	to->failed |= only.failed;
	for (size_t i = 0; i < host->count; i++) {
		const struct proxy_route *route = host->routes[i];
		text_format(to, "\tuse_backend %s if %s{ path %s }\n", pool_name(config, route->pool),
			    text_view(&only), route->path);
		text_format(to, "\tuse_backend %s if %s{ path_beg %s/ }\n", pool_name(config, route->pool),
			    text_view(&only), route->path);
	}
	if (host->name)
		text_format(to, "\tuse_backend %s if host-%zu\n", pool_name(config, host->rest), number);
	else
		text_format(to, "\tdefault_backend %s\n", pool_name(config, host->rest));
}

static int put_hosts(struct text *to, const struct proxy_config *config)
{
	owned_arena room = {0};
	const struct proxy_host *hosts = NULL;
	size_t count = 0;
	if (proxy_hosts(&room, config, &hosts, &count))
		return -1;
	for (size_t i = 0; i < count; i++)
		put_host(to, config, &hosts[i], i + 1);
	return 0;
}

static void put_check(struct text *to, const struct proxy_config *config)
{
	const struct health_check *check = config->check;
	text_format(to, "\ttimeout check %lldms\n", (long long)check->timeout_ms);
	if (check->kind != CHECK_HTTP)
		return;
	text_format(to,
		    "\toption httpchk\n\thttp-check send meth GET uri %s ver HTTP/1.1 hdr Host localhost\n",
		    check->path);
	if (check->status)
		text_format(to, "\thttp-check expect status %d\n", check->status);
}

static void put_server(struct text *to, const struct proxy_config *config, const struct proxy_member *member)
{
	text_format(to, "\tserver %s ", member->name);
	proxy_put_address(to, member);
	text_format(to, " weight %u", member->weight);
	if (config->sticky == STICKY_COOKIE)
		text_format(to, " cookie %s", member->name);
	text_add_char(to, '\n');
}

static void put_pool(struct text *to, const struct proxy_config *config, const struct proxy_pool *pool)
{
	text_format(to, "backend %s\n", pool->name);
	if (config->sticky == STICKY_SOURCE || config->algorithm == ALGORITHM_SOURCE)
		text_add(to, "\tbalance source\n\thash-type consistent\n");
	else
		text_format(to, "\tbalance %s\n",
			    config->algorithm == ALGORITHM_LEAST_CONNECTIONS ? "leastconn" : "roundrobin");
	if (config->sticky == STICKY_COOKIE)
		text_format(to, "\tcookie BERTH insert indirect nocache httponly%s\n",
			    config->certificate ? " secure" : "");
	if (!pool->count)
		return;
	put_check(to, config);
	text_format(to, "\tdefault-server check inter %lldms fall %d rise 1 init-addr last,libc,none",
		    (long long)config->check->interval_ms, config->check->retries);
	/* One that is dead is not tried until its checks tell, by when a request may have met it too often.
	 */
	if (proxy_takers(pool) > 1)
		text_format(to, " observe layer4 error-limit %d on-error mark-down", config->check->retries);
	text_add_char(to, '\n');
	for (size_t i = 0; i < pool->count; i++)
		if (proxy_takes(pool, &pool->members[i]))
			put_server(to, config, &pool->members[i]);
}

int proxy_haproxy(const struct proxy_config *config, struct text *to, struct error *err)
{
	if (proxy_check(config, err))
		return -1;
	text_add(to, "# Made by berth, and made anew when a member comes or goes.\n");
	put_global(to, config);
	put_defaults(to, config);
	put_entrance(to, config);
	if (config->tcp)
		text_format(to, "\tdefault_backend %s\n", pool_name(config, config->fallback));
	else if (put_hosts(to, config))
		return fail_memory(err);
	for (size_t i = 0; i < config->pool_count; i++)
		put_pool(to, config, &config->pools[i]);
	text_add(to, "backend " NOWHERE "\n");
	if (!config->tcp)
		text_add(to,
			 "\thttp-request return status 404 content-type text/plain string \"not found\"\n");
	return to->failed ? fail_memory(err) : 0;
}
