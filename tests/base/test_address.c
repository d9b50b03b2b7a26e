/* test_address.c - networks are told as their first address and how many bits all have in common. */
#include <criterion/criterion.h>
#include <string.h>

#include "base/address.h"
#include "base/cleanup.h"

Test(address, a_network_begins_with_its_first_address)
{
	static const char *const some[][2] = {
	    {"10.0.0.5/8", "10.0.0.0/8"},         {"10.0.0.5", "10.0.0.5/32"},
	    {"192.0.2.255/31", "192.0.2.254/31"}, {"0.0.0.0/0", "0.0.0.0/0"},
	    {"2001:DB8::1/32", "2001:db8::/32"},  {"fd00::1", "fd00::1/128"}};
	static const char *const none[] = {"",       "10.0.0/8",    "10.0.0.5/33", "10.0.0.5/",
					   "host/8", "fd00::1/129", "10.0.0.5/-1", "::ffff:10.0.0.5.6"};
	char network[NETWORK_SIZE];

	for (size_t i = 0; i < COUNT_OF(some); i++) {
		cr_assert(address_network(some[i][0], network), "%s", some[i][0]);
		cr_expect_str_eq(network, some[i][1]);
	}
	for (size_t i = 0; i < COUNT_OF(none); i++)
		cr_expect_not(address_network(none[i], network), "%s is told as %s", none[i], network);
}
