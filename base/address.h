/* address.h - whether a host is written as a number, and networks of such. */
#ifndef BERTH_BASE_ADDRESS_H
#define BERTH_BASE_ADDRESS_H

#include <stdbool.h>

/* An address of IPv4 or IPv6, without brackets. */
bool address_is_numeric(const char *text);

enum { NETWORK_SIZE = 64 };
/* "10.0.0.5/8" as "10.0.0.0/8", "10.0.0.5" as "10.0.0.5/32"; so with IPv6. False: it is none. */
bool address_network(const char *text, char ret[static NETWORK_SIZE]);

#endif
