/* options.c - which Marathon a location is, who asks there, and what its tasks get that no blueprint says. */
#include <stdio.h>
#include <string.h>

#include "base/address.h"
#include "base/base64.h"
#include "locations/marathon/marathon.h"
#include "locations/options.h"

#define NAMES                                                                                                \
	"url, user, password, token, ca, cert, key, tlsVerify, address, hosts, image, network, cpus, "       \
	"memory, disk, containerizer, role, constraints, fetch, upgradeStrategy, options, framework and "    \
	"patience"

enum { PATIENCE_MS = 10 * 60 * 1000, PORT = 8080, MESOS_PORT = 5050 };

struct said {
	const char *url, *user, *password, *token;
	bool tls;
};

static int wrong(const struct marathon *marathon, struct error *err, const char *key, const char *wanted)
{
	return option_wrong(marathon->location, key, wanted, err);
}

static int unknown(const struct marathon *marathon, const char *key, struct error *err)
{
	static const char *const known[] = {"url",       "user",        "password",     "token",
					    "ca",        "cert",        "key",          "tlsVerify",
					    "address",   "hosts",       "image",        "network",
					    "cpus",      "memory",      "disk",         "role",
					    "fetch",     "constraints", "options",      "upgradeStrategy",
					    "framework", "patience",    "containerizer"};
	const char *meant = closest(key, known, COUNT_OF(known));

	fail(err, ERR_INVALID, "location `%s`: a %s location has no option `%s`", marathon->location->name,
	     marathon->by_mesos ? "mesos" : "marathon", key);
	if (meant)
		remedy(err, "did you mean `%s`? The options are " NAMES, meant);
	else
		remedy(err, "the options are " NAMES);
	return -1;
}

/* --- texts ------------------------------------------------------------------------------------------- */

static int read_plain(struct marathon *marathon, const char *key, const char *text, const char **ret,
		      struct error *err)
{
	(void)key, (void)err;
	*ret = text;
	return marathon ? 0 : -1;
}

static int read_path(struct marathon *marathon, const char *key, const char *text, const char **ret,
		     struct error *err)
{
	return option_path(marathon->location, &marathon->arena, key, text, ret, err);
}

static int read_secret(struct marathon *marathon, const char *key, const char *text, const char **ret,
		       struct error *err)
{
	return option_secret(marathon->location, &marathon->arena, key, text, ret, err);
}

static int read_containerizer(struct marathon *marathon, const char *key, const char *text, const char **ret,
			      struct error *err)
{
	(void)ret;
	marathon->mesos_containers = !strcmp(text, "mesos");
	return marathon->mesos_containers || !strcmp(text, "docker")
		   ? 0
		   : wrong(marathon, err, key, "`docker`, or `mesos` for Mesos' own containers");
}

static int read_numeric(struct marathon *marathon, const char *key, const char *text, const char **ret,
			struct error *err)
{
	if (!address_is_numeric(text))
		return wrong(marathon, err, key, "the numeric address that its agent is reached by");
	*ret = text;
	return 0;
}

static int read_text(struct marathon *marathon, struct said *said, const char *key, const json_t *value,
		     struct error *err)
{
	const struct {
		const char *key, *wanted;
		const char **to;
		int (*read)(struct marathon *, const char *, const char *, const char **, struct error *);
		bool tls;
	} texts[] = {
	    {"url", "addresses, such as \"http://a:8080,http://b:8080\"", &said->url, read_plain, false},
	    {"user", "a user's name", &said->user, read_plain, false},
	    {"password", "a password", &said->password, read_secret, false},
	    {"token", "a token", &said->token, read_secret, false},
	    {"ca", "a file's path", &marathon->tls.ca_file, read_path, true},
	    {"cert", "a file's path", &marathon->tls.cert_file, read_path, true},
	    {"key", "a file's path", &marathon->tls.key_file, read_path, true},
	    {"address", "a numeric address", &marathon->address, read_numeric, false},
	    {"image", "the image that processes run in", &marathon->image, read_plain, false},
	    {"network", "`bridge`, `host`, or a network's name", &marathon->network, read_plain, false},
	    {"containerizer", "`docker` or `mesos`", NULL, read_containerizer, false},
	    {"role", "a role of Mesos", &marathon->role, read_plain, false},
	    {"framework", "the name of a framework", &marathon->wanted, read_plain, false},
	};

	for (size_t i = 0; i < COUNT_OF(texts); i++) {
		const char *text = json_string_value(value);
		if (strcmp(texts[i].key, key) != 0)
			continue;
		if (!text || !*text || !printable(text))
			return wrong(marathon, err, key, texts[i].wanted);
		said->tls |= texts[i].tls;
		return texts[i].read(marathon, texts[i].key, text, texts[i].to, err);
	}
	return unknown(marathon, key, err);
}

/* --- others ------------------------------------------------------------------------------------------ */

static int read_number(struct marathon *marathon, const char *key, const json_t *value, double *ret,
		       struct error *err)
{
	if (!json_is_number(value) || json_number_value(value) < 0)
		return wrong(marathon, err, key, "a number");
	*ret = json_number_value(value);
	return 0;
}

/* MiB as Marathon counts, or "512m", "2g". */
static int read_size(struct marathon *marathon, const char *key, const json_t *value, double *ret,
		     struct error *err)
{
	const char *text = json_string_value(value);
	char unit = 'm', more;
	double number;

	if (!text)
		return read_number(marathon, key, value, ret, err);
	if (sscanf(text, "%lf%c%c", &number, &unit, &more) > 2 || sscanf(text, "%lf", &number) != 1 ||
	    !strchr("mMgG", unit) || !(number >= 0 && number < 1e9))
		return wrong(marathon, err, key, "so many MiB, or a size such as \"512m\" or \"2g\"");
	*ret = strchr("gG", unit) ? number * 1024 : number;
	return 0;
}

static int read_patience(struct marathon *marathon, const json_t *value, struct error *err)
{
	const char *text = json_string_value(value);
	double seconds = -1;
	char unit = 's', more;

	if (json_is_number(value))
		seconds = json_number_value(value);
	else if (text && sscanf(text, "%lf%c%c", &seconds, &unit, &more) != 3 && strchr("smh", unit))
		seconds *= unit == 'h' ? 3600 : unit == 'm' ? 60 : 1;
	else
		seconds = -1;
	if (!(seconds > 0 && seconds < 1e7))
		return wrong(marathon, err, "patience", "a duration such as \"5m\"");
	marathon->patience_ms = (int64_t)(seconds * 1000);
	return 0;
}

static int read_shape(struct marathon *marathon, const char *key, const json_t *value, struct error *err)
{
	const struct {
		const char *key, *wanted;
		bool list;
		const json_t **to;
	} shapes[] = {
	    {"constraints", "a list such as [[hostname, UNIQUE]]", true, &marathon->constraints},
	    {"fetch", "a list such as [{uri: \"https://...\"}]", true, &marathon->fetch},
	    {"upgradeStrategy", "a map of minimumHealthCapacity and maximumOverCapacity", false,
	     &marathon->upgrade},
	    {"hosts", "a map of agents' names to numeric addresses", false, &marathon->hosts},
	    {"options", "a map of members of Marathon's apps", false, &marathon->extra},
	};

	for (size_t i = 0; i < COUNT_OF(shapes); i++) {
		if (strcmp(shapes[i].key, key) != 0)
			continue;
		if (shapes[i].list ? !json_is_array(value) : !json_is_object(value))
			return wrong(marathon, err, key, shapes[i].wanted);
		*shapes[i].to = value;
		return 1;
	}
	return 0;
}

static int read_option(struct marathon *marathon, struct said *said, const char *key, const json_t *value,
		       struct error *err)
{
	int shaped = read_shape(marathon, key, value, err);

	if (shaped)
		return shaped < 0 ? -1 : 0;
	if (!strcmp(key, "cpus"))
		return read_number(marathon, key, value, &marathon->cpus, err);
	if (!strcmp(key, "memory"))
		return read_size(marathon, key, value, &marathon->mem, err);
	if (!strcmp(key, "disk"))
		return read_size(marathon, key, value, &marathon->disk, err);
	if (!strcmp(key, "patience"))
		return read_patience(marathon, value, err);
	if (strcmp(key, "tlsVerify") != 0)
		return read_text(marathon, said, key, value, err);
	if (!json_is_boolean(value))
		return wrong(marathon, err, key, "true or false");
	marathon->tls.no_verify = json_is_false(value);
	said->tls = true;
	return 0;
}

/* --- its addresses ------------------------------------------------------------------------------------ */

/* "http://a", "a:8080" -> "http://a:8080"; one with a path is a proxy's, which has the port of its scheme. */
static const char *base_of(struct marathon *marathon, const char *written, size_t length, struct error *err)
{
	const char *text = arena_copy(&marathon->arena, written, length);
	const char *scheme = text && strstr(text, "://") ? "" : "http://";
	const char *rest = text && strstr(text, "://") ? strstr(text, "://") + 3 : text;

	if (!text) {
		fail_memory(err);
		return NULL;
	}
	if (strchr(rest, '@')) {
		fail(err, ERR_INVALID, "location `%s`: an address must not hold a user or a password",
		     marathon->location->name);
		remedy(err, "give the location a `user` and a `password`");
		return NULL;
	}
	if ((!*scheme && !starts_with(text, "http://") && !starts_with(text, "https://")) || !*rest ||
	    strpbrk(rest, "?# ") || *rest == ':' || *rest == '/') {
		fail(err, ERR_INVALID, "location `%s`: `%s` is no address", marathon->location->name, text);
		remedy(err, "write http://HOST:PORT, several with commas between them");
		return NULL;
	}
	size_t end = strlen(rest), host = strcspn(rest, "/");
	while (end > host && rest[end - 1] == '/')
		end--;
	const char *bracket = *rest == '[' ? strchr(rest, ']') : rest;
	bool port = memchr(bracket ? bracket : rest, ':', host - (size_t)((bracket ? bracket : rest) - rest));
	const char *whole =
	    arena_format(&marathon->arena, "%s%.*s%.*s", scheme, (int)(rest - text), text, (int)end, rest);
	if (whole && !port && end == host && !starts_with(text, "https://"))
		whole =
		    arena_format(&marathon->arena, "%s:%d", whole, marathon->by_mesos ? MESOS_PORT : PORT);
	if (!whole)
		fail_memory(err);
	return whole;
}

static int read_masters(struct marathon *marathon, const char *written, struct error *err)
{
	const char **masters = arena_array(&marathon->arena, const char *, strlen(written) / 2 + 2);
	owned_text identity = {0};

	if (!masters)
		return fail_memory(err);
	for (const char *at = written; *at; at += strcspn(at, ","), at += *at == ',') {
		const char *base = base_of(marathon, at, strcspn(at, ","), err);
		if (!base)
			return -1;
		masters[marathon->master_count++] = base;
		marathon->secure |= starts_with(base, "https://");
	}
	if (!marathon->master_count)
		return wrong(marathon, err, "url", "an address, such as \"http://a:8080\"");
	/* Written in another order they are the same. */
	const char **sorted = arena_array(&marathon->arena, const char *, marathon->master_count);
	if (!sorted)
		return fail_memory(err);
	for (size_t i = 0; i < marathon->master_count; i++) {
		size_t place = i;
		for (; place && strcmp(masters[i], sorted[place - 1]) < 0; place--)
			sorted[place] = sorted[place - 1];
		sorted[place] = masters[i];
	}
	for (size_t i = 0; i < marathon->master_count; i++)
		text_format(&identity, "%s%s", i ? "," : "", sorted[i]);
	marathon->masters = masters;
	marathon->shown = masters[0];
	marathon->identity = identity.failed ? NULL : arena_text(&marathon->arena, text_view(&identity));
	if (!marathon->by_mesos) {
		marathon->bases = masters;
		marathon->base_count = marathon->master_count;
	}
	return marathon->identity ? 0 : fail_memory(err);
}

static int find_masters(struct marathon *marathon, const struct said *said, struct error *err)
{
	const char *target = marathon->location->spec->target;
	const char *written = target && *target    ? target
			      : said->url          ? said->url
			      : marathon->by_mesos ? location_variable(marathon->location, "MESOS_URL")
						   : location_variable(marathon->location, "MARATHON_URL");

	if (written)
		return read_masters(marathon, written, err);
	fail(err, ERR_INVALID, "location `%s`: which %s?", marathon->location->name,
	     marathon->by_mesos ? "Mesos" : "Marathon");
	remedy(err, "write `%s:http://HOST:%d`, `url:` among its options, or set %s",
	       marathon->by_mesos ? "mesos" : "marathon", marathon->by_mesos ? MESOS_PORT : PORT,
	       marathon->by_mesos ? "MESOS_URL" : "MARATHON_URL");
	return -1;
}

/* --- who asks ------------------------------------------------------------------------------------------ */

static int find_credentials(struct marathon *marathon, struct said *said, struct error *err)
{
	owned_text pair = {.secret = true}, header = {.secret = true};

	if (!said->user && !said->token) {
		said->user = location_variable(marathon->location, "MARATHON_USER");
		said->token = said->user ? NULL : location_variable(marathon->location, "DCOS_ACS_TOKEN");
	}
	if (said->user && !said->password)
		said->password = location_variable(marathon->location, "MARATHON_PASSWORD");
	if (said->token && said->user)
		return fail(err, ERR_INVALID, "location `%s`: `user` and `token` exclude each other",
			    marathon->location->name);
	if (said->token) {
		text_format(&header, "Authorization: token=%s", said->token);
	} else if (said->user) {
		text_format(&pair, "%s:%s", said->user, said->password ? said->password : "");
		text_add(&header, "Authorization: Basic ");
		base64_add(&header, text_view(&pair), pair.length);
	} else {
		return 0;
	}
	if (!printable(text_view(&header)))
		return wrong(marathon, err, said->token ? "token" : "password", "without control characters");
	marathon->authorization =
	    header.failed || pair.failed ? NULL : arena_text(&marathon->arena, text_view(&header));
	return marathon->authorization ? 0 : fail_memory(err);
}

/* Found in the environment, it is written into the options, but for what is secret. */
static int keep_resolved(struct marathon *marathon, struct error *err)
{
	const json_t *options = marathon->location->spec->options;

	marathon->lasting = options ? json_deep_copy(options) : json_object();
	if (!marathon->lasting || json_put_text(marathon->lasting, "url", marathon->identity) < 0)
		return fail_memory(err);
	return 0;
}

int marathon_options(struct marathon *marathon, struct error *err)
{
	struct said said = {0};
	const char *key;
	json_t *value;

	marathon->image = "debian:stable-slim";
	marathon->network = "bridge";
	marathon->cpus = 0.1;
	marathon->mem = 256;
	marathon->patience_ms = PATIENCE_MS;
	json_object_foreach ((json_t *)marathon->location->spec->options, key, value)
		if (read_option(marathon, &said, key, value, err) < 0)
			return -1;
	if (find_masters(marathon, &said, err) < 0 || find_credentials(marathon, &said, err) < 0)
		return -1;
	if (said.tls && !marathon->secure)
		return fail(err, ERR_INVALID,
			    "location `%s`: %s is without TLS, and its options are about TLS",
			    marathon->location->name, marathon->shown);
	return keep_resolved(marathon, err);
}
