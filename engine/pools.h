/* pools.h - load balancers follow those who take requests. */
#ifndef BERTH_ENGINE_POOLS_H
#define BERTH_ENGINE_POOLS_H

#include "base/digest.h"
#include "engine/engine.h"

/* Digests of what the proxy of a load balancer was told ("": not known), and is told with its spec. */
struct pool_words {
	char told[DIGEST_HEX], next[DIGEST_HEX];
	struct pool_line *line; /* pool_line.h; NULL: there was none yet */
};

#define POOL_USER "0" /* who may write a proxy's file, whoever the proxy runs as */

/* Whether it is a load balancer whose proxy was told of others than those who take requests now. */
bool pool_differs(struct work *work);
/* What it is to be told now is made ready, as parts of an update; false: it cannot be, which is said. */
bool pool_follow(struct work *work);
/* Whether its one file can come with the command that tells of it: in a container. */
bool pool_takes_input(const struct work *work);
/* The command that tells it gets what it is told as its input. 0 or -1 (no memory). */
int pool_hand(struct work *work, struct exec_session *command);
/* That is what its proxy is told next. 0 or -1 (no memory). And it was. */
int pool_note(struct work *work, const struct text *text);
/* The same of one whose files list members, when its spec is built. */
int pool_note_list(struct work *work);
void pool_told(struct work *work);
/* Those of a place look again who takes their requests. */
void pools_wake(const struct site *site);
/* Whether a load balancer is to send it requests. */
bool pool_awaits(const struct work *member);
/* Whether one that is to stop waits: until all load balancers know, and then for what is under way. */
bool pool_holds_back(struct work *member);

#endif
