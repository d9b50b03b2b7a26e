/* virtual_channel.c - channels in virtual time: steps that timers take, in the order they were asked for. */
#include "tests/support/virtual_channel.h"

#include <stdlib.h>
#include <string.h>

enum kind { OPEN, SAY, HANG_UP, TAKE };

struct step {
	struct step *next;
	struct channel *channel;
	struct timer *timer;
	enum kind kind;
	struct text bytes;
	struct error error;
	int status;
};

struct channel {
	struct world *world;
	struct channel_sink sink;
	struct step *steps;
	struct text queue, heard;
	bool open, stalled, taking, ending, ended;
	bool calling, cancelled;
};

static void free_step(struct step *step)
{
	struct step **at = &step->channel->steps;

	while (*at != step)
		at = &(*at)->next;
	*at = step->next;
	text_release(&step->bytes);
	free(step);
}

static void free_channel(struct channel *channel)
{
	while (channel->steps) {
		channel->world->ops->timer_cancel(channel->world, channel->steps->timer);
		free_step(channel->steps);
	}
	text_release(&channel->queue);
	text_release(&channel->heard);
	free(channel);
}

static void hear(struct channel *channel, const char *bytes, size_t count)
{
	const struct virtual_hooks *hooks = virtual_world_hooked(channel->world);

	text_add_bytes(&channel->heard, bytes, count);
	if (hooks->heard)
		hooks->heard(hooks->owner, channel, bytes, count);
}

static void take(struct channel *channel)
{
	struct text taken = channel->queue;

	channel->taking = false;
	if (!channel->open || channel->stalled)
		return;
	channel->queue = (struct text){0};
	if (taken.length)
		hear(channel, taken.data, taken.length);
	if (taken.length && channel->sink.drained)
		channel->sink.drained(channel->sink.owner);
	text_release(&taken);
	if (channel->ending && !channel->ended && !channel->queue.length) {
		channel->ended = true;
		hear(channel, "", 0);
	}
}

/* True when that was the channel's end. */
static bool take_step(struct channel *channel, const struct step *step)
{
	struct http_answer answer = {.error = step->error, .status = step->status, .sent = true};

	switch (step->kind) {
	case OPEN:
		channel->open = true;
		if (channel->sink.opened)
			channel->sink.opened(channel->sink.owner);
		break;
	case SAY:
		if (channel->sink.bytes)
			channel->sink.bytes(channel->sink.owner, text_view(&step->bytes), step->bytes.length);
		return false;
	case TAKE:
		break;
	case HANG_UP:
		text_add_bytes(&answer.body, text_view(&step->bytes), step->bytes.length);
		channel->sink.done(channel->sink.owner, &answer);
		text_release(&answer.body);
		return true;
	}
	if (!channel->cancelled)
		take(channel);
	return false;
}

static void fired(void *owner)
{
	struct step *step = owner;
	struct channel *channel = step->channel;

	step->timer = NULL;
	channel->calling = true;
	bool over = take_step(channel, step);
	channel->calling = false;
	free_step(step);
	if (over || channel->cancelled)
		free_channel(channel);
}

static struct step *add_step(struct channel *channel, int64_t delay_ms, enum kind kind, const void *bytes,
			     size_t count)
{
	struct step *step = calloc(1, sizeof(*step)), **at = &channel->steps;

	if (!step)
		abort();
	while (*at)
		at = &(*at)->next;
	*at = step;
	step->channel = channel;
	step->kind = kind;
	text_add_bytes(&step->bytes, bytes, count);
	step->timer = channel->world->ops->timer_start(channel->world, delay_ms, fired, step);
	return step;
}

/* --- the other end ------------------------------------------------------------------------- */

void virtual_channel_accept(struct channel *channel, int64_t delay_ms)
{
	add_step(channel, delay_ms, OPEN, "", 0);
}

void virtual_channel_say(struct channel *channel, int64_t delay_ms, const void *bytes, size_t count)
{
	add_step(channel, delay_ms, SAY, bytes, count);
}

void virtual_channel_hang_up(struct channel *channel, int64_t delay_ms, const struct error *why, int status,
			     const char *body)
{
	struct step *step = add_step(channel, delay_ms, HANG_UP, body ? body : "", body ? strlen(body) : 0);

	if (why)
		step->error = *why;
	step->status = status;
}

void virtual_channel_stall(struct channel *channel, bool stalled)
{
	channel->stalled = stalled;
	if (!stalled)
		add_step(channel, 0, TAKE, "", 0);
}

const struct text *virtual_channel_heard(const struct channel *channel)
{
	return &channel->heard;
}

bool virtual_channel_ended(const struct channel *channel)
{
	return channel->ended;
}

/* --- ours ---------------------------------------------------------------------------------- */

struct channel *virtual_channel_open(struct world *world, const struct http_request *request,
				     const struct channel_sink *sink, struct error *err)
{
	const struct virtual_hooks *hooks = virtual_world_hooked(world);
	struct channel *channel = calloc(1, sizeof(*channel));
	struct error nobody;

	if (!channel) {
		fail_memory(err);
		return NULL;
	}
	channel->world = world;
	channel->sink = *sink;
	fail(&nobody, ERR_UNREACHABLE, "%s: nobody answers in this world", request->url);
	if (hooks->channel)
		hooks->channel(hooks->owner, request, channel);
	else
		virtual_channel_hang_up(channel, 0, &nobody, 0, NULL);
	return channel;
}

void virtual_channel_write(struct world *world, struct channel *channel, const void *bytes, size_t count)
{
	(void)world;
	text_add_bytes(&channel->queue, bytes, count);
	if (!channel->taking)
		add_step(channel, 0, TAKE, "", 0);
	channel->taking = true;
}

size_t virtual_channel_waiting(const struct channel *channel)
{
	return channel->queue.length;
}

void virtual_channel_end(struct world *world, struct channel *channel)
{
	(void)world;
	channel->ending = true;
	add_step(channel, 0, TAKE, "", 0);
}

void virtual_channel_cancel(struct world *world, struct channel *channel)
{
	(void)world;
	if (!channel)
		return;
	channel->cancelled = true;
	if (!channel->calling)
		free_channel(channel);
}
