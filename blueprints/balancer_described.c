/* balancer_described.c - all that a load balancer was told, in one line: what its proxy is made from, for its
 * digest. */
#include "base/cleanup.h"
#include "base/text.h"
#include "blueprints/component.h"

static void describe_pool(struct reading *r, struct text *to, const struct balancer_pool *pool)
{
	for (size_t i = 0; i < pool->count; i++) {
		const struct balancer_member *member = &pool->members[i];
		text_format(to, " %s:%u%s*%u", r->drafts[member->component].spec->id, member->port,
			    member->port_name ? member->port_name : "", member->weight);
	}
}

const char *balancer_described(struct reading *r, const struct balancer_spec *spec)
{
	owned_text all = {0};

	text_format(&all, "1 %d %d %d %d %d %d %lld %lld; check %d %s %d %lld %lld %d; tls %s; members",
		    spec->proxy, spec->tcp, spec->port, spec->algorithm, spec->sticky, spec->retries,
		    (long long)spec->timeout_ms, (long long)spec->drain_ms, spec->check.kind,
		    spec->check.path, spec->check.status, (long long)spec->check.interval_ms,
		    (long long)spec->check.timeout_ms, spec->check.retries,
		    spec->certificate ? spec->certificate : "");
	describe_pool(r, &all, &spec->members);
	for (size_t i = 0; i < spec->route_count; i++) {
		text_format(&all, "; route %s%s", spec->routes[i].host ? spec->routes[i].host : "",
			    spec->routes[i].path);
		describe_pool(r, &all, &spec->routes[i].pool);
	}
	const char *kept_text = all.failed ? NULL : arena_text(r->arena, text_view(&all));
	if (!kept_text)
		r->list->failed = true;
	return kept_text ? kept_text : "";
}
