/* member.h - from a member to the structure that it lies in. */
#ifndef BERTH_BASE_MEMBER_H
#define BERTH_BASE_MEMBER_H

#include <stddef.h>

#define owner_of(pointer, type, member) ((type *)((char *)(pointer)-offsetof(type, member)))

#endif
