/* test_signals.c - signals by name, with and without SIG, and by number. */
#include <criterion/criterion.h>
#include <signal.h>
#include <string.h>

#include "base/signals.h"

Test(signals, names_numbers_and_real_time)
{
	char name[SIGNAL_NAME];
	size_t count;
	const char *const *names = signal_names(&count);
	cr_assert_eq(signal_number("HUP"), SIGHUP);
	cr_assert_eq(signal_number("sigterm"), SIGTERM);
	cr_assert_eq(signal_number("9"), SIGKILL);
	cr_assert_eq(signal_number("SIGRTMIN+3"), SIGRTMIN + 3);
	cr_assert_eq(signal_number("RTMAX-1"), SIGRTMAX - 1);
	for (size_t i = 0; i < count; i++) {
		signal_name(signal_number(names[i]), name);
		cr_assert_str_eq(name, names[i]);
	}
	signal_name(SIGRTMIN, name);
	cr_assert_str_eq(name, "RTMIN");
	signal_name(SIGRTMIN + 3, name);
	cr_assert_str_eq(name, "RTMIN+3");
	signal_name(0, name);
	cr_assert_str_eq(name, "");
}

Test(signals, what_is_none)
{
	static const char *const none[] = {"",    "SIG",    "0",        "-1",     "32",
					   "999", "RTMIN+", "RTMIN+99", "RTMINX", "HUPP"};
	for (size_t i = 0; i < sizeof(none) / sizeof(*none); i++)
		cr_assert_eq(signal_number(none[i]), 0, "`%s`", none[i]);
}
