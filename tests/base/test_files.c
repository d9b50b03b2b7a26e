/* test_files.c - files: read, written whole or not at all, locked. */
#include "fixture.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/cleanup.h"

static void put(struct world *world, const char *path, const char *content)
{
	struct error err = {0};

	cr_assert_eq(world->ops->file_write(world, path, 0644, content, strlen(content), &err), 0, "%s",
		     err.text);
}

static bool count_name(void *owner, const char *name)
{
	(void)name;
	++*(int *)owner;
	return true;
}

static int names_in(struct world *world, const char *path)
{
	int count = 0;

	world->ops->directory_list(world, path, count_name, &count, NULL);
	return count;
}

Test(files, what_is_written_is_read)
{
	owned_world world = fixture_world();
	owned_folder folder = fixture_folder();
	owned_text content = {0};
	struct stat status;
	const char *path = in_folder(&folder, "file");

	cr_expect_not(world->ops->file_exists(world, path));
	put(world, path, "first");
	cr_assert_eq(world->ops->file_write(world, path, 0600, "sec\0nd", 6, NULL), 0);
	cr_expect(world->ops->file_exists(world, path));
	cr_assert_eq(world->ops->file_read(world, path, 6, &content, NULL), 0);
	cr_expect_eq(content.length, 6);
	cr_expect_eq(memcmp(content.data, "sec\0nd", 6), 0);
	cr_assert_eq(stat(path, &status), 0);
	cr_expect_eq(status.st_mode & 07777, 0600);
	cr_expect_eq(names_in(world, folder.path), 1, "something was left beside the file");
}

Test(files, a_longer_one_than_allowed_is_refused)
{
	owned_world world = fixture_world();
	owned_folder folder = fixture_folder();
	owned_text content = {0};
	struct error err = {0};

	put(world, in_folder(&folder, "file"), "12345");
	cr_expect_eq(world->ops->file_read(world, in_folder(&folder, "file"), 4, &content, &err), -1);
	cr_expect_eq(err.code, ERR_INVALID);
	cr_expect_eq(content.length, 0, "the result was touched on failure");
}

Test(files, reading_appends_nothing_to_a_failed_call_and_all_to_a_good_one)
{
	owned_world world = fixture_world();
	owned_folder folder = fixture_folder();
	owned_text content = {0};
	struct error err = {0};

	text_add(&content, "before ");
	cr_expect_eq(world->ops->file_read(world, in_folder(&folder, "none"), 9, &content, &err), -1);
	cr_expect_eq(err.code, ERR_MISSING);
	cr_expect(strstr(err.text, "none: No such file"), "%s", err.text);
	put(world, in_folder(&folder, "file"), "after");
	cr_expect_eq(world->ops->file_read(world, in_folder(&folder, "file"), 9, &content, &err), 0);
	cr_expect_str_eq(text_view(&content), "before after");
}

Test(files, the_end_and_the_middle_of_a_long_one)
{
	owned_world world = fixture_world();
	owned_folder folder = fixture_folder();
	owned_text long_text = {0}, tail = {0}, part = {0}, none = {0}, whole = {0};
	const char *path = in_folder(&folder, "log");

	for (int i = 0; i < 30000; i++)
		text_format(&long_text, "line %05d\n", i);
	put(world, path, long_text.data);
	cr_assert_eq(world->ops->file_tail(world, path, 22, &tail, NULL), 0);
	cr_expect_str_eq(text_view(&tail), "line 29998\nline 29999\n");
	cr_assert_eq(world->ops->file_read_at(world, path, 11, 10, &part, NULL), 0);
	cr_expect_str_eq(text_view(&part), "line 00001");
	cr_assert_eq(world->ops->file_read_at(world, path, 1 << 30, 10, &none, NULL), 0);
	cr_expect_eq(none.length, 0);
	cr_assert_eq(world->ops->file_tail(world, path, SIZE_MAX, &whole, NULL), 0);
	cr_expect_eq(whole.length, long_text.length);
	cr_expect_eq(world->ops->file_tail(world, in_folder(&folder, "none"), 1, &none, NULL), -1);
	cr_expect_eq(world->ops->file_read_at(world, in_folder(&folder, "none"), 0, 1, &none, NULL), -1);
	cr_expect_eq(world->ops->file_read_at(world, path, UINT64_MAX, 1, &none, NULL), -1);
}

Test(files, a_fifo_does_not_hold_us_up)
{
	owned_world world = fixture_world();
	owned_folder folder = fixture_folder();
	owned_text content = {0};

	cr_assert_eq(mkfifo(in_folder(&folder, "fifo"), 0600), 0);
	cr_expect_eq(world->ops->file_read(world, in_folder(&folder, "fifo"), 10, &content, NULL), 0);
	cr_expect_eq(content.length, 0);
}

Test(files, a_failed_write_leaves_the_old_one_and_nothing_beside)
{
	owned_world world = fixture_world();
	owned_folder folder = fixture_folder();
	owned_text content = {0};
	struct error err = {0};
	const struct rlimit small = {.rlim_cur = 2000, .rlim_max = RLIM_INFINITY};
	owned_memory char *big = calloc(1, 100000);

	put(world, in_folder(&folder, "file"), "old");
	signal(SIGXFSZ, SIG_IGN);
	setrlimit(RLIMIT_FSIZE, &small);
	cr_expect_eq(world->ops->file_write(world, in_folder(&folder, "file"), 0644, big, 100000, &err), -1);
	cr_expect_eq(err.code, ERR_FAILED);
	setrlimit(RLIMIT_FSIZE, &(struct rlimit){RLIM_INFINITY, RLIM_INFINITY});
	cr_expect_eq(world->ops->file_read(world, in_folder(&folder, "file"), 10, &content, NULL), 0);
	cr_expect_str_eq(text_view(&content), "old");
	cr_expect_eq(names_in(world, folder.path), 1);
	cr_expect_eq(world->ops->file_write(world, in_folder(&folder, "no/file"), 0644, "", 0, &err), -1);
	cr_expect_eq(err.code, ERR_MISSING);
}

Test(files, what_a_killed_writer_left_is_overwritten_and_goes_with_the_file)
{
	owned_world world = fixture_world();
	owned_folder folder = fixture_folder();
	const char *path = in_folder(&folder, "file");
	const struct rlimit small = {.rlim_cur = 2000, .rlim_max = RLIM_INFINITY};
	owned_text content = {0};
	char big[100000] = {0};

	for (int round = 0; round < 2; round++) {
		pid_t child = fork();
		cr_assert_geq(child, 0);
		if (child == 0) {
			/* Killed in the middle of its writing. */
			signal(SIGXFSZ, SIG_DFL);
			setrlimit(RLIMIT_FSIZE, &small);
			world->ops->file_write(world, path, 0600, big, sizeof(big), NULL);
			_exit(0);
		}
		int status;
		cr_assert_eq(waitpid(child, &status, 0), child);
		cr_assert(WIFSIGNALED(status));
		cr_assert_eq(names_in(world, folder.path), round + 1, "nothing of it is left");
		if (round == 1)
			break;
		put(world, path, "whole");
		cr_expect_eq(names_in(world, folder.path), 1);
		cr_expect_eq(world->ops->file_read(world, path, 100, &content, NULL), 0);
		cr_expect_str_eq(text_view(&content), "whole");
	}
	cr_expect_eq(world->ops->file_remove(world, path, NULL), 0);
	cr_expect_eq(names_in(world, folder.path), 0);
}

Test(files, a_stranger_s_file_or_link_beside_is_not_written_to)
{
	owned_world world = fixture_world();
	owned_folder folder = fixture_folder();
	owned_memory char *other = strdup(in_folder(&folder, "other"));
	owned_memory char *beside = strdup(in_folder(&folder, "file.new"));
	const char *path = in_folder(&folder, "file");
	owned_text content = {0};

	put(world, other, "theirs");
	cr_assert_eq(symlink(other, beside), 0);
	cr_expect_eq(world->ops->file_write(world, path, 0600, "ours", 4, NULL), -1);
	cr_assert_eq(unlink(beside), 0);
	cr_assert_eq(link(other, beside), 0);
	cr_expect_eq(world->ops->file_write(world, path, 0600, "ours", 4, NULL), -1);
	cr_expect_eq(world->ops->file_read(world, other, 100, &content, NULL), 0);
	cr_expect_str_eq(text_view(&content), "theirs");
}

Test(files, a_directory_in_the_way_is_an_error)
{
	owned_world world = fixture_world();
	owned_folder folder = fixture_folder();
	owned_text content = {0};

	cr_assert_eq(world->ops->directories_make(world, in_folder(&folder, "d"), 0755, NULL), 0);
	cr_expect_eq(world->ops->file_write(world, in_folder(&folder, "d"), 0644, "x", 1, NULL), -1);
	cr_expect_eq(world->ops->file_read(world, in_folder(&folder, "d"), 10, &content, NULL), -1);
	cr_expect_eq(world->ops->file_remove(world, in_folder(&folder, "d"), NULL), -1);
	cr_expect_eq(names_in(world, folder.path), 1);
}

Test(files, removing_what_is_not_there_is_fine)
{
	owned_world world = fixture_world();
	owned_folder folder = fixture_folder();

	put(world, in_folder(&folder, "file"), "x");
	cr_expect_eq(world->ops->file_remove(world, in_folder(&folder, "file"), NULL), 0);
	cr_expect_eq(world->ops->file_remove(world, in_folder(&folder, "file"), NULL), 0);
	cr_expect_eq(world->ops->file_remove(world, in_folder(&folder, "no/file"), NULL), 0);
	cr_expect_not(world->ops->file_exists(world, in_folder(&folder, "file")));
}

Test(locks, hold_off_others_until_let_go)
{
	owned_world world = fixture_world();
	owned_folder folder = fixture_folder();
	struct error err = {0};
	const char *path = in_folder(&folder, "lock");

	struct file_lock *lock = world->ops->lock(world, path, &err);
	cr_assert(lock);
	cr_expect_null(world->ops->lock(world, path, &err));
	cr_expect_eq(err.code, ERR_LOCKED);
	world->ops->unlock(world, lock);
	lock = world->ops->lock(world, path, &err);
	cr_expect(lock);
	world->ops->unlock(world, lock);
	world->ops->unlock(world, NULL);
}

Test(locks, of_a_dead_process_are_free)
{
	owned_world world = fixture_world();
	owned_folder folder = fixture_folder();
	const char *path = in_folder(&folder, "lock");
	int ends[2];
	char byte;

	cr_assert_eq(pipe(ends), 0);
	pid_t pid = fork();
	if (!pid) {
		bool locked = world->ops->lock(world, path, NULL);
		(void)!write(ends[1], locked ? "y" : "n", 1);
		pause();
		_exit(0);
	}
	cr_assert_eq(read(ends[0], &byte, 1), 1);
	cr_expect_eq(byte, 'y');
	cr_expect_null(world->ops->lock(world, path, NULL));
	kill(pid, SIGKILL);
	waitpid(pid, NULL, 0);
	struct file_lock *lock = world->ops->lock(world, path, NULL);
	cr_expect(lock);
	world->ops->unlock(world, lock);
	close(ends[0]);
	close(ends[1]);
}

Test(locks, do_not_pass_to_programs_we_start)
{
	owned_world world = fixture_world();
	owned_folder folder = fixture_folder();
	struct file_lock *lock = world->ops->lock(world, in_folder(&folder, "lock"), NULL);

	int fd = open(in_folder(&folder, "lock"), O_RDWR | O_CLOEXEC);
	cr_expect_eq(flock(fd, LOCK_EX | LOCK_NB), -1);
	for (int i = 3; i < 64; i++) {
		int flags = fcntl(i, F_GETFD);
		char link[40], target[600] = "";
		snprintf(link, sizeof(link), "/proc/self/fd/%d", i);
		if (flags >= 0 && readlink(link, target, sizeof(target) - 1) > 0 && strstr(target, "/lock"))
			cr_expect(flags & FD_CLOEXEC);
	}
	close(fd);
	world->ops->unlock(world, lock);
}

Test(locks, without_a_directory_or_rights_say_so)
{
	owned_world world = fixture_world();
	owned_folder folder = fixture_folder();
	struct error err = {0};

	cr_expect_null(world->ops->lock(world, in_folder(&folder, "no/lock"), &err));
	cr_expect_eq(err.code, ERR_MISSING);
	cr_expect_null(world->ops->lock(world, folder.path, &err));
	cr_expect_eq(err.code, ERR_FAILED);
}

Test(locks, of_a_directory_are_waited_for)
{
	owned_world world = fixture_world();
	owned_folder folder = fixture_folder();
	struct error err = {0};
	int ends[2];
	char byte;

	cr_assert_eq(pipe(ends), 0);
	struct file_lock *lock = world->ops->directory_lock(world, folder.path, &err);
	cr_assert(lock, "%s", err.text);
	pid_t pid = fork();
	if (!pid) {
		for (int i = 3; i < 256; i++) /* the lock is the description's, which a fork shares */
			if (i != ends[1])
				close(i);
		int own = open(folder.path, O_RDONLY | O_DIRECTORY);
		byte = flock(own, LOCK_EX | LOCK_NB) ? 'n' : 'y';
		(void)!write(ends[1], &byte, 1);
		byte = flock(own, LOCK_EX) ? 'n' : 'y';
		(void)!write(ends[1], &byte, 1);
		_exit(0);
	}
	cr_assert_eq(read(ends[0], &byte, 1), 1);
	cr_expect_eq(byte, 'n');
	world->ops->unlock(world, lock);
	cr_assert_eq(read(ends[0], &byte, 1), 1);
	cr_expect_eq(byte, 'y');
	waitpid(pid, NULL, 0);
	lock = world->ops->directory_lock(world, folder.path, &err);
	cr_expect(lock, "its holder is dead");
	world->ops->unlock(world, lock);
	cr_expect_null(world->ops->directory_lock(world, in_folder(&folder, "none"), &err));
	cr_expect_eq(err.code, ERR_MISSING);
	close(ends[0]);
	close(ends[1]);
}
