/* virtual_ssh.h - machines of a virtual world that are reached by SSH: the test is at the other end. */
#ifndef BERTH_TESTS_SUPPORT_VIRTUAL_SSH_H
#define BERTH_TESTS_SUPPORT_VIRTUAL_SSH_H

#include "tests/support/virtual_world.h"

/* What is asked of which machine: one of the three is not NULL. Valid during the hook's call only. */
struct virtual_ssh_request {
	const struct ssh_host *host;
	const struct ssh_command *command;
	const struct ssh_file *file; /* to be written there, or with `get` to be read */
	const struct ssh_target *target;
	bool get;
};

/* What the other end says and does; each comes after the delay, those due together in the order asked for.
 * Nothing comes of it when the call is gone by then. What nothing ends is ended by its own time limit. */
void virtual_ssh_open(struct ssh_call *call, int64_t delay_ms);
void virtual_ssh_say(struct ssh_call *call, int64_t delay_ms, bool errors, const void *bytes, size_t count);
/* A command exits; a copy is made, or a connection ends, with 0. */
void virtual_ssh_exit(struct ssh_call *call, int64_t delay_ms, int exit_code);
/* It fails; `sent`: it may have begun there. */
void virtual_ssh_fail(struct ssh_call *call, int64_t delay_ms, const struct error *why, bool sent);
/* What it has heard so far beyond what the request brought, and whether it was told that no more comes. */
const struct text *virtual_ssh_heard(const struct ssh_call *call);
bool virtual_ssh_ended(const struct ssh_call *call);

extern const struct ssh_ops virtual_ssh_ops;

#endif
