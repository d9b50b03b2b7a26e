/* channel_answer.c - the answer that opens a channel, or refuses it. */
#include <string.h>

#include "base/channel_internal.h"

static void fail_garbage(struct channel *channel)
{
	fail(&channel->answer.error, ERR_FAILED, "%s does not answer as HTTP should",
	     channel->exchange->peer);
}

static bool read_refusal(struct channel *channel, bool closed)
{
	struct http_answer *answer = &channel->answer;
	const struct text *early = &channel->early;
	enum reading reading = http_body_read(&channel->head, early->data + channel->head.size,
					      early->length - channel->head.size, closed, &answer->body);

	if (reading == READ_GARBAGE)
		fail_garbage(channel);
	else if (answer->body.failed)
		fail_memory(&answer->error);
	return reading != READ_PART;
}

static void opens(struct channel *channel)
{
	size_t rest = channel->early.length - channel->head.size;

	uv_timer_stop(&channel->limit);
	channel->open = true;
	if (channel->sink.opened)
		channel->sink.opened(channel->sink.owner);
	if (rest && !channel->over && channel->sink.bytes)
		channel->sink.bytes(channel->sink.owner, channel->early.data + channel->head.size, rest);
	text_release(&channel->early);
}

/* "100 Continue" and the like come before the answer. */
static bool is_provisional(const struct http_head *head)
{
	return head->status / 100 == 1 && head->status != 101;
}

/* False when there is no whole head yet, or never will be one. */
static bool read_head(struct channel *channel)
{
	struct text *early = &channel->early;

	for (;;) {
		enum reading reading = http_head_read(early->data, early->length, &channel->head);
		if (reading == READ_GARBAGE || (reading == READ_PART && early->length > HEADERS_LIMIT)) {
			fail_garbage(channel);
			channel_over(channel);
		}
		if (reading != READ_WHOLE)
			return false;
		if (!is_provisional(&channel->head))
			break;
		early->length -= channel->head.size;
		memmove(early->data, early->data + channel->head.size, early->length + 1);
	}
	channel->answer.status = channel->head.status;
	/* Without the status line and the empty one. */
	text_add_bytes(&channel->answer.headers, early->data + channel->head.fields,
		       channel->head.size - channel->head.fields - 2);
	return true;
}

static bool gives_connection(const struct http_head *head)
{
	return head->status == 101 || (head->status == 200 && !head->sized && !head->chunked);
}

void channel_take_early(struct channel *channel, const char *bytes, size_t count)
{
	text_add_bytes(&channel->early, bytes, count);
	if (channel->early.failed) {
		fail_memory(&channel->answer.error);
		channel_over(channel);
		return;
	}
	if (!channel->refused && !read_head(channel))
		return;
	if (!channel->refused && gives_connection(&channel->head)) {
		opens(channel);
		return;
	}
	channel->refused = true;
	if (channel->early.length - channel->head.size > channel->body_limit)
		fail(&channel->answer.error, ERR_FAILED, "%s: the answer is longer than allowed",
		     channel->exchange->peer);
	else if (!read_refusal(channel, false))
		return;
	channel_over(channel);
}

/* A connection that ends is the end of the stream, or of a refusal; before that it was cut. */
void channel_take_end(struct channel *channel)
{
	if (channel->open || (channel->refused && read_refusal(channel, true)))
		return;
	exchange_explain(channel->exchange, CURLE_GOT_NOTHING, &channel->answer.error);
}
