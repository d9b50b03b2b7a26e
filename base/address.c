/* address.c - whether a host is written as a number. */
#include "base/address.h"

#include <arpa/inet.h>

bool address_is_numeric(const char *text)
{
	unsigned char bytes[16];

	return inet_pton(AF_INET, text, bytes) == 1 || inet_pton(AF_INET6, text, bytes) == 1;
}
