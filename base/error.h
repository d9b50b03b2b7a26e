/* error.h - how a failure travels: a code to branch on, a sentence to show, a remedy to offer. */
#ifndef BERTH_BASE_ERROR_H
#define BERTH_BASE_ERROR_H

#include <stdbool.h>
#include <stddef.h>

enum code {
	OK = 0,
	ERR_INVALID,     /* the input is wrong; nothing was touched */
	ERR_UNBOUND,     /* a location's name that nobody defined */
	ERR_MISSING,     /* the thing asked for does not exist */
	ERR_CONFLICT,    /* the name or port is held by somebody else */
	ERR_DENIED,      /* credentials refused, or no right to */
	ERR_UNREACHABLE, /* no answer: what the target holds is unknown, never absent */
	ERR_TIMED_OUT,   /* gave up waiting; after a mutation its effect is unknown */
	ERR_LOCKED,      /* another deploy or owner holds it */
	ERR_STALE,       /* it is not any more as whoever asks has seen it */
	ERR_CAPACITY,    /* there is no room for more: no machine, no address, no port is left */
	ERR_FAILED,      /* the target did it and it went wrong */
	ERR_CANCELLED,   /* whoever asked went away or changed their mind */
	ERR_UNSUPPORTED, /* this target, or this version of berth, cannot do it */
	ERR_UNVERIFIED,  /* whether it is who it is taken for is not known, and somebody must say so */
	ERR_NO_MEMORY,
};

/* A value: copied by assignment, never freed, usable when memory is gone. Long text is cut. */
struct error {
	enum code code;
	char text[480];   /* one line; with the remote's own words where there are any */
	char remedy[240]; /* what to do next; "" when nothing better than the text is known */
	bool here;        /* it failed before it got to whoever was asked, of whom it says nothing */
};

/* Fill *err (which may be NULL) and return -1, so that a failing line reads: return fail(err, ...). */
int fail(struct error *err, enum code code, const char *format, ...) __attribute__((format(printf, 3, 4)));

/* Say what to do about the failure in *err. */
void remedy(struct error *err, const char *format, ...) __attribute__((format(printf, 2, 3)));

/* Short for fail(err, ERR_NO_MEMORY, "out of memory"). */
int fail_memory(struct error *err);

/* Whether whoever was asked gave no sign of life; not where the way from here to him is what failed. */
bool is_silence(const struct error *err);

/* How often this thread was without memory so far: counted by what fails with ERR_NO_MEMORY, and by arenas,
 * texts, maps and documents. Who finds another number than at the beginning cannot trust what was made
 * meanwhile, whoever looked away. */
size_t memory_failures(void);
void count_memory_failure(void);

/* The code's name as JSON output spells it: "invalid", "unreachable", ... */
const char *code_name(enum code code);

#endif
