/* machine_options.c - what may be said of a machine that is reached by SSH, and of a pool of them: checked
 * where it is written, all of it at once, before any machine is asked. */
#include "blueprints/machine_options.h"

#include <string.h>

#include "base/address.h"
#include "base/cleanup.h"
#include "base/text.h"
#include "blueprints/option_values.h"
#include "blueprints/reading.h"
#include "blueprints/yaml_internal.h"

#define ANYWHERE (MAP_MACHINE | MAP_POOL | MAP_HOST)

/* What is looked at, and of which blueprint. */
struct look {
	struct diagnostics *list;
	const struct reading *reading;
};

/* NULL: it is good; else what it must be. */
static const char *port_form(const char *text)
{
	int64_t port;

	return parse_number(text, 1, 65535, &port) ? NULL : "a port from 1 to 65535";
}

static const char *address_form(const char *text)
{
	return address_is_numeric(text) ? NULL : "the numeric address that others reach the machine by";
}

static const char *duration_form(const char *text)
{
	return parse_duration_ms(text) >= 0 ? NULL : "a duration such as 10s";
}

static const char *directory_form(const char *text)
{
	return *text && *text != '-' && !strstr(text, "..") &&
		       !text[strspn(text,
				    "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789._/-")]
		   ? NULL
		   : "a path on the machine, of letters, digits, `.`, `_`, `-` and `/`";
}

static const struct option {
	const char *key;
	unsigned maps;
	const char *(*form)(const char *text); /* NULL: looked at elsewhere */
} options[] = {
    {"host", MAP_MACHINE | MAP_HOST, option_text_form},
    {"ssh", MAP_HOST, option_text_form},
    {"hosts", MAP_POOL, NULL},
    {"port", ANYWHERE, port_form},
    {"user", ANYWHERE, option_text_form},
    {"privateKeyFile", ANYWHERE, option_path_form},
    {"privateKeyData", ANYWHERE, option_text_form},
    {"privateKeyPassphrase", ANYWHERE, option_text_form},
    {"password", ANYWHERE, option_text_form},
    {"hostKey", ANYWHERE, host_key_form},
    {"knownHosts", ANYWHERE, option_path_form},
    {"config", ANYWHERE, option_path_form},
    {"jump", ANYWHERE, jump_form},
    {"address", MAP_MACHINE | MAP_HOST, address_form},
    {"directory", ANYWHERE, directory_form},
    {"grace", ANYWHERE, duration_form},
};

static const char *const of_people[] = {"name", "displayName", "description", "tags", "iconUrl"};

/* Brooklyn's, of how it goes there and what it takes the machine for. */
static const char *const without_effect[] = {"osFamily",
					     "osVersion",
					     "osVersionRegex",
					     "osArch",
					     "os64Bit",
					     "privateAddresses",
					     "latitude",
					     "longitude",
					     "iso3166",
					     "sshToolClass",
					     "sshExecutable",
					     "scpExecutable",
					     "sshTries",
					     "sshTriesTimeout",
					     "sshRetryDelay",
					     "connectTimeout",
					     "sessionTimeout",
					     "allocatePTY",
					     "sshCacheExpiryDuration",
					     "scriptDir",
					     "localTempDir",
					     "logPrefix",
					     "noStdoutLogging",
					     "noStderrLogging",
					     "onbox.base.dir",
					     "dontCreateUser",
					     "openIptables",
					     "stopIptables",
					     "dontRequireTtyForSudo",
					     "machineCreateAttempts"};

static const struct refused_option refused[] = {
    {"winrm", "berth reaches no machine of Windows", "a host is `ssh`: one with sshd and a POSIX shell"},
    {"tcpPortMappings", "ports behind a translation of addresses are not known to berth",
     "write the address and port that it is reached at: {ssh: \"HOST:PORT\", address: ...}"},
    {"env", "a machine has no variables of its own here", "write `env` at the component that needs them"},
};

static bool is_among(const char *key, const char *const *names, size_t count)
{
	for (size_t i = 0; i < count; i++)
		if (!strcmp(names[i], key))
			return true;
	return false;
}

bool option_is_for_people(const char *key)
{
	return is_among(key, of_people, COUNT_OF(of_people));
}

bool machine_option_is_noted(const char *key)
{
	return option_is_for_people(key) || is_among(key, without_effect, COUNT_OF(without_effect));
}

/* --- each of them ---------------------------------------------------------------------------------- */

static void check_scalar(struct look *look, const struct yaml_entry *entry, const struct option *option,
			 const struct yaml_node *node)
{
	if (node->kind == YAML_SCALAR && is_expression(node))
		return;
	const char *(*form)(const char *) = node != entry->value ? host_keys_form : option->form;
	const char *wanted = node->kind == YAML_SCALAR && !yaml_null(node) ? form(node->text) : "one value";
	if (wanted)
		complain(look->list, node->place, "`%s` must be %s", entry->key, wanted);
}

static void complain_unknown(struct look *look, const struct yaml_entry *entry, enum machine_map kind)
{
	const char *names[COUNT_OF(options)];
	owned_text all = {0};
	size_t count = 0;

	for (size_t i = 0; i < COUNT_OF(options); i++)
		if (options[i].maps & kind) {
			names[count++] = options[i].key;
			text_format(&all, "%s%s", count > 1 ? ", " : "", options[i].key);
		}
	const char *meant = closest(entry->key, names, count);
	struct diagnostic *said = complain(look->list, entry->key_place, "%s has no option `%s`",
					   kind == MAP_POOL ? "a pool of machines" : "a machine", entry->key);
	if (meant)
		advise(look->list, said, "did you mean `%s`?", meant);
	else
		advise(look->list, said, "the options are %s", text_view(&all));
}

/* True: there is nothing more to say of it. */
static bool is_brooklyns(struct look *look, const struct yaml_entry *entry)
{
	if (option_refused(look->list, entry, refused, COUNT_OF(refused)))
		return true;
	if (is_among(entry->key, without_effect, COUNT_OF(without_effect)))
		advise(look->list,
		       warn(look->list, entry->key_place, "`%s` is without effect on a machine", entry->key),
		       !strcmp(entry->key, "privateAddresses")
			   ? "`address` is the one by which consumers elsewhere reach it"
			   : "what the machine is, is asked of itself");
	return machine_option_is_noted(entry->key);
}

static void check_hosts(struct look *look, const struct yaml_node *hosts)
{
	size_t count = hosts->kind == YAML_LIST ? hosts->count : 1;

	if (yaml_null(hosts) || (hosts->kind == YAML_LIST && !count))
		advise(look->list, complain(look->list, hosts->place, "a pool of no machines"),
		       "list them: hosts: [10.0.0.5, \"me@10.0.0.{6-9}\"]");
	for (size_t i = 0; i < count; i++) {
		const struct yaml_node *host = hosts->kind == YAML_LIST ? hosts->items[i] : hosts;
		if (host->kind == YAML_MAP) {
			machine_options_check(look->list, look->reading, MAP_HOST, host);
			if (!yaml_get(host, "ssh") && !yaml_get(host, "host") && !yaml_get(host, "winrm"))
				advise(
				    look->list,
				    complain(look->list, host->place, "it is not said which machine this is"),
				    "write {ssh: \"user@10.0.0.5:22\", ...}");
		} else if (host->kind == YAML_LIST) {
			complain(look->list, host->place,
				 "a host is a text such as \"user@10.0.0.5\", or a map");
		}
	}
}

static void check_one(struct look *look, enum machine_map kind, const struct yaml_entry *entry)
{
	const struct option *option = NULL;

	for (size_t i = 0; i < COUNT_OF(options) && !option; i++)
		if (!strcmp(options[i].key, entry->key) && (options[i].maps & kind))
			option = &options[i];
	if (!option && is_brooklyns(look, entry))
		return;
	if (!option) {
		complain_unknown(look, entry, kind);
		return;
	}
	if (!strcmp(option->key, "hosts")) {
		check_hosts(look, entry->value);
		return;
	}
	bool several = !strcmp(option->key, "hostKey") && entry->value->kind == YAML_LIST;
	for (size_t i = 0; i < (several ? entry->value->count : 1); i++)
		check_scalar(look, entry, option, several ? entry->value->items[i] : entry->value);
	if (!strcmp(option->key, "privateKeyFile"))
		key_file_check(look->list, look->reading, entry->value);
}

void machine_options_check(struct diagnostics *list, const struct reading *reading, enum machine_map kind,
			   const struct yaml_node *map)
{
	struct look look = {list, reading};

	for (size_t i = 0; i < map->count; i++)
		if (strcmp(map->entries[i].key, "type") != 0)
			check_one(&look, kind, &map->entries[i]);
}
