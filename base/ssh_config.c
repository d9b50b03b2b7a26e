/* ssh_config.c - which machine a person means: what they wrote, what their configuration says of it, and what
 * is customary. */
#include "base/ssh_config.h"

#include <stdio.h>
#include <string.h>
#include <strings.h>

#include "base/cleanup.h"
#include "base/ssh_config_internal.h"

enum { JUMPS_MAX = 8, SECOND_MS = 1000 };

#define SYSTEM "/etc/ssh"

/* --- "user@host:port" ------------------------------------------------------------------------------ */

static int fail_written(struct error *err, const char *written)
{
	fail(err, ERR_INVALID, "\"%.200s\" names no machine", written);
	remedy(err, "write user@host, user@host:port or ssh://user@host:port");
	return -1;
}

int ssh_host_parse(struct arena *arena, const char *written, struct ssh_host *ret_host, struct error *err)
{
	const char *machine = starts_with(written, "ssh://") ? written + 6 : written;
	bool slash = machine != written && ends_with(machine, "/");
	const char *rest = arena_copy(arena, machine, strlen(machine) - slash);

	if (!rest)
		return fail_memory(err);
	const char *at = strrchr(rest, '@'), *host = at ? at + 1 : rest, *end, *port = NULL;
	int64_t number = 0;

	*ret_host = (struct ssh_host){0};
	if (*host == '[') {
		host++;
		end = strchr(host, ']');
		if (!end || (end[1] && end[1] != ':'))
			return fail_written(err, written);
		port = end[1] ? end + 2 : NULL;
	} else {
		end = strchr(host, ':');
		/* More than one: an address of IPv6. */
		if (end && strchr(end + 1, ':'))
			end = NULL;
		port = end ? end + 1 : NULL;
		end = end ? end : host + strlen(host);
	}
	if (end <= host || at == rest || *host == '-' ||
	    (port && !parse_number(port, 1, UINT16_MAX, &number)) || strpbrk(rest, " \t\r\n/") ||
	    !printable(rest))
		return fail_written(err, written);
	ret_host->address = arena_copy(arena, host, (size_t)(end - host));
	ret_host->user = at ? arena_copy(arena, rest, (size_t)(at - rest)) : NULL;
	ret_host->port = (uint16_t)number;
	return ret_host->address && (!at || ret_host->user) ? 0 : fail_memory(err);
}

/* --- what is left open ----------------------------------------------------------------------------- */

/* "%h" and the like; NULL with *err. */
static const char *expand(const struct ssh_config_reader *reader, const struct ssh_host *host,
			  const char *written, struct error *err)
{
	owned_text text = {0};
	const char *home = reader->here->home ? reader->here->home : "";

	if (written[0] == '~' && (written[1] == '/' || !written[1])) {
		text_add(&text, home);
		written++;
	}
	for (const char *c = written; *c; c++) {
		if (*c != '%') {
			text_add_char(&text, *c);
			continue;
		}
		switch (*++c) {
		case '%':
			text_add_char(&text, '%');
			break;
		case 'h':
			text_add(&text, host->address);
			break;
		case 'n':
			text_add(&text, reader->host);
			break;
		case 'p':
			text_format(&text, "%u", host->port ? (unsigned int)host->port : 22);
			break;
		case 'r':
			text_add(&text, host->user ? host->user : "");
			break;
		case 'd':
			text_add(&text, home);
			break;
		case 'u':
			text_add(&text, reader->here->user ? reader->here->user : "");
			break;
		default:
			fail(err, ERR_UNSUPPORTED,
			     "ssh's configuration for %s: \"%.200s\" has something else than "
			     "%%%%, %%h, %%n, %%p, %%r, %%d and %%u",
			     reader->host, written);
			return NULL;
		}
	}
	const char *expanded = text.failed ? NULL : arena_text(reader->arena, text_view(&text));
	if (!expanded)
		fail_memory(err);
	return expanded;
}

static int fail_value(const struct ssh_config_reader *reader, struct error *err, const char *key,
		      const char *value)
{
	return fail(err, ERR_INVALID, "ssh's configuration for %s: %s cannot be \"%.100s\"", reader->host,
		    key, value);
}

static bool is_none(const char *value)
{
	return value && !strcasecmp(value, "none");
}

static int set_address(const struct ssh_config_reader *reader, struct ssh_host *host, struct error *err)
{
	const struct ssh_settings *settings = &reader->settings;
	int64_t number;

	if (!host->port && settings->port) {
		if (!parse_number(settings->port, 1, UINT16_MAX, &number))
			return fail_value(reader, err, "Port", settings->port);
		host->port = (uint16_t)number;
	}
	if (settings->host_name && !(host->address = expand(reader, host, settings->host_name, err)))
		return -1;
	if (!host->user)
		host->user = settings->user ? settings->user : reader->here->user;
	if (!host->user)
		return fail(err, ERR_INVALID, "%s: who is to log in there?", reader->host);
	if (!host->known_as)
		host->known_as = settings->alias;
	if (!host->connect_ms && settings->connect_timeout && !is_none(settings->connect_timeout)) {
		if (!parse_number(settings->connect_timeout, 0, 86400, &number))
			return fail_value(reader, err, "ConnectTimeout", settings->connect_timeout);
		host->connect_ms = number * SECOND_MS;
	}
	return 0;
}

static int add_identity(const struct ssh_config_reader *reader, const struct ssh_host *host,
			const char *written, bool customary, struct ssh_identity *list, size_t *count,
			struct error *err)
{
	const char *file = expand(reader, host, written, err);

	if (!file)
		return -1;
	list[(*count)++] = (struct ssh_identity){.file = file, .customary = customary};
	return 0;
}

static int set_identities(const struct ssh_config_reader *reader, struct ssh_host *host, struct error *err)
{
	static const char *const customary[] = {"~/.ssh/id_ed25519", "~/.ssh/id_ecdsa", "~/.ssh/id_rsa"};
	const struct ssh_settings *settings = &reader->settings;
	struct ssh_identity *list =
	    arena_array(reader->arena, struct ssh_identity, settings->identity_count + COUNT_OF(customary));
	size_t count = 0;

	if (host->identity_count)
		return 0;
	if (!list)
		return fail_memory(err);
	for (size_t i = 0; i < settings->identity_count; i++)
		if (!is_none(settings->identity_files[i]) &&
		    add_identity(reader, host, settings->identity_files[i], false, list, &count, err))
			return -1;
	for (size_t i = 0; !settings->identity_count && reader->here->home && i < COUNT_OF(customary); i++)
		if (add_identity(reader, host, customary[i], true, list, &count, err))
			return -1;
	host->identities = list;
	host->identity_count = count;
	return 0;
}

static int set_agent(const struct ssh_config_reader *reader, struct ssh_host *host, struct error *err)
{
	const char *agent = reader->settings.identity_agent, *only = reader->settings.identities_only;

	if (only && !strcasecmp(only, "yes"))
		host->listed_only = true;
	else if (only && strcasecmp(only, "no"))
		return fail_value(reader, err, "IdentitiesOnly", only);
	if (host->agent || is_none(agent))
		return 0;
	if (!agent || !strcmp(agent, "SSH_AUTH_SOCK")) {
		host->agent = reader->here->agent && *reader->here->agent ? reader->here->agent : NULL;
		return 0;
	}
	host->agent = expand(reader, host, agent, err);
	return host->agent ? 0 : -1;
}

static int set_trust(const struct ssh_config_reader *reader, struct ssh_host *host, struct error *err)
{
	static const char *const strict[] = {"yes", "ask", "on", "true"};
	/* Where whatever comes is taken we take what is new: who is another than before is refused all the
	 * same. */
	static const char *const lax[] = {"accept-new", "no", "off", "false"};
	const char *value = reader->settings.strict;

	if (!value || host->host_keys)
		return 0;
	for (size_t i = 0; i < COUNT_OF(lax); i++) {
		if (!strcasecmp(value, strict[i]))
			return 0;
		if (!strcasecmp(value, lax[i])) {
			host->trust = SSH_ACCEPT_NEW;
			return 0;
		}
	}
	return fail_value(reader, err, "StrictHostKeyChecking", value);
}

static int add_files(const struct ssh_config_reader *reader, const struct ssh_host *host,
		     const char *const *written, size_t written_count, const char **list, size_t *count,
		     struct error *err)
{
	for (size_t i = 0; i < written_count; i++) {
		if (is_none(written[i]))
			continue;
		if (!(list[*count] = expand(reader, host, written[i], err)))
			return -1;
		(*count)++;
	}
	return 0;
}

static int set_known_hosts(const struct ssh_config_reader *reader, struct ssh_host *host, struct error *err)
{
	static const char *const customary[] = {"~/.ssh/known_hosts", "~/.ssh/known_hosts2"};
	static const char *const global[] = {SYSTEM "/ssh_known_hosts", SYSTEM "/ssh_known_hosts2"};
	const struct ssh_settings *settings = &reader->settings;
	const char **list = arena_array(reader->arena, const char *, 2 * SSH_CONFIG_LIST + 1);
	size_t count = 0;

	if (host->known_hosts)
		return 0;
	if (!list)
		return fail_memory(err);
	bool own = settings->known_hosts_count, shared = settings->global_known_hosts_count;
	if ((own || reader->here->home) &&
	    add_files(reader, host, own ? settings->known_hosts : customary,
		      own ? settings->known_hosts_count : COUNT_OF(customary), list, &count, err))
		return -1;
	if (add_files(reader, host, shared ? settings->global_known_hosts : global,
		      shared ? settings->global_known_hosts_count : COUNT_OF(global), list, &count, err))
		return -1;
	host->known_hosts = list;
	return 0;
}

/* --- jumps --------------------------------------------------------------------------------------------- */

static int complete(struct world *world, struct arena *arena, const struct ssh_here *here,
		    struct ssh_host *host, int jumps, struct error *err);

static struct ssh_host *complete_jump(struct world *world, struct arena *arena, const struct ssh_here *here,
				      const struct ssh_host *from, int jumps, struct error *err)
{
	struct ssh_host *jump = arena_array(arena, struct ssh_host, 1);

	if (!jump) {
		fail_memory(err);
		return NULL;
	}
	*jump = *from;
	return complete(world, arena, here, jump, jumps + 1, err) ? NULL : jump;
}

/* "first,second": each through the one before. */
static int set_jump(const struct ssh_config_reader *reader, struct ssh_host *host, int jumps,
		    struct error *err)
{
	const char *written = reader->settings.proxy_jump;
	const struct ssh_host *last = NULL;

	if (host->jump) {
		host->jump =
		    complete_jump(reader->world, reader->arena, reader->here, host->jump, jumps, err);
		return host->jump ? 0 : -1;
	}
	if (!written && reader->settings.proxy_command && !is_none(reader->settings.proxy_command)) {
		fail(err, ERR_UNSUPPORTED,
		     "ssh's configuration reaches %s by a ProxyCommand, which is not run here", reader->host);
		remedy(err, "ProxyJump does the same without a program");
		return -1;
	}
	if (!written || is_none(written))
		return 0;
	while (*written) {
		size_t length = strcspn(written, ",");
		struct ssh_host one;
		const char *word = arena_copy(reader->arena, written, length);
		if (!word)
			return fail_memory(err);
		if (ssh_host_parse(reader->arena, word, &one, err))
			return -1;
		one.jump = last;
		/* Its own jumps count only where no other is named before it. */
		last = complete_jump(reader->world, reader->arena, reader->here, &one, jumps, err);
		if (!last)
			return -1;
		written += length + (written[length] == ',');
	}
	host->jump = last;
	return 0;
}

/* --- all of it ------------------------------------------------------------------------------------------ */

static int read_all(struct ssh_config_reader *reader, struct error *err)
{
	const struct ssh_here *here = reader->here;

	if (here->config && !strcmp(here->config, "none"))
		return 0;
	const char *folder = here->home ? arena_format(reader->arena, "%s/.ssh", here->home) : SYSTEM;
	if (!folder)
		return fail_memory(err);
	if (here->config)
		return ssh_config_read(reader, here->config, folder, err);
	if (here->home) {
		const char *own = arena_format(reader->arena, "%s/config", folder);
		if (!own)
			return fail_memory(err);
		if (ssh_config_read(reader, own, folder, err))
			return -1;
	}
	return ssh_config_read(reader, SYSTEM "/ssh_config", SYSTEM, err);
}

static int complete(struct world *world, struct arena *arena, const struct ssh_here *here,
		    struct ssh_host *host, int jumps, struct error *err)
{
	struct ssh_config_reader reader = {
	    .world = world, .arena = arena, .here = here, .host = host->address};

	if (jumps > JUMPS_MAX)
		return fail(err, ERR_INVALID, "%s: more than %d machines to jump through, one to the other",
			    host->address, JUMPS_MAX);
	if (read_all(&reader, err) || set_address(&reader, host, err) || set_identities(&reader, host, err) ||
	    set_agent(&reader, host, err) || set_trust(&reader, host, err) ||
	    set_known_hosts(&reader, host, err))
		return -1;
	return set_jump(&reader, host, jumps, err);
}

int ssh_host_complete(struct world *world, struct arena *arena, const struct ssh_here *here,
		      struct ssh_host *host, struct error *err)
{
	if (!host->address || !*host->address)
		return fail(err, ERR_INVALID, "a machine by SSH needs a name or an address");
	return complete(world, arena, here, host, 0, err);
}
