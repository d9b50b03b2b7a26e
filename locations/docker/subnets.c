/* subnets.c - a subnet for each application's network, from a pool that is ours. */
#include <arpa/inet.h>
#include <stdio.h>
#include <string.h>

#include "locations/docker/docker.h"

static uint32_t mask(int prefix)
{
	return prefix ? UINT32_MAX << (32 - prefix) : 0;
}

bool subnet_parse(const char *text, struct subnet *ret)
{
	const char *slash = strchr(text, '/');
	char address[INET_ADDRSTRLEN];
	struct in_addr numeric;
	int64_t prefix;

	if (!slash || (size_t)(slash - text) >= sizeof(address) || !parse_number(slash + 1, 0, 32, &prefix))
		return false;
	memcpy(address, text, (size_t)(slash - text));
	address[slash - text] = '\0';
	if (inet_pton(AF_INET, address, &numeric) != 1)
		return false;
	*ret = (struct subnet){.network = ntohl(numeric.s_addr) & mask((int)prefix), .prefix = (int)prefix};
	return true;
}

void subnet_format(struct subnet subnet, char ret_text[static 32])
{
	snprintf(ret_text, 32, "%u.%u.%u.%u/%d", subnet.network >> 24, subnet.network >> 16 & 255,
		 subnet.network >> 8 & 255, subnet.network & 255, subnet.prefix);
}

bool subnets_overlap(struct subnet a, struct subnet b)
{
	int prefix = a.prefix < b.prefix ? a.prefix : b.prefix;

	return ((a.network ^ b.network) & mask(prefix)) == 0;
}

static bool used(struct subnet candidate, const json_t *networks, const json_t *taken)
{
	const json_t *network, *config, *text;
	struct subnet subnet;
	size_t i, k;

	json_array_foreach (networks, i, network)
		json_array_foreach (json_at(network, "IPAM.Config"), k, config) {
			const char *written = json_text(config, "Subnet");
			if (written && subnet_parse(written, &subnet) && subnets_overlap(candidate, subnet))
				return true;
		}
	json_array_foreach (taken, i, text)
		if (subnet_parse(json_string_value(text), &subnet) && subnets_overlap(candidate, subnet))
			return true;
	return false;
}

/* FNV-1a: applications begin at places of their own, so that two deployers rarely want the same one. */
uint32_t name_hash(const char *text)
{
	uint32_t sum = UINT32_C(2166136261);

	for (; *text; text++)
		sum = (sum ^ (unsigned char)*text) * UINT32_C(16777619);
	return sum;
}

bool subnet_pick(const struct docker *docker, const char *app, int prefix, const json_t *networks,
		 const json_t *taken, struct subnet *ret)
{
	if (prefix < docker->pool.prefix)
		return false;
	uint32_t count = UINT32_C(1) << (prefix - docker->pool.prefix), first = name_hash(app) % count;

	for (uint32_t i = 0; i < count; i++) {
		struct subnet candidate = {
		    .network = docker->pool.network + ((first + i) % count << (32 - prefix)),
		    .prefix = prefix,
		};
		if (used(candidate, networks, taken))
			continue;
		*ret = candidate;
		return true;
	}
	return false;
}
