/* options.c - which machine a location of SSH is, from what the blueprint says and what is customary. */
#include <stdio.h>
#include <string.h>

#include "base/address.h"
#include "base/cleanup.h"
#include "base/digest.h"
#include "base/json.h"
#include "base/ssh_config.h"
#include "blueprints/machine_options.h"
#include "locations/ssh/machine.h"

#define GRACE_MS 10000
#define NAMES                                                                                                \
	"host, port, user, privateKeyFile, privateKeyData, privateKeyPassphrase, password, hostKey, "        \
	"knownHosts, config, jump, address, directory and grace"

struct said {
	const char *host, *user, *key_file, *key_text, *passphrase, *password, *known_hosts, *config, *jump;
	int64_t port;
};

static int wrong(const struct machine *machine, struct error *err, const char *key, const char *wanted)
{
	return fail(err, ERR_INVALID, "location `%s`: `%s` must be %s", machine->location->name, key, wanted);
}

/* A path of this machine: absolute, or below the home. */
static int read_path(struct machine *machine, const char *key, const char *text, const char **ret,
		     struct error *err)
{
	const char *home = location_variable(machine->location, "HOME");

	if (starts_with(text, "~/") && home)
		*ret = arena_format(&machine->arena, "%s%s", home, text + 1);
	else if (*text == '/')
		*ret = arena_text(&machine->arena, text);
	else
		return wrong(machine, err, key, "a path that begins with / or ~/");
	return *ret ? 0 : fail_memory(err);
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

static int read_directory(struct machine *machine, const char *text, struct error *err)
{
	if (!text || !plain_path(text))
		return wrong(machine, err, "directory",
			     "a path on the machine, of letters, digits, `.`, `_`, `-` and `/`");
	machine->directory = text;
	return 0;
}

static int read_address(struct machine *machine, const char *text, struct error *err)
{
	if (!text || !address_is_numeric(text))
		return wrong(machine, err, "address", "the numeric address that others reach the machine by");
	machine->address = text;
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

/* A secret stands in a file or in the environment: "env:NAME", "file:PATH"; or, where it must, as it is. */
static int read_secret(struct machine *machine, const char *key, const char *text, const char **ret,
		       struct error *err)
{
	owned_text content = {.secret = true};
	const char *path;

	if (starts_with(text, "env:")) {
		*ret = location_variable(machine->location, text + 4);
		return *ret ? 0
			    : fail(err, ERR_MISSING, "location `%s`: `%s`: the variable `%s` is not set",
				   machine->location->name, key, text + 4);
	}
	if (!starts_with(text, "file:")) {
		*ret = text;
		return 0;
	}
	if (read_path(machine, key, text + 5, &path, err) ||
	    machine->location->world->ops->file_read(machine->location->world, path, 65536, &content, err))
		return -1;
	*ret = arena_copy(&machine->arena, text_view(&content), strcspn(text_view(&content), "\r\n"));
	return *ret ? 0 : fail_memory(err);
}

static int read_option(struct machine *machine, struct said *said, const char *key, const json_t *value,
		       struct error *err)
{
	const char *text = json_string_value(value);
	const struct {
		const char *key, *wanted;
		const char **to;
		int (*read)(struct machine *, const char *key, const char *, const char **, struct error *);
	} texts[] = {
	    {"host", "a host's name or address", &said->host, NULL},
	    {"user", "a user's name", &said->user, NULL},
	    {"privateKeyFile", "a file's path", &said->key_file, read_path},
	    {"privateKeyData", "a private key", &said->key_text, read_secret},
	    {"privateKeyPassphrase", "a passphrase", &said->passphrase, read_secret},
	    {"password", "a password", &said->password, read_secret},
	    {"knownHosts", "a file's path", &said->known_hosts, read_path},
	    {"config", "a file's path", &said->config, read_path},
	    {"jump", "a machine such as \"user@host\"", &said->jump, NULL},
	};

	for (size_t i = 0; i < COUNT_OF(texts); i++) {
		if (strcmp(texts[i].key, key) != 0)
			continue;
		if (!text || !*text)
			return wrong(machine, err, key, texts[i].wanted);
		if (texts[i].read)
			return texts[i].read(machine, key, text, texts[i].to, err);
		*texts[i].to = text;
		return 0;
	}
	if (!strcmp(key, "port")) {
		said->port = json_is_integer(value) ? json_integer_value(value) : -1;
		return said->port > 0 && said->port < 65536 ? 0
							    : wrong(machine, err, key, "a number of a port");
	}
	if (!strcmp(key, "hostKey"))
		return read_host_key(machine, value, err);
	if (!strcmp(key, "grace"))
		return read_grace(machine, value, err);
	if (!strcmp(key, "directory"))
		return read_directory(machine, text, err);
	if (!strcmp(key, "exclusive") && json_is_boolean(value)) {
		machine->exclusive = json_is_true(value);
		return 0;
	}
	if (!strcmp(key, "address"))
		return read_address(machine, text, err);
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
	machine->host.port = said->port ? (uint16_t)said->port : named.port;
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
