/* options.c - which machine a location of SSH is, from what the blueprint says and what is customary. */
#include <stddef.h>
#include <stdio.h>
#include <string.h>

#include "base/address.h"
#include "base/cleanup.h"
#include "base/digest.h"
#include "base/json.h"
#include "base/ssh_config.h"
#include "blueprints/machine_options.h"
#include "locations/options.h"
#include "locations/ssh/machine.h"

#define GRACE_MS 10000
#define NAMES                                                                                                \
	"host, port, user, privateKeyFile, privateKeyData, privateKeyPassphrase, password, hostKey, "        \
	"knownHosts, config, jump, address, directory and grace"

struct said {
	const char *host, *user, *key_file, *key_text, *passphrase, *password, *known_hosts, *config, *jump;
};

static int wrong(const struct machine *machine, struct error *err, const char *key, const char *wanted)
{
	return option_wrong(machine->location, key, wanted, err);
}

/* It is a part of what is said to a login shell, of whichever kind. */
static bool plain_path(const char *path)
{
	return *path &&
	       !path[strspn(path, "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789._/-")] &&
	       *path != '-' && !strstr(path, "..");
}

/* "accept-new", a fingerprint, a key as known_hosts has it, or several of them. */
static int read_host_key(struct machine *machine, const json_t *value, struct error *err)
{
	size_t count = json_is_array(value) ? json_array_size(value) : 1;
	const char **keys = arena_array(&machine->arena, const char *, count + 1);

	if (!keys)
		return fail_memory(err);
	if (json_is_string(value) && !strcmp(json_string_value(value), "accept-new")) {
		machine->host.trust = SSH_ACCEPT_NEW;
		return 0;
	}
	for (size_t i = 0; i < count; i++) {
		const char *text = json_string_value(json_is_array(value) ? json_array_get(value, i) : value);
		if (!text || !(starts_with(text, "SHA256:") || strchr(text, ' ')))
			return wrong(machine, err, "hostKey",
				     "`accept-new`, a fingerprint such as \"SHA256:...\", or a key such as "
				     "\"ssh-ed25519 AAAA...\"");
		keys[i] = text;
	}
	machine->host.host_keys = keys;
	return 0;
}

static int read_grace(struct machine *machine, const json_t *value, struct error *err)
{
	machine->grace_ms = json_is_string(value)    ? parse_duration_ms(json_string_value(value))
			    : json_is_integer(value) ? json_integer_value(value) * 1000
						     : -1;
	return machine->grace_ms >= 0 ? 0 : wrong(machine, err, "grace", "a duration such as \"10s\"");
}

static int read_directory(struct machine *machine, const json_t *value, struct error *err)
{
	const char *text = json_string_value(value);

	if (!text || !plain_path(text))
		return wrong(machine, err, "directory",
			     "a path on the machine, of letters, digits, `.`, `_`, `-` and `/`");
	machine->directory = text;
	return 0;
}

static int read_address(struct machine *machine, const json_t *value, struct error *err)
{
	const char *text = json_string_value(value);

	if (!text || !address_is_numeric(text))
		return wrong(machine, err, "address", "the numeric address that others reach the machine by");
	machine->address = text;
	return 0;
}

static int read_port(struct machine *machine, const json_t *value, struct error *err)
{
	int64_t port = json_is_integer(value) ? json_integer_value(value) : -1;

	if (port <= 0 || port >= 65536)
		return wrong(machine, err, "port", "a number of a port");
	machine->host.port = (uint16_t)port;
	return 0;
}

static int unknown(const struct machine *machine, const char *key, struct error *err)
{
	static const char *const known[] = {"host",           "port",
					    "user",           "privateKeyFile",
					    "privateKeyData", "password",
					    "hostKey",        "knownHosts",
					    "config",         "jump",
					    "address",        "grace",
					    "directory",      "privateKeyPassphrase"};
	const char *meant = closest(key, known, COUNT_OF(known));

	fail(err, ERR_INVALID, "location `%s`: an ssh location has no option `%s`", machine->location->name,
	     key);
	if (meant)
		remedy(err, "did you mean `%s`? The options are " NAMES, meant);
	else
		remedy(err, "the options are " NAMES);
	return -1;
}

/* It is written by the program alone, of a machine of a pool. */
static int read_exclusive(struct machine *machine, const json_t *value, struct error *err)
{
	if (!json_is_boolean(value))
		return unknown(machine, "exclusive", err);
	machine->exclusive = json_is_true(value);
	return 0;
}

typedef int text_reader(const struct location *location, struct arena *arena, const char *key,
			const char *text, const char **ret, struct error *err);

static const struct text_option {
	const char *key, *wanted;
	size_t at;         /* in struct said */
	text_reader *read; /* NULL: it is kept as it is */
} texts[] = {
    {"host", "a host's name or address", offsetof(struct said, host), NULL},
    {"user", "a user's name", offsetof(struct said, user), NULL},
    {"privateKeyFile", "a file's path", offsetof(struct said, key_file), option_path},
    {"privateKeyData", "a private key", offsetof(struct said, key_text), option_secret},
    {"privateKeyPassphrase", "a passphrase", offsetof(struct said, passphrase), option_secret},
    {"password", "a password", offsetof(struct said, password), option_secret},
    {"knownHosts", "a file's path", offsetof(struct said, known_hosts), option_path},
    {"config", "a file's path", offsetof(struct said, config), option_path},
    {"jump", "a machine such as \"user@host\"", offsetof(struct said, jump), NULL},
};

static int read_text(struct machine *machine, struct said *said, const struct text_option *option,
		     const json_t *value, struct error *err)
{
	const char **to = (const char **)((char *)said + option->at), *text = json_string_value(value);

	if (!text || !*text)
		return wrong(machine, err, option->key, option->wanted);
	if (option->read)
		return option->read(machine->location, &machine->arena, option->key, text, to, err);
	*to = text;
	return 0;
}

static const struct value_option {
	const char *key;
	int (*read)(struct machine *machine, const json_t *value, struct error *err);
} values[] = {
    {"port", read_port},           {"hostKey", read_host_key}, {"grace", read_grace},
    {"directory", read_directory}, {"address", read_address},  {"exclusive", read_exclusive},
};

static int read_option(struct machine *machine, struct said *said, const char *key, const json_t *value,
		       struct error *err)
{
	for (size_t i = 0; i < COUNT_OF(texts); i++)
		if (!strcmp(texts[i].key, key))
			return read_text(machine, said, &texts[i], value, err);
	for (size_t i = 0; i < COUNT_OF(values); i++)
		if (!strcmp(values[i].key, key))
			return values[i].read(machine, value, err);
	return machine_option_is_noted(key) ? 0 : unknown(machine, key, err);
}

/* --- the host ------------------------------------------------------------------------------- */

static int name_host(struct machine *machine, const struct said *said, struct error *err)
{
	const char *target = machine->location->spec->target;
	const char *written = target && *target ? target : said->host;

	if (!written) {
		fail(err, ERR_INVALID, "location `%s`: which machine?", machine->location->name);
		remedy(err, "write `ssh:user@host`, or `host:` among its options");
		return -1;
	}
	struct ssh_host named = {0};
	if (ssh_host_parse(&machine->arena, written, &named, err))
		return -1;
	machine->host.address = named.address;
	if (!machine->host.port)
		machine->host.port = named.port;
	machine->host.user = said->user ? said->user : named.user;
	machine->host.password = said->password;
	return 0;
}

/* What else is to be known of it stands in this user's configuration, as for any machine. */
static int name_jump(struct machine *machine, const struct said *said, struct error *err)
{
	struct ssh_host *jump = said->jump ? arena_array(&machine->arena, struct ssh_host, 1) : NULL;

	if (!said->jump)
		return 0;
	if (!jump)
		return fail_memory(err);
	machine->host.jump = jump;
	return ssh_host_parse(&machine->arena, said->jump, jump, err);
}

static int name_keys(struct machine *machine, const struct said *said, struct error *err)
{
	struct ssh_identity *identity = arena_array(&machine->arena, struct ssh_identity, 1);
	const char **files = arena_array(&machine->arena, const char *, 2);

	if (!identity || !files)
		return fail_memory(err);
	if (said->key_file || said->key_text) {
		*identity = (struct ssh_identity){
		    .file = said->key_file, .text = said->key_text, .passphrase = said->passphrase};
		machine->host.identities = identity;
		machine->host.identity_count = 1;
	}
	if (said->known_hosts) {
		files[0] = said->known_hosts;
		machine->host.known_hosts = files;
	}
	return 0;
}

static int complete(struct machine *machine, const struct said *said, struct error *err)
{
	struct ssh_here here = {
	    .home = location_variable(machine->location, "HOME"),
	    .user = location_variable(machine->location, "USER"),
	    .config = said->config,
	    .agent = location_variable(machine->location, "SSH_AUTH_SOCK"),
	};

	if (!here.user)
		here.user = location_variable(machine->location, "LOGNAME");
	if (!here.user)
		here.user = machine->location->world->ops->user_id(machine->location->world) ? NULL : "root";
	return ssh_host_complete(machine->location->world, &machine->arena, &here, &machine->host, err);
}

static int name_script(struct machine *machine, struct error *err)
{
	char digest[DIGEST_HEX];

	if (digest_hex(machine_script, machine_script_size, digest))
		return fail(err, ERR_FAILED, "no digest to be had");
	if (snprintf(machine->script, sizeof(machine->script), "%s/machine-%.12s", machine->directory,
		     digest) >= (int)sizeof(machine->script))
		return wrong(machine, err, "directory", "at most 50 letters long");
	return 0;
}

static int name_place(struct machine *machine, struct error *err)
{
	const struct ssh_host *host = &machine->host;
	bool six = strchr(host->address, ':') != NULL;

	machine->identity =
	    arena_format(&machine->arena, "ssh://%s@%s%s%s:%u", host->user ? host->user : "", six ? "[" : "",
			 host->address, six ? "]" : "", host->port ? host->port : 22u);
	machine->network =
	    machine->identity ? arena_format(&machine->arena, "machine:%s", machine->identity) : NULL;
	if (!machine->network)
		return fail_memory(err);
	if (!machine->address && address_is_numeric(host->address))
		machine->address = host->address;
	return 0;
}

int ssh_options_read(struct machine *machine, struct error *err)
{
	struct said said = {0};
	const char *key;
	json_t *value;

	machine->grace_ms = GRACE_MS;
	machine->directory = ".berth";
	json_object_foreach ((json_t *)machine->location->spec->options, key, value)
		if (read_option(machine, &said, key, value, err))
			return -1;
	if (name_host(machine, &said, err) || name_keys(machine, &said, err) ||
	    name_jump(machine, &said, err) || complete(machine, &said, err))
		return -1;
	return name_place(machine, err) || name_script(machine, err) ? -1 : 0;
}
