/* frames.c - a container's output taken apart: eight bytes of header, then bytes of one of the two streams.
 */
#include <string.h>

#include "locations/docker/docker.h"

enum { STREAM_ERRORS = 2, STREAM_LAST };

static void begin_frame(struct frames *frames)
{
	const unsigned char *header = frames->header, *size = frames->header + 4;

	frames->garbage = header[0] > STREAM_LAST || header[1] || header[2] || header[3];
	frames->errors = header[0] >= STREAM_ERRORS;
	frames->left = (size_t)size[0] << 24 | (size_t)size[1] << 16 | (size_t)size[2] << 8 | size[3];
	frames->header_length = 0;
}

void frames_feed(struct frames *frames, const char *bytes, size_t count, log_sink *sink, void *owner)
{
	if (frames->raw) {
		sink(owner, false, bytes, count);
		return;
	}
	while (count && !frames->garbage) {
		if (!frames->left) {
			frames->header[frames->header_length++] = (unsigned char)*bytes++;
			count--;
			if (frames->header_length == sizeof(frames->header))
				begin_frame(frames);
			continue;
		}
		size_t part = count < frames->left ? count : frames->left;
		sink(owner, frames->errors, bytes, part);
		frames->left -= part;
		bytes += part;
		count -= part;
	}
}
