/* host_keys.c - machines whose host keys nobody knows yet: all of them are told of at once, and the one
 * command that takes them all. */
#include <stdio.h>
#include <string.h>

#include "base/cleanup.h"
#include "engine/deploy.h"
#include "engine/hosts.h"

static bool is_unknown(const struct site *site)
{
	return site->failed && !site->same && site_error(site)->code == ERR_UNVERIFIED;
}

/* Where ssh-keyscan finds it: "10.0.0.5" and its port, of "ssh://me@10.0.0.5:22". False: nowhere. */
static bool read_address(const struct site *site, char *ret_host, size_t size, unsigned *ret_port)
{
	const char *identity = site->location.driver->identity(&site->location);
	const char *host = strstr(identity, "://"), *at = strrchr(identity, '@'),
		   *colon = strrchr(identity, ':');

	host = at ? at + 1 : host ? host + 3 : identity;
	if (!colon || colon < host || sscanf(colon, ":%u", ret_port) != 1)
		return false;
	size_t length = (size_t)(colon - host);
	if (*host == '[' && length > 2 && colon[-1] == ']') {
		host++;
		length -= 2;
	}
	return snprintf(ret_host, size, "%.*s", (int)length, host) < (int)size;
}

static const char *known_hosts_of(const struct site *site)
{
	return json_text(site->spec->options, "knownHosts") ?: "~/.ssh/known_hosts";
}

/* Those of one port and file are asked by one ssh-keyscan. */
static bool is_first_of_its_kind(const struct berth_operation *operation, const struct site *site,
				 unsigned port)
{
	char host[256];
	unsigned other_port;

	for (const struct site *other = operation->sites; other != site; other = other->next)
		if (is_unknown(other) && read_address(other, host, sizeof host, &other_port) &&
		    other_port == port && !strcmp(known_hosts_of(other), known_hosts_of(site)))
			return false;
	return true;
}

static void add_scan(const struct site *first, unsigned port, struct text *to)
{
	char host[256];
	unsigned other_port;

	text_format(to, "%sssh-keyscan -p %u", to->length ? " && " : "", port);
	for (const struct site *site = first; site; site = site->next)
		if (is_unknown(site) && read_address(site, host, sizeof host, &other_port) &&
		    other_port == port && !strcmp(known_hosts_of(site), known_hosts_of(first)))
			text_format(to, " %s", host);
	text_format(to, " >>%s", known_hosts_of(first));
}

size_t host_keys_tell(struct berth_operation *operation)
{
	owned_text command = {0};
	size_t count = 0;
	char host[256];
	unsigned port;

	for (const struct site *site = operation->sites; site; site = site->next) {
		if (!is_unknown(site))
			continue;
		count++;
		if (read_address(site, host, sizeof host, &port) &&
		    is_first_of_its_kind(operation, site, port))
			add_scan(site, port, &command);
	}
	if (count < 2)
		return count;
	for (const struct site *site = operation->sites; site; site = site->next)
		if (is_unknown(site) && !site->pooled) /* which is told of as left out */
			operation_warn(operation, "%s: %s", site->location.name, site_error(site)->text);
	operation_warn(
	    operation,
	    "the host keys of %zu machines are not known; compare them at the machines themselves, then "
	    "take them all: %s",
	    count, text_view(&command));
	return count;
}
