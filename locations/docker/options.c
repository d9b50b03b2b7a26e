/* options.c - what a blueprint may say about a Docker location. */
#include <string.h>

#include "base/address.h"
#include "locations/docker/docker.h"
#include "locations/options.h"

#define NAMES "host, context, tlsVerify, certPath, ca, cert, key, address, subnets and subnetSize"

static const char *const known[] = {"host", "context", "tlsVerify", "certPath", "ca",
				    "cert", "key",     "address",   "subnets",  "subnetSize"};

static int wrong(const struct docker *docker, struct error *err, const char *key, const char *wanted)
{
	return option_wrong(docker->location, key, wanted, err);
}

static int unknown(const struct docker *docker, const char *key, struct error *err)
{
	const char *meant = closest(key, known, COUNT_OF(known));

	fail(err, ERR_INVALID, "location `%s`: a docker location has no option `%s`", docker->location->name,
	     key);
	if (meant)
		remedy(err, "did you mean `%s`? The options are " NAMES, meant);
	else
		remedy(err, "the options are " NAMES);
	return -1;
}

static int read_address(struct docker *docker, const json_t *value, struct error *err)
{
	const char *text = json_string_value(value);

	if (!text || !address_is_numeric(text))
		return wrong(docker, err, "address", "the numeric address that published ports are bound on");
	docker->address = arena_text(&docker->arena, text);
	return docker->address ? 0 : fail_memory(err);
}

static int read_size(struct docker *docker, const json_t *value, struct error *err)
{
	const char *text = json_string_value(value);
	int64_t prefix = json_is_integer(value) ? json_integer_value(value) : 0;

	if (text && !parse_number(text + (*text == '/'), 8, 29, &prefix))
		prefix = 0;
	if (prefix < 8 || prefix > 29)
		return wrong(docker, err, "subnetSize", "a prefix length between 8 and 29, such as 23");
	docker->subnet_prefix = (int)prefix;
	return 0;
}

static int read_subnets(struct docker *docker, const json_t *value, struct error *err)
{
	const char *text = json_string_value(value);

	return text && subnet_parse(text, &docker->pool)
		   ? 0
		   : wrong(docker, err, "subnets", "a range such as \"10.213.0.0/16\"");
}

static int read_verify(struct docker *docker, const json_t *value, struct error *err)
{
	if (!json_is_boolean(value))
		return wrong(docker, err, "tlsVerify", "true or false");
	docker->said.verify = json_is_true(value) ? SAID_YES : SAID_NO;
	docker->said.tls_option = "tlsVerify";
	return 0;
}

static int read_text(struct docker *docker, const char *key, const json_t *value, struct error *err)
{
	struct engine_said *said = &docker->said;
	const struct {
		const char *key, *wanted;
		const char **to;
		bool path;
	} texts[] = {
	    {"host", "an engine's address", &said->host, false},
	    {"context", "the name of a Docker context", &said->context, false},
	    {"certPath", "the folder of ca.pem, cert.pem and key.pem", &said->folder, true},
	    {"ca", "the file of an authority's certificate", &said->ca, true},
	    {"cert", "the file of a client certificate", &said->cert, true},
	    {"key", "the file of a client certificate's key", &said->key, true},
	};

	for (size_t i = 0; i < COUNT_OF(texts); i++) {
		const char *text = json_string_value(value);
		if (strcmp(texts[i].key, key) != 0)
			continue;
		if (!text || !*text || !printable(text))
			return wrong(docker, err, key, texts[i].wanted);
		if (texts[i].path) {
			said->tls_option = texts[i].key;
			return option_path(docker->location, &docker->arena, texts[i].key, text, texts[i].to,
					   err);
		}
		*texts[i].to = text;
		return 0;
	}
	return unknown(docker, key, err);
}

static int read_option(struct docker *docker, const char *key, const json_t *value, struct error *err)
{
	static const struct {
		const char *key;
		int (*read)(struct docker *, const json_t *, struct error *);
	} readers[] = {
	    {"address", read_address},
	    {"subnetSize", read_size},
	    {"subnets", read_subnets},
	    {"tlsVerify", read_verify},
	};

	for (size_t i = 0; i < COUNT_OF(readers); i++)
		if (!strcmp(readers[i].key, key))
			return readers[i].read(docker, value, err);
	return read_text(docker, key, value, err);
}

int options_read(struct docker *docker, struct error *err)
{
	const char *key;
	json_t *value;

	docker->pool = (struct subnet){.network = UINT32_C(0x0ad50000), .prefix = 16};
	docker->subnet_prefix = 23;
	json_object_foreach ((json_t *)docker->location->spec->options, key, value)
		if (read_option(docker, key, value, err) < 0)
			return -1;
	if (docker->subnet_prefix < docker->pool.prefix)
		return wrong(docker, err, "subnetSize", "at least as long as the prefix of `subnets`");
	return engine_choose(docker, err);
}
