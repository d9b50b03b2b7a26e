/* fuzz_localhost.c - what berth finds of its own on this machine, written by whoever: eight texts, as
 * local_stage.h has them, a line of two percent signs between one and the next. */
#include "tests/fuzz/local_stage.h"

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t size)
{
	struct pieces pieces = pieces_of(bytes, size);
	struct local_files files;
	struct local_outcome outcome;

	files.manifest = pieces_next(&pieces);
	files.state = pieces_next(&pieces);
	files.files = pieces_next(&pieces);
	files.log = pieces_next(&pieces);
	files.claim = pieces_next(&pieces);
	files.lease = pieces_next(&pieces);
	files.environment = pieces_next(&pieces);
	files.memfd = pieces_next(&pieces);
	local_stage_open(&files);
	while (local_stage_next(&outcome)) {
		HOLDS(outcome.progress != PROGRESS_WAITING);
		HOLDS(outcome.progress == PROGRESS_DONE || *outcome.error.text);
	}
	local_stage_close();
	pieces_release(&pieces);
	return 0;
}
