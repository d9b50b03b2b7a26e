/* process.h - what the drivers of plain processes share: fit names, words for restart policies, and where a
 * process is attached. */
#ifndef BERTH_LOCATIONS_PROCESS_H
#define BERTH_LOCATIONS_PROCESS_H

#include "locations/location.h"

/* An application's or component's id, safe as a part of a path and of a name. */
bool fit_id(const char *id);
/* 0, or -1 with ERR_INVALID when it cannot be an application's. */
int guard_app(const char *app, struct error *err);
/* 0, or -1 with ERR_CONFLICT when the name is not one of the application's. */
int guard_name(const char *app, const char *name, struct error *err);
/* 0, or -1 with ERR_CONFLICT when the two are not names of one instance. */
int guard_rename(const char *from, const char *to, struct error *err);

/* "unless-stopped", ...; what no policy is called is that one. */
const char *restart_word(enum restart_policy policy);
enum restart_policy restart_of(const char *word);

/* There are no images where processes run: each reference that is asked for is absent. 0 or -1 (no memory).
 */
int process_images(const struct list_request *request, struct inventory *inventory);
/* Whether a process can be what the spec asks for; `what` it is, in words: "a process of this machine". */
int process_check(struct location *location, const struct instance_spec *spec, const char *what,
		  struct error *err);

/* Where a client on the same machine finds what listens at `bind`. */
const char *reachable_address(const char *bind);
/* "http=8080/tcp,=9000/udp@10.0.0.5": a port's name, number and protocol, and where it is published. */
void process_ports_write(const struct instance_spec *spec, struct text *text);
/* Attachments of what listens at `bind`, `all` its ports as they were written: all of them on the machine's
 * own network, and those of each published address on the open one. Strings in `arena`. 0, or -1 when memory
 * is gone. */
int process_attach(const char *network, const char *bind, const char *all, struct arena *arena,
		   const struct attachment **ret, size_t *ret_count);
int process_foresee(const char *network, const struct instance_spec *spec, struct arena *arena,
		    const struct attachment **ret, size_t *ret_count, struct error *err);

#endif
