/* sudo.c - the guest's own: whoever asks is root, and is asked nothing. */
#include <string.h>
#include <unistd.h>

int main(int argc, char **argv)
{
	(void)argc;
	for (argv++; *argv && **argv == '-'; argv++) {
		if (!strcmp(*argv, "--")) {
			argv++;
			break;
		}
	}
	if (!*argv)
		return 0;
	if (setgid(0) < 0 || setuid(0) < 0)
		return 126;
	execvp(*argv, argv);
	return 127;
}
