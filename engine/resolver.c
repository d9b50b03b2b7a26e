/* resolver.c - the way from a consumer to a provider, from where both are attached. */
#include "engine/resolver.h"

#include <string.h>

const char *path_name(enum path path)
{
	static const char *const names[] = {"none", "network", "published", "external"};
	return names[path];
}

static bool on_network(const struct attachment *attachments, size_t count, const char *network)
{
	for (size_t i = 0; i < count; i++)
		if (strcmp(attachments[i].network, network) == 0)
			return true;
	return false;
}

bool share_network(const struct attachment *a, size_t a_count, const struct attachment *b, size_t b_count)
{
	for (size_t i = 0; i < b_count; i++)
		if (*b[i].network && on_network(a, a_count, b[i].network))
			return true;
	return false;
}

/* Whether the port is to be had at this attachment, and by what number. */
static bool serves(const struct attachment *attachment, uint16_t port, enum protocol protocol,
		   uint16_t *ret_number)
{
	if (!port) {
		*ret_number = 0;
		return true;
	}
	for (size_t i = 0; i < attachment->port_count; i++)
		if (attachment->ports[i].port == port && attachment->ports[i].protocol == protocol) {
			*ret_number = attachment->ports[i].number;
			return true;
		}
	return false;
}

struct way way_between(const struct attachment *consumer, size_t consumer_count,
		       const struct attachment *provider, size_t provider_count, uint16_t port,
		       enum protocol protocol)
{
	struct way way = {.path = PATH_NONE};
	for (size_t i = 0; i < provider_count; i++) {
		const struct attachment *at = &provider[i];
		bool together = *at->network && on_network(consumer, consumer_count, at->network);
		uint16_t number = 0;
		if ((*at->network && !together) || !serves(at, port, protocol, &number))
			continue;
		if (together)
			return (struct way){PATH_NETWORK, at->name, at->address, number};
		if (way.path == PATH_NONE)
			way = (struct way){PATH_PUBLISHED, NULL, at->address, number};
	}
	return way;
}
