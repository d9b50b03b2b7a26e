/* test_openstack_settings.c - which cloud it is and who asks there: clouds.yaml, secure.yaml, OS_* and
 * options, in their order; and what is not enough. */
#include <string.h>

#include "locations/openstack/openstack.h"
#include "tests/locations/openstack_bench.h"

TestSuite(openstack_settings, .init = openstack_bench_begin, .fini = openstack_bench_end, .timeout = 60);

static const struct openstack_settings *settings(void)
{
	return &((struct openstack *)openstack_here.state)->settings;
}

#define OPENS(target, options) cr_assert_eq(openstack_open(target, options), 0, "%s", openstack_error.text)

static void refused(const char *target, const char *options, enum code code, const char *words)
{
	cr_assert_eq(openstack_open(target, options), -1);
	cr_expect_eq(openstack_error.code, code, "%s", openstack_error.text);
	cr_expect(strstr(openstack_error.text, words), "%s", openstack_error.text);
}

static const char clouds[] = "clouds:\n"
			     "  lab:\n"
			     "    auth:\n"
			     "      auth_url: https://lab.example.org:5000\n"
			     "      username: ann\n"
			     "      project_name: shop\n"
			     "      user_domain_name: Staff\n"
			     "    regions: [North, South]\n"
			     "    interface: internalURL\n"
			     "    cacert: ~/lab.pem\n"
			     "  robot:\n"
			     "    auth_type: v3applicationcredential\n"
			     "    auth:\n"
			     "      auth_url: https://lab.example.org:5000/v3/\n"
			     "      application_credential_id: c1\n"
			     "      application_credential_secret: s1\n"
			     "    region_name: South\n"
			     "    verify: false\n";

Test(openstack_settings, a_cloud_of_clouds_yaml_with_secure_yaml_over_it)
{
	openstack_file(".config/openstack/clouds.yaml", clouds);
	openstack_file(".config/openstack/secure.yaml",
		       "clouds:\n  lab:\n    auth:\n      password: 12345\n      project_name: real\n");
	OPENS("lab", NULL);
	cr_expect_str_eq(settings()->auth_url, "https://lab.example.org:5000/v3");
	cr_expect_str_eq(settings()->user_name, "ann");
	cr_expect_str_eq(settings()->password, "12345");
	cr_expect_str_eq(settings()->project_name, "real");
	cr_expect_str_eq(settings()->region, "North");
	cr_expect_str_eq(settings()->interface, "internal");
	cr_expect(ends_with(settings()->ca_file, "/lab.pem") && *settings()->ca_file == '/', "%s",
		  settings()->ca_file);
	cr_expect(settings()->way == BY_PASSWORD);
	cr_expect(ends_with(settings()->source, "/.config/openstack/clouds.yaml"));
}

Test(openstack_settings, an_application_credential_names_no_project)
{
	struct openstack *openstack;

	openstack_file(".config/openstack/clouds.yml", clouds);
	OPENS("robot", NULL);
	openstack = openstack_here.state;
	cr_expect(settings()->way == BY_APPLICATION_CREDENTIAL);
	cr_expect_str_eq(settings()->auth_url, "https://lab.example.org:5000/v3");
	cr_expect(openstack->tls.no_verify, "said, and done");
	owned_json body = openstack_login_body(settings());
	cr_expect_null(json_at(body, "auth.scope"));
}

Test(openstack_settings, the_file_of_the_variable_is_the_first_one_looked_for)
{
	openstack_file(".config/openstack/clouds.yaml", clouds);
	openstack_environment("OS_CLIENT_CONFIG_FILE",
			      openstack_file("mine.yaml", "clouds: {lab: {auth: {auth_url: 'http://other', "
							  "username: bob, password: b, project_id: p}}}\n"));
	OPENS("lab", NULL);
	cr_expect_str_eq(settings()->user_name, "bob");
	cr_expect_str_eq(settings()->auth_url, "http://other/v3");
}

Test(openstack_settings, secrets_may_lie_in_a_file_that_a_variable_names)
{
	openstack_file(".config/openstack/clouds.yaml", clouds);
	openstack_environment("OS_CLIENT_SECURE_FILE",
			      openstack_file("mine.yaml", "clouds: {lab: {auth: {password: mine}}}\n"));
	OPENS("lab", NULL);
	cr_expect_str_eq(settings()->password, "mine");
}

Test(openstack_settings, the_cloud_of_the_variables_may_have_another_name)
{
	openstack_openrc();
	openstack_environment("OS_CLOUD_NAME", "shell");
	OPENS("shell", NULL);
	cr_expect_str_eq(settings()->user_name, "demo");
}

Test(openstack_settings, without_a_name_the_environment_says_which)
{
	openstack_file(".config/openstack/clouds.yaml", clouds);
	refused(":", NULL, ERR_INVALID, "which cloud");
	cr_expect(strstr(openstack_error.remedy, "`lab`, `robot`"), "%s", openstack_error.remedy);
	openstack_environment("OS_CLOUD", "robot");
	OPENS("", NULL);
	cr_expect_str_eq(settings()->cloud, "robot");
	openstack_driver.close(&openstack_here);
	openstack_environment("OS_CLOUD", NULL);
	openstack_openrc();
	OPENS("", NULL);
	cr_expect_str_eq(settings()->cloud, "envvars");
	cr_expect_str_eq(settings()->source, "OS_* variables");
}

Test(openstack_settings, the_only_cloud_needs_no_name)
{
	openstack_file(".config/openstack/clouds.yaml",
		       "clouds: {one: {auth: {auth_url: 'http://h/v3', user_id: u, password: p}}}\n");
	OPENS("", NULL);
	cr_expect_str_eq(settings()->cloud, "one");
}

Test(openstack_settings, older_names_of_variables_are_heeded)
{
	openstack_environment("OS_AUTH_URL", "http://h:5000/v2.0/");
	openstack_environment("OS_USERNAME", "demo");
	openstack_environment("OS_PASSWORD", "p");
	openstack_environment("OS_TENANT_NAME", "old");
	openstack_environment("OS_INSECURE", "True");
	OPENS("envvars", NULL);
	cr_expect_str_eq(settings()->auth_url, "http://h:5000/v3");
	cr_expect_str_eq(settings()->project_name, "old");
	cr_expect_str_eq(settings()->verify, "false");
}

Test(openstack_settings, every_variable_reaches_its_setting)
{
	static const struct {
		const char *variable, *value;
		size_t offset;
	} all[] = {
	    {"OS_AUTH_TYPE", "password", offsetof(struct openstack_settings, auth_type)},
	    {"OS_AUTH_URL", "http://x/v3", offsetof(struct openstack_settings, auth_url)},
	    {"OS_USERNAME", "said", offsetof(struct openstack_settings, user_name)},
	    {"OS_USER_ID", "said", offsetof(struct openstack_settings, user_id)},
	    {"OS_PASSWORD", "said", offsetof(struct openstack_settings, password)},
	    {"OS_USER_DOMAIN_NAME", "said", offsetof(struct openstack_settings, user_domain_name)},
	    {"OS_USER_DOMAIN_ID", "said", offsetof(struct openstack_settings, user_domain_id)},
	    {"OS_PROJECT_NAME", "said", offsetof(struct openstack_settings, project_name)},
	    {"OS_TENANT_NAME", "said", offsetof(struct openstack_settings, project_name)},
	    {"OS_PROJECT_ID", "said", offsetof(struct openstack_settings, project_id)},
	    {"OS_TENANT_ID", "said", offsetof(struct openstack_settings, project_id)},
	    {"OS_PROJECT_DOMAIN_NAME", "said", offsetof(struct openstack_settings, project_domain_name)},
	    {"OS_PROJECT_DOMAIN_ID", "said", offsetof(struct openstack_settings, project_domain_id)},
	    {"OS_DOMAIN_NAME", "said", offsetof(struct openstack_settings, domain_name)},
	    {"OS_DEFAULT_DOMAIN_NAME", "said", offsetof(struct openstack_settings, domain_name)},
	    {"OS_DOMAIN_ID", "said", offsetof(struct openstack_settings, domain_id)},
	    {"OS_DEFAULT_DOMAIN_ID", "said", offsetof(struct openstack_settings, domain_id)},
	    {"OS_TOKEN", "said", offsetof(struct openstack_settings, token)},
	    {"OS_APPLICATION_CREDENTIAL_ID", "said", offsetof(struct openstack_settings, credential_id)},
	    {"OS_APPLICATION_CREDENTIAL_NAME", "said", offsetof(struct openstack_settings, credential_name)},
	    {"OS_APPLICATION_CREDENTIAL_SECRET", "said",
	     offsetof(struct openstack_settings, credential_secret)},
	    {"OS_REGION_NAME", "said", offsetof(struct openstack_settings, region)},
	    {"OS_INTERFACE", "admin", offsetof(struct openstack_settings, interface)},
	    {"OS_ENDPOINT_TYPE", "admin", offsetof(struct openstack_settings, interface)},
	    {"OS_CACERT", "said", offsetof(struct openstack_settings, ca_file)},
	    {"OS_CERT", "said", offsetof(struct openstack_settings, cert_file)},
	    {"OS_KEY", "said", offsetof(struct openstack_settings, key_file)},
	};

	for (size_t i = 0; i < COUNT_OF(all); i++) {
		openstack_openrc();
		openstack_environment("OS_APPLICATION_CREDENTIAL_ID", "one");
		if (all[i].offset == offsetof(struct openstack_settings, project_name))
			openstack_environment("OS_PROJECT_NAME", NULL);
		openstack_environment(all[i].variable, all[i].value);
		OPENS("envvars", NULL);
		const char *found =
		    *(const char *const *)(const void *)((const char *)settings() + all[i].offset);
		cr_expect(found && !strcmp(found, all[i].value), "%s: %s", all[i].variable, found);
		openstack_driver.close(&openstack_here);
		openstack_environment(all[i].variable, NULL);
	}
}

Test(openstack_settings, a_token_comes_from_the_environment)
{
	openstack_environment("OS_AUTH_URL", "http://h");
	openstack_environment("OS_TOKEN", "t1");
	openstack_environment("OS_PROJECT_ID", "p1");
	OPENS("envvars", NULL);
	owned_json body = openstack_login_body(settings());
	cr_expect_str_eq(json_text(json_at(body, "auth.identity.token"), "id"), "t1");
	cr_expect_str_eq(json_text(json_at(body, "auth.scope.project"), "id"), "p1");
}

Test(openstack_settings, brooklyns_keys_say_all_of_it)
{
	OPENS("", "{\"endpoint\":\"https://k:5000/v2.0/"
		  "\",\"identity\":\"shop:ann\",\"credential\":\"p\",\"region\":\"R\"}");
	cr_expect_str_eq(settings()->auth_url, "https://k:5000/v3");
	cr_expect_str_eq(settings()->project_name, "shop");
	cr_expect_str_eq(settings()->user_name, "ann");
	cr_expect_str_eq(settings()->password, "p");
	cr_expect_str_eq(settings()->region, "R");
	openstack_driver.close(&openstack_here);
	OPENS("", "{\"endpoint\":\"https://k:5000/v3\",\"identity\":\"Staff:ann\",\"credential\":\"p\","
		  "\"jclouds.keystone.version\":\"3\",\"jclouds.keystone.scope\":\"project:shop\","
		  "\"jclouds.keystone.project-domain-name\":\"Shops\"}");
	cr_expect_str_eq(settings()->user_domain_name, "Staff");
	cr_expect_str_eq(settings()->project_name, "shop");
	cr_expect_str_eq(settings()->project_domain_name, "Shops");
}

Test(openstack_settings, options_may_have_auth_as_clouds_yaml_does_and_secrets_elsewhere)
{
	const char *path = openstack_file("secret", "from a file\n");
	owned_text options = {0};

	openstack_environment("MINE", "from a variable");
	OPENS("", "{\"auth\":{\"auth_url\":\"http://"
		  "h\",\"username\":\"u\",\"password\":\"env:MINE\",\"project_name\":\"p\"}}");
	cr_expect_str_eq(settings()->password, "from a variable");
	openstack_driver.close(&openstack_here);
	text_format(&options, "{\"endpoint\":\"http://h\",\"identity\":\"p:u\",\"credential\":\"file:%s\"}",
		    path);
	OPENS("", text_view(&options));
	cr_expect_str_eq(settings()->password, "from a file");
}

Test(openstack_settings, options_go_over_the_cloud_that_is_named)
{
	openstack_file(".config/openstack/clouds.yaml", clouds);
	OPENS("robot", "{\"region\":\"North\",\"tlsVerify\":true,\"interface\":\"admin\"}");
	cr_expect_str_eq(settings()->region, "North");
	cr_expect_str_eq(settings()->interface, "admin");
	cr_expect_not(((struct openstack *)openstack_here.state)->tls.no_verify);
}

Test(openstack_settings, what_is_wrong_is_told_with_its_place)
{
	openstack_file(".config/openstack/clouds.yaml", "clouds:\n  lab:\n    auth:\n      auth_url: [a]\n");
	refused("lab", NULL, ERR_INVALID, "clouds.yaml:4:17: it must be a text");
	openstack_file(".config/openstack/clouds.yaml", "clouds: {lab: {auth: {auth_url: http://h\n");
	refused("lab", NULL, ERR_INVALID, "clouds.yaml:");
	openstack_file(".config/openstack/clouds.yaml", "- lab\n");
	refused("lab", NULL, ERR_INVALID, "clouds.yaml:1:1: it must have a map of `clouds`");
	openstack_file(".config/openstack/clouds.yaml", "clouds:\n\tlab: x\n");
	refused("lab", NULL, ERR_INVALID, "clouds.yaml:2:1: a tab");
	cr_expect(strstr(openstack_error.remedy, "spaces"), "%s", openstack_error.remedy);
	openstack_file(".config/openstack/clouds.yaml", "cloud: {lab: {}}\n");
	refused("lab", NULL, ERR_MISSING, "has no cloud `lab`");
	cr_expect(strstr(openstack_error.remedy, "below `clouds:`"), "%s", openstack_error.remedy);
	openstack_file(".config/openstack/clouds.yaml",
		       "clouds: {lab: {auth: {auth_url: h}, interface: pubic}}\n");
	refused("lab", NULL, ERR_INVALID, "`auth_url` must be");
	cr_expect(strstr(openstack_error.remedy, "clouds.yaml"), "%s", openstack_error.remedy);
	refused("lab", "{\"endpoint\":\"http://h\",\"identity\":\"p:u\",\"credential\":\"x\"}", ERR_INVALID,
		"`interface` must be");
	cr_expect(strstr(openstack_error.remedy, "clouds.yaml"), "%s", openstack_error.remedy);
}

/* An openrc file that was filled in by half. */
Test(openstack_settings, a_variable_that_is_not_set_is_told_by_its_name)
{
	openstack_environment("OS_AUTH_URL", "http://h");
	refused("envvars", NULL, ERR_INVALID, "there is no username in OS_* variables");
	cr_expect(strstr(openstack_error.remedy, "set OS_USERNAME"), "%s", openstack_error.remedy);
	openstack_environment("OS_USERNAME", "demo");
	refused("envvars", NULL, ERR_INVALID, "there is no password in OS_* variables");
	cr_expect(strstr(openstack_error.remedy, "set OS_PASSWORD"), "%s", openstack_error.remedy);
}

Test(openstack_settings, what_is_not_enough_is_told_with_where_it_lacks)
{
	refused("lab", NULL, ERR_MISSING, "no clouds.yaml");
	refused("envvars", NULL, ERR_MISSING, "OS_AUTH_URL is not set");
	openstack_file(".config/openstack/clouds.yaml", clouds);
	refused("lap", NULL, ERR_MISSING, "has no cloud `lap`");
	refused("lab", NULL, ERR_INVALID, "there is no password in");
	cr_expect(strstr(openstack_error.remedy, "write it there"), "%s", openstack_error.remedy);
	refused("", "{\"endpoint\":\"http://h\"}", ERR_INVALID, "there is no username in its options");
	cr_expect(strstr(openstack_error.remedy, "`identity: \"PROJECT:USER\"`"), "%s",
		  openstack_error.remedy);
	refused("", "{\"endpoint\":\"http://h\",\"identity\":\"p:u\"}", ERR_INVALID, "beside a `credential`");
	refused("", "{\"endpoint\":\"ftp://h\",\"identity\":\"p:u\",\"credential\":\"x\"}", ERR_INVALID,
		"auth_url");
	refused("robot", "{\"regoin\":\"x\"}", ERR_INVALID, "no option `regoin`");
	cr_expect(strstr(openstack_error.remedy, "`region`"), "%s", openstack_error.remedy);
	refused("robot", "{\"authType\":\"v2password\"}", ERR_UNSUPPORTED, "v2password");
	refused("robot", "{\"interface\":\"private\"}", ERR_INVALID, "`interface` must be");
	refused("http://h", NULL, ERR_INVALID, "not the name of a cloud");
}

Test(openstack_settings, a_vendors_profile_is_not_guessed_at)
{
	openstack_file(".config/openstack/clouds.yaml",
		       "clouds: {v: {profile: vexxhost, auth: {username: u, password: p}}}\n");
	refused("v", NULL, ERR_INVALID, "there is no auth_url in");
	cr_expect(strstr(openstack_error.remedy, "`vexxhost`"), "%s", openstack_error.remedy);
}
