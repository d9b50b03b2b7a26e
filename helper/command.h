/* command.h - starts the command as its user, in its directory and a session of its own. */
#ifndef BERTH_HELPER_COMMAND_H
#define BERTH_HELPER_COMMAND_H

#include <sys/types.h>

#include "helper/launch.h"

/* Why a command could not be started: 126 when it is there and cannot be run, 127 when it is not there. */
struct start_failure {
	int code;
	char text[480];
};

/* The user's numbers and home, found before anything is started. */
struct account {
	uid_t uid;
	gid_t gid, groups[256];
	int group_count;
	char name[256], home[1024];
	int given; /* a user was asked for */
};

int account_find(const char *user, struct account *ret_account, struct start_failure *failure);
/* The process' number once it runs the command; -1 with the reason. */
pid_t command_start(const struct launch *launch, const struct account *account, int output, int errors,
		    struct start_failure *failure);

#endif
