/* addresses.c - the addresses of a network: the lowest free one for whoever asks for any. */
#include <stdlib.h>
#include <string.h>

#include "simulation/docker/model.h"

static uint32_t size_of(int prefix)
{
	return prefix ? UINT32_C(1) << (32 - prefix) : UINT32_MAX;
}

static bool is_taken(const struct network *network, uint32_t at)
{
	return network->taken[at / 64] >> at % 64 & 1;
}

static void mark(struct network *network, uint32_t at)
{
	network->taken[at / 64] |= UINT64_C(1) << at % 64;
}

void addresses_begin(struct network *network)
{
	uint32_t size = size_of(network->prefix);

	network->taken = must(calloc(size / 64 + 1, sizeof(*network->taken)));
	mark(network, 0);
	mark(network, size - 1);
}

bool address_take(struct network *network, uint32_t address)
{
	uint32_t at = address - network->first;

	if (address < network->first || at >= size_of(network->prefix) || is_taken(network, at))
		return false;
	mark(network, at);
	return true;
}

bool address_any(struct network *network, uint32_t *ret)
{
	uint32_t from = network->range_first - network->first, size = size_of(network->range_prefix);

	for (uint32_t at = from; at < from + size; at++) {
		if (at % 64 == 0 && network->taken[at / 64] == UINT64_MAX) {
			at += 63;
			continue;
		}
		if (is_taken(network, at))
			continue;
		mark(network, at);
		*ret = network->first + at;
		return true;
	}
	return false;
}

void address_free(struct network *network, uint32_t address)
{
	uint32_t at = address - network->first;

	network->taken[at / 64] &= ~(UINT64_C(1) << at % 64);
}

bool subnet_read(const char *text, uint32_t *ret_first, int *ret_prefix)
{
	const char *slash = text ? strchr(text, '/') : NULL;
	int64_t prefix;

	if (!slash || !parse_number(slash + 1, 0, 32, &prefix))
		return false;
	owned_memory char *address = must(strndup(text, (size_t)(slash - text)));
	if (!parse_address(address, ret_first))
		return false;
	*ret_prefix = (int)prefix;
	*ret_first &= prefix ? UINT32_MAX << (32 - prefix) : 0;
	return true;
}

const struct network *subnet_holder(const struct docker_engine *engine, uint32_t first, int prefix)
{
	for (const struct network *one = engine->networks; one; one = one->next) {
		int shorter = one->prefix < prefix ? one->prefix : prefix;
		uint32_t mask = shorter ? UINT32_MAX << (32 - shorter) : 0;
		if (one->bridges && !((one->first ^ first) & mask))
			return one;
	}
	return NULL;
}
