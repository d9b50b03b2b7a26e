/* test_directories.c - directories: made with parents, listed in order, removed whole. */
#include "fixture.h"

#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

static void put(struct world *world, const char *path)
{
	cr_assert_eq(world->ops->file_write(world, path, 0644, "x", 1, NULL), 0);
}

static bool note(void *owner, const char *name)
{
	char *line = owner;

	snprintf(line + strlen(line), 200 - strlen(line), "%s ", name);
	return strcmp(name, "stop") != 0;
}

Test(directories, are_made_with_their_parents_and_again)
{
	owned_world world = fixture_world();
	owned_folder folder = fixture_folder();
	struct stat status;

	for (int i = 0; i < 2; i++)
		cr_expect_eq(world->ops->directories_make(world, in_folder(&folder, "a/b//c/"), 0700, NULL),
			     0);
	cr_assert_eq(stat(in_folder(&folder, "a/b/c"), &status), 0);
	cr_expect(S_ISDIR(status.st_mode));
	cr_expect_eq(status.st_mode & 07777, 0700);
}

Test(directories, cannot_be_made_through_a_file)
{
	owned_world world = fixture_world();
	owned_folder folder = fixture_folder();
	struct error err = {0};

	put(world, in_folder(&folder, "file"));
	cr_expect_eq(world->ops->directories_make(world, in_folder(&folder, "file/x"), 0700, &err), -1);
	cr_expect_eq(world->ops->directories_make(world, in_folder(&folder, "file"), 0700, &err), -1);
	cr_expect_eq(err.code, ERR_CONFLICT);
	cr_expect_eq(world->ops->directories_make(world, "", 0700, &err), -1);
	cr_expect_eq(err.code, ERR_INVALID);
}

Test(directories, list_names_in_order_until_told_to_stop)
{
	owned_world world = fixture_world();
	owned_folder folder = fixture_folder();
	char line[200] = "";

	put(world, in_folder(&folder, "zebra"));
	put(world, in_folder(&folder, "stop"));
	put(world, in_folder(&folder, ".hidden"));
	put(world, in_folder(&folder, "ant"));
	cr_expect_eq(world->ops->directory_list(world, folder.path, note, line, NULL), 0);
	cr_expect_str_eq(line, ".hidden ant stop ");
}

Test(directories, absent_ones_have_no_names_but_files_are_no_directories)
{
	owned_world world = fixture_world();
	owned_folder folder = fixture_folder();
	struct error err = {0};
	char line[200] = "";

	cr_expect_eq(world->ops->directory_list(world, in_folder(&folder, "none"), note, line, &err), 0);
	cr_expect_str_eq(line, "");
	put(world, in_folder(&folder, "file"));
	cr_expect_eq(world->ops->directory_list(world, in_folder(&folder, "file"), note, line, &err), -1);
}

Test(directories, are_removed_whole_without_following_links)
{
	owned_world world = fixture_world();
	owned_folder folder = fixture_folder();

	world->ops->directories_make(world, in_folder(&folder, "tree/a/b/c"), 0755, NULL);
	world->ops->directories_make(world, in_folder(&folder, "kept"), 0755, NULL);
	put(world, in_folder(&folder, "kept/precious"));
	put(world, in_folder(&folder, "tree/a/b/file"));
	cr_assert_eq(symlink("../kept", in_folder(&folder, "tree/link")), 0);
	cr_assert_eq(symlink("nowhere", in_folder(&folder, "tree/a/dangling")), 0);
	cr_expect_eq(world->ops->tree_remove(world, in_folder(&folder, "tree"), NULL), 0);
	cr_expect_not(world->ops->file_exists(world, in_folder(&folder, "tree")));
	cr_expect(world->ops->file_exists(world, in_folder(&folder, "kept/precious")));
}

Test(directories, removing_takes_a_link_a_file_or_nothing_as_well)
{
	owned_world world = fixture_world();
	owned_folder folder = fixture_folder();

	world->ops->directories_make(world, in_folder(&folder, "kept"), 0755, NULL);
	cr_assert_eq(symlink("kept", in_folder(&folder, "link")), 0);
	put(world, in_folder(&folder, "file"));
	cr_expect_eq(world->ops->tree_remove(world, in_folder(&folder, "link"), NULL), 0);
	cr_expect(world->ops->file_exists(world, in_folder(&folder, "kept")));
	cr_expect_eq(world->ops->tree_remove(world, in_folder(&folder, "file"), NULL), 0);
	cr_expect_eq(world->ops->tree_remove(world, in_folder(&folder, "file"), NULL), 0);
	cr_expect_eq(world->ops->tree_remove(world, in_folder(&folder, "no/file"), NULL), 0);
}

Test(directories, deeper_than_any_honest_tree_is_refused_not_a_crash)
{
	owned_world world = fixture_world();
	owned_folder folder = fixture_folder();
	struct error err = {0};

	cr_assert_eq(chdir(folder.path), 0);
	for (int i = 0; i < 300; i++) {
		cr_assert_eq(mkdir("d", 0755), 0);
		cr_assert_eq(chdir("d"), 0);
	}
	cr_expect_eq(world->ops->tree_remove(world, in_folder(&folder, "d"), &err), -1);
	cr_expect_eq(err.code, ERR_INVALID);
	for (int i = 0; i < 300; i++) {
		cr_assert_eq(chdir(".."), 0);
		cr_assert_eq(rmdir("d"), 0);
	}
}

Test(directories, only_an_empty_one_is_removed_as_such)
{
	owned_world world = fixture_world();
	owned_folder folder = fixture_folder();
	struct error err = {0};

	cr_assert_eq(world->ops->directories_make(world, in_folder(&folder, "a/b"), 0700, &err), 0);
	cr_expect_eq(world->ops->directory_remove(world, in_folder(&folder, "a"), &err), -1);
	cr_expect_eq(err.code, ERR_CONFLICT);
	cr_expect_eq(world->ops->directory_remove(world, in_folder(&folder, "a/b"), &err), 0);
	cr_expect_eq(world->ops->directory_remove(world, in_folder(&folder, "a/b"), &err), 0,
		     "absent is fine");
	cr_expect_eq(world->ops->directory_remove(world, in_folder(&folder, "a"), &err), 0);
	cr_expect_not(world->ops->file_exists(world, in_folder(&folder, "a")));
}
