/* ssh_memory.c - the memory that libssh2 works with: overwritten when it is given back, since there were keys
 * and passwords in it, and looked at on the way.
 *
 * libssh2 says of a channel that was closed without an exit status that its command exited with 0, it tells
 * nobody which number it gave a channel, and of a refused one not in which words. All three are in messages
 * that it gives back when it has read them: RFC 4254, 5.1 and 6.10.
 */
#include <stdlib.h>
#include <string.h>

#include "base/ssh_internal.h"

enum { OPEN_CONFIRMATION = 91, OPEN_FAILURE = 92, CHANNEL_REQUEST = 98 };

struct block {
	size_t size;
	_Alignas(max_align_t) unsigned char bytes[];
};

static uint32_t number_at(const unsigned char *bytes)
{
	return (uint32_t)bytes[0] << 24 | (uint32_t)bytes[1] << 16 | (uint32_t)bytes[2] << 8 | bytes[3];
}

static void note_refusal(struct ssh_session *session, const unsigned char *bytes, size_t size)
{
	size_t length = size >= 13 ? number_at(bytes + 9) : 0;

	if (size < 13 || length > size - 13)
		return;
	if (length >= sizeof(session->open_words))
		length = sizeof(session->open_words) - 1;
	memcpy(session->open_words, bytes + 13, length);
	session->open_words[length] = '\0';
	for (char *c = session->open_words; *c; c++)
		if ((unsigned char)*c < ' ' || *c == 0x7f)
			*c = ' ';
}

static void note_exit(struct ssh_session *session, const unsigned char *bytes, size_t size)
{
	static const char name[] = "exit-status";

	if (size < 25 || number_at(bytes + 5) != sizeof(name) - 1 ||
	    memcmp(bytes + 9, name, sizeof(name) - 1))
		return;
	for (struct link *at = session->calls.next; at != &session->calls; at = at->next) {
		struct ssh_call *call = owner_of(at, struct ssh_call, link);
		if (call->channel && call->id == number_at(bytes + 1))
			call->exit_told = true;
	}
}

static void look_at(struct ssh_session *session, const unsigned char *bytes, size_t size)
{
	if (session->state != SESSION_READY || size < 5)
		return;
	if (bytes[0] == OPEN_CONFIRMATION)
		session->opened_id = number_at(bytes + 1);
	else if (bytes[0] == OPEN_FAILURE)
		note_refusal(session, bytes, size);
	else if (bytes[0] == CHANNEL_REQUEST)
		note_exit(session, bytes, size);
}

LIBSSH2_ALLOC_FUNC(ssh_allocate)
{
	struct block *block = count < SIZE_MAX / 2 ? malloc(sizeof(*block) + count) : NULL;

	(void)abstract;
	if (!block)
		return NULL;
	block->size = count;
	return block->bytes;
}

LIBSSH2_FREE_FUNC(ssh_release)
{
	if (!ptr)
		return;
	struct block *block = owner_of(ptr, struct block, bytes);
	if (*abstract)
		look_at(*abstract, block->bytes, block->size);
	explicit_bzero(block->bytes, block->size);
	free(block);
}

LIBSSH2_REALLOC_FUNC(ssh_reallocate)
{
	void *grown = ssh_allocate(count, abstract);

	if (!grown || !ptr)
		return grown;
	struct block *block = owner_of(ptr, struct block, bytes);
	memcpy(grown, ptr, block->size < count ? block->size : count);
	explicit_bzero(block->bytes, block->size);
	free(block);
	return grown;
}
