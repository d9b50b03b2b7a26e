/* probe.h - the helper's other job: inside a container, it asks what cannot be asked from outside. */
#ifndef BERTH_HELPER_PROBE_H
#define BERTH_HELPER_PROBE_H

/* Questions come as lines on standard input, many at a time; answers go to standard output as they are found.
 * Ends with the input, or when nothing was asked for so many seconds. Returns an exit code. */
int probe_serve(unsigned idle_s);

#endif
