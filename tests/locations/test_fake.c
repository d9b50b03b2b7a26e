/* test_fake.c - the scripted target does what it was told, when it was told. */
#include <stdio.h>
#include <string.h>

#include "tests/conformance/fake_subject.h"
#include "tests/conformance/rig.h"
#include "tests/support/virtual_world.h"

static struct rig rig[1];

static void set_up(void)
{
	fake_set_up();
	fake_subject.app = "talk";
	rig_open(rig, &fake_subject);
}

static void take_down(void)
{
	rig_close(rig);
	fake_take_down();
}

TestSuite(fake, .init = set_up, .fini = take_down);

static struct instance_spec *one(void)
{
	return rig_spec(rig, "web", STAYS, 0);
}

static int64_t now(void)
{
	return fake_world->ops->now(fake_world);
}

static void pause_ms(int64_t ms)
{
	rig_pause(rig, ms);
}

/* --- calls and their answers --- */

Test(fake, answers_come_through_the_world)
{
	struct instance_spec *spec = one();
	const char *note = NULL;

	rig_errand(rig);
	cr_assert(ASK(place, spec, &note) == PROGRESS_WAITING);
	cr_assert(ASK(place, spec, &note) == PROGRESS_WAITING, "before it was woken");
	cr_assert(fake_target_instances(fake_bed) == 0);
	rig_wait(rig, "place");
	cr_assert(fake_target_instances(fake_bed) == 1);
	cr_assert(ASK(place, spec, &note) == PROGRESS_DONE);
	cr_assert(fake_target_calls(fake_bed, FAKE_PLACE) == 1);
}

Test(fake, is_instant_unless_told)
{
	int64_t before = now();

	rig_run(rig, one());
	cr_assert(now() == before);
}

Test(fake, delays_add_up)
{
	const struct fake_rule rule = {.call = FAKE_PLACE, .times = 1, .delay_ms = 30};
	int64_t before = now();

	fake_target_time(fake_bed, FAKE_PLACE, 200);
	cr_assert(fake_target_rule(fake_bed, &rule) == 0);
	rig_run(rig, one());
	cr_assert(now() == before + 230);
	rig_run(rig, one());
	cr_assert(now() == before + 430, "the rule was for one call");
}

Test(fake, rules_skip_and_end)
{
	struct fake_rule rule = {.call = FAKE_LOOK, .instance = "talk.web.1", .skip = 1, .times = 2};
	struct observed seen;

	fail(&rule.error, ERR_DENIED, "go away");
	cr_assert(fake_target_rule(fake_bed, &rule) == 0);
	rig_run(rig, one());
	rig_run(rig, rig_spec(rig, "other", STAYS, 0));
	rig_look(rig, "talk.other.1");
	rig_look(rig, "talk.web.1");
	MUST_NOT(rig, ERR_DENIED, ASK(look, "talk", "talk.web.1", &rig->arena, &seen));
	rig_look(rig, "talk.other.1");
	MUST_NOT(rig, ERR_DENIED, ASK(look, "talk", "talk.web.1", &rig->arena, &seen));
	cr_assert_str_eq(rig->error.text, "go away");
	rig_look(rig, "talk.web.1");
}

Test(fake, failed_call_has_no_effect_unless_told)
{
	struct fake_rule rule = {.call = FAKE_PLACE, .times = 1};

	fail(&rule.error, ERR_TIMED_OUT, "no answer");
	cr_assert(fake_target_rule(fake_bed, &rule) == 0);
	rule.effect = true;
	cr_assert(fake_target_rule(fake_bed, &rule) == 0);
	cr_assert(rig_place(rig, one()) == PROGRESS_FAILED);
	cr_assert(fake_target_instances(fake_bed) == 0);
	/* The second rule counted that call too, so it is over. */
	cr_assert(rig_place(rig, one()) == PROGRESS_DONE);
	rule.times = 0;
	cr_assert(fake_target_rule(fake_bed, &rule) == 0);
	cr_assert(rig_place(rig, rig_spec(rig, "other", STAYS, 0)) == PROGRESS_FAILED);
	cr_assert(fake_target_instances(fake_bed) == 2);
}

Test(fake, dropped_call_has_its_effect)
{
	const char *note = NULL;

	fake_target_time(fake_bed, FAKE_PLACE, 1000);
	rig_errand(rig);
	cr_assert(ASK(place, one(), &note) == PROGRESS_WAITING);
	rig->location.driver->drop(&rig->location, &rig->errand);
	cr_assert(fake_target_instances(fake_bed) == 1);
	cr_assert(virtual_world_pending(fake_world) == 0);
}

Test(fake, unreachable_while_under_way_does_nothing)
{
	const char *note = NULL;

	fake_target_time(fake_bed, FAKE_PLACE, 1000);
	rig_errand(rig);
	cr_assert(ASK(place, one(), &note) == PROGRESS_WAITING);
	fake_target_unreachable(fake_bed, true);
	rig_wait(rig, "place");
	cr_assert(ASK(place, one(), &note) == PROGRESS_FAILED);
	cr_assert(rig->error.code == ERR_UNREACHABLE);
	cr_assert(fake_target_instances(fake_bed) == 0);
}

/* --- what the target holds --- */

Test(fake, environment_is_kept_as_given)
{
	const struct spec_variable variables[] = {{"REDIS_PORT", "tcp://redis:6379", false},
						  {"KEY", "s3cret", true}};
	struct instance_spec *spec = one();

	spec->variables = variables;
	spec->variable_count = 2;
	cr_assert_null(fake_target_environment(fake_bed, spec->name));
	rig_run(rig, spec);
	const char *const *list = fake_target_environment(fake_bed, spec->name);
	cr_assert_str_eq(list[0], "REDIS_PORT=tcp://redis:6379");
	cr_assert_str_eq(list[1], "KEY=s3cret");
	cr_assert_null(list[2]);
}

static const char *image_id(const char *reference)
{
	const char *references[] = {reference, NULL};
	const struct list_request request = {.app = "talk", .images = references};
	struct inventory inventory = {0};

	MUST(rig, ASK(list, &request, &inventory));
	cr_assert(inventory.image_count == 1);
	const char *id = inventory.images[0].id;
	if (id)
		id = arena_text(&rig->arena, id);
	inventory_release(&inventory);
	return id;
}

Test(fake, images_are_there_unless_told)
{
	cr_assert(starts_with(image_id("busybox"), "sha256:"));
	cr_assert(strcmp(image_id("busybox"), image_id("redis")) != 0);
	cr_assert(fake_target_image(fake_bed, "busybox", NULL) == 0);
	cr_assert_null(image_id("busybox"));
	cr_assert(rig_place(rig, one()) == PROGRESS_FAILED);
	cr_assert(rig->error.code == ERR_MISSING && strstr(rig->error.text, "busybox"));
	cr_assert(fake_target_image(fake_bed, "busybox", "sha256:1") == 0);
	cr_assert(rig_place(rig, one()) == PROGRESS_DONE);
}

Test(fake, moved_image_leaves_the_instance_as_it_was)
{
	struct instance_spec *spec = one();

	rig_run(rig, spec);
	const char *before = image_id("busybox");
	cr_assert(fake_target_image(fake_bed, "busybox", "sha256:new") == 0);
	cr_assert_str_eq(image_id("busybox"), "sha256:new");
	cr_assert_str_eq(rig_look(rig, spec->name).image_id, before);
	cr_assert_str_eq(rig_look(rig, spec->name).type, "docker:busybox");
}

Test(fake, instance_of_another_digest_is_not_replaced_by_place)
{
	struct instance_spec *spec = one();

	rig_run(rig, spec);
	rig_digest(spec, 'e');
	cr_assert(rig_place(rig, spec) == PROGRESS_FAILED);
	cr_assert(rig->error.code == ERR_CONFLICT);
}

Test(fake, nothing_is_placed_before_it_is_prepared)
{
	MUST(rig, ASK(release, "talk", false));
	cr_assert(rig_place(rig, one()) == PROGRESS_FAILED);
	cr_assert(rig->error.code == ERR_MISSING, "%s", rig->error.text);
}

Test(fake, running_instances_hold_their_network)
{
	rig_run(rig, one());
	MUST_NOT(rig, ERR_CONFLICT, ASK(release, "talk", false));
	MUST(rig, ASK(stop, "talk", "talk.web.1"));
	MUST(rig, ASK(release, "talk", false));
}

Test(fake, listing_alone_does_not_tell_the_exits)
{
	const struct list_request request = {.app = NULL};
	struct inventory inventory = {0};

	rig_run(rig, one());
	cr_assert(fake_target_exit(fake_bed, "talk.web.1", 9) == 0);
	MUST(rig, ASK(list, &request, &inventory));
	cr_assert(inventory.instance_count == 1 && !inventory.instances[0].exits_known);
	inventory_release(&inventory);
	struct observed seen = rig_look(rig, "talk.web.1");
	cr_assert(seen.exits_known && seen.exits == 1 && seen.exit_code == 9 && seen.state == SEEN_STOPPED);
	cr_assert_null(seen.attachments[0].address);
}

Test(fake, strangers_are_listed_with_the_application_whose_name_they_took)
{
	struct list_request request = {.app = "talk"};
	struct inventory inventory = {0};

	cr_assert(fake_target_stranger(fake_bed, "talk.web.7") == 0);
	cr_assert(fake_target_stranger(fake_bed, "other.web.7") == 0);
	cr_assert(fake_target_stranger(fake_bed, "busy_einstein") == 0);
	MUST(rig, ASK(list, &request, &inventory));
	cr_assert(inventory.stranger_count == 1);
	cr_assert_str_eq(inventory.strangers[0].name, "talk.web.7");
	cr_assert_str_eq(inventory.strangers[0].what, "container `talk.web.7`");
	inventory_release(&inventory);
	request.app = NULL;
	MUST(rig, ASK(list, &request, &inventory));
	cr_assert(inventory.stranger_count == 2);
	inventory_release(&inventory);
}

/* --- ports --- */

static bool is_free(const char *address, uint16_t port)
{
	return rig->location.driver->port_free(&rig->location, address, port, TCP);
}

static void fails_to_start(struct instance_spec *spec)
{
	cr_assert(rig_place(rig, spec) == PROGRESS_DONE, "%s", rig->error.text);
	MUST_NOT(rig, ERR_CONFLICT, ASK(start, spec));
	cr_assert(strstr(rig->error.text, "already allocated"));
}

Test(fake, port_of_a_stranger_is_taken)
{
	cr_assert(fake_target_port(fake_bed, "0.0.0.0", 8080, TCP, true) == 0);
	cr_assert(!is_free("192.0.2.10", 8080));
	cr_assert(is_free("192.0.2.10", 8081));
	fails_to_start(rig_spec(rig, "web", STAYS, 8080));
	cr_assert(fake_target_port(fake_bed, "0.0.0.0", 8080, TCP, false) == 0);
	rig_run(rig, rig_spec(rig, "web", STAYS, 8080));
}

Test(fake, port_is_free_again_after_the_end)
{
	rig_run(rig, rig_spec(rig, "web", STAYS, 8080));
	cr_assert(!is_free("192.0.2.10", 8080) && !is_free("0.0.0.0", 8080) && is_free("192.0.2.11", 8080));
	fails_to_start(rig_spec(rig, "other", STAYS, 8080));
	cr_assert(!is_free("192.0.2.10", 8080), "who failed to start let go of another's port");
	MUST(rig, ASK(stop, "talk", "talk.web.1"));
	cr_assert(is_free("192.0.2.10", 8080));
	MUST(rig, ASK(start, rig_spec(rig, "other", STAYS, 8080)));
	fails_to_start(rig_spec(rig, "web", STAYS, 8080));
	MUST(rig, ASK(remove, "talk", "talk.other.1"));
	cr_assert(is_free("192.0.2.10", 8080));
}

Test(fake, target_picks_a_number_for_none)
{
	struct instance_spec *spec = rig_spec(rig, "web", STAYS, 8080);
	struct spec_port *port = (struct spec_port *)spec->ports;

	port->host_port = 0;
	rig_run(rig, spec);
	struct observed seen = rig_look(rig, spec->name);
	cr_assert(seen.attachment_count == 2);
	uint16_t number = seen.attachments[1].ports[0].number;
	cr_assert(number >= 32768 && !is_free("192.0.2.10", number));
}

/* --- behaviour --- */

static void behave(struct fake_behaviour behaviour)
{
	behaviour.component = "talk.web";
	cr_assert(fake_target_behave(fake_bed, &behaviour) == 0);
}

static struct observed at(void)
{
	return *fake_target_find(fake_bed, "talk.web.1");
}

Test(fake, ends_so_often_and_then_stays)
{
	behave((struct fake_behaviour){.exits = 2, .exit_code = 4, .log = "up\n"});
	rig_run(rig, one());
	cr_assert(at().state == SEEN_RUNNING);
	pause_ms(60);
	cr_assert(at().state == SEEN_RESTARTING && at().exit_code == 4 && at().exits == 1);
	pause_ms(60000);
	cr_assert(at().state == SEEN_RUNNING && at().exits == 2);
}

Test(fake, keeps_ending_with_growing_pauses)
{
	behave((struct fake_behaviour){.exits = UINT32_MAX, .exit_code = 1});
	rig_run(rig, one());
	pause_ms(1000);
	unsigned soon = at().exits;
	cr_assert(soon >= 3 && soon <= 4, "%u", soon);
	pause_ms(600000);
	cr_assert(at().exits > soon && at().exits < 30, "%u", at().exits);
	MUST(rig, ASK(stop, "talk", "talk.web.1"));
	unsigned last = at().exits;
	pause_ms(600000);
	cr_assert(at().state == SEEN_STOPPED && at().exits == last);
}

static const struct health_check tcp = {.kind = CHECK_TCP, .port = 80};

Test(fake, answers_after_its_time)
{
	struct instance_spec *spec = one();

	behave((struct fake_behaviour){.answers_after_ms = 700});
	rig_run(rig, spec);
	pause_ms(699);
	MUST_NOT(rig, ERR_FAILED, ASK(probe, spec, &tcp));
	pause_ms(1);
	MUST(rig, ASK(probe, spec, &tcp));
}

Test(fake, never_answers)
{
	const struct health_check none = {.kind = CHECK_NONE};
	struct instance_spec *spec = one();

	behave((struct fake_behaviour){.answers_after_ms = -1});
	rig_run(rig, spec);
	pause_ms(3600000);
	MUST_NOT(rig, ERR_FAILED, ASK(probe, spec, &tcp));
	MUST(rig, ASK(probe, spec, &none));
}

Test(fake, shared_name_is_held_once_admitted)
{
	struct instance_spec *spec = one();

	spec->shared_from_start = false;
	rig_run(rig, spec);
	cr_assert(!at().shared_name_held);
	MUST(rig, ASK(admit, spec));
	cr_assert(at().shared_name_held);
	rig_run(rig, rig_spec(rig, "other", STAYS, 0));
	cr_assert(fake_target_find(fake_bed, "talk.other.1")->shared_name_held, "from its start");
}

/* --- output --- */

static struct text output;

static void collect(void *owner, bool errors, const char *bytes, size_t count)
{
	(void)owner, (void)errors;
	text_add_bytes(&output, bytes, count);
}

static void output_is(const char *wanted)
{
	cr_assert_str_eq(text_view(&output), wanted);
	text_release(&output);
}

Test(fake, logs_have_an_end_and_a_beginning)
{
	struct log_options options = {.tail = 1};

	behave((struct fake_behaviour){.exits = 1, .log = "one\ntwo\n"});
	rig_run(rig, one());
	MUST(rig, ASK(logs, "talk", "talk.web.1", &options, collect, NULL));
	output_is("two\n");
	int64_t middle = fake_world->ops->wall(fake_world) + 10;
	pause_ms(1000);
	options = (struct log_options){.tail = -1};
	MUST(rig, ASK(logs, "talk", "talk.web.1", &options, collect, NULL));
	output_is("one\ntwo\none\ntwo\n");
	options.since_ms = middle;
	MUST(rig, ASK(logs, "talk", "talk.web.1", &options, collect, NULL));
	output_is("one\ntwo\n");
	options = (struct log_options){.tail = 3};
	MUST(rig, ASK(logs, "talk", "talk.web.1", &options, collect, NULL));
	output_is("two\none\ntwo\n");
}

Test(fake, followed_logs_end_with_the_instance)
{
	const struct log_options options = {.tail = -1, .follow = true};

	behave((struct fake_behaviour){.exits = 1, .log = "line\n"});
	rig_run(rig, one());
	rig_errand(rig);
	rig->woken = false;
	cr_assert(ASK(logs, "talk", "talk.web.1", &options, collect, NULL) == PROGRESS_WAITING);
	pause_ms(0);
	cr_assert_str_eq(text_view(&output), "line\n");
	pause_ms(1000);
	cr_assert_str_eq(text_view(&output), "line\nline\n");
	cr_assert(!rig->woken);
	cr_assert(fake_target_vanish(fake_bed, "talk.web.1") == 0);
	rig_wait(rig, "logs");
	cr_assert(ASK(logs, "talk", "talk.web.1", &options, collect, NULL) == PROGRESS_DONE);
	output_is("line\nline\n");
}

Test(fake, dropped_follower_is_told_no_more)
{
	const struct log_options options = {.tail = -1, .follow = true};

	behave((struct fake_behaviour){.exits = 1, .log = "line\n"});
	rig_run(rig, one());
	rig_errand(rig);
	cr_assert(ASK(logs, "talk", "talk.web.1", &options, collect, NULL) == PROGRESS_WAITING);
	pause_ms(0);
	rig->location.driver->drop(&rig->location, &rig->errand);
	pause_ms(1000);
	output_is("line\n");
}

/* --- watching --- */

static unsigned told;

static void stop_watching(void *owner, const char *name, const struct told_end *end)
{
	(void)end;
	(void)owner, (void)name;
	told++;
	rig->location.driver->unwatch(&rig->location, "talk");
}

Test(fake, who_stops_watching_while_told_is_told_no_more)
{
	cr_assert(rig->location.driver->watch(&rig->location, "talk", stop_watching, NULL, &rig->error) == 0);
	fake_target_event(fake_bed, "talk", "talk.web.1");
	fake_target_event(fake_bed, "talk", "talk.web.2");
	cr_assert(told == 0, "told from inside");
	pause_ms(10);
	cr_assert(told == 1);
}

Test(fake, nothing_is_told_while_unreachable)
{
	rig_run(rig, one());
	pause_ms(0);
	rig_watch(rig);
	fake_target_unreachable(fake_bed, true);
	fake_target_exit(fake_bed, "talk.web.1", 1);
	pause_ms(1000);
	cr_assert(!rig->told && !rig->told_all);
	fake_target_unreachable(fake_bed, false);
	pause_ms(0);
	cr_assert(!rig->told && rig->told_all == 1);
}

/* --- many --- */

Test(fake, holds_many_instances)
{
	const struct list_request request = {.app = "talk"};
	struct inventory inventory = {0};
	struct instance_spec *spec = one();
	char name[32];

	spec->name = name;
	for (spec->ordinal = 1; spec->ordinal <= 5000; spec->ordinal++) {
		snprintf(name, sizeof(name), "talk.web.%u", spec->ordinal);
		rig_run(rig, spec);
	}
	MUST(rig, ASK(list, &request, &inventory));
	cr_assert(inventory.instance_count == 5000);
	cr_assert_str_eq(inventory.instances[4999].name, "talk.web.5000");
	cr_assert_str_eq(inventory.instances[4999].attachments[0].address, "10.0.19.136");
	inventory_release(&inventory);
}
