/* cloud_options.c - what may be said of a cloud that gives each instance a server of its own: checked where
 * it is written, all of it at once, before the cloud is asked. */
#include "blueprints/cloud_options.h"

#include <string.h>
#include <strings.h>

#include "base/address.h"
#include "base/cleanup.h"
#include "base/words.h"
#include "blueprints/blueprint.h"
#include "blueprints/expression.h"
#include "blueprints/option_values.h"
#include "blueprints/pattern.h"
#include "blueprints/yaml_internal.h"

#define TEMPLATE "templateOptions"

enum { DATA_MOST = 65535 / 4 * 3 };

struct look {
	struct diagnostics *list;
	const struct reading *reading;
	const struct yaml_node *map;
};

/* --- forms of one value: NULL, or what it must be ------------------------------------------------------ */

static const char *line_form(const char *text)
{
	return *text && printable(text) ? NULL : "a text of one line";
}

static const char *address_form(const char *text)
{
	const char *host = starts_with(text, "https://")  ? text + 8
			   : starts_with(text, "http://") ? text + 7
							  : "";

	if (*text == '<')
		return NULL; /* "<ENDPOINT>": it is still to be filled in */
	return *host && !strpbrk(host, "?#@ ") ? NULL : "an address such as https://HOST:5000/v3";
}

static const char *auth_type_form(const char *text)
{
	static const char *const words[] = {"password", "v3password", "token", "v3token",
					    "v3applicationcredential"};

	for (size_t i = 0; i < COUNT_OF(words); i++)
		if (!strcmp(words[i], text))
			return NULL;
	return "password, token or v3applicationcredential";
}

static const char *interface_form(const char *text)
{
	static const char *const words[] = {"public",    "internal",    "admin",
					    "publicURL", "internalURL", "adminURL"};

	for (size_t i = 0; i < COUNT_OF(words); i++)
		if (!strcmp(words[i], text))
			return NULL;
	return "public, internal or admin";
}

static const char *credential_form(const char *text)
{
	return !strcmp(text, "passwordCredentials")
		   ? NULL
		   : "passwordCredentials; others are written as `auth` with `authType`";
}

static const char *network_form(const char *text)
{
	char network[NETWORK_SIZE];

	return address_network(text, network)
		   ? NULL
		   : "an address or a network such as 192.0.2.0/24, or a list of them";
}

static const char *cores_form(const char *text)
{
	int64_t number;

	return parse_number(text, 0, INT32_MAX, &number) ? NULL : "a number of cores";
}

static bool is_size(const char *text)
{
	int64_t number;

	return parse_number(text, 0, INT32_MAX, &number) || parse_memory(text) >= 0;
}

static const char *memory_form(const char *text)
{
	return is_size(text) ? NULL : "so many MiB, or a size such as \"4gb\"";
}

static const char *disk_form(const char *text)
{
	return is_size(text) ? NULL : "so many GiB, or a size such as \"100gb\"";
}

/* Less than one of them there is none to boot from. */
static const char *volume_form(const char *text)
{
	int64_t number;
	bool whole = parse_number(text, 0, INT32_MAX, &number);

	return (whole ? number >= 1 : parse_memory(text) >= INT64_C(1) << 30)
		   ? NULL
		   : "so many GiB, 1 or more, or a size such as \"100gb\"";
}

static const char *pattern_form(const char *text)
{
	size_t budget = PATTERN_BUDGET;
	owned_arena arena = {0};
	struct error err;

	return *text && pattern_posix(&arena, text, &budget, &err)
		   ? NULL
		   : "a part of a name, or an expression for all of it";
}

/* What Nova takes, as it is sent: in base64. */
static const char *data_form(const char *text)
{
	return *text && strlen(text) <= DATA_MOST ? NULL : "a text of at most 49,149 bytes";
}

static const char *family_form(const char *text)
{
	if (!strcasecmp(text, "windows"))
		return "a system with sshd and a POSIX shell; berth reaches no machine of Windows";
	return line_form(text);
}

/* --- the options --------------------------------------------------------------------------------------- */

enum shape { ONE, FLAG, SEVERAL, TEXTS, LOGIN, VOLUME };

/* Which cloud it is, and who asks there: only the location can say that. The other ones are about machines,
 * which a component may have of its own kind. */
enum subject { CLOUD, MACHINES };

static const struct option {
	const char *key;
	enum subject subject;
	enum shape shape;
	const char *(*form)(const char *text); /* of each of its values */
} options[] = {
    {"cloud", CLOUD, ONE, line_form},
    {"endpoint", CLOUD, ONE, address_form},
    {"auth", CLOUD, LOGIN, option_text_form},
    {"authType", CLOUD, ONE, auth_type_form},
    {"project", CLOUD, ONE, line_form},
    {"identity", CLOUD, ONE, line_form},
    {"credential", CLOUD, ONE, line_form},
    {"jclouds.keystone.version", CLOUD, ONE, line_form},
    {"jclouds.keystone.scope", CLOUD, ONE, line_form},
    {"jclouds.keystone.project-domain-name", CLOUD, ONE, line_form},
    {"jclouds.keystone.credential-type", CLOUD, ONE, credential_form},
    {"region", CLOUD, ONE, line_form},
    {"interface", CLOUD, ONE, interface_form},
    {"ca", CLOUD, ONE, option_path_form},
    {"cert", CLOUD, ONE, option_path_form},
    {"key", CLOUD, ONE, option_path_form},
    {"tlsVerify", CLOUD, FLAG, NULL},
    {"image", MACHINES, ONE, line_form},
    {"imageId", MACHINES, ONE, line_form},
    {"imageNameRegex", MACHINES, ONE, pattern_form},
    {"imageDescriptionRegex", MACHINES, ONE, pattern_form},
    {"imageProperties", MACHINES, TEXTS, option_text_form},
    {"osFamily", MACHINES, ONE, family_form},
    {"flavor", MACHINES, ONE, line_form},
    {"hardwareId", MACHINES, ONE, line_form},
    {"minRam", MACHINES, ONE, memory_form},
    {"minCores", MACHINES, ONE, cores_form},
    {"minDisk", MACHINES, ONE, disk_form},
    {"network", MACHINES, ONE, line_form},
    {"networkName", MACHINES, ONE, line_form},
    {"networks", MACHINES, SEVERAL, line_form},
    {"user", MACHINES, ONE, line_form},
    {"loginUser", MACHINES, ONE, line_form},
    {"privateKeyFile", MACHINES, ONE, option_path_form},
    {"privateKeyData", MACHINES, ONE, option_text_form},
    {"privateKeyPassphrase", MACHINES, ONE, option_text_form},
    {"keyPair", MACHINES, ONE, line_form},
    {"securityGroups", MACHINES, SEVERAL, line_form},
    {"sshFrom", MACHINES, SEVERAL, network_form},
    {"autoAssignFloatingIp", MACHINES, FLAG, NULL},
    {"floatingNetwork", MACHINES, SEVERAL, line_form},
    {"availabilityZone", MACHINES, ONE, line_form},
    {"userMetadata", MACHINES, TEXTS, NULL},
    {"userData", MACHINES, ONE, data_form},
    {"configDrive", MACHINES, FLAG, NULL},
    {"hostKey", MACHINES, SEVERAL, host_key_form},
    {"jump", MACHINES, ONE, jump_form},
    {"serverGroup", MACHINES, ONE, line_form},
    {"bootVolume", MACHINES, VOLUME, volume_form},
};

/* Of `auth`, as clouds.yaml has it. */
static const char *const of_login[] = {"auth_url",
				       "username",
				       "user_id",
				       "password",
				       "user_domain_name",
				       "user_domain_id",
				       "project_name",
				       "project_id",
				       "project_domain_name",
				       "project_domain_id",
				       "domain_name",
				       "domain_id",
				       "token",
				       "application_credential_id",
				       "application_credential_name",
				       "application_credential_secret",
				       "auth_type",
				       "region_name",
				       "interface",
				       "cacert",
				       "cert",
				       "key",
				       "verify",
				       "profile"};

static const struct refused_option refused[] = {
    {"setup.script", "nothing runs on a server before its instance",
     "write it as `userData`, or as `pre.install.command` at the component"},
    {"customScriptUrl", "nothing runs on a server before its instance",
     "write it as `userData`, or as `pre.install.command` at the component"},
    {"runScript", "nothing runs on a server before its instance",
     "write it as `userData`, or as `pre.install.command` at the component"},
    {"portForwardingManager", "ports behind a translation of addresses are not known to berth",
     "let each server have a floating IP (`autoAssignFloatingIp: true`)"},
    {"blockDeviceMappings", "a server boots from its image, on the disk of its flavor or in a volume",
     "write `bootVolume: {size: 20gb}`"},
};

static const struct option *option_of(const char *key)
{
	for (size_t i = 0; key && i < COUNT_OF(options); i++)
		if (!strcmp(options[i].key, key))
			return &options[i];
	return NULL;
}

static const struct option *option_named(const char *name, bool of_template)
{
	const struct option *option = of_template ? NULL : option_of(name);

	return option ? option : option_of(cloud_option_named(name, of_template));
}

/* What others call it. */
static const struct {
	const char *written, *option;
} words[] = {{"size", "flavor"},
	     {"flavor_name", "flavor"},
	     {"flavor_id", "flavor"},
	     {"instanceType", "flavor"},
	     {"image_name", "image"},
	     {"image_id", "imageId"},
	     {"key", "keyPair"},
	     {"key_name", "keyPair"},
	     {"keyName", "keyPair"},
	     {"sshKey", "privateKeyFile"},
	     {"ssh_key", "privateKeyFile"},
	     {"ssh_user", "user"},
	     {"ssh_username", "user"},
	     {"sshUser", "user"},
	     {"net", "network"},
	     {"zone", "availabilityZone"},
	     {"metadata", "userMetadata"},
	     {"floating_ip_pool", "floatingNetwork"},
	     {"floatingIp", "autoAssignFloatingIp"},
	     {"region_name", "region"},
	     {"project_name", "project"},
	     {"cacert", "ca"},
	     {"insecure", "tlsVerify"},
	     {"verify", "tlsVerify"}};

/* What clouds.yaml has under `auth`. */
static bool is_of_auth(const char *key)
{
	static const char *const keys[] = {"auth_url",
					   "username",
					   "user_id",
					   "password",
					   "token",
					   "project_id",
					   "user_domain_name",
					   "user_domain_id",
					   "project_domain_name",
					   "project_domain_id",
					   "application_credential_id",
					   "application_credential_name",
					   "application_credential_secret"};

	for (size_t i = 0; i < COUNT_OF(keys); i++)
		if (!strcmp(keys[i], key))
			return true;
	return false;
}

static const char *closest_option(const char *key)
{
	const char *names[COUNT_OF(options)];

	for (size_t i = 0; i < COUNT_OF(words); i++)
		if (!strcmp(words[i].written, key))
			return words[i].option;
	for (size_t i = 0; i < COUNT_OF(options); i++)
		names[i] = options[i].key;
	return closest(key, names, COUNT_OF(options));
}

bool cloud_option_is_known(const char *key, const char **ret_meant)
{
	bool known = option_named(key, false) || !strcmp(key, TEMPLATE) || cloud_option_is_noted(key);

	*ret_meant = known ? NULL : closest_option(key);
	return known;
}

/* --- each of them -------------------------------------------------------------------------------------- */

static void complain_form(struct look *look, const struct yaml_node *node, const char *key,
			  const char *wanted)
{
	complain(look->list, node->place, "`%s` must be %s", key, wanted);
}

static void check_scalar(struct look *look, const char *key, const struct yaml_node *node,
			 const struct option *option, const char *otherwise)
{
	if (is_expression(node))
		return;
	const char *wanted = node->kind != YAML_SCALAR || yaml_null(node) ? otherwise
			     : option->form                               ? option->form(node->text)
									  : NULL;
	if (wanted)
		complain_form(look, node, key, wanted);
}

static void check_flag(struct look *look, const char *key, const struct yaml_node *node)
{
	bool is_flag = node->kind == YAML_SCALAR && node->plain &&
		       (!strcmp(node->text, "true") || !strcmp(node->text, "false"));

	if (!is_flag && !is_expression(node))
		complain_form(look, node, key, "true or false");
}

/* As jclouds has them: {networkUuid: ...}. */
static const struct yaml_node *network_of(const struct yaml_node *node)
{
	const struct yaml_node *id =
	    node->kind == YAML_MAP && node->count == 1 ? yaml_get(node, "networkUuid") : NULL;

	return id ? id : node;
}

static void check_several(struct look *look, const char *key, const struct yaml_node *node,
			  const struct option *option)
{
	static const struct option among_keys = {"hostKey", MACHINES, SEVERAL, host_keys_form};
	size_t count = node->kind == YAML_LIST ? node->count : 1;

	const char *wanted =
	    option->form == line_form ? "a name or an id, or a list of them" : option->form("");

	if (!count)
		complain_form(look, node, key, wanted);
	if (count > 1 && !strcmp(option->key, "floatingNetwork"))
		complain_form(look, node, key, "one name or id");
	for (size_t i = 0; i < count; i++)
		check_scalar(look, key, network_of(node->kind == YAML_LIST ? node->items[i] : node),
			     node->kind == YAML_LIST && option->form == host_key_form ? &among_keys : option,
			     wanted);
}

static void check_texts(struct look *look, const char *key, const struct yaml_node *node,
			const struct option *option)
{
	if (node->kind != YAML_MAP) {
		complain_form(look, node, key, "a map of texts");
		return;
	}
	for (size_t i = 0; i < node->count; i++) {
		const struct yaml_entry *entry = &node->entries[i];
		if (starts_with(entry->key, "berth."))
			complain(look->list, entry->key_place,
				 "`%s`: keys that begin with `berth.` are berth's", key);
		check_scalar(look, entry->key, entry->value, option, "a text");
	}
}

static void check_login(struct look *look, const struct yaml_node *node, const struct option *option)
{
	if (node->kind != YAML_MAP) {
		complain_form(look, node, "auth", "a map, as clouds.yaml has it");
		return;
	}
	for (size_t i = 0; i < node->count; i++) {
		const struct yaml_entry *entry = &node->entries[i];
		size_t k = 0;
		while (k < COUNT_OF(of_login) && strcmp(of_login[k], entry->key) != 0)
			k++;
		if (k < COUNT_OF(of_login)) {
			check_scalar(look, entry->key, entry->value, option, "one value");
			continue;
		}
		const char *meant = closest(entry->key, of_login, COUNT_OF(of_login));
		struct diagnostic *said =
		    complain(look->list, entry->key_place, "`auth` has no `%s`", entry->key);
		if (meant)
			advise(look->list, said, "did you mean `%s`?", meant);
	}
}

/* Its size, or {size, type, deleteOnTermination}. */
static void check_volume(struct look *look, const struct yaml_entry *entry, const struct option *option)
{
	static const char *const members[] = {"size", "type", "deleteOnTermination"};
	static const struct option type = {"type", MACHINES, ONE, line_form};

	if (entry->value->kind != YAML_MAP) {
		check_scalar(look, entry->key, entry->value, option, "its size, or a map with `size`");
		return;
	}
	for (size_t i = 0; i < entry->value->count; i++) {
		const struct yaml_entry *member = &entry->value->entries[i];
		const char *meant = closest(member->key, members, COUNT_OF(members));
		if (!strcmp(member->key, "size"))
			check_scalar(look, "size", member->value, option, "one value");
		else if (!strcmp(member->key, "type"))
			check_scalar(look, "type", member->value, &type, "one value");
		else if (!strcmp(member->key, "deleteOnTermination"))
			check_flag(look, member->key, member->value);
		else
			advise(look->list,
			       complain(look->list, member->key_place, "`%s` has no `%s`", entry->key,
					member->key),
			       meant ? "did you mean `%s`?" : "it has size, type and deleteOnTermination",
			       meant);
	}
}

/* A slip would be the name of a group that nobody has made. */
static void check_policy(struct look *look, const struct yaml_node *node)
{
	static const char *const policies[] = {"affinity", "anti-affinity", "soft-affinity",
					       "soft-anti-affinity"};

	for (size_t i = 0; node->kind == YAML_SCALAR && i < COUNT_OF(policies); i++)
		if (!strcmp(node->text, policies[i]))
			return;
	for (size_t i = 0; node->kind == YAML_SCALAR && i < COUNT_OF(policies); i++)
		if (!strcasecmp(node->text, policies[i]) || edit_distance(node->text, policies[i]) == 1) {
			advise(look->list,
			       warn(look->list, node->place,
				    "`%s` is no policy: a server group of that name has to be there",
				    node->text),
			       "did you mean `%s`?", policies[i]);
			return;
		}
}

static void check_option(struct look *look, const struct yaml_entry *entry, const struct option *option)
{
	switch (option->shape) {
	case FLAG:
		check_flag(look, entry->key, entry->value);
		break;
	case SEVERAL:
		check_several(look, entry->key, entry->value, option);
		break;
	case TEXTS:
		check_texts(look, entry->key, entry->value, option);
		break;
	case LOGIN:
		check_login(look, entry->value, option);
		break;
	case VOLUME:
		check_volume(look, entry, option);
		break;
	case ONE:
		check_scalar(look, entry->key, entry->value, option, "one value");
		break;
	}
	if (!strcmp(option->key, "privateKeyFile"))
		key_file_check(look->list, look->reading, entry->value);
	if (!strcmp(option->key, "serverGroup"))
		check_policy(look, entry->value);
}

/* True: there is nothing more to say of it. */
static bool is_brooklyns(struct look *look, const struct yaml_entry *entry)
{
	const char *why;

	if (option_refused(look->list, entry, refused, COUNT_OF(refused)))
		return true;
	if (!cloud_option_is_effectless(entry->key, &why))
		return cloud_option_is_noted(entry->key);
	struct diagnostic *said =
	    warn(look->list, entry->key_place, "`%s` is without effect on a cloud's servers", entry->key);
	if (why)
		advise(look->list, said, "%s", why);
	return true;
}

static void check_one(struct look *look, const struct yaml_entry *entry, bool of_template)
{
	const struct option *option = option_named(entry->key, of_template);

	if (option) {
		check_option(look, entry, option);
		return;
	}
	if (is_brooklyns(look, entry))
		return;
	struct diagnostic *said =
	    complain(look->list, entry->key_place, "%s no option `%s`",
		     of_template ? "`" TEMPLATE "` has" : "an openstack location has", entry->key);
	const char *meant = closest_option(entry->key);
	if (is_of_auth(entry->key))
		advise(look->list, said, "write it under `auth`, as clouds.yaml has it: auth: {%s: ...}",
		       entry->key);
	else if (meant && of_template && option_of(entry->key))
		advise(look->list, said, "write it beside `" TEMPLATE "`");
	else if (meant)
		advise(look->list, said, "did you mean `%s`?", meant);
	else
		advise(look->list, said, "its options are in docs/how-to/openstack.md");
}

static void check_template(struct look *look, const struct yaml_entry *entry)
{
	if (entry->value->kind != YAML_MAP) {
		complain_form(look, entry->value, TEMPLATE, "a map");
		return;
	}
	for (size_t i = 0; i < entry->value->count; i++)
		check_one(look, &entry->value->entries[i], true);
}

/* --- what goes together -------------------------------------------------------------------------------- */

/* Where it is said, the first of its names that is found. */
static const struct yaml_entry *said_at(const struct yaml_node *map, const char *key, bool of_template)
{
	for (size_t i = 0; i < map->count; i++) {
		const struct yaml_entry *entry = &map->entries[i];
		const struct option *option = option_named(entry->key, of_template);
		if (option && !strcmp(option->key, key))
			return entry;
		if (of_template || strcmp(entry->key, TEMPLATE) != 0 || entry->value->kind != YAML_MAP)
			continue;
		const struct yaml_entry *found = said_at(entry->value, key, true);
		if (found)
			return found;
	}
	return NULL;
}

static void check_pairs(struct look *look)
{
	static const char *const either[][2] = {{"networkName", "network"},
						{"networks", "network"},
						{"networks", "networkName"},
						{"privateKeyData", "privateKeyFile"}};

	for (size_t i = 0; i < COUNT_OF(either); i++) {
		const struct yaml_entry *one = said_at(look->map, either[i][0], false),
					*other = said_at(look->map, either[i][1], false);
		if (one && other)
			advise(look->list,
			       complain(look->list, one->key_place, "`%s` beside `%s` (line %d)", one->key,
					other->key, other->key_place.line),
			       "give only one of them");
	}
}

static void check_needs(struct look *look)
{
	static const struct {
		const char *key, *needed, *remedy;
	} needs[] = {
	    {"identity", "credential", "it is the password of the `identity`"},
	    {"credential", "identity", "write \"PROJECT:USER\""},
	};

	for (size_t i = 0; i < COUNT_OF(needs); i++) {
		const struct yaml_entry *said = said_at(look->map, needs[i].key, false);
		if (said && !said_at(look->map, needs[i].needed, false))
			advise(look->list,
			       complain(look->list, said->key_place, "`%s` without a `%s`", said->key,
					needs[i].needed),
			       "%s", needs[i].remedy);
	}
}

static void check_floating(struct look *look)
{
	const struct yaml_entry *network = said_at(look->map, "floatingNetwork", false),
				*wish = said_at(look->map, "autoAssignFloatingIp", false);

	if (network && wish && wish->value->kind == YAML_SCALAR && !strcmp(wish->value->text, "false"))
		advise(look->list,
		       complain(look->list, network->key_place, "`%s` beside `%s: false` (line %d)",
				network->key, wish->key, wish->key_place.line),
		       "no server gets a floating IP then: leave one of them out");
}

void cloud_options_check(struct diagnostics *list, const struct reading *reading, const struct yaml_node *map)
{
	struct look look = {list, reading, map};

	for (size_t i = 0; i < map->count; i++) {
		const struct yaml_entry *entry = &map->entries[i];
		if (!strcmp(entry->key, TEMPLATE))
			check_template(&look, entry);
		else if (strcmp(entry->key, "type") != 0)
			check_one(&look, entry, false);
	}
	check_pairs(&look);
	check_needs(&look);
	check_floating(&look);
}

void cloud_machine_check(struct diagnostics *list, const struct yaml_node *map)
{
	for (size_t i = 0; i < map->count; i++) {
		const struct yaml_entry *entry = &map->entries[i];
		const struct option *option = option_of(entry->key);
		if (option && option->subject == CLOUD)
			advise(list,
			       complain(list, entry->key_place,
					"`%s` is no option of one component's machines", entry->key),
			       "say it at the location, for all that goes there");
	}
}
