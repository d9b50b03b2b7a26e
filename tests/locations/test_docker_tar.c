/* test_docker_tar.c - archives as the engine takes and gives them, and whose a file in them is. */
#include <criterion/criterion.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "locations/docker/ids.h"
#include "locations/docker/tar.h"

/* What the tar program says of it. */
static char *told_by_tar(const struct text *tar, const char *options)
{
	char path[] = "/tmp/berth-tar-XXXXXX", line[128], bytes[256];
	struct text said = {0};
	size_t count;
	int fd = mkstemp(path);

	cr_assert(fd >= 0 && write(fd, tar->data, tar->length) == (ssize_t)tar->length);
	close(fd);
	snprintf(line, sizeof(line), "tar --numeric-owner %s %s 2>&1", options, path);
	FILE *pipe = popen(line, "r");
	cr_assert_not_null(pipe);
	while ((count = fread(bytes, 1, sizeof(bytes), pipe)) > 0)
		text_add_bytes(&said, bytes, count);
	cr_assert(pclose(pipe) == 0, "%s", text_view(&said));
	unlink(path);
	return text_take(&said);
}

Test(docker_tar, others_read_what_is_written)
{
	char name[300], content[1025];
	struct text tar = {0};

	memset(name, 'n', sizeof(name) - 1);
	name[sizeof(name) - 1] = '\0';
	name[150] = '/';
	memset(content, 0, sizeof(content));
	tar_add(&tar, &(struct tar_file){.name = "etc/a",
					 .mode = 0640,
					 .uid = 1000,
					 .gid = 3000000000u,
					 .changed_s = 1700000000,
					 .content = "one",
					 .size = 3});
	tar_add(&tar,
		&(struct tar_file){.name = name, .mode = 07755, .content = content, .size = sizeof(content)});
	tar_add(&tar, &(struct tar_file){.name = "empty", .mode = 0444, .content = ""});
	tar_end(&tar);
	cr_assert(!tar.failed && tar.length % 512 == 0);
	owned_memory char *list = told_by_tar(&tar, "--utc -tvf"), *one = told_by_tar(&tar, "-Oxf");
	cr_assert(starts_with(list, "-rw-r----- 1000/3000000000 "), "%s", list);
	cr_assert(strstr(list, " 3 2023-11-14 22:13 etc/a\n"), "%s", list);
	cr_assert(strstr(list, "-rwsr-sr-t 0/0"), "%s", list);
	cr_assert(strstr(list, name) && strstr(list, "1025"), "%s", list);
	cr_assert(strstr(list, " empty\n"), "%s", list);
	cr_assert(starts_with(one, "one"), "%s", one);
	text_release(&tar);
}

Test(docker_tar, first_file_is_read_back)
{
	struct text tar = {0};
	const char *content;
	size_t size;
	char name[200];

	memset(name, 'x', sizeof(name) - 1);
	name[sizeof(name) - 1] = '\0';
	tar_add(&tar, &(struct tar_file){.name = name, .content = "root:x:0:0", .size = 10});
	tar_end(&tar);
	cr_assert(tar_first(tar.data, tar.length, &content, &size));
	cr_assert(size == 10 && !memcmp(content, "root:x:0:0", 10));
	/* Cut anywhere it is no file, and nothing is read beyond its end. */
	for (size_t i = 0; i < tar.length - 512 * 3; i++) {
		owned_memory char *part = malloc(i ? i : 1);
		memcpy(part, tar.data, i);
		cr_assert_not(tar_first(part, i, &content, &size), "%zu bytes", i);
	}
	text_release(&tar);
}

Test(docker_tar, what_is_no_file_is_not_read_as_one)
{
	struct text tar = {0};
	const char *content;
	size_t size;

	tar_add(&tar, &(struct tar_file){.name = "x", .content = "y", .size = 1});
	for (const char *type = "12345678"; *type; type++) {
		tar.data[156] = *type;
		cr_assert_not(tar_first(tar.data, tar.length, &content, &size), "%c", *type);
	}
	tar.data[156] = '0';
	memcpy(tar.data + 124, "77777777777", 11);
	cr_assert_not(tar_first(tar.data, tar.length, &content, &size));
	memset(tar.data + 124, '\xff', 12);
	cr_assert_not(tar_first(tar.data, tar.length, &content, &size));
	text_release(&tar);
	cr_assert_not(tar_first("", 0, &content, &size));
}

Test(docker_tar, users_are_found_in_their_tables)
{
	static const char users[] = "root:x:0:0:root:/:/bin/sh\nwww:x:33:34::/:\nbad line\nodd:x:a:b::\n"
				    "last:x:7:8";
	static const char groups[] = "root:x:0:\nstaff:x:50:a,b\n";
	static const struct {
		const char *user;
		unsigned uid, gid;
		const char *unknown;
	} rows[] = {
	    {"", 0, 0, NULL},
	    {"root", 0, 0, NULL},
	    {"www", 33, 34, NULL},
	    {"last", 7, 8, NULL},
	    {"33", 33, 34, NULL},
	    {"1000", 1000, 0, NULL},
	    {"1000:50", 1000, 50, NULL},
	    {"www:staff", 33, 50, NULL},
	    {"1:staff", 1, 50, NULL},
	    {"www:0", 33, 0, NULL},
	    {"nobody", 0, 0, "nobody"},
	    {"odd", 0, 0, "odd"},
	    {"ww", 0, 0, "ww"},
	    {"www:nobody", 0, 0, "nobody"},
	    {"www:", 0, 0, ""},
	    {":5", 0, 0, ":5"},
	};
	const struct table user_table = {users, strlen(users)}, group_table = {groups, strlen(groups)};

	for (size_t i = 0; i < COUNT_OF(rows); i++) {
		struct ids ids = {9, 9};
		const char *unknown = ids_find(rows[i].user, user_table, group_table, &ids);
		cr_assert(!unknown == !rows[i].unknown, "`%s`: %s", rows[i].user,
			  unknown ? unknown : "found");
		if (unknown)
			cr_assert_str_eq(unknown, rows[i].unknown);
		else
			cr_assert(ids.user == rows[i].uid && ids.group == rows[i].gid, "`%s` is %u:%u",
				  rows[i].user, ids.user, ids.group);
	}
	cr_assert(ids_are_numbers("") && ids_are_numbers("1:2") && !ids_are_numbers("1"));
	cr_assert(!ids_are_numbers("www") && !ids_are_numbers("1:www") && !ids_are_numbers("99999999999:1"));
	cr_assert(ids_name_a_group("1:www") && !ids_name_a_group("www") && !ids_name_a_group("a:1"));
}
