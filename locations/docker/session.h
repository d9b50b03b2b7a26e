/* session.h - a command under way in a container, as its two files share it. */
#ifndef BERTH_LOCATIONS_DOCKER_SESSION_H
#define BERTH_LOCATIONS_DOCKER_SESSION_H

#include "locations/docker/docker.h"

/* In the task's arena; its texts, its channel and its calls are released with the task. */
struct session {
	struct task *task;
	struct channel *channel; /* NULL once it is over */
	bool opened, over;
	struct error error; /* how the channel ended, and its refusal */
	int status;
	struct text refusal;
	struct text arrived; /* from the loop, to be taken by a step */
	struct frames frames;
	struct text held; /* the output's beginning, while it may be the engine's own complaint */
	bool held_errors; /* of the error stream */
	bool believed;    /* it is the command's */
	bool input_ended; /* and the other side was told */
	struct exchange *resizing;
	struct timer *again; /* the size once more: the command was not there yet */
	unsigned resizes;
	bool size_due;
	int64_t poll_ms,
	    patience_ms; /* the last pause; until the command must have ended after its streams */
};

/* --- session_stream.c --- */
/* Begin the exchange of the command's streams; `flow` is stepped whenever there is something to do. */
enum progress session_open(struct session *session, step *flow, struct error *err);
/* Take what arrived, give what is to be given. 0, or -1 with *err. */
int session_move(struct session *session, struct error *err);
/* Whether the output ended in the midst of a frame, or never was any. */
bool session_cut(const struct session *session);
/* What was held is the command's. */
void session_believe(struct session *session);

#endif
