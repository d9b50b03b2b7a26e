/* options.c - what a blueprint may say about a Docker location. */
#include <arpa/inet.h>
#include <string.h>

#include "locations/docker/docker.h"

static const char *const known[] = {"host", "address", "subnets", "subnetSize"};

static int wrong(const struct docker *docker, struct error *err, const char *key, const char *wanted)
{
	return fail(err, ERR_INVALID, "location `%s`: `%s` must be %s", docker->location->name, key, wanted);
}

static int unknown(const struct docker *docker, const char *key, struct error *err)
{
	const char *meant = closest(key, known, COUNT_OF(known));

	fail(err, ERR_INVALID, "location `%s`: a docker location has no option `%s`", docker->location->name,
	     key);
	if (meant)
		remedy(err, "did you mean `%s`? The options are host, address, subnets and subnetSize",
		       meant);
	else
		remedy(err, "the options are host, address, subnets and subnetSize");
	return -1;
}

static int read_address(struct docker *docker, const json_t *value, struct error *err)
{
	const char *text = json_string_value(value);
	unsigned char numeric[16];

	if (!text || (inet_pton(AF_INET, text, numeric) != 1 && inet_pton(AF_INET6, text, numeric) != 1))
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

static int read_option(struct docker *docker, const char *key, const json_t *value, const char **ret_host,
		       struct error *err)
{
	if (!strcmp(key, "address"))
		return read_address(docker, value, err);
	if (!strcmp(key, "subnetSize"))
		return read_size(docker, value, err);
	if (!strcmp(key, "subnets")) {
		const char *text = json_string_value(value);
		return text && subnet_parse(text, &docker->pool)
			   ? 0
			   : wrong(docker, err, "subnets", "a range such as \"10.213.0.0/16\"");
	}
	if (!strcmp(key, "host")) {
		*ret_host = json_string_value(value);
		return *ret_host && **ret_host ? 0 : wrong(docker, err, "host", "an engine's address");
	}
	return unknown(docker, key, err);
}

int options_read(struct docker *docker, struct error *err)
{
	const char *key, *host = NULL;
	json_t *value;

	docker->pool = (struct subnet){.network = UINT32_C(0x0ad50000), .prefix = 16};
	docker->subnet_prefix = 23;
	json_object_foreach ((json_t *)docker->location->spec->options, key, value)
		if (read_option(docker, key, value, &host, err) < 0)
			return -1;
	if (docker->subnet_prefix < docker->pool.prefix)
		return wrong(docker, err, "subnetSize", "at least as long as the prefix of `subnets`");
	return endpoint_find(docker, host, err);
}
