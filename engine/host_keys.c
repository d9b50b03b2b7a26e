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

/* Through which machine it is reached; "": from here. */
static const char *jump_of(const struct site *site)
{
	return json_text(site->spec->options, "jump") ?: "";
}

/* Those of one port, file and way are asked by one ssh-keyscan. */
static bool goes_along(const struct site *site, const struct site *first, unsigned port, char *ret_host,
		       size_t size)
{
	unsigned own_port;

	return is_unknown(site) && read_address(site, ret_host, size, &own_port) && own_port == port &&
	       !strcmp(known_hosts_of(site), known_hosts_of(first)) && !strcmp(jump_of(site), jump_of(first));
}

static bool is_first_of_its_kind(const struct berth_operation *operation, const struct site *site,
				 unsigned port)
{
	char host[256];

	for (const struct site *other = operation->sites; other != site; other = other->next)
		if (goes_along(other, site, port, host, sizeof host))
			return false;
	return true;
}

/* The port of a jump is one of a whole address. */
static void add_jump(const char *jump, struct text *to)
{
	bool whole = strstr(jump, "://") || !strchr(jump, ':');

	if (*jump)
		text_format(to, "ssh %s%s ", whole ? "" : "ssh://", jump);
}

static void add_scan(const struct site *first, unsigned port, struct text *to)
{
	char host[256];

	text_add(to, to->length ? " && " : "");
	add_jump(jump_of(first), to);
	text_format(to, "ssh-keyscan -p %u", port);
	for (const struct site *site = first; site; site = site->next)
		if (goes_along(site, first, port, host, sizeof host))
			text_format(to, " %s", host);
	text_add(to, " >>");
	text_add_path(to, known_hosts_of(first));
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
