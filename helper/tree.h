/* tree.h - all that descends from the helper: daemons and other sessions too, since orphans become its
 * children. */
#ifndef BERTH_HELPER_TREE_H
#define BERTH_HELPER_TREE_H

#include <stddef.h>
#include <sys/types.h>

/* Send a signal once to each living descendant: the members of `group` in one stroke, the others one by one.
 */
void tree_signal(pid_t group, int signal_number);
/* When a process started, in clock ticks since boot; 0 when it is gone. */
unsigned long long tree_start_ticks(pid_t pid);

#endif
