/* identity.c - the simulated Keystone: who logs in, tokens and how long they are good, the catalogue,
 * application credentials. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/cleanup.h"
#include "simulation/openstack/model.h"

static const char user_name[] = "demo", password[] = "demopass", project_name[] = "demo";

/* --- the catalogue ---------------------------------------------------------------------------------------
 */

static json_t *tell_endpoints(enum openstack_service service, const char *path)
{
	static const char *const interfaces[] = {"public", "admin", "internal"};
	json_t *list = cloud_need(json_array());
	char url[120], id[ID_SIZE];

	snprintf(url, sizeof(url), "http://%s%s", openstack_cloud_addresses[service], path);
	for (unsigned i = 0; i < COUNT_OF(interfaces); i++) {
		snprintf(id, sizeof(id), "%032x", 0x30c + 16 * service + i);
		json_array_append_new(list, json_pack("{s:s, s:s, s:s, s:s, s:s}", "id", id, "interface",
						      interfaces[i], "region_id", "RegionOne", "url", url,
						      "region", "RegionOne"));
	}
	return list;
}

static json_t *tell_catalogue(void)
{
	static const struct {
		enum openstack_service service;
		const char *type, *name, *path, *id;
	} all[] = {{CLOUD_KEYSTONE, "identity", "keystone", "/v3/", "0ddc239f6341435088fa56202a5c4ce6"},
		   {CLOUD_PLACEMENT, "placement", "placement", "", "1dcdea8ddb6e4cbfb97140812bce012e"},
		   {CLOUD_NOVA, "compute", "nova", "/v2.1", "40d3aa4083234989b18b582c3606c10c"},
		   {CLOUD_NEUTRON, "network", "neutron", "", "93e33dce255d4984a760edf333f10201"},
		   {CLOUD_GLANCE, "image", "glance", "", "b9c1bbf1a2a14ac1a6d2a66f7ea62f5b"}};
	json_t *catalogue = cloud_need(json_array());

	for (size_t i = 0; i < COUNT_OF(all); i++)
		json_array_append_new(catalogue,
				      json_pack("{s:o, s:s, s:s, s:s}", "endpoints",
						tell_endpoints(all[i].service, all[i].path), "id", all[i].id,
						"type", all[i].type, "name", all[i].name));
	return catalogue;
}

static void get_catalogue(struct asked *asked)
{
	cloud_answer(asked, 200,
		     json_pack("{s:o, s:{s:s}}", "catalog", tell_catalogue(), "links", "self",
			       "http://10.0.3.1:5000/v3/auth/catalog"));
}

/* --- tokens ----------------------------------------------------------------------------------------------
 */

static const char *keystone_time(int64_t ms, char ret[static STAMP_SIZE])
{
	cloud_write_time(ms, ret);
	snprintf(ret + strlen(ret) - 1, 9, ".000000Z");
	return ret;
}

static json_t *tell_roles(void)
{
	return json_pack("[{s:s, s:s}, {s:s, s:s}]", "id", "b8b315b6b42a49d18074874a256127d0", "name",
			 "member", "id", "0674975f15d242b1a84ed9deffe9fb3c", "name", "reader");
}

static void write_secret(struct openstack_cloud *cloud, const char *prefix, char *ret, size_t size)
{
	char id[ID_SIZE];

	cloud_uuid(cloud, id);
	snprintf(ret, size, "%s%s", prefix, id);
}

static struct token *give_token(struct openstack_cloud *cloud, const char *method,
				const struct credential *credential)
{
	struct token *token = cloud_need(calloc(1, sizeof(*token)));
	int64_t now = cloud_now(cloud);
	char issued[STAMP_SIZE], expires[STAMP_SIZE];

	token->next = cloud->tokens;
	cloud->tokens = token;
	token->expires_ms = now + cloud->token_life_ms;
	write_secret(cloud, "gAAAAAB-", token->id, sizeof(token->id));
	json_t *told = cloud_need(json_pack(
	    "{s:[s], s:{s:{s:s, s:s}, s:s, s:s, s:n}, s:[s], s:s, s:s, s:{s:{s:s, s:s}, s:s, s:s}, s:b, s:o, "
	    "s:o}",
	    "methods", method, "user", "domain", "id", "default", "name", "Default", "id", USER_ID, "name",
	    user_name, "password_expires_at", "audit_ids", token->id + 20, "expires_at",
	    keystone_time(token->expires_ms, expires), "issued_at", keystone_time(now, issued), "project",
	    "domain", "id", "default", "name", "Default", "id", PROJECT_ID, "name", project_name, "is_domain",
	    false, "roles", tell_roles(), "catalog", tell_catalogue()));
	if (credential)
		json_object_set_new(told, "application_credential",
				    json_pack("{s:s, s:s, s:b}", "id", credential->id, "name",
					      json_text(credential->told, "name"), "restricted", true));
	token->told = cloud_need(json_pack("{s:o}", "token", told));
	return token;
}

static struct token *find_token(const struct openstack_cloud *cloud, const char *id)
{
	struct token *token = cloud->tokens;

	while (token && (!id || strcmp(token->id, id) != 0))
		token = token->next;
	return token;
}

static bool is_good(const struct openstack_cloud *cloud, const struct token *token)
{
	return token && !token->revoked_ms && cloud_now(cloud) < token->expires_ms;
}

bool identity_knows(struct asked *asked)
{
	struct token *token = find_token(asked->cloud, cloud_header(asked, "X-Auth-Token"));
	bool good = is_good(asked->cloud, token);

	if (!token || (asked->service == CLOUD_KEYSTONE && !good))
		return false;
	if (!good && cloud_now(asked->cloud) < token->expires_ms && token->seen[asked->service] &&
	    cloud_now(asked->cloud) < token->revoked_ms + TOKEN_CACHE_MS)
		return true;
	token->seen[asked->service] = token->seen[asked->service] || good;
	return good;
}

const char *identity_token(struct openstack_cloud *cloud)
{
	for (const struct token *token = cloud->tokens; token; token = token->next)
		if (is_good(cloud, token))
			return token->id;
	return give_token(cloud, "password", NULL)->id;
}

void openstack_cloud_revoke(struct openstack_cloud *cloud)
{
	for (struct token *token = cloud->tokens; token; token = token->next)
		token->expires_ms = 0;
}

/* --- who logs in -----------------------------------------------------------------------------------------
 */

/* By its id, or by its name in the only domain. */
static bool is_named(const json_t *said, const char *id, const char *name)
{
	const json_t *domain = json_object_get(said, "domain");
	const char *said_id = json_text(said, "id"), *said_name = json_text(said, "name");
	const char *domain_id = json_text(domain, "id"), *domain_name = json_text(domain, "name");

	if (said_id)
		return !strcmp(said_id, id);
	return said_name && !strcmp(said_name, name) &&
	       ((domain_id && !strcmp(domain_id, "default")) ||
		(domain_name && !strcmp(domain_name, "Default")));
}

static bool is_text(const json_t *said, const char *key, const char *wanted)
{
	const char *text = json_text(said, key);

	return text && !strcmp(text, wanted);
}

static const struct credential *find_credential(const struct openstack_cloud *cloud, const json_t *said)
{
	for (const struct credential *one = cloud->credentials; one; one = one->next)
		if ((is_text(said, "id", one->id) ||
		     (is_text(said, "name", json_text(one->told, "name")) &&
		      is_named(json_object_get(said, "user"), USER_ID, user_name))) &&
		    is_text(said, "secret", one->secret))
			return one;
	return NULL;
}

static void refuse_login(struct asked *asked)
{
	text_add(&asked->answer_headers, "WWW-Authenticate: Keystone uri=\"http://10.0.3.1:5000/v3\"\r\n");
	cloud_refuse(asked, 401, "Unauthorized", "The request you have made requires authentication.");
}

static void post_token(struct asked *asked)
{
	const json_t *auth = json_object_get(asked->body, "auth"), *scope = json_object_get(auth, "scope");
	const json_t *identity = json_object_get(auth, "identity"), *said;
	const char *method = json_string_value(json_array_get(json_object_get(identity, "methods"), 0));
	const struct credential *credential = NULL;
	bool good = false;

	if (!method) {
		cloud_refuse(asked, 400, "Bad Request", "'methods' is a required property");
		return;
	}
	said = json_object_get(identity, method);
	if (!strcmp(method, "password")) {
		said = json_object_get(said, "user");
		good = is_named(said, USER_ID, user_name) && is_text(said, "password", password);
	} else if (!strcmp(method, "token")) {
		good = is_good(asked->cloud, find_token(asked->cloud, json_text(said, "id")));
	} else if (!strcmp(method, "application_credential")) {
		credential = find_credential(asked->cloud, said);
		good = credential && !scope;
	}
	if (scope && !is_named(json_object_get(scope, "project"), PROJECT_ID, project_name))
		good = false;
	if (!good) {
		refuse_login(asked);
		return;
	}
	const struct token *token = give_token(asked->cloud, method, credential);
	text_format(&asked->answer_headers, "X-Subject-Token: %s\r\nVary: X-Auth-Token\r\n", token->id);
	cloud_answer(asked, 201, json_incref(token->told));
}

static struct token *subject(struct asked *asked)
{
	struct token *token = find_token(asked->cloud, cloud_header(asked, "X-Subject-Token"));

	if (is_good(asked->cloud, token))
		return token;
	cloud_refuse(asked, 404, "Not Found", "Failed to validate token");
	return NULL;
}

static void get_token(struct asked *asked)
{
	const struct token *token = subject(asked);

	if (!token)
		return;
	text_format(&asked->answer_headers, "X-Subject-Token: %s\r\nVary: X-Auth-Token\r\n", token->id);
	cloud_answer(asked, 200, json_incref(token->told));
}

static void delete_token(struct asked *asked)
{
	struct token *token = subject(asked);

	if (!token)
		return;
	token->revoked_ms = cloud_now(asked->cloud);
	cloud_answer(asked, 204, NULL);
}

/* --- application credentials -----------------------------------------------------------------------------
 */

static json_t *tell_credential_roles(void)
{
	json_t *roles = tell_roles();

	for (size_t i = 0; i < json_array_size(roles); i++)
		json_object_update_new(json_array_get(roles, i),
				       json_pack("{s:n, s:n, s:{s:b}}", "domain_id", "description", "options",
						 "immutable", true));
	return roles;
}

static void post_credential(struct asked *asked)
{
	const json_t *said = json_object_get(asked->body, "application_credential");
	struct openstack_cloud *cloud = asked->cloud;
	struct credential *credential = cloud_need(calloc(1, sizeof(*credential)));
	char self[160];

	credential->next = cloud->credentials;
	cloud->credentials = credential;
	write_secret(cloud, "", credential->id, sizeof(credential->id));
	write_secret(cloud, "secret-", credential->secret, sizeof(credential->secret));
	snprintf(self, sizeof(self), "http://%s/v3/application_credentials/%s",
		 openstack_cloud_addresses[CLOUD_KEYSTONE], credential->id);
	credential->told = cloud_need(
	    json_pack("{s:s, s:s?, s:n, s:s, s:s, s:n, s:n, s:n, s:o, s:s, s:{s:s}}", "id", credential->id,
		      "name", json_text(said, "name"), "description", "user_id", USER_ID, "project_id",
		      PROJECT_ID, "system", "expires_at", "unrestricted", "roles", tell_credential_roles(),
		      "secret", credential->secret, "links", "self", self));
	cloud_answer(asked, 201, json_pack("{s:O}", "application_credential", credential->told));
}

const struct route identity_routes[] = {
    {"GET", "/", keystone_versions, true},
    {"GET", "/v3", keystone_version, true},
    {"POST", "/v3/auth/tokens", post_token, true},
    {"GET", "/v3/auth/tokens", get_token, false},
    {"DELETE", "/v3/auth/tokens", delete_token, false},
    {"GET", "/v3/auth/catalog", get_catalogue, false},
    {"POST", "/v3/users/*/application_credentials", post_credential, false},
};
const size_t identity_route_count = COUNT_OF(identity_routes);

void identity_free(struct openstack_cloud *cloud)
{
	while (cloud->tokens) {
		struct token *token = cloud->tokens;
		cloud->tokens = token->next;
		json_decref(token->told);
		free(token);
	}
	while (cloud->credentials) {
		struct credential *credential = cloud->credentials;
		cloud->credentials = credential->next;
		json_decref(credential->told);
		free(credential);
	}
}
