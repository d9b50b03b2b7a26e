/* file_error.h - what goes wrong with a file, in the words that every world has for it. */
#ifndef BERTH_BASE_FILE_ERROR_H
#define BERTH_BASE_FILE_ERROR_H

#include "base/error.h"

/* *err from errno, as the code that fits it: "cannot read PATH: No such file or directory". -1. */
int fail_file(struct error *err, const char *path, const char *doing);

#endif
