/* noise.c - what a login shell has to say before a command of ours begins, which nobody asked for. */
#include <string.h>

#include "locations/ssh/machine.h"

#define NOISE_MOST ((size_t)256 << 10) /* more than that is no greeting: all of it is passed on */

/* Behind the line that it begins with; NULL: that did not come whole yet. A greeting may have any bytes. */
static const char *begin_of(const struct noise *noise)
{
	const char *text = text_view(&noise->held), *end = text + noise->held.length;
	const char *mark = memmem(text, noise->held.length, noise->mark, strlen(noise->mark));
	const char *line = mark ? memchr(mark, '\n', (size_t)(end - mark)) : NULL;

	return line ? line + 1 : NULL;
}

size_t noise_strip(struct noise *noise, const char *bytes, size_t count, const char **ret)
{
	*ret = bytes;
	if (noise->over)
		return count;
	text_add_bytes(&noise->held, bytes, count);
	if (noise->held.failed) {
		noise->over = true;
		return count;
	}
	const char *begin = begin_of(noise);
	if (!begin && noise->held.length < NOISE_MOST)
		return 0;
	noise->over = true;
	*ret = begin ? begin : text_view(&noise->held);
	return noise->held.length - (size_t)(*ret - text_view(&noise->held));
}

size_t noise_rest(struct noise *noise, const char **ret)
{
	bool heard = noise->over || noise->held.failed;

	noise->over = true;
	*ret = text_view(&noise->held);
	return heard ? 0 : noise->held.length;
}

void noise_release(struct noise *noise)
{
	text_release(&noise->held);
}
