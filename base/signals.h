/* signals.h - signals by their names. */
#ifndef BERTH_BASE_SIGNALS_H
#define BERTH_BASE_SIGNALS_H

#include <stddef.h>

/* "HUP", "SIGHUP", "sighup", "1", "RTMIN+3"; 0 when no signal is called so. */
int signal_number(const char *text);
enum { SIGNAL_NAME = 12 };
/* "HUP", "RTMIN+3"; "" for a number that is none. */
void signal_name(int number, char ret_name[static SIGNAL_NAME]);
/* The names without those of real time, for "did you mean". */
const char *const *signal_names(size_t *ret_count);

#endif
