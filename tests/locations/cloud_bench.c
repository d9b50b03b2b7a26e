/* cloud_bench.c - the OpenStack driver on a simulated machine beside a simulated OpenStack. */
#include "tests/locations/cloud_bench.h"

#include <stdio.h>
#include <string.h>

#include "simulation/ssh_machine.h"
#include "tests/conformance/grounds.h"

enum { DAY_MS = 86400000 };

struct openstack_cloud *cloud;
struct location cloud_here;
struct error cloud_error;
struct text cloud_asked, cloud_said;

static struct location_spec spec;
static json_t *options;
static struct text left;
static bool woken;
static struct {
	const char *method, *part; /* NULL: none is lost */
	bool effect, held;
} lost;
static struct {
	const char *method, *part; /* NULL: none is */
	void (*does)(void);
} before;
static size_t spoilt_in; /* requests; 0: none is */
static struct fate spoilt;
static bool no_way;
static struct text held; /* "/v2.1/servers" and, after a NUL, its body */

const char *cloud_environment(const char *name)
{
	static const char *const openrc[][2] = {{"OS_AUTH_URL", openstack_cloud_auth_url},
						{"OS_USERNAME", "demo"},
						{"OS_PASSWORD", "demopass"},
						{"OS_PROJECT_NAME", "demo"},
						{"OS_USER_DOMAIN_NAME", "Default"},
						{"OS_PROJECT_DOMAIN_NAME", "Default"},
						{"HOME", MACHINE_HOME}};

	for (size_t i = 0; i < COUNT_OF(openrc); i++)
		if (!strcmp(openrc[i][0], name))
			return openrc[i][1];
	return NULL;
}

static void keep(const struct http_request *request)
{
	const char *path = strchr(strstr(request->url, "://") + 3, '/');

	text_clear(&held);
	text_add_bytes(&held, path, strlen(path) + 1);
	text_add_bytes(&held, request->body, request->body_size);
}

static bool leads_through_somebody(const struct http_request *request)
{
	if (strcmp(request->method, "SSH") != 0)
		return false;
	for (size_t i = 1; request->headers[i]; i++)
		if (starts_with(request->headers[i], SSH_JUMP_HEADER))
			return true;
	return false;
}

static void decide(void *owner, struct seat *seat, const char *address, const struct http_request *request,
		   struct fate *ret)
{
	(void)owner, (void)seat, (void)address;
	text_format(&cloud_asked, "%s %s\n", request->method, request->url);
	if (before.method && !strcmp(before.method, request->method) && strstr(request->url, before.part)) {
		before.method = NULL;
		before.does();
	}
	if (spoilt_in && --spoilt_in == 0)
		*ret = spoilt;
	if (no_way && leads_through_somebody(request)) {
		ret->spoiling = SPOIL_STATUS;
		ret->status = SSH_NO_WAY;
	}
	if (!lost.method || strcmp(lost.method, request->method) != 0 || !strstr(request->url, lost.part))
		return;
	lost.method = NULL;
	if (lost.held)
		keep(request);
	ret->lost = !lost.effect;
	ret->answer_lost = lost.effect;
	ret->reset = true;
}

void cloud_lose(const char *method, const char *part, bool effect)
{
	lost.method = method;
	lost.part = part;
	lost.effect = effect;
	lost.held = false;
}

void cloud_fate(size_t number, const struct fate *fate)
{
	spoilt_in = number;
	spoilt = *fate;
}

void cloud_before(const char *method, const char *part, void (*does)(void))
{
	before.method = method;
	before.part = part;
	before.does = does;
}

void cloud_way(bool is_there)
{
	no_way = !is_there;
}

void cloud_hold(const char *method, const char *part)
{
	cloud_lose(method, part, false);
	lost.held = true;
}

int cloud_held_arrives(void)
{
	const char *path = text_view(&held);

	return openstack_cloud_ask(cloud, CLOUD_NOVA, "POST", path, path + strlen(path) + 1, NULL);
}

size_t cloud_count(const char *part)
{
	size_t count = 0;

	for (const char *line = text_view(&cloud_asked); *line; line += strcspn(line, "\n") + 1)
		count += memmem(line, strcspn(line, "\n"), part, strlen(part)) != NULL;
	return count;
}

/* --- it goes on ------------------------------------------------------------------------------------------
 */

void cloud_wake(struct errand *errand)
{
	(void)errand;
	woken = true;
}

static bool is_woken(void *owner)
{
	(void)owner;
	return woken || seat_dead(simulated_ground.seat);
}

void cloud_wait(void)
{
	cr_assert(simulated_pump(NULL, is_woken, NULL, DAY_MS), "nobody woke it");
	woken = false;
}

static bool never(void *owner)
{
	(void)owner;
	return false;
}

void cloud_pass(int64_t ms)
{
	simulated_pump(NULL, never, NULL, ms);
}

/* --- where it runs ----------------------------------------------------------------------------------------
 */

static void said(void *owner, const char *words)
{
	(void)owner;
	text_format(&cloud_said, "%s\n", words);
}

int cloud_open(const char *said_options)
{
	json_decref(options);
	options = said_options ? json_loads(said_options, 0, NULL) : NULL;
	cr_assert(!said_options || options, "%s", said_options);
	spec = (struct location_spec){
	    .name = "here", .type = "openstack", .target = "envvars", .options = options};
	cloud_here = (struct location){.driver = &openstack_driver,
				       .world = simulated_ground.world,
				       .name = "here",
				       .spec = &spec,
				       .state_directory = MACHINE_HOME "/state",
				       .helper = "",
				       .environment = cloud_environment,
				       .say = said};
	return openstack_driver.open(&cloud_here, &cloud_error);
}

void cloud_bench_begin(void)
{
	simulated_set_up("host", "192.0.2.7");
	cloud = openstack_cloud_new(simulated_ground.universe);
	cr_assert(cloud);
	universe_fates(simulated_ground.universe, decide, NULL);
}

static void close_here(void)
{
	if (cloud_here.state)
		openstack_driver.close(&cloud_here);
	cloud_here.state = NULL;
}

void cloud_bench_end(void)
{
	close_here();
	openstack_cloud_free(cloud);
	simulated_take_down();
	json_decref(options);
	options = NULL;
	text_release(&cloud_asked);
	text_release(&cloud_said);
	text_release(&left);
	text_release(&held);
}

void cloud_die_at(uint64_t calls)
{
	seat_kill_at(simulated_ground.seat, calls);
}

bool cloud_is_dead(void)
{
	return seat_dead(simulated_ground.seat);
}

void cloud_begin_anew(void)
{
	struct simulated_ground *ground = &simulated_ground;

	seat_kill(ground->seat);
	close_here();
	seat_free(ground->seat);
	ground->seat = seat_new(ground->universe, ground->machine);
	cr_assert(ground->seat);
	ground->world = seat_world(ground->seat);
}

/* --- what is there ---------------------------------------------------------------------------------------
 */

const char *cloud_left(void)
{
	static const struct {
		const char *list, *word, *name;
	} kinds[] = {{"servers", "server", "name"},
		     {"ports", "port", "name"},
		     {"keypairs", "keypair", "name"},
		     {"security_groups", "security_group", "name"},
		     {"floatingips", "floatingip", "floating_ip_address"},
		     {"server_groups", "server_group", "name"},
		     {"volumes", "volume", "id"}};

	text_clear(&left);
	for (size_t i = 0; i < COUNT_OF(kinds); i++) {
		owned_json list = openstack_cloud_list(cloud, kinds[i].list);
		for (size_t k = 0; k < json_array_size(list); k++) {
			const char *name = json_text(json_array_get(list, k), kinds[i].name);
			if (strcmp(name, "default") != 0)
				text_format(&left, "%s %s\n", kinds[i].word, name);
		}
	}
	return text_view(&left);
}
