/* alike_requests.c - requests of chance, valid and not, about a few things that both engines have or had. */
#include <ctype.h>
#include <string.h>

#include "base/cleanup.h"
#include "base/world_real.h"
#include "tests/real/docker/alike.h"

#define ONE_OF(...)                                                                                          \
	one_of((const char *const[]){__VA_ARGS__},                                                           \
	       sizeof((const char *const[]){__VA_ARGS__}) / sizeof(const char *))

static unsigned roll(unsigned faces)
{
	both.chance ^= both.chance << 13;
	both.chance ^= both.chance >> 7;
	both.chance ^= both.chance << 17;
	return (unsigned)(both.chance >> 33) % faces;
}

static const char *one_of(const char *const *words, size_t count)
{
	return words[roll((unsigned)count)];
}

/* --- names ------------------------------------------------------------------------------------- */

/* "s-..." runs until it is stopped, "e-..." ends with code 3, "x-..." cannot be started. */
static const char *container(void)
{
	return arena_format(&both.arena, "%s-%x.%s", ONE_OF("s", "s", "s", "e", "x"), both.tag,
			    ONE_OF("1", "2", "2", "1", "3"));
}

static const char *container_or_none(void)
{
	return roll(12) ? container() : ONE_OF("absent", "0123456789ab", "{c:last}");
}

static const char *network(void)
{
	return arena_format(&both.arena, "n-%x-%s", both.tag, ONE_OF("1", "2"));
}

/* Each container has a network that it is on, if on any: of two, which one counts first is chance. */
static const char *network_of(const char *name)
{
	return arena_format(&both.arena, "n-%x-%s", both.tag,
			    strchr("13", name[strlen(name) - 1]) ? "1" : "2");
}

/* By its name or its id. */
static const char *called(const char *name)
{
	const char *key = arena_format(&both.arena, "n:%s", name);

	return roll(2) && map_get(both.sides[0].ids, key) ? arena_format(&both.arena, "{%s}", key) : name;
}

static const char *volume(void)
{
	return arena_format(&both.arena, "v-%x-%s", both.tag, ONE_OF("1", "2"));
}

static const char *address(void)
{
	return arena_format(&both.arena, "10.77.%u.%s", both.tag % 250, ONE_OF("2", "3", "70", "200", "201"));
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
	return arena_text(&both.arena, text_view(&text));
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
	unsigned port = 21000 + both.tag % 900 * 10;

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
			    volume(), both.tag, ONE_OF("volume", "bind"),
			    ONE_OF(",\"Source\":\"/no/such\"", "", ",\"ReadOnly\":true"));
	text_add_char(&text, '}');
	return arena_text(&both.arena, text_view(&text));
}

/* --- requests ---------------------------------------------------------------------------------- */

void ask_create(struct step *step)
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
	step->path = arena_format(&both.arena, "/containers/create?name=%s", roll(15) ? name : "no%2Fname");
	step->body =
	    arena_format(&both.arena,
			 "{\"Image\":\"%s\",\"Cmd\":%s,\"Env\":[\"A=1\"],\"StopTimeout\":1,\"ExposedPorts\":{"
			 "\"80/tcp\":{}},"
			 "\"Labels\":{\"diff\":\"%x\",\"kind\":\"%c\"},\"HostConfig\":%s%s%s%s%s%s}",
			 image, command_of(name), both.tag, *name, host_config(net),
			 given ? ",\"NetworkingConfig\":{\"EndpointsConfig\":{\"" : "", given ? net : "",
			 given ? "\":" : "", given ? endpoint_config() : "", given ? "}}" : "");
	ask_and_compare(step, arena_format(&both.arena, "c:%s", name));
	keep_ids("c:last");
}

/* It runs no more, or runs for long. */
static bool is_settled(int index, const char *name)
{
	struct side *side = &both.sides[index];
	const char *path = with_ids(side, arena_format(&both.arena, "/containers/%s/json", name));

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
	step->path = arena_format(&both.arena, "/containers/%s/start", name);
	ask_and_compare(step, NULL);
	for (int i = 0; i < 2; i++)
		for (int tries = 0; tries < 200 && !is_settled(i, name); tries++)
			world_wait(both.real, 20);
}

static void end(struct step *step)
{
	static const char *const forms[] = {
	    "/containers/%s/stop",  "/containers/%s/stop?t=abc",      "/containers/%s/stop?t=1",
	    "/containers/%s/kill",  "/containers/%s/kill?signal=HUP", "/containers/%s/kill?signal=NO",
	    "/containers/%s/pause", "/containers/%s/unpause"};
	step->method = "POST";
	step->path = arena_format(&both.arena, one_of(forms, COUNT_OF(forms)), container_or_none());
	/* What HUP does to a shell that waits is not in question. */
	if (strstr(step->path, "HUP") && strstr(step->path, "/s-"))
		step->path = "/containers/absent/kill?signal=HUP";
	ask_and_compare(step, NULL);
}

static void take_away(struct step *step)
{
	step->method = "DELETE";
	step->path = arena_format(&both.arena, "/containers/%s%s", container_or_none(),
				  ONE_OF("", "?force=1", "?force=1&v=1", "?v=1"));
	ask_and_compare(step, NULL);
}

static void change(struct step *step)
{
	const char *name = container_or_none();

	step->method = "POST";
	if (roll(2)) {
		const char *to = roll(4)
				     ? arena_format(&both.arena, "%c-%x.%s", *name, both.tag,
						    strchr("13", name[strlen(name) - 1]) ? ONE_OF("1", "3")
											 : ONE_OF("2", "4"))
				     : ONE_OF("", "a%2Fb");
		step->path = arena_format(&both.arena, "/containers/%s/rename?name=%s", name, to);
	} else {
		step->path = arena_format(&both.arena, "/containers/%s/update", name);
		step->body = ONE_OF("{\"Memory\":67108864,\"MemorySwap\":134217728}", "{\"Memory\":1000}",
				    "{\"Memory\":267108864}", "{\"NanoCpus\":500000000}", "{\"CpuQuota\":-1}",
				    "{\"RestartPolicy\":{\"Name\":\"unless-stopped\"}}",
				    "{\"RestartPolicy\":{\"Name\":\"no\"}}",
				    "{\"RestartPolicy\":{\"Name\":\"bad\"}}", "{", "{}");
	}
	ask_and_compare(step, NULL);
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
		step->path = arena_format(&both.arena, "/containers/%s/json", container_or_none());
		ask_and_compare(step, NULL);
		return;
	}
	const char *list = lists[roll(COUNT_OF(lists))];
	const char *at = strchr(list, '{');
	owned_text filled = {0};
	text_format(&filled, "%.*s", (int)(at - list), list);
	const char *filters = strstr(at, "%x");
	text_format(&encoded, "%.*s%x%s", (int)(filters - at), at, both.tag, filters + 2);
	for (const char *c = text_view(&encoded); *c; c++)
		text_format(&filled, isalnum((unsigned char)*c) ? "%c" : "%%%02X", *c);
	step->path = arena_text(&both.arena, text_view(&filled));
	ask_and_compare(step, NULL);
}

void ask_networks(struct step *step)
{
	const char *name = network(), *subnet, *range = "";
	const char *asked = roll(3) ? called(name) : ONE_OF("absent", "bridge", "host");
	unsigned third = both.tag % 250;

	step->method = ONE_OF("POST", "POST", "GET", "DELETE");
	if (*step->method != 'P') {
		step->path = arena_format(&both.arena, "/networks/%s", asked);
		/* Who is on the bridge is nobody's business here. */
		if (*step->method == 'G' && !strcmp(asked, "bridge"))
			step->path = "/networks/host";
		ask_and_compare(step, NULL);
		return;
	}
	/* Two of one name are there when their subnets leave each other room. */
	subnet = ends_with(name, "2") ? ONE_OF("128/25", "128/26", "192/26")
				      : ONE_OF("0/24", "0/25", "0/26", "64/26");
	if (roll(2))
		range = arena_format(&both.arena, ",\"IPRange\":\"10.77.%u.%s\"", third,
				     starts_with(subnet, "0/") ? "0/27" : subnet);
	step->path = "/networks/create";
	step->body = arena_format(
	    &both.arena,
	    "{\"Name\":\"%s\",\"CheckDuplicate\":%s,\"Labels\":{\"diff\":\"%x\"},\"IPAM\":{\"Config\":[{"
	    "\"Subnet\":\"10.77.%u.%s\"%s}]}}",
	    roll(15) ? name : ONE_OF("bridge", ""), ONE_OF("true", "false"), both.tag, third, subnet, range);
	ask_and_compare(step, arena_format(&both.arena, "n:%s", name));
}

static void attach(struct step *step)
{
	const char *name = roll(8) ? container() : "absent";
	const char *asked = roll(12) ? called(network_of(name)) : "absent";
	bool connects = roll(2) && strcmp(asked, "absent") != 0;

	step->method = "POST";
	step->path = arena_format(&both.arena, "/networks/%s/%s", asked, connects ? "connect" : "disconnect");
	step->body = connects && roll(4)
			 ? arena_format(&both.arena, "{\"Container\":\"%s\",\"EndpointConfig\":%s}", name,
					endpoint_config())
			 : arena_format(&both.arena, "{\"Container\":\"%s\"}", name);
	ask_and_compare(step, NULL);
}

static void volumes(struct step *step)
{
	const char *name = roll(8) ? volume() : ONE_OF("v", "v%2Fx");

	step->method = ONE_OF("POST", "GET", "DELETE");
	step->path = arena_format(&both.arena, "/volumes/%s", name);
	if (*step->method == 'P') {
		step->path = "/volumes/create";
		step->body =
		    arena_format(&both.arena, "{\"Name\":\"%s\",\"Labels\":{\"diff\":\"%x\",\"n\":\"%u\"}}",
				 name, both.tag, roll(3));
	}
	ask_and_compare(step, NULL);
}

static void commands(struct step *step)
{
	step->method = "POST";
	switch (roll(5)) {
	case 0:
	case 1:
		step->path = arena_format(&both.arena, "/containers/%s/exec", container_or_none());
		step->body =
		    ONE_OF("{\"AttachStdout\":true,\"AttachStderr\":true,\"Cmd\":[\"/bin/sh\",\"-c\","
			   "\"echo in; exit 4\"]}",
			   "{\"AttachStdout\":true,\"Cmd\":[\"/no/such\"]}",
			   "{\"AttachStdout\":true,\"Cmd\":[\"nothing\"]}", "{\"Cmd\":[]}");
		ask_and_compare(step, "e:");
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
	if (strstr(step->path, "resize") && !map_get(both.sides[0].ids, "ran"))
		step->path = "/exec/absent/resize?h=5&w=6";
	if (strstr(step->path, "start"))
		(void)map_put(&both.sides[0].ids, "ran", &both.sides[0]);
	ask_and_compare(step, NULL);
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
		step->path = arena_format(&both.arena, "/containers/%s/archive?path=%s", container_or_none(),
					  ONE_OF("%2Fno%2Fsuch", ""));
		break;
	case 6:
		step->path =
		    arena_format(&both.arena, "/containers/%s/logs%s", container_or_none(),
				 ONE_OF("", "?stdout=1", "?stdout=1&tail=1", "?stdout=1&since=2000000000"));
		break;
	default:
		step->method = "DELETE";
		step->path = "/version";
	}
	ask_and_compare(step, NULL);
}

void ask_something(struct step *step)
{
	static void (*const kinds[])(struct step *) = {
	    ask_create,   ask_create,   ask_create, start,  start,   start,    end,
	    end,          take_away,    change,     look,   look,    look,     look,
	    ask_networks, ask_networks, attach,     attach, volumes, commands, others};

	kinds[roll(COUNT_OF(kinds))](step);
}
