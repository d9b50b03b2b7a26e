/* size_report.h - the size of a component as documents tell it. */
#ifndef BERTH_ENGINE_SIZE_REPORT_H
#define BERTH_ENGINE_SIZE_REPORT_H

#include "engine/hold.h"

/* "size" as a member of an object, of a component whose size is told; `story` as sizing_read() has it. */
void write_size(struct text *to, const struct berth_operation *operation, const struct component *component,
		const struct hold *hold, const json_t *story);

#endif
