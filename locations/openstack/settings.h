/* settings.h - which cloud a location of OpenStack is and who asks there: from clouds.yaml and secure.yaml,
 * from OS_* variables, from the location's own options.
 */
#ifndef BERTH_LOCATIONS_OPENSTACK_SETTINGS_H
#define BERTH_LOCATIONS_OPENSTACK_SETTINGS_H

#include "blueprints/yaml.h"
#include "locations/location.h"

enum openstack_way { BY_PASSWORD, BY_TOKEN, BY_APPLICATION_CREDENTIAL };

/* NULL: not said. */
struct openstack_settings {
	const char *cloud;  /* as clouds.yaml calls it, "envvars" for that of the variables; "": of neither */
	const char *source; /* for people: "/etc/openstack/clouds.yaml", "OS_* variables", "its options" */
	enum openstack_way way;
	const char *auth_type, *auth_url;
	const char *user_name, *user_id, *password, *user_domain_name, *user_domain_id;
	const char *project_name, *project_id, *project_domain_name, *project_domain_id;
	const char *domain_name, *domain_id; /* of user and project alike, where theirs are not said */
	const char *token;
	const char *credential_id, *credential_name, *credential_secret;
	const char *region, *interface;
	const char *ca_file, *cert_file, *key_file;
	const char *verify;  /* "true" or "false" */
	const char *profile; /* of a vendor, which is not read */
};

/* Where a setting stands. */
struct openstack_setting {
	const char *key;      /* in clouds.yaml, in `auth` or beside it */
	const char *older;    /* how it was called before; or NULL */
	const char *variable; /* and its older name; or NULL */
	const char *older_variable;
	const char *option; /* as the location's options call it; NULL: it stands in their `auth` alone */
	size_t offset;      /* in struct openstack_settings */
	bool secret;        /* of the options it may be "env:NAME" or "file:PATH" */
	bool path;
};

extern const struct openstack_setting openstack_settings_known[];
extern const size_t openstack_settings_count;

/* What is read from, and where what is read lies. */
struct openstack_source {
	struct location *location;
	struct arena *arena;
	const char *home;
	/* Of the location's target: CLOUD, or with a colon before it a region, or where Keystone is. NULL:
	 * not said. */
	const char *cloud, *region, *auth_url;
};

static inline const char **openstack_slot(struct openstack_settings *settings,
					  const struct openstack_setting *setting)
{
	return (const char **)(void *)((char *)settings + setting->offset);
}

/* --- clouds_file.c --- */
/* The cloud of that name out of clouds.yaml, secure.yaml over it; NULL: the only one there is. Its name is
 * left in `ret`. ERR_MISSING when there is none. */
int openstack_clouds_read(const struct openstack_source *source, const char *name,
			  struct openstack_settings *ret, struct error *err);

/* --- settings.c --- */
/* All of it, checked: whatever the location's target and options say and do not say. `options`: those that
 * are none of the settings are left alone. */
int openstack_settings_read(const struct openstack_source *source, struct openstack_settings *ret,
			    struct error *err);
/* What an option says that may be "env:NAME" or "file:PATH". */
int openstack_secret_read(const struct openstack_source *source, const char *key, const char *text,
			  const char **ret, struct error *err);
/* A path that is absolute, or below the home. */
int openstack_path_read(const struct openstack_source *source, const char *key, const char *text,
			const char **ret, struct error *err);

#endif
