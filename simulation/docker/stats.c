/* stats.c - what a container uses, as one sample tells it: its processor's time and its bytes grow as long as
 * it runs. */
#include "simulation/docker/model.h"

#define MEMORY   (INT64_C(8) << 20) /* where its limit does not allow less */
#define FILES    (INT64_C(1) << 20) /* of that, pages of files that nobody touched lately */
#define CPU_PART 50                 /* of its time it computes one part of so many */
#define RECEIVES 1000               /* bytes in a second, on each network */
#define SENDS    500

static void put_cpu(struct text *to, int64_t ran_ns)
{
	int64_t computed_ns = ran_ns / CPU_PART;

	text_format(to,
		    ",\"cpu_stats\":{\"cpu_usage\":{\"total_usage\":%lld,\"usage_in_kernelmode\":%lld,"
		    "\"usage_in_usermode\":%lld}}",
		    (long long)computed_ns, (long long)(computed_ns / 4),
		    (long long)(computed_ns - computed_ns / 4));
}

static void put_memory(struct text *to, const struct container *container)
{
	int64_t limit = container->memory ? container->memory : ENGINE_MEMORY;

	text_format(
	    to, ",\"memory_stats\":{\"usage\":%lld,\"stats\":{\"total_inactive_file\":%lld},\"limit\":%lld}",
	    (long long)(limit < MEMORY ? limit : MEMORY), (long long)FILES, (long long)limit);
}

/* On the host's network it has no numbers of its own. */
static void put_networks(struct text *to, const struct container *container, int64_t ran_ns)
{
	long long received = ran_ns / 1000000 * RECEIVES / 1000, sent = ran_ns / 1000000 * SENDS / 1000;
	unsigned count = 0;

	for (const struct endpoint *at = container->endpoints; at; at = at->next) {
		if (!at->on || !at->on->bridges)
			continue;
		text_format(to, "%s\"eth%u\":{\"rx_bytes\":%lld,\"tx_bytes\":%lld}",
			    count ? "," : ",\"networks\":{", count, received, sent);
		count++;
	}
	if (count)
		text_add_char(to, '}');
}

/* Of one that does not run the moment is that of nobody. */
void stats_asked(struct call *call)
{
	const struct container *container = container_of_call(call);
	struct text to = {0};

	if (!container)
		return;
	int64_t now_ns = stamp(call->engine), ran_ns = now_ns - container->started_ns;
	bool runs = has_process(container);
	text_add(&to, "{\"read\":\"");
	put_time(&to, runs ? now_ns : 0);
	text_add_char(&to, '"');
	put_member(&to, "id", container->id);
	text_format(&to, ",\"name\":\"/%s\",\"pids_stats\":{%s}", container->name ?: "",
		    runs ? "\"current\":1" : "");
	put_cpu(&to, runs ? ran_ns : 0);
	if (runs) {
		put_memory(&to, container);
		put_networks(&to, container, ran_ns);
	} else
		text_add(&to, ",\"memory_stats\":{}");
	text_add_char(&to, '}');
	answer(call, 200, &to);
}
