/* main.c - the berth program. */
#include "cli/cli.h"

int main(int argc, char **argv)
{
	return berth_cli(argc, argv);
}
