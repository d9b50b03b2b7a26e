/* test_docker_simulated.c - the simulated engine against the real one: the same requests, one after the
 * other, valid and not, are answered alike. What cannot be the same (ids, times) is masked first. */
#include <criterion/criterion.h>
#include <ctype.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/arena.h"
#include "base/cleanup.h"
#include "base/json.h"
#include "base/map.h"
#include "base/world_real.h"
#include "simulation/docker/engine.h"

enum { STEPS = 70, LINE = 1600 };

/* --- chance --------------------------------------------------------------------------------------------- */

static uint64_t chance;

static unsigned roll(unsigned sides)
{
	chance ^= chance << 13;
	chance ^= chance >> 7;
	chance ^= chance << 17;
	return (unsigned)(chance >> 33) % sides;
}

static const char *one_of(const char *const *words, size_t count)
{
	return words[roll((unsigned)count)];
}

#define ONE_OF(...)                                                                                          \
	one_of((const char *const[]){__VA_ARGS__},                                                           \
	       sizeof((const char *const[]){__VA_ARGS__}) / sizeof(const char *))

/* --- the two engines --------------------------------------------------------------------------- */

static struct world *real;
static const char *socket_path;
static struct universe *universe;
static struct docker_engine *engine;
static struct arena arena;
static unsigned tag; /* tells this run's things from others' */

struct side {
	const char *called;
	struct map *ids; /* "c:name", "n:name", "e:" */
	int status;
	struct text body;
};

static struct side sides[2] = {{.called = "the real engine"}, {.called = "the simulated one"}};

struct exchange_end {
	bool done;
	struct side *side;
};

static void answered(void *owner, struct http_answer *answer)
{
	struct exchange_end *end = owner;

	end->done = true;
	end->side->status = answer->error.code == OK ? answer->status : -1;
	text_add_bytes(&end->side->body, text_view(&answer->body), answer->body.length);
}

static void ask_real(struct side *side, const char *method, const char *path, const char *body)
{
	static const char *const headers[] = {"Content-Type: application/json", NULL};
	const char *url = arena_format(&arena, "http://localhost/v1.41%s", path);
	struct exchange_end end = {.side = side};
	const struct http_sink sink = {.done = answered, .owner = &end};
	const struct http_request request = {
	    .method = method,
	    .url = url,
	    .unix_socket = socket_path,
	    .headers = body ? headers : NULL,
	    .body = body,
	    .body_size = body ? strlen(body) : 0,
	    .timeout_ms = 60000,
	};

	cr_assert(real->ops->http_send(real, &request, &sink, NULL));
	while (!end.done)
		world_wait(real, 1000);
}

static void ask_simulated(struct side *side, const char *method, const char *path, const char *body)
{
	struct clock *clock = universe_clock(universe);
	int64_t limit = clock_now(clock) + 60000;
	struct docker_asked asked;

	docker_engine_ask(engine, method, arena_format(&arena, "/v1.41%s", path), body, &asked);
	while (!asked.status && clock_step(clock, limit))
		;
	/* What follows from it has followed, as at the real one by the time of the next request. */
	limit = clock_now(clock) + 50;
	while (clock_step(clock, limit))
		;
	side->status = asked.status;
	side->body = asked.body;
}

static void ask_both(const char *method, const char *const paths[2], const char *const bodies[2])
{
	for (int i = 0; i < 2; i++)
		text_release(&sides[i].body);
	ask_real(&sides[0], method, paths[0], bodies[0]);
	ask_simulated(&sides[1], method, paths[1], bodies[1]);
}

/* "{c:web}" stands for an id that each engine has its own of. */
static const char *with_ids(const struct side *side, const char *template)
{
	owned_text text = {0};
	char key[100];

	while (template && *template) {
		if (*template == '{' && template[1] && template[2] == ':') {
			size_t length = strcspn(template, "}");
			snprintf(key, sizeof(key), "%.*s", (int)length - 1, template + 1);
			const char *id = map_get(side->ids, key);
			text_add(&text, id ? id : "0123456789abcdef");
			template += length + 1;
		} else {
			text_add_char(&text, *template ++);
		}
	}
	return template ? arena_text(&arena, text_view(&text)) : NULL;
}

static void keep_ids(const char *key)
{
	for (int i = 0; key && i < 2; i++) {
		owned_json answer = json_loads(text_view(&sides[i].body), 0, NULL);
		const char *id = json_text(answer, "Id");
		if (id)
			cr_assert(map_put(&sides[i].ids, key, arena_text(&arena, id)) == 0);
	}
}

/* --- masked ------------------------------------------------------------------------------------ */

static size_t hex_length(const char *text)
{
	return strspn(text, "0123456789abcdef");
}

static bool is_time(const char *text)
{
	return strlen(text) > 18 && text[4] == '-' && text[10] == 'T' && !starts_with(text, "0001");
}

/* Ids, whole or short, become "<id>"; "Up 3 seconds" just "Up". */
static char *mask_text(const char *text)
{
	struct text masked = {0};

	if (is_time(text))
		text = "<time>";
	for (const char *at = text; *at;) {
		size_t length = hex_length(at);
		bool begins = at == text || !isalnum((unsigned char)at[-1]);
		if (begins && (length == 64 || length == 12) && !isalnum((unsigned char)at[length])) {
			text_add(&masked, "<id>");
			at += length;
		} else if (at == text && starts_with(at, "Up ")) {
			const char *more = strstr(at, " (");
			text_add(&masked, "Up");
			at = more ? more : at + strlen(at);
		} else if (starts_with(at, ") ") && ends_with(text, " ago")) {
			text_add(&masked, ")");
			break;
		} else {
			text_add_char(&masked, *at++);
		}
	}
	return text_take(&masked);
}

static json_t *mask(const json_t *json);

static int by_line(const void *a, const void *b)
{
	return strcmp(*(char *const *)a, *(char *const *)b);
}

/* Sets that come in any order. */
static json_t *sorted(json_t *list)
{
	size_t count = json_array_size(list);
	char **lines = calloc(count + 1, sizeof(*lines));
	json_t *ordered = json_array();

	for (size_t i = 0; i < count; i++)
		lines[i] = json_dumps(json_array_get(list, i), JSON_SORT_KEYS | JSON_ENCODE_ANY);
	qsort(lines, count, sizeof(*lines), by_line);
	for (size_t i = 0; i < count; i++) {
		json_array_append_new(ordered, json_loads(lines[i], JSON_DECODE_ANY, NULL));
		free(lines[i]);
	}
	free(lines);
	json_decref(list);
	return ordered;
}

static json_t *mask_object(const json_t *json)
{
	static const char *const unlike[] = {"Pid",  "CreatedAt",   "Mountpoint", "Source",  "Created",
					     "Size", "VirtualSize", "time",       "timeNano"};
	json_t *masked = json_object(), *ids = NULL, *value;
	const char *key;

	json_object_foreach ((json_t *)json, key, value) {
		bool differs = false;
		for (size_t i = 0; i < COUNT_OF(unlike); i++)
			differs |= !strcmp(key, unlike[i]);
		if (differs)
			continue;
		if (hex_length(key) == 64) {
			ids = ids ? ids : json_array();
			json_array_append_new(ids, mask(value));
		} else {
			json_t *its = mask(value);
			bool set = !strcmp(key, "Mounts") || !strcmp(key, "Volumes") || !strcmp(key, "Ports");
			json_object_set_new(masked, key, set && json_is_array(its) ? sorted(its) : its);
		}
	}
	if (!ids)
		return masked;
	json_decref(masked);
	return sorted(ids);
}

static json_t *mask(const json_t *json)
{
	if (json_is_object(json))
		return mask_object(json);
	if (json_is_array(json)) {
		json_t *masked = json_array();
		for (size_t i = 0; i < json_array_size(json); i++)
			json_array_append_new(masked, mask(json_array_get(json, i)));
		return masked;
	}
	if (!json_is_string(json))
		return json_deep_copy(json);
	char *text = mask_text(json_string_value(json));
	json_t *masked = json_string(text);
	free(text);
	return masked;
}

/* --- compared ---------------------------------------------------------------------------------- */

static char *shown(const json_t *json)
{
	char *line = json ? json_dumps(json, JSON_ENCODE_ANY | JSON_COMPACT) : NULL;
	char *copy = arena_text(&arena, line ? line : "nothing");

	free(line);
	return copy;
}

/* All that the simulated one says, the real one says too. */
static bool says(const json_t *told, const json_t *simulated, struct text *where)
{
	const char *key;
	json_t *value;
	size_t before = where->length;

	if (json_is_object(simulated) && json_is_object(told)) {
		json_object_foreach ((json_t *)simulated, key, value) {
			text_format(where, ".%s", key);
			if (!says(json_object_get(told, key), value, where))
				return false;
			where->length = before;
			where->data[before] = '\0';
		}
		return true;
	}
	if (json_is_array(simulated) && json_is_array(told)) {
		for (size_t i = 0; i < json_array_size(simulated); i++) {
			text_format(where, "[%zu]", i);
			if (!says(json_array_get(told, i), json_array_get(simulated, i), where))
				return false;
			where->length = before;
			where->data[before] = '\0';
		}
		if (json_array_size(told) == json_array_size(simulated))
			return true;
		text_format(where, "\n  told: %s\n  simulated: %s", shown(told), shown(simulated));
		return false;
	}
	if (told && json_equal(told, simulated))
		return true;
	text_format(where, "\n  told: %s\n  simulated: %s", shown(told), shown(simulated));
	return false;
}

struct step {
	unsigned number;
	const char *method, *path, *body;
};

/* Bytes of a stream as text, each that is none as its number. */
static json_t *raw(const struct text *body)
{
	owned_text shown = {0};

	for (size_t i = 0; i < body->length; i++)
		text_format(&shown, body->data[i] >= ' ' ? "%c" : " %d ", body->data[i]);
	owned_memory char *masked = mask_text(text_view(&shown));
	return json_string(masked);
}

static json_t *parsed(const struct side *side, bool set)
{
	owned_json json = json_loadb(text_view(&side->body), side->body.length, JSON_DECODE_ANY, NULL);
	json_t *masked = json ? mask(json) : raw(&side->body);

	return set && json_is_array(masked) ? sorted(masked) : masked;
}

/* With numbers of the kernel in it. */
static bool both_fail_to_add_an_interface(void)
{
	static const char words[] = "{\"message\":\"failed to add interface veth";

	return starts_with(text_view(&sides[0].body), words) && starts_with(text_view(&sides[1].body), words);
}

/* Every five minutes the real one clears commands away that do not run, whoever may still ask. */
static bool cleared_away(const struct step *step)
{
	return starts_with(step->path, "/exec/{e:}") && sides[0].status == 404 && sides[1].status != 404;
}

static void compare(const struct step *step)
{
	owned_text where = {0};

	if (cleared_away(step))
		return;
	bool set = starts_with(step->path, "/networks");

	text_add(&where, "answer");
	owned_json one = parsed(&sides[0], set);
	owned_json other = parsed(&sides[1], set);
	cr_assert(sides[0].status == sides[1].status,
		  "step %u: %s %s %s\n  answered %d: %s\n  simulated %d: %s", step->number, step->method,
		  step->path, step->body ? step->body : "", sides[0].status, text_view(&sides[0].body),
		  sides[1].status, text_view(&sides[1].body));
	cr_assert(both_fail_to_add_an_interface() || says(one, other, &where),
		  "step %u: %s %s %s\n  differs in %s", step->number, step->method, step->path,
		  step->body ? step->body : "", text_view(&where));
}

static void play(struct step *step, const char *keep)
{
	const char *paths[2], *bodies[2];

	for (int i = 0; i < 2; i++) {
		paths[i] = with_ids(&sides[i], step->path);
		bodies[i] = with_ids(&sides[i], step->body);
	}
	if (getenv("BERTH_TEST_TALK"))
		fprintf(stderr, "%u %s %s %s\n", step->number, step->method, step->path,
			step->body ? step->body : "");
	ask_both(step->method, paths, bodies);
	compare(step);
	keep_ids(keep);
}

/* --- what is asked ----------------------------------------------------------------------------- */

/* "s-..." runs until it is stopped, "e-..." ends with code 3, "x-..." cannot be started. */
static const char *container(void)
{
	return arena_format(&arena, "%s-%x.%s", ONE_OF("s", "s", "s", "e", "x"), tag,
			    ONE_OF("1", "2", "2", "1", "3"));
}

static const char *container_or_none(void)
{
	return roll(12) ? container() : ONE_OF("absent", "0123456789ab", "{c:last}");
}

static const char *network(void)
{
	return arena_format(&arena, "n-%x-%s", tag, ONE_OF("1", "2"));
}

/* Each container has a network that it is on, if on any: of two, which one counts first is chance. */
static const char *network_of(const char *name)
{
	return arena_format(&arena, "n-%x-%s", tag, strchr("13", name[strlen(name) - 1]) ? "1" : "2");
}

/* By its name or its id. */
static const char *called(const char *name)
{
	const char *key = arena_format(&arena, "n:%s", name);

	return roll(2) && map_get(sides[0].ids, key) ? arena_format(&arena, "{%s}", key) : name;
}

static const char *volume(void)
{
	return arena_format(&arena, "v-%x-%s", tag, ONE_OF("1", "2"));
}

static const char *address(void)
{
	return arena_format(&arena, "10.77.%u.%s", tag % 250, ONE_OF("2", "3", "70", "200", "201"));
}

static const char *endpoint_config(void)
{
	owned_text text = {0};

	text_format(&text, "{\"Aliases\":%s", ONE_OF("null", "[\"a.web\"]", "[]"));
	if (roll(3) == 0)
		text_add(&text, ",\"Links\":[\"other:db\"]");
	if (roll(3) == 0)
		text_format(&text, ",\"IPAMConfig\":{\"IPv4Address\":\"%s\"}",
			    roll(8) ? address() : "10.99.0.9");
	text_add_char(&text, '}');
	return arena_text(&arena, text_view(&text));
}

static const char *command_of(const char *name)
{
	switch (*name) {
	case 's':
		return "[\"/bin/sh\",\"-c\",\"trap 'exit 0' TERM; sleep 1000 & wait\"]";
	case 'e':
		return "[\"/bin/sh\",\"-c\",\"echo spoken; echo wrong >&2; exit 3\"]";
	default:
		return "[\"/no/such/program\"]";
	}
}

static const char *host_config(const char *net)
{
	owned_text text = {0};
	unsigned port = 21000 + tag % 900 * 10;

	text_format(&text, "{\"NetworkMode\":\"%s\"", net);
	if (roll(3) == 0)
		text_format(&text, ",\"PortBindings\":{\"80/tcp\":[{\"HostIp\":\"%s\",\"HostPort\":\"%u\"}]}",
			    ONE_OF("127.0.0.1", "0.0.0.0", "9.9.9.9"), port + roll(2));
	if (roll(3) == 0)
		text_format(&text, ",\"RestartPolicy\":{\"Name\":\"%s\"}",
			    ONE_OF("no", "no", "on-failure", "", "bad"));
	if (roll(4) == 0)
		text_format(&text, ",\"Memory\":%s", ONE_OF("67108864", "1000", "0"));
	if (roll(5) == 0)
		text_format(&text, ",\"NanoCpus\":%s", ONE_OF("500000000", "9000000000"));
	if (roll(4) == 0)
		text_format(&text,
			    ",\"Mounts\":[{\"Type\":\"volume\",\"Source\":\"%s\",\"Target\":\"/data\","
			    "\"VolumeOptions\":{\"Labels\":{\"diff\":\"%x\"}}},{\"Type\":\"%s\",\"Target\":"
			    "\"/more\"%s}]",
			    volume(), tag, ONE_OF("volume", "bind"),
			    ONE_OF(",\"Source\":\"/no/such\"", "", ",\"ReadOnly\":true"));
	text_add_char(&text, '}');
	return arena_text(&arena, text_view(&text));
}

static void make_container(struct step *step)
{
	const char *name = container();
	const char *net = roll(10) ? called(network_of(name)) : "none";
	const char *image =
	    roll(10)
		? "busybox"
		: ONE_OF("no-such:1", "no/such@sha256:"
				      "e3ab76564be0042ae1d184b30f7ff73f78e016cb3c3c95b65a4fdaa1df141263");
	bool given = roll(2) && strcmp(net, "none") != 0;

	step->method = "POST";
	step->path = arena_format(&arena, "/containers/create?name=%s", roll(15) ? name : "no%2Fname");
	step->body =
	    arena_format(&arena,
			 "{\"Image\":\"%s\",\"Cmd\":%s,\"Env\":[\"A=1\"],\"StopTimeout\":1,\"ExposedPorts\":{"
			 "\"80/tcp\":{}},"
			 "\"Labels\":{\"diff\":\"%x\",\"kind\":\"%c\"},\"HostConfig\":%s%s%s%s%s%s}",
			 image, command_of(name), tag, *name, host_config(net),
			 given ? ",\"NetworkingConfig\":{\"EndpointsConfig\":{\"" : "", given ? net : "",
			 given ? "\":" : "", given ? endpoint_config() : "", given ? "}}" : "");
	play(step, arena_format(&arena, "c:%s", name));
	keep_ids("c:last");
}

/* It runs no more, or runs for long. */
static bool is_settled(int index, const char *name)
{
	struct side *side = &sides[index];
	const char *path = with_ids(side, arena_format(&arena, "/containers/%s/json", name));

	text_release(&side->body);
	if (index == 0)
		ask_real(side, "GET", path, NULL);
	else
		ask_simulated(side, "GET", path, NULL);
	owned_json answer = json_loads(text_view(&side->body), 0, NULL);
	return !json_is_true(json_at(answer, "State.Running")) ||
	       !starts_with(json_text(answer, "Name") ?: "", "/e-");
}

/* One that ends by itself has ended before the next question. */
static void start(struct step *step)
{
	const char *name = container_or_none();

	step->method = "POST";
	step->path = arena_format(&arena, "/containers/%s/start", name);
	play(step, NULL);
	for (int i = 0; i < 2; i++)
		for (int tries = 0; tries < 200 && !is_settled(i, name); tries++)
			world_wait(real, 20);
}

static void end(struct step *step)
{
	static const char *const forms[] = {
	    "/containers/%s/stop",  "/containers/%s/stop?t=abc",      "/containers/%s/stop?t=1",
	    "/containers/%s/kill",  "/containers/%s/kill?signal=HUP", "/containers/%s/kill?signal=NO",
	    "/containers/%s/pause", "/containers/%s/unpause"};
	step->method = "POST";
	step->path = arena_format(&arena, one_of(forms, COUNT_OF(forms)), container_or_none());
	/* What HUP does to a shell that waits is not in question. */
	if (strstr(step->path, "HUP") && strstr(step->path, "/s-"))
		step->path = "/containers/absent/kill?signal=HUP";
	play(step, NULL);
}

static void take_away(struct step *step)
{
	step->method = "DELETE";
	step->path = arena_format(&arena, "/containers/%s%s", container_or_none(),
				  ONE_OF("", "?force=1", "?force=1&v=1", "?v=1"));
	play(step, NULL);
}

static void change(struct step *step)
{
	const char *name = container_or_none();

	step->method = "POST";
	if (roll(2)) {
		const char *to = roll(4)
				     ? arena_format(&arena, "%c-%x.%s", *name, tag,
						    strchr("13", name[strlen(name) - 1]) ? ONE_OF("1", "3")
											 : ONE_OF("2", "4"))
				     : ONE_OF("", "a%2Fb");
		step->path = arena_format(&arena, "/containers/%s/rename?name=%s", name, to);
	} else {
		step->path = arena_format(&arena, "/containers/%s/update", name);
		step->body = ONE_OF("{\"Memory\":67108864,\"MemorySwap\":134217728}", "{\"Memory\":1000}",
				    "{\"Memory\":267108864}", "{\"NanoCpus\":500000000}", "{\"CpuQuota\":-1}",
				    "{\"RestartPolicy\":{\"Name\":\"unless-stopped\"}}",
				    "{\"RestartPolicy\":{\"Name\":\"no\"}}",
				    "{\"RestartPolicy\":{\"Name\":\"bad\"}}", "{", "{}");
	}
	play(step, NULL);
}

static void look(struct step *step)
{
	static const char *const lists[] = {
	    "/containers/json?all=1&filters={\"label\":[\"diff=%x\"]}",
	    "/containers/json?filters={\"label\":[\"diff=%x\"]}",
	    "/containers/json?all=1&filters={\"label\":[\"diff=%x\",\"kind=s\"]}",
	    "/networks?filters={\"label\":[\"diff=%x\"]}",
	    "/volumes?filters={\"label\":[\"diff=%x\"]}",
	    "/containers/json?filters={\"nonsense\":[\"%x\"]}",
	    "/networks?filters={\"nonsense\":[\"%x\"]}",
	    "/volumes?filters={\"nonsense\":[\"%x\"]}",
	    "/networks?filters={\"name\":[\"n-%x-1\"]}",
	    "/volumes?filters={\"name\":[\"v-%x\"]}",
	};
	owned_text encoded = {0};

	step->method = "GET";
	if (roll(2)) {
		step->path = arena_format(&arena, "/containers/%s/json", container_or_none());
		play(step, NULL);
		return;
	}
	const char *list = lists[roll(COUNT_OF(lists))];
	const char *at = strchr(list, '{');
	owned_text filled = {0};
	text_format(&filled, "%.*s", (int)(at - list), list);
	const char *filters = strstr(at, "%x");
	text_format(&encoded, "%.*s%x%s", (int)(filters - at), at, tag, filters + 2);
	for (const char *c = text_view(&encoded); *c; c++)
		text_format(&filled, isalnum((unsigned char)*c) ? "%c" : "%%%02X", *c);
	step->path = arena_text(&arena, text_view(&filled));
	play(step, NULL);
}

static void networks(struct step *step)
{
	const char *name = network(), *subnet, *range = "";
	const char *asked = roll(3) ? called(name) : ONE_OF("absent", "bridge", "host");
	unsigned third = tag % 250;

	step->method = ONE_OF("POST", "POST", "GET", "DELETE");
	if (*step->method != 'P') {
		step->path = arena_format(&arena, "/networks/%s", asked);
		/* Who is on the bridge is nobody's business here. */
		if (*step->method == 'G' && !strcmp(asked, "bridge"))
			step->path = "/networks/host";
		play(step, NULL);
		return;
	}
	/* Two of one name are there when their subnets leave each other room. */
	subnet = ends_with(name, "2") ? ONE_OF("128/25", "128/26", "192/26")
				      : ONE_OF("0/24", "0/25", "0/26", "64/26");
	if (roll(2))
		range = arena_format(&arena, ",\"IPRange\":\"10.77.%u.%s\"", third,
				     starts_with(subnet, "0/") ? "0/27" : subnet);
	step->path = "/networks/create";
	step->body = arena_format(
	    &arena,
	    "{\"Name\":\"%s\",\"CheckDuplicate\":%s,\"Labels\":{\"diff\":\"%x\"},\"IPAM\":{\"Config\":[{"
	    "\"Subnet\":\"10.77.%u.%s\"%s}]}}",
	    roll(15) ? name : ONE_OF("bridge", ""), ONE_OF("true", "false"), tag, third, subnet, range);
	play(step, arena_format(&arena, "n:%s", name));
}

static void attach(struct step *step)
{
	const char *name = roll(8) ? container() : "absent";
	const char *asked = roll(12) ? called(network_of(name)) : "absent";
	bool connects = roll(2) && strcmp(asked, "absent") != 0;

	step->method = "POST";
	step->path = arena_format(&arena, "/networks/%s/%s", asked, connects ? "connect" : "disconnect");
	step->body = connects && roll(4)
			 ? arena_format(&arena, "{\"Container\":\"%s\",\"EndpointConfig\":%s}", name,
					endpoint_config())
			 : arena_format(&arena, "{\"Container\":\"%s\"}", name);
	play(step, NULL);
}

static void volumes(struct step *step)
{
	const char *name = roll(8) ? volume() : ONE_OF("v", "v%2Fx");

	step->method = ONE_OF("POST", "GET", "DELETE");
	step->path = arena_format(&arena, "/volumes/%s", name);
	if (*step->method == 'P') {
		step->path = "/volumes/create";
		step->body =
		    arena_format(&arena, "{\"Name\":\"%s\",\"Labels\":{\"diff\":\"%x\",\"n\":\"%u\"}}", name,
				 tag, roll(3));
	}
	play(step, NULL);
}

static void commands(struct step *step)
{
	step->method = "POST";
	switch (roll(5)) {
	case 0:
	case 1:
		step->path = arena_format(&arena, "/containers/%s/exec", container_or_none());
		step->body =
		    ONE_OF("{\"AttachStdout\":true,\"AttachStderr\":true,\"Cmd\":[\"/bin/sh\",\"-c\","
			   "\"echo in; exit 4\"]}",
			   "{\"AttachStdout\":true,\"Cmd\":[\"/no/such\"]}",
			   "{\"AttachStdout\":true,\"Cmd\":[\"nothing\"]}", "{\"Cmd\":[]}");
		play(step, "e:");
		return;
	case 2:
		step->path = "/exec/{e:}/start";
		step->body = "{\"Detach\":false,\"Tty\":false}";
		break;
	case 3:
		step->method = "GET";
		step->path = "/exec/{e:}/json";
		break;
	default:
		step->path = "/exec/{e:}/resize?h=5&w=6";
	}
	/* One that never began waits for that in vain. */
	if (strstr(step->path, "resize") && !map_get(sides[0].ids, "ran"))
		step->path = "/exec/absent/resize?h=5&w=6";
	if (strstr(step->path, "start"))
		(void)map_put(&sides[0].ids, "ran", &sides[0]);
	play(step, NULL);
}

static void others(struct step *step)
{
	step->method = "GET";
	switch (roll(8)) {
	case 0:
		step->path = "/nothing/here";
		break;
	case 1:
		step->method = "POST";
		step->path = ONE_OF("/containers/create?name=zz", "/networks/create", "/volumes/create");
		step->body = strstr(step->path, "volumes") ? "{" : ONE_OF("{", "{}x", "{\"Image\":\"\"}");
		break;
	case 2:
		step->path = "/images/busybox/json";
		break;
	case 3:
		step->path = ONE_OF("/images/no-such/json", "/images/no/such:2/json");
		break;
	case 4:
		step->path =
		    "/images/json?filters=%7B%22reference%22%3A%5B%22busybox%3Alatest%22%2C%22no%22%5D%7D";
		break;
	case 5:
		step->path = arena_format(&arena, "/containers/%s/archive?path=%s", container_or_none(),
					  ONE_OF("%2Fno%2Fsuch", ""));
		break;
	case 6:
		step->path =
		    arena_format(&arena, "/containers/%s/logs%s", container_or_none(),
				 ONE_OF("", "?stdout=1", "?stdout=1&tail=1", "?stdout=1&since=2000000000"));
		break;
	default:
		step->method = "DELETE";
		step->path = "/version";
	}
	play(step, NULL);
}

static void (*const kinds[])(struct step *) = {
    make_container, make_container, make_container, start,    start, start, end,      end,
    take_away,      change,         look,           look,     look,  look,  networks, networks,
    attach,         attach,         volumes,        commands, others};

/* --- what both tell by themselves ---------------------------------------------------------------- */

static struct exchange *listening;
static struct text heard_events;
static struct docker_asked simulated_events;

static bool hear(void *owner, int status, const char *bytes, size_t count)
{
	(void)owner, (void)status;
	text_add_bytes(&heard_events, bytes, count);
	return true;
}

static void unheard(void *owner, struct http_answer *answer)
{
	(void)owner, (void)answer;
	listening = NULL;
}

/* Not for `unpause`: one that goes on to hear a signal tells so in its own time. */
static void listen_to_both(void)
{
	const char *path = arena_format(&arena,
					"/events?filters=%%7B%%22label%%22%%3A%%5B%%22diff%%3D%x%%22%%5D%%2C%"
					"%22event%%22%%3A%%5B%%22create%%22"
					"%%2C%%22start%%22%%2C%%22die%%22%%2C%%22kill%%22%%2C%%22stop%%22%%"
					"2C%%22destroy%%22%%2C%%22rename%%22"
					"%%2C%%22pause%%22%%2C%%22update%%22%%5D%%7D",
					tag);
	const struct http_request request = {
	    .method = "GET",
	    .url = arena_format(&arena, "http://localhost/v1.41%s", path),
	    .unix_socket = socket_path,
	};
	const struct http_sink sink = {.done = unheard, .chunk = hear};

	listening = real->ops->http_send(real, &request, &sink, NULL);
	docker_engine_ask(engine, "GET", path, NULL, &simulated_events);
	cr_assert_not_null(listening);
	/* The connection is there before the first thing happens. */
	ask_real(&sides[0], "GET", "/_ping", NULL);
	world_wait(real, 100);
}

static void listen_no_more(void)
{
	if (listening)
		real->ops->http_cancel(real, give(listening));
	text_release(&heard_events);
	text_release(&simulated_events.body);
}

/* What containers went through, in one line for each event. */
static const char *history(const struct text *events)
{
	owned_text lines = {0};

	for (const char *at = text_view(events); *at; at += strcspn(at, "\n"), at += *at == '\n') {
		owned_json event = json_loadb(at, strcspn(at, "\n"), 0, NULL);
		owned_json masked = event ? mask(json_at(event, "Actor.Attributes")) : NULL;
		owned_memory char *line = masked ? json_dumps(masked, JSON_COMPACT | JSON_SORT_KEYS) : NULL;
		text_format(&lines, "%s %s %s\n", json_text(event, "Type") ?: "?",
			    json_text(event, "Action") ?: "?", line ? line : "?");
	}
	return arena_text(&arena, text_view(&lines));
}

/* The first line in which they differ, of each. */
static void compare_histories(void)
{
	world_wait(real, 200);
	const char *told = history(&heard_events), *simulated = history(&simulated_events.body);
	const char *its = told, *ours = simulated;
	unsigned number = 1;

	for (; *told && *told == *simulated; told++, simulated++) {
		if (*told != '\n')
			continue;
		number++;
		its = told + 1;
		ours = simulated + 1;
	}
	cr_assert(!*told && !*simulated, "event %u differs\n  told: %.*s\n  simulated: %.*s", number,
		  (int)strcspn(its, "\n"), its, (int)strcspn(ours, "\n"), ours);
}

/* --- the play ---------------------------------------------------------------------------------- */

static void set_up(void)
{
	struct error error;

	cr_assert((real = world_real_open(&error)), "%s", error.text);
	universe = universe_new(1);
	engine = docker_engine_new(universe, "unix:/run/docker.sock");
	cr_assert(universe && engine);
	docker_engine_image(engine, "busybox", NULL);
	docker_engine_image(engine, "berth-bed:2", NULL);
	docker_engine_path(engine, "/");
	docker_engine_address(engine, "198.18.0.1");
	const struct docker_behaviour behaviours[] = {
	    {.name = arena_format(&arena, "s-%x", tag)},
	    {.name = arena_format(&arena, "e-%x", tag),
	     .exits = UINT32_MAX,
	     .exit_code = 3,
	     .lives_ms = 1,
	     .log = "spoken\n"},
	    {.name = arena_format(&arena, "x-%x", tag),
	     .broken = "exec: \"/no/such/program\": stat /no/such/program: no such file or directory"},
	};
	for (size_t i = 0; i < COUNT_OF(behaviours); i++)
		docker_engine_behave(engine, &behaviours[i]);
	const struct docker_command programs[] = {
	    {.words = "/bin/sh -c echo in; exit 4", .output = "in\n", .code = 4},
	    {.words = "/no/such", .missing = true},
	    {.words = "nothing", .missing = true},
	};
	for (size_t i = 0; i < COUNT_OF(programs); i++)
		docker_engine_command(engine, &programs[i]);
}

static void clear_kind(const char *list, const char *kind, const char *more)
{
	const char *path =
	    arena_format(&arena, "%sfilters=%%7B%%22label%%22%%3A%%5B%%22diff%%3D%x%%22%%5D%%7D", list, tag);
	struct side side = {0};

	ask_real(&side, "GET", path, NULL);
	owned_json answer = json_loads(text_view(&side.body), 0, NULL);
	const json_t *things = json_is_array(answer) ? answer : json_object_get(answer, "Volumes"), *thing;
	size_t i;
	text_release(&side.body);
	json_array_foreach (things, i, thing) {
		const char *id = json_text(thing, "Id") ?: json_text(thing, "Name");
		ask_real(&side, "DELETE", arena_format(&arena, "/%s/%s%s", kind, id, more), NULL);
		text_release(&side.body);
	}
}

static void take_down(void)
{
	if (!real)
		return;
	listen_no_more();
	clear_kind("/containers/json?all=1&", "containers", "?force=1&v=1");
	clear_kind("/networks?", "networks", "");
	clear_kind("/volumes?", "volumes", "");
	docker_engine_free(engine);
	universe_free(universe);
	world_real_close(real);
	real = NULL;
	for (int i = 0; i < 2; i++) {
		map_release(&sides[i].ids);
		text_release(&sides[i].body);
	}
	arena_release(&arena);
}

static void play_seed(uint64_t seed, unsigned steps)
{
	const char *target = getenv("BERTH_TEST_DOCKER");

	if (!target || !starts_with(target, "unix://"))
		cr_skip_test("BERTH_TEST_DOCKER names no engine");
	socket_path = target + strlen("unix://");
	chance = seed * UINT64_C(0x9e3779b97f4a7c15) + 1;
	tag = (unsigned)getpid() * 8 + (unsigned)(seed % 8);
	set_up();
	listen_to_both();
	for (unsigned i = 0; i < steps; i++) {
		struct step step = {.number = i};
		/* There is something to ask about, mostly. */
		if (i < 3)
			networks(&step);
		else if (i < 8)
			make_container(&step);
		else
			kinds[roll(COUNT_OF(kinds))](&step);
	}
	compare_histories();
}

TestSuite(docker_simulated, .fini = take_down, .timeout = 240);

Test(docker_simulated, answers_as_the_real_one)
{
	play_seed(1, STEPS);
}

Test(docker_simulated, answers_as_the_real_one_again)
{
	play_seed(2, STEPS);
}

/* More of them by hand: BERTH_TEST_SEEDS="100 40". */
Test(docker_simulated, answers_as_the_real_one_for_long, .timeout = 100000)
{
	const char *asked = getenv("BERTH_TEST_SEEDS");
	unsigned first, count;

	if (!asked || sscanf(asked, "%u %u", &first, &count) != 2)
		cr_skip_test("only by hand");
	for (unsigned seed = first; seed < first + count; seed++) {
		take_down();
		fprintf(stderr, "seed %u\n", seed);
		play_seed(seed, STEPS);
	}
}
