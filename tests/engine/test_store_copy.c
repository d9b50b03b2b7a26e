/* test_store_copy.c - the store copied into a file while others use it, and taken back: all of it, or
 * nothing. */
#include <criterion/criterion.h>
#include <fcntl.h>
#include <sqlite3.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "tests/engine/scene.h"

static struct scene scene;
static char copy[600];

static void raise_curtain(void)
{
	scene_open(&scene);
	snprintf(copy, sizeof copy, "%s/copy.db", virtual_world_directory(scene.world));
}

static void drop_curtain(void)
{
	scene_close(&scene);
}

TestSuite(store_copy, .init = raise_curtain, .fini = drop_curtain);

#define ONE(id) "id: " id "\nlocation: fake\nservices:\n- {type: 'docker:a:1', id: web}\n"

static void deploy(const char *blueprint)
{
	cr_assert_eq(scene_run(&scene, berth_deploy, blueprint, NULL), BERTH_OK, "%s", scene.events);
}

static enum berth_outcome on_file(verb_function *verb, bool dry_run, json_t **ret)
{
	const struct berth_request request = {.size = sizeof request, .file = copy, .dry_run = dry_run};
	return scene_request(&scene, verb, &request, ret);
}

static bool knows(const char *app)
{
	const struct berth_request request = {.size = sizeof request, .app = app};
	return scene_request(&scene, berth_history, &request, NULL) == BERTH_OK;
}

/* Ends with the words, and the store is as it was. */
static void refuses(verb_function *verb, enum berth_outcome outcome, const char *words)
{
	owned_json document = NULL;
	cr_expect_eq(on_file(verb, false, &document), outcome, "%s", words);
	const char *text = json_text(json_object_get(document, "error"), "text");
	cr_expect(text && strstr(text, words), "%s: %s", words, text);
}

static void in_copy(const char *sql)
{
	sqlite3 *connection = NULL;
	cr_assert_eq(sqlite3_open(copy, &connection), SQLITE_OK);
	cr_assert_eq(sqlite3_exec(connection, sql, NULL, NULL, NULL), SQLITE_OK, "%s",
		     sqlite3_errmsg(connection));
	cr_assert_eq(sqlite3_close(connection), SQLITE_OK);
}

Test(store_copy, what_was_backed_up_is_remembered_again)
{
	owned_json made = NULL;
	owned_json taken = NULL;
	struct stat facts;
	deploy(ONE("first"));
	cr_assert_eq(on_file(berth_backup, false, &made), BERTH_OK);
	cr_expect_eq(json_number(made, "applications", 0), 1);
	cr_expect_str_eq(json_text(made, "file"), copy);
	cr_assert_eq(stat(copy, &facts), 0);
	cr_expect_eq(facts.st_mode & 0777, 0600);
	deploy(ONE("second"));
	cr_expect(knows("second"));
	cr_assert_eq(on_file(berth_restore, false, &taken), BERTH_OK);
	cr_expect(knows("first"));
	cr_expect_not(knows("second"), "the handle that is open sees it, too");
	deploy(ONE("third"));
	cr_expect(knows("third"), "and goes on writing");
	scene_restart(&scene, true);
	cr_expect(knows("first"));
	cr_expect(knows("third"));
	cr_expect_not(knows("second"));
	/* What was there before is a backup itself. */
	snprintf(copy, sizeof copy, "%s", json_text(taken, "former"));
	cr_assert_eq(stat(copy, &facts), 0);
	cr_expect_eq(facts.st_mode & 0777, 0600);
	cr_assert_eq(on_file(berth_restore, false, NULL), BERTH_OK);
	cr_expect(knows("second"));
}

Test(store_copy, it_is_restored_where_nothing_was)
{
	owned_json taken = NULL;
	deploy(ONE("first"));
	cr_assert_eq(on_file(berth_backup, false, NULL), BERTH_OK);
	scene_restart(&scene, false);
	cr_expect_not(knows("first"));
	cr_assert_eq(on_file(berth_restore, false, &taken), BERTH_OK);
	cr_expect(knows("first"));
	cr_expect(json_is_null(json_object_get(taken, "former")));
}

Test(store_copy, without_a_store_there_is_nothing_to_back_up)
{
	scene_restart(&scene, false);
	refuses(berth_backup, BERTH_FAILED, "there is no store in");
	cr_expect_neq(access(copy, F_OK), 0, "and no file is left");
}

Test(store_copy, no_file_is_written_over)
{
	deploy(ONE("first"));
	cr_assert_eq(on_file(berth_backup, false, NULL), BERTH_OK);
	refuses(berth_backup, BERTH_FAILED, "is there already");
	cr_assert_eq(on_file(berth_restore, false, NULL), BERTH_OK, "it is as it was");
}

Test(store_copy, dry_nothing_is_written)
{
	deploy(ONE("first"));
	cr_assert_eq(on_file(berth_backup, true, NULL), BERTH_OK);
	cr_expect_neq(access(copy, F_OK), 0);
	cr_assert_eq(on_file(berth_backup, false, NULL), BERTH_OK);
	deploy(ONE("second"));
	cr_assert_eq(on_file(berth_restore, true, NULL), BERTH_OK);
	cr_expect(knows("second"));
}

Test(store_copy, while_a_controller_has_the_store_nothing_is_restored)
{
	char path[600];
	static const char words[] = "/s/controller.sock\nberth serve, process 7 of me@here, since now\n";
	deploy(ONE("first"));
	cr_assert_eq(on_file(berth_backup, false, NULL), BERTH_OK);
	deploy(ONE("second"));
	snprintf(path, sizeof path, "%s/state/controller.lock", virtual_world_directory(scene.world));
	const struct world_ops *ops = scene.world->ops;
	cr_assert_eq(ops->file_write(scene.world, path, 0600, words, strlen(words), NULL), 0);
	struct file_lock *lock = ops->lock(scene.world, path, NULL);
	cr_assert_not_null(lock);
	refuses(berth_restore, BERTH_LOCKED, "a controller has the store: berth serve, process 7 of me@here");
	cr_expect(knows("second"));
	ops->unlock(scene.world, lock);
	cr_assert_eq(on_file(berth_restore, false, NULL), BERTH_OK);
	cr_expect_not(knows("second"));
}

Test(store_copy, nor_while_a_command_is_changing_an_application)
{
	char path[600];
	deploy(ONE("first"));
	cr_assert_eq(on_file(berth_backup, false, NULL), BERTH_OK);
	snprintf(path, sizeof path, "%s/state/locks/first.lock", virtual_world_directory(scene.world));
	struct file_lock *lock = scene.world->ops->lock(scene.world, path, NULL);
	cr_assert_not_null(lock);
	refuses(berth_restore, BERTH_LOCKED, "another command is changing `first`");
	scene.world->ops->unlock(scene.world, lock);
	cr_assert_eq(on_file(berth_restore, false, NULL), BERTH_OK);
}

static void write_copy(const char *bytes, size_t size)
{
	cr_assert_eq(scene.world->ops->file_write(scene.world, copy, 0600, bytes, size, NULL), 0);
}

Test(store_copy, what_is_no_backup_is_refused)
{
	deploy(ONE("first"));
	refuses(berth_restore, BERTH_FAILED, "copy.db");
	write_copy("", 0);
	refuses(berth_restore, BERTH_FAILED, "is empty, and no store of berth");
	write_copy(
	    "words of no database, but long enough for one to look at them twice, and then again......."
	    "...........",
	    100);
	refuses(berth_restore, BERTH_FAILED, "copy.db");
	unlink(copy);
	in_copy("CREATE TABLE theirs(x)");
	refuses(berth_restore, BERTH_FAILED, "another program's SQLite file");
	cr_expect(knows("first"));
}

static int version_of_copy(void)
{
	sqlite3 *connection = NULL;
	sqlite3_stmt *statement = NULL;
	cr_assert_eq(sqlite3_open_v2(copy, &connection, SQLITE_OPEN_READONLY, NULL), SQLITE_OK);
	cr_assert_eq(sqlite3_prepare_v2(connection, "PRAGMA user_version", -1, &statement, NULL), SQLITE_OK);
	cr_assert_eq(sqlite3_step(statement), SQLITE_ROW);
	int version = sqlite3_column_int(statement, 0);
	sqlite3_finalize(statement);
	sqlite3_close(connection);
	return version;
}

Test(store_copy, one_of_an_older_berth_is_brought_up_to_date_in_the_store_alone)
{
	char sql[120];
	deploy(ONE("first"));
	cr_assert_eq(on_file(berth_backup, false, NULL), BERTH_OK);
	int before = version_of_copy() - 1;
	/* The last step that there was added this table. */
	snprintf(sql, sizeof sql, "DROP TABLE lasting; PRAGMA user_version = %d", before);
	in_copy(sql);
	cr_assert_eq(on_file(berth_restore, false, NULL), BERTH_OK);
	cr_expect(knows("first"));
	deploy(ONE("first"));
	cr_expect_eq(version_of_copy(), before);
}

Test(store_copy, one_of_a_newer_berth_is_refused)
{
	deploy(ONE("first"));
	cr_assert_eq(on_file(berth_backup, false, NULL), BERTH_OK);
	in_copy("PRAGMA user_version = 999");
	refuses(berth_restore, BERTH_FAILED, "schema 999");
	cr_expect(knows("first"));
}

Test(store_copy, one_that_is_damaged_is_refused_and_the_store_stays)
{
	struct stat facts;
	char rubbish[4096];
	deploy(ONE("first"));
	cr_assert_eq(on_file(berth_backup, false, NULL), BERTH_OK);
	deploy(ONE("second"));
	memset(rubbish, 0xa5, sizeof rubbish);
	cr_assert_eq(stat(copy, &facts), 0);
	int fd = open(copy, O_WRONLY | O_CLOEXEC);
	cr_assert_geq(fd, 0);
	/* The last page alone: who only counts the applications does not meet it. */
	cr_assert_eq(pwrite(fd, rubbish, sizeof rubbish, facts.st_size - 4096), 4096);
	close(fd);
	refuses(berth_restore, BERTH_FAILED, "damaged");
	cr_expect(knows("second"));
}
