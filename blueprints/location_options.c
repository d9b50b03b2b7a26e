/* location_options.c - what may be said of this machine, of a Docker engine and of a Marathon: checked where
 * it is written, all of it at once. What an option means, the driver says. */
#include "blueprints/location_options.h"

#include <string.h>

#include "base/address.h"
#include "base/cleanup.h"
#include "base/text.h"
#include "blueprints/expression.h"
#include "blueprints/reading.h"

/* --- forms of one value: NULL, or what it must be ------------------------------------------------------ */

static bool is_text(const struct yaml_node *node)
{
	owned_json json = node->kind == YAML_SCALAR ? typed_scalar(node) : NULL;

	return json_is_string(json) && *node->text && printable(node->text);
}

static const char *text_form(const struct yaml_node *node)
{
	return is_text(node) ? NULL : "a text, in quotes where it reads as a number";
}

static const char *path_form(const struct yaml_node *node)
{
	return is_text(node) && (*node->text == '/' || starts_with(node->text, "~/"))
		   ? NULL
		   : "a path that begins with / or ~/";
}

static const char *folder_form(const struct yaml_node *node)
{
	return is_text(node) && *node->text == '/' ? NULL : "the absolute path of a directory";
}

static const char *address_form(const struct yaml_node *node)
{
	return is_text(node) && address_is_numeric(node->text) ? NULL
							       : "a numeric address such as \"192.0.2.7\"";
}

static const char *flag_form(const struct yaml_node *node)
{
	owned_json json = node->kind == YAML_SCALAR ? typed_scalar(node) : NULL;

	return json_is_boolean(json) ? NULL : "true or false";
}

/* Also "1.5h", which not all take. */
static const char *duration_form(const struct yaml_node *node)
{
	const char *text = node->kind == YAML_SCALAR ? node->text : "";
	size_t digits = strspn(text, "0123456789.");

	return digits && strlen(text + digits) <= 2 && !text[digits + strspn(text + digits, "smhd")]
		   ? NULL
		   : "a duration such as 10s";
}

static const char *containerizer_form(const struct yaml_node *node)
{
	return is_text(node) && (!strcmp(node->text, "docker") || !strcmp(node->text, "mesos"))
		   ? NULL
		   : "`docker`, or `mesos` for Mesos' own containers";
}

static const char *list_form(const struct yaml_node *node)
{
	return node->kind == YAML_LIST ? NULL : "a list";
}

static const char *map_form(const struct yaml_node *node)
{
	return node->kind == YAML_MAP ? NULL : "a map";
}

/* --- which there are ----------------------------------------------------------------------------------- */

struct option {
	const char *key;
	const char *(*form)(const struct yaml_node *node); /* NULL: the driver alone knows */
};

static const struct option of_localhost[] = {
    {"address", text_form}, {"grace", duration_form}, {"claims", folder_form}, {NULL, NULL}};

static const struct option of_docker[] = {{"host", text_form},
					  {"context", text_form},
					  {"tlsVerify", flag_form},
					  {"certPath", path_form},
					  {"ca", path_form},
					  {"cert", path_form},
					  {"key", path_form},
					  {"address", address_form},
					  {"subnets", text_form},
					  {"subnetSize", NULL},
					  {NULL, NULL}};

static const struct option of_marathon[] = {{"url", text_form},
					    {"user", text_form},
					    {"password", text_form},
					    {"token", text_form},
					    {"ca", path_form},
					    {"cert", path_form},
					    {"key", path_form},
					    {"tlsVerify", flag_form},
					    {"address", address_form},
					    {"hosts", map_form},
					    {"image", text_form},
					    {"network", text_form},
					    {"cpus", NULL},
					    {"memory", NULL},
					    {"disk", NULL},
					    {"containerizer", containerizer_form},
					    {"role", text_form},
					    {"constraints", list_form},
					    {"fetch", list_form},
					    {"upgradeStrategy", map_form},
					    {"options", map_form},
					    {"framework", text_form},
					    {"patience", duration_form},
					    {NULL, NULL}};

static const struct {
	const char *type, *called;
	const struct option *options;
} types[] = {{"localhost", "a localhost location", of_localhost},
	     {"docker", "a docker location", of_docker},
	     {"marathon", "a marathon location", of_marathon},
	     {"mesos", "a mesos location", of_marathon}};

/* What others call it. */
static const struct {
	const char *written, *option;
} words[] = {{"endpoint", "host"},
	     {"socket", "host"},
	     {"url", "host"},
	     {"uri", "host"},
	     {"endpoint", "url"},
	     {"uri", "url"},
	     {"urls", "url"},
	     {"host", "url"},
	     {"username", "user"},
	     {"identity", "user"},
	     {"credential", "password"},
	     {"acsToken", "token"},
	     {"mem", "memory"},
	     {"verify", "tlsVerify"},
	     {"timeout", "patience"},
	     {"tlsCaCert", "ca"},
	     {"cacert", "ca"}};

/* --- each of them -------------------------------------------------------------------------------------- */

static const struct option *option_named(const struct option *options, const char *key)
{
	while (options->key && strcmp(options->key, key) != 0)
		options++;
	return options->key ? options : NULL;
}

static const char *meant(const struct option *options, const char *key)
{
	const char *names[32];
	size_t count = 0;

	for (size_t i = 0; i < COUNT_OF(words); i++)
		if (!strcmp(words[i].written, key) && option_named(options, words[i].option))
			return words[i].option;
	for (const struct option *option = options; option->key && count < COUNT_OF(names); option++)
		names[count++] = option->key;
	return closest(key, names, count);
}

static void complain_unknown(struct diagnostics *list, const char *called, const struct option *options,
			     const struct yaml_entry *entry)
{
	struct diagnostic *said =
	    complain(list, entry->key_place, "%s has no option `%s`", called, entry->key);
	const char *perhaps = meant(options, entry->key);
	owned_text all = {0};

	for (const struct option *option = options; option->key; option++)
		text_format(&all, "%s%s", option == options ? "" : ", ", option->key);
	if (perhaps)
		advise(list, said, "did you mean `%s`?", perhaps);
	else
		advise(list, said, "the options are %s", text_view(&all));
}

static void check_one(struct diagnostics *list, const char *called, const struct option *options,
		      const struct yaml_entry *entry)
{
	const struct option *option = option_named(options, entry->key);

	if (!option) {
		complain_unknown(list, called, options, entry);
		return;
	}
	const char *wanted = !option->form || is_expression(entry->value) ? NULL : option->form(entry->value);
	if (wanted)
		complain(list, entry->value->place, "`%s` must be %s", entry->key, wanted);
}

void location_options_check(struct diagnostics *list, const char *type, const struct yaml_node *map)
{
	for (size_t i = 0; i < COUNT_OF(types); i++)
		for (size_t n = 0; !strcmp(types[i].type, type) && n < map->count; n++)
			if (strcmp(map->entries[n].key, "type") != 0)
				check_one(list, types[i].called, types[i].options, &map->entries[n]);
}
