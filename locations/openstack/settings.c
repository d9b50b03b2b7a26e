/* settings.c - all that says which cloud it is, put together and checked. */
#include "locations/openstack/settings.h"

#include <string.h>

#include "base/cleanup.h"
#include "locations/options.h"

#define OPTIONS    "its options"
#define VARIABLES  "OS_* variables"
#define AT(member) offsetof(struct openstack_settings, member)

/* clang-format off */
const struct openstack_setting openstack_settings_known[] = {
	{"auth_type", NULL, "OS_AUTH_TYPE", NULL, "authType", AT(auth_type), false, false},
	{"auth_url", NULL, "OS_AUTH_URL", NULL, "endpoint", AT(auth_url), false, false},
	{"username", NULL, "OS_USERNAME", NULL, NULL, AT(user_name), false, false},
	{"user_id", NULL, "OS_USER_ID", NULL, NULL, AT(user_id), false, false},
	{"password", NULL, "OS_PASSWORD", NULL, NULL, AT(password), true, false},
	{"user_domain_name", NULL, "OS_USER_DOMAIN_NAME", NULL, NULL, AT(user_domain_name), false, false},
	{"user_domain_id", NULL, "OS_USER_DOMAIN_ID", NULL, NULL, AT(user_domain_id), false, false},
	{"project_name", "tenant_name", "OS_PROJECT_NAME", "OS_TENANT_NAME", "project", AT(project_name), false, false},
	{"project_id", "tenant_id", "OS_PROJECT_ID", "OS_TENANT_ID", NULL, AT(project_id), false, false},
	{"project_domain_name", NULL, "OS_PROJECT_DOMAIN_NAME", NULL, NULL, AT(project_domain_name), false, false},
	{"project_domain_id", NULL, "OS_PROJECT_DOMAIN_ID", NULL, NULL, AT(project_domain_id), false, false},
	{"domain_name", "default_domain_name", "OS_DOMAIN_NAME", "OS_DEFAULT_DOMAIN_NAME", NULL, AT(domain_name), false, false},
	{"domain_id", "default_domain_id", "OS_DOMAIN_ID", "OS_DEFAULT_DOMAIN_ID", NULL, AT(domain_id), false, false},
	{"token", NULL, "OS_TOKEN", NULL, NULL, AT(token), true, false},
	{"application_credential_id", NULL, "OS_APPLICATION_CREDENTIAL_ID", NULL, NULL, AT(credential_id), false, false},
	{"application_credential_name", NULL, "OS_APPLICATION_CREDENTIAL_NAME", NULL, NULL, AT(credential_name), false, false},
	{"application_credential_secret", NULL, "OS_APPLICATION_CREDENTIAL_SECRET", NULL, NULL, AT(credential_secret), true, false},
	{"region_name", NULL, "OS_REGION_NAME", NULL, "region", AT(region), false, false},
	{"interface", "endpoint_type", "OS_INTERFACE", "OS_ENDPOINT_TYPE", "interface", AT(interface), false, false},
	{"cacert", NULL, "OS_CACERT", NULL, "ca", AT(ca_file), false, true},
	{"cert", NULL, "OS_CERT", NULL, "cert", AT(cert_file), false, true},
	{"key", NULL, "OS_KEY", NULL, "key", AT(key_file), false, true},
	{"verify", NULL, NULL, NULL, "tlsVerify", AT(verify), false, false},
	{"profile", "cloud", NULL, NULL, NULL, AT(profile), false, false},
};
/* clang-format on */
const size_t openstack_settings_count = COUNT_OF(openstack_settings_known);

#define ENVIRONMENT "envvars"

static int wrong(const struct openstack_source *source, struct error *err, const char *key,
		 const char *wanted)
{
	return option_wrong(source->location, key, wanted, err);
}

/* What came from elsewhere than the location's options is told with where that is. */
static int wrong_there(const struct openstack_source *source, const struct openstack_settings *settings,
		       struct error *err, const char *key, const char *wanted)
{
	wrong(source, err, key, wanted);
	if (strcmp(settings->source, OPTIONS) != 0)
		remedy(err, "unless the location's options say it, it is from %s", settings->source);
	return -1;
}

/* --- OS_* ---------------------------------------------------------------------------------------------- */

static const char *of_variables(const struct openstack_source *source,
				const struct openstack_setting *setting)
{
	const char *value = setting->variable ? location_variable(source->location, setting->variable) : NULL;

	return !value && setting->older_variable
		   ? location_variable(source->location, setting->older_variable)
		   : value;
}

static int read_variables(const struct openstack_source *source, struct openstack_settings *ret,
			  struct error *err)
{
	const char *insecure = location_variable(source->location, "OS_INSECURE");

	for (size_t i = 0; i < openstack_settings_count; i++) {
		const struct openstack_setting *setting = &openstack_settings_known[i];
		const char *value = of_variables(source, setting);
		if (value && !printable(value))
			return fail(err, ERR_INVALID, "the variable %s must be a text of one line",
				    setting->variable);
		*openstack_slot(ret, setting) = value;
	}
	if (insecure && (!strcasecmp(insecure, "true") || !strcmp(insecure, "1")))
		ret->verify = "false";
	ret->cloud = ENVIRONMENT;
	ret->source = VARIABLES;
	if (ret->auth_url)
		return 0;
	fail(err, ERR_MISSING, "location `%s`: OS_AUTH_URL is not set", source->location->name);
	remedy(err, "source the project's openrc file, or write openstack:CLOUD with a cloud of clouds.yaml");
	return -1;
}

/* --- the location's own options ------------------------------------------------------------------------ */

int openstack_secret_read(const struct openstack_source *source, const char *key, const char *text,
			  const char **ret, struct error *err)
{
	return option_secret(source->location, source->arena, key, text, ret, err);
}

int openstack_path_read(const struct openstack_source *source, const char *key, const char *text,
			const char **ret, struct error *err)
{
	return option_path(source->location, source->arena, key, text, ret, err);
}

static int read_value(const struct openstack_source *source, const struct openstack_setting *setting,
		      const char *key, const json_t *value, const char **ret, struct error *err)
{
	const char *text = json_string_value(value);

	if (!strcmp(setting->key, "verify")) {
		if (!json_is_boolean(value))
			return wrong(source, err, key, "true or false");
		*ret = json_is_true(value) ? "true" : "false";
		return 0;
	}
	if (json_is_integer(value))
		text = arena_format(source->arena, "%" JSON_INTEGER_FORMAT, json_integer_value(value));
	if (!text || !*text || !printable(text))
		return wrong(source, err, key, "a text of one line");
	if (setting->secret)
		return openstack_secret_read(source, key, text, ret, err);
	if (setting->path)
		return openstack_path_read(source, key, text, ret, err);
	*ret = text;
	return 0;
}

/* `auth`, as clouds.yaml has it. */
static int read_auth(const struct openstack_source *source, const json_t *auth,
		     struct openstack_settings *ret, struct error *err)
{
	const char *names[COUNT_OF(openstack_settings_known)];
	const char *key;
	json_t *value;

	if (!json_is_object(auth))
		return wrong(source, err, "auth", "a map, as clouds.yaml has it");
	for (size_t i = 0; i < openstack_settings_count; i++)
		names[i] = openstack_settings_known[i].key;
	json_object_foreach ((json_t *)auth, key, value) {
		size_t i = 0;
		while (i < openstack_settings_count && strcmp(names[i], key) != 0)
			i++;
		if (i == openstack_settings_count) {
			const char *meant = closest(key, names, openstack_settings_count);
			fail(err, ERR_INVALID, "location `%s`: `auth` has no `%s`", source->location->name,
			     key);
			if (meant)
				remedy(err, "did you mean `%s`?", meant);
			return -1;
		}
		const struct openstack_setting *setting = &openstack_settings_known[i];
		if (read_value(source, setting, key, value, openstack_slot(ret, setting), err) < 0)
			return -1;
	}
	return 0;
}

/* Brooklyn's: "project:user", or with a scope of Keystone's third version "domain:user". */
static int read_identity(const struct openstack_source *source, const json_t *options,
			 struct openstack_settings *ret, struct error *err)
{
	const char *identity = json_text(options, "identity"),
		   *scope = json_text(options, "jclouds.keystone.scope");
	const char *colon = identity ? strchr(identity, ':') : NULL;
	const json_t *credential = json_object_get(options, "credential");
	const struct openstack_setting password = {.key = "password", .secret = true};

	if (!identity)
		return credential ? wrong(source, err, "credential", "beside an `identity`") : 0;
	if (!*identity || !printable(identity))
		return wrong(source, err, "identity", "\"PROJECT:USER\"");
	if (!credential)
		return wrong(source, err, "identity", "beside a `credential`, which is the user's password");
	ret->user_name = colon ? colon + 1 : identity;
	const char *before = colon ? arena_copy(source->arena, identity, (size_t)(colon - identity)) : NULL;
	if (colon && !before)
		return fail_memory(err);
	if (scope && starts_with(scope, "project:"))
		ret->project_name = scope + strlen("project:");
	else if (scope && starts_with(scope, "projectId:"))
		ret->project_id = scope + strlen("projectId:");
	else if (scope)
		return wrong(source, err, "jclouds.keystone.scope", "\"project:NAME\" or \"projectId:ID\"");
	if (before && scope)
		ret->user_domain_name = before;
	else if (before)
		ret->project_name = before;
	if (scope && json_text(options, "jclouds.keystone.project-domain-name"))
		ret->project_domain_name = json_text(options, "jclouds.keystone.project-domain-name");
	return read_value(source, &password, "credential", credential, &ret->password, err);
}

static int read_options(const struct openstack_source *source, const json_t *options,
			struct openstack_settings *ret, struct error *err)
{
	const json_t *auth = json_object_get(options, "auth");

	if (auth && read_auth(source, auth, ret, err) < 0)
		return -1;
	if (read_identity(source, options, ret, err) < 0)
		return -1;
	for (size_t i = 0; i < openstack_settings_count; i++) {
		const struct openstack_setting *setting = &openstack_settings_known[i];
		const json_t *value = setting->option ? json_object_get(options, setting->option) : NULL;
		if (value && read_value(source, setting, setting->option, value, openstack_slot(ret, setting),
					err) < 0)
			return -1;
	}
	return 0;
}

/* --- which of them ------------------------------------------------------------------------------------- */

static bool says_where(const struct openstack_source *source)
{
	const json_t *options = source->location->spec->options;

	return source->auth_url || json_object_get(options, "endpoint") ||
	       json_object_get(json_object_get(options, "auth"), "auth_url");
}

static int read_base(const struct openstack_source *source, struct openstack_settings *ret, struct error *err)
{
	const json_t *option = json_object_get(source->location->spec->options, "cloud");
	const char *name = source->cloud ? source->cloud : json_string_value(option);
	const char *called = location_variable(source->location, "OS_CLOUD_NAME");

	if (option && (!json_string_value(option) || !*json_string_value(option)))
		return wrong(source, err, "cloud", "the name of one in clouds.yaml, or `" ENVIRONMENT "`");
	if (!name && says_where(source)) {
		ret->cloud = "";
		ret->source = OPTIONS;
		return 0;
	}
	if (!name)
		name = location_variable(source->location, "OS_CLOUD");
	if (name ? !strcmp(name, called ? called : ENVIRONMENT)
		 : location_variable(source->location, "OS_AUTH_URL") != NULL)
		return read_variables(source, ret, err);
	return openstack_clouds_read(source, name, ret, err);
}

/* --- whether it is enough ------------------------------------------------------------------------------ */

static int find_way(const struct openstack_source *source, struct openstack_settings *ret, struct error *err)
{
	static const struct {
		const char *word;
		enum openstack_way way;
	} words[] = {
	    {"password", BY_PASSWORD},
	    {"v3password", BY_PASSWORD},
	    {"token", BY_TOKEN},
	    {"v3token", BY_TOKEN},
	    {"v3applicationcredential", BY_APPLICATION_CREDENTIAL},
	};

	ret->way = ret->credential_secret ? BY_APPLICATION_CREDENTIAL : ret->token ? BY_TOKEN : BY_PASSWORD;
	if (!ret->auth_type)
		return 0;
	for (size_t i = 0; i < COUNT_OF(words); i++)
		if (!strcmp(words[i].word, ret->auth_type)) {
			ret->way = words[i].way;
			return 0;
		}
	fail(err, ERR_UNSUPPORTED, "location `%s`: there is no way to log in called `%s`",
	     source->location->name, ret->auth_type);
	remedy(err, "auth_type is password, token or v3applicationcredential");
	return -1;
}

/* By which variable it would be set where variables say who we are; else NULL. */
static const char *variable_of(const struct openstack_settings *settings, const char *key)
{
	for (size_t i = 0; !strcmp(settings->source, VARIABLES) && i < openstack_settings_count; i++)
		if (!strcmp(openstack_settings_known[i].key, key))
			return openstack_settings_known[i].variable;
	return NULL;
}

static int lacks(const struct openstack_source *source, const struct openstack_settings *settings,
		 const char *what, struct error *err)
{
	const char *variable = variable_of(settings, what);

	fail(err, ERR_INVALID, "location `%s`: there is no %s in %s", source->location->name, what,
	     settings->source);
	if (!strcmp(settings->source, OPTIONS))
		remedy(err,
		       "write `endpoint`, `identity: \"PROJECT:USER\"` and `credential`, or a map `auth` "
		       "as clouds.yaml has it");
	else if (variable)
		remedy(err, "set %s, or source the project's openrc file", variable);
	else
		remedy(err, "write it there, or among the options of the location");
	return -1;
}

static int check_way(const struct openstack_source *source, const struct openstack_settings *settings,
		     struct error *err)
{
	bool user = settings->user_name || settings->user_id;

	switch (settings->way) {
	case BY_TOKEN:
		return settings->token ? 0 : lacks(source, settings, "token", err);
	case BY_APPLICATION_CREDENTIAL:
		if (!settings->credential_secret)
			return lacks(source, settings, "application_credential_secret", err);
		return settings->credential_id || (settings->credential_name && user)
			   ? 0
			   : lacks(source, settings,
				   "application_credential_id (nor a name and the user it belongs to)", err);
	case BY_PASSWORD:
	default:
		if (!user)
			return lacks(source, settings, "username", err);
		return settings->password ? 0 : lacks(source, settings, "password", err);
	}
}

/* "https://h:5000", ".../v3/", and Brooklyn's ".../v2.0": all are where its third version is. */
static int fit_address(const struct openstack_source *source, struct openstack_settings *ret,
		       struct error *err)
{
	const char *url = ret->auth_url;

	if (!url) {
		lacks(source, ret, "auth_url", err);
		if (ret->profile)
			remedy(err, "the profile `%s` of a vendor is not read: write its auth_url",
			       ret->profile);
		return -1;
	}
	const char *host = strstr(url, "://") ? strstr(url, "://") + 3 : "";
	if ((!starts_with(url, "http://") && !starts_with(url, "https://")) || !*host ||
	    strpbrk(host, "?#@ "))
		return wrong_there(source, ret, err, "auth_url", "an address such as https://HOST:5000/v3");
	size_t length = strlen(url);
	while (url[length - 1] == '/')
		length--;
	if (length > 5 && !strncmp(url + length - 5, "/v2.0", 5))
		length -= 5;
	else if (length > 3 && !strncmp(url + length - 3, "/v3", 3))
		length -= 3;
	ret->auth_url = arena_format(source->arena, "%.*s/v3", (int)length, url);
	return ret->auth_url ? 0 : fail_memory(err);
}

/* "internalURL" is an older word for "internal". */
static int fit_interface(const struct openstack_source *source, struct openstack_settings *ret,
			 struct error *err)
{
	static const char *const known[] = {"public", "internal", "admin"};

	for (size_t i = 0; ret->interface && i < COUNT_OF(known); i++)
		if (starts_with(ret->interface, known[i]) &&
		    (!ret->interface[strlen(known[i])] ||
		     !strcmp(ret->interface + strlen(known[i]), "URL"))) {
			ret->interface = known[i];
			return 0;
		}
	if (ret->interface)
		return wrong_there(source, ret, err, "interface", "public, internal or admin");
	ret->interface = known[0];
	return 0;
}

static int fit_verify(const struct openstack_source *source, const struct openstack_settings *settings,
		      struct error *err)
{
	static const char *const words[] = {"true", "false", "True", "False"};

	for (size_t i = 0; settings->verify && i < COUNT_OF(words); i++)
		if (!strcmp(settings->verify, words[i]))
			return 0;
	return settings->verify ? wrong_there(source, settings, err, "verify", "true or false") : 0;
}

int openstack_settings_read(const struct openstack_source *source, struct openstack_settings *ret,
			    struct error *err)
{
	const json_t *options = source->location->spec->options;

	*ret = (struct openstack_settings){0};
	if (read_base(source, ret, err) < 0)
		return -1;
	ret->region = source->region ? source->region : ret->region;
	ret->auth_url = source->auth_url ? source->auth_url : ret->auth_url;
	return read_options(source, options, ret, err) < 0 || find_way(source, ret, err) < 0 ||
		       fit_address(source, ret, err) < 0 || check_way(source, ret, err) < 0 ||
		       fit_interface(source, ret, err) < 0 || fit_verify(source, ret, err) < 0
		   ? -1
		   : 0;
}
