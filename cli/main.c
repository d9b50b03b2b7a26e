/* main.c - the berth program. */
#include <stdlib.h>

#include "cli/cli.h"

int main(int argc, char **argv)
{
	/* Debian's libcurl brings GnuTLS along for protocols that are never spoken here; it would test itself
	 * on loading. */
	setenv("GNUTLS_NO_IMPLICIT_INIT", "1", 0);
	return berth_cli(argc, argv);
}
