/* proxy.c - who stands between us and an engine: HTTP_PROXY and its kin, heeded as the docker program does.
 */
#include <arpa/inet.h>
#include <stdio.h>
#include <string.h>
#include <strings.h>

#include "locations/docker/engine.h"

static const char *either(const struct docker *docker, const char *upper, const char *lower_case)
{
	const char *value = variable(docker, upper);

	return value ? value : variable(docker, lower_case);
}

struct numeric {
	unsigned char bytes[16];
	int bits; /* 32 or 128; 0: it is a name */
};

static struct numeric numeric_of(const char *text)
{
	struct numeric n = {0};

	if (inet_pton(AF_INET, text, n.bytes) == 1)
		n.bits = 32;
	else if (inet_pton(AF_INET6, text, n.bytes) == 1)
		n.bits = 128;
	return n;
}

static bool loopback(const char *host, const struct numeric *n)
{
	static const unsigned char one[16] = {[15] = 1};

	if (!n->bits)
		return !strcasecmp(host, "localhost");
	return n->bits == 32 ? n->bytes[0] == 127 : !memcmp(n->bytes, one, sizeof(one));
}

static bool same_bits(const unsigned char *a, const unsigned char *b, int64_t bits)
{
	int64_t whole = bits / 8, rest = bits % 8;

	if (memcmp(a, b, (size_t)whole) != 0)
		return false;
	return !rest || (a[whole] ^ b[whole]) >> (8 - rest) == 0;
}

/* "10.0.0.0/8", "10.0.0.5" */
static bool covers_address(const char *entry, const struct numeric *host)
{
	char network[64];
	size_t length = strcspn(entry, "/");
	int64_t bits;

	if (!host->bits || length >= sizeof(network))
		return false;
	snprintf(network, sizeof(network), "%.*s", (int)length, entry);
	const struct numeric its = numeric_of(network);
	if (its.bits != host->bits)
		return false;
	if (!entry[length])
		bits = its.bits;
	else if (!parse_number(entry + length + 1, 0, its.bits, &bits))
		return false;
	return same_bits(its.bytes, host->bytes, bits);
}

/* "example.org" is itself and all below it, ".example.org" and "*.example.org" what is below it. */
static bool covers_name(const char *entry, const char *host)
{
	bool below = starts_with(entry, "*.") || *entry == '.';
	const char *domain = *entry == '*' ? entry + 2 : entry + (*entry == '.');
	size_t host_length = strlen(host), length = strlen(domain);

	if (!length || host_length < length || strcasecmp(host + host_length - length, domain) != 0)
		return false;
	return host_length == length ? !below : host[host_length - length - 1] == '.';
}

static bool covers(char *entry, const char *host, const struct numeric *n, uint16_t port)
{
	char *colon = strrchr(entry, ':');
	int64_t number;

	if (!strcmp(entry, "*"))
		return true;
	/* A second colon is an IPv6 address'. */
	if (colon && strchr(entry, ':') == colon && parse_number(colon + 1, 1, 65535, &number)) {
		if (number != port)
			return false;
		*colon = '\0';
	}
	return covers_address(entry, n) || (!n->bits && covers_name(entry, host));
}

static bool spared(const char *list, const char *host, const struct numeric *n, uint16_t port)
{
	char entry[256];

	while (*list) {
		list += strspn(list, ", \t");
		size_t length = strcspn(list, ", \t");
		snprintf(entry, sizeof(entry), "%.*s", (int)(length < 255 ? length : 255), list);
		if (length && length < sizeof(entry) && covers(entry, host, n, port))
			return true;
		list += length;
	}
	return false;
}

const char *proxy_for(struct docker *docker, bool secure, const char *host, uint16_t port)
{
	const char *proxy = secure ? either(docker, "HTTPS_PROXY", "https_proxy")
				   : either(docker, "HTTP_PROXY", "http_proxy");
	const char *list = either(docker, "NO_PROXY", "no_proxy");
	bool bracketed = *host == '[';
	const char *bare = arena_copy(&docker->arena, host + bracketed, strcspn(host + bracketed, "]"));
	const struct numeric n = numeric_of(bare ? bare : "");

	if (!proxy || !bare || loopback(bare, &n) || spared(list ? list : "", bare, &n, port))
		return NULL;
	return arena_text(&docker->arena, proxy);
}
