/* embedded.h - texts that are data, each in a file of its own, as the build made them part of the program. */
#ifndef BERTH_BLUEPRINTS_EMBEDDED_H
#define BERTH_BLUEPRINTS_EMBEDDED_H

#include <stddef.h>

extern const char software_runner[];
extern const char software_library[];
extern const char proxy_script[];
/* blueprints/catalogue/: each is YAML. */
extern const char *const catalogue_texts[];
extern const size_t catalogue_text_count;

#endif
