/* address.c - whether a host is written as a number, and networks of such. */
#include "base/address.h"

#include <arpa/inet.h>
#include <stdio.h>
#include <string.h>

#include "base/text.h"

bool address_is_numeric(const char *text)
{
	unsigned char bytes[16];

	return inet_pton(AF_INET, text, bytes) == 1 || inet_pton(AF_INET6, text, bytes) == 1;
}

bool address_network(const char *text, char ret[static NETWORK_SIZE])
{
	unsigned char bytes[16];
	char address[INET6_ADDRSTRLEN];
	size_t length = strcspn(text, "/");
	int family = strchr(text, ':') ? AF_INET6 : AF_INET;
	int64_t most = family == AF_INET ? 32 : 128, bits = most;

	if (length >= sizeof(address) || (text[length] && !parse_number(text + length + 1, 0, most, &bits)))
		return false;
	memcpy(address, text, length);
	address[length] = '\0';
	if (inet_pton(family, address, bytes) != 1)
		return false;
	for (int64_t bit = bits; bit < most; bit++)
		bytes[bit / 8] &= (unsigned char)~(0x80u >> bit % 8);
	if (!inet_ntop(family, bytes, address, sizeof(address)))
		return false;
	snprintf(ret, NETWORK_SIZE, "%s/%d", address, (int)bits);
	return true;
}
