/* options.c - which OpenStack a location is: what its target and its options say, put together with
 * clouds.yaml and the environment. */
#include <string.h>

#include "base/cleanup.h"
#include "blueprints/cloud_options.h"
#include "locations/openstack/openstack.h"

/* "CLOUD"; with a colon before it a region or where Keystone is, as Brooklyn writes it. */
static int read_target(struct openstack_source *source, const struct location_spec *spec, struct error *err)
{
	const char *target = spec->target;

	if (!*target || !strcmp(target, ":"))
		return 0;
	if (*target != ':')
		source->cloud = target;
	else if (strstr(target, "://"))
		source->auth_url = target + 1;
	else
		source->region = target + 1;
	if (source->cloud && (strstr(target, "://") || !printable(target))) {
		fail(err, ERR_INVALID, "location `%s`: `%s` is not the name of a cloud",
		     source->location->name, target);
		remedy(err,
		       "write openstack:CLOUD, with a cloud of clouds.yaml, or a map with an `endpoint`");
		return -1;
	}
	return 0;
}

static int refuse_unknown(const struct location *location, struct error *err)
{
	const char *key, *meant;
	json_t *value;

	json_object_foreach ((json_t *)location->spec->options, key, value) {
		if (cloud_option_is_known(key, &meant))
			continue;
		fail(err, ERR_INVALID, "location `%s`: an openstack location has no option `%s`",
		     location->name, key);
		if (meant)
			remedy(err, "did you mean `%s`?", meant);
		else
			remedy(err, "its options are in docs/how-to/openstack.md");
		return -1;
	}
	return 0;
}

/* Where, and who in which project: as far as that is known before anybody was asked. */
static const char *identity_of(struct openstack *openstack)
{
	const struct openstack_settings *settings = &openstack->settings;
	const char *project = settings->project_id ? settings->project_id : settings->project_name;
	const char *asker = settings->credential_id     ? settings->credential_id
			    : settings->credential_name ? settings->credential_name
			    : settings->user_id         ? settings->user_id
							: settings->user_name;

	return arena_format(&openstack->arena, "%s %s %s %s", settings->auth_url,
			    settings->region ? settings->region : "-", project ? project : "-",
			    project ? "-"
			    : asker ? asker
				    : "-");
}

int openstack_options(struct openstack *openstack, struct error *err)
{
	struct location *location = openstack->location;
	struct openstack_settings *settings = &openstack->settings;
	struct openstack_source source = {.location = location, .arena = &openstack->arena};

	source.home = location_variable(source.location, "HOME");
	if (read_target(&source, location->spec, err) < 0 || refuse_unknown(location, err) < 0 ||
	    openstack_settings_read(&source, settings, err) < 0 ||
	    openstack_wishes_read(location, &openstack->arena, &openstack->wishes, err) < 0)
		return -1;
	openstack->tls = (struct http_tls){
	    .ca_file = settings->ca_file,
	    .cert_file = settings->cert_file,
	    .key_file = settings->key_file,
	    .no_verify = settings->verify && !strcasecmp(settings->verify, "false"),
	};
	openstack->identity = identity_of(openstack);
	return openstack->identity ? 0 : fail_memory(err);
}
