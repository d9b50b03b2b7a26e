/* embedded.h - texts that are data, each in a file of its own, as the build made them part of the program. */
#ifndef BERTH_BLUEPRINTS_EMBEDDED_H
#define BERTH_BLUEPRINTS_EMBEDDED_H

extern const char software_runner[];

#endif
