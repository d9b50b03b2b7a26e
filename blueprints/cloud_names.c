/* cloud_names.c - by which names the options of a cloud are known: those of here, and Brooklyn's for the same
 * thing. */
#include <string.h>

#include "base/cleanup.h"
#include "blueprints/cloud_options.h"
#include "blueprints/machine_options.h"

#define TEMPLATE "templateOptions"

/* In the order in which they count. */
static const struct {
	const char *key, *name;
	bool of_template; /* it stands among `templateOptions` */
} names[] = {
    {"privateKeyFile", "loginUser.privateKeyFile", false},
    {"privateKeyData", "loginUser.privateKeyData", false},
    {"privateKeyPassphrase", "loginUser.privateKeyPassphrase", false},
    {"floatingNetwork", "floatingIpPool", false},
    {"autoAssignFloatingIp", "jclouds.openstack-nova.auto-create-floating-ips", false},
    {"networks", "networks", true},
    {"networks", "novaNetworks", true},
    {"securityGroups", "securityGroups", true},
    {"securityGroups", "securityGroupNames", true},
    {"keyPair", "keyPairName", true},
    {"autoAssignFloatingIp", "autoAssignFloatingIp", true},
    {"floatingNetwork", "floatingIpPoolNames", true},
    {"availabilityZone", "availabilityZone", true},
    {"userData", "userData", true},
    {"userMetadata", "userMetadata", true},
    {"configDrive", "configDrive", true},
    {"loginUser", "overrideLoginUser", true},
    {"privateKeyData", "overrideLoginPrivateKey", true},
};
#define GENERATES "jclouds.openstack-nova.auto-generate-keypairs" /* so it is anyhow */
#define NO_CODE                                                                                              \
	"no code of Brooklyn's runs here; ports are opened by links and `publish`, or `securityGroups`"
#define NO_NAME "a server is called as its instance, with `berth.` before it"
#define NO_PASS "a server is logged in to with a key: `keyPair` and `privateKeyFile`, or one that is made"
#define NO_WAIT "a server is waited for until its machine answers"

static const struct {
	const char *key, *why;
} without_effect[] = {
    {"customizer", NO_CODE},
    {"customizers", NO_CODE},
    {"customizerType", NO_CODE},
    {"customizerTypes", NO_CODE},
    {"customizersSupplierType", NO_CODE},
    {"machineLocationCustomizers", NO_CODE},
    {"inboundPorts", NO_CODE},
    {"templateBuilder", NO_CODE},
    {"imageChooser", NO_CODE},
    {"password", NO_PASS},
    {"loginUser.password", NO_PASS},
    {"publicKeyFile", NO_PASS},
    {"publicKeyData", NO_PASS},
    {"extraPublicKeyDataToAuth", NO_PASS},
    {"extraSshPublicKeyUrls", NO_PASS},
    {"generateKeyPair", NO_PASS},
    {"authorizePublicKey", NO_PASS},
    {"installPrivateKey", NO_PASS},
    {"overrideLoginPassword", NO_PASS},
    {"overrideAuthenticateSudo", NULL},
    {"cloudMachineNamer", NO_NAME},
    {"cloudMachineNamerClass", NO_NAME},
    {"vmNameMaxLength", NO_NAME},
    {"vmNameSaltLength", NO_NAME},
    {"groupId", NO_NAME},
    {"nodeNames", NO_NAME},
    {"generate.hostname", NO_NAME},
    {"generateHostname", NO_NAME},
    {"waitForSshable", NO_WAIT},
    {"waitForConnectable", NO_WAIT},
    {"waitForWinRmAvailable", NO_WAIT},
    {"pollForFirstReachableAddress", NO_WAIT},
    {"pollForFirstReachableAddressPredicate", NO_WAIT},
    {"blockOnPort", NO_WAIT},
    {"blockUntilRunning", NO_WAIT},
    {"useJcloudsSshInit", NULL},
    {"lookupAwsHostname", NULL},
    {"destroyOnFailure", NULL},
    {"maxConcurrentMachineCreations", NULL},
    {"maxConcurrentMachineDeletions", NULL},
    {"machineCreationSemaphore", NULL},
    {"disableRootAndPasswordSsh", NULL},
    {"grantUserSudo", NULL},
    {"installDevUrandom", NULL},
    {"diskConfig", NULL},
    {"stringTags", NULL},
    {"imageVersionRegex", NULL},
};

const char *cloud_option_named(const char *name, bool of_template)
{
	for (size_t i = 0; i < COUNT_OF(names); i++)
		if (names[i].of_template == of_template && !strcmp(names[i].name, name))
			return names[i].key;
	return NULL;
}

const json_t *cloud_option(const json_t *options, const char *key)
{
	const json_t *template = json_object_get(options, TEMPLATE);
	bool logs_in = starts_with(key, "privateKey");
	const json_t *found = logs_in ? NULL : json_object_get(options, key);

	for (size_t i = 0; i < COUNT_OF(names) && !found; i++)
		if (!strcmp(names[i].key, key))
			found = json_object_get(names[i].of_template ? template : options, names[i].name);
	return found ? found : json_object_get(options, key);
}

/* --- over others --------------------------------------------------------------------------------------- */

/* Of each of these one says it, whichever it is. */
static const char *const alike[][3] = {{"network", "networkName", "networks"}, {"user", "loginUser"}};

static void unsay_among(json_t *options, const char *key, bool of_template)
{
	const char *name;
	json_t *value;
	void *next;

	json_object_foreach_safe(options, next, name, value)
	{
		const char *meant = cloud_option_named(name, of_template);
		if (!strcmp(meant ? meant : name, key))
			json_object_del(options, name);
	}
}

static void unsay_one(json_t *options, const char *key)
{
	unsay_among(options, key, false);
	unsay_among(json_object_get(options, TEMPLATE), key, true);
}

static bool is_one_of(const char *const *keys, const char *key)
{
	for (size_t i = 0; i < COUNT_OF(alike[0]) && keys[i]; i++)
		if (!strcmp(keys[i], key))
			return true;
	return false;
}

static void unsay(json_t *options, const char *key)
{
	unsay_one(options, key);
	for (size_t i = 0; i < COUNT_OF(alike); i++)
		for (size_t k = 0; is_one_of(alike[i], key) && k < COUNT_OF(alike[i]) && alike[i][k]; k++)
			unsay_one(options, alike[i][k]);
}

static void unsay_all(json_t *options, const json_t *said, bool of_template)
{
	const char *name;
	json_t *value;

	json_object_foreach ((json_t *)said, name, value) {
		const char *key = cloud_option_named(name, of_template);
		if (!of_template && !strcmp(name, TEMPLATE))
			unsay_all(options, value, true);
		else if (key || !of_template)
			unsay(options, key ? key : name);
	}
}

json_t *cloud_options_over(const json_t *own, const json_t *more)
{
	owned_json both = own ? json_deep_copy(own) : json_object();
	const json_t *theirs = json_object_get(more, TEMPLATE);

	unsay_all(both, more, false);
	owned_json template = json_incref(json_object_get(both, TEMPLATE));
	if (!both || json_object_update(both, (json_t *)more) ||
	    (template && theirs &&
	     (json_object_update(template, (json_t *)theirs) || json_object_set(both, TEMPLATE, template))))
		return NULL;
	return give(both);
}

bool cloud_option_is_effectless(const char *key, const char **ret_why)
{
	*ret_why = NULL;
	if (!strcmp(key, GENERATES))
		return false;
	for (size_t i = 0; i < COUNT_OF(without_effect); i++)
		if (!strcmp(without_effect[i].key, key)) {
			*ret_why = without_effect[i].why;
			return true;
		}
	/* What Brooklyn's library is told of how it asks. */
	if (starts_with(key, "jclouds."))
		return !starts_with(key, "jclouds.keystone.") && !cloud_option_named(key, false);
	return machine_option_is_noted(key) && !option_is_for_people(key) && strcmp(key, "osFamily") != 0;
}

bool cloud_option_is_noted(const char *key)
{
	const char *why;

	return option_is_for_people(key) || !strcmp(key, GENERATES) || cloud_option_is_effectless(key, &why);
}
