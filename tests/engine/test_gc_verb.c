/* test_gc_verb.c - `gc` finds what no application owns, removes it when asked, and leaves alone what is
 * somebody's. */
#include <criterion/criterion.h>
#include <stdio.h>
#include <string.h>

#include "base/cleanup.h"
#include "tests/engine/scene.h"

static struct scene scene;
static json_t *document;

static void raise_curtain(void)
{
	scene_open(&scene);
}

static void drop_curtain(void)
{
	json_decref(document);
	document = NULL;
	scene_close(&scene);
}

TestSuite(gc_verb, .init = raise_curtain, .fini = drop_curtain);

#define PAIR                                                                                                 \
	"id: app\nlocation: fake\nservices:\n"                                                               \
	"- {type: 'docker:redis:3', id: db, volumes: ['data:/data']}\n- {type: 'docker:front:1', id: web}\n"

static const char *const through_flag[] = {"here=fake", NULL};

/* --- by hand at the target, beside any operation ---------------------------------------------------- */

static void wake(struct errand *errand)
{
	*(bool *)errand->owner = true;
}

static bool woken(void *owner)
{
	return *(bool *)owner;
}

enum deed { DISCLAIM, CLAIM, LEASE };

/* What somebody does at the target with berth's own means. */
static void at_target(enum deed deed, const char *app, const char *who)
{
	static const struct location_spec spec = {.name = "hand", .type = "fake", .target = ""};
	struct location location = {
	    .driver = &fake_driver, .world = scene.world, .name = "hand", .spec = &spec};
	struct error err = {0};
	struct arena arena = {0};
	struct owner owner = {who, who, NULL}, holder;
	struct lease lease = {.token = who, .words = who, .ttl_ms = 60000}, held;
	bool called = false;
	struct errand errand = {.wake = wake, .owner = &called};
	cr_assert_eq(location.driver->open(&location, &err), 0, "%s", err.text);
	enum progress progress;
	do {
		called = false;
		progress =
		    deed == DISCLAIM ? location.driver->disclaim(&location, &errand, app, &err)
		    : deed == CLAIM
			? location.driver->claim(&location, &errand, app, &owner, true, &arena, &holder, &err)
			: location.driver->lease(&location, &errand, app, &lease, &arena, &held, &err);
	} while (progress == PROGRESS_WAITING && virtual_world_run(scene.world, woken, &called, 10000));
	cr_assert_eq(progress, PROGRESS_DONE, "%s", err.text);
	location.driver->close(&location);
	arena_release(&arena);
}

/* Two instances, a network and a volume whose application nobody knows any more. */
static void leave_orphans(void)
{
	cr_assert_eq(scene_run(&scene, berth_deploy, PAIR, NULL), BERTH_OK);
	at_target(DISCLAIM, "app", NULL);
	scene_restart(&scene, false);
}

static bool ended(void *operation)
{
	return berth_done(operation);
}

static enum berth_outcome collect(bool remove, const char *const *locations)
{
	struct berth_request request = {.size = sizeof request, .locations = locations, .remove = remove};
	json_decref(document);
	document = NULL;
	return scene_request(&scene, berth_gc, &request, &document);
}

/* "kind name" of all that was found, and "!" behind what was removed. */
static const char *found(void)
{
	static char words[512];
	size_t i;
	json_t *entry;
	words[0] = '\0';
	json_array_foreach (json_object_get(document, "found"), i, entry) {
		size_t length = strlen(words);
		snprintf(words + length, sizeof words - length, "%s%s %s%s", i ? ", " : "",
			 json_text(entry, "kind"), json_text(entry, "name"),
			 json_flag(entry, "removed", false) ? "!" : "");
	}
	return words;
}

static const char *failure(size_t at)
{
	const json_t *entry = json_array_get(json_object_get(document, "failures"), at);
	const char *text = json_text(entry, "error");
	return text ? text : "";
}

Test(gc_verb, what_runs_for_somebody_is_not_found)
{
	cr_assert_eq(scene_run(&scene, berth_deploy, PAIR, NULL), BERTH_OK);
	cr_assert_eq(collect(true, through_flag), BERTH_OK, "%s", failure(0));
	cr_expect_str_eq(found(), "");
	scene_restart(&scene, false);
	cr_assert_eq(collect(true, through_flag), BERTH_OK);
	cr_expect_str_eq(found(), "", "the claim alone says that it is owned");
	cr_expect_eq(fake_target_instances(scene.target), 2);
}

Test(gc_verb, what_is_protected_is_not_found_though_nobody_claims_it)
{
	cr_assert_eq(scene_run(&scene, berth_deploy,
			       "id: app\nlocation: fake\nservices:\n"
			       "- {type: 'docker:redis:3', id: db, protect: true}\n",
			       NULL),
		     BERTH_OK);
	at_target(DISCLAIM, "app", NULL);
	scene_restart(&scene, false);
	cr_assert_eq(collect(true, through_flag), BERTH_OK, "%s", failure(0));
	cr_expect_str_eq(found(), "");
	cr_expect_eq(fake_target_instances(scene.target), 1);
}

Test(gc_verb, what_our_store_knows_is_owned_though_its_claim_is_gone)
{
	cr_assert_eq(scene_run(&scene, berth_deploy, PAIR, NULL), BERTH_OK);
	at_target(DISCLAIM, "app", NULL);
	cr_assert_eq(collect(true, through_flag), BERTH_OK);
	cr_expect_str_eq(found(), "");
	cr_expect_eq(fake_target_instances(scene.target), 2);
}

Test(gc_verb, orphans_are_listed_and_stay)
{
	leave_orphans();
	cr_assert_eq(collect(false, through_flag), BERTH_OK);
	cr_expect_str_eq(found(), "instance app.db.1, instance app.web.1, network app, volume app.data");
	cr_expect_eq(fake_target_instances(scene.target), 2);
	cr_expect_eq(fake_target_calls(scene.target, FAKE_STOP) +
			 fake_target_calls(scene.target, FAKE_REMOVE) +
			 fake_target_calls(scene.target, FAKE_TIDY),
		     fake_target_calls(scene.target, FAKE_TIDY), "it only looks");
}

Test(gc_verb, removed_is_all_but_the_data)
{
	leave_orphans();
	cr_assert_eq(collect(true, through_flag), BERTH_OK);
	cr_expect_str_eq(found(), "instance app.db.1!, instance app.web.1!, network app!, volume app.data");
	cr_expect_eq(fake_target_instances(scene.target), 0);
	cr_assert_eq(collect(true, through_flag), BERTH_OK);
	cr_expect_str_eq(found(), "volume app.data", "and what is left is only told of");
}

Test(gc_verb, a_name_alone_chooses_among_the_known_ones)
{
	static const char *const unknown[] = {"elsewhere", NULL};
	static const char *const here[] = {"localhost", NULL};
	leave_orphans();
	cr_expect_eq(collect(false, unknown), BERTH_INVALID);
	cr_assert_eq(scene_run(&scene, berth_deploy,
			       "id: other\nlocation: fake\nservices:\n- {type: 'docker:x:1', id: a}\n", NULL),
		     BERTH_OK);
	size_t lists = fake_target_calls(scene.target, FAKE_LIST);
	cr_expect_eq(collect(false, here), BERTH_OK);
	cr_expect_eq(fake_target_calls(scene.target, FAKE_LIST), lists, "the others are not asked");
	cr_assert_eq(collect(false, NULL), BERTH_OK);
	cr_expect(strstr(found(), "instance app.db.1"), "where our store deployed is known: %s", found());
}

Test(gc_verb, what_is_claimed_between_the_two_looks_is_spared)
{
	struct berth_request request = {.size = sizeof request, .locations = through_flag, .remove = true};
	struct berth_error error;
	leave_orphans();
	fake_target_time(scene.target, FAKE_LEASE, 5000);
	struct berth_operation *operation = berth_gc(scene.berth, &request, NULL, &error);
	virtual_world_run(scene.world, NULL, NULL, 1000);
	at_target(CLAIM, "app", "eve");
	cr_assert(virtual_world_run(scene.world, ended, operation, 60000));
	cr_expect_eq(berth_outcome(operation), BERTH_LOCKED);
	cr_expect_eq(fake_target_instances(scene.target), 2);
	cr_expect(strstr(berth_message(operation), "`app` belongs to eve by now"), "%s",
		  berth_message(operation));
	berth_operation_free(operation);
}

Test(gc_verb, a_deploy_under_way_is_not_disturbed)
{
	leave_orphans();
	at_target(LEASE, "app", "somebody");
	cr_assert_eq(collect(true, through_flag), BERTH_LOCKED);
	cr_expect(strstr(failure(0), "a deploy of `app` is under way: somebody"), "%s", failure(0));
	cr_expect_eq(fake_target_instances(scene.target), 2);
	virtual_world_run(scene.world, NULL, NULL, 61000);
	cr_assert_eq(collect(true, through_flag), BERTH_OK, "its lease expired: %s", failure(0));
	cr_expect_eq(fake_target_instances(scene.target), 0);
}

Test(gc_verb, one_that_cannot_be_removed_keeps_its_network_and_is_told)
{
	static const struct fake_rule refuse = {.call = FAKE_REMOVE,
						.instance = "app.db.1",
						.times = 1,
						.error = {.code = ERR_FAILED, .text = "busy"}};
	leave_orphans();
	cr_assert_eq(fake_target_rule(scene.target, &refuse), 0);
	cr_assert_eq(collect(true, through_flag), BERTH_FAILED);
	cr_expect_str_eq(found(), "instance app.db.1, instance app.web.1!, network app, volume app.data");
	cr_expect_str_eq(failure(0), "busy");
	cr_assert_eq(collect(true, through_flag), BERTH_OK);
	cr_expect_eq(fake_target_instances(scene.target), 0);
}

Test(gc_verb, a_location_that_is_silent_does_not_keep_the_others)
{
	struct fake_target *dead = scene_place(&scene, "dead");
	static const char *const both[] = {"there=fake:dead", "here=fake", NULL};
	fake_target_unreachable(dead, true);
	leave_orphans();
	cr_expect_eq(collect(true, both), BERTH_UNREACHABLE);
	cr_expect_eq(fake_target_instances(scene.target), 0);
	cr_expect_eq(json_array_size(json_object_get(document, "failures")), 1);
	cr_expect(strstr(failure(0), "there"), "%s", failure(0));
}

Test(gc_verb, a_claim_that_nothing_is_behind_is_told_and_stays)
{
	struct berth_request status = {.size = sizeof status, .locations = through_flag};
	at_target(CLAIM, "old", "eve");
	cr_assert_eq(collect(true, through_flag), BERTH_OK);
	cr_expect_str_eq(found(), "claim old");
	const json_t *entry = json_array_get(json_object_get(document, "found"), 0);
	cr_expect_str_eq(json_text(entry, "owner"), "eve");
	cr_assert_eq(collect(false, through_flag), BERTH_OK);
	cr_expect_str_eq(found(), "claim old", "what another owner claims is not removed");
	json_decref(document);
	cr_assert_eq(scene_request(&scene, berth_status, &status, &document), BERTH_OK);
	size_t i;
	json_t *line;
	entry = NULL;
	json_array_foreach (json_object_get(document, "applications"), i, line)
		if (strcmp(json_text(line, "app"), "old") == 0)
			entry = line;
	cr_assert_not_null(entry);
	cr_expect_str_eq(json_text(entry, "state"), "absent");
	cr_expect_str_eq(json_text(entry, "owner"), "eve");
	status.app = "old";
	json_decref(document);
	cr_assert_eq(scene_request(&scene, berth_status, &status, &document), BERTH_FAILED);
	const json_t *error = json_object_get(document, "error");
	cr_expect_str_eq(json_text(error, "text"), "of `old` there is but the claim of eve at here");
	cr_expect_str_eq(json_text(error, "remedy"),
			 "`berth destroy old --adopt --location here=fake` removes it");
	status.adopt = true;
	cr_assert_eq(scene_request(&scene, berth_destroy, &status, NULL), BERTH_OK);
	cr_assert_eq(collect(false, through_flag), BERTH_OK);
	cr_expect_str_eq(found(), "");
}

Test(gc_verb, a_claim_that_a_deploy_has_just_taken_is_not_told)
{
	at_target(CLAIM, "old", "eve");
	at_target(LEASE, "old", "eve");
	cr_assert_eq(collect(false, through_flag), BERTH_OK);
	cr_expect_str_eq(found(), "");
}

static bool decline(void *context, const char *plan)
{
	cr_expect(strstr(plan, "app.db.1"), "%s", plan);
	++*(int *)context;
	return false;
}

Test(gc_verb, what_is_not_agreed_to_stays)
{
	int asked = 0;
	struct berth_error error;
	struct berth_request request = {.size = sizeof request, .locations = through_flag, .remove = true};
	struct berth_listener listener = {.size = sizeof listener, .confirm = decline, .context = &asked};
	leave_orphans();
	struct berth_operation *operation = berth_gc(scene.berth, &request, &listener, &error);
	cr_assert(virtual_world_run(scene.world, ended, operation, 60000));
	cr_expect_eq(berth_outcome(operation), BERTH_INTERRUPTED);
	cr_expect_eq(asked, 1);
	cr_expect_eq(fake_target_instances(scene.target), 2);
	berth_operation_free(operation);
}

Test(gc_verb, an_interrupted_removal_gives_its_lease_back)
{
	struct berth_error error;
	struct berth_request request = {.size = sizeof request, .locations = through_flag, .remove = true};
	leave_orphans();
	fake_target_time(scene.target, FAKE_STOP, 5000);
	struct berth_operation *operation = berth_gc(scene.berth, &request, NULL, &error);
	virtual_world_run(scene.world, NULL, NULL, 1000);
	berth_cancel(operation);
	cr_assert(virtual_world_run(scene.world, ended, operation, 60000));
	cr_expect_eq(berth_outcome(operation), BERTH_INTERRUPTED);
	cr_expect_eq(fake_target_instances(scene.target), 2, "stopped, and left for the next time");
	berth_operation_free(operation);
	at_target(LEASE, "app", "somebody");
}

static void damage_store(void)
{
	char path[512];
	snprintf(path, sizeof path, "%s/state/berth.db", virtual_world_directory(scene.world));
	FILE *file = fopen(path, "w");
	cr_assert_not_null(file);
	for (int i = 0; i < 4096; i++)
		fputs("rubbish ", file);
	fclose(file);
}

Test(gc_verb, with_a_store_that_cannot_be_read_nothing_is_removed)
{
	leave_orphans();
	uint64_t number = store_put_event(scene.berth->store, "x", NULL, NULL, "x", "");
	cr_assert_neq(number, 0);
	scene_restart(&scene, true);
	damage_store();
	cr_expect_eq(collect(true, through_flag), BERTH_FAILED);
	cr_expect_eq(fake_target_instances(scene.target), 2);
	cr_expect_eq(collect(false, through_flag), BERTH_OK);
	cr_expect(strstr(found(), "instance app.db.1"), "%s", found());
}
