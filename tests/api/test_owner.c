/* test_owner.c - a state directory has one controller, and whoever asks learns which. */
#include <criterion/criterion.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "api/owner.h"

static char folder[64];
static char state[128];

static void make(void)
{
	strcpy(folder, "/tmp/berth-owner.XXXXXX");
	cr_assert_not_null(mkdtemp(folder));
	snprintf(state, sizeof state, "%s/a/b", folder);
}

static void clean(void)
{
	char path[200];
	snprintf(path, sizeof path, "%s/controller.lock", state);
	unlink(path);
	rmdir(state);
	snprintf(path, sizeof path, "%s/a", folder);
	rmdir(path);
	rmdir(folder);
}

TestSuite(owner, .init = make, .fini = clean);

Test(owner, the_first_one_has_it_and_the_second_learns_who)
{
	struct error err = {0};
	int first = owner_take(state, &err);
	cr_assert_geq(first, 0, "%s", err.text);
	cr_assert_eq(owner_describe(first, "/run/c.sock", "user 7", &err), 0);
	cr_assert_eq(owner_take(state, &err), -1);
	cr_assert_eq(err.code, ERR_LOCKED);
	cr_assert_not_null(strstr(err.text, "of user 7, since 2"), "%s", err.text);
	close(first);
}

Test(owner, its_socket_is_found_while_it_lives)
{
	struct error err = {0};
	char socket[100] = "";
	cr_assert(!owner_socket(state, socket, sizeof socket), "nobody was ever there");
	int first = owner_take(state, &err);
	cr_assert_eq(owner_describe(first, "/run/c.sock", "user 7", &err), 0);
	cr_assert(owner_socket(state, socket, sizeof socket));
	cr_assert_str_eq(socket, "/run/c.sock");
	close(first);
	cr_assert(!owner_socket(state, socket, sizeof socket), "who is gone has nothing");
}

Test(owner, one_without_a_socket_of_its_own_has_none)
{
	struct error err = {0};
	char socket[100];
	int first = owner_take(state, &err);
	cr_assert_eq(owner_describe(first, NULL, "user 7", &err), 0);
	cr_assert(!owner_socket(state, socket, sizeof socket));
	close(first);
}
