/* network.c - what this machine's own network looks like: default address, interfaces, free ports. */
#include "base/world_real_internal.h"

#include <arpa/inet.h>
#include <ifaddrs.h>
#include <limits.h>
#include <net/if.h>
#include <netdb.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>

#include "base/cleanup.h"

#define ROUTE_UP 1u

struct route {
	char interface[IFNAMSIZ];
	unsigned long metric;
};

static void release_stream(FILE **stream)
{
	if (*stream)
		fclose(*stream);
}

static void release_addresses(struct ifaddrs **addresses)
{
	if (*addresses)
		freeifaddrs(*addresses);
}

static bool parse_ipv4(const char *line, struct route *ret_route)
{
	unsigned long destination, mask, metric;
	unsigned int flags;
	char interface[IFNAMSIZ];

	if (sscanf(line, "%15s %lx %*x %x %*u %*u %lu %lx", interface, &destination, &flags, &metric,
		   &mask) != 5)
		return false;
	if (destination || mask || !(flags & ROUTE_UP))
		return false;
	ret_route->metric = metric;
	strcpy(ret_route->interface, interface);
	return true;
}

static bool parse_ipv6(const char *line, struct route *ret_route)
{
	unsigned long metric;
	unsigned int length, flags;
	char destination[33], interface[IFNAMSIZ];

	if (sscanf(line, "%32s %x %*s %*x %*s %lx %*x %*x %x %15s", destination, &length, &metric, &flags,
		   interface) != 5)
		return false;
	if (length || !(flags & ROUTE_UP) || !strcmp(interface, "lo"))
		return false;
	ret_route->metric = metric;
	strcpy(ret_route->interface, interface);
	return true;
}

/* The default route of the least metric in one of the kernel's tables. */
static bool best_route(const char *path, bool (*parse)(const char *line, struct route *),
		       struct route *ret_best)
{
	FILE *table __attribute__((cleanup(release_stream))) = fopen(path, "re");
	char line[512];
	bool found = false;

	while (table && fgets(line, sizeof(line), table)) {
		struct route route;
		if (!parse(line, &route) || (found && route.metric >= ret_best->metric))
			continue;
		*ret_best = route;
		found = true;
	}
	return found;
}

/* Write the interface's first address of the family that others can use. */
static bool interface_address(const char *interface, int family, char *ret_address, size_t size)
{
	struct ifaddrs *all __attribute__((cleanup(release_addresses))) = NULL;

	if (getifaddrs(&all))
		return false;
	for (const struct ifaddrs *each = all; each; each = each->ifa_next) {
		const void *address;
		if (!each->ifa_addr || each->ifa_addr->sa_family != family ||
		    strcmp(each->ifa_name, interface))
			continue;
		if (family == AF_INET) {
			address = &((const struct sockaddr_in *)(const void *)each->ifa_addr)->sin_addr;
		} else {
			address = &((const struct sockaddr_in6 *)(const void *)each->ifa_addr)->sin6_addr;
			if (IN6_IS_ADDR_LINKLOCAL(address))
				continue;
		}
		char text[INET6_ADDRSTRLEN];
		if (!inet_ntop(family, address, text, sizeof(text)) || strlen(text) >= size)
			return false;
		strcpy(ret_address, text);
		return true;
	}
	return false;
}

int real_default_address(struct world *world, char *ret_address, size_t size)
{
	struct route route;

	(void)world;
	if (!size)
		return -1;
	if (best_route("/proc/net/route", parse_ipv4, &route) &&
	    interface_address(route.interface, AF_INET, ret_address, size))
		return 0;
	if (best_route("/proc/net/ipv6_route", parse_ipv6, &route) &&
	    interface_address(route.interface, AF_INET6, ret_address, size))
		return 0;
	ret_address[0] = '\0';
	return 0;
}

bool real_has_interface(struct world *world, const char *name)
{
	(void)world;
	return if_nametoindex(name) != 0;
}

bool real_port_free(struct world *world, const char *address, uint16_t port, bool udp)
{
	const struct addrinfo hints = {.ai_flags = AI_NUMERICHOST | AI_NUMERICSERV,
				       .ai_socktype = udp ? SOCK_DGRAM : SOCK_STREAM};
	struct addrinfo *found;
	char service[8];
	int on = 1;

	(void)world;
	snprintf(service, sizeof(service), "%u", (unsigned int)port);
	if (getaddrinfo(address, service, &hints, &found))
		return false;
	owned_fd fd = socket(found->ai_family, found->ai_socktype | SOCK_CLOEXEC, 0);
	/* As servers do: connections that linger after a server ended are no hindrance to the next. */
	bool ready = fd >= 0 && (udp || !setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &on, sizeof(on)));
	bool is_free = ready && !bind(fd, found->ai_addr, found->ai_addrlen);
	freeaddrinfo(found);
	return is_free;
}
