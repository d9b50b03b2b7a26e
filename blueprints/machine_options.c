/* machine_options.c - what may be said of a machine that is reached by SSH, and of a pool of them: checked
 * where it is written, all of it at once, before any machine is asked. */
#include "blueprints/machine_options.h"

#include <string.h>

#include "base/address.h"
#include "base/base64.h"
#include "base/cleanup.h"
#include "base/ssh_config.h"
#include "base/text.h"
#include "blueprints/reading.h"
#include "blueprints/yaml_internal.h"

#define KEY_LIMIT (1 << 16)
#define ANYWHERE  (MAP_MACHINE | MAP_POOL | MAP_HOST)

enum { FINGERPRINT_LENGTH = 43 }; /* a SHA-256 in base64, without padding */

/* What is looked at, and of which blueprint. */
struct look {
	struct diagnostics *list;
	const struct reading *reading;
};

/* NULL: it is good; else what it must be. */
static const char *text_form(const char *text)
{
	return *text ? NULL : "no empty text";
}

static const char *port_form(const char *text)
{
	int64_t port;

	return parse_number(text, 1, 65535, &port) ? NULL : "a port from 1 to 65535";
}

static const char *path_form(const char *text)
{
	return *text == '/' || starts_with(text, "~/") ? NULL : "a path that begins with / or ~/";
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

/* What no machine could show would be taken for another one's key, at the first login. */
static bool could_be_shown(const char *text)
{
	owned_text word = {0}, bytes = {0};
	const char *second = text + strcspn(text, " ");

	if (starts_with(text, "SHA256:"))
		return strlen(text) == strlen("SHA256:") + FINGERPRINT_LENGTH && !strpbrk(text, " =");
	second += strspn(second, " ");
	text_add_bytes(&word, second, strcspn(second, " \t\r\n"));
	return word.length && base64_decode(text_view(&word), &bytes);
}

const char *host_key_form(const char *text)
{
	return !strcmp(text, "accept-new") || could_be_shown(text)
		   ? NULL
		   : "`accept-new`, a fingerprint such as \"SHA256:...\", or a key such as \"ssh-ed25519 "
		     "AAAA...\", in full";
}

const char *host_keys_form(const char *text)
{
	return could_be_shown(text) ? NULL
				    : "keys or fingerprints in full, where there are several; `accept-new` "
				      "stands alone";
}

const char *jump_form(const char *text)
{
	owned_arena arena = {0};
	struct ssh_host host;
	struct error err;

	return !strchr(text, ',') && !ssh_host_parse(&arena, text, &host, &err)
		   ? NULL
		   : "one machine such as \"user@host:port\"";
}

static const struct option {
	const char *key;
	unsigned maps;
	const char *(*form)(const char *text); /* NULL: looked at elsewhere */
} options[] = {
    {"host", MAP_MACHINE | MAP_HOST, text_form},
    {"ssh", MAP_HOST, text_form},
    {"hosts", MAP_POOL, NULL},
    {"port", ANYWHERE, port_form},
    {"user", ANYWHERE, text_form},
    {"privateKeyFile", ANYWHERE, path_form},
    {"privateKeyData", ANYWHERE, text_form},
    {"privateKeyPassphrase", ANYWHERE, text_form},
    {"password", ANYWHERE, text_form},
    {"hostKey", ANYWHERE, host_key_form},
    {"knownHosts", ANYWHERE, path_form},
    {"config", ANYWHERE, path_form},
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

static const struct {
	const char *key, *why, *remedy;
} refused[] = {
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

/* Of a file that is named and cannot be used the deploy would tell, at the first machine. */
void key_file_check(struct diagnostics *list, const struct reading *reading, const struct yaml_node *node)
{
	const struct blueprint_options *given = reading ? reading->options : NULL;
	owned_text content = {.secret = true};
	struct error err = {0};
	char path[4096];

	if (!given || !given->judges || !given->file_read || node->kind != YAML_SCALAR ||
	    is_expression(node) || path_form(node->text))
		return;
	const char *home = given->environment ? given->environment(given->environment_context, "HOME") : NULL;
	if (*node->text == '~' && !home)
		return;
	snprintf(path, sizeof path, "%s%s", *node->text == '~' ? home : "",
		 *node->text == '~' ? node->text + 1 : node->text);
	if (given->file_read(given->file_context, path, KEY_LIMIT, &content, &err))
		advise(list,
		       warn(list, node->place, "the private key cannot be read from here: %s", err.text),
		       "plan and deploy need it; `ssh-keygen -t ed25519 -f FILE` makes one");
	else if (!strstr(text_view(&content), "PRIVATE KEY"))
		advise(list, warn(list, node->place, "`%s` is no private key", node->text),
		       starts_with(text_view(&content), "ssh-") || starts_with(text_view(&content), "ecdsa-")
			   ? "it is a public one: the private one is called the same without .pub"
			   : "a private key begins with -----BEGIN ... PRIVATE KEY-----");
	else if (given->key_check && given->key_check(given->file_context, path, &err))
		advise(list, warn(list, node->place, "the private key `%s`: %s", node->text, err.text), "%s",
		       err.remedy);
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
	for (size_t i = 0; i < COUNT_OF(refused); i++)
		if (!strcmp(refused[i].key, entry->key)) {
			advise(look->list,
			       complain(look->list, entry->key_place, "`%s`: %s", entry->key, refused[i].why),
			       "%s", refused[i].remedy);
			return true;
		}
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
