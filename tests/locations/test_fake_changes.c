/* test_fake_changes.c - what the scripted target lets change while it runs: generations, limits, files,
 * names, jobs, commands, leases. */
#include <string.h>

#include "tests/conformance/fake_subject.h"
#include "tests/conformance/rig.h"

static struct rig rig[1];
static struct text output, errors;

static void set_up(void)
{
	fake_set_up();
	fake_subject.app = "talk";
	rig_open(rig, &fake_subject);
}

static void take_down(void)
{
	text_release(&output);
	text_release(&errors);
	rig_close(rig);
	fake_take_down();
}

TestSuite(fake_changes, .init = set_up, .fini = take_down);

static struct instance_spec *one(void)
{
	return rig_spec(rig, "web", STAYS, 0);
}

static struct instance_spec *generation(unsigned number)
{
	struct instance_spec *spec = one();

	spec->generation = number;
	spec->name = generation_name(&rig->arena, "talk", "web", 1, number);
	rig_digest(spec, 'e');
	return spec;
}

static struct observed at(const char *name)
{
	const struct observed *seen = fake_target_find(fake_bed, name);

	cr_assert(seen, "there is no `%s`", name);
	return *seen;
}

static void behave(struct fake_behaviour behaviour)
{
	behaviour.component = behaviour.component ? behaviour.component : "talk.web";
	cr_assert(fake_target_behave(fake_bed, &behaviour) == 0);
}

/* --- generations --- */

Test(fake_changes, two_generations_live_side_by_side)
{
	const struct list_request request = {.app = "talk"};
	struct inventory inventory = {0};

	rig_run(rig, one());
	rig_run(rig, generation(2));
	MUST(rig, ASK(list, &request, &inventory));
	cr_assert(inventory.instance_count == 2);
	cr_assert(inventory.instances[0].generation == 0 && inventory.instances[1].generation == 2);
	cr_assert_str_eq(inventory.instances[1].name, "talk.web.1.g2");
	cr_assert(inventory.instances[0].shared_name_held && inventory.instances[1].shared_name_held);
	inventory_release(&inventory);
}

Test(fake_changes, second_instance_of_a_generation_is_refused)
{
	rig_run(rig, generation(2));
	struct instance_spec *other = generation(2);
	rig_digest(other, 'f');
	cr_assert(rig_place(rig, other) == PROGRESS_FAILED);
	cr_assert(rig->error.code == ERR_CONFLICT, "%s", rig->error.text);
}

Test(fake_changes, two_generations_cannot_hold_one_port)
{
	struct instance_spec *second = generation(2);

	second->ports = rig_spec(rig, "web", STAYS, 8080)->ports;
	rig_run(rig, rig_spec(rig, "web", STAYS, 8080));
	cr_assert(rig_place(rig, second) == PROGRESS_DONE, "who is made only holds no port");
	MUST_NOT(rig, ERR_CONFLICT, ASK(start, second));
	MUST(rig, ASK(stop, "talk", "talk.web.1"));
	MUST(rig, ASK(start, second));
	MUST_NOT(rig, ERR_CONFLICT, ASK(start, rig_spec(rig, "web", STAYS, 8080)));
	MUST(rig, ASK(remove, "talk", "talk.web.1.g2"));
	MUST(rig, ASK(start, rig_spec(rig, "web", STAYS, 8080)));
	cr_assert(at("talk.web.1").state == SEEN_RUNNING, "the predecessor is not back");
}

Test(fake_changes, renamed_instance_is_the_same_under_another_name)
{
	rig_run(rig, generation(2));
	struct observed before = at("talk.web.1.g2");
	MUST(rig, ASK(rename, "talk", "talk.web.1.g2", "talk.web.1"));
	cr_assert_null(fake_target_find(fake_bed, "talk.web.1.g2"));
	struct observed after = at("talk.web.1");
	cr_assert_str_eq(after.target_id, before.target_id);
	cr_assert(after.generation == 0 && after.state == SEEN_RUNNING);
	cr_assert(after.started_ms == before.started_ms);
	MUST(rig, ASK(rename, "talk", "talk.web.1.g2", "talk.web.1"));
	MUST(rig, ASK(rename, "talk", "talk.web.1", "talk.web.1"));
	cr_assert(fake_target_calls(fake_bed, FAKE_RENAME) == 3);
}

Test(fake_changes, names_are_given_to_nobody_they_do_not_fit)
{
	rig_run(rig, one());
	rig_run(rig, generation(2));
	MUST_NOT(rig, ERR_CONFLICT, ASK(rename, "talk", "talk.web.1.g2", "talk.web.1"));
	MUST_NOT(rig, ERR_INVALID, ASK(rename, "talk", "talk.web.1.g2", "talk.web.2"));
	MUST_NOT(rig, ERR_INVALID, ASK(rename, "talk", "talk.web.1.g2", "talk.db.1"));
	MUST_NOT(rig, ERR_MISSING, ASK(rename, "talk", "talk.web.2.g2", "talk.web.2"));
	cr_assert(fake_target_stranger(fake_bed, "talk.web.1.g3") == 0);
	MUST_NOT(rig, ERR_CONFLICT, ASK(rename, "talk", "talk.web.1.g2", "talk.web.1.g3"));
	cr_assert(fake_target_instances(fake_bed) == 2 && at("talk.web.1.g2").generation == 2);
}

Test(fake_changes, renamed_instance_is_told_under_both_names)
{
	rig_run(rig, generation(2));
	rig_pause(rig, 0);
	rig_watch(rig);
	MUST(rig, ASK(rename, "talk", "talk.web.1.g2", "talk.web.1"));
	rig_pause(rig, 0);
	cr_assert(rig->told == 2);
	cr_assert_str_eq(rig->last_told, "talk.web.1");
}

static void collect(void *owner, bool error_stream, const char *bytes, size_t count)
{
	(void)owner;
	text_add_bytes(error_stream ? &errors : &output, bytes, count);
}

Test(fake_changes, followed_output_goes_on_under_the_new_name)
{
	const struct log_options options = {.tail = -1, .follow = true};

	behave((struct fake_behaviour){.exits = 1, .log = "line\n"});
	rig_run(rig, generation(2));
	rig_errand(rig);
	rig->woken = false;
	cr_assert(ASK(logs, "talk", "talk.web.1.g2", &options, collect, NULL) == PROGRESS_WAITING);
	rig_pause(rig, 0);
	struct rig other[1];
	rig_open(other, &fake_subject);
	MUST(other, other->location.driver->rename(&other->location, &other->errand, "talk", "talk.web.1.g2",
						   "talk.web.1", &other->error));
	rig_close(other);
	rig_pause(rig, 1000);
	cr_assert_str_eq(text_view(&output), "line\nline\n");
	cr_assert(!rig->woken);
	rig->location.driver->drop(&rig->location, &rig->errand);
}

Test(fake_changes, location_without_generations_refuses_them)
{
	struct rig plain[1];

	fake_target_capabilities(fake_bed, &(struct capabilities){.kinds = 1u << COMPONENT_DOCKER});
	rig_open(plain, &fake_subject);
	const struct location_driver *driver = plain->location.driver;
	cr_assert(driver->check(&plain->location, generation(2), &plain->error) == -1);
	cr_assert(plain->error.code == ERR_UNSUPPORTED);
	MUST_NOT(plain, ERR_UNSUPPORTED,
		 driver->rename(&plain->location, &plain->errand, "talk", "talk.web.1.g2", "talk.web.1",
				&plain->error));
	rig_close(plain);
}

/* --- the shared name --- */

Test(fake_changes, withdrawn_instance_runs_on_without_the_shared_name)
{
	rig_run(rig, one());
	MUST(rig, ASK(withdraw, "talk", "talk.web.1"));
	MUST(rig, ASK(withdraw, "talk", "talk.web.1"));
	cr_assert(at("talk.web.1").state == SEEN_RUNNING && !at("talk.web.1").shared_name_held);
	MUST(rig, ASK(withdraw, "talk", "talk.web.7"));
	MUST(rig, ASK(admit, one()));
	cr_assert(at("talk.web.1").shared_name_held);
}

Test(fake_changes, start_does_not_give_back_what_was_withdrawn)
{
	rig_run(rig, one());
	MUST(rig, ASK(withdraw, "talk", "talk.web.1"));
	MUST(rig, ASK(stop, "talk", "talk.web.1"));
	MUST(rig, ASK(start, one()));
	cr_assert(!at("talk.web.1").shared_name_held);
}

/* --- limits --- */

Test(fake_changes, limits_change_in_place)
{
	struct instance_spec *spec = one();

	spec->memory_bytes = 64 << 20;
	rig_run(rig, spec);
	struct observed before = rig_look(rig, spec->name);
	cr_assert(before.limits_known && before.memory_bytes == 64 << 20 && !before.nano_cpus);
	cr_assert(before.restart == RESTART_UNLESS_STOPPED);
	spec->memory_bytes = 0;
	spec->nano_cpus = 500000000;
	spec->restart = RESTART_NO;
	MUST(rig, ASK(update, spec));
	struct observed after = rig_look(rig, spec->name);
	cr_assert(!after.memory_bytes && after.nano_cpus == 500000000 && after.restart == RESTART_NO);
	cr_assert_str_eq(after.target_id, before.target_id);
	MUST_NOT(rig, ERR_MISSING, ASK(update, rig_spec(rig, "other", STAYS, 0)));
}

Test(fake_changes, listing_alone_does_not_tell_the_limits)
{
	const struct list_request request = {.app = "talk"};
	struct inventory inventory = {0};
	struct instance_spec *spec = one();

	spec->memory_bytes = 64 << 20;
	rig_run(rig, spec);
	MUST(rig, ASK(list, &request, &inventory));
	cr_assert(!inventory.instances[0].limits_known && !inventory.instances[0].memory_bytes);
	inventory_release(&inventory);
}

Test(fake_changes, what_cannot_change_in_place_stays)
{
	struct rig stiff[1];
	struct instance_spec *spec = one();

	rig_run(rig, spec);
	fake_target_capabilities(fake_bed, &(struct capabilities){.restart_in_place = true});
	rig_open(stiff, &fake_subject);
	spec->memory_bytes = 64 << 20;
	spec->restart = RESTART_ALWAYS;
	MUST(stiff, stiff->location.driver->update(&stiff->location, &stiff->errand, spec, &stiff->error));
	cr_assert(!at(spec->name).memory_bytes && at(spec->name).restart == RESTART_ALWAYS);
	rig_close(stiff);
}

/* --- files --- */

static void files_are(const char *first, const char *content, size_t wanted)
{
	size_t count;
	const struct spec_file *files = fake_target_files(fake_bed, "talk.web.1", &count);

	cr_assert(count == wanted, "%zu files", count);
	if (!wanted)
		return;
	cr_assert_str_eq(files[0].path, first);
	cr_assert(files[0].size == strlen(content) && !memcmp(files[0].content, content, files[0].size));
}

Test(fake_changes, files_are_there_once_placed_and_are_replaced_by_delivery)
{
	char secret[] = "s3cret";
	struct spec_file files[] = {
	    {.path = "/etc/key", .content = secret, .size = 6, .mode = 0400, .user = "app", .secret = true},
	    {.path = "/etc/conf", .content = "", .size = 0, .mode = 0644},
	};
	struct instance_spec *spec = one();
	size_t count;

	spec->files = files;
	spec->file_count = 2;
	memset(spec->file_digest, '7', sizeof(spec->file_digest) - 1);
	cr_assert(rig_place(rig, spec) == PROGRESS_DONE);
	strcpy(secret, "gone.."); /* the target has its own copy */
	files_are("/etc/key", "s3cret", 2);
	const struct spec_file *kept = fake_target_files(fake_bed, spec->name, &count);
	cr_assert(kept[0].mode == 0400 && kept[0].secret && !strcmp(kept[0].user, "app"));
	cr_assert_str_eq(rig_look(rig, spec->name).file_digest, spec->file_digest);
	MUST(rig, ASK(start, spec));
	int64_t started = at(spec->name).started_ms;
	files[0] = (struct spec_file){.path = "/etc/other", .content = "new", .size = 3};
	spec->file_count = 1;
	MUST(rig, ASK(deliver, spec));
	files_are("/etc/other", "new", 1);
	cr_assert(at(spec->name).started_ms == started && !at(spec->name).exits);
	MUST(rig, ASK(stop, "talk", spec->name));
	spec->file_count = 0;
	MUST(rig, ASK(deliver, spec));
	files_are(NULL, NULL, 0);
	MUST_NOT(rig, ERR_MISSING, ASK(deliver, rig_spec(rig, "other", STAYS, 0)));
}

Test(fake_changes, half_made_of_other_files_is_made_anew)
{
	const struct spec_file file = {.path = "/a", .content = "new", .size = 3};
	struct instance_spec *spec = one();

	cr_assert(rig_place(rig, spec) == PROGRESS_DONE);
	spec->files = &file;
	spec->file_count = 1;
	memset(spec->file_digest, '8', sizeof(spec->file_digest) - 1);
	cr_assert(rig_place(rig, spec) == PROGRESS_DONE);
	files_are("/a", "new", 1);
}

/* --- signals and commands --- */

Test(fake_changes, signals_are_kept_in_order)
{
	rig_run(rig, one());
	cr_assert_null(fake_target_signals(fake_bed, "talk.web.1")[0]);
	MUST(rig, ASK(signal, "talk", "talk.web.1", "HUP"));
	MUST(rig, ASK(signal, "talk", "talk.web.1", "USR1"));
	const char *const *signals = fake_target_signals(fake_bed, "talk.web.1");
	cr_assert_str_eq(signals[0], "HUP");
	cr_assert_str_eq(signals[1], "USR1");
	cr_assert_null(signals[2]);
	MUST(rig, ASK(stop, "talk", "talk.web.1"));
	MUST_NOT(rig, ERR_FAILED, ASK(signal, "talk", "talk.web.1", "HUP"));
	MUST_NOT(rig, ERR_MISSING, ASK(signal, "talk", "talk.web.7", "HUP"));
	cr_assert_null(fake_target_signals(fake_bed, "talk.web.7"));
}

static int run(const char *const *command)
{
	struct exec_session session = {.command = command, .output = collect, .code = -1};

	text_clear(&output);
	text_clear(&errors);
	MUST(rig, ASK(exec, "talk", "talk.web.1", &session));
	return session.code;
}

Test(fake_changes, command_nobody_scripted_writes_its_own_words)
{
	const char *const command[] = {"redis-cli", "ping", NULL};

	rig_run(rig, one());
	cr_assert(run(command) == 0);
	cr_assert_str_eq(text_view(&output), "redis-cli ping\n");
	cr_assert_str_eq(text_view(&errors), "");
	const char *const *commands = fake_target_commands(fake_bed, "talk.web.1");
	cr_assert_str_eq(commands[0], "redis-cli ping");
	cr_assert_null(commands[1]);
}

Test(fake_changes, scripted_command_writes_and_ends_as_told)
{
	const char *const command[] = {"migrate", NULL}, *const other[] = {"what", NULL};
	struct fake_command migrate = {.words = "migrate", .output = "one\n", .errors = "two\n", .code = 7};
	struct fake_command any = {0};

	fail(&any.error, ERR_MISSING, "no such command");
	cr_assert(fake_target_command(fake_bed, &migrate) == 0);
	cr_assert(fake_target_command(fake_bed, &any) == 0);
	rig_run(rig, one());
	cr_assert(run(command) == 7);
	cr_assert_str_eq(text_view(&output), "one\n");
	cr_assert_str_eq(text_view(&errors), "two\n");
	migrate.code = 0;
	cr_assert(fake_target_command(fake_bed, &migrate) == 0);
	cr_assert(run(command) == 0);
	struct exec_session session = {.command = other, .output = collect};
	MUST_NOT(rig, ERR_MISSING, ASK(exec, "talk", "talk.web.1", &session));
	MUST(rig, ASK(stop, "talk", "talk.web.1"));
	MUST_NOT(rig, ERR_FAILED, ASK(exec, "talk", "talk.web.1", &session));
}

static const char *const cat[] = {"cat", NULL};
static const struct fake_command cat_echoes = {.words = "cat", .echoes = true};

Test(fake_changes, input_comes_back_until_its_end)
{
	struct exec_session session = {
	    .command = cat, .output = collect, .interactive = true, .resized = true};

	cr_assert(fake_target_command(fake_bed, &cat_echoes) == 0);
	rig_run(rig, one());
	rig_errand(rig);
	rig->woken = false;
	text_add(&session.input, "one\n");
	cr_assert(ASK(exec, "talk", "talk.web.1", &session) == PROGRESS_WAITING);
	rig_pause(rig, 10);
	cr_assert_str_eq(text_view(&output), "one\n");
	cr_assert(!session.resized && !session.input.length);
	text_add(&session.input, "two\n");
	cr_assert(ASK(exec, "talk", "talk.web.1", &session) == PROGRESS_WAITING);
	rig_pause(rig, 10);
	cr_assert_str_eq(text_view(&output), "one\ntwo\n");
	cr_assert(!rig->woken);
	session.input_ended = true;
	cr_assert(ASK(exec, "talk", "talk.web.1", &session) == PROGRESS_WAITING);
	rig_wait(rig, "exec");
	cr_assert(ASK(exec, "talk", "talk.web.1", &session) == PROGRESS_DONE);
	cr_assert(session.code == 0);
	text_release(&session.input);
}

Test(fake_changes, command_without_input_reads_the_end_at_once)
{
	cr_assert(fake_target_command(fake_bed, &cat_echoes) == 0);
	rig_run(rig, one());
	cr_assert(run(cat) == 0);
	cr_assert_str_eq(text_view(&output), "");
}

Test(fake_changes, command_dies_with_its_instance)
{
	struct exec_session session = {.command = cat, .output = collect, .interactive = true};

	cr_assert(fake_target_command(fake_bed, &cat_echoes) == 0);
	rig_run(rig, one());
	rig_errand(rig);
	rig->woken = false;
	cr_assert(ASK(exec, "talk", "talk.web.1", &session) == PROGRESS_WAITING);
	rig_pause(rig, 10);
	cr_assert(!rig->woken);
	cr_assert(fake_target_exit(fake_bed, "talk.web.1", 1) == 0);
	rig_wait(rig, "exec");
	cr_assert(ASK(exec, "talk", "talk.web.1", &session) == PROGRESS_DONE);
	cr_assert(session.code == 137);
}

/* --- how it ends, and what follows --- */

static void ends_and(enum restart_policy restart, int code, enum observed_state then)
{
	struct instance_spec *spec = one();

	behave((struct fake_behaviour){.exits = 1, .exit_code = code, .lives_ms = 2000});
	spec->restart = restart;
	rig_run(rig, spec);
	rig_pause(rig, 1999);
	cr_assert(at(spec->name).state == SEEN_RUNNING);
	rig_pause(rig, 1);
	cr_assert(at(spec->name).exit_code == code && at(spec->name).exits == 1);
	rig_pause(rig, 1000);
	cr_assert(at(spec->name).state == then && at(spec->name).exit_code == code);
	MUST(rig, ASK(remove, "talk", spec->name));
}

Test(fake_changes, job_stays_ended)
{
	ends_and(RESTART_NO, 0, SEEN_STOPPED);
	ends_and(RESTART_NO, 3, SEEN_STOPPED);
}

Test(fake_changes, restart_policy_decides_what_follows_an_end)
{
	ends_and(RESTART_ON_FAILURE, 0, SEEN_STOPPED);
	ends_and(RESTART_ON_FAILURE, 3, SEEN_RUNNING);
	ends_and(RESTART_UNLESS_STOPPED, 0, SEEN_RUNNING);
	ends_and(RESTART_ALWAYS, 3, SEEN_RUNNING);
}

Test(fake_changes, updated_restart_policy_is_the_one_that_counts)
{
	struct instance_spec *spec = one();

	rig_run(rig, spec);
	cr_assert(fake_target_crash(fake_bed, spec->name, 5) == 0);
	cr_assert(at(spec->name).state == SEEN_RESTARTING);
	cr_assert(fake_target_crash(fake_bed, spec->name, 5) == -1, "it does not run");
	rig_pause(rig, 1000);
	cr_assert(at(spec->name).state == SEEN_RUNNING);
	spec->restart = RESTART_NO;
	MUST(rig, ASK(update, spec));
	cr_assert(fake_target_crash(fake_bed, spec->name, 6) == 0);
	rig_pause(rig, 100000);
	cr_assert(at(spec->name).state == SEEN_STOPPED && at(spec->name).exit_code == 6);
	cr_assert(at(spec->name).exits == 2);
}

Test(fake_changes, behaviour_may_be_of_one_image_or_one_instance)
{
	const struct health_check tcp = {.kind = CHECK_TCP, .port = 80};
	struct instance_spec *old = one(), *young = generation(2), *third = generation(3);

	behave((struct fake_behaviour){.image = "busybox:2", .answers_after_ms = -1});
	behave((struct fake_behaviour){.component = "talk.web.1.g3", .answers_after_ms = 10});
	young->image = third->image = "busybox:2";
	rig_run(rig, old);
	rig_run(rig, young);
	rig_run(rig, third);
	MUST(rig, ASK(probe, old, &tcp));
	rig_pause(rig, 10000);
	MUST_NOT(rig, ERR_FAILED, ASK(probe, young, &tcp));
	MUST(rig, ASK(probe, third, &tcp));
}

Test(fake_changes, readiness_is_told_unless_nobody_can_ask)
{
	const struct health_check tcp = {.kind = CHECK_TCP, .port = 80};
	const struct location_driver *driver = rig->location.driver;
	struct instance_spec *spec = one();

	cr_assert_str_eq(driver->readiness(&rig->location, spec, &tcp), "from here");
	behave((struct fake_behaviour){.unverifiable = true});
	cr_assert_null(driver->readiness(&rig->location, spec, &tcp));
	cr_assert_not_null(
	    driver->readiness(&rig->location, spec, &(struct health_check){.kind = CHECK_NONE}));
	rig_run(rig, spec);
	MUST_NOT(rig, ERR_UNSUPPORTED, ASK(probe, spec, &tcp));
}

/* --- addresses --- */

static const char *address_of(const char *name)
{
	const char *address = at(name).attachments[0].address;

	return address ? arena_text(&rig->arena, address) : NULL;
}

Test(fake_changes, pinned_address_is_kept_through_stops_and_given_to_the_successor)
{
	struct instance_spec *old = one(), *young = generation(2);

	old->pin_address = young->pin_address = true;
	rig_run(rig, old);
	const char *address = address_of(old->name);
	MUST(rig, ASK(stop, "talk", old->name));
	rig_run(rig, rig_spec(rig, "other", STAYS, 0));
	MUST(rig, ASK(start, old));
	cr_assert_str_eq(address_of(old->name), address);
	young->pinned_address = address;
	cr_assert(rig_place(rig, young) == PROGRESS_DONE);
	MUST_NOT(rig, ERR_CONFLICT, ASK(start, young));
	MUST(rig, ASK(stop, "talk", old->name));
	MUST(rig, ASK(start, young));
	cr_assert_str_eq(address_of(young->name), address);
	MUST_NOT(rig, ERR_CONFLICT, ASK(start, old));
	cr_assert_str_eq(address_of(young->name), address);
}

Test(fake_changes, fresh_address_avoids_a_pinned_one)
{
	struct instance_spec *pinned = one();

	pinned->pinned_address = "10.0.0.1";
	rig_run(rig, pinned);
	rig_run(rig, rig_spec(rig, "other", STAYS, 0));
	cr_assert_str_eq(address_of("talk.web.1"), "10.0.0.1");
	cr_assert_str_eq(address_of("talk.other.1"), "10.0.0.2");
}

/* --- leases and other objects --- */

static struct lease leased(const char *token, const char *words, int64_t ttl_ms)
{
	const struct lease wanted = {.token = token, .words = words, .ttl_ms = ttl_ms};
	struct lease holder = {0};

	MUST(rig, ASK(lease, "talk", &wanted, &rig->arena, &holder));
	return holder;
}

Test(fake_changes, lease_is_renewed_expires_and_is_taken)
{
	cr_assert_str_eq(leased("a", "ann", 1000).token, "a");
	rig_pause(rig, 600);
	struct lease holder = leased("b", "bob", 1000);
	cr_assert_str_eq(holder.token, "a");
	cr_assert_str_eq(holder.words, "ann");
	cr_assert(holder.ttl_ms == 400);
	leased("a", "ann again", 1000);
	rig_pause(rig, 999);
	cr_assert_str_eq(leased("b", "bob", 1000).words, "ann again");
	rig_pause(rig, 1);
	cr_assert_str_eq(leased("b", "bob", 1000).token, "b");
	MUST(rig, ASK(tidy, "talk", "a"));
	cr_assert_str_eq(leased("a", "ann", 1000).token, "b", "another's token gave it back");
	MUST(rig, ASK(tidy, "talk", "b"));
	MUST(rig, ASK(tidy, "talk", "b"));
	cr_assert_str_eq(leased("a", "ann", 1000).token, "a");
}

static size_t objects(const struct list_request *request, const char *kind)
{
	struct inventory inventory = {0};
	size_t count = 0;

	MUST(rig, ASK(list, request, &inventory));
	for (size_t i = 0; i < inventory.object_count; i++) {
		cr_assert_str_eq(inventory.objects[i].app, "talk");
		count += !strcmp(inventory.objects[i].kind, kind);
	}
	inventory_release(&inventory);
	return count;
}

Test(fake_changes, listing_of_all_applications_tells_networks_and_leases)
{
	const struct list_request all = {0}, mine = {.app = "talk"}, bare = {.instances_only = true};

	cr_assert(objects(&all, "network") == 1 && objects(&all, "lease") == 0);
	leased("a", "ann", 1000);
	cr_assert(objects(&all, "lease") == 1);
	rig_pause(rig, 2000);
	cr_assert(objects(&all, "lease") == 1, "an expired one lies about as well");
	cr_assert(objects(&mine, "lease") == 0 && objects(&bare, "lease") == 0);
	MUST(rig, ASK(tidy, "talk", "a"));
	MUST(rig, ASK(release, "talk", false));
	cr_assert(objects(&all, "network") == 0 && objects(&all, "lease") == 0);
}

/* --- all of them follow the rules of the others --- */

Test(fake_changes, each_new_call_counts_takes_time_and_loses_answers)
{
	const char *const command[] = {"true", NULL};
	struct exec_session session = {.command = command, .output = collect};
	const struct lease wanted = {.token = "a", .words = "ann", .ttl_ms = 1000};
	struct lease holder;
	struct instance_spec *spec = generation(2);

	rig_run(rig, spec);
	for (enum fake_call call = FAKE_UPDATE; call < FAKE_CALLS; call++) {
		struct fake_rule rule = {.call = call, .times = 1, .delay_ms = 5, .effect = true};
		fail(&rule.error, ERR_TIMED_OUT, "no answer");
		cr_assert(fake_target_rule(fake_bed, &rule) == 0);
	}
	int64_t before = fake_world->ops->now(fake_world);
	spec->memory_bytes = 1 << 20;
	MUST_NOT(rig, ERR_TIMED_OUT, ASK(update, spec));
	MUST_NOT(rig, ERR_TIMED_OUT, ASK(deliver, spec));
	MUST_NOT(rig, ERR_TIMED_OUT, ASK(signal, "talk", spec->name, "HUP"));
	MUST_NOT(rig, ERR_TIMED_OUT, ASK(withdraw, "talk", spec->name));
	MUST_NOT(rig, ERR_TIMED_OUT, ASK(exec, "talk", spec->name, &session));
	MUST_NOT(rig, ERR_TIMED_OUT, ASK(lease, "talk", &wanted, &rig->arena, &holder));
	MUST_NOT(rig, ERR_TIMED_OUT, ASK(rename, "talk", spec->name, "talk.web.1"));
	cr_assert_str_eq(leased("b", "bob", 1).token, "a");
	MUST_NOT(rig, ERR_TIMED_OUT, ASK(tidy, "talk", "a"));
	cr_assert_str_eq(leased("b", "bob", 1).token, "b");
	struct usage usage;
	MUST_NOT(rig, ERR_TIMED_OUT, ASK(usage, "talk", "talk.web.1", &usage));
	cr_assert(fake_world->ops->now(fake_world) == before + 45);
	struct observed seen = at("talk.web.1");
	cr_assert(seen.memory_bytes == 1 << 20 && !seen.shared_name_held);
	cr_assert_str_eq(fake_target_signals(fake_bed, "talk.web.1")[0], "HUP");
	cr_assert_str_eq(fake_target_commands(fake_bed, "talk.web.1")[0], "true");
	for (enum fake_call call = FAKE_UPDATE; call < FAKE_CALLS; call++)
		cr_assert(fake_target_calls(fake_bed, call) == (call == FAKE_LEASE ? 3 : 1), "call %d", call);
}

Test(fake_changes, dropped_command_is_told_no_more)
{
	struct exec_session session = {.command = cat, .output = collect, .interactive = true};

	cr_assert(fake_target_command(fake_bed, &cat_echoes) == 0);
	rig_run(rig, one());
	rig_errand(rig);
	cr_assert(ASK(exec, "talk", "talk.web.1", &session) == PROGRESS_WAITING);
	rig_pause(rig, 0);
	text_add(&session.input, "late");
	cr_assert(ASK(exec, "talk", "talk.web.1", &session) == PROGRESS_WAITING);
	rig->location.driver->drop(&rig->location, &rig->errand);
	rig_pause(rig, 1000);
	cr_assert_str_eq(text_view(&output), "");
	text_release(&session.input);
}
