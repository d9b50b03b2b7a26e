/* address.h - whether a host is written as a number. */
#ifndef BERTH_BASE_ADDRESS_H
#define BERTH_BASE_ADDRESS_H

#include <stdbool.h>

/* An address of IPv4 or IPv6, without brackets. */
bool address_is_numeric(const char *text);

#endif
