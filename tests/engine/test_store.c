/* test_store.c - the store: what is acknowledged stays, together and in order; what is wrong is said in clear
 * words. */
#include <criterion/criterion.h>
#include <fcntl.h>
#include <signal.h>
#include <sqlite3.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <time.h>

#include "base/cleanup.h"
#include "base/world_real.h"
#include "engine/store.h"

#define PATIENCE_MS 60000

struct bench {
	char base[128], directory[160], path[192];
	struct world *world;
	struct store *store;
};

static struct bench bench;

static void make_base(void)
{
	const char *temporary = getenv("TMPDIR");
	snprintf(bench.base, sizeof bench.base, "%s/berth-store-XXXXXX", temporary ? temporary : "/tmp");
	cr_assert_not_null(mkdtemp(bench.base));
	snprintf(bench.directory, sizeof bench.directory, "%s/state", bench.base);
	snprintf(bench.path, sizeof bench.path, "%s/berth.db", bench.directory);
}

static void open_store(void)
{
	struct error err = {0};
	bench.world = world_real_open(&err);
	cr_assert_not_null(bench.world, "%s", err.text);
	bench.store = store_new(bench.world, bench.directory);
	cr_assert_not_null(bench.store);
}

static void close_store(void)
{
	store_free(bench.store);
	world_real_close(bench.world);
	bench.store = NULL;
	bench.world = NULL;
}

static void set_up(void)
{
	make_base();
	open_store();
}

static void tear_down(void)
{
	char command[200];
	close_store();
	snprintf(command, sizeof command, "rm -rf '%s'", bench.base);
	cr_expect_eq(system(command), 0);
}

TestSuite(store, .init = set_up, .fini = tear_down);

static int64_t milliseconds(void)
{
	struct timespec now;
	clock_gettime(CLOCK_MONOTONIC, &now);
	return now.tv_sec * 1000 + now.tv_nsec / 1000000;
}

/* What becomes of the number: 1 or -1. 0 when it takes too long. */
static int await_in(struct world *world, struct store *store, uint64_t number, struct error *err)
{
	int64_t deadline = milliseconds() + PATIENCE_MS;
	int fate;
	while ((fate = store_durable(store, number, err)) == 0 && milliseconds() < deadline)
		world_wait(world, 100);
	return fate;
}

static int await(uint64_t number, struct error *err)
{
	return await_in(bench.world, bench.store, number, err);
}

static void must_be_durable(uint64_t number)
{
	struct error err = {0};
	cr_assert_neq(number, 0);
	cr_assert_eq(await(number, &err), 1, "%s", err.text);
}

/* Do something to the file as another program would. */
static void meddle(const char *sql)
{
	sqlite3 *other = NULL;
	char *words = NULL;
	cr_assert_eq(sqlite3_open(bench.path, &other), SQLITE_OK);
	cr_assert_eq(sqlite3_exec(other, sql, NULL, NULL, &words), SQLITE_OK, "%s", words);
	sqlite3_close(other);
}

static void overwrite(const char *bytes, size_t count)
{
	owned_fd file = open(bench.path, O_WRONLY | O_CREAT | O_TRUNC, 0600);
	cr_assert_geq(file, 0);
	cr_assert_eq(write(file, bytes, count), (ssize_t)count);
}

static int mode_of(const char *path)
{
	struct stat found;
	return stat(path, &found) ? -1 : (int)(found.st_mode & 07777);
}

static uint64_t put_talk(int64_t revision)
{
	owned_json settings = json_pack("[s]", "STAGE=test");
	owned_json locations = json_pack("[{s:s, s:s}]", "name", "my-docker", "spec", "docker");
	static const struct fact_line lines[] = {{"image", "redis:3"}};
	struct component_facts redis = {.component = "redis", .lines = lines, .count = 1};
	return store_put_application(bench.store,
				     &(struct stored_application){.name = "talk",
								  .file = "talk.yaml",
								  .directory = "/home/me",
								  .blueprint = "id: talk\n",
								  .settings = settings,
								  .locations = locations,
								  .facts = {.items = &redis, .count = 1},
								  .revision = revision,
								  .deployed_ms = 1234567890123});
}

/* --- round trips ------------------------------------------------------------------------------- */

Test(store, nothing_is_stored_where_no_file_is_and_reading_makes_none)
{
	struct error err = {0};
	struct stored_application *application = (struct stored_application *)&err;
	struct stored_instance instance;
	owned_json names = NULL;
	owned_json events = NULL;

	cr_expect_eq(store_application(bench.store, "talk", &application, &err), 0);
	cr_expect_null(application);
	cr_expect_eq(store_applications(bench.store, &names, &err), 0);
	cr_expect_eq(json_array_size(names), 0);
	cr_expect_eq(store_instance(bench.store, "talk", "talk.redis.1", &instance, &err), 0);
	cr_expect_null(instance.target_id);
	cr_expect_eq(store_events(bench.store, NULL, 0, &events, &err), 0);
	cr_expect_eq(json_array_size(events), 0);
	cr_expect_eq(mode_of(bench.directory), -1);
}

Test(store, application_comes_back_whole_in_another_process_life)
{
	struct error err = {0};
	must_be_durable(put_talk(3));
	close_store();
	open_store();
	struct stored_application *found = NULL;
	cr_assert_eq(store_application(bench.store, "talk", &found, &err), 0, "%s", err.text);
	cr_assert_not_null(found);
	cr_expect_str_eq(found->name, "talk");
	cr_expect_str_eq(found->file, "talk.yaml");
	cr_expect_str_eq(found->directory, "/home/me");
	cr_expect_str_eq(found->blueprint, "id: talk\n");
	cr_expect_eq(found->revision, 3);
	cr_expect_eq(found->deployed_ms, 1234567890123);
	cr_expect_str_eq(json_string_value(json_array_get(found->settings, 0)), "STAGE=test");
	cr_expect_str_eq(json_text(json_array_get(found->locations, 0), "spec"), "docker");
	cr_expect_str_eq(fact_value(known_facts_find(&found->facts, "redis"), "image"), "redis:3");
	stored_application_free(found);
}

Test(store, second_put_replaces_and_drop_forgets_all_but_events)
{
	struct error err = {0};
	owned_json names = NULL;
	owned_json none = NULL;
	owned_json events = NULL;
	struct stored_instance instance;
	struct stored_application *found = NULL;

	put_talk(1);
	store_put_instance(bench.store, "talk", "talk.redis.1", "abc", NULL, NULL, NULL);
	store_put_event(bench.store, "talk", "redis", "talk.redis.1", "created", NULL);
	must_be_durable(put_talk(2));
	cr_assert_eq(store_application(bench.store, "talk", &found, &err), 0);
	cr_expect_eq(found->revision, 2);
	stored_application_free(found);
	cr_assert_eq(store_applications(bench.store, &names, &err), 0);
	cr_expect_eq(json_array_size(names), 1);

	must_be_durable(store_drop_application(bench.store, "talk"));
	cr_assert_eq(store_applications(bench.store, &none, &err), 0);
	cr_expect_eq(json_array_size(none), 0);
	cr_assert_eq(store_instance(bench.store, "talk", "talk.redis.1", &instance, &err), 0);
	cr_expect_null(instance.target_id);
	cr_assert_eq(store_events(bench.store, "talk", 0, &events, &err), 0);
	cr_expect_eq(json_array_size(events), 1);
}

Test(store, instance_keeps_its_ports_until_it_is_gone)
{
	struct error err = {0};
	struct stored_instance found;
	owned_json ports = json_pack("{s:i}", "6379/tcp", 20431);

	store_put_intent(bench.store, "talk", "talk.redis.1", "my-docker", "create", "digest");
	must_be_durable(
	    store_put_instance(bench.store, "talk", "talk.redis.1", "abc", ports, "f1", "64 0 no"));
	cr_assert_eq(store_instance(bench.store, "talk", "talk.redis.1", &found, &err), 0);
	cr_expect_str_eq(found.target_id, "abc");
	cr_expect_eq(json_number(found.ports, "6379/tcp", 0), 20431);
	cr_expect_str_eq(found.files, "f1");
	cr_expect_str_eq(found.limits, "64 0 no");
	stored_instance_release(&found);
	must_be_durable(store_put_instance(bench.store, "talk", "talk.redis.1", NULL, NULL, NULL, NULL));
	cr_assert_eq(store_instance(bench.store, "talk", "talk.redis.1", &found, &err), 0);
	cr_expect_null(found.target_id);
	cr_expect_null(found.ports);
}

Test(store, events_come_in_order_the_newest_when_limited_and_of_one_application)
{
	struct error err = {0};
	owned_json all = NULL;
	owned_json last = NULL;
	owned_json other = NULL;
	uint64_t number = 0;
	for (int i = 0; i < 5; i++) {
		char text[16];
		snprintf(text, sizeof text, "%d", i);
		number =
		    store_put_event(bench.store, i == 3 ? "other" : "talk", "redis", NULL, "probed", text);
	}
	must_be_durable(number);
	cr_assert_eq(store_events(bench.store, NULL, 0, &all, &err), 0);
	cr_assert_eq(json_array_size(all), 5);
	for (int i = 0; i < 5; i++)
		cr_expect_eq(json_text(json_array_get(all, (size_t)i), "text")[0], '0' + i);
	cr_assert_eq(store_events(bench.store, "talk", 2, &last, &err), 0);
	cr_assert_eq(json_array_size(last), 2);
	const json_t *newest = json_array_get(last, 1);
	cr_expect_str_eq(json_text(newest, "text"), "4");
	cr_expect_str_eq(json_text(newest, "app"), "talk");
	cr_expect_str_eq(json_text(newest, "component"), "redis");
	cr_expect_str_eq(json_text(newest, "what"), "probed");
	cr_expect(json_is_null(json_object_get(newest, "instance")));
	cr_assert_eq(strlen(json_text(newest, "time")), 24);
	cr_expect_eq(json_text(newest, "time")[23], 'Z');
	cr_assert_eq(store_events(bench.store, "other", 2, &other, &err), 0);
	cr_expect_eq(json_array_size(other), 1);
}

Test(store, event_text_that_is_no_utf8_is_shown_with_the_sign_for_it)
{
	struct error err = {0};
	owned_json events = NULL;
	must_be_durable(store_put_event(bench.store, "talk", NULL, NULL, "failed", "a\xff\xc3z \xc3\xa4"));
	cr_assert_eq(store_events(bench.store, NULL, 0, &events, &err), 0);
	cr_expect_str_eq(json_text(json_array_get(events, 0), "text"), "a\xef\xbf\xbd\xef\xbf\xbdz \xc3\xa4");
}

Test(store, only_the_newest_ten_thousand_events_of_an_application_stay, .timeout = 60)
{
	struct error err = {0};
	owned_json events = NULL;
	uint64_t number = store_put_event(bench.store, "quiet", NULL, NULL, "kept", NULL);
	for (int i = 0; i < 10007; i++) {
		char text[16];
		snprintf(text, sizeof text, "%d", i);
		number = store_put_event(bench.store, "talk", NULL, NULL, "said", text);
	}
	must_be_durable(number);
	cr_assert_eq(store_events(bench.store, NULL, 0, &events, &err), 0);
	cr_assert_eq(json_array_size(events), 10001);
	cr_expect_str_eq(json_text(json_array_get(events, 0), "what"), "kept");
	cr_expect_str_eq(json_text(json_array_get(events, 1), "text"), "7");
	cr_expect_str_eq(json_text(json_array_get(events, 10000), "text"), "10006");
}

/* --- numbers and commits ------------------------------------------------------------------------- */

static void count_commit(void *owner)
{
	++*(int *)owner;
}

Test(store, numbers_grow_and_become_durable_in_their_order)
{
	struct error err = {0};
	uint64_t numbers[20];
	for (size_t i = 0; i < COUNT_OF(numbers); i++) {
		numbers[i] = store_put_event(bench.store, "talk", NULL, NULL, "said", NULL);
		cr_assert_eq(numbers[i], i + 1);
		cr_expect_eq(store_durable(bench.store, numbers[i], &err), 0,
			     "nothing is durable before the loop ran");
	}
	int64_t deadline = milliseconds() + PATIENCE_MS;
	for (size_t done = 0; done < COUNT_OF(numbers) && milliseconds() < deadline;) {
		world_wait(bench.world, 100);
		for (size_t i = 1; i < COUNT_OF(numbers); i++)
			cr_assert_geq(store_durable(bench.store, numbers[i - 1], &err),
				      store_durable(bench.store, numbers[i], &err));
		while (done < COUNT_OF(numbers) && store_durable(bench.store, numbers[done], &err) == 1)
			done++;
	}
	cr_expect_eq(store_durable(bench.store, numbers[19], &err), 1);
}

Test(store, two_hundred_records_need_few_commits)
{
	int commits = 0;
	uint64_t number = 0;
	cr_assert_eq(store_listen(bench.store, count_commit, &commits), 0);
	for (int i = 0; i < 200; i++)
		number = store_put_event(bench.store, "talk", NULL, NULL, "said", NULL);
	cr_expect_eq(commits, 0, "a listener is called on the loop, never by the one who puts");
	must_be_durable(number);
	cr_expect_eq(commits, 2, "the first record alone, the others while it was written: %d", commits);
}

Test(store, what_is_awaited_does_not_wait_for_history_first)
{
	int commits = 0;
	cr_assert_eq(store_listen(bench.store, count_commit, &commits), 0);
	uint64_t event = store_put_failure(bench.store, "shop", "web", "shop.web.1", "running", NULL, NULL);
	uint64_t intent = store_put_intent(bench.store, "shop", "shop.front.1", "here", "change", "");
	must_be_durable(intent);
	cr_expect_eq(store_durable(bench.store, event, NULL), 1);
	cr_expect_eq(commits, 1, "both in one");
	must_be_durable(store_put_failure(bench.store, "shop", "web", "shop.web.1", "stopped", NULL, NULL));
	cr_expect_eq(commits, 2, "history alone is written, too");
}

Test(store, listener_off_the_list_is_not_called)
{
	int first = 0, second = 0;
	store_listen(bench.store, count_commit, &first);
	store_listen(bench.store, count_commit, &second);
	store_listen(bench.store, count_commit, &second); /* still once */
	store_unlisten(bench.store, &first);
	must_be_durable(store_put_event(bench.store, "talk", NULL, NULL, "said", NULL));
	cr_expect_eq(first, 0);
	cr_expect_eq(second, 1);
}

static void leave(void *owner)
{
	++*(int *)owner;
	store_unlisten(bench.store, owner);
}

Test(store, listener_may_leave_while_it_is_called)
{
	int counts[3] = {0};
	for (size_t i = 0; i < 3; i++)
		store_listen(bench.store, i == 1 ? leave : count_commit, &counts[i]);
	must_be_durable(store_put_event(bench.store, "talk", NULL, NULL, "said", NULL));
	must_be_durable(store_put_event(bench.store, "talk", NULL, NULL, "said", NULL));
	cr_expect_eq(counts[0], 2);
	cr_expect_eq(counts[1], 1);
	cr_expect_eq(counts[2], 2);
}

Test(store, what_was_not_committed_is_written_when_the_store_is_freed)
{
	struct error err = {0};
	owned_json events = NULL;
	for (int i = 0; i < 50; i++)
		store_put_event(bench.store, "talk", NULL, NULL, "said", NULL);
	close_store();
	open_store();
	cr_assert_eq(store_events(bench.store, NULL, 0, &events, &err), 0);
	cr_expect_eq(json_array_size(events), 50);
}

/* --- permissions ---------------------------------------------------------------------------------- */

Test(store, folder_and_files_are_for_their_owner_alone_whatever_the_umask)
{
	char side[224];
	mode_t masks[] = {0, 0777};
	for (size_t i = 0; i < COUNT_OF(masks); i++) {
		close_store();
		snprintf(bench.directory, sizeof bench.directory, "%s/%zu/state", bench.base, i);
		snprintf(bench.path, sizeof bench.path, "%s/berth.db", bench.directory);
		open_store();
		mode_t before = umask(masks[i]);
		uint64_t number = store_put_event(bench.store, "talk", NULL, NULL, "said", NULL);
		int fate = await(number, NULL);
		umask(before);
		cr_assert_eq(fate, 1);
		cr_expect_eq(mode_of(bench.directory), 0700);
		cr_expect_eq(mode_of(bench.path), 0600);
		snprintf(side, sizeof side, "%s-wal", bench.path);
		cr_expect_eq(mode_of(side), 0600);
		snprintf(side, sizeof side, "%s-shm", bench.path);
		cr_expect_eq(mode_of(side), 0600);
	}
}

/* --- what goes wrong -------------------------------------------------------------------------------- */

Test(store, folder_that_cannot_be_written_is_said_with_path_and_remedy)
{
	struct error err = {0};
	close_store();
	cr_assert_eq(mkdir(bench.directory, 0755), 0);
	cr_assert_eq(chmod(bench.base, 0755), 0);
	if (geteuid() == 0) {
		cr_assert_eq(seteuid(65534), 0);
	} else {
		cr_assert_eq(chmod(bench.directory, 0555), 0);
	}
	open_store();
	uint64_t first = store_put_event(bench.store, "talk", NULL, NULL, "said", NULL);
	int fate = await(first, &err);
	if (getuid() == 0)
		cr_assert_eq(seteuid(0), 0);
	cr_assert_eq(chmod(bench.directory, 0755), 0);
	cr_assert_eq(fate, -1);
	cr_expect_eq(err.code, ERR_DENIED);
	cr_expect_not_null(strstr(err.text, bench.path), "%s", err.text);
	cr_expect_not_null(strstr(err.text, "Permission denied"), "%s", err.text);
	cr_expect_not_null(strstr(err.remedy, "XDG_STATE_HOME"), "%s", err.remedy);

	/* What failed stays failed; what comes after it has been put right is written. */
	must_be_durable(store_put_event(bench.store, "talk", NULL, NULL, "said", NULL));
	cr_expect_eq(store_durable(bench.store, first, &err), -1);
}

/* Somebody who may only read: a folder of root's for the others, one's own without the right to write. */
static void lose_rights(void)
{
	cr_assert_eq(chmod(bench.base, 0755), 0);
	if (geteuid() == 0) {
		cr_assert_eq(chmod(bench.directory, 0755), 0);
		cr_assert_eq(chmod(bench.path, 0644), 0);
		cr_assert_eq(seteuid(65534), 0);
	} else {
		cr_assert_eq(chmod(bench.directory, 0555), 0);
	}
}

static void regain_rights(void)
{
	if (getuid() == 0)
		cr_assert_eq(seteuid(0), 0);
	cr_assert_eq(chmod(bench.directory, 0755), 0);
}

Test(store, store_that_can_only_be_read_is_read)
{
	struct error err = {0};
	struct stored_application *found = NULL;
	struct stored_application *again = NULL;
	must_be_durable(put_talk(1));
	close_store();
	lose_rights();
	open_store();
	int status = store_application(bench.store, "talk", &found, &err);
	int second = store_application(bench.store, "talk", &again, &err);
	regain_rights();
	cr_assert_eq(status, 0, "%s", err.text);
	cr_assert_not_null(found);
	cr_expect_eq(found->revision, 1);
	cr_expect_eq(second, 0);
	stored_application_free(found);
	stored_application_free(again);

	must_be_durable(put_talk(2));
	cr_assert_eq(store_application(bench.store, "talk", &found, &err), 0);
	cr_expect_eq(found->revision, 2, "what was written meanwhile is seen");
	stored_application_free(found);
}

Test(store, folder_in_the_way_of_a_file_is_said)
{
	struct error err = {0};
	owned_fd file = open(bench.directory, O_WRONLY | O_CREAT, 0600);
	cr_assert_geq(file, 0);
	cr_assert_eq(await(store_put_event(bench.store, "talk", NULL, NULL, "said", NULL), &err), -1);
	cr_expect_not_null(strstr(err.text, bench.directory), "%s", err.text);
	cr_expect_neq(err.remedy[0], '\0');
}

Test(store, number_zero_stands_for_no_memory_and_is_never_durable)
{
	struct error err = {0};
	cr_expect_eq(store_durable(bench.store, 0, &err), -1);
	cr_expect_eq(err.code, ERR_NO_MEMORY);
}

Test(store, newer_schema_is_refused_by_name_and_left_alone)
{
	struct error err = {0};
	owned_json names = NULL;
	must_be_durable(put_talk(1));
	close_store();
	meddle("PRAGMA user_version = 99; UPDATE about SET value = '7.5.3' WHERE name = 'version'");
	open_store();
	cr_assert_eq(store_applications(bench.store, &names, &err), -1);
	cr_expect_eq(err.code, ERR_UNSUPPORTED);
	cr_expect_not_null(strstr(err.text, "berth 7.5.3"), "%s", err.text);
	cr_expect_not_null(strstr(err.text, bench.path), "%s", err.text);
	cr_expect_not_null(strstr(err.remedy, "berth 7.5.3"), "%s", err.remedy);
	cr_assert_eq(await(put_talk(2), &err), -1);
	cr_expect_eq(err.code, ERR_UNSUPPORTED);
	meddle("PRAGMA user_version = 11");
	struct stored_application *found = NULL;
	cr_assert_eq(store_application(bench.store, "talk", &found, &err), 0, "%s", err.text);
	cr_expect_eq(found->revision, 1);
	stored_application_free(found);
}

Test(store, another_programs_file_is_left_alone)
{
	struct error err = {0};
	cr_assert_eq(mkdir(bench.directory, 0700), 0);
	meddle("CREATE TABLE theirs(x)");
	cr_assert_eq(await(put_talk(1), &err), -1);
	cr_expect_eq(err.code, ERR_CONFLICT);
	cr_expect_not_null(strstr(err.text, bench.path), "%s", err.text);
	char wal[224];
	snprintf(wal, sizeof wal, "%s-wal", bench.path);
	cr_expect_eq(mode_of(wal), -1);
}

Test(store, damaged_file_is_said_with_what_to_move_and_works_once_moved)
{
	struct error err = {0};
	struct stored_application *found = NULL;
	char aside[224], garbage[8192];
	memset(garbage, 'x', sizeof garbage);
	cr_assert_eq(mkdir(bench.directory, 0700), 0);
	overwrite(garbage, sizeof garbage);

	cr_assert_eq(store_application(bench.store, "talk", &found, &err), -1);
	cr_expect_not_null(strstr(err.text, "damaged"), "%s", err.text);
	cr_expect_not_null(strstr(err.text, bench.path), "%s", err.text);
	cr_expect_not_null(strstr(err.remedy, "move it"), "%s", err.remedy);
	err = (struct error){0};
	cr_assert_eq(await(put_talk(1), &err), -1);
	cr_expect_not_null(strstr(err.text, "damaged"), "%s", err.text);

	snprintf(aside, sizeof aside, "%s/aside", bench.base);
	cr_assert_eq(rename(bench.path, aside), 0);
	must_be_durable(put_talk(2));
	cr_assert_eq(store_application(bench.store, "talk", &found, &err), 0, "%s", err.text);
	cr_expect_eq(found->revision, 2);
	stored_application_free(found);
}

Test(store, file_moved_away_while_it_is_open_is_noticed)
{
	struct error err = {0};
	owned_json names = NULL;
	owned_json again = NULL;
	char command[512];
	must_be_durable(put_talk(1));
	cr_assert_eq(store_applications(bench.store, &names, &err), 0);
	snprintf(command, sizeof command, "mkdir '%s/aside' && mv '%s'/* '%s/aside'", bench.base,
		 bench.directory, bench.base);
	cr_assert_eq(system(command), 0);
	cr_assert_eq(store_applications(bench.store, &again, &err), 0, "%s", err.text);
	cr_expect_eq(json_array_size(again), 0);
	must_be_durable(put_talk(2));
	cr_expect_eq(mode_of(bench.path), 0600);
}

/* --- several processes -------------------------------------------------------------------------------- */

/* In a child: write events one after the other and tell of each that became durable. Nothing of Criterion
 * here. */
static void write_for_ever(const char *directory, const char *app, int count, int tell)
{
	struct error err = {0};
	struct world *world = world_real_open(&err);
	struct store *store = world ? store_new(world, directory) : NULL;
	if (!store)
		_exit(2);
	for (int i = 0; count < 0 || i < count; i++) {
		char text[16];
		snprintf(text, sizeof text, "%d", i);
		uint64_t number = store_put_event(store, app, NULL, NULL, "said", text);
		if (!number || await_in(world, store, number, &err) != 1 || write(tell, "+", 1) != 1)
			_exit(3);
	}
	store_free(store);
	world_real_close(world);
	_exit(0);
}

static pid_t begin_writer(const char *app, int count, int *ret_told)
{
	int ends[2];
	cr_assert_eq(pipe2(ends, O_CLOEXEC), 0);
	pid_t child = fork();
	cr_assert_geq(child, 0);
	if (child == 0)
		write_for_ever(bench.directory, app, count, ends[1]);
	close(ends[1]);
	*ret_told = ends[0];
	return child;
}

/* How much was told until the writer ended, or `enough`. */
static size_t count_told(int told, size_t enough)
{
	char bytes[64];
	size_t count = 0;
	ssize_t got;
	while (count < enough && (got = read(told, bytes, sizeof bytes)) > 0)
		count += (size_t)got;
	return count;
}

Test(store, killed_writer_leaves_every_acknowledged_record, .timeout = 120)
{
	struct error err = {0};
	size_t acknowledged = 0;
	close_store(); /* no connection and no thread is to be inherited */
	for (int round = 0; round < 5; round++) {
		owned_fd told = -1;
		char app[16];
		snprintf(app, sizeof app, "round-%d", round);
		pid_t child = begin_writer(app, -1, &told);
		acknowledged = count_told(told, (size_t)(7 * round + 1));
		kill(child, SIGKILL);
		acknowledged += count_told(told, SIZE_MAX);
		int status;
		cr_assert_eq(waitpid(child, &status, 0), child);
		cr_assert(WIFSIGNALED(status), "it was to be killed, not to end");

		open_store();
		owned_json events = NULL;
		cr_assert_eq(store_events(bench.store, app, 0, &events, &err), 0, "%s", err.text);
		cr_expect_geq(acknowledged, 1);
		cr_expect_geq(json_array_size(events), acknowledged);
		cr_expect_leq(json_array_size(events), acknowledged + 1);
		close_store();
	}
	open_store();
	must_be_durable(put_talk(1));
}

Test(store, two_processes_write_at_once, .timeout = 120)
{
	struct error err = {0};
	owned_json events = NULL;
	pid_t children[2];
	int told[2];
	close_store();
	for (int i = 0; i < 2; i++)
		children[i] = begin_writer(i ? "b" : "a", 60, &told[i]);
	for (int i = 0; i < 2; i++) {
		int status;
		cr_expect_eq(count_told(told[i], SIZE_MAX), 60);
		close(told[i]);
		cr_assert_eq(waitpid(children[i], &status, 0), children[i]);
		cr_expect(WIFEXITED(status) && WEXITSTATUS(status) == 0, "writer %d: status %x", i, status);
	}
	open_store();
	cr_assert_eq(store_events(bench.store, NULL, 0, &events, &err), 0, "%s", err.text);
	cr_expect_eq(json_array_size(events), 120);
}
