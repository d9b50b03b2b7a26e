/* fuzz_docker.c - an engine that answers anything: the first line names what is asked of the driver, then
 * come the answers in turn, each after a line of two percent signs: a status and a body. */
#include "tests/fuzz/docker_stage.h"
#include "tests/fuzz/pieces.h"

#include <stdlib.h>
#include <string.h>

static struct pieces pieces;
static struct piece last;

/* "404 {...}"; without a number it is a 200. The last one is said again and again. */
static int next_answer(struct piece *ret_body)
{
	struct piece piece = pieces_next(&pieces);
	int status = 200;

	if (piece.size)
		last = piece;
	piece = last;
	if (piece.size >= 4 && piece.text[3] == ' ' && (status = atoi(piece.text)) >= 100 && status <= 599) {
		piece.text += 4;
		piece.size -= 4;
	} else {
		status = 200;
	}
	*ret_body = piece;
	return status;
}

static int answer(void *owner, const char *line, const struct http_request *request, struct text *ret_body)
{
	struct piece body = {.text = ""};
	int status = 200;

	(void)owner, (void)request;
	/* Who it is, and the network, are mostly known, so that more of the rest is reached. */
	if (starts_with(line, "GET /_ping"))
		return 200;
	if (starts_with(line, "GET /networks?filters=%7B%22name%22"))
		text_add(ret_body,
			 "[{\"Id\": \"n0\", \"Name\": \"berth.app\", \"Labels\": {\"berth.app\": \"app\"}}]");
	else
		status = next_answer(&body);
	text_add_bytes(ret_body, body.text, body.size);
	return status;
}

static void streams(void *owner, struct channel *channel)
{
	struct piece said;
	int status = next_answer(&said);

	(void)owner;
	if (status >= 300) {
		virtual_channel_hang_up(channel, 2, NULL, status, said.text);
		return;
	}
	virtual_channel_accept(channel, 1);
	virtual_channel_say(channel, 2, said.text, said.size / 2);
	virtual_channel_say(channel, 3, said.text + said.size / 2, said.size - said.size / 2);
	virtual_channel_hang_up(channel, 4, NULL, 101, NULL);
}

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t size)
{
	const struct docker_engine engine = {.answer = answer, .streams = streams};
	struct error err = {0};

	pieces = pieces_of(bytes, size);
	last = (struct piece){.text = ""};
	const char *wanted = pieces_next(&pieces).text;
	size_t verb = 0;
	while (docker_verbs[verb] && strcmp(docker_verbs[verb], wanted) != 0)
		verb++;
	if (docker_verbs[verb]) {
		HOLDS(!docker_stage_open(&engine, &err));
		struct docker_outcome outcome = docker_stage_run(verb);
		HOLDS(outcome.progress != PROGRESS_WAITING);
		HOLDS(outcome.progress == PROGRESS_DONE || *outcome.error.text);
		docker_stage_close();
	}
	pieces_release(&pieces);
	return 0;
}
