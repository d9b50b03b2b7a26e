/* test_docker_simulated.c - the Docker driver on the simulated engine: what needs both of them. */
#include <criterion/criterion.h>
#include <elf.h>
#include <link.h>
#include <stdio.h>
#include <string.h>

#include "base/cleanup.h"
#include "locations/location.h"
#include "simulation/docker/engine.h"
#include "simulation/machine.h"

#define ENGINE "10.0.0.9:2375"
#define HELPER "/tmp/berth-helper"

static struct universe *universe;
static struct machine *here;
static struct seat *seat;
static struct docker_engine *engine;
static struct location location;
static struct errand errand;
static struct error error;
static struct arena arena;
static bool woken;
static struct location_spec where = {.name = "far", .type = "docker", .target = "tcp://" ENGINE};

static const char *no_environment(const char *name)
{
	(void)name;
	return NULL;
}

static void wake(struct errand *woken_one)
{
	(void)woken_one;
	woken = true;
}

static void until_woken(void)
{
	struct clock *clock = universe_clock(universe);
	int64_t limit = clock_now(clock) + 60000;

	while (!woken && clock_step(clock, limit))
		;
	cr_assert(woken, "nobody woke the errand");
}

#define AWAIT(function, ...)                                                                                 \
	({                                                                                                   \
		enum progress progress_;                                                                     \
		errand = (struct errand){.wake = wake};                                                      \
		while (woken = false, (progress_ = docker_driver.function(&location, &errand, __VA_ARGS__,   \
									  &error)) == PROGRESS_WAITING)      \
			until_woken();                                                                       \
		progress_;                                                                                   \
	})
#define MUST(...) cr_assert(AWAIT(__VA_ARGS__) == PROGRESS_DONE, "%s", error.text)

static void run(int64_t span_ms)
{
	struct clock *clock = universe_clock(universe);
	int64_t limit = clock_now(clock) + span_ms;

	while (clock_step(clock, limit))
		;
}

/* A program of this machine, as far as its head tells. */
static void put_helper(void)
{
	static const unsigned char class = sizeof(void *) == 8 ? ELFCLASS64 : ELFCLASS32;
	struct world *world = seat_world(seat);
	ElfW(Ehdr) head = {.e_machine = EM_X86_64};

	memcpy(head.e_ident, ELFMAG, SELFMAG);
	head.e_ident[EI_CLASS] = class;
	cr_assert(world->ops->file_write(world, HELPER, 0755, &head, sizeof(head), &error) == 0, "%s",
		  error.text);
}

static void set_up(void)
{
	universe = universe_new(3);
	here = machine_new(universe, "here", "10.0.0.1");
	seat = seat_new(universe, here);
	engine = docker_engine_new(universe, ENGINE);
	cr_assert(universe && here && seat && engine);
	docker_engine_image(engine, "busybox", NULL);
	put_helper();
	location = (struct location){.driver = &docker_driver,
				     .world = seat_world(seat),
				     .name = "far",
				     .spec = &where,
				     .state_directory = "/nonexistent",
				     .helper = HELPER,
				     .environment = no_environment};
	cr_assert(docker_driver.open(&location, &error) == 0, "%s", error.text);
	const struct prepare_request prepare = {.app = "app", .instances = 4};
	MUST(prepare, &prepare);
}

static void take_down(void)
{
	if (errand.state)
		docker_driver.drop(&location, &errand);
	docker_driver.close(&location);
	run(100); /* what is on its way arrives */
	cr_assert(docker_engine_count(engine, DOCKER_UNKNOWN) == 0, "it was asked what it does not know");
	docker_engine_free(engine);
	seat_free(seat);
	machine_free(here);
	universe_free(universe);
	arena_release(&arena);
}

TestSuite(docker_simulated, .init = set_up, .fini = take_down);

static struct instance_spec *wish(const char *component)
{
	struct instance_spec *spec = arena_array(&arena, struct instance_spec, 1);
	struct spec_port *port = arena_array(&arena, struct spec_port, 1);

	*port = (struct spec_port){.port = 80, .protocol = TCP, .open = true};
	*spec = (struct instance_spec){
	    .app = "app",
	    .component = component,
	    .ordinal = 1,
	    .name = instance_name(&arena, "app", component, 1),
	    .shared_name = arena_format(&arena, "app.%s", component),
	    .kind = COMPONENT_DOCKER,
	    .image = "busybox",
	    .ports = port,
	    .port_count = 1,
	    .stop_timeout_ms = -1,
	    .digest = "aa",
	    .secret_salt = "",
	};
	return spec;
}

static struct instance_spec *running(const char *component)
{
	struct instance_spec *spec = wish(component);
	const char *note;

	MUST(place, spec, &note);
	MUST(start, spec);
	return spec;
}

/* --- asked inside the network -------------------------------------------------------------------------- */

static const struct health_check tcp = {.kind = CHECK_TCP, .port = 80, .timeout_ms = 2000};
static const struct health_check http = {.kind = CHECK_HTTP, .port = 80, .timeout_ms = 2000, .path = "/up"};

Test(docker_simulated, helper_asks_where_this_machine_cannot)
{
	docker_engine_behave(engine,
			     &(struct docker_behaviour){.name = "app.slow", .answers_after_ms = 3000});
	docker_engine_behave(
	    engine, &(struct docker_behaviour){.name = "app.page", .http_status = 503, .page = "not yet"});
	struct instance_spec *web = running("web"), *slow = running("slow"), *page = running("page");
	MUST(probe, web, &tcp);
	MUST(probe, web, &http);
	cr_assert(AWAIT(probe, slow, &tcp) == PROGRESS_FAILED);
	cr_assert(strstr(error.text, "connection refused"), "%s", error.text);
	cr_assert(AWAIT(probe, page, &http) == PROGRESS_FAILED);
	cr_assert(strstr(error.text, "answered 503: not yet"), "%s", error.text);
	run(4000);
	MUST(probe, slow, &tcp);
	/* One helper for all of them. */
	cr_assert(docker_engine_count(engine, DOCKER_LOAD) == 1);
	cr_assert(docker_engine_count(engine, DOCKER_ATTACH) == 1);
	MUST(tidy, "app", "token");
}

struct counted {
	const char *label;
	size_t count;
};

static bool count_one(void *owner, const struct docker_container_view *view)
{
	struct counted *counted = owner;

	counted->count += json_object_get(view->labels, counted->label) != NULL;
	return true;
}

static size_t count_labelled(const char *label)
{
	struct counted counted = {.label = label};

	docker_engine_containers(engine, count_one, &counted);
	return counted.count;
}

Test(docker_simulated, helper_that_nobody_asks_ends_and_is_made_again)
{
	const struct instance_spec *web = running("web");

	MUST(probe, web, &tcp);
	cr_assert(count_labelled("berth.helper") == 1);
	run(61000);
	cr_assert(count_labelled("berth.helper") == 0);
	MUST(probe, web, &tcp);
	cr_assert(count_labelled("berth.helper") == 1);
	/* Who asked is dead: its input ends, and it ends with that. */
	docker_engine_cut(engine);
	run(100);
	cr_assert(count_labelled("berth.helper") == 0);
	MUST(probe, web, &tcp);
	docker_engine_end(engine, "berth.helper.app", 1);
	run(100);
	MUST(probe, web, &tcp);
}

Test(docker_simulated, bridges_of_its_own_machine_are_asked_directly)
{
	const struct instance_spec *web = running("web");

	docker_engine_machine(engine, here);
	MUST(probe, web, &tcp);
	MUST(probe, web, &http);
	cr_assert(docker_engine_count(engine, DOCKER_ATTACH) == 0);
	docker_engine_ask(engine, "POST", "/containers/app.web.1/pause", NULL, NULL);
	docker_engine_ask(engine, "POST", "/containers/app.web.1/kill", NULL, NULL);
	run(100);
	cr_assert(AWAIT(probe, web, &tcp) == PROGRESS_FAILED);
}

/* --- an address that is taken while its holder is off the network ------------------------------ */

static void steal(const char *address)
{
	char body[300];

	snprintf(
	    body, sizeof(body),
	    "{\"Image\":\"busybox\",\"HostConfig\":{\"NetworkMode\":\"berth.app\"},\"NetworkingConfig\":{"
	    "\"EndpointsConfig\":{\"berth.app\":{\"IPAMConfig\":{\"IPv4Address\":\"%s\"}}}}}",
	    address);
	docker_engine_ask(engine, "POST", "/containers/create?name=thief", body, NULL);
	docker_engine_ask(engine, "POST", "/containers/thief/start", NULL, NULL);
}

static struct observed look(const struct instance_spec *spec)
{
	struct observed seen = {0};

	MUST(look, "app", spec->name, &arena, &seen);
	return seen;
}

Test(docker_simulated, admitted_although_somebody_takes_the_address_meanwhile)
{
	const struct instance_spec *web = running("web");
	const char *before = look(web).attachments[0].address;

	errand = (struct errand){.wake = wake};
	enum progress progress;
	while (woken = false,
	       (progress = docker_driver.admit(&location, &errand, web, &error)) == PROGRESS_WAITING) {
		until_woken();
		if (docker_engine_count(engine, DOCKER_DISCONNECT) &&
		    !docker_engine_count(engine, DOCKER_CONNECT))
			steal(before);
	}
	cr_assert(progress == PROGRESS_DONE, "%s", error.text);
	struct observed after = look(web);
	cr_assert(after.shared_name_held && after.attachments[0].address, "it is off its network");
	cr_assert_str_neq(after.attachments[0].address, before);
}

/* --- images ------------------------------------------------------------------------------------ */

Test(docker_simulated, image_is_fetched_and_what_breaks_off_is_tried_again)
{
	struct instance_spec *web = wish("web");
	const char *note = NULL;

	web->image = "shop/web:7";
	docker_engine_registry(
	    engine, &(struct docker_registry){
			.reference = "shop/web:7", .status = 200, .words = "unexpected EOF", .pull_ms = 300});
	errand = (struct errand){.wake = wake};
	enum progress progress;
	while (woken = false,
	       (progress = docker_driver.place(&location, &errand, web, &note, &error)) == PROGRESS_WAITING) {
		until_woken();
		if (docker_engine_count(engine, DOCKER_PULL) == 2)
			docker_engine_registry(
			    engine,
			    &(struct docker_registry){
				.reference = "shop/web:7",
				.digest = "sha256:"
					  "1111111111111111111111111111111111111111111111111111111111111111",
				.pull_ms = 300});
	}
	cr_assert(progress == PROGRESS_DONE, "%s", error.text);
	cr_assert(docker_engine_count(engine, DOCKER_PULL) >= 2);
	cr_assert(look(web).state == SEEN_CREATED);
}
