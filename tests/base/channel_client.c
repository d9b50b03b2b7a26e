/* channel_client.c - talking over a channel, and keeping what came. */
#include "channel_client.h"

#include <string.h>

void release_talk(struct talk *talk)
{
	if (talk->channel)
		talk->world->ops->channel_cancel(talk->world, talk->channel);
	talk->channel = NULL;
	text_release(&talk->said);
	text_release(&talk->body);
}

static void cancel_if(struct talk *talk, int now)
{
	if ((int)talk->cancel_at != now)
		return;
	talk->world->ops->channel_cancel(talk->world, talk->channel);
	talk->channel = NULL;
}

static void opened(void *owner)
{
	struct talk *talk = owner;

	talk->opened = true;
	cancel_if(talk, AT_OPENING);
}

unsigned char pattern_at(size_t place)
{
	return (unsigned char)((place ^ place >> 9) * 31);
}

static void bytes(void *owner, const char *from, size_t count)
{
	struct talk *talk = owner;

	for (size_t i = 0; talk->compares && i < count; i++)
		talk->differs |= talk->received + i < talk->compares &&
				 (unsigned char)from[i] != pattern_at(talk->received + i);
	talk->received += count;
	if (count > talk->largest)
		talk->largest = count;
	if (!talk->compares)
		text_add_bytes(&talk->said, from, count);
	cancel_if(talk, AT_BYTES);
}

static void drained(void *owner)
{
	((struct talk *)owner)->drains++;
}

static void done(void *owner, struct http_answer *answer)
{
	struct talk *talk = owner;

	cr_expect_not(talk->over, "told twice");
	talk->over = true;
	talk->channel = NULL;
	talk->error = answer->error;
	talk->status = answer->status;
	talk->sent = answer->sent;
	text_add_bytes(&talk->body, text_view(&answer->body), answer->body.length);
}

static struct channel_sink sink_of(struct talk *talk)
{
	return (struct channel_sink){
	    .opened = opened, .bytes = bytes, .drained = drained, .done = done, .owner = talk};
}

void talk_to(struct talk *talk, struct world *world, const struct http_request *request)
{
	const struct channel_sink sink = sink_of(talk);
	struct error err = {0};

	talk->world = world;
	talk->channel = world->ops->channel_open(world, request, &sink, &err);
	cr_assert(talk->channel, "%s", err.text);
	cr_expect_not(talk->over || talk->opened, "called back from inside the call");
}

void talk_begin(struct talk *talk, struct world *world, const struct http_server *server, const char *path,
		struct http_request request)
{
	request.url = url_of(server, path);
	talk_to(talk, world, &request);
}

void talk_until(struct talk *talk, const char *said)
{
	int64_t end = talk->world->ops->now(talk->world) + SOON_MS;

	while (strcmp(text_view(&talk->said), said) != 0) {
		cr_assert(talk->world->ops->now(talk->world) < end && !talk->over, "`%s`, not `%s`: %s",
			  text_view(&talk->said), said, talk->error.text);
		world_wait(talk->world, 100);
	}
}
