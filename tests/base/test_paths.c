/* test_paths.c - what lies at a path, moving and linking it, and files put there for others. */
#include "fixture.h"

#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/cleanup.h"

static const struct file_rights ours = {.mode = 0640, .uid = (uid_t)-1, .gid = (gid_t)-1};

static int put(struct world *world, const char *base, const char *path, struct error *err)
{
	return world->ops->file_put(world, base, path, &ours, "secret", 6, err);
}

static const char *content_of(struct world *world, const char *path)
{
	static char bytes[100];
	owned_text content = {0};

	world->ops->file_read(world, path, sizeof(bytes) - 1, &content, NULL);
	snprintf(bytes, sizeof(bytes), "%s", text_view(&content));
	return bytes;
}

static void write_file(struct world *world, const char *path, const char *content)
{
	cr_assert_eq(world->ops->file_write(world, path, 0600, content, strlen(content), NULL), 0);
}

Test(paths, shows_what_lies_there_and_not_what_it_names)
{
	owned_world world = fixture_world();
	owned_folder folder = fixture_folder();
	struct file_facts facts;
	struct error err = {0};

	cr_expect_eq(world->ops->file_look(world, in_folder(&folder, "none"), &facts, &err), -1);
	cr_expect_eq(err.code, ERR_MISSING);
	write_file(world, in_folder(&folder, "file"), "12345");
	cr_assert_eq(world->ops->file_look(world, in_folder(&folder, "file"), &facts, &err), 0);
	cr_expect(facts.kind == FILE_PLAIN && facts.mode == 0600 && facts.size == 5 &&
		  facts.uid == geteuid());
	cr_assert_eq(world->ops->link_make(world, "file", in_folder(&folder, "link"), &err), 0);
	cr_assert_eq(world->ops->file_look(world, in_folder(&folder, "link"), &facts, &err), 0);
	cr_expect_eq(facts.kind, FILE_LINK);
	cr_assert_eq(world->ops->file_look(world, folder.path, &facts, &err), 0);
	cr_expect_eq(facts.kind, FILE_DIRECTORY);
}

Test(paths, follows_to_what_a_path_leads_to_and_knows_it_again)
{
	owned_world world = fixture_world();
	owned_folder folder = fixture_folder();
	const char *file = in_folder(&folder, "file"), *moved = in_folder(&folder, "moved");
	struct file_facts first, second;
	struct error err = {0};

	cr_expect_eq(world->ops->file_follow(world, file, &first, &err), -1);
	cr_expect_eq(err.code, ERR_MISSING);
	write_file(world, file, "12345");
	cr_assert_eq(world->ops->link_make(world, "moved", in_folder(&folder, "link"), &err), 0);
	cr_expect_eq(world->ops->file_follow(world, in_folder(&folder, "link"), &first, &err), -1);
	cr_assert_eq(world->ops->file_follow(world, file, &first, &err), 0);
	cr_assert_eq(world->ops->file_rename(world, file, moved, &err), 0);
	cr_assert_eq(world->ops->file_follow(world, in_folder(&folder, "link"), &second, &err), 0);
	cr_expect(second.kind == FILE_PLAIN && second.size == 5);
	cr_expect(second.device == first.device && second.inode == first.inode);
	write_file(world, file, "other");
	cr_assert_eq(world->ops->file_look(world, file, &first, &err), 0);
	cr_expect(second.inode != first.inode);
}

Test(paths, a_created_file_is_new_empty_and_has_its_mode_whatever_the_umask)
{
	owned_world world = fixture_world();
	owned_folder folder = fixture_folder();
	const char *path = in_folder(&folder, "file");
	struct file_facts facts;
	struct error err = {0};

	mode_t before = umask(0777);
	int result = world->ops->file_create(world, path, 0640, &err);
	umask(before);
	cr_assert_eq(result, 0, "%s", err.text);
	cr_assert_eq(world->ops->file_look(world, path, &facts, &err), 0);
	cr_expect(facts.kind == FILE_PLAIN && facts.mode == 0640 && facts.size == 0);
	cr_expect_eq(world->ops->file_create(world, path, 0600, &err), -1);
	cr_expect_eq(err.code, ERR_CONFLICT);
	cr_expect_eq(world->ops->file_create(world, in_folder(&folder, "none/file"), 0600, &err), -1);
	cr_expect_eq(err.code, ERR_MISSING);
	cr_assert_eq(world->ops->file_mode(world, path, 0600, &err), 0);
	cr_assert_eq(world->ops->file_look(world, path, &facts, &err), 0);
	cr_expect_eq(facts.mode, 0600);
	cr_expect_eq(world->ops->file_mode(world, in_folder(&folder, "none"), 0600, &err), -1);
	cr_expect_eq(err.code, ERR_MISSING);
}

Test(paths, a_link_made_twice_is_one_and_never_replaces)
{
	owned_world world = fixture_world();
	owned_folder folder = fixture_folder();
	const char *path = in_folder(&folder, "link");
	struct error err = {0};

	cr_assert_eq(world->ops->link_make(world, "one", path, &err), 0);
	cr_expect_eq(world->ops->link_make(world, "one", path, &err), 0);
	cr_expect_eq(world->ops->link_make(world, "two", path, &err), -1);
	cr_expect_eq(err.code, ERR_CONFLICT);
	write_file(world, in_folder(&folder, "file"), "");
	cr_expect_eq(world->ops->link_make(world, "one", in_folder(&folder, "file"), &err), -1);
	cr_expect_eq(err.code, ERR_CONFLICT);
}

Test(paths, renaming_never_replaces)
{
	owned_world world = fixture_world();
	owned_folder folder = fixture_folder();
	const char *from = in_folder(&folder, "from"), *to = in_folder(&folder, "to");
	struct error err = {0};

	cr_assert_eq(mkdir(from, 0700), 0);
	cr_assert_eq(mkdir(to, 0700), 0);
	cr_expect_eq(world->ops->file_rename(world, from, to, &err), -1, "an empty directory was replaced");
	cr_expect_eq(err.code, ERR_CONFLICT);
	cr_assert_eq(rmdir(to), 0);
	cr_expect_eq(world->ops->file_rename(world, from, to, &err), 0, "%s", err.text);
	cr_expect(world->ops->file_exists(world, to));
	cr_expect_eq(world->ops->file_rename(world, from, to, &err), -1);
	cr_expect_eq(err.code, ERR_MISSING);
}

Test(paths, what_is_put_has_its_rights_and_leaves_nothing_beside)
{
	owned_world world = fixture_world();
	owned_folder folder = fixture_folder();
	const char *path = in_folder(&folder, "file");
	struct error err = {0};
	struct stat status;

	/* What a killed one left, which somebody else could read. */
	int half = open(in_folder(&folder, ".file.berth"), O_CREAT | O_WRONLY, 0666);
	cr_assert(half >= 0);
	close(half);
	cr_assert_eq(put(world, NULL, path, &err), 0, "%s", err.text);
	cr_assert_eq(stat(path, &status), 0);
	cr_expect_eq(status.st_mode & 07777, 0640);
	cr_expect_str_eq(content_of(world, path), "secret");
	cr_expect_neq(access(in_folder(&folder, ".file.berth"), F_OK), 0);
}

Test(paths, what_is_put_belongs_to_whom_it_is_for)
{
	owned_world world = fixture_world();
	owned_folder folder = fixture_folder();
	const struct file_rights theirs = {.mode = 0400, .uid = 65534, .gid = 65533};
	struct error err = {0};
	struct stat status;

	if (geteuid())
		cr_skip_test("only root can give files away");
	cr_assert_eq(world->ops->file_put(world, folder.path, "a/b/file", &theirs, "x", 1, &err), 0, "%s",
		     err.text);
	cr_assert_eq(stat(in_folder(&folder, "a/b/file"), &status), 0);
	cr_expect(status.st_uid == 65534 && status.st_gid == 65533 && (status.st_mode & 07777) == 0400);
	cr_assert_eq(stat(in_folder(&folder, "a/b"), &status), 0);
	cr_expect_eq(status.st_uid, 65534, "the directory that was made is not theirs");
}

Test(paths, links_and_directories_are_not_written_through)
{
	owned_world world = fixture_world();
	owned_folder folder = fixture_folder();
	struct error err = {0};

	write_file(world, in_folder(&folder, "target"), "mine");
	cr_assert_eq(symlink("target", in_folder(&folder, "link")), 0);
	cr_expect_eq(put(world, NULL, in_folder(&folder, "link"), &err), -1);
	cr_expect_eq(err.code, ERR_CONFLICT);
	cr_expect_str_eq(content_of(world, in_folder(&folder, "target")), "mine");
	cr_expect_eq(put(world, NULL, folder.path, &err), -1);
	cr_expect_eq(err.code, ERR_CONFLICT);
}

Test(paths, nothing_leads_out_of_the_base)
{
	owned_world world = fixture_world();
	owned_folder folder = fixture_folder(), other = fixture_folder();
	struct error err = {0};

	cr_assert_eq(symlink(other.path, in_folder(&folder, "out")), 0);
	cr_expect_eq(put(world, folder.path, "out/file", &err), -1);
	cr_expect_neq(access(in_folder(&other, "file"), F_OK), 0);
	static const char *const wrong[] = {"../file", "a/../../file", "..", "", "a/", "/etc/berth-test"};
	for (size_t i = 0; i < COUNT_OF(wrong); i++) {
		err = (struct error){0};
		cr_expect_eq(put(world, folder.path, wrong[i], &err), -1, "`%s`", wrong[i]);
		cr_expect_eq(err.code, ERR_INVALID, "`%s`: %s", wrong[i], err.text);
	}
	cr_expect_eq(put(world, NULL, "file", &err), -1, "a relative path without a base");
	cr_expect_eq(put(world, folder.path, "a//..b/file", &err), 0, "%s", err.text);
	cr_expect_str_eq(content_of(world, in_folder(&folder, "a/..b/file")), "secret");
}

Test(paths, without_its_directory_an_absolute_one_is_missing)
{
	owned_world world = fixture_world();
	owned_folder folder = fixture_folder();
	struct error err = {0};

	cr_expect_eq(put(world, NULL, in_folder(&folder, "none/file"), &err), -1);
	cr_expect_eq(err.code, ERR_MISSING);
}
