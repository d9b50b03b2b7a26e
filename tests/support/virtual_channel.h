/* virtual_channel.h - channels of a virtual world: the test is at the other end. */
#ifndef BERTH_TESTS_SUPPORT_VIRTUAL_CHANNEL_H
#define BERTH_TESTS_SUPPORT_VIRTUAL_CHANNEL_H

#include "tests/support/virtual_world.h"

/* What the other end says and does; each comes after the delay, those due together in the order asked for.
 * Nothing comes of it when the channel is gone by then. */
void virtual_channel_accept(struct channel *channel, int64_t delay_ms);
void virtual_channel_say(struct channel *channel, int64_t delay_ms, const void *bytes, size_t count);
/* It ends, well (NULL) or not; `status` and `body` (NULL: none) are those of a refusal. */
void virtual_channel_hang_up(struct channel *channel, int64_t delay_ms, const struct error *why, int status,
			     const char *body);
/* It takes nothing more of what is written, or again all. */
void virtual_channel_stall(struct channel *channel, bool stalled);
/* What it has heard so far, and whether it was told that no more comes. */
const struct text *virtual_channel_heard(const struct channel *channel);
bool virtual_channel_ended(const struct channel *channel);

/* The world's operations. */
struct channel *virtual_channel_open(struct world *world, const struct http_request *request,
				     const struct channel_sink *sink, struct error *err);
void virtual_channel_write(struct world *world, struct channel *channel, const void *bytes, size_t count);
size_t virtual_channel_waiting(const struct channel *channel);
void virtual_channel_end(struct world *world, struct channel *channel);
void virtual_channel_cancel(struct world *world, struct channel *channel);

#define VIRTUAL_CHANNEL_OPS                                                                                  \
	.channel_open = virtual_channel_open, .channel_write = virtual_channel_write,                        \
	.channel_waiting = virtual_channel_waiting, .channel_end = virtual_channel_end,                      \
	.channel_cancel = virtual_channel_cancel

#endif
